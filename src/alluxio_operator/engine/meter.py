"""Asks what the pods of a resource use, no more often than that is measured; what it keeps may be lost at any time."""

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
class _Silence:
    until: datetime
    why: NoMetrics


class Meter:
    """The last answer for each resource, and where nobody answers."""

    def __init__(self) -> None:
        self._answers: dict[OwnerKey, _Answer] = {}
        self._silences: dict[str, _Silence] = {}

    def look(
        self, look: Look, selector: str, role_of: RoleOf, history: Sequence[Change], *, begins: bool
    ) -> UsageReading:
        """Return what the pods use, or why no server says; None when there is no change that it would be a cost of.

        An answer is good until the next measurement. Where the API isn't served, one resource asks for it rarely, for
        all: no other one waits for an answer that won't come.
        """
        key, now = look.key, look.now
        known = self._answers.get(key)
        if not worth_asking(history, begins, known.found if known else None, now):
            # Not at once: an answer of after the end is what says that there is nothing more to ask.
            if known is not None and now - known.asked > AFTERWARDS:
                self.forget(key)
            return None
        if known is not None and timedelta() <= now - known.asked < PERIOD:
            return known.found
        for place in ("", key.namespace):
            silence = self._silences.get(place)
            if silence is not None and now < silence.until:
                return silence.why
        found = pods_used(look.kube, key.namespace, selector, look.deadline)
        if isinstance(found, NoMetrics):
            self._silences["" if found.everywhere else key.namespace] = _Silence(now + found.ask_again_after, found)
            return found
        self._answers[key] = _Answer(now, reading(found, role_of))
        return self._answers[key].found

    def forget(self, key: OwnerKey) -> None:
        """Drop what is kept of a resource."""
        self._answers.pop(key, None)
