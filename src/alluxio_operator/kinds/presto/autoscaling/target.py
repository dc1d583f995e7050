"""Computes how many workers to run: by spec, by clock, by load; pure.

The largest of the numbers counts. The target lives in the status; the operator never writes the spec.

The load is smoothed in both directions: a number counts once it was asked for without a break, and of the numbers that
were asked for meanwhile the one that changes least is taken, as in a HorizontalPodAutoscaler. The clock isn't smoothed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from alluxio_operator.api.presto import PrestoSpec
from alluxio_operator.api.presto_status import ScalingStatus
from alluxio_operator.api.scaling import Autoscaling, LoadScaling
from alluxio_operator.engine.conditions import moment, stamp
from alluxio_operator.kinds.presto.autoscaling.windows import open_windows

TOLERANCE: Final = 0.1
"""Share of the target by which the processors may differ from it before the number of workers changes."""
NOT_WAITING: Final = {"more_since": None, "fewer_since": None, "nearest_since": 0}


@dataclass(frozen=True, slots=True)
class Load:
    """Queries and workers as the coordinator counts them.

    `processors` is the average share of their processors that the workers use; None if no worker reports it.
    """

    running: int
    queued: int
    active_workers: int
    processors: float | None = None

    @property
    def queries(self) -> int:
        """Queries that haven't ended."""
        return self.running + self.queued


@dataclass(frozen=True, slots=True)
class Target:
    """How many workers to run, what autoscaling has to remember, and in how many seconds the number may change."""

    workers: int
    status: ScalingStatus | None = None
    changes_in: float | None = None

    @property
    def reason(self) -> str:
        """What asks for so many; empty without autoscaling."""
        return self.status.reason if self.status else ""


def floor_of(spec: PrestoSpec) -> int:
    """Return the least number of workers."""
    given = spec.autoscaling
    if given is None:
        return spec.workers.replicas
    least = spec.workers.replicas if given.min_replicas is None else given.min_replicas
    return min(least, given.max_replicas)


def target_of(spec: PrestoSpec, before: ScalingStatus | None, load: Load | None, now: datetime) -> Target:
    """Return the number of workers; while `load` isn't known, its part stays as it was."""
    given = spec.autoscaling
    if given is None:
        return Target(spec.workers.replicas)
    floor, windows = floor_of(spec), open_windows(given.schedules, now)
    status = _followed(before or ScalingStatus(target=floor, reason=""), given, load, now)
    asked = [(floor, "spec.autoscaling.minReplicas" if given.min_replicas is not None else "spec.workers.replicas")]
    if windows.largest is not None:
        asked.append((windows.largest.replicas, f"schedule {windows.largest.name}"))
    if given.load is not None:
        asked.append((status.by_load, "load"))
    target, reason = max(asked, key=lambda one: one[0])
    target = min(target, given.max_replicas)
    next_change = windows.next_change
    update = {"target": target, "reason": reason, "next_change": stamp(next_change) if next_change else None}
    changes = [(next_change - now).total_seconds()] if next_change else []
    if given.load is not None and load is not None:
        # Without a load the end of a wait decides nothing: requeueing for one that has passed would never stop.
        changes += _ends_of_waiting(status, given.load, now)
    return Target(target, status.model_copy(update=update), max(0.0, min(changes)) if changes else None)


def _followed(before: ScalingStatus, given: Autoscaling, load: Load | None, now: datetime) -> ScalingStatus:
    """Return the status after this look at the load."""
    if given.load is None:
        return before.model_copy(update={"by_load": 0, **NOT_WAITING})
    if load is None:
        return before
    wanted = min(_by_load(given.load, load), given.max_replicas)
    return _smoothed(before, wanted, given.load, load, now)


def _by_load(given: LoadScaling, load: Load) -> int:
    wanted = []
    if given.queries_per_worker is not None:
        wanted.append(math.ceil(load.queries / given.queries_per_worker))
    if given.cpu_percent is not None:
        wanted.append(_by_processors(given.cpu_percent / 100, load))
    return max(wanted)


def _by_processors(wanted_share: float, load: Load) -> int:
    if load.active_workers == 0:
        # No processor is in use: only queries that wait ask for a worker.
        return 1 if load.queries else 0
    if load.processors is None:
        return load.active_workers
    ratio = load.processors / wanted_share
    if abs(ratio - 1) <= TOLERANCE:
        return load.active_workers
    needed = math.ceil(load.active_workers * ratio)
    return needed if load.queries else min(needed, load.active_workers)


def _smoothed(before: ScalingStatus, wanted: int, given: LoadScaling, load: Load, now: datetime) -> ScalingStatus:
    if wanted == before.by_load:
        return before.model_copy(update=NOT_WAITING)
    if wanted < before.by_load:
        return _towards_fewer(before, wanted, given, now)
    # A query that waits for the first worker waits for nothing else.
    at_once = load.active_workers == 0 and before.target == 0
    return _towards_more(before, wanted, given, now, at_once=at_once)


def _towards_more(
    before: ScalingStatus, wanted: int, given: LoadScaling, now: datetime, *, at_once: bool
) -> ScalingStatus:
    since = before.more_since or stamp(now)
    least = min(before.nearest_since, wanted) if before.more_since else wanted
    waited = (now - moment(since)).total_seconds()
    if waited >= given.scale_up_after_seconds or at_once:
        return before.model_copy(update={"by_load": least if waited else wanted, **NOT_WAITING})
    return before.model_copy(update={"more_since": since, "fewer_since": None, "nearest_since": least})


def _towards_fewer(before: ScalingStatus, wanted: int, given: LoadScaling, now: datetime) -> ScalingStatus:
    since = before.fewer_since or stamp(now)
    most = max(before.nearest_since, wanted) if before.fewer_since else wanted
    if (now - moment(since)).total_seconds() >= given.scale_down_after_seconds:
        return before.model_copy(update={"by_load": most, **NOT_WAITING})
    return before.model_copy(update={"more_since": None, "fewer_since": since, "nearest_since": most})


def _ends_of_waiting(status: ScalingStatus, given: LoadScaling, now: datetime) -> Iterable[float]:
    """Yield in how many seconds a number has been asked for long enough."""
    ends = ((status.more_since, given.scale_up_after_seconds), (status.fewer_since, given.scale_down_after_seconds))
    return [seconds - (now - moment(since)).total_seconds() for since, seconds in ends if since]
