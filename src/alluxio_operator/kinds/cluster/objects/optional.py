"""Names the objects that the rest of a cluster can do without; pure.

Masters and workers need the shared configuration, the service account, their own ConfigMaps and headless Services, the
journal and the root mount. If the API server refuses another object, for example the log server's PVC because of a
quota, the rest of the cluster is applied all the same.
"""

from __future__ import annotations

from collections.abc import Mapping

from alluxio_operator.kinds.cluster.names import FUSE, JOB_MASTER, LOG_SERVER, PROXY, ROLES, WORKER, Names
from alluxio_operator.kinds.cluster.objects.access import ACCESS
from alluxio_operator.kube.kinds import Ref


def optional_objects(cluster: Names) -> Mapping[Ref, str]:
    """Return the objects that others can do without, with the part of the cluster to which each belongs."""
    parts: dict[Ref, str] = {}
    for role, kind in (
        (JOB_MASTER, "StatefulSet"),
        (LOG_SERVER, "Deployment"),
        (PROXY, "Deployment"),
        (FUSE, "DaemonSet"),
    ):
        own = cluster.of(role)
        parts |= dict.fromkeys((Ref("ConfigMap", f"{own}conf"), Ref("Service", own), Ref(kind, own)), role)
    parts[Ref("PersistentVolumeClaim", cluster.of("logs"))] = LOG_SERVER
    # Nothing that comes later needs the workers. Their configuration counts as needed, since the job workers share it.
    parts |= {Ref(kind, cluster.of(WORKER)): WORKER for kind in ("StatefulSet", "DaemonSet")}
    parts |= {Ref(kind, cluster.of("client")): "client" for kind in ("ConfigMap", "Service")}
    parts |= {Ref("PodDisruptionBudget", cluster.of(role)): f"disruption budget of {role}" for role in ROLES}
    parts[Ref("NetworkPolicy", cluster.of(ACCESS))] = "access"
    return parts
