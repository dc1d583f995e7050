"""What the API server itself refuses, and with which sentence; nothing is stored, so one namespace serves all."""

from __future__ import annotations

from typing import Any

import pytest
from tests.api.stage import Answer, Stage
from tests.support.builders import merged

from alluxio_operator.api.ufs import OWN_FOLDERS
from alluxio_operator.kube.kinds import KINDS

Json = dict[str, Any]


def submit(stage: Stage, body: Json) -> Answer:
    """Submit a resource as kubectl does, without storing it."""
    path = KINDS["AlluxioCluster"].path(stage.namespace)
    return stage.api.call("POST", path, body, dryRun="All", fieldValidation="Strict")


def test_the_resource_of_these_tests_is_accepted(shared: Stage):
    answer = submit(shared, shared.body())

    assert answer.status == 201, answer.message
    assert answer.warning == ""


def own(property_name: str) -> Json:
    return {"properties": {property_name: "x"}}


LIMITS: list[tuple[str, Json, str]] = [
    ("unknown field", {"masterz": {}}, 'unknown field "spec.masterz"'),
    ("unknown field below", {"workers": {"tierz": []}}, 'unknown field "spec.workers.tierz"'),
    ("missing root mount", {"rootMount": None}, "spec.rootMount: Required value"),
    ("version", {"version": "3.0.0"}, 'Unsupported value: "3.0.0": supported values: "2.9.3", "2.9.4"'),
    ("number of masters", {"masters": {"replicas": 2}}, "spec.masters.replicas: Unsupported value: 2"),
    ("number of workers", {"workers": {"replicas": -1}}, "should be greater than or equal to 0"),
    ("too many workers", {"workers": {"replicas": 1001}}, "should be less than or equal to 1000"),
    ("quantity", {"workers": {"tiers": [{"quota": "lots"}]}}, "spec.workers.tiers[0].quota: Invalid value"),
    ("negative quantity", {"masters": {"jvm": {"heap": "-1Gi"}}}, "spec.masters.jvm.heap: Invalid value"),
    ("fraction as a number", {"masters": {"resources": {"requests": {"cpu": 0.5}}}}, "masters.resources.requests.cpu"),
    ("no tier", {"workers": {"tiers": []}}, "should have at least 1 items"),
    ("two tiers of one name", {"workers": {"tiers": [{"name": "MEM"}, {"name": "MEM"}]}}, "tiers"),
    ("medium", {"workers": {"tiers": [{"medium": "SSD"}]}}, 'Unsupported value: "SSD": supported values: "MEM"'),
    ("privileged port", {"masters": {"ports": {"rpc": 80}}}, "should be greater than or equal to 1024"),
    ("port", {"masters": {"ports": {"rpc": 70000}}}, "should be less than or equal to 65535"),
    ("relative path", {"rootMount": {"uri": "mnt/ufs"}}, "spec.rootMount.uri: Invalid value"),
    ("bare word with a colon", {"rootMount": {"uri": "s3:bucket"}}, "spec.rootMount.uri: Invalid value"),
    ("path with dots", {"rootMount": {"uri": "/mnt/../etc"}}, "a path is given without . and .. in it"),
    ("the root", {"rootMount": {"uri": "/"}}, "spec.rootMount.uri: Invalid value"),
    ("option with a blank", {"masters": {"jvm": {"options": ["-Da=b c"]}}}, "masters.jvm.options[0]: Invalid value"),
    ("option of a shell", {"masters": {"jvm": {"options": ["-Da=$(id)"]}}}, "masters.jvm.options[0]: Invalid value"),
    ("variable", {"masters": {"env": [{"name": "A-B", "value": "x"}]}}, "spec.masters.env[0].name: Invalid value"),
    ("variable twice", {"masters": {"env": [{"name": "A"}, {"name": "A"}]}}, "Duplicate value"),
    ("image", {"image": {"repository": "Upper/Case"}}, "spec.image.repository: Invalid value"),
    ("tag", {"image": {"tag": "a b"}}, "spec.image.tag: Invalid value"),
    ("long property", {"properties": {"a": "x" * 4097}}, "spec.properties.a: Too long: may not be more than 4096"),
    ("many properties", {"properties": {f"p{i}": "" for i in range(257)}}, "must have at most 256 items"),
    ("type of service", {"service": {"type": "ExternalName"}}, "spec.service.type: Unsupported value"),
    ("grace", {"masters": {"terminationGracePeriodSeconds": 0}}, "should be greater than or equal to 1"),
    ("policy", {"deletionPolicy": "Orphan"}, 'supported values: "Retain", "Delete"'),
]  # fmt: skip


@pytest.mark.parametrize(("over", "said"), [case[1:] for case in LIMITS], ids=[case[0] for case in LIMITS])
def test_what_is_out_of_bounds_is_refused(over: Json, said: str, shared: Stage):
    answer = submit(shared, shared.body(**over))

    assert answer.status in (400, 422), answer.body
    assert said in answer.message


NAMES = "property names may hold letters, digits, dots, dashes and underscores"
CREDENTIALS = "credentials do not belong into a spec"
HEAP = "the heap and the direct memory are set by jvm.heap and jvm.directMemory"
VOLUME = "give either claimName (an existing claim) or size (a volume to make), not both and not neither"
REPLICAS = "a DaemonSet runs one worker per node and has no replicas"
LABELS = "labels below app.kubernetes.io/ and alluxio-operator.io/ are the operator's own"
RULES: list[tuple[str, Json, str, str]] = [
    ("replicas of a DaemonSet", {"workers": {"workload": "DaemonSet"}}, "spec.workers.replicas", REPLICAS),
    ("claim and size", {"rootMount": {"volume": {"claimName": "x"}}}, "spec.rootMount.volume", VOLUME),
    ("neither claim nor size", {"rootMount": {"volume": {"size": None}}}, "spec.rootMount.volume", VOLUME),
    ("property with a blank", own("a b"), "spec.properties", NAMES),
    ("property that begins with a dot", {"masters": own(".a")}, "spec.masters.properties", NAMES),
    ("empty property", {"workers": own("")}, "spec.workers.properties", NAMES),
    ("long property name", {"logServer": own("a" * 257)}, "spec.logServer.properties", NAMES),
    ("label of ours", {"masters": {"podLabels": {"app.kubernetes.io/name": "x"}}}, "spec.masters.podLabels", LABELS),
    ("owner's label", {"workers": {"podLabels": {"alluxio-operator.io/owner": "x"}}}, "spec.workers.podLabels", LABELS),
    *(
        (f"credential {name}", own(name), "spec.properties", CREDENTIALS)
        for name in (
            "s3a.accessKeyId", "s3a.secretKey", "aws.accessKeyId", "aws.secretKey", "fs.oss.accessKeyId",
            "fs.oss.accessKeySecret", "fs.gcs.accessKeyId", "fs.gcs.secretAccessKey", "fs.cos.secret.key",
            "fs.azure.account.key.x.blob.core.windows.net", "alluxio.underfs.option.aws.secretKey",
            "alluxio.network.tls.keystore.password",
        )
    ),
    (
        "credential as an option",
        {"workers": {"jvm": {"options": ["-Daws.secretKey=x"]}}},
        "spec.workers.jvm.options",
        CREDENTIALS,
    ),
    ("credential of a role", {"workers": own("aws.secretKey")}, "spec.workers.properties", CREDENTIALS),
    *(
        (f"option {option}", {"workers": {"jvm": {"options": [option]}}}, "spec.workers.jvm.options", HEAP)
        for option in ("-Xmx1g", "-Xms1g", "-XX:MaxDirectMemorySize=1g", "-XX:MaxHeapSize=1g", "-XX:InitialHeapSize=1g")
    ),
    *(
        (f"root mount {path}", {"rootMount": {"uri": path}}, "spec.rootMount.uri", "the containers need /etc/alluxio")
        for path in (*OWN_FOLDERS, "/journal/below", "/opt", "/etc", "/tiers/mem/x")
    ),
]  # fmt: skip


@pytest.mark.parametrize(("over", "field", "said"), [case[1:] for case in RULES], ids=[case[0] for case in RULES])
def test_what_contradicts_itself_is_refused_with_a_sentence(over: Json, field: str, said: str, shared: Stage):
    answer = submit(shared, shared.body(**over))

    assert answer.status == 422, answer.body
    assert said in answer.message
    assert field in [cause["field"] for cause in answer.body["details"]["causes"]]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a" * 41, "metadata.name is longer than 40 characters"),
        ("1st", "metadata.name has to start with a letter"),
        ("with.dots", "metadata.name has to start with a letter"),
        ("-dash", "Invalid value"),
    ],
)
def test_a_name_that_leads_to_illegal_names_is_refused(name: str, said: str, shared: Stage):
    body = shared.body()
    body["metadata"]["name"] = name

    answer = submit(shared, body)

    assert answer.status == 422
    assert said in answer.message


def test_the_longest_name_is_accepted(shared: Stage):
    body = shared.body()
    body["metadata"]["name"] = "a" * 40

    assert submit(shared, body).status == 201


# --- what can't be changed ----------------------------------------------------------------------------------------

WORKLOAD = "spec.workers.workload can't be changed"
JOURNAL = "spec.masters.journal can't be changed"
MOUNT = "spec.rootMount can't be changed"
LOGS = "spec.logServer.storage can't be changed while the log server is enabled"
CHANGES: list[tuple[str, Json, str]] = [
    ("workload", {"workers": {"workload": "DaemonSet", "replicas": None}}, WORKLOAD),
    ("workload left out", {"workers": {"workload": None, "replicas": None}}, WORKLOAD),
    ("workers left out", {"workers": None}, WORKLOAD),
    ("size of the journal", {"masters": {"journal": {"storage": {"size": "9Gi"}}}}, JOURNAL),
    ("class of the journal", {"masters": {"journal": {"storage": {"storageClassName": "other"}}}}, JOURNAL),
    ("journal left out", {"masters": {"journal": None}}, JOURNAL),
    ("masters left out", {"masters": None}, JOURNAL),
    ("path", {"rootMount": {"uri": "/mnt/other"}}, MOUNT),
    ("volume", {"rootMount": {"volume": {"size": None, "claimName": "mine"}}}, MOUNT),
    ("size of the root mount", {"rootMount": {"volume": {"size": "9Gi"}}}, MOUNT),
    ("volume of the logs", {"logServer": {"storage": {"size": "9Gi"}}}, LOGS),
]  # fmt: skip


@pytest.fixture(scope="module")
def stored(shared: Stage) -> Stage:
    """A resource whose every unchangeable field has a value of its own."""
    shared.create(masters={"journal": {"storage": {"size": "2Gi"}}}, rootMount={"uri": "/mnt/one"})
    return shared


@pytest.mark.parametrize(("over", "said"), [case[1:] for case in CHANGES], ids=[case[0] for case in CHANGES])
def test_what_the_volumes_and_the_cache_depend_on_cannot_be_changed(over: Json, said: str, stored: Stage):
    answer = stored.api.merge(stored.path, {"spec": over}, dryRun="All")

    assert answer.status == 422, answer.body
    assert said in answer.message


@pytest.mark.parametrize(
    "over",
    [
        {"workers": {"replicas": 7}},
        {"version": "2.9.3"},
        {"logServer": {"enabled": False, "storage": {"size": "9Gi"}}},
        {"masters": {"jvm": {"heap": "2Gi"}}},
        {"deletionPolicy": "Delete"},
        {"service": {"type": "LoadBalancer"}},
    ],
)
def test_everything_else_can(over: Json, stored: Stage):
    answer = stored.api.merge(stored.path, {"spec": over}, dryRun="All", fieldValidation="Strict")

    assert answer.status == 200, answer.message


def test_leaving_the_spec_out_is_no_way_around_it(stored: Stage):
    body = merged(stored.resource, {"spec": {"masters": None, "workers": None}})

    answer = stored.api.call("PUT", stored.path, body, dryRun="All")

    assert answer.status == 422
    assert WORKLOAD in answer.message
    assert JOURNAL in answer.message


def test_defaults_are_stored_so_that_what_runs_can_be_read(stored: Stage):
    spec = stored.resource["spec"]

    assert spec["jobService"]["worker"]["ports"] == {"rpc": 30001, "data": 30002, "web": 30003}
    assert spec["workers"]["tiers"] == [{"name": "MEM", "medium": "MEM", "quota": "1Gi"}]
    assert spec["deletionPolicy"] == "Retain"
