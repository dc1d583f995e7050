"""What a user can do about a pod that has no node, no image, no container, or no right to write."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.support.builders import container_status, pod

from alluxio_operator.workloads.explanations import Fields, explained, scheduling_remedy
from alluxio_operator.workloads.pods import first_trouble, parse_pod

PATHS = {"worker": "spec.workers", "job-worker": "spec.jobService.worker"}
FIELDS = Fields(PATHS.get)
ABSENT = "0/3 nodes are available: "


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("3 Insufficient memory.", "Lower spec.workers.resources and spec.workers.jvm"),
        ("3 Insufficient ephemeral-storage.", "spec.workers.resources"),
        ("3 node(s) had untolerated taint {dedicated: lake}.", "spec.workers.tolerations"),
        ("3 node(s) didn't match Pod's node affinity/selector.", "spec.workers.nodeSelector and spec.workers.affinity"),
        ("3 node(s) didn't match pod affinity rules.", "Change spec.workers.affinity"),
        ("3 node(s) didn't match pod anti-affinity rules.", "Add nodes"),
        ("3 node(s) didn't satisfy existing pods anti-affinity rules.", "Add nodes"),
        ("3 node(s) didn't match pod topology spread constraints.", "spec.workers.topologySpreadConstraints"),
        ("3 node(s) were unschedulable.", "Uncordon"),
        ("pod has unbound immediate PersistentVolumeClaims.", "storage class"),
        ("3 node(s) didn't find available persistent volumes to bind.", "PersistentVolume"),
        ("3 node(s) did not have enough free storage.", "smaller volumes"),
        ("3 node(s) didn't match PersistentVolume's node affinity.", "admit the nodes"),
        ("3 node(s) had no available volume zone.", "zone"),
        ("3 node(s) exceed max volume count.", "Add nodes"),
        ("node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode", "ReadWriteMany"),
        ('persistentvolumeclaim "data" not found.', "Create PVC data"),
        ("something new.", "Change spec.workers"),
    ],
)
def test_each_cause_of_the_scheduler_has_a_remedy(message: str, words: str):
    assert words in scheduling_remedy(ABSENT + message, "spec.workers")


def test_causes_of_several_nodes_are_alternatives():
    message = f"{ABSENT}1 Insufficient cpu, 2 node(s) had untolerated taint {{a: b}}."

    remedy = scheduling_remedy(message, "spec.workers")

    assert "spec.workers.resources" in remedy
    assert "; or add the taint to spec.workers.tolerations" in remedy


@pytest.mark.parametrize(
    ("reason", "message", "words"),
    [
        ("ErrImagePull", "not found", "Correct spec.image"),
        ("ImagePullBackOff", "unauthorized", "pullSecrets"),
        ("InvalidImageName", "couldn't parse", "Correct spec.image"),
        ("ImageInspectError", "rpc error", "Correct spec.image"),
        ("ErrImageNeverPull", "not present with pull policy of Never", "spec.image.pullPolicy"),
        ("CreateContainerConfigError", "failed to prepare subPath for volumeMount data", "spec.workers.volumeMounts"),
        ("CreateContainerError", "context deadline exceeded", "container runtime"),
        ("RunContainerError", "exec: no such file", "spec.image"),
    ],
)
def test_a_container_that_cannot_start_has_a_remedy(reason: str, message: str, words: str):
    waiting = {"reason": reason, "message": message}
    found = explained(parse_pod(pod("worker", containers=[container_status("worker", waiting=waiting)])), FIELDS)

    assert found.trouble is not None
    assert message in found.trouble.message
    assert words in found.trouble.message


@pytest.mark.parametrize(
    ("last", "words"),
    [
        ({"reason": "OOMKilled", "exitCode": 137}, "Raise spec.jobService.worker.resources.limits.memory"),
        (
            {"exitCode": 1, "message": "mkdir: cannot create directory '/journal/raft': Permission denied"},
            "spec.security",
        ),
        ({"exitCode": 2, "message": "sh: 3: cannot create /journal/.first-start: Permission denied"}, "spec.security"),
        ({"exitCode": 1, "message": "java.nio.file.AccessDeniedException: /tiers/ssd"}, "spec.security"),
        ({"exitCode": 1, "message": "java.io.FileNotFoundException: /x (Permission denied)"}, "spec.security"),
        ({"exitCode": 1, "message": "touch: cannot touch '/x': Read-only file system"}, "spec.security"),
    ],
)
def test_a_process_that_may_not_do_something_has_a_remedy(last: dict[str, object], words: str):
    state = container_status("job-worker", waiting={"reason": "CrashLoopBackOff"}, last=last)
    found = explained(parse_pod(pod("worker", containers=[state])), FIELDS)

    assert found.trouble is not None
    assert words in found.trouble.message


@pytest.mark.parametrize(
    "said",
    [
        "org.apache.hadoop.security.AccessControlException: Permission denied: user=alluxio, access=WRITE, inode=/",
        "java.lang.IllegalStateException: no space left",
    ],
)
def test_a_process_that_ends_for_its_own_reason_is_only_quoted(said: str):
    state = container_status("worker", waiting={"reason": "CrashLoopBackOff"}, last={"exitCode": 1, "message": said})
    plain = parse_pod(pod("worker", containers=[state]))

    assert explained(plain, FIELDS) == plain


def test_a_pod_that_a_policy_holds_back_says_so():
    made = pod("worker", unschedulable="Scheduling is blocked due to non-empty scheduling gates")
    made["status"]["conditions"][-1]["reason"] = "SchedulingGated"

    found = explained(parse_pod(made), FIELDS)

    assert found.trouble is not None
    assert found.trouble.reason == "SchedulingGated"
    assert "schedulingGates" in found.trouble.message


def test_an_evicted_pod_says_why_and_another_pod_comes_before_it():
    made = pod("worker", phase="Failed")
    made["status"] |= {"reason": "Evicted", "message": "The node was low on resource: ephemeral-storage"}
    evicted = explained(parse_pod(made), FIELDS)
    assert evicted.trouble is not None
    assert "low on resource" in evicted.trouble.message
    assert "Raise spec.workers.resources" in evicted.trouble.message
    state = container_status("worker", waiting={"reason": "ImagePullBackOff", "message": "not found"})
    other = replace(parse_pod(pod("worker", "small-worker-1", containers=[state])), ended=False)

    assert first_trouble([evicted, other]) == other.trouble
