"""Generate a CRD's entry in the bundle: display names and descriptions of its fields, and the kinds of its objects.

Fields come from the CRDs and objects from the kinds' descriptors, so that each field has only one description.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from alluxio_operator.engine.applied import WORKLOADS
from alluxio_operator.kube.kinds import KINDS

Json = dict[str, Any]
Schema = Mapping[str, Any]

UI = "urn:alm:descriptor:com.tectonic.ui"
KUBERNETES = "urn:alm:descriptor:io.kubernetes"

WIDGETS = {
    "replicas": f"{UI}:podCount",
    "resources": f"{UI}:resourceRequirements",
    "pullPolicy": f"{UI}:imagePullPolicy",
    "secretName": f"{KUBERNETES}:Secret",
    "configMapName": f"{KUBERNETES}:ConfigMap",
    "claimName": f"{KUBERNETES}:PersistentVolumeClaim",
    "storageClassName": f"{KUBERNETES}:StorageClass",
    "conditions": f"{KUBERNETES}.conditions",
    "phase": f"{KUBERNETES}.phase",
}
"""Console widgets by field name, at any depth."""

BY_TYPE = {"boolean": f"{UI}:booleanSwitch", "integer": f"{UI}:number", "string": f"{UI}:text"}

REFERENCES = frozenset({"secretName", "configMapName", "claimName", "storageClassName"})
"""Fields that name other objects; the bundle describes them at any depth."""

SETTLED = frozenset({"affinity", "env", "podAnnotations", "podLabels", "tolerations", "topologySpreadConstraints"})
"""Fields of every role that Kubernetes defines: its own documentation describes them, so the bundle leaves them out."""


def owned(crd: Schema, children: Collection[str]) -> Json:
    """Return a CRD's entry in spec.customresourcedefinitions.owned; `children`: the kinds of its objects."""
    spec = crd["spec"]
    [version] = spec["versions"]
    root = version["schema"]["openAPIV3Schema"]
    return {
        "name": crd["metadata"]["name"],
        "kind": spec["names"]["kind"],
        "version": version["name"],
        "displayName": words(spec["names"]["kind"]),
        "description": _one_line(root["description"]),
        "resources": [
            {"kind": kind, "name": "", "version": KINDS[kind].api_version} for kind in sorted(_with_pods(children))
        ],
        "specDescriptors": list(_descriptors(root["properties"]["spec"])),
        "statusDescriptors": list(_descriptors(root["properties"]["status"])),
    }


def _with_pods(children: Collection[str]) -> set[str]:
    return {*children, *({"Pod"} if WORKLOADS & set(children) else ())}


def words(name: str) -> str:
    """Return a camel-case name as words, such as "Job service" for jobService."""
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z0-9]+|[a-z0-9]+", name)
    if name[0].isupper():
        return " ".join(parts)
    first, *rest = [part if part.isupper() and len(part) > 1 else part.lower() for part in parts]
    return " ".join([first[0].upper() + first[1:], *rest])


def _descriptors(schema: Schema) -> Iterator[Json]:
    for name, child in sorted(schema["properties"].items()):
        yield _descriptor((name,), child)
        for below, grandchild in sorted(child.get("properties", {}).items()):
            if below not in SETTLED:
                yield _descriptor((name, below), grandchild)
            yield from _references((name, below), grandchild)


def _references(path: tuple[str, ...], schema: Schema) -> Iterator[Json]:
    for name, child in sorted(schema.get("properties", {}).items()):
        if name in REFERENCES:
            yield _descriptor((*path, name), child)
        yield from _references((*path, name), child)


def _descriptor(path: tuple[str, ...], schema: Schema) -> Json:
    shown = {
        "path": ".".join(path),
        "displayName": ": ".join([words(path[0]), *(words(part).lower() for part in path[1:])]),
        "description": _one_line(schema.get("description", "")),
    }
    widgets = list(_widgets(path[-1], schema))
    return {**shown, "x-descriptors": widgets} if widgets else shown


def _widgets(name: str, schema: Schema) -> Iterator[str]:
    kind = str(schema.get("type"))
    if name in WIDGETS:
        yield WIDGETS[name]
    elif "enum" in schema:
        yield from (f"{UI}:select:{value}" for value in schema["enum"])
    elif kind in BY_TYPE:
        yield BY_TYPE[kind]


def _one_line(text: str) -> str:
    return " ".join(text.split())
