"""The result of an apply, as data, so that a report needs no client."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from alluxio_operator.kube.kinds import Object, Ref

WORKLOADS: Final = frozenset({"StatefulSet", "DaemonSet", "Deployment"})
"""Kinds whose present status a report needs."""


@dataclass(slots=True)
class Applied:
    """The result of an apply: objects that are as rendered, what was written, and what the API server refused."""

    present: list[Ref] = field(default_factory=list)
    """In rendered order."""
    live: dict[Ref, Object] = field(default_factory=dict)
    """Objects that were read or written, as the API server has them."""
    created: list[Ref] = field(default_factory=list)
    changed: list[Ref] = field(default_factory=list)
    pruned: list[Ref] = field(default_factory=list)
    replaced: list[Ref] = field(default_factory=list)
    """Pods that were deleted so that their workload replaces them."""
    deleted: list[Ref] = field(default_factory=list)
    """Managed objects that were deleted so that the next reconcile creates them again."""
    refused: dict[Ref, str] = field(default_factory=dict)
    skipped: list[Ref] = field(default_factory=list)
    """Objects of an optional part that were left as they are, since another object of the part was refused."""
    stopped: bool = False
    """Whether an object was refused that later ones need, so that the apply changed none of them."""
    held: list[Ref] = field(default_factory=list)
    """Objects that differ from what is rendered, or don't exist, and were left so."""

    noted: list[tuple[str, str]] = field(default_factory=list)
    """Reasons and messages of further Events of type Normal, about what an effect has done."""

    def absorb(self, earlier: Applied) -> None:
        """Add what was written and refused before the apply."""
        self.changed += [ref for ref in earlier.changed if ref not in self.changed]
        self.refused |= earlier.refused
        self.noted += earlier.noted
