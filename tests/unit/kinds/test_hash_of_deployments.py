"""The hash of a Deployment's pods covers every value in them, but how a cluster pulls its images.

A template of the same hash is kept as it is, unless it pulls otherwise.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.golden.prestos import manifests
from tests.support.builders import NOW, TEMPLATES, cluster, merged, observed
from tests.support.builders import resource as cluster_resource
from tests.support.presto import resource

from alluxio_operator.engine.kept_template import CONFIG_HASH, with_kept_template
from alluxio_operator.engine.render import Renderer
from alluxio_operator.kinds.cluster.decide import decide

Json = dict[str, Any]
VOLUME = {"volumes": [{"name": "more", "emptyDir": {}}], "volumeMounts": [{"name": "more", "mountPath": "/more"}]}
OF_ROLES: list[Json] = [
    {"resources": {"requests": {"cpu": "1"}}},
    {"resources": {"limits": {"memory": "4Gi"}}},
    {"jvm": {"heap": "1500Mi"}},
    {"jvm": {"options": ["-XX:+UseSerialGC"]}},
    {"env": [{"name": "TZ", "value": "UTC"}]},
    VOLUME,
    {"nodeSelector": {"disk": "ssd"}},
    {"tolerations": [{"key": "gpu", "operator": "Exists"}]},
    {"affinity": {"nodeAffinity": {"some": "rule"}}},
    {"topologySpreadConstraints": [{"topologyKey": "zone"}]},
    {"priorityClassName": "high"},
    {"podLabels": {"team": "data"}},
    {"podAnnotations": {"scrape": "true"}},
    {"terminationGracePeriodSeconds": 1000},
]
IMAGES: list[Json] = [{"image": {"repository": "example.com/mine"}}, {"image": {"tag": "mine"}}]
PULLS: list[Json] = [{"image": {"pullPolicy": "Always"}}, {"image": {"pullSecrets": [{"name": "registry"}]}}]
HIVE = {"name": "hive", "hive": {"thrift": {"uris": ["thrift://m:9083"]}}}
SECRET = {"name": "hive.s3.aws-secret-key", "secretKeyRef": {"name": "keys", "key": "secret"}}
PRESTO: list[Json] = [
    *IMAGES,
    *PULLS,
    *({role: change} for role in ("coordinator", "workers") for change in OF_ROLES),
    *({role: {"ports": {"http": 8081}}} for role in ("coordinator", "workers")),
    {"engine": "Trino", "version": "476"},
    {"gracefulShutdown": {"gracePeriodSeconds": 600}},
    {"catalogs": [{**HIVE, "propertiesFrom": [SECRET]}]},
    {"alluxio": {"colocate": "Required"}},
    {"alluxio": {"colocate": "None"}},
    {"alluxio": {"user": "etl"}},
    {"alluxio": {"client": "Image"}},
    {"alluxio": {"clusterRef": {"name": "another"}}},
]
CLUSTER: list[Json] = [
    *IMAGES,
    *({role: change} for role in ("proxy", "logServer") for change in OF_ROLES),
    {"version": "2.9.3"},
    {"logServer": {"ports": {"logs": 4444}}},
    {"proxy": {"ports": {"web": 4445}}},
    {"masters": {"ports": {"rpc": 4446}}},
]


def templates_of_presto(change: Json) -> dict[str, Json]:
    spec = merged({"alluxio": {"clusterRef": {"name": "small"}}, "catalogs": [HIVE]}, change)
    found = [manifest for manifest in manifests(resource(**spec)) if manifest.ref.kind == "Deployment"]
    return {manifest.ref.name: dict(manifest.obj["spec"]["template"]) for manifest in found}


def templates_of_cluster(change: Json) -> dict[str, Json]:
    spec = merged({"proxy": {"enabled": True}}, change)
    plan = decide(cluster(**spec), observed(cluster_resource(**spec)), NOW)
    found = [one for one in Renderer(TEMPLATES).render("alluxio", plan.context) if one.ref.kind == "Deployment"]
    return {manifest.ref.name: dict(manifest.obj["spec"]["template"]) for manifest in found}


def without_hash(template: Json) -> tuple[Json, str]:
    annotations = dict(template["metadata"]["annotations"])
    own = annotations.pop(CONFIG_HASH)
    return {**template, "metadata": {**template["metadata"], "annotations": annotations}}, own


def assert_covered(before: dict[str, Json], after: dict[str, Json]) -> None:
    assert before.keys() == after.keys()
    for name in before:
        (was, old), (now, new) = without_hash(before[name]), without_hash(after[name])
        assert was == now or old != new, f"{name} would keep its pods as they are"


@pytest.mark.parametrize("change", PRESTO, ids=str)
def test_a_change_of_a_prestos_pods_changes_their_hash(change: Json):
    before, after = templates_of_presto({}), templates_of_presto(change)

    assert before != after, "this change proves nothing"
    assert_covered(before, after)


@pytest.mark.parametrize("change", CLUSTER, ids=str)
def test_a_change_of_a_clusters_log_server_and_proxies_changes_their_hash(change: Json):
    before, after = templates_of_cluster({}), templates_of_cluster(change)

    assert before != after, "this change proves nothing"
    assert_covered(before, after)


@pytest.mark.parametrize("change", PULLS, ids=str)
@pytest.mark.parametrize("recorded", [True, False], ids=["recorded", "of an older operator"])
def test_another_way_to_pull_reaches_the_log_server_and_the_proxies(change: Json, recorded: bool):
    before, after = templates_of_cluster({}), templates_of_cluster(change)

    assert before.keys() == after.keys() == {"small-logserver", "small-proxy"}
    for name in before:
        assert before[name] != after[name], "this change proves nothing"
        live = deployment(before[name])
        if recorded:
            live = with_kept_template(live, None)
        assert with_kept_template(deployment(after[name]), live)["spec"]["template"] == after[name]
        assert with_kept_template(deployment(before[name]), live)["spec"]["template"] == before[name]


def deployment(template: Json) -> Json:
    return {"kind": "Deployment", "metadata": {"name": "one"}, "spec": {"template": template}}
