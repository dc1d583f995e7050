"""Reads what Events of pods say; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from alluxio_operator.transport.printable import printable

MAX_EVENTS: Final = 500
"""Events to read: one page. An object has few, since Kubernetes counts repetitions in one event."""
MAX_MESSAGE: Final = 600

_COMBINED: Final = "(combined from similar events): "
"""Prefix that client-go adds to the message once an object has many events of one kind with different texts."""


def timestamp(event: Mapping[str, Any]) -> str:
    """Return when an event happened last, in a form that sorts; empty if it doesn't say."""
    series = event.get("series") or {}
    found: str = (
        series.get("lastObservedTime")
        or event.get("lastTimestamp")
        or event.get("eventTime")
        or event["metadata"].get("creationTimestamp")
        or ""
    )
    return found


def shortened(event: Mapping[str, Any]) -> str:
    """Return the message of an event, printable and cut to the length that a condition quotes."""
    text = printable(event.get("message", "")).removeprefix(_COMBINED).rstrip(". ")
    return text if len(text) <= MAX_MESSAGE else text[: MAX_MESSAGE - 3] + "..."
