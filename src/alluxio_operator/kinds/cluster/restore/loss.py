"""What a restore in place would lose: files that only workers have, counted before the confirmation; pure.

The count lists the whole namespace, which may take minutes. A count that ended early, or that can't be repeated, keeps
the figures that it has: they are the least that would be lost, and the rest is called unknown.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from alluxio_operator.alluxio.answers import NoAnswer, Unfinished, UnpersistedFiles
from alluxio_operator.api.base import in_binary
from alluxio_operator.api.inplace import MOST_PATHS, MOST_WORKERS, RestoreInPlaceStatus, RestoreLoss, WorkerLoss
from alluxio_operator.engine.conditions import moment, stamp
from alluxio_operator.kinds.cluster.masters.quorum import serving_leader
from alluxio_operator.kinds.cluster.observed import Observed

LOSS_HOLDS: Final = timedelta(minutes=30)
"""Time after which the operator asks again what would be lost."""

UNKNOWN_HOLDS: Final = timedelta(minutes=5)
"""The same after a question without an answer."""

NO_LEADER: Final = "no master leads"
"""Why there is no answer if there was nothing to ask: then the operator asks as soon as a master leads."""

COUNTS_FOR: Final = timedelta(minutes=20)
"""Time after which a count that doesn't end is given up: more than the listing's own (`alluxio.listings`)."""

SHOWN: Final = 5
"""Workers and paths in a message; the status has more."""

_KIB: Final = 1024


def needs_loss(known: RestoreInPlaceStatus, observed: Observed, now: datetime) -> bool:
    """Return True if the leader has to be asked what would be lost."""
    if observed.unpersisted is not None:
        return False
    if known.loss is None or known.loss_asked is not None:
        return True
    if known.loss.unknown == NO_LEADER and serving_leader(observed) is not None:
        return True
    return now >= moment(known.loss.checked) + (UNKNOWN_HOLDS if known.loss.unknown else LOSS_HOLDS)


def is_counting(known: RestoreInPlaceStatus) -> bool:
    """Return True while the first count goes on: no text confirms what isn't counted yet."""
    return known.loss is None and known.loss_asked is not None


def with_loss(known: RestoreInPlaceStatus, observed: Observed, now: datetime) -> RestoreInPlaceStatus:
    """Return the record with the answer about what would be lost."""
    answer = observed.unpersisted
    if answer is None:
        return known
    if isinstance(answer, Unfinished):
        asked = known.loss_asked or stamp(now)
        if now < moment(asked) + COUNTS_FOR:
            return known.model_copy(update={"loss_asked": asked})
        answer = NoAnswer(f"the count didn't end within {COUNTS_FOR}")
    return known.model_copy(update={"loss": _after(known.loss, answer, now), "loss_asked": None})


def _after(before: RestoreLoss | None, answer: UnpersistedFiles | NoAnswer, now: datetime) -> RestoreLoss:
    counted = None if isinstance(answer, NoAnswer) else _counted(answer, now)
    if counted is not None and not counted.unknown:
        return counted
    reason = answer.reason if isinstance(answer, NoAnswer) else answer.incomplete
    if before is not None and before.counted and (counted is None or before.files >= counted.files):
        # A later question without a whole answer takes nothing back.
        return before.model_copy(update={"unknown": reason, "checked": stamp(now)})
    return counted or RestoreLoss(unknown=reason, checked=stamp(now))


def _counted(found: UnpersistedFiles, now: datetime) -> RestoreLoss:
    worst = sorted(found.workers.items(), key=lambda one: (-one[1][1], one[0]))
    return RestoreLoss(
        unknown=found.incomplete,
        files=found.files,
        bytes=found.bytes,
        workers=tuple(
            WorkerLoss(worker=host[:253], files=files, bytes=size) for host, (files, size) in worst[:MOST_WORKERS]
        ),
        paths=tuple(path[:512] for path in found.paths[:MOST_PATHS]),
        checked=stamp(now),
        counted=stamp(now),
    )


def in_words(loss: RestoreLoss | None) -> str:
    """Return what would be lost, in a sentence or two."""
    if loss is None:
        return "UNKNOWN how much would be lost: the leading master wasn't asked yet."
    if loss.unknown and not loss.counted:
        return (
            f"UNKNOWN how much would be lost: {loss.unknown}. All newer files that are only on workers are lost for "
            "good, and the operator can't count them."
        )
    if loss.unknown:
        return (
            f"At least this would be lost, counted at {loss.counted}: {_figures(loss)}. UNKNOWN is the rest: "
            f"{loss.unknown}."
        )
    if not loss.files:
        return (
            "No newer file is only on workers. That says nothing about files that were deleted or overwritten in the "
            "UFS since: a backup has their names, not their data."
        )
    return f"Lost are {_figures(loss)}."


def in_short(loss: RestoreLoss | None) -> str:
    """Return what was lost, for the history."""
    if loss is None or (loss.unknown and not loss.counted):
        return "unpersisted files lost: unknown"
    least = "at least " if loss.unknown else ""
    return f"unpersisted files lost: {least}{loss.files} ({size(loss.bytes)})"


def _figures(loss: RestoreLoss) -> str:
    on = _some(f"{one.worker} ({one.files} files, {size(one.bytes)})" for one in loss.workers)
    listed = f"; {_some(loss.paths)}" if loss.paths else ""
    where = f": on {on or 'no live worker'}" if loss.files else ""
    return f"{loss.files} newer files that are only on workers, {size(loss.bytes)}{where}{listed}"


def _some(given: Iterable[str]) -> str:
    texts = list(given)
    return ", ".join(texts[:SHOWN]) + (f" and {len(texts) - SHOWN} others" if len(texts) > SHOWN else "")


def size(count: int) -> str:
    """Return a number of bytes for people, rounded."""
    if count < _KIB:
        return f"{count} bytes"
    unit = _KIB**2 if count >= _KIB**2 else _KIB
    return in_binary(max(1, round(count / unit)) * unit)
