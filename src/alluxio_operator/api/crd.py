"""Generate the CustomResourceDefinition of a kind from its description; `make generate` writes the files.

The API server requires a structural schema: no references, no null, and `anyOf` only for int-or-string. Pydantic
describes an optional field as "this or null"; the CRD has an optional field instead.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import yaml
from pydantic import BaseModel

from alluxio_operator.api.base import GROUP, VERSION
from alluxio_operator.api.description import Description, Schema

_DROPPED = {"title", "$defs", "discriminator", "propertyNames"}


def structural(model: type[BaseModel], rules_by_type: Mapping[str, Schema]) -> Schema:
    """Return the structural schema of a model; `rules_by_type` adds CEL rules to whole types."""
    document = model.model_json_schema(by_alias=True, mode="validation")
    definitions: dict[str, Schema] = document.get("$defs", {})
    document.update(rules_by_type.get(model.__name__, {}))

    def resolve(node: Schema) -> Schema:
        if "$ref" in node:
            name = node["$ref"].rsplit("/", 1)[1]
            rest = {k: v for k, v in node.items() if k != "$ref"}
            return resolve({**definitions[name], **rules_by_type.get(name, {}), **rest})
        if "allOf" in node and len(node["allOf"]) == 1:
            rest = {k: v for k, v in node.items() if k != "allOf"}
            return resolve({**node["allOf"][0], **rest})
        if "anyOf" in node and not node.get("x-kubernetes-int-or-string"):
            options = [option for option in node["anyOf"] if option.get("type") != "null"]
            if len(options) != 1:
                raise ValueError(f"a structural schema can't express: {node['anyOf']}")
            rest = {k: v for k, v in node.items() if k != "anyOf" and not (k == "default" and v is None)}
            return resolve({**options[0], **rest})
        result: Schema = {}
        for key, value in node.items():
            if key in _DROPPED:
                continue
            if key == "properties":
                result[key] = {name: resolve(child) for name, child in value.items()}
            elif key in ("items", "additionalProperties"):
                if isinstance(value, dict):
                    result[key] = resolve(value)
            elif key == "const":
                result["enum"] = [value]
            elif key == "prefixItems":
                raise ValueError("a structural schema can't express tuples of fixed length")
            else:
                result[key] = value
        if result.get("type") == "object" and "properties" in result and "default" in result:
            result["default"] = {}  # the API server fills in the defaults of the fields
        return _without_null(result)

    return resolve(document)


def _without_null(schema: Schema) -> Schema:
    return {key: _plain(value) for key, value in schema.items() if value is not None}


def custom_resource_definition(of: Description) -> Schema:
    """Return the CRD of a kind."""
    root: Schema = {
        "type": "object",
        "description": of.text,
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": structural(of.spec, of.rules_by_type),
            "status": structural(of.status, {}),
        },
        **of.root_rules,
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{of.plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": of.kind,
                "listKind": f"{of.kind}List",
                "plural": of.plural,
                "singular": of.kind.lower(),
                "shortNames": [of.short],
                "categories": ["alluxio"],
            },
            "versions": [
                {
                    "name": VERSION,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}, **_scale(of)},
                    "additionalPrinterColumns": list(of.columns),
                    "schema": {"openAPIV3Schema": root},
                }
            ],
        },
    }


def _scale(of: Description) -> Schema:
    if of.scale is None:
        return {}
    return {
        "scale": {
            "specReplicasPath": of.scale.wanted,
            "statusReplicasPath": of.scale.present,
            "labelSelectorPath": of.scale.selector,
        }
    }


def file_name(crd: Schema) -> str:
    """Return the file name of a CRD, as kubebuilder and operator-sdk name it: GROUP_PLURAL.yaml."""
    return f"{crd['spec']['group']}_{crd['spec']['names']['plural']}.yaml"


def as_yaml(crd: Schema) -> str:
    """Return the text of the CRD file; deterministic."""
    head = "# Generated from src/alluxio_operator/api by `make generate`; edit the types instead.\n"
    return head + yaml.dump(_plain(crd), Dumper=yaml.CSafeDumper, sort_keys=False, width=110)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items() if v is not None}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return inspect.cleandoc(value) if isinstance(value, str) else value
