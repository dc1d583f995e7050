"""Installs the CRDs of this checkout without the operator, for tests and benches that bring their own."""

from __future__ import annotations

import json
import subprocess
import time
from typing import Any

from dev.cluster.paths import REPOSITORY

Json = dict[str, Any]

CRDS = str(REPOSITORY / "config" / "crd" / "bases")
PATIENCE_SECONDS = 20.0


def install_crds() -> None:
    """Install the CRDs with the kubectl and the kubeconfig of the environment, and wait until the server serves them.

    Raise RuntimeError with the error of kubectl or the server.
    """
    _kubectl("apply", "--server-side", "--force-conflicts", "-f", CRDS)
    # Not `kubectl wait`: a new CRD has `conditions: null`, on which every form of the command fails at once. Its result
    # would depend on the machine's speed.
    until = time.monotonic() + PATIENCE_SECONDS
    while missing := not_established(_kubectl("get", "-o", "json", "-f", CRDS)):
        if time.monotonic() > until:
            raise RuntimeError(f"not established after {PATIENCE_SECONDS:g} s: {missing}")
        time.sleep(0.1)


def not_established(answer: str) -> dict[str, Json]:
    """Return, by name, the conditions of each CRD in kubectl's output that isn't Established."""
    found = json.loads(answer)
    found_conditions = {crd["metadata"]["name"]: _conditions(crd) for crd in found.get("items", [found])}
    return {
        name: conditions for name, conditions in found_conditions.items() if conditions.get("Established") != "True"
    }


def _conditions(crd: Json) -> Json:
    return {condition["type"]: condition["status"] for condition in crd.get("status", {}).get("conditions") or []}


def _kubectl(*arguments: str) -> str:
    done = subprocess.run(["kubectl", *arguments], capture_output=True, text=True, check=False, timeout=60)
    if done.returncode:
        raise RuntimeError(f"kubectl {' '.join(arguments)}: {done.stderr}")
    return done.stdout
