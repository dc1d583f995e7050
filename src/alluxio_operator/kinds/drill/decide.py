"""Decides what to apply and do now: a pure function of the valid drill, what was observed, and the time.

The steps: the turn and the backup, the throw-away cluster, the copy to restore, the restore, the reading, and the
removal of all that. Whatever ends a drill early is recorded first (`failure`), and from then on only the removal is
left, so that no way around it exists.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from alluxio_operator.api.alluxiocluster import KIND as CLUSTER
from alluxio_operator.engine.conditions import moment, stamp
from alluxio_operator.engine.effects import Create, Delete, Patch
from alluxio_operator.engine.gate import At, BackOff, Gate, OnEvent, Requeue, blocked, waiting
from alluxio_operator.engine.operation import Answer, Effect, Operation
from alluxio_operator.engine.plan import EVERYTHING
from alluxio_operator.engine.rules import DEFAULT, ApplyRules
from alluxio_operator.engine.turns import earlier, turn
from alluxio_operator.kinds.drill import reading, restoring, throw_away
from alluxio_operator.kinds.drill.choosing import Refusal, chosen_backup, cluster_problem
from alluxio_operator.kinds.drill.context import context_of
from alluxio_operator.kinds.drill.observed import Observed
from alluxio_operator.kinds.drill.reading import next_reading
from alluxio_operator.kinds.drill.restoring import next_restoring
from alluxio_operator.kinds.drill.running import newer_than_spec, rehearsed_spec
from alluxio_operator.kinds.drill.validate import Drill
from alluxio_operator.kube.kinds import Ref

CHOSEN: Final = "BackupChosen"
CLEANED: Final = "CleanedUp"

LEFT_FOR: Final = timedelta(minutes=20)
"""Time after which a drill ends although pods or PVCs of its cluster, which is gone, are still there.

Kubernetes keeps the pods of a node that is lost until the node is back, or deleted.
"""
SHOWN: Final = 5
"""Leftovers that a message names."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The phase, the gates, the manifests and the operations that follow."""

    drill: Drill
    phase: str
    gates: tuple[Gate, ...]
    context: Mapping[str, Any]
    operations: tuple[Operation, ...] = ()
    requeue: Requeue | None = None
    ended: bool = False
    """Whether everything is cleaned up."""
    until: int = EVERYTHING
    held_templates: frozenset[int] = frozenset()
    held_pod_templates: frozenset[int] = frozenset()
    recreate: Mapping[Ref, str] = field(default_factory=dict)
    rules: ApplyRules = DEFAULT
    paused: bool = False
    questions: frozenset[str] = frozenset()

    def with_operations(self, operations: Iterable[Operation]) -> Plan:
        """Return the plan after some of its operations were performed."""
        done = tuple(operations)
        refused = {one.gate.type: one.gate for one in done if one.gate is not None}
        return replace(self, operations=done, gates=tuple(refused.get(gate.type, gate) for gate in self.gates))


def decide(drill: Drill, observed: Observed, now: datetime) -> Plan:
    """Return the plan."""
    status = observed.status
    if status.finished is not None:
        return _finished(drill, observed, now)
    if status.failure or status.files is not None:
        return _clean(drill, observed, now)
    refusal = cluster_problem(drill, observed)
    if status.started is None:
        return _begin(drill, observed, refusal, now)
    if refusal is not None:
        return _fail(drill, observed, CHOSEN, refusal, now)
    late = moment(status.started) + timedelta(seconds=drill.spec.timeout_seconds)
    restored = next_restoring(drill, observed, now)
    if now > late and restored.failure is None:
        said = restored.gate.message if not restored.done else "the files were not read in time"
        message = f"it took longer than spec.timeoutSeconds ({drill.spec.timeout_seconds} s): {said}"
        return _fail(
            drill, observed, restoring.GATE if not restored.done else reading.GATE, Refusal("TimedOut", message), now
        )
    if restored.failure is not None:
        return _fail(drill, observed, restoring.GATE, restored.failure, now, restored.fields)
    if not restored.done:
        return _restore(drill, observed, restored, late)
    return _read(drill, observed, restored.fields, restored.gate, now, late)


def _begin(drill: Drill, observed: Observed, refusal: Refusal | None, now: datetime) -> Plan:
    first = earlier(observed.resource, observed.others, lambda one: bool(one.get("status", {}).get("started")))
    if first is not None and refusal is None:
        message = f"AlluxioDrill {first['metadata']['name']} has to finish first: one runs in a namespace at a time"
        gate = waiting(CHOSEN, message, "OtherDrill", turn(observed.others))
        return Plan(drill, "Pending", (gate,), context_of(drill, observed))
    chosen = chosen_backup(drill, observed) if refusal is None else refusal
    if isinstance(chosen, Refusal):
        return _fail(drill, observed, CHOSEN, chosen, now)
    assert observed.cluster is not None  # noqa: S101 (for the type: cluster_problem comes first)
    if written := newer_than_spec(rehearsed_spec(observed.cluster, chosen), chosen):
        message = (
            f"Alluxio {written} wrote AlluxioBackup {chosen['metadata']['name']}, and spec.version of AlluxioCluster "
            f"{drill.cluster} is older, so it can't restore it. Remedy: set spec.version to {written} or newer"
        )
        return _fail(drill, observed, CHOSEN, Refusal("BackupOfNewerVersion", message), now)
    point = str(chosen["status"]["started"])
    fields = {
        "started": stamp(now),
        "cluster_uid": observed.cluster["metadata"]["uid"],
        "backup": chosen["metadata"]["name"],
        "recovery_point": point,
        "rpo_seconds": max(round((now - moment(point)).total_seconds()), 0),
        "throw_away": drill.throw_away,
    }
    gate = _chosen(fields["backup"], point)
    operation = Operation("drill", status=fields, intent=fields, requeue_after=1.0)
    return Plan(drill, "Restoring", (gate,), context_of(drill, observed), (operation,))


def _chosen(backup: str, point: str) -> Gate:
    return Gate(CHOSEN, True, "Chosen", f"AlluxioBackup {backup} has the names of {point}")


def _restore(drill: Drill, observed: Observed, step: restoring.Restoring, late: datetime) -> Plan:
    effects: tuple[Effect, ...] = ()
    backup = observed.backup(observed.status.backup)
    if step.create and observed.cluster is not None and backup is not None:
        live = rehearsed_spec(observed.cluster, backup)
        wanted = throw_away.manifest(live, drill.cluster, observed.resource, drill.names, drill.throw_away)
        effects = (Create(wanted),)
    elif step.starts and observed.own is not None:
        # With the number of entries, the cluster itself notices a restore that isn't whole, and does it again.
        counted = {"bootstrap": {"restore": {"expectedEntries": observed.status.entries}}}
        patch = {"metadata": {"uid": observed.own["metadata"]["uid"]}, "spec": {"paused": False, **counted}}
        effects = (Patch(Ref(CLUSTER, observed.status.throw_away), patch, "let it restore the copy"),)
    operation = Operation(
        "restore", status=step.fields, intent=_changed(observed, step.fields), effects=effects, conclude=_concluded
    )
    context = context_of(drill, observed, prepare=step.job)
    gates = (_known_choice(observed), step.gate)
    return Plan(drill, "Restoring", gates, context, (operation,), At(late + timedelta(seconds=1)))


def _concluded(operation: Operation, answers: Sequence[Answer]) -> Operation:
    refused = next((one for one in answers if isinstance(one, str) and one), "")
    return replace(operation, gate=blocked(restoring.GATE, "Refused", refused)) if refused else operation


def _read(
    drill: Drill, observed: Observed, restored: Mapping[str, Any], gate: Gate, now: datetime, late: datetime
) -> Plan:
    step = next_reading(drill, observed, now)
    fields = {**restored, **step.fields}
    gates = (_known_choice(observed), gate, step.gate)
    if step.failure is not None:
        return _fail(drill, observed, reading.GATE, step.failure, now, fields, before=gates[:2])
    operation = Operation("reading", status=fields, intent=_changed(observed, fields))
    context = context_of(drill, observed, read=step.job)
    phase = "Cleaning" if step.done else "Reading"
    return Plan(drill, phase, gates, context, (operation,), At(late + timedelta(seconds=1)) if not step.done else None)


def _known_choice(observed: Observed) -> Gate:
    return _chosen(observed.status.backup, str(observed.status.recovery_point))


def _changed(observed: Observed, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the fields that differ from the record, for those that something is created or done for."""
    return {name: value for name, value in fields.items() if getattr(observed.status, name) != value}


def _fail(
    drill: Drill, observed: Observed, gate: str, refusal: Refusal, now: datetime,
    fields: Mapping[str, Any] | None = None, before: tuple[Gate, ...] = (),
) -> Plan:  # fmt: skip
    """Record the failure. The next reconcile removes everything."""
    recorded = {
        **(fields or {}),
        "failure": refusal.message[:512],
        "reason": refusal.reason,
        "started": observed.status.started or stamp(now),
        "cluster_uid": observed.status.cluster_uid or _uid(observed),
        **_own_uid(observed),
    }
    operation = Operation("drill", status=recorded, intent=recorded)
    gates = (*before, blocked(gate, refusal.reason, refusal.message))
    return Plan(drill, "Cleaning", gates, context_of(drill, observed), (operation,))


def _uid(observed: Observed) -> str:
    return str(observed.cluster["metadata"]["uid"]) if observed.cluster is not None else ""


def _own_uid(observed: Observed) -> Mapping[str, Any]:
    """Return the uid of the throw-away cluster to record: what it leaves is looked for once it is known."""
    own = observed.own
    return {"throw_away_uid": own["metadata"]["uid"]} if own is not None else {}


def _clean(drill: Drill, observed: Observed, now: datetime) -> Plan:
    """Delete the throw-away cluster, and all Jobs whose pods, also ended ones, keep the PVC of the copy."""
    own = observed.own
    effects: list[Effect] = []
    if own is not None and "deletionTimestamp" not in own["metadata"]:
        effects.append(Delete(Ref(CLUSTER, observed.status.throw_away), own["metadata"]["uid"]))
    effects += [
        Delete(Ref("Job", job["metadata"]["name"]), job["metadata"]["uid"])
        for job in observed.preparations
        if "deletionTimestamp" not in job["metadata"]
    ]
    left = [*([f"AlluxioCluster {observed.status.throw_away}"] if own is not None else []), *observed.leftovers]
    gone = observed.status.cluster_gone or stamp(now)
    fields = {"cluster_gone": gone} if own is None and observed.status.throw_away_uid else _own_uid(observed)
    operation = Operation("removal", status=fields, intent=fields, effects=tuple(effects))
    gate = Gate(CLEANED, True, "Removed", "nothing of the throw-away cluster is left")
    if left:
        more = f" and {len(left) - SHOWN} others" if len(left) > SHOWN else ""
        shown = f"{', '.join(left[:SHOWN])}{more}"
        if own is not None or now < moment(gone) + LEFT_FOR:
            gate = waiting(CLEANED, f"these are still to go: {shown}", "Removing", BackOff())
            return Plan(drill, "Cleaning", (gate,), context_of(drill, observed), (operation,))
        message = (
            f"the throw-away cluster is gone since {gone}, and these are left: {shown}. Remedy: repair their node, or "
            "delete the Node, so that Kubernetes removes them"
        )
        gate = Gate(CLEANED, False, "LeftBehind", message, requeue=OnEvent())
    phase = "Failed" if observed.status.failure else "Completed"
    return Plan(drill, phase, (gate,), context_of(drill, observed), (operation,), ended=True)


def _finished(drill: Drill, observed: Observed, now: datetime) -> Plan:
    status, ttl = observed.status, drill.spec.ttl_seconds_after_finished
    phase, context = str(status.phase), context_of(drill, observed)
    assert status.finished is not None  # noqa: S101 (for the type)
    if ttl is None:
        return Plan(drill, phase, (), context, ended=True)
    due = moment(status.finished) + timedelta(seconds=ttl)
    if now < due:
        return Plan(drill, phase, (), context, requeue=At(due), ended=True)
    resource = Delete(Ref(observed.resource["kind"], drill.names.owner), drill.uid)
    return Plan(drill, phase, (), context, (Operation("end", effects=(resource,)),), ended=True)
