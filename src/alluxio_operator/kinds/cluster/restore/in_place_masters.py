"""The part of a restore in place in which masters are stopped, restore, and start again; pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from alluxio_operator.alluxio.answers import MasterInfo, NoAnswer
from alluxio_operator.api.inplace import RestoreInPlaceStatus
from alluxio_operator.engine.conditions import moment
from alluxio_operator.engine.gate import Gate, blocked, waiting
from alluxio_operator.engine.jobs import JobPhase, state_of
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.masters.quorum import leaders_of
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.restore import attempts
from alluxio_operator.kinds.cluster.restore.in_place_step import InPlaceStep, in_state
from alluxio_operator.kinds.cluster.restore.source import IN_PLACE
from alluxio_operator.kinds.cluster.validate import Cluster
from alluxio_operator.workloads.pods import first_trouble

Step = Callable[[RestoreInPlaceStatus, Observed, Cluster, datetime], InPlaceStep]

GIVES_UP_AFTER: Final = timedelta(minutes=10)
"""Time for which the journals can't be set aside before the operator goes back."""

HOPELESS: Final = frozenset({"NoSpace", "RestoreSourceDamaged", "RestoreSourceMissing"})
"""Reasons of such a Job that another try doesn't overcome."""


def _stop(known: RestoreInPlaceStatus, observed: Observed, cluster: Cluster, now: datetime) -> InPlaceStep:
    if not observed.masters_stopped:
        return InPlaceStep(known, progress("Stopping", "the masters stop"))
    return _set_aside(in_state(known, "SettingAside", now), observed, cluster, now)


def _set_aside(known: RestoreInPlaceStatus, observed: Observed, cluster: Cluster, now: datetime) -> InPlaceStep:
    recorded = known == observed.status.restore_in_place
    message = f"the journals are being renamed to {known.aside} in their volumes, and {_location(known)} is copied"
    step = InPlaceStep(known, progress("SettingAside", message), record=not recorded)
    if not recorded or not observed.masters_stopped:
        return step
    step = _with_jobs(replace(step, job="aside"), observed)
    if _complete(observed, cluster) and known.restore is not None:
        started = attempts.start(known.restore, observed, cluster, now, IN_PLACE)
        if started.needs_ufs_probe or started.status is None or started.status.state != "Restoring":
            return replace(step, gate=started.gate, needs_ufs_probe=started.needs_ufs_probe)
        restoring = in_state(known, "Restoring", now).model_copy(update={"restore": started.status})
        return InPlaceStep(restoring, started.gate, record=True)
    trouble = first_trouble(observed.role(names.JOURNAL))
    if trouble is None:
        return step
    if trouble.reason in HOPELESS or now >= moment(known.since) + GIVES_UP_AFTER:
        return _go_back(known, f"the journals can't be set aside: {trouble.message}", now)
    return replace(step, gate=Gate(IN_PLACE.gate, False, trouble.reason, trouble.message))


def _restore(known: RestoreInPlaceStatus, observed: Observed, cluster: Cluster, now: datetime) -> InPlaceStep:
    run = known.restore
    if run is None:
        return _go_back(known, "the status has no record of the restore by the masters", now)
    if run.state == "Emptying":
        step = attempts.empty(run, observed, cluster, cluster.members, now, IN_PLACE)
    else:
        step = attempts.watch(run, observed, now, IN_PLACE)
    after = known.model_copy(update={"restore": step.status})
    if step.status is not None and step.status.state == "Failed":
        said = f"{attempts.mismatch(step.status)}. The operator gave up after attempt {step.status.attempt}"
        return _go_back(after, said, now)
    if step.status is not None and step.status.state == "Restored":
        opening = in_state(after, "Opening", now)
        return InPlaceStep(opening, _opening(opening), record=True)
    return InPlaceStep(
        after,
        step.gate,
        record=step.record,
        job="empty" if step.empties else None,
        failed=step.failed,
        needs_ufs_probe=step.needs_ufs_probe,
    )


def _open(known: RestoreInPlaceStatus, observed: Observed, _cluster: Cluster, now: datetime) -> InPlaceStep:
    """Restart the masters on the port that clients know; the names are proven."""
    if not observed.masters_stopped:
        return InPlaceStep(known, _opening(known))
    if known.workers_start_empty:
        since = moment(known.since)
        # Without a creation time, its age isn't known.
        old = tuple(pod for pod in observed.role(names.WORKER) if pod.created is None or pod.created < since)
        if old:
            deleted = tuple(pod for pod in old if not pod.deleted)
            gate = progress("Opening", f"{len(old)} workers restart with empty tiers")
            return InPlaceStep(known, gate, workers=deleted)
    syncing = in_state(known, "Syncing", now)
    return InPlaceStep(syncing, _syncing(), record=True)


def _sync(known: RestoreInPlaceStatus, observed: Observed, _cluster: Cluster, _now: datetime) -> InPlaceStep:
    """Let the leader compare the names with the UFS, as Alluxio does after a restore, until the process ends."""
    leader = observed.master_named(next(iter(leaders_of(observed.answers)), ""))
    if isinstance(observed.master, MasterInfo) and leader is not None:
        return InPlaceStep(known, _syncing(), marks=leader)
    trouble = first_trouble(observed.role(names.MASTER))
    if trouble is not None:
        return InPlaceStep(known, Gate(IN_PLACE.gate, False, trouble.reason, trouble.message))
    return InPlaceStep(known, _syncing())


def after_mark(known: RestoreInPlaceStatus, answer: object, now: datetime) -> RestoreInPlaceStatus:
    """Return the record after the leader was asked; one that refuses the operator is left alone after a while."""
    if not isinstance(answer, NoAnswer):
        return in_state(known, "Restored", now)
    if now < moment(known.since) + GIVES_UP_AFTER:
        return known
    message = (
        f"the leading master doesn't mark the names to be compared with the UFS: {answer.reason}. To do so: alluxio fs "
        "-Dalluxio.user.file.metadata.sync.interval=0 ls -R /"
    )
    return in_state(known, "Restored", now).model_copy(update={"message": message[:1024]})


def _back(known: RestoreInPlaceStatus, observed: Observed, cluster: Cluster, now: datetime) -> InPlaceStep:
    if not observed.masters_stopped:
        return InPlaceStep(known, _going_back(known, "the masters stop"))
    own = cluster.names.journal_job(f"{known.operation}a", 0)
    if any(pod.name.startswith(own) and not pod.ended for pod in observed.role(names.JOURNAL)):
        return InPlaceStep(known, _going_back(known, "the Jobs that set it aside end"))
    if _complete(observed, cluster):
        if known.had_journal:
            returning = in_state(known, "Returning", now)
            return InPlaceStep(returning, _going_back(returning, "the masters start with it"), record=True)
        failed = in_state(known, "Failed", now)
        return InPlaceStep(failed, ended(failed), record=True)
    step = _with_jobs(InPlaceStep(known, _going_back(known, "it gets its name back"), job="back"), observed)
    trouble = first_trouble(observed.role(names.JOURNAL))
    if trouble is None:
        return step
    return replace(step, gate=_going_back(known, trouble.message, trouble.reason))


def _return(known: RestoreInPlaceStatus, observed: Observed, _cluster: Cluster, now: datetime) -> InPlaceStep:
    """Wait until a master leads that has at least the entries of before."""
    leader = next(iter(leaders_of(observed.answers)), "")
    reached = observed.indexes.get(leader)
    serves = isinstance(observed.master, MasterInfo)
    if serves and (known.index is None or (reached is not None and reached >= known.index)):
        went = in_state(known, "WentBack", now)
        return InPlaceStep(went, ended(went))
    trouble = first_trouble(observed.role(names.MASTER))
    said = trouble.message if trouble is not None else "no master serves it yet"
    return InPlaceStep(known, _going_back(known, said, trouble.reason if trouble else "GoingBack"))


STEPS: Final[Mapping[str, Step]] = {
    "Stopping": _stop,
    "SettingAside": _set_aside,
    "Restoring": _restore,
    "Opening": _open,
    "Syncing": _sync,
    "GoingBack": _back,
    "Returning": _return,
}
"""By state, its next step."""


def _go_back(known: RestoreInPlaceStatus, cause: str, now: datetime) -> InPlaceStep:
    back = in_state(known, "GoingBack", now).model_copy(update={"message": cause[:1024]})
    return InPlaceStep(back, _going_back(back, "the masters stop"), record=True)


def _with_jobs(step: InPlaceStep, observed: Observed) -> InPlaceStep:
    failed = tuple(job for job in observed.in_place_jobs.values() if state_of(job).phase is JobPhase.FAILED)
    return replace(step, failed=failed)


def _complete(observed: Observed, cluster: Cluster) -> bool:
    jobs = [job for ordinal, job in observed.in_place_jobs.items() if ordinal < cluster.members]
    return sum(state_of(job).phase is JobPhase.COMPLETE for job in jobs) == cluster.members


def _location(known: RestoreInPlaceStatus) -> str:
    return known.restore.location if known.restore is not None else known.backup or known.uri or known.volume


def progress(reason: str, message: str) -> Gate:
    """Return the closed gate of a step that goes on by itself."""
    return waiting(IN_PLACE.gate, message, reason)


def _opening(known: RestoreInPlaceStatus) -> Gate:
    entries = known.restore.entries if known.restore is not None else None
    return progress("Opening", f"all {entries} entries are restored; the masters restart for clients and workers")


def _syncing() -> Gate:
    return progress("Syncing", "the masters start, and compare the restored names with the UFS at their next use")


def _going_back(known: RestoreInPlaceStatus, step: str, reason: str = "GoingBack") -> Gate:
    message = f"{known.message}. The operator goes back to the journal of before ({known.aside}): {step}"
    return Gate(IN_PLACE.gate, False, reason, message)


def ended(known: RestoreInPlaceStatus) -> Gate:
    """Return the gate of a restore that has ended."""
    if known.state == "Restored":
        entries = known.restore.entries if known.restore is not None else None
        kept = f"; the journal of before stays in the masters' volumes as {known.aside}" if known.had_journal else ""
        said = f". {known.message}" if known.message else ""
        message = f"the masters restored {entries} entries from {_location(known)}{kept}{said}"
        return Gate(IN_PLACE.gate, True, "Restored", message)
    if known.state == "WentBack":
        message = f"{known.message}. The cluster serves what it served before. Remedy: {IN_PLACE.remedy}"
        return Gate(IN_PLACE.gate, False, "WentBack", message)
    message = (
        f"{known.message}. Nothing was restored, and the cluster had lost its journal before. Remedy: {IN_PLACE.remedy}"
    )
    return blocked(IN_PLACE.gate, "RestoreFailed", message)
