"""The rules of a resource's NetworkPolicy; pure.

One policy covers all pods of a resource, and a rule names ports by number: each role has its own. So ports that only
the resource's own pods use stay closed to clients.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from alluxio_operator.api.base import GROUP
from alluxio_operator.api.network import Access, AccessPeer
from alluxio_operator.engine.children import MANAGED_BY

NAMESPACE_LABEL: Final = "kubernetes.io/metadata.name"
"""Label of every namespace with its name; the API server sets it (Kubernetes 1.22 and later)."""
MONITORING: Final[Mapping[str, Any]] = {
    "namespaceSelector": {"matchLabels": {f"{GROUP}/metrics": "enabled"}},
}
"""Namespaces whose pods may scrape metrics: the same label opens the operator's own port."""
SAME_NAMESPACE: Final[Mapping[str, Any]] = {"podSelector": {}}


@dataclass(frozen=True, slots=True)
class Ports:
    """Ports of a resource's pods by who needs them; all TCP."""

    clients: tuple[int, ...]
    metrics: tuple[int, ...]
    everybody: tuple[int, ...] = ()
    """Ports of Services that are exposed outside of the Kubernetes cluster on purpose."""


def values_of(
    access: Access, pods: Mapping[str, str], ports: Ports, also: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any] | None:
    """Return the values for a NetworkPolicy's template, or None without one.

    `pods` are the labels of the resource's own pods. `also` are peers that are clients whatever `access` says.
    """
    if not access.enabled:
        return None
    clients = [_peer(one) for one in access.from_] or [dict(SAME_NAMESPACE)]
    rules = [
        {"from": [*clients, *also], "ports": _as_ports(ports.clients)},
        {"from": [MONITORING], "ports": _as_ports(ports.metrics)},
    ]
    if ports.everybody:
        rules.append({"ports": _as_ports(ports.everybody)})
    return {"pods": dict(pods), "rules": rules, "operator": {"app.kubernetes.io/name": MANAGED_BY}}


def _peer(peer: AccessPeer) -> dict[str, Any]:
    dumped: dict[str, Any] = peer.model_dump(by_alias=True, mode="json", exclude_none=True, exclude_defaults=True)
    return dumped


def _as_ports(numbers: Iterable[int]) -> list[dict[str, Any]]:
    return [{"port": number, "protocol": "TCP"} for number in sorted(set(numbers))]
