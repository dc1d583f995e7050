"""What a user can do when the API server rejects a pod, or a node can't start one; pure.

The messages are those of Kubernetes 1.34: its admission plugins ResourceQuota, LimitRanger, Priority and PodSecurity,
webhooks and policies, and OpenShift's security context constraints.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

_UNSPECIFIED: Final = re.compile(r"must specify (?P<what>.+)$")
_AMOUNT: Final = re.compile(r"^(?P<names>[\w./,-]+)(?: for: (?P<containers>[\w,-]+))?$")
_POLICIES: Final = ("denied the request", "ValidatingAdmissionPolicy", "admission webhook")
_LIMIT_RANGE: Final = ("usage per Container is", "usage per Pod is", "limit to request ratio per")
_OF_VOLUMES: Final = ("usage per PersistentVolumeClaim is", "create Claim ", "persistentvolumeclaims ")
_AMOUNTS: Final = ("cpu", "memory")
"""What `resources` in a spec may name."""


def pod_remedy(message: str, path: str, path_of: Callable[[str], str | None] = lambda _: None) -> str:
    """Return the remedy for a rejected pod; `path` is its role's path in the spec, such as spec.workers.

    `path_of` returns the path of another process in the same pod by the name of its container.
    """
    if "failed quota" in message and (unspecified := _unspecified(message, path, path_of)):
        return unspecified
    if any(words in message for words in _OF_VOLUMES):
        return f"Raise this limit of the namespace, or ask for smaller or fewer volumes in {path}"
    if "exceeded quota" in message:
        return f"Raise this ResourceQuota, or lower {path}.resources or the number of pods"
    if "PriorityClass" in message:
        return f"Create this PriorityClass, or change {path}.priorityClassName: the pods then start automatically"
    if any(words in message for words in _LIMIT_RANGE):
        return f"Change {path}.resources and {path}.jvm, or the LimitRange of the namespace"
    if "must be less than or equal to" in message and "resources" in message:
        return f"Set both requests and limits in {path}.resources, or change the defaults of the LimitRange"
    if "PodSecurity" in message:
        return "Label the namespace for the features that you use, see docs/security.md"
    if "security context constraint" in message:
        return "Give the service account of the pods a constraint that permits this, see docs/security.md"
    if any(words in message for words in _POLICIES):
        return f"Follow this policy with the fields of {path}, or ask its owner for an exception"
    return f"Fix the cause, or change {path}: the pods then start automatically"


def _unspecified(message: str, path: str, path_of: Callable[[str], str | None]) -> str:
    """Return the remedy for `must specify limits.cpu for: worker,job-worker; requests.cpu`; empty for another form."""
    found = _UNSPECIFIED.search(message.rstrip(". "))
    fields: list[str] = []
    others: list[str] = []
    for part in found["what"].split("; ") if found else ():
        amount = _AMOUNT.match(part.strip())
        if amount is None:
            continue
        containers = (amount["containers"] or "").split(",")
        paths = list(dict.fromkeys(path_of(one) or path for one in containers))
        names = [name if "." in name else f"requests.{name}" for name in amount["names"].split(",")]
        fields += [f"{one}.resources.{name}" for one in paths for name in names if name.endswith(_AMOUNTS)]
        others += [name for name in names if not name.endswith(_AMOUNTS)]
    remedies = [f"Set {', '.join(dict.fromkeys(fields))}"] if fields else []
    if others:
        listed = ", ".join(dict.fromkeys(others))
        remedies.append(f"Add a LimitRange with defaults for {listed} to the namespace: the spec has no field for it")
    return ". ".join(remedies)


def volume_remedy(reason: str, message: str, fields: str) -> str:
    """Return the remedy for a pod that its node can't start; `fields` name the volumes in the spec."""
    if reason in ("FailedCreatePodSandBox", "NetworkNotReady"):
        return "Check the container runtime and the network plugin of the node"
    if reason == "FailedCreatePodContainer":
        return "Check the kubelet and the cgroups of the node"
    if reason in ("ExternalProvisioning", "FailedBinding", "ProvisioningFailed"):
        return (
            "Create the storage class, mark one as the default, or repair its provisioner. Another storageClassName "
            f"in {fields} needs another PVC"
        )
    if "Multi-Attach" in message:
        return (
            "A ReadWriteOnce volume is attached to one node at a time. Wait until the other pod has ended, keep its "
            f"pods on one node, or use a volume with ReadWriteMany ({fields})"
        )
    if any(words in message.lower() for words in ("permission denied", "access denied", "not permitted")):
        return (
            "Permit the node to mount it, for example in the export list or the credentials of the storage, or change "
            f"{fields}"
        )
    if "hostPath type check failed" in message:
        return f"Create this folder or file on the node, or change {fields}"
    return f"Check {fields}, and the driver of the volume on the node"
