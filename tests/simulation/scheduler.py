"""The scheduler: binds each pod to the node that has the fewest pods of its role."""

from __future__ import annotations

from tests.simulation.nodes import Nodes
from tests.simulation.state import UNREACHABLE_AFTER, Json, Node, Proc, is_leaving, path_of


class Scheduler(Nodes):
    """Binds pods to nodes, which begins their processes."""

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


def _role(pod: Json) -> str:
    return str(pod["metadata"]["labels"].get("app.kubernetes.io/component", ""))
