"""Decides when the Job of a backup may start: a few at a time, so that Jobs don't take the nodes of clusters; pure.

One backup of a cluster is verified at a time, since each Job has the memory of a master. As many Jobs run in a
namespace as the operator's setting ALLUXIO_OPERATOR_BACKUP_JOBS allows. A backup that an upgrade or a restore waits for
goes first, then the one that was written first. The Job of a verification that failed keeps its turn until its last
attempt.

A Job that removes files needs little, and may fail for months. So one of four Jobs may remove files, each of its
attempts queues, and it holds up no verification: while it runs, one Job more than the setting may run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from alluxio_operator.api.alluxiobackup import PURPOSE_LABEL
from alluxio_operator.engine.gate import BackOff, Gate, waiting
from alluxio_operator.kinds.backup.policies import VERIFICATION
from alluxio_operator.kube.kinds import Object

SETTING: Final = "ALLUXIO_OPERATOR_BACKUP_JOBS"
QUEUED: Final = "Queued"

REMOVALS: Final = 4
"""One of so many Jobs may remove files."""

_UNENDED: Final = ("Requested", "Running")


def wait_for_turn(gate: str, own: Object, others: Sequence[Object], most: int, *, verifies: bool) -> Gate | None:
    """Return the closed gate of a Job that waits for the Jobs of others; None if it may start.

    `others` are the other backups of the namespace; `most` is the number of Jobs that may run there.
    """
    verified, removed = [one for one in others if _is_verified(one)], [one for one in others if _is_removed(one)]
    ahead = [one for one in others if _waits(one) and _order(one) < _order(own)] if verifies else []
    same = [one for one in (*verified, *ahead) if _cluster(one) == _cluster(own)]
    if verifies and same:
        message = f"AlluxioBackup {_name(same[0])} of the same cluster is verified first"
    elif verifies and len(verified) + len(ahead) >= most:
        message = (
            f"the Jobs of {len(verified)} AlluxioBackups of the namespace run, and {len(ahead)} wait for longer; the "
            f"operator's setting {SETTING} allows {most}"
        )
    elif not verifies and len(verified) + len(removed) >= most:
        running = len(verified) + len(removed)
        message = (
            f"the Jobs of {running} AlluxioBackups of the namespace run; the operator's setting {SETTING} allows {most}"
        )
    elif not verifies and len(removed) >= max(1, most // REMOVALS):
        message = (
            f"the files of {len(removed)} other AlluxioBackups of the namespace are being removed, and one of "
            f"{REMOVALS} Jobs may do that; the operator's setting {SETTING} allows {most}"
        )
    else:
        return None
    # Each that waits lists all others, so the more there are, the less often each looks.
    least = min(max(1.0, len(others) / 2), 300.0)
    return waiting(gate, message, QUEUED, BackOff(least=least, most=max(15.0, least)))


def is_waited_for(one: Object) -> bool:
    """Return True for a backup that an operation of its cluster has requested: it goes before others."""
    labels: Mapping[str, str] = one["metadata"].get("labels") or {}
    return labels.get(PURPOSE_LABEL) in ("upgrade", "restore")


def reading(gate: str) -> Gate:
    """Return the closed gate before the other backups were read."""
    return waiting(gate, "the operator reads the other AlluxioBackups", QUEUED)


def _is_verified(one: Object) -> bool:
    """Return True for a backup whose verification has its turn."""
    status = _status(one)
    job: Mapping[str, Any] = status.get("job") or {}
    if not _verifies(one) or status.get("phase") == "Invalid":
        return False
    # After its last attempt, the backup may only wait for Alluxio to delete its file in the root mount.
    given_up = VERIFICATION.gives_up(int(job.get("attempt", 0)), str(job.get("reason", "")))
    return job.get("state") in _UNENDED or (job.get("state") == "Failed" and not given_up)


def _is_removed(one: Object) -> bool:
    """Return True for a backup whose files a Job deletes now."""
    return not _verifies(one) and (_status(one).get("job") or {}).get("state") in _UNENDED


def _verifies(one: Object) -> bool:
    return not _status(one).get("finished")


def _waits(one: Object) -> bool:
    """Return True for a backup that is written, and has no Job yet."""
    status = _status(one)
    written = (status.get("run") or {}).get("state") == "Completed" and _verifies(one)
    return written and not status.get("job") and status.get("phase") != "Invalid"


def _order(one: Object) -> tuple[bool, str, str]:
    return not is_waited_for(one), str((_status(one).get("run") or {}).get("since", "")), _name(one)


def _status(one: Object) -> Mapping[str, Any]:
    status: Mapping[str, Any] = one.get("status") or {}
    return status


def _cluster(one: Object) -> str:
    return str(one.get("spec", {}).get("clusterRef", {}).get("name", ""))


def _name(one: Object) -> str:
    return str(one["metadata"]["name"])
