"""Which changes a status keeps."""

from __future__ import annotations

import pytest

from alluxio_operator.api.status import Change
from alluxio_operator.engine.history import KEPT, What, kept


def changes(*sorts: What) -> list[Change]:
    """Return one change of each sort, with its place as generation."""
    return [
        Change(what=what, started="2030-01-02T03:04:05Z", generation=number)
        for number, what in enumerate(sorts, start=1)
    ]


def generations(*sorts: What) -> list[int]:
    return [one.generation for one in kept(changes(*sorts))]


def test_few_changes_are_all_kept():
    few = changes("Installed", *["Changed"] * (KEPT - 1))

    assert kept(few) == tuple(few)


def test_edits_in_a_row_leave_the_installation_and_the_last_of_each_sort():
    found = generations("Installed", "Upgraded", "Upgraded", "Scaled", *["Changed"] * 30)

    assert found == [1, 3, 4, *range(28, 35)]
    assert len(found) == KEPT


@pytest.mark.parametrize("edits", range(1, 40))
def test_kept_one_by_one_never_more_than_the_bound_stay(edits: int):
    history: tuple[Change, ...] = ()
    for one in changes("Installed", "Upgraded", *["Changed"] * edits):
        history = kept([*history, one])

    assert len(history) == min(edits + 2, KEPT)
    assert [one.what for one in history[:2]] == ["Installed", "Upgraded"]
    assert history[-1].generation == edits + 2, "the latest one is always there"
