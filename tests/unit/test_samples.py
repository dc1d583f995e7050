"""The samples: each can be followed, fits a small machine, and is rendered as a whole."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from tests.support.builders import ROOT, TEMPLATES, UID
from tests.support.crds import unknown_fields

from alluxio_operator.api import crd
from alluxio_operator.engine.render import Renderer
from alluxio_operator.kinds.cluster.context import JournalValues, context_of
from alluxio_operator.kinds.cluster.kind import DESCRIPTOR
from alluxio_operator.kinds.cluster.validate import Cluster, validate

Json = dict[str, Any]
SAMPLES = sorted(
    set((ROOT / "config" / "samples").glob("*.yaml")) - {ROOT / "config" / "samples" / "kustomization.yaml"}
)
GI = 1024**3
MACHINE = 8 * GI
"""What a cluster of a sample may ask for: a third of the memory of a machine for tests, on which others run, too."""
[VERSION] = crd.custom_resource_definition(DESCRIPTOR)["spec"]["versions"]
SCHEMA: Json = VERSION["schema"]["openAPIV3Schema"]


def resource(path: Any) -> Json:
    made: Json = yaml.safe_load(path.read_text())
    made["metadata"] |= {"namespace": "data", "uid": UID, "generation": 1}
    return made


def test_there_are_samples():
    assert {"small", "two-tiers", "fuse"} <= {path.stem for path in SAMPLES}


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_can_be_followed_and_every_field_of_it_exists(path: Any):
    made = resource(path)

    assert made["metadata"]["name"] == path.stem
    assert unknown_fields(SCHEMA["properties"]["spec"], made["spec"], "spec") == []
    assert isinstance(validate(made), Cluster), validate(made)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_fits_a_small_machine_and_is_rendered(path: Any):
    cluster = validate(resource(path))
    assert isinstance(cluster, Cluster)

    context = context_of(cluster, JournalValues(job="create", operation="1"))
    kinds = {manifest.ref.kind for manifest in Renderer(TEMPLATES).render("alluxio", context)}

    assert sum(division.limit for division in cluster.memory.values()) <= MACHINE
    assert {"ConfigMap", "StatefulSet", "Service"} <= kinds
