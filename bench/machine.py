"""The machine and the versions of a measurement."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import subprocess
from pathlib import Path

import psutil
from dev.cluster.tools import KUBERNETES_VERSION, MODULES

from bench.api import Json

PACKAGES = ("alluxio-operator", "kopf", "kubernetes", "urllib3", "pydantic", "jinja2")
MODULE_VERSIONS = {
    "shell-operator": "github.com/flant/shell-operator",
    "etcd": "go.etcd.io/etcd/server/v3",
    "kwok": "sigs.k8s.io/kwok",
    "helm": "helm.sh/helm/v3",
}


def machine() -> Json:
    """Return the properties of the machine that affect times."""
    model = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return {
        "cpu": model[1] if model else platform.machine(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 1024**3, 1),
        "kernel": platform.release(),
    }


def versions() -> Json:
    """Return the versions of all components."""
    found: Json = {"python": platform.python_version(), "Kubernetes": KUBERNETES_VERSION, "commit": _commit()}
    found |= {name: importlib.metadata.version(name) for name in PACKAGES}
    for name, module in MODULE_VERSIONS.items():
        go_mod = MODULES / name / "go.mod"
        version = re.search(rf"{re.escape(module)}\s+(v\S+)", go_mod.read_text()) if go_mod.exists() else None
        if version:
            found[name] = version[1]
    return found


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    done = subprocess.run(command, cwd=MODULES, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"
