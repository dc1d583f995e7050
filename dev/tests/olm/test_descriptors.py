"""What the bundle says of a CRD's fields."""

from __future__ import annotations

from typing import Any

import pytest

from alluxio_operator.api.crd import custom_resource_definition
from alluxio_operator.kinds.cluster.kind import DESCRIPTOR
from dev.olm.descriptors import owned, words

Json = dict[str, Any]


@pytest.fixture(scope="module")
def entry() -> Json:
    return owned(custom_resource_definition(DESCRIPTOR), ["ConfigMap", "StatefulSet"])


def by_path(entry: Json, part: str) -> dict[str, Json]:
    return {one["path"]: one for one in entry[part]}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("jobService", "Job service"),
        ("AlluxioCluster", "Alluxio Cluster"),
        ("version", "Version"),
        ("usedPercent", "Used percent"),
    ],
)
def test_names_become_words(name: str, expected: str):
    assert words(name) == expected


@pytest.mark.parametrize("part", ["spec", "status"])
def test_every_field_of_the_first_level_is_described_once(entry: Json, part: str):
    [version] = custom_resource_definition(DESCRIPTOR)["spec"]["versions"]
    fields = version["schema"]["openAPIV3Schema"]["properties"][part]["properties"]
    described = [one["path"] for one in entry[f"{part}Descriptors"]]

    assert set(fields) <= set(described)
    assert len(described) == len(set(described))
    assert all(one["description"] for one in entry[f"{part}Descriptors"])


def test_a_console_gets_the_widget_that_fits(entry: Json):
    spec, status = by_path(entry, "specDescriptors"), by_path(entry, "statusDescriptors")

    assert spec["workers.replicas"]["x-descriptors"] == ["urn:alm:descriptor:com.tectonic.ui:podCount"]
    assert spec["proxy.enabled"]["x-descriptors"] == ["urn:alm:descriptor:com.tectonic.ui:booleanSwitch"]
    assert spec["deletionPolicy"]["x-descriptors"][0].endswith("select:Retain")
    assert status["conditions"]["x-descriptors"] == ["urn:alm:descriptor:io.kubernetes.conditions"]
    assert status["phase"]["x-descriptors"] == ["urn:alm:descriptor:io.kubernetes.phase"]


def test_names_of_secrets_are_described_however_deep(entry: Json):
    described = by_path(entry, "specDescriptors")

    assert described["rootMount.s3.credentials.secretName"]["x-descriptors"] == [
        "urn:alm:descriptor:io.kubernetes:Secret"
    ]
    assert described["rootMount.s3.credentials.secretName"]["displayName"] == "Root mount: s3: credentials: secret name"


def test_resources_are_the_children_and_the_pods_of_workloads(entry: Json):
    assert [(one["kind"], one["version"]) for one in entry["resources"]] == [
        ("ConfigMap", "v1"),
        ("Pod", "v1"),
        ("StatefulSet", "apps/v1"),
    ]
    without = owned(custom_resource_definition(DESCRIPTOR), ["ConfigMap"])
    assert [one["kind"] for one in without["resources"]] == ["ConfigMap"]


def test_all_of_it_stays_small(entry: Json):
    # An InstallPlan carries the whole bundle, and etcd takes 1.5 MiB.
    assert len(str(entry)) < 100_000
