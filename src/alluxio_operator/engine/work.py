"""Types that hooks, queue and reconcilers share: an owner, a request to reconcile it, and the outcome. No I/O."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from alluxio_operator.transport.deadline import Deadline


@dataclass(frozen=True, slots=True, order=True)
class OwnerKey:
    """The name of one custom resource: the unit of queueing and of mutual exclusion."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.namespace}/{self.name}"


class Reason(enum.IntEnum):
    """Why an owner needs a reconcile; the smaller the number, the sooner it runs."""

    EDIT = 0
    """A user changed the resource and is watching."""
    CHILD = 1
    """An object that belongs to the owner changed."""
    REQUEUE = 2
    """A gate or a failure asked for it."""
    RESYNC = 3
    """Nothing is known to have changed."""


@dataclass(frozen=True, slots=True, order=True)
class ChildRef:
    """An object of an owner, in the same namespace, that an event named: a hint to read it, not its state.

    `version` is "UID/RESOURCEVERSION" where the event has it, else empty.
    """

    kind: str
    name: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """One reconcile to do.

    `children` are the objects that events named since the last reconcile of this owner. `everything` makes it read all
    objects: it is set when events named too many children to list.
    """

    key: OwnerKey
    reason: Reason
    children: frozenset[ChildRef] = field(default_factory=frozenset)
    everything: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a reconcile: `requeue_after` in seconds, or None to wait for an event.

    0 if the resource changed meanwhile: the queue repeats the reconcile at once, and backs off if that doesn't end.

    `changed` if it wrote anything, or is otherwise worth a line in the log.
    """

    requeue_after: float | None = None
    changed: bool = False


class Reconcile(Protocol):
    """Brings one owner closer to its spec. Called from several threads, never twice at once for one owner."""

    def __call__(self, request: Request, deadline: Deadline) -> Outcome:
        """Reconcile once; raise what is unexpected, which the queue retries with back-off."""
        ...


class IsNews(Protocol):
    """Filters requests before they are queued."""

    def __call__(self, request: Request) -> bool:
        """Return False only if a reconcile would certainly find nothing to do."""
        ...


class Reconciler(Reconcile, Protocol):
    """Reconciles the owners of one kind."""

    def is_news(self, request: Request) -> bool:
        """Return False only if a reconcile would certainly find nothing to do."""
        ...

    def drifted(self, namespaces: Iterable[str]) -> Iterable[Request]:
        """Compare all objects with the cache; return requests for those that differ.

        `namespaces` holds "" for all.
        """
        ...


class ListOwners(Protocol):
    """Lists all owners, to rebuild the queue."""

    def __call__(self) -> Iterable[Request]:
        """Return a request for every owner in the watched namespaces.

        Its reason is EDIT where the status is of an older generation: a user may be waiting, and no event will come.
        Else it is RESYNC.
        """
        ...


class Resync(Protocol):
    """Finds drift that no event announced."""

    def __call__(self) -> Iterable[Request]:
        """Return requests for drifted objects, and one for every owner, as ListOwners does."""
        ...
