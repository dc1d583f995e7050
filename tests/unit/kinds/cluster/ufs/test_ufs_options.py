"""The root mount: its options, and which process gets which credentials in which way."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.builders import TEMPLATES, cluster, cluster_spec, resource

from alluxio_operator.engine.render import Renderer
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.context import JournalValues, context_of
from alluxio_operator.kinds.cluster.objects.properties import for_role
from alluxio_operator.kinds.cluster.objects.properties import problems as property_problems
from alluxio_operator.kinds.cluster.objects.variables import RESERVED
from alluxio_operator.kinds.cluster.ufs import options as ufs
from alluxio_operator.kinds.cluster.validate import validate

ROLES = (names.MASTER, names.WORKER, names.JOB_MASTER, names.JOB_WORKER, names.LOG_SERVER)
S3: dict[str, Any] = {"uri": "s3://lake/data", "volume": None}
HDFS: dict[str, Any] = {"uri": "hdfs://nn:8020/", "volume": None}
KEYS: dict[str, Any] = {"credentials": {"secretName": "keys"}}


def mount(base: dict[str, Any], **over: Any) -> Any:
    return cluster_spec(rootMount={**base, **over}).root_mount


def told(base: dict[str, Any], **over: Any) -> list[str]:
    return [str(problem) for problem in ufs.problems(cluster_spec(rootMount={**base, **over}))]


# --- options ------------------------------------------------------------------------------------------------------


def test_a_volume_has_no_options():
    assert ufs.site_properties(cluster_spec().root_mount) == {"alluxio.master.mount.table.root.ufs": "/mnt/ufs"}


def test_a_service_of_ones_own():
    found = mount(S3, s3={"endpoint": "http://minio:9000", "region": "eu-1", "pathStyle": True})

    assert ufs.options(found) == {
        "alluxio.underfs.s3.endpoint": "http://minio:9000",
        "alluxio.underfs.s3.inherit.acl": "false",
        "alluxio.underfs.s3.region": "eu-1",
        "alluxio.underfs.s3.endpoint.region": "eu-1",
        "alluxio.underfs.s3.disable.dns.buckets": "true",
    }


def test_aws_is_left_as_alluxio_has_it():
    assert ufs.options(mount(S3, s3=KEYS)) == {}


def test_acls_may_be_asked_for_all_the_same():
    key = "alluxio.underfs.s3.inherit.acl"

    assert ufs.options(mount(S3, s3={"endpoint": "http://minio"}, options={key: "true"}))[key] == "true"


def test_hadoops_files_are_named():
    found = mount(HDFS, hdfs={"configFrom": {"secretName": "hadoop"}})

    assert ufs.options(found) == {
        "alluxio.underfs.hdfs.configuration": "/etc/hadoop/core-site.xml:/etc/hadoop/hdfs-site.xml"
    }


@pytest.mark.parametrize("role", ROLES)
def test_options_are_those_of_the_root_mount_alone(role: str):
    spec = cluster_spec(rootMount={**S3, "options": {"alluxio.underfs.s3.threads.max": "80"}})
    site = for_role(spec, cluster(rootMount=S3).names, role)

    assert site["alluxio.master.mount.table.root.ufs"] == "s3://lake/data"
    assert site["alluxio.master.mount.table.root.option.alluxio.underfs.s3.threads.max"] == "80"
    assert "alluxio.underfs.s3.threads.max" not in site


def test_an_option_of_the_root_mount_among_the_properties_is_refused_with_its_place():
    key = "alluxio.master.mount.table.root.option.anything"
    [problem] = property_problems(cluster_spec(properties={key: "x"}), cluster().names)

    assert problem.field == f"spec.properties[{key}]"
    assert problem.remedy == "remove it and set it in spec.rootMount.options"


# --- credentials --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
def test_only_who_opens_the_ufs_gets_the_keys(role: str):
    found = ufs.environment(mount(S3, s3=KEYS), role)

    if role not in (names.MASTER, names.WORKER, names.JOB_WORKER):
        assert found == []
    else:
        assert found == [
            {
                "name": name,
                "valueFrom": {"secretKeyRef": {"name": "keys", "key": name}},
            }
            for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        ]


def test_keys_of_other_names():
    given = {"credentials": {"secretName": "k", "accessKeyIdKey": "user", "secretAccessKeyKey": "password"}}
    found = ufs.environment(mount(S3, s3=given), names.MASTER)

    assert [variable["valueFrom"]["secretKeyRef"]["key"] for variable in found] == ["user", "password"]


@pytest.mark.parametrize("role", ROLES)
def test_secret_options_are_for_masters_alone(role: str):
    given = [{"name": "s3a.secretKey", "secretKeyRef": {"name": "keys", "key": "k"}}]
    found = ufs.secret_options(mount(S3, optionsFrom=given), role)

    assert [one["property"] for one in found] == (
        ["alluxio.master.mount.table.root.option.s3a.secretKey"] if role == names.MASTER else []
    )


def test_the_user_of_hdfs():
    assert ufs.environment(mount(HDFS, hdfs={"user": "etl"}), names.WORKER) == [
        {"name": "HADOOP_USER_NAME", "value": "etl"}
    ]


@pytest.mark.parametrize("role", ROLES)
def test_hadoops_files_are_for_who_opens_the_ufs(role: str):
    found = ufs.hadoop_files(mount(HDFS, hdfs={"configFrom": {"configMapName": "hadoop"}}), role)

    files = ["core-site.xml", "hdfs-site.xml"] if role in ufs.ROLES else []
    assert [one["file"] for one in found] == files
    assert all(one["variable"]["valueFrom"]["configMapKeyRef"]["name"] == "hadoop" for one in found)


def test_a_change_of_the_secrets_restarts_who_keeps_them_from_before():
    def hashes(name: str) -> dict[str, str]:
        given = [{"name": "s3a.secretKey", "secretKeyRef": {"name": name, "key": "k"}}]
        made = cluster(rootMount={**S3, "optionsFrom": given})
        context = context_of(made, JournalValues(initialized=True))
        return {role: values["configHash"] for role, values in context["roles"].items()}

    one, other = hashes("one"), hashes("other")
    assert {role for role in one if one[role] != other[role]} == ufs.ROLES


def test_no_secret_of_a_mount_stands_in_a_command_or_a_config_map():
    made = cluster(
        rootMount={**S3, "optionsFrom": [{"name": "s3a.secretKey", "secretKeyRef": {"name": "named", "key": "KEYED"}}]}
    )
    context = context_of(made, JournalValues(initialized=True))
    for manifest in Renderer(TEMPLATES).render("alluxio", context):
        pod = manifest.obj.get("spec", {}).get("template", {}).get("spec", {})
        for container in (*pod.get("initContainers", ()), *pod.get("containers", ())):
            said = " ".join((*container.get("command", ()), *container.get("args", ())))
            assert "KEYED" not in said
            # Kubernetes would put a variable's value there.
            assert "$(OPTION" not in said
        assert manifest.ref.kind != "Secret"
        assert manifest.ref.kind != "ConfigMap" or "s3a.secretKey" not in str(manifest.obj)


# --- what contradicts itself --------------------------------------------------------------------------------------


def test_what_a_field_says_is_refused_among_the_options():
    assert told(S3, s3={"endpoint": "http://a"}, options={"alluxio.underfs.s3.endpoint": "http://b"}) == [
        'spec.rootMount.options[alluxio.underfs.s3.endpoint] "http://b" duplicates a field of spec.rootMount.s3 '
        "or spec.rootMount.hdfs; remove one of the two"
    ]


def test_a_second_pair_of_keys_is_refused_without_naming_its_value():
    given = [{"name": "s3a.secretKey", "secretKeyRef": {"name": "a", "key": "k"}}]

    [said] = told(S3, s3=KEYS, optionsFrom=given)
    assert said.startswith("spec.rootMount.optionsFrom[s3a.secretKey] duplicates a field of spec.rootMount.s3")
    assert told(S3, optionsFrom=given) == []


@pytest.mark.parametrize("variable", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_a_variable_of_the_mount_is_the_operators_while_the_mount_needs_it(variable: str):
    def made(s3: dict[str, Any] | None) -> Any:
        env = [{"name": variable, "valueFrom": {"secretKeyRef": {"name": "mine", "key": "k"}}}]
        return validate(resource(rootMount={**S3, "s3": s3}, masters={"env": env}))

    [problem] = made(KEYS)
    assert problem.field == f"spec.masters.env[{variable}]"
    assert not isinstance(made(None), tuple)
    assert variable not in RESERVED
