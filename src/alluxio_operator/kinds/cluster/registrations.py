"""Matches the workers that the leader counts with the pods that exist; pure.

A leader keeps a worker that stopped as active for `alluxio.master.worker.timeout` (5 min), and a worker that restarts
registers again beside its predecessor, because the name of its domain socket is new (run on 2.9.4: 11 registrations
after 10 restarts of one worker). So a registration counts only with a pod, and one per pod: the latest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from alluxio_operator.alluxio.answers import MasterInfo, WorkerRegistration
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.observed import Observed

SILENT_SECONDS: Final = 60
"""A worker that sent no heartbeat for longer doesn't live. It sends one each second by default."""
SILENT_SECONDS_IF_UNREADY: Final = 5
"""The same for a pod that isn't ready: its predecessor of the same name may have sent the last heartbeat."""


@dataclass(frozen=True, slots=True)
class Registrations:
    """The workers of a cluster; capacities in bytes, of live workers only.

    `leaving`: registrations of processes that ended or are ending. `lost`: pods whose worker was registered and is
    silent.
    """

    live: int = 0
    leaving: int = 0
    lost: int = 0
    capacity: int = 0
    used: int = 0


def registrations(observed: Observed) -> Registrations:
    """Return the workers that the leader counts, by their pods; none if no leader serves."""
    if not isinstance(observed.master, MasterInfo):
        return Registrations()
    known = observed.master.workers
    # Without an address there is nothing to compare: trust the leader.
    live = [one for one in known if not one.host and not one.lost]
    matched: set[WorkerRegistration] = set()
    leaving = lost = 0
    for pod in observed.role(names.WORKER):
        hosts = {pod.ip, observed.names.pod_host(names.WORKER, pod.name)}
        own = [one for one in known if one.host and one.host in hosts]
        if not own:
            continue
        latest = max(own, key=lambda one: (not one.lost, one.started_ms))
        matched.add(latest)
        silent = latest.lost or latest.silent_seconds > SILENT_SECONDS
        if silent:
            lost += 1
        elif pod.deleted or (not pod.ready and latest.silent_seconds > SILENT_SECONDS_IF_UNREADY):
            leaving += 1
        else:
            live.append(latest)
    return Registrations(
        live=len(live),
        leaving=leaving + sum(1 for one in known if one.host and not one.lost and one not in matched),
        lost=lost,
        capacity=sum(one.capacity for one in live),
        used=sum(one.used for one in live),
    )


def removed_with_data(observed: Observed, wanted: int) -> Mapping[str, int]:
    """Return the StatefulSet's workers beyond `wanted` that the leader still counts, with the bytes of their caches."""
    if not isinstance(observed.master, MasterInfo):
        return {}
    found: dict[str, int] = {}
    for one in observed.master.workers:
        pod = one.host.partition(".")[0]
        ordinal = pod.removeprefix(f"{observed.names.of(names.WORKER)}-")
        named = ordinal.isdecimal() and one.host == observed.names.pod_host(names.WORKER, pod)
        if named and int(ordinal) >= wanted and one.used and not one.lost:
            found[pod] = max(one.used, found.get(pod, 0))
    return dict(sorted(found.items()))
