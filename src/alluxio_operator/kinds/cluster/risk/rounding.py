"""Rounds the figures of a listing, so that the status changes by steps; pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from alluxio_operator.api.base import LARGEST, in_binary
from alluxio_operator.engine.conditions import stamp

BITS: Final = 4
"""Leading bits that a size keeps."""
DIGITS: Final = 2
"""Leading digits that a number keeps."""
TEN_MINUTES_MS: Final = 600_000
LAST_MS: Final = 253_402_300_799_000
"""The end of the year 9999, after which a time can't be written."""


def rounded_size(count: int) -> str:
    """Return bytes as a quantity, rounded up: never 0 if there are any, and never less than there are."""
    step = 1 << max(count.bit_length() - BITS, 0)
    return in_binary(min(-(-count // step) * step, LARGEST))


def rounded_count(count: int) -> int:
    """Return a number rounded up to two digits."""
    step: int = 10 ** max(len(str(count)) - DIGITS, 0)
    return -(-count // step) * step


def rounded_time(milliseconds: int | None) -> str | None:
    """Return a time, rounded down to ten minutes."""
    if milliseconds is None:
        return None
    at = min(max(milliseconds, 0), LAST_MS) // TEN_MINUTES_MS * TEN_MINUTES_MS
    return stamp(datetime.fromtimestamp(at / 1000, UTC))
