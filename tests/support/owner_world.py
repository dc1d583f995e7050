"""Base of the small worlds around an operator, for a resource of any kind."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from tests.support.builders import NOW
from tests.support.fake_kube import FakeKube

from alluxio_operator.engine.work import ChildRef, Outcome, OwnerKey, Reason, Reconciler, Request
from alluxio_operator.transport.deadline import Deadline

Json = dict[str, Any]


class OwnerWorld:
    """One resource, its operator, and an in-memory API server; a subclass adds the other actors of its kind."""

    reconciler: Reconciler

    def __init__(self, key: OwnerKey) -> None:
        self.kube = FakeKube()
        self.now = NOW
        self.key = key

    def start_operator(self) -> None:
        """Restart the operator with empty caches."""
        raise NotImplementedError

    def turn(self) -> None:
        """Let Kubernetes and the workloads catch up."""
        raise NotImplementedError

    def reconcile(self, *children: tuple[str, str], everything: bool = False) -> Outcome:
        """Reconcile once; `children`: (kind, name) of objects in an event."""
        named = frozenset(ChildRef(kind, name) for kind, name in children)
        return self.reconciler(Request(self.key, Reason.CHILD, named, everything), Deadline.after(60))

    def settle(self, rounds: int = 20) -> None:
        """Reconcile and let the world catch up until nothing changes."""
        for _ in range(rounds):
            before = len(self.kube.writes)
            self.reconcile()
            self.turn()
            if len(self.kube.writes) == before and self.phase == "Ready":
                return
        raise AssertionError(f"not settled: {self.status}")

    @property
    def status(self) -> Json:
        """The status of the resource."""
        status: Json = self.kube.object(self.key.kind, self.key.namespace, self.key.name).get("status", {})
        return status

    @property
    def phase(self) -> str:
        """The phase of the resource."""
        return str(self.status.get("phase", ""))

    def condition(self, kind: str) -> Json:
        """Return a condition of the resource."""
        return next(c for c in self.status["conditions"] if c["type"] == kind)

    def pass_time(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)

    def clock(self) -> datetime:
        """Return the time, as the operator's clock."""
        return self.now
