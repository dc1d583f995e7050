"""Decides which AlluxioBackups schedules create and remove, and whether the recovery point is recent enough; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from alluxio_operator.api.alluxiobackup import CLUSTER_LABEL, KIND, SCHEDULE_LABEL
from alluxio_operator.api.backups import (
    BackupSchedule,
    BackupsStatus,
    Retention,
    ScheduledBackups,
    ScheduleStatus,
    VerifiedBackup,
)
from alluxio_operator.api.base import API_VERSION
from alluxio_operator.backups.due import Due, Existing, due_backup
from alluxio_operator.backups.newest import newest_verified
from alluxio_operator.backups.retention import CLOCK_SKEW, Backup, Outcome, Policy, backups_to_remove
from alluxio_operator.engine.conditions import moment, stamp
from alluxio_operator.engine.gate import At, Gate, Severity
from alluxio_operator.engine.schedule import Cron, Schedule
from alluxio_operator.engine.work import OwnerKey
from alluxio_operator.kinds.cluster.backup.step import Expired, ScheduleStep, requeue_of
from alluxio_operator.kinds.cluster.validate import Cluster
from alluxio_operator.kube.kinds import Object

GATE: Final = "BackupHealthy"
STUCK_AFTER: Final = timedelta(hours=6)
"""Age of an unfinished backup at which a schedule that waits for it is reported."""

REMOVED_AFTER: Final = 60
"""Seconds since its end after which a removed backup deletes its files and itself: the least that its spec allows."""


READ_ONLY: Final = (
    "spec.backup.schedules have no effect while spec.rootMount.readOnly is true: Alluxio writes each backup into the "
    "root mount first, whatever its destination is. Remedy: set spec.rootMount.readOnly to false, or remove the "
    "schedules"
)


def next_schedules_step(
    cluster: Cluster, before: BackupsStatus | None, backups: Sequence[Object] | None, now: datetime
) -> ScheduleStep[BackupsStatus]:
    """Return the next step; nothing while the AlluxioBackups weren't read, or for a cluster without schedules."""
    spec = cluster.spec.backup
    if backups is None:
        return ScheduleStep()
    known = {one.name: one.last for one in before.schedules} if before is not None else {}
    # A schedule that is new counts from now on.
    lasts = {one.name: known.get(one.name, stamp(now)) for one in spec.schedules}
    dues = {one.name: _due(cluster, one, moment(lasts[one.name]), backups, now) for one in spec.schedules}
    if not spec.suspend:
        lasts |= {name: stamp(due.record) for name, due in dues.items() if due.record is not None}
    of_cluster = [one for one in backups if _is_of(one, cluster)]
    own = [_parsed(one) for one in of_cluster]
    newest = newest_verified(backups, cluster.uid)
    kept = [one for one in of_cluster if not one.get("status", {}).get("removing")]
    scheduled = [one for one in kept if SCHEDULE_LABEL in _labels(one)]
    status = BackupsStatus(
        schedules=tuple(ScheduleStatus(name=one.name, last=lasts[one.name]) for one in spec.schedules),
        verified=newest,
        kept=sum(one["status"].get("phase") == "Completed" for one in scheduled if "status" in one),
    )
    oldest = _oldest_unfinished([one for one in scheduled if _labels(one)[SCHEDULE_LABEL] in dues])
    gate = _stuck(oldest, now) or _health(
        spec, newest, own, min((moment(last) for last in known.values()), default=now), now
    )
    requeue = requeue_of(dues.values(), gate, GATE, unfinished=any(due.waits_for for due in dues.values()))
    if oldest is not None and now < _reported_at(oldest):
        requeue = (*requeue, At(_reported_at(oldest)))
    if cluster.spec.root_mount.read_only and spec.schedules:
        return ScheduleStep(status, gate=Gate(GATE, False, "RootMountReadOnly", READ_ONLY), requeue=requeue)
    if spec.suspend:
        return ScheduleStep(status, gate=gate, requeue=requeue)
    create = tuple(
        _manifest(cluster, one, str(dues[one.name].start)) for one in spec.schedules if dues[one.name].start is not None
    )
    return ScheduleStep(status, create, _expired(cluster, spec, scheduled, now), gate, requeue)


def _due(cluster: Cluster, one: BackupSchedule, last: datetime, backups: Sequence[Object], now: datetime) -> Due:
    names = cluster.names
    schedule = Schedule(one.name, Cron(one.schedule, cluster.spec.backup.time_zone))
    existing = [
        Existing(found["metadata"]["name"], unfinished=not found.get("status", {}).get("finished"))
        for found in backups
        if _labels(found).get(SCHEDULE_LABEL) == one.name
    ]
    return due_backup(schedule, OwnerKey("AlluxioCluster", names.namespace, names.cluster), last, existing, now)


def _manifest(cluster: Cluster, one: BackupSchedule, name: str) -> Mapping[str, Any]:
    """Return an AlluxioBackup without an owner: it has to outlive the cluster."""
    names = cluster.names
    destination = one.destination.model_dump(by_alias=True, mode="json", exclude_none=True)
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {
            "name": name,
            "namespace": names.namespace,
            "labels": {CLUSTER_LABEL: names.cluster, SCHEDULE_LABEL: one.name},
        },
        "spec": {
            "clusterRef": {"name": names.cluster},
            "destination": destination,
            "verify": one.verify,
        },
    }


def _expired(
    cluster: Cluster, spec: ScheduledBackups, scheduled: Sequence[Object], now: datetime
) -> tuple[Expired, ...]:
    rules = spec.retention
    policy = Policy(
        last=rules.last,
        within=timedelta(days=rules.within_days) if rules.within_days else None,
        hourly=rules.hourly,
        daily=rules.daily,
        weekly=rules.weekly,
        monthly=rules.monthly,
        zone=spec.time_zone,
    )
    if backups_to_remove(policy, map(_parsed, scheduled), cluster.uid, now).hold is not None:
        return ()
    places: dict[str, list[Backup]] = {}
    for one in scheduled:
        places.setdefault(_place(one), []).append(_parsed(one))
    # Each place has its own: backups in a bucket mustn't go since newer ones are in the root mount.
    removed = {name for own in places.values() for name in backups_to_remove(policy, own, cluster.uid, now).removed}
    if spec_of := cluster.spec.restore_in_place:
        removed.discard(spec_of.backup_name or "")
    return tuple(
        Expired(one["metadata"]["name"], one["metadata"]["uid"], _why(_parsed(one), rules, policy))
        for one in scheduled
        if one["metadata"]["name"] in removed and not one["spec"].get("ttlSecondsAfterFinished")
    )


def _why(one: Backup, rules: Retention, policy: Policy) -> str:
    """Return why a backup is removed, in a sentence."""
    if one.outcome is Outcome.VERIFIED:
        given = ", ".join(f"{name} {value}" for name, value in rules.model_dump(by_alias=True).items() if value)
        cause = f"no rule of spec.backup.retention ({given}) keeps it"
    else:
        what = "has failed" if one.outcome is Outcome.FAILED else "was never restored as a test"
        cause = f"it {what}, and spec.backup.retention keeps the newest {policy.failed} such ones"
    taken = stamp(one.taken)
    return f"Removing AlluxioBackup {one.name} of {taken}: {cause}. Its files are deleted first"


def _place(one: Object) -> str:
    """Return the volume or bucket that keeps a backup; an empty text for the root mount."""
    destination: Mapping[str, Any] = one["spec"].get("destination") or {}
    if volume := destination.get("volume"):
        return f"volume {volume['claimName']}"
    if bucket := destination.get("s3"):
        return f"s3 {bucket.get('endpoint', '')} {bucket['bucket']}"
    return ""


def _parsed(one: Object) -> Backup:
    status = one.get("status", {})
    finished, phase = bool(status.get("finished")), status.get("phase")
    if not finished:
        outcome = Outcome.FAILED if phase == "Invalid" else Outcome.RUNNING
    elif phase != "Completed":
        outcome = Outcome.FAILED
    else:
        outcome = Outcome.VERIFIED if status.get("verified") else Outcome.UNVERIFIED
    taken = status.get("started") or one["metadata"]["creationTimestamp"]
    return Backup(one["metadata"]["name"], status.get("clusterUid", ""), moment(taken), outcome)


def _is_of(one: Object, cluster: Cluster) -> bool:
    # A backup that hasn't begun knows no uid yet.
    return one.get("status", {}).get("clusterUid", "") in ("", cluster.uid)


def _labels(one: Object) -> Mapping[str, str]:
    labels: Mapping[str, str] = one["metadata"].get("labels", {})
    return labels


def _oldest_unfinished(scheduled: Sequence[Object]) -> Object | None:
    """Return the oldest backup of a schedule that hasn't ended: the next one of its schedule will wait for it."""
    held = [one for one in scheduled if not one.get("status", {}).get("finished")]
    return min(held, key=lambda one: str(one["metadata"]["creationTimestamp"]), default=None)


def _stuck(oldest: Object | None, now: datetime) -> Gate | None:
    """Return the closed gate of a schedule whose backup doesn't end; None while each does."""
    if oldest is None or now < _reported_at(oldest):
        return None
    said = oldest.get("status", {}).get("summary") or "it has not begun"
    name = oldest["metadata"]["name"]
    message = (
        f"AlluxioBackup {name} of a schedule, which holds up the next one, hasn't ended: {said}. Remedy: mend that, or "
        "delete it"
    )
    return Gate(GATE, False, "BackupStuck", message)


def _reported_at(oldest: Object) -> datetime:
    return moment(oldest["metadata"]["creationTimestamp"]) + STUCK_AFTER


def _health(
    spec: ScheduledBackups, newest: VerifiedBackup | None, own: Sequence[Backup], since: datetime, now: datetime
) -> Gate | None:
    """Return the gate: closed while more changes than the objective may be lost."""
    if not spec.schedules:
        return None
    failed = _last_failure(own)
    if newest is not None and moment(newest.taken) > now + CLOCK_SKEW:
        message = (
            f"AlluxioBackup {newest.name} was taken at {newest.taken}, which is in the future: a clock was wrong. "
            "Until then no backup is removed, and no recovery point is known. Remedy: correct the clock, or delete it"
        )
        return Gate(GATE, False, "TakenInTheFuture", message)
    objective = spec.recovery_point_objective_minutes
    if objective is None:
        if newest is None:
            message = f"there is no verified backup yet{failed}"
            return Gate(GATE, not failed, "LastFailed" if failed else "NoneYet", message)
        message = f"the newest verified backup is {newest.name}, taken at {newest.taken}{failed}"
        return Gate(GATE, not failed, "LastFailed" if failed else "Verified", message)
    limit = timedelta(minutes=objective)
    point = moment(newest.taken) if newest is not None else since
    late = point + limit
    what = (
        f"the newest verified backup is {newest.name}, taken at {newest.taken}"
        if newest
        else f"there is no verified backup, and the time counts from {stamp(since)}"
    )
    if now <= late:
        return Gate(GATE, True, "WithinObjective", f"{what}{failed}", Severity.INFO, At(late + timedelta(seconds=1)))
    message = f"{what}: that is more than spec.backup.recoveryPointObjectiveMinutes ({objective}) ago{failed}"
    return Gate(GATE, False, "RecoveryPointTooOld", message)


def _last_failure(own: Sequence[Backup]) -> str:
    tried = [one for one in own if one.outcome is not Outcome.RUNNING]
    last = max(tried, key=lambda one: (one.taken, one.name), default=None)
    if last is None or last.outcome is not Outcome.FAILED:
        return ""
    return f"; AlluxioBackup {last.name} has failed: its summary has the cause"
