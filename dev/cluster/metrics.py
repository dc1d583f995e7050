"""metrics-server, which serves metrics.k8s.io: CPU and memory of pods and nodes, for `kubectl top` and the operator.

It is optional, because its build takes a minute and a half on two cores and most tests don't need it.
"""

from __future__ import annotations

from typing import Any

from dev.cluster import control_plane
from dev.cluster.api import Api
from dev.cluster.paths import Paths
from dev.cluster.plan import Node
from dev.cluster.processes import Command
from dev.cluster.tools import Toolbox

NAME = "metrics-server"
NAMESPACE = "kube-system"
PORT = 4443
"""On node 1; its default port, 10250, is the kubelet's."""
RESOLUTION = "15s"
API_SERVICE = "v1beta1.metrics.k8s.io"
API_SERVICES = "/apis/apiregistration.k8s.io/v1/apiservices"


def server(paths: Paths, tools: Toolbox, enter: tuple[str, ...]) -> Command:
    """Return the command of metrics-server."""
    kubeconfig = paths.kubeconfig
    arguments = {
        **dict.fromkeys(("kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig"), kubeconfig),
        "secure-port": PORT,
        # It makes its own certificate, as kubelets do: all of them are on this machine.
        "cert-dir": paths.run / NAME,
        "kubelet-insecure-tls": "true",
        "kubelet-preferred-address-types": "InternalIP",
        "kubelet-use-node-status-port": "true",
        "metric-resolution": RESOLUTION,
    }
    return control_plane.command(NAME, tools.path(NAME), arguments, enter)


def manifests(first: Node) -> list[tuple[str, dict[str, Any]]]:
    """Return by what the API server finds it: collection and object.

    It isn't a pod: the Service has no selector, and its one endpoint is node 1.
    """
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": NAME},
        "spec": {"ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": PORT}]},
    }
    endpoints = {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": NAME, "labels": {"kubernetes.io/service-name": NAME}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [first.address], "conditions": {"ready": True}}],
        "ports": [{"name": "https", "port": PORT, "protocol": "TCP"}],
    }
    group, version = API_SERVICE.partition(".")[2], API_SERVICE.partition(".")[0]
    api_service = {
        "apiVersion": "apiregistration.k8s.io/v1",
        "kind": "APIService",
        "metadata": {"name": API_SERVICE},
        "spec": {
            "group": group,
            "version": version,
            "groupPriorityMinimum": 100,
            "versionPriority": 100,
            "insecureSkipTLSVerify": True,
            "service": {"name": NAME, "namespace": NAMESPACE},
        },
    }
    return [
        (f"/api/v1/namespaces/{NAMESPACE}/services", service),
        (f"/apis/discovery.k8s.io/v1/namespaces/{NAMESPACE}/endpointslices", endpoints),
        (API_SERVICES, api_service),
    ]


def served(api: Api) -> bool:
    """Return True if the API server reaches it. Its first measurements follow some 20 seconds later."""
    found = api.get(f"{API_SERVICES}/{API_SERVICE}") or {}
    conditions = found.get("status", {}).get("conditions", ())
    return any(one["type"] == "Available" and one["status"] == "True" for one in conditions)
