"""The condition and the history of removals, in words; pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from alluxio_operator.api.removal import RemovalProof, RemovalStatus
from alluxio_operator.api.status import Change
from alluxio_operator.engine.conditions import moment, stamp
from alluxio_operator.engine.gate import BackOff, Gate, Requeue, Severity, waiting
from alluxio_operator.engine.history import OWN_MANAGER

GATE: Final = "WorkersRemoved"
FIELD: Final = "spec.workers.replicas"
SETTINGS: Final = "spec.workers.removal"
CAME_BACK: Final = "its data wasn't safe by the deadline"
POLL: Final = BackOff()
"""Neither copies nor listings cause events."""
NAMED: Final = 5
"""Paths that a message names at most."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a removal doesn't go on: the reason and message of its gate."""

    reason: str
    message: str


def in_words(count: int) -> str:
    """Return bytes for a reader, such as 4.1 GiB."""
    size = float(count)
    for unit in ("bytes", "KiB", "MiB", "GiB", "TiB"):
        if size < 1024 or unit == "TiB":
            break
        size /= 1024
    return f"{count} bytes" if unit == "bytes" else f"{size:.1f} {unit}"


def idle(history: Iterable[Change]) -> Gate:
    """Return the open gate while no worker is to be removed; it names the last removal."""
    last = next((one for one in reversed(tuple(history)) if one.what == "Decommissioned"), None)
    if last is None:
        return Gate(GATE, True, "Idle", "no worker is to be removed")
    return Gate(GATE, True, "Removed" if last.outcome == "Succeeded" else "Ended", last.message)


def progress(reason: str, message: str, requeue: Requeue | None = POLL) -> Gate:
    """Return the closed gate of a removal that goes on."""
    return waiting(GATE, message, reason, requeue)


def warning(reason: str, message: str) -> Gate:
    """Return the closed gate of a removal that may need a user."""
    return Gate(GATE, False, reason, message, Severity.WARNING, POLL)


def left(record: RemovalStatus) -> str:
    """Return what is still to be copied."""
    return f"{record.left_blocks} blocks ({in_words(record.left_bytes)}) are left to copy"


def remedy(worker: str) -> str:
    """Return what a user can do about a removal that doesn't end."""
    return (
        f"Fix the cause, set {FIELD} back to keep {worker}, or give the data up with {SETTINGS}.onDeadline: Remove, "
        "which removes the worker at the deadline"
    )


def lost_in_words(proof: RemovalProof) -> str:
    """Return what a forced removal loses."""
    if not proof.lost_files and not proof.lost_bytes:
        return "no file that is in no UFS is lost"
    named = ", ".join(proof.lost_paths[:NAMED]) + (" and others" if proof.lost_files > NAMED else "")
    return f"{in_words(proof.lost_bytes)} of {proof.lost_files} files that are in no UFS are lost: {named}"


def finished(record: RemovalStatus, number: int, generation: int, now: datetime) -> Change:
    """Return the history's entry of a removal that has ended; `number` is that of workers before it."""
    proof = record.proof
    complete = proof is None or proof.complete
    seconds = int((now - moment(record.since)).total_seconds())
    if complete:
        text = (
            f"{record.worker}: 0 sole copies, 0 files to persist, {in_words(record.moved_bytes)} moved in {seconds} s"
            + ("" if record.barrier == "Decommission" else "; without a barrier, see docs/removing-workers.md")
        )
    else:
        assert proof is not None  # noqa: S101 (for the type: no proof is complete)
        text = f"{record.worker}: removed at the deadline, {lost_in_words(proof)}"
    return _change(record, text, "Succeeded" if complete else "Failed", number, number - 1, generation, now)


def interrupted(record: RemovalStatus, number: int, generation: int, now: datetime) -> Change:
    """Return the history's entry of a removal whose pod ended by another cause before its data was safe."""
    rest = f"{in_words(record.left_bytes)} of {record.left_files} files" if record.left_bytes else "nothing"
    text = f"{record.worker}: its pod ended during the removal, when {rest} were left that only it had"
    return _change(record, text, "Failed" if record.left_bytes else "Superseded", number, number, generation, now)


def cancelled(record: RemovalStatus, number: int, generation: int, now: datetime, *, failed: bool) -> Change:
    """Return the history's entry of a worker that is back; `failed` if its data wasn't safe by the deadline."""
    text = f"{record.worker}: {CAME_BACK}" if failed else f"{record.worker}: the removal was cancelled"
    text += ", and the worker is registered again"
    return _change(record, text, "Failed" if failed else "Superseded", number, number, generation, now)


def _change(
    record: RemovalStatus, text: str, outcome: str, before: int, after: int, generation: int, now: datetime
) -> Change:
    return Change.model_validate(
        {
            "what": "Decommissioned",
            "from": f"{before} workers",
            "to": f"{after} workers",
            "started": record.since,
            "ended": stamp(now),
            "outcome": outcome,
            "generation": generation,
            "by": OWN_MANAGER,
            "message": text if len(text) <= 256 else text[:253] + "...",
        }
    )
