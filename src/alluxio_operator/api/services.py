"""Services that expose a cluster to clients."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from alluxio_operator.api.base import Model, StringMap, cel, rules

NodePort = Annotated[int, Field(ge=1, le=65535)]
"""A port that every node opens. The API server checks it against its own range and the ports in use."""


class Exposure(Model):
    """Exposure of a Service: its type, annotations and load balancer."""

    type: Literal["ClusterIP", "NodePort", "LoadBalancer"] = Field(
        "ClusterIP",
        description="ClusterIP: reachable within the Kubernetes cluster. NodePort: also on a port of every node. "
        "LoadBalancer: also at an address from the cloud.",
    )
    annotations: StringMap = Field(
        {}, description="Annotations of the Service, such as settings of a cloud's load balancer."
    )
    load_balancer_class: (
        Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9./_-]*[A-Za-z0-9])?$", max_length=316)] | None
    ) = Field(
        None,
        description="Load balancer implementation, for type LoadBalancer. Default: the cloud's default one.",
    )


class MasterNodePorts(Model):
    """Ports on every node that lead to the masters."""

    rpc: NodePort | None = Field(None, description="Node port of the RPC port. Default: Kubernetes chooses one.")
    web: NodePort | None = Field(None, description="Node port of the HTTP port. Default: Kubernetes chooses one.")


class Service(Exposure):
    """The Service through which clients inside or outside the Kubernetes cluster reach the masters."""

    node_ports: MasterNodePorts | None = Field(
        None, description="Ports on every node, for types NodePort and LoadBalancer."
    )


class ProxyNodePorts(Model):
    """Ports on every node that lead to the proxy."""

    web: NodePort | None = Field(None, description="Node port of the HTTP port. Default: Kubernetes chooses one.")


class ProxyService(Exposure):
    """The Service through which clients reach the proxy."""

    node_ports: ProxyNodePorts | None = Field(
        None, description="Ports on every node, for types NodePort and LoadBalancer."
    )


EXPOSURE_RULES = rules(
    cel(
        "self.type != 'ClusterIP' || !has(self.nodePorts)",
        "a Service of type ClusterIP has no node ports: remove nodePorts, or set type to NodePort or LoadBalancer",
        field_path=".nodePorts",
    ),
    cel(
        "self.type == 'LoadBalancer' || !has(self.loadBalancerClass)",
        "only a Service of type LoadBalancer has a loadBalancerClass: remove it, or set type to LoadBalancer",
        field_path=".loadBalancerClass",
    ),
)

MASTER_NODE_PORTS_RULES = rules(
    cel(
        "!has(self.rpc) || !has(self.web) || self.rpc != self.web",
        "rpc and web need different ports",
    )
)


def _same_class(path: str) -> str:
    now, before = f"self.{path}", f"oldSelf.{path}"
    return (
        f"{now}.type != 'LoadBalancer' || {before}.type != 'LoadBalancer' || "
        f"(has({now}.loadBalancerClass) == has({before}.loadBalancerClass) && "
        f"(!has({now}.loadBalancerClass) || {now}.loadBalancerClass == {before}.loadBalancerClass))"
    )


CHANGES_OF_SERVICES = tuple(
    cel(
        _same_class(path),
        f"spec.{path}.loadBalancerClass can't be changed while the Service is a LoadBalancer: set type to ClusterIP "
        "first, then to LoadBalancer with the new class",
        field_path=f".{path}.loadBalancerClass",
    )
    for path in ("service", "proxy.service")
)
"""Rules of the whole spec: fields that are immutable in an existing Kubernetes Service."""
