"""Reads the usage of a resource's pods from the metrics API, no more often than the API measures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alluxio_operator.api.status import Change
from alluxio_operator.engine.look import Look
from alluxio_operator.engine.usage import AFTERWARDS, PERIOD, Reading, RoleOf, UsageReading, reading, worth_asking
from alluxio_operator.engine.work import OwnerKey
from alluxio_operator.kube.metrics_api import pods_used
from alluxio_operator.kube.used import NoMetrics


@dataclass(frozen=True, slots=True)
class _Answer:
    asked: datetime
    found: Reading | None


@dataclass(frozen=True, slots=True)
class _Unavailable:
    until: datetime
    why: NoMetrics


class Meter:
    """Caches the last answer for each resource, and where the API is unavailable. Losing the cache costs calls only."""

    def __init__(self) -> None:
        self._answers: dict[OwnerKey, _Answer] = {}
        self._unavailable: dict[str, _Unavailable] = {}

    def look(
        self, look: Look, selector: str, role_of: RoleOf, history: Sequence[Change], *, begins: bool
    ) -> UsageReading:
        """Return the usage of the pods, or why it is unknown; None without a change in progress.

        An answer is valid until the next measurement. While the API is unavailable, the operator asks rarely, and once
        for all resources, so that other reconciles don't wait for an answer that won't come.
        """
        key, now = look.key, look.now
        known = self._answers.get(key)
        if not worth_asking(history, begins, known.found if known else None, now):
            # Not at once: only an answer from after the end shows that no measurement is missing.
            if known is not None and now - known.asked > AFTERWARDS:
                self.forget(key)
            return None
        if known is not None and timedelta() <= now - known.asked < PERIOD:
            return known.found
        for place in ("", key.namespace):
            missing = self._unavailable.get(place)
            if missing is not None and now < missing.until:
                return missing.why
        found = pods_used(look.kube, key.namespace, selector, look.deadline)
        if isinstance(found, NoMetrics):
            self._unavailable["" if found.everywhere else key.namespace] = _Unavailable(
                now + found.ask_again_after, found
            )
            return found
        self._answers[key] = _Answer(now, reading(found, role_of))
        return self._answers[key].found

    def forget(self, key: OwnerKey) -> None:
        """Drop the last answer for a resource."""
        self._answers.pop(key, None)
