"""Asks what the pods of a resource use, no more often than that is measured; what it keeps may be lost at any time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alluxio_operator.api.status import Change
from alluxio_operator.engine.usage import AFTERWARDS, PERIOD, Reading, RoleOf, UsageReading, reading, worth_asking
from alluxio_operator.engine.work import Deadline, OwnerKey
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.metrics_api import pods_used
from alluxio_operator.kube.used import NoMetrics


@dataclass(frozen=True, slots=True)
class _Answer:
    asked: datetime
    told: Reading | None


@dataclass(frozen=True, slots=True)
class _Silence:
    until: datetime
    why: NoMetrics


class Meter:
    """The last answer for each resource, and where nobody answers."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._answers: dict[OwnerKey, _Answer] = {}
        self._silences: dict[str, _Silence] = {}

    def look(
        self, kube: Kube, key: OwnerKey, selector: str, role_of: RoleOf, history: Sequence[Change], deadline: Deadline,
        *, begins: bool,
    ) -> UsageReading:  # fmt: skip
        """Return what the pods use, or why nobody says; None when there is no change that it would be a cost of.

        An answer is good for as long as nothing is measured anew. Where the API isn't served it is asked for rarely,
        by one resource for all: nobody else waits for an answer that won't come.
        """
        now = self._now()
        known = self._answers.get(key)
        if not worth_asking(history, begins, known.told if known else None, now):
            # Not at once: an answer of after the end is what says that there is nothing more to ask.
            if known is not None and now - known.asked > AFTERWARDS:
                self.forget(key)
            return None
        if known is not None and timedelta() <= now - known.asked < PERIOD:
            return known.told
        for place in ("", key.namespace):
            silence = self._silences.get(place)
            if silence is not None and now < silence.until:
                return silence.why
        found = pods_used(kube, key.namespace, selector, deadline)
        if isinstance(found, NoMetrics):
            self._silences["" if found.everywhere else key.namespace] = _Silence(now + found.ask_again_after, found)
            return found
        self._answers[key] = _Answer(now, reading(found, role_of))
        return self._answers[key].told

    def forget(self, key: OwnerKey) -> None:
        """Drop what is kept of a resource."""
        self._answers.pop(key, None)
