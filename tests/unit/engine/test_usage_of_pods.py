"""What a change costs: what counts as before and as meanwhile, and how seldom it is written."""

from __future__ import annotations

from datetime import datetime

import pytest
from tests.support.builders import NOW
from tests.support.measured import after

from alluxio_operator.api.base import in_bytes
from alluxio_operator.api.status import Change, Usage
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.engine.gate import After
from alluxio_operator.engine.usage import (
    AFTERWARDS,
    PERIOD,
    Reading,
    UsageReading,
    in_cores,
    in_memory,
    reading,
    requeue,
    with_usage,
    worth_asking,
)
from alluxio_operator.kube.used import NoMetrics, PodUsed, Used

MI = 1024**2
EARLIER = Change(what="Installed", started=stamp(after(NOW, -600)), ended=stamp(after(NOW, -500)), generation=1)
UNDER_WAY = Change(what="Changed", started=stamp(NOW), generation=2)
ABSENT = NoMetrics("metrics.k8s.io isn't served here", AFTERWARDS)


def measured(seconds: float, cpu: int = 100, memory: int = 500 * MI, window: float = 15) -> Reading:
    """Return a reading that ended so many seconds after the change began."""
    return Reading(after(NOW, seconds), after(NOW, seconds - window), {"worker": Used(cpu, memory)})


def told(*found: UsageReading, change: Change = UNDER_WAY) -> Change:
    """Return the change after each of these was found out in turn; the first when it began."""
    before: tuple[Change, ...] = (EARLIER,)
    changes = (EARLIER, change)
    for one in found:
        changes = with_usage(before, changes, one)
        before = changes
    return changes[-1]


def row(change: Change) -> tuple[str | None, ...]:
    assert change.usage is not None
    [one] = change.usage.roles
    return one.cpu_before, one.cpu_peak, one.memory_before, one.memory_peak


def test_roles_are_summed_over_their_pods_and_strangers_left_out():
    pods = [
        PodUsed("w-0", NOW, after(NOW, -15), {"worker": Used(100, 10), "job": Used(1, 2)}),
        PodUsed("w-1", after(NOW, 5), after(NOW, -9), {"worker": Used(50, 20)}),
        PodUsed("stranger", after(NOW, 99), NOW, {"worker": Used(9, 9)}),
    ]

    found = reading(pods, lambda pod, container: container if pod.startswith("w-") else None)

    assert found == Reading(after(NOW, 5), after(NOW, -15), {"worker": Used(150, 30), "job": Used(1, 2)})
    assert reading(pods[2:], lambda pod, container: None) is None


def test_what_was_measured_last_when_it_began_is_of_before():
    assert row(told(measured(-3))) == ("100m", None, "500Mi", None)
    assert row(told(measured(+2))) == ("100m", None, "500Mi", None), "clocks of nodes may be ahead"
    assert row(told(None, measured(-3))) == ("100m", None, "500Mi", None), "asked a moment later, measured before"


def test_an_older_measurement_read_again_is_no_peak():
    assert row(told(measured(-3), measured(-3, cpu=900))) == ("100m", None, "500Mi", None)


def test_the_highest_of_what_was_measured_meanwhile_is_the_peak():
    change = told(measured(-3), measured(12, 800, 900 * MI), measured(27, 300, 2048 * MI), measured(42, 200, 600 * MI))

    assert row(change) == ("100m", "800m", "500Mi", "2.0Gi")


def test_a_peak_is_written_by_steps():
    first = told(measured(-3), measured(12, 800, 900 * MI))

    assert told(measured(-3), measured(12, 800, 900 * MI), measured(27, 870, 980 * MI)) == first
    assert row(told(measured(-3), measured(12, 3), measured(27, 9)))[1] == "3m", "a tenth of next to nothing is nothing"
    assert row(told(measured(-3), measured(12, 800), measured(27, 880)))[1] == "880m"


def test_a_role_that_comes_with_the_change_has_no_before():
    fresh = Reading(after(NOW, 20), after(NOW, 5), {"fuse": Used(5, MI)})
    change = told(measured(-3), fresh)

    assert change.usage is not None
    assert [(one.role, one.cpu_before, one.cpu_peak) for one in change.usage.roles] == [
        ("fuse", None, "5m"),
        ("worker", "100m", None),
    ]


def ended(seconds: float, usage: Usage | None = None) -> Change:
    return UNDER_WAY.model_copy(update={"ended": stamp(after(NOW, seconds)), "usage": usage})


def test_the_last_moments_of_a_change_are_measured_after_its_end():
    begun = told(measured(-3))
    done = (EARLIER, begun.model_copy(update={"ended": stamp(after(NOW, 20))}))

    overlapping = with_usage(done, done, measured(30, 700))
    too_late = with_usage(done, done, measured(36, 700, window=15))

    assert row(overlapping[-1])[1] == "700m"
    assert row(too_late[-1])[1] is None


def test_a_change_that_is_done_at_once_costs_nothing():
    changes = (EARLIER, ended(0))

    assert with_usage((EARLIER,), changes, measured(-3)) == changes
    assert with_usage(changes, changes, measured(5)) == changes


def test_that_nobody_tells_is_said_once_and_forgotten_when_somebody_does():
    silent = told(ABSENT)

    assert silent.usage == Usage(unavailable=ABSENT.reason)
    assert told(ABSENT, ABSENT) == silent
    assert row(told(ABSENT, measured(20))) == (None, "100m", None, "500Mi")
    assert row(told(measured(-3), ABSENT)) == ("100m", None, "500Mi", None), "what is known isn't dropped"


def test_nothing_is_written_where_nobody_asked():
    changes = (EARLIER, UNDER_WAY)

    assert with_usage(changes, changes, None) is changes
    assert with_usage((), (), measured(0)) == ()


@pytest.mark.parametrize(
    ("history", "begins", "last", "seconds", "worth"),
    [
        ((), False, None, 0, False),
        ((EARLIER,), False, None, 0, False),
        ((EARLIER,), True, None, 0, True),
        ((EARLIER, UNDER_WAY), False, None, 3600, True),
    ],
)
def test_it_is_asked_for_changes_only(
    history: tuple[Change, ...], begins: bool, last: Reading | None, seconds: float, worth: bool
):
    assert worth_asking(history, begins, last, after(NOW, seconds)) is worth


def test_after_the_end_it_is_asked_until_the_end_was_measured_and_not_for_long():
    usage = told(measured(-3)).usage
    history = (EARLIER, ended(20, usage))

    def asks(moment: datetime, last: Reading | None) -> tuple[bool, bool]:
        return worth_asking(history, False, last, moment), requeue(history, last, moment) is not None

    assert asks(after(NOW, 21), measured(10)) == (True, True)
    assert requeue(history, measured(10), after(NOW, 21)) == After(PERIOD.total_seconds())
    assert asks(after(NOW, 36), measured(25)) == (False, False)
    assert asks(after(NOW, 20) + AFTERWARDS, measured(10)) == (False, False)
    assert asks(after(NOW, 21), None) == (True, False)
    silent = (EARLIER, ended(20, Usage(unavailable="no")))
    assert not worth_asking(silent, False, None, after(NOW, 21))
    assert requeue(silent, ABSENT, after(NOW, 21)) is None


@pytest.mark.parametrize(
    ("count", "text"), [(84 * MI, "84Mi"), (1023 * MI, "1023Mi"), (1536 * MI, "1.5Gi"), (0, "0Mi")]
)
def test_memory_is_written_for_people(count: int, text: str):
    assert in_memory(count) == text
    assert in_bytes(text) == count


def test_cpu_is_written_as_kubectl_top_does():
    assert in_cores(1250) == "1250m"
