"""Who is asked whether the storage below is well."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

import pytest

from alluxio_operator.api.ufs import RootMount
from alluxio_operator.kinds.cluster.ufs.endpoints import endpoints, may_probe, problems

HA = """<?xml version="1.0"?>
<configuration>
  <property><name>dfs.nameservices</name><value>lake</value></property>
  <property><name>dfs.ha.namenodes.lake</name><value>nn1, nn2</value></property>
  <property><name>dfs.namenode.rpc-address.lake.nn1</name><value>nn1.example.com:9000</value></property>
  <property><name>dfs.namenode.rpc-address.lake.nn2</name><value>second:8020</value></property>
</configuration>
"""
ENDPOINT = "alluxio.underfs.s3.endpoint"
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
        ("s3://bucket", {"s3": {"endpoint": "https://s3.example.com/"}}, "https://s3.example.com"),
        ("s3://bucket", {"options": {"alluxio.underfs.s3.endpoint": "http://10.0.0.7:9000"}}, "http://10.0.0.7:9000"),
        ("s3://bucket", {"s3": {"region": "eu-west-1"}}, "https://s3.eu-west-1.amazonaws.com"),
        ("s3://bucket", {}, "https://s3.amazonaws.com"),
        ("s3://bucket", {"s3": {"region": "cn-north-1"}}, "https://s3.cn-north-1.amazonaws.com.cn"),
        ("s3://bucket", {"options": {ENDPOINT: "minio:9000"}}, "http://minio.data.svc:9000"),
        (
            "s3://bucket",
            {"options": {ENDPOINT: "s3.example.com", "alluxio.underfs.s3.secure.http.enabled": "TRUE"}},
            "https://s3.example.com",
        ),
        ("s3://bucket", {"options": {ENDPOINT: "http://[2001:db8::7]:9000"}}, "http://[2001:db8::7]:9000"),
        ("s3://bucket", {"options": {ENDPOINT: "http://s3.example.com/metadata?secret#x"}}, "http://s3.example.com"),
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


@pytest.mark.parametrize(
    "options",
    [
        {"alluxio.underfs.s3.proxy.host": "proxy.example.com"},
        {"alluxio.underfs.s3.region": "us-iso-east-1"},
        {ENDPOINT: "http://minio:99999"},
        {ENDPOINT: "http://user:password@minio:9000"},
        {ENDPOINT: "file:///etc/passwd"},
        {ENDPOINT: "http://[::1"},
        {ENDPOINT: "http://a b:9000"},
        {ENDPOINT: "${endpoint}"},
    ],
)
def test_an_endpoint_that_the_operator_cannot_follow_is_unknown(options: dict[str, str]):
    assert of("s3://bucket", options=options) == ()


def ha(address: str, **more: str) -> str:
    properties = {"dfs.ha.namenodes.lake": "nn1", "dfs.namenode.rpc-address.lake.nn1": address, **more}
    listed = "".join(
        f"<property><name>{name}</name><value>{value}</value></property>" for name, value in properties.items()
    )
    return f"<configuration>{listed}</configuration>"


@pytest.mark.parametrize(
    ("document", "asked"),
    [
        (ha("${host}:${port}", host="${first}.example.com", first="nn", port="9000"), ("http://nn.example.com:9000",)),
        (ha("nn.example.com"), ("http://nn.example.com:8020",)),
        (ha("${missing}:9000"), ()),
        (ha("${env.HOST}:9000"), ()),
        (ha("${loop}", loop="${loop}"), ()),
        (ha("nn:99999"), ()),
        (ha("nn:port"), ()),
        (ha("http://nn.example.com:9000/path?query"), ("http://nn.example.com:9000",)),
    ],
)
def test_variables_of_hadoop_files(document: str, asked: tuple[str, ...]):
    assert of("hdfs://lake/", document, hdfs=CONFIGURED) == asked


def test_entities_are_never_expanded():
    entities = "".join(f'<!ENTITY e{n + 1} "{f"&e{n};" * 10}">' for n in range(9))
    bomb = f'<!DOCTYPE c [<!ENTITY e0 "nn.example.com">{entities}]>{ha("&e0;:9000")}'

    assert of("hdfs://lake/", bomb, hdfs=CONFIGURED) == ()


def test_a_variable_never_grows_beyond_the_limit():
    grows = {f"v{n}": f"${{v{n + 1}}}" * 1000 for n in range(20)}

    assert of("hdfs://lake/", ha("${v0}", **grows), hdfs=CONFIGURED) == ()


def test_a_list_of_name_nodes_is_bounded():
    nodes = {f"dfs.namenode.rpc-address.lake.n{n}": f"10.0.0.{n}:9000" for n in range(100)}

    found = of("hdfs://lake/", ha("x", **nodes, **{"dfs.ha.namenodes.lake": ",".join(f"n{n}" for n in range(100))}))

    assert found == ("http://lake.data.svc:8020",)
    named = ha("x", **nodes, **{"dfs.ha.namenodes.lake": ",".join(f"n{n}" for n in range(100))})
    assert len(of("hdfs://lake/", named, hdfs=CONFIGURED)) == 5


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.9.9.9",
        "169.254.169.254",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "100.100.100.200",
        "::1",
        "::",
        "fe80::1",
        "ff02::1",
        "fd00:ec2::254",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "168.63.129.16",
        "192.0.0.192",
        "fd20:ce::254",
        "0.1.2.3",
        "::127.0.0.1",
        "::ffff:0:127.0.0.1",
        "64:ff9b:1::7f00:1",
        "2001:0:102:304::80ff:fffe",
    ],
)
def test_addresses_of_the_operator_itself_are_refused(address: str):
    assert not may_probe(ip_address(address))


@pytest.mark.parametrize(
    "address", ["10.0.0.7", "192.168.1.1", "52.216.0.1", "fd00::7", "2600:1fa0::1", "64:ff9b::a00:7"]
)
def test_addresses_of_storage_are_accepted(address: str):
    assert may_probe(ip_address(address))


@pytest.mark.parametrize(
    ("mount", "field"),
    [
        ({"uri": "hdfs://nn:99999/"}, "spec.rootMount.uri"),
        ({"uri": "s3://bucket", "s3": {"endpoint": "http://minio:99999"}}, "spec.rootMount.s3.endpoint"),
        ({"uri": "s3://bucket", "options": {ENDPOINT: "http://minio:0"}}, f"spec.rootMount.options[{ENDPOINT}]"),
    ],
)
def test_an_impossible_port_is_named(mount: dict[str, Any], field: str):
    [problem] = problems(RootMount.model_validate(mount))

    assert (problem.field, "port" in problem.message) == (field, True)
