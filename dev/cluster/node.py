"""The programs of every node: containerd, kubelet and kube-proxy, with Debian's usual paths inside the node."""

from __future__ import annotations

import json

from dev.cluster import native, plan
from dev.cluster.packages import CNI_PLUGINS
from dev.cluster.paths import Paths
from dev.cluster.plan import Node
from dev.cluster.processes import Command
from dev.cluster.tools import Toolbox


def config_files(paths: Paths, node: Node) -> dict[str, str]:
    """Return the node's configuration files by name below its etc directory."""
    return {
        "containerd.toml": containerd_config(paths, node),
        "cni/10-cluster.conflist": json.dumps(cni_config(node), indent=2),
        "kubelet.json": json.dumps(kubelet_config(paths, node), indent=2),
        "resolv.conf": f"nameserver {plan.nodes(1, node.prefix)[0].address}\n",
    }


def containerd_config(paths: Paths, node: Node) -> str:
    """Return the configuration of containerd."""
    cni = paths.node(node.name) / "etc" / "cni"
    return f"""version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs",
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.devmapper"]

[grpc]
  address = "/run/containerd/containerd.sock"

[plugins."io.containerd.internal.v1.opt"]
  path = "/var/lib/containerd-opt"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{native.IMAGE}"
  # Without CAP_SYS_RESOURCE, which many build machines lack, every sandbox would fail otherwise.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{CNI_PLUGINS}"
    conf_dir = "{cni}"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
"""


def cni_config(node: Node) -> dict[str, object]:
    """Return the network of the node's pods: a bridge, and ports of the node for hostPort."""
    addresses = {
        "type": "host-local",
        "ranges": [[{"subnet": node.pod_range}]],
        "routes": [{"dst": "0.0.0.0/0"}],
        "dataDir": "/run/cni/networks",
    }
    bridge = {"type": "bridge", "bridge": "pods0", "isGateway": True, "hairpinMode": True, "ipam": addresses}
    ports = {"type": "portmap", "capabilities": {"portMappings": True}}
    return {"cniVersion": "0.4.0", "name": "cluster", "plugins": [bridge, ports]}


def kubelet_config(paths: Paths, node: Node) -> dict[str, object]:
    """Return the configuration of the kubelet."""
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(paths.pki / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
        "volumePluginDir": "/var/lib/kubelet/volume-plugins",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{node.handle}",
        "failCgroupV1": False,
        "failSwapOn": False,
        "oomScoreAdj": 0,
        "clusterDomain": plan.DOMAIN,
        "clusterDNS": [plan.nodes(1, node.prefix)[0].address],
        "resolvConf": str(paths.node(node.name) / "etc" / "resolv.conf"),
        # Don't remove images because the disk is full: the disk is the developer's.
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        "evictionHard": {
            "memory.available": "100Mi",
            "nodefs.available": "1%",
            "nodefs.inodesFree": "1%",
            "imagefs.available": "1%",
            "imagefs.inodesFree": "1%",
        },
        "containerLogMaxSize": "20Mi",
        "serializeImagePulls": False,
        "nodeStatusUpdateFrequency": "5s",
    }


def containerd(enter: tuple[str, ...], paths: Paths, node: Node) -> Command:
    """Return the command of containerd."""
    config = paths.node(node.name) / "etc" / "containerd.toml"
    return Command(
        name=f"{node.name}-containerd",
        arguments=("containerd", "--config", str(config), "--log-level", "warn"),
        wrapper=enter,
        content=containerd_config(paths, node),
    )


def kubelet(enter: tuple[str, ...], paths: Paths, tools: Toolbox, node: Node) -> Command:
    """Return the command of the kubelet."""
    config = paths.node(node.name) / "etc" / "kubelet.json"
    return Command(
        name=f"{node.name}-kubelet",
        arguments=(
            tools.path("kubelet"),
            f"--config={config}",
            f"--kubeconfig={paths.kubelet_kubeconfig(node.name)}",
            f"--hostname-override={node.name}",
            f"--node-ip={node.address}",
            f"--node-labels=topology.kubernetes.io/region=local,topology.kubernetes.io/zone=zone{node.number}",
        ),
        wrapper=enter,
        content=json.dumps(kubelet_config(paths, node)),
    )


def kube_proxy(enter: tuple[str, ...], paths: Paths, tools: Toolbox, node: Node) -> Command:
    """Return the command of kube-proxy."""
    return Command(
        name=f"{node.name}-kube-proxy",
        arguments=(
            tools.path("kube-proxy"),
            f"--kubeconfig={paths.pki / 'kube-proxy.conf'}",
            f"--hostname-override={node.name}",
            f"--cluster-cidr={plan.POD_NETWORK}",
            # Not iptables: kube-router reads and replaces the whole filter table, and a rule that kube-proxy changes in
            # between would be lost.
            "--proxy-mode=nftables",
            # Zero leaves the machine's connection tracking unchanged.
            "--conntrack-max-per-core=0",
            "--conntrack-tcp-timeout-established=0s",
            "--conntrack-tcp-timeout-close-wait=0s",
            "--oom-score-adj=0",
        ),
        wrapper=enter,
    )
