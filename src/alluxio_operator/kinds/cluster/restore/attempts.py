"""Decides about one restore by the masters after the other, until one is proven to be whole; pure.

Alluxio restores only into an empty journal. A master that ends midway leaves a part of the entries, and the next leader
skips the restore and serves that part as if it were all. What tells them apart is one gauge: the number of entries that
a process has restored itself. It is set at the end of the restore, and -1 before. So a leader with the expected number
is the proof. A leader with any other number, or one that serves clients with -1, has half of the names. Over HTTP, a
leader reports to serve while it still restores, so the operator asks its gRPC port.

In that case all masters stop, Jobs empty the journals, and the masters start again. A journal is emptied only

1. while the restore isn't Restored in the status: that is written before any client or worker reaches the names;
2. after the status has recorded it, under the resourceVersion of the observation;
3. if this restore created it: the status names the operation, and the Job compares it with a file beside the journal;
4. while the masters' StatefulSet is scaled to 0 and has no pod.

Read in the sources of 2.9.4: AlluxioMasterProcess, BackupManager, RpcServerStandbyGrpcService, RaftJournalSystem.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from alluxio_operator.alluxio.answers import MasterInfo
from alluxio_operator.api.bootstrap import RestoreStatus
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.engine.gate import After, Gate, blocked, waiting
from alluxio_operator.engine.jobs import JobPhase, state_of
from alluxio_operator.engine.problem import Problem
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.restore import source
from alluxio_operator.kinds.cluster.restore.source import Place
from alluxio_operator.kinds.cluster.restore.stopping import stuck_masters
from alluxio_operator.kinds.cluster.validate import Cluster
from alluxio_operator.kube.kinds import Object
from alluxio_operator.workloads.pods import first_trouble

ATTEMPTS: Final = 5
"""Restores, one after the other, before the operator gives up."""

UFS_RETRY: Final = After(15.0)


@dataclass(frozen=True, slots=True)
class RestoreStep:
    """The restore to record, and the gate; `gate` is None for a cluster that restores nothing."""

    status: RestoreStatus | None = None
    gate: Gate | None = None
    record: bool = False
    """Whether the status has to have it before anything else happens."""
    holds_everything: bool = False
    """Whether the operator creates and changes nothing."""
    empties: bool = False
    """Whether the Jobs that empty the journals run."""
    failed: tuple[Object, ...] = ()
    """Jobs that failed permanently; the operator deletes each and recreates it under its name."""
    needs_backup: bool = False
    needs_ufs_probe: bool = False
    warning: Problem | None = None

    @property
    def in_progress(self) -> bool:
        """Whether the names aren't proven to be whole."""
        return self.status is not None and self.status.state != "Restored"

    @property
    def has_masters(self) -> bool:
        """Whether the masters' StatefulSet exists."""
        return self.in_progress and self.status is not None and self.status.state != "Requested"

    @property
    def stops_masters(self) -> bool:
        """Whether no master may run."""
        return self.status is not None and self.status.state in ("Emptying", "Failed")


def emptying(known: RestoreStatus) -> str:
    """Return the operation that empties the journals for an attempt."""
    return f"{known.journal.removesuffix('c')}r{known.attempt}"


def start(known: RestoreStatus, observed: Observed, cluster: Cluster, now: datetime, place: Place) -> RestoreStep:
    """Let the masters start, if the UFS answers: they sync the restored names with it."""
    held = ufs_gate(observed, cluster, place, "the masters restore")
    if held is not None:
        return RestoreStep(known, held, needs_ufs_probe=observed.ufs is None)
    restoring = known.model_copy(update={"state": "Restoring", "since": stamp(now)})
    return RestoreStep(restoring, under_way(restoring, observed, place), record=True)


def ufs_gate(observed: Observed, cluster: Cluster, place: Place, what: str) -> Gate | None:
    """Return the closed gate of what waits for the UFS; None if it answers, or if the spec doesn't want to know."""
    if not cluster.spec.upgrade.wait_for_ufs:
        return None
    if observed.ufs is None:
        return waiting(place.gate, "the operator probes the UFS")
    if not observed.ufs.trouble:
        return None
    message = (
        f"{what} once the UFS of the root mount answers: {observed.ufs.trouble}. If only the "
        "operator's pod can't reach it, set spec.upgrade.waitForUfs to false"
    )
    return Gate(place.gate, False, "UfsUnreachable", message, requeue=UFS_RETRY)


def watch(known: RestoreStatus, observed: Observed, now: datetime, place: Place) -> RestoreStep:
    """Return the restore that is proven, goes on, begins again, or has failed for good.

    The gate of the last one is the caller's.
    """
    count = observed.restored_entries
    if not isinstance(observed.master, MasterInfo) or count is None:
        return RestoreStep(known, under_way(known, observed, place))
    whole = count == known.expected if known.expected is not None else count > 0
    if whole:
        restored = known.model_copy(update={"state": "Restored", "entries": count, "since": stamp(now)})
        return RestoreStep(restored, restored_gate(restored, place), record=True)
    # A process that restored the file to its end counts the same again.
    hopeless = count >= 0 and count == known.entries
    if hopeless or known.attempt >= ATTEMPTS:
        failed = known.model_copy(update={"state": "Failed", "entries": count, "since": stamp(now)})
        return RestoreStep(failed, record=True)
    update = {"state": "Emptying", "entries": count, "attempt": known.attempt + 1, "since": stamp(now)}
    again = known.model_copy(update=update)
    return RestoreStep(again, _again(again, "the masters stop", place), record=True)


def empty(
    known: RestoreStatus,
    observed: Observed,
    cluster: Cluster,
    members: int,
    now: datetime,
    place: Place,
    done: Iterable[int] = (),
) -> RestoreStep:
    """Empty the journals once no master runs, and let the masters start again.

    `done` are the ordinals of the journals that are on record as emptied: their Jobs may be gone.
    """
    if not observed.masters_stopped:
        stuck = stuck_masters(observed, now)
        if stuck is not None:
            return RestoreStep(known, blocked(place.gate, stuck.reason, stuck.message))
        return RestoreStep(known, _again(known, "the masters stop", place))
    jobs = {ordinal: job for ordinal, job in sorted(observed.emptying_jobs.items()) if ordinal < members}
    complete = {ordinal for ordinal, job in jobs.items() if state_of(job).phase is JobPhase.COMPLETE}
    if len(complete | set(done)) == members:
        return start(known, observed, cluster, now, place)
    failed = tuple(job for job in jobs.values() if state_of(job).phase is JobPhase.FAILED)
    trouble = first_trouble(observed.role(names.JOURNAL))
    if trouble is not None:
        return RestoreStep(known, Gate(place.gate, False, trouble.reason, trouble.message), empties=True, failed=failed)
    return RestoreStep(known, _again(known, "the journals are being emptied", place), empties=True, failed=failed)


def restored_gate(known: RestoreStatus, place: Place) -> Gate:
    """Return the open gate of a proven restore."""
    return Gate(place.gate, True, "Restored", f"the masters restored {known.entries} entries from {known.location}")


def under_way(known: RestoreStatus, observed: Observed, place: Place) -> Gate:
    """Return the closed gate of a restore that isn't proven yet."""
    number = f" (attempt {known.attempt} of {ATTEMPTS})" if known.attempt > 1 else ""
    trouble = first_trouble(observed.role(names.MASTER))
    if trouble is not None:
        message = f"{named(known, place)}: the masters can't restore {known.location} yet{number}: {trouble.message}"
        return Gate(place.gate, False, trouble.reason, message)
    return waiting(place.gate, f"the masters restore {known.location}{number}", "Restoring")


def named(known: RestoreStatus, place: Place) -> str:
    """Return the field and value of the spec that a restore is about."""
    field, value = source.named(known.backup, known.uri, known.location, place)
    return f"{field}: {value!r}"


def mismatch(known: RestoreStatus) -> str:
    """Return what is wrong with the number of entries."""
    if known.entries is None or known.entries < 0:
        return "the leading master serves, and it hasn't restored the backup itself: a restore before it ended midway"
    wanted = "more than 0" if known.expected is None else str(known.expected)
    return f"the leading master restored {known.entries} entries from {known.location}, and {wanted} were expected"


def _again(known: RestoreStatus, step: str, place: Place) -> Gate:
    message = f"{mismatch(known)}. {step}, and attempt {known.attempt} of {ATTEMPTS} begins with empty journals"
    return Gate(place.gate, False, "RestoringAgain", message)
