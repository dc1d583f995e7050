"""What a reconcile works with, whatever the kind: an observation of one owner, and what is decided on it; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

from alluxio_operator.engine.operation import Operation
from alluxio_operator.kube.kinds import Object, Ref

EVERYTHING: Final = 100
"""Above the number of every template."""


class Observation(Protocol):
    """What was observed of one owner."""

    @property
    def resource(self) -> Object:
        """The resource as the API server has it."""
        ...

    @property
    def status(self) -> Any:
        """Its parsed status."""
        ...

    def with_status(self, resource: Object, status: Any) -> Any:
        """Return the same observation after a status was written."""
        ...


class Decision(Protocol):
    """What is to be applied and done.

    Without a context nothing can be said of any object, and whatever there is stays as it is.
    """

    @property
    def context(self) -> Mapping[str, Any] | None:
        """Values for the templates."""
        ...

    @property
    def until(self) -> int:
        """Number of the first template that isn't due yet."""
        ...

    @property
    def held_templates(self) -> Collection[int]:
        """Numbers of templates that are left as they are for now."""
        ...

    @property
    def recreate(self) -> Mapping[Ref, str]:
        """Objects to recreate around what they own where they can't be changed, with their uids."""
        ...

    @property
    def paused(self) -> bool:
        """Whether nothing may be changed."""
        ...

    @property
    def operations(self) -> tuple[Operation, ...]:
        """What is done besides applying."""
        ...

    @property
    def questions(self) -> Collection[str]:
        """What has to be asked before this can be carried out."""
        ...

    def with_operations(self, operations: Iterable[Operation]) -> Any:
        """Return the decision after some of its operations were performed."""
        ...


@dataclass(frozen=True, slots=True)
class Seen:
    """An observation of an owner of which only the resource itself matters."""

    resource: Object
    status: Any

    def with_status(self, resource: Object, status: Any) -> Seen:
        """Return the same observation after a status was written."""
        return Seen(resource, status)


@dataclass(frozen=True, slots=True)
class SimplePlan:
    """A decision to apply all templates, or those below `until`, and nothing else."""

    context: Mapping[str, Any] | None
    until: int = EVERYTHING
    operations: tuple[Operation, ...] = ()
    held_templates: frozenset[int] = frozenset()
    recreate: Mapping[Ref, str] = field(default_factory=dict)
    paused: bool = False
    questions: frozenset[str] = frozenset()

    def with_operations(self, operations: Iterable[Operation]) -> SimplePlan:
        """Return the decision after some of its operations were performed."""
        return replace(self, operations=tuple(operations))
