"""Debian packages that the cluster and the images need."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from dev.cluster.errors import ClusterError

CNI_PLUGINS = Path("/usr/lib/cni")


@dataclass(frozen=True)
class Need:
    """One required command or file, and the Debian package that contains it."""

    command: str
    package: str
    purpose: str
    file: Path | None = None

    def is_there(self, which: Callable[[str], str | None]) -> bool:
        """Return True if the machine has it."""
        return self.file.exists() if self.file else which(self.command) is not None


CLUSTER_NEEDS = (
    Need("containerd", "containerd", "runs the pods"),
    Need("runc", "runc", "runs the pods"),
    Need("bridge", "containernetworking-plugins", "gives pods their network", CNI_PLUGINS / "bridge"),
    Need("iptables", "iptables", "enforces NetworkPolicies"),
    Need("ipset", "ipset", "enforces NetworkPolicies"),
    Need("nft", "nftables", "routes Services"),
    Need("conntrack", "conntrack", "routes Services"),
    Need("socat", "socat", "port-forward"),
    Need("ip", "iproute2", "makes the network namespaces"),
    Need("nsenter", "util-linux", "enters the namespaces"),
    Need("ps", "procps", "used by the kubelet"),
    Need("mount", "mount", "used by the kubelet"),
    Need("gcc", "gcc", "builds the pause program"),
    Need("libc.a", "libc6-dev", "builds the pause program", Path("/usr/include/features.h")),
)
IMAGE_NEEDS = (
    Need("buildah", "buildah", "builds images"),
    Need("debootstrap", "debootstrap", "builds the base image"),
    Need("tini", "tini", "first process of the images"),
    Need("javac", "openjdk-17-jdk-headless", "builds test images (Java 17)"),
    Need("mvn", "maven", "fetches what the test images hold"),
)


def which(command: str) -> str | None:
    """Return the path of a command, including directories that are only in root's PATH."""
    return shutil.which(command, path=os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin")


def missing(needs: Iterable[Need]) -> list[str]:
    """Return the Debian packages to install, each once."""
    return sorted({need.package for need in needs if not need.is_there(which)})


def ensure(needs: Iterable[Need], say: Callable[[str], None]) -> None:
    """Install missing packages; raise ClusterError with their names if that isn't possible."""
    packages = missing(needs)
    if not packages:
        return
    names = " ".join(packages)
    if os.geteuid() != 0 or which("apt-get") is None:
        raise ClusterError(f"missing Debian packages: {names}; install them: apt-get install {names}")
    say(f"installing Debian packages: {names}")
    install = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    if _apt(install).returncode != 0:
        # A fresh machine has no package lists yet.
        _apt(["apt-get", "update"])
        result = _apt(install)
        if result.returncode != 0:
            raise ClusterError(f"apt-get could not install {names}:\n{result.stderr[-2000:]}")


def _apt(command: list[str]) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
