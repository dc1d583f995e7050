"""Compare CRDs as the API server stores them, and resources with their CRD."""

from __future__ import annotations

from typing import Any


def without_empty(value: Any) -> Any:
    """Return a CRD without empty fields, and without fields that the API's own types omit on output."""
    if isinstance(value, dict):
        kept = {name: without_empty(inner) for name, inner in value.items()}
        nothing = (("priority", 0), ("properties", {}))
        return {name: inner for name, inner in kept.items() if (name, inner) not in nothing}
    return [without_empty(inner) for inner in value] if isinstance(value, list) else value


def unknown_fields(schema: dict[str, Any], value: Any, path: str) -> list[str]:
    """Return the fields of a value that its schema lacks."""
    if isinstance(value, list):
        return [found for item in value for found in unknown_fields(schema["items"], item, f"{path}[]")]
    if not isinstance(value, dict) or "additionalProperties" in schema:
        return []
    known = schema.get("properties", {})
    return [
        found
        for name, child in value.items()
        for found in (unknown_fields(known[name], child, f"{path}.{name}") if name in known else [f"{path}.{name}"])
    ]
