"""A change that fails is taken back to the last spec by which the cluster was Ready, without a word in its spec."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from typing import Any

import pytest
from tests.support.crashes import outcome, run, stopped_at_each
from tests.support.three_masters import Three, deleted, outdated

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.api.alluxiocluster import KIND
from alluxio_operator.kinds.cluster.names import MASTER, WORKER
from alluxio_operator.kinds.cluster.rollout.health import CONFIG_HASH
from alluxio_operator.kinds.cluster.rollout.revisions import HISTORY_LIMIT
from alluxio_operator.kube.errors import Refused

Json = dict[str, Any]
ROLLBACK: Json = {"upgrade": {"autoRollback": True, "stepTimeoutSeconds": 60}}
BAD_MASTERS: Json = {"masters": {"replicas": 3, "properties": {"alluxio.master.journal.log.size.bytes.max": "never"}}}
BAD_WORKERS: Json = {"workers": {"properties": {"alluxio.worker.network.reader.buffer.size": "-1MB"}}}
OTHER_WORKERS: Json = {"workers": {"properties": {"alluxio.worker.network.reader.buffer.size": "2MB"}}}


class Breakable(Three):
    """Pods of masters and workers run with the configurations of `works` only, by role; with any until it is set."""

    def __init__(self) -> None:
        super().__init__()
        self.works: dict[str, set[str]] = {}

    def turn(self, *, job: bool = True, pods: bool = True, serves: bool = True) -> None:
        super().turn(job=job, pods=pods, serves=serves)
        for name in self.kube.of_kind("Pod"):
            pod = self.kube.object("Pod", self.namespace, name)
            known = self.works.get(pod["metadata"]["labels"]["app.kubernetes.io/component"])
            if known is not None and pod["metadata"]["annotations"][CONFIG_HASH] not in known:
                self._fail(name, pod)

    def good_as_it_is(self) -> None:
        """Let nothing work from now on but what runs now."""
        for role in (MASTER, WORKER):
            pod = self.pod_of(role)
            assert pod
            self.works.setdefault(role, set()).add(pod["metadata"]["annotations"][CONFIG_HASH])

    def _fail(self, name: str, pod: Json) -> None:
        # It runs and never serves, as a process that doesn't like its configuration may.
        containers = [{**one, "ready": False, "started": False} for one in pod["status"]["containerStatuses"]]
        conditions = [{"type": "Ready", "status": "False"}]
        status = {**pod["status"], "conditions": conditions, "containerStatuses": containers}
        self.kube.edit("Pod", self.namespace, name, lambda one: one.update(status=status))
        if "-master-" in name:
            self.alluxio.answers[pod["status"]["podIP"]] = NoAnswer("connection refused")

    def goes_on(self, rounds: int = 12) -> None:
        for _ in range(rounds):
            self.reconcile()
            self.turn()

    @property
    def made_now(self) -> Json:
        return self.kube.object(KIND, self.namespace, self.name)

    def revisions(self) -> list[str]:
        return list(self.kube.of_kind("ControllerRevision"))


@cache
def _settled() -> Breakable:
    world = Breakable()
    world.edit_spec(**ROLLBACK)
    world.settle()
    world.good_as_it_is()
    return world


def settled() -> Breakable:
    world = Breakable()
    # As it was settled once: to do that anew for each crash point would take most of the test's time.
    world.kube = deepcopy(_settled().kube)
    world.works = deepcopy(_settled().works)
    world.start_operator()
    world.turn()
    world.kube.writes.clear()
    return world


def failed(**change: Any) -> Breakable:
    world = settled()
    world.edit_spec(**ROLLBACK, **change)
    world.goes_on()
    world.pass_time(61)
    return world


def test_the_spec_of_a_ready_cluster_is_kept():
    world = settled()
    [name] = [one for one in world.revisions() if one == world.status["lastGoodSpec"]["revision"]]
    kept = world.kube.object("ControllerRevision", world.namespace, name)

    assert kept["data"]["spec"] == world.made_now["spec"]
    assert kept["metadata"]["ownerReferences"][0]["name"] == world.name, "it goes with its cluster"


def test_a_worker_that_failed_before_a_change_does_not_roll_it_back():
    world = settled()
    world.works[WORKER] = set()
    world.goes_on(2)
    world.pass_time(150)
    world.edit_spec(**ROLLBACK, **OTHER_WORKERS)
    world.goes_on()
    assert world.status["rollout"]["failedBefore"] is True
    world.pass_time(61)
    world.goes_on()

    assert "rollback" not in world.status
    assert world.condition("UpToDate")["reason"] == "StepTimedOut"
    assert "It failed before the change, too: fix the cause" in world.condition("UpToDate")["message"]


def test_masters_that_wait_for_their_journal_take_no_change_back():
    world = settled()
    hashed = {CONFIG_HASH: world.master(0)["metadata"]["annotations"][CONFIG_HASH]}
    for ordinal in range(2):
        world.lose(ordinal)
        name = f"small-master-{ordinal}"
        world.kube.edit("Pod", world.namespace, name, lambda pod: pod["metadata"].update(annotations=hashed))
    world.alluxio.answers = {}
    world.reconcile()
    world.kube.writes.clear()
    world.edit_spec(**ROLLBACK, **BAD_MASTERS)
    for _ in range(3):
        world.reconcile()
        world.pass_time(61)
    world.reconcile()

    assert deleted(world) == []
    assert "rollback" not in world.status
    assert "rollout" not in world.status
    assert world.condition("UpToDate")["reason"] == "HeldForQuorum"
    assert world.condition("JournalInitialized")["reason"] == "JournalMissing"


def test_masters_that_fail_are_taken_back_and_the_others_were_never_touched():
    world = failed(**BAD_MASTERS)
    world.reconcile()
    assert world.status["rollback"]["generation"] == world.made_now["metadata"]["generation"]
    world.goes_on()

    assert deleted(world) == ["small-master-2", "small-master-2"]
    assert (world.condition("Ready")["status"], world.condition("Ready")["reason"]) == ("True", "RolledBack")
    assert world.condition("UpToDate")["reason"] == "RolledBack"
    assert world.condition("Degraded")["reason"] == "RolledBack"
    assert world.phase == "Degraded"
    assert not outdated(world)


def test_the_spec_is_not_written():
    world = failed(**BAD_MASTERS)
    before = deepcopy(world.made_now["spec"])
    world.goes_on()

    assert world.made_now["spec"] == before
    assert not [path for _, path in world.kube.writes if path.endswith("/alluxioclusters/small")]


def test_history_tells_of_the_failure_and_of_the_way_back():
    world = failed(**BAD_MASTERS)
    world.goes_on()
    change, back = world.status["history"][-2:]

    assert (change["what"], change["outcome"]) == ("Changed", "Failed")
    assert (back["what"], back["from"], back["to"]) == ("RolledBack", "generation 3", "generation 2")
    assert (back["by"], back["outcome"], back["replaced"]) == ("alluxio-operator", "Succeeded", 1)


def test_it_stays_with_the_good_spec_also_under_another_operator_and_a_resync():
    world = failed(**BAD_MASTERS)
    world.goes_on()
    world.kube.writes.clear()
    world.start_operator()
    world.pass_time(1800)
    world.goes_on()

    assert not world.kube.writes


def test_another_edit_is_followed():
    world = failed(**BAD_MASTERS)
    world.goes_on()
    world.works.clear()
    world.edit_spec(**ROLLBACK, **OTHER_WORKERS)
    world.settle()

    assert world.phase == "Ready"
    assert "rollback" not in world.status
    assert world.status["lastGoodSpec"]["generation"] == world.made_now["metadata"]["generation"]


def test_a_rollback_that_fails_too_ends_there():
    world = failed(**BAD_MASTERS)
    world.works[MASTER] = set()
    world.goes_on()
    world.pass_time(61)
    before = deleted(world)
    world.goes_on()

    assert world.condition("UpToDate")["reason"] == "StepTimedOut"
    assert world.status["history"][-1]["outcome"] == "Failed"
    assert deleted(world) == before


def test_without_auto_rollback_it_waits_for_a_person():
    world = settled()
    world.edit_spec(**BAD_MASTERS, upgrade={"stepTimeoutSeconds": 60})
    world.goes_on()
    world.pass_time(61)
    world.goes_on()

    assert world.condition("UpToDate")["reason"] == "StepTimedOut"
    assert "rollback" not in world.status


def test_what_restarts_no_pod_is_followed_after_a_rollback_too():
    world = failed(**BAD_MASTERS)
    world.goes_on()
    world.kube.edit(KIND, world.namespace, world.name, lambda one: one["spec"].update(paused=True))
    # Another edit ends the rollback; but while it is paused nothing happens, and the pause itself is heeded.
    world.goes_on(3)

    assert world.phase == "Paused"


def test_a_revision_that_somebody_deleted_is_missed_aloud():
    world = failed(**BAD_MASTERS)
    world.reconcile()
    world.kube.remove(f"/apis/apps/v1/namespaces/data/controllerrevisions/{world.status['lastGoodSpec']['revision']}")
    world.goes_on()

    said = world.condition("UpToDate")
    assert (said["status"], said["reason"]) == ("False", "RevisionMissing")
    assert world.status["lastGoodSpec"]["revision"] in said["message"]
    assert world.phase == "Degraded"


def test_a_right_that_is_missing_holds_up_nothing():
    world = Breakable()

    def refuse(verb: str, path: str) -> None:
        if "/controllerrevisions" in path:
            raise Refused("POST", 403, "controllerrevisions is forbidden")

    world.kube.before_call = refuse
    world.settle()

    assert world.phase == "Ready"
    assert "lastGoodSpec" not in world.status, "nothing is named that isn't there"


def test_only_the_last_revisions_are_kept():
    world = Breakable()
    world.settle()
    for number in range(HISTORY_LIMIT + 2):
        world.edit_spec(workers={"properties": {"alluxio.worker.free.space.timeout": f"{number + 11}s"}})
        world.settle()

    assert len(world.revisions()) == HISTORY_LIMIT
    assert world.status["lastGoodSpec"]["revision"] in world.revisions()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_stopped_at_any_write_of_a_rollback_it_ends_the_same(after: bool):
    def failing() -> Breakable:
        world = failed(**BAD_WORKERS)
        world.kube.writes.clear()
        return world

    expected = failing()
    assert not run(expected, 20)
    assert expected.condition("UpToDate")["reason"] == "RolledBack"

    for world, where in stopped_at_each(failing, expected.kube.writes, 20, after=after):
        assert outcome(world) == outcome(expected), where
        assert deleted(world) == deleted(expected), f"{where}: no pod is replaced twice"


def test_volumes_that_have_grown_stay_as_large():
    world = settled()
    bound = {"phase": "Bound", "capacity": {"storage": "1Gi"}}
    for name in world.kube.of_kind("PersistentVolumeClaim"):
        world.kube.edit("PersistentVolumeClaim", "data", name, lambda claim: claim.update(status=bound))
    world.edit_spec(**ROLLBACK, masters={**BAD_MASTERS["masters"], "journal": {"storage": {"size": "20Gi"}}})
    world.goes_on()
    world.pass_time(61)
    world.goes_on()

    assert world.condition("UpToDate")["reason"] == "RolledBack"
    assert world.condition("Ready")["status"] == "True"
    claims = [world.kube.object("PersistentVolumeClaim", "data", f"journal-small-master-{n}") for n in range(3)]
    assert {claim["spec"]["resources"]["requests"]["storage"] for claim in claims} == {"20Gi"}
    assert not [message for message in world.status["conditions"] if message["reason"] == "Refused"]
