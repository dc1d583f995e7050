"""A namespace that refuses pods which need the node: its words are in the conditions, and the rest is not held up."""

from __future__ import annotations

from tests.api.stage import NO_NODE, Stage

HOST = {"workers": {"tiers": [{"name": "SSD", "quota": "1Gi", "storage": {"hostPath": {"path": "/data/alluxio"}}}]}}
VIOLATES = 'violates PodSecurity "restricted:latest"'


def test_fuse_that_is_refused_says_so_and_clients_are_served_all_the_same(stage: Stage):
    stage.create(fuse={"enabled": True}, proxy={"enabled": True, **NO_NODE})
    stage.reconcile()
    stage.finish_journal()
    stage.reconcile()
    stage.start_pods()
    stage.serve()

    stage.reconcile_until(lambda: stage.condition("FuseMounted").get("reason") == "PodsRefused")

    condition = stage.condition("FuseMounted")
    assert condition["message"].startswith("DaemonSet small-fuse: ")
    assert VIOLATES in condition["message"]
    assert "privileged" in condition["message"]
    for served in ("MastersServing", "ServicesPublished", "ProxyServing", "WorkersRegistered"):
        assert stage.condition(served)["status"] == "True", served
    assert stage.condition("Ready")["reason"] == "PodsRefused"

    stage.edit(fuse={"enabled": False})
    stage.reconcile_until(lambda: stage.status["phase"] == "Ready")
    assert "DaemonSet/small-fuse" not in stage.refs()
    assert stage.condition("FuseMounted") == {}


def test_workers_that_are_refused_say_so(stage: Stage):
    stage.create(**HOST)
    stage.reconcile()
    stage.finish_journal()
    stage.reconcile()
    stage.serve(live=0)

    stage.reconcile_until(lambda: stage.condition("WorkersRegistered").get("reason") == "PodsRefused")

    message = stage.condition("WorkersRegistered")["message"]
    assert message.startswith("StatefulSet small-worker: ")
    assert VIOLATES in message
    assert "hostPath" in message
