"""The example of docs/gitops.md on a real API server: the operator causes no difference, and no tool takes the data."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry
from tests.api.stage import NO_NODE, NOWHERE, Api, Stage, until
from tests.support.builders import ROOT, merged
from tests.support.presto import FakeServers
from tests.support.rendering import RENDERER

from alluxio_operator.api import alluxiocluster, presto
from alluxio_operator.engine.work import OwnerKey, Reason, Request
from alluxio_operator.kinds.cluster.storage.protection import ANNOTATIONS
from alluxio_operator.kinds.presto.reconcile import presto_reconciler
from alluxio_operator.kube.kinds import KINDS
from alluxio_operator.telemetry.metrics import Metrics
from alluxio_operator.transport.deadline import Deadline

Json = dict[str, Any]
PAGE = (ROOT / "docs/gitops.md").read_text()
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
EXAMPLE = {one["kind"]: one for block in BLOCKS for one in yaml.safe_load_all(block) if "kind" in one}
NAME = EXAMPLE["AlluxioCluster"]["metadata"]["name"]
TOOLS = {
    "client-side": (),
    "server-side": ("--server-side", "--field-manager=argocd-controller"),
}
PVC = KINDS["PersistentVolumeClaim"]


def in_git(stage: Stage, folder: Path, *kinds: str) -> str:
    """Write the page's manifests of these kinds, for pods that no node runs; return the file."""
    # Of the workers, one registers in the stage.
    lake = merged(NOWHERE, {"workers": {"replicas": 1}})
    nowhere = {"AlluxioCluster": lake, "Presto": {"coordinator": NO_NODE, "workers": NO_NODE}}
    found = []
    for kind in kinds:
        made = merged(EXAMPLE[kind], {"metadata": {"namespace": stage.namespace}, "spec": nowhere[kind]})
        found.append(made)
    file = folder / "lake.yaml"
    file.write_text(yaml.safe_dump_all(found))
    return str(file)


def reconcile_presto(api: Api, namespace: str) -> Json:
    """Reconcile the Presto a few times; return it."""
    reconciler = presto_reconciler(
        api.kube, FakeServers(), RENDERER, Metrics(CollectorRegistry()), lambda: datetime.now(UTC)
    )
    name = EXAMPLE["Presto"]["metadata"]["name"]
    for _ in range(3):
        reconciler(Request(OwnerKey(presto.KIND, namespace, name), Reason.CHILD, frozenset(), True), Deadline.after(30))
    return api.call("GET", KINDS[presto.KIND].path(namespace, name), ok=True).body


def claims(stage: Stage) -> dict[str, Json]:
    """Return the PVCs that outlive the resource; the one of the log server goes with it."""
    found = stage.api.kube.list(PVC.path(stage.namespace))
    return {one["metadata"]["name"]: one for one in found if not one["metadata"].get("ownerReferences")}


@pytest.mark.parametrize("options", TOOLS.values(), ids=TOOLS)
def test_the_example_shows_no_difference_after_the_operator_worked(
    options: tuple[str, ...], api: Api, stage: Stage, tmp_path: Path
):
    lake = Stage(api, stage.namespace, NAME)
    file = in_git(lake, tmp_path, "AlluxioCluster", "Presto")
    api.kubectl("apply", *options, "-f", file)

    lake.install()
    queries = reconcile_presto(api, lake.namespace)

    assert lake.status["phase"] == "Ready"
    assert queries["status"]["conditions"]
    # `kubectl diff` ends with 1 for a difference.
    assert api.kubectl("diff", *options, "-f", file) == ""


def test_a_tool_that_prunes_by_label_takes_no_volume(api: Api, stage: Stage, tmp_path: Path):
    lake = Stage(api, stage.namespace, NAME)
    api.kubectl("apply", "-f", in_git(lake, tmp_path, "AlluxioCluster"))
    lake.install()
    lake.reconcile_until(lambda: all(_is_protected(one) for one in claims(lake).values()))
    volumes = claims(lake)
    assert {name.rpartition("-")[0] for name in volumes} >= {f"journal-{NAME}-master", f"tier-ssd-{NAME}-worker", NAME}
    assert all(one["metadata"]["labels"]["app.kubernetes.io/instance"] == NAME for one in volumes.values())

    # Git holds nothing of the application any more.
    everything = ("--all", "--prune-allowlist=core/v1/PersistentVolumeClaim", "--prune-allowlist=core/v1/ConfigMap")
    empty = tmp_path / "empty.yaml"
    empty.write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "rest"}}))
    api.kubectl("apply", "--prune", *everything, "-f", str(empty), "--namespace", lake.namespace)
    for path in _taken_by_label(lake):
        api.call("DELETE", path, ok=True)
    api.kubectl("delete", "alx", NAME, "--namespace", lake.namespace)
    until(lambda: not [one for one in lake.objects().values() if one["metadata"].get("ownerReferences")])

    left = claims(lake)
    assert left.keys() == volumes.keys()
    assert [name for name, one in left.items() if "deletionTimestamp" in one["metadata"]] == []


def _is_protected(obj: Json) -> bool:
    return ANNOTATIONS.items() <= obj["metadata"].get("annotations", {}).items()


def _taken_by_label(stage: Stage) -> list[str]:
    """Return what Argo CD's tracking by label takes for its own and prunes: it honours owners and annotations."""
    found = []
    for kind in KINDS.values():
        if kind.kind in (alluxiocluster.KIND, presto.KIND):
            continue
        for one in stage.api.kube.list(kind.path(stage.namespace), f"app.kubernetes.io/instance={stage.name}"):
            options = one["metadata"].get("annotations", {}).get("argocd.argoproj.io/sync-options", "")
            if not one["metadata"].get("ownerReferences") and "Prune=false" not in options:
                found.append(kind.path(stage.namespace, one["metadata"]["name"]))
    return found
