"""Remove everything that the cluster created on the machine, and nothing else: by record and by name prefix."""

from __future__ import annotations

import shutil
from pathlib import Path

from dev.cluster import cgroups, machine, network, plan
from dev.cluster.errors import ClusterError
from dev.cluster.paths import Paths
from dev.cluster.plan import Node
from dev.cluster.processes import Processes

# Kept for the next start, and for debugging.
KEPT = {"image-store", "logs", "logs.previous", "lock"}


def handles(paths: Paths) -> list[str]:
    """Return the names of all existing namespaces and cgroups of nodes, last node first."""
    return sorted({*network.ours(paths.prefix), *cgroups.ours(paths.prefix)}, reverse=True)


def traces(paths: Paths, processes: Processes) -> bool:
    """Return True if there is anything to remove."""
    return bool(handles(paths) or processes.names() or paths.state.exists())


def take_down(paths: Paths, processes: Processes) -> None:
    """End every process, and remove every cgroup, namespace and file of the cluster; ignore missing ones."""
    members = [plan.Node(number, paths.prefix) for number in range(1, plan.MAX_NODES + 1)]
    for member in reversed(members):
        remove_node(paths, processes, member)
    for name in processes.names():
        processes.stop(name, kill=True)
    for handle in handles(paths):
        cgroups.delete(handle)
        if handle in network.ours(paths.prefix):
            network.delete(handle)
    network.forget_first_use(paths.netns_marker)
    if paths.run.is_dir():
        for entry in paths.run.iterdir():
            if entry.name not in KEPT:
                _remove(entry)


def remove_node(paths: Paths, processes: Processes, node: Node) -> None:
    """Remove one node in any state."""
    # Ending its first process ends every other process of the node and removes every mount.
    processes.stop(machine.process_name(node), kill=True)
    for name in processes.names():
        if name.startswith(f"{node.name}-"):
            processes.stop(name, kill=True)
    cgroups.delete(node.handle)
    if network.exists(node):
        network.delete(node.handle)
    _remove(paths.node(node.name))


def purge(paths: Paths) -> None:
    """Remove also logs and images from the run directory of a stopped cluster."""
    for name in KEPT - {"lock"}:
        _remove(paths.run / name)


def _remove(path: Path) -> None:
    mounted = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    if inside := [point for point in mounted if Path(point).is_relative_to(path)]:
        raise ClusterError(f"{inside[0]} is still mounted: nothing below {path} was removed")
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
