"""The rules of a resource's NetworkPolicy; pure.

A rule names ports by number, and the roles of an AlluxioCluster have different ports: one policy covers all its pods,
and ports that only these use stay closed to clients. Coordinator and workers of a Presto have the same port by default,
so each of them has a policy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from alluxio_operator.api.base import GROUP
from alluxio_operator.api.network import Access, AccessPeer
from alluxio_operator.engine.children import MANAGED_BY
from alluxio_operator.kube.kinds import Object

KIND: Final = "NetworkPolicy"
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


def is_guarded(resource: Object, access: Access | None, policy: str) -> bool:
    """Return True if a resource gets NetworkPolicies, of which one has the name `policy`.

    An operator that learned of policies must not cut the clients of a resource that ran without one. Such a resource
    has an inventory without a policy.
    """
    if access is not None:
        return access.enabled
    status = resource.get("status")
    inventory = status.get("inventory") if isinstance(status, Mapping) else None
    if not inventory or not isinstance(inventory, list):
        return True
    return any(isinstance(one, Mapping) and (one.get("kind"), one.get("name")) == (KIND, policy) for one in inventory)


def values_of(
    access: Access | None,
    name: str,
    pods: Mapping[str, str],
    own: Mapping[str, str],
    ports: Ports,
    also: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return the values for the template of one NetworkPolicy.

    `pods` are labels of the pods that it covers, `own` those of all pods of the resource: labels by which workloads
    select their pods, so no pod that serves is left out. `also` are peers that are clients whatever `access` says.
    """
    clients = [_peer(one) for one in access.from_] if access else []
    rules = []
    if ports.clients:
        rules.append({"from": [*(clients or [dict(SAME_NAMESPACE)]), *also], "ports": _as_ports(ports.clients)})
    rules.append({"from": [MONITORING], "ports": _as_ports(ports.metrics)})
    if ports.everybody:
        rules.append({"ports": _as_ports(ports.everybody)})
    return {
        "name": name,
        "pods": dict(pods),
        "own": dict(own),
        "rules": rules,
        "operator": {"app.kubernetes.io/name": MANAGED_BY},
    }


def _peer(peer: AccessPeer) -> dict[str, Any]:
    dumped: dict[str, Any] = peer.model_dump(by_alias=True, mode="json", exclude_none=True, exclude_defaults=True)
    return dumped


def _as_ports(numbers: Iterable[int]) -> list[dict[str, Any]]:
    return [{"port": number, "protocol": "TCP"} for number in sorted(set(numbers))]
