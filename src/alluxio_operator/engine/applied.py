"""What an apply did, as data: a report is made from it without knowing the API."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from alluxio_operator.kube.kinds import Object, Ref

WORKLOADS: Final = frozenset({"StatefulSet", "DaemonSet", "Deployment"})
"""Kinds whose status a report needs as it is now."""


@dataclass(slots=True)
class Applied:
    """What an apply did: which objects are as rendered, what was written, and what the server refused."""

    present: list[Ref] = field(default_factory=list)
    """In rendered order."""
    live: dict[Ref, Object] = field(default_factory=dict)
    """Those of them that were read or written, as the server has them."""
    created: list[Ref] = field(default_factory=list)
    changed: list[Ref] = field(default_factory=list)
    pruned: list[Ref] = field(default_factory=list)
    replaced: list[Ref] = field(default_factory=list)
    """Pods that were deleted, for others to take their place."""
    refused: dict[Ref, str] = field(default_factory=dict)
    held: list[Ref] = field(default_factory=list)
    """Left as they are, or not made, though they are rendered otherwise."""

    def absorb(self, earlier: Applied) -> None:
        """Add what was written and refused before the apply."""
        self.changed += [ref for ref in earlier.changed if ref not in self.changed]
        self.refused |= earlier.refused
