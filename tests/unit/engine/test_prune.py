"""Prune against an API server in memory: what is deleted, and what never is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from tests.support.applier import NS, Applier, scope, wanted
from tests.support.fake_kube import FakeKube

from alluxio_operator.api.status import InventoryItem
from alluxio_operator.engine.prune import prune
from alluxio_operator.kube.errors import Conflict
from alluxio_operator.kube.kinds import Ref


@pytest.fixture
def kube() -> FakeKube:
    return FakeKube()


@pytest.fixture
def applier(kube: FakeKube) -> Applier:
    return Applier(kube)


def recorded(*refs: Ref) -> tuple[InventoryItem, ...]:
    return tuple(ref.item for ref in refs)


def pruned(kube: FakeKube, inventory: Iterable[InventoryItem], rendered: Iterable[Ref] = ()) -> list[Ref]:
    return prune(scope(kube), inventory, set(rendered), {})


def test_what_is_no_longer_rendered_is_deleted_and_the_rest_stays(applier: Applier, kube: FakeKube):
    stays, goes = wanted(name="stays"), wanted("StatefulSet", "goes")
    applier(stays, goes)

    assert pruned(kube, recorded(stays.ref, goes.ref), [stays.ref]) == [goes.ref]
    assert kube.of_kind("ConfigMap") == ["stays"]
    assert kube.of_kind("StatefulSet") == []


def test_a_claim_is_never_deleted(applier: Applier, kube: FakeKube):
    claim = wanted("PersistentVolumeClaim", "journal")
    applier(claim)

    assert pruned(kube, recorded(claim.ref)) == []
    assert kube.of_kind("PersistentVolumeClaim") == ["journal"]
    assert all(verb != "delete" for verb, _ in kube.calls)


def test_what_lost_our_labels_is_left_to_whom_it_belongs(applier: Applier, kube: FakeKube):
    one = wanted()
    applier(one)
    applier.edit(one, lambda obj: obj["metadata"]["labels"].update({"alluxio-operator.io/owner": "two"}))

    assert pruned(kube, recorded(one.ref)) == []
    assert kube.of_kind("ConfigMap") == ["settings"]


def test_what_names_another_owner_stays_though_our_reference_is_left(applier: Applier, kube: FakeKube):
    one, two = wanted(), wanted(name="unlabelled")
    applier(one, two)
    for each in (one, two):
        applier.edit(each, lambda obj: obj["metadata"]["ownerReferences"][0].update(controller=True))
    applier.edit(one, lambda obj: obj["metadata"]["labels"].update({"alluxio-operator.io/owner": "two"}))
    applier.edit(two, lambda obj: obj["metadata"].pop("labels"))
    ours = replace(scope(kube), uid="owner-uid")

    assert prune(ours, recorded(one.ref, two.ref), set(), {}) == [two.ref]


def test_what_somebody_made_anew_between_look_and_deletion_survives(applier: Applier, kube: FakeKube):
    one = wanted()
    applier(one)

    def replace(verb: str, path: str) -> None:
        if verb == "delete":
            kube.edit("ConfigMap", NS, "settings", lambda obj: obj["metadata"].update(uid="another"))

    kube.before_call = replace
    with pytest.raises(Conflict):
        pruned(kube, recorded(one.ref))

    assert kube.of_kind("ConfigMap") == ["settings"]


def test_what_is_gone_already_is_no_trouble(applier: Applier, kube: FakeKube):
    one = wanted()
    applier(one)

    def remove(verb: str, path: str) -> None:
        if verb == "delete":
            kube.remove(path)

    kube.before_call = remove
    assert pruned(kube, recorded(one.ref)) == []
    assert pruned(kube, recorded(one.ref)) == []


def test_a_kind_that_this_version_doesnt_know_is_left_alone(kube: FakeKube):
    item = InventoryItem(api_version="v9", kind="Novelty", name="x")

    assert pruned(kube, [item]) == []
    assert kube.calls == []


def test_what_was_pruned_and_is_wanted_again_is_applied_again(applier: Applier, kube: FakeKube):
    one = wanted()
    applier(one)
    prune(scope(kube), recorded(one.ref), set(), applier.cache)

    assert applier(one).created == [one.ref]
