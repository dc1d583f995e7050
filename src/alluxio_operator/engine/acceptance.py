"""Whether an operator accepted a resource's spec before; pure.

An operator with a stricter rule must not stop what runs. It reports what it would refuse in a new resource, and follows
the spec.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from alluxio_operator.kube.kinds import Object


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What the status of a resource says about its spec."""

    unchanged: bool
    """Whether the spec is still the one that was accepted."""
    rolled_back: bool
    """Whether the resource follows an older spec, which was accepted in its time."""

    @property
    def holds(self) -> bool:
        """True if an operator accepted the very spec that the resource follows."""
        return self.unchanged or self.rolled_back


def acceptance_of(resource: Object) -> Acceptance:
    """Return what the status says; one that another version or a hand wrote may hold anything."""
    status, generation = mapping(resource.get("status")), resource["metadata"].get("generation")
    invalid = any(c.get("type") == "SpecValid" and c.get("status") == "False" for c in mappings(status, "conditions"))
    return Acceptance(
        unchanged=status.get("observedGeneration") == generation and not invalid,
        rolled_back=mapping(status.get("rollback")).get("generation") == generation,
    )


def mapping(value: Any) -> Mapping[str, Any]:
    """Return a raw value as a mapping; an empty one if it isn't one."""
    return value if isinstance(value, Mapping) else {}


def mappings(status: Mapping[str, Any], field: str) -> list[Mapping[str, Any]]:
    """Return the mappings in a list of a raw status."""
    values = status.get(field)
    return [one for one in values if isinstance(one, Mapping)] if isinstance(values, list) else []
