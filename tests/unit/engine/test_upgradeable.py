"""Whether a new version of the operator may take over."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from alluxio_operator.engine.upgradeable import ChangesUnderWay, changes, verdict
from alluxio_operator.engine.work import OwnerKey

KEY = OwnerKey("AlluxioCluster", "lake", "small")
OTHER = OwnerKey("Presto", "lake", "sql")


@dataclass(frozen=True)
class ConditionState:
    type: str
    status: str


INSTALLED = ConditionState("Installed", "True")
ROLLING = (ConditionState("Ready", "False"), ConditionState("Progressing", "True"), INSTALLED)


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ((), False),
        (ROLLING, True),
        ((ConditionState("Progressing", "False"), INSTALLED), False),
        ((ConditionState("Progressing", "Unknown"), INSTALLED), False),
        ((ConditionState("Ready", "True"), ConditionState("Degraded", "True"), INSTALLED), False),
        # It may never end, and the new version may be what ends it.
        ((ConditionState("Progressing", "True"), ConditionState("Installed", "False")), False),
        ((ConditionState("Progressing", "True"),), False),
    ],
)
def test_only_a_change_of_what_runs_counts(conditions, expected):
    assert changes(conditions) is expected


def test_the_verdict_names_who_is_changed():
    said = verdict([OTHER, KEY])

    assert not said.upgradeable
    assert said.message == "being changed: AlluxioCluster lake/small, Presto lake/sql"


def test_a_verdict_about_many_stays_short():
    said = verdict(OwnerKey("AlluxioCluster", "lake", f"c{number:04}") for number in range(1000))

    assert said.message.endswith("lake/c0002 and 997 more")


def test_one_of_two_that_ends_is_not_the_end():
    under_way = ChangesUnderWay()
    under_way.note(KEY, ROLLING)
    under_way.note(OTHER, ROLLING)

    under_way.note(KEY, (ConditionState("Progressing", "False"),))
    assert not under_way.verdict().upgradeable

    under_way.note(OTHER, ())
    assert under_way.verdict().upgradeable


def test_after_a_start_the_status_that_is_read_counts():
    under_way = ChangesUnderWay()
    conditions = [
        {"type": "Progressing", "status": "True", "reason": "Updating", "message": "one of three masters"},
        {"type": "Installed", "status": "True", "reason": "Installed", "message": ""},
    ]

    under_way.note_read(KEY, {"status": {"conditions": conditions}})
    under_way.note_read(OTHER, {})

    assert under_way.verdict().message == "being changed: AlluxioCluster lake/small"
