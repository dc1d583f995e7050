"""Nodes that come, are cut off, die and go, with what becomes of their pods."""

from __future__ import annotations

from typing import Literal

from tests.simulation.kubelet import Kubelet
from tests.simulation.state import EVICTED_AFTER, NODE_GONE_AFTER, UNREACHABLE_AFTER, Node, Proc, path_of

from alluxio_operator.engine.conditions import stamp


class Nodes(Kubelet):
    """The nodes with their pods; a node that is gone ends the processes of its kubelet."""

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
