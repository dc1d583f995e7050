"""Quantities, names of fields, and what a type does with what it doesn't know."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.support.builders import cluster_spec

from alluxio_operator.api.alluxiocluster_status import ClusterStatus
from alluxio_operator.api.base import in_binary, in_bytes, quantity


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("1024", 1024),
        ("1Ki", 1024),
        ("1k", 1000),
        ("1.5Gi", 3 * 512 * 1024**2),
        ("500m", 0),
        ("2Ti", 2 * 1024**4),
        ("1P", 10**15),
    ],
)
def test_a_quantity_in_whole_bytes(text: str, number: int):
    assert in_bytes(text) == number


def test_cpu_may_be_a_part_of_a_core():
    assert quantity("500m") == Decimal("0.5")


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0"), (1, "1"), (1023, "1023"), (1024, "1Ki"), (1536, "1536"), (512 * 1024**2, "512Mi"), (1024**5, "1024Ti")],
)
def test_bytes_as_people_read_them(count: int, text: str):
    assert in_binary(count) == text


@given(st.integers(0, 2**63))
def test_bytes_are_stated_exactly(count: int):
    assert in_bytes(in_binary(count)) == count


@pytest.mark.parametrize("size", [1073741824, "1073741824", "1Gi"])
def test_a_quantity_may_be_a_number_or_a_text(size: object):
    assert in_bytes(cluster_spec(workers={"tiers": [{"quota": size}]}).workers.tiers[0].quota) == 1024**3


@pytest.mark.parametrize(
    "size", ["", "1 Gi", "-1", "1GiB", "1e3", True, 1.5, "1" * 40, "9" * 31, "9223372036854775808", "8192Pi"]
)
def test_what_is_no_quantity_is_refused(size: object):
    with pytest.raises(ValidationError):
        cluster_spec(workers={"tiers": [{"quota": size}]})


def test_a_spec_cannot_be_changed_by_accident():
    spec = cluster_spec()

    with pytest.raises(ValidationError):
        spec.version = "2.9.3"  # type: ignore[misc]


def test_fields_of_a_newer_version_are_kept():
    status = ClusterStatus.model_validate({"phase": "Ready", "novelty": 1})

    assert status.model_dump(by_alias=True, exclude_unset=True) == {"phase": "Ready", "novelty": 1}


def test_an_empty_status_is_a_pending_one():
    assert ClusterStatus.model_validate({}).phase == "Pending"
