"""A proxy that waits for the rollout, on the real API server: it keeps its pod template and every field of it."""

from __future__ import annotations

from typing import Any

from tests.api.stage import NO_NODE, Stage, until

from alluxio_operator.kinds.cluster.rollout.health import CONFIG_HASH

Json = dict[str, Any]
RESTARTED = "kubectl.kubernetes.io/restartedAt"


def template(stage: Stage) -> Json:
    found: Json = stage.get("Deployment", "proxy")["spec"]["template"]
    return found


def test_a_held_proxy_keeps_its_template_and_gets_the_rest(stage: Stage):
    stage.create(proxy={"enabled": True, **NO_NODE})
    stage.install()
    annotations = {RESTARTED: "2030-01-01T00:00:00Z"}
    stage.api.merge(stage.at("Deployment", "proxy"), {"spec": {"template": {"metadata": {"annotations": annotations}}}})
    before = template(stage)

    stage.edit(
        properties={"alluxio.user.metrics.collection.enabled": "true"},
        proxy={"replicas": 3, "env": [{"name": "NEW", "value": "one"}], "resources": {"limits": {"cpu": "2"}}},
    )
    stage.reconcile()

    held = stage.get("Deployment", "proxy")
    assert stage.condition("UpToDate")["status"] == "False"
    assert held["spec"]["replicas"] == 3
    assert held["spec"]["template"] == before

    generation = held["metadata"]["generation"]
    stage.reconcile(everything=True)
    stage.start_operator()
    stage.reconcile(everything=True)
    assert stage.get("Deployment", "proxy")["metadata"]["generation"] == generation

    stage.edit(upgrade={"strategy": "OnDelete"})
    stage.reconcile()
    until(lambda: template(stage) != before)
    after = template(stage)
    assert after["metadata"]["annotations"][CONFIG_HASH] != before["metadata"]["annotations"][CONFIG_HASH]
    assert after["metadata"]["annotations"][RESTARTED] == annotations[RESTARTED]
    assert {"name": "NEW", "value": "one"} in after["spec"]["containers"][0]["env"]
