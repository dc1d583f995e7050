"""The next step of a restore in place, as data, and the states that it goes through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from alluxio_operator.api.bootstrap import RestoreStatus
from alluxio_operator.api.inplace import RestoreInPlaceStatus
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.engine.gate import Gate
from alluxio_operator.engine.problem import Problem
from alluxio_operator.kinds.cluster.restore import attempts
from alluxio_operator.kinds.cluster.restore.earlier import shown_to_masters
from alluxio_operator.kinds.cluster.restore.source import Source
from alluxio_operator.kube.kinds import Object
from alluxio_operator.workloads.pods import Pod

Mode = Literal["aside", "empty", "back"]

CANCELLABLE: Final = ("AwaitingConfirmation", "BackingUp", "Checking")
STOPPED: Final = ("Stopping", "SettingAside", "Opening", "GoingBack")
"""States in which no master may run."""
UNPROVEN: Final = ("Stopping", "SettingAside", "Restoring", "GoingBack")
"""States in which a master that runs has no proven names."""
DISRUPTIVE: Final = (*UNPROVEN, "Opening", "Syncing", "Returning")


@dataclass(frozen=True, slots=True)
class InPlaceStep:
    """The restore in place to record, its gate, and what has to be done; `status` is None if there never was one."""

    status: RestoreInPlaceStatus | None = None
    gate: Gate | None = None
    record: bool = False
    """Whether the status has to have it before anything else happens."""
    job: Mode | None = None
    """What the journals' Jobs do."""
    skips: frozenset[int] = frozenset()
    """Ordinals of the masters that have no such Job: it is done, or may not run."""
    checks: bool = False
    """Whether the Job runs that reads the file."""
    failed: tuple[Object, ...] = ()
    """Jobs that failed permanently; the operator deletes each and recreates it under its name."""
    safety: Mapping[str, Any] | None = None
    """An AlluxioBackup to create."""
    marks: Pod | None = None
    """The leader that is to compare the restored names with the UFS."""
    workers: tuple[Pod, ...] = ()
    """Workers to delete, so that they start with empty tiers."""
    source: Source | None = None
    loss_since: datetime | None = None
    """Time after which unpersisted data would be lost; None for all of it."""
    needs_backup: bool = False
    needs_loss: bool = False
    needs_ufs_probe: bool = False
    warning: Problem | None = None

    @property
    def disrupts(self) -> bool:
        """Whether nothing else may restart a master."""
        return self.status is not None and self.status.state in DISRUPTIVE

    @property
    def unproven(self) -> bool:
        """Whether masters serve no names that are proven to be whole."""
        return self.status is not None and self.status.state in UNPROVEN

    @property
    def stops_masters(self) -> bool:
        """Whether no master may run."""
        known = self.status
        if known is None:
            return False
        emptying = known.state == "Restoring" and known.restore is not None and known.restore.state == "Emptying"
        return known.state in STOPPED or emptying

    @property
    def values(self) -> RestoreStatus | None:
        """The restore by the masters that the templates are about; None if there is none, or if it was taken back."""
        return shown_to_masters(self.status).restore if self.status is not None else None

    @property
    def job_operation(self) -> str:
        """The operation that the Jobs of the journals are named after."""
        known = self.status
        if known is None:
            return ""
        if self.job == "empty" and known.restore is not None:
            return attempts.emptying(known.restore)
        return job_operation(known)


def job_operation(known: RestoreInPlaceStatus) -> str:
    """Return the operation of the Jobs that set journals aside, or give them their names back."""
    return f"{known.operation}{'b' if known.state == 'GoingBack' else 'a'}"


def in_state(known: RestoreInPlaceStatus, state: str, now: datetime) -> RestoreInPlaceStatus:
    """Return the record in another state, since now; no Job of it is done."""
    return known.model_copy(update={"state": state, "since": stamp(now), "done": ()})
