"""The controllers of workloads: StatefulSets, DaemonSets, Deployments and Jobs."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from typing import Any

from tests.simulation.state import SIM, VERIFICATION, Json, State, is_leaving, path_of
from tests.support.backup import checked, proven


class Controllers(State):
    """Create and delete the pods of workloads, and write the workloads' statuses."""

    def _controllers(self) -> None:
        for obj in self.store.kind("StatefulSet"):
            if "deletionTimestamp" not in obj["metadata"]:
                self._stateful_set(obj)
        for obj in self.store.kind("DaemonSet"):
            self._daemon_set(obj)
        for obj in self.store.kind("Deployment"):
            self._deployment(obj)
        for obj in self.store.kind("Job"):
            self._job(obj)

    def pods_of(self, workload: Json) -> list[Json]:
        """Return the pods that a workload owns; it adopts those that its selector matches and that have no owner."""
        meta, wanted = workload["metadata"], workload["spec"]["selector"]["matchLabels"].items()
        for pod in list(self.store.pods_of("")):
            if wanted <= pod["metadata"]["labels"].items():
                self.store.put({**pod, "metadata": {**pod["metadata"], "ownerReferences": [_reference(workload)]}})
        return self.store.pods_of(meta["uid"])

    def _stateful_set(self, obj: Json) -> None:
        meta, spec = obj["metadata"], obj["spec"]
        pods = {pod["metadata"]["name"]: pod for pod in self.pods_of(obj)}
        for ordinal in range(spec["replicas"]):
            name = f"{meta['name']}-{ordinal}"
            if self._make_claims(obj, name) and self.store.find("Pod", meta["namespace"], name) is None:
                templates = [one["metadata"]["name"] for one in spec.get("volumeClaimTemplates", ())]
                own = {template: f"{template}-{name}" for template in templates}
                self._make_pod(obj, name, own, {"statefulset.kubernetes.io/pod-name": name})
        for name, pod in pods.items():
            if int(name.rpartition("-")[2]) >= spec["replicas"] and "deletionTimestamp" not in pod["metadata"]:
                self.store.begin_deletion(path_of(pod))

    def _make_claims(self, obj: Json, pod: str) -> bool:
        meta, spec = obj["metadata"], obj["spec"]
        policy = spec.get("persistentVolumeClaimRetentionPolicy", {}).get("whenDeleted")
        for template in spec.get("volumeClaimTemplates", ()):
            name = f"{template['metadata']['name']}-{pod}"
            claim = self.store.find("PersistentVolumeClaim", meta["namespace"], name)
            if claim is not None and "deletionTimestamp" in claim["metadata"]:
                return False
            if claim is None:
                labels = {**template["metadata"].get("labels", {}), **spec["selector"]["matchLabels"]}
                metadata: Json = {"name": name, "namespace": meta["namespace"], "labels": labels}
                if policy == "Delete":
                    metadata["ownerReferences"] = [_reference(obj)]
                self.store.put(
                    {
                        "apiVersion": "v1",
                        "kind": "PersistentVolumeClaim",
                        "metadata": metadata,
                        "spec": template["spec"],
                    }
                )
        return True

    def _daemon_set(self, obj: Json) -> None:
        meta = obj["metadata"]
        by_node: dict[str, list[Json]] = {}
        for pod in self.pods_of(obj):
            by_node.setdefault(pod["spec"].get("nodeName", ""), []).append(pod)
        for name in self.nodes:
            if not by_node.get(name):
                self._make_pod(obj, f"{meta['name']}-{self._suffix(meta['name'])}", {}, {}, node=name)

    def _deployment(self, obj: Json) -> None:
        spec, strategy = obj["spec"], obj["spec"].get("strategy", {})
        wanted, template = spec.get("replicas", 1), self._hash(obj)
        pods = self.pods_of(obj)
        new = [p for p in pods if _hash_of(p) == template and not is_leaving(p)]
        old = [p for p in pods if _hash_of(p) != template and not is_leaving(p)]
        if strategy.get("type") == "Recreate":
            for pod in old:
                self.store.begin_deletion(path_of(pod))
            room = 0 if any(_hash_of(p) != template for p in pods) else wanted - len(new)
        else:
            rolling = strategy.get("rollingUpdate", {})
            surge = _share(rolling.get("maxSurge", "25%"), wanted, up=True)
            unavailable = _share(rolling.get("maxUnavailable", "25%"), wanted, up=False)
            if not surge and not unavailable:
                unavailable = 1
            room = min(wanted - len(new), wanted + surge - len(new) - len(old))
            serving = [p for p in new if self._available(p, spec)] + [p for p in old if _is_ready(p)]
            excess = len(serving) - (wanted - unavailable)
            for pod in sorted(old, key=lambda p: (_is_ready(p), p["metadata"]["name"])):
                if not _is_ready(pod):
                    self.store.begin_deletion(path_of(pod))
                elif excess > 0:
                    excess -= 1
                    self.store.begin_deletion(path_of(pod))
        for _ in range(room):
            name = obj["metadata"]["name"]
            full = f"{name}-{template}-{self._suffix(name)}"
            self._make_pod(obj, full, {}, {"pod-template-hash": template})
        for pod in sorted(new, key=lambda p: (_is_ready(p), p["metadata"]["name"]))[: max(0, len(new) - wanted)]:
            self.store.begin_deletion(path_of(pod))

    def _suffix(self, label: str) -> str:
        return f"{int(self.chance(f'suffix {label}') * 16**5):05x}"

    def _available(self, pod: Json, spec: Json) -> bool:
        proc = self.procs.get(pod["metadata"]["uid"])
        least = spec.get("minReadySeconds", 0)
        if not _is_ready(pod) or proc is None or proc.ready_since is None:
            return False
        if self.t < proc.ready_since + least:
            self._act_by(proc.ready_since + least)
            return False
        return True

    def _hash(self, obj: Json) -> str:
        key = obj["metadata"]["uid"], obj["metadata"]["generation"]
        if key not in self._hashes:
            text = json.dumps(obj["spec"]["template"], sort_keys=True)
            self._hashes[key] = f"{zlib.crc32(text.encode()):08x}"
        return self._hashes[key]

    def _job(self, obj: Json) -> None:
        meta, status = obj["metadata"], obj.get("status", {})
        uid = meta["uid"]
        if uid not in self._job_done and _is_of_backup(obj):
            self._verify(obj)
            return
        if uid in self._job_done:
            if self.t >= self._job_done[uid] + obj["spec"].get("ttlSecondsAfterFinished", 1e9):
                self.store.begin_deletion(path_of(obj))
            return
        owned = self.store.pods_of(uid)
        if not owned:
            self._make_pod(obj, f"{meta['name']}-{zlib.crc32(uid.encode()) % 100000:05d}", {}, {})
        elif any(p["status"].get("phase") == "Succeeded" for p in owned):
            done = [{"type": "SuccessCriteriaMet", "status": "True"}, {"type": "Complete", "status": "True"}]
            self._job_done[uid] = self.t
            self._act_by(self.t + obj["spec"].get("ttlSecondsAfterFinished", 0))
            self.store.set_status(path_of(obj), {"conditions": done, "succeeded": 1})
        elif not status.get("active"):
            self.store.set_status(path_of(obj), {"active": 1})

    def _verify(self, obj: Json) -> None:
        """Let the Job of a backup end, as if its containers had found the file whole and restored it."""
        meta = obj["metadata"]
        at = self._verified_at.setdefault(meta["uid"], self.t + VERIFICATION)
        if self.t < at:
            self._act_by(at)
            return
        results = {"check": checked(), "prove": proven()}
        ended = [{"name": one, "state": {"terminated": {"message": said}}} for one, said in results.items()]
        pod = {"name": f"{meta['name']}-x1", "namespace": meta["namespace"], "ownerReferences": [_reference(obj)]}
        pod["labels"] = dict(obj["spec"]["template"]["metadata"]["labels"])
        status = {"phase": "Succeeded", "containerStatuses": ended}
        self.store.put({"apiVersion": "v1", "kind": "Pod", "metadata": pod, "spec": {"volumes": []}, "status": status})
        self._job_done[meta["uid"]] = self.t
        self.store.set_status(path_of(obj), {"conditions": [{"type": "Complete", "status": "True"}], "succeeded": 1})

    def _make_pod(self, owner: Json, name: str, claims: dict[str, str], labels: dict[str, str], node: str = "") -> None:
        template = owner["spec"]["template"]
        meta = template["metadata"]
        spec = template["spec"]
        volumes = [
            {"name": one["name"], "claim": one["persistentVolumeClaim"]["claimName"]}
            for one in spec.get("volumes", ())
            if "persistentVolumeClaim" in one
        ]
        volumes += [{"name": volume, "claim": claim} for volume, claim in claims.items()]
        slim = {
            "containers": [
                {
                    "name": one["name"],
                    "image": one["image"],
                    "ports": one.get("ports", []),
                    "env": [var for var in one.get("env", ()) if var["name"] == SIM],
                }
                for one in spec["containers"]
            ],
            "initContainers": [{"name": one["name"]} for one in spec.get("initContainers", ())],
            "volumes": volumes,
            "terminationGracePeriodSeconds": spec.get("terminationGracePeriodSeconds", 30),
            **({"nodeName": node} if node else {}),
        }
        if owner["kind"] == "Job":
            slim["args"] = spec["containers"][0].get("args", [])
        self.store.put(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {
                    "name": name,
                    "namespace": owner["metadata"]["namespace"],
                    "labels": {**meta.get("labels", {}), **labels},
                    "annotations": dict(meta.get("annotations", {})),
                    "ownerReferences": [_reference(owner)],
                },
                "spec": slim,
                "status": {"phase": "Pending"},
            }
        )

    def _statuses(self) -> None:
        for kind in ("StatefulSet", "Deployment", "DaemonSet"):
            for obj in self.store.kind(kind):
                self.store.set_status(path_of(obj), self._workload_status(obj))

    def _workload_status(self, obj: Json) -> Json:
        pods = [p for p in self.pods_of(obj) if not is_leaving(p)]
        ready = sum(_is_ready(p) for p in pods)
        seen = {"observedGeneration": obj["metadata"]["generation"]}
        if obj["kind"] == "DaemonSet":
            return {
                **seen,
                "desiredNumberScheduled": len(self.nodes),
                "currentNumberScheduled": len({p["spec"].get("nodeName") for p in pods} & self.nodes.keys()),
                "updatedNumberScheduled": len(pods),
                "numberReady": ready,
            }
        if obj["kind"] == "Deployment":
            template = self._hash(obj)
            updated = sum(_hash_of(p) == template for p in pods)
            available = sum(self._available(p, obj["spec"]) for p in pods)
            return {
                **seen,
                "replicas": len(pods),
                "updatedReplicas": updated,
                "readyReplicas": ready,
                "availableReplicas": available,
            }
        return {**seen, "replicas": len(pods), "updatedReplicas": len(pods), "readyReplicas": ready}


def _is_of_backup(job: Json) -> bool:
    return job["metadata"]["labels"].get("app.kubernetes.io/name") == "alluxio-backup"


def _reference(owner: Json) -> Json:
    meta = owner["metadata"]
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": meta["name"],
        "uid": meta["uid"],
        "controller": True,
    }


def _hash_of(pod: Json) -> str:
    return str(pod["metadata"]["labels"].get("pod-template-hash", ""))


def _is_ready(pod: Json) -> bool:
    conditions: Iterable[Json] = pod["status"].get("conditions", ())
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def _share(given: Any, of: int, *, up: bool) -> int:
    if isinstance(given, int):
        return given
    percent = int(str(given).rstrip("%"))
    return -(-of * percent // 100) if up else of * percent // 100
