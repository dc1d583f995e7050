"""A workload that has to wait: it keeps its pod template, and the rest of it follows the spec."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.applier import NS, Applier, wanted
from tests.support.fake_kube import FakeKube

from alluxio_operator.engine.kept_template import CONFIG_HASH, KEPT
from alluxio_operator.engine.render import Manifest
from alluxio_operator.kube.kinds import KINDS

Json = dict[str, Any]


def proxy(replicas: int, image: str, **labels: str) -> Manifest:
    template = {"metadata": {"annotations": {CONFIG_HASH: image}}, "spec": {"image": image, image: "only here"}}
    made = wanted("Deployment", "proxy", spec={"replicas": replicas, "template": template})
    made.obj["metadata"]["labels"].update(labels)
    return made


@pytest.fixture
def kube() -> FakeKube:
    return FakeKube()


@pytest.fixture
def applier(kube: FakeKube) -> Applier:
    return Applier(kube)


def spec(kube: FakeKube) -> Json:
    found: Json = kube.object("Deployment", NS, "proxy")["spec"]
    return found


def test_a_held_workload_gets_all_but_its_template(applier: Applier, kube: FakeKube):
    old, new = proxy(1, "one"), proxy(5, "two", team="blue")
    applier(old)

    applied = applier(new, held=True)

    assert spec(kube) == {"replicas": 5, "template": old.obj["spec"]["template"]}
    assert kube.object("Deployment", NS, "proxy")["metadata"]["labels"]["team"] == "blue"
    assert applied.changed == [new.ref]
    assert applied.live[new.ref]["spec"]["replicas"] == 5


def test_a_held_workload_costs_no_apply_once_it_is_so(applier: Applier, kube: FakeKube):
    applier(proxy(1, "one"))
    applier(proxy(5, "two"), held=True)
    kube.writes.clear()

    applied = applier(proxy(5, "two"), held=True)

    assert (kube.writes, applied.changed) == ([], [])


def test_after_the_wait_the_template_is_as_rendered(applier: Applier, kube: FakeKube):
    new = proxy(5, "two")
    applier(proxy(1, "one"))
    applier(new, held=True)

    assert applier(new).changed == [new.ref]
    assert spec(kube) == new.obj["spec"], "also without the fields of before"


def test_a_held_workload_that_does_not_exist_is_created_as_rendered(applier: Applier, kube: FakeKube):
    new = proxy(5, "two")

    assert applier(new, held=True).created == [new.ref]
    assert spec(kube) == new.obj["spec"]


def test_drift_of_a_held_workload_is_put_right(applier: Applier, kube: FakeKube):
    applier(proxy(1, "one"))
    applier(proxy(3, "two"), held=True)
    applier.edit(proxy(3, "two"), lambda obj: obj["spec"].update(replicas=0))

    applier(proxy(3, "two"), held=True)

    assert spec(kube)["replicas"] == 3


def test_the_restart_of_another_client_survives_the_wait(applier: Applier, kube: FakeKube):
    restarted = "kubectl.kubernetes.io/restartedAt"
    applier(proxy(1, "one"))

    def restart(obj: Json) -> None:
        obj["spec"]["template"]["metadata"]["annotations"][restarted] = "x"

    applier.edit(proxy(1, "one"), restart)

    applier(proxy(2, "two"), held=True)
    assert spec(kube)["template"]["metadata"]["annotations"] == {CONFIG_HASH: "one", restarted: "x"}

    applier(proxy(2, "one"))
    assert spec(kube)["template"]["metadata"]["annotations"] == {CONFIG_HASH: "one", restarted: "x"}


def test_a_restarted_operator_holds_what_its_predecessor_held(applier: Applier, kube: FakeKube):
    old = proxy(1, "one")
    applier(old)
    applier(proxy(5, "two"), held=True)
    kube.writes.clear()

    applied = Applier(kube)(proxy(5, "two"), held=True)

    assert applied.changed == []
    assert spec(kube)["template"] == old.obj["spec"]["template"]


def test_a_held_workload_of_another_owner_stays_as_it_is(applier: Applier, kube: FakeKube):
    applier(proxy(1, "one"))
    applier.edit(proxy(1, "one"), lambda obj: obj["metadata"]["labels"].clear())
    before = kube.objects[KINDS["Deployment"].path(NS, "proxy")]

    applied = applier(proxy(5, "two"), held=True)

    assert list(applied.refused) == [proxy(5, "two").ref]
    assert kube.objects[KINDS["Deployment"].path(NS, "proxy")] == before


def test_a_deployment_of_an_earlier_version_keeps_its_live_template(applier: Applier, kube: FakeKube):
    old = proxy(1, "one")
    applier(old)
    applier.edit(old, lambda obj: obj["metadata"]["annotations"].pop(KEPT))

    Applier(kube)(proxy(5, "two"), held=True)

    assert spec(kube) == {"replicas": 5, "template": old.obj["spec"]["template"]}
