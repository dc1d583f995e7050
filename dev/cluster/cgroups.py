"""Cgroups of the nodes: one per node under every controller, created before its kubelet and removed after it."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

from dev.cluster.errors import ClusterError
from dev.cluster.plan import Node, node_number

ROOT = Path("/sys/fs/cgroup")
UNIFIED_CONTROLLERS = ("cpu", "cpuset", "memory", "pids", "io", "hugetlb")


def is_unified() -> bool:
    """Return True if the machine has cgroup v2 only."""
    return (ROOT / "cgroup.controllers").exists()


def create(node: Node) -> None:
    """Create the parent cgroup of all pods of a node."""
    for hierarchy in hierarchies():
        group = hierarchy / node.handle
        group.mkdir(exist_ok=True)
        for name in ("cpuset.cpus", "cpuset.mems"):
            # In cgroup v1 a new cpuset is empty, and no process can run in it.
            own, parent = group / name, hierarchy / name
            if own.exists() and parent.exists() and not own.read_text().strip():
                own.write_text(parent.read_text())
    _own_programs(node).mkdir(exist_ok=True)
    if is_unified():
        for directory in (ROOT, ROOT / node.handle):
            available = (directory / "cgroup.controllers").read_text().split()
            wanted = [f"+{name}" for name in UNIFIED_CONTROLLERS if name in available]
            (directory / "cgroup.subtree_control").write_text(" ".join(wanted))


def join_command(node: Node) -> tuple[str, ...]:
    """Return the command prefix that puts a node's own programs into a cgroup, which identifies them without a record.

    One hierarchy is enough for that, and leaves them in the resource limits of the session that started the cluster.
    """
    # No other program in between, because the caller takes the first child as the program.
    return ("/bin/sh", "-ec", 'echo $$ >"$0/cgroup.procs"; exec "$@"', str(_own_programs(node)))


def ours(prefix: str) -> list[str]:
    """Return the names of all node cgroups of the cluster with this prefix."""
    names = {path.name for hierarchy in hierarchies() for path in hierarchy.glob(f"{prefix}-*")}
    return sorted(name for name in names if node_number(name, prefix) is not None)


def delete(handle: str) -> None:
    """Kill all processes in a node's cgroups, and remove the cgroups. Raise ClusterError."""
    deadline = time.monotonic() + 15
    while True:
        groups = [hierarchy / handle for hierarchy in hierarchies() if (hierarchy / handle).is_dir()]
        left = [group for group in groups if not _remove(group)]
        if not left:
            return
        if time.monotonic() > deadline:
            raise ClusterError(f"cgroup {left[0]} is still in use")
        time.sleep(0.1)


def hierarchies() -> list[Path]:
    """Return the roots under which a node needs a cgroup."""
    if is_unified():
        return [ROOT]
    # Controllers mounted together are several names of one directory.
    found = {path.resolve() for path in ROOT.iterdir() if path.is_dir()} if ROOT.is_dir() else set()
    return sorted(path for path in found if (path / "cgroup.procs").exists())


def _own_programs(node: Node) -> Path:
    return (ROOT if is_unified() else ROOT / "pids") / node.handle / "system"


def _remove(group: Path) -> bool:
    for directory, _, _ in os.walk(group, topdown=False):
        with contextlib.suppress(FileNotFoundError):
            for pid in (Path(directory) / "cgroup.procs").read_text().split():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
        with contextlib.suppress(OSError):
            Path(directory).rmdir()
    return not group.exists()
