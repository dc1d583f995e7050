"""Installation on the real node: from the resource to Ready, against the same pods by `kubectl apply --server-side`.

Run it with dev/in-cluster while the operator is deployed. By hand, a user applies the configuration and the journal's
Job, waits for the Job, applies the rest and waits for the pods; one script does all of that here.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator

from alluxio_operator.api.alluxiocluster import KIND
from alluxio_operator.kinds.cluster.layers import ENDS
from alluxio_operator.kube.kinds import KINDS
from bench import clusters
from bench.api import Api, CallFailed, Json
from bench.clusters import Place
from bench.results import Figure, Goal, Runs, Sample, figure

NAME = "real-node"
GOAL = Goal("at most 1.15 times", 1.15, of_ratio=True)
PATIENCE = 240.0
OURS, BY_HAND = Place("bench-operator", "alx"), Place("bench-by-hand", "alx")
ROLES = ("statefulset/alx-master", "statefulset/alx-worker", "statefulset/alx-jobmaster", "deployment/alx-logserver")


def measure(repeat: int) -> Json:
    """Install with the operator and by hand in turn, each in its own temporary namespace."""
    api = Api(4)
    found: dict[str, list[float]] = {"ours_seconds": [], "kubectl_seconds": []}
    for _ in range(repeat):
        for key, place, install in (("ours_seconds", OURS, _ours), ("kubectl_seconds", BY_HAND, _by_hand)):
            clusters.prepare_namespaces(api, (place,))
            try:
                found[key].append(install(api, place))
                print(f"    {key}: {found[key][-1]:.1f}", flush=True)
            finally:
                _remove(api, place.namespace)
    return dict(found)


def figures(runs: Runs) -> Iterator[Figure]:
    """Yield the figures."""
    ours, theirs = (
        Sample.of(value for found in runs.of(NAME, "ours", 1) for value in found[key])
        for key in ("ours_seconds", "kubectl_seconds")
    )
    title = "on a real node, from the resource to Ready"
    yield from figure(title, 1, "s", ours, peer=theirs, peer_name="kubectl apply --server-side", goal=GOAL)


def _ours(api: Api, place: Place) -> float:
    began = time.monotonic()
    clusters.create(api, (place,))
    while time.monotonic() - began < PATIENCE:
        if api.call("GET", place.path).get("status", {}).get("phase") == "Ready":
            return time.monotonic() - began
        time.sleep(0.1)
    raise TimeoutError(f"{place.name} isn't Ready after {PATIENCE:.0f} s")


def _by_hand(_: Api, place: Place) -> float:
    ordered = clusters.with_journal_job(place)
    first = [obj for order, obj in ordered if order < ENDS[0]]
    workloads = [obj for order, obj in ordered if ENDS[0] <= order < ENDS[1]]
    services = [obj for order, obj in ordered if order >= ENDS[1]]
    began = time.monotonic()
    _kubectl(place, "apply", "--server-side", "-f", "-", objects=first)
    _kubectl(place, "wait", "--for=condition=Complete", "job", "--all", f"--timeout={PATIENCE:.0f}s")
    _kubectl(place, "apply", "--server-side", "-f", "-", objects=workloads)
    for role in ROLES:
        _kubectl(place, "rollout", "status", role, f"--timeout={PATIENCE:.0f}s")
    _kubectl(place, "apply", "--server-side", "-f", "-", objects=services)
    return time.monotonic() - began


def _kubectl(place: Place, *arguments: str, objects: list[Json] | None = None) -> None:
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}) if objects else None
    command = ["kubectl", "--namespace", place.namespace, *arguments]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=PATIENCE + 30)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr[-500:]}")


def _remove(api: Api, namespace: str) -> None:
    for kind in (KIND, "StatefulSet", "Deployment", "Job", "PersistentVolumeClaim"):
        api.call("DELETE", KINDS[kind].path(namespace), query={"propagationPolicy": "Background"})
    api.call("DELETE", f"/api/v1/namespaces/{namespace}")
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            api.call("GET", f"/api/v1/namespaces/{namespace}")
        except CallFailed:
            return
        time.sleep(0.5)
    raise TimeoutError(f"namespace {namespace} is still there after {PATIENCE:.0f} s")
