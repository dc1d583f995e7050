"""Decides how the masters' journal is initialised: created exactly once, or adopted from existing PVCs; pure.

The journal is the only copy of Alluxio's metadata, so the operator never replaces one. One Job for each master
initialises it. The status records the operation first, and the Jobs are named after it. From then on, the masters'
init container refuses to start without a journal. So a lost volume shows as JournalMissing, not as an empty cluster. A
master that loses its journal while the others are a quorum rejoins: see `rejoin`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from alluxio_operator.api.alluxiocluster_status import JournalStatus, LostVolume, RejoinStatus
from alluxio_operator.engine.gate import After, BackOff, Gate, Severity, blocked, waiting
from alluxio_operator.engine.jobs import JobPhase, state_of
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.masters.kept_change import KeptChange
from alluxio_operator.kinds.cluster.masters.quorum import majority, without_journal
from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kube.kinds import Object
from alluxio_operator.workloads.pods import Pod, first_trouble
from alluxio_operator.workloads.termination_message import JOURNAL_MISSING

GATE = "JournalInitialized"

RETRY_FAILED_JOB: Final = After(10.0)
"""Requeue after a Job failed. Kubernetes has retried its pod many times by then."""

INITIALIZED: Final = Gate(GATE, True, "Initialized", "the journal is initialized")

FORMER_JOURNALS: Final = "FormerJournals"
"""Reason while PVCs of a new cluster keep journals of former masters."""
VOLUMES_TERMINATING: Final = "VolumesTerminating"
"""Reason while PVCs of an earlier cluster with the same name are being deleted."""

Mode = Literal["create", "adopt"]


@dataclass(frozen=True, slots=True)
class JournalStep:
    """The journal's state to record in the status, and the Jobs to run: `create`, `adopt`, or None."""

    status: JournalStatus | None
    job: Mode | None
    gate: Gate
    failed: tuple[Object, ...] = ()
    """Jobs that failed permanently; the operator deletes each and recreates it under its recorded name."""

    def with_rejoin(self, rejoin: RejoinStatus | None, lost: LostVolume | None = None) -> JournalStep:
        """Return the step with the status of a master that rejoins, and of one that lost its volume."""
        if self.status is None:
            return self
        return replace(self, status=self.status.model_copy(update={"rejoin": rejoin, "lost": lost}))


def next_journal_step(observed: Observed, uid: str, members: int, *, held: bool = False) -> JournalStep:
    """Return the next step of the journal's one initialisation; `members` is 0 while their number isn't known.

    `held` is True while the operator can't restore the backup that the journal is to begin with.
    """
    known = observed.status.journal
    if held:
        return JournalStep(known, None, waiting(GATE, "the journal waits for condition JournalRestored"))
    if known is not None and known.state == "Initialized":
        return JournalStep(known, None, _gate_when_initialized(observed, members))
    # An adoption stays one though its PVCs are gone by now: creating would put an empty namespace in their place.
    recorded: Mode = "adopt" if known is not None and known.operation.endswith("a") else "create"
    mode: Mode = "adopt" if observed.journal_was_initialized else recorded
    if known is None:
        if members == 0:
            message = "spec.masters.replicas is 0: the operator creates the journal once you set it to 1 or more"
            return JournalStep(None, None, Gate(GATE, False, "ScaledToZero", message, Severity.INFO))
        if observed.leaving_claims:
            return JournalStep(None, None, _wait_for_deletion(observed.leaving_claims))
        kept = observed.kept_change if mode == "adopt" else None
        if mode == "adopt" and members not in _adoptable(observed, kept):
            return JournalStep(None, None, _member_count_mismatch(observed, kept, members))
        if former := observed.former_journals(kept.change.members if kept else members):
            return JournalStep(None, None, _former_journals(former))
        begun = _first_record(observed, mode, members, kept)
    else:
        begun = known
    status = begun.model_copy(update={"state": "Initializing", "operation": f"{uid[:8]}{mode[0]}"})
    if known is None:
        return JournalStep(status, mode, _about_to_start(members))
    jobs = [job for ordinal, job in sorted(observed.journal_jobs.items()) if ordinal < members]
    done = sum(state_of(job).phase is JobPhase.COMPLETE for job in jobs)
    # A majority of the journals holds every acknowledged entry: a master without its journal rejoins later.
    if done >= (majority(members) if recorded == "adopt" else members):
        # Keep the Jobs until the status is written: if that write is lost, their result isn't. Keep them in the same
        # mode, though the PVCs may carry the annotation of an initialised journal by now.
        initialized = known.model_copy(update={"state": "Initialized"})
        return JournalStep(initialized, recorded, INITIALIZED)
    if any(ordinal not in observed.journal_jobs for ordinal in range(members)):
        return JournalStep(status, mode, _about_to_start(members))
    failed = tuple(job for job in jobs if state_of(job).phase is JobPhase.FAILED)
    gate = _gate_after_failure(failed[0]) if failed else _gate_while_initializing(observed, members)
    return JournalStep(status, mode, gate, failed)


def _first_record(observed: Observed, mode: Mode, members: int, kept: KeptChange | None) -> JournalStatus:
    """Return the record with which an initialisation begins; its operation follows.

    An earlier version knew a single master by its pod.
    """
    by_pod = mode == "adopt" and kept is None and members == 1 and not observed.journal_has_services
    record = {
        "state": "Initializing",
        "operation": "",
        "members": kept.settled if kept else members,
        "hosts": "Pod" if by_pod else "Service",
    }
    return JournalStatus.model_validate(record).model_copy(update={"change": kept.change if kept else None})


def _adoptable(observed: Observed, kept: KeptChange | None) -> tuple[int | None, ...]:
    """Return the numbers of masters with which a cluster can serve the journals of an earlier one."""
    return (observed.journal_members,) if kept is None else (kept.settled, kept.change.to)


def _former_journals(claims: Sequence[str]) -> Gate:
    listed = ", ".join(claims)
    message = (
        f"PVC {listed} keeps the journal of a master that was removed from an earlier cluster of this name. No cluster "
        f"is to serve it: delete PVC {listed}, or create the AlluxioCluster under another name"
    )
    return blocked(GATE, FORMER_JOURNALS, message)


def _wait_for_deletion(claims: Sequence[str]) -> Gate:
    message = (
        f"PVC {', '.join(claims)} of an earlier cluster with this name is being deleted. After that, the operator "
        "creates the journal on a new one"
    )
    return waiting(GATE, message, VOLUMES_TERMINATING, BackOff(least=2.0))


def _gate_after_failure(job: Object) -> Gate:
    state, name = state_of(job), job["metadata"]["name"]
    cause = state.message or state.reason or "its status gives no reason"
    message = f"Job {name} failed, and the operator recreates it: {cause}"
    return Gate(GATE, False, state.reason or "JobFailed", message, requeue=RETRY_FAILED_JOB)


def _about_to_start(members: int) -> Gate:
    message = "the journal's Job is about to start" if members == 1 else "the journal's Jobs are about to start"
    return waiting(GATE, message, "Initializing")


def _gate_while_initializing(observed: Observed, members: int) -> Gate:
    pods = observed.role(names.JOURNAL)
    missing = [pod for pod in pods if pod.trouble and pod.trouble.reason == JOURNAL_MISSING]
    if members - len(missing) < majority(members):
        return _journal_missing(observed.names, members, missing)
    if failure := observed.pod_creation_failures.get(names.JOURNAL):
        return Gate(GATE, False, "PodsRefused", failure)
    trouble = first_trouble(pod for pod in pods if pod not in missing)
    if trouble:
        return Gate(GATE, False, trouble.reason, trouble.message)
    message = "the journal's Job is running" if members == 1 else "the journal's Jobs are running"
    return waiting(GATE, message, "Initializing")


def _gate_when_initialized(observed: Observed, members: int) -> Gate:
    missing = without_journal(observed)
    if members - len(missing) >= majority(members):
        return INITIALIZED
    journal = observed.status.journal
    if journal is not None and journal.change is not None and members != journal.members:
        return _journal_missing_in_change(members, missing)
    return _journal_missing(observed.names, members, missing)


def _journal_missing_in_change(members: int, pods: Iterable[Pod]) -> Gate:
    """Return the gate of a quorum that exists only while the number of masters changes.

    To begin without the others' journals would lose what they have.
    """
    lost = "; ".join(pod.trouble.message for pod in pods if pod.trouble)
    message = (
        f"{lost}. The number of masters changes, and the quorum of {members} needs {majority(members)} journals. The "
        "other journals are whole: delete none. Restore the data of the volume: the masters then start automatically. "
        "Or restore an AlluxioBackup into a new AlluxioCluster (spec.bootstrap.restore)"
    )
    return blocked(GATE, JOURNAL_MISSING, message)


def _journal_missing(cluster: Names, members: int, pods: Iterable[Pod]) -> Gate:
    lost = "; ".join(pod.trouble.message for pod in pods if pod.trouble)
    claims = [cluster.journal_claim(ordinal) for ordinal in range(members)]
    start_empty = (
        "Or start with an empty Alluxio namespace, which keeps the files in the UFS and loses data that is only in "
        f"Alluxio: delete the AlluxioCluster and PVC{'s' if members > 1 else ''} {', '.join(claims)}, then recreate "
        "the AlluxioCluster"
    )
    if members == 1:
        message = (
            f"{lost}. PVC {claims[0]} has lost the journal of this cluster. The operator doesn't create another "
            "journal, since that would empty the Alluxio namespace. Restore the data of the volume: the masters then "
            f"start automatically. {start_empty}"
        )
    else:
        message = (
            f"{lost}. Too many of the {members} PVCs have lost the journal of this cluster. The operator doesn't "
            "create another journal, since that would empty the Alluxio namespace. Restore the data until "
            f"{majority(members)} volumes have the journal: the masters then start automatically. {start_empty}"
        )
    return blocked(GATE, JOURNAL_MISSING, message)


def _member_count_mismatch(observed: Observed, kept: KeptChange | None, members: int) -> Gate:
    expected = observed.journal_members if kept is None else kept.change.to
    return Gate(
        GATE,
        False,
        "MemberCountMismatch",
        f"the PVCs hold a journal of {expected} masters, and spec.masters.replicas is {members}: set it to 0 and then "
        f"to {expected}. Or start with an empty Alluxio namespace: delete the AlluxioCluster and the PVCs of its "
        "journal, then recreate the AlluxioCluster",
    )
