"""A master that hangs in its startup is restarted; one that is busy, or that others need, is not."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from tests.support.builders import container_status, info, later, observed, pod, ready_pod

from alluxio_operator.alluxio.answers import Answer, NoAnswer, Standby
from alluxio_operator.api.alluxiocluster_status import ClusterStatus, HungMaster
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.kinds.cluster.masters.hung import HungStep, next_hung_step
from alluxio_operator.kinds.cluster.masters.quorum import quorum_of
from alluxio_operator.kinds.cluster.ufs.endpoints import UfsHealth

Json = dict[str, Any]
M0, M1, M2 = (f"small-master-{n}" for n in range(3))
SILENT = NoAnswer("no answer in time")
FOLLOWS_0 = Standby("small-master-0.small-master.data.svc")
BEGUN = later(0)


def starting(name: str = M0, *, since: datetime = BEGUN, restarts: int = 0, **over: Any) -> Json:
    """Return a master whose container runs and whose startup probe hasn't succeeded."""
    state = container_status("master", running={"startedAt": stamp(since)})
    return pod("master", name, uid=f"uid-{name}", containers=[{**state, "restartCount": restarts}], **over)


def step(
    seconds: float,
    *pods: Json,
    answers: dict[str, Answer] | None = None,
    record: HungMaster | None = None,
    index: int | None = None,
    members: int = 1,
    ufs: UfsHealth | None = None,
    wait_for_ufs: bool = False,
) -> HungStep:
    look = observed(
        *(pods or (starting(),)),
        ClusterStatus(hung_master=record),
        answers=answers or {M0: SILENT},
        indexes={} if index is None else {M0: index},
    )
    look = replace(look, ufs=ufs)
    return next_hung_step(look, quorum_of(look, members), later(seconds), wait_for_ufs=wait_for_ufs)


def watched(seconds: float = 120, index: int | None = None, restarts: int = 0, name: str = M0) -> HungMaster:
    return HungMaster(pod=name, uid=f"uid-{name}", restarts=restarts, index=index, since=stamp(later(seconds)))


def restarted(found: HungStep) -> str | None:
    return None if found.restart is None else found.restart.name


def test_it_is_watched_first_and_restarted_after_ten_minutes_without_progress():
    assert step(119) == HungStep()
    assert step(120).record == watched()
    assert restarted(step(719, record=watched())) is None
    found = step(720, record=watched())
    assert restarted(found) == M0
    assert "hangs in its startup" in found.message
    assert found.record == watched().model_copy(update={"restarting": True})


def test_a_long_catch_up_is_left_alone_as_long_as_its_index_rises():
    record, index = step(120).record, 0
    for minute in range(3, 600):
        index += 1
        found = step(60 * minute, record=record, index=index)
        assert restarted(found) is None
        record = found.record
    assert record is not None
    assert record.since == stamp(later(60 * 599))

    assert restarted(step(60 * 599 + 599, record=record, index=index)) is None
    assert restarted(step(60 * 599 + 600, record=record, index=index)) == M0


def test_a_pause_of_minutes_is_no_hang():
    record = watched(index=5)
    assert restarted(step(120 + 540, record=record)) is None
    found = step(120 + 541, record=record, index=6)
    assert found.record is not None
    assert found.record.since == stamp(later(661))


def test_the_progress_is_not_written_at_each_look():
    assert step(150, record=watched(index=5), index=9).record == watched(index=5)


@pytest.mark.parametrize(
    ("pods", "answers"),
    [
        ((starting(),), {M0: NoAnswer("connection refused")}),
        ((starting(),), {M0: info()}),
        ((starting(),), {M0: FOLLOWS_0}),
        ((starting(deleted=True),), {M0: SILENT}),
        ((ready_pod("master", M0),), {M0: SILENT}),
        # It has served since its start, so it may still serve from its cache while its UFS hangs.
        (
            (
                pod(
                    "master",
                    M0,
                    containers=[{**container_status("master", running={"startedAt": stamp(BEGUN)}), "started": True}],
                ),
            ),
            {M0: SILENT},
        ),
    ],
    ids=["reads a checkpoint", "serves", "follows", "goes", "is ready", "has served"],
)
def test_who_is_never_watched(pods: tuple[Json, ...], answers: dict[str, Answer]):
    assert step(7200, *pods, answers=answers, record=watched()) == HungStep()


def test_another_run_of_its_container_has_its_own_time():
    again = starting(since=later(700), restarts=1)
    found = step(820, again, record=watched())

    assert restarted(found) is None
    assert found.record == watched(820, restarts=1)


def test_with_a_quorum_without_it_it_is_restarted_and_one_at_a_time():
    answers: dict[str, Answer] = {M0: info(), M1: FOLLOWS_0, M2: SILENT}
    pods = (ready_pod("master", M0), ready_pod("master", M1), starting(M2))

    assert restarted(step(720, *pods, answers=answers, record=watched(name=M2), members=3)) == M2


def test_a_quorum_is_never_broken_by_it():
    answers: dict[str, Answer] = {M0: info(), M1: SILENT, M2: SILENT}
    pods = (ready_pod("master", M0), starting(M1), starting(M2))
    found = step(720, *pods, answers=answers, record=watched(name=M2), members=3)

    assert restarted(found) is None, "it may vote while it hangs, and the leader needs one more"
    assert "2 other masters" in found.message


def test_masters_that_all_hang_are_restarted_one_after_another():
    pods = (starting(M0), starting(M1), starting(M2))
    answers: dict[str, Answer] = {M0: SILENT, M1: SILENT, M2: SILENT}
    assert restarted(step(720, *pods, answers=answers, record=watched(name=M1), members=3)) == M1

    answers[M1] = NoAnswer("safe mode", leads=True)
    assert restarted(step(720, *pods, answers=answers, record=watched(name=M1), members=3)) == M1, "it leads nobody"

    answers[M1], answers[M0] = SILENT, NoAnswer("safe mode", leads=True)
    assert restarted(step(720, *pods, answers=answers, record=watched(name=M1), members=3)) is None, "it may vote"


def test_it_is_not_restarted_before_the_ufs_answers():
    asks = step(720, record=watched(), wait_for_ufs=True)
    assert (restarted(asks), asks.needs_ufs_probe) == (None, True)

    away = step(720, record=watched(), wait_for_ufs=True, ufs=UfsHealth("name:9000 doesn't answer"))
    assert (restarted(away), away.needs_ufs_probe) == (None, False)
    assert "name:9000 doesn't answer" in away.message

    assert restarted(step(720, record=watched(), wait_for_ufs=True, ufs=UfsHealth())) == M0
