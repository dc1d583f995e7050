"""Presto on a real API server: what it takes, what it refuses with which sentence, and every object of the samples."""

from __future__ import annotations

from typing import Any

import pytest
from tests.api.stage import Answer, Stage
from tests.support.presto import resource
from tests.unit.kinds.presto.test_presto_render import CASES, objects

from alluxio_operator.kube.client import FIELD_MANAGER
from alluxio_operator.kube.kinds import KINDS

Json = dict[str, Any]


def submit(stage: Stage, made: Json) -> Answer:
    body = {**made, "metadata": {"name": made["metadata"]["name"], "namespace": stage.namespace}}
    return stage.api.call("POST", KINDS["Presto"].path(stage.namespace), body, dryRun="All", fieldValidation="Strict")


@pytest.mark.parametrize("case", CASES)
def test_the_resource_is_taken(case: str, shared: Stage):
    answer = submit(shared, CASES[case])

    assert answer.status == 201, answer.message


@pytest.mark.parametrize("case", CASES)
def test_every_object_is_taken_and_its_pods_are_restricted(case: str, shared: Stage):
    for obj in objects(case):
        body = {**obj, "metadata": {**obj["metadata"], "namespace": shared.namespace}}
        path = KINDS[obj["kind"]].path(shared.namespace, obj["metadata"]["name"])

        answer = shared.api.apply(path, body, FIELD_MANAGER, dryRun="All", fieldValidation="Strict")

        assert answer.status in (200, 201), f"{obj['metadata']['name']}: {answer.message}"
        if "hostPath" in str(obj):
            assert "would violate PodSecurity" in answer.warning
        else:
            assert answer.warning == "", f"{obj['metadata']['name']}: {answer.warning}"


TPCH = {"name": "tpch", "tpch": {}}
DAY = {"name": "day", "start": "0 7 * * *", "end": "0 19 * * *", "replicas": 2}
REFUSED: list[tuple[str, Json, str]] = [
    ("unknown field", {"catalogz": []}, 'unknown field "spec.catalogz"'),
    ("version", {"version": "latest"}, "spec.version: Invalid value"),
    ("engine", {"engine": "Spark"}, "spec.engine: Unsupported value"),
    ("a version of Trino", {"version": "476"}, "set spec.version to a version of Presto such as 0.287"),
    ("a version of Presto", {"engine": "Trino"}, "set spec.version to a version of Trino such as 476"),
    ("two connectors", {"catalogs": [{**TPCH, "memory": {}}]}, "exactly one of hive, tpch, memory and connector"),
    ("no connector", {"catalogs": [{"name": "x"}]}, "exactly one of hive, tpch, memory and connector"),
    ("catalog twice", {"catalogs": [TPCH, TPCH]}, "Duplicate value"),
    ("name of a catalog", {"catalogs": [{"name": "A-b", "tpch": {}}]}, "spec.catalogs[0].name: Invalid value"),
    ("no metastore", {"catalogs": [{"name": "h", "hive": {}}]}, "set either thrift"),
    ("connector by hand", {"catalogs": [{**TPCH, "properties": {"connector.name": "x"}}]}, "remove connector.name"),
    ("metastore", {"catalogs": [{"name": "h", "hive": {"thrift": {"uris": ["http://m"]}}}]}, "uris[0]: Invalid value"),
    (
        "credentials in the spec",
        {"catalogs": [{**TPCH, "properties": {"hive.s3.aws-secret-key": "x"}}]},
        "put them into a Secret",
    ),
    (
        "a property twice",
        {
            "catalogs": [
                {
                    **TPCH,
                    "properties": {"a": "x"},
                    "propertiesFrom": [{"name": "a", "secretKeyRef": {"name": "s", "key": "k"}}],
                }
            ]
        },
        "not in both",
    ),
    ("room to roll", {"workers": {"maxSurge": 0, "maxUnavailable": 0}}, "a rollout of the workers needs room"),
    ("least above most", {"autoscaling": {"minReplicas": 3, "maxReplicas": 2}}, "minReplicas is larger"),
    ("window above most", {"autoscaling": {"maxReplicas": 1, "schedules": [DAY]}}, "more replicas than maxReplicas"),
    ("no most", {"autoscaling": {"schedules": [DAY]}}, "spec.autoscaling.maxReplicas: Required value"),
    ("no measure", {"autoscaling": {"maxReplicas": 2, "load": {}}}, "load needs a measure"),
    ("cron", {"autoscaling": {"maxReplicas": 2, "schedules": [{**DAY, "start": "daily"}]}}, "start: Invalid value"),
    ("colocation", {"alluxio": {"clusterRef": {"name": "x"}, "colocate": "Always"}}, "Unsupported value"),
    ("node port without one", {"service": {"nodePorts": {"http": 30080}}}, "has no node ports"),
    ("too many workers", {"workers": {"replicas": 1001}}, "less than or equal to 1000"),
]


@pytest.mark.parametrize(("over", "sentence"), [one[1:] for one in REFUSED], ids=[one[0] for one in REFUSED])
def test_what_cannot_be_is_refused_in_words(over: Json, sentence: str, shared: Stage):
    answer = submit(shared, resource(**over))

    assert answer.status in (400, 422), answer.status
    assert sentence in answer.message


def test_the_scale_subresource_moves_the_workers(stage: Stage):
    body = resource()
    body["metadata"] = {"name": "queries", "namespace": stage.namespace}
    path = KINDS["Presto"].path(stage.namespace)
    assert stage.api.call("POST", path, body).status == 201

    assert "scaled" in stage.api.kubectl("scale", "presto/queries", "--replicas=4", "-n", stage.namespace)
    assert stage.api.call("GET", f"{path}/queries").body["spec"]["workers"]["replicas"] == 4


def test_the_columns_show_what_people_look_at_first(stage: Stage):
    body = resource()
    body["metadata"] = {"name": "queries", "namespace": stage.namespace}
    assert stage.api.call("POST", KINDS["Presto"].path(stage.namespace), body).status == 201

    head = stage.api.kubectl("get", "prs", "-n", stage.namespace).splitlines()[0].split()

    assert head == ["NAME", "PHASE", "VERSION", "WORKERS", "WANTED", "RUNNING", "QUEUED", "AGE"]
