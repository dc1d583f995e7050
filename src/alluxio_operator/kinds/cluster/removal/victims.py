"""Which workers go, which stay, and how many pods the StatefulSet keeps meanwhile; pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from alluxio_operator.alluxio.removal import WorkersReport, WorkerUse
from alluxio_operator.api.alluxiocluster import Workers
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.registrations import SILENT_SECONDS
from alluxio_operator.kinds.cluster.removal.reading import Listed, Process
from alluxio_operator.workloads.pods import Pod

MOST: Final = 1000
"""Workers of a StatefulSet, by the schema."""


@dataclass(frozen=True, slots=True)
class Staying:
    """A worker that stays and can take copies: one registration, with heartbeats, of a ready pod."""

    pod: Pod
    use: WorkerUse

    @property
    def process(self) -> Process:
        """The process that has the blocks."""
        return (self.use.host, self.pod.uid, self.pod.restarts)


def migrates(workers: Workers) -> bool:
    """Return True if the operator empties workers before it removes them."""
    return workers.workload == "StatefulSet" and workers.removal.policy == "Migrate"


def applied_workers(observed: Observed) -> int:
    """Return the number of pods that the workers' StatefulSet has: as applied last, and as pods exist.

    Both count: a pod that was deleted comes back, and a status that was lost is written again.
    """
    found = [ordinal_of(observed, pod.name) for pod in observed.role(names.WORKER) if not pod.deleted]
    return min(max([observed.status.workers.wanted, *(one + 1 for one in found)]), MOST)


def ordinal_of(observed: Observed, pod: str) -> int:
    """Return the ordinal of a StatefulSet's worker by the name of its pod; -1 for any other name."""
    number = pod.removeprefix(f"{observed.names.of(names.WORKER)}-")
    return int(number) if number.isascii() and number.isdecimal() and len(number) <= 4 and number != pod else -1


def pod_of(observed: Observed, ordinal: int) -> Pod | None:
    """Return the pod of a worker; None if it doesn't exist."""
    return next((one for one in observed.role(names.WORKER) if ordinal_of(observed, one.name) == ordinal), None)


def hosts_of(observed: Observed, ordinal: int) -> frozenset[str]:
    """Return the hosts under which a leader may know a worker."""
    pod = pod_of(observed, ordinal)
    own = observed.names.host(names.WORKER, ordinal)
    return frozenset({own, pod.ip} if pod is not None and pod.ip else {own})


def registered(report: WorkersReport, hosts: Iterable[str]) -> tuple[WorkerUse, ...]:
    """Return the registrations of a worker that the leader hasn't given up."""
    known = set(hosts)
    return tuple(one for one in report.workers if one.host in known and one.state != "LOST")


def is_live(use: WorkerUse) -> bool:
    """Return True if the leader hears of a worker and places data on it."""
    return use.state == "LIVE" and use.silent_seconds <= SILENT_SECONDS


def staying(observed: Observed, count: int, report: WorkersReport) -> tuple[Staying, ...]:
    """Return the workers that stay of `count`, without those that may lose what they have.

    A worker that restarted has two registrations of one host for some minutes, and the leader may still name blocks of
    the process before. So it counts only once the leader has forgotten that one.
    """
    found: list[Staying] = []
    for ordinal in range(count):
        pod = pod_of(observed, ordinal)
        if pod is None or pod.deleted or not pod.ready or not pod.ip:
            continue
        known = registered(report, hosts_of(observed, ordinal))
        if len(known) == 1 and is_live(known[0]):
            found.append(Staying(pod, known[0]))
    return tuple(found)


def processes(observed: Observed, ordinals: Iterable[int], report: WorkersReport) -> Iterable[Process]:
    """Yield the processes of workers that the leader hears of."""
    for ordinal in ordinals:
        pod, known = pod_of(observed, ordinal), registered(report, hosts_of(observed, ordinal))
        if pod is not None and len(known) == 1 and is_live(known[0]):
            yield (known[0].host, pod.uid, pod.restarts)


def is_seen(observed: Observed, ordinal: int, report: WorkersReport, listed: Listed) -> bool:
    """Return True if the leader named all blocks of a worker that goes in a listing.

    The same process has to live before and after it: the absence of locations is no proof that there is no data.
    """
    now = list(processes(observed, [ordinal], report))
    if not now or now[0] not in listed.going:
        return False
    [use] = registered(report, hosts_of(observed, ordinal))
    return listed.held.listed.get(use.host, 0) >= use.used


def victims(observed: Observed, count: int, applied: int) -> frozenset[str]:
    """Return the hosts of all workers that go."""
    return frozenset(host for ordinal in range(count, applied) for host in hosts_of(observed, ordinal))


def outlives_pods(workers: Workers) -> bool:
    """Return True if a tier of a worker survives its pod: then a worker without a pod may still have data."""
    return any(tier.storage.claim is not None or tier.storage.host_path is not None for tier in workers.tiers)
