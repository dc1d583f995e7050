"""Compare CRDs that different programs wrote."""

from __future__ import annotations

from typing import Any, Final

OMITTED: Final[tuple[tuple[str, Any], ...]] = (("priority", 0), ("properties", {}))
"""Fields with the values with which the Go types of the API leave them out on output (`omitempty`)."""


def without_empty(value: Any) -> Any:
    """Return a CRD without the fields that operator-sdk and kustomize leave out, so that two writers compare equal."""
    if isinstance(value, dict):
        kept = {name: without_empty(inner) for name, inner in value.items()}
        return {name: inner for name, inner in kept.items() if (name, inner) not in OMITTED}
    return [without_empty(inner) for inner in value] if isinstance(value, list) else value
