"""A change of the spec reaches every pod, in an order that breaks no quorum, also under an operator that is stopped."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from typing import Any

import pytest
from tests.support.builders import container_status, resource
from tests.support.crashes import outcome, run, stopped_at_each
from tests.support.three_masters import THREE, Three, config_hash, deleted, outdated, settled
from tests.support.world import World, address

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.api.alluxiocluster import KIND
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.kinds.cluster.ufs.endpoints import UfsHealth
from alluxio_operator.kube.errors import Refused
from alluxio_operator.kube.kinds import KINDS

Json = dict[str, Any]
MASTERS = {**THREE["masters"], "properties": {"alluxio.master.journal.checkpoint.period.entries": "400000"}}
EVERYBODY: Json = {"properties": {"alluxio.user.metrics.collection.enabled": "true"}}


def test_masters_are_replaced_one_by_one_and_nobody_else():
    world = settled()
    world.edit_spec(masters=MASTERS)
    ready: list[int] = []

    def watch(verb: str, path: str) -> None:
        if verb == "delete" and "/pods/" in path:
            pods = [world.kube.object("Pod", world.namespace, name) for name in world.kube.of_kind("Pod")]
            ready.append(sum("-master-" in one["metadata"]["name"] and _is_ready(one) for one in pods))

    world.kube.before_call = watch
    world.settle(40)

    assert deleted(world) == ["small-master-2", "small-master-1", "small-master-0"]
    assert ready == [3, 3, 3], "all masters were well before each step"
    assert not outdated(world)
    assert world.condition("UpToDate")["status"] == "True"


def test_no_master_is_replaced_before_the_ufs_is_back():
    world = settled()
    world.ufs = UfsHealth("http://namenode.data.svc:8020: connection refused")
    world.edit_spec(**EVERYBODY)
    for _ in range(5):
        world.reconcile()
        world.turn()

    assert deleted(world) == []
    assert world.condition("UpToDate")["reason"] == "HeldForUfs"
    assert "rollout" not in world.status

    world.ufs = UfsHealth()
    world.settle(40)

    assert not outdated(world)


def _is_ready(pod: Json) -> bool:
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"]["conditions"])


def test_a_change_for_all_reaches_masters_then_the_job_master_then_workers():
    world = settled()
    world.edit_spec(**EVERYBODY)
    world.settle(40)

    assert deleted(world) == [
        "small-master-2",
        "small-master-1",
        "small-master-0",
        "small-jobmaster-0",
        "small-worker-0",
    ]
    assert not outdated(world)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_stopped_at_any_write_of_a_rolling_change_it_ends_the_same(after: bool):
    expected = _changed()
    assert not run(expected, 60)

    for world, where in stopped_at_each(_changed, expected.kube.writes, 60, after=after):
        assert outcome(world) == outcome(expected), where
        assert deleted(world) == deleted(expected), f"{where}: no pod is replaced twice"
        assert not outdated(world), where


@cache
def _settled() -> Three:
    return settled()


def _changed() -> Three:
    world = Three()
    # As it was settled once: to do that anew for each write would take most of the test's time.
    world.kube = deepcopy(_settled().kube)
    world.start_operator()
    world.turn()
    world.kube.writes.clear()
    world.edit_spec(**EVERYBODY)
    return world


def test_no_pod_is_deleted_before_the_status_names_it():
    world = _changed()
    seen = []

    def watch(verb: str, path: str) -> None:
        if verb == "delete" and "/pods/" in path:
            [one] = world.status["rollout"]["pods"]
            pod = world.kube.object("Pod", world.namespace, path.rpartition("/")[2])
            assert (one["name"], one["uid"]) == (pod["metadata"]["name"], pod["metadata"]["uid"])
            seen.append(one["name"])

    world.kube.before_call = watch
    world.settle(40)

    assert len(seen) == 5
    assert "rollout" not in world.status


def test_with_a_master_down_no_healthy_one_is_taken_away():
    world = settled()
    world.edit_spec(masters=MASTERS)
    for _ in range(10):
        world.reconcile()
        world.turn()
        world.alluxio.answers[address(1)] = NoAnswer("connection refused")

    assert deleted(world) in ([], ["small-master-2"])
    before = deleted(world)
    for _ in range(10):
        world.reconcile()
        world.turn()
        world.alluxio.answers[address(1)] = NoAnswer("connection refused")
    assert deleted(world) == before
    assert "small-master-1 is down" in world.condition("UpToDate")["message"]

    world.settle(40)
    assert not outdated(world)


def test_a_master_on_a_lost_node_takes_no_change_back_and_the_rollout_goes_on():
    world = settled()
    old = world.kube.object("Pod", world.namespace, "small-master-2")
    world.edit_spec(masters=MASTERS, upgrade={"autoRollback": True})
    while not deleted(world):
        world.reconcile()
        if not deleted(world):
            world.turn()
    old["metadata"]["deletionTimestamp"] = stamp(world.now)
    old["spec"] = {"nodeName": "node-3"}
    world.kube.put(old)
    for _ in range(30):
        world.pass_time(60)
        world.reconcile()
        world.turn()

        assert world.condition("UpToDate")["reason"] in ("Replacing", "HeldForQuorum")
    assert "small-master-2 on node node-3" in world.condition("UpToDate")["message"]
    assert "rollback" not in world.status
    assert not world.status.get("operations"), "it is in no other operation's way"
    assert deleted(world) == ["small-master-2"]

    world.kube.remove(KINDS["Pod"].path(world.namespace, "small-master-2"))
    world.turn()
    world.settle(40)
    assert not outdated(world)
    assert deleted(world) == ["small-master-2", "small-master-1", "small-master-0"]


def test_a_pod_whose_workload_was_refused_stays():
    world = settled()
    world.edit_spec(masters=MASTERS)

    def refuse(verb: str, path: str) -> None:
        if verb == "apply" and path.endswith("/statefulsets/small-master"):
            raise Refused("PATCH", 422, "the template is not to the taste of a policy")

    world.kube.before_call = refuse
    for _ in range(6):
        world.reconcile()
        world.turn()

    assert not deleted(world)
    assert world.condition("ConfigurationApplied")["status"] == "False"


def test_a_pod_stays_while_its_controller_has_not_seen_the_change():
    world = settled()
    world.edit_spec(masters=MASTERS)
    world.reconcile()

    assert not deleted(world)


def test_while_it_is_paused_nothing_is_replaced():
    world = settled()
    world.edit_spec(masters=MASTERS, paused=True)
    for _ in range(6):
        world.reconcile()
        world.turn()

    assert not deleted(world)


def test_with_on_delete_the_cluster_is_ready_and_says_what_runs_an_older_spec():
    world = settled()
    world.edit_spec(masters=MASTERS, upgrade={"strategy": "OnDelete"})
    world.settle()

    assert not deleted(world)
    assert world.condition("UpToDate")["reason"] == "WaitingForDeletion"
    assert outdated(world) == ["small-master-0", "small-master-1", "small-master-2"]


def test_the_proxy_follows_masters_and_workers():
    world = Three(resource(**THREE, proxy={"enabled": True}))
    world.settle()
    world.kube.writes.clear()
    world.edit_spec(**EVERYBODY, proxy={"enabled": True})
    world.settle(40)

    written = [path.rpartition("/")[2] for verb, path in world.kube.writes if verb in ("delete", "apply")]
    assert written.index("small-worker-0") < written.index("small-proxy")


FUSE: Json = {"fuse": {"enabled": True}}


def with_mounts(**over: Any) -> World:
    world = World(resource(**FUSE, **over))
    world.settle()
    world.kube.writes.clear()
    return world


def test_mounts_follow_masters_and_workers():
    world = with_mounts()
    world.edit_spec(**EVERYBODY, **FUSE)
    world.settle(40)

    assert deleted(world) == ["small-master-0", "small-jobmaster-0", "small-worker-0", "small-fuse-0"]
    assert outdated(world) == []
    assert world.status["fuse"] == {"ready": 1, "wanted": 1}


def test_workers_whose_daemonset_is_not_counted_yet_hold_up_the_mounts():
    daemons: Json = {"workers": {"workload": "DaemonSet", "replicas": None}, **FUSE}
    world = World(resource(**daemons))
    world.settle()
    world.kube.writes.clear()
    world.edit_spec(**EVERYBODY, **daemons)
    for _ in range(20):
        world.reconcile()
        if "small-worker-0" in deleted(world):
            break
        world.turn()

    # Another client deletes it without its pods, so the next one starts with no count.
    world.kube.remove(KINDS["DaemonSet"].path(world.namespace, "small-worker"))
    for _ in range(4):
        world.reconcile()

    assert deleted(world)[-1] == "small-worker-0"
    assert world.status["workers"]["wanted"] == 1
    assert world.status["rollout"]["role"] == "worker"

    world.settle(40)
    assert deleted(world)[-1] == "small-fuse-0"


def test_with_on_delete_a_mount_stays_until_somebody_deletes_it():
    world = with_mounts()
    world.edit_spec(fuse={"enabled": True, "options": ["max_readahead=131072"]}, upgrade={"strategy": "OnDelete"})
    world.settle()

    assert (deleted(world), outdated(world)) == ([], ["small-fuse-0"])
    assert "small-fuse-0" in world.condition("UpToDate")["message"]
    assert world.phase == "Ready"


def test_mounts_that_are_wanted_no_more_hold_up_nothing():
    world = with_mounts()
    world.edit_spec(**EVERYBODY)
    world.settle(40)

    assert deleted(world) == ["small-master-0", "small-jobmaster-0", "small-worker-0"]
    assert "fuse" not in world.status
    assert world.condition("UpToDate")["status"] == "True"


@pytest.mark.parametrize(("kind", "name"), [("StatefulSet", "small-master"), ("DaemonSet", "small-fuse")])
def test_a_template_of_another_operator_version_replaces_nothing(kind: str, name: str):
    world = with_mounts()

    def reword(obj: Json) -> None:
        obj["spec"]["template"]["metadata"]["labels"]["alluxio-operator.io/new"] = "label"
        obj["spec"]["template"]["spec"]["containers"][0]["command"] = ["another", "text"]

    world.kube.edit(kind, world.namespace, name, reword)
    world.start_operator()
    world.settle()

    assert not deleted(world)


def test_a_step_that_fails_is_told_and_a_change_back_heals_it():
    world = World()
    world.settle()
    world.kube.writes.clear()
    good = world.kube.object(KIND, world.namespace, world.name)["spec"]
    world.edit_spec(workers={"properties": {"alluxio.worker.network.reader.buffer.size": "1MB"}})
    for _ in range(6):
        world.reconcile()
        world.turn()
        _break(world, "small-worker-0")
    world.pass_time(601)
    world.reconcile()

    assert world.condition("UpToDate")["reason"] == "StepTimedOut"
    assert world.phase == "Degraded"
    assert world.status["history"][-1]["outcome"] == "Failed"

    world.kube.edit(KIND, world.namespace, world.name, lambda obj: obj.update(spec=good))
    world.settle()
    assert not outdated(world)
    assert deleted(world) == ["small-worker-0", "small-worker-0"]


def _break(world: World, name: str) -> None:
    """Let a pod fail if it runs another spec than the first."""

    def fail(pod: Json) -> None:
        pod["status"]["conditions"] = [{"type": "Ready", "status": "False"}]

    if deleted(world):
        world.kube.edit("Pod", world.namespace, name, fail)


PROXY: Json = {"proxy": {"enabled": True}}
OTHER_PROXY: Json = {"proxy": {"enabled": True, "properties": {"alluxio.proxy.stream.cache.timeout": "2h"}}}
NIGHT_WINDOW: Json = {"start": "0 22 * * *", "durationMinutes": 60}
NIGHT: Json = {"upgrade": {"maintenanceWindow": NIGHT_WINDOW}}
"""It opens 19 hours after these worlds begin."""


def with_proxy(**over: Any) -> World:
    world = World(resource(**PROXY, **over))
    world.settle()
    world.kube.writes.clear()
    return world


def template(world: World) -> str:
    return config_hash(world.kube.object("Deployment", world.namespace, "small-proxy")["spec"]["template"])


def test_a_proxy_waits_for_the_window_too():
    world = with_proxy()
    before = template(world)
    world.edit_spec(**OTHER_PROXY, **NIGHT)
    world.settle()

    assert template(world) == before
    said = world.condition("UpToDate")
    assert (said["status"], said["reason"]) == ("False", "WaitingForWindow")
    assert "small-proxy" in said["message"]
    assert world.phase == "Ready"

    world.pass_time(19 * 3600)
    world.settle()
    assert template(world) != before
    assert world.condition("UpToDate")["status"] == "True"


def test_another_number_of_proxies_waits_for_nothing():
    world = with_proxy()
    world.edit_spec(proxy={"enabled": True, "replicas": 2}, **NIGHT)
    world.settle()

    assert world.kube.object("Deployment", world.namespace, "small-proxy")["spec"]["replicas"] == 2


def waiting_rollout(**proxy: Any) -> Three:
    """Return a world whose rollout waits for its UFS, after an edit of all roles and of the proxy."""
    world = Three(resource(**THREE, **PROXY))
    world.settle()
    world.kube.writes.clear()
    world.ufs = UfsHealth("http://namenode.data.svc:8020: connection refused")
    world.edit_spec(**EVERYBODY, proxy={"enabled": True, **proxy})
    return world


def deployment(world: World) -> Json:
    return world.kube.object("Deployment", world.namespace, "small-proxy")


def rounds(world: World, number: int = 4) -> None:
    for _ in range(number):
        world.reconcile()
        world.turn()


def test_more_proxies_run_while_the_rollout_waits():
    world = waiting_rollout(replicas=5)
    before = template(world)
    rounds(world)

    assert world.condition("UpToDate")["reason"] == "HeldForUfs"
    assert (deployment(world)["spec"]["replicas"], template(world)) == (5, before)
    assert len([name for name in world.kube.of_kind("Pod") if "-proxy-" in name]) == 5

    world.ufs = UfsHealth()
    world.settle(60)
    assert template(world) != before
    assert deployment(world)["spec"]["replicas"] == 5


def test_the_cluster_is_not_ready_while_a_held_proxy_lacks_pods():
    world = waiting_rollout(replicas=5)
    rounds(world)
    world.ufs = UfsHealth()

    def lack(obj: Json) -> None:
        obj["status"].update(replicas=5, readyReplicas=1)

    world.kube.edit("Deployment", world.namespace, "small-proxy", lack)
    world.edit_spec(**EVERYBODY, proxy={"enabled": True, "replicas": 5}, upgrade={"maintenanceWindow": NIGHT_WINDOW})
    world.reconcile()

    assert world.condition("UpToDate")["reason"] == "WaitingForWindow"
    assert world.condition("Ready")["status"] == "False"
    assert "small-proxy" in world.condition("Ready")["message"]


def test_drift_of_a_held_proxy_is_put_right():
    world = waiting_rollout()
    rounds(world)

    def drift(obj: Json) -> None:
        obj["spec"]["replicas"] = 0
        obj["metadata"]["labels"]["app.kubernetes.io/component"] = "edited"

    world.kube.edit("Deployment", world.namespace, "small-proxy", drift)
    world.reconcile(("Deployment", "small-proxy"))

    found = deployment(world)
    assert found["spec"]["replicas"] == 1
    assert found["metadata"]["labels"]["app.kubernetes.io/component"] == "proxy"


def test_a_proxy_that_is_enabled_while_the_rollout_waits_runs():
    world = settled()
    world.ufs = UfsHealth("http://namenode.data.svc:8020: connection refused")
    world.edit_spec(**EVERYBODY, **PROXY)
    rounds(world)

    assert world.condition("UpToDate")["reason"] == "HeldForUfs"
    assert "small-proxy" in world.kube.of_kind("Deployment")


def test_a_deleted_proxy_is_created_again_while_the_rollout_waits():
    world = waiting_rollout()
    rounds(world)
    world.kube.remove(KINDS["Deployment"].path(world.namespace, "small-proxy"))
    world.reconcile(("Deployment", "small-proxy"))

    assert "small-proxy" in world.kube.of_kind("Deployment")


def test_a_log_server_that_waits_for_the_window_keeps_its_labels():
    world = World(resource(logServer={"enabled": True}))
    world.settle()
    before = world.kube.object("Deployment", world.namespace, "small-logserver")
    world.edit_spec(logServer={"enabled": True, "jvm": {"heap": "300Mi"}}, **NIGHT)
    world.kube.edit("Deployment", world.namespace, "small-logserver", lambda obj: obj["spec"].update(replicas=0))
    world.settle()

    after = world.kube.object("Deployment", world.namespace, "small-logserver")
    assert after["spec"]["replicas"] == 1
    assert config_hash(after["spec"]["template"]) == config_hash(before["spec"]["template"])
    assert world.condition("UpToDate")["reason"] == "WaitingForWindow"


def test_edits_in_a_row_leave_a_log_server_that_starts_until_it_serves():
    world = World(resource(logServer={"enabled": True}))
    world.settle()

    def log_server() -> str:
        return config_hash(world.kube.object("Deployment", world.namespace, "small-logserver")["spec"]["template"])

    def start(obj: Json) -> None:
        unready = {"type": "Ready", "status": "False", "lastTransitionTime": stamp(world.now)}
        runs = container_status("log-server", running={})
        obj["status"].update(startTime=stamp(world.now), conditions=[unready], containerStatuses=[runs])

    before = log_server()
    world.kube.edit("Pod", world.namespace, "small-logserver-0", start)
    for heap in (300, 310, 320):
        world.pass_time(3)
        world.edit_spec(logServer={"enabled": True, "jvm": {"heap": f"{heap}Mi"}})
        world.reconcile()
    assert log_server() == before

    world.settle()
    assert log_server() != before


def test_a_restart_of_held_proxies_survives_the_wait():
    restarted = "kubectl.kubernetes.io/restartedAt"
    world = waiting_rollout()
    rounds(world)

    def restart(obj: Json) -> None:
        obj["spec"]["template"]["metadata"]["annotations"][restarted] = "2030-01-01T00:00:00Z"

    world.kube.edit("Deployment", world.namespace, "small-proxy", restart)
    rounds(world)
    assert restarted in deployment(world)["spec"]["template"]["metadata"]["annotations"]

    world.ufs = UfsHealth()
    world.settle(60)
    assert restarted in deployment(world)["spec"]["template"]["metadata"]["annotations"]


def test_a_paused_cluster_lists_the_proxy_that_was_held():
    world = waiting_rollout(replicas=2)
    rounds(world)
    world.edit_spec(**EVERYBODY, proxy={"enabled": True, "replicas": 2}, paused=True)
    world.kube.writes.clear()
    rounds(world, 2)

    assert "Deployment/small-proxy" in world.condition("Paused")["message"]
    assert not [path for verb, path in world.kube.writes if verb == "apply"]


def test_a_proxy_that_fails_waits_for_no_window():
    world = with_proxy(**NIGHT)
    before = template(world)

    def fail(pod: Json) -> None:
        pod["status"]["conditions"] = [{"type": "Ready", "status": "False"}]

    world.kube.edit("Pod", world.namespace, "small-proxy-0", fail)
    world.edit_spec(**OTHER_PROXY, **NIGHT)
    world.reconcile()

    assert template(world) != before


def test_a_role_that_is_taken_away_waits_for_nothing():
    world = with_proxy()
    world.edit_spec(**NIGHT)
    world.settle()

    assert world.condition("UpToDate")["status"] == "True"
    assert "small-proxy" not in world.kube.of_kind("Deployment")
