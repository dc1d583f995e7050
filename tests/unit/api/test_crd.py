"""The generated CRD: what is committed is what the types say, and everything in it is described and bounded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from alluxio_operator.api import crd
from alluxio_operator.api.alluxiocluster import ClusterSpec, Workers
from alluxio_operator.api.alluxiocluster_status import ClusterStatus
from alluxio_operator.api.base import Model
from alluxio_operator.kinds.cluster.kind import DESCRIPTOR

Json = dict[str, Any]
CRD = crd.custom_resource_definition(DESCRIPTOR)
[VERSION] = CRD["spec"]["versions"]
SCHEMA: Json = VERSION["schema"]["openAPIV3Schema"]


def nodes(node: Json, path: str = "") -> Iterator[tuple[str, Json]]:
    """Yield every schema below one, with its path."""
    yield path, node
    for name, child in node.get("properties", {}).items():
        yield from nodes(child, f"{path}.{name}")
    for key, mark in (("items", "[]"), ("additionalProperties", "{}")):
        if isinstance(node.get(key), dict):
            yield from nodes(node[key], path + mark)


SPEC = list(nodes(SCHEMA["properties"]["spec"], "spec"))
FIELDS = [*SPEC, *nodes(SCHEMA["properties"]["status"], "status")]


def at(path: str) -> Json:
    return dict(FIELDS)[path]


def test_the_text_says_the_same_as_the_document():
    assert yaml.safe_load(crd.as_yaml(CRD)) == yaml.safe_load(yaml.safe_dump(CRD))


def test_the_walk_reaches_the_whole_schema():
    paths = {path for path, _ in FIELDS}

    assert len(paths) > 300
    assert {"spec.workers.tiers[].quota", "spec.masters.podLabels{}", "status.conditions[].reason"} <= paths


@pytest.mark.parametrize("path", [path for path, _ in FIELDS if not path.endswith(("[]", "{}"))])
def test_every_field_is_described(path: str):
    text = at(path).get("description", "")

    assert text[:1].isupper(), path
    assert text.endswith("."), path


def test_every_string_list_and_map_of_the_spec_is_bounded():
    unbounded = []
    for path, node in SPEC:
        if node.get("x-kubernetes-preserve-unknown-fields"):
            continue
        kind = node.get("type")
        bounded = {
            "string": "enum" in node or "maxLength" in node,
            "array": "maxItems" in node,
            "object": "properties" in node or "maxProperties" in node,
        }.get(str(kind), True)
        if node.get("x-kubernetes-int-or-string"):
            bounded = "maxLength" in node and "pattern" in node
        if not bounded:
            unbounded.append(path)
    assert unbounded == []


def test_every_string_and_list_of_the_status_is_bounded():
    unbounded = [
        path
        for path, node in FIELDS
        if path.startswith("status")
        and (
            (node.get("type") == "string" and not {"enum", "maxLength"} & node.keys())
            or (node.get("type") == "array" and "maxItems" not in node)
        )
    ]
    assert unbounded == []


def test_only_structures_of_a_pods_spec_are_handed_through_as_they_are():
    opaque = {path.rsplit(".", 1)[1] for path, node in FIELDS if node.get("x-kubernetes-preserve-unknown-fields")}

    assert opaque == {"affinity", "topologySpreadConstraints[]", "volumes[]", "volumeMounts[]"}


def test_nothing_in_it_is_null_or_a_reference():
    text = crd.as_yaml(CRD)

    for word in ("null", "$ref", "$defs", "title:", "allOf", "const:", "nullable"):
        assert word not in text, word


def test_every_structural_node_has_a_type():
    for path, node in FIELDS:
        assert "type" in node or node.get("x-kubernetes-int-or-string"), path


def test_defaults_are_there_so_that_what_is_stored_is_complete():
    assert at("spec.version")["default"] == "2.9.4"
    assert at("spec.workers.workload")["default"] == "DaemonSet"
    assert at("spec.workers.tiers")["default"] == [{"name": "MEM", "quota": "1Gi", "storage": {}}]
    assert at("spec.masters.journal.storage.size")["default"] == "1Gi"
    assert at("spec.deletionPolicy")["default"] == "Retain"
    assert at("spec.jobService.enabled")["default"] is True
    for path in ("spec.masters", "spec.workers", "spec.jobService.master", "spec.logServer.storage", "spec.image"):
        assert at(path)["default"] == {}, f"{path}: its fields' defaults are filled in only when it has one itself"


def test_what_has_no_default_is_left_out_and_not_guessed():
    for path in ("spec.workers.replicas", "spec.image.tag", "spec.masters.jvm.heap", "spec.rootMount.volume.size"):
        assert "default" not in at(path)
    assert at("spec")["required"] == ["rootMount"]


def defaulted(node: Json, value: Any) -> Any:
    """Return a value with the defaults that the API server fills in."""
    if isinstance(value, dict):
        for name, child in node.get("properties", {}).items():
            if name not in value and "default" in child:
                value[name] = child["default"] if not isinstance(child["default"], dict) else dict(child["default"])
            if name in value:
                value[name] = defaulted(child, value[name])
    return value


@pytest.mark.parametrize(
    ("model", "part", "least"),
    [
        (ClusterSpec, "spec", {"rootMount": {"volume": {"size": "1Gi"}}}),
        (ClusterStatus, "status", {}),
    ],
)
def test_the_servers_defaults_are_those_of_the_types(model: type[Model], part: str, least: Json):
    filled = defaulted(SCHEMA["properties"][part], yaml.safe_load(yaml.safe_dump(least)))

    assert model.model_validate(filled) == model.model_validate(least)


def test_lists_of_named_things_are_maps_so_that_several_may_own_their_entries():
    keys = {path: node["x-kubernetes-list-map-keys"] for path, node in FIELDS if "x-kubernetes-list-map-keys" in node}

    assert keys["spec.workers.tiers"] == ["name"]
    assert keys["spec.image.pullSecrets"] == ["name"]
    assert keys["status.conditions"] == ["type"]
    assert keys["spec.masters.env"] == ["name"]


def test_every_rule_says_a_sentence():
    for path, node in [("", SCHEMA), *FIELDS]:
        for rule in node.get("x-kubernetes-validations", ()):
            assert len(rule["message"]) > 20, path
            assert rule["rule"], path


def test_rules_of_immutable_fields_are_on_the_parent_so_that_none_can_be_left_out():
    transition = [
        (path, rule["rule"])
        for path, node in FIELDS
        for rule in node.get("x-kubernetes-validations", ())
        if "oldSelf" in rule["rule"]
    ]

    assert {path for path, _ in transition} == {"spec"}
    for field in (
        "workers.workload",
        "masters.journal.storage.storageClassName",
        "rootMount.uri",
        "rootMount.volume.claimName",
        "rootMount.volume.accessModes",
        "logServer.storage.storageClassName",
    ):
        assert any(f"self.{field} == oldSelf.{field}" in rule for _, rule in transition), field


def test_the_scale_subresource_points_at_fields_that_exist():
    scale = VERSION["subresources"]["scale"]

    assert at(scale["specReplicasPath"].removeprefix("."))["type"] == "integer"
    assert at(scale["statusReplicasPath"].removeprefix("."))["type"] == "integer"
    assert at(scale["labelSelectorPath"].removeprefix("."))["type"] == "string"


def test_printer_columns_point_at_fields_that_exist():
    for column in VERSION["additionalPrinterColumns"]:
        path = column["jsonPath"].removeprefix(".")
        if not path.startswith("metadata."):
            assert at(path)["type"] == column["type"], path


# --- the generator itself -----------------------------------------------------------------------------------------


def test_an_optional_field_may_be_left_out_instead_of_being_null():
    replicas = crd.structural(Workers, {})["properties"]["replicas"]

    assert (replicas["type"], replicas["minimum"], replicas["maximum"]) == ("integer", 0, 1000)
    assert "anyOf" not in replicas


def test_what_a_structural_schema_cannot_say_is_refused():
    class Either(Model):
        value: int | str

    class Pair(Model):
        value: tuple[int, str]

    for model in (Either, Pair):
        with pytest.raises(ValueError, match="structural schema"):
            crd.structural(model, {})
