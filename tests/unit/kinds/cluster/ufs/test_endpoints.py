"""Who is asked whether the storage below is well."""

from __future__ import annotations

from typing import Any

import pytest

from alluxio_operator.api.ufs import RootMount
from alluxio_operator.kinds.cluster.ufs.endpoints import endpoints

HA = """<?xml version="1.0"?>
<configuration>
  <property><name>dfs.nameservices</name><value>lake</value></property>
  <property><name>dfs.ha.namenodes.lake</name><value>nn1, nn2</value></property>
  <property><name>dfs.namenode.rpc-address.lake.nn1</name><value>nn1.example.com:9000</value></property>
  <property><name>dfs.namenode.rpc-address.lake.nn2</name><value>second:8020</value></property>
</configuration>
"""
CONFIGURED = {"configFrom": {"configMapName": "hadoop"}}


def of(uri: str, hdfs_site: str | None = None, **fields: Any) -> tuple[str, ...]:
    return endpoints(RootMount.model_validate({"uri": uri, **fields}), "data", hdfs_site)


@pytest.mark.parametrize(
    ("uri", "fields", "asked"),
    [
        ("hdfs://nn.example.com:9000/", {}, "http://nn.example.com:9000"),
        ("hdfs://nn.example.com/warehouse", {}, "http://nn.example.com:8020"),
        ("hdfs://namenode:8020/", {}, "http://namenode.data.svc:8020"),
        ("hdfs://namenode.lake:8020/", {}, "http://namenode.lake:8020"),
        ("hdfs://nn.example.com:9000/", {"hdfs": CONFIGURED}, "http://nn.example.com:9000"),
        ("s3://bucket/prefix", {"s3": {"endpoint": "http://minio:9000"}}, "http://minio.data.svc:9000"),
        ("s3://bucket", {"s3": {"endpoint": "https://s3.example.com/"}}, "https://s3.example.com/"),
        ("s3://bucket", {"options": {"alluxio.underfs.s3.endpoint": "http://10.0.0.7:9000"}}, "http://10.0.0.7:9000"),
        ("s3://bucket", {"s3": {"region": "eu-west-1"}}, "https://s3.eu-west-1.amazonaws.com"),
        ("s3://bucket", {}, "https://s3.amazonaws.com"),
    ],
)
def test_one_endpoint(uri: str, fields: dict[str, Any], asked: str):
    assert of(uri, **fields) == (asked,)


def test_each_name_node_of_a_name_service_may_be_the_one_that_answers():
    assert of("hdfs://lake/warehouse", HA, hdfs=CONFIGURED) == (
        "http://nn1.example.com:9000",
        "http://second.data.svc:8020",
    )


@pytest.mark.parametrize("hdfs_site", [None, "", "no XML", "<configuration/>", HA.replace("lake", "other")])
def test_a_name_service_that_is_not_described_leaves_nobody_to_ask(hdfs_site: str | None):
    assert of("hdfs://lake/warehouse", hdfs_site, hdfs=CONFIGURED) == ()


@pytest.mark.parametrize("uri", ["/mnt/ufs", "gs://bucket/prefix", "oss://bucket"])
def test_storage_of_which_no_endpoint_is_known(uri: str):
    assert of(uri) == ()
