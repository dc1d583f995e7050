"""A world that binds and expands PVCs, with a provisioner, a resizer and a kubelet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.support.builders import merged
from tests.support.world import World

from alluxio_operator.kube.kinds import KINDS

Json = dict[str, Any]

SSD: Json = {"name": "SSD", "quota": "4Gi", "storage": {"claim": {"size": "5Gi", "storageClassName": "fast"}}}


def tier(size: str = "5Gi", quota: str = "4Gi") -> Json:
    """Return a tier on PVCs."""
    return merged(SSD, {"quota": quota, "storage": {"claim": {"size": size}}})


def sized(journal: str = "1Gi", logs: str = "1Gi", ssd: str = "5Gi", quota: str = "4Gi", **over: Any) -> Json:
    """Return the volume fields of a spec with two workers that have a tier on PVCs."""
    base = {
        "masters": {"journal": {"storage": {"size": journal, "storageClassName": "fast"}}},
        "logServer": {"storage": {"size": logs, "storageClassName": "fast"}},
        "workers": {"replicas": 2, "tiers": [tier(ssd, quota)]},
        "rootMount": {"volume": {"storageClassName": "fast"}},
    }
    return merged(base, over)


def claim(name: str, labels: Mapping[str, str], size: str = "5Gi", **status: Any) -> Json:
    """Return a bound PVC."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name, "namespace": "data", "labels": dict(labels)},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "fast",
            "resources": {"requests": {"storage": size}},
        },
        "status": {"phase": "Bound", "capacity": {"storage": size}, **status},
    }


class VolumesWorld(World):
    """Binds PVCs, creates those of StatefulSets' templates, and expands them while `grows`."""

    grows = True
    lingers = False
    """True if a deleted StatefulSet stays for a moment, as while its pods are being orphaned."""

    def __init__(self, made: Mapping[str, Any] | None = None) -> None:
        super().__init__(made)
        self.kube.orphaned = self._orphaned

    def turn(self, **works: bool) -> None:
        for path in [path for path, obj in self.kube.objects.items() if "deletionTimestamp" in obj["metadata"]]:
            self.kube.remove(path)
        for name in self.kube.of_kind("StatefulSet"):
            self._make_claims(self.kube.object("StatefulSet", self.namespace, name))
        for name in self.kube.of_kind("PersistentVolumeClaim"):
            self._bind_and_grow(name)
        super().turn(**works)

    def claims(self) -> dict[str, str]:
        """Return the requested size of each PVC."""
        found = {name: self._object(name) for name in self.kube.of_kind("PersistentVolumeClaim")}
        return {name: one["spec"]["resources"]["requests"]["storage"] for name, one in found.items()}

    def uids(self, kind: str = "Pod") -> dict[str, str]:
        """Return the uids of all objects of a kind."""
        return {
            name: self.kube.object(kind, self.namespace, name)["metadata"]["uid"] for name in self.kube.of_kind(kind)
        }

    def template(self, name: str) -> str:
        """Return the size in the only PVC template of a StatefulSet."""
        [template] = self.kube.object("StatefulSet", self.namespace, name)["spec"]["volumeClaimTemplates"]
        size: str = template["spec"]["resources"]["requests"]["storage"]
        return size

    def edit_claim(self, name: str, change: Mapping[str, Any]) -> None:
        """Change a PVC as another client."""
        self.kube.put(merged(self._object(name), change))

    def _object(self, name: str) -> Json:
        return self.kube.object("PersistentVolumeClaim", self.namespace, name)

    def _make_claims(self, workload: Json) -> None:
        meta, spec = workload["metadata"], workload["spec"]
        for template in spec.get("volumeClaimTemplates", ()):
            for ordinal in range(spec["replicas"]):
                name = f"{template['metadata']['name']}-{meta['name']}-{ordinal}"
                if KINDS["PersistentVolumeClaim"].path(self.namespace, name) not in self.kube.objects:
                    labels = {**template["metadata"].get("labels", {}), **spec["selector"]["matchLabels"]}
                    self.kube.put({**claim(name, labels), "spec": template["spec"], "status": {}})

    def _bind_and_grow(self, name: str) -> None:
        one = self._object(name)
        status = one.get("status", {})
        if status.get("phase") != "Bound" or (self.grows and not status.get("conditions")):
            has = {"storage": one["spec"]["resources"]["requests"]["storage"]}
            volume = {"volumeName": f"pv-{one['metadata']['uid']}", **one["spec"]}
            self.kube.put({**one, "spec": volume, "status": {**status, "phase": "Bound", "capacity": has}})

    def _orphaned(self, path: str) -> bool:
        if self.lingers:
            self.kube.objects[path]["metadata"]["deletionTimestamp"] = "2030-01-01T00:00:00Z"
        return self.lingers


def volume_for(claim: Json, driver: str = "example.com") -> Json:
    """Return a PV of a CSI driver that is bound to this PVC, with reclaim policy Retain."""
    meta, spec = claim["metadata"], claim["spec"]
    name = f"{meta['namespace']}-{meta['name']}"
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "accessModes": spec["accessModes"],
            "capacity": spec["resources"]["requests"],
            "storageClassName": spec["storageClassName"],
            "persistentVolumeReclaimPolicy": "Retain",
            "claimRef": {"namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"]},
            "csi": {"driver": driver, "volumeHandle": name},
        },
    }
