"""Compare resources with their CRD."""

from __future__ import annotations

from typing import Any


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
