"""Adds what a user can do to the trouble of a pod: no node, no image, no container, no right to write; pure.

The messages are those of the scheduler, the kubelet and containerd of Kubernetes 1.34. A process that ends for a reason
of its own has said it in its last words, to which nothing is added.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from alluxio_operator.workloads.pod_trouble import Trouble
from alluxio_operator.workloads.pods import Pod

_ABSENT_CLAIM: Final = re.compile(r'persistentvolumeclaim "(?P<name>[^"]+)" not found')
_UNWRITABLE: Final = re.compile(
    r"(cannot|can't) (create|open|touch|move|remove|make)[^:]*: .*(Permission denied|Read-only file system)"
    r"|: (Permission denied|Read-only file system)$|AccessDeniedException|\((Permission denied|Read-only file system)\)"
)
"""Messages of a shell or a JVM. HDFS has others, such as `Permission denied: user=a, access=WRITE`: not of a volume."""
_IMAGE_REASONS: Final = ("ImagePullBackOff", "ErrImageNeverPull", "ImageInspectError", "InvalidImageName")
_CONTAINER_REASONS: Final = (
    "CreateContainerConfigError",
    "CreateContainerError",
    "PostStartHookError",
    "PreCreateHookError",
    "PreStartHookError",
    "RunContainerError",
)
_SCHEDULING: Final = (
    ("Insufficient ", "lower {path}.resources and {path}.jvm, or add nodes"),
    ("untolerated taint", "add the taint to {path}.tolerations"),
    ("node affinity/selector", "compare {path}.nodeSelector and {path}.affinity with the labels of the nodes"),
    ("pod affinity rules", "change {path}.affinity"),
    ("anti-affinity rules", "add nodes, or change {path}.affinity"),
    ("topology spread constraints", "add nodes, or change {path}.topologySpreadConstraints"),
    ("were unschedulable", "uncordon a node"),
    ("unbound immediate PersistentVolumeClaims", "check the storage class of its PVCs and their Events"),
    ("available persistent volumes to bind", "add a PersistentVolume, or check the storage class of its PVCs"),
    ("enough free storage", "add storage, or ask for smaller volumes"),
    (
        "PersistentVolume's node affinity",
        "let {path}.nodeSelector and {path}.affinity admit the nodes that can mount its volumes",
    ),
    ("available volume zone", "let {path}.nodeSelector and {path}.affinity admit the zone of its volumes"),
    ("exceed max volume count", "add nodes"),
    ("ReadWriteOncePod", "use a volume with ReadWriteOnce or ReadWriteMany"),
)
"""Words of the scheduler's message, with the remedy."""
MOST: Final = 3
"""Remedies that a message names at most."""


@dataclass(frozen=True, slots=True)
class Fields:
    """Where a kind's spec has what a remedy names.

    `path_of` returns the path of a role or container such as spec.workers; None for a container without its own.
    `image_of` returns the field of a container's image.
    """

    path_of: Callable[[str], str | None]
    image_of: Callable[[str], str] = lambda _: "spec.image"

    def path(self, pod: Pod, container: str = "") -> str:
        """Return the path of a container of a pod, else of the pod's role."""
        return self.path_of(container) or self.path_of(pod.role) or "spec"


def explained(pod: Pod, fields: Fields) -> Pod:
    """Return the pod; if it has trouble with a remedy, the message ends with that."""
    trouble = pod.trouble
    if trouble is None or not (remedy := _remedy(pod, trouble, fields)):
        return pod
    return replace(pod, trouble=replace(trouble, message=f"{trouble.message.rstrip('. ')}. {remedy}"))


def _remedy(pod: Pod, trouble: Trouble, fields: Fields) -> str:
    path = fields.path(pod, trouble.container)
    if trouble.missing:
        return ""
    if trouble.reason in ("Unschedulable", "SchedulerError"):
        return scheduling_remedy(trouble.message, path)
    if trouble.reason == "SchedulingGated":
        return (
            "A policy of the cluster, such as one of queues, added spec.schedulingGates to the pod and has to admit it"
        )
    if trouble.reason in _IMAGE_REASONS:
        image = fields.image_of(trouble.container)
        if trouble.reason == "ErrImageNeverPull":
            return f"Load the image on the node, or change {image}.pullPolicy"
        return f"Correct {image}: repository, tag, or pullSecrets for a registry that wants credentials"
    if trouble.reason in _CONTAINER_REASONS:
        image = fields.image_of(trouble.container)
        return (
            f"Check {image}, {path}.volumes, {path}.volumeMounts and {path}.env, and the container runtime of the node"
        )
    if trouble.reason == "OOMKilled":
        return f"Raise {path}.resources.limits.memory, or lower {path}.jvm.heap and {path}.jvm.directMemory"
    if _UNWRITABLE.search(trouble.message):
        return (
            "If the folder lies on a volume, let the user and group of spec.security (default: 1000) write there: "
            "change its owner, or use a storage class whose driver applies fsGroup"
        )
    return _REMEDIES_OF_NODES.get(trouble.reason, "").format(path=path)


_REMEDIES_OF_NODES: Final = {
    "Evicted": "Raise {path}.resources, so that the node reserves more for the pod, or free space on the node",
    "OutOfcpu": "Lower {path}.resources, or add nodes",
    "OutOfmemory": "Lower {path}.resources and {path}.jvm, or add nodes",
    "NodeAffinity": "Compare {path}.nodeSelector and {path}.affinity with the labels of the node",
}
"""Reasons of a pod that its node evicted or didn't admit."""


def scheduling_remedy(message: str, path: str) -> str:
    """Return the remedies for what the scheduler reports."""
    if absent := _ABSENT_CLAIM.search(message):
        return f"Create PVC {absent['name']}, or change the field that names it, such as {path}.volumes"
    found = [remedy.format(path=path) for words, remedy in _SCHEDULING if words in message]
    if not found:
        return f"Change {path}, or add nodes that fit"
    text = "; or ".join(found[:MOST])
    return text[0].upper() + text[1:]
