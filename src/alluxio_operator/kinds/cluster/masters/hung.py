"""Decides when a master that hangs in its startup is restarted; pure.

A master that starts on a full journal volume can hang in its catch-up, also after the volume has space again. Its
ports are open, so no probe of a port ends it. A long catch-up and a long collection of garbage look alike at first, so
time alone doesn't decide. A master hangs if all of this holds:

1. its container runs, and its startup probe never succeeded: it has served no client since its start, so that a
   restart takes nothing away;
2. its HTTP port is open and it doesn't serve. While a master reads a checkpoint, this port is still closed;
3. for ten minutes its journal index, if it reports one, hasn't risen. In a catch-up, however long, it rises.

The operator then deletes its pod, one at a time, if the others are a quorum or no other master leads, and only while
the UFS answers: a master that starts without it may end. If the volume is still full, the next run hangs like this one
and is restarted like it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from alluxio_operator.alluxio.answers import MasterInfo, NoAnswer
from alluxio_operator.api.alluxiocluster_status import HungMaster
from alluxio_operator.engine.conditions import moment, stamp
from alluxio_operator.engine.gate import Gate
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.masters.quorum import Quorum, majority
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.workloads.pods import Pod

WATCH_AFTER: Final = timedelta(minutes=2)
"""Age of a container at which the operator begins to watch its progress."""
HUNG_AFTER: Final = timedelta(minutes=10)
"""Time without progress after which a master hangs."""
RECORD_EVERY: Final = timedelta(minutes=1)
"""Interval at which the status records the progress of a catch-up."""
CLOSED_PORT: Final = frozenset({"connection refused", "no route"})
"""Reasons of a missing answer while a process doesn't listen yet."""


@dataclass(frozen=True, slots=True)
class HungStep:
    """The master to watch, with its record, and whether to restart it now; `message` completes another message."""

    record: HungMaster | None = None
    restart: Pod | None = None
    message: str = ""
    needs_ufs_probe: bool = False

    def named_in(self, gate: Gate) -> Gate:
        """Return a gate of the masters, with the message if it is closed."""
        return gate if gate.passed or not self.message else replace(gate, message=f"{gate.message}; {self.message}")

    def held_for_backup(self) -> HungStep:
        """Return the step without a restart: the pod would return with another version, before its backup."""
        record = self.record.model_copy(update={"restarting": False}) if self.record is not None else None
        name = self.restart.name if self.restart is not None else "a master"
        message = (
            f"{name} hangs in its startup. The operator restarts it once the backup before the upgrade is complete"
        )
        return HungStep(record, message=message)


def next_hung_step(observed: Observed, quorum: Quorum, now: datetime, *, wait_for_ufs: bool) -> HungStep:
    """Return the next step for one master that doesn't finish its startup."""
    candidates = {pod.uid: pod for pod in starting_without_answer(observed) if _runs_for(pod, now) >= WATCH_AFTER}
    if not candidates:
        return HungStep()
    known = observed.status.hung_master
    if known is None or known.uid not in candidates or candidates[known.uid].restarts != known.restarts:
        pod = min(candidates.values(), key=lambda one: (one.container_started or now, one.name))
        known = HungMaster(pod=pod.name, uid=pod.uid, restarts=pod.restarts, since=stamp(now))
    pod = candidates[known.uid]
    index = observed.indexes.get(pod.name)
    if index is not None and (known.index is None or index > known.index):
        if known.index is None or now - moment(known.since) >= RECORD_EVERY:
            known = known.model_copy(update={"index": index, "since": stamp(now), "restarting": False})
        return HungStep(known)
    if now - moment(known.since) < HUNG_AFTER:
        return HungStep(known)
    hangs = f"{pod.name} hangs in its startup: no progress since {known.since}"
    if not _may_restart(observed, quorum, pod):
        message = f"{hangs}. The operator restarts it once {majority(len(quorum.members))} other masters are healthy"
        return HungStep(known, message=message)
    if wait_for_ufs and observed.ufs is None:
        return HungStep(known, message=hangs, needs_ufs_probe=True)
    if wait_for_ufs and observed.ufs is not None and observed.ufs.trouble:
        return HungStep(
            known, message=f"{hangs}. The operator restarts it once the UFS answers: {observed.ufs.trouble}"
        )
    known = known.model_copy(update={"restarting": True})
    return HungStep(known, pod, f"{hangs}, so the operator restarts it")


def starting_without_answer(observed: Observed) -> Iterable[Pod]:
    """Yield the masters whose port is open, and which haven't served since the start of their container."""
    for pod in observed.role(names.MASTER):
        answer = observed.answers.get(pod.name)
        if pod.running and pod.starting and isinstance(answer, NoAnswer) and answer.reason not in CLOSED_PORT:
            yield pod


def _runs_for(pod: Pod, now: datetime) -> timedelta:
    return timedelta() if pod.container_started is None else now - pod.container_started


def _may_restart(observed: Observed, quorum: Quorum, pod: Pod) -> bool:
    """Return True if the others are a quorum without it, or no leader needs its vote.

    A leader that was elected and doesn't serve yet needs the votes of a majority, too: without them it loses the lead
    and begins its catch-up again. A master that hangs over HTTP may still vote.
    """
    if not isinstance(observed.master, MasterInfo) and set(quorum.leaders) <= {pod.name}:
        return True
    others = sum(not one.unavailable for one in quorum.members if one.name != pod.name)
    return others >= majority(len(quorum.members))
