"""A journal volume that fills up is reported before its master stops, and while the master hangs on it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from tests.support.builders import cluster, container_status, info, observed, pod

from alluxio_operator.alluxio.answers import Answer, JournalDisk, NoAnswer, Standby
from alluxio_operator.api.alluxiocluster_status import ClusterStatus, MastersStatus, MemberStatus
from alluxio_operator.engine.gate import Gate
from alluxio_operator.kinds.cluster import names
from alluxio_operator.kinds.cluster.context import JournalValues, context_of
from alluxio_operator.kinds.cluster.masters.space import THRESHOLD, LowSpace, journal_space, low_space
from alluxio_operator.kinds.cluster.objects import properties

M0, M1, M2 = (f"small-master-{n}" for n in range(3))


def disk(percent: float) -> JournalDisk:
    return JournalDisk(percent, int(percent * 10 * 2**20))


def low(answers: dict[str, Answer], before: dict[str, int] | None = None, watermark: int = 15) -> tuple[LowSpace, ...]:
    members = tuple(
        MemberStatus(name=name, role="Standby", journal_free_percent=(before or {}).get(name)) for name in (M0, M1, M2)
    )
    look = observed(ClusterStatus(masters=MastersStatus(members=members)), answers=answers)
    return low_space(look, (M0, M1, M2), watermark)


def gate(answers: dict[str, Answer], before: dict[str, int] | None = None) -> Gate:
    return journal_space(low(answers, before), 15)


def test_a_master_that_warns_of_nothing_has_space():
    found = gate({M0: info(), M1: Standby(), M2: Standby()})

    assert (found.passed, found.reason) == (True, "Sufficient")


@pytest.mark.parametrize(("percent", "reason"), [(14.9, "Low"), (2.0, "Low"), (1.99, "Full"), (0.0, "Full")])
def test_below_the_watermark_it_is_low_and_in_the_end_full(percent: float, reason: str):
    found = gate({M0: replace(info(), journal_disk=disk(percent))})

    assert (found.passed, found.reason) == (False, reason)
    assert f"{M0} has {int(percent)} %" in found.message
    assert "spec.masters.journal.storage.size" in found.message


def test_the_volume_of_a_standby_counts_too_and_that_of_a_leader_in_safe_mode():
    answers: dict[str, Answer] = {
        M0: NoAnswer("safe mode", leads=True, journal_disk=disk(9)),
        M1: Standby(M0, disk(7)),
        M2: Standby(M0),
    }

    assert [(one.master, one.free_percent) for one in low(answers)] == [(M0, 9), (M1, 7)]


def test_it_stays_low_until_clearly_more_is_free():
    between: dict[str, Answer] = {M0: replace(info(), journal_disk=disk(17))}

    assert not low(between)
    assert [one.free_percent for one in low(between, {M0: 14})] == [17]
    assert not low({M0: info()}, {M0: 17})


@pytest.mark.parametrize("answer", [None, NoAnswer("no answer in time"), NoAnswer("connection refused")])
def test_a_master_that_hangs_on_a_full_volume_keeps_its_last_number(answer: Answer | None):
    answers: dict[str, Answer] = {} if answer is None else {M0: answer}
    found = gate(answers, {M0: 0})

    assert (found.passed, found.reason) == (False, "Full")
    assert f"{M0} doesn't answer and had 0 %" in found.message
    assert not low(answers)


@pytest.mark.parametrize(
    ("words", "full"),
    [
        ("java.io.IOException: Failed to load Storage Directory /journal/raft/02511d47: NO_SPACE", True),
        ("java.io.IOException: No space left on device", True),
        ("java.lang.IllegalStateException: Journal is not running", False),
    ],
)
def test_a_master_that_ends_on_a_full_volume_is_named_though_it_never_reported(words: str, full: bool):
    ended = {"exitCode": 255, "reason": "Error", "message": words}
    state = container_status("master", waiting={"reason": "CrashLoopBackOff"}, last=ended)
    look = observed(pod("master", M0, containers=[state]), answers={M0: NoAnswer("connection refused")})

    assert [(one.master, one.full) for one in low_space(look, (M0,), 15)] == ([(M0, True)] if full else [])


def site(**over: Any) -> dict[str, str]:
    made = cluster(**over)
    return properties.for_role(made.spec, made.names, names.MASTER)


def master_hash(**over: Any) -> str:
    return str(context_of(cluster(**over), JournalValues(initialized=True))["roles"][names.MASTER]["configHash"])


def test_masters_report_their_disk_before_the_watermark_is_no_longer_reached():
    assert site()[THRESHOLD] == "20"
    assert site(masters={"journal": {"freeSpaceWatermark": 30}})[THRESHOLD] == "35"
    assert site(properties={THRESHOLD: "7"})[THRESHOLD] == "7"


def test_masters_restart_for_another_watermark_and_not_for_the_default(monkeypatch: pytest.MonkeyPatch):
    now, own = master_hash(), master_hash(properties={THRESHOLD: "7"})

    assert master_hash(masters={"journal": {"freeSpaceWatermark": 30}}) != now
    older = SimpleNamespace(threshold_property=lambda _: {}, without_restart=lambda _: frozenset())
    monkeypatch.setattr(properties, "space", older)
    assert master_hash() == now, "clusters of an older operator keep their pods"
    assert master_hash(properties={THRESHOLD: "7"}) == own
