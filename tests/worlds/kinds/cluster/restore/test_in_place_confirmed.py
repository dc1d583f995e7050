"""What a confirmation of a restore in place is bound to, and the backup of now that comes first."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support import builders
from tests.support.backup import backup
from tests.support.inplace import SOURCE, InPlaceWorld
from tests.support.restore import IN_VOLUME

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.backup_file.rewrite import ID_MARGIN
from alluxio_operator.kinds.cluster.ufs.endpoints import UfsHealth
from alluxio_operator.kube.kinds import KINDS

Json = dict[str, Any]
S3: Json = {"uri": "s3://bucket/alluxio", "volume": None, "s3": {"region": "eu-central-1"}}


def in_s3() -> Json:
    return {**backup(), "status": builders.merged(SOURCE, {"file": {"location": "s3://bucket/alluxio/a.gz"}})}


def go_on(world: InPlaceWorld, rounds: int, seconds: float) -> None:
    for _ in range(rounds):
        world.reconcile()
        world.turn()
        world.pass_time(seconds)


class SlowBackup(InPlaceWorld):
    """The backup of now doesn't end."""

    def _make_backups(self) -> None:
        return


def own_backups(world: InPlaceWorld) -> list[str]:
    return sorted(one for one in world.kube.of_kind("AlluxioBackup") if one.startswith("small-restore-"))


# --- the text ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("point", ["BackingUp", "Checking"])
def test_a_text_that_was_taken_back_never_holds_again(point: str):
    world = InPlaceWorld()
    world.confirm()
    world.until(point)
    text = world.record["confirmation"]
    world.ask()
    go_on(world, 3, 5)
    assert world.state == "AwaitingConfirmation"
    world.ask(confirmation=text)
    go_on(world, 30, 5)

    assert world.state == "AwaitingConfirmation"
    assert world.record["confirmation"] != text
    assert world.condition("RestoredInPlace")["reason"] == "WrongConfirmation"


@pytest.mark.parametrize("changed", ["uid", "sha256", "entries"])
@pytest.mark.parametrize("point", ["AwaitingConfirmation", "BackingUp", "Checking"])
def test_a_text_holds_for_the_backup_that_it_was_shown_for(point: str, changed: str):
    world = InPlaceWorld()
    world.ask()
    world.reconcile()
    text = world.record["confirmation"]
    if point != "AwaitingConfirmation":
        world.ask(confirmation=text)
        world.until(point)
        world.turn()
    file = {"sha256": {"sha256": "f" * 64}, "entries": {"entries": 3}}.get(changed, {})
    uid = {"uid": "another"} if changed == "uid" else {}
    world.kube.remove(KINDS["AlluxioBackup"].path("data", "nightly"))
    world.kube.put({**backup(**uid, **IN_VOLUME), "status": builders.merged(SOURCE, {"file": file})})
    world.ask(confirmation=text)
    go_on(world, 30, 5)

    assert world.state == "AwaitingConfirmation"
    assert world.record["confirmation"] != text


# --- the backup of now ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [{}, {"source": in_s3(), "rootMount": S3}], ids=["volume", "s3"])
def test_one_late_answer_does_not_leave_the_backup_out(how: Json):
    world = SlowBackup(**how)
    world.confirm()
    world.until("BackingUp")
    go_on(world, 40, 5)
    answers, master = world.alluxio.answers, world.alluxio.master
    world.alluxio.answers, world.alluxio.master = {}, NoAnswer("no answer in time")
    world.reconcile()
    assert world.record["leaderlessSince"]
    world.alluxio.answers, world.alluxio.master = answers, master
    go_on(world, 6, 5)

    assert (world.state, world.record.get("leaderlessSince")) == ("BackingUp", None)


def test_a_backup_that_runs_is_awaited_while_a_master_is_ready():
    world = SlowBackup()
    world.confirm()
    world.until("BackingUp")
    world.reconcile()
    for _ in range(60):
        world.turn()
        world.alluxio.answers, world.alluxio.master = {}, NoAnswer("no answer in time")
        world.reconcile()
        world.pass_time(5)

    assert world.state == "BackingUp"


def test_a_backup_that_has_become_old_is_made_again():
    world = InPlaceWorld()
    world.ufs = UfsHealth("no answer in time")
    world.confirm()
    world.until("Checking")
    first = world.record["safetyBackup"]
    go_on(world, 70, 60)
    assert (world.state, own_backups(world)) == ("Checking", [first])
    world.ufs = UfsHealth()
    world.until("Restored")

    assert world.record["safetyBackup"] != first
    assert len(own_backups(world)) == 2


def test_the_backup_of_now_is_kept_where_the_spec_says():
    place = {"volume": {"claimName": "backups"}}
    world = InPlaceWorld(upgrade={"backupDestination": place})
    world.confirm()
    world.until("Checking")
    made = world.kube.object("AlluxioBackup", "data", world.record["safetyBackup"])

    assert made["spec"]["destination"]["volume"]["claimName"] == "backups"


def test_the_restored_names_give_higher_numbers_than_the_backup_of_now():
    """A cluster that began with a clean file gives higher numbers than an older file of it."""
    world = InPlaceWorld()
    made = world._make_backups

    def make() -> None:
        made()
        for name in own_backups(world):
            world.kube.edit(
                "AlluxioBackup", "data", name, lambda one: one["status"]["file"].update(nextContainer=90000)
            )

    world._make_backups = make  # type: ignore[method-assign]
    world.confirm()
    world.until("Restored")

    assert world.container == 90000 + ID_MARGIN


# --- the way back -----------------------------------------------------------------------------------------------------


def test_the_index_of_the_journal_is_recorded_also_if_no_job_reads_the_file():
    world = InPlaceWorld(source=in_s3(), rootMount=S3)
    world.confirm()
    world.until("Stopping")

    assert world.record["index"] == 7


def test_masters_stop_only_once_the_leader_has_told_its_index():
    world = InPlaceWorld()
    world.confirm()
    world.until("Checking")
    for _ in range(10):
        world.turn()
        world.alluxio.indexes = {}
        world.reconcile()
        world.pass_time(5)
    assert world.state == "Checking"

    world.until("Restored")
