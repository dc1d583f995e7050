"""Pods as the API server shows them: what their containers have begun, and whether they fail."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.builders import NOW, container_status, later, pod, ready_pod

from alluxio_operator.engine.conditions import stamp
from alluxio_operator.workloads.pods import Pod, first_trouble, has_begun, is_starting, parse_pod

RUNS = {"startedAt": "2030-01-01T00:00:00Z"}
BACK_OFF = {"reason": "CrashLoopBackOff", "message": "back-off"}
CRASHES = {"waiting": BACK_OFF}
ENDED = {"exitCode": 1, "reason": "Error"}


def test_a_ready_pod():
    assert parse_pod(ready_pod("worker", "small-worker-3", ip="10.1.2.3")) == Pod(
        name="small-worker-3",
        role="worker",
        ip="10.1.2.3",
        running=True,
        ready=True,
        served=True,
        container_started=NOW,
        begun=True,
    )


@pytest.mark.parametrize(
    ("state", "begun"),
    [
        ({"waiting": {"reason": "PodInitializing"}}, False),
        ({"running": {"startedAt": stamp(NOW)}}, True),
        ({"waiting": {"reason": "CrashLoopBackOff"}, "last": {"exitCode": 1}}, True),
    ],
)
def test_a_pod_has_begun_once_a_container_has_started(state: dict, begun: bool):
    own = container_status("master", **state)
    assert parse_pod(pod("master", containers=[own])).begun is begun
    assert has_begun([parse_pod(pod("master", containers=[own]))]) is begun
    assert has_begun([])


def test_a_pod_starts_until_the_startup_probe_of_its_own_container_succeeds():
    own = container_status("worker", running={"startedAt": stamp(NOW)})
    other = container_status("job-worker", ready=True, running={"startedAt": stamp(later(-60))})

    found = parse_pod(pod("worker", containers=[other, own]))
    assert (found.starting, found.container_started) == (True, NOW)
    found = parse_pod(pod("worker", containers=[other, {**own, "started": True}]))
    assert (found.starting, found.container_started) == (False, NOW)
    found = parse_pod(pod("worker", containers=[other, container_status("worker", waiting={"reason": "x"})]))
    assert (found.starting, found.container_started) == (False, None)


def test_a_pod_that_is_being_deleted_neither_runs_nor_troubles():
    found = parse_pod(pod("master", ready=True, deleted=True, containers=[container_status("master", **CRASHES)]))

    assert (found.running, found.ready, found.trouble) == (False, False, None)


@pytest.mark.parametrize("phase", ["Pending", "Succeeded", "Failed", "Unknown"])
def test_only_a_running_pod_with_an_address_is_asked(phase: str):
    assert not parse_pod(pod("master", phase=phase)).running
    assert not parse_pod(pod("master", ip="")).running


def test_a_pod_without_status_and_labels_is_nobodys():
    assert parse_pod({"metadata": {"name": "x"}}) == Pod("x", "", "", running=False, ready=False)


def test_the_first_trouble_of_several_pods():
    no_image = container_status("worker", waiting={"reason": "ErrImagePull"})
    pods = [parse_pod(ready_pod("worker")), parse_pod(pod("worker", "w1", containers=[no_image]))]

    assert first_trouble(pods) == pods[1].trouble
    assert first_trouble(pods[:1]) is None
    assert first_trouble([]) is None


@pytest.mark.parametrize(
    ("containers", "failing"),
    [
        ([{"name": "worker", "state": {"running": RUNS}, "started": True}], False),
        ([{"name": "worker", "state": {"running": RUNS}, "started": False}], True),
        ([{"name": "worker", "state": {"running": RUNS}, "started": False, "restartCount": 1}], True),
        ([{"name": "worker", "state": {"waiting": BACK_OFF}}], True),
        ([{"name": "worker", "state": {"terminated": {"exitCode": 1}}, "restartCount": 2}], True),
        (
            [
                {"name": "worker", "state": {"running": RUNS}, "started": True},
                {"name": "job-worker", "state": {"waiting": BACK_OFF}},
            ],
            False,
        ),
        (
            [
                {"name": "worker", "state": {"waiting": BACK_OFF}},
                {"name": "job-worker", "state": {"running": RUNS}, "started": True},
            ],
            True,
        ),
    ],
    ids=[
        "runs",
        "never served",
        "restarted, and never served",
        "crash loop",
        "crashed",
        "job worker crashes",
        "worker crashes",
    ],
)
def test_only_the_container_of_its_role_makes_a_pod_fail(containers: list[dict[str, Any]], failing: bool):
    found = pod("worker", containers=containers)

    assert parse_pod(found).failing is failing


@pytest.mark.parametrize(("changed", "served"), [("00:00:01Z", False), ("00:10:00Z", True)])
def test_a_pod_whose_readiness_changed_after_its_start_has_served(changed: str, served: bool):
    """After a restart of its container it may hold what the run before left, so it isn't failing while it starts."""
    restarted = {"name": "worker", "state": {"running": RUNS}, "started": False, "restartCount": 1}
    found = pod("worker", containers=[restarted])
    found["status"]["startTime"] = "2030-01-01T00:00:00Z"
    found["status"]["conditions"] = [
        {"type": "Ready", "status": "False", "lastTransitionTime": f"2030-01-01T{changed}"}
    ]

    assert (parse_pod(found).served, parse_pod(found).failing) == (served, not served)


@pytest.mark.parametrize(
    ("containers", "inits", "starting"),
    [
        ([container_status("worker", running={})], [], True),
        ([container_status("worker", waiting={"reason": "ContainerCreating"})], [], True),
        ([], [container_status("check", terminated={"exitCode": 0})], True),
        ([container_status("worker", running={}), container_status("job-worker", **CRASHES)], [], True),
        ([container_status("worker", **CRASHES)], [], False),
        ([container_status("worker", waiting={"reason": "ErrImagePull"})], [], False),
        ([container_status("worker", terminated=ENDED)], [], False),
        ([container_status("worker", running={}, last=ENDED)], [], False),
        ([], [container_status("check", running={}, last=ENDED)], False),
        ([], [container_status("check", **CRASHES)], False),
    ],
    ids=[
        "runs", "is created", "init ended", "another crashes", "crashes", "no image", "ended", "restarted",
        "init restarted", "init crashes",
    ],
)  # fmt: skip
def test_a_pod_starts_until_it_serves_or_fails(containers: list[Any], inits: list[Any], starting: bool):
    found = pod("worker", phase="Pending", containers=containers, inits=inits)
    found["status"]["startTime"] = stamp(NOW)

    assert (parse_pod(found).starting_since == NOW) is starting
    assert is_starting(parse_pod(found), later(119)) is starting
    assert not is_starting(parse_pod(found), later(120)), "a start that hangs can be replaced"


def test_a_pod_that_has_served_no_node_or_an_end_does_not_start():
    served, unscheduled, deleted, failed = (
        ready_pod("worker"),
        pod("worker", containers=[], unschedulable="no node"),
        pod("worker", deleted=True),
        pod("worker", phase="Failed"),
    )
    for one in (served, deleted, failed):
        one["status"]["startTime"] = stamp(NOW)

    assert [parse_pod(one).starting_since for one in (served, unscheduled, deleted, failed)] == [None] * 4


@pytest.mark.parametrize(("phase", "failing"), [("Pending", True), ("Running", False)])
def test_a_pod_that_waits_for_a_node_or_a_volume_fails(phase: str, failing: bool):
    assert parse_pod(pod("worker", phase=phase, containers=[])).failing is failing


def test_a_pod_that_ends_fails_no_more():
    assert not parse_pod(
        pod("worker", deleted=True, containers=[{"name": "worker", "state": {"waiting": BACK_OFF}}])
    ).failing
