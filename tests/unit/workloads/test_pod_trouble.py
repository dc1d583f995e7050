"""Why a pod doesn't run: the same reason and message in each phase of the kubelet's retries."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.builders import container_status, pod

from alluxio_operator.workloads.missing import Missing
from alluxio_operator.workloads.pod_trouble import Trouble, trouble_of

BACKOFF = {
    "reason": "CrashLoopBackOff",
    "message": "back-off 40s restarting failed container=master pod=small-master-0_data(abc)",
}
TRACE = "java.lang.RuntimeException: Failed to create the journal: no space left on device\n\tat x.Y.z(Y.java:1)\n"


def trouble(**options) -> Trouble | None:
    return trouble_of(pod("master", **options))


def waits(reason: str, message: str = "", name: str = "master", **more) -> list:
    return [container_status(name, waiting={"reason": reason, "message": message}, **more)]


def test_a_pod_that_no_node_takes():
    said = "0/3 nodes are available: 3 Insufficient memory."

    assert trouble(phase="Pending", unschedulable=said, containers=[]) == Trouble(
        "Unschedulable", f"pod small-master-0: {said}"
    )


@pytest.mark.parametrize("reason", ["ErrImageNeverPull", "ImagePullBackOff", "CreateContainerConfigError"])
def test_a_container_that_cannot_start(reason: str):
    assert trouble(phase="Pending", containers=waits(reason, "it is like this")) == Trouble(
        reason, "pod small-master-0, container master: it is like this"
    )


def test_a_container_that_lacks_a_secret_says_which():
    said = "couldn't find key id in Secret data/keys"

    assert trouble(phase="Pending", containers=waits("CreateContainerConfigError", said)) == Trouble(
        "SecretKeyMissing",
        "pod small-master-0, container master: Secret keys has no key id",
        Missing("Secret", "keys", "id"),
    )


def test_a_container_that_waits_without_a_message():
    assert trouble(containers=waits("ErrImagePull")) == Trouble(
        "ImagePullBackOff", "pod small-master-0, container master: waiting"
    )


@pytest.mark.parametrize("reason", ["ContainerCreating", "PodInitializing"])
def test_a_container_that_is_about_to_start_is_no_trouble(reason: str):
    assert trouble(phase="Pending", containers=waits(reason)) is None


def phases(ended: dict[str, Any], name: str = "master") -> list[Trouble | None]:
    """Return the trouble that each phase of a crash loop shows, from its second crash on."""
    back_off = [
        {"reason": "CrashLoopBackOff", "message": f"back-off {wait} restarting failed container={name} pod=x_y(z)"}
        for wait in ("10s", "20s", "5m0s")
    ]
    states: list[dict[str, Any]] = [
        *({"waiting": one, "last": ended} for one in back_off),
        {"running": {}, "last": ended},
        {"terminated": ended, "last": ended},
    ]
    return [trouble(containers=[container_status(name, restarts=3, **state)]) for state in states]


@pytest.mark.parametrize(
    ("ended", "reason", "detail"),
    [
        (
            {"exitCode": 255, "reason": "Error", "message": TRACE},
            "CrashLoopBackOff",
            "java.lang.RuntimeException: Failed to create the journal: no space left on device",
        ),
        ({"exitCode": 2, "reason": "Error"}, "CrashLoopBackOff", "exit code 2"),
        ({"exitCode": 137, "reason": "OOMKilled"}, "OOMKilled", "exit code 137"),
        ({"exitCode": 0, "reason": "Completed"}, "CrashLoopBackOff", "exit code 0"),
        ({"exitCode": 128, "reason": "StartError", "message": "no such file"}, "RunContainerError", "no such file"),
    ],
)
def test_each_phase_of_a_crash_loop_shows_the_same_trouble(ended: dict[str, Any], reason: str, detail: str):
    expected = Trouble(reason, f"pod small-master-0, container master: {detail}", looping=True)

    assert phases(ended) == [expected] * 5


def test_a_container_that_cannot_be_run_shows_the_same_between_its_tries():
    said = 'runc create failed: exec: "/entrypoint.sh": not found'
    tries = [
        container_status("master", waiting={"reason": "RunContainerError", "message": said}),
        container_status(
            "master", waiting=BACKOFF, last={"exitCode": 128, "reason": "StartError", "message": said}, restarts=1
        ),
    ]

    found = [trouble(containers=[one]) for one in tries]

    assert [(one.reason, one.message) for one in found if one] == [
        ("RunContainerError", f"pod small-master-0, container master: {said}")
    ] * 2


def test_an_image_that_cannot_be_pulled_shows_the_same_between_the_tries():
    said = 'failed to pull and unpack image "x:1": not found'
    tries = (("ErrImagePull", said), ("ImagePullBackOff", f'Back-off pulling image "x:1": ErrImagePull: {said}'))

    found = {trouble(phase="Pending", containers=waits(reason, message)) for reason, message in tries}

    assert found == {Trouble("ImagePullBackOff", f"pod small-master-0, container master: {said}")}


def test_a_pod_that_is_not_restarted_is_in_no_crash_loop():
    made = pod("job", containers=[container_status("job", terminated={"exitCode": 1, "reason": "Error"})])
    made["spec"] = {**made.get("spec", {}), "restartPolicy": "Never"}

    assert trouble_of(made) == Trouble("Error", f"pod {made['metadata']['name']}, container job: exit code 1")


def test_a_message_reaches_the_status_without_escape_sequences():
    found = trouble(containers=waits("CreateContainerError", "\x1b[31mError: \x1b]52;c;cm0gLXJm\x07lost\x1b[0m"))

    assert found is not None
    assert found.message.isprintable()


def test_a_container_that_was_killed_for_its_memory_says_so_while_it_starts_again():
    last = {"exitCode": 137, "reason": "OOMKilled"}
    found = trouble(containers=[container_status("worker", running={}, last=last)])

    assert found == Trouble("OOMKilled", "pod small-master-0, container worker: exit code 137")


def test_once_it_is_ready_again_its_end_is_forgotten():
    last = {"exitCode": 137, "reason": "OOMKilled"}

    assert trouble(ready=True, containers=[container_status("worker", ready=True, running={}, last=last)]) is None


def test_a_container_that_ended_in_an_error_a_moment_ago():
    ended = {"exitCode": 1, "reason": "Error", "message": "Error: Could not find or load main class x\n"}

    assert trouble(containers=[container_status("master", terminated=ended)]) == Trouble(
        "CrashLoopBackOff", "pod small-master-0, container master: Error: Could not find or load main class x"
    )


def test_a_container_that_has_done_its_work_is_no_trouble():
    assert trouble(phase="Succeeded", containers=[container_status("journal", terminated={"exitCode": 0})]) is None


@pytest.mark.parametrize("state", ["between two tries", "waiting for the next"])
def test_a_master_without_its_journal(state: str):
    ended = {"exitCode": 1, "reason": "Error", "message": "JournalMissing: no journal below /journal/raft\n"}
    check = (
        container_status("journal-check", terminated=ended)
        if state == "between two tries"
        else container_status("journal-check", waiting=BACKOFF, last=ended)
    )

    found = trouble(phase="Pending", inits=[check], containers=waits("PodInitializing"))

    assert found == Trouble("JournalMissing", "pod small-master-0: no journal below /journal/raft")


def test_a_journal_that_came_back_is_no_trouble_any_more():
    ended = {"exitCode": 1, "message": "JournalMissing: no journal below /journal/raft\n"}
    check = container_status("journal-check", ready=True, terminated={"exitCode": 0}, last=ended)

    assert trouble(inits=[check]) is None


def test_the_first_troubled_container_is_named():
    found = trouble(containers=[container_status("worker", ready=True, running={}), *waits("ErrImagePull", name="job")])

    assert found is not None
    assert "container job" in found.message
