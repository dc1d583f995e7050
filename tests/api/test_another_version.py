"""Another version of the operator takes over: a real API server sees no change of the templates of Deployments.

The real one adds defaults, merges lists by their keys and knows which manager owns a field. The one in memory does not,
or does so in its own way.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.api.stage import Stage
from tests.support.rendering import AnotherVersion

from alluxio_operator.kube.kinds import Ref

Json = dict[str, Any]
DEPLOYMENT = "logserver"


@pytest.fixture
def upgraded(stage: Stage) -> tuple[Stage, Json]:
    """Return a settled cluster whose operator was replaced, with its Deployment of before."""
    stage.create()
    stage.install()
    before = stage.get("Deployment", DEPLOYMENT)
    stage.start_operator(renderer=AnotherVersion())
    stage.reconcile(everything=True)
    return stage, before


def test_it_changes_no_template_and_writes_nothing_to_it(upgraded: tuple[Stage, Json]):
    stage, before = upgraded
    after = stage.get("Deployment", DEPLOYMENT)

    assert after["spec"] == before["spec"]
    assert after["metadata"]["generation"] == before["metadata"]["generation"]
    [container, *_] = stage.get("StatefulSet", "worker")["spec"]["template"]["spec"]["containers"]
    assert container["stdin"] is True, "this one replaces no pod by itself, and follows at once"


def test_drift_is_put_right_by_the_template_of_before(upgraded: tuple[Stage, Json]):
    stage, before = upgraded
    edited = [{**one, "image": "other:1", "env": []} for one in before["spec"]["template"]["spec"]["containers"]]
    answer = stage.api.merge(
        stage.at("Deployment", DEPLOYMENT), {"spec": {"template": {"spec": {"containers": edited}}}}
    )
    assert answer.status == 200, answer.message

    stage.reconcile(Ref("Deployment", before["metadata"]["name"]))

    assert stage.get("Deployment", DEPLOYMENT)["spec"] == before["spec"]


def test_a_change_of_the_spec_and_a_restart_bring_its_template(upgraded: tuple[Stage, Json]):
    stage, before = upgraded
    for act in (
        lambda: stage.api.kubectl(
            "rollout", "restart", f"deployment/{before['metadata']['name']}", "-n", stage.namespace
        ),
        lambda: stage.edit(logServer={"podLabels": {"team": "data"}}),
    ):
        act()
        stage.reconcile(everything=True)

        [container] = stage.get("Deployment", DEPLOYMENT)["spec"]["template"]["spec"]["containers"]
        assert container["stdin"] is True
        assert container["readinessProbe"]["initialDelaySeconds"] == 1
