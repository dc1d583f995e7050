"""Keeps what autoscaling has to remember, and looks again in time; pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from alluxio_operator.engine.operation import Operation, soonest
from alluxio_operator.kinds.presto.view import View

POLL_LOAD: Final = 5.0
"""Seconds between two looks while the load decides on the number of workers: no event reports it."""
JUST_AFTER: Final = 0.5
"""Seconds by which a look comes after the moment that it is for: just before it, a window would still be closed."""


def operations(view: View) -> Iterable[Operation]:
    """Yield the number of workers that is wanted, with the moment at which it may change."""
    autoscaling, target = view.presto.spec.autoscaling, view.target
    # Without a coordinator there is no load to look at.
    by_load = autoscaling is not None and autoscaling.load is not None and view.coordinator.passed
    yield Operation(
        "autoscaling",
        status={"autoscaling": target.status},
        requeue_after=soonest(
            (
                POLL_LOAD if by_load else None,
                None if target.changes_in is None else target.changes_in + JUST_AFTER,
            )
        ),
    )
