"""PVCs next to a GitOps tool: no tool prunes them, and an applied resource stays as it was applied."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.support.builders import resource
from tests.support.owner_world import OwnerWorld
from tests.support.presto import World as PrestoWorld
from tests.support.volumes import VolumesWorld, claim, sized
from tests.support.world import World

from alluxio_operator.kinds.cluster.storage.records import MAX_LABELLED
from alluxio_operator.kube.kinds import KINDS

Json = dict[str, Any]
PVC, SAMPLES = "PersistentVolumeClaim", Path(__file__).parents[5] / "config/samples"
PROTECTION = {
    "argocd.argoproj.io/compare-options": "IgnoreExtraneous",
    "argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
    "kustomize.toolkit.fluxcd.io/prune": "disabled",
}
WORKER_LABELS = {
    "app.kubernetes.io/name": "alluxio",
    "app.kubernetes.io/instance": "small",
    "app.kubernetes.io/component": "worker",
}


def running(**over: Any) -> VolumesWorld:
    world = VolumesWorld(resource(**sized(**over)))
    world.settle()
    rounds(world)
    return world


def rounds(world: VolumesWorld) -> None:
    world.reconcile(everything=True)
    for _ in range(3):
        world.turn()
        world.reconcile()


def unprotected(world: OwnerWorld) -> list[str]:
    """Return the objects that Argo CD's tracking by label takes for its own, and prunes."""
    return sorted(
        obj["metadata"]["name"]
        for obj in world.kube.objects.values()
        if "app.kubernetes.io/instance" in obj["metadata"].get("labels", {})
        and not obj["metadata"].get("ownerReferences")
        # A workload's controller owns its pods; this API server has no controllers.
        and obj["kind"] != "Pod"
        and not PROTECTION.items() <= obj["metadata"].get("annotations", {}).items()
    )


def test_claims_of_the_operator_and_of_statefulsets_are_protected():
    world = running()

    assert "tier-ssd-small-worker-1" in world.claims()
    assert unprotected(world) == []


def test_claims_of_an_earlier_version_are_annotated_and_no_pod_is_replaced():
    world = running()
    for name in world.claims():
        world.kube.edit(PVC, "data", name, lambda obj: obj["metadata"].pop("annotations", None))
    before = {kind: world.uids(kind) for kind in ("Pod", "StatefulSet", "Deployment")}
    hashes = world.status.get("rollout"), world.kube.object("StatefulSet", "data", "small-worker")["spec"]
    assert "tier-ssd-small-worker-0" in unprotected(world)
    world.start_operator()

    rounds(world)

    assert unprotected(world) == []
    assert {kind: world.uids(kind) for kind in before} == before
    assert (world.status.get("rollout"), world.kube.object("StatefulSet", "data", "small-worker")["spec"]) == hashes
    written = len(world.kube.writes)
    rounds(world)
    assert len(world.kube.writes) == written


def test_a_claim_of_a_worker_that_was_scaled_in_is_protected_too():
    world = running()
    world.kube.put(claim("tier-ssd-small-worker-7", WORKER_LABELS))

    rounds(world)

    assert unprotected(world) == []


def test_many_claims_take_several_reconciles_without_an_event():
    world = running()
    for ordinal in range(MAX_LABELLED + 5):
        world.kube.put(claim(f"tier-ssd-small-worker-{ordinal + 10}", WORKER_LABELS))

    first = world.reconcile(everything=True)
    assert first.requeue_after is not None
    assert first.requeue_after <= 5
    assert len(unprotected(world)) == 5
    world.reconcile()

    assert unprotected(world) == []


@pytest.mark.parametrize("name", ["alluxio-worker", "small-worker-data", "other"])
def test_a_claim_that_a_user_made_is_left_alone(name: str):
    world = running()
    world.kube.put(claim(name, WORKER_LABELS))

    rounds(world)

    assert "annotations" not in world.kube.object(PVC, "data", name)["metadata"]


def samples() -> list[Json]:
    found = [yaml.safe_load(file.read_text()) for file in sorted(SAMPLES.rglob("*.yaml"))]
    return [one for one in found if one["kind"] in ("AlluxioCluster", "Presto")]


@pytest.mark.parametrize("sample", samples(), ids=lambda one: f"{one['kind']}-{one['metadata']['name']}")
def test_a_sample_that_another_manager_applies_shows_no_difference_later(sample: Json):
    cluster = sample["kind"] == "AlluxioCluster"
    name = sample["metadata"]["name"] if cluster else "queries"
    git = {**sample, "metadata": {"name": name, "namespace": "data"}}
    made = {**git, "metadata": {**git["metadata"], "uid": "0a1b2c3d-4444", "generation": 1}}
    world: OwnerWorld = World(made) if cluster else PrestoWorld(made)
    path = KINDS[sample["kind"]].path("data", name)
    world.kube.apply_as("argocd-controller", path, git)
    for _ in range(6):
        world.reconcile()
        world.turn()
    live = world.kube.objects[path]
    assert live["status"]["conditions"]

    world.kube.apply_as("argocd-controller", path, git)

    # An apply without a difference changes nothing, so the API server keeps the version.
    assert world.kube.objects[path]["metadata"]["resourceVersion"] == live["metadata"]["resourceVersion"]
    assert live["spec"] == git["spec"]
    assert live["metadata"].keys() <= {
        *git["metadata"], "uid", "generation", "creationTimestamp", "resourceVersion"
    }  # fmt: skip
    assert live["metadata"]["generation"] == 1
