"""Gates: when each opens, and what is said while it is closed."""

from __future__ import annotations

import pytest
from tests.support.builders import container_status, info, observed, pod, ready_pod

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.cluster import gates

PULL = [container_status("x", waiting={"reason": "ImagePullBackOff", "message": "no such image"})]


def test_masters_serve_when_one_answers_for_the_cluster():
    gate = gates.masters_serving(observed(ready_pod("master"), master=info()))

    assert (gate.type, gate.passed, gate.reason) == ("MastersServing", True, "Serving")


def test_a_ready_pod_alone_is_no_serving_master():
    gate = gates.masters_serving(observed(ready_pod("master"), master=NoAnswer("HTTP 500: in safe mode")))

    assert (gate.passed, gate.reason) == (False, "Waiting")
    assert gate.message == "no master serves yet: HTTP 500: in safe mode"


@pytest.mark.parametrize(
    ("look", "gate"),
    [
        (observed(pod("master", containers=PULL)), gates.masters_serving),
        (observed(pod("jobmaster", containers=PULL)), gates.job_service_serving),
        (observed(pod("logserver", containers=PULL)), gates.log_server_ready),
        (observed(pod("worker", containers=PULL), master=info(live=0)), lambda look: gates.workers_registered(look, 1)),
    ],
    ids=["masters", "job service", "log server", "workers"],
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
    [(1, 1, 1, True), (2, 1, 1, True), (0, 1, 1, False), (1, 0, 1, False), (1, 2, 2, False), (0, 0, 0, True)],
)
def test_workers_are_registered_when_the_master_counts_them_and_their_pods_are_ready(live, ready, wanted, passed):
    pods = [ready_pod("worker", f"small-worker-{ordinal}") for ordinal in range(ready)]

    gate = gates.workers_registered(observed(*pods, master=info(live=live)), wanted)

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
