"""An AlluxioBackup that an operation of the cluster requests and waits for; pure.

The operation

1. records the backup's name in the cluster's status (`Operation.intent`): the same request always has the same name;
2. creates it (`Create(manifest_of(...))`), and records that it did: one that exists already stays;
3. reads that one object (`backup.observe.read_backup`), and judges it (`judge`).

The backup has no owner and no schedule: it outlives the cluster, and no rule of `spec.backup.retention` removes it. An
AlluxioBackup waits while a disruptive operation acts, so an operation asks for its turn in the arbiter only after its
backup has finished.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Literal

from alluxio_operator.api.alluxiobackup import CLUSTER_LABEL, CLUSTER_UID_LABEL, KIND, LONGEST_NAME, PURPOSE_LABEL
from alluxio_operator.api.alluxiobackup_destination import Destination
from alluxio_operator.api.base import API_VERSION
from alluxio_operator.engine.gate import At
from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kube.kinds import Object
from alluxio_operator.kube.text import digest

Purpose = Literal["upgrade", "restore", "drill"]

POLL_SECONDS: Final = (1.0, 15.0)
"""Shortest and longest requeue delay while a backup is unfinished: an AlluxioBackup wakes no cluster."""
POLL_SHARE: Final = 1 / 30
"""Requeue delay as a share of the time that the operation has been waiting."""


@dataclass(frozen=True, slots=True)
class FoundBackup:
    """An AlluxioBackup as the API server has it; None if there is none."""

    resource: Object | None


@dataclass(frozen=True, slots=True)
class BackupRequest:
    """What an operation requests; `operation` is its identifier, such as a uid and a time, and gives the name."""

    purpose: Purpose
    operation: str
    destination: Destination = Destination()  # noqa: RUF009 (a frozen model)
    verify: Literal["Restore", "Check"] = "Restore"
    timeout_seconds: int | None = None
    """Time within which Alluxio has to write it; None for the default of AlluxioBackup."""
    ttl_seconds: int | None = None
    """Time after its end at which it deletes its files and itself; None if it stays."""

    def name(self, cluster: str) -> str:
        """Return the name of the AlluxioBackup; another destination or verification is another backup."""
        tail = f"{self.purpose}-{digest([cluster, self.purpose, self.operation, *self._what])[:8]}"
        return f"{cluster[: LONGEST_NAME - len(tail) - 1].rstrip('-.')}-{tail}"

    @property
    def _what(self) -> tuple[Any, ...]:
        return self.destination.model_dump(by_alias=True, mode="json", exclude_none=True), self.verify


class Phase(StrEnum):
    """State of a requested backup."""

    UNREAD = "Unread"
    """It has to be read first."""
    ABSENT = "Absent"
    """It has to be created."""
    WAITING = "Waiting"
    COMPLETED = "Completed"
    """Its file is whole, and with `verify: Restore` a master has restored it."""
    FAILED = "Failed"
    MISSING = "Missing"
    """It was created, and it or its files have been removed since."""


@dataclass(frozen=True, slots=True)
class RequestedBackup:
    """The state of a requested backup, and its cause in one line."""

    phase: Phase
    message: str = ""
    finished: datetime | None = None
    is_written: bool = False
    """Whether Alluxio has written the file, so that masters may restart while it is being verified."""


def manifest_of(request: BackupRequest, cluster: Names, uid: str) -> Mapping[str, Any]:
    """Return the AlluxioBackup that a request is for; it has no owner, since it has to outlive the cluster."""
    optional = {
        "timeoutSeconds": request.timeout_seconds,
        "ttlSecondsAfterFinished": request.ttl_seconds,
    }
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {
            "name": request.name(cluster.cluster),
            "namespace": cluster.namespace,
            "labels": {CLUSTER_LABEL: cluster.cluster, CLUSTER_UID_LABEL: uid, PURPOSE_LABEL: request.purpose},
        },
        "spec": {
            "clusterRef": {"name": cluster.cluster},
            "destination": request.destination.model_dump(by_alias=True, mode="json", exclude_none=True),
            "verify": request.verify,
            **{field: value for field, value in optional.items() if value is not None},
        },
    }


def judge(
    request: BackupRequest, cluster: Names, uid: str, found: FoundBackup | None, *, created: bool
) -> RequestedBackup:
    """Return the state of a requested backup; `created`: the status records its creation."""
    name = request.name(cluster.cluster)
    if found is None:
        return RequestedBackup(Phase.UNREAD, f"the operator reads AlluxioBackup {name}")
    if found.resource is None:
        message = f"AlluxioBackup {name} was deleted" if created else f"AlluxioBackup {name} is about to be created"
        return RequestedBackup(Phase.MISSING if created else Phase.ABSENT, message)
    meta, status = found.resource["metadata"], found.resource.get("status") or {}
    labels: Mapping[str, str] = meta.get("labels") or {}
    if (labels.get(PURPOSE_LABEL), labels.get(CLUSTER_UID_LABEL)) != (request.purpose, uid):
        message = (
            f"AlluxioBackup {name} lacks the labels that the operator creates it with: another client created or "
            "changed it"
        )
        return RequestedBackup(Phase.FAILED, message)
    if "deletionTimestamp" in meta or status.get("removing"):
        return RequestedBackup(Phase.MISSING, f"AlluxioBackup {name} is being removed")
    return _state_of(name, request, uid, status)


def _state_of(name: str, request: BackupRequest, uid: str, status: Mapping[str, Any]) -> RequestedBackup:
    summary, phase = str(status.get("summary") or ""), status.get("phase")
    written = (status.get("run") or {}).get("state") == "Completed"
    if phase == "Invalid":
        return RequestedBackup(Phase.FAILED, f"AlluxioBackup {name} is invalid: {summary}")
    finished = _time(status.get("finished"))
    if not status.get("finished"):
        said = f": {summary}" if summary else ""
        return RequestedBackup(Phase.WAITING, f"AlluxioBackup {name} isn't complete yet{said}", is_written=written)
    if phase != "Completed":
        return RequestedBackup(Phase.FAILED, f"AlluxioBackup {name} failed: {summary}", finished)
    if status.get("clusterUid") != uid or (request.verify == "Restore" and not status.get("verified")):
        message = f"AlluxioBackup {name} is complete, and no restore of this cluster's names has proven it"
        return RequestedBackup(Phase.FAILED, message, finished)
    return RequestedBackup(Phase.COMPLETED, f"AlluxioBackup {name} is complete", finished, is_written=True)


def next_poll(since: datetime, now: datetime) -> At:
    """Return the requeue of an operation that has been waiting for its backup since a moment."""
    shortest, longest = POLL_SECONDS
    delay = min(max(shortest, (now - since).total_seconds() * POLL_SHARE), longest)
    return At(now + timedelta(seconds=delay))


def _time(text: object) -> datetime | None:
    # Another client may write a status, too.
    try:
        read = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return read if read.tzinfo else None
