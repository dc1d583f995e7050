"""The words that hooks, queue and reconcilers share: who is to be reconciled, why, and what came of it.

Nothing here does I/O, so that every layer may import it.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from alluxio_operator.transport.deadline import Deadline


@dataclass(frozen=True, slots=True, order=True)
class OwnerKey:
    """Names one custom resource; the unit of queueing and of mutual exclusion."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.namespace}/{self.name}"


class Reason(enum.IntEnum):
    """Why an owner wants a reconcile; the smaller the number, the sooner it is served."""

    EDIT = 0
    """A person changed the resource and is watching."""
    CHILD = 1
    """An object that belongs to the owner changed."""
    REQUEUE = 2
    """A gate or a failure is to be looked at again."""
    RESYNC = 3
    """Nothing is known to have changed."""


@dataclass(frozen=True, slots=True, order=True)
class ChildRef:
    """Names an object of an owner (same namespace) that an event spoke of: a hint to look at it, not a truth.

    `version` is "UID/RESOURCEVERSION" where the event told it, else empty.
    """

    kind: str
    name: str
    version: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """One reconcile to do.

    `children` are the objects that events named since the last reconcile of this owner. `everything` asks to
    trust no remembered state at all: it is set when too many children were named to be listed.
    """

    key: OwnerKey
    reason: Reason
    children: frozenset[ChildRef] = field(default_factory=frozenset)
    everything: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a reconcile: `requeue_after` seconds until the next look, or None to wait for an event.

    `changed` tells that something was written, or is otherwise worth a line in the log.
    """

    requeue_after: float | None = None
    changed: bool = False


class Reconcile(Protocol):
    """Brings one owner closer to its spec. Called from several threads, never twice at once for one owner."""

    def __call__(self, request: Request, deadline: Deadline) -> Outcome:
        """Reconcile once; raise for what is unexpected, which is then retried with back-off."""
        ...


class IsNews(Protocol):
    """Tells before queueing whether a request asks for anything that its reconciler doesn't know already."""

    def __call__(self, request: Request) -> bool:
        """Return False only where a reconcile would certainly find nothing to do."""
        ...


class Reconciler(Reconcile, Protocol):
    """What reconciles one kind."""

    def is_news(self, request: Request) -> bool:
        """Tell whether there may be something to do; see IsNews."""
        ...

    def drifted(self, namespaces: Iterable[str]) -> Iterable[Request]:
        """Compare all objects with what is remembered of them; return requests for what differs.

        `namespaces` holds "" for all.
        """
        ...


class ListOwners(Protocol):
    """Reads from the API server which owners exist, to rebuild the queue."""

    def __call__(self) -> Iterable[Request]:
        """Return a request for every owner in the watched namespaces.

        Its reason is EDIT where the status doesn't speak of the latest spec: somebody may be waiting, and no event
        will come. Else it is RESYNC.
        """
        ...


class Resync(Protocol):
    """Heals what no event told of."""

    def __call__(self) -> Iterable[Request]:
        """Return requests for what has drifted, and one for every owner as ListOwners has it."""
        ...
