"""The field reference: every field of the CRD is in it, with what the API server makes of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from alluxio_operator.api import crd, reference
from alluxio_operator.kinds.cluster.kind import DESCRIPTOR

Json = dict[str, Any]
CRD = crd.custom_resource_definition(DESCRIPTOR)
SCHEMA = CRD["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
TEXT = reference.reference(CRD)


def made(**properties: Json) -> str:
    """Return the reference of a resource whose spec has these fields."""
    schema = {"properties": {"spec": {"properties": properties}, "status": {}}}
    document = {"spec": {**CRD["spec"], "versions": [{"schema": {"openAPIV3Schema": schema}}]}}
    return reference.reference(document)


def row(text: str, name: str) -> str:
    return next(line for line in text.splitlines() if line.startswith((f"| `{name}`", f"| [`{name}`]")))


def fields(node: Json) -> Iterator[tuple[str, Json]]:
    for name, child in node.get("properties", {}).items():
        yield name, child
        yield from fields(child)
        if isinstance(child.get("items"), dict):
            yield from fields(child["items"])


def test_every_field_is_in_it():
    shown = set(re.findall(r"`([A-Za-z0-9]+)`", TEXT))

    for part in ("spec", "status"):
        for name, _ in fields(SCHEMA["properties"][part]):
            assert name in shown, name


def test_every_rule_is_in_it():
    rules = [rule for _, node in fields(SCHEMA) for rule in node.get("x-kubernetes-validations", ())]

    assert len(rules) > 30
    for rule in rules:
        assert rule["message"] in TEXT.replace("\\|", "|"), rule["message"]


def test_every_link_leads_to_a_heading():
    headings = {reference._anchor(line[3:]) for line in TEXT.splitlines() if line.startswith("## ")}
    links = set(re.findall(r"\]\(#([^)]+)\)", TEXT))

    assert len(links) > 30
    assert links <= headings


def test_no_line_of_a_table_is_broken():
    for line in TEXT.splitlines():
        if line.startswith("| "):
            assert len(re.findall(r"(?<!\\)\|", line)) == 5, line


@pytest.mark.parametrize(
    ("schema", "cells"),
    [
        ({"type": "integer", "minimum": 1, "maximum": 9, "default": 3}, "integer, 1 to 9 | `3`"),
        ({"type": "boolean", "default": False}, "boolean | `false`"),
        ({"enum": ["A", "B"], "type": "string", "default": "A"}, "`A` or `B` | `A`"),
        ({"type": "string", "maxLength": 5}, "string, at most 5 characters | "),
        ({"x-kubernetes-int-or-string": True, "default": "1Gi"}, "quantity | `1Gi`"),
        ({"type": "array", "items": {"type": "integer"}, "maxItems": 2}, "list of integers, at most 2 | "),
        (
            {"type": "object", "additionalProperties": {"type": "string"}, "maxProperties": 4},
            "map, at most 4 entries; each a string | ",
        ),
        ({"type": "object", "x-kubernetes-preserve-unknown-fields": True}, "Kubernetes object | "),
        ({"type": "string", "pattern": "a|b"}, "string, matches `a\\|b` | "),
    ],
)
def test_type_bounds_and_default_of_a_field(schema: Json, cells: str):
    assert row(made(one={**schema, "description": "It."}), "one") == f"| `one` | {cells} | It. |"


def test_what_is_required_says_so():
    assert "| required |" in row(TEXT, "rootMount")


def test_what_compares_with_what_was_there_is_marked_as_a_rule_on_changes():
    assert "- *Change*: spec.rootMount.uri and spec.rootMount.volume can't be changed" in TEXT
    assert "*Rule*: list tiers from fast to slow" in row(TEXT, "tiers")


def test_the_same_field_is_described_once_and_pointed_at_from_then_on():
    jvm = {"type": "object", "description": "J.", "properties": {"heap": {"type": "string", "description": "H."}}}
    role = {"type": "object", "description": "R.", "properties": {"jvm": jvm}}

    text = made(masters=role, workers=role | {"description": "W."})

    assert text.count("## spec.masters.jvm") == 1
    assert "## spec.workers.jvm" not in text
    assert "As in [spec.masters](#specmasters): `jvm`." in text
