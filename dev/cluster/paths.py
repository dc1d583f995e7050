"""Directories of the cluster, and the names of its namespaces and cgroups."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from dev.cluster.errors import ClusterError
from dev.cluster.plan import Node

REPOSITORY = Path(__file__).resolve().parents[2]

# A node sees private directories in their place, so files that a node must see can't be below them.
HIDDEN_IN_NODES = (Path("/run"), Path("/var/run"), Path("/var/lib"), Path("/var/log"))

PREFIX_FILE = "prefix"

# sockaddr_un.sun_path has 108 bytes; the longest socket path is made below the run directory.
LONGEST_SOCKET = "nodes/node1/run/containerd/containerd.sock.ttrpc"


@dataclass(frozen=True)
class Paths:
    """The permanent cache directory, and the run directory of one cluster."""

    cache: Path
    run: Path
    prefix: str

    @property
    def tools(self) -> Path:
        """Built tools, one directory per version."""
        return self.cache / "tools"

    @property
    def build_logs(self) -> Path:
        """Output of the builds of tools and images, one file for each."""
        return self.cache / "build-logs"

    @property
    def bin(self) -> Path:
        """Links to the newest tools, for the user's PATH."""
        return self.cache / "bin"

    @property
    def archives(self) -> Path:
        """Image archives and their index, written by the image builder."""
        return self.cache / "images"

    @property
    def logs(self) -> Path:
        """One log file per process of the cluster, and the audit log."""
        return self.run / "logs"

    @property
    def processes(self) -> Path:
        """One record per started process."""
        return self.run / "processes"

    @property
    def pki(self) -> Path:
        """Keys and certificates of the running cluster."""
        return self.run / "pki"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.run / "kubeconfig"

    @property
    def state(self) -> Path:
        """Record of the last `make cluster`."""
        return self.run / "state.json"

    @property
    def netns_marker(self) -> Path:
        """Marks that the machine had no other named network namespace when the cluster started."""
        return self.run / "first-netns"

    def node(self, name: str) -> Path:
        """Files of one node that are removed with it."""
        return self.run / "nodes" / name

    def kubelet_kubeconfig(self, name: str) -> Path:
        """The kubeconfig of a node's kubelet, named as kubeadm does."""
        return self.node(name) / "etc" / "kubelet.conf"

    def image_store(self, name: str) -> Path:
        """The containerd root of one node. It outlives the cluster, so that the next start is fast."""
        return self.run / "image-store" / name

    def containerd_socket(self, name: str) -> Path:
        """Path of a node's containerd socket, outside the node."""
        return self.node(name) / "run" / "containerd" / "containerd.sock"

    def containerd_sockets(self, members: Iterable[Node]) -> dict[str, Path]:
        """Return the containerd sockets of several nodes, by node name."""
        return {member.name: self.containerd_socket(member.name) for member in members}


def find_paths(environment: Mapping[str, str], *, simulated: bool = False) -> Paths:
    """Return the directories from the environment. Raise ClusterError if they can't be used.

    Each run directory is a separate cluster. A cluster without machines has its own by default, so that both kinds can
    run at the same time.
    """
    cache = _cache(environment)
    run = Path(environment.get("ALLUXIO_OPERATOR_RUN") or cache / ("simulated" if simulated else "run")).absolute()
    if any(run.is_relative_to(hidden) or cache.is_relative_to(hidden) for hidden in HIDDEN_IN_NODES):
        raise ClusterError(
            f"{run} or {cache} can't be used: nodes have a private {', '.join(map(str, HIDDEN_IN_NODES))}; "
            "set ALLUXIO_OPERATOR_RUN and ALLUXIO_OPERATOR_CACHE to directories elsewhere, on a real disk"
        )
    if len(str(run / LONGEST_SOCKET)) > 107:
        raise ClusterError(f"{run} is too long a path for Unix sockets; set ALLUXIO_OPERATOR_RUN to a shorter one")
    # A running cluster keeps the names of its start, even if a newer version would choose others.
    recorded = run / PREFIX_FILE
    prefix = recorded.read_text().strip() if recorded.exists() else name_prefix(run)
    return Paths(cache=cache, run=run, prefix=prefix)


def name_prefix(run: Path) -> str:
    """Return the prefix of namespaces and cgroups: unique per run directory, so that clusters never share one."""
    return f"alx-{hashlib.sha256(str(run).encode()).hexdigest()[:4]}"


def filesystem(path: Path, mountinfo: str) -> str:
    """Return the type of a path's file system from /proc/self/mountinfo."""
    best, found = Path("/"), ""
    for line in mountinfo.splitlines():
        fields, _, rest = line.partition(" - ")
        point = Path(fields.split()[4].replace("\\040", " "))
        # The last of several mounts on one point counts.
        if path.is_relative_to(point) and point.is_relative_to(best):
            best, found = point, rest.split()[0]
    return found


def require_real_disk(run: Path) -> None:
    """Raise ClusterError for a file system on which containerd can't store layers."""
    kind = filesystem(run.resolve(), Path("/proc/self/mountinfo").read_text())
    if kind in {"overlay", "tmpfs"}:
        raise ClusterError(f"{run} is on {kind}: set ALLUXIO_OPERATOR_RUN to a directory on a real disk")


def _cache(environment: Mapping[str, str]) -> Path:
    if chosen := environment.get("ALLUXIO_OPERATOR_CACHE"):
        return Path(chosen).absolute()
    base = environment.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache").absolute() / "alluxio-operator"
