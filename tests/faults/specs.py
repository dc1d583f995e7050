"""Specs made from the CRD's schema: as a whole, or the sample with some of its parts made anew, valid or not.

hypothesis-jsonschema makes the values; objects are put together here, since its own way of doing so needs an older
Hypothesis than the locked one.
"""

from __future__ import annotations

import copy
import warnings
from typing import Any

import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis_jsonschema import from_schema
from tests.faults.world import SAMPLE
from tests.support.builders import ROOT

Json = dict[str, Any]
Path = tuple[str, ...]

KEPT_WORDS = ("type", "pattern", "minLength", "maxLength", "minimum", "maximum", "enum", "anyOf")
MOST_PODS = 3
"""Workers of a generated cluster: hundreds of pods would test the simulation."""

ODD = (
    "",
    " ",
    "\n",
    "\x00",
    "\u0085",
    "\U0001f40b",
    "{{ name }}",
    "{% if %}",
    "---\nkind: Pod",
    "'\"`$(id)",
    "ß" * 300,
)
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, 70_000),
    st.sampled_from([2**63 - 1, -(2**31), 10**18]),
    st.sampled_from(ODD),
    st.text(max_size=20),
    st.lists(st.sampled_from(ODD), max_size=3),
    st.dictionaries(st.sampled_from(ODD), st.sampled_from(ODD), max_size=2),
)
"""What fits nowhere, or nearly."""


def spec_schema() -> Json:
    """Return the schema of the spec, as the API server has it."""
    [file] = (ROOT / "config" / "crd" / "bases").glob("*alluxioclusters.yaml")
    crd = yaml.safe_load(file.read_text())
    schema: Json = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    return schema


def values(schema: Json) -> st.SearchStrategy[Any]:
    """Return what makes values that a schema allows, its CEL rules aside."""
    if "properties" in schema:
        made = {name: values(one) for name, one in schema["properties"].items()}
        needed = schema.get("required", ())
        return st.fixed_dictionaries(
            {name: made[name] for name in needed},
            optional={name: one for name, one in made.items() if name not in needed},
        )
    if "additionalProperties" in schema:
        names = st.from_regex(r"\A[a-z][a-z.]{0,20}[a-z]\Z") | st.text(max_size=10)
        return st.dictionaries(names, values(schema["additionalProperties"]), max_size=3)
    if schema.get("type") == "array":
        keys = schema.get("x-kubernetes-list-map-keys", ())
        least = schema.get("minItems", 0)
        return st.lists(
            values(schema["items"]),
            min_size=least,
            max_size=max(least, min(3, schema.get("maxItems", 3))),
            unique_by=(lambda item: tuple(item.get(key) for key in keys)) if keys else repr,
        )
    if schema.get("type") == "object":
        return st.dictionaries(st.text(max_size=8), JUNK, max_size=2)
    if schema.get("x-kubernetes-int-or-string"):
        return st.integers(0, 2**40) | _plain({"type": "string", "pattern": schema["pattern"], "maxLength": 32})
    return _plain(schema)


def _plain(schema: Json) -> st.SearchStrategy[Any]:
    return from_schema({key: schema[key] for key in KEPT_WORDS if key in schema})


def parts(schema: Json, path: Path = ()) -> list[tuple[Path, Json]]:
    """Return every part of a spec that has a name of its own, with its schema."""
    found = []
    for name, one in schema.get("properties", {}).items():
        found += [((*path, name), one), *parts(one, (*path, name))]
    return found


def laid_over(changes: list[tuple[Path, Any]]) -> Json:
    """Return the sample's spec with some parts replaced."""
    spec: Json = copy.deepcopy(SAMPLE["spec"])
    for path, value in changes:
        node = spec
        for name in path[:-1]:
            if not isinstance(node.get(name), dict):
                node[name] = {}
            node = node[name]
        node[path[-1]] = value
    return spec


def generated(count: int) -> list[Json]:
    """Return so many specs, the same ones each time."""
    schema = spec_schema()
    # Made once for each part, not for each example: to parse the patterns takes longest.
    valid = [st.tuples(st.just(path), values(one)) for path, one in parts(schema)]
    invalid = [st.tuples(st.just(path), JUNK) for path, _ in parts(schema)]
    edits = st.lists(st.one_of(valid), min_size=1, max_size=4).map(laid_over)
    mistakes = st.lists(st.one_of(invalid), min_size=1, max_size=2).map(laid_over)
    found: list[Json] = []

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.one_of(edits, edits, mistakes, values(schema)))
    def collect(spec: Json) -> None:
        found.append(_small(spec))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        collect()
    return found


def _small(spec: Json) -> Json:
    workers = spec.get("workers")
    if isinstance(workers, dict) and isinstance(workers.get("replicas"), int) and workers["replicas"] > MOST_PODS:
        return {**spec, "workers": {**workers, "replicas": MOST_PODS}}
    return spec
