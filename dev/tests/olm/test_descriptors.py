"""What the bundle says of a CRD's fields."""

from __future__ import annotations

from typing import Any

import pytest

from alluxio_operator.api.crd import custom_resource_definition
from alluxio_operator.engine.children import CHILD_KINDS
from alluxio_operator.kube.kinds import KINDS
from dev.olm.descriptors import RESOURCES, owned, words

Json = dict[str, Any]


@pytest.fixture(scope="module")
def entry() -> Json:
    return owned(custom_resource_definition())


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
    [version] = custom_resource_definition()["spec"]["versions"]
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


def test_every_kind_that_is_made_is_named_as_a_resource():
    named = {kind for kind, _ in RESOURCES}

    assert {child.kind for child in CHILD_KINDS} <= named
    assert all(KINDS[kind].api_version == version for kind, version in RESOURCES)


def test_all_of_it_stays_small(entry: Json):
    # An InstallPlan carries the whole bundle, and etcd takes 1.5 MiB.
    assert len(str(entry)) < 100_000
