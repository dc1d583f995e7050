"""The sweep: it finds every drift that no event told of, from metadata alone, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.support.fake_kube import FakeKube

from alluxio_operator.engine.apply import apply
from alluxio_operator.engine.cache import ObjectCache
from alluxio_operator.engine.drift import sweep
from alluxio_operator.engine.render import Manifest
from alluxio_operator.engine.scope import Scope
from alluxio_operator.engine.work import ChildRef, OwnerKey, Reason, Request
from alluxio_operator.kube.errors import Refused
from alluxio_operator.kube.kinds import KINDS, Ref

Json = dict[str, Any]

NS = "data"
ONE, TWO = (OwnerKey("AlluxioCluster", NS, name) for name in ("one", "two"))


def manifest(owner: OwnerKey, kind: str, name: str) -> Manifest:
    labels = {"owner-kind": owner.kind, "owner": owner.name}
    metadata = {"name": f"{owner.name}-{name}", "namespace": NS, "labels": labels, "annotations": {"ours": "1"}}
    return Manifest(10, {"apiVersion": KINDS[kind].api_version, "kind": kind, "metadata": metadata, "spec": {"n": 1}})


class Swept:
    """Two owners with a ConfigMap and a StatefulSet each."""

    def __init__(self) -> None:
        self.kube = FakeKube()
        self.memories: dict[OwnerKey, ObjectCache] = {ONE: {}, TWO: {}}
        for owner, memory in self.memories.items():
            wanted = [manifest(owner, "ConfigMap", "conf"), manifest(owner, "StatefulSet", "worker")]
            labels = {"owner-kind": owner.kind, "owner": owner.name}
            apply(Scope(self.kube, NS, labels), wanted, memory, set())  # type: ignore[arg-type]

    def __call__(self, *namespaces: str) -> list[Request]:
        def owner_of(metadata: Json) -> OwnerKey | None:
            name = metadata["labels"].get("owner")
            return OwnerKey("AlluxioCluster", metadata["namespace"], name) if name else None

        watched = namespaces or ("",)
        return sweep(self.kube, watched, "owner-kind=AlluxioCluster", self.memories, owner_of)  # type: ignore[arg-type]

    def edit(self, kind: str, name: str, change: Callable[[Json], object]) -> None:
        self.kube.edit(kind, NS, name, change)


@pytest.fixture
def swept() -> Swept:
    return Swept()


def drift(owner: OwnerKey, *refs: Ref) -> Request:
    return Request(owner, Reason.CHILD, frozenset(ChildRef(ref.kind, ref.name) for ref in refs))


def test_what_is_as_it_was_left_is_no_drift_and_costs_a_list_for_each_kind(swept: Swept):
    swept.kube.calls.clear()

    assert swept() == []
    assert [verb for verb, _ in swept.kube.calls] == ["list", "list"]


@pytest.mark.parametrize("kind", ["ConfigMap", "StatefulSet"])
@pytest.mark.parametrize(
    "change",
    [
        lambda obj: obj["spec"].update(n=2),
        lambda obj: obj["metadata"]["labels"].update(team="blue"),
        lambda obj: obj["metadata"]["annotations"].pop("ours"),
        lambda obj: obj["metadata"].update(ownerReferences=[{"uid": "another"}]),
        lambda obj: obj["metadata"].update(uid="made-anew"),
        lambda obj: obj["metadata"]["labels"].pop("owner"),
        lambda obj: obj["metadata"]["labels"].pop("owner-kind"),
    ],
)
def test_whatever_differs_is_found_for_its_owner_alone(kind: str, change: Callable[[Json], object], swept: Swept):
    name = "one-conf" if kind == "ConfigMap" else "one-worker"
    swept.edit(kind, name, change)

    assert swept() == [drift(ONE, Ref(kind, name))]


def test_what_is_gone_is_found(swept: Swept):
    swept.kube.remove(KINDS["ConfigMap"].path(NS, "two-conf"))
    swept.edit("StatefulSet", "two-worker", lambda obj: obj["spec"].update(n=2))

    assert swept() == [drift(TWO, Ref("ConfigMap", "two-conf"), Ref("StatefulSet", "two-worker"))]


def test_a_status_is_no_drift(swept: Swept):
    swept.edit("StatefulSet", "one-worker", lambda obj: obj.update(status={"readyReplicas": 1}))

    assert swept() == []


def test_what_nobody_remembers_is_left_to_its_owners_reconcile(swept: Swept):
    del swept.memories[TWO][Ref("ConfigMap", "two-conf")]
    swept.edit("ConfigMap", "two-conf", lambda obj: obj["spec"].update(n=2))
    del swept.memories[ONE]

    assert swept() == []


def test_only_the_watched_namespaces_are_read(swept: Swept):
    swept.kube.calls.clear()

    swept(NS)

    assert {path for _, path in swept.kube.calls} == {KINDS[k].path(NS) for k in ("ConfigMap", "StatefulSet")}


def test_a_namespace_that_cannot_be_listed_has_nothing_missing_and_hides_no_other(swept: Swept):
    other = OwnerKey("AlluxioCluster", "forbidden", "three")
    swept.memories[other] = dict(swept.memories[ONE])
    swept.kube.remove(KINDS["ConfigMap"].path(NS, "two-conf"))

    def refuse(verb: str, path: str) -> None:
        if "/namespaces/forbidden/" in path:
            raise Refused(f"GET {path}", 403, "forbidden")

    swept.kube.before_call = refuse

    assert swept(NS, "forbidden") == [drift(TWO, Ref("ConfigMap", "two-conf"))]
