"""A world of three masters that can lose their journals and rejoin, and the pods that a change replaces there."""

from __future__ import annotations

from typing import Any

from tests.support.builders import container_status, resource
from tests.support.world import World, address

from alluxio_operator.alluxio.answers import Standby
from alluxio_operator.kinds.cluster.masters.rejoin import PERMISSION
from alluxio_operator.kinds.cluster.rollout.health import CONFIG_HASH
from alluxio_operator.kube.kinds import KINDS

Json = dict[str, Any]
THREE: Json = {"masters": {"replicas": 3}}
FOLLOWS_0 = Standby("small-master-0.small-master.data.svc")
LOST = {"exitCode": 1, "reason": "Error", "message": "JournalMissing: no journal below /journal/raft\n"}


class Three(World):
    """A world of three masters, of which the first leads."""

    def __init__(self, made: Json | None = None) -> None:
        super().__init__(made or resource(**THREE))

    def turn(self, *, job: bool = True, pods: bool = True, serves: bool = True) -> None:
        super().turn(job=job, pods=pods, serves=serves)
        self.alluxio.answers = {address(ordinal): FOLLOWS_0 for ordinal in (1, 2)} if serves else {}
        self.alluxio.indexes = {address(ordinal): 40 for ordinal in range(3)}

    def edit_spec(self, **over: Any) -> None:
        super().edit_spec(**{**THREE, **over})

    def master(self, ordinal: int) -> Json:
        return self.kube.object("Pod", self.namespace, f"small-master-{ordinal}")

    def lose(self, ordinal: int) -> None:
        """Replace a master's pod with one that finds no journal."""
        name = f"small-master-{ordinal}"
        lost = container_status("journal-check", running={}, last=LOST)
        status = {"phase": "Pending", "initContainerStatuses": [lost], "podIP": address(ordinal)}
        before = self.master(ordinal)
        self.kube.remove(KINDS["Pod"].path(self.namespace, name))
        self.kube.put({"apiVersion": "v1", "kind": "Pod", "metadata": _named(before), "status": status})

    def permitted(self) -> list[str]:
        """Return the pods with a permission to start without their journal."""
        pods = [self.kube.object("Pod", self.namespace, name)["metadata"] for name in self.kube.of_kind("Pod")]
        return [pod["name"] for pod in pods if pod.get("annotations", {}).get(PERMISSION) == pod["uid"]]


def _named(pod: Json) -> Json:
    return {key: pod["metadata"][key] for key in ("name", "namespace", "labels")}


def settled() -> Three:
    world = Three()
    world.settle()
    world.kube.writes.clear()
    return world


def deleted(world: World) -> list[str]:
    """Return the pods that the operator deleted, in order."""
    return [path.rpartition("/")[2] for verb, path in world.kube.writes if verb == "delete" and "/pods/" in path]


def outdated(world: World) -> list[str]:
    """Return the pods that don't run their workload's current template."""
    found = []
    for kind in ("StatefulSet", "DaemonSet"):
        for name in world.kube.of_kind(kind):
            wanted = config_hash(world.kube.object(kind, world.namespace, name)["spec"]["template"])
            pods = [one for one in world.kube.of_kind("Pod") if one.rpartition("-")[0] == name]
            found += [one for one in pods if config_hash(world.kube.object("Pod", world.namespace, one)) != wanted]
    return found


def config_hash(obj: Json) -> str:
    """Return the configuration hash of a pod, or of a workload's template."""
    return str(obj["metadata"]["annotations"][CONFIG_HASH])
