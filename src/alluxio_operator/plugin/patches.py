"""What the commands that change a cluster write into its resource: patches, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from alluxio_operator.kinds.cluster.names import RESTART

Patch = Mapping[str, Any]


def paused(on: bool) -> Patch:
    """Return the patch that pauses a cluster, or lets it go on; None removes the field, whose default is false."""
    return {"spec": {"paused": True if on else None}}


def restarted(roles: Iterable[str], now: datetime) -> Patch:
    """Return the patch that restarts roles once."""
    return {"metadata": {"annotations": {f"{RESTART}{role}": now.isoformat(timespec="seconds") for role in roles}}}
