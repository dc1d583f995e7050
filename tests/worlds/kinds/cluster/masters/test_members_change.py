"""The number of masters changes on a living cluster: one member at a time, and never below a majority."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import Any

import pytest
from tests.support.builders import resource
from tests.support.changing_masters import Masters, settled
from tests.support.crashes import Stopped, stop_at
from tests.support.three_masters import config_hash

from alluxio_operator.kinds.cluster.validate import MEMBER_CHANGES

Json = dict[str, Any]
CLAIMS = [f"journal-small-master-{ordinal}" for ordinal in range(3)]
KEPT: Json = {"deletionPolicy": "Retain", "logServer": {"enabled": False}}
WAYS = [(1, 3), (3, 1), (3, 5), (5, 3), (1, 5), (5, 1)]


@pytest.mark.parametrize(("before", "after"), WAYS)
def test_the_number_of_masters_changes_without_a_danger(before: int, after: int):
    world = settled(before)

    world.replicas(after)
    world.until(after)

    assert world.dangers == []
    assert world.members == set(range(after))
    assert world.running() == set(range(after))


def test_a_lone_master_does_not_restart_before_the_others_have_joined():
    world = settled(1)
    first = world.kube.object("Pod", "data", "small-master-0")["metadata"]["uid"]
    joined: list[int] = []
    world.kube.before_call = lambda verb, path: (
        joined.append(len(world.members)) if verb == "delete" and path.endswith("small-master-0") else None
    )

    world.replicas(3)
    world.until(3)

    assert joined == [3]
    assert world.kube.object("Pod", "data", "small-master-0")["metadata"]["uid"] != first


def test_workers_and_clients_learn_of_new_masters_once_all_have_joined():
    world = settled(1)
    seen: list[tuple[int, str]] = []

    def watch(verb: str, path: str) -> None:
        if verb == "apply" and path.endswith(("small-client", "small-workerconf")):
            seen.append((len(world.members), path.rpartition("/")[2]))

    world.kube.before_call = watch
    world.replicas(3)
    world.until(3)

    assert {members for members, _ in seen} == {3}
    text = world.kube.object("ConfigMap", "data", "small-client")["data"]["alluxio-site.properties"]
    assert "small-master-0.data.svc\\:19998,small-master-1.data.svc\\:19998,small-master-2.data.svc\\:19998" in text


@pytest.mark.parametrize("leader", [0, 1, 2])
def test_any_master_may_lead_while_a_quorum_becomes_one(leader: int):
    world = settled(3)
    world.preferred = leader
    world.turn()
    world.preferred = None

    world.replicas(1)
    world.until(1)

    assert world.alluxio.transfers == []
    # One that removed itself restarts in its pod, and joins again.
    removed = dict.fromkeys(host for host, _ in world.alluxio.removed)
    assert list(removed) == ["small-master-2.data.svc", "small-master-1.data.svc"]
    assert world.dangers == []


@pytest.mark.parametrize("back", [False, True])
def test_a_new_master_may_take_the_lead_while_it_joins(back: bool):
    world = settled(1)
    world.preferred = 1

    world.replicas(3)
    for _ in range(40):
        world.reconcile()
        world.turn()
        world.now += timedelta(seconds=5)
        if world.leader == 1:
            break
    assert world.leader == 1
    world.preferred = None
    if back:
        world.replicas(1)
    world.until(1 if back else 3, rounds=120)

    assert world.dangers == []
    assert world.leader == 0


def test_pvcs_of_former_masters_stay_and_no_later_cluster_takes_them_for_its_own():
    world = settled(3)

    world.replicas(1)
    world.until(1)

    claims = {name: world.kube.object("PersistentVolumeClaim", "data", name) for name in CLAIMS}
    marks = [claims[name]["metadata"]["annotations"].get("alluxio-operator.io/journal") for name in CLAIMS]
    assert marks == ["initialized", "former", "former"]
    assert [one for one in world.kube.writes if one[0] == "delete" and "persistentvolumeclaims" in one[1]] == []


def test_the_journal_of_a_former_member_is_moved_away_before_its_master_starts():
    world = settled(3)
    world.replicas(1)
    world.until(1)
    world.stale = {1, 2}

    world.replicas(3)
    world.until(3)

    assert world.dangers == []
    assert world.stale == set()


def test_a_removed_master_that_restarts_in_between_is_removed_again():
    world = settled(3)
    world.replicas(1)
    for _ in range(60):
        world.reconcile()
        if world.status["journal"].get("change", {}).get("state") == "Stopping":
            break
        world.turn()
    world.members.add(2)

    world.until(1)

    assert [host.partition(".")[0] for host, _ in world.alluxio.removed].count("small-master-2") >= 2
    assert world.members == {0}


def test_the_second_of_two_members_starts_again_if_its_removal_did_not_last():
    world = settled(3)
    world.replicas(1)
    for _ in range(60):
        world.reconcile()
        change = world.status["journal"].get("change", {})
        if change.get("state") == "Stopping" and change["members"] == 1:
            break
        world.turn()
    # Its process has restarted after the leader confirmed the removal, and its pod has stopped since.
    world.members.add(1)
    world.dangers.clear()

    world.until(1, rounds=120)

    assert world.members == {0}
    assert world.leader == 0


def test_a_master_that_asked_to_join_in_vain_is_restarted():
    world = settled(1)
    world.deaf = {1}
    world.replicas(3)
    for _ in range(30):
        world.reconcile()
        world.turn()
        world.now += timedelta(seconds=5)
    assert world.members == {0}
    world.deaf = set()

    world.until(3)

    assert world.members == {0, 1, 2}


def test_a_master_that_never_joins_is_reported_and_the_change_can_be_taken_back():
    world = settled(1)
    world.deaf = {1}
    world.replicas(3)
    for _ in range(150):
        world.reconcile()
        world.turn()
        world.now += timedelta(seconds=5)

    [found] = [one for one in world.status["conditions"] if one["type"] == "MembersChanged"]
    assert (found["status"], found["reason"]) == ("False", "StepTimedOut")
    assert "set spec.masters.replicas back" in found["message"]
    assert world.running() == {0, 1}

    world.replicas(1)
    world.until(1)

    assert world.running() == {0}
    assert world.dangers == []


@pytest.mark.long
@pytest.mark.parametrize(("before", "after"), WAYS)
@pytest.mark.parametrize("rounds", range(1, 40, 3))
def test_a_change_can_be_taken_back_at_any_time(before: int, after: int, rounds: int):
    world = settled(before)
    world.replicas(after)
    for _ in range(rounds):
        world.reconcile()
        world.turn()
        world.now += timedelta(seconds=5)

    world.replicas(before)
    world.until(before, rounds=150)

    assert world.dangers == []
    assert world.members == world.running() == set(range(before))


@pytest.mark.parametrize("seed", range(1))
@pytest.mark.parametrize(("before", "after"), WAYS)
def test_nothing_is_lost_and_each_change_ends_whatever_goes_wrong(before: int, after: int, seed: int):
    whatever_goes_wrong(before, after, seed)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1, 40))
@pytest.mark.parametrize(("before", "after"), WAYS)
def test_nothing_is_lost_and_each_change_ends_for_many_seeds(before: int, after: int, seed: int):
    whatever_goes_wrong(before, after, seed)


def whatever_goes_wrong(before: int, after: int, seed: int) -> None:
    """Change the number to and fro: any master leads, joins take long, masters crash, leaders answer as before."""
    world = settled(before, seed)
    # Journals of former masters are on the other volumes.
    world.stale = set(range(before, 5))
    rng = world.nasty.rng
    for wanted in (after, *(rng.choice((before, after)) for _ in range(4))):
        world.replicas(wanted)
        for _ in range(rng.randint(1, 40)):
            step(world, rng.random() < 0.1)
    world.replicas(after)
    world.until(after)

    assert world.dangers == []
    assert world.members == set(range(after))
    assert set(world.pods()) == set(range(after))
    assert all(history == "this" for _, history in world.started)


def step(world: Masters, stops: bool) -> None:
    """Reconcile once, maybe with an operator that ends at one of its writes."""
    if stops:
        stop_at(world, world.nasty.rng.randint(1, 6), after=world.nasty.rng.random() < 0.5)
    with contextlib.suppress(Stopped):
        world.reconcile()
    if stops:
        world.kube.before_call = world.kube.after_write = lambda verb, path: None
        world.start_operator()
    world.turn()
    world.now += timedelta(seconds=5)


@pytest.mark.long
@pytest.mark.parametrize(("before", "after"), [(1, 3), (3, 1)])
@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
def test_an_operator_that_is_stopped_at_any_write_completes_the_change(before: int, after: int, late: bool):
    quiet = settled(before)
    quiet.replicas(after)
    quiet.until(after)

    for count, write in enumerate(quiet.kube.writes, start=1):
        world = settled(before)
        world.replicas(after)
        stop_at(world, count, after=late)
        with pytest.raises(Stopped):
            world.until(after)
        world.kube.before_call = world.kube.after_write = lambda verb, path: None
        world.start_operator()
        world.until(after)

        assert world.dangers == [], write
        assert world.members == world.running() == set(range(after)), write


# --- what a spec or a user does meanwhile -------------------------------------------------------------------------


def reach(world: Masters, state: str, members: int) -> None:
    """Reconcile until a state of the change is on record."""
    for _ in range(80):
        world.reconcile()
        change = world.status["journal"].get("change", {})
        if (change.get("state"), change.get("members")) == (state, members):
            return
        world.turn()
        world.now += timedelta(seconds=5)
    raise AssertionError(world.status["journal"])


@pytest.mark.parametrize("crashes", [0, 1])
def test_a_corrected_spec_reaches_a_pair_of_which_one_crashes(crashes: int):
    world = settled(1)
    world.replicas(3)
    reach(world, "Preparing", 2)
    template = world.kube.object("StatefulSet", "data", "small-master")["spec"]["template"]
    world.bad_hashes = {config_hash(template), *map(config_hash, world.pods().values())}
    world.crashes = {crashes}
    world.restart_container(crashes)
    for _ in range(30):
        world.turn()
        world.reconcile()
        world.now += timedelta(seconds=5)
    assert world.leader is None

    def more(obj: Json) -> None:
        obj["spec"].setdefault("properties", {})["alluxio.master.metrics.heap.enabled"] = "true"

    world.kube.edit("AlluxioCluster", "data", "small", more)
    world.until(3, rounds=200)

    assert world.members == {0, 1, 2}
    assert world.dangers == []


def test_a_statefulset_that_is_scaled_by_hand_starts_no_former_master():
    world = settled(3)
    world.replicas(1)
    world.until(1)
    world.stale = {1, 2}
    world.kube.edit("StatefulSet", "data", "small-master", lambda obj: obj["spec"].update(replicas=3))
    world.started.clear()

    world.turn()
    world.turn()

    assert set(world.pods()) == {0, 1, 2}
    assert world.running() == {0}
    assert [one for one, _ in world.started] == []


def test_a_member_that_has_lost_its_volumes_mark_gets_a_pod_that_knows_it():
    world = settled(1)
    world.replicas(3)
    world.until(3)
    pod = world.pods()[1]["metadata"]["uid"]
    world.volumes[1].prepared = ""
    world.restart_container(1)
    world.turn()
    assert world.running() == {0, 2}

    world.until(3)

    assert world.pods()[1]["metadata"]["uid"] != pod
    assert world.running() == {0, 1, 2}
    assert world.dangers == []


def test_a_new_version_waits_until_the_number_has_changed():
    world = settled(1)
    world.replicas(3)
    reach(world, "Joining", 1)

    def upgraded(obj: Json) -> None:
        obj["spec"]["version"] = "2.9.5"

    world.kube.edit("AlluxioCluster", "data", "small", upgraded)
    seen: set[str] = set()
    for _ in range(40):
        world.reconcile()
        if world.status["journal"].get("change", {}).get("state") in (None, "Leading"):
            break
        found = world.kube.object("StatefulSet", "data", "small-master")["spec"]["template"]["spec"]["containers"][0]
        seen.add(found["image"])
        assert world.kube.of_kind("AlluxioBackup") == []
        world.turn()
        world.now += timedelta(seconds=5)

    assert seen == {"alluxio/alluxio:2.9.4"}
    assert world.members == {0, 1, 2}


@pytest.mark.parametrize(("before", "after"), [(1, 3), (3, 1), (3, 5)])
@pytest.mark.parametrize(
    "rounds",
    [rounds if rounds in (5, 11) else pytest.param(rounds, marks=pytest.mark.long) for rounds in range(2, 30, 3)],
)
@pytest.mark.parametrize("completes", [True, False])
def test_a_later_cluster_completes_a_change_of_which_the_journals_were_kept(
    before: int, after: int, rounds: int, completes: bool
):
    world = settled(before, **KEPT)
    world.replicas(after)
    for _ in range(rounds):
        world.reconcile()
        world.turn()
        world.now += timedelta(seconds=5)
    settled_at = world.status["journal"]["members"]
    changing = "change" in world.status["journal"] and world.status["journal"]["change"]["state"] != "Leading"
    wanted = after if completes else before
    if not changing:
        wanted = settled_at
    recreate(world, wanted)

    world.until(wanted, rounds=150)

    assert world.dangers == []
    assert world.members == set(range(wanted))
    assert all(history == "this" for _, history in world.started)


def recreate(world: Masters, replicas: int) -> None:
    """Delete the AlluxioCluster with all that it owns, which its kept PVCs aren't, and create it again."""
    for path, obj in list(world.kube.objects.items()):
        kept = obj["kind"] == "Event" or (
            obj["kind"] == "PersistentVolumeClaim" and not obj["metadata"].get("ownerReferences")
        )
        if not kept:
            world.kube.remove(path)
    made = resource(uid="99999999-1111-2222-3333-444455556666", masters={"replicas": replicas}, **KEPT)
    made["metadata"]["annotations"] = {MEMBER_CHANGES: "true"}
    world.kube.put(made)
    world.start_operator()
    world.turn()


def test_a_new_cluster_does_not_serve_the_journals_of_former_masters():
    world = settled(3, **KEPT)
    world.replicas(1)
    world.until(1)
    world.kube.remove("/api/v1/namespaces/data/persistentvolumeclaims/journal-small-master-0")
    world.volumes.pop(0)
    world.stale = {1, 2}
    recreate(world, 3)
    world.started.clear()
    for _ in range(10):
        world.reconcile()
        world.turn()

    assert world.condition("JournalInitialized")["reason"] == "FormerJournals"
    assert (
        "delete PVC journal-small-master-1, journal-small-master-2" in world.condition("JournalInitialized")["message"]
    )
    assert world.started == []


@pytest.mark.parametrize("minutes", [0, 11])
def test_nodes_can_be_drained_once_a_step_takes_too_long(minutes: int):
    world = settled(1)
    world.deaf = {1}
    world.replicas(3)
    reach(world, "Joining", 1)
    world.turn()
    world.now += timedelta(minutes=minutes)
    world.reconcile()

    budget = world.kube.object("PodDisruptionBudget", "data", "small-master")
    assert budget["spec"]["maxUnavailable"] == (1 if minutes else 0)


@pytest.mark.parametrize("away", [1, 2])
def test_nothing_begins_while_a_member_is_away(away: int):
    world = settled(3)
    world.members.discard(away)
    world.turn()

    world.replicas(5)
    for _ in range(20):
        world.reconcile()
        world.turn()
        world.now += timedelta(seconds=5)

    assert "change" not in world.status["journal"]
    assert world.running() == {0, 1, 2}
    [found] = [one for one in world.status["conditions"] if one["type"] == "MembersChanged"]
    assert found["reason"] == "Waiting"


def test_a_paused_cluster_keeps_its_masters():
    world = settled(1)
    world.kube.edit("AlluxioCluster", "data", "small", lambda obj: obj["spec"].update(paused=True))
    world.replicas(3)
    for _ in range(10):
        world.reconcile()
        world.turn()

    assert world.running() == {0}
    assert "change" not in world.status["journal"]
