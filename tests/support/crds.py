"""Compares CRDs as the API server takes them."""

from __future__ import annotations

from typing import Any


def without_empty(value: Any) -> Any:
    """Return a CRD without what says nothing, and what the API's own types leave out when they are written."""
    if isinstance(value, dict):
        kept = {name: without_empty(inner) for name, inner in value.items()}
        nothing = (("priority", 0), ("properties", {}))
        return {name: inner for name, inner in kept.items() if (name, inner) not in nothing}
    return [without_empty(inner) for inner in value] if isinstance(value, list) else value
