"""Ports of a Presto by who needs them, for its NetworkPolicy."""

from __future__ import annotations

from typing import Any

from alluxio_operator.api.presto import PrestoSpec
from alluxio_operator.kinds.presto.names import Names
from alluxio_operator.workloads.access import Ports, values_of


def access_values(spec: PrestoSpec, names: Names) -> dict[str, Any] | None:
    """Return the values for the template of the NetworkPolicy; None if the spec wants none.

    Clients need the coordinator alone. Its port and that of the workers may be the same number; the workers' port is
    open to clients only then.
    """
    coordinator, workers = spec.coordinator.ports.http, spec.workers.ports.http
    exposed = (coordinator,) if spec.service.type != "ClusterIP" else ()
    return values_of(spec.access, names.owner_labels, Ports((coordinator,), (coordinator, workers), exposed))
