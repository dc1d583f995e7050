"""Gates: their defaults, and how severity decides phase and events."""

from __future__ import annotations

import pytest
from tests.support.builders import NOW

from alluxio_operator.engine.applied import Applied
from alluxio_operator.engine.conditions import ConditionState, merge, severities
from alluxio_operator.engine.events import Note, notes
from alluxio_operator.engine.gate import AT_WORK, Gate, Severity, blocked, is_blocked, waiting
from alluxio_operator.engine.readiness import (
    configuration_applied,
    installed_condition,
    phase_of,
    ready_condition,
)
from alluxio_operator.kube.kinds import Ref

CRASHING = Gate("MastersServing", False, "CrashLoopBackOff", "it fell")
LOST = blocked("JournalInitialized", "JournalMissing", "bring the volume back")


def test_severities_are_ordered_from_harmless_to_hopeless():
    assert Severity.INFO < Severity.PROGRESS < Severity.WARNING < Severity.BLOCKED


def test_a_gate_that_closes_for_an_unforeseen_reason_warns():
    assert CRASHING.severity is Severity.WARNING


def test_a_gate_that_waits_is_part_of_the_course():
    gate = waiting("WorkersRegistered", "0 of 2", requeue=AT_WORK)

    assert gate == Gate("WorkersRegistered", False, "Waiting", "0 of 2", Severity.PROGRESS, AT_WORK)
    assert waiting("WorkersRegistered", "0 of 2", "MastersNotServing").reason == "MastersNotServing"


def test_only_a_closed_gate_blocks():
    assert is_blocked([CRASHING, LOST])
    assert not is_blocked([CRASHING, Gate("A", True, "Well", "", Severity.BLOCKED)])


def test_what_the_server_refuses_needs_a_user():
    refused = configuration_applied(Applied(refused={Ref("Service", "a"): "Service a was refused: no"}))

    assert (refused.passed, refused.severity) == (False, Severity.BLOCKED)


@pytest.mark.parametrize(
    ("closed", "installed", "changing", "phase"),
    [
        ([LOST], True, True, "Degraded"),
        ([CRASHING, LOST], True, True, "Degraded"),
        ([LOST], False, True, "Installing"),
        ([CRASHING], True, True, "Updating"),
        ([CRASHING], True, False, "Degraded"),
    ],
)
def test_a_change_that_needs_a_user_is_degraded_at_once(
    closed: list[Gate], installed: bool, changing: bool, phase: str
):
    assert phase_of(False, installed, changing, closed) == phase


# --- events -------------------------------------------------------------------------------------------------------


def events_of(gate: Gate) -> tuple[Note, ...]:
    """Return what is posted when an open gate of an installed resource closes."""
    installed = installed_condition(True)
    was = merge((), [installed, ConditionState(gate.type, True, "Well")], 1, NOW)
    said = [installed, ConditionState.of(gate)]
    return notes(was, merge(was, said, 1, NOW), None, severities(said))


@pytest.mark.parametrize(
    ("severity", "kind"),
    [
        (Severity.INFO, "Normal"),
        (Severity.PROGRESS, "Normal"),
        (Severity.WARNING, "Warning"),
        (Severity.BLOCKED, "Warning"),
    ],
)
def test_the_severity_of_a_closed_gate_says_whether_its_event_warns(severity: Severity, kind: str):
    [note] = events_of(Gate("A", False, "Whatever", "m", severity))

    assert (note.type, note.reason) == (kind, "Whatever")


def test_the_severity_counts_and_not_the_reason():
    [note] = events_of(Gate("A", False, "Waiting", "m", Severity.WARNING))

    assert note.type == "Warning"


def test_two_waits_in_a_row_are_no_event():
    was = merge((), [installed_condition(True), ConditionState("A", False, "One")], 1, NOW)
    said = [installed_condition(True), ConditionState.of(waiting("A", "m", "Another"))]

    assert notes(was, merge(was, said, 1, NOW), None, severities(said)) == ()


def test_ready_is_as_severe_as_the_first_closed_gate():
    assert ready_condition(False, [waiting("A", "m"), LOST], [], "well").severity is Severity.PROGRESS
    assert ready_condition(False, [LOST], [], "well").severity is Severity.BLOCKED
    assert ready_condition(False, [], ["small-worker"], "well").severity is Severity.PROGRESS
    assert installed_condition(False).severity is Severity.PROGRESS
