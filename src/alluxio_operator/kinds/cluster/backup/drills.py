"""Decides which AlluxioDrills the schedule creates and removes, and whether the last one passed; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from alluxio_operator.api.alluxiobackup import CLUSTER_LABEL
from alluxio_operator.api.alluxiocluster import KIND as CLUSTER
from alluxio_operator.api.alluxiodrill import KIND, DrillSpec
from alluxio_operator.api.backups import DrillSchedule, DrillsStatus, PassedDrill
from alluxio_operator.api.base import API_VERSION, GROUP
from alluxio_operator.backups.due import Due, Existing, due_backup
from alluxio_operator.engine.conditions import moment, stamp
from alluxio_operator.engine.gate import Gate
from alluxio_operator.engine.ownership import owner_reference
from alluxio_operator.engine.schedule import Cron, Schedule
from alluxio_operator.engine.work import OwnerKey
from alluxio_operator.kinds.cluster.backup.step import Expired, ScheduleStep, requeue_of
from alluxio_operator.kinds.cluster.validate import Cluster
from alluxio_operator.kube.kinds import Object

GATE: Final = "DrillPassed"
LABEL: Final = f"{GROUP}/drill-schedule"
"""Label of a drill that the schedule created."""
SCHEDULE: Final = "drill"
"""Name of the schedule, which the names of drills contain."""

KEPT: Final = 3
"""Scheduled drills that stay once they have ended; the newest that passed stays in any case."""

CLEANING: Final = timedelta(hours=1)
"""Time beyond its own after which a drill that hasn't ended is reported."""


def next_drills_step(
    cluster: Cluster, before: DrillsStatus | None, drills: Sequence[Object] | None, now: datetime
) -> ScheduleStep[DrillsStatus]:
    """Return the next step; nothing while the AlluxioDrills weren't read, or for a cluster without a schedule."""
    spec = cluster.spec.backup.drill
    if drills is None or spec is None:
        return ScheduleStep()
    own = [one for one in drills if one.get("status", {}).get("clusterUid", "") in ("", cluster.uid)]
    scheduled = [one for one in own if LABEL in one["metadata"].get("labels", {})]
    last = before.last if before is not None else stamp(now)
    due = _due(cluster, spec, moment(last), scheduled, now)
    suspended = cluster.spec.backup.suspend
    if due.record is not None and not suspended:
        last = stamp(due.record)
    ended = sorted((one for one in own if _finished(one)), key=_finished)
    status = DrillsStatus(last=last, passed=newest_passed(own, cluster.uid))
    gate = _stuck(scheduled, now) or _passed(ended)
    unfinished = due.start is not None or any(not _finished(one) for one in own)
    requeue = requeue_of((due,), gate, GATE, unfinished=unfinished)
    if suspended:
        return ScheduleStep(status, gate=gate, requeue=requeue)
    create = (_manifest(cluster, spec, due.start),) if due.start is not None else ()
    return ScheduleStep(status, create, _expired(scheduled, status.passed), gate, requeue)


def _due(cluster: Cluster, spec: DrillSchedule, last: datetime, scheduled: Sequence[Object], now: datetime) -> Due:
    names = cluster.names
    schedule = Schedule(SCHEDULE, Cron(spec.schedule, cluster.spec.backup.time_zone))
    existing = [Existing(one["metadata"]["name"], unfinished=not _finished(one)) for one in scheduled]
    return due_backup(schedule, OwnerKey(CLUSTER, names.namespace, names.cluster), last, existing, now)


def _manifest(cluster: Cluster, spec: DrillSchedule, name: str) -> Mapping[str, Any]:
    names = cluster.names
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {
            "name": name,
            "namespace": names.namespace,
            "labels": {CLUSTER_LABEL: names.cluster, LABEL: SCHEDULE},
            "ownerReferences": [owner_reference(CLUSTER, names.cluster, cluster.uid)],
        },
        "spec": {
            "clusterRef": {"name": names.cluster},
            "sample": spec.sample.model_dump(by_alias=True, mode="json"),
            "timeoutSeconds": spec.timeout_seconds,
        },
    }


def _finished(one: Object) -> str:
    status: Mapping[str, Any] = one.get("status", {})
    if status.get("phase") == "Invalid":
        return str(status.get("finished") or one["metadata"].get("creationTimestamp", ""))
    return str(status.get("finished") or "")


def newest_passed(drills: Iterable[Object], uid: str) -> PassedDrill | None:
    """Return the newest drill that passed, of the cluster with a uid; None if none has."""
    own = [one for one in drills if one.get("status", {}).get("clusterUid") == uid]
    passed = [one for one in own if one["status"].get("passed") and one["status"].get("finished")]
    newest = max(passed, key=lambda one: (_finished(one), str(one["metadata"]["name"])), default=None)
    if newest is None:
        return None
    name, status = newest["metadata"]["name"], newest["status"]
    return PassedDrill(
        name=name,
        finished=status["finished"],
        rpo_seconds=int(status.get("rpoSeconds") or 0),
        rto_seconds=int(status.get("rtoSeconds") or 0),
    )


def _expired(scheduled: Sequence[Object], passed: PassedDrill | None) -> tuple[Expired, ...]:
    ended = sorted((one for one in scheduled if _finished(one)), key=_finished)
    kept = passed.name if passed is not None else ""
    return tuple(
        Expired(one["metadata"]["name"], one["metadata"]["uid"])
        for one in ended[:-KEPT]
        if one["metadata"]["name"] != kept
    )


def _stuck(scheduled: Iterable[Object], now: datetime) -> Gate | None:
    """Return the gate of a drill that should have ended: not only once the schedule's next one is due."""
    held = next((one for one in scheduled if not _finished(one) and now >= _overdue(one)), None)
    if held is None:
        return None
    said = held.get("status", {}).get("summary") or "it has not begun"
    message = (
        f"AlluxioDrill {held['metadata']['name']}, which hasn't ended, holds the schedule: {said}. Remedy: mend that, "
        "or delete it"
    )
    return Gate(GATE, False, "DrillStuck", message)


def _overdue(one: Object) -> datetime:
    begun = one.get("status", {}).get("started") or one["metadata"]["creationTimestamp"]
    seconds = one.get("spec", {}).get("timeoutSeconds") or DrillSpec.model_fields["timeout_seconds"].default
    return moment(str(begun)) + timedelta(seconds=int(seconds)) + CLEANING


def _passed(ended: Sequence[Object]) -> Gate:
    """Return the gate: closed while the newest drill that has ended failed."""
    if not ended:
        return Gate(GATE, True, "NoneYet", "no drill has ended yet")
    name, status = ended[-1]["metadata"]["name"], ended[-1]["status"]
    said = status.get("summary") or "its status has the cause"
    if status.get("passed"):
        return Gate(GATE, True, "Passed", f"AlluxioDrill {name} passed at {status['finished']}: {said}")
    message = f"AlluxioDrill {name} has failed: {said}. This turns True after the next drill that passes"
    return Gate(GATE, False, "LastFailed", message)
