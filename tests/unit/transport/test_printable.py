"""Text from outside can't steer a terminal, wherever it enters and wherever it is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.builders import NOW, resource
from tests.support.fake_kube import FakeKube

from alluxio_operator.alluxio.answers import BackupStatus, NoAnswer, WriteResult
from alluxio_operator.api.alluxiocluster_status import ClusterStatus
from alluxio_operator.engine.conditions import ConditionState, merge
from alluxio_operator.engine.problem import Problem
from alluxio_operator.engine.publish import publish
from alluxio_operator.engine.readiness import summary
from alluxio_operator.kube.errors import error_for
from alluxio_operator.transport.printable import all_printable, printable

CLIPBOARD = "\x1b]52;c;cm0gLXJm\x07"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("plain, naïve 日本 😀\n\ttab", "plain, naïve 日本 😀\n\ttab"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        (f"a{CLIPBOARD}b", "ab"),
        ("a\x1b]52;c;cm0gLXJm\x1b\\b", "ab"),
        ("a\x9d52;c;cm0gLXJm\x9cb", "ab"),
        ("a\x1b]0;title that never ends", "a"),
        ("a\x1bPq#0\x1b\\b", "ab"),
        ("a\x9b2Jb\x1b7\x1b(Bc", "abc"),
        ("a\x08\x08\rb\x00\x7f", "ab"),
        ("user\u202etxt.exe\u2066", "usertxt.exe"),
        ("pass\u200bword\u00ad\U000e0041", "password"),
        ("\x1b", ""),
        ("\x1b\x1b[2J", ""),
    ],
)
def test_escape_sequences_and_controls_are_removed(given: str, shown: str):
    assert printable(given) == shown


@given(st.text())
def test_nothing_that_a_terminal_obeys_is_left(text: str):
    shown = printable(text)

    assert all(one in "\n\t" or ord(one) >= 32 for one in shown)
    assert not any(0x7F <= ord(one) <= 0x9F for one in shown)
    assert printable(shown) == shown


@pytest.mark.parametrize("begin", ["\x9d", "\x90", "\x1b]", "\x1bP", "\x9b", "\x1b[", "\x1b", "\x1b\x9d", "\x9d\x90"])
@pytest.mark.parametrize("end", ["", "\x1b", "\x1bX", "\n"])
def test_a_text_that_only_begins_sequences_takes_no_minutes(begin: str, end: str):
    """So much a master may send as its version: a search that is tried at each character takes hours."""
    assert printable(begin * (400_000 // len(begin)) + end).strip("\n") in ("", "X")


def test_a_sequence_that_another_one_interrupts_ends_there():
    assert printable("a\x1b]0;title\x1b[1mb\x9dtitle\x1bPq\x9cc") == "abc"


def test_values_of_json_are_cleaned_with_their_keys():
    assert all_printable({f"k{CLIPBOARD}": [CLIPBOARD, {"a": (1, True, None)}]}) == {"k": ["", {"a": [1, True, None]}]}


def test_whatever_enters_a_status_is_printable():
    hostile = f"lost {CLIPBOARD}"
    [condition] = merge((), [ConditionState("Ready", False, "X", hostile)], 1, NOW)
    kube = FakeKube()
    kube.put(resource())
    path = "/apis/alluxio-operator.io/v1alpha1/namespaces/data/alluxioclusters/small"
    status = ClusterStatus(conditions=(condition,)).model_copy(update={"summary": hostile})
    written = publish(kube, kube.get(path), status)  # type: ignore[arg-type]

    said = [
        NoAnswer(hostile).reason,
        WriteResult(hostile).error,
        BackupStatus("Failed", hostile, error=hostile).error,
        condition.message,
        summary(hostile),
        str(Problem("spec.version", hostile, "isn't one", "set one")),
        str(error_for("GET /x", 500, hostile.encode(), None)),
        str(error_for("GET /x", 500, b'{"message": "lost \\u001b]52;c;cm0gLXJm\\u0007"}', None)),
        written["status"]["summary"],
    ]

    assert [one for one in said if not one.isprintable()] == []
