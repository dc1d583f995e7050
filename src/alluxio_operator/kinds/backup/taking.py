"""Decides when the leading master is asked for a backup, and when the backup is written; pure.

The operator records a request before it sends it. If the answer is lost, it asks again, which at worst leaves one more
file in the folder of this backup.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from alluxio_operator.alluxio.answers import BackupStatus, NoAnswer
from alluxio_operator.api.alluxiobackup import BackupRun
from alluxio_operator.backups.request import RETRY_AFTER, is_acting
from alluxio_operator.engine.conditions import moment, stamp
from alluxio_operator.engine.gate import At, BackOff, Gate, blocked, waiting
from alluxio_operator.engine.turns import earlier, turn
from alluxio_operator.kinds.backup.disruption import disruption_of, held_rollout, own_operation
from alluxio_operator.kinds.backup.observed import Observed
from alluxio_operator.kinds.backup.turns import is_waited_for
from alluxio_operator.kinds.backup.validate import Backup
from alluxio_operator.kinds.cluster.clients import is_read_only
from alluxio_operator.kube.kinds import Object

GATE: Final = "BackupTaken"

RETRY_UNREACHED: Final = (timedelta(seconds=5), timedelta(seconds=60))
"""Shortest and longest pause after a request that reached no leader; it doubles."""

READ_ONLY: Final = (
    "spec.rootMount.readOnly of AlluxioCluster {} is true: Alluxio writes each backup into the root mount first, also "
    "one with a volume or a bucket as destination. Remedy: set spec.rootMount.readOnly to false, and create another "
    "AlluxioBackup"
)
POLL_SECONDS: Final = (1.0, 15.0)
POLL_SHARE: Final = 1 / 30
"""Requeue delay while a backup runs, as a share of the time for which it has run: its end causes no event."""

FILE_NAME: Final = re.compile(r"alluxio-backup-[0-9-]+\.gz")
"""Alluxio's names of backups; source: BackupManager.BACKUP_FILE_FORMAT of 2.9.4."""


@dataclass(frozen=True, slots=True)
class Taking:
    """The run to record, whether to ask the leader now, and the gate; `failure` ends the backup."""

    run: BackupRun | None
    gate: Gate
    start: bool = False
    failure: str = ""


def next_taking(backup: Backup, observed: Observed, now: datetime) -> Taking:
    """Return the state of the backup as the leading master makes it."""
    run = observed.status.run
    if run is not None and run.state == "Completed":
        return _written(run)
    if run is not None and run.state == "Failed":
        return Taking(run, blocked(GATE, "Failed", run.message), failure=run.message)
    if run is not None and run.state not in ("Requested", "Running"):
        # A newer operator wrote it.
        message = f"the backup is on record as {run.state}, which this version of the operator doesn't know"
        return Taking(run, blocked(GATE, "StateUnknown", f"{message}: run the version that wrote it, or a newer one"))
    if (failure := _lost_cluster(backup, observed)) is not None:
        # Before it has begun, a user may still create the cluster.
        return _failed(run, failure, now) if run is not None else Taking(None, blocked(GATE, "ClusterMissing", failure))
    if run is None and observed.cluster is not None and is_read_only(observed.cluster):
        refused = _failed(run, READ_ONLY.format(backup.cluster), now)
        return replace(refused, gate=replace(refused.gate, reason="RootMountReadOnly"))
    if run is None and (hold := _hold(backup, observed, now)) is not None:
        return Taking(None, hold)
    if run is None:
        run = BackupRun(state="Requested", since=stamp(now))
    elif run.state == "Running":
        run = _with_progress(backup, observed, run, now)
        if run.state == "Completed":
            return _written(run)
        if run.state == "Failed":
            return _failed(run, run.message, now)
    if _is_late(backup, observed, now):
        cause = f": {run.message}" if run.message else ""
        return _failed(run, f"Alluxio hasn't written the backup within {backup.spec.timeout_seconds} s{cause}", now)
    if run.state == "Running":
        elapsed = (now - moment(run.since)).total_seconds()
        pause = min(max(POLL_SECONDS[0], elapsed * POLL_SHARE), POLL_SECONDS[1])
        message = f"{run.leader} writes the backup"
        return Taking(run, waiting(GATE, message, "Running", At(now + timedelta(seconds=pause))))
    return _request(observed, run, now)


def _written(run: BackupRun) -> Taking:
    return Taking(run, Gate(GATE, True, "Completed", f"Alluxio wrote {run.entries} entries to {run.uri}"))


def after_start(run: BackupRun, answer: str | NoAnswer, now: datetime) -> BackupRun:
    """Return the run after the leader answered the request, with the backup's id or an error."""
    if not isinstance(answer, NoAnswer):
        return run.model_copy(
            update={"state": "Running", "id": answer[:64], "message": "", "retry_at": None, "since": stamp(now)}
        )
    pause = RETRY_AFTER if answer.reached else _pause_unreached(run)
    return run.model_copy(update={"message": answer.reason[:512], "retry_at": stamp(now + pause)})


def _request(observed: Observed, run: BackupRun, now: datetime) -> Taking:
    due = run.retry_at is None or now >= moment(run.retry_at)
    said = (
        f"the leading master hasn't begun the backup: {run.message}" if run.message else "the backup is about to start"
    )
    if observed.leader is None:
        return Taking(run, waiting(GATE, f"{said}; no master leads now", "NoLeader", BackOff()))
    if not due:
        at = moment(run.retry_at) if run.retry_at else now
        # Without the time, which would make each try another Event.
        message = f"{said}. The operator retries at the time in status.run.retryAt"
        return Taking(run, Gate(GATE, False, "Retrying", message, requeue=At(at)))
    # Recorded before the request: a lost answer, or a crash, mustn't cause another request at once.
    asked = run.model_copy(
        update={
            "attempts": run.attempts + 1,
            "retry_at": stamp(now + RETRY_AFTER),
            "leader": observed.leader.name,
            "id": "",
        }
    )
    if run.message:
        # The same words as before the try, for a leader that refuses it again.
        message = f"{said}. The operator retries at the time in status.run.retryAt"
        return Taking(asked, Gate(GATE, False, "Retrying", message, requeue=At(now + timedelta(seconds=1))), start=True)
    return Taking(asked, waiting(GATE, said, "Requested", At(now + timedelta(seconds=1))), start=True)


def _lost_cluster(backup: Backup, observed: Observed) -> str | None:
    name, cluster = backup.cluster, observed.cluster
    if cluster is None:
        return f"spec.clusterRef names AlluxioCluster {name}, which doesn't exist in this namespace: create it first"
    if "deletionTimestamp" in cluster["metadata"]:
        return f"AlluxioCluster {name} is being deleted"
    known = observed.status.cluster_uid
    if known and known != cluster["metadata"]["uid"]:
        return (
            f"AlluxioCluster {name} was deleted and created again since the backup began: create another AlluxioBackup"
        )
    return None


def _hold(backup: Backup, observed: Observed, now: datetime) -> Gate | None:
    """Return the gate of a backup that can't begin yet; None if it can."""
    cluster = observed.cluster or {}
    if first := _earlier(observed, now):
        other = first["metadata"]["name"]
        message = f"AlluxioBackup {other} of the same cluster has to finish first"
        return waiting(GATE, message, "OtherBackup", turn(observed.others))
    held = held_rollout(observed.resource, cluster, now)
    if message := disruption_of(cluster, own_operation(observed), now) or held:
        return waiting(GATE, message, "WaitingForOperation", BackOff())
    if observed.leader is None:
        message = f"AlluxioCluster {backup.cluster} has no leading master; its conditions report why"
        return Gate(GATE, False, "NoLeader", message, requeue=BackOff())
    return None


def _earlier(observed: Observed, now: datetime) -> Object | None:
    """Return an unfinished backup that goes first: one that has begun, or one that was created earlier.

    A backup that an operation waits for goes before those of which the leader writes none now.
    """
    others = observed.others
    if is_waited_for(observed.resource):
        others = tuple(one for one in others if is_acting(one.get("status", {}).get("run") or {}, now))
    return earlier(observed.resource, others, lambda one: bool(one.get("status", {}).get("run")))


def _is_late(backup: Backup, observed: Observed, now: datetime) -> bool:
    started = observed.status.started
    return started is not None and now > moment(started) + timedelta(seconds=backup.spec.timeout_seconds)


def _with_progress(backup: Backup, observed: Observed, run: BackupRun, now: datetime) -> BackupRun:
    answer = observed.answer
    if not isinstance(answer, BackupStatus):
        return run
    if answer.state == "Completed":
        folder, _, name = answer.uri.rpartition("/")
        expected = f"/{backup.folder(observed.status.cluster_uid)}"
        if not FILE_NAME.fullmatch(name) or not folder.endswith(expected):
            message = f"the leading master reports that it wrote to {answer.uri[:200]}, which isn't in {expected}"
            return run.model_copy(update={"state": "Failed", "message": message[:512], "since": stamp(now)})
        update = {"state": "Completed", "uri": answer.uri[:1024], "entries": answer.entries, "since": stamp(now)}
        return run.model_copy(update=update)
    if answer.state == "Failed":
        # To ask the same leader again is what an administrator would do, until the time is over.
        retry = stamp(now + RETRY_AFTER)
        update = {"state": "Requested", "message": answer.error[:512], "since": stamp(now), "retry_at": retry, "id": ""}
        return run.model_copy(update=update)
    if answer.state == "Unknown":
        # The leader has changed. The new one doesn't know the backup.
        message = f"{run.leader} doesn't lead any more, or has restarted"
        retry = stamp(now + _pause_unreached(run))
        update = {"state": "Requested", "id": "", "message": message, "since": stamp(now), "retry_at": retry}
        return run.model_copy(update=update)
    return run


def _failed(run: BackupRun | None, message: str, now: datetime) -> Taking:
    known = run or BackupRun(state="Failed", since=stamp(now))
    failed = known.model_copy(
        update={"state": "Failed", "message": message[:512], "since": stamp(now), "retry_at": None}
    )
    return Taking(failed, blocked(GATE, "Failed", message), failure=message)


def _pause_unreached(run: BackupRun) -> timedelta:
    shortest, longest = RETRY_UNREACHED
    doubled: timedelta = shortest * 2 ** min(max(run.attempts - 1, 0), 10)
    return min(doubled, longest)
