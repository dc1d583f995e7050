"""Names and labels of the objects of one cluster.

Every suffix is one word without a dash, so that two clusters of a namespace never share a name: cluster `a-job` with
suffix `-master` must not collide with cluster `a` and a suffix `-job-master`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from alluxio_operator.api.alluxiocluster import KIND
from alluxio_operator.api.base import GROUP
from alluxio_operator.engine.children import MANAGED_BY, OWNER_KIND_LABEL, OWNER_LABEL
from alluxio_operator.engine.ownership import has_labels
from alluxio_operator.kube.kinds import Object

MASTER = "master"
WORKER = "worker"
JOB_MASTER = "jobmaster"
JOB_WORKER = "jobworker"
LOG_SERVER = "logserver"
PROXY = "proxy"
FUSE = "fuse"
JOURNAL = "journal"

ROLES: Final = (MASTER, WORKER, JOB_MASTER, JOB_WORKER, LOG_SERVER, PROXY, FUSE)
RESTART: Final = f"{GROUP}/restart-"
"""Prefix of the annotations of the resource that restart a role: each new value restarts the role in the name."""


@dataclass(frozen=True, slots=True)
class Names:
    """Names and labels for the cluster `cluster` in `namespace`."""

    cluster: str
    namespace: str
    pod_hosts: bool = False
    """Whether the masters are known by the names of their pods: a single one of an earlier version."""

    def of(self, suffix: str) -> str:
        """Return the name of an object by its suffix, such as a role."""
        return f"{self.cluster}-{suffix}"

    def host(self, role: str, ordinal: int) -> str:
        """Return the host name of a StatefulSet's pod; it also resolves in other namespaces."""
        return self.pod_host(role, f"{self.of(role)}-{ordinal}")

    def pod_host(self, role: str, pod: str) -> str:
        """Return the host name of a StatefulSet's pod by the pod's name."""
        return f"{pod}.{self.of(role)}.{self.namespace}.svc"

    def master_host(self, ordinal: int) -> str:
        """Return the host name of a master, for clients and for the other members of the quorum.

        Each master has a Service of its own, whose address stays. The host name of a pod doesn't resolve
        while the pod is being replaced. Once Ratis fails to resolve a member, it may not retry for long (seen with
        2.9.4: usually 32 s; in one of eight cases more than five minutes).
        """
        return self.host(MASTER, ordinal) if self.pod_hosts else f"{self.master(ordinal)}.{self.namespace}.svc"

    def journal_claim(self, ordinal: int) -> str:
        """Return the name of a master's PVC as its StatefulSet expects it: template, StatefulSet, ordinal."""
        return f"journal-{self.of(MASTER)}-{ordinal}"

    def journal_job(self, operation: str, ordinal: int) -> str:
        """Return the name of the Job that initialises a master's journal."""
        return self.of(f"journal-{operation}" + (f"-{ordinal}" if ordinal else ""))

    def master(self, ordinal: int) -> str:
        """Return the name of a master's pod."""
        return f"{self.of(MASTER)}-{ordinal}"

    def labels(self, component: str) -> Mapping[str, str]:
        """Return the labels of an object of this cluster."""
        return {
            "app.kubernetes.io/name": "alluxio",
            "app.kubernetes.io/instance": self.cluster,
            "app.kubernetes.io/component": component,
            "app.kubernetes.io/managed-by": MANAGED_BY,
            **self.owner_labels,
        }

    @property
    def owner_labels(self) -> Mapping[str, str]:
        """Labels that name this cluster as the owner."""
        return {OWNER_KIND_LABEL: KIND, OWNER_LABEL: self.cluster}

    def owns(self, obj: Object) -> bool:
        """Return True if an object's labels name this cluster as its owner."""
        return has_labels(obj, self.owner_labels)

    def selector(self, component: str) -> Mapping[str, str]:
        """Return the label selector of a role's pods; it is immutable in a workload."""
        return {**self.instance_labels, "app.kubernetes.io/component": component}

    @property
    def instance_labels(self) -> Mapping[str, str]:
        """Labels of all pods of this cluster, by which its workloads select them."""
        return {"app.kubernetes.io/name": "alluxio", "app.kubernetes.io/instance": self.cluster}

    @property
    def instance_selector(self) -> str:
        """Label selector for all objects of this cluster, including the PVCs of StatefulSets, without owner labels."""
        return f"app.kubernetes.io/name=alluxio,app.kubernetes.io/instance={self.cluster}"

    @property
    def owned_by_selector(self) -> str:
        """Label selector for the objects with the owner labels of this cluster."""
        return f"{OWNER_KIND_LABEL}={KIND},{OWNER_LABEL}={self.cluster}"
