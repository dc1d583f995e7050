"""One look at a cluster: what is read, and what is not asked for without need."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.builders import NAMESPACE, info, journal_claim, journal_job, pod, ready_pod, resource
from tests.support.fake_kube import FakeKube
from tests.support.world import FakeAlluxio

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.api.alluxiocluster import KIND
from alluxio_operator.cluster.observe import observe
from alluxio_operator.cluster.observed import Observed
from alluxio_operator.work import Deadline, OwnerKey

Json = dict[str, Any]
INITIALIZING = {"journal": {"state": "Initializing", "operation": "0a1b2c3dc"}}
INITIALIZED = {"journal": {"state": "Initialized", "operation": "0a1b2c3dc"}}


@pytest.fixture
def kube() -> FakeKube:
    kube = FakeKube()
    kube.put(resource())
    return kube


def look(kube: FakeKube, alluxio: FakeAlluxio | None = None, name: str = "small") -> Observed | None:
    key = OwnerKey(KIND, NAMESPACE, name)
    return observe(kube, alluxio or FakeAlluxio(), key, Deadline.after(60))  # type: ignore[arg-type]


def seen(kube: FakeKube, alluxio: FakeAlluxio | None = None) -> Observed:
    found = look(kube, alluxio)
    assert found is not None
    return found


def reads(kube: FakeKube) -> list[str]:
    return [path.rsplit("/", 1)[1] for verb, path in kube.calls]


def put(kube: FakeKube, obj: Json) -> None:
    kube.put({**obj, "metadata": {**obj["metadata"], "namespace": NAMESPACE}})


def test_a_resource_that_is_gone_is_nothing(kube: FakeKube):
    assert look(kube, name="other") is None


def test_a_new_resource_has_nothing_around_it(kube: FakeKube):
    found = seen(kube)

    assert (found.generation, found.pods, found.journal_job, found.journal_claim) == (1, (), None, None)
    assert found.master == NoAnswer("no master has an address yet")
    assert not found.job_master_serves
    assert kube.writes == []


def test_only_pods_with_the_owners_labels_are_seen(kube: FakeKube):
    kube.put(ready_pod("master"))
    kube.put(ready_pod("master", "other-master-0", cluster="other"))
    kube.put(ready_pod("master", "small-master-0", namespace="elsewhere"))

    assert [one.name for one in seen(kube).pods] == ["small-master-0"]


def test_the_journals_job_is_read_while_it_may_run_and_its_claim_until_it_is_initialized(kube: FakeKube):
    put(kube, journal_claim(used=True))
    put(kube, journal_job())

    before = seen(kube)
    kube.put(resource(status=INITIALIZING))
    during = seen(kube)
    kube.put(resource(status=INITIALIZED))
    kube.calls.clear()
    after = seen(kube)

    assert (before.journal_job, before.journal_was_initialized) == (None, True)
    assert during.journal_job is not None
    assert during.journal_claim is not None
    assert (after.journal_job, after.journal_claim, after.journal_was_initialized) == (None, None, True)
    assert reads(kube) == ["small", "pods"], "a cluster in its daily life costs two reads"


def test_masters_are_asked_at_their_own_port_until_one_answers(kube: FakeKube):
    kube.put(resource(masters={"ports": {"web": 2000}}))
    kube.put(pod("master", "small-master-0", ip="10.0.0.1"))
    kube.put(pod("master", "small-master-1", ip="10.0.0.2"))

    class Second(FakeAlluxio):
        def master_info(self, host: str, port: int, deadline: Deadline) -> Any:
            self.asked.append((host, port))
            return info() if host == "10.0.0.2" else NoAnswer("standby")

    alluxio = Second()
    assert seen(kube, alluxio).master == info()
    assert alluxio.asked[:2] == [("10.0.0.1", 2000), ("10.0.0.2", 2000)]


def test_the_last_refusal_is_kept_when_no_master_answers(kube: FakeKube):
    kube.put(pod("master"))

    assert seen(kube, FakeAlluxio(NoAnswer("in safe mode"))).master == NoAnswer("in safe mode")


@pytest.mark.parametrize("unasked", [pod("master", phase="Pending"), pod("master", deleted=True), pod("master", ip="")])
def test_a_pod_that_does_not_run_is_not_asked(unasked: Json, kube: FakeKube):
    kube.put(unasked)
    alluxio = FakeAlluxio(info())

    assert seen(kube, alluxio).master == NoAnswer("no master has an address yet")
    assert alluxio.asked == []


def test_the_job_master_is_asked_at_its_own_port(kube: FakeKube):
    kube.put(resource(jobService={"master": {"ports": {"web": 2001}}}))
    kube.put(pod("jobmaster", ip="10.0.0.3"))
    alluxio = FakeAlluxio(job_master=True)

    assert seen(kube, alluxio).job_master_serves
    assert alluxio.asked == [("10.0.0.3", 2001)]


@pytest.mark.parametrize("ports", [{"ports": {}}, {"ports": None}, {"ports": {"web": "80"}}, None])
def test_a_spec_that_is_not_valid_yet_does_not_end_the_look(ports: Json | None, kube: FakeKube):
    made = resource()
    made["spec"]["masters"] = ports
    kube.put(made)
    kube.put(pod("master"))
    alluxio = FakeAlluxio(info())

    assert seen(kube, alluxio).master == info()
    assert alluxio.asked == [("10.0.0.7", 19999)]
