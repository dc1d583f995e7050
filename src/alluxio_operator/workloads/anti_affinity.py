"""Pods that back each other up run on different nodes: a wish, as a cluster may have one node only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def apart(selector: Mapping[str, str]) -> Mapping[str, Any]:
    """Return an affinity by which pods with these labels keep away from each other's nodes."""
    term = {"labelSelector": {"matchLabels": dict(selector)}, "topologyKey": "kubernetes.io/hostname"}
    return {
        "podAntiAffinity": {
            "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "podAffinityTerm": term}]
        }
    }
