"""Figures of the status change by steps."""

from __future__ import annotations

import pytest

from alluxio_operator.api.base import in_bytes
from alluxio_operator.kinds.cluster.risk.rounding import rounded_count, rounded_size, rounded_time


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"),
        (1, "1"),
        (16, "16"),
        (17, "18"),
        (1024, "1Ki"),
        (1025, "1152"),
        (13 * 2**30, "13Gi"),
        (13 * 2**30 + 1, "14Gi"),
    ],
)
def test_a_size_is_rounded_up(count: int, text: str):
    assert rounded_size(count) == text


@pytest.mark.parametrize("count", [1, 15, 999, 123_456_789, 2**62 + 1, 2**63 - 1])
def test_a_rounded_size_is_never_less_and_at_most_an_eighth_more(count: int):
    assert count <= in_bytes(rounded_size(count)) <= count * 9 // 8 + 1


@pytest.mark.parametrize(("count", "rounded"), [(0, 0), (7, 7), (99, 99), (101, 110), (1_234, 1_300)])
def test_a_count_is_rounded_up_to_two_digits(count: int, rounded: int):
    assert rounded_count(count) == rounded


def test_a_time_is_rounded_down_and_always_one_that_can_be_written():
    assert rounded_time(None) is None
    assert rounded_time(1_764_590_999_000) == "2025-12-01T12:00:00Z"
    assert rounded_time(-5) == "1970-01-01T00:00:00Z"
    assert rounded_time(2**62) == "9999-12-31T23:50:00Z"
