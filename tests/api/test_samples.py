"""Every sample that users start from is taken by a real API server, and so is every object that comes of it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from tests.api.stage import Stage
from tests.support.builders import ROOT, UID
from tests.support.rendering import RENDERER

from alluxio_operator.kinds.cluster.context import JournalValues, context_of
from alluxio_operator.kinds.cluster.validate import Cluster, validate
from alluxio_operator.kube.client import FIELD_MANAGER
from alluxio_operator.kube.kinds import KINDS

SAMPLES = sorted(
    set((ROOT / "config" / "samples").glob("*.yaml")) - {ROOT / "config" / "samples" / "kustomization.yaml"}
)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_a_sample_and_all_that_is_rendered_for_it_is_accepted(path: Path, shared: Stage):
    made = yaml.safe_load(path.read_text())
    answer = shared.api.call(
        "POST", KINDS[made["kind"]].path(shared.namespace), made, dryRun="All", fieldValidation="Strict"
    )
    assert answer.status == 201, answer.message

    # With the defaults that the API server has filled in.
    metadata = {**made["metadata"], "namespace": shared.namespace, "uid": UID, "generation": 1}
    cluster = validate({**answer.body, "metadata": metadata})
    assert isinstance(cluster, Cluster), cluster
    context = context_of(cluster, JournalValues(job="create", operation="1"))
    for manifest in RENDERER.render("alluxio", context):
        path_of_it = KINDS[manifest.ref.kind].path(shared.namespace, manifest.ref.name)
        shared.api.apply(path_of_it, manifest.obj, FIELD_MANAGER, dryRun="All", fieldValidation="Strict")
