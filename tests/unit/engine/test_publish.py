"""The status is written over the version that it was made from, or not at all."""

from __future__ import annotations

import pytest
from tests.support.builders import resource
from tests.support.fake_kube import FakeKube

from alluxio_operator.api.alluxiocluster_status import ClusterStatus
from alluxio_operator.engine.publish import publish
from alluxio_operator.kube.errors import Conflict, NotFound

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
