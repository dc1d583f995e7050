"""A restore in place: nothing before the confirmation, the journal of before is kept, only whole names are served."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support import builders
from tests.support.backup import backup
from tests.support.builders import resource
from tests.support.crashes import Stopped, is_ready, stop_at
from tests.support.inplace import BEFORE, NEXT, SOURCE, InPlaceWorld
from tests.support.restore import ENTRIES, IN_VOLUME
from tests.support.world import World

from alluxio_operator.alluxio.answers import NoAnswer, UnpersistedFiles
from alluxio_operator.backup_file.errors import Reason
from alluxio_operator.backup_file.rewrite import ID_MARGIN
from alluxio_operator.kinds.cluster.observed import JOURNAL_ANNOTATION
from alluxio_operator.kinds.cluster.restore.attempts import ATTEMPTS
from alluxio_operator.kinds.cluster.ufs.endpoints import UfsHealth

Json = dict[str, Any]
GATE = "RestoredInPlace"
ROOT_FILE: Json = {"location": "s3://bucket/alluxio/a.gz"}
S3: Json = {"uri": "s3://bucket/alluxio", "volume": None, "s3": {"region": "eu-central-1"}}
ON_DISK: Json = {"tiers": [{"name": "SSD", "medium": "SSD", "storage": {"claim": {"size": "1Gi"}}}]}


def changed(world: InPlaceWorld, since: int) -> list[str]:
    quiet = ("/events", "alluxioclusters/small", "/controllerrevisions")
    return [path for _, path in world.kube.writes[since:] if not any(one in path for one in quiet)]


def source(**status: Any) -> Json:
    return {**backup(**IN_VOLUME), "status": builders.merged(SOURCE, status)}


def rest(world: InPlaceWorld, rounds: int = 3) -> None:
    for _ in range(rounds):
        world.reconcile()
        world.turn()
        world.pass_time(60)


# --- the way ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("masters", [1, 3, 5])
def test_a_confirmed_backup_replaces_all_names(masters: int):
    world = InPlaceWorld(masters=masters)
    world.confirm()
    world.until("Restored")
    world.settle()

    assert is_ready(world)
    assert world.condition(GATE)["reason"] == "Restored"
    assert set(world.journals.values()) == {ENTRIES}
    assert world.served == [BEFORE, ENTRIES]
    assert sorted(map(str, world.aside.values())) == [str(BEFORE)] * masters
    assert world.container == NEXT + ID_MARGIN
    assert world.record["index"] == 7
    claim = world.kube.object("PersistentVolumeClaim", "data", "journal-small-master-0")
    assert claim["metadata"]["annotations"][JOURNAL_ANNOTATION] == "initialized"


def test_workers_run_on_and_know_only_whole_names():
    world = InPlaceWorld()
    worker = world.kube.object("Pod", "data", "small-worker-0")["metadata"]["uid"]
    world.confirm()
    world.until("Restored")
    world.settle()

    assert world.kube.object("Pod", "data", "small-worker-0")["metadata"]["uid"] == worker


def test_the_leader_compares_the_restored_names_with_the_ufs():
    world = InPlaceWorld()
    world.confirm()
    world.until("Syncing")
    assert not world.alluxio.marked
    world.alluxio.marks = NoAnswer("no answer in time")
    for _ in range(3):
        world.turn()
        world.reconcile()
    assert world.state == "Syncing"

    world.alluxio.marks = ""
    world.until("Restored")
    assert world.alluxio.marked[-1] == ("10.0.0.7", 19998, "/")


def test_a_leader_that_refuses_the_operator_is_named_and_left_alone():
    world = InPlaceWorld()
    world.alluxio.marks = NoAnswer("UNAUTHENTICATED: no", refused=True)
    world.confirm()
    world.until("Restored", rounds=200)

    assert "UNAUTHENTICATED" in world.condition(GATE)["message"]
    assert "sync.interval=0" in world.record["message"]


@pytest.mark.parametrize("masters", [1, 3])
def test_half_of_the_names_is_never_served_and_restored_again(masters: int):
    world = InPlaceWorld(masters=masters)
    world.deaths = 2
    world.confirm()
    world.until("Restored")
    world.settle()

    assert (world.record["restore"]["attempt"], world.served) == (3, [BEFORE, ENTRIES])


def test_masters_are_gone_before_a_journal_is_renamed():
    world = InPlaceWorld(masters=3)
    world.confirm()
    world.until("Stopping")
    # The StatefulSet's controller has seen nothing yet, and the pods are gone for another reason.
    for name in [one for one in world.kube.of_kind("Pod") if "-master-" in one]:
        world.kube.remove(f"/api/v1/namespaces/data/pods/{name}")
    world.reconcile()

    assert world.state == "Stopping"
    assert not [one for one in world.kube.of_kind("Job") if one.endswith("a")]


def test_each_further_restore_gives_higher_numbers_to_blocks():
    world = InPlaceWorld()
    world.confirm()
    world.until("Restored")
    first = world.container
    world.settle()
    world.file_entries = world.journals[0] or 0
    world.confirm()
    world.until("Checking")
    world.until("Restored")

    assert world.container == first + ID_MARGIN


# --- its confirmation -------------------------------------------------------------------------------------------------


def test_nothing_changes_without_a_confirmation():
    world = InPlaceWorld()
    files = UnpersistedFiles(3, 5 * 1024**2, {"w0": (2, 4 * 1024**2), "w1": (1, 1024**2)}, ("/a", "/b", "/c"))
    world.alluxio.unpersisted = files
    since = len(world.kube.writes)
    world.ask()
    rest(world)

    condition = world.condition(GATE)
    assert condition["reason"] == "AwaitingConfirmation"
    for told in (world.record["confirmation"], "3 newer files", "5Mi", "w0 (2 files, 4Mi)", "/b", "2030-01-02T02:50"):
        assert told in condition["message"]
    assert (world.record["loss"]["files"], world.record["loss"]["workers"][0]["worker"]) == (3, "w0")
    assert world.alluxio.listed[0][2] == 1893552595000
    assert not changed(world, since)
    assert is_ready(world)


def test_without_a_leader_what_is_lost_is_unknown():
    world = InPlaceWorld(lost=True)
    world.ask()
    world.reconcile()

    assert "UNKNOWN how much would be lost: no master leads" in world.condition(GATE)["message"]


def test_what_is_lost_is_counted_as_soon_as_a_master_leads():
    world = InPlaceWorld()
    answers, world.alluxio.answers = world.alluxio.answers, {}
    world.ask()
    world.reconcile()
    assert world.record["loss"]["unknown"] == "no master leads"

    world.alluxio.answers = answers
    world.reconcile()

    assert not world.record["loss"].get("unknown")
    assert "UNKNOWN" not in world.condition(GATE)["message"]


@pytest.mark.parametrize("text", ["yes", "restore-small-from-nightly-000000", "restore-other-from-nightly-3fbdf7"])
def test_another_text_changes_nothing(text: str):
    world = InPlaceWorld()
    since = len(world.kube.writes)
    world.ask(confirmation=text)
    rest(world)

    assert (world.state, world.condition(GATE)["reason"]) == ("AwaitingConfirmation", "WrongConfirmation")
    assert repr(text) in world.condition(GATE)["message"]
    assert not changed(world, since)


def test_a_manifest_that_is_applied_again_restores_nothing():
    world = InPlaceWorld()
    world.confirm()
    text = world.record["confirmation"]
    world.until("Restored")
    world.settle()
    for fields in ({"confirmation": text}, None, {"confirmation": text}, {}, {"confirmation": text}):
        if fields is None:
            world.edit_spec(**world.over)
        else:
            world.ask(**fields)
        rest(world)
        assert world.state in ("Restored", "AwaitingConfirmation")
    assert world.record["confirmation"] != text
    assert world.condition(GATE)["reason"] == "WrongConfirmation"
    assert world.served == [BEFORE, ENTRIES]

    # The new text restores it once more.
    world.file_entries = ENTRIES
    world.ask(confirmation=world.record["confirmation"])
    world.until("Restored")


def test_the_text_of_one_cluster_does_nothing_in_another():
    world = InPlaceWorld()
    world.confirm()
    other = InPlaceWorld()
    other.kube.edit(
        "AlluxioCluster",
        "data",
        "small",
        lambda one: one["metadata"].update(uid="ffffffff-0000-0000-0000-000000000000"),
    )
    other.start_operator()
    other.ask(confirmation=world.record["confirmation"])
    other.reconcile()

    assert other.record["confirmation"] != world.record["confirmation"]
    assert other.state == "AwaitingConfirmation"


@pytest.mark.parametrize("point", ["AwaitingConfirmation", "BackingUp", "Checking"])
def test_removing_the_field_in_time_cancels(point: str):
    world = InPlaceWorld()
    if point == "AwaitingConfirmation":
        world.ask()
    else:
        world.confirm()
    world.until(point)
    world.edit_spec(**world.over)
    rest(world)

    assert world.state == "Cancelled"
    assert is_ready(world)
    assert (world.served, world.aside) == ([BEFORE], {})


@pytest.mark.parametrize("point", ["Stopping", "SettingAside", "Restoring", "Opening", "Syncing"])
def test_once_the_masters_stop_another_backup_changes_nothing(point: str):
    world = InPlaceWorld()
    world.confirm()
    world.until(point)
    world.edit_spec(**world.over, restoreInPlace={"backupName": "other"})
    world.reconcile()
    assert "is under way" in world.condition("SpecValid")["message"]
    world.until("Restored")

    assert world.journals[0] == ENTRIES


@pytest.mark.parametrize("point", ["Opening", "Syncing"])
def test_once_the_names_are_proven_removing_the_field_changes_nothing(point: str):
    world = InPlaceWorld()
    world.confirm()
    world.until(point)
    world.edit_spec(**world.over)
    world.until("Restored")

    assert world.journals[0] == ENTRIES


@pytest.mark.parametrize("masters", [1, 3])
@pytest.mark.parametrize("point", ["Stopping", "SettingAside", "Restoring"])
def test_before_the_names_are_proven_removing_the_field_goes_back(point: str, masters: int):
    world = InPlaceWorld(masters=masters)
    world.confirm()
    world.until(point)
    world.edit_spec(**world.over)
    world.until("WentBack", rounds=60)
    world.settle()

    assert is_ready(world)
    assert (set(world.journals.values()), world.served) == ({BEFORE}, [BEFORE])
    assert "was removed" in world.record["message"]


def test_a_confirmation_that_is_taken_back_in_time_changes_nothing():
    world = InPlaceWorld()
    world.confirm()
    world.until("BackingUp")
    world.ask()
    rest(world)

    assert world.state == "AwaitingConfirmation"
    assert world.served == [BEFORE]


# --- bad input --------------------------------------------------------------------------------------------------------

REFUSED: list[tuple[str, Json, Json]] = [
    ("BackupFailed", {}, source(verified=False, phase="Failed", file=None, summary="the file ends in an entry")),
    ("BackupUnfinished", {}, source(verified=False, phase="Verifying", finished=None, file=None)),
    ("BackupUnverified", {}, source(verified=False)),
    ("BackupRemoved", {}, source(removing=True)),
    ("BackupOfNewerVersion", {"version": "2.9.3"}, source()),
    ("BackupOfOtherCluster", {}, {**backup(**IN_VOLUME, clusterRef={"name": "big"}), "status": SOURCE}),
    ("OtherStorage", {}, {**backup(), "status": builders.merged(SOURCE, {"file": {"location": "/mnt/other/a.gz"}})}),
    (
        "TiersHaveData",
        {"rootMount": S3, "workers": {"workload": "StatefulSet", **ON_DISK}},
        {**backup(), "status": builders.merged(SOURCE, {"file": ROOT_FILE})},
    ),
]


@pytest.mark.parametrize(("reason", "over", "found"), REFUSED, ids=[one[0] for one in REFUSED])
def test_a_backup_that_is_of_no_use_changes_nothing(reason: str, over: Json, found: Json):
    world = InPlaceWorld(source=found, **over)
    since = len(world.kube.writes)
    world.ask(confirmation="yes")
    rest(world)

    condition = world.condition(GATE)
    assert (condition["status"], condition["reason"]) == ("False", reason)
    assert "spec.restoreInPlace" in condition["message"]
    assert not changed(world, since)
    assert is_ready(world)


def test_an_unknown_backup_is_refused_and_found_later():
    world = InPlaceWorld()
    world.edit_spec(**world.over, restoreInPlace={"backupName": "later"})
    rest(world)
    assert world.condition(GATE)["reason"] == "BackupMissing"
    assert world.condition(GATE)["message"].count("lists them") == 1

    world.kube.put({**backup("later", **IN_VOLUME), "status": SOURCE})
    world.reconcile()
    assert world.condition(GATE)["reason"] == "AwaitingConfirmation"


@pytest.mark.parametrize("reason", [Reason.TRUNCATED, Reason.CORRUPT, Reason.MISSING])
def test_a_damaged_file_is_found_before_anything_stops(reason: Reason):
    world = InPlaceWorld()
    world.check_fails = reason
    world.confirm()
    rest(world, 8)

    assert (world.state, world.condition(GATE)["reason"]) == ("Checking", str(reason))
    assert "Nothing has changed" in world.condition(GATE)["message"]
    assert is_ready(world)
    assert world.served == [BEFORE]


def test_one_flipped_byte_is_found_before_anything_stops():
    world = InPlaceWorld()
    world.file_sha256 = "cd" * 32
    world.confirm()
    rest(world, 8)

    assert (world.state, world.condition(GATE)["reason"]) == ("Checking", "RestoreSourceDamaged")
    assert is_ready(world)


def test_a_failed_backup_of_now_keeps_everything_as_it_is():
    world = InPlaceWorld()
    world.backup_fails = True
    world.confirm()
    rest(world, 6)

    assert (world.state, world.condition(GATE)["reason"]) == ("BackingUp", "SafetyBackupFailed")
    assert is_ready(world)


def test_the_masters_stop_once_the_ufs_answers():
    world = InPlaceWorld()
    world.ufs = UfsHealth("no answer in time")
    world.confirm()
    rest(world, 8)
    assert (world.state, world.condition(GATE)["reason"]) == ("Checking", "UfsUnreachable")
    assert is_ready(world)

    world.ufs = UfsHealth()
    world.until("Restored")


def test_a_new_cluster_has_its_own_field_for_that():
    world = World(resource(restoreInPlace={"backupName": "nightly"}))
    world.settle()
    assert world.condition(GATE)["reason"] == "BackupMissing"


# --- others who disturb -----------------------------------------------------------------------------------------------


def test_a_rollout_ends_before_the_masters_stop():
    world = InPlaceWorld(masters=3)
    world.confirm()
    world.until("Checking")
    text = world.record["confirmation"]
    world.over["masters"] = {"replicas": 3, "properties": {"alluxio.master.ttl.checker.interval": "1m"}}
    world.ask(confirmation=text)
    waited = set()
    for _ in range(60):
        world.reconcile()
        if world.state == "Stopping":
            break
        waited.add(world.condition(GATE)["reason"])
        world.turn()
        world.pass_time(5)

    assert "WaitingForOperation" in waited
    world.until("Restored")
    world.settle(40)


def test_a_paused_cluster_begins_nothing():
    world = InPlaceWorld()
    world.ask()
    world.reconcile()
    world.over["paused"] = True
    world.ask(confirmation=world.record["confirmation"])
    rest(world)

    assert world.state == "AwaitingConfirmation"


# --- back -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("masters", [1, 3])
def test_after_the_last_attempt_it_goes_back_to_the_journal_of_before(masters: int):
    world = InPlaceWorld(masters=masters)
    world.deaths = ATTEMPTS
    world.confirm()
    world.until("WentBack", rounds=120)
    world.settle()

    condition = world.condition(GATE)
    assert (condition["status"], condition["reason"]) == ("False", "WentBack")
    assert set(world.journals.values()) == {BEFORE}
    assert world.served == [BEFORE]
    assert is_ready(world)


@pytest.mark.parametrize("reason", ["NoSpace", "RestoreSourceDamaged"])
def test_without_room_for_the_copy_it_goes_back(reason: str):
    world = InPlaceWorld()
    world.copy_fails = f"{reason}: spec.restoreInPlace.backupName: 'nightly': the volume has 0 free bytes"
    world.confirm()
    world.until("WentBack", rounds=60)
    world.settle()

    assert "0 free bytes" in world.record["message"]
    assert (world.served, world.journals) == ([BEFORE], {0: BEFORE})


def test_it_went_back_once_a_master_has_the_entries_of_before():
    world = InPlaceWorld()
    world.deaths = ATTEMPTS
    world.confirm()
    world.until("Returning", rounds=120)
    world.turn()
    world.alluxio.indexes = {"10.0.0.7": 3}
    world.reconcile()
    assert world.state == "Returning"

    world.turn()
    world.reconcile()
    assert world.state == "WentBack"


# --- the disaster -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("masters", [1, 3])
def test_lost_journals_are_restored_when_told_to(masters: int):
    world = InPlaceWorld(masters=masters, lost=True)
    rest(world)
    assert world.condition("JournalInitialized")["reason"] == "JournalMissing"
    world.confirm()
    world.until("Restored", rounds=60)
    world.settle()

    assert "the way back" in world.record["withoutSafetyBackup"]
    assert not world.record["hadJournal"]
    assert set(world.journals.values()) == {ENTRIES}


def test_a_lost_journal_is_offered_the_newest_verified_backup():
    world = InPlaceWorld(lost=True)
    rest(world)

    message = world.condition("JournalInitialized")["message"]
    assert "AlluxioBackup nightly" in message
    assert "2030-01-02T02:50:00Z" in message
    assert '{"spec":{"restoreInPlace":{"backupName":"nightly"}}}' in message
    assert world.state == ""


def test_without_a_way_back_another_backup_can_be_named():
    world = InPlaceWorld(lost=True)
    world.deaths = ATTEMPTS
    world.confirm()
    world.until("Failed", rounds=120)
    world.turn()
    world.reconcile()
    assert world.condition(GATE)["reason"] == "RestoreFailed"
    assert world.journals == {0: None}

    world.kube.put({**backup("older", uid="u2", **IN_VOLUME), "status": SOURCE})
    world.edit_spec(**world.over, restoreInPlace={"backupName": "older"})
    world.reconcile()
    text = world.record["confirmation"]
    world.edit_spec(**world.over, restoreInPlace={"backupName": "older", "confirmation": text})
    world.until("Restored", rounds=60)
    world.settle()


def test_pvcs_that_are_gone_are_created_by_a_confirmed_restore_only():
    world = InPlaceWorld()
    path = "/api/v1/namespaces/data/persistentvolumeclaims/journal-small-master-0"

    def bind(claim: Json) -> None:
        claim["spec"]["volumeName"] = "pv-1"
        claim["status"] = {"phase": "Bound", "capacity": {"storage": "1Gi"}}

    world.kube.edit("PersistentVolumeClaim", "data", "journal-small-master-0", bind)
    rest(world)
    world.lose_journals()
    world.kube.remove(path)
    rest(world)
    assert path not in world.kube.objects
    assert world.condition("VolumesAvailable")["reason"] == "VolumeMissing"
    assert "AlluxioBackup nightly" in world.condition("VolumesAvailable")["message"]

    world.confirm()
    world.until("Restored", rounds=60)

    assert path in world.kube.objects


# --- blocks -----------------------------------------------------------------------------------------------------------


def test_workers_start_empty_if_alluxio_reads_the_file_itself():
    found = {**backup(), "status": builders.merged(SOURCE, {"file": ROOT_FILE})}
    world = InPlaceWorld(source=found, rootMount=S3)
    worker = world.kube.object("Pod", "data", "small-worker-0")["metadata"]["uid"]
    world.ask()
    world.reconcile()
    assert "restart with empty caches" in world.condition(GATE)["message"]
    assert world.alluxio.listed[0][2] == 0

    world.confirm()
    world.until("Opening")
    world.turn()
    world.pass_time(5)
    assert world.kube.object("Pod", "data", "small-worker-0")["metadata"]["uid"] == worker
    world.until("Restored")
    world.settle()

    assert world.kube.object("Pod", "data", "small-worker-0")["metadata"]["uid"] != worker


# --- crashes ----------------------------------------------------------------------------------------------------------


NO_SPACE = "NoSpace: spec.restoreInPlace.backupName: 'nightly': the volume has 0 free bytes"


def confirmed(masters: int, deaths: int, *, lost: bool = False, copy_fails: str = "") -> InPlaceWorld:
    world = InPlaceWorld(masters=masters, lost=lost)
    world.deaths, world.copy_fails = deaths, copy_fails
    world.ask()
    world.reconcile()
    world.ask(confirmation=world.record["confirmation"])
    world.kube.writes.clear()
    return world


def finish(world: InPlaceWorld, rounds: int = 120) -> None:
    """Go on until the restore has ended and the cluster is Ready, and restart a stopped operator."""
    for _ in range(rounds):
        try:
            world.reconcile()
        except Stopped:
            world.kube.before_call = world.kube.after_write = lambda verb, path: None
            world.start_operator()
        if world.state in ("Restored", "WentBack") and is_ready(world):
            return
        world.turn()
        world.pass_time(5)
    raise AssertionError(f"not done: {world.status}")


SHARES = 4
"""Tests that the writes of a restore are divided among: a busy machine needs minutes for all of them."""

SHARE = [0, *(pytest.param(share, marks=pytest.mark.long) for share in range(1, SHARES))]
"""Every fourth write in every run, and the others in the long one."""


@pytest.mark.parametrize("share", SHARE)
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    ("masters", "deaths", "lost", "copy_fails"),
    [(1, 1, False, ""), (3, 0, False, ""), (1, 0, False, NO_SPACE), (1, 0, True, "")],
    ids=["again", "three", "back", "lost"],
)
def test_an_operator_stopped_at_any_write_serves_whole_names(
    masters: int, deaths: int, lost: bool, copy_fails: str, after: bool, share: int
):
    def make() -> InPlaceWorld:
        return confirmed(masters, deaths, lost=lost, copy_fails=copy_fails)

    undisturbed = make()
    finish(undisturbed)
    kept = ENTRIES if undisturbed.state == "Restored" else BEFORE
    for count in range(1 + share, len(undisturbed.kube.writes) + 1, SHARES):
        world = make()
        stop_at(world, count, after=after)
        finish(world)

        where = f"write {count}: {undisturbed.kube.writes[count - 1]}"
        assert world.state == undisturbed.state, where
        assert set(world.journals.values()) == {kept}, where
        assert world.served in ([BEFORE, kept], [kept]), where


@pytest.mark.parametrize("share", SHARE)
def test_a_leader_killed_at_any_write_of_the_operator_ends_with_whole_names(share: int):
    undisturbed = confirmed(1, 0)
    undisturbed.until("Restored")
    for count in range(1 + share, len(undisturbed.kube.writes) + 1, SHARES):
        world, seen = confirmed(1, 0), 0

        def kill(verb: str, path: str, world: InPlaceWorld = world, at: int = count) -> None:
            nonlocal seen
            if verb in ("get", "list"):
                return
            seen += 1
            if seen == at and world.leads:
                world.kill_leader()

        world.kube.before_call = kill
        world.until("Restored", rounds=80)
        world.settle(40)
        assert world.journals == {0: ENTRIES}
