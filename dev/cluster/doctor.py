"""Check a machine for the requirements of development."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dev.cluster import cgroups, gobuild, packages, tools
from dev.cluster.errors import ClusterError
from dev.cluster.paths import Paths

DISK_NEEDED_GB = 25
MEMORY_NEEDED_GB = 12
JAVA_NEEDED = 17


@dataclass(frozen=True)
class Finding:
    """One line of the table: the subject, the finding, and the remedy if the requirement isn't met."""

    subject: str
    fine: bool
    found: str
    remedy: str = ""


def report(paths: Paths, say: Callable[[str], None]) -> int:
    """Print the table; return 1 if a requirement isn't met."""
    findings = examine(paths)
    for line in table(findings):
        say(line)
    missing = [finding for finding in findings if not finding.fine]
    say(f"\n{len(missing)} to do" if missing else "\nall there")
    return 1 if missing else 0


def table(findings: Sequence[Finding]) -> list[str]:
    """Return the findings as lines in columns."""
    subject_width = max(len(finding.subject) for finding in findings)
    found_width = max(len(finding.found) for finding in findings)
    lines = []
    for each in findings:
        mark, remedy = ("ok     ", "") if each.fine else ("MISSING", each.remedy)
        lines.append(f"{mark}  {each.subject:{subject_width}}  {each.found:{found_width}}  {remedy}".rstrip())
    return lines


def examine(paths: Paths) -> list[Finding]:
    """Return the findings for this machine."""
    return [
        _root(),
        _python(),
        _go(),
        *(_package(need) for need in (*packages.CLUSTER_NEEDS, *packages.IMAGE_NEEDS)),
        _java(),
        _tools(paths),
        _cgroups(),
        _memory(),
        _disk(paths),
    ]


def java_major(version_output: str) -> int | None:
    """Return the major version from the output of `java -version`."""
    match = re.search(r'version "(\d+)', version_output)
    return int(match.group(1)) if match else None


def _root() -> Finding:
    return Finding("root", os.geteuid() == 0, f"uid {os.geteuid()}", "run as root, or set KUBECONFIG to a cluster")


def _python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    return Finding("python", sys.version_info >= (3, 11), found, "install Python 3.11 or newer")


def _go() -> Finding:
    needed = ".".join(map(str, gobuild.NEEDED))
    remedy = f"install Go {needed} or newer from the Go project (Debian's is older) and put its bin directory into PATH"
    try:
        version = gobuild.version()
    except ClusterError:
        return Finding("go", fine=False, found="not found", remedy=remedy)
    return Finding("go", gobuild.is_new_enough(version), version, remedy)


def _package(need: packages.Need) -> Finding:
    there = need.is_there(packages.which)
    place = need.file or packages.which(need.command)
    remedy = f"apt-get install {need.package}  (or `make packages`)"
    return Finding(need.command, there, str(place) if there else f"not found: {need.purpose}", remedy)


def _java() -> Finding:
    remedy = "apt-get install openjdk-17-jdk-headless, and make it the default java"
    if packages.which("java") is None:
        return Finding("java", fine=False, found="not found: builds test images", remedy=remedy)
    output = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr
    major = java_major(output)
    return Finding("java", major == JAVA_NEEDED, f"version {major}", remedy)


def _tools(paths: Paths) -> Finding:
    try:
        _, missing = tools.find(paths)
    except ClusterError as failure:
        return Finding("tools", fine=False, found=str(failure), remedy="install Go, then run make tools")
    names = ", ".join(tool.name for tool in missing)
    return Finding("tools", not missing, f"to build: {names}" if missing else str(paths.bin), "make tools")


def _cgroups() -> Finding:
    found = cgroups.hierarchies()
    kind = "v2" if cgroups.is_unified() else f"v1, {len(found)} hierarchies"
    writable = bool(found) and all(os.access(path, os.W_OK) for path in found)
    return Finding("cgroups", writable, kind if found else "none", "mount cgroups at /sys/fs/cgroup, writable")


def _memory() -> Finding:
    total = int(re.findall(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())[0]) / 2**20
    return Finding("memory", total >= MEMORY_NEEDED_GB, f"{total:.0f} GiB", f"{MEMORY_NEEDED_GB} GiB are needed")


def _disk(paths: Paths) -> Finding:
    place = next(path for path in (paths.run, *paths.run.parents) if path.exists())
    free = shutil.disk_usage(place).free / 2**30
    remedy = f"{DISK_NEEDED_GB} GiB are needed; set ALLUXIO_OPERATOR_CACHE to a larger disk"
    return Finding("disk", free >= DISK_NEEDED_GB, f"{free:.0f} GiB free at {place}", remedy)
