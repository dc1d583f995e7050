"""The control plane on node 1: etcd, API server, controller manager, scheduler, and DNS."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from types import MappingProxyType

from dev.cluster import network, plan
from dev.cluster.paths import Paths
from dev.cluster.plan import Node
from dev.cluster.processes import Command
from dev.cluster.tools import Toolbox

ETCD_PEER_URL = "http://127.0.0.1:2380"
DNS_READY_PORT = 8181

AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata"}],
}


def audit_policy() -> str:
    """Return the audit policy: user, request and time, without the objects."""
    return json.dumps(AUDIT_POLICY, indent=2)


def corefile(first: Node, kubeconfig: str) -> str:
    """Return the configuration of CoreDNS. Caches are short, because clusters here change within seconds."""
    return f""".:53 {{
    bind {first.address}
    errors
    ready {first.address}:{DNS_READY_PORT}
    kubernetes {plan.DOMAIN} in-addr.arpa ip6.arpa {{
        kubeconfig {kubeconfig}
        pods insecure
        ttl 5
    }}
    cache 5
}}
"""


def etcd(paths: Paths, tools: Toolbox, enter: tuple[str, ...]) -> Command:
    """Return the command of etcd."""
    arguments = {
        "name": "default",
        "data-dir": paths.run / "etcd",
        "listen-client-urls": plan.ETCD_URL,
        "advertise-client-urls": plan.ETCD_URL,
        "listen-peer-urls": ETCD_PEER_URL,
        "initial-advertise-peer-urls": ETCD_PEER_URL,
        "initial-cluster": f"default={ETCD_PEER_URL}",
        # The data of a test cluster needn't survive a power loss.
        "unsafe-no-fsync": "true",
        "log-level": "warn",
    }
    return command("etcd", tools.path("etcd"), arguments, enter)


def api_server(paths: Paths, tools: Toolbox, first: Node, enter: tuple[str, ...]) -> Command:
    """Return the command of the API server."""
    pki = paths.pki
    arguments = {
        "bind-address": "0.0.0.0",
        "secure-port": plan.API_PORT,
        "advertise-address": first.address,
        "etcd-servers": plan.ETCD_URL,
        "service-cluster-ip-range": plan.SERVICE_NETWORK,
        "authorization-mode": "Node,RBAC",
        "enable-admission-plugins": "NodeRestriction",
        "allow-privileged": "true",
        "client-ca-file": pki / "ca.crt",
        "tls-cert-file": pki / "apiserver.crt",
        "tls-private-key-file": pki / "apiserver.key",
        # Otherwise logs and exec would ask DNS for the names of nodes.
        "kubelet-preferred-address-types": "InternalIP",
        "kubelet-client-certificate": pki / "apiserver-kubelet-client.crt",
        "kubelet-client-key": pki / "apiserver-kubelet-client.key",
        "service-account-issuer": f"https://kubernetes.default.svc.{plan.DOMAIN}",
        "service-account-key-file": pki / "sa.pub",
        "service-account-signing-key-file": pki / "sa.key",
        # The aggregation layer, for API services such as metrics.k8s.io.
        "requestheader-client-ca-file": pki / "front-proxy-ca.crt",
        "requestheader-allowed-names": "front-proxy-client",
        "requestheader-username-headers": "X-Remote-User",
        "requestheader-group-headers": "X-Remote-Group",
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
        "proxy-client-cert-file": pki / "front-proxy-client.crt",
        "proxy-client-key-file": pki / "front-proxy-client.key",
        "enable-aggregator-routing": "true",
        "audit-policy-file": paths.run / "audit-policy.json",
        "audit-log-path": paths.logs / "audit.log",
        "audit-log-maxsize": 100,
        "audit-log-maxbackup": 2,
        "profiling": "false",
    }
    return command("kube-apiserver", tools.path("kube-apiserver"), arguments, enter, audit_policy())


def controller_manager(
    paths: Paths, tools: Toolbox, enter: tuple[str, ...], more: Mapping[str, object] = MappingProxyType({})
) -> Command:
    """Return the command of the controller manager; `more`: additional flags."""
    arguments = {
        **client(paths, "controller-manager"),
        "bind-address": "127.0.0.1",
        # There is only one: waiting for a Lease would only slow the start.
        "leader-elect": "false",
        "root-ca-file": paths.pki / "ca.crt",
        "cluster-signing-cert-file": paths.pki / "ca.crt",
        "cluster-signing-key-file": paths.pki / "ca.key",
        "service-account-private-key-file": paths.pki / "sa.key",
        "use-service-account-credentials": "true",
        "cluster-cidr": plan.POD_NETWORK,
        "service-cluster-ip-range": plan.SERVICE_NETWORK,
        "allocate-node-cidrs": "false",
        "profiling": "false",
        **more,
    }
    return command("kube-controller-manager", tools.path("kube-controller-manager"), arguments, enter)


def scheduler(paths: Paths, tools: Toolbox, enter: tuple[str, ...]) -> Command:
    """Return the command of the scheduler."""
    arguments = {
        **client(paths, "scheduler"),
        "bind-address": "127.0.0.1",
        "leader-elect": "false",
        "profiling": "false",
    }
    return command("kube-scheduler", tools.path("kube-scheduler"), arguments, enter)


def dns(paths: Paths, tools: Toolbox, first: Node, enter: tuple[str, ...]) -> Command:
    """Return the command of CoreDNS."""
    return Command(
        name="coredns",
        arguments=(tools.path("coredns"), "-conf", str(paths.run / "Corefile")),
        wrapper=enter,
        content=corefile(first, str(paths.kubeconfig)),
    )


def dns_answers(first: Node) -> bool:
    """Return True if DNS is up and has synchronized with the API server."""

    def ask() -> bool:
        connection = http.client.HTTPConnection(first.address, DNS_READY_PORT, timeout=2)
        try:
            connection.request("GET", "/ready")
            return connection.getresponse().status == http.HTTPStatus.OK
        finally:
            connection.close()

    try:
        return network.call_inside(first, ask)
    except (OSError, http.client.HTTPException):
        return False


def client(paths: Paths, user: str) -> dict[str, object]:
    """Return the flags by which a part of the control plane finds the API server as a user of its own."""
    kubeconfig = paths.pki / f"{user}.conf"
    return dict.fromkeys(("kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig"), kubeconfig)


def command(name: str, program: str, flags: dict[str, object], enter: tuple[str, ...], content: str = "") -> Command:
    """Return a command with flags in the form --flag=value."""
    arguments = (program, *(f"--{flag}={value}" for flag, value in flags.items()))
    return Command(name=name, arguments=arguments, wrapper=enter, content=content)
