"""What stays on record of a restore in place: what is lost, what was set aside, and who asked for it."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support import builders
from tests.support.backup import backup
from tests.support.inplace import NEXT, SOURCE, InPlaceWorld
from tests.support.restore import ENTRIES, IN_VOLUME, RestoreWorld

from alluxio_operator.alluxio.answers import NoAnswer, Unfinished, UnpersistedFiles
from alluxio_operator.backup_file.rewrite import ID_MARGIN
from alluxio_operator.kinds.cluster.restore.checking import UNCOUNTED_MARGIN
from alluxio_operator.kinds.cluster.restore.loss import COUNTS_FOR

Json = dict[str, Any]
GATE = "RestoredInPlace"
FILES = UnpersistedFiles(3, 5 * 1024**2, {"w0": (3, 5 * 1024**2)}, ("/a", "/b", "/c"))


def rest(world: InPlaceWorld, rounds: int = 3, seconds: float = 60) -> None:
    for _ in range(rounds):
        world.reconcile()
        world.turn()
        world.pass_time(seconds)


def asked_by(world: InPlaceWorld, manager: str) -> None:
    entry = {"manager": manager, "time": "2030-01-02T00:00:00Z"}
    world.kube.edit("AlluxioCluster", "data", "small", lambda one: one["metadata"].update(managedFields=[entry]))


def restored_again(world: InPlaceWorld) -> None:
    """Restore the same backup once more."""
    world.settle()
    world.file_entries = world.journals[0] or 0
    world.confirm()
    world.until("Checking")
    world.until("Restored")


def restores(world: InPlaceWorld | RestoreWorld) -> list[Json]:
    return [one for one in world.status["history"] if one["what"] == "Restored"]


# --- what is lost -----------------------------------------------------------------------------------------------------


def test_what_is_lost_stays_on_record_after_the_confirmation():
    world = InPlaceWorld()
    world.alluxio.unpersisted = FILES
    world.confirm()
    world.until("Stopping")
    assert world.record["loss"]["files"] == 3
    world.until("Restored")
    world.settle()

    assert (world.record["loss"]["files"], world.record["loss"]["paths"]) == (3, ["/a", "/b", "/c"])


def test_a_later_question_without_an_answer_takes_nothing_back():
    world = InPlaceWorld()
    world.alluxio.unpersisted = FILES
    world.ask()
    world.reconcile()
    counted = world.record["loss"]["counted"]
    world.alluxio.unpersisted = NoAnswer("no answer in time")
    rest(world, 3, 31 * 60)
    world.reconcile()

    loss, message = world.record["loss"], world.condition(GATE)["message"]
    assert (loss["files"], loss["unknown"], loss["counted"]) == (3, "no answer in time", counted)
    assert "At least this would be lost" in message
    assert "UNKNOWN is the rest: no answer in time" in message


def test_an_unknown_loss_is_named_plainly_and_asked_again_soon():
    world = InPlaceWorld()
    world.alluxio.unpersisted = NoAnswer("no answer in time")
    world.ask()
    world.reconcile()
    assert "UNKNOWN how much would be lost: no answer in time" in world.condition(GATE)["message"]
    world.alluxio.unpersisted = FILES
    world.pass_time(301)
    world.reconcile()

    assert world.record["loss"]["files"] == 3


def test_a_cluster_that_would_lose_no_file_promises_nothing_about_deleted_ones():
    world = InPlaceWorld()
    world.ask()
    world.reconcile()
    message = world.condition(GATE)["message"]

    assert "no data is lost" not in message
    assert "a backup has their names, not their data" in message


def test_a_listing_that_ended_early_counts_what_it_saw():
    world = InPlaceWorld()
    world.alluxio.unpersisted = UnpersistedFiles(2, 10, {}, ("/a", "/b"), "the listing ended after 9 entries")
    world.ask()
    world.reconcile()

    assert world.record["loss"]["files"] == 2
    assert "UNKNOWN is the rest: the listing ended after 9 entries" in world.condition(GATE)["message"]


class Counting(InPlaceWorld):
    """The leader lists for long."""

    def start_counting(self) -> None:
        self.alluxio.unpersisted = Unfinished()  # type: ignore[assignment]


def test_a_count_goes_on_over_several_reconciles():
    world = Counting()
    world.start_counting()
    world.ask()
    rest(world, 5, 60)
    assert world.condition(GATE)["reason"] == "Counting"
    assert "loss" not in world.record

    world.ask(confirmation=world.record["confirmation"])
    rest(world, 2, 60)
    assert (world.state, world.condition(GATE)["reason"]) == ("AwaitingConfirmation", "Counting")

    world.alluxio.unpersisted = FILES
    world.until("Restored")
    assert world.record["loss"]["files"] == 3
    assert "lossAsked" not in world.record


def test_a_count_without_an_end_becomes_unknown():
    world = Counting()
    world.start_counting()
    world.ask()
    world.reconcile()
    world.pass_time(COUNTS_FOR.total_seconds())
    world.reconcile()

    assert world.condition(GATE)["reason"] == "AwaitingConfirmation"
    assert "UNKNOWN how much would be lost" in world.condition(GATE)["message"]


def test_a_text_that_is_typed_while_the_record_changes_is_found_at_once():
    world = InPlaceWorld()
    world.ask()
    world.reconcile()
    world.pass_time(31 * 60)
    world.ask(confirmation=world.record["confirmation"])
    outcome = world.reconcile()

    assert world.state == "AwaitingConfirmation"
    assert outcome.requeue_after is not None
    assert outcome.requeue_after <= 1
    world.reconcile()
    assert world.state == "BackingUp"


# --- what was set aside -----------------------------------------------------------------------------------------------


def test_each_restore_names_what_the_ones_before_have_left_behind():
    world = InPlaceWorld()
    world.confirm()
    world.until("Restored")
    first = world.record
    restored_again(world)
    second = world.record

    [one] = second["earlier"]
    assert one["aside"] == first["aside"] != second["aside"]
    assert (one["backups"], one["state"], one["source"]) == ([first["safetyBackup"]], "Restored", "nightly")

    restored_again(world)
    assert [one["aside"] for one in world.record["earlier"]] == [first["aside"], second["aside"]]


def test_the_list_of_earlier_restores_is_bounded():
    world = InPlaceWorld()
    world.confirm()
    world.until("Restored")
    for _ in range(12):
        restored_again(world)

    assert len(world.record["earlier"]) == 10


def test_requests_that_come_to_nothing_push_no_journal_out_of_the_list():
    world = InPlaceWorld()
    world.confirm()
    world.until("Restored")
    aside = world.record["aside"]
    world.settle()
    for _ in range(12):
        world.confirm()
        world.until("Checking")
        world.turn()
        world.ask()
        world.reconcile()

    assert aside in [one["aside"] for one in world.record["earlier"] if "aside" in one]
    assert len(world.record["earlier"]) == 10


@pytest.mark.parametrize("text", [None, "yes"])
def test_another_request_leaves_the_masters_objects_as_they_are(text: str | None):
    world = InPlaceWorld()
    world.confirm()
    world.until("Restored")
    world.settle()
    before = world.kube.object("StatefulSet", "data", "small-master")["spec"]
    since = len(world.kube.writes)
    world.ask(**({"confirmation": text} if text else {}))
    rest(world)

    assert world.state == "AwaitingConfirmation"
    assert world.kube.object("StatefulSet", "data", "small-master")["spec"] == before
    assert not [path for verb, path in world.kube.writes[since:] if "statefulsets" in path or "configmaps" in path]


def test_a_restore_that_went_back_leaves_the_masters_objects_as_they_were():
    world = InPlaceWorld()
    world.confirm()
    world.until("Restored")
    world.settle()
    before = world.kube.object("StatefulSet", "data", "small-master")["spec"]
    world.copy_fails = "NoSpace: the volume has 0 free bytes"
    world.confirm()
    world.until("Checking")
    world.until("WentBack", rounds=60)
    world.settle()
    assert world.kube.object("StatefulSet", "data", "small-master")["spec"] == before
    world.ask()
    rest(world)

    assert world.state == "AwaitingConfirmation"
    assert world.kube.object("StatefulSet", "data", "small-master")["spec"] == before


# --- the history ------------------------------------------------------------------------------------------------------


def test_the_history_has_a_restore_in_place_from_the_confirmation_to_its_end():
    world = InPlaceWorld()
    world.alluxio.unpersisted = FILES
    asked_by(world, "kubectl-alluxio")
    world.confirm()
    begun = builders.NOW
    world.until("Restoring")
    [change] = restores(world)
    assert "ended" not in change
    world.until("Restored")
    world.settle()

    [change] = restores(world)
    assert (change["outcome"], change["by"], change["to"]) == ("Succeeded", "kubectl-alluxio", "nightly")
    assert change["from"] == world.record["operation"]
    assert change["started"] == world.record["confirmed"] >= begun.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert change["ended"] > change["started"]
    assert change["message"] == f"{ENTRIES} of {ENTRIES} entries restored, attempt 1; unpersisted files lost: 3 (5Mi)"


def test_the_history_has_a_restore_that_went_back():
    world = InPlaceWorld()
    world.copy_fails = "NoSpace: the volume has 0 free bytes"
    world.confirm()
    world.until("WentBack", rounds=60)
    world.reconcile()

    [change] = restores(world)
    assert change["outcome"] == "Failed"
    assert change["message"].startswith("WentBack: the journals can't be set aside: ")


def test_an_edit_during_a_restore_does_not_end_it_in_the_history():
    world = InPlaceWorld()
    world.confirm()
    text = world.record["confirmation"]
    world.until("Restoring")
    world.over["properties"] = {"alluxio.user.file.writetype.default": "CACHE_THROUGH"}
    world.ask(confirmation=text)
    world.until("Restored", rounds=60)
    world.reconcile()

    assert [one["outcome"] for one in restores(world)] == ["Succeeded"]


def test_the_history_has_the_restore_that_a_cluster_began_with():
    world = RestoreWorld()
    world.settle()

    [change] = restores(world)
    assert (change["outcome"], change["to"]) == ("Succeeded", "nightly")
    assert change["message"] == f"{ENTRIES} of {ENTRIES} entries restored, attempt 1"
    assert world.status["history"][0]["what"] == "Installed"


# --- numbers of blocks ------------------------------------------------------------------------------------------------


def test_without_a_backup_of_now_block_numbers_are_raised_beyond_all_that_exist():
    world = InPlaceWorld(lost=True)
    world.confirm()
    world.until("Restored", rounds=80)

    assert world.record["withoutSafetyBackup"]
    assert world.container == NEXT + UNCOUNTED_MARGIN
    assert UNCOUNTED_MARGIN > 60 * ID_MARGIN


def test_numbers_that_are_used_up_are_refused_before_anything_stops():
    world = InPlaceWorld(lost=True)
    world.ask()
    world.reconcile()
    used_up = {"nextContainer": 2**40 - 2**35}
    world.kube.edit("AlluxioCluster", "data", "small", lambda one: one["status"]["restoreInPlace"].update(used_up))
    world.ask(confirmation=world.record["confirmation"])
    rest(world, 60, 5)

    assert (world.state, world.condition(GATE)["reason"]) == ("Checking", "IdsExhausted")
    assert "spec.bootstrap.restore" in world.condition(GATE)["message"]


def test_a_read_only_root_mount_is_restored_without_a_backup_of_now():
    world = InPlaceWorld(
        source={**backup(**IN_VOLUME), "status": SOURCE}, rootMount={"uri": "/mnt/ufs", "readOnly": True}
    )
    world.confirm()
    world.until("Restored", rounds=60)

    assert "readOnly" in world.record["withoutSafetyBackup"]
