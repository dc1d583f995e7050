"""The status is written over the version that it was made from, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from tests.support.builders import resource
from tests.support.fake_kube import FakeKube

from alluxio_operator.api.alluxiocluster_status import ClusterStatus
from alluxio_operator.api.lenient import read_status
from alluxio_operator.engine.publish import publish
from alluxio_operator.kube.errors import Conflict, NotFound, Refused

PATH = "/apis/alluxio-operator.io/v1alpha1/namespaces/data/alluxioclusters/small"


@pytest.fixture
def kube() -> FakeKube:
    kube = FakeKube()
    kube.put(resource())
    return kube


def test_only_the_status_is_written_and_the_resource_comes_back(kube: FakeKube):
    before = kube.get(PATH)

    after = publish(kube, {**before, "spec": {"changed": "by mistake"}}, ClusterStatus(phase="Ready"))  # type: ignore[arg-type]

    assert after["status"]["phase"] == "Ready"
    assert after["spec"] == before["spec"]
    assert after["metadata"]["generation"] == before["metadata"]["generation"]
    assert after["metadata"]["resourceVersion"] != before["metadata"]["resourceVersion"]
    assert kube.writes == [("replace", f"{PATH}/status")]


def test_names_are_those_of_the_api_and_nothing_is_null(kube: FakeKube):
    after = publish(kube, kube.get(PATH), ClusterStatus(observed_generation=3))  # type: ignore[arg-type]

    assert after["status"]["observedGeneration"] == 3
    assert None not in after["status"].values()
    assert "journal" not in after["status"]


def test_a_resource_that_changed_meanwhile_is_a_conflict_and_stays(kube: FakeKube):
    stale = kube.get(PATH)
    kube.edit("AlluxioCluster", "data", "small", lambda obj: obj["spec"].update(version="2.9.3"))

    with pytest.raises(Conflict):
        publish(kube, stale, ClusterStatus(phase="Ready"))  # type: ignore[arg-type]

    assert "status" not in kube.get(PATH)
    assert kube.get(PATH)["spec"]["version"] == "2.9.3"


def test_a_resource_that_is_gone_is_not_found(kube: FakeKube):
    stale = kube.get(PATH)
    kube.remove(PATH)

    with pytest.raises(NotFound):
        publish(kube, stale, ClusterStatus())  # type: ignore[arg-type]


class OlderCrd(FakeKube):
    """An API server whose CRD lacks some words of a newer operator."""

    def replace(self, path: str, body: Mapping[str, Any]) -> Any:
        if "Rebalanced" in str(body["status"]) or "Verifying" in str(body["status"]):
            raise Refused(f"PUT {path}", 422, "Unsupported value")
        return super().replace(path, body)


CHANGES = [
    {"what": "Rebalanced", "started": "2030-01-02T03:04:05Z"},
    {"what": "Scaled", "started": "2030-01-02T03:04:05Z"},
]


def test_a_word_that_the_crd_lacks_does_not_keep_the_status_from_being_written():
    kube = OlderCrd()
    kube.put(resource())
    status = read_status(ClusterStatus, {"status": {"history": CHANGES, "layer": 2}}).status

    after = publish(kube, kube.get(PATH), status)  # type: ignore[arg-type]

    assert [change["what"] for change in after["status"]["history"]] == ["Scaled"]
    assert after["status"]["layer"] == 2


def test_a_record_that_the_crd_refuses_is_not_dropped():
    kube = OlderCrd()
    kube.put(resource())
    journal = {"state": "Verifying", "operation": "a", "members": 1}
    status = read_status(ClusterStatus, {"status": {"history": CHANGES, "journal": journal}}).status

    with pytest.raises(Refused):
        publish(kube, kube.get(PATH), status)  # type: ignore[arg-type]
