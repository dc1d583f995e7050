"""A node for the programs in it: its own process ids, mounts, host name and network, on the machine's disk.

Every process of a node is a descendant of its first process or entered its namespaces. Ending the first process ends
them all and removes every mount, so a node leaves nothing behind.
"""

from __future__ import annotations

import shlex
from pathlib import Path

from dev.cluster import cgroups, network
from dev.cluster.errors import ClusterError
from dev.cluster.paths import Paths
from dev.cluster.plan import Node
from dev.cluster.processes import Command, Processes

# The kubelet requires these settings, and they apply to the whole machine: a node sees files with these values instead.
KERNEL_SETTINGS = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}


def process_name(node: Node) -> str:
    """Return the name of the record of a node's first process."""
    return f"{node.name}-machine"


def ensure(paths: Paths, processes: Processes, node: Node, init: Path) -> bool:
    """Start the node's first process unless it runs, and wait until its namespaces are set up."""
    home = paths.node(node.name)
    ready = home / "ready"
    for directory in ("run", "run/netns", "lib", "lib/containerd", "log", "etc", "proc"):
        (home / directory).mkdir(parents=True, exist_ok=True)
    paths.image_store(node.name).mkdir(parents=True, exist_ok=True)
    for setting, value in KERNEL_SETTINGS.items():
        (home / "proc" / setting.replace("/", ".")).write_text(f"{value}\n")
    if processes.alive(process_name(node)):
        return False
    ready.unlink(missing_ok=True)
    processes.start(first_process(paths, node, init))
    processes.wait_for(f"namespaces of {node.name}", ready.exists, 20, process_name(node))
    return True


def first_process(paths: Paths, node: Node, init: Path) -> Command:
    """Return the command that creates a node's namespaces and then only waits and reaps children."""
    namespaces = ["unshare", "--mount", "--pid", "--uts", "--ipc", "--propagation", "private", "--fork", "--"]
    return Command(
        name=process_name(node),
        wrapper=(*cgroups.join_command(node), *network.enter(node), *namespaces),
        arguments=("/bin/sh", "-ec", setup_script(paths, node, init)),
    )


def setup_script(paths: Paths, node: Node, init: Path) -> str:
    """Return the setup script of a node's first process."""
    home = paths.node(node.name)
    settings = [name for name in KERNEL_SETTINGS if Path("/proc/sys", name).exists()]
    binds = [(home / "proc" / name.replace("/", "."), Path("/proc/sys", name)) for name in settings]
    binds += [
        (home / "etc" / "hosts", Path("/etc/hosts")),
        (home / "run", Path("/run")),
        (home / "log", Path("/var/log")),
        (home / "lib", Path("/var/lib")),
        (paths.image_store(node.name), Path("/var/lib/containerd")),
    ]
    lines = ["mount -t proc proc /proc"]
    lines += [f"mount --bind {shlex.quote(str(source))} {target}" for source, target in binds]
    lines += [
        # FUSE pods propagate their mounts to the node, which needs a shared root.
        "mount --make-rshared /",
        f"hostname {node.name}",
        f": > {shlex.quote(str(home / 'ready'))}",
        f"exec {shlex.quote(str(init))}",
    ]
    return "\n".join(lines)


def enter(processes: Processes, node: Node) -> tuple[str, ...]:
    """Return the command prefix that runs a program on the node."""
    record = processes.record(process_name(node))
    if record is None or not processes.alive(process_name(node)):
        raise ClusterError(f"{node.name} is not running")
    return ("nsenter", f"--target={record.pid}", "--mount", "--uts", "--ipc", "--net", "--pid", "--")
