"""One resource of any kind, with its operator as the server starts it, and an in-memory API server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prometheus_client import CollectorRegistry
from tests.support.builders import TEMPLATES
from tests.support.fake_kube import FakeKube

from alluxio_operator.api.base import API_VERSION
from alluxio_operator.engine.upgradeable import ChangesUnderWay
from alluxio_operator.engine.work import Outcome, OwnerKey, Reconciler, Request
from alluxio_operator.kinds import registry
from alluxio_operator.kube.kinds import KINDS
from alluxio_operator.server.unlisted import Unlisted
from alluxio_operator.settings import Settings
from alluxio_operator.telemetry.metrics import Metrics
from alluxio_operator.transport.deadline import Deadline

Json = dict[str, Any]


class KindWorld:
    """A resource NAME in the namespace `data`, with the reconciler that `kinds.registry` has for its kind."""

    def __init__(self, kind: str, spec: Mapping[str, Any], name: str = "small") -> None:
        self.key = OwnerKey(kind, "data", name)
        self.kube = FakeKube()
        self.settings = Settings(operator_namespace="operators", templates_dir=TEMPLATES)
        self.changes = ChangesUnderWay()
        meta = {"namespace": self.key.namespace, "name": name}
        self.kube.put({"apiVersion": API_VERSION, "kind": kind, "metadata": meta, "spec": dict(spec)})
        self.start_operator()

    def start_operator(self) -> None:
        """Start the operator with empty caches."""
        metrics = Metrics(CollectorRegistry())
        self.unlisted = Unlisted(metrics)
        self.by_kind = dict(registry.reconcilers(self.kube, self.settings, metrics, self.changes))  # type: ignore[arg-type]

    @property
    def reconciler(self) -> Reconciler:
        """The reconciler of the kind."""
        return self.by_kind[self.key.kind]

    def owners(self) -> list[Request]:
        """Return the requests of the server's start."""
        return list(registry.list_owners(self.kube, self.settings, self.changes, self.unlisted))  # type: ignore[arg-type]

    def resync(self) -> list[Request]:
        """Return the requests of a resync."""
        return list(registry.resync(self.kube, self.settings, self.by_kind, self.changes, self.unlisted))  # type: ignore[arg-type]

    def reconcile(self, *requests: Request) -> list[Outcome]:
        """Reconcile these requests, or those of all owners."""
        return [self.by_kind[one.key.kind](one, Deadline.after(60)) for one in requests or self.owners()]

    def object(self, kind: str, name: str) -> Json:
        """Return an object of the API server."""
        return self.kube.object(kind, self.key.namespace, name)

    def edit(self, kind: str, name: str, part: str, **values: Any) -> Json:
        """Change a part of an object, such as its spec, as a user; return the object."""
        return self.kube.edit(kind, self.key.namespace, name, lambda obj: obj[part].update(values))

    def remove(self, kind: str, name: str) -> None:
        """Delete an object as a user."""
        self.kube.remove(KINDS[kind].path(self.key.namespace, name))

    @property
    def status(self) -> Json:
        """The status of the resource."""
        status: Json = self.object(self.key.kind, self.key.name)["status"]
        return status

    def condition(self, kind: str) -> tuple[str, str, str]:
        """Return status, reason and message of a condition."""
        found = next(one for one in self.status["conditions"] if one["type"] == kind)
        return found["status"], found["reason"], found["message"]
