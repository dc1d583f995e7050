"""Decides what becomes of the masters' journal: created exactly once, taken over when there is one, never replaced.

The journal is the only copy of Alluxio's metadata. Jobs, one for each master, carry out the one initialisation, named
after an operation that the status recorded before. Afterwards the masters' own check refuses to start without a
journal, so that a lost volume shows as JournalMissing and not as an empty cluster. A master that lost its journal
while the others are a quorum joins again: see `rejoin`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Literal

from alluxio_operator.api.alluxiocluster_status import JournalStatus, RejoinStatus
from alluxio_operator.engine.gate import After, Gate, blocked, waiting
from alluxio_operator.engine.jobs import JobPhase, state_of
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.masters.quorum import majority, without_journal
from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kube.kinds import Object
from alluxio_operator.workloads.pods import JOURNAL_MISSING, Pod, first_trouble

GATE = "JournalInitialized"

CREATE_AGAIN: Final = After(10.0)
"""Until the next look after a Job failed; Kubernetes itself has tried its pod many times by then."""

Mode = Literal["create", "adopt"]


@dataclass(frozen=True, slots=True)
class JournalStep:
    """What the status is to say of the journal, and the Jobs to run: `create`, `adopt`, or none any more."""

    status: JournalStatus | None
    job: Mode | None
    gate: Gate
    failed: tuple[Object, ...] = ()
    """Jobs that Kubernetes gave up; each is deleted, and created again under its recorded name."""

    def with_rejoin(self, rejoin: RejoinStatus | None) -> JournalStep:
        """Return the step with what the status says of a master that joins again."""
        if self.status is None:
            return self
        return replace(self, status=self.status.model_copy(update={"rejoin": rejoin}))


def next_step(observed: Observed, uid: str, members: int) -> JournalStep:
    """Return the next step of the journal's only initialisation, for so many masters; 0 while that isn't known."""
    known = observed.status.journal
    if known is not None and known.state == "Initialized":
        return JournalStep(known, None, _gate_when_initialized(observed, known.members))
    mode: Mode = "adopt" if observed.journal_was_initialized else "create"
    if known is None:
        if members == 0:
            never = "no journal is made while spec.masters.replicas is 0"
            return JournalStep(None, None, Gate(GATE, False, "ScaledToZero", never))
        if mode == "adopt" and observed.journal_members != members:
            return JournalStep(None, None, _for_others(observed, members))
    operation = f"{uid[:8]}{mode[0]}"
    beginning = JournalStatus.model_validate({"state": "Initializing", "operation": operation, "members": members})
    if known is None:
        return JournalStep(beginning, mode, _about_to_start(members))
    adopting = known.operation.endswith("a")
    jobs = [job for ordinal, job in sorted(observed.journal_jobs.items()) if ordinal < members]
    done = sum(state_of(job).phase is JobPhase.COMPLETE for job in jobs)
    # A majority's journals hold all that was ever acknowledged: who lost its own joins again later.
    if done >= (majority(members) if adopting else members):
        gate = Gate(GATE, True, "Initialized", "the journal is there")
        # The Jobs stay until the status has been written: if that write is lost, their result is not. They stay as they
        # are, though the claims may say by now that the journal was initialised.
        ended = known.model_copy(update={"state": "Initialized"})
        return JournalStep(ended, "adopt" if adopting else "create", gate)
    if any(ordinal not in observed.journal_jobs for ordinal in range(members)):
        return JournalStep(beginning, mode, _about_to_start(members))
    failed = tuple(job for job in jobs if state_of(job).phase is JobPhase.FAILED)
    gate = _gate_after_failure(failed[0]) if failed else _gate_while_initializing(observed, members)
    return JournalStep(beginning, mode, gate, failed)


def _gate_after_failure(job: Object) -> Gate:
    state, name = state_of(job), job["metadata"]["name"]
    said = f"Job {name} failed and is created again: {state.message or state.reason or 'its status gives no reason'}"
    return Gate(GATE, False, state.reason or "JobFailed", said, requeue=CREATE_AGAIN)


def _about_to_start(members: int) -> Gate:
    said = "the journal's Job is about to start" if members == 1 else "the journal's Jobs are about to start"
    return waiting(GATE, said, "Initializing")


def _gate_while_initializing(observed: Observed, members: int) -> Gate:
    pods = observed.role(names.JOURNAL)
    missing = [pod for pod in pods if pod.trouble and pod.trouble.reason == JOURNAL_MISSING]
    if members - len(missing) < majority(members):
        return _missing(observed.names, members, missing)
    trouble = first_trouble(pod for pod in pods if pod not in missing)
    if trouble:
        return Gate(GATE, False, trouble.reason, trouble.message)
    said = "the journal's Job is running" if members == 1 else "the journal's Jobs are running"
    return waiting(GATE, said, "Initializing")


def _gate_when_initialized(observed: Observed, members: int) -> Gate:
    missing = without_journal(observed)
    if members - len(missing) < majority(members):
        return _missing(observed.names, members, missing)
    return Gate(GATE, True, "Initialized", "the journal is there")


def _missing(cluster: Names, members: int, pods: Iterable[Pod]) -> Gate:
    said = "; ".join(pod.trouble.message for pod in pods if pod.trouble)
    claims = [cluster.journal_claim(ordinal) for ordinal in range(members)]
    anew = (
        "Or start with an empty name space (files in the UFS are found again, data that is only in Alluxio is lost): "
        f"delete the AlluxioCluster, delete claim{'s' if members > 1 else ''} {', '.join(claims)}, and create the "
        "AlluxioCluster again"
    )
    if members == 1:
        message = (
            f"{said}. The volume of claim {claims[0]} held the journal of this cluster and no longer does; no new one "
            "is made, since that would be an empty name space. Either bring the volume's data back: the masters then "
            f"start by themselves. {anew}"
        )
    else:
        message = (
            f"{said}. The journal of this cluster lay on {members} volumes, and too many of them no longer have it for "
            "the others to bring them up to date; no new one is made, since that would be an empty name space. Either "
            f"bring the data of volumes back until {majority(members)} of them have the journal: the masters then "
            f"start by themselves. {anew}"
        )
    return blocked(GATE, JOURNAL_MISSING, message)


def _for_others(observed: Observed, members: int) -> Gate:
    made = observed.journal_members
    return Gate(
        GATE,
        False,
        "MemberCountMismatch",
        f"the claims hold a journal that was made for {made} masters, and spec.masters.replicas is {members}: set it "
        f"to 0 and then to {made}. Or start with an empty name space: delete the AlluxioCluster, delete the claims of "
        "its masters' journals, and create the AlluxioCluster again",
    )
