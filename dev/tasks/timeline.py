"""Shows a cluster come up: each object, each gate as it opens. Runs in the cluster's network."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import Any

from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kube.client import Kube
from alluxio_operator.kube.kinds import KINDS

SHOWN = (
    "ConfigMap",
    "PersistentVolumeClaim",
    "ServiceAccount",
    "Service",
    "Job",
    "StatefulSet",
    "DaemonSet",
    "Deployment",
    "Pod",
)


def watch(kube: Kube, namespace: str, name: str, timeout: float) -> bool:
    """Print what appears until the cluster is Ready; False when `timeout` seconds have passed."""
    began = time.monotonic()
    seen: set[str] = set()
    while time.monotonic() - began < timeout:
        resource = kube.get(KINDS["AlluxioCluster"].path(namespace, name))
        news = [*_objects(kube, namespace, name), *_gates(resource)]
        for stamp, text in sorted(news):
            if text not in seen:
                seen.add(text)
                print(f"  {time.monotonic() - began:5.1f} s  {stamp[11:19]}  {text}", flush=True)
        if resource.get("status", {}).get("phase") == "Ready":
            return True
        time.sleep(0.5)
    return False


def _objects(kube: Kube, namespace: str, name: str) -> Iterator[tuple[str, str]]:
    selector = Names(name, namespace).owned_by_selector
    for kind in SHOWN:
        for found in kube.list(KINDS[kind].path(namespace), selector):
            meta = found["metadata"]
            yield meta["creationTimestamp"], f"created  {kind:22} {meta['name']}"


def _gates(resource: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for condition in resource.get("status", {}).get("conditions", ()):
        if condition["status"] == "True" and condition["type"] not in ("Progressing", "SpecValid", "Degraded"):
            yield condition["lastTransitionTime"], f"gate     {condition['type']:22} {condition['message']}"


def main(namespace: str, name: str) -> int:
    """Watch one cluster for at most four minutes."""
    if watch(Kube.connect(), namespace, name, timeout=240):
        return 0
    print(
        f"error: {name} isn't Ready after 240 s; look at `kubectl -n {namespace} describe alx {name}`", file=sys.stderr
    )
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
