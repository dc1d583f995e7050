"""A status that a newer operator, or a hand, has written is read as far as it can be, and nothing raises."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alluxio_operator.api.alluxiocluster_status import ClusterStatus, JournalStatus
from alluxio_operator.api.lenient import read_status
from alluxio_operator.api.presto_status import PrestoStatus

Json = dict[str, Any]
WRITTEN = "2030-01-02T03:04:05Z"
METADATA = {
    "creationTimestamp": "2029-01-01T00:00:00Z",
    "managedFields": [
        {"manager": "kubectl", "time": "2031-01-01T00:00:00Z"},
        {"manager": "alluxio-operator", "subresource": "status", "time": WRITTEN},
    ],
}
JOURNAL = {"state": "Initialized", "operation": "abcd1234c", "members": 3}
STEP = {"role": "worker", "pods": [{"name": "a-worker-0", "uid": "1"}], "since": WRITTEN}
CHANGE = {"what": "Upgraded", "started": WRITTEN, "generation": 4}


def read(status: Any, model: Any = ClusterStatus) -> Any:
    return read_status(model, {"metadata": METADATA, "status": status})


def dumped(status: Any) -> Json:
    found: Json = status.model_dump(by_alias=True, mode="json", exclude_none=True, warnings=False)
    return found


@pytest.mark.parametrize(
    ("status", "path"),
    [
        ({"phase": "Hibernating"}, ("phase",)),
        ({"journal": {**JOURNAL, "state": "Verifying"}}, ("journal", "state")),
        ({"journal": {**JOURNAL, "members": 7}}, ("journal", "members")),
        ({"history": [{**CHANGE, "what": "Rebalanced"}]}, ("history", 0, "what")),
        ({"history": [{**CHANGE, "outcome": "Postponed"}]}, ("history", 0, "outcome")),
        ({"masters": {"members": [{"name": "a-master-0", "role": "Learner"}]}}, ("masters", "members", 0, "role")),
        (
            {"upgradeBackup": {"from": "1", "to": "2", "state": "Verifying", "since": WRITTEN}},
            ("upgradeBackup", "state"),
        ),
        ({"conditions": [{"type": "A", "status": "Half", "reason": "B", "lastTransitionTime": WRITTEN}]},
         ("conditions", 0, "status")),
        ({"mounts": [{"path": "/a"}]}, ("mounts", 0, "path")),
        ({"journal": {**JOURNAL, "epoch": 7}}, ("journal", "epoch")),
    ],
)  # fmt: skip
def test_words_and_fields_of_a_newer_operator_are_kept(status: Json, path: tuple[str | int, ...]):
    reading = read(status)
    kept: Any = dumped(reading.status)
    given: Any = status
    for part in path:
        kept, given = kept[part], given[part]

    assert kept == given
    assert reading.unread == ()


@pytest.mark.parametrize(
    ("given", "read_as"),
    [
        ("2030-01-02T03:04:05.678+01:00", "2030-01-02T02:04:05Z"),
        ("2030-01-02 03:04:05", WRITTEN),
        ("yesterday", WRITTEN),
        ("", WRITTEN),
        (17, WRITTEN),
    ],
)
def test_a_broken_time_becomes_that_of_the_last_write(given: Any, read_as: str):
    status = read({"rollout": {**STEP, "since": given}}).status

    assert status.rollout.since == read_as


@pytest.mark.parametrize(
    ("status", "unread"),
    [
        ({"journal": "lost"}, "journal"),
        ({"journal": {"state": "Initialized"}}, "journal.operation"),
        ({"journal": {**JOURNAL, "members": "three"}}, "journal.members"),
        ({"journal": {**JOURNAL, "rejoin": {"pod": "a"}}}, "journal.rejoin.uid"),
        ({"rollout": {**STEP, "pods": [{"name": "a-worker-0"}]}}, "rollout.pods.0.uid"),
        ({"rollout": []}, "rollout"),
    ],
)
def test_a_record_that_cannot_be_read_is_named(status: Json, unread: str):
    assert unread in read(status).unread_below(("journal", "rollout"))


def test_what_cannot_be_read_is_dropped_and_the_rest_stays():
    status = read(
        {
            "journal": JOURNAL,
            "history": ["?", CHANGE, {"what": "Changed"}],
            "layer": 9,
            "replicas": "many",
            "summary": "x" * 600,
            "volumes": [{"name": "journal", "wanted": "1Gi", "size": "large"}],
            "workers": {"ready": 2, "usedPercent": 400},
        }
    ).status

    assert status.journal == JournalStatus.model_validate(JOURNAL)
    assert [change.what for change in status.history] == ["Upgraded"]
    assert (status.layer, status.replicas, len(status.summary), status.volumes) == (3, 0, 512, ())
    assert (status.workers.ready, status.workers.used_percent) == (2, 100)


@pytest.mark.parametrize("status", [None, "text", 7, [], ["a"]])
def test_a_status_of_another_shape_is_an_empty_one(status: Any):
    assert read(status).status == ClusterStatus()


NAMES = [name for field in ClusterStatus.model_fields.values() for name in [field.alias] if name]
# The API server has no null in a status.
JSON = st.recursive(
    st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["Initialized", WRITTEN, "1Gi"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["state", "members", "name", "since", "pods", "what", "uid", "role"]), inner)
    ),
    max_leaves=12,
)


@settings(max_examples=200)
@given(st.dictionaries(st.sampled_from(NAMES), JSON, max_size=5))
def test_whatever_stands_in_a_status_nothing_raises_and_no_journal_gets_lost(status: Json):
    reading = read(status)
    read(status, PrestoStatus)
    again = read(dumped(reading.status))

    assert again.status == reading.status, "what was kept reads the same"
    assert again.unread == ()
    if status.get("journal") is not None:
        assert reading.status.journal is not None or reading.unread_below(("journal",))
