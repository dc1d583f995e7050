"""Gates: when each opens, and what is said while it is closed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.support.builders import container_status, info, observed, pod, ready_pod

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.kinds.cluster import gates

PULL = [container_status("x", waiting={"reason": "ImagePullBackOff", "message": "no such image"})]


def test_masters_serve_when_one_answers_for_the_cluster():
    gate = gates.masters_serving(observed(ready_pod("master"), info()))

    assert (gate.type, gate.passed, gate.reason) == ("MastersServing", True, "Serving")


def test_a_ready_pod_alone_is_no_serving_master():
    gate = gates.masters_serving(observed(ready_pod("master"), NoAnswer("HTTP 500: in safe mode")))

    assert (gate.passed, gate.reason) == (False, "Waiting")
    assert gate.message == "no master serves yet: HTTP 500: in safe mode"


@pytest.mark.parametrize(
    ("look", "gate"),
    [
        (observed(pod("master", containers=PULL)), gates.masters_serving),
        (observed(pod("jobmaster", containers=PULL)), gates.job_service_serving),
        (observed(pod("logserver", containers=PULL)), gates.log_server_ready),
        (observed(pod("worker", containers=PULL), info(live=0)), lambda look: gates.workers_registered(look, 1)),
        (observed(pod("proxy", containers=PULL), info()), gates.proxy_serving),
        (observed(pod("fuse", containers=PULL), info()), lambda look: gates.fuse_mounted(look, 1)),
    ],
    ids=["masters", "job service", "log server", "workers", "proxy", "fuse"],
)
def test_what_keeps_its_pods_from_running_is_said_by_every_gate(look, gate):
    found = gate(look)

    assert (found.passed, found.reason) == (False, "ImagePullBackOff")
    assert "no such image" in found.message


def test_trouble_of_another_role_is_not_said_here():
    gate = gates.masters_serving(observed(pod("worker", containers=PULL)))

    assert gate.reason == "Waiting"


@pytest.mark.parametrize(
    ("live", "ready", "wanted", "passed"),
    [(1, 1, 1, True), (2, 2, 1, True), (0, 1, 1, False), (1, 0, 1, False), (1, 2, 2, False), (0, 0, 0, True)],
)
def test_workers_are_registered_when_the_master_counts_them_and_their_pods_are_ready(live, ready, wanted, passed):
    pods = [ready_pod("worker", f"small-worker-{ordinal}") for ordinal in range(ready)]
    pods = pods or [pod("worker")]

    gate = gates.workers_registered(observed(*pods, info(live=live)), wanted)

    assert gate.passed is passed
    assert gate.message.startswith(f"{live} of {wanted} workers are registered")


def test_workers_cannot_be_counted_while_no_master_serves():
    gate = gates.workers_registered(observed(ready_pod("worker")), 1)

    assert (gate.passed, gate.reason) == (False, "MastersNotServing")


def test_the_job_service_serves_when_its_master_answers():
    assert gates.job_service_serving(observed(job_master=True)).passed
    assert not gates.job_service_serving(observed(ready_pod("jobmaster"))).passed


def test_the_log_server_is_ready_when_its_pod_is():
    assert gates.log_server_ready(observed(ready_pod("logserver"))).passed
    assert not gates.log_server_ready(observed(pod("logserver"))).passed
    assert not gates.log_server_ready(observed()).passed


def test_a_pod_that_is_being_deleted_is_not_ready():
    assert not gates.log_server_ready(observed(ready_pod("logserver", deleted=True))).passed


# --- proxy and FUSE -----------------------------------------------------------------------------------------------


def test_a_proxy_serves_when_it_is_ready_and_has_a_master_to_ask():
    assert gates.proxy_serving(observed(ready_pod("proxy"), info())).passed
    assert gates.proxy_serving(observed(pod("proxy"), info())).reason == "Waiting"
    assert gates.proxy_serving(observed(ready_pod("proxy"))).reason == "MastersNotServing"


@pytest.mark.parametrize(
    ("ready", "wanted", "passed", "reason"),
    [
        (2, 2, True, "Mounted"),
        (1, 2, False, "Waiting"),
        (0, None, False, "Waiting"),
        (0, 0, False, "NoNode"),
    ],
)
def test_fuse_is_mounted_when_the_mount_answers_on_every_node_that_is_to_have_it(ready, wanted, passed, reason):
    pods = [ready_pod("fuse", f"small-fuse-{number}") for number in range(ready)]

    gate = gates.fuse_mounted(observed(*pods, info()), wanted)

    assert (gate.type, gate.passed, gate.reason) == ("FuseMounted", passed, reason)


def test_trouble_of_a_mount_that_answers_again_is_not_told():
    again = ready_pod("fuse", "small-fuse-a", containers=[container_status("fuse", ready=True, last={"exitCode": 137})])

    gate = gates.fuse_mounted(observed(again, pod("fuse", "small-fuse-b"), info()), 2)

    assert gate.message == "the mount answers on 1 of 2 nodes"


def test_pods_that_the_server_refuses_are_told_in_its_own_words():
    look = replace(observed(info()), pod_creation_failures={"fuse": "no privileged pods", "worker": "no hostPath"})

    for gate, word in (
        (gates.fuse_mounted(look, 1), "no privileged pods"),
        (gates.workers_registered(look, 1), "no hostPath"),
    ):
        assert (gate.passed, gate.reason, gate.message) == (False, "PodsRefused", word)
