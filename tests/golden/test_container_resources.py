"""A quota that counts an amount rejects a pod with a container without it: containers of a pod name the same ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.golden.cases import CASES, MANIFESTS, Case

Json = dict[str, Any]


def pods(case: Case) -> Iterator[tuple[str, Json]]:
    """Yield the pod templates of a case's workloads and Jobs."""
    for manifest in MANIFESTS[case.kind](case.name):
        template = manifest.obj.get("spec", {}).get("template")
        if template:
            yield str(manifest.ref), template["spec"]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_each_init_container_names_the_amounts_of_its_server(case: Case):
    for ref, pod in pods(case):
        server = pod["containers"][0]["resources"]
        for container in pod.get("initContainers", ()):
            for part in ("requests", "limits"):
                named = container["resources"][part].keys()
                assert named >= server[part].keys(), f"{ref}, {container['name']}: {part}"


def test_some_case_has_an_init_container_and_a_limit_of_cpu():
    limited = [
        ref
        for case in CASES
        for ref, pod in pods(case)
        if pod.get("initContainers") and "cpu" in pod["containers"][0]["resources"]["limits"]
    ]

    assert limited
