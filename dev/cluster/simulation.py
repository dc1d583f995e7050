"""A cluster without machines: the real control plane, with kwok for nodes and pods, and a stand-in for Alluxio.

It is for tests with a thousand clusters, or with a failing API server. Real controllers create the pods and the real
scheduler assigns them; kwok reports each as running.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from dev.cluster.control_plane import client
from dev.cluster.paths import REPOSITORY, Paths
from dev.cluster.processes import Command
from dev.cluster.tools import Toolbox

POD_RANGE = "10.200.0.0/16"
"""Addresses of simulated pods. All of them are local, so that the stand-in answers on each."""

NODES = ("simulated-1", "simulated-2", "simulated-3")
PODS_PER_NODE = 20_000

CONTROLLER_FLAGS = {"kube-api-qps": 500, "kube-api-burst": 1000}
"""By default the controllers send 20 requests per second: a bench of a thousand clusters would measure that limit."""

SCHEDULER_FILE = "scheduler.json"


def kwok(paths: Paths, tools: Toolbox, enter: tuple[str, ...]) -> Command:
    """Return the command of kwok, which simulates every kubelet."""
    return Command(
        name="kwok",
        arguments=(
            tools.path("kwok"),
            f"--kubeconfig={paths.kubeconfig}",
            "--manage-all-nodes",
            f"--cidr={POD_RANGE}",
            "--node-lease-duration-seconds=40",
            "--v=WARN",
        ),
        wrapper=enter,
    )


def scheduler(paths: Paths, tools: Toolbox, enter: tuple[str, ...]) -> Command:
    """Return the command of the scheduler."""
    file = paths.run / SCHEDULER_FILE
    arguments = (tools.path("kube-scheduler"), f"--config={file}", "--bind-address=127.0.0.1")
    return Command("kube-scheduler", arguments, enter, scheduler_configuration(paths))


def alluxio(enter: tuple[str, ...]) -> Command:
    """Return the command of the stand-in for Alluxio."""
    script = REPOSITORY / "dev" / "simulation" / "alluxio.py"
    # -P: the modules in the folder of the script must not hide those of the standard library.
    return Command("alluxio-stand-in", (sys.executable, "-P", str(script)), enter, script.read_text())


def route() -> tuple[str, ...]:
    """Return the command that makes the addresses of all simulated pods local."""
    return ("ip", "route", "replace", "local", POD_RANGE, "dev", "lo")


def scheduler_configuration(paths: Paths) -> str:
    """Return the scheduler's configuration: as usual, but pods don't wait for volumes, which nothing provisions."""
    volumes = ("VolumeBinding", "VolumeZone", "VolumeRestrictions", "NodeVolumeLimits")
    return json.dumps(
        {
            "apiVersion": "kubescheduler.config.k8s.io/v1",
            "kind": "KubeSchedulerConfiguration",
            "leaderElection": {"leaderElect": False},
            "clientConnection": {
                "kubeconfig": str(client(paths, "scheduler")["kubeconfig"]),
                "qps": 500,
                "burst": 1000,
            },
            "profiles": [{"plugins": {"multiPoint": {"disabled": [{"name": name} for name in volumes]}}}],
        },
        indent=2,
    )


def nodes() -> list[tuple[str, dict[str, Any]]]:
    """Return the nodes, each as (collection, object)."""
    room = {"cpu": "10000", "memory": "100Ti", "pods": str(PODS_PER_NODE)}
    return [
        (
            "/api/v1/nodes",
            {
                "apiVersion": "v1",
                "kind": "Node",
                "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"}},
                "spec": {},
                "status": {"capacity": room, "allocatable": room},
            },
        )
        for name in NODES
    ]
