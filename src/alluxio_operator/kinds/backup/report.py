"""Reports the state of a backup in one status: a pure function of plan, observation and what the server returned."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from alluxio_operator.api.alluxiobackup import BackupRun
from alluxio_operator.engine import readiness
from alluxio_operator.engine.applied import Applied
from alluxio_operator.engine.conditions import merge, severities, stamp
from alluxio_operator.engine.gate import Gate
from alluxio_operator.engine.operation import status_of
from alluxio_operator.engine.problem import Problem
from alluxio_operator.engine.report import Report
from alluxio_operator.engine.requeue import next_look
from alluxio_operator.engine.tasks import kept_conditions, task_conditions
from alluxio_operator.kinds.backup import taking, verifying
from alluxio_operator.kinds.backup.decide import STORED, Plan
from alluxio_operator.kinds.backup.observed import Observed
from alluxio_operator.kube.kinds import Ref


def report_problems(problems: Sequence[Problem], observed: Observed, now: datetime) -> Report:
    """Report a spec that the operator can't follow."""
    before = observed.status
    update = readiness.invalid(problems, before.conditions, observed.generation, ready=False, now=now)
    return Report(before.model_copy(update=update), None)


def report(plan: Plan, observed: Observed, applied: Applied, rendered: Sequence[Ref], now: datetime) -> Report:
    """Report a backup that was reconciled."""
    before = observed.status
    gates = _gates(plan, applied)
    closed = [gate for gate in gates if not gate.passed]
    failure = plan.taking.failure or (plan.verifying.failure if plan.verifying is not None else "")
    stays_failed = before.finished is not None and before.phase == "Failed"
    # Credentials in the root mount have to go before the backup counts as finished, also as a failed one.
    staged = any(gate.type == STORED for gate in closed)
    failed = stays_failed or bool(failure and not staged)
    completed = (before.finished is not None and not stays_failed) or (_is_verified(plan) and not closed)
    finished = before.finished or (stamp(now) if failed or completed else None)
    fields = status_of(plan.operations)
    phase = _phase(plan, fields.get("run", before.run), failed=failed, completed=completed)
    message = _in_one_line(closed, failure, failed=failed, before=before.summary, completed=completed, gates=gates)
    states = task_conditions(gates, closed, message, failed=failed, completed=completed)
    if before.finished is not None:
        # The steps of a finished backup aren't looked at again.
        states += kept_conditions(before.conditions, states)
    status = before.model_copy(
        update={
            **fields,
            "observed_generation": observed.generation,
            "phase": phase,
            "summary": readiness.summary(message),
            "conditions": merge(before.conditions, states, observed.generation, now),
            "finished": finished,
            "inventory": readiness.inventory_after(before.inventory, applied, rendered),
        }
    )
    if finished is not None and before.finished is None:
        # The next look removes what only the steps needed, and knows when the backup's time is over.
        return Report(status, 1.0, severities(states))
    waits = [plan.removing.requeue] if plan.removing.requeue is not None else []
    asked = closed if before.finished is None or plan.removing.due else []
    return Report(status, next_look(asked, status.conditions, now, waits), severities(states))


def _gates(plan: Plan, applied: Applied) -> tuple[Gate, ...]:
    configuration = readiness.configuration_applied(applied)
    return plan.gates if configuration.passed else (configuration, *plan.gates)


def _is_verified(plan: Plan) -> bool:
    return plan.verifying is not None and plan.verifying.file is not None


def _phase(plan: Plan, run: BackupRun | None, *, failed: bool, completed: bool) -> str:
    if failed:
        return "Failed"
    if completed:
        return "Completed"
    if plan.verifying is not None:
        return "Verifying"
    return "Running" if run is not None and run.state == "Running" else "Pending"


def _in_one_line(
    closed: Sequence[Gate], failure: str, *, failed: bool, before: str, completed: bool, gates: Sequence[Gate]
) -> str:
    if failure:
        return failure
    if failed:
        return before
    if closed:
        return closed[0].message
    if completed:
        verified = next((gate for gate in gates if gate.type == verifying.GATE), None)
        return verified.message if verified is not None else before
    return next((gate.message for gate in gates if gate.type == taking.GATE), "")
