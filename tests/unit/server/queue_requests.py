"""Requests to a queue, and steps of its rules, that the tests of the queue share."""

from __future__ import annotations

from alluxio_operator.engine.work import ChildRef, OwnerKey, Reason, Request
from alluxio_operator.server.queue_state import QueueState

EDIT, CHILD, REQUEUE, RESYNC = Reason


def key(name: str) -> OwnerKey:
    """Return the key of NAME, or of NAMESPACE/NAME."""
    namespace, _, name = name.rpartition("/")
    return OwnerKey("AlluxioCluster", namespace or "data", name)


def ask(name: str, reason: Reason = EDIT, *children: str, everything: bool = False) -> Request:
    refs = frozenset(ChildRef("StatefulSet", child) for child in children)
    return Request(key(name), reason, refs, everything)


def take(state: QueueState, now: float = 0.0) -> Request:
    taken = state.take(now)
    assert taken is not None
    return taken.request


def drain(state: QueueState, now: float = 0.0) -> list[str]:
    names = []
    while (taken := state.take(now)) is not None:
        names.append(taken.request.key.name)
        state.done(taken.request.key, now)
    return names
