"""Pod anti-affinity for redundant pods. It is preferred, not required, because a cluster may have only one node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def apart(selector: Mapping[str, str]) -> Mapping[str, Any]:
    """Return an affinity that prefers a different node for each pod with these labels."""
    term = {"labelSelector": {"matchLabels": dict(selector)}, "topologyKey": "kubernetes.io/hostname"}
    return {
        "podAntiAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "podAffinityTerm": term}]
        }
    }
