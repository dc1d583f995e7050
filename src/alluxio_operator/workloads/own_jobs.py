"""Values of Jobs that run the operator's own image, in the place of a master; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from alluxio_operator.api.alluxiocluster import Image, Masters
from alluxio_operator.api.security import Security
from alluxio_operator.api.ufs import S3Credentials
from alluxio_operator.engine.gate import Gate, blocked
from alluxio_operator.engine.jobs import stand_in_metadata
from alluxio_operator.workloads.identity import identity_of
from alluxio_operator.workloads.memory import MI

DEFAULT_REGION: Final = "us-east-1"

FETCH_MEMORY: Final = 512 * MI
FETCH_HEAP: Final = 128 * MI
"""Of Alluxio's command line, which copies a file."""
CHECK_MEMORY: Final = 192 * MI
"""Of the check of a backup file."""


def image_unknown(gate: str) -> Gate:
    """Return the closed gate of a Job whose image isn't known."""
    message = (
        "the operator doesn't know its own image, which the Job runs: set the variable ALLUXIO_OPERATOR_IMAGE of its "
        "Deployment, or let it read its own pod"
    )
    return blocked(gate, "ImageUnknown", message)


def images(image: Image, own: str, security: Security, cluster: str) -> dict[str, Any]:
    """Return what the pods of the Jobs of a cluster share; `image` has its tag."""
    return {
        "image": f"{image.repository}:{image.tag}",
        "ownImage": own,
        "pullPolicy": image.pull_policy,
        "pullSecrets": [{"name": secret.name} for secret in image.pull_secrets],
        "identity": identity_of(security),
        # Security context constraints of OpenShift hang on it.
        "serviceAccount": cluster,
    }


def pod_of(masters: Masters, labels: Mapping[str, str]) -> dict[str, Any]:
    """Return what the pod has of a master: placement, and the labels by which policies of a namespace select."""
    master = masters.model_dump(by_alias=True, mode="json", exclude_none=True)
    return {
        "affinity": None,
        "spread": None,
        "nodeSelector": master["nodeSelector"],
        "tolerations": master["tolerations"],
        "priorityClassName": master.get("priorityClassName"),
        "graceSeconds": 30,
        "metadata": stand_in_metadata(labels, master["podLabels"], master["podAnnotations"]),
    }


def resources_of(masters: Masters, memory: int) -> dict[str, Any]:
    """Return the resources of a container: the CPU of a master, and memory in bytes."""
    requests, limits = masters.resources.requests.cpu, masters.resources.limits.cpu
    return {
        "requests": {"memory": str(memory), **({"cpu": requests} if requests else {})},
        "limits": {"memory": str(memory), **({"cpu": limits} if limits else {})},
    }


def bucket_arguments(bucket: str, region: str | None, endpoint: str | None, *, path_style: bool) -> list[str]:
    """Return the arguments of `backup_file.store.add_bucket_options`."""
    arguments = ["--bucket", bucket, "--region", region or DEFAULT_REGION]
    arguments += ["--endpoint", endpoint] if endpoint else []
    return [*arguments, *(["--path-style"] if path_style else [])]


def keys(credentials: S3Credentials | None) -> list[dict[str, Any]]:
    """Return the variables with the keys of a bucket; none if the pod's identity counts."""
    if credentials is None:
        return []
    keys = {
        "AWS_ACCESS_KEY_ID": credentials.access_key_id_key,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_access_key_key,
    }
    secret = credentials.secret_name
    return [{"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}} for name, key in keys.items()]


def port_of(endpoint: str | None) -> int:
    """Return the port of a bucket's service."""
    address = urlsplit(endpoint or "https://")
    return address.port or (80 if address.scheme == "http" else 443)
