"""Holds the pod template of a workload while the rest of it is applied; pure.

A controller such as that of Deployments replaces its pods as soon as their template changes. A workload that has to
wait keeps the template that it has, and gets its new replicas, labels and strategy.

A server-side apply removes the fields that its manager applied before and leaves out now. So the template to apply
holds every field that the operator owns, with its live value. Fields of other managers stay out: `kubectl rollout
restart` still owns its annotation after the wait.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from alluxio_operator.engine.cache import Wanted
from alluxio_operator.engine.history import OWN_MANAGER
from alluxio_operator.kube.kinds import Object, Ref
from alluxio_operator.kube.text import digest


@dataclass(frozen=True)
class WithLiveTemplate:
    """A rendered workload with the pod template of its live object.

    It has a hash of its own, so that the cache doesn't take it for the workload as rendered.
    """

    rendered: Wanted
    live: Object

    @property
    def ref(self) -> Ref:
        """Name of the workload."""
        return self.rendered.ref

    @cached_property
    def obj(self) -> Object:
        """The workload to apply."""
        obj = self.rendered.obj
        return {**obj, "spec": {**obj["spec"], "template": applied_template(self.live)}}

    @cached_property
    def hash(self) -> str:
        """Digest of the workload to apply."""
        return digest(self.obj)


def applied_template(live: Object) -> Object:
    """Return the pod template of a live workload, as far as the operator owns its fields.

    Without a record of its fields, which any client may remove, it is the whole template.
    """
    template: Object = live["spec"]["template"]
    for entry in live["metadata"].get("managedFields", ()):
        if entry.get("manager") == OWN_MANAGER and entry.get("operation") == "Apply" and not entry.get("subresource"):
            fields = entry.get("fieldsV1", {}).get("f:spec", {}).get("f:template")
            if fields is not None:
                owned: Object = _owned(template, fields)
                return owned
    return template


def _owned(value: Any, fields: Mapping[str, Any]) -> Any:
    """Return the part of a value that a set of fields names; `fields` has the format FieldsV1 of Kubernetes.

    An empty set names the whole value. `.` names the value itself, as a container of the fields that follow.
    """
    if not fields:
        return value
    if isinstance(value, Mapping):
        names = (name.removeprefix("f:") for name in fields if name.startswith("f:"))
        return {name: _owned(value[name], fields[f"f:{name}"]) for name in names if name in value}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return list(_owned_items(value, fields))
    return value


def _owned_items(items: Sequence[Any], fields: Mapping[str, Any]) -> Iterable[Any]:
    keys = {name: json.loads(name.removeprefix("k:")) for name in fields if name.startswith("k:")}
    values = [json.loads(name.removeprefix("v:")) for name in fields if name.startswith("v:")]
    for item in items:
        if item in values:
            yield item
        for name, key in keys.items():
            if isinstance(item, Mapping) and key.items() <= item.items():
                yield {**key, **_owned(item, fields[name])}
