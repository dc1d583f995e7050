"""A namespace of the local cluster with an AlluxioCluster in it, for measurements on real Alluxio."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from alluxio_operator.api.base import API_VERSION
from bench.api import Json

PATIENCE = 420.0
"""Seconds for a cluster to become Ready, and for a namespace to disappear."""

MASTER: Final = "master"
ROOT: Final = "/mnt/ufs"
"""Where masters and workers see the root mount's volume."""


class Lab:
    """Objects of one namespace, by kubectl."""

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace

    def kubectl(self, *arguments: str, given: Json | None = None, seconds: float = PATIENCE) -> str:
        """Run kubectl in the namespace, and return what it printed. Raise RuntimeError."""
        command = ["kubectl", "--namespace", self.namespace, *arguments]
        text = json.dumps(given) if given is not None else None
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=seconds)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stdout[-300:]}{done.stderr[-500:]}")
        return done.stdout

    def apply(self, kind: str, name: str, spec: Json, api_version: str = API_VERSION) -> None:
        """Create an object, or change its spec."""
        metadata = {"name": name, "namespace": self.namespace}
        manifest = {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec}
        self.kubectl("apply", "-f", "-", given=manifest)

    def claim(self, name: str, size: str) -> None:
        """Create a PVC that outlives the clusters."""
        spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}
        self.apply("PersistentVolumeClaim", name, spec, "v1")

    def get(self, kind: str, name: str) -> Json:
        """Return an object; empty if it doesn't exist."""
        text = self.kubectl("get", kind, name, "-o", "json", "--ignore-not-found")
        return dict(json.loads(text)) if text else {}

    def on_master(self, cluster: str, *command: str, seconds: float = PATIENCE) -> str:
        """Run a command in the first master's container, and return what it printed."""
        return self.kubectl("exec", f"{cluster}-master-0", "-c", MASTER, "--", *command, seconds=seconds)

    def until(self, what: str, seconds: float, found: Callable[[], Any], every: float = 0.5) -> Any:
        """Return the first true result of `found`. Raise TimeoutError."""
        end = time.monotonic() + seconds
        while not (result := found()):
            if time.monotonic() > end:
                raise TimeoutError(f"{what}: not within {seconds:.0f} s")
            time.sleep(every)
        return result

    def until_ready(self, cluster: str, seconds: float = PATIENCE) -> None:
        """Wait until an AlluxioCluster is Ready."""
        self.until(f"{cluster} Ready", seconds, lambda: self.status("alx", cluster).get("phase") == "Ready")

    def status(self, kind: str, name: str) -> Json:
        """Return the status of an object; empty without one."""
        return dict(self.get(kind, name).get("status", {}))

    def condition(self, cluster: str, type_: str) -> Json:
        """Return a condition of an AlluxioCluster; empty without it."""
        found = (one for one in self.status("alx", cluster).get("conditions", ()) if one["type"] == type_)
        return dict(next(found, {}))

    def address(self, labels: str) -> str:
        """Return the address of the first pod with these labels."""
        pods = json.loads(self.kubectl("get", "pods", "-l", labels, "-o", "json"))["items"]
        return str(pods[0]["status"]["podIP"])

    def leader(self, cluster: str) -> str:
        """Return the address of the leading master."""
        return str(self._leading(cluster)["status"]["podIP"])

    def leader_uid(self, cluster: str) -> str:
        """Return the uid of the leading master's pod."""
        return str(self._leading(cluster)["metadata"]["uid"])

    def _leading(self, cluster: str) -> Json:
        pod = self.until("a leader", PATIENCE, lambda: self.status("alx", cluster).get("masters", {}).get("leader"))
        return self.get("pod", pod)


@contextmanager
def lab(namespace: str) -> Iterator[Lab]:
    """Create a namespace, and delete it with all it has at the end."""
    made = Lab(namespace)
    _cluster("create", "namespace", namespace)
    try:
        yield made
    finally:
        for kind in ("alluxiobackup", "alx"):
            made.kubectl("delete", kind, "--all", "--wait=false")
        _cluster("delete", "namespace", namespace, "--wait=false")
        made.until(f"namespace {namespace} gone", PATIENCE, lambda: namespace not in _namespaces())


def _namespaces() -> list[str]:
    return [line.removeprefix("namespace/") for line in _cluster("get", "namespaces", "-o", "name").splitlines()]


def _cluster(*arguments: str) -> str:
    done = subprocess.run(["kubectl", *arguments], capture_output=True, text=True, check=False, timeout=60)
    if done.returncode:
        raise RuntimeError(f"kubectl {' '.join(arguments)}: {done.stderr[-500:]}")
    return done.stdout


def cluster_spec(*, masters: int, heap: str, root_claim: str | None = None, root_size: str = "2Gi") -> Json:
    """Return the spec of a cluster with one worker, without the roles that no measurement here needs."""
    volume: Json = {"claimName": root_claim} if root_claim else {"size": root_size, "accessModes": ["ReadWriteOnce"]}
    return {
        "version": "2.9.4",
        "rootMount": {"volume": volume},
        "masters": {"replicas": masters, "jvm": {"heap": heap, "directMemory": "128Mi"}},
        "workers": {
            "workload": "StatefulSet",
            "replicas": 1,
            "terminationGracePeriodSeconds": 10,
            "jvm": {"heap": "256Mi", "directMemory": "128Mi"},
            "tiers": [{"name": "MEM", "medium": "MEM", "quota": "512Mi"}],
        },
        "jobService": {"enabled": False},
        "logServer": {"enabled": False},
    }
