"""A small model of Kubernetes: nodes, kubelet, scheduler, volumes, the workloads' controllers and garbage collection.

All of it is driven by one clock in seconds. Delays follow from the seed and the object's name, so that a run is
deterministic and one action less changes no other delay.
"""

from __future__ import annotations

import heapq
import json
import math
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from tests.simulation.alluxio import ENTRIES, REGISTRATION, Masters, Raft
from tests.simulation.store import ORPHANING, Store
from tests.support.backup import checked, proven
from tests.support.builders import NOW

from alluxio_operator.backup_file.count import Summary
from alluxio_operator.backup_file.result import Result
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.kinds.cluster.masters.rejoin import JOINED_ONCE, PERMISSION
from alluxio_operator.kube.kinds import KINDS

Json = dict[str, Any]

UNREACHABLE_AFTER, EVICTED_AFTER, NODE_GONE_AFTER = 40.0, 300.0, 10.0
"""Seconds until the pods of a lost node are unready, until they are deleted, and until those of a deleted node go."""
SIM = "SIM"
"""Variable of a container that makes it behave: `crash`, `slow`, `unready`, or any other value, which runs well.

A master that is `unready` answers and votes, and its probes fail.
"""
BROKEN_TAG = "broken"
VERIFICATION = 20.0
"""Seconds in which a Job reads a backup and restores it."""
OWNERS = ("AlluxioCluster", "AlluxioBackup", "Presto")


@dataclass
class Node:
    """A machine; `cut`: it runs and reaches nothing, `dead`: its processes are gone."""

    name: str
    zone: int
    state: Literal["up", "cut", "dead"] = "up"
    since: float = 0.0
    cordoned: bool = False
    added: float = -1e9

    def lost_for(self, t: float) -> float:
        """Return for how many seconds the API server hasn't heard from it."""
        return 0.0 if self.state == "up" else t - self.since


@dataclass
class Proc:
    """What the kubelet and the processes of one pod really do."""

    uid: str
    name: str
    path: str
    role: str
    app: str
    owner: tuple[str, str]
    owner_kind: str
    node: Node
    ip: str
    image: str
    version: str
    behaviour: str
    claims: dict[str, str]
    containers: list[str]
    inits: list[str]
    bound_at: float
    started: float = 0.0
    stage: Literal["creating", "init", "waiting", "started", "ready"] = "creating"
    due: float = 0.0
    restarts: int = 0
    waits_for: str = ""
    message: str = ""
    ready_since: float | None = None
    transition: float = 0.0
    shown_ready: bool = False
    shown: Any = None
    ends: float | None = None
    joined_once: bool = False
    begun: bool = False
    """Whether the startup probe of the present run has succeeded."""
    resource: str = ""
    """Uid of the resource that it was created for."""
    ports: frozenset[str] = frozenset()

    @property
    def reachable(self) -> bool:
        return self.node.state == "up"

    @property
    def up(self) -> bool:
        return self.node.state != "dead"


class Cluster:
    """Nodes, pods and controllers around a store."""

    def __init__(self, seed: int, nodes: int, store: Store | None = None) -> None:
        self.seed = seed
        self.t = 0.0
        self.store = store or Store(lambda: self.now)
        self.nodes = {f"node-{n}": Node(f"node-{n}", n % 3) for n in range(nodes)}
        self.gone_nodes: dict[str, float] = {}
        self.procs: dict[str, Proc] = {}
        self.journals: dict[str, Raft] = {}
        self.aside: dict[tuple[str, str], Raft | None] = {}
        """By uid of a PVC and restore in place, the journal that was renamed; None if there was none."""
        self.files: dict[str, set[str]] = {}
        """By uid of a root mount's PVC, the names of the persisted blocks that lie there."""
        self.claimed: dict[str, float] = {}
        self.masters: dict[tuple[str, str], Masters] = {}
        self.histories = 0
        self.stalled_until = 0.0
        self.collect_at: float | None = None
        self.violate: Callable[[str, str], None] = lambda rule, message: None
        self.job_created: Callable[[Json], None] = lambda job: None
        """Called when a Job's pod has created a journal."""
        self._wakes: list[float] = []
        self._acts_at = math.inf
        self._later: list[float] = []
        self._ips: dict[str, Proc] = {}
        self._ip = 0
        self._hashes: dict[tuple[str, int], str] = {}
        self._chances: dict[str, int] = {}
        self._job_done: dict[str, float] = {}
        self._verified_at: dict[str, float] = {}

    # --- time and chance -----------------------------------------------------------------------------------------

    @property
    def now(self) -> datetime:
        """The true time."""
        return NOW + timedelta(seconds=self.t)

    def wake(self, at: float) -> None:
        """Ask for a tick at a time."""
        heapq.heappush(self._wakes, math.ceil(at * 2) / 2)

    def next_due(self) -> float:
        """Return when the next tick is due."""
        return self._wakes[0] if self._wakes else float("inf")

    def chance(self, label: str) -> float:
        """Return a number in [0, 1) that follows from the seed, the label, and how often it was asked for."""
        n = self._chances[label] = self._chances.get(label, 0) + 1
        return zlib.crc32(f"{self.seed}:{label}:{n}".encode()) / 2**32

    def stall(self, seconds: float) -> None:
        """Let the controllers of Kubernetes do nothing for a while."""
        self.stalled_until = self.t + seconds
        self._act_by(self.stalled_until)

    def resume(self) -> None:
        """End a stall, and let all controllers look again."""
        self.stalled_until = 0.0
        self._act_by(self.t)

    def uid_of(self, kind: str, namespace: str, name: str) -> str:
        """Return the uid of an object; empty if it doesn't exist."""
        obj = self.store.find(kind, namespace, name)
        return str(obj["metadata"]["uid"]) if obj else ""

    def masters_of(self, namespace: str, name: str) -> Masters:
        """Return the masters of a cluster."""
        return self.masters.setdefault((namespace, name), Masters(self, namespace, name))

    def by_ip(self, ip: str) -> Proc | None:
        """Return the process at an address."""
        return self._ips.get(ip)

    def of_role(self, owner: tuple[str, str], role: str, app: str = "alluxio") -> list[Proc]:
        """Return the processes of a role."""
        return [p for p in self.procs.values() if p.owner == owner and p.role == role and p.app == app]

    # --- one step ------------------------------------------------------------------------------------------------

    def tick(self) -> None:
        """Let everything act that is due."""
        while self._wakes and self._wakes[0] <= self.t:
            heapq.heappop(self._wakes)
        self._nodes()
        self._claims()
        acts = self.t >= max(self._acts_at, self.stalled_until)
        if acts:
            self._later = [at for at in self._later if at > self.t]
            self._acts_at = min(self._later, default=math.inf)
            self._collect()
            self._controllers()
            self._schedule()
        for proc in list(self.procs.values()):
            self._kubelet(proc)
        for masters in list(self.masters.values()):
            masters.tick()
        for proc in list(self.procs.values()):
            self._probe(proc)
        if acts:
            self._statuses()

    # --- nodes ---------------------------------------------------------------------------------------------------

    def lose(self, node: Node, how: Literal["cut", "dead"]) -> None:
        """Cut a node off, or end its machine."""
        if node.state == "up":
            node.since = self.t
        if how == "dead" and node.state != "dead":
            for proc in self._on(node):
                proc.stage = "creating" if proc.stage in ("started", "ready", "creating") else proc.stage
                masters = self.masters_of(*proc.owner)
                masters.drop_memory(proc)
        node.state = how
        for at in (UNREACHABLE_AFTER, EVICTED_AFTER):
            self.wake(node.since + at)
        self.wake(self.t)

    def restore(self, node: Node) -> None:
        """Bring a node back; a machine that was dead starts its containers again."""
        was, node.state, node.since = node.state, "up", self.t
        for proc in self._on(node):
            if was == "dead":
                proc.restarts += proc.started > 0
                proc.begun = False
                proc.stage, proc.due = "creating", self.t + 5 + 5 * self.chance(f"boot {proc.name}")
                self.wake(proc.due)
            proc.shown = None
        self._act_by(self.t + 1)

    def delete_node(self, node: Node) -> None:
        """Remove a machine for good, with its Node object."""
        self.lose(node, "dead")
        del self.nodes[node.name]
        self._act_by(self.t + 1)
        self.gone_nodes[node.name] = self.t + NODE_GONE_AFTER
        self.wake(self.t + NODE_GONE_AFTER)

    def add_node(self) -> None:
        """Add a machine."""
        n = 0
        while f"node-{n}" in self.nodes or f"node-{n}" in self.gone_nodes:
            n += 1
        self.nodes[f"node-{n}"] = Node(f"node-{n}", n % 3, added=self.t)
        self._act_by(self.t + 1)

    def _on(self, node: Node) -> list[Proc]:
        return [proc for proc in self.procs.values() if proc.node is node]

    def _nodes(self) -> None:
        for node in list(self.nodes.values()):
            lost = node.lost_for(self.t)
            if lost < UNREACHABLE_AFTER:
                continue
            for proc in self._on(node):
                obj = self.store.objects.get(proc.path)
                if obj is None or obj["metadata"]["uid"] != proc.uid:
                    continue
                conditions = obj["status"].get("conditions", [])
                if any(c["type"] == "Ready" and c["status"] == "True" for c in conditions):
                    proc.shown_ready, proc.transition = False, self.t
                    changed = [
                        {**c, "status": "False", "lastTransitionTime": stamp(self.now)} if c["type"] == "Ready" else c
                        for c in conditions
                    ]
                    self.store.set_status(proc.path, {**obj["status"], "conditions": changed})
                if lost >= EVICTED_AFTER and proc.owner_kind != "DaemonSet":
                    self.store.begin_deletion(proc.path)
        for name, at in list(self.gone_nodes.items()):
            if self.t >= at:
                for pod in self.store.kind("Pod"):
                    if pod["spec"].get("nodeName") == name:
                        self._end(pod["metadata"]["uid"])
                        self.store.remove(path_of(pod))
                del self.gone_nodes[name]

    # --- volumes -------------------------------------------------------------------------------------------------

    def _claims(self) -> None:
        mounted: dict[tuple[str, str], bool] = {}
        for pod in self.store.kind("Pod"):
            if pod["status"].get("phase") == "Succeeded":
                # The protection of PVCs doesn't count pods that have ended.
                continue
            for volume in pod["spec"].get("volumes", ()):
                key = pod["metadata"]["namespace"], volume["claim"]
                mounted[key] = mounted.get(key, False) or "nodeName" in pod["spec"]
        for claim in self.store.kind("PersistentVolumeClaim"):
            meta, status = claim["metadata"], claim.get("status", {})
            key = meta["namespace"], meta["name"]
            if "deletionTimestamp" in meta and key not in mounted:
                self.store.remove(path_of(claim))
                self._drop_volume(meta["uid"])
                continue
            has = claim["spec"]["resources"]["requests"]["storage"]
            if status.get("phase") == "Bound":
                if status["capacity"]["storage"] != has:
                    self.store.set_status(path_of(claim), {**status, "capacity": {"storage": has}})
            elif mounted.get(key):
                claim = self.store.put({**claim, "spec": {**claim["spec"], "volumeName": f"pv-{meta['uid']}"}})
                self.store.set_status(path_of(claim), {"phase": "Bound", "capacity": {"storage": has}})
            elif not status:
                self.store.set_status(path_of(claim), {"phase": "Pending"})

    def _drop_volume(self, uid: str) -> None:
        self.journals.pop(uid, None)
        self.aside = {key: raft for key, raft in self.aside.items() if key[0] != uid}
        for masters in self.masters.values():
            for block in masters.blocks:
                block.disk.discard(uid)
        gone = self.files.pop(uid, set())
        for masters in self.masters.values():
            for block in masters.blocks:
                if block.name in gone:
                    block.persisted = False

    # --- garbage collection --------------------------------------------------------------------------------------

    def _collect(self) -> None:
        for obj in self.store.kind("StatefulSet"):
            if ORPHANING in obj["metadata"].get("finalizers", ()):
                self._orphan(obj)
        if self.collect_at is None or self.t < self.collect_at:
            return
        self.collect_at = None
        living = {obj["metadata"]["uid"] for obj in self.store.objects.values()}
        for path, obj in sorted(self.store.objects.items()):
            owners = obj["metadata"].get("ownerReferences", ())
            orphaned = owners and not any(ref["uid"] in living for ref in owners)
            if orphaned and path in self.store.objects and "deletionTimestamp" not in obj["metadata"]:
                self.store.begin_deletion(path)

    def _orphan(self, workload: Json) -> None:
        uid = workload["metadata"]["uid"]
        for _, obj in sorted(self.store.objects.items()):
            owners = obj["metadata"].get("ownerReferences", ())
            if any(ref["uid"] == uid for ref in owners):
                kept = [ref for ref in owners if ref["uid"] != uid]
                self.store.put({**obj, "metadata": {**obj["metadata"], "ownerReferences": kept}})
        self.store.remove(path_of(workload))

    def noticed(self, before: Json, after: Json) -> None:
        """Note a change of an object: controllers act a moment later."""
        kind = (after or before)["kind"]
        if kind == "Event":
            return
        if not after:
            self.collect_at = self.t + 1 + 4 * self.chance("gc")
            self._act_by(self.collect_at)
        if self._acts_at > self.t + 1.3:
            self._act_by(self.t + 0.3 + self.chance("controllers"))

    def _act_by(self, at: float) -> None:
        """Let the controllers act at a time, or earlier."""
        self._acts_at = min(self._acts_at, at)
        self._later.append(at)
        self.wake(max(at, self.stalled_until))

    # --- controllers ---------------------------------------------------------------------------------------------

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

    # --- scheduler -----------------------------------------------------------------------------------------------

    def _schedule(self) -> None:
        for pod in self.store.kind("Pod"):
            uid = pod["metadata"]["uid"]
            if uid in self.procs or pod["status"].get("phase") == "Succeeded":
                continue
            name = pod["spec"].get("nodeName")
            if name is None and not is_leaving(pod):
                node = self._fitting(pod)
                if node is None:
                    self._unschedulable(pod)
                    continue
                pod = self.store.put({**pod, "spec": {**pod["spec"], "nodeName": node.name}})
                name = node.name
            found = self.nodes.get(name or "")
            if found is not None:
                self._bind(pod, found)

    def _fitting(self, pod: Json) -> Node | None:
        role = _role(pod)
        able = [n for n in self.nodes.values() if n.lost_for(self.t) < UNREACHABLE_AFTER and not n.cordoned]
        if not able or not self._mountable(pod):
            return None

        def load(node: Node) -> tuple[int, int, str]:
            there = self._on(node)
            return sum(p.role == role for p in there), len(there), node.name

        return min(able, key=load)

    def _mountable(self, pod: Json) -> bool:
        for volume in pod["spec"].get("volumes", ()):
            claim = self.store.find("PersistentVolumeClaim", pod["metadata"]["namespace"], volume["claim"])
            if claim is None or "deletionTimestamp" in claim["metadata"]:
                return False
        return True

    def _unschedulable(self, pod: Json) -> None:
        message = "0 nodes are available: no node is ready, or a PVC is not found or being deleted"
        condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
        self.store.set_status(path_of(pod), {"phase": "Pending", "conditions": [condition]})

    def _bind(self, pod: Json, node: Node) -> None:
        meta, spec = pod["metadata"], pod["spec"]
        owner = meta["labels"].get("app.kubernetes.io/instance", "")
        behaviours = [var["value"] for one in spec["containers"] for var in one["env"]]
        self._ip += 1
        image = spec["containers"][0]["image"]
        tag = image.rpartition(":")[2]
        proc = Proc(
            uid=meta["uid"],
            name=meta["name"],
            path=path_of(pod),
            role=_role(pod),
            app=meta["labels"].get("app.kubernetes.io/name", ""),
            owner=(meta["namespace"], owner),
            owner_kind=meta["ownerReferences"][0]["kind"],
            node=node,
            ip=f"10.1.{self._ip // 250}.{self._ip % 250 + 1}",
            image=image,
            version=tag if tag[:1].isdigit() else "2.9.4",
            behaviour=behaviours[0] if behaviours else "",
            claims={},
            containers=[one["name"] for one in spec["containers"]],
            inits=[one["name"] for one in spec["initContainers"]],
            bound_at=self.t,
            ports=frozenset(port["name"] for one in spec["containers"] for port in one["ports"]),
            resource=self._resource_of(meta),
        )
        proc.due = self.t + 1 + 3 * self.chance(f"pull {proc.name}")
        proc.transition = self.t
        self.procs[proc.uid] = proc
        self._ips[proc.ip] = proc
        self.wake(proc.due)

    def _resource_of(self, meta: Json) -> str:
        uid = meta["ownerReferences"][0]["uid"]
        for obj in self.store.kind(meta["ownerReferences"][0]["kind"]):
            if obj["metadata"]["uid"] == uid:
                return str(obj["metadata"].get("ownerReferences", [{"uid": ""}])[0]["uid"])
        return ""

    # --- kubelet -------------------------------------------------------------------------------------------------

    def crash(self, proc: Proc) -> None:
        """End a pod's containers, which the kubelet restarts in the same pod."""
        if proc.stage in ("started", "ready") and proc.reachable:
            proc.restarts += 1
            proc.stage, proc.due = "started", self.t + self._start_seconds(proc)
            proc.ready_since, proc.begun = None, False
            masters = self.masters_of(*proc.owner)
            if masters.leader is proc:
                masters.leader, masters.joined = None, {}
                masters.workers.clear()
            masters.joined.pop(proc.uid, None)
            self.wake(proc.due)
            self.wake(self.t)

    def _kubelet(self, proc: Proc) -> None:
        if not proc.reachable:
            return
        obj = self.store.objects.get(proc.path)
        if obj is None or obj["metadata"]["uid"] != proc.uid:
            self._end(proc.uid)
            return
        if "deletionTimestamp" in obj["metadata"]:
            self._terminate(proc, obj)
            return
        if self.t < proc.due:
            return
        if proc.stage == "creating" and self._can_start(proc, obj):
            proc.stage = "init"
            proc.started = proc.started or self.t
            proc.due = self.t + 1
            self.wake(proc.due)
        elif proc.stage == "init":
            self._init(proc, obj)
        elif proc.stage == "waiting" and proc.waits_for == "CrashLoopBackOff":
            proc.restarts += 1
            proc.due = self.t + 60
            self.wake(proc.due)

    def _can_start(self, proc: Proc, obj: Json) -> bool:
        proc.claims = {}
        for volume in obj["spec"].get("volumes", ()):
            claim = self.store.find("PersistentVolumeClaim", proc.owner[0], volume["claim"])
            if claim is None or claim.get("status", {}).get("phase") != "Bound":
                proc.due = self.t + 1
                self.wake(proc.due)
                return False
            proc.claims[volume["name"]] = claim["metadata"]["uid"]
        if proc.image.endswith(f":{BROKEN_TAG}"):
            proc.stage, proc.waits_for, proc.message = "waiting", "ImagePullBackOff", "back-off pulling the image"
            proc.due = float("inf")
            proc.started = proc.started or self.t
            return False
        return True

    def _init(self, proc: Proc, obj: Json) -> None:
        if proc.role == "journal":
            self._initialise(proc, obj)
            return
        if proc.role == "master" and "journal-check" in proc.inits and not self._journal_found(proc, obj):
            proc.due = self.t + 2
            self.wake(proc.due)
            return
        proc.message = ""
        if proc.behaviour == "crash":
            proc.stage, proc.waits_for, proc.message = "waiting", "CrashLoopBackOff", "back-off restarting"
            proc.restarts += 1
            proc.due = self.t + 60
        else:
            proc.stage, proc.due = "started", self.t + self._start_seconds(proc)
        self.wake(proc.due)

    def _start_seconds(self, proc: Proc) -> float:
        if proc.behaviour == "slow":
            return 150.0
        return REGISTRATION + 3 * self.chance(f"start {proc.name}")

    def _initialise(self, proc: Proc, obj: Json) -> None:
        words = obj["spec"].get("args", [])
        if proc.containers == ["check"]:
            self._check(proc, obj)
            return
        claim, mode = proc.claims["journal"], words[-1] if words else ""
        if words[1] in ("journal-aside", "journal-back", "journal-for-restore"):
            self._change_journal(proc, claim, words)
        elif claim not in self.journals:
            if mode != "create":
                proc.message = "JournalMissing: /journal/raft doesn't exist"
                proc.restarts += 1
                proc.due = self.t + 20
                self.wake(proc.due)
                return
            self.job_created(obj)
            self.journals[claim] = Raft()
        self.store.set_status(proc.path, {**obj["status"], "phase": "Succeeded"})
        self.procs.pop(proc.uid)

    def _check(self, proc: Proc, obj: Json) -> None:
        """Do what the Job does that reads a backup file."""
        result = Result.of_success(Summary("ab" * 32, 2048, 9000, ENTRIES, next_block_container=5000))
        ended = {"name": "check", "state": {"terminated": {"exitCode": 0, "message": result.as_json()}}}
        self.store.set_status(proc.path, {**obj["status"], "phase": "Succeeded", "containerStatuses": [ended]})
        self.procs.pop(proc.uid)

    def _change_journal(self, proc: Proc, claim: str, words: list[str]) -> None:
        """Do what the Jobs of a restore in place do to a journal, and check the rules for it."""
        masters = [p.name for p in self.of_role(proc.owner, "master") if p.claims.get("journal") == claim]
        if masters:
            self.violate("no_master_runs_while_its_journal_changes", f"{proc.name}: {', '.join(masters)}")
        cluster, raft = self.masters_of(*proc.owner), self.journals.get(claim)
        resource = self.uid_of("AlluxioCluster", *proc.owner)
        if words[1] == "journal-aside":
            operation = words[3]
            if raft is None or raft.operation != operation:
                self.aside.setdefault((claim, operation), raft)
                cluster.before.setdefault(operation, (cluster.established.get(resource), cluster.acknowledged))
                self.journals[claim] = Raft(operation=operation)
        elif words[1] == "journal-back":
            operation = words[3]
            if (claim, operation) in self.aside:
                before = self.aside.pop((claim, operation))
                self.journals.pop(claim, None)
                if before is not None:
                    self.journals[claim] = before
                # What was acknowledged before has to be there again.
                history, cluster.acknowledged = cluster.before[operation]
                if history is not None:
                    cluster.established[resource] = history
        else:
            operation, attempt = words[4], words[5]
            if raft is None or raft.operation != operation:
                self.violate("only_own_journals_are_emptied", f"{proc.name} empties a journal of {raft}")
            elif raft.emptied != attempt:
                self.journals[claim] = Raft(operation=operation, emptied=attempt)

    def _journal_found(self, proc: Proc, obj: Json) -> bool:
        """Do what the init container of a master does; `Raft()` without a history has the mark of a first start."""
        claim = proc.claims["journal"]
        if claim in self.journals:
            return True
        missing = "JournalMissing: no journal below /journal/raft"
        if proc.joined_once:
            missing += f", without which {JOINED_ONCE}"
        elif obj["metadata"].get("annotations", {}).get(PERMISSION) == proc.uid:
            self.journals[claim] = Raft()
            proc.joined_once = True
            return True
        proc.message = missing
        return False

    def _terminate(self, proc: Proc, obj: Json) -> None:
        if proc.ends is None:
            grace = obj["spec"].get("terminationGracePeriodSeconds", 30)
            proc.ends = self.t + min(grace, 1 + 5 * self.chance(f"stop {proc.name}"))
            self.wake(proc.ends)
        elif self.t >= proc.ends:
            self._end(proc.uid)
            self.store.remove(proc.path)

    def _end(self, uid: str) -> None:
        proc = self.procs.pop(uid, None)
        if proc is not None:
            self._ips.pop(proc.ip, None)
            self.masters_of(*proc.owner).drop_memory(proc)

    def _probe(self, proc: Proc) -> None:
        """Set readiness by what the process really does, and show it in the pod's status."""
        if not proc.reachable or (proc.role == "journal" and proc.stage != "init"):
            return
        serves = proc.stage in ("started", "ready") and self.t >= proc.due and self._serves(proc)
        serves = serves and proc.behaviour != "unready"
        if proc.stage == "started" and serves:
            proc.stage, proc.ready_since, proc.begun = "ready", self.t, True
        elif proc.stage == "ready" and not serves:
            proc.stage, proc.ready_since = "started", None
            proc.due = self.t
        self._show(proc)

    def _serves(self, proc: Proc) -> bool:
        if proc.app == "presto":
            return True
        masters = self.masters_of(*proc.owner)
        match proc.role:
            case "master":
                return any(one is proc for one in masters.in_quorum())
            case "worker":
                return proc.ready_since is not None or any(one.proc == proc.uid for one in masters.workers.values())
            case "jobmaster" | "fuse":
                return proc.ready_since is not None or masters.serving
        return True

    def _show(self, proc: Proc) -> None:
        ready = proc.stage == "ready"
        shown = (proc.stage, ready, proc.restarts, proc.waits_for if proc.stage == "waiting" else "", proc.message)
        if proc.shown == shown:
            return
        obj = self.store.objects.get(proc.path)
        if obj is None or obj["metadata"]["uid"] != proc.uid:
            return
        if ready != proc.shown_ready:
            proc.transition = self.t
        proc.shown, proc.shown_ready = shown, ready
        self.store.set_status(proc.path, self._status(proc, ready))

    def _status(self, proc: Proc, ready: bool) -> Json:
        def container(name: str) -> Json:
            state: Json = {"waiting": {"reason": "PodInitializing"}}
            if proc.stage == "waiting":
                state = {"waiting": {"reason": proc.waits_for, "message": proc.message}}
            elif proc.stage in ("started", "ready"):
                state = {"running": {"startedAt": stamp(self.now)}}
            last = {"terminated": {"exitCode": 1, "reason": "Error"}} if proc.restarts else {}
            return {
                "name": name,
                "ready": ready,
                "started": proc.begun,
                "restartCount": proc.restarts,
                "image": proc.image,
                "state": state,
                "lastState": last,
            }

        inits = []
        for name in proc.inits:
            missing = proc.message if name == "journal-check" and proc.stage == "init" else ""
            ended = {"exitCode": 1, "reason": "Error", "message": missing}
            inits.append(
                {
                    "name": name,
                    "ready": proc.stage in ("started", "ready"),
                    "restartCount": 1 if missing else 0,
                    "state": {"running": {}} if proc.stage == "init" else {"terminated": {"exitCode": 0}},
                    "lastState": {"terminated": ended} if missing else {},
                }
            )
        if proc.role == "journal" and proc.message:
            last = {"terminated": {"exitCode": 1, "reason": "Error", "message": proc.message}}
            waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
            containers = [{**container("journal"), "state": waiting, "lastState": last}]
        else:
            containers = [container(name) for name in proc.containers]
        running = proc.stage in ("started", "ready")
        status: Json = {
            "phase": "Running" if running else "Pending",
            "startTime": stamp(NOW + timedelta(seconds=proc.bound_at)),
            "conditions": [
                {"type": "PodScheduled", "status": "True"},
                {
                    "type": "Ready",
                    "status": "True" if ready else "False",
                    "lastTransitionTime": stamp(NOW + timedelta(seconds=proc.transition)),
                },
            ],
            "initContainerStatuses": inits,
            "containerStatuses": containers,
        }
        if proc.stage not in ("creating", "waiting"):
            status["podIP"] = proc.ip
        return status

    # --- statuses of workloads -----------------------------------------------------------------------------------

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


def backup_status(uid: str) -> Json:
    """Return the status of a complete and verified AlluxioBackup of a cluster."""
    file = {"location": "backups:old/a.gz", "sha256": "ab" * 32, "bytes": 2048, "entries": ENTRIES}
    return {
        "phase": "Completed",
        "started": "2030-01-02T03:00:00Z",
        "finished": "2030-01-02T03:00:00Z",
        "clusterUid": uid,
        "version": "2.9.3",
        "verified": True,
        "file": file,
    }


def path_of(obj: Json) -> str:
    """Return the path of an object."""
    return KINDS[obj["kind"]].path(obj["metadata"]["namespace"], obj["metadata"]["name"])


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


def _role(pod: Json) -> str:
    return str(pod["metadata"]["labels"].get("app.kubernetes.io/component", ""))


def _hash_of(pod: Json) -> str:
    return str(pod["metadata"]["labels"].get("pod-template-hash", ""))


def is_leaving(pod: Json) -> bool:
    """Return True if an object is being deleted."""
    return "deletionTimestamp" in pod["metadata"]


def _is_ready(pod: Json) -> bool:
    conditions: Iterable[Json] = pod["status"].get("conditions", ())
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def _share(given: Any, of: int, *, up: bool) -> int:
    if isinstance(given, int):
        return given
    percent = int(str(given).rstrip("%"))
    return -(-of * percent // 100) if up else of * percent // 100
