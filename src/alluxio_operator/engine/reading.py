"""Readings that take too long for a reconcile: their steps and their results, as types only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

R_co = TypeVar("R_co", covariant=True)
R = TypeVar("R")


class Steps(Protocol[R_co]):
    """A reading that has begun."""

    def step(self) -> R_co | None:
        """Do a part of about a second; return the result at the end, None if there is more."""
        ...


@dataclass(frozen=True, slots=True)
class Reading(Generic[R]):
    """The last results of a resource: `value` of the last that succeeded, which began at `at`.

    `failed` is the last one if it failed, and `failing_since` when the first of these failures in a row began.
    """

    value: R | None = None
    at: datetime | None = None
    failed: R | None = None
    failing_since: datetime | None = None
