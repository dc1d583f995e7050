"""Keep pods that back each other up on different nodes: a preference, as a cluster may have one node only."""

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


def merged(own: Mapping[str, Any] | None, given: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return the operator's affinity merged with the user's, which replaces the operator's of the same type.

    For example, a user's nodeAffinity leaves the operator's podAntiAffinity unchanged.
    """
    return {**(own or {}), **(given or {})} or None
