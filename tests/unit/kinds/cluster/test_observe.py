"""One look at a cluster: what is read, and what is not asked for without need."""

from __future__ import annotations

from threading import Event, current_thread
from time import sleep
from typing import Any

import pytest
from tests.support.builders import (
    NAMESPACE,
    container_status,
    info,
    journal_claim,
    journal_job,
    pod,
    ready_pod,
    resource,
)
from tests.support.fake_kube import FakeKube
from tests.support.world import FakeAlluxio

from alluxio_operator.alluxio import side_by_side
from alluxio_operator.alluxio.answers import NoAnswer, Standby
from alluxio_operator.api.alluxiocluster import KIND
from alluxio_operator.engine.work import OwnerKey
from alluxio_operator.kinds.cluster.names import Names
from alluxio_operator.kinds.cluster.observe import observe
from alluxio_operator.kinds.cluster.observed import Observed
from alluxio_operator.transport.deadline import Deadline

Json = dict[str, Any]
LABELS = dict(Names("small", NAMESPACE).labels("journal"))
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
    kube.put({**obj, "metadata": {"labels": LABELS, **obj["metadata"], "namespace": NAMESPACE}})


def test_a_resource_that_is_gone_is_nothing(kube: FakeKube):
    assert look(kube, name="other") is None


def test_a_new_resource_has_nothing_around_it(kube: FakeKube):
    found = seen(kube)

    assert (found.generation, found.pods, found.journal_jobs, found.journal_claims) == (1, (), {}, {})
    assert found.master == NoAnswer("no master has an address yet")
    assert not found.job_master_serves
    assert kube.writes == []


def test_only_pods_with_the_owners_labels_are_seen(kube: FakeKube):
    kube.put(ready_pod("master"))
    kube.put(ready_pod("master", "other-master-0", cluster="other"))
    kube.put(ready_pod("master", "small-master-0", namespace="elsewhere"))

    assert [one.name for one in seen(kube).pods] == ["small-master-0"]


def test_the_journals_job_is_read_while_it_may_run_and_its_pvc_until_initialized(kube: FakeKube):
    put(kube, journal_claim(used=True))
    put(kube, journal_job())

    before = seen(kube)
    kube.put(resource(status=INITIALIZING))
    during = seen(kube)
    kube.put(resource(status=INITIALIZED))
    kube.calls.clear()
    after = seen(kube)

    assert (before.journal_jobs, before.journal_was_initialized) == ({}, True)
    assert set(during.journal_jobs) == {0}
    assert set(during.journal_claims) == {0}
    assert (after.journal_jobs, after.journal_claims, after.journal_was_initialized) == ({}, {}, True)
    assert reads(kube) == ["small", "pods", "persistentvolumeclaims"], "a cluster in its daily life costs three reads"


def test_every_master_is_asked_at_its_own_port(kube: FakeKube):
    kube.put(resource(masters={"ports": {"web": 2000}}))
    for ordinal in range(3):
        kube.put(pod("master", f"small-master-{ordinal}", ip=f"10.0.0.{ordinal}"))
    alluxio = FakeAlluxio()
    alluxio.answers = {"10.0.0.0": Standby(), "10.0.0.1": info(), "10.0.0.2": NoAnswer("starting")}

    found = seen(kube, alluxio)

    assert sorted(alluxio.asked) == [("10.0.0.0", 2000), ("10.0.0.1", 2000), ("10.0.0.2", 2000)]
    assert found.answers == {
        "small-master-0": Standby(),
        "small-master-1": info(),
        "small-master-2": NoAnswer("starting"),
    }
    assert found.master == info()
    assert found.indexes == {}, "how far each has the journal is not asked for without need"


def test_how_far_each_has_the_journal_is_asked_when_one_lacks_it(kube: FakeKube):
    ended = {"exitCode": 1, "message": "JournalMissing: no journal below /journal/raft"}
    lost = [container_status("journal-check", running={}, last=ended)]
    kube.put(pod("master", "small-master-0", ip="10.0.0.0"))
    kube.put(pod("master", "small-master-1", ip="10.0.0.1"))
    kube.put(pod("master", "small-master-2", ip="10.0.0.2", phase="Pending", inits=lost))
    alluxio = FakeAlluxio()
    alluxio.answers = {"10.0.0.0": info(), "10.0.0.1": Standby()}
    alluxio.indexes = {"10.0.0.0": 17}

    assert seen(kube, alluxio).indexes == {"small-master-0": 17}, "who doesn't say has none"


def test_a_master_that_hangs_does_not_hold_up_the_others(kube: FakeKube, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(side_by_side, "AT_MOST", 0.2)
    for ordinal in range(3):
        kube.put(pod("master", f"small-master-{ordinal}", ip=f"10.0.0.{ordinal}"))
    released = Event()

    class Hanging(FakeAlluxio):
        def master_info(self, host: str, port: int, deadline: Deadline) -> Any:
            if host == "10.0.0.0":
                released.wait(10)
            return super().master_info(host, port, deadline)

    alluxio = Hanging(Standby())
    alluxio.answers["10.0.0.2"] = info()
    try:
        found = seen(kube, alluxio)
    finally:
        released.set()

    assert found.answers["small-master-0"] == NoAnswer("no answer in time")
    assert found.master == info()


def test_any_number_of_pods_with_the_label_of_a_master_takes_few_threads(kube: FakeKube):
    for number in range(300):
        kube.put(pod("master", f"small-master-{number}", ip=f"10.0.{number // 250}.{number % 250}"))
    threads: set[str] = set()

    class Counting(FakeAlluxio):
        def master_info(self, host: str, port: int, deadline: Deadline) -> Any:
            threads.add(current_thread().name)
            sleep(0.001)
            return super().master_info(host, port, deadline)

    found = seen(kube, Counting(Standby()))

    assert len(found.answers) == 300
    assert 1 < len(threads) <= side_by_side.AT_ONCE


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
