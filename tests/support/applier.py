"""Apply manifests to an in-memory API server, as a reconciler does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tests.support.fake_kube import FakeKube

from alluxio_operator.engine.applied import Applied
from alluxio_operator.engine.apply import apply
from alluxio_operator.engine.cache import ObjectCache, invalidate
from alluxio_operator.engine.render import Manifest
from alluxio_operator.engine.rules import DEFAULT, ApplyRules
from alluxio_operator.engine.scope import Scope
from alluxio_operator.engine.work import ChildRef, OwnerKey, Reason, Request
from alluxio_operator.kube.kinds import KINDS, Ref

Json = dict[str, Any]

OWNER = {"alluxio-operator.io/owner-kind": "AlluxioCluster", "alluxio-operator.io/owner": "one"}
LABELS = {**OWNER, "app.kubernetes.io/component": "master"}
OWNED_BY = {"apiVersion": "alluxio-operator.io/v1alpha1", "kind": "AlluxioCluster", "name": "one", "uid": "owner-uid"}
NS = "data"


def wanted(kind: str = "ConfigMap", name: str = "settings", order: int = 10, **content: Any) -> Manifest:
    obj: Json = {
        "apiVersion": KINDS[kind].api_version,
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": NS,
            "labels": dict(LABELS),
            "annotations": {"ours": "1"},
            "ownerReferences": [dict(OWNED_BY)],
        },
    }
    return Manifest(order, {**obj, **(content or {"spec": {"size": 1}})})


def scope(kube: FakeKube) -> Scope:
    return Scope(kube, NS, OWNER)  # type: ignore[arg-type]


class Applier:
    """Applies to one API server, with one cache, as a reconciler does."""

    def __init__(self, kube: FakeKube) -> None:
        self.kube = kube
        self.cache: ObjectCache = {}
        self.absent: set[Ref] = set()

    def __call__(
        self,
        *manifests: Manifest,
        children: Iterable[Ref] = (),
        everything: bool = False,
        recreate: Mapping[Ref, str] | None = None,
        rules: ApplyRules = DEFAULT,
        held: bool = False,
    ) -> Applied:
        named = frozenset(ChildRef(ref.kind, ref.name) for ref in children)
        invalidate(self.cache, Request(OwnerKey("AlluxioCluster", NS, "one"), Reason.CHILD, named, everything))
        refs = [one.ref for one in manifests] if held else []
        return apply(scope(self.kube), manifests, self.cache, self.absent, recreate or {}, rules, refs)

    def edit(self, manifest: Manifest, change: Callable[[Json], None]) -> None:
        self.kube.edit(manifest.ref.kind, NS, manifest.ref.name, change)

    def live(self, manifest: Manifest) -> Json:
        return self.kube.object(manifest.ref.kind, NS, manifest.ref.name)


def data_edited(obj: Json) -> None:
    """Change the data of an object as another client."""
    obj["data"]["x"] = "drifted"
