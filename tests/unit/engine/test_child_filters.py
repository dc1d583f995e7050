"""The hooks' filters in jq say of every object what the server's watch finds in Python."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import children
from tests.support.informers import bindings, filtered

from alluxio_operator.api import base
from alluxio_operator.engine import child_filters
from alluxio_operator.engine.children import CHILD_KINDS, owner_of, version_of
from alluxio_operator.engine.work import OwnerKey
from alluxio_operator.kinds.registry import watched
from alluxio_operator.kube.kinds import KINDS
from alluxio_operator.settings import Settings

Json = dict[str, Any]
STATES = {child.kind: child.state_of for child in CHILD_KINDS}
each_kind = pytest.mark.parametrize("kind", STATES)


@each_kind
@settings(max_examples=50)
@given(data=st.data())
def test_a_filter_names_the_owner_that_the_watch_finds(kind: str, data: st.DataObject) -> None:
    obj = data.draw(children.objects(kind))
    wake = filtered(kind, obj)["wake"]
    named = OwnerKey(wake["kind"], wake["namespace"], wake["name"]) if wake["kind"] and wake["name"] else None
    assert named == owner_of(obj)


@each_kind
@settings(max_examples=50)
@given(data=st.data())
def test_a_filter_names_the_child_and_its_version_as_the_watch_does(kind: str, data: st.DataObject) -> None:
    obj = data.draw(children.objects(kind))
    version = {} if KINDS[kind].has_generation else {"version": version_of(obj)}
    assert filtered(kind, obj)["wake"]["child"] == {"kind": kind, "name": obj["metadata"]["name"], **version}


@each_kind
@settings(max_examples=50)
@given(data=st.data())
def test_a_filter_tells_a_change_exactly_when_the_watch_does(kind: str, data: st.DataObject) -> None:
    before, after = data.draw(st.lists(children.objects(kind), min_size=2, max_size=2))
    same = STATES[kind](before) == STATES[kind](after)
    assert (filtered(kind, before) == filtered(kind, after)) is same


@each_kind
def test_a_binding_is_of_what_the_watch_watches(kind: str) -> None:
    (watch,) = [one for one in watched(Settings()) if one.kind == kind]
    binding = bindings()[kind]
    assert binding["apiVersion"] == KINDS[kind].api_version
    ((label, value),) = binding["labelSelector"]["matchLabels"].items()
    assert watch.label_selector == f"{label}={value}"


def test_words_that_a_hook_cannot_import_are_those_of_the_rest() -> None:
    assert child_filters.GROUP == base.GROUP
    assert list(bindings()) == [child.kind for child in CHILD_KINDS]
