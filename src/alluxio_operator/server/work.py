"""What a leader works on: the reconciler of each kind, the list of owners, and the events that wake them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from alluxio_operator.engine.upgradeable import ChangesUnderWay
from alluxio_operator.engine.work import IsNews, ListOwners, Reconcile, Reconciler, Request, Resync
from alluxio_operator.kube.client import Kube
from alluxio_operator.server.unlisted import Unlisted
from alluxio_operator.server.watch import Watched
from alluxio_operator.settings import Settings
from alluxio_operator.telemetry.metrics import Metrics


class ReconcilersModule(Protocol):
    """A module with the reconciler of each kind, such as `alluxio_operator.kinds.registry`."""

    def reconcilers(
        self, kube: Kube, settings: Settings, metrics: Metrics, changes: ChangesUnderWay
    ) -> Mapping[str, Reconciler]:
        """Return the reconciler of each kind. Each records the state of its changes in `changes`."""
        ...

    def list_owners(
        self, kube: Kube, settings: Settings, changes: ChangesUnderWay, unlisted: Unlisted
    ) -> Iterable[Request]:
        """Return a request for every owner in the watched namespaces; see ListOwners."""
        ...

    def resync(
        self,
        kube: Kube,
        settings: Settings,
        by_kind: Mapping[str, Reconciler],
        changes: ChangesUnderWay,
        unlisted: Unlisted,
    ) -> Iterable[Request]:
        """Return a request for each drifted object, and one for every owner."""
        ...

    def check_children(self, kube: Kube, settings: Settings, unlisted: Unlisted) -> None:
        """Record the kinds of children that can't be listed."""
        ...

    def watched(self, settings: Settings) -> Sequence[Watched]:
        """Return the collections whose objects wake their owners."""
        ...


@dataclass(frozen=True, slots=True)
class Work:
    """The work of a leader: the reconciler of each kind, the list of owners, and the events that wake them.

    The server drops a request for which `is_news` returns False: each of the operator's own writes comes back as an
    event.
    """

    reconcilers: Mapping[str, Reconcile]
    list_owners: ListOwners
    resync: Resync
    is_news: IsNews = lambda request: True  # noqa: ARG005
    watched: Sequence[Watched] = ()
    check: Callable[[], None] = lambda: None
    """Finds out which children can't be listed."""
