"""The number of masters changes on a living cluster: one member at a time, and never below a majority."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.support.changing_masters import settled
from tests.support.crashes import Stopped, stop_at

Json = dict[str, Any]
CLAIMS = [f"journal-small-master-{ordinal}" for ordinal in range(3)]
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


def test_the_lead_moves_to_the_first_master_before_a_quorum_becomes_one():
    world = settled(3)
    world.preferred = 2
    world.turn()

    world.replicas(1)
    world.until(1)

    assert world.alluxio.transfers == [("small-master-0.data.svc", 19200)]
    assert [host for host, _ in world.alluxio.removed] == ["small-master-2.data.svc", "small-master-1.data.svc"]
    assert world.dangers == []


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
@pytest.mark.parametrize(("before", "after"), [(1, 3), (3, 1)])
@pytest.mark.parametrize("rounds", range(1, 26, 2))
def test_a_change_can_be_taken_back_at_any_time(before: int, after: int, rounds: int):
    world = settled(before)
    world.replicas(after)
    for _ in range(rounds):
        world.reconcile()
        world.turn()
        world.now += timedelta(seconds=5)

    world.replicas(before)
    world.until(before)

    assert world.dangers == []
    assert world.members == world.running() == set(range(before))


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


@pytest.mark.parametrize("away", [1, 2])
def test_nothing_begins_while_a_member_is_away(away: int):
    world = settled(3)
    world.members.discard(away)
    world.asked[away] = world.kube.object("Pod", "data", f"small-master-{away}")["metadata"]["uid"]

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
