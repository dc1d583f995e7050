"""The API server of the simulation: `FakeKube` with a clock, graceful deletion, finalizers and a watch."""

from __future__ import annotations

import marshal
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from tests.support.fake_kube import METRICS, FakeKube

from alluxio_operator.engine.conditions import stamp
from alluxio_operator.kube.kinds import KINDS

Json = dict[str, Any]

LINGERING = ("Pod", "PersistentVolumeClaim")
"""Kinds that stay until the kubelet has stopped the pod, or until no pod uses the volume."""
ORPHANING = "orphan"


class Store(FakeKube):
    """Objects by path. `watched` is called after each change; `guard` before each write of the operator."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self.clock = clock
        self.guard: Callable[[str, str, Json, Json], None] = lambda verb, path, before, after: None
        """Called with the verb, the path, and the object before and after; raises if the write breaks a rule."""
        self.watched: Callable[[Json, Json], None] = lambda before, after: None
        """Called after each change of an object, by any client; an absent object is empty."""
        self.changed = self._changed
        self._by_kind: dict[str, list[Json]] = {}
        self._of_owner: dict[str, list[Json]] = {}

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
        if kind not in self._by_kind:
            found = [path for path, obj in self.objects.items() if obj["kind"] == kind]
            self._by_kind[kind] = [self.objects[path] for path in sorted(found)]
        return self._by_kind[kind]

    def pods_of(self, uid: str) -> list[Json]:
        """Return the pods that an owner reference ties to a uid; those of no owner with an empty one."""
        if not self._of_owner:
            for pod in self.kind("Pod"):
                owners = pod["metadata"].get("ownerReferences", ())
                for one in [ref["uid"] for ref in owners] or [""]:
                    self._of_owner.setdefault(one, []).append(pod)
        return self._of_owner.get(uid, [])

    def list(
        self, path: str, label_selector: str = "", *, field_selector: str = "", metadata_only: bool = False
    ) -> Iterator[Json]:
        kind = next((one for one in KINDS.values() if path.endswith(f"/{one.plural}")), None)
        if kind is None or field_selector or path.startswith(METRICS):
            yield from super().list(path, label_selector, field_selector=field_selector, metadata_only=metadata_only)
            return
        self._begin("list", path)
        wanted = dict(pair.split("=", 1) for pair in label_selector.split(",") if pair)
        for obj in self.kind(kind.kind):
            if wanted.items() <= obj["metadata"].get("labels", {}).items():
                yield marshal.loads(marshal.dumps({"metadata": obj["metadata"]} if metadata_only else obj))

    def create(self, path: str, body: Mapping[str, Any]) -> Json:
        if body["kind"] != "Event":
            return super().create(path, body)
        # Nothing here reads an Event of the operator.
        self._begin("create", path)
        self._done("create", f"{path}/{body['metadata']['name']}")
        return dict(body)

    def find(self, kind: str, namespace: str, name: str) -> Json | None:
        """Return an object as it is stored, without counting a call."""
        return self.objects.get(KINDS[kind].path(namespace, name))

    def set_status(self, path: str, status: Json) -> None:
        """Write a status as a controller of Kubernetes."""
        obj = self.objects[path]
        if obj.get("status") != status:
            self.put({**obj, "status": status})

    def _changed(self, before: Json, after: Json) -> None:
        kind = (after or before)["kind"]
        self._by_kind.pop(kind, None)
        if kind == "Pod":
            self._of_owner.clear()
        self.watched(before, after)

    def _mark(self, path: str, meta: Json, grace: int) -> None:
        if "deletionTimestamp" not in meta:
            gone = stamp(self.clock() + timedelta(seconds=grace))
            obj = self.objects[path]
            self.put({**obj, "metadata": {**meta, "deletionTimestamp": gone}})

    def _store(self, verb: str, path: str, before: Json, after: Json, said: str = "") -> Json:
        if verb:
            self.guard(verb, said or path, before, after)
        return super()._store(verb, path, before, after, said)
