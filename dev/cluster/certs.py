"""Keys, certificates and kubeconfigs, generated with the openssl command."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dev.cluster import plan
from dev.cluster.errors import ClusterError
from dev.cluster.plan import Node

CLUSTER_AUTHORITY = "ca"
FRONT_PROXY_AUTHORITY = "front-proxy-ca"
SERVICE_ACCOUNT_KEY = "service-account"
DAYS = "365"
# The machine's own configuration would add extensions that conflict with those given here.
REQUEST_CONFIG = "[req]\ndistinguished_name = name\n[name]\n"


@dataclass(frozen=True)
class Certificate:
    """One certificate to generate: its subject, its authority, and the names and addresses that it is valid for."""

    name: str
    subject: str
    authority: str = CLUSTER_AUTHORITY
    names: tuple[str, ...] = ()


def control_plane_certificates() -> tuple[Certificate, ...]:
    """Return the certificates of the control plane and the administrator."""
    service = "kubernetes.default.svc"
    first = plan.nodes(1, "")[0]
    names = ("localhost", "kubernetes", "kubernetes.default", service, f"{service}.{plan.DOMAIN}")
    addresses = ("127.0.0.1", plan.API_SERVICE_ADDRESS, first.address)
    served = (*(f"DNS:{name}" for name in names), *(f"IP:{address}" for address in addresses))
    return (
        Certificate("kube-apiserver", "/CN=kube-apiserver", names=served),
        Certificate("kubelet-client", "/O=system:masters/CN=kube-apiserver-kubelet-client"),
        Certificate("front-proxy-client", "/CN=front-proxy-client", authority=FRONT_PROXY_AUTHORITY),
        Certificate("admin", "/O=system:masters/CN=admin"),
        Certificate("kube-controller-manager", "/CN=system:kube-controller-manager"),
        Certificate("kube-scheduler", "/CN=system:kube-scheduler"),
    )


def node_certificates(node: Node) -> tuple[Certificate, ...]:
    """Return the certificates of one node."""
    return (
        Certificate(
            f"{node.name}-kubelet",
            f"/O=system:nodes/CN=system:node:{node.name}",
            names=(f"DNS:{node.name}", f"IP:{node.address}"),
        ),
        Certificate(f"{node.name}-kube-proxy", "/CN=system:kube-proxy"),
    )


def ensure(pki: Path, certificates: Sequence[Certificate]) -> None:
    """Generate the missing keys and certificates."""
    pki.mkdir(parents=True, exist_ok=True, mode=0o700)
    for authority in (CLUSTER_AUTHORITY, FRONT_PROXY_AUTHORITY):
        if not (pki / f"{authority}.crt").exists():
            _authority(pki, authority)
    if not (pki / f"{SERVICE_ACCOUNT_KEY}.key").exists():
        key = ["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]
        _run([*key, "-out", str(pki / f"{SERVICE_ACCOUNT_KEY}.key")])
    for certificate in certificates:
        if not (pki / f"{certificate.name}.crt").exists():
            _issue(pki, certificate)


def kubeconfig(pki: Path, user: str) -> str:
    """Return a kubeconfig that needs no other files; JSON is valid YAML."""
    first = plan.nodes(1, "")[0]
    cluster = {
        "server": f"https://{first.address}:{plan.API_PORT}",
        "certificate-authority-data": _encoded(pki / f"{CLUSTER_AUTHORITY}.crt"),
    }
    credentials = {
        "client-certificate-data": _encoded(pki / f"{user}.crt"),
        "client-key-data": _encoded(pki / f"{user}.key"),
    }
    name = "alluxio-operator-dev"
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": user, "user": credentials}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": user}}],
        "current-context": name,
    }
    return json.dumps(content, indent=2) + "\n"


def _authority(pki: Path, name: str) -> None:
    extensions = [
        "basicConstraints=critical,CA:TRUE",
        "keyUsage=critical,keyCertSign,cRLSign,digitalSignature",
    ]
    extensions.append("subjectKeyIdentifier=hash")
    _run([*_request(pki, name, f"/CN={name}"), *_added(extensions)])


def _issue(pki: Path, certificate: Certificate) -> None:
    authority = pki / certificate.authority
    command = _request(pki, certificate.name, certificate.subject)
    command += ["-CA", f"{authority}.crt", "-CAkey", f"{authority}.key"]
    extensions = ["basicConstraints=critical,CA:FALSE", "extendedKeyUsage=serverAuth,clientAuth"]
    extensions.append("authorityKeyIdentifier=keyid")
    if certificate.names:
        extensions.append(f"subjectAltName={','.join(certificate.names)}")
    _run([*command, *_added(extensions)])


def _added(extensions: Sequence[str]) -> list[str]:
    return [argument for extension in extensions for argument in ("-addext", extension)]


def _request(pki: Path, name: str, subject: str) -> list[str]:
    key = [
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-noenc",
        "-keyout",
        str(pki / f"{name}.key"),
    ]
    command = ["openssl", "req", "-x509", "-config", "/dev/stdin", *key, "-days", DAYS, "-subj", subject]
    return [*command, "-out", str(pki / f"{name}.crt")]


def _encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def _run(command: list[str]) -> None:
    result = subprocess.run(command, input=REQUEST_CONFIG, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise ClusterError(f"openssl failed: {result.stderr.strip()[-500:]}")
