"""The part of a restore in place in which masters are stopped, restore, and start again; pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from alluxio_operator.alluxio.answers import MasterInfo, NoAnswer
from alluxio_operator.api.bootstrap import RestoreStatus
from alluxio_operator.api.inplace import RestoreInPlaceStatus
from alluxio_operator.engine.conditions import moment, stamp
from alluxio_operator.engine.gate import Gate, blocked
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.masters.quorum import serving_leader
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.kinds.cluster.restore import attempts, offer
from alluxio_operator.kinds.cluster.restore.in_place_back import (
    GIVES_UP_AFTER,
    REMOVED,
    abandon,
    back,
    done_of,
    go_back,
    is_removed,
    location,
    lost_again,
    progress,
    returning,
    with_failed,
)
from alluxio_operator.kinds.cluster.restore.in_place_step import InPlaceStep, in_state
from alluxio_operator.kinds.cluster.restore.marking import marks_until, process_of
from alluxio_operator.kinds.cluster.restore.source import IN_PLACE
from alluxio_operator.kinds.cluster.restore.stopping import NODE_LOST_AFTER, stuck_masters
from alluxio_operator.kinds.cluster.validate import Cluster
from alluxio_operator.workloads.pod_trouble import Trouble
from alluxio_operator.workloads.pods import Pod, first_trouble

Step = Callable[[RestoreInPlaceStatus, Observed, Cluster, datetime], InPlaceStep]

HOPELESS: Final = frozenset({"NoSpace", "RestoreSourceDamaged", "RestoreSourceMissing"})
"""Reasons of such a Job that another try doesn't overcome."""

JOBS_END_WITHIN: Final = timedelta(minutes=30)
"""Time for the journals' Jobs, on top of that for a large copy, even if no pod of theirs is in trouble."""
COPIED_PER_SECOND: Final = 2 * 1024**2
"""Bytes of the unpacked file, at the slowest."""

UFS_ANSWERS_WITHIN: Final = timedelta(hours=1)
"""Time for which stopped masters wait for the UFS."""

CRASHES_FOR: Final = timedelta(minutes=30)
"""Time after which masters that crash in the restore are hopeless, such as with a key that the UFS refuses."""
RESTORES_WITHIN: Final = timedelta(hours=2)
"""Time for one attempt of the masters, on top of that for its entries."""
RESTORED_PER_SECOND: Final = 1000
"""Entries, at the slowest."""


def _stop(known: RestoreInPlaceStatus, observed: Observed, cluster: Cluster, now: datetime) -> InPlaceStep:
    if is_removed(observed):
        return abandon(known, REMOVED, now)
    if observed.masters_stopped:
        return _set_aside(in_state(known, "SettingAside", now), observed, cluster, now)
    if now >= moment(known.since) + GIVES_UP_AFTER:
        left = ", ".join(pod.name for pod in observed.role(names.MASTER))
        return abandon(known, f"the masters don't stop: {left or 'their StatefulSet'}", now)
    if (stuck := stuck_masters(observed, now)) is not None:
        return InPlaceStep(known, progress(stuck.reason, stuck.message))
    return InPlaceStep(known, progress("Stopping", "the masters stop"))


def _set_aside(known: RestoreInPlaceStatus, observed: Observed, cluster: Cluster, now: datetime) -> InPlaceStep:
    recorded = known == observed.status.restore_in_place
    message = f"the journals are being renamed to {known.aside} in their volumes, and {location(known)} is copied"
    step = InPlaceStep(known, progress("SettingAside", message), record=not recorded)
    if not recorded:
        return step
    if is_removed(observed):
        return go_back(known, REMOVED, now)
    if not observed.masters_stopped:
        return step
    known = known.model_copy(update={"done": done_of(known, observed.in_place_jobs, cluster)})
    step = with_failed(replace(step, status=known, job="aside", skips=frozenset(known.done)), observed)
    since = moment(known.since)
    if len(known.done) == cluster.members and known.restore is not None:
        started = attempts.start(known.restore, observed, cluster, now, IN_PLACE)
        if started.needs_ufs_probe or started.status is None or started.status.state != "Restoring":
            if observed.ufs is not None and now >= since + UFS_ANSWERS_WITHIN:
                return go_back(known, "the UFS doesn't answer", now)
            return replace(step, gate=started.gate, needs_ufs_probe=started.needs_ufs_probe)
        restoring = in_state(known, "Restoring", now).model_copy(update={"restore": started.status})
        return InPlaceStep(restoring, started.gate, record=True)
    trouble = _trouble(observed)
    late = now >= since + JOBS_END_WITHIN + timedelta(seconds=known.expanded_bytes / COPIED_PER_SECOND)
    if trouble is None:
        return go_back(known, "the Jobs that set the journals aside don't end", now) if late else step
    if trouble.reason in HOPELESS or late or now >= since + GIVES_UP_AFTER:
        return go_back(known, f"the journals can't be set aside: {trouble.message}", now)
    return replace(step, gate=Gate(IN_PLACE.gate, False, trouble.reason, trouble.message))


def _trouble(observed: Observed) -> Trouble | None:
    """Return why a pod of the journals' Jobs doesn't run, or doesn't exist."""
    refused = observed.pod_creation_failures.get(names.JOURNAL)
    return first_trouble(observed.role(names.JOURNAL)) or (Trouble("PodsRefused", refused) if refused else None)


def _restore(known: RestoreInPlaceStatus, observed: Observed, cluster: Cluster, now: datetime) -> InPlaceStep:
    run = known.restore
    if run is None:
        return go_back(known, "the status has no record of the restore by the masters", now)
    if run.state == "Emptying":
        known = known.model_copy(update={"done": done_of(known, observed.emptying_jobs, cluster)})
        step = attempts.empty(run, observed, cluster, cluster.members, now, IN_PLACE, known.done)
    else:
        step = attempts.watch(run, observed, now, IN_PLACE)
    after = known.model_copy(update={"restore": step.status})
    if step.status is not None and step.status.state == "Failed":
        said = f"{attempts.mismatch(step.status)}. The operator gave up after attempt {step.status.attempt}"
        return go_back(after, said, now)
    if step.status is not None and step.status.state == "Restored":
        opening = in_state(after, "Opening", now)
        return InPlaceStep(opening, _opening(opening), record=True)
    if cause := _hopeless(run, observed, now):
        return go_back(known, cause, now)
    if step.status is not None and step.status.state != run.state:
        after = after.model_copy(update={"done": ()})
    return InPlaceStep(
        after,
        step.gate,
        record=step.record,
        job="empty" if step.empties else None,
        skips=frozenset(known.done),
        failed=step.failed,
        needs_ufs_probe=step.needs_ufs_probe,
    )


def _hopeless(run: RestoreStatus, observed: Observed, now: datetime) -> str:
    """Return why the masters won't restore the names; empty while they may."""
    if is_removed(observed):
        return REMOVED
    since = moment(run.since)
    if run.state == "Emptying":
        # Also if the UFS doesn't answer by then.
        return "the journals can't be emptied for another attempt" if now >= since + UFS_ANSWERS_WITHIN else ""
    trouble = first_trouble(observed.role(names.MASTER))
    serves = isinstance(observed.master, MasterInfo)
    if trouble is not None and trouble.looping and not serves and now >= since + CRASHES_FOR:
        return f"the masters can't restore {run.location}: {trouble.message}"
    longest = RESTORES_WITHIN + timedelta(seconds=(run.expected or 0) / RESTORED_PER_SECOND)
    return f"the masters didn't restore {run.location} within {longest}" if now >= since + longest else ""


def _open(known: RestoreInPlaceStatus, observed: Observed, _cluster: Cluster, now: datetime) -> InPlaceStep:
    """Restart the masters on the port that clients know; the names are proven."""
    if not observed.masters_stopped:
        stuck = stuck_masters(observed, now)
        return InPlaceStep(known, blocked(IN_PLACE.gate, stuck.reason, stuck.message) if stuck else _opening(known))
    if known.workers_start_empty:
        since = moment(known.since)
        # Without a creation time, its age isn't known.
        old = [pod for pod in observed.role(names.WORKER) if pod.created is None or pod.created < since]
        # The kubelet of a lost node ends its pod as soon as it knows of its deletion.
        old = [pod for pod in old if pod.deletion is None or now < pod.deletion + NODE_LOST_AFTER]
        if old:
            deleted = tuple(pod for pod in old if not pod.deleted)
            gate = progress("Opening", f"{len(old)} workers restart with empty tiers")
            return InPlaceStep(known, gate, workers=deleted)
    syncing = in_state(known, "Syncing", now)
    return InPlaceStep(syncing, _syncing(), record=True)


def _sync(known: RestoreInPlaceStatus, observed: Observed, cluster: Cluster, now: datetime) -> InPlaceStep:
    """Let the leader compare the names with the UFS, as Alluxio does after a restore, until the process ends."""
    if not offer.has_journal(observed, cluster):
        return lost_again(known, now)
    leader = serving_leader(observed)
    if leader is not None:
        # A name that a UFS in trouble doesn't have would be dropped.
        held = attempts.ufs_gate(observed, cluster, IN_PLACE, "the leader compares the names with the UFS")
        if held is not None:
            return InPlaceStep(known, held, needs_ufs_probe=observed.ufs is None)
        return InPlaceStep(known, _syncing(), marks=leader)
    trouble = first_trouble(observed.role(names.MASTER))
    if trouble is not None:
        return InPlaceStep(known, Gate(IN_PLACE.gate, False, trouble.reason, trouble.message))
    return InPlaceStep(known, _syncing())


def after_mark(known: RestoreInPlaceStatus, leader: Pod, answer: object, now: datetime) -> RestoreInPlaceStatus:
    """Return the record after the leader was asked; one that refuses the operator is left alone after a while."""
    if not isinstance(answer, NoAnswer):
        update = {"marked": process_of(leader), "marks_until": marks_until(now)}
        return in_state(known, "Restored", now).model_copy(update=update)
    if now < moment(known.since) + GIVES_UP_AFTER:
        return known
    message = (
        f"the leading master doesn't mark the names to be compared with the UFS: {answer.reason}. To do so: alluxio fs "
        "-Dalluxio.user.file.metadata.sync.interval=0 ls -R /"
    )
    update = {"message": message[:1024], "marked": "", "marks_until": stamp(now)}
    return in_state(known, "Restored", now).model_copy(update=update)


STEPS: Final[Mapping[str, Step]] = {
    "Stopping": _stop,
    "SettingAside": _set_aside,
    "Restoring": _restore,
    "Opening": _open,
    "Syncing": _sync,
    "GoingBack": back,
    "Returning": returning,
}
"""By state, its next step."""


def _opening(known: RestoreInPlaceStatus) -> Gate:
    entries = known.restore.entries if known.restore is not None else None
    return progress("Opening", f"all {entries} entries are restored; the masters restart for clients and workers")


def _syncing() -> Gate:
    return progress("Syncing", "the masters start, and compare the restored names with the UFS at their next use")
