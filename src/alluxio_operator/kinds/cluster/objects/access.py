"""Ports of an Alluxio cluster by who needs them, for its NetworkPolicy."""

from __future__ import annotations

from typing import Any, Final

from alluxio_operator.api.alluxiocluster import ClusterSpec
from alluxio_operator.engine.children import MANAGED_BY
from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.workloads.access import Ports, values_of

ACCESS: Final = "access"
"""Suffix of the policy's name."""
PRESTOS: Final = {
    "podSelector": {"matchLabels": {"app.kubernetes.io/name": "presto", "app.kubernetes.io/managed-by": MANAGED_BY}}
}
"""The Prestos of the namespace, which read and write through a cluster beside them."""
BACKUPS: Final = {
    "podSelector": {
        "matchLabels": {"app.kubernetes.io/name": "alluxio-backup", "app.kubernetes.io/managed-by": MANAGED_BY}
    }
}
"""The Jobs that read a backup of the cluster."""
DRILLS: Final = {
    "podSelector": {
        "matchLabels": {"app.kubernetes.io/name": "alluxio-drill", "app.kubernetes.io/managed-by": MANAGED_BY}
    }
}
"""The Jobs of a drill, which fetch a backup through the cluster, and ask it whether a file has changed since."""


def access_values(spec: ClusterSpec, names: Names) -> list[dict[str, Any]]:
    """Return the values for the template of the NetworkPolicies of a cluster that gets one."""
    own = names.instance_labels
    return [values_of(spec.access, names.of(ACCESS), own, own, ports_of(spec), [PRESTOS, BACKUPS, DRILLS])]


def ports_of(spec: ClusterSpec) -> Ports:
    """Return the ports by who needs them.

    Clients read metadata from masters and blocks from workers, and submit jobs to job masters. The journal's ports,
    those of job workers and that of the log server are for the cluster's own pods.
    """
    masters, workers, jobs = spec.masters.ports, spec.workers.ports, spec.job_service
    clients = [masters.rpc, masters.web, workers.rpc]
    metrics = [masters.web, workers.web]
    if jobs.enabled:
        clients.append(jobs.master.ports.rpc)
        metrics += [jobs.master.ports.web, jobs.worker.ports.web]
    if spec.proxy.enabled:
        clients.append(spec.proxy.ports.web)
        metrics.append(spec.proxy.ports.web)
    if spec.fuse.enabled:
        metrics.append(spec.fuse.ports.web)
    exposed = [masters.rpc, masters.web] if spec.service.type != "ClusterIP" else []
    if spec.proxy.enabled and spec.proxy.service.type != "ClusterIP":
        exposed.append(spec.proxy.ports.web)
    return Ports(tuple(clients), tuple(metrics), tuple(exposed))
