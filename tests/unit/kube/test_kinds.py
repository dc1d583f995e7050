"""Where the API server keeps each kind."""

from __future__ import annotations

import pytest

from alluxio_operator.kube.errors import NotFound
from alluxio_operator.kube.kinds import KINDS, Ref


@pytest.mark.parametrize(
    ("kind", "arguments", "path"),
    [
        ("ConfigMap", ("data", "one"), "/api/v1/namespaces/data/configmaps/one"),
        ("ConfigMap", ("data",), "/api/v1/namespaces/data/configmaps"),
        ("ConfigMap", ("",), "/api/v1/configmaps"),
        ("StatefulSet", ("data", "one"), "/apis/apps/v1/namespaces/data/statefulsets/one"),
        (
            "AlluxioCluster",
            ("data", "one", "status"),
            "/apis/alluxio-operator.io/v1alpha1/namespaces/data/alluxioclusters/one/status",
        ),
    ],
)
def test_paths(kind: str, arguments: tuple[str, ...], path: str):
    assert KINDS[kind].path(*arguments) == path


@pytest.mark.parametrize(
    "name",
    [
        "../../other/alluxioclusters/one",
        "..",
        ".",
        "one/status",
        "one?watch=true",
        "one#",
        "%2e%2e",
        "one\r\n",
        "one two",
        "\u2025",
        "x" * 254,
    ],
)
def test_no_name_leads_a_call_to_another_object(name: str):
    """The client would resolve dots: the call for a name in one namespace reached the object of another one."""
    with pytest.raises(NotFound):
        KINDS["AlluxioCluster"].path("data", name)
    with pytest.raises(NotFound):
        KINDS["AlluxioCluster"].path(name, "one")


def test_a_reference_becomes_an_entry_of_the_inventory():
    item = Ref.of({"kind": "Job", "metadata": {"name": "x"}}).item

    assert (item.api_version, item.kind, item.name) == ("batch/v1", "Job", "x")


def test_kinds_without_a_generation_are_told_apart_by_their_resource_version():
    assert {kind.kind for kind in KINDS.values() if not kind.has_generation} == {
        "ConfigMap",
        "ControllerRevision",
        "Event",
        "PersistentVolumeClaim",
        "Pod",
        "Service",
        "ServiceAccount",
    }
