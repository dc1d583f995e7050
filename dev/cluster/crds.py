"""Installs the CRDs of this checkout, for whoever needs them without the operator."""

from __future__ import annotations

from collections.abc import Callable

from dev.cluster.paths import REPOSITORY

# Not --for=condition: that fails at once while a new resource has no conditions at all.
ESTABLISHED = "jsonpath={.status.conditions[?(@.type=='Established')].status}=True"


def install_crds(kubectl: Callable[..., object]) -> None:
    """Install the CRDs and wait until the server serves them; `kubectl` takes arguments and raises on a failure."""
    crds = str(REPOSITORY / "config" / "crd" / "bases")
    kubectl("apply", "--server-side", "--force-conflicts", "-f", crds)
    kubectl("wait", f"--for={ESTABLISHED}", "-f", crds, "--timeout=20s")
