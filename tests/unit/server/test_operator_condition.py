"""What is told to the Operator Lifecycle Manager, and when."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.unit.server.server_fakes import Clock

from alluxio_operator.engine.upgradeable import Verdict
from alluxio_operator.kube.errors import ApiError, NotFound
from alluxio_operator.server.operator_condition import REFRESH, RETRY, OperatorCondition
from alluxio_operator.transport.deadline import Deadline

REST = Verdict(True, "AtRest", "no resource is being changed")
BUSY = Verdict(False, "ChangeUnderWay", "being changed: AlluxioCluster lake/small")
PATH = "/apis/operators.coreos.com/v2/namespaces/operators/operatorconditions/alluxio-operator.v0.1.0"


class FakeKube:
    def __init__(self) -> None:
        self.object: dict[str, Any] | None = {"spec": {}}
        self.broken: Exception | None = None
        self.writes = 0

    def within(self, deadline: Deadline) -> FakeKube:
        assert deadline.remaining(100) < 10
        return self

    def get(self, path: str) -> dict[str, Any]:
        assert path == PATH
        if self.broken:
            raise self.broken
        if self.object is None:
            raise NotFound(path, 404, "not found")
        return deepcopy(self.object)

    def merge(self, path: str, patch: dict[str, Any]) -> dict[str, Any]:
        assert path == PATH
        self.writes += 1
        self.object = {"spec": {**(self.object or {}).get("spec", {}), **patch["spec"]}}
        return self.object

    @property
    def said(self) -> dict[str, Any]:
        [one] = [one for one in (self.object or {})["spec"]["conditions"] if one["type"] == "Upgradeable"]
        return dict(one)


class Scene:
    def __init__(self) -> None:
        self.kube, self.clock = FakeKube(), Clock()
        self.verdict = REST
        start = datetime(2026, 1, 1, tzinfo=UTC)
        self.condition = OperatorCondition(
            self.kube,
            "operators",
            "alluxio-operator.v0.1.0",
            lambda: self.verdict,
            clock=self.clock,
            wall=lambda: start + timedelta(seconds=self.clock.now - 1000),
        )

    def look(self, after: float = 0.0) -> None:
        self.clock.now += after
        self.condition.update()


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_it_tells_at_the_first_look(scene: Scene):
    scene.look()

    assert scene.kube.said == {
        "type": "Upgradeable",
        "status": "True",
        "reason": "AtRest",
        "message": "no resource is being changed",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }


def test_it_writes_only_what_changed(scene: Scene):
    scene.look()
    scene.look(1)
    assert scene.kube.writes == 1

    scene.verdict = BUSY
    scene.look(1)
    assert scene.kube.writes == 2
    assert (scene.kube.said["status"], scene.kube.said["lastTransitionTime"]) == ("False", "2026-01-01T00:00:02Z")


def test_the_time_stays_while_the_status_does(scene: Scene):
    scene.verdict = BUSY
    scene.look()
    scene.verdict = Verdict(False, "ChangeUnderWay", "being changed: Presto lake/sql")
    scene.look(5)

    assert scene.kube.said["message"].endswith("lake/sql")
    assert scene.kube.said["lastTransitionTime"] == "2026-01-01T00:00:00Z"


def test_what_somebody_changed_is_put_right(scene: Scene):
    scene.verdict = BUSY
    scene.look()
    scene.kube.object = {"spec": {"conditions": []}}

    scene.look(1)
    assert scene.kube.writes == 1
    scene.look(REFRESH)
    assert scene.kube.said["status"] == "False"


def test_conditions_and_overrides_of_others_stay(scene: Scene):
    foreign = {"type": "Other", "status": "True", "reason": "X", "message": "", "lastTransitionTime": "t"}
    override = [{"type": "Upgradeable", "status": "True"}]
    scene.kube.object = {"spec": {"conditions": [foreign], "overrides": override}}

    scene.look()

    assert scene.kube.object is not None
    assert foreign in scene.kube.object["spec"]["conditions"]
    assert scene.kube.object["spec"]["overrides"] == override


@pytest.mark.parametrize("broken", [ApiError("GET", 403, "forbidden"), ApiError("GET", 0, "no answer"), None])
def test_trouble_is_tried_again_with_a_pause(scene: Scene, broken: Exception | None):
    scene.kube.broken = broken
    scene.kube.object = {"spec": {}} if broken else None
    scene.look()
    scene.kube.broken, scene.kube.object = None, {"spec": {}}
    scene.verdict = BUSY

    scene.look(1)
    assert scene.kube.writes == 0
    scene.look(RETRY)
    assert scene.kube.said["status"] == "False"


def test_its_thread_tells_and_ends(scene: Scene):
    scene.condition.start()
    for _ in range(100):
        if scene.kube.writes:
            break
        scene.condition._thread.join(0.05)
    scene.condition.close()
    scene.condition._thread.join(5)

    assert scene.kube.writes == 1
    assert not scene.condition._thread.is_alive()
