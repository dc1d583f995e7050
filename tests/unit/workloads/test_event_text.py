"""What an Event says, and when."""

from __future__ import annotations

from typing import Any

import pytest

from alluxio_operator.workloads.event_text import MAX_MESSAGE, shortened, timestamp

CREATED = {"creationTimestamp": "2030-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("said", "quoted"),
    [
        ("Error creating: pods is forbidden.", "Error creating: pods is forbidden"),
        ("(combined from similar events): Error creating: no", "Error creating: no"),
        ("x" * (MAX_MESSAGE + 1), "x" * (MAX_MESSAGE - 3) + "..."),
    ],
)
def test_a_condition_quotes_the_cause_only(said: str, quoted: str):
    assert shortened({"message": said}) == quoted


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "2030-01-01T00:00:00Z"),
        ({"eventTime": "2030-01-01T00:00:01Z", "lastTimestamp": None}, "2030-01-01T00:00:01Z"),
        ({"lastTimestamp": "2030-01-01T00:00:02Z"}, "2030-01-01T00:00:02Z"),
        (
            {"eventTime": "2030-01-01T00:00:01Z", "series": {"lastObservedTime": "2030-01-01T00:00:09Z"}},
            "2030-01-01T00:00:09Z",
        ),
    ],
)
def test_the_latest_repetition_counts(fields: dict[str, Any], expected: str):
    assert timestamp({"metadata": CREATED, **fields}) == expected
