"""A Deployment keeps the pod template that its pods run, while only the operator's own text of it differs."""

from __future__ import annotations

import json

import pytest
from tests.support.applier import NS, Applier, Json, scope, wanted
from tests.support.fake_kube import FakeKube

from alluxio_operator.engine.apply import compare
from alluxio_operator.engine.kept_template import CONFIG_HASH, KEPT, RESTARTED
from alluxio_operator.engine.render import Manifest
from alluxio_operator.kube.kinds import Ref


@pytest.fixture
def kube() -> FakeKube:
    return FakeKube()


def deployment(version: str, config: str | None = "one", replicas: int = 1) -> Manifest:
    """Return what a version of the operator renders for values of the hash `config`."""
    annotations = {CONFIG_HASH: config} if config else {}
    template = {"metadata": {"annotations": annotations}, "spec": {"probe": f"that of {version}", version: "a field"}}
    return wanted("Deployment", "servers", spec={"replicas": replicas, "template": template})


def live(kube: FakeKube) -> Json:
    return kube.object("Deployment", NS, "servers")


def template(kube: FakeKube) -> Json:
    found: Json = live(kube)["spec"]["template"]["spec"]
    return found


def set_in_template(kube: FakeKube, annotation: str, value: str) -> None:
    def edit(obj: Json) -> None:
        obj["spec"]["template"]["metadata"]["annotations"][annotation] = value

    kube.edit("Deployment", NS, "servers", edit)


def test_another_version_of_the_operator_changes_all_but_the_template(kube: FakeKube):
    Applier(kube)(deployment("v1"))
    before = template(kube)

    applied = Applier(kube)(deployment("v2", replicas=2))

    assert template(kube) == before
    assert live(kube)["spec"]["replicas"] == 2
    assert applied.changed == [Ref("Deployment", "servers")]


def test_a_template_is_kept_over_any_number_of_versions_and_back(kube: FakeKube):
    Applier(kube)(deployment("v1"))
    before = live(kube)

    for version in ("v2", "v3", "v2", "v1"):
        applied = Applier(kube)(deployment(version))
        assert applied.changed == [], version

    assert live(kube) == before


def test_other_values_bring_the_template_of_the_version_that_runs(kube: FakeKube):
    Applier(kube)(deployment("v1"))
    upgraded = Applier(kube)
    upgraded(deployment("v2"))

    upgraded(deployment("v2", config="two"))

    assert template(kube) == {"probe": "that of v2", "v2": "a field"}
    Applier(kube)(deployment("v3", config="two"))
    assert template(kube) == {"probe": "that of v2", "v2": "a field"}


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_drift_of_a_template_is_put_right_by_the_text_that_was_there(kube: FakeKube, version: str):
    Applier(kube)(deployment("v1"))
    before = template(kube)

    def edit(obj: Json) -> None:
        obj["spec"]["template"]["spec"].update(probe="by hand")
        del obj["spec"]["template"]["spec"]["v1"]

    kube.edit("Deployment", NS, "servers", edit)
    Applier(kube)(deployment(version))

    assert template(kube) == before


def test_an_edit_of_the_hash_by_hand_changes_nothing(kube: FakeKube):
    Applier(kube)(deployment("v1"))
    before = live(kube)["spec"]["template"]
    set_in_template(kube, CONFIG_HASH, "by hand")

    Applier(kube)(deployment("v2"))

    assert live(kube)["spec"]["template"] == before


def test_a_restart_by_kubectl_brings_the_newest_template_and_only_once(kube: FakeKube):
    Applier(kube)(deployment("v1"))
    upgraded = Applier(kube)
    upgraded(deployment("v2"))
    set_in_template(kube, RESTARTED, "2030-01-02T03:04:05Z")

    upgraded(deployment("v2"))

    assert template(kube)["probe"] == "that of v2"
    assert live(kube)["spec"]["template"]["metadata"]["annotations"][RESTARTED] == "2030-01-02T03:04:05Z"
    Applier(kube)(deployment("v3"))
    assert template(kube)["probe"] == "that of v2", "the same restart a second time"


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"template": 1}', '{"template": {}}', "[" * 5000])
def test_a_record_that_says_nothing_leaves_the_rendered_template(kube: FakeKube, text: str):
    Applier(kube)(deployment("v1"))
    kube.edit("Deployment", NS, "servers", lambda obj: obj["metadata"]["annotations"].update({KEPT: text}))

    Applier(kube)(deployment("v2"))

    assert template(kube) == {"probe": "that of v2", "v2": "a field"}


def test_a_deployment_without_a_hash_follows_its_template(kube: FakeKube):
    Applier(kube)(deployment("v1", config=None))
    Applier(kube)(deployment("v2", config=None))

    assert template(kube) == {"probe": "that of v2", "v2": "a field"}


def test_a_paused_owner_is_not_announced_a_change_that_will_not_come(kube: FakeKube):
    Applier(kube)(deployment("v1"))

    assert compare(scope(kube), [deployment("v2")], {}).held == []
    assert compare(scope(kube), [deployment("v2", config="two")], {}).held == [Ref("Deployment", "servers")]


def test_a_deployment_that_was_deleted_comes_back_from_the_newest_template(kube: FakeKube):
    Applier(kube)(deployment("v1"))
    kube.remove(f"/apis/apps/v1/namespaces/{NS}/deployments/servers")

    Applier(kube)(deployment("v2"))

    assert template(kube)["probe"] == "that of v2"


# --- a Deployment from before the annotation -------------------------------------------------------------------------


def of_an_older_operator(kube: FakeKube) -> Json:
    """Apply as an operator that kept no template, and let the API server add a default; return the live template."""
    Applier(kube)(deployment("v1"))

    def edit(obj: Json) -> None:
        del obj["metadata"]["annotations"][KEPT]
        obj["spec"]["template"]["spec"]["dnsPolicy"] = "ClusterFirst"

    kube.edit("Deployment", NS, "servers", edit)
    found: Json = live(kube)["spec"]["template"]
    return found


def test_it_keeps_its_live_template_while_the_hash_is_the_same(kube: FakeKube):
    before = of_an_older_operator(kube)

    for version in ("v2", "v3"):
        Applier(kube)(deployment(version))
        assert live(kube)["spec"]["template"] == before
    Applier(kube)(deployment("v3", config="two"))

    assert template(kube)["probe"] == "that of v3"


def test_a_restart_by_kubectl_stays_kubectls_own(kube: FakeKube):
    of_an_older_operator(kube)
    set_in_template(kube, RESTARTED, "2030-01-02T03:04:05Z")
    Applier(kube)(deployment("v2"))
    assert template(kube)["probe"] == "that of v1", "the restart was before"
    assert (
        RESTARTED not in json.loads(live(kube)["metadata"]["annotations"][KEPT])["template"]["metadata"]["annotations"]
    )

    set_in_template(kube, RESTARTED, "2030-01-03T03:04:05Z")
    Applier(kube)(deployment("v2"))

    assert template(kube)["probe"] == "that of v2"
    assert live(kube)["spec"]["template"]["metadata"]["annotations"][RESTARTED] == "2030-01-03T03:04:05Z"
