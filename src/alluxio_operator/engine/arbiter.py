"""Decides which of several disruptive operations on one resource may act now; pure.

Two of them together take away more than either was allowed to: a rollout that replaces a worker while another one is
being drained leaves two workers out. So one acts at a time, in a fixed order, and each of the others says for which
it waits and since when. An operation asks only while it can act or is in the midst of a step: one that is held by
something else, such as a maintenance window, is in nobody's way.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from alluxio_operator.api.status import OperationStatus
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.engine.operation import Operation

ORDER: Final = ("heal", "restore", "rollback", "decommission", "rollout", "expansion", "rebalance", "tuning")
"""Who goes first: what brings service or data back, then what people asked for, then what only improves."""

LOOK_AGAIN: Final = 5.0
"""Seconds until a waiting operation is decided again; the end of another one is rarely an event."""


@dataclass(frozen=True, slots=True)
class Arbitration:
    """The operations, of which at most one disrupts, and what the status says of them."""

    operations: tuple[Operation, ...]
    status: tuple[OperationStatus, ...]


def arbitrate(operations: Sequence[Operation], before: Iterable[OperationStatus], now: datetime) -> Arbitration:
    """Let the first in the order act and hold the others; `before` says since when each has been acting or waiting."""
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
    return Arbitration(
        tuple(
            one.held(_message(one.disruption, first, since[one.disruption]), LOOK_AGAIN)
            if one.disruption is not None and first is not None and one.disruption != first
            else one
            for one in operations
        ),
        status,
    )


def _message(name: str, first: str, since: str) -> str:
    return f"the {name} waits for the {first}, since {since}: only one operation at a time may disturb the cluster"
