"""Network namespaces of the nodes, and calls from inside them.

The machine's own interfaces, routes and iptables rules stay as they are.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from dev.cluster.errors import ClusterError
from dev.cluster.plan import Node, node_number

NAMESPACES = Path("/run/netns")
BRIDGE = "node0"
CLONE_NEWNET = 0x40000000

T = TypeVar("T")


def namespace_path(node: Node) -> Path:
    """Return the file of a node's network namespace."""
    return NAMESPACES / node.handle


def exists(node: Node) -> bool:
    """Return True if the node's namespace exists."""
    # A file that remains from before a reboot isn't a namespace: only a mounted one has its own device.
    try:
        return namespace_path(node).stat().st_dev != NAMESPACES.stat().st_dev
    except FileNotFoundError:
        return False


def ours(prefix: str) -> list[str]:
    """Return the names of all namespaces of the cluster with this prefix."""
    if not NAMESPACES.is_dir():
        return []
    return sorted(path.name for path in NAMESPACES.iterdir() if node_number(path.name, prefix) is not None)


def create(node: Node, members: Sequence[Node]) -> None:
    """Create the namespace of a node, with routes to and from the existing members."""
    for command in creation_commands(node, members):
        run(command)


def delete(handle: str) -> None:
    """Remove a namespace with its interfaces, routes and iptables rules."""
    run(["ip", "netns", "delete", handle])


def note_first_use(marker: Path) -> None:
    """Record that this machine had no named namespace yet: the first one creates a mount for all."""
    if not _is_mounted(NAMESPACES):
        marker.touch()


def forget_first_use(marker: Path) -> None:
    """Undo the mount if it was made for this cluster, and nothing else uses it now."""
    if marker.exists() and _is_mounted(NAMESPACES) and not any(NAMESPACES.iterdir()):
        run(["umount", str(NAMESPACES)])
        with contextlib.suppress(OSError):
            NAMESPACES.rmdir()


def creation_commands(node: Node, members: Sequence[Node]) -> list[list[str]]:
    """Return the commands that create a node's network."""
    first = next(member for member in members if member.is_first)
    ip = ["ip", "-n", node.handle]
    commands = [["ip", "netns", "add", node.handle], [*ip, "link", "set", "lo", "up"]]
    if node.is_first:
        commands += [
            [*ip, "link", "add", BRIDGE, "type", "bridge"],
            [*ip, "address", "add", f"{node.address}/24", "dev", BRIDGE],
            [*ip, "link", "set", BRIDGE, "up"],
            # Programs that look up the machine's address take the one of the default route.
            [*ip, "route", "add", "default", "dev", BRIDGE],
        ]
    else:
        peer = f"veth-{node.name}"
        commands += [
            [*ip, "link", "add", "eth0", "type", "veth", "peer", "name", peer, "netns", first.handle],
            [*ip, "address", "add", f"{node.address}/24", "dev", "eth0"],
            [*ip, "link", "set", "eth0", "up"],
            ["ip", "-n", first.handle, "link", "set", peer, "master", BRIDGE, "up"],
            [*ip, "route", "add", "default", "via", first.address],
        ]
    commands.append([*enter(node), "sysctl", "--quiet", "--write", "net.ipv4.ip_forward=1"])
    for other in members:
        if other != node:
            commands += [_route(node, other), _route(other, node)]
    return commands


def enter(node: Node) -> list[str]:
    """Return the command prefix that enters only a node's network namespace.

    `ip netns exec` would mount a new /sys, which hides the cgroups from the kubelet.
    """
    return ["nsenter", f"--net={namespace_path(node)}"]


def call_inside(node: Node, function: Callable[[], T]) -> T:
    """Call a function in a thread in the node's network, and return its result; raise its exception."""
    results: list[T] = []
    failures: list[BaseException] = []

    def work() -> None:
        try:
            _join(namespace_path(node))
            results.append(function())
        except BaseException as failure:  # noqa: BLE001 - raised again in the caller's thread
            failures.append(failure)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]
    return results[0]


def run(command: Sequence[str]) -> None:
    """Run a command. Raise ClusterError if it fails."""
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise ClusterError(f"{' '.join(command)}: {result.stderr.strip()}")


def _is_mounted(path: Path) -> bool:
    # Path.is_mount() doesn't detect a directory that is mounted on itself.
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    return any(line.split()[4] == str(path) for line in mounts)


def _join(namespace: Path) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    handle = os.open(namespace, os.O_RDONLY)
    try:
        if libc.setns(handle, CLONE_NEWNET) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(namespace))
    finally:
        os.close(handle)


def _route(source: Node, target: Node) -> list[str]:
    return ["ip", "-n", source.handle, "route", "replace", target.pod_range, "via", target.address]
