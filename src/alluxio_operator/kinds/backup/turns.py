"""Decides when the Job of a backup may start: a few at a time, so that Jobs don't take the nodes of clusters; pure.

One backup of a cluster is verified at a time, since each Job has the memory of a master. As many Jobs run in a
namespace as the operator's setting ALLUXIO_OPERATOR_BACKUP_JOBS allows. The backup that was written first goes first. A
Job that failed keeps its turn until its backup has ended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from alluxio_operator.engine.gate import BackOff, Gate, waiting
from alluxio_operator.kube.kinds import Object

SETTING: Final = "ALLUXIO_OPERATOR_BACKUP_JOBS"
QUEUED: Final = "Queued"

_UNENDED: Final = ("Requested", "Running")


def wait_for_turn(gate: str, own: Object, others: Sequence[Object], most: int, *, verifies: bool) -> Gate | None:
    """Return the closed gate of a Job that waits for the Jobs of others; None if it may start.

    `others` are the other backups of the namespace; `most` is the number of Jobs that may run there.
    """
    running = [one for one in others if _has_turn(one)]
    ahead = [one for one in others if _waits(one) and _order(one) < _order(own)] if verifies else []
    same = [one for one in (*running, *ahead) if _verifies(one) and _cluster(one) == _cluster(own)]
    if verifies and same:
        message = f"AlluxioBackup {_name(same[0])} of the same cluster is verified first"
    elif len(running) + len(ahead) >= most:
        message = (
            f"the Jobs of {len(running)} AlluxioBackups of the namespace run, and {len(ahead)} wait for longer; the "
            f"operator's setting {SETTING} allows {most}"
        )
    else:
        return None
    # Each that waits lists all others, so the more there are, the less often each looks.
    least = min(max(1.0, len(others) / 2), 300.0)
    return waiting(gate, message, QUEUED, BackOff(least=least, most=max(15.0, least)))


def reading(gate: str) -> Gate:
    """Return the closed gate before the other backups were read."""
    return waiting(gate, "the operator reads the other AlluxioBackups", QUEUED)


def _has_turn(one: Object) -> bool:
    state = (_status(one).get("job") or {}).get("state")
    return state in _UNENDED or (_verifies(one) and state == "Failed")


def _verifies(one: Object) -> bool:
    return not _status(one).get("finished")


def _waits(one: Object) -> bool:
    """Return True for a backup that is written, and has no Job yet."""
    status = _status(one)
    written = (status.get("run") or {}).get("state") == "Completed" and _verifies(one)
    return written and not status.get("job") and status.get("phase") != "Invalid"


def _order(one: Object) -> tuple[str, str]:
    return str((_status(one).get("run") or {}).get("since", "")), _name(one)


def _status(one: Object) -> Mapping[str, Any]:
    status: Mapping[str, Any] = one.get("status") or {}
    return status


def _cluster(one: Object) -> str:
    return str(one.get("spec", {}).get("clusterRef", {}).get("name", ""))


def _name(one: Object) -> str:
    return str(one["metadata"]["name"])
