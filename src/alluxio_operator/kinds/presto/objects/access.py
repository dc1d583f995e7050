"""Ports of a Presto by who needs them, for its NetworkPolicies."""

from __future__ import annotations

from typing import Any

from alluxio_operator.api.presto import PrestoSpec
from alluxio_operator.kinds.presto.names import COORDINATOR, WORKER, Names
from alluxio_operator.workloads.access import Ports, values_of


def access_values(spec: PrestoSpec, names: Names) -> list[dict[str, Any]]:
    """Return the values for the template of the NetworkPolicies of a Presto that gets them.

    Clients need the coordinator alone. A worker runs the tasks of any client that reaches its port, and stops at its
    request.
    """
    exposed = (spec.coordinator.ports.http,) if spec.service.type != "ClusterIP" else ()
    coordinator = Ports((spec.coordinator.ports.http,), (spec.coordinator.ports.http,), exposed)
    workers = Ports((), (spec.workers.ports.http,))
    return [
        values_of(spec.access, names.access(role), names.selector(role), names.instance_labels, ports)
        for role, ports in ((COORDINATOR, coordinator), (WORKER, workers))
    ]
