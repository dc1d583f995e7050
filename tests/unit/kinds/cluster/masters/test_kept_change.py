"""A change of the number of masters on a PVC, and the version that it keeps."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.support.builders import NOW, initialized, observed, resource

from alluxio_operator.api.alluxiocluster_status import ClusterStatus, MembersChange
from alluxio_operator.engine.conditions import stamp
from alluxio_operator.kinds.cluster.masters import kept_change
from alluxio_operator.kinds.cluster.masters.kept_version import with_kept_version

STATES = ["Preparing", "Joining", "Leaving", "Stopping"]


def change(state: Any, **over: Any) -> MembersChange:
    image = {"version": "2.9.4", "image": "registry:5000/alluxio:2.9.4"}
    return MembersChange(to=3, members=2, state=state, operation="m1", since=stamp(NOW), **{**image, **over})


@pytest.mark.parametrize("state", STATES)
def test_a_change_can_be_read_from_what_is_kept_of_it(state: str):
    text = kept_change.as_text(change(state, index=40, retried=stamp(NOW)), 1)

    assert kept_change.read(text) == kept_change.KeptChange(1, change(state))


@pytest.mark.parametrize("known", [None, change("Leading")])
def test_nothing_is_kept_once_the_journals_need_no_more_members(known: MembersChange | None):
    assert kept_change.as_text(known, 1) == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no JSON",
        "[]",
        "{}",
        json.dumps({"settled": 2, "to": 3, "members": 2, "state": "Joining", "operation": "m1", "since": stamp(NOW)}),
        json.dumps({"settled": 1, "to": 3, "members": 9, "state": "Joining", "operation": "m1", "since": stamp(NOW)}),
        json.dumps({"settled": 1, "to": 3, "members": 2, "state": "Other", "operation": "m1", "since": stamp(NOW)}),
    ],
)
def test_what_cannot_be_read_is_no_change(text: str):
    assert kept_change.read(text) is None


def status(known: MembersChange | None) -> ClusterStatus:
    journal = initialized().model_copy(update={"change": known})
    return observed(journal).status


@pytest.mark.parametrize("state", STATES)
def test_masters_keep_their_version_while_their_number_changes(state: str):
    made = resource(version="2.9.5", image={"repository": "other/alluxio", "pullPolicy": "Always"})

    kept = with_kept_version(made, status(change(state)))["spec"]

    assert (kept["version"], kept["image"]) == (
        "2.9.4",
        {"repository": "registry:5000/alluxio", "tag": "2.9.4", "pullPolicy": "Always"},
    )


@pytest.mark.parametrize(
    ("known", "version"),
    [
        (None, "2.9.5"),
        (change("Leading"), "2.9.5"),
        (change("Joining", version="", image=""), "2.9.5"),
        (change("Joining"), "2.9.4"),
    ],
)
def test_another_image_of_the_same_version_is_followed(known: MembersChange | None, version: str):
    made = resource(version=version, image={"repository": "mirror/alluxio"})

    assert with_kept_version(made, status(known)) == made
