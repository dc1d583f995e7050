"""Generate the field reference of a kind from its CRD; `make generate` writes the pages.

The CRD is the source because the API server enforces it: defaults, bounds and rules. A field with the same name and
schema as an earlier one is a link to the earlier description.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from alluxio_operator.api.base import VERSION

Schema = Mapping[str, Any]

HEAD = """# Field reference

<!-- Generated from the CRD by `make generate`; edit src/alluxio_operator/api instead. -->

Every field of {article} `{kind}` (`{group}/{version}`, short name `{short}`). The API server stores a default when the
resource is created, and rejects a value that violates a bound or a rule. A rule marked *Change* compares the new value
with the old one. The operator checks what a rule can't express, such as sums, and reports it in the condition
`SpecValid` (see [conditions.md](conditions.md)).
"""


@dataclass
class _Pages:
    """The sections so far; `described`: by name and schema of a field, the section that describes it first."""

    sections: list[str] = field(default_factory=list)
    described: dict[str, str] = field(default_factory=dict)


def reference(crd: Schema) -> str:
    """Return the Markdown page for a CRD; deterministic."""
    spec = crd["spec"]
    schema = spec["versions"][0]["schema"]["openAPIV3Schema"]
    kind = spec["names"]["kind"]
    head = HEAD.format(
        article="an" if kind[0] in "AEIOU" else "a",
        kind=kind,
        group=spec["group"],
        version=VERSION,
        short=spec["names"]["shortNames"][0],
    )
    pages = _Pages()
    names = _rules({k: v for k, v in schema.items() if k != "properties"})
    for part in ("spec", "status"):
        _section(part, schema["properties"][part], pages)
    return "\n".join([head, *(["## metadata.name", "", *names, ""] if names else []), *pages.sections]).rstrip() + "\n"


def _section(path: str, node: Schema, pages: _Pages) -> None:
    rows: list[str] = []
    below: list[tuple[str, Schema]] = []
    known: dict[str, list[str]] = {}
    for name, child in node.get("properties", {}).items():
        key = f"{name} {json.dumps(child, sort_keys=True)}"
        if key in pages.described:
            known.setdefault(pages.described[key], []).append(name)
            continue
        pages.described[key] = path
        nested = _object_in(child)
        rows.append(_row(path, name, child, name in node.get("required", ()), nested is not None))
        if nested is not None:
            suffix = "[]" if child.get("type") == "array" else ""
            below.append((f"{path}.{name}{suffix}", nested))
    lines = [f"## {path}", ""]
    if node.get("description"):
        lines += [_cell(node["description"]), ""]
    if rows:
        lines += ["| field | type | default | description |", "|---|---|---|---|", *rows, ""]
    for where, fields in known.items():
        lines += [f"As in [{where}](#{_anchor(where)}): {', '.join(f'`{name}`' for name in fields)}.", ""]
    rules = _rules(node)
    if rules:
        lines += [*rules, ""]
    pages.sections += lines
    for deeper, child in below:
        _section(deeper, child, pages)


def _row(path: str, name: str, node: Schema, required: bool, linked: bool) -> str:
    suffix = "[]" if node.get("type") == "array" else ""
    shown = f"[`{name}`](#{_anchor(f'{path}.{name}{suffix}')})" if linked else f"`{name}`"
    default = node.get("default")
    # An empty object as a default only means that the API server fills in the defaults of its fields.
    default_cell = "" if default in (None, {}, []) else f"`{json.dumps(default).strip(chr(34))}`"
    default_cell = "required" if required and default is None else default_cell
    # The section of an object lists its rules.
    rules = () if linked and node.get("type") == "object" else _validations(node)
    sentences = [_cell(node.get("description", "")), *(_sentence(rule) for rule in rules)]
    return f"| {shown} | {_kind(node)} | {default_cell} | {' '.join(part for part in sentences if part)} |"


def _object_in(node: Schema) -> Schema | None:
    """Return the object schema of a field or of its list's items, if it has fields to describe."""
    inner: Schema = node["items"] if node.get("type") == "array" else node
    return inner if inner.get("type") == "object" and inner.get("properties") else None


def _kind(node: Schema) -> str:
    if "enum" in node:
        return " or ".join(f"`{value}`" for value in node["enum"])
    if node.get("x-kubernetes-int-or-string"):
        return "quantity"
    kind = str(node.get("type"))
    if kind == "array":
        return f"list of {_plural(_kind(node['items']))}" + _bounds(node, "minItems", "maxItems")
    if kind == "object":
        if isinstance(node.get("additionalProperties"), Mapping):
            entries = _bounds(node, "minProperties", "maxProperties", " entries")
            return f"map{entries}; each a {_kind(node['additionalProperties'])}"
        return "Kubernetes object" if node.get("x-kubernetes-preserve-unknown-fields") else "object"
    pattern = f", matches `{_cell(node['pattern'])}`" if "pattern" in node else ""
    if kind == "string":
        return "string" + _bounds(node, "minLength", "maxLength", " characters") + pattern
    return kind + _bounds(node, "minimum", "maximum")


def _plural(kind: str) -> str:
    head, comma, rest = kind.partition(",")
    return kind if head.startswith("`") else f"{head}s{comma}{rest}"


def _bounds(node: Schema, least: str, most: str, unit: str = "") -> str:
    low, high = node.get(least), node.get(most)
    if low is not None and high is not None:
        return f", {low}{unit}" if low == high else f", {low} to {high}{unit}"
    if high is not None:
        return f", at most {high}{unit}"
    return f", at least {low}{unit}" if low is not None else ""


def _rules(node: Schema) -> list[str]:
    return [f"- {_sentence(rule)}" for rule in _validations(node)]


def _validations(node: Schema) -> Iterator[Schema]:
    yield from node.get("x-kubernetes-validations", ())


def _sentence(rule: Schema) -> str:
    mark = "*Change*: " if "oldSelf" in rule["rule"] else "*Rule*: "
    return f"{mark}{_cell(rule['message'])}."


def _anchor(heading: str) -> str:
    return "".join(letter for letter in heading.lower() if letter.isalnum() or letter in "-_")


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
