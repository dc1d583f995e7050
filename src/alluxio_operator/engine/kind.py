"""The descriptor of a kind: everything that the operator has to know of one, stated once.

Each folder of `alluxio_operator.kinds` is a kind, and its `kind.py` holds the descriptor as DESCRIPTOR. The reconciler,
the CRD, the hook, the rights, the bundle's entries and the field reference follow from it; docs/how-to-add-a-kind.md
leads through the steps. Every program that looks up a kind imports all `kind.py`, so those import types only, and the
reconciler inside the function that returns it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from alluxio_operator.api.description import Description

if TYPE_CHECKING:
    from alluxio_operator.engine.parts import Parts
    from alluxio_operator.engine.work import Reconciler

KEPT_VERBS: Final = ("get", "list", "watch", "create", "patch")
"""What the engine does with an object that it makes and never deletes."""
ALL_VERBS: Final = (*KEPT_VERBS, "delete")
"""What the engine does with an object that it makes, and deletes when the templates no longer have it."""


@dataclass(frozen=True, slots=True)
class Child:
    """Objects of a kind that the templates make; a `reason` goes into the role as a comment."""

    kind: str
    verbs: tuple[str, ...] = ALL_VERBS
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Right:
    """What the reconciler does by calls of its own, with objects that no template makes.

    Every right has a `reason`, which goes into the role as a comment.
    """

    resource: str
    """Plural, as RBAC has it."""
    verbs: tuple[str, ...]
    reason: str
    group: str = ""


ENGINE_RIGHTS: Final = (
    Right("events", ("create", "patch"), "create, patch: events say what happened to a resource, and how often."),
)
"""What the engine does for every kind beyond the objects that templates make."""

USAGE_OF_PODS: Final = Right(
    "pods",
    ("list",),
    "Without this right, or without a metrics-server, status.history lacks the cost of a change.",
    "metrics.k8s.io",
)
"""For a reconciler that has a `Meter`."""


@dataclass(frozen=True, kw_only=True)
class KindDescriptor(Description):
    """A kind: its API, its reconciler, and what the reconciler makes and does."""

    reconciler: Callable[[Parts], Reconciler]
    templates: str | Path
    """Folder of the templates: a path, or a name below the operator's templates."""
    children: tuple[Child, ...]
    """Every kind of object that the templates make; the server watches them and wakes the owner."""
    rights: tuple[Right, ...] = ()
    images: tuple[str, ...] = ()
    """Images that run where a resource names none, as REPOSITORY:TAG; those of the CRD's defaults need no entry."""
    examples: tuple[str, ...]
    """Samples that a catalog shows, below config/samples."""
    reference: str = ""
    """Page of the field reference in docs/; empty for reference-KIND.md."""

    @property
    def hook(self) -> str:
        """File name of the hook."""
        return f"{self.order}-{self.plural}.py"

    @property
    def reference_page(self) -> str:
        """File name of the field reference."""
        return self.reference or f"reference-{self.kind.lower()}.md"
