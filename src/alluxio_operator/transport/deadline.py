"""The deadline of a reconcile, which bounds every call that it makes, and the ways in which a call fails."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace


class DeadlineExceeded(TimeoutError):
    """The time that one reconcile may take has run out."""


class CallFailed(Exception):
    """Another program refused a call or didn't answer: no defect of the operator.

    `retry_after` is the pause in seconds that it asks for, if it named one.
    """

    retry_after: float | None = None


class NoLongerLeading(Exception):
    """The Lease was lost in the midst of a reconcile: another replica may be at work."""


def _never() -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Deadline:
    """A point in monotonic time by which a reconcile must end; every blocking call derives its time-out from it.

    `lost` returns True once the Lease counts as lost. Each call asks it first: a process that was stopped for a while
    would otherwise go on for a moment with outdated knowledge.
    """

    at: float
    clock: Callable[[], float] = time.monotonic
    lost: Callable[[], bool] = _never

    @classmethod
    def after(
        cls, seconds: float, clock: Callable[[], float] = time.monotonic, lost: Callable[[], bool] = _never
    ) -> Deadline:
        """Return the deadline `seconds` from now."""
        return cls(clock() + seconds, clock, lost)

    def later(self, seconds: float) -> Deadline:
        """Return the deadline `seconds` from now, also beyond this one: for what outlives a reconcile."""
        return replace(self, at=self.clock() + seconds)

    def at_most(self, seconds: float) -> Deadline:
        """Return this deadline, or an earlier one `seconds` from now."""
        return replace(self, at=min(self.at, self.clock() + seconds))

    def remaining(self, at_most: float) -> float:
        """Return the seconds that a call may block, `at_most` or fewer.

        Raises DeadlineExceeded when none are left, and NoLongerLeading.
        """
        if self.lost():
            raise NoLongerLeading("the lease was lost")
        left = self.at - self.clock()
        if left <= 0:
            raise DeadlineExceeded("the reconcile ran out of time")
        return min(left, at_most)
