"""Golden cases of a Presto: each sample in config/samples/presto is one, by a link."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml
from tests.support.builders import NOW
from tests.support.presto import UID
from tests.support.rendering import RENDERER

from alluxio_operator.api.presto_status import AlluxioStatus, ClientImage, PrestoStatus
from alluxio_operator.engine.render import Manifest
from alluxio_operator.kinds.presto.decide import decide
from alluxio_operator.kinds.presto.observed import Observed
from alluxio_operator.kinds.presto.validate import Presto, validate

HERE = Path(__file__).parent / "presto"


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
            client_image=ClientImage(name="alluxio/alluxio:2.9.4", version="2.9.4"),
        )
    plan = decide(presto, Observed(made, PrestoStatus(alluxio=known)), NOW)
    assert plan.context is not None
    return RENDERER.render("presto", plan.context)


@cache
def manifests_of(case: str) -> tuple[Manifest, ...]:
    """Return everything that is rendered for a case."""
    return manifests(yaml.safe_load((HERE / case / "presto.yaml").read_text()))
