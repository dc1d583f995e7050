"""Several masters under an operator that is stopped at any write: installed, adopted, stopped and started, rejoined."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.support.builders import info, resource
from tests.support.crashes import INSTALLATION, install, jobs_made, outcome, refusals, stop_at, stopped_at_each
from tests.support.three_masters import THREE, Three, settled

from alluxio_operator.kube.errors import Refused

Json = dict[str, Any]


def adopting() -> Three:
    used = settled()
    world = Three(resource(uid="ffffffff-0000-0000-0000-000000000000", **THREE))
    for ordinal in range(3):
        world.kube.put(used.kube.object("PersistentVolumeClaim", "data", f"journal-small-master-{ordinal}"))
    return world


@pytest.mark.parametrize("make", [Three, adopting], ids=["fresh", "adopting"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_stopped_at_any_write_of_an_installation_it_ends_the_same(make: Callable[[], Three], after: bool):
    expected = make()
    assert not install(expected)
    assert len(jobs_made(expected)) == 3
    assert expected.status["journal"]["members"] == 3

    for world, where in stopped_at_each(make, expected.kube.writes, INSTALLATION, after=after):
        assert outcome(world) == outcome(expected), where
        assert jobs_made(world) == jobs_made(expected), f"{where}: a member's Job had one name only"


def test_no_job_is_applied_before_the_status_names_its_operation_and_its_members():
    world = Three()
    seen = []

    def watch(verb: str, path: str) -> None:
        if verb == "apply" and "/jobs/" in path:
            seen.append(world.status["journal"]["members"])
            assert f"-journal-{world.status['journal']['operation']}" in path

    world.kube.before_call = watch
    install(world)

    assert set(seen) == {3}


def test_no_master_starts_before_all_have_their_journal():
    world = Three()
    world.reconcile()
    for ordinal, name in enumerate(world.kube.of_kind("Job")):
        assert not world.kube.of_kind("StatefulSet"), f"after {ordinal} of 3"
        world.kube.edit("Job", "data", name, done)
        world.reconcile()

    assert "small-master" in world.kube.of_kind("StatefulSet")


def done(job: Json) -> None:
    job["status"] = {"conditions": [{"type": "Complete", "status": "True"}]}


# --- 3, 0, 3 ------------------------------------------------------------------------------------------------------


def test_scaled_to_zero_and_back_nothing_but_the_number_of_pods_changes():
    world = settled()
    before = outcome(world)[0]

    world.edit_spec(masters={"replicas": 0})
    for _ in range(4):
        world.reconcile()
        world.turn()

    assert world.phase == "Stopped"
    claims = [name for name in world.kube.of_kind("PersistentVolumeClaim") if name.startswith("journal-")]
    assert claims == [f"journal-small-master-{ordinal}" for ordinal in range(3)]
    assert not world.pod_of("master")
    stopped = outcome(world)[0]
    [changed] = [path for path in before if stopped[path] != before[path]]
    assert changed.endswith("/statefulsets/small-master"), "no worker restarts for it"

    world.edit_spec()
    world.settle()

    assert outcome(world)[0] == before


@pytest.mark.parametrize("replicas", [1, 5])
def test_after_zero_no_other_number_is_followed(replicas: int):
    world = settled()
    world.edit_spec(masters={"replicas": 0})
    world.reconcile()
    world.turn()

    # As where the API server's own rule is missing.
    world.edit_spec(masters={"replicas": replicas})
    world.kube.writes.clear()
    world.reconcile()

    assert world.phase == "Invalid"
    assert "differs from 3, the number of masters" in world.condition("SpecValid")["message"]
    assert [path for verb, path in world.kube.writes if verb == "apply"] == []


# --- a member without its journal ---------------------------------------------------------------------------------


def test_a_member_that_lost_its_journal_is_permitted_to_join_again():
    world = settled()
    world.lose(2)

    world.reconcile()

    assert world.permitted() == ["small-master-2"]
    assert world.condition("QuorumHealthy")["reason"] == "Rejoining"
    assert world.condition("MastersServing")["status"] == "True"
    assert world.status["journal"]["rejoin"] == {
        "pod": "small-master-2",
        "uid": world.master(2)["metadata"]["uid"],
        "index": 40,
    }

    world.turn()
    world.settle()

    assert world.phase == "Ready"
    assert "rejoin" not in world.status["journal"]


def test_the_intent_is_in_the_status_before_the_pod_is_permitted():
    world = settled()
    world.lose(2)
    order: list[str] = []
    world.kube.before_call = lambda verb, path: order.append(f"{verb} {path}") if verb in ("replace", "merge") else None

    world.reconcile()

    assert [line.rsplit("/", 1)[1] for line in order[:2]] == ["status", "small-master-2"]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_stopped_at_any_write_of_a_rejoin_it_ends_the_same(after: bool):
    def losing() -> Three:
        world = settled()
        world.lose(2)
        return world

    expected = losing()
    expected.reconcile()
    writes = list(expected.kube.writes)
    assert ("merge", "/api/v1/namespaces/data/pods/small-master-2") in writes

    for world, where in stopped_at_each(losing, writes, INSTALLATION, after=after):
        assert world.phase == "Ready", where
        assert not refusals(world), where
        assert set(world.permitted()) <= {"small-master-2"}


def test_an_operator_stopped_between_both_writes_permits_no_rejoin_without_a_quorum():
    world = settled()
    world.lose(2)
    stop_at(world, 1, after=True)
    with pytest.raises(BaseException, match="replace"):
        world.reconcile()
    assert world.status["journal"]["rejoin"]["pod"] == "small-master-2"

    # Meanwhile a second one loses its journal, too.
    world.kube.before_call = world.kube.after_write = lambda verb, path: None
    world.lose(1)
    world.start_operator()
    for _ in range(3):
        world.reconcile()

    assert world.permitted() == []
    assert "rejoin" not in world.status["journal"], "and the intent is withdrawn"
    assert world.condition("JournalInitialized")["reason"] == "JournalMissing"


def test_two_of_three_lost_are_permitted_never():
    world = settled()
    world.lose(1)
    world.lose(2)

    for _ in range(5):
        world.reconcile()
        world.pass_time(60)

    assert world.permitted() == []
    assert world.condition("JournalInitialized")["reason"] == "JournalMissing"
    assert world.phase == "Degraded"


def test_the_permission_does_not_reach_a_pod_that_took_the_name_meanwhile():
    world = settled()
    world.lose(2)
    first = world.master(2)["metadata"]["uid"]

    def replaced(verb: str, path: str) -> None:
        if verb == "merge":
            world.kube.before_call = lambda verb, path: None
            world.lose(2)

    world.kube.before_call = replaced
    world.reconcile()

    assert world.master(2)["metadata"]["uid"] != first
    assert world.permitted() == []

    world.reconcile()
    assert world.permitted() == ["small-master-2"], "which the next look permits in its own right"


def test_an_operator_that_may_not_patch_pods_says_so():
    world = settled()
    world.lose(2)

    def forbid(verb: str, path: str) -> None:
        if verb == "merge":
            raise Refused(f"PATCH {path}", 403, "pods is forbidden")

    world.kube.before_call = forbid
    world.reconcile()

    assert world.condition("ConfigurationApplied")["reason"] == "Refused"
    assert "to rejoin with an empty journal: pods is forbidden" in world.condition("ConfigurationApplied")["message"]
    assert world.alluxio.master == info(live=1), "and the others serve on"
