"""Collections of resources that the API server doesn't let the operator list: no rights, or no CRD.

One of them mustn't stop the operator for all others. The operator skips it, says so, and tries again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

from alluxio_operator.kube.errors import ApiError, NotFound, Refused
from alluxio_operator.telemetry.metrics import Metrics

log = logging.getLogger(__name__)

RETRY_SECONDS: Final = 30.0
"""Seconds between two attempts to list what couldn't be listed."""

ANY_KIND: Final = "*"

Collection = tuple[str, str]
"""Kind and namespace; the namespace is empty for all."""


class Unlisted:
    """The collections that can't be listed now, by kind and namespace. Several threads may use it."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._lock = threading.Lock()
        self._now: set[Collection] = set()
        self._listed: set[Collection] = set()
        self._at_start: frozenset[Collection] = frozenset()

    @contextmanager
    def skip(self, kind: str, namespace: str) -> Iterator[None]:
        """Run the block, which lists a collection; record a refusal in place of raising it."""
        try:
            yield
        except (NotFound, Refused) as error:
            self._note(kind, namespace, error)
        else:
            self._clear(kind, namespace)

    def mark_start(self) -> str:
        """Remember what the hooks don't watch from now on; return it as text for their environment."""
        with self._lock:
            self._at_start = frozenset(self._now)
            # In a namespace of which no kind can be listed, children can't be watched either.
            listed = {namespace for _, namespace in self._listed}
            blind = {(ANY_KIND, namespace) for _, namespace in self._now if namespace not in listed}
            return as_text(self._now | blind)

    def any(self) -> bool:
        """Return True if a collection can't be listed."""
        with self._lock:
            return bool(self._now)

    def recovered(self) -> list[str]:
        """Return the collections that can be listed by now, though the hooks don't watch them."""
        with self._lock:
            return [f"{kind} in {namespace or 'all namespaces'}" for kind, namespace in self._at_start - self._now]

    def _note(self, kind: str, namespace: str, error: ApiError) -> None:
        with self._lock:
            known = (kind, namespace) in self._now
            self._now.add((kind, namespace))
            self._listed.discard((kind, namespace))
        self._metrics.unlisted.labels(kind, namespace).set(1)
        if not known:
            fields = {"kind": kind, "namespace": namespace or "all", "error": str(error)}
            log.error(
                "these resources can't be listed and are skipped: install the CRD, give the operator's service account "
                "the right to list them, or take the namespace out of WATCH_NAMESPACE",
                extra=fields,
            )

    def _clear(self, kind: str, namespace: str) -> None:
        with self._lock:
            known = (kind, namespace) in self._now
            self._now.discard((kind, namespace))
            self._listed.add((kind, namespace))
        self._metrics.unlisted.labels(kind, namespace).set(0)
        if known:
            log.info("these resources can be listed again", extra={"kind": kind, "namespace": namespace or "all"})


def as_text(collections: Iterable[Collection]) -> str:
    """Return collections as the hooks read them: KIND/NAMESPACE, separated by commas; "-" for none."""
    return ",".join(f"{kind}/{namespace}" for kind, namespace in sorted(collections)) or "-"
