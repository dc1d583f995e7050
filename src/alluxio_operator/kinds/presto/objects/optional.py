"""Names the objects that the rest of a Presto can do without; pure.

All servers need the configuration, the service account, and the Service by which workers find the coordinator. The
coordinator comes first, since workers register with it.
"""

from __future__ import annotations

from collections.abc import Mapping

from alluxio_operator.kinds.presto.names import CLIENT, ROLES, WORKER, Names
from alluxio_operator.kube.kinds import Ref


def optional_objects(presto: Names) -> Mapping[Ref, str]:
    """Return the objects that others can do without, with the part of the Presto to which each belongs."""
    return {
        Ref("PodDisruptionBudget", presto.workers): "disruption budget",
        Ref("Deployment", presto.workers): WORKER,
        Ref("Service", presto.service): CLIENT,
        **{Ref("NetworkPolicy", presto.access(role)): "access" for role in ROLES},
    }
