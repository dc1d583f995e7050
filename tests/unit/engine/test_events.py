"""Events: said once, when something changed, as a warning when it is one."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

import pytest
from tests.support.builders import NOW, later, resource
from tests.support.fake_kube import FakeKube

from alluxio_operator.engine.applied import Applied
from alluxio_operator.engine.conditions import ConditionState, merge, severities
from alluxio_operator.engine.events import LONGEST_MESSAGE, MOST_SIMILAR, Note, Recorder, notes
from alluxio_operator.engine.gate import Severity
from alluxio_operator.kube.errors import ApiError, Refused
from alluxio_operator.kube.kinds import Ref

Json = dict[str, Any]


def conditions(*said: ConditionState):
    return merge((), said, 1, NOW)


INSTALLED = ConditionState("Installed", True, "Installed")


def waits(kind: str, message: str = "", reason: str = "Waiting") -> ConditionState:
    return ConditionState(kind, False, reason, message, Severity.PROGRESS)


def noted(before: ConditionState | None, after: ConditionState) -> tuple[Note, ...]:
    said = (INSTALLED, after)
    return notes(conditions(INSTALLED, *[before] if before else []), conditions(*said), None, severities(said))


# --- what is worth an event ---------------------------------------------------------------------------------------


def test_what_was_created_and_updated_is_one_event_and_what_was_deleted_has_its_own():
    applied = Applied(created=[Ref("Service", "a"), Ref("Job", "b")], changed=[Ref("ConfigMap", "c")])
    applied.pruned, applied.replaced = [Ref("StatefulSet", "d")], [Ref("Pod", "e")]

    assert notes((), (), applied) == (
        Note("Normal", "Created", "Created Service a, Job b; Updated ConfigMap c"),
        Note("Normal", "Pruned", "Pruned StatefulSet d"),
        Note("Normal", "Replaced", "Replaced Pod e"),
    )


def test_an_update_alone_is_an_update():
    assert notes((), (), Applied(changed=[Ref("ConfigMap", "c")])) == (
        Note("Normal", "Updated", "Updated ConfigMap c"),
    )


def test_nothing_written_and_nothing_changed_is_no_event():
    same = conditions(ConditionState("Ready", True, "Ready"), waits("MastersServing", "m"))

    assert notes(same, same, Applied()) == ()


def test_a_long_list_is_cut():
    [note] = notes((), (), Applied(created=[Ref("Service", f"s{i}") for i in range(20)]))

    assert note.message.endswith("Service s11 and 8 more")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            waits("MastersServing"),
            ConditionState("MastersServing", True, "Serving", "the leading master serves"),
            Note("Normal", "Serving", "MastersServing is True: the leading master serves"),
        ),
        (
            ConditionState("MastersServing", True, "Serving"),
            ConditionState("MastersServing", False, "CrashLoopBackOff", "it fell"),
            Note("Warning", "CrashLoopBackOff", "MastersServing is False: it fell"),
        ),
        (
            waits("MastersServing"),
            ConditionState("MastersServing", False, "ErrImagePull", "no such image"),
            Note("Warning", "ErrImagePull", "MastersServing is False: no such image"),
        ),
        (
            ConditionState("JournalInitialized", True, "Initialized"),
            ConditionState("JournalInitialized", False, "JournalMissing", "gone"),
            Note("Warning", "JournalMissing", "JournalInitialized is False: gone"),
        ),
        (
            ConditionState("Degraded", False, "Ready"),
            ConditionState("Degraded", True, "NotSettled", "a workload lacks ready pods"),
            Note("Warning", "NotSettled", "Degraded is True: a workload lacks ready pods"),
        ),
        (
            ConditionState("Degraded", True, "NotSettled"),
            ConditionState("Degraded", False, "Ready"),
            Note("Normal", "Ready", "Degraded is False"),
        ),
        (
            ConditionState("Progressing", False, "Ready"),
            ConditionState("Progressing", True, "Updating", "rolling"),
            Note("Normal", "Updating", "Progressing is True: rolling"),
        ),
        (
            ConditionState("SpecValid", True, "Valid"),
            ConditionState("SpecValid", False, "Invalid", "spec.a is bad"),
            Note("Warning", "Invalid", "SpecValid is False: spec.a is bad"),
        ),
        (
            None,
            ConditionState("Degraded", True, "SpecInvalid", "bad"),
            Note("Warning", "SpecInvalid", "Degraded is True: bad"),
        ),
    ],
)
def test_a_change_of_status_or_reason_is_an_event_and_trouble_a_warning(
    before: ConditionState, after: ConditionState, expected: Note
):
    assert noted(before, after) == (expected,)


@pytest.mark.parametrize("reason", ["Waiting", "Initializing"])
def test_waiting_is_no_warning(reason: str):
    [note] = noted(ConditionState("MastersServing", True, "Serving"), waits("MastersServing", "m", reason))

    assert note.type == "Normal"


def test_waiting_for_something_else_is_no_event():
    assert noted(waits("Ready"), waits("Ready", "", "RollingOut")) == ()


def test_good_news_is_told_together_and_each_trouble_by_itself():
    before = conditions(
        INSTALLED,
        waits("Ready"),
        waits("A"),
        ConditionState("B", True, "Well"),
        ConditionState("C", True, "Well"),
    )
    after = conditions(
        INSTALLED,
        ConditionState("Ready", True, "Ready"),
        ConditionState("A", True, "There", "all of it"),
        ConditionState("B", False, "X"),
        ConditionState("C", False, "Y"),
    )

    assert notes(before, after, None) == (
        Note("Warning", "X", "B is False"),
        Note("Warning", "Y", "C is False"),
        Note("Normal", "Ready", "Ready is True; A is True: all of it"),
    )


def test_an_installation_reports_trouble_at_once_and_its_gates_only_at_the_end():
    start = conditions(
        waits("Installed"),
        waits("A"),
        waits("B"),
    )
    halfway = conditions(
        waits("Installed"),
        ConditionState("A", True, "There"),
        ConditionState("B", False, "Crash"),
    )
    done = conditions(
        ConditionState("Installed", True, "Installed"),
        ConditionState("A", True, "There"),
        ConditionState("B", True, "There"),
    )

    assert notes(start, halfway, None) == (Note("Warning", "Crash", "B is False"),)
    assert notes(halfway, done, None) == (Note("Normal", "Installed", "Installed is True; B is True"),)


def test_another_message_alone_is_no_event():
    assert noted(waits("Ready", "1 of 2"), waits("Ready", "2 of 3")) == ()


def test_what_does_not_hold_yet_at_the_very_first_look_is_no_event():
    assert noted(None, waits("MastersServing")) == ()


@pytest.mark.parametrize("severity", [Severity.WARNING, Severity.BLOCKED])
def test_trouble_at_the_very_first_look_is_a_warning(severity: Severity):
    closed = ConditionState("MastersServing", False, "JournalMissing", "gone", severity)

    assert noted(None, closed) == (Note("Warning", "JournalMissing", "MastersServing is False: gone"),)


@pytest.mark.parametrize("severity", [Severity.INFO, Severity.PROGRESS])
def test_what_is_no_trouble_at_the_very_first_look_is_no_event(severity: Severity):
    assert noted(None, ConditionState("MastersServing", False, "ScaledToZero", "none wanted", severity)) == ()


def serving(*states: ConditionState):
    return conditions(INSTALLED, *states)


CRASH = ConditionState("MastersServing", False, "CrashLoopBackOff", "it fell")
READY, SERVES = ConditionState("Ready", True, "Ready"), ConditionState("MastersServing", True, "Serving")
UNREADY = ConditionState("Ready", False, "CrashLoopBackOff", "MastersServing: it fell")
DEGRADED = ConditionState("Degraded", True, "CrashLoopBackOff", "MastersServing: it fell")
SOUND = ConditionState("Degraded", False, "Ready")


def test_one_trouble_in_several_conditions_is_one_warning():
    said = notes(serving(READY, SOUND, SERVES), serving(UNREADY, DEGRADED, CRASH), None)

    assert said == (Note("Warning", "CrashLoopBackOff", "Ready is False: MastersServing: it fell"),)


def test_a_condition_that_quotes_a_known_trouble_later_is_no_warning():
    assert notes(serving(UNREADY, SOUND, CRASH), serving(UNREADY, DEGRADED, CRASH), None) == ()


def test_a_condition_that_quotes_mere_progress_is_a_warning_of_its_own():
    gate = waits("MastersServing", "no master serves yet")
    quotes = ConditionState("Degraded", True, "Waiting", "MastersServing: no master serves yet")
    said = (INSTALLED, quotes, gate)

    assert notes(serving(SOUND, gate), conditions(*said), None, severities(said)) == (
        Note("Warning", "Waiting", "Degraded is True: MastersServing: no master serves yet"),
    )


def test_another_trouble_is_another_warning():
    other = ConditionState("WorkersRegistered", False, "NoNode", "no node")

    assert [note.reason for note in notes(serving(UNREADY, CRASH), serving(UNREADY, CRASH, other), None)] == ["NoNode"]


# --- posting ------------------------------------------------------------------------------------------------------

NOTE = Note("Warning", "Crash", "it fell")
OTHER = Note("Warning", "Pull", "no image")


def post(kube: FakeKube, of: Json, said: list[Note], now: datetime) -> None:
    """Post Events as an operator does that has just started."""
    Recorder().post(kube, of, said, now)  # type: ignore[arg-type]


def posted(kube: FakeKube) -> list[Json]:
    return [obj for obj in kube.objects.values() if obj["kind"] == "Event"]


def test_an_event_names_the_resource():
    kube = FakeKube()
    post(kube, resource(), [NOTE], NOW)

    [event] = posted(kube)
    assert event["metadata"]["namespace"] == "data"
    assert event["involvedObject"] == {
        "apiVersion": "alluxio-operator.io/v1alpha1",
        "kind": "AlluxioCluster",
        "name": "small",
        "namespace": "data",
        "uid": resource()["metadata"]["uid"],
    }
    assert (event["type"], event["reason"], event["message"]) == ("Warning", "Crash", "it fell")
    assert event["lastTimestamp"] == "2030-01-02T03:04:05Z"


def test_the_same_reconcile_repeated_says_it_once():
    kube, recorder = FakeKube(), Recorder()
    for _ in range(2):
        recorder.post(kube, resource(), [NOTE], NOW)  # type: ignore[arg-type]
    post(kube, resource(), [NOTE], NOW)  # the operator has restarted

    assert [event["count"] for event in posted(kube)] == [1]


def test_the_same_trouble_again_raises_the_count_of_its_event():
    kube, recorder = FakeKube(), Recorder()
    for minutes in range(3):
        recorder.post(kube, resource(), [NOTE, OTHER], later(60 * minutes))  # type: ignore[arg-type]

    found = {event["reason"]: event for event in posted(kube)}
    assert {reason: event["count"] for reason, event in found.items()} == {"Crash": 3, "Pull": 3}
    assert found["Crash"]["firstTimestamp"] == "2030-01-02T03:04:05Z"
    assert found["Crash"]["lastTimestamp"] == "2030-01-02T03:06:05Z"


def test_trouble_of_another_resource_is_another_event():
    kube, recorder = FakeKube(), Recorder()
    recorder.post(kube, resource(), [NOTE], NOW)  # type: ignore[arg-type]
    recorder.post(kube, resource(uid="another"), [NOTE], later(1))  # type: ignore[arg-type]

    assert [event["count"] for event in posted(kube)] == [1, 1]


def test_an_event_that_the_server_has_dropped_is_posted_again():
    kube, recorder = FakeKube(), Recorder()
    recorder.post(kube, resource(), [NOTE], NOW)  # type: ignore[arg-type]
    kube.objects.clear()
    recorder.post(kube, resource(), [NOTE], later(7200))  # type: ignore[arg-type]

    assert [event["count"] for event in posted(kube)] == [1]


def test_a_role_without_the_right_to_patch_gets_another_event():
    kube, recorder = FakeKube(), Recorder()
    recorder.post(kube, resource(), [NOTE], NOW)  # type: ignore[arg-type]

    def refuse(verb: str, path: str) -> None:
        if verb == "merge":
            raise Refused(path, 403, "forbidden")

    kube.before_call = refuse
    recorder.post(kube, resource(), [NOTE], later(60))  # type: ignore[arg-type]

    assert [event["count"] for event in posted(kube)] == [1, 1]


def test_many_messages_of_one_reason_become_one_event():
    kube, recorder = FakeKube(), Recorder()
    for number in range(MOST_SIMILAR + 20):
        recorder.post(kube, resource(), [Note("Warning", "Crash", f"try {number}")], later(number))  # type: ignore[arg-type]

    *single, combined = posted(kube)
    assert len(single) == MOST_SIMILAR
    assert (combined["count"], combined["message"]) == (20, "(combined from similar events): try 29")


def test_an_event_has_no_escape_sequences():
    kube = FakeKube()
    post(kube, resource(), [Note("Warning", "Crash", "\x1b]52;c;cm0gLXJm\x07it \x1b[1mfell")], NOW)

    assert posted(kube)[0]["message"] == "it fell"


def test_a_message_is_cut_to_what_the_server_takes():
    kube = FakeKube()
    post(kube, resource(), [Note("Normal", "Long", "x" * 2000)], NOW)

    assert len(posted(kube)[0]["message"]) == LONGEST_MESSAGE


def test_an_event_that_cannot_be_posted_is_logged_and_the_others_are_posted(caplog: pytest.LogCaptureFixture):
    kube = FakeKube()
    calls = []

    def fail_once(verb: str, path: str) -> None:
        calls.append(path)
        if len(calls) == 1:
            raise ApiError("POST", 500, "no")

    kube.before_call = fail_once
    with caplog.at_level(logging.WARNING):
        post(kube, resource(), [NOTE, Note("Normal", "Other", "m")], NOW)

    assert [event["reason"] for event in posted(kube)] == ["Other"]
    assert "Crash" in caplog.text
