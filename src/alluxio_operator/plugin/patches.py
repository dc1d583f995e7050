"""Merge patches of the commands that change a cluster."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from alluxio_operator.kinds.cluster.names import RESTART

Patch = Mapping[str, Any]


def paused(on: bool) -> Patch:
    """Return the patch that pauses or resumes a cluster. To resume, None removes the field: its default is false."""
    return {"spec": {"paused": True if on else None}}


def restarted(roles: Iterable[str], now: datetime) -> Patch:
    """Return the patch that restarts each role once: an annotation with the time of the request."""
    return {"metadata": {"annotations": {f"{RESTART}{role}": now.isoformat(timespec="seconds") for role in roles}}}
