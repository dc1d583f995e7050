"""Decides which of several disruptive operations on one resource may act now; pure.

Two operations together could disrupt more than either may alone. For example, a rollout that replaces a worker during
the drain of another would take two workers out. So one operation acts at a time, in a fixed order. The status reports
for which operation each of the others waits, and since when. An operation asks for its turn only while it can act or is
in the middle of a step: one that waits for something else, such as a maintenance window, doesn't block the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from alluxio_operator.api.status import OperationStatus
from alluxio_operator.engine.conditions import moment, stamp
from alluxio_operator.engine.gate import BackOff
from alluxio_operator.engine.operation import Operation
from alluxio_operator.engine.requeue import poll

ORDER: Final = (
    "volume-protection",
    "heal",
    "restore",
    "restore-in-place",
    "rollback",
    "decommission",
    "members",
    "rollout",
    "expansion",
    "rebalance",
    "tuning",
)
"""Priority: first the protection of volumes that are being deleted, during which no pod may end; then operations that
restore service or data, changes that a user requested, and optimisations. New masters come before the rollout that
tells the others of them: a lone master must not restart while the second one joins."""

REQUEUE: Final = BackOff(least=5.0)
"""For a waiting operation: the end of the other one often causes no event."""


@dataclass(frozen=True, slots=True)
class Arbitration:
    """The operations, of which at most one disrupts, and their status."""

    operations: tuple[Operation, ...]
    status: tuple[OperationStatus, ...]


def arbitrate(operations: Sequence[Operation], before: Iterable[OperationStatus], now: datetime) -> Arbitration:
    """Let the first in the order act and hold the others; `before` has the times since when each acts or waits.

    Of several operations with the same name, such as two repairs, the first one acts.
    """
    asking = sorted({one.disruption for one in operations if one.disruption is not None}, key=ORDER.index)
    known = {(one.name, one.waits_for): one.since for one in before}
    first = asking[0] if asking else None
    status = tuple(
        OperationStatus(
            name=name,
            waits_for=None if name == first else first,
            since=known.get((name, None if name == first else first)) or stamp(now),
        )
        for name in asking
    )
    since = {one.name: one.since for one in status}
    acts = next((one for one in operations if first is not None and one.disruption == first), None)
    return Arbitration(
        tuple(
            one
            if one.disruption is None or first is None or one is acts
            else _held(one, first, since[one.disruption], now)
            for one in operations
        ),
        status,
    )


def _held(operation: Operation, first: str, since: str, now: datetime) -> Operation:
    message = _message(operation.disruption or "", first, since)
    return operation.held(message, poll(moment(since), now, REQUEUE))


def _message(name: str, first: str, since: str) -> str:
    other = f"another {first}" if name == first else f"the {first}"
    return f"the {name} waits for {other} since {since}: only one operation at a time may disrupt the cluster"
