"""The Services through which clients reach a cluster."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from alluxio_operator.api.base import Model, StringMap, cel, rules

NodePort = Annotated[int, Field(ge=1, le=65535)]
"""A port that every node opens; which are free is for the API server to say."""


class Exposure(Model):
    """How a Service is reached from outside."""

    type: Literal["ClusterIP", "NodePort", "LoadBalancer"] = Field(
        "ClusterIP",
        description="ClusterIP: from within the Kubernetes cluster. NodePort: also on a port of every node. "
        "LoadBalancer: also at an address that the cloud gives.",
    )
    annotations: StringMap = Field({}, description="Its annotations, for load balancers of clouds.")
    load_balancer_class: (
        Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9./_-]*[A-Za-z0-9])?$", max_length=316)] | None
    ) = Field(
        None,
        description="Which implementation of load balancers is to serve it; the default one when it isn't given. "
        "For type LoadBalancer.",
    )


class MasterNodePorts(Model):
    """Ports on every node that lead to the masters."""

    rpc: NodePort | None = Field(None, description="Leads to the RPC port; chosen by Kubernetes when it isn't given.")
    web: NodePort | None = Field(None, description="Leads to the HTTP port; chosen by Kubernetes when it isn't given.")


class Service(Exposure):
    """The Service through which clients inside or outside the Kubernetes cluster reach the masters."""

    node_ports: MasterNodePorts | None = Field(
        None, description="Ports on every node, for types NodePort and LoadBalancer."
    )


class ProxyNodePorts(Model):
    """Ports on every node that lead to the proxy."""

    web: NodePort | None = Field(None, description="Leads to the HTTP port; chosen by Kubernetes when it isn't given.")


class ProxyService(Exposure):
    """The Service through which clients reach the proxy."""

    node_ports: ProxyNodePorts | None = Field(
        None, description="Ports on every node, for types NodePort and LoadBalancer."
    )


EXPOSURE_RULES = rules(
    cel(
        "self.type != 'ClusterIP' || !has(self.nodePorts)",
        "a ClusterIP Service opens no ports on nodes: remove nodePorts, or set type to NodePort or LoadBalancer",
        field_path=".nodePorts",
    ),
    cel(
        "self.type == 'LoadBalancer' || !has(self.loadBalancerClass)",
        "only a LoadBalancer Service has a loadBalancerClass: remove it, or set type to LoadBalancer",
        field_path=".loadBalancerClass",
    ),
)

MASTER_NODE_PORTS_RULES = rules(
    cel(
        "!has(self.rpc) || !has(self.web) || self.rpc != self.web",
        "rpc and web need a port of their own each",
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
"""Rules of the whole spec: what Kubernetes doesn't let be changed of a Service that exists."""
