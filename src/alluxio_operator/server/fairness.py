"""The queue's fairness between namespaces: they take turns, and slow ones leave a worker to the others; pure.

By namespace, since a tenant creates new owners at will.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from alluxio_operator.engine.work import OwnerKey, Reason

SLOW: Final = 2.0
"""Seconds after which a reconcile counts as slow: a server that hangs takes 3, and a healthy reconcile about 0.2."""

SLOW_FOR: Final = 600.0
"""Seconds for which a slow reconcile marks its namespace: servers that hang every other time stay slow."""

TURN: Final = 0.2
"""Seconds of a worker that count as one turn of a namespace."""

MOST_TURNS: Final = 300.0
"""Turns that one reconcile costs at most: a minute."""


class Shares:
    """Positions among requests of one reason, by what their namespaces had before.

    A tenant who edits a hundred resources a second, or whose reconciles take seconds, delays another tenant by one
    turn. The rule is start-time fair queueing (Goyal, Vin and Cheng): a request gets the number of the last one taken,
    or of its namespace's request before plus what that one cost.
    """

    def __init__(self) -> None:
        self._taken: dict[Reason, float] = {}
        """Share of the last request taken, by reason."""
        self._owed: dict[tuple[Reason, str], float] = {}
        """Share of the next request of a namespace, if it is ahead of the others."""

    def next_share(self, reason: Reason, namespace: str) -> float:
        """Return the share of a new request, which costs its namespace one turn."""
        return self._charge(reason, namespace, 1.0)

    def charge_for(self, seconds: float, reason: Reason, namespace: str) -> None:
        """Charge a namespace for a reconcile that took so many seconds."""
        self._charge(reason, namespace, min(seconds / TURN, MOST_TURNS))

    def take(self, share: float, reason: Reason) -> None:
        """Record that a worker takes the request with this share."""
        self._taken[reason] = max(self._taken.get(reason, 0.0), share)

    def forget(self) -> None:
        """Forget all shares, because no owner waits: a namespace that comes later owes nothing for what others had."""
        self._owed.clear()
        self._taken.clear()

    def _charge(self, reason: Reason, namespace: str, turns: float) -> float:
        share = max(self._owed.get((reason, namespace), 0.0), self._taken.get(reason, 0.0))
        self._owed[reason, namespace] = share + turns
        return share


class SlowNamespaces:
    """Namespaces with a slow reconcile; at most `most` of their owners run at the same time.

    So servers that hang can't take every worker from the other owners. `now` is monotonic time in seconds.
    """

    def __init__(self, most: float) -> None:
        self._most = most
        self._until: dict[str, float] = {}
        self._running: set[OwnerKey] = set()

    def begin(self, key: OwnerKey) -> None:
        """Count the reconcile of `key` that begins, if its namespace is slow."""
        if key.namespace in self._until:
            self._running.add(key)

    def observe(self, running: Iterable[tuple[OwnerKey, float]], now: float) -> None:
        """Count the running reconciles that have become slow; `running`: their owners, and when they began."""
        self._running.update(key for key, began in running if now - began > SLOW)

    def end(self, key: OwnerKey, began: float, now: float) -> bool:
        """Mark the namespace if its reconcile was slow; return True if another slow owner may run in its place."""
        if now - began > SLOW:
            self._until[key.namespace] = now + SLOW_FOR
        if key not in self._running:
            return False
        self._running.remove(key)
        return True

    def forget_expired(self, now: float) -> bool:
        """Forget namespaces that haven't been slow for a while; return True if there were any."""
        ended = [namespace for namespace, until in self._until.items() if until <= now]
        for namespace in ended:
            del self._until[namespace]
        return bool(ended)

    def holds(self, key: OwnerKey) -> bool:
        """Return True if `key` has to wait until a slow owner is done."""
        return len(self._running) >= self._most and key.namespace in self._until
