"""Operation that empties workers before they are removed; pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from alluxio_operator.engine.conditions import moment
from alluxio_operator.engine.effects import Delete
from alluxio_operator.engine.gate import Severity
from alluxio_operator.engine.operation import Effect, Operation
from alluxio_operator.engine.requeue import poll
from alluxio_operator.kinds.cluster.removal.effects import CopyBlocks, Decommission
from alluxio_operator.kinds.cluster.view import View
from alluxio_operator.kube.kinds import Ref

NAME: Final = "removal"
"""Name of the operation whose gate is WorkersRemoved."""


def operations(view: View) -> Iterable[Operation]:
    """Yield the next step of the removal of workers."""
    step, before = view.removal, view.observed.status.removal
    if step.gate is None and step.status is None and before is None:
        yield Operation(NAME)
        return
    effects: list[Effect] = []
    if step.status is not None and step.copies:
        effects.append(CopyBlocks(step.status.operation, step.copies))
    leader = view.observed.master_named(view.quorum.leader)
    if step.decommission is not None and leader is not None:
        effects.append(Decommission(leader, step.decommission.host, step.decommission.web_port))
    if step.restart is not None:
        effects.append(Delete(Ref("Pod", step.restart.name), step.restart.uid))
    gate = step.gate
    fields = {"removal": step.status}
    yield Operation(
        NAME,
        status=fields,
        # A number of pods is lowered by what is on record. The record ends together with the history's entry of it.
        intent=fields if step.status is not None and (effects or step.lowers) else {},
        effects=tuple(effects),
        gate=gate,
        blocking=gate is not None and not gate.passed and gate.severity < Severity.WARNING,
        disruption="decommission" if step.acts else None,
        requeue_after=None if step.status is None else poll(moment(step.status.progress_at), view.now),
    )
