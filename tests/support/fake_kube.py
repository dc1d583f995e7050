"""An in-memory API server, with only the behaviour that the operator's client sees.

It keeps resourceVersions, generations and uids, merges applies field by field per manager, records the fields of the
managers of a workload, and checks resourceVersions of replacements and uids of deletions. It rejects changes of
immutable fields in a Job, a StatefulSet or a PVC, a PVC that shrinks or whose class can't expand, and two controllers
of one object.
"""

from __future__ import annotations

import json
import marshal
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from alluxio_operator.api.base import in_bytes
from alluxio_operator.engine.applied import WORKLOADS
from alluxio_operator.kube.client import FIELD_MANAGER
from alluxio_operator.kube.errors import Conflict, NotFound, Refused
from alluxio_operator.kube.kinds import KINDS
from alluxio_operator.transport.deadline import Deadline

Json = dict[str, Any]
METRICS = "/apis/metrics.k8s.io/"
IMMUTABLE = {
    "Job": ("template",),
    "PersistentVolumeClaim": ("accessModes", "storageClassName"),
    "StatefulSet": ("volumeClaimTemplates",),
}


class FakeKube:
    """Stands in for Kube. `writes` lists the calls that changed an object, as (verb, path)."""

    def __init__(self) -> None:
        self.objects: dict[str, Json] = {}
        self.calls: list[tuple[str, str]] = []
        self.writes: list[tuple[str, str]] = []
        self.metrics: list[Json] | None = None
        """Answer of metrics.k8s.io for all pods; None if it isn't served."""
        self.before_call: Callable[[str, str], None] = lambda verb, path: None
        """Called before each call; may raise, or change an object as another client."""
        self.after_write: Callable[[str, str], None] = lambda verb, path: None
        """Called after each write; may raise, as if the answer were lost."""
        self.classes_that_cannot_expand: set[str] = set()
        self.orphaned: Callable[[str], bool] = lambda path: False
        """Called for an object that is deleted without its dependents; returns True if it stays for a moment longer."""
        self.changed: Callable[[Json, Json], None] = lambda before, after: None
        """Called after each change of an object, by any client; an absent object is empty."""
        self._applied: dict[str, dict[str, Json]] = {}
        self._version = 100

    # --- the operator's calls ----------------------------------------------------------------------------------

    def within(self, deadline: Deadline) -> FakeKube:
        deadline.remaining(1)
        return self

    def get(self, path: str) -> Json:
        self._begin("get", path)
        return _copied(self._existing(path))

    def list(
        self, path: str, label_selector: str = "", *, field_selector: str = "", metadata_only: bool = False
    ) -> Iterator[Json]:
        self._begin("list", path)
        if path.startswith(METRICS):
            if self.metrics is None:
                raise NotFound(f"GET {path}", 404, "404 page not found")
            yield from _copied(self.metrics)
            return
        wanted = dict(pair.split("=", 1) for pair in label_selector.split(",") if pair)
        fields = dict(pair.split("=", 1) for pair in field_selector.split(",") if pair)
        kind = next(kind for kind in KINDS.values() if path.endswith(f"/{kind.plural}"))
        for found, obj in sorted(self.objects.items()):
            if obj["kind"] != kind.kind or (path != kind.path("") and not found.startswith(path + "/")):
                continue
            if wanted.items() <= obj["metadata"].get("labels", {}).items() and all(
                _field(obj, field) == value for field, value in fields.items()
            ):
                yield _copied({"metadata": obj["metadata"]} if metadata_only else obj)

    def apply(self, namespace: str, obj: Mapping[str, Any], *, absent: bool = False, dry_run: bool = False) -> Json:
        path = KINDS[obj["kind"]].path(namespace, obj["metadata"]["name"])
        self._begin("apply", path)
        if dry_run:
            return self._dry_run(path, obj)
        if absent and path in self.objects:
            raise Conflict(f"PATCH {path}", 409, "the object has been modified")
        given = obj["metadata"].get("uid")
        if given is not None and path not in self.objects:
            raise Conflict(f"PATCH {path}", 409, "uid mismatch")
        if given is not None and self.objects[path]["metadata"]["uid"] != given:
            raise Refused(f"PATCH {path}", 422, "metadata.uid: field is immutable")
        return self.apply_as(FIELD_MANAGER, path, obj)

    def merge(self, path: str, patch: Mapping[str, Any]) -> Json:
        self._begin("merge", path)
        before = self._existing(path)
        for precondition in ("resourceVersion", "uid"):
            there = before["metadata"][precondition]
            if patch.get("metadata", {}).get(precondition, there) != there:
                raise Conflict(f"PATCH {path}", 409, f"{precondition} is {there}")
        after = _merged(before, patch)
        _check_unchangeable(path, before, after)
        if before["kind"] == "PersistentVolumeClaim" and before["spec"] != after["spec"]:
            self._check_growth(path, before, after)
        return self._store("merge", path, before, after)

    def create(self, path: str, body: Mapping[str, Any]) -> Json:
        path = f"{path}/{body['metadata']['name']}"
        self._begin("create", path)
        if path in self.objects:
            raise Conflict(f"POST {path}", 409, "already exists")
        return self._store("create", path, {}, _as_sent(body))

    def replace(self, path: str, body: Mapping[str, Any]) -> Json:
        self._begin("replace", path)
        if not path.endswith("/status"):
            raise AssertionError(f"only a status is ever replaced, not {path}")
        owner = path.removesuffix("/status")
        before = self._existing(owner)
        if body["metadata"]["resourceVersion"] != before["metadata"]["resourceVersion"]:
            raise Conflict(f"PUT {path}", 409, "the object has been modified")
        return self._store("replace", owner, before, {**before, "status": _as_sent(body["status"])}, path)

    def delete(self, path: str, uid: str | None = None, *, orphan: bool = False) -> None:
        self._begin("delete", path)
        obj = self._existing(path)
        if uid is not None and obj["metadata"]["uid"] != uid:
            raise Conflict(f"DELETE {path}", 409, "the UID in the precondition doesn't match")
        self.begin_deletion(path, orphan=orphan)
        self._done("delete", path)

    def begin_deletion(self, path: str, *, orphan: bool = False) -> None:
        """Delete an object as any client does, with its dependents."""
        obj = self.objects[path]
        if not (orphan and self.orphaned(path)):
            self.remove(path)
        if obj["kind"] == "StatefulSet" and not orphan:
            for pod in [found for found in self.objects if found.startswith(_pods_of(obj))]:
                self.remove(pod)

    def creation_time(self) -> str:
        """Return the time at which an object is created now."""
        return f"2030-01-01T00:00:{self._version % 60:02d}Z"

    # --- other clients -------------------------------------------------------------------------------------------

    def put(self, obj: Mapping[str, Any]) -> Json:
        """Write an object as another client: replace it as a whole."""
        path = KINDS[obj["kind"]].path(obj["metadata"]["namespace"], obj["metadata"]["name"])
        return self._store("", path, self.objects.get(path, {}), _as_sent(obj))

    def edit(self, kind: str, namespace: str, name: str, change: Callable[[Json], None]) -> Json:
        """Change an object as another client."""
        obj = _copied(self._existing(KINDS[kind].path(namespace, name)))
        change(obj)
        return self.put(obj)

    def remove(self, path: str) -> None:
        """Remove an object at once."""
        before = self.objects.pop(path)
        self._applied.pop(path, None)
        self.changed(before, {})

    def apply_as(self, manager: str, path: str, obj: Mapping[str, Any]) -> Json:
        """Apply for any manager: its fields win, and fields that it no longer applies are removed."""
        before = self.objects.get(path, {})
        managers = self._applied.setdefault(path, {})
        others = [applied for name, applied in managers.items() if name != manager]
        after = _without(_copied(before), managers.get(manager, {}), obj, others)
        after = _merged(after, obj)
        if after["kind"] in WORKLOADS:
            after["metadata"] = {**after["metadata"], "managedFields": _managed_fields({**managers, manager: obj})}
        _check_unchangeable(path, before, after)
        if before and after["kind"] == "PersistentVolumeClaim" and _size(before) != _size(after):
            self._check_growth(path, before, after)
        stored = self._store("apply", path, before, after)
        # The API server tracks no owner of the uid, which is a precondition.
        metadata = {key: value for key, value in obj["metadata"].items() if key != "uid"}
        managers[manager] = _as_sent({**obj, "metadata": metadata})
        return stored

    def of_kind(self, kind: str) -> list[str]:
        """Return the names of all objects of a kind."""
        return sorted(obj["metadata"]["name"] for obj in self.objects.values() if obj["kind"] == kind)

    def object(self, kind: str, namespace: str, name: str) -> Json:
        """Return an object without counting a call."""
        return _copied(self._existing(KINDS[kind].path(namespace, name)))

    def _check_growth(self, path: str, before: Json, after: Json) -> None:
        if before.get("status", {}).get("phase") != "Bound":
            raise Refused(f"PATCH {path}", 422, "spec is immutable after creation except for bound claims")
        if after["spec"].get("storageClassName", "") in self.classes_that_cannot_expand:
            raise Refused(
                f"PATCH {path}",
                403,
                "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must "
                "support resize",
            )

    # --- internals -----------------------------------------------------------------------------------------------

    def _dry_run(self, path: str, obj: Mapping[str, Any]) -> Json:
        scratch = FakeKube()
        scratch.objects, scratch._applied = _copied(self.objects), _copied(self._applied)
        return scratch.apply_as(FIELD_MANAGER, path, obj)

    def _begin(self, verb: str, path: str) -> None:
        self.calls.append((verb, path))
        self.before_call(verb, path)

    def _done(self, verb: str, path: str) -> None:
        if verb:
            self.writes.append((verb, path))
            self.after_write(verb, path)

    def _existing(self, path: str) -> Json:
        try:
            return self.objects[path]
        except KeyError:
            raise NotFound(f"GET {path}", 404, "not found") from None

    def _store(self, verb: str, path: str, before: Json, after: Json, said: str = "") -> Json:
        kind = KINDS[after["kind"]]
        meta = {**after["metadata"]}
        if not before:
            self._version += 1
            meta.setdefault("uid", f"uid-{self._version}")
            meta["creationTimestamp"] = self.creation_time()
            if kind.has_generation:
                meta["generation"] = 1
        elif _same(before, after):
            return _copied(before)
        else:
            self._version += 1
            if kind.has_generation and before.get("spec") != after.get("spec"):
                meta["generation"] = before["metadata"]["generation"] + 1
        meta["resourceVersion"] = str(self._version)
        self.objects[path] = {**after, "metadata": meta}
        stored = _copied(self.objects[path])
        self.changed(before, self.objects[path])
        self._done(verb, said or path)
        return stored


def _managed_fields(applied: Mapping[str, Any]) -> list[Json]:
    return [
        {"manager": manager, "operation": "Apply", "fieldsType": "FieldsV1", "fieldsV1": _field_set(obj)}
        for manager, obj in sorted(applied.items())
    ]


def _field_set(value: Any) -> Json:
    # Lists are replaced as a whole here, so they have no field sets of their own.
    return {f"f:{key}": _field_set(inner) for key, inner in value.items()} if isinstance(value, Mapping) else {}


def _size(claim: Json) -> str:
    return str(claim["spec"].get("resources", {}).get("requests", {}).get("storage", "0"))


def _pods_of(workload: Json) -> str:
    return f"{KINDS['Pod'].path(workload['metadata']['namespace'])}/{workload['metadata']['name']}-"


def _as_sent(value: Any) -> Any:
    """Return a client's body as the server parses it."""
    return json.loads(json.dumps(value))


def _copied(value: Any) -> Any:
    """Return a copy of a stored object, which is plain JSON: three times as fast as through its text."""
    return marshal.loads(marshal.dumps(value))


def _same(before: Json, after: Json) -> bool:
    def plain(obj: Json) -> Json:
        return {**obj, "metadata": {k: v for k, v in obj["metadata"].items() if k != "resourceVersion"}}

    return plain(before) == plain(after)


def _merged(base: Any, over: Any) -> Any:
    if isinstance(base, Mapping) and isinstance(over, Mapping):
        result = dict(base)
        for key, value in over.items():
            if key == "ownerReferences":
                mine = {ref["uid"] for ref in value}
                result[key] = [*(ref for ref in base.get(key, ()) if ref["uid"] not in mine), *_as_sent(value)]
            else:
                result[key] = _merged(base[key], value) if key in base else _as_sent(value)
        return result
    return _as_sent(over)


def _field(obj: Any, path: str) -> Any:
    for part in path.split("."):
        obj = obj.get(part, {})
    return obj


def _without(obj: Any, applied: Any, again: Any, others: list[Any]) -> Any:
    """Return `obj` without the fields that its manager no longer applies and that no other manager applies."""
    if not isinstance(obj, Mapping) or not isinstance(applied, Mapping):
        return obj
    result = dict(obj)
    for key, value in applied.items():
        theirs = [other[key] for other in others if isinstance(other, Mapping) and key in other]
        if key not in result:
            continue
        if isinstance(again, Mapping) and key in again:
            result[key] = _without(result[key], value, again[key], theirs)
        elif key == "ownerReferences":
            mine = {ref["uid"] for ref in value}
            result[key] = [ref for ref in result[key] if ref["uid"] not in mine]
        elif not theirs:
            del result[key]
    return result


def _check_unchangeable(path: str, before: Json, after: Json) -> None:
    owners = after["metadata"].get("ownerReferences", ())
    if sum(bool(ref.get("controller")) for ref in owners) > 1:
        raise Refused(f"PATCH {path}", 422, "Only one reference can have Controller set to true")
    if not before:
        return
    if after["kind"] == "PersistentVolumeClaim" and in_bytes(_size(after)) < in_bytes(_size(before)):
        raise Refused(f"PATCH {path}", 422, "field can not be less than previous value")
    for part in IMMUTABLE.get(after["kind"], ()):
        if before["spec"].get(part) != after["spec"].get(part):
            raise Refused(f"PATCH {path}", 422, f"spec.{part}: field is immutable")
