"""Keys, certificates and kubeconfigs, made by kubeadm's own phases as for any cluster.

https://kubernetes.io/docs/reference/setup-tools/kubeadm/kubeadm-init-phase/
"""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from dev.cluster import plan
from dev.cluster.errors import ClusterError
from dev.cluster.paths import Paths
from dev.cluster.plan import Node
from dev.cluster.tools import KUBERNETES_VERSION, Toolbox

API_VERSION = "kubeadm.k8s.io/v1beta4"
CLUSTER_NAME = "alluxio-operator-dev"
ADMINS = "kubeadm:cluster-admins"
"""The group of the certificate by which the API server asks kubelets. kubeadm binds it in a later phase, as here."""


def configuration(paths: Paths, first: Node) -> str:
    """Return kubeadm's configuration; JSON is YAML too."""
    init = {
        "apiVersion": API_VERSION,
        "kind": "InitConfiguration",
        "localAPIEndpoint": {"advertiseAddress": first.address, "bindPort": plan.API_PORT},
        # Named, or kubeadm would look for one outside of the node.
        "nodeRegistration": {"name": first.name, "criSocket": "unix:///run/containerd/containerd.sock"},
    }
    cluster = {
        "apiVersion": API_VERSION,
        "kind": "ClusterConfiguration",
        "clusterName": CLUSTER_NAME,
        # Named, or kubeadm would ask the internet for the newest.
        "kubernetesVersion": KUBERNETES_VERSION,
        "certificatesDir": str(paths.pki),
        "encryptionAlgorithm": "ECDSA-P256",
        "networking": {"serviceSubnet": plan.SERVICE_NETWORK, "dnsDomain": plan.DOMAIN},
        "apiServer": {"certSANs": ["localhost", "127.0.0.1"]},
        # Its own, without certificates: it listens on the loopback alone.
        "etcd": {"external": {"endpoints": [plan.ETCD_URL]}},
    }
    return f"{json.dumps(init, indent=2)}\n---\n{json.dumps(cluster, indent=2)}\n"


def ensure(paths: Paths, tools: Toolbox, members: Sequence[Node]) -> None:
    """Make what is missing."""
    pki, file = paths.pki, paths.run / "kubeadm.yaml"
    pki.mkdir(parents=True, exist_ok=True, mode=0o700)
    file.write_text(configuration(paths, members[0]))
    kubeadm = tools.path("kubeadm")
    _run([kubeadm, "init", "phase", "certs", "all", f"--config={file}"])
    for user in ("super-admin", "controller-manager", "scheduler"):
        if not (pki / f"{user}.conf").exists():
            _run([kubeadm, "init", "phase", "kubeconfig", user, f"--config={file}", f"--kubeconfig-dir={pki}"])
    if not (pki / "kube-proxy.conf").exists():
        user = "system:kube-proxy"
        _write(
            pki / "kube-proxy.conf", _run([kubeadm, "kubeconfig", "user", f"--client-name={user}", f"--config={file}"])
        )
    for member in members:
        if not paths.kubelet_kubeconfig(member.name).exists():
            folder = paths.kubelet_kubeconfig(member.name).parent
            phase = [kubeadm, "init", "phase", "kubeconfig", "kubelet", f"--node-name={member.name}"]
            _run([*phase, f"--config={file}", f"--kubeconfig-dir={folder}"])
    _write(paths.kubeconfig, (pki / "super-admin.conf").read_text())
    certificate, key = credentials((pki / "super-admin.conf").read_text())
    _write(pki / "admin.crt", certificate)
    _write(pki / "admin.key", key)


def credentials(kubeconfig: str) -> tuple[str, str]:
    """Return certificate and key of the user of a kubeconfig, as PEM."""
    [entry] = yaml.safe_load(kubeconfig)["users"]
    user: dict[str, str] = entry["user"]
    names = ("client-certificate-data", "client-key-data")
    certificate, key = (base64.b64decode(user[name]).decode() for name in names)
    return certificate, key


def manifests() -> list[tuple[str, dict[str, Any]]]:
    """Return what lets the API server ask kubelets: collection and object."""
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": ADMINS},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": ADMINS}],
    }
    return [("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", binding)]


def _write(path: Path, content: str) -> None:
    path.touch(mode=0o600)
    if path.read_text() != content:
        path.write_text(content)


def _run(command: list[str]) -> str:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise ClusterError(f"{' '.join(command)} failed: {result.stderr.strip()[-1000:]}")
    return result.stdout
