"""Root mounts that the API server takes or refuses, each refusal with a sentence that says what helps."""

from __future__ import annotations

from typing import Any

import pytest
from tests.api.stage import Stage

from alluxio_operator.api.alluxiocluster import KIND
from alluxio_operator.kube.kinds import KINDS

Json = dict[str, Any]

NO_VOLUME: Json = {"volume": None}
KEYS: Json = {"credentials": {"secretName": "keys"}}
GOOD: list[tuple[str, Json]] = [
    ("bucket", {"uri": "s3://lake"}),
    ("bucket and prefix", {"uri": "s3://lake.of-2/a/b_c/", "s3": {"endpoint": "https://minio.x:9000", **KEYS}}),
    ("hdfs", {"uri": "hdfs://nn-1.storage:8020/user/x"}),
    ("root of an hdfs", {"uri": "hdfs://10.0.0.1:8020/", "hdfs": {"user": "etl"}}),
    ("name service", {"uri": "hdfs://ns1/user", "hdfs": {"configFrom": {"secretName": "hadoop"}}}),
    ("oss", {"uri": "oss://bucket/x", "options": {"fs.oss.endpoint": "e"}}),
    ("abfs", {"uri": "abfs://container@account.dfs.core.windows.net/x"}),
    (
        "options of Secrets",
        {
            "uri": "s3://lake",
            "options": {"alluxio.underfs.s3.threads.max": "80"},
            "optionsFrom": [{"name": "s3a.secretKey", "secretKeyRef": {"name": "keys", "key": "a.b-c_D"}}],
        },
    ),
]
FORM = "a bucket has 3 to 63 lower-case letters"
BAD: list[tuple[str, Json, str]] = [
    ("no such scheme", {"uri": "ftp://host/x"}, "Alluxio doesn't support this scheme"),
    ("s3a", {"uri": "s3a://lake"}, "s3://BUCKET/PREFIX (not s3a)"),
    ("bucket with upper case", {"uri": "s3://Lake"}, FORM),
    ("bucket with a port", {"uri": "s3://minio:9000/lake"}, FORM),
    ("empty part of a prefix", {"uri": "s3://lake//a"}, FORM),
    ("dots", {"uri": "s3://lake/../other"}, "a path must not contain . or .. as a part"),
    ("hdfs without a host", {"uri": "hdfs:///user"}, "give an HDFS as hdfs://HOST:PORT/PATH"),
    ("keys in the uri", {"uri": "swift://user:key@host/x"}, "a spec must not hold credentials"),
    ("path without a volume", {"uri": "/mnt/ufs"}, "a path needs a volume"),
    ("bucket with a volume", {"uri": "s3://lake", "volume": {"size": "1Gi"}}, "a volume needs a path"),
    ("s3 beside hdfs", {"uri": "hdfs://nn/", "s3": KEYS}, "spec.rootMount.s3 is for a uri that begins with s3://"),
    ("hdfs beside s3", {"uri": "s3://lake", "hdfs": {}}, "spec.rootMount.hdfs is for a uri that begins with hdfs://"),
    ("endpoint without scheme", {"uri": "s3://lake", "s3": {"endpoint": "minio:9000"}}, "s3.endpoint: Invalid value"),
    ("endpoint with keys", {"uri": "s3://lake", "s3": {"endpoint": "http://a:b@m"}}, "s3.endpoint: Invalid value"),
    ("no secret", {"uri": "s3://lake", "s3": {"credentials": {}}}, "credentials.secretName: Required value"),
    ("credential", {"uri": "s3://lake", "options": {"s3a.secretKey": "x"}}, "a spec must not hold credentials"),
    ("no source", {"uri": "hdfs://ns/", "hdfs": {"configFrom": {}}}, "give either configMapName or secretName"),
    (
        "two sources",
        {"uri": "hdfs://ns/", "hdfs": {"configFrom": {"secretName": "a", "configMapName": "b"}}},
        "give either configMapName or secretName",
    ),
    (
        "option twice",
        {
            "uri": "oss://lake",
            "options": {"fs.oss.endpoint": "x"},
            "optionsFrom": [{"name": "fs.oss.endpoint", "secretKeyRef": {"name": "keys", "key": "k"}}],
        },
        "give it in options or in optionsFrom, not in both",
    ),
]


def submit(shared: Stage, mount: Json) -> Any:
    body = shared.body(rootMount={**NO_VOLUME, **mount})
    return shared.api.call("POST", KINDS[KIND].path(shared.namespace), body, dryRun="All", fieldValidation="Strict")


@pytest.mark.parametrize("mount", [case[1] for case in GOOD], ids=[case[0] for case in GOOD])
def test_what_alluxio_can_mount_is_taken(mount: Json, shared: Stage):
    answer = submit(shared, mount)

    assert answer.status == 201, answer.message


@pytest.mark.parametrize(("mount", "said"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_what_cannot_be_meant_is_refused_with_a_sentence(mount: Json, said: str, shared: Stage):
    answer = submit(shared, mount)

    assert answer.status == 422, answer.body
    assert said in answer.message


def test_what_the_journal_refers_to_stays_and_how_it_is_reached_may_change(stage: Stage):
    stage.create(rootMount={**NO_VOLUME, "uri": "s3://lake/a", "s3": {"endpoint": "http://old", **KEYS}})

    def change(**mount: Any) -> Any:
        return stage.api.merge(stage.path, {"spec": {"rootMount": mount}})

    for mount in ({"uri": "s3://lake/b"}, {"uri": "/mnt/x", "s3": None, "volume": {"size": "1Gi"}}):
        answer = change(**mount)
        assert answer.status == 422
        assert "spec.rootMount.uri and spec.rootMount.volume can't be changed" in answer.message
    for mount in (
        {"s3": {"endpoint": "http://new", "credentials": {"secretName": "rotated"}}},
        {"options": {"alluxio.underfs.s3.threads.max": "9"}},
        {"optionsFrom": [{"name": "x", "secretKeyRef": {"name": "a", "key": "b"}}]},
    ):
        assert change(**mount).status == 200
