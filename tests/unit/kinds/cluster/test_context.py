"""What the templates are given: images, options, sizes, and hashes that change when a restart is due."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from tests.support.builders import TEMPLATES, cluster, merged

from alluxio_operator.api.ufs import OWN_FOLDERS
from alluxio_operator.engine.render import Renderer
from alluxio_operator.kinds.cluster.context import JournalValues, context_of
from alluxio_operator.kinds.cluster.objects import properties
from alluxio_operator.kinds.cluster.rollout.health import CONFIG_HASH

RENDERER = Renderer(TEMPLATES)
UUID = {"shortCircuit": {"policy": "Uuid"}}
S3 = {
    "volume": None,
    "uri": "s3://lake/warehouse",
    "s3": {"endpoint": "http://s3:9000", "credentials": {"secretName": "keys"}},
}
ROLES = {"master", "worker", "jobmaster", "logserver"}


def context(**over: Any) -> dict[str, Any]:
    return context_of(cluster(**over), JournalValues(job="create", operation="op"))


def pod_hashes(**over: Any) -> dict[str, str]:
    """Return the hash on each workload's pods: where it changes, pods are replaced."""
    return {
        manifest.ref.name: manifest.obj["spec"]["template"]["metadata"]["annotations"][CONFIG_HASH]
        for manifest in RENDERER.render("alluxio", context(**over))
        if manifest.ref.kind in ("StatefulSet", "DaemonSet", "Deployment")
    }


def restarted(**over: Any) -> set[str]:
    before, after = pod_hashes(), pod_hashes(**over)
    return {name.removeprefix("small-") for name in after if before.get(name) != after[name]}


# --- the image ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ({}, "alluxio/alluxio:2.9.3"),
        ({"tag": "2.9.3-patched"}, "alluxio/alluxio:2.9.3-patched"),
        ({"repository": "registry.example:5000/a/b"}, "registry.example:5000/a/b:2.9.3"),
    ],
)
def test_the_tag_is_the_version_unless_said(image: dict[str, str], expected: str):
    assert context(version="2.9.3", image=image)["image"] == expected


# --- who restarts when --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("over", "roles"),
    [
        ({}, set()),
        ({"properties": {"a": "b"}}, {"master", "worker", "jobmaster", "logserver"}),
        ({"masters": {"properties": {"a": "b"}}}, {"master"}),
        ({"masters": {"jvm": {"options": ["-XX:+UseG1GC"]}}}, {"master"}),
        ({"workers": {"properties": {"a": "b"}}}, {"worker"}),
        ({"workers": {"jvm": {"heap": "2Gi"}}}, {"worker"}),
        ({"jobService": {"master": {"properties": {"a": "b"}}}}, {"jobmaster"}),
        ({"jobService": {"worker": {"properties": {"a": "b"}}}}, {"worker"}),
        ({"jobService": {"worker": {"jvm": {"options": ["-XX:+UseG1GC"]}}}}, {"worker"}),
        ({"logServer": {"jvm": {"heap": "256Mi"}}}, {"logserver"}),
        ({"image": {"tag": "2.9.4-patched"}}, ROLES),
        ({"version": "2.9.3"}, ROLES),
        ({"masters": {"ports": {"web": 19997}}}, {"master"}),
        ({"masters": {"ports": {"rpc": 19997}}}, ROLES),
        ({"workers": {"ports": {"web": 30080}}}, {"worker"}),
        ({"jobService": {"master": {"ports": {"web": 20012}}}}, {"jobmaster"}),
        ({"jobService": {"worker": {"ports": {"web": 30013}}}}, {"worker"}),
        ({"masters": {"nodeSelector": {"a": "b"}}}, {"master"}),
        ({"masters": {"env": [{"name": "A", "value": "b"}]}}, {"master"}),
        ({"workers": {"podLabels": {"a": "b"}}}, {"worker"}),
        ({"workers": {"terminationGracePeriodSeconds": 31}}, {"worker"}),
        ({"workers": {"resources": {"requests": {"cpu": "1"}}}}, {"worker"}),
        ({"workers": {"tiers": [{"name": "MEM", "medium": "MEM", "quota": "2Gi"}]}}, {"worker"}),
        ({"workers": UUID}, {"worker"}),
        ({"logServer": {"enabled": False}}, {"master", "worker", "jobmaster"}),
        # Deployments get it without the hash: see tests/unit/kinds/test_hash_of_deployments.py.
        ({"image": {"pullPolicy": "Always", "pullSecrets": [{"name": "a"}]}}, set()),
        ({"upgrade": {"maxUnavailable": 2}}, set()),
        ({"service": {"type": "NodePort"}}, set()),
        ({"workers": {"replicas": 5}}, set()),
        ({"deletionPolicy": "Delete"}, set()),
        ({"proxy": {"enabled": True}}, {"proxy"}),
        ({"fuse": {"enabled": True}}, {"fuse"}),
        ({"proxy": {"ports": {"web": 40000}, "properties": {"a": "b"}}}, set()),
        ({"fuse": {"ports": {"web": 40001}, "properties": {"a": "b"}}}, set()),
    ],
)
def test_a_change_starts_anew_those_that_read_it_and_nobody_else(over: dict[str, Any], roles: set[str]):
    assert restarted(**over) == roles


EVERY_ROLE: dict[str, Any] = {"proxy": {"enabled": True}, "fuse": {"enabled": True}}


def test_properties_that_only_a_stop_reads_restart_nobody(monkeypatch: pytest.MonkeyPatch):
    after = pod_hashes(**EVERY_ROLE)
    monkeypatch.setattr(properties, "STOPPING", {})

    assert pod_hashes(**EVERY_ROLE) == after, "an upgrade of the operator would replace every worker"


def test_another_value_of_such_a_property_is_a_change():
    (key,) = properties.STOPPING

    assert restarted(workers={"properties": {key: "true"}}) == {"worker"}


@pytest.mark.parametrize(
    "over",
    [
        {"masters": {"affinity": {"nodeAffinity": {}}, "tolerations": [{"operator": "Exists"}]}},
        {"masters": {"volumes": [{"name": "x", "emptyDir": {}}]}},
        {"workers": {"priorityClassName": "high", "podAnnotations": {"a": "b"}}},
        {"workers": {"tiers": [{"name": "SSD", "medium": "SSD", "quota": "1Gi", "storage": {"size": "2Gi"}}]}},
        {"rootMount": {"volume": {"claimName": "mine", "size": None, "accessModes": None}}},
        {"rootMount": {"uri": "/mnt/other"}},
        {"rootMount": S3},
        {"masters": {"replicas": 3}},
        {"jobService": {"enabled": False}},
        {"logServer": {"ports": {"logs": 45601}}},
    ],
)
def test_no_pod_is_rendered_otherwise_under_the_same_hash(over: dict[str, Any]):
    before, after = pods(), pods(**over)

    assert any(before[name] != after[name] for name in after)
    assert {name for name in after if before[name] != after[name]} <= restarted(**over)


@pytest.mark.parametrize(
    "over",
    [
        {"fuse": {"options": ["allow_other", "max_readahead=131072"]}},
        {"fuse": {"mountPath": "/mnt/elsewhere/fuse"}},
        {"fuse": {"alluxioPath": "/tables"}},
        {"fuse": {"nodeSelector": {"disk": "fast"}, "tolerations": [{"operator": "Exists"}]}},
        {"fuse": {"env": [{"name": "A", "value": "b"}], "resources": {"requests": {"cpu": "1"}}}},
        {"workers": UUID},
    ],
)
def test_no_mount_is_rendered_otherwise_under_the_same_hash(over: dict[str, Any]):
    mounted = {"fuse": {"enabled": True}}
    wished = merged(mounted, over)

    assert pods(**mounted)["fuse"] != pods(**wished)["fuse"]
    assert pod_hashes(**mounted)["small-fuse"] != pod_hashes(**wished)["small-fuse"]


def pods(**over: Any) -> dict[str, Any]:
    """Return each template of pods that the operator replaces itself, without its hash."""
    found = {}
    for manifest in RENDERER.render("alluxio", context(**over)):
        if manifest.ref.kind in ("StatefulSet", "DaemonSet"):
            template = deepcopy(manifest.obj["spec"]["template"])
            del template["metadata"]["annotations"][CONFIG_HASH]
            found[manifest.ref.name.removeprefix("small-")] = template
    return found


# --- options of the JVM -------------------------------------------------------------------------------------------


def test_options_of_the_user_come_after_the_division_and_before_what_must_hold():
    options = context(workers={"jvm": {"heap": "1Gi", "options": ["-XX:+UseG1GC"]}})["roles"]["worker"]["javaOpts"]

    words = options.split(" ")
    assert words[0] == f"-Xms{1024**3}"
    assert words[-2:] == ["-XX:+UseG1GC", "-Dalluxio.worker.tieredstore.level0.dirs.path=/tiers/mem"]


# --- resources ----------------------------------------------------------------------------------------------------


def test_memory_is_the_division_and_cpu_is_what_was_given():
    over = {"resources": {"requests": {"cpu": "500m"}, "limits": {"cpu": 2}}, "jvm": {"heap": "256Mi"}}

    assert context(jobService={"master": over})["roles"]["jobmaster"]["resources"] == {
        "requests": {"cpu": "500m", "memory": "704Mi"},
        "limits": {"cpu": "2", "memory": "704Mi"},
    }


def test_no_cpu_is_asked_for_unless_said():
    assert set(context()["roles"]["master"]["resources"]["limits"]) == {"memory"}


# --- volumes ------------------------------------------------------------------------------------------------------


def test_a_claim_that_exists_is_used_and_none_is_made():
    ufs = context(rootMount={"volume": {"claimName": "mine", "size": None, "accessModes": None}})["ufs"]

    assert (ufs["claim"], ufs["create"]) == ("mine", None)


def test_a_claim_is_made_and_named_after_the_cluster():
    ufs = context()["ufs"]

    assert ufs["claim"] == "small-ufs"
    assert ufs["create"]["size"] == "1Gi"


@pytest.mark.parametrize(("policy", "owned"), [("Retain", False), ("Delete", True)])
def test_the_journals_claim_is_owned_only_when_it_is_to_be_deleted(policy: str, owned: bool):
    assert context(deletionPolicy=policy)["journal"]["owned"] is owned


def test_every_mount_is_in_a_folder_that_a_root_mount_is_refused_for():
    mounts = {
        mount["mountPath"]
        for manifest in RENDERER.render("alluxio", context(proxy={"enabled": True}, workers=UUID))
        if manifest.ref.kind in ("StatefulSet", "Deployment", "Job")
        for container in (
            *manifest.obj["spec"]["template"]["spec"].get("initContainers", ()),
            *manifest.obj["spec"]["template"]["spec"]["containers"],
        )
        for mount in container["volumeMounts"]
    }

    others = mounts - {"/mnt/ufs"}
    assert len(others) > 5
    assert {path for path in others if not path.startswith(OWN_FOLDERS)} == set()


def test_the_journals_jobs_are_placed_as_the_masters_will_be():
    spread = {"topologyKey": "topology.kubernetes.io/zone", "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule"}
    node_affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}}
    masters = {
        "replicas": 3,
        "affinity": node_affinity,
        "topologySpreadConstraints": [spread],
        "podLabels": {"team": "data", "app.kubernetes.io/component": "master"},
        "podAnnotations": {"sidecar.istio.io/inject": "false"},
    }

    values = context(masters=masters)

    pod, master = values["journal"]["pod"], values["roles"]["master"]
    own = {"podAntiAffinity"}
    assert pod["affinity"].keys() == master["affinity"].keys() == {*own, "nodeAffinity"}
    [constraint], [of_masters] = pod["spread"], master["spread"]
    assert constraint["labelSelector"]["matchLabels"]["app.kubernetes.io/component"] == "journal"
    assert of_masters["labelSelector"]["matchLabels"]["app.kubernetes.io/component"] == "master"
    assert pod["metadata"]["labels"]["team"] == "data"
    assert pod["metadata"]["labels"]["app.kubernetes.io/component"] == "journal", "no Service of masters selects it"
    assert pod["metadata"]["annotations"] == {"sidecar.istio.io/inject": "false"}
    assert pod["resources"] == master["resources"], "a node without room for a master must not get its volume"
