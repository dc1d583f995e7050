"""Runs a scenario and checks the rules: while it lasts, and once its faults have ended."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import pytest
from tests.simulation.actions import Scenario, perform
from tests.simulation.invariants import Watcher, cluster_problems, presto_problems
from tests.simulation.state import BROKEN_TAG, SIM, is_leaving, path_of
from tests.simulation.world import CLUSTER, NAMESPACE, PRESTO, Faults, Known, Violation, World
from tests.support.builders import merged
from tests.support.rendering import RENDERER, parse_once

from alluxio_operator.engine import render
from alluxio_operator.engine.problem import Problem
from alluxio_operator.engine.work import OwnerKey, Reason, Request
from alluxio_operator.kinds.cluster import observe, view
from alluxio_operator.kinds.cluster import reconcile as cluster_reconcile
from alluxio_operator.kinds.cluster.context import JournalValues, context_of
from alluxio_operator.kinds.cluster.observed import JOURNAL_ANNOTATION, MEMBERS_ANNOTATION
from alluxio_operator.kinds.cluster.ufs.endpoints import UfsHealth
from alluxio_operator.kinds.cluster.validate import Cluster, validate
from alluxio_operator.kinds.presto.servers import observe as presto_observe

Json = dict[str, Any]

CONVERGES_WITHIN = 3000.0
"""Seconds within which a world without faults is Ready."""
AT_REST = 180.0
LOAD_POLL = 5.0
"""Seconds between two looks at the load, by which a Presto scales."""
MOST_AT_REST = {CLUSTER.kind: 5, PRESTO.kind: 14}
"""Reconciles in that time: a leader is asked every minute, a coordinator every 15 s, and some events come late."""


KNOWN: Final[tuple[Known, ...]] = ()
"""Faults that seeds pass over. The test of each case fails once the fault is mended: then remove it here, too."""


@dataclass(frozen=True)
class Failure:
    """A rule that was broken, and the trace up to there."""

    rule: str
    message: str
    trace: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.rule}: {self.message}"


@contextmanager
def quick() -> Iterator[None]:
    """Parse each rendered text once, and ask servers one after the other: threads would only cost time here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(render, "parse", parse_once)
        for module in (observe, presto_observe):
            patch.setattr(
                module, "side_by_side", lambda questions, deadline: {k: ask() for k, ask in questions.items()}
            )
        patch.setattr(cluster_reconcile, "validate", _Validated())
        patch.setattr(view, "context_of", _context_once)
        yield


class _Validated:
    """Validates a spec once: a tenth of the time of a reconcile."""

    def __call__(self, resource: Mapping[str, Any]) -> Cluster | tuple[Problem, ...]:
        meta, status = resource["metadata"], resource.get("status") or {}
        known = [
            resource["spec"],
            meta["uid"],
            meta["generation"],
            meta.get("annotations"),
            status.get("restarts"),
            status.get("memory"),
        ]
        known += [status.get("observedGeneration"), status.get("rollback"), status.get("phase")]
        key = json.dumps([*known, (status.get("journal") or {}).get("members")], sort_keys=True)
        if key not in VALID:
            if len(VALID) > MOST_REMEMBERED:
                forget()
            VALID[key] = validate(resource)
        return VALID[key]


VALID: dict[str, Cluster | tuple[Problem, ...]] = {}
CONTEXTS: dict[tuple[int, JournalValues], tuple[Cluster, dict[str, Any]]] = {}
MOST_REMEMBERED = 100


def _context_once(cluster: Cluster, journal: JournalValues) -> dict[str, Any]:
    """Compute the values of the templates once for each cluster: half of the time of a reconcile."""
    key = id(cluster), journal
    if key not in CONTEXTS or CONTEXTS[key][0] is not cluster:
        CONTEXTS[key] = cluster, context_of(cluster, journal)
    return CONTEXTS[key][1]


def forget() -> None:
    """Drop what is remembered, so that thousands of scenarios fit into memory."""
    VALID.clear()
    CONTEXTS.clear()
    RENDERER.forget()


def run(scenario: Scenario, known: Collection[Known] = KNOWN) -> Failure | None:
    """Run a scenario; return the first broken rule, except those of known faults."""
    world = World(scenario.seed, scenario.nodes, known)
    watcher = Watcher(world)
    try:
        world.create(CLUSTER, scenario.cluster)
        if scenario.presto is not None:
            world.create(PRESTO, scenario.presto)
        for one in scenario.actions:
            perform(world, one)
            watcher.edited = world.clock()
        world.advance(30)
        _converge(world, watcher)
    except Violation as violation:
        return Failure(violation.rule, violation.message, tuple(world.trace))
    except Exception as error:
        if os.environ.get("SIMULATION_RAISES"):
            raise
        return Failure("no_surprise", f"{type(error).__name__}: {error}", tuple(world.trace))
    return None


def _converge(world: World, watcher: Watcher) -> None:
    """From every state the resources are Ready once faults have ended, and nothing changes afterwards."""
    world.trace.append(f"{world.t:8.1f}  * the faults end")
    _heal(world)
    end = world.t + CONVERGES_WITHIN
    while (reason := _unsettled(world)) and world.t < end:
        world.advance(60)
    if reason:
        world.violate("converges", reason)
        return
    for masters in world.masters.values():
        # As if the time after which a leader forgets lost workers had passed.
        masters.workers = {host: one for host, one in masters.workers.items() if one.proc in world.procs}
    keys = [key for key in (CLUSTER, PRESTO) if world.spec(key) is not None]
    for key in keys:
        world.enqueue(Request(key, Reason.RESYNC), 5)
    world.advance(40)
    written, count = len(world.store.writes), world.reconciles
    for key in keys:
        world.enqueue(Request(key, Reason.RESYNC, everything=True), 0)
    world.advance(AT_REST)
    most = sum(MOST_AT_REST[key.kind] for key in keys) + 4
    if (world.spec(PRESTO) or {}).get("autoscaling"):
        most += int(AT_REST / LOAD_POLL)
    ready = all(_is_true(world.status(key), "Ready") for key in keys)
    if ready and (changed := world.store.writes[written:]):
        world.violate("settled_worlds_stay", f"{len(changed)} writes at rest: {changed[:4]}")
    if ready and world.reconciles - count > most:
        world.violate("no_hot_loop", f"{world.reconciles - count} reconciles in {AT_REST:.0f} s at rest")
    left = [*cluster_problems(world), *presto_problems(world)]
    if left and ready:
        world.violate("ready_is_true", f"all is Ready, and {left[0]}")


def _heal(world: World) -> None:
    world.faults = Faults()
    world.ufs = UfsHealth()
    world.stalled_until = 0.0
    for node in world.nodes.values():
        node.cordoned = False
        if node.state != "up":
            world.restore(node)
    for masters in world.masters.values():
        masters.backups_fail = False
    leaving = {one["metadata"]["name"] for one in world.store.kind("PersistentVolumeClaim") if is_leaving(one)}
    for pod in list(world.store.kind("Pod")):
        # The remedy for a PVC that a user deleted: its pod has to end before another volume can take its place.
        if leaving & {volume["claim"] for volume in pod["spec"]["volumes"]}:
            world.store.begin_deletion(path_of(pod))
    for key in (CLUSTER, PRESTO):
        spec = world.spec(key)
        if spec is not None:
            world.edit(key, _without_faults(world, key, spec))
    world.resume()


def _without_faults(world: World, key: OwnerKey, spec: Json) -> Json:
    def well(node: Any) -> Any:
        if isinstance(node, list):
            return [well(one) for one in node if not (isinstance(one, dict) and one.get("name") == "POD_NAME")]
        if isinstance(node, dict):
            if node.get("name") == SIM:
                return {**node, "value": "well" if node["value"] in ("crash", "slow", "unready") else node["value"]}
            return {name: well(one) for name, one in node.items()}
        return node

    spec = well(spec)
    if key == PRESTO:
        return spec  # type: ignore[no-any-return]
    tag = None if spec.get("image", {}).get("tag") == BROKEN_TAG else spec.get("image", {}).get("tag")
    members = _members(world) or spec["masters"]["replicas"] or 1
    upgrade = {"strategy": "RollingUpdate", "maintenanceWindow": None}
    # A new value, since only an edit ends a rollback.
    properties = {"alluxio.user.file.metadata.sync.interval": "1h"}
    return merged(
        spec,
        {
            "image": {"tag": tag},
            "paused": False,
            "masters": {"replicas": members},
            "upgrade": upgrade,
            "properties": properties,
        },
    )


def _members(world: World) -> int:
    """Return the number of masters for which the journal was created, by the status or the PVCs; 0 if none was."""
    if known := (world.status(CLUSTER).get("journal") or {}).get("members"):
        return int(known)
    claims = [one["metadata"] for one in world.store.kind("PersistentVolumeClaim")]
    used = [one.get("annotations", {}) for one in claims if JOURNAL_ANNOTATION in one.get("annotations", {})]
    return max((int(one.get(MEMBERS_ANNOTATION, 1)) for one in used), default=0)


def _is_true(status: Json, kind: str) -> bool:
    return any(one["type"] == kind and one["status"] == "True" for one in status.get("conditions", ()))


def _unsettled(world: World) -> str | None:
    for key in (CLUSTER, PRESTO):
        obj = world.store.find(key.kind, NAMESPACE, key.name)
        if obj is None:
            continue
        status = obj.get("status", {})
        conditions = {one["type"]: one for one in status.get("conditions", ())}
        if _is_lost(world, key, conditions):
            continue
        if status.get("observedGeneration") != obj["metadata"]["generation"]:
            return f"{key.name}: generation {obj['metadata']['generation']} isn't observed"
        for kind in ("Ready", "UpToDate"):
            if kind in conditions and conditions[kind]["status"] != "True":
                return f"{key.name}: {kind} is False: {conditions[kind]['reason']}: {conditions[kind]['message']}"
    return None


def _is_lost(world: World, key: OwnerKey, conditions: Json) -> bool:
    """Return True if users have deleted a majority of the journals, and the condition says so."""
    masters = world.masters_of(NAMESPACE, CLUSTER.name)
    claims = [f"journal-{CLUSTER.name}-master-{ordinal}" for ordinal in range(masters.members)]
    found = [world.uid_of("PersistentVolumeClaim", NAMESPACE, claim) for claim in claims]
    kept = [uid for uid in found if uid in world.journals]
    lost = len(kept) < masters.members // 2 + 1
    # A journal that never led can't be missing, unless users deleted its PVC.
    lost = lost and (
        world.journals_deleted or world.uid_of(CLUSTER.kind, NAMESPACE, CLUSTER.name) in masters.established
    )
    if key == PRESTO:
        gone = world.spec(CLUSTER) is None
        return (gone or lost) and "AlluxioConnected" in conditions
    return lost and conditions.get("JournalInitialized", {}).get("reason") == "JournalMissing"
