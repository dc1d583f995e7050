"""What the status says: steps instead of every query, history, phases."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.builders import NOW
from tests.support.presto import resource

from alluxio_operator.api.presto_status import Change, PrestoStatus, PrestoWorkersStatus
from alluxio_operator.api.status import Condition
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.engine.history import KEPT, last_manager
from alluxio_operator.kinds.presto.history import history_after
from alluxio_operator.kinds.presto.servers.status import step

Json = dict[str, Any]


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, 0),
        (1, 1),
        (2, 2),
        (4, 2),
        (5, 5),
        (9, 5),
        (10, 10),
        (19, 10),
        (20, 20),
        (99, 50),
        (100, 100),
        (7_777, 5_000),
    ],
)
def test_queries_are_shown_by_steps(count: int, shown: int):
    assert step(count) == shown


def installed(**over: Any) -> PrestoStatus:
    condition = Condition(type="Installed", status="True", reason="Installed", last_transition_time=stamp(NOW))
    done = Change(what="Installed", started=stamp(NOW), ended=stamp(NOW), generation=1)
    base = {"observed_generation": 1, "conditions": (condition,), "layer": 4, "history": (done,)}
    return PrestoStatus(**{**base, "workers": PrestoWorkersStatus(wanted=2), **over})


def test_a_change_is_open_until_it_is_done():
    made = resource(generation=2)
    begun = history_after(installed(), made, 2, "", ready=False, now=NOW)
    assert [(one.what, one.ended) for one in begun] == [("Installed", stamp(NOW)), ("Changed", None)]

    before = installed(observed_generation=2, history=begun)
    assert history_after(before, made, 2, "", ready=False, now=NOW) == begun
    done = history_after(before, made, 2, "", ready=True, now=NOW)
    assert done[-1].ended == stamp(NOW)


def test_a_number_that_autoscaling_wants_is_a_change_of_its_own():
    [*_, last] = history_after(installed(), resource(), 5, "schedule day", ready=False, now=NOW)

    assert (last.what, last.message) == ("Scaled", "from 2 to 5 workers: schedule day")


def test_only_the_last_ones_are_kept():
    before = installed()
    for generation in range(2, 30):
        made = resource(generation=generation)
        before = before.model_copy(
            update={
                "history": history_after(before, made, 2, "", ready=True, now=NOW),
                "observed_generation": generation,
            }
        )
    assert len(before.history) == KEPT
    assert before.history[-1].generation == 29


def test_who_asked_is_who_wrote_the_spec_last():
    made = resource()
    made["metadata"]["managedFields"] = [
        {"manager": "argocd", "time": "2030-01-01T00:00:00Z"},
        {"manager": "kubectl-edit", "time": "2030-01-02T00:00:00Z"},
        {"manager": "alluxio-operator", "time": "2030-01-03T00:00:00Z"},
        {"manager": "somebody", "time": "2030-01-04T00:00:00Z", "subresource": "status"},
    ]

    assert last_manager(made) == "kubectl-edit"
    assert last_manager({"metadata": {}}) is None
