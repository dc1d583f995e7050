"""Remedies for the messages of Kubernetes' admission plugins, and for volumes that can't be mounted."""

from __future__ import annotations

import pytest

from alluxio_operator.workloads.remedies import pod_remedy, volume_remedy

FORBIDDEN = 'create Pod small-worker-0 in StatefulSet small-worker failed error: pods "small-worker-0" is forbidden: '
PATHS = {"worker": "spec.workers", "job-worker": "spec.jobService.worker"}


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        ("failed quota: team: must specify limits.cpu for: worker", "spec.workers.resources.limits.cpu"),
        (
            "failed quota: team: must specify limits.cpu for: job-worker,worker; requests.cpu for: worker",
            "spec.jobService.worker.resources.limits.cpu, spec.workers.resources.limits.cpu, "
            "spec.workers.resources.requests.cpu",
        ),
        (
            "failed quota: team: must specify limits.cpu,cpu",
            "spec.workers.resources.limits.cpu, spec.workers.resources.requests.cpu",
        ),
        ("failed quota: team: must specify limits.cpu for: host-folders", "spec.workers.resources.limits.cpu"),
    ],
)
def test_a_quota_that_wants_an_amount_names_the_fields(message: str, fields: str):
    assert pod_remedy(FORBIDDEN + message, "spec.workers", PATHS.get) == f"Set {fields}"


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("exceeded quota: team, requested: pods=1, used: pods=1, limited: pods=1", "Raise this ResourceQuota"),
        ("maximum cpu usage per Container is 100m, but limit is 500m", "LimitRange"),
        ("cpu max limit to request ratio per Container is 2, but provided ratio is 5.000000", "LimitRange"),
        ("no PriorityClass with name lake-critical was found", "spec.workers.priorityClassName"),
        ('violates PodSecurity "restricted:latest": privileged', "docs/security.md"),
        ("unable to validate against any security context constraint: [...]", "docs/security.md"),
        ('admission webhook "validate.kyverno.svc-fail" denied the request: no', "this policy"),
        ("ValidatingAdmissionPolicy 'labels' with binding 'labels' denied request: no", "this policy"),
        (
            'Invalid value: "2": spec.containers[0].resources.requests must be less than or equal to cpu limit of 1',
            "both requests and limits in spec.workers.resources",
        ),
        ("maximum storage usage per PersistentVolumeClaim is 1Gi, but request is 2Gi", "smaller or fewer volumes"),
        ("create Claim journal-0 for Pod p in StatefulSet s failed error: exceeded quota: team", "smaller or fewer"),
        ("something else", "change spec.workers"),
    ],
)
def test_each_plugin_has_a_remedy(message: str, words: str):
    assert words in pod_remedy(FORBIDDEN + message, "spec.workers")


@pytest.mark.parametrize("amount", ["limits.ephemeral-storage", "requests.ephemeral-storage"])
def test_an_amount_that_no_field_sets_is_left_to_a_limit_range(amount: str):
    remedy = pod_remedy(f"{FORBIDDEN}failed quota: team: must specify {amount} for: worker", "spec.workers")

    assert "resources" not in remedy
    assert f"LimitRange with defaults for {amount}" in remedy


def test_a_message_of_an_unknown_form_still_has_one():
    assert pod_remedy("failed quota: team: must specify", "spec.workers")


@pytest.mark.parametrize(
    ("reason", "message", "words"),
    [
        (
            "FailedAttachVolume",
            'Multi-Attach error for volume "pvc-1" Volume is already used by node b',
            "ReadWriteMany",
        ),
        ("FailedMount", "mount.nfs: access denied by server while mounting", "export list"),
        ("FailedMount", "mkdir /srv: Permission denied", "export list"),
        ("FailedMount", "driver name csi not found in the list of registered CSI drivers", "spec.workers.volumes"),
        ("FailedMount", "hostPath type check failed: /srv is not a directory", "Create this folder"),
        ("FailedBinding", "no storage class is set", "storageClassName in spec.workers.volumes"),
        ("FailedCreatePodSandBox", "plugin type=calico failed", "network plugin"),
        ("FailedCreatePodContainer", "cannot enter cgroupv2", "cgroups"),
        ("NetworkNotReady", "network is not ready", "network plugin"),
    ],
)
def test_volumes_have_a_remedy(reason: str, message: str, words: str):
    assert words in volume_remedy(reason, message, "spec.workers.volumes")
