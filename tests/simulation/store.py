"""The API server of the simulation: `FakeKube` with a clock, graceful deletion, finalizers and a watch."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from tests.support.fake_kube import FakeKube

from alluxio_operator.engine.conditions import stamp
from alluxio_operator.kube.kinds import KINDS

Json = dict[str, Any]

LINGERING = ("Pod", "PersistentVolumeClaim")
"""Kinds that stay until the kubelet has stopped the pod, or until no pod uses the volume."""
ORPHANING = "orphan"


class Store(FakeKube):
    """Objects by path. `changed` is called after each change; `guard` before each write of the operator."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self.clock = clock
        self.guard: Callable[[str, str, Json, Json], None] = lambda verb, path, before, after: None
        """Called with the verb, the path, and the object before and after; raises if the write breaks a rule."""

    def creation_time(self) -> str:
        return stamp(self.clock())

    def begin_deletion(self, path: str, *, orphan: bool = False) -> None:
        """Delete an object with the semantics of its kind; dependents are left to the garbage collector."""
        obj = self.objects[path]
        if orphan:
            self._mark(path, {**obj["metadata"], "finalizers": [ORPHANING]}, 0)
        elif obj["kind"] == "Pod" and obj["spec"].get("nodeName"):
            self._mark(path, obj["metadata"], obj["spec"].get("terminationGracePeriodSeconds", 30))
        elif obj["kind"] == "PersistentVolumeClaim":
            self._mark(path, obj["metadata"], 0)
        else:
            self.remove(path)

    def delete(self, path: str, uid: str | None = None, *, orphan: bool = False) -> None:
        before = self.objects.get(path)
        if before is not None and uid in (None, before["metadata"]["uid"]):
            self.guard("delete", path, before, {})
        super().delete(path, uid, orphan=orphan)

    def kind(self, kind: str) -> list[Json]:
        """Return all objects of a kind as they are stored, in the order of their paths."""
        return [obj for _, obj in sorted(self.objects.items()) if obj["kind"] == kind]

    def find(self, kind: str, namespace: str, name: str) -> Json | None:
        """Return an object as it is stored, without counting a call."""
        return self.objects.get(KINDS[kind].path(namespace, name))

    def set_status(self, path: str, status: Json) -> None:
        """Write a status as a controller of Kubernetes."""
        obj = self.objects[path]
        if obj.get("status") != status:
            self.put({**obj, "status": status})

    def _mark(self, path: str, meta: Json, grace: int) -> None:
        if "deletionTimestamp" not in meta:
            gone = stamp(self.clock() + timedelta(seconds=grace))
            obj = self.objects[path]
            self.put({**obj, "metadata": {**meta, "deletionTimestamp": gone}})

    def _store(self, verb: str, path: str, before: Json, after: Json, said: str = "") -> Json:
        if verb:
            self.guard(verb, said or path, before, after)
        return super()._store(verb, path, before, after, said)
