"""Fields of a spec that only grow: what a rollback must not take back.

The API server refuses a smaller volume, a smaller quota of a tier on a volume, and the removal of such a tier, since
Alluxio would drop blocks that may be the only copy. A rollback follows an older spec without the API server in between,
so the same rules hold here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from alluxio_operator.api.base import in_bytes

Spec = Mapping[str, Any]

SIZES: Final = (
    ("masters", "journal", "storage", "size"),
    ("logServer", "storage", "size"),
    ("rootMount", "volume", "size"),
)
"""Sizes of volumes, by their paths in the spec; those of tiers are in a list."""

ORDER: Final = ("MEM", "SSD", "HDD")
"""Tiers from fast to slow, as the spec has to list them."""


def with_grown(older: Spec, current: Spec) -> Spec:
    """Return an older spec with the volumes, quotas and tiers on volumes that have grown since."""
    spec = older
    for path in SIZES:
        spec = _larger(spec, current, path)
    tiers = _tiers(_at(older, ("workers", "tiers")) or (), _at(current, ("workers", "tiers")) or ())
    return _set(spec, ("workers", "tiers"), tiers) if tiers else spec


def _tiers(older: Any, current: Any) -> list[Spec]:
    known, now = ({tier["name"]: tier for tier in tiers} for tiers in (older, current))
    found = {name: _grown(tier, now.get(name)) for name, tier in known.items()}
    found |= {name: tier for name, tier in now.items() if name not in known and _is_on_volume(tier)}
    return [found[name] for name in sorted(found, key=ORDER.index)]


def _grown(older: Spec, current: Spec | None) -> Spec:
    if current is None or not _is_on_volume(current):
        return older
    tier = {**older, "storage": current["storage"]}
    larger = _max(older.get("quota"), current.get("quota"))
    return tier if larger is None else {**tier, "quota": larger}


def _is_on_volume(tier: Spec) -> bool:
    return bool({"claim", "hostPath"} & set(tier.get("storage") or {}))


def _larger(spec: Spec, current: Spec, path: tuple[str, ...]) -> Spec:
    had, has = _at(spec, path), _at(current, path)
    return spec if had is None or has is None else _set(spec, path, _max(had, has))


def _max(one: Any, other: Any) -> Any:
    sizes = [size for size in (one, other) if size is not None]
    return max(sizes, key=lambda size: in_bytes(str(size)), default=None)


def _at(spec: Any, path: tuple[str, ...]) -> Any:
    for part in path:
        spec = (spec or {}).get(part)
    return spec


def _set(spec: Spec, path: tuple[str, ...], value: Any) -> Spec:
    first, *rest = path
    return {**spec, first: _set(spec.get(first) or {}, tuple(rest), value) if rest else value}
