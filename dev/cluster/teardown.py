"""Takes down what this project made on the machine, found by record and by name prefix, and nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

from dev.cluster import cgroups, machine, network, plan
from dev.cluster.errors import ClusterError
from dev.cluster.paths import Paths
from dev.cluster.plan import Node
from dev.cluster.processes import Processes

# Kept for the next start, and for people who ask what went wrong.
KEPT = {"image-store", "logs", "logs.previous", "lock"}


def handles(paths: Paths) -> list[str]:
    """Return the namespaces and cgroups of all nodes that there are traces of, last node first."""
    return sorted({*network.ours(paths.prefix), *cgroups.ours(paths.prefix)}, reverse=True)


def traces(paths: Paths, processes: Processes) -> bool:
    """Tell whether there is anything to take down."""
    return bool(handles(paths) or processes.names() or paths.state.exists())


def take_down(paths: Paths, processes: Processes) -> None:
    """Remove every process, cgroup, namespace and file of the cluster; what is gone already is no error."""
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
    """Remove one node, whatever state it is in."""
    # With its first process every other process of the node ends, and every mount is gone.
    processes.stop(machine.process_name(node), kill=True)
    for name in processes.names():
        if name.startswith(f"{node.name}-"):
            processes.stop(name, kill=True)
    cgroups.delete(node.handle)
    if network.exists(node):
        network.delete(node.handle)
    _remove(paths.node(node.name))


def purge(paths: Paths) -> None:
    """Remove the run directory altogether; only for a cluster that is down."""
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
