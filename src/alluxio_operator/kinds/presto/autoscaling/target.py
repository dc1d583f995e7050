"""How many workers there are to be: by spec, by clock, by load; pure.

The target lives in the status and the spec stays its owner's. Of what asks for workers the larger one wins. The load is
smoothed both ways: a number has to be asked for without a break before it is followed, and of the numbers that were
asked for meanwhile the one that changes least is taken, as a HorizontalPodAutoscaler does. A clock isn't smoothed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from alluxio_operator.api.presto import PrestoSpec
from alluxio_operator.api.presto_status import ScalingStatus
from alluxio_operator.api.scaling import Autoscaling, LoadScaling
from alluxio_operator.engine.conditions import moment, stamp
from alluxio_operator.kinds.presto.autoscaling.windows import open_windows

TOLERANCE = 0.1
"""By how much of the target the processors may differ from it before the number of workers follows."""


@dataclass(frozen=True, slots=True)
class Load:
    """How much there is to do; `processors` is the average share in use, None when no worker said."""

    running: int
    queued: int
    active_workers: int
    processors: float | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """How many workers there are to be, what autoscaling remembers, and when to decide anew, in seconds."""

    workers: int
    status: ScalingStatus | None = None
    look_after: float | None = None


def floor_of(spec: PrestoSpec) -> int:
    """Return the number of workers that there are at least."""
    given = spec.autoscaling
    if given is None:
        return spec.workers.replicas
    least = spec.workers.replicas if given.min_replicas is None else given.min_replicas
    return min(least, given.max_replicas)


def target_of(spec: PrestoSpec, before: ScalingStatus | None, load: Load | None, now: datetime) -> Target:
    """Return the number of workers; `load` is None when nobody could tell it, and then its part stays as it was."""
    given = spec.autoscaling
    if given is None:
        return Target(spec.workers.replicas)
    floor = floor_of(spec)
    asked = [(floor, "spec.autoscaling.minReplicas" if given.min_replicas is not None else "spec.workers.replicas")]
    windows = open_windows(given.schedules, now)
    largest = windows.largest
    if largest is not None:
        asked.append((largest.replicas, f"schedule {largest.name}"))
    status = before or ScalingStatus(target=floor, reason="")
    look = [(windows.next_change - now).total_seconds()] if windows.next_change else []
    if given.load is None:
        status = status.model_copy(update={"by_load": 0, "more_since": None, "fewer_since": None, "nearest_since": 0})
    else:
        if load is not None:
            status = _smoothed(status, _clamped(_by_load(given.load, load), given), given.load, load, now)
            # Without a load the end of a wait decides nothing: requeueing for one that has passed would never stop.
            look += _ends_of_waiting(status, given.load, now)
        asked.append((status.by_load, "load"))
    target, reason = max(asked, key=lambda one: one[0])
    target = min(target, given.max_replicas)
    status = status.model_copy(
        update={
            "target": target,
            "reason": reason,
            "next_change": stamp(windows.next_change) if windows.next_change else None,
        }
    )
    return Target(target, status, max(0.0, min(look)) if look else None)


def _by_load(given: LoadScaling, load: Load) -> int:
    wanted = []
    if given.queries_per_worker is not None:
        wanted.append(math.ceil((load.running + load.queued) / given.queries_per_worker))
    if given.cpu_percent is not None:
        wanted.append(_by_processors(given.cpu_percent / 100, load))
    return max(wanted)


def _by_processors(wish: float, load: Load) -> int:
    if load.active_workers == 0:
        # Nobody uses a processor: only what waits tells that there is something to do.
        return 1 if load.running + load.queued else 0
    if load.processors is None:
        return load.active_workers
    ratio = load.processors / wish
    if abs(ratio - 1) <= TOLERANCE:
        return load.active_workers
    needed = math.ceil(load.active_workers * ratio)
    return needed if load.running + load.queued else min(needed, load.active_workers)


def _clamped(wanted: int, given: Autoscaling) -> int:
    return min(wanted, given.max_replicas)


def _smoothed(before: ScalingStatus, wanted: int, given: LoadScaling, load: Load, now: datetime) -> ScalingStatus:
    present = before.by_load
    if wanted == present:
        return before.model_copy(update={"more_since": None, "fewer_since": None, "nearest_since": 0})
    if wanted > present:
        since = before.more_since or stamp(now)
        least = min(before.nearest_since, wanted) if before.more_since else wanted
        waited = (now - moment(since)).total_seconds()
        # Queries that wait for the first worker wait for nothing else.
        if waited >= given.scale_up_after_seconds or (load.active_workers == 0 and before.target == 0):
            return _settled(before, least if waited else wanted)
        return before.model_copy(update={"more_since": since, "fewer_since": None, "nearest_since": least})
    since = before.fewer_since or stamp(now)
    most = max(before.nearest_since, wanted) if before.fewer_since else wanted
    if (now - moment(since)).total_seconds() >= given.scale_down_after_seconds:
        return _settled(before, most)
    return before.model_copy(update={"more_since": None, "fewer_since": since, "nearest_since": most})


def _settled(before: ScalingStatus, by_load: int) -> ScalingStatus:
    return before.model_copy(update={"by_load": by_load, "more_since": None, "fewer_since": None, "nearest_since": 0})


def _ends_of_waiting(status: ScalingStatus, given: LoadScaling, now: datetime) -> list[float]:
    ends = ((status.more_since, given.scale_up_after_seconds), (status.fewer_since, given.scale_down_after_seconds))
    return [seconds - (now - moment(since)).total_seconds() for since, seconds in ends if since]
