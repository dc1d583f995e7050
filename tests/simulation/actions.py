"""What happens to a world: edits of users, lost machines, faults of calls, the operator's end, and time that passes.

An action is data: a name and its arguments. Each one acts in every state or does nothing, so that a list of actions
stays valid if some are left out.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tests.simulation.alluxio import ENTRIES, Block
from tests.simulation.state import BROKEN_TAG, SIM, Node, Proc
from tests.simulation.world import CLUSTER, NAMESPACE, PRESTO, World
from tests.support.builders import merged

from alluxio_operator.api.base import API_VERSION
from alluxio_operator.engine.work import OwnerKey
from alluxio_operator.kinds.cluster.names import RESTART
from alluxio_operator.kinds.cluster.ufs.endpoints import UfsHealth
from alluxio_operator.kube.kinds import KINDS

Json = dict[str, Any]

ROLES: Final = ("masters", "workers", "jobService.master", "logServer", "proxy", "fuse")
RESTARTED: Final = ("master", "worker", "jobmaster", "logserver", "proxy", "fuse")
SWITCHED: Final = ("jobService", "logServer", "proxy", "fuse")
REFUSED: Final = ("statefulsets", "deployments", "configmaps", "persistentvolumeclaims", "pods", "services")
WAITS: Final = (0.0, 0.5, 2.0, 5.0, 10.0, 20.0, 30.0, 50.0, 80.0, 150.0, 330.0)
WAIT_WEIGHTS: Final = (2, 2, 2, 2, 2, 2, 2, 2, 1, 0.7, 0.3)
STORY_SHARE: Final = 0.15
WINDOW: Final = {"start": "0 5 * * *", "durationMinutes": 60}
"""Opens two hours after the world begins."""


@dataclass(frozen=True)
class Action:
    """One thing that happens, `after` seconds after the one before."""

    name: str
    after: float
    args: Mapping[str, Any]

    def __str__(self) -> str:
        return f"+{self.after:g} s {self.name} {' '.join(f'{k}={v}' for k, v in self.args.items())}".rstrip()

    def as_json(self) -> Json:
        return {"name": self.name, "after": self.after, **self.args}

    @classmethod
    def from_json(cls, given: Json) -> Action:
        rest = {key: value for key, value in given.items() if key not in ("name", "after")}
        return cls(given["name"], given["after"], rest)


@dataclass(frozen=True)
class Scenario:
    """A world and what happens to it."""

    seed: int
    nodes: int
    cluster: Json
    presto: Json | None
    actions: tuple[Action, ...]

    def as_json(self) -> Json:
        return {
            "seed": self.seed,
            "nodes": self.nodes,
            "cluster": self.cluster,
            "presto": self.presto,
            "actions": [one.as_json() for one in self.actions],
        }

    @classmethod
    def from_json(cls, given: Json) -> Scenario:
        actions = tuple(Action.from_json(one) for one in given["actions"])
        return cls(given["seed"], given["nodes"], given["cluster"], given["presto"], actions)


Do = Callable[..., None]
_ACTIONS: dict[str, tuple[float, Do, Callable[[random.Random], Mapping[str, Any]]]] = {}


def _nothing(rng: random.Random) -> Mapping[str, Any]:
    return {}


def action(weight: float, args: Callable[[random.Random], Mapping[str, Any]] = _nothing) -> Callable[[Do], Do]:
    """Register an action with its weight among the others, and how its arguments are drawn."""

    def register(do: Do) -> Do:
        _ACTIONS[do.__name__] = weight, do, args
        return do

    return register


def perform(world: World, one: Action) -> None:
    """Let time pass, then let the action happen."""
    world.advance(one.after)
    world.trace.append(f"{world.t:8.1f}  * {one.name} {' '.join(f'{k}={v}' for k, v in one.args.items())}".rstrip())
    _ACTIONS[one.name][1](world, **one.args)


def scenario(seed: int, story_share: float = STORY_SHARE) -> Scenario:
    """Return the scenario of a seed; `story_share` is the chance that the next actions are a story."""
    rng = random.Random(seed)
    names, weights = list(_ACTIONS), [weight for weight, _, _ in _ACTIONS.values()]
    actions: list[Action] = []
    while len(actions) < 5 + seed % 8:
        if rng.random() < story_share:
            actions += _story(rng)
            continue
        name = rng.choices(names, weights)[0]
        after = rng.choices(WAITS, WAIT_WEIGHTS)[0]
        actions.append(Action(name, after, _ACTIONS[name][2](rng)))
    presto = _presto(rng) if rng.random() < 0.3 else None
    return Scenario(seed, rng.randint(3, 6), _cluster(rng), presto, (Action("settle", 0.0, {}), *actions))


def _story(rng: random.Random) -> list[Action]:
    """Return actions that rarely follow each other by chance, and that meet in the midst of a change."""
    roll = {"role": rng.choice(("masters", "workers", "workers", "fuse")), "value": rng.choice(("6", "7", "8"))}
    masters, workers = {**roll, "role": "masters"}, {**roll, "role": "workers"}
    node = {"index": rng.randint(0, 5), "how": rng.choice(("cut", "dead"))}
    job_service = {"role": "jobService"}
    window = {"field": "maintenanceWindow", "value": WINDOW}
    stop = {"writes": rng.randint(1, 9), "done": rng.random() < 0.5}
    stories: tuple[tuple[tuple[str, float, Mapping[str, Any]], ...], ...] = (
        (("set_env", 20, roll), ("lose_node", 3, node), ("settle", 150, {}), ("restore_nodes", 30, {})),
        (("cut_zone", 10, {"zone": rng.randint(0, 2)}), ("set_env", 50, roll), ("restore_nodes", 70, {})),
        (("set_env", 20, roll), ("scale_proxy", 2, {"replicas": rng.randint(2, 5)}), ("settle", 0, {})),
        (("set_env", 20, roll), ("recreate_cluster", 5, {})),
        (("set_env", 20, masters), ("scale_masters", 5, {"zero": True}), ("settle", 30, {})),
        (
            ("switch", 20, {**job_service, "enabled": True}),
            ("set_env", 60, {**roll, "role": "jobService.master"}),
            ("switch", 3, {**job_service, "enabled": False}),
            ("settle", 0, {}),
        ),
        (
            ("set_upgrade", 5, {"field": "canarySeconds", "value": 60}),
            ("set_env", 5, workers),
            ("lose_node", 10, node),
            ("settle", 60, {}),
        ),
        (("set_upgrade", 5, window), ("set_env", 5, roll), ("cut_zone", 5, {"zone": 0}), ("settle", 50, {})),
        (
            ("write_block", 20, {"index": 0, "persisted": False}),
            ("set_env", 1, {**workers, "value": "crash"}),
            ("set_env", 60, workers),
        ),
        (("stop_operator", 5, stop), ("set_env", 1, roll)),
        (("delete_journal", 20, {"ordinal": 0, "pod": True}), ("delete_journal", 3, {"ordinal": 1, "pod": True})),
    )
    return [Action(*one) for one in rng.choice(stories)]


def _cluster(rng: random.Random) -> Json:
    members = rng.choice((1, 1, 3, 3, 3, 5))
    spec: Json = {
        "version": "2.9.4",
        "rootMount": {"volume": {"size": "1Gi", "accessModes": ["ReadWriteMany"]}},
        "masters": {"replicas": members},
        "workers": {"workload": "DaemonSet"},
        "jobService": {"enabled": rng.random() < 0.5},
        "logServer": {"enabled": rng.random() < 0.3},
        "proxy": {"enabled": rng.random() < 0.4},
        "fuse": {"enabled": rng.random() < 0.2},
        "deletionPolicy": rng.choice(("Retain", "Delete")),
        "upgrade": {"stepTimeoutSeconds": rng.choice((30, 60, 120)), "maxUnavailable": rng.choice((1, 1, 2))},
    }
    if rng.random() < 0.6:
        spec["workers"] = {"workload": "StatefulSet", "replicas": rng.randint(1, 4)}
        if rng.random() < 0.4:
            ssd = {"name": "SSD", "quota": "4Gi", "storage": {"claim": {"size": "5Gi", "storageClassName": "fast"}}}
            spec["workers"]["tiers"] = [ssd]
    if rng.random() < 0.3:
        spec["upgrade"]["autoRollback"] = True
    return spec


def _presto(rng: random.Random) -> Json:
    spec: Json = {
        "version": "0.287",
        "catalogs": [{"name": "tpch", "tpch": {}}],
        "workers": {"replicas": rng.randint(0, 3)},
    }
    if rng.random() < 0.5:
        spec["alluxio"] = {"clusterRef": {"name": CLUSTER.name}}
    return spec


# --- edits of the spec ----------------------------------------------------------------------------------------------


def _edit(world: World, over: Json) -> None:
    spec = world.spec(CLUSTER)
    if spec is not None:
        world.edit(CLUSTER, merged(spec, over))


def _nested(path: str, value: Any) -> Json:
    for part in reversed(path.split(".")):
        value = {part: value}
    return value  # type: ignore[no-any-return]


def _value(rng: random.Random) -> Mapping[str, Any]:
    return {"role": rng.choice(ROLES), "value": rng.choice(("1", "2", "3", "4", "5", "crash", "slow"))}


@action(12, _value)
def set_env(world: World, role: str, value: str) -> None:
    """Change a variable of a role, which replaces its pods; some values make its processes crash or start slowly."""
    _edit(world, _nested(role, {"env": [{"name": SIM, "value": value}]}))


@action(3, lambda rng: {"tag": rng.choice((None, "2.9.4", BROKEN_TAG))})
def set_tag(world: World, tag: str | None) -> None:
    """Change the image's tag; `broken` can't be pulled."""
    _edit(world, {"image": {"tag": tag}})


@action(2, lambda rng: {"version": rng.choice(("2.9.3", "2.9.4"))})
def set_version(world: World, version: str) -> None:
    """Change the version of Alluxio."""
    _edit(world, {"version": version})


@action(4, lambda rng: {"replicas": rng.randint(0, 5)})
def scale_workers(world: World, replicas: int) -> None:
    """Change the number of workers of a StatefulSet."""
    spec = world.spec(CLUSTER)
    if spec is not None and spec["workers"]["workload"] == "StatefulSet":
        _edit(world, {"workers": {"replicas": replicas}})


@action(2, lambda rng: {"zero": rng.random() < 0.6})
def scale_masters(world: World, zero: bool) -> None:
    """Stop the masters, or start as many as the journal was created for."""
    if world.spec(CLUSTER) is not None:
        _edit(world, {"masters": {"replicas": 0 if zero else _members(world)}})


def _members(world: World) -> int:
    journal = world.status(CLUSTER).get("journal") or {}
    replicas = (world.spec(CLUSTER) or {}).get("masters", {}).get("replicas", 1)
    return int(journal.get("members") or replicas or 1)


@action(4, lambda rng: {"role": rng.choice(SWITCHED), "enabled": rng.random() < 0.5})
def switch(world: World, role: str, enabled: bool) -> None:
    """Enable or disable a role."""
    _edit(world, {role: {"enabled": enabled}})


@action(4, lambda rng: {"replicas": rng.randint(1, 5)})
def scale_proxy(world: World, replicas: int) -> None:
    """Change the number of proxies, and enable them."""
    _edit(world, {"proxy": {"enabled": True, "replicas": replicas}})


def _upgrade(rng: random.Random) -> Mapping[str, Any]:
    field, values = rng.choice(
        (
            ("maxUnavailable", (1, 2, 3)),
            ("canarySeconds", (0, 60, 200)),
            ("autoRollback", (True, False)),
            ("strategy", ("RollingUpdate", "OnDelete")),
            ("maintenanceWindow", (WINDOW, WINDOW, None)),
            ("backup", ("BeforeVersionChange", "Never")),
            ("waitForUfs", (True, False)),
        )
    )
    return {"field": field, "value": rng.choice(values)}


@action(6, _upgrade)
def set_upgrade(world: World, field: str, value: Any) -> None:
    """Change a setting of the rollout."""
    _edit(world, {"upgrade": {field: value}})


@action(2, lambda rng: {"paused": rng.random() < 0.5})
def pause(world: World, paused: bool) -> None:
    """Pause the cluster, or end the pause."""
    _edit(world, {"paused": paused})


@action(1, lambda rng: {"policy": rng.choice(("Retain", "Delete"))})
def set_deletion_policy(world: World, policy: str) -> None:
    """Change what happens to the journal's PVCs when the resource is deleted."""
    _edit(world, {"deletionPolicy": policy})


@action(2, lambda rng: {"role": rng.choice(RESTARTED), "value": str(rng.randint(1, 3))})
def restart(world: World, role: str, value: str) -> None:
    """Restart a role by annotation."""
    obj = world.store.find(CLUSTER.kind, CLUSTER.namespace, CLUSTER.name)
    if obj is not None:
        annotations = {**obj["metadata"].get("annotations", {}), f"{RESTART}{role}": value}
        world.store.put({**obj, "metadata": {**obj["metadata"], "annotations": annotations}})


@action(1.5, lambda rng: {"valid": rng.random() < 0.4})
def set_valid(world: World, valid: bool) -> None:
    """Make the spec invalid by a variable that only the operator sets, or valid again."""
    spec = world.spec(CLUSTER)
    if spec is not None:
        env = [] if valid else [{"name": "POD_NAME", "value": "mine"}]
        _edit(world, {"masters": {"env": env}})


@action(2, lambda rng: {"size": rng.choice(("2Gi", "3Gi"))})
def grow_journal(world: World, size: str) -> None:
    """Expand the journal's volumes; they never shrink."""
    spec = world.spec(CLUSTER)
    has = (spec or {}).get("masters", {}).get("journal", {}).get("storage", {}).get("size", "1Gi")
    if spec is not None and size > has:
        _edit(world, {"masters": {"journal": {"storage": {"size": size}}}})


@action(1, lambda rng: {"value": rng.choice(("20min", "25min", "30min"))})
def set_dynamic_property(world: World, value: str) -> None:
    """Change a property that a running leader takes."""
    _edit(world, {"properties": {"alluxio.master.lost.worker.deletion.timeout": value}})


@action(1.5)
def restore_in_place(world: World) -> None:
    """Ask for a restore of a verified backup in a volume."""
    if world.spec(CLUSTER) is None:
        return
    name = f"good-{world.uid_of(CLUSTER.kind, NAMESPACE, CLUSTER.name)[:6]}"
    if world.store.find("AlluxioBackup", NAMESPACE, name) is None:
        meta = {"namespace": NAMESPACE}
        claim = {"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "1Gi"}}}
        if world.store.find("PersistentVolumeClaim", NAMESPACE, "backups") is None:
            pvc = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {**meta, "name": "backups"}}
            world.store.put({**pvc, "spec": claim})
        spec = {"clusterRef": {"name": CLUSTER.name}, "destination": {"volume": {"claimName": "backups"}}}
        made = {"apiVersion": API_VERSION, "kind": "AlluxioBackup", "metadata": {**meta, "name": name}, "spec": spec}
        uid = world.uid_of(CLUSTER.kind, NAMESPACE, CLUSTER.name)
        world.store.put({**made, "status": _backup_status(uid)})
    _edit(world, {"restoreInPlace": {"backupName": name, "confirmation": None}})


def _backup_status(uid: str) -> Json:
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


@action(4)
def confirm_restore(world: World) -> None:
    """Type what the status says, as a user or as a manifest that is applied again."""
    spec, record = world.spec(CLUSTER), world.status(CLUSTER).get("restoreInPlace")
    if spec is not None and spec.get("restoreInPlace") and record:
        _edit(world, {"restoreInPlace": {"confirmation": record["confirmation"]}})


@action(1.5)
def interrupt_restore(world: World) -> None:
    """End the leader in the midst of a restore, if one begins within a minute and a half."""
    masters = world.masters_of(NAMESPACE, CLUSTER.name)
    for _ in range(90):
        leader = masters.leader
        raft = masters.raft(leader) if leader is not None else None
        if leader is not None and raft is not None and raft.half:
            world.crash(leader)
            return
        world.advance(1)


@action(0.5)
def cancel_restore(world: World) -> None:
    """Remove the request."""
    spec = world.spec(CLUSTER)
    if spec is not None and spec.get("restoreInPlace"):
        world.edit(CLUSTER, {key: value for key, value in spec.items() if key != "restoreInPlace"})


# --- users and their objects ----------------------------------------------------------------------------------------


@action(3, lambda rng: {"role": rng.choice(RESTARTED), "index": rng.randint(0, 4)})
def delete_pod(world: World, role: str, index: int) -> None:
    """Delete a pod as a user."""
    proc = _proc(world, role, index)
    if proc is not None and proc.path in world.store.objects:
        world.store.begin_deletion(proc.path)


@action(3, lambda rng: {"role": rng.choice(RESTARTED), "index": rng.randint(0, 4)})
def crash_container(world: World, role: str, index: int) -> None:
    """End the processes of a pod."""
    if proc := _proc(world, role, index):
        world.crash(proc)


def _proc(world: World, role: str, index: int) -> Proc | None:
    found = sorted(world.of_role((NAMESPACE, CLUSTER.name), role), key=lambda one: one.name)
    return found[index % len(found)] if found else None


@action(1.5, lambda rng: {"ordinal": rng.randint(0, 4), "pod": rng.random() < 0.7})
def delete_journal(world: World, ordinal: int, pod: bool) -> None:
    """Delete the PVC of a master's journal as a user, and the pod that uses it."""
    name = f"{CLUSTER.name}-master-{ordinal % max(1, _members(world))}"
    claim = KINDS["PersistentVolumeClaim"].path(NAMESPACE, f"journal-{name}")
    if claim in world.store.objects:
        world.journals_deleted = True
        world.store.begin_deletion(claim)
        used_by = KINDS["Pod"].path(NAMESPACE, name)
        if pod and used_by in world.store.objects:
            world.store.begin_deletion(used_by)


@action(
    1.5, lambda rng: {"kind": rng.choice(("Service", "ConfigMap", "StatefulSet", "Deployment", "PodDisruptionBudget"))}
)
def delete_object(world: World, kind: str) -> None:
    """Delete an object of the operator as a user."""
    found = [obj for obj in world.store.kind(kind) if obj["metadata"]["namespace"] == NAMESPACE]
    if found:
        meta = found[int(world.chance("object") * len(found))]["metadata"]
        world.store.begin_deletion(KINDS[kind].path(NAMESPACE, meta["name"]))


@action(1, lambda rng: {"replicas": rng.randint(0, 2)})
def drift(world: World, replicas: int) -> None:
    """Scale the StatefulSet of the masters as another client."""
    obj = world.store.find("StatefulSet", NAMESPACE, f"{CLUSTER.name}-master")
    if obj is not None and "deletionTimestamp" not in obj["metadata"]:
        world.store.put({**obj, "spec": {**obj["spec"], "replicas": replicas}})


@action(1.5)
def recreate_cluster(world: World) -> None:
    """Delete the cluster and create it at once with the same spec."""
    spec = world.spec(CLUSTER)
    if spec is not None:
        delete_cluster(world)
        world.create(CLUSTER, spec)


@action(1)
def delete_cluster(world: World) -> None:
    """Delete the cluster."""
    path = KINDS[CLUSTER.kind].path(NAMESPACE, CLUSTER.name)
    if path in world.store.objects:
        world.last_spec = world.store.objects[path]["spec"]
        world.store.begin_deletion(path)


@action(1.5)
def create_cluster(world: World) -> None:
    """Create the cluster again after it was deleted."""
    if world.spec(CLUSTER) is None:
        world.create(CLUSTER, world.last_spec)


@action(4, lambda rng: {"index": rng.randint(0, 5), "persisted": rng.random() < 0.3})
def write_block(world: World, index: int, persisted: bool) -> None:
    """Write a block into a worker, on its tier's volume or into its memory."""
    masters = world.masters_of(NAMESPACE, CLUSTER.name)
    proc = _proc(world, "worker", index)
    if proc is None or not masters.serving or proc.stage != "ready" or not proc.reachable:
        return
    block = Block(f"block-{len(masters.blocks)}", persisted)
    tiers = [uid for volume, uid in proc.claims.items() if volume != "ufs"]
    if tiers:
        block.disk.add(tiers[0])
    else:
        block.memory.add(proc.uid)
    masters.blocks.append(block)


# --- machines -------------------------------------------------------------------------------------------------------


def _node(world: World, index: int) -> Node | None:
    nodes = list(world.nodes.values())
    return nodes[index % len(nodes)] if nodes else None


@action(4, lambda rng: {"index": rng.randint(0, 5), "how": rng.choice(("cut", "dead"))})
def lose_node(world: World, index: int, how: str) -> None:
    """Cut a node off, or end its machine."""
    if node := _node(world, index):
        world.lose(node, how)  # type: ignore[arg-type]


@action(2, lambda rng: {"zone": rng.randint(0, 2)})
def cut_zone(world: World, zone: int) -> None:
    """Cut all nodes of a zone off."""
    for node in list(world.nodes.values()):
        if node.zone == zone:
            world.lose(node, "cut")


@action(4)
def restore_nodes(world: World) -> None:
    """Bring all nodes back."""
    for node in world.nodes.values():
        if node.state != "up":
            world.restore(node)
        node.cordoned = False


@action(1, lambda rng: {"index": rng.randint(0, 5)})
def delete_node(world: World, index: int) -> None:
    """Remove a machine for good."""
    node = _node(world, index)
    if node and len(world.nodes) > 3:
        world.delete_node(node)


@action(1)
def add_node(world: World) -> None:
    """Add a machine."""
    world.add_node()


@action(1, lambda rng: {"index": rng.randint(0, 5)})
def cordon(world: World, index: int) -> None:
    """Cordon a node."""
    if node := _node(world, index):
        node.cordoned = True


# --- the operator and its calls -------------------------------------------------------------------------------------


@action(4, lambda rng: {"writes": rng.randint(1, 12), "done": rng.random() < 0.5})
def stop_operator(world: World, writes: int, done: bool) -> None:
    """End the operator before or after one of its next writes."""
    world.faults.stop_in, world.faults.stop_after = writes, done


@action(2, lambda rng: {"writes": rng.randint(1, 12)})
def lose_answer(world: World, writes: int) -> None:
    """Lose the answer of a write that happened."""
    world.faults.lost_in = writes


@action(2, lambda rng: {"writes": rng.randint(1, 4)})
def conflict(world: World, writes: int) -> None:
    """Let another client write the resource before one of the next status writes."""
    world.faults.conflict_in = writes


@action(2, lambda rng: {"kind": rng.choice(REFUSED), "seconds": rng.choice((20, 90, 300))})
def refuse(world: World, kind: str, seconds: float) -> None:
    """Let the API server refuse writes of a kind for a while."""
    world.faults.refused, world.faults.refused_until = kind, world.t + seconds


@action(1.5, lambda rng: {"seconds": rng.choice((5, 60))})
def api_down(world: World, seconds: float) -> None:
    """Let the API server answer the operator nothing for a while."""
    world.faults.api_down_until = world.t + seconds


@action(2, lambda rng: {"seconds": rng.choice((60, 300))})
def late_watches(world: World, seconds: float) -> None:
    """Deliver events up to 30 s late for a while."""
    world.faults.late_until = world.t + seconds


@action(3, lambda rng: {"seconds": rng.choice((5, 30, 100, 200))})
def alluxio_deaf(world: World, seconds: float) -> None:
    """Let Alluxio give the operator no answer for a while, though it serves its clients."""
    world.faults.deaf_until = world.t + seconds


@action(1.5, lambda rng: {"seconds": rng.choice((-3600, -60, 90, 600, 7200))})
def jump_clock(world: World, seconds: float) -> None:
    """Set the operator's clock."""
    world.skew += seconds


@action(1, lambda rng: {"well": rng.random() < 0.5})
def set_ufs(world: World, well: bool) -> None:
    """Let the UFS answer the operator, or not."""
    world.ufs = UfsHealth(None if well else "http://ufs: connection refused")


@action(0.5, lambda rng: {"fail": rng.random() < 0.6})
def set_backups(world: World, fail: bool) -> None:
    """Let backups fail, or succeed."""
    world.masters_of(NAMESPACE, CLUSTER.name).backups_fail = fail


@action(0)
def back_up(world: World, name: str) -> None:
    """Take a backup as a user."""
    world.create(OwnerKey("AlluxioBackup", NAMESPACE, name), {"clusterRef": {"name": CLUSTER.name}})


@action(2, lambda rng: {"seconds": rng.choice((10, 40))})
def stall_controllers(world: World, seconds: float) -> None:
    """Let the controllers of Kubernetes do nothing for a while."""
    world.stall(seconds)


@action(0)
def settle(world: World) -> None:
    """Let the installation complete."""
    world.advance(60)


# --- Presto ---------------------------------------------------------------------------------------------------------


def _edit_presto(world: World, over: Json) -> None:
    spec = world.spec(PRESTO)
    if spec is not None:
        world.edit(PRESTO, merged(spec, over))


@action(1.5, lambda rng: {"replicas": rng.randint(0, 4)})
def scale_presto(world: World, replicas: int) -> None:
    """Change the number of Presto's workers."""
    _edit_presto(world, {"workers": {"replicas": replicas}})


@action(1.5, lambda rng: {"role": rng.choice(("coordinator", "workers")), "value": rng.choice(("1", "2", "crash"))})
def set_presto_env(world: World, role: str, value: str) -> None:
    """Change a variable of Presto's servers."""
    _edit_presto(world, {role: {"env": [{"name": SIM, "value": value}]}})


@action(1, lambda rng: {"most": rng.randint(1, 4), "queries": rng.randint(0, 9)})
def autoscale_presto(world: World, most: int, queries: int) -> None:
    """Let Presto scale by the number of queries."""
    load = {"queriesPerWorker": 2, "scaleUpAfterSeconds": 10, "scaleDownAfterSeconds": 60}
    _edit_presto(world, {"autoscaling": {"minReplicas": 0, "maxReplicas": most, "load": load}})
    world.presto.queries[PRESTO.name] = queries


@action(0.5)
def recreate_presto(world: World) -> None:
    """Delete the Presto and create it at once."""
    spec = world.spec(PRESTO)
    if spec is not None:
        world.store.begin_deletion(KINDS[PRESTO.kind].path(NAMESPACE, PRESTO.name))
        world.create(PRESTO, spec)
