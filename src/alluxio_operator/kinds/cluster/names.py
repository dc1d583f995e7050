"""The names of the objects of one cluster.

Every suffix is one word without a dash, so that no two clusters of a namespace can lead to the same name: cluster
`a-job` with suffix `-master` must not meet cluster `a` with a suffix `-job-master`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from alluxio_operator.api.alluxiocluster import KIND
from alluxio_operator.api.base import GROUP
from alluxio_operator.engine.children import MANAGED_BY, OWNER_KIND_LABEL, OWNER_LABEL
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
"""With a role's name behind it, the annotation of the resource whose every new value restarts that role."""


@dataclass(frozen=True, slots=True)
class Names:
    """Names and labels of everything that belongs to the cluster `cluster` in `namespace`."""

    cluster: str
    namespace: str

    def of(self, suffix: str) -> str:
        """Return the name of an object by its suffix, such as a role."""
        return f"{self.cluster}-{suffix}"

    def host(self, role: str, ordinal: int) -> str:
        """Return the name under which a pod of a StatefulSet is found, also from other namespaces."""
        workload = self.of(role)
        return f"{workload}-{ordinal}.{workload}.{self.namespace}.svc"

    def master_host(self, ordinal: int, members: int) -> str:
        """Return the name by which a master is known, to the journal's other members, too.

        With several masters it is that of a Service of its own, whose address stays. The name of a pod is gone while
        the pod is replaced, and Ratis, once it couldn't resolve a member's name, may never ask for it again (seen with
        2.9.4: 32 s as a rule, and once in eight times not within five minutes).
        """
        return f"{self.master(ordinal)}.{self.namespace}.svc" if members > 1 else self.host(MASTER, ordinal)

    def journal_claim(self, ordinal: int) -> str:
        """Return the claim that the StatefulSet of the masters looks for: template, StatefulSet, ordinal."""
        return f"journal-{self.of(MASTER)}-{ordinal}"

    def journal_job(self, operation: str, ordinal: int) -> str:
        """Return the Job that carries out the one initialisation of a master's journal."""
        return self.of(f"journal-{operation}" + (f"-{ordinal}" if ordinal else ""))

    def master(self, ordinal: int) -> str:
        """Return the pod of a master."""
        return f"{self.of(MASTER)}-{ordinal}"

    def labels(self, component: str) -> Mapping[str, str]:
        """Return the labels of an object of this cluster."""
        return {
            "app.kubernetes.io/name": "alluxio",
            "app.kubernetes.io/instance": self.cluster,
            "app.kubernetes.io/component": component,
            "app.kubernetes.io/managed-by": MANAGED_BY,
            OWNER_KIND_LABEL: KIND,
            OWNER_LABEL: self.cluster,
        }

    def owns(self, obj: Object) -> bool:
        """Tell whether an object's labels say that it belongs to this cluster."""
        labels: Mapping[str, str] = obj["metadata"].get("labels", {})
        return (labels.get(OWNER_KIND_LABEL), labels.get(OWNER_LABEL)) == (KIND, self.cluster)

    def selector(self, component: str) -> Mapping[str, str]:
        """Return the labels by which pods of a role are found; a workload can't change them later."""
        return {
            "app.kubernetes.io/name": "alluxio",
            "app.kubernetes.io/instance": self.cluster,
            "app.kubernetes.io/component": component,
        }

    @property
    def instance_selector(self) -> str:
        """Label selector for all of this cluster, also for what StatefulSets make: claims without an owner's labels."""
        return f"app.kubernetes.io/name=alluxio,app.kubernetes.io/instance={self.cluster}"

    @property
    def owned_by_selector(self) -> str:
        """Label selector for everything that belongs to this cluster."""
        return f"{OWNER_KIND_LABEL}={KIND},{OWNER_LABEL}={self.cluster}"
