"""Generates the CustomResourceDefinitions from the types; `python -m alluxio_operator.api.crd DIR` writes
them.

The API server wants a structural schema: no references, no `anyOf` beside int-or-string, no null. Pydantic describes an
optional field as "this or null", which becomes a field that may be left out.
"""

from __future__ import annotations

import argparse
import inspect
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from alluxio_operator.api import alluxiocluster as alx
from alluxio_operator.api import presto
from alluxio_operator.api.alluxiocluster_status import ClusterStatus
from alluxio_operator.api.base import GROUP, VERSION
from alluxio_operator.api.generated import write
from alluxio_operator.api.presto_status import PrestoStatus

Schema = dict[str, Any]

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
                raise ValueError(f"a structural schema can't say: {node['anyOf']}")
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
                raise ValueError("a structural schema knows no tuples of fixed length")
            else:
                result[key] = value
        if result.get("type") == "object" and "properties" in result and "default" in result:
            result["default"] = {}  # the API server fills in the defaults of the fields
        return _without_null(result)

    return resolve(document)


def _without_null(schema: Schema) -> Schema:
    return {key: _plain(value) for key, value in schema.items() if value is not None}


@dataclass(frozen=True)
class Description:
    """What a CRD says of a kind beside its types."""

    kind: str
    plural: str
    short: str
    text: str
    spec: type[BaseModel]
    status: type[BaseModel]
    rules_by_type: Mapping[str, Schema]
    root_rules: Schema
    columns: tuple[Schema, ...]
    required: tuple[str, ...] = ()


def _column(name: str, path: str, kind: str = "string", priority: int = 0) -> Schema:
    return {"name": name, "jsonPath": path, "type": kind, "priority": priority}


ALLUXIO_CLUSTER = Description(
    kind=alx.KIND,
    plural="alluxioclusters",
    short="alx",
    text="AlluxioCluster is one Alluxio cluster: masters, workers, job service, log server, and the "
    "Services through which clients reach them.",
    spec=alx.ClusterSpec,
    status=ClusterStatus,
    rules_by_type=alx.RULES_BY_TYPE,
    root_rules=alx.ROOT_RULES,
    columns=(
        _column("Phase", ".status.phase"),
        _column("Version", ".status.masters.version"),
        _column("Masters", ".status.masters.quorum"),
        _column("Workers", ".status.workers.live", "integer"),
        _column("Capacity", ".status.workers.capacity"),
        _column("Age", ".metadata.creationTimestamp", "date"),
        _column("Leader", ".status.masters.leader", priority=1),
        _column("Used", ".status.workers.usedPercent", "integer", priority=1),
        _column("Summary", ".status.summary", priority=1),
    ),
    required=("spec",),
)

PRESTO = Description(
    kind=presto.KIND,
    plural="prestos",
    short="prs",
    text="Presto is one Presto cluster: coordinator, workers, their catalogs, and the Service through which clients "
    "reach them; beside an AlluxioCluster it reads and writes through the cache.",
    spec=presto.PrestoSpec,
    status=PrestoStatus,
    rules_by_type=presto.RULES_BY_TYPE,
    root_rules=alx.name_rules(presto.LONGEST_NAME),
    columns=(
        _column("Phase", ".status.phase"),
        _column("Version", ".status.coordinator.version"),
        _column("Workers", ".status.workers.active", "integer"),
        _column("Wanted", ".status.workers.wanted", "integer"),
        _column("Running", ".status.queries.running", "integer"),
        _column("Queued", ".status.queries.queued", "integer"),
        _column("Age", ".metadata.creationTimestamp", "date"),
        _column("Alluxio", ".spec.alluxio.clusterRef.name", priority=1),
        _column("Summary", ".status.summary", priority=1),
    ),
    required=("spec",),
)

DESCRIPTIONS = (ALLUXIO_CLUSTER, PRESTO)
"""Every kind that the operator owns."""


def custom_resource_definition(of: Description = ALLUXIO_CLUSTER) -> Schema:
    """Return the CRD of a kind."""
    root: Schema = {
        "type": "object",
        "description": of.text,
        "required": list(of.required),
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
                    "subresources": {
                        "status": {},
                        "scale": {
                            "specReplicasPath": ".spec.workers.replicas",
                            "statusReplicasPath": ".status.replicas",
                            "labelSelectorPath": ".status.selector",
                        },
                    },
                    "additionalPrinterColumns": list(of.columns),
                    "schema": {"openAPIV3Schema": root},
                }
            ],
        },
    }


def file_name(crd: Schema) -> str:
    """Return the name of the file that holds a CRD, in the form that kubebuilder and operator-sdk use."""
    return f"{crd['spec']['group']}_{crd['spec']['names']['plural']}.yaml"


def as_yaml(crd: Schema) -> str:
    """Return the file's text, the same for the same types."""
    head = "# Generated from src/alluxio_operator/api by `make generate`; edit the types instead.\n"
    return head + yaml.safe_dump(_plain(crd), sort_keys=False, width=110)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items() if v is not None}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return inspect.cleandoc(value) if isinstance(value, str) else value


def main(arguments: Sequence[str]) -> int:
    """Write the CRDs into a directory; with --check only tell whether the files there are the ones to be written."""
    parser = argparse.ArgumentParser(prog="python -m alluxio_operator.api.crd", description=main.__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("directory", type=Path)
    options = parser.parse_args(arguments)
    crds = [custom_resource_definition(description) for description in DESCRIPTIONS]
    return write(((options.directory / file_name(crd), as_yaml(crd)) for crd in crds), check=options.check)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
