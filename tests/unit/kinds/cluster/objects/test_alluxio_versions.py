"""What differs between versions of Alluxio."""

from __future__ import annotations

import pytest

from alluxio_operator.kinds.cluster.objects.versions import MASTER_INFO, MASTER_OVERVIEW, master_probe


@pytest.mark.parametrize(
    ("version", "members", "path"),
    [("2.9.4", 3, MASTER_INFO), ("2.9.4", 1, MASTER_INFO), ("2.9.3", 1, MASTER_INFO), ("2.9.3", 3, MASTER_OVERVIEW)],
)
def test_a_standby_of_an_older_version_is_asked_what_it_answers(version: str, members: int, path: str):
    assert master_probe(version, members) == path
