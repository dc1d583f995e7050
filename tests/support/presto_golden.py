"""Golden cases of Presto: every object that is rendered for each sample in config/samples/presto.

    tests/unit/kinds/presto/golden/SAMPLE/     one file per object, NN-kind-name.yaml; NN is the template's number

`python -m tests.golden.regenerate` rewrites them; read the diff.
"""

from __future__ import annotations

from typing import Any

import yaml
from tests.golden.cases import as_text
from tests.support.builders import NOW, ROOT
from tests.support.presto import UID
from tests.support.rendering import RENDERER

from alluxio_operator.api.presto_status import AlluxioStatus, PrestoStatus
from alluxio_operator.engine.render import Manifest
from alluxio_operator.kinds.presto.decide import decide
from alluxio_operator.kinds.presto.observed import Observed
from alluxio_operator.kinds.presto.validate import Presto, validate

HERE = ROOT / "tests" / "unit" / "kinds" / "presto" / "golden"
SAMPLES = {path.stem: path for path in sorted((ROOT / "config" / "samples" / "presto").glob("*.yaml"))}
CASES = sorted(SAMPLES)


def manifests(made: dict[str, Any]) -> tuple[Manifest, ...]:
    """Return all rendered objects of a resource, regardless of gates, with a known Alluxio cluster."""
    made = {**made, "metadata": {"namespace": "data", "uid": UID, "generation": 1, **made["metadata"]}}
    presto = validate(made, NOW)
    assert isinstance(presto, Presto), presto
    known = None
    if presto.spec.alluxio:
        host = f"{presto.spec.alluxio.cluster_ref.name}-master-0.{presto.spec.alluxio.cluster_ref.name}-master.data.svc"
        known = AlluxioStatus(
            cluster=presto.spec.alluxio.cluster_ref.name,
            uid="x",
            properties={"alluxio.master.hostname": host},
            sockets="/var/lib/alluxio-operator/sockets/data/small",
        )
    plan = decide(presto, Observed(made, PrestoStatus(alluxio=known)), NOW)
    assert plan.context is not None
    return RENDERER.render("presto", plan.context)


def expected_of(case: str) -> dict[str, str]:
    """Return the expected files of a case."""
    found = manifests(yaml.safe_load(SAMPLES[case].read_text()))
    return {f"{m.order:02d}-{m.ref.kind.lower()}-{m.ref.name}.yaml": as_text(m.obj) for m in found}


def files_of(case: str) -> dict[str, str]:
    """Return the existing files of a case."""
    return {path.name: path.read_text() for path in sorted((HERE / case).glob("*.yaml"))}
