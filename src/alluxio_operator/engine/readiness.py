"""Derives conditions, phase and summary of a resource from its gates, in the same way for every kind; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from alluxio_operator.api.status import Condition, InventoryItem, Phase
from alluxio_operator.engine.applied import Applied
from alluxio_operator.engine.conditions import ConditionState, merge
from alluxio_operator.engine.gate import Gate, Severity, blocked, is_blocked
from alluxio_operator.engine.problem import Problem
from alluxio_operator.kube.kinds import Ref
from alluxio_operator.transport.printable import printable

LONGEST_SUMMARY: Final = 512
STATUS_UNKNOWN: Final = "StatusUnknown"
"""Reason when the status holds a record that this version of the operator doesn't understand."""


def invalid(
    problems: Sequence[Problem], before: Sequence[Condition], generation: int, *, ready: bool, now: datetime
) -> dict[str, Any]:
    """Return the status fields of a resource that the operator can't follow; `ready` if it still serves.

    Its spec is invalid, or its status has a record of another version of the operator.
    """
    message = "; ".join(str(problem) for problem in problems)
    of_spec = any(not problem.field.startswith("status.") for problem in problems)
    reason, where = ("SpecInvalid", "spec") if of_spec else (STATUS_UNKNOWN, "status")
    kept = [
        ConditionState(c.type, {"True": True, "False": False}.get(c.status), c.reason, c.message)
        for c in before
        if c.type not in ("Progressing", "Degraded", "Ready") and not (of_spec and c.type == "SpecValid")
    ]
    states = (
        ConditionState("Ready", ready, "Serving" if ready else reason, "" if ready else message),
        ConditionState("Progressing", False, reason, f"the operator changes nothing while it can't follow the {where}"),
        ConditionState("Degraded", True, reason, message),
        *([ConditionState("SpecValid", False, "Invalid", message)] if of_spec else []),
        *kept,
    )
    return {
        "observed_generation": generation,
        "phase": "Invalid",
        "summary": summary(f"{len(problems)} problem(s) in the {where}: {message}"),
        "conditions": merge(before, states, generation, now),
    }


def spec_valid(warnings: Sequence[Problem]) -> ConditionState:
    """Return the condition SpecValid of a valid spec; `warnings` are tolerated, since the resource runs with them."""
    if warnings:
        return ConditionState("SpecValid", True, "Tolerated", "; ".join(str(warning) for warning in warnings))
    return ConditionState("SpecValid", True, "Valid")


def configuration_applied(applied: Applied) -> Gate:
    """Open when the API server accepted every object."""
    if applied.refused:
        return blocked("ConfigurationApplied", "Refused", "; ".join(applied.refused.values()) + _consequence(applied))
    return Gate("ConfigurationApplied", True, "Applied", f"{len(applied.present)} objects are as rendered")


def _consequence(applied: Applied) -> str:
    if applied.stopped:
        return ". Until then, the operator applies no change of the objects that come later"
    if applied.skipped:
        return f". Until then, these stay as they are: {', '.join(f'{ref.kind} {ref.name}' for ref in applied.skipped)}"
    return ""


def phase_of(ready: bool, installed: bool, changing: bool, closed: Sequence[Gate]) -> Phase:
    """Return the state in one word; an installed resource with a BLOCKED gate is Degraded at once."""
    if ready:
        return "Ready"
    if not installed:
        return "Installing"
    if is_blocked(closed):
        return "Degraded"
    return "Updating" if changing else "Degraded"


def ready_condition(ready: bool, closed: Sequence[Gate], unsettled: Sequence[str], message: str) -> ConditionState:
    """Return the condition Ready; `message` is for a resource that is ready."""
    if ready:
        return ConditionState("Ready", True, "Ready", message)
    if closed:
        first = closed[0]
        return ConditionState("Ready", False, first.reason, f"{first.type}: {first.message}", first.severity)
    return ConditionState("Ready", False, "RollingOut", _not_settled(unsettled), Severity.PROGRESS)


def installed_condition(installed: bool) -> ConditionState:
    """Return the condition Installed: whether the resource has ever been Ready."""
    if installed:
        return ConditionState("Installed", True, "Installed")
    return ConditionState("Installed", False, "Installing", severity=Severity.PROGRESS)


def progressing_condition(phase: Phase, closed: Sequence[Gate], unsettled: Sequence[str]) -> ConditionState:
    """Return the condition Progressing, with the first gate that an installation or change waits for."""
    if phase in ("Installing", "Updating"):
        return ConditionState("Progressing", True, phase, closed[0].message if closed else _not_settled(unsettled))
    return ConditionState("Progressing", False, phase)


def degraded_condition(phase: Phase, closed: Sequence[Gate]) -> ConditionState:
    """Return the condition Degraded."""
    if phase != "Degraded":
        return ConditionState("Degraded", False, phase)
    if closed:
        return ConditionState("Degraded", True, closed[0].reason, f"{closed[0].type}: {closed[0].message}")
    return ConditionState("Degraded", True, "NotSettled", "a workload lacks ready pods")


def waits_for(closed: Sequence[Gate], unsettled: Sequence[str]) -> str | None:
    """Return the first thing that the resource waits for, in one line; None if it waits for nothing."""
    if closed:
        return f"waiting for {closed[0].type}: {closed[0].message}"
    return f"waiting for {', '.join(unsettled)}" if unsettled else None


def inventory_after(
    before: Iterable[InventoryItem], applied: Applied, rendered: Iterable[Ref]
) -> tuple[InventoryItem, ...]:
    """Return the inventory after an apply: all rendered objects, in rendered order.

    Apply has pruned the objects that are no longer rendered. If the API server refused one, some may be left: then the
    inventory keeps all that were not pruned for the next prune.
    """
    kept = tuple(ref.item for ref in rendered)
    if not applied.refused:
        return kept
    gone = {*kept, *(ref.item for ref in applied.pruned)}
    return (*kept, *(item for item in before if item not in gone))


def summary(text: str) -> str:
    """Return a printable text cut to the maximum length of a summary."""
    text = printable(text)
    return text if len(text) <= LONGEST_SUMMARY else text[: LONGEST_SUMMARY - 3] + "..."


def _not_settled(unsettled: Sequence[str]) -> str:
    return f"these workloads lack ready pods: {', '.join(unsettled)}"
