"""The rules that hold in every world. Each function checks one and names the safety rule of the design behind it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from tests.simulation.state import OWNERS, UNREACHABLE_AFTER, Proc
from tests.simulation.world import CLUSTER, NAMESPACE, PRESTO, Record, World
from tests.support.builders import merged

from alluxio_operator.api.upgrade import MaintenanceWindow
from alluxio_operator.engine.conditions import moment, stamp
from alluxio_operator.kinds.cluster.restore.in_place_step import DISRUPTIVE
from alluxio_operator.kinds.cluster.rollout.rollout import closed_until

Json = dict[str, Any]

SEEN_AFTER: Final = 75.0
"""Seconds in which the operator may not know of a loss: 40 until a node counts as lost, then probes and back-off."""
SOLE_COPIES: Final[Literal["PlannedStepMayDrop", "NeverDropped"]] = "PlannedStepMayDrop"
"""What is promised of the last copy in a worker's memory. Today docs/credentials.md says that a restart loses the
memory tier, and docs/changes.md bounds it by maxUnavailable. Once a rollout migrates first, this is NeverDropped."""


@dataclass
class Watcher:
    """Checks the rules while a world runs."""

    world: World
    edited: datetime | None = None
    """When the spec was edited last, by the operator's clock."""
    jumped: bool = False
    problems: dict[str, float] = field(default_factory=dict)
    """What is down in truth, and since when."""
    canaries: dict[str, datetime] = field(default_factory=dict)
    created: dict[str, str] = field(default_factory=dict)
    """By uid of the resource, the claim on which a journal was created last."""
    paused_since: float | None = None

    def __post_init__(self) -> None:
        world = self.world
        world.store.guard = self.guard
        world.job_created = self.journal_is_created_once
        world.reconciled = self.after_reconcile
        world.ticked = self.observe
        self._skew = world.skew

    def observe(self) -> None:
        """Note what is down now; called after each tick."""
        world = self.world
        if world.skew != self._skew:
            self._skew, self.jumped = world.skew, True
        now = {
            *(f"cluster: {one}" for one in cluster_problems(world)),
            *(f"presto: {o}" for o in presto_problems(world)),
        }
        self.problems = {one: self.problems.get(one, world.t) for one in now}
        spec = world.spec(CLUSTER)
        paused = bool(spec and spec.get("paused"))
        self.paused_since = (self.paused_since if self.paused_since is not None else world.t) if paused else None

    # --- before each write -------------------------------------------------------------------------------------------

    def guard(self, verb: str, path: str, before: Json, after: Json) -> None:
        """Check a write of the operator before it happens."""
        if not self.world.in_reconcile:
            return
        kind = (before or after)["kind"]
        if kind == "Event" or path.endswith("/status"):
            return
        self.only_managed_objects_are_touched(verb, path, before)
        self.paused_clusters_stay(verb, path, before or after)
        if verb == "delete":
            self.claims_are_kept(path, kind)
            if kind == "Pod":
                self.pod_may_be_deleted(before)

    def only_managed_objects_are_touched(self, verb: str, path: str, before: Json) -> None:
        """Design: nothing outside the labels that the operator set is touched."""
        if not before or before["kind"] in OWNERS:
            return
        labels = before["metadata"].get("labels", {})
        if labels.get("app.kubernetes.io/name") == "alluxio-backup":
            return
        if labels.get("app.kubernetes.io/instance") not in (CLUSTER.name, PRESTO.name):
            self._broken("only_managed_objects_are_touched", f"{verb} {path} has the labels {labels}")

    def paused_clusters_stay(self, verb: str, path: str, obj: Json) -> None:
        """Docs: while spec.paused is true, the operator creates, changes and deletes nothing of the cluster."""
        since, world = self.paused_since, self.world
        if obj["metadata"].get("labels", {}).get("app.kubernetes.io/instance") != CLUSTER.name:
            return
        if since is not None and world.t > since + 1 and not world.disturbed:
            self._broken("paused_clusters_stay", f"{verb} {path} while spec.paused is true since {since:.0f}")

    def claims_are_kept(self, path: str, kind: str) -> None:
        """Design: a named list (journal and data volumes) is never pruned; a claim that holds data is never deleted."""
        if kind == "PersistentVolumeClaim":
            self._broken("claims_are_kept", f"the operator deletes {path}")

    def pod_may_be_deleted(self, pod: Json) -> None:
        """Check all rules for the deletion of a pod."""
        world = self.world
        resource = world.store.find(CLUSTER.kind, NAMESPACE, CLUSTER.name)
        proc = world.procs.get(pod["metadata"]["uid"])
        if resource is None or proc is None or proc.app != "alluxio":
            return
        self.steps_are_recorded(pod, resource)
        self.running_pods_are_kept(proc, pod)
        if proc.role == "master":
            self.quorum_is_kept(proc)
            self.versions_change_after_a_backup(proc, resource)
            self.backups_are_left_alone(proc, pod)
        if proc.stage == "ready" and proc.reachable:
            self.windows_hold(proc, resource)
            self.step_waits_for_health(proc, resource)
            self.canaries_run_alone(proc, pod, resource)
        self.last_copies_are_kept(proc, resource)

    def steps_are_recorded(self, pod: Json, resource: Json) -> None:
        """Design: operation ids go into status before the side effect."""
        recorded = (resource.get("status", {}).get("rollout") or {}).get("pods", ())
        if pod["metadata"]["uid"] not in {one["uid"] for one in recorded}:
            self._broken("steps_are_recorded", f"{pod['metadata']['name']} is deleted without a record")

    def running_pods_are_kept(self, proc: Proc, pod: Json) -> None:
        """Unready is not useless: a pod that runs behind a cut network may hold the only copy of data."""
        hidden = proc.node.state == "cut" and proc.node.lost_for(self.world.t) > UNREACHABLE_AFTER + 1
        if hidden and proc.ready_since is not None:
            self._broken("running_pods_are_kept", f"{proc.name} serves on {proc.node.name}, which is cut off")

    def quorum_is_kept(self, proc: Proc) -> None:
        """Design: a quorum is never broken by a planned step (one master at a time, leader last)."""
        masters = self.world.masters_of(*proc.owner)
        if masters.members < 2 or proc.resource not in masters.established:
            # Before its first leader a quorum holds nothing.
            return
        voting = [p for p in self.world.of_role(proc.owner, "master") if p.up and p.stage in ("started", "ready")]
        voting = [p for p in voting if p is proc or not self._is_leaving(p)]
        rest = [p for p in voting if p is not proc and masters.raft(p) is not None]
        if proc in voting and len(rest) < masters.members // 2 + 1:
            names = ", ".join(p.name for p in rest) or "none"
            self._broken("quorum_is_kept", f"{proc.name} is deleted, and of {masters.members} masters run: {names}")

    def versions_change_after_a_backup(self, proc: Proc, resource: Json) -> None:
        """Docs: no master changes its version before a backup that a master of the running version has restored."""
        masters, spec = self.world.masters_of(*proc.owner), resource["spec"]
        followed = spec if "rollback" not in resource.get("status", {}) else None
        if followed is None or spec.get("upgrade", {}).get("backup") == "Never" or not masters.serving:
            return
        leader = masters.leader
        if leader is None or leader.version == spec["version"] or proc.version == spec["version"]:
            return
        backups = [one.get("status", {}) for one in self.world.store.kind("AlluxioBackup")]
        since = stamp(self.world.clock() - timedelta(hours=1, minutes=1))
        good = [one for one in backups if one.get("verified") and one.get("finished", "") >= since]
        if not any(one["version"] == leader.version for one in good) and not self.jumped:
            self._broken("versions_change_after_a_backup", f"{proc.name} goes from {proc.version} without a backup")

    def backups_are_left_alone(self, proc: Proc, pod: Json) -> None:
        """Docs: no ready master is replaced while Alluxio writes a backup."""
        ready = any(one["type"] == "Ready" and one["status"] == "True" for one in pod["status"].get("conditions", ()))
        if ready and self.world.masters_of(*proc.owner).is_backing_up:
            self._broken("backups_are_left_alone", f"{proc.name} is deleted while Alluxio writes a backup")

    def windows_hold(self, proc: Proc, resource: Json) -> None:
        """Docs: spec.upgrade.maintenanceWindow is when a step may begin that replaces healthy pods."""
        given = resource["spec"].get("upgrade", {}).get("maintenanceWindow")
        status = resource.get("status", {})
        if given is None or status.get("rollback") or self.jumped:
            return
        began = moment(status["rollout"]["since"])
        if self.edited is not None and self.edited >= began:
            return
        if closed_until(MaintenanceWindow.model_validate(given), began) is not None:
            self._broken("windows_hold", f"{proc.name} is healthy, and its step began at {began} outside of the window")

    def step_waits_for_health(self, proc: Proc, resource: Json) -> None:
        """Design: maxUnavailable holds, and a step begins only while the rest of the role is healthy."""
        status, world = resource["status"], self.world
        step, upgrade = status["rollout"], resource["spec"].get("upgrade", {})
        if proc.role in ("worker", "fuse"):
            most = upgrade.get("maxUnavailable", 1)
            healthy = [p for p in world.of_role(proc.owner, proc.role) if p.uid in {o["uid"] for o in step["pods"]}]
            healthy = [p for p in healthy if p.stage == "ready"]
            if len(healthy) > most and not self._edited_since(step["since"]):
                self._broken("step_waits_for_health", f"a step replaces {len(healthy)} pods, maxUnavailable is {most}")
        if world.disturbed or self._edited_since(step["since"]):
            return
        own = {one["name"] for one in step["pods"]} | {one["uid"] for one in step["pods"]}
        others = [p for p in world.of_role(proc.owner, proc.role) if p.name not in own and p.uid not in own]
        # The pod of a machine that has just joined takes nothing away from anyone.
        others = [p for p in others if p.owner_kind != "DaemonSet" or world.t - p.node.added > 200]
        down = [p.name for p in others if not self._shown_ready(p) and not self._is_leaving(p)]
        wanted = len(others) + len(step["pods"])
        if len(down) > (0 if proc.role == "master" else wanted // 10) and not self._failed_since(down, step["since"]):
            self._broken("step_waits_for_health", f"{proc.name} is replaced while {', '.join(down)} isn't ready")

    def canaries_run_alone(self, proc: Proc, pod: Json, resource: Json) -> None:
        """Docs: canarySeconds is how long the first worker runs alone before the others follow."""
        seconds = resource["spec"].get("upgrade", {}).get("canarySeconds", 0)
        step = resource["status"]["rollout"]
        if proc.role != "worker" or not seconds or self.jumped:
            return
        if step.get("canary"):
            self.canaries[step["since"]] = moment(step["since"])
            return
        for since, began in self.canaries.items():
            waited = (self.world.clock() - began).total_seconds()
            if waited < seconds and not self._edited_since(since):
                self._broken("canaries_run_alone", f"{proc.name} is replaced {waited:.0f} s after the canary began")

    def last_copies_are_kept(self, proc: Proc, resource: Json) -> None:
        """Design: the last copy of data that is not in the UFS is never dropped; SOLE_COPIES has today's promise."""
        if proc.role != "worker":
            return
        lost = self.world.masters_of(*proc.owner).sole_copies(proc)
        if not lost:
            return
        step = resource["status"]["rollout"]
        most = resource["spec"].get("upgrade", {}).get("maxUnavailable", 1)
        if SOLE_COPIES == "NeverDropped":
            self._broken("last_copies_are_kept", f"{proc.name} has the last copy of {lost[0].name}")
        if len(step["pods"]) > most and not self._edited_since(step["since"]):
            self._broken("last_copies_are_kept", f"{proc.name} has the last copy of {lost[0].name}, in a step of many")

    def journal_is_created_once(self, job_pod: Json) -> None:
        """Design: a journal is initialised only while status says that it never was."""
        masters = self.world.masters_of(NAMESPACE, CLUSTER.name)
        uid = self.world.uid_of(CLUSTER.kind, NAMESPACE, CLUSTER.name)
        if uid in masters.established:
            self._broken(
                "journal_is_created_once", f"{job_pod['metadata']['name']} creates a journal on an empty volume"
            )

    # --- after each reconcile ----------------------------------------------------------------------------------------

    def after_reconcile(self, record: Record) -> None:
        """Check what a reconcile has reported."""
        world = self.world
        resource = world.store.find(record.key.kind, record.key.namespace, record.key.name)
        if resource is None or resource["metadata"]["uid"] != record.uid or not record.fresh:
            return
        if record.key.kind == "AlluxioBackup":
            return
        self.ready_is_true(record)
        self.stand_still_names_a_cause(record)
        if record.key == CLUSTER:
            self.counts_reach_their_workloads(record, resource)
            self.steps_fail_by_their_own_pods(record)
            self.lost_journals_take_no_change_back(record)

    def ready_is_true(self, record: Record) -> None:
        """Ready is never True while something is down in truth."""
        ready = _condition(record.status, "Ready")
        if ready is None or ready["status"] != "True" or record.status.get("conditions") is None:
            return
        prefix = "cluster" if record.key == CLUSTER else "presto"
        if record.status.get("phase") == "Invalid":
            # Documented: while the operator can't follow the spec, Ready says that a leader and a worker answer.
            prefix += ": no "
        for problem, since in self.problems.items():
            if problem.startswith(prefix) and record.began - since > SEEN_AFTER:
                self._broken("ready_is_true", f"Ready is True ({ready['reason']}); {problem} since {since:.0f}")

    def stand_still_names_a_cause(self, record: Record) -> None:
        """Every stand-still names a cause: Ready False has a reason and a message, and so has one other condition."""
        conditions = record.status.get("conditions", ())
        ready = _condition(record.status, "Ready")
        if ready is None:
            if record.status:
                self._broken("stand_still_names_a_cause", "the status has no condition Ready")
            return
        for one in conditions:
            if not one.get("reason") or (one["type"] == "Ready" and ready["status"] != "True" and not one["message"]):
                self._broken("stand_still_names_a_cause", f"{one['type']} is {one['status']} without a cause")
        if ready["status"] == "True":
            return
        causes = [one for one in conditions if one["type"] != "Ready" and one["status"] != "True" and one["message"]]
        named = [one for one in conditions if one["type"] in ("Degraded", "Progressing") and one["status"] == "True"]
        if not causes and not any(one["message"] for one in named):
            self._broken(
                "stand_still_names_a_cause", f"Ready is False ({ready['reason']}), no other condition says why"
            )

    def counts_reach_their_workloads(self, record: Record, resource: Json) -> None:
        """A held rollout holds the pods' template, not the number of pods."""
        spec, status = resource["spec"], record.status
        applied = _condition(status, "ConfigurationApplied")
        if spec.get("paused") or status.get("phase") == "Invalid" or applied is None or applied["status"] != "True":
            return
        if status.get("rollback"):
            # The numbers follow the spec all the same, and the roles don't.
            return
        if status.get("observedGeneration") != resource["metadata"]["generation"] or status.get("layer", 0) < 2:
            return
        for kind, name, wanted in wanted_counts(spec):
            obj = self.world.store.find(kind, NAMESPACE, name)
            if obj is None or "deletionTimestamp" in obj["metadata"]:
                if self.world.status(CLUSTER).get("recreating"):
                    continue
                self._broken("counts_reach_their_workloads", f"{kind} {name} doesn't exist")
            elif obj["spec"]["replicas"] != wanted and not (name.endswith("-master") and _restores(status)):
                self._broken(
                    "counts_reach_their_workloads", f"{kind} {name} has {obj['spec']['replicas']} of {wanted} replicas"
                )

    def steps_fail_by_their_own_pods(self, record: Record) -> None:
        """A step is judged by its own pods: a node that dies elsewhere neither stops a change nor takes it back."""
        gate, step = _condition(record.status, "UpToDate"), record.status.get("rollout")
        if gate is None or gate["reason"] != "StepTimedOut" or not step or step["role"] not in ("worker", "fuse"):
            return
        if record.status.get("phase") == "Invalid":
            # The operator doesn't judge the step: the condition is of the time before.
            return
        pods = self.world.of_role((NAMESPACE, CLUSTER.name), step["role"])
        names, nodes = ({one.get(key) for one in step["pods"]} for key in ("name", "node"))
        uids = {one["uid"] for one in step["pods"]}
        own = [p for p in pods if p.name in names or (p.owner_kind == "DaemonSet" and p.node.name in nodes)]
        # A pod that became ready during the reconcile was seen before that.
        seen = [p for p in own if p.uid not in uids and self._shown_ready(p) and p.transition < record.began]
        if len(own) >= len(uids) and len(seen) == len(own):
            self._broken("steps_fail_by_their_own_pods", f"{', '.join(sorted(names))} are ready, and {gate['message']}")

    def lost_journals_take_no_change_back(self, record: Record) -> None:
        """A failure that existed before a change isn't blamed on it: no spec brings a journal back."""
        journal, rollback = _condition(record.status, "JournalInitialized"), record.status.get("rollback")
        if journal is None or journal["reason"] != "JournalMissing" or not rollback or self.jumped:
            return
        if f"{CLUSTER.name}-master-" in rollback["message"] and rollback["since"] > journal["lastTransitionTime"]:
            self._broken("lost_journals_take_no_change_back", rollback["message"])

    # --- helpers -----------------------------------------------------------------------------------------------------

    def _edited_since(self, since: str) -> bool:
        return self.jumped or (self.edited is not None and self.edited >= moment(since))

    def _failed_since(self, names: Iterable[str], since: str) -> bool:
        """Return True if pods became unready after the step was recorded: it ends what it has begun."""
        world = self.world
        skew = world.clock() - world.now
        wanted = set(names)
        later = [p for p in world.procs.values() if p.name in wanted]
        return any((world.now - moment(since) + skew).total_seconds() > world.t - p.transition - 2 for p in later)

    def _shown_ready(self, proc: Proc) -> bool:
        pod = self.world.store.objects.get(proc.path)
        conditions = (pod or {}).get("status", {}).get("conditions", ())
        return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)

    def _is_leaving(self, proc: Proc) -> bool:
        pod = self.world.store.objects.get(proc.path)
        return pod is None or "deletionTimestamp" in pod["metadata"]

    def _broken(self, rule: str, message: str) -> None:
        self.world.violate(rule, message)


def _condition(status: Json, kind: str) -> Json | None:
    return next((one for one in status.get("conditions", ()) if one["type"] == kind), None)


def _restores(status: Json) -> bool:
    """Return True while a restore in place may have stopped the masters."""
    return (status.get("restoreInPlace") or {}).get("state") in DISRUPTIVE


def wanted_counts(spec: Json) -> Iterable[tuple[str, str, int]]:
    """Yield kind, name and number of pods of each workload whose number the spec sets."""
    yield "StatefulSet", f"{CLUSTER.name}-master", spec.get("masters", {}).get("replicas", 1)
    if spec["workers"].get("workload") == "StatefulSet":
        yield "StatefulSet", f"{CLUSTER.name}-worker", spec["workers"].get("replicas", 1)
    if spec.get("proxy", {}).get("enabled"):
        yield "Deployment", f"{CLUSTER.name}-proxy", spec["proxy"].get("replicas", 1)


def cluster_problems(world: World) -> Iterable[str]:
    """Yield what of the cluster is down in truth, by its spec."""
    spec = world.spec(CLUSTER)
    if spec is None:
        return
    owner = (NAMESPACE, CLUSTER.name)
    masters = world.masters_of(*owner)
    status = world.status(CLUSTER)
    if spec.get("paused") or status.get("rollback"):
        spec = _as_applied(world, spec)
    wanted = spec.get("masters", {}).get("replicas", 1)
    if not wanted:
        yield "the masters are stopped"
    elif not masters.serving or masters.isolated:
        yield "no master serves"
    elif len(masters.in_quorum()) < masters.members:
        yield "the quorum isn't complete"
    workers = spec["workers"]
    count = workers.get("replicas", 1) if workers.get("workload") == "StatefulSet" else len(world.nodes)
    if not any(p.stage == "ready" and p.reachable for p in world.of_role(owner, "worker")) and count:
        yield "no worker serves"
    yield from _missing(world, "worker", count)
    if spec.get("jobService", {}).get("enabled", True):
        yield from _missing(world, "jobmaster", 1)
    if spec.get("logServer", {}).get("enabled", True):
        yield from _missing(world, "logserver", 1)
    if spec.get("proxy", {}).get("enabled", True):
        yield from _missing(world, "proxy", spec.get("proxy", {}).get("replicas", 1))
    if spec.get("fuse", {}).get("enabled", False):
        yield from _missing(world, "fuse", len(world.nodes))


def _as_applied(world: World, spec: Json) -> Json:
    """Return the spec with the numbers of pods that were applied: a pause or a rollback holds later changes."""

    def replicas(kind: str, role: str) -> int | None:
        obj = world.store.find(kind, NAMESPACE, f"{CLUSTER.name}-{role}")
        return obj["spec"].get("replicas", 1) if obj else None

    has_fuse = world.store.find("DaemonSet", NAMESPACE, f"{CLUSTER.name}-fuse") is not None
    over: Json = {"fuse": {"enabled": has_fuse}}
    for path, kind, role in (
        ("masters", "StatefulSet", "master"),
        ("jobService", "StatefulSet", "jobmaster"),
        ("logServer", "Deployment", "logserver"),
        ("proxy", "Deployment", "proxy"),
    ):
        count = replicas(kind, role)
        over[path] = {"enabled": count is not None, "replicas": count or 0}
    if spec["workers"].get("workload") == "StatefulSet":
        over["workers"] = {"replicas": replicas("StatefulSet", "worker") or 0}
    return merged(spec, over)


def presto_problems(world: World) -> Iterable[str]:
    """Yield what of the Presto is down in truth."""
    if world.spec(PRESTO) is None:
        return
    wanted = world.status(PRESTO).get("workers", {}).get("wanted", 0)
    yield from _missing(world, "coordinator", 1, PRESTO.name, "presto")
    yield from _missing(world, "worker", wanted, PRESTO.name, "presto")


def _missing(world: World, role: str, wanted: int, name: str = CLUSTER.name, app: str = "alluxio") -> Iterable[str]:
    serving = [p for p in world.of_role((NAMESPACE, name), role, app) if p.stage == "ready" and p.reachable]
    if len(serving) < wanted:
        # With the names: another pod that fails is another problem, which the operator has to notice first.
        named = {p.name for p in world.of_role((NAMESPACE, name), role, app)} - {p.name for p in serving}
        yield f"too few {role} pods serve: {', '.join(sorted(named)) or 'none runs'}"
