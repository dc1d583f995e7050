"""Listings of whole namespaces, each in a thread that outlives the reconcile that asked for it.

A listing of some million files takes longer than a reconcile may. So a thread lists, with a bound of its own, and the
reconciles look at it until it has ended. A restarted operator begins again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Final

from alluxio_operator.alluxio.answers import NoAnswer, Unfinished, UnpersistedFiles

log = logging.getLogger(__name__)

AT_ONCE: Final = 2
"""Listings that run at the same time; the others wait."""

LISTS_FOR: Final = 900.0
"""Seconds after which a listing ends with what it has counted: some 20 million files at the rate of 100,000 in 4 s."""

Found = UnpersistedFiles | NoAnswer


@dataclass(slots=True)
class _Listing:
    about: Hashable
    ended: threading.Event = field(default_factory=threading.Event)
    found: Found | None = None


class Listings:
    """The listings under way, one for each owner."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turn = threading.Semaphore(AT_ONCE)
        self._by_owner: dict[Hashable, _Listing] = {}

    def ask(self, owner: Hashable, about: Hashable, lists: Callable[[], Found], seconds: float) -> Found | Unfinished:
        """Return the answer once, or Unfinished if there is none after `seconds`.

        `about` is what the listing depends on: for another leader or time, another one begins.
        """
        with self._lock:
            known = self._by_owner.get(owner)
            if known is None or known.about != about:
                known = self._by_owner[owner] = _Listing(about)
                threading.Thread(target=self._run, args=(known, lists), name="listing", daemon=True).start()
        if not known.ended.wait(seconds):
            return Unfinished()
        self.forget(owner)
        return known.found if known.found is not None else NoAnswer("the listing failed; the operator's log has why")

    def forget(self, owner: Hashable) -> None:
        """Drop the listing of an owner; its thread ends by its own bound."""
        with self._lock:
            self._by_owner.pop(owner, None)

    def _run(self, listing: _Listing, lists: Callable[[], Found]) -> None:
        try:
            with self._turn:
                listing.found = lists()
        except Exception:
            log.exception("a listing of a namespace failed")
        finally:
            listing.ended.set()
