"""Lets resources of a kind work one after the other: those that have begun first, then by creation; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from alluxio_operator.engine.gate import BackOff
from alluxio_operator.kube.kinds import Object


def earlier(own: Object, others: Iterable[Object], has_begun: Callable[[Object], bool]) -> Object | None:
    """Return the one of `others`, which haven't ended, that goes before `own`; None if it is the turn of `own`."""

    def order(one: Object) -> tuple[bool, str, str]:
        meta = one["metadata"]
        return (not has_begun(one), meta.get("creationTimestamp", ""), meta["name"])

    first = min(others, key=order, default=None)
    return first if first is not None and order(first) < order(own) else None


def turn(others: Sequence[Object]) -> BackOff:
    """Return the requeue of one that waits: each lists all others, so the more wait, the less often each looks."""
    least = min(max(1.0, len(others) / 2), 300.0)
    return BackOff(least=least, most=max(15.0, least))
