"""Protocols of a kind's observation and plan, and simple implementations; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Protocol

from alluxio_operator.engine.operation import Operation
from alluxio_operator.engine.rules import DEFAULT, ApplyRules
from alluxio_operator.kube.kinds import Object, Ref

EVERYTHING: Final = 100
"""Above the number of every template."""


class Observation(Protocol):
    """The observation of one owner."""

    @property
    def resource(self) -> Object:
        """The resource as the API server has it."""
        ...

    @property
    def status(self) -> Any:
        """Its parsed status."""
        ...

    def with_status(self, resource: Object, status: Any) -> Any:
        """Return the observation with the resource and status after a status write."""
        ...


class Decision(Protocol):
    """The manifests to apply, and the operations.

    Without a context, the driver renders nothing and leaves all objects unchanged.
    """

    @property
    def context(self) -> Mapping[str, Any] | None:
        """Values for the templates."""
        ...

    @property
    def until(self) -> int:
        """Number of the first template that the driver doesn't apply yet."""
        ...

    @property
    def held_templates(self) -> Collection[int]:
        """Numbers of the templates below `until` that the driver doesn't apply now."""
        ...

    @property
    def held_pod_templates(self) -> Collection[int]:
        """Numbers of the templates whose workloads keep their live pod template; the rest of them is applied."""
        ...

    @property
    def recreate(self) -> Mapping[Ref, str]:
        """Objects to recreate without deleting their dependents, since a field is immutable; with their uids."""
        ...

    @property
    def rules(self) -> ApplyRules:
        """What the driver may do with single objects."""
        ...

    @property
    def paused(self) -> bool:
        """Whether the driver may change nothing."""
        ...

    @property
    def operations(self) -> tuple[Operation, ...]:
        """The side effects other than apply."""
        ...

    @property
    def questions(self) -> Collection[str]:
        """Questions to answer before the driver executes the plan."""
        ...

    def with_operations(self, operations: Iterable[Operation]) -> Any:
        """Return the decision with other operations, such as those concluded."""
        ...


@dataclass(frozen=True, slots=True)
class Seen:
    """An observation of the resource only."""

    resource: Object
    status: Any

    def with_status(self, resource: Object, status: Any) -> Seen:
        """Return the observation with the resource and status after a status write."""
        return Seen(resource, status)


@dataclass(frozen=True, slots=True)
class SimplePlan:
    """A decision to apply all templates, or those below `until`."""

    context: Mapping[str, Any] | None
    until: int = EVERYTHING
    operations: tuple[Operation, ...] = ()
    held_templates: frozenset[int] = frozenset()
    held_pod_templates: frozenset[int] = frozenset()
    recreate: Mapping[Ref, str] = field(default_factory=dict)
    rules: ApplyRules = DEFAULT
    paused: bool = False
    questions: frozenset[str] = frozenset()

    def with_operations(self, operations: Iterable[Operation]) -> SimplePlan:
        """Return the decision with other operations, such as those concluded."""
        return replace(self, operations=tuple(operations))
