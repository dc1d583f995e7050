"""Operations of restores: into a new cluster, and in place; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.engine.effects import Create, Delete
from alluxio_operator.engine.operation import Answer, Operation
from alluxio_operator.kinds.cluster.restore.in_place_back import ended
from alluxio_operator.kinds.cluster.restore.in_place_masters import after_mark
from alluxio_operator.kinds.cluster.restore.marking import RETRY, Marking, process_of
from alluxio_operator.kinds.cluster.view import View
from alluxio_operator.kube.kinds import Object, Ref
from alluxio_operator.workloads.pods import Pod


@dataclass(frozen=True, slots=True)
class MarkForSync:
    """The leader compares all names with the UFS at their next use. The answer is an empty text, or NoAnswer."""

    leader: Pod


def operations(view: View) -> Iterable[Operation]:
    """Yield each restore, and its turn: while it lasts, nothing else may restart a master."""
    step = view.restore
    if step.status is not None:
        fields = {"restore": step.status}
        yield Operation("restore", status=fields, intent=fields if step.record else {}, effects=_deleted(step.failed))
        if step.has_masters:
            # Without fields: the record has to be written, also while a repair goes first.
            yield Operation("turn of the restore", disruption="restore")
    yield from _in_place(view)
    if view.marking is not None:
        yield _marking(view, view.marking)


def _marking(view: View, marking: Marking) -> Operation:
    """Return the operation that marks the names for another leader."""
    leader = marking.leader

    def conclude(operation: Operation, answers: Sequence[Answer]) -> Operation:
        known = getattr(view.observed.status, marking.field)
        if leader is None or isinstance(answers[-1], NoAnswer):
            return operation
        after = known.model_copy(update={"marked": process_of(leader)})
        return replace(operation, status={marking.field: after}, requeue_after=None)

    effects = (MarkForSync(leader),) if leader is not None else ()
    return Operation("mark of restored names", effects=effects, requeue_after=RETRY, conclude=conclude)


def _in_place(view: View) -> Iterable[Operation]:
    step = view.in_place
    if step.status is None and step.gate is None:
        return
    fields = {"restore_in_place": step.status} if step.status is not None else {}
    workers = tuple(Delete(Ref("Pod", pod.name), pod.uid) for pod in step.workers)
    marks = (MarkForSync(step.marks),) if step.marks is not None else ()
    created = (Create(step.safety),) if step.safety is not None else ()

    def conclude(operation: Operation, answers: Sequence[Answer]) -> Operation:
        refused = next((str(one) for one in answers if isinstance(one, str) and one), "")
        if refused and operation.gate is not None:
            return replace(operation, gate=replace(operation.gate, reason="Refused", message=refused))
        if step.marks is not None and step.status is not None:
            after = after_mark(step.status, step.marks, answers[-1], view.now)
            gate = ended(after) if after.state == "Restored" else operation.gate
            return replace(operation, status={"restore_in_place": after}, gate=gate)
        if step.safety is None or step.status is None:
            return operation
        done = step.status.model_copy(update={"safety_created": True})
        return replace(operation, status={"restore_in_place": done})

    yield Operation(
        "restore in place",
        status=fields,
        intent=fields if step.record else {},
        effects=(*created, *_deleted(step.failed), *workers, *marks),
        gate=step.gate,
        blocking=step.disrupts,
        conclude=conclude,
    )
    if step.disrupts:
        yield Operation("turn of the restore in place", disruption="restore-in-place")


def _deleted(failed: Iterable[Object]) -> tuple[Delete, ...]:
    return tuple(Delete(Ref.of(job), job["metadata"]["uid"]) for job in failed)
