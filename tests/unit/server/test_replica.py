"""The life of a replica: stands by, leads, hands over, gives up; with real threads and a stand-in API server."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
from prometheus_client import CollectorRegistry
from server_fakes import UNREACHABLE, FakeLeases, eventually

from alluxio_operator.engine.work import ChildRef, Outcome, OwnerKey, Reason, Request
from alluxio_operator.environment import HOOKS, WATCH
from alluxio_operator.kube.errors import Refused
from alluxio_operator.server import replica as module
from alluxio_operator.server.child_events import HOOKS_BELOW
from alluxio_operator.server.replica import Server
from alluxio_operator.server.unlisted import Unlisted
from alluxio_operator.server.watch import Watched
from alluxio_operator.server.work import Work
from alluxio_operator.settings import Settings
from alluxio_operator.telemetry.metrics import Metrics
from alluxio_operator.transport.deadline import Deadline

KIND = "AlluxioCluster"
KEY = OwnerKey(KIND, "data", "one")
LEASE = "/apis/coordination.k8s.io/v1/namespaces/ops/leases/alluxio-operator"

CHILDREN = ("one", "two", "elsewhere")


def owner_of(obj: Mapping[str, Any]) -> OwnerKey:
    kind = "Another" if obj["metadata"]["name"] == "elsewhere" else KIND
    return OwnerKey(kind, "data", obj["metadata"]["name"])


WATCHED = [Watched("Job", "/jobs", "ours=1", False, owner_of, lambda obj: obj["metadata"]["name"])]


class Companion:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def start(self) -> None:
        self.told.append("start")

    def close(self) -> None:
        self.told.append("close")


class Replica:
    REFUSED: ClassVar[set[str]] = set()
    """Namespaces whose resources can't be listed."""

    def __init__(self, kube: FakeLeases, folder: str, **options: object) -> None:
        self.settings = Settings(
            operator_namespace="ops",
            pod_name="pod",
            run_dir=Path(tempfile.mkdtemp(dir=folder)),
            http_address="127.0.0.1",
            http_port=0,
            # Long enough for a busy machine to renew in time, short enough to wait for.
            lease_duration=3.0,
            lease_renew_deadline=2.0,
            lease_retry=0.05,
            shutdown_grace=6.0,
            **options,  # type: ignore[arg-type]
        )
        self.seen: list[Request] = []
        self.owners: list[OwnerKey] | Exception = [KEY]
        self.known: list[OwnerKey] = []
        self.hold = threading.Event()
        self.hold.set()
        self.exits: list[int] = []
        self.said, leading_fd = os.pipe()
        self.leading_fd = leading_fd
        self.metrics = Metrics(CollectorRegistry())
        self.companion = Companion()
        self.unlisted = Unlisted(self.metrics)
        self.server = Server(
            self.settings,
            kube,
            Work(
                {KIND: self.reconcile},
                self.list_owners,
                self.resync,
                lambda request: request.key not in self.known,
                WATCHED,
            ),
            self.metrics,
            companions=[self.companion],
            unlisted=self.unlisted,
            leading_fd=leading_fd,
            exit_now=self.exits.append,
        )
        self.stop = threading.Event()
        self.code: int | None = None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        self.code = self.server.run(self.stop.wait)

    def reconcile(self, request: Request, deadline: Deadline) -> Outcome:
        self.seen.append(request)
        self.hold.wait()
        return Outcome()

    def resync(self) -> list[Request]:
        return self.list_owners()

    def list_owners(self) -> list[Request]:
        if isinstance(self.owners, Exception):
            raise self.owners
        for namespace in ("data", "team-a"):
            with self.unlisted.skip(KIND, namespace):
                if namespace in self.REFUSED:
                    raise Refused("GET", 403, "forbidden")
        return [Request(key, Reason.RESYNC) for key in self.owners]

    def leads(self) -> bool:
        return self.metrics.registry.get_sample_value("alluxio_operator_leader") == 1.0

    def end(self) -> int | None:
        self.hold.set()
        self.stop.set()
        self.thread.join(10)
        assert not self.thread.is_alive()
        return self.code

    def tell(self, *contexts: dict[str, Any]) -> dict[str, Any]:
        with socket.socket(socket.AF_UNIX) as hook:
            hook.connect(str(self.settings.socket))
            hook.sendall(json.dumps({"hook": "a hook", "contexts": contexts}).encode())
            hook.shutdown(socket.SHUT_WR)
            return dict(json.loads(hook.recv(100)))

    def get(self, path: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.server._http.port, timeout=10)
        connection.request("GET", path)
        return connection.getresponse().status


@pytest.fixture
def folder() -> Iterator[str]:
    found = tempfile.mkdtemp()
    yield found
    shutil.rmtree(found)


def test_a_leader_reconciles_every_owner_and_tells_the_supervisor(folder: str) -> None:
    kube = FakeLeases()
    one = Replica(kube, folder)
    assert os.read(one.said, 100) == b"leading hooks -\n"
    eventually(lambda: one.seen == [Request(KEY, Reason.RESYNC)])
    eventually(lambda: (one.get("/healthz"), one.get("/readyz")) == (200, 200))

    wake = {"kind": KIND, "namespace": "data", "name": "two"}
    assert one.tell({"type": "Event", "filterResult": {"wake": wake}}) == {"accepted": 1}
    eventually(lambda: one.seen[1:] == [Request(OwnerKey(KIND, "data", "two"), Reason.EDIT)])

    assert one.end() == 0
    assert kube.objects[LEASE]["spec"]["holderIdentity"] == ""
    assert not one.settings.socket.exists()
    assert one.exits == []


def test_a_standby_is_ready_and_takes_over_at_once_when_the_leader_ends(folder: str) -> None:
    kube = FakeLeases()
    one = Replica(kube, folder)
    eventually(one.leads)
    two = Replica(kube, folder)
    eventually(lambda: (two.get("/healthz"), two.get("/readyz")) == (200, 200))
    assert not two.leads()
    assert two.seen == []
    one.end()
    # Sooner than the lease would have run out.
    eventually(two.leads, seconds=2.5)
    assert two.end() == 0


def test_what_runs_beside_a_leader_begins_and_ends_with_it(folder: str) -> None:
    kube = FakeLeases()
    one = Replica(kube, folder)
    eventually(one.leads)
    two = Replica(kube, folder)
    eventually(lambda: two.get("/readyz") == 200)
    assert (one.companion.told, two.companion.told) == (["start"], [])

    one.end()
    assert one.companion.told == ["start", "close"]
    eventually(two.leads)
    two.end()
    assert two.companion.told == ["start", "close"]


def test_a_replica_that_cannot_see_the_lease_is_not_ready(folder: str) -> None:
    kube = FakeLeases()
    kube.broken = UNREACHABLE
    one = Replica(kube, folder)
    eventually(lambda: kube.calls)
    eventually(lambda: one.get("/healthz") == 200)
    assert one.get("/readyz") == 503
    kube.broken = None
    eventually(one.leads)
    assert one.get("/readyz") == 200
    assert one.end() == 0


def test_a_leader_that_cannot_renew_ends_at_once_though_a_reconcile_runs(folder: str) -> None:
    kube = FakeLeases()
    one = Replica(kube, folder)
    one.hold.clear()
    eventually(lambda: one.seen)
    kube.broken = UNREACHABLE
    eventually(lambda: one.exits == [1], seconds=10)
    one.end()


def test_a_leader_that_finds_another_holder_ends_at_once(folder: str) -> None:
    kube = FakeLeases()
    one = Replica(kube, folder)
    eventually(one.leads)
    taken = kube.get(LEASE)
    taken["spec"]["holderIdentity"] = "other"
    kube.objects[LEASE] = {**taken, "metadata": {**taken["metadata"], "resourceVersion": "other"}}
    eventually(lambda: one.exits == [1], seconds=10)
    one.end()
    assert kube.objects[LEASE]["spec"]["holderIdentity"] == "other"


def test_owners_are_listed_until_it_works(folder: str) -> None:
    kube = FakeLeases()
    one = Replica(kube, folder)
    one.owners = RuntimeError("no CRD yet")
    eventually(lambda: one.server._election.leading())
    one.owners = [KEY]
    eventually(one.leads)
    assert one.end() == 0


def test_owners_that_cannot_be_listed_for_minutes_do_not_end_the_process(folder: str) -> None:
    one = Replica(FakeLeases(), folder)
    one.owners = RuntimeError("no answer")
    eventually(lambda: one.server._listing_error)
    assert one.server.unready() == ["the owners are being listed: no answer"]
    assert one.thread.is_alive()
    one.end()


def test_a_collection_that_can_be_listed_again_ends_the_process(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.1)
    monkeypatch.setattr(Replica, "REFUSED", {"team-a"})
    one = Replica(FakeLeases(), folder)
    eventually(one.leads)
    assert os.read(one.said, 100) == b"leading hooks */team-a,AlluxioCluster/team-a\n"
    eventually(lambda: [request.key for request in one.seen] == [KEY])
    labels = {"kind": KIND, "namespace": "team-a"}
    assert one.metrics.registry.get_sample_value("alluxio_operator_unlisted", labels) == 1.0

    one.REFUSED.clear()

    one.thread.join(10)
    assert (one.code, one.thread.is_alive()) == (0, False)


def test_ending_waits_for_a_reconcile_and_keeps_the_lease_meanwhile(folder: str) -> None:
    kube = FakeLeases()
    one = Replica(kube, folder)
    one.hold.clear()
    eventually(lambda: one.seen)
    one.stop.set()
    renewals = kube.calls.count("replace")
    eventually(lambda: kube.calls.count("replace") > renewals + 3)
    assert one.thread.is_alive()
    assert one.end() == 0
    assert kube.objects[LEASE]["spec"]["holderIdentity"] == ""


def test_a_reconcile_that_does_not_end_keeps_the_lease_from_being_released(folder: str) -> None:
    kube = FakeLeases()
    one = Replica(kube, folder)
    one.hold.clear()
    eventually(lambda: one.seen)
    one.stop.set()
    one.thread.join(10)
    assert one.code == 0
    assert kube.objects[LEASE]["spec"]["holderIdentity"].startswith("pod_")
    one.hold.set()


def test_a_stuck_worker_makes_the_replica_unhealthy(folder: str) -> None:
    one = Replica(FakeLeases(), folder, reconcile_deadline=0.05, stuck_after=0.1)
    one.hold.clear()
    eventually(lambda: one.seen)
    eventually(lambda: one.get("/healthz") == 503)
    assert "AlluxioCluster/data/one is 0 s over its deadline" in one.server.unhealthy()[0]
    assert one.end() == 0


def test_a_replica_ends_when_its_supervisor_is_gone(folder: str) -> None:
    one = Replica(FakeLeases(), folder)
    eventually(one.leads)
    os.close(one.said)
    one.thread.join(10)
    assert one.code == 1


def child_event(name: str) -> dict[str, Any]:
    owner = owner_of({"metadata": {"name": name}})
    wake = {"kind": owner.kind, "namespace": "data", "name": name, "child": {"kind": "Job", "name": name}}
    return {"type": "Event", "binding": "child-Job", "watchEvent": "Modified", "filterResult": {"wake": wake}}


@pytest.mark.parametrize("source", [HOOKS, WATCH])
def test_a_leader_reconciles_whose_children_changed_unless_it_is_no_news(folder: str, source: str) -> None:
    kube = FakeLeases()
    if source == WATCH:
        kube.watched = [{"metadata": {"namespace": "data", "name": name}} for name in CHILDREN]
    one = Replica(kube, folder, child_events=source)
    one.owners, one.known = [], [OwnerKey(KIND, "data", "two")]
    if source == HOOKS:
        eventually(one.leads)
        assert one.tell(*(child_event(name) for name in CHILDREN)) == {"accepted": 2}
    child = frozenset({ChildRef("Job", "one")})
    eventually(lambda: Request(KEY, Reason.CHILD, child) in one.seen)
    threading.Event().wait(2 * module.GATHERING)
    # Neither the one of which nothing is news, nor one of a kind that nobody reconciles.
    assert {request.key for request in one.seen} == {KEY}
    assert one.end() == 0


def test_a_watch_that_has_ended_makes_the_process_unhealthy(folder: str) -> None:
    one = Replica(FakeLeases(), folder, child_events=WATCH)
    eventually(one.leads)
    eventually(lambda: one.get("/healthz") == 200)
    for watch in one.server._watches:
        watch.close()
    eventually(lambda: one.server.unhealthy() == ["the watch of /jobs has ended"])
    assert one.end() == 0


def test_by_hooks_the_server_watches_nothing_itself(folder: str) -> None:
    kube = FakeLeases()
    kube.watched = [{"metadata": {"namespace": "data", "name": "one"}}]
    one = Replica(kube, folder, child_events=HOOKS)
    eventually(lambda: one.get("/readyz") == 200 and one.seen)
    threading.Event().wait(2 * module.GATHERING)
    assert one.seen == [Request(KEY, Reason.RESYNC)]
    assert one.server.unhealthy() == []
    assert one.end() == 0


def test_the_owners_at_the_start_decide_and_a_resync_finds_that_they_grew(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = [OwnerKey(KIND, "data", f"{number}") for number in range(HOOKS_BELOW)]
    kube = FakeLeases()
    one = Replica(kube, folder)
    assert os.read(one.said, 100) == b"leading hooks -\n"
    one.owners = many
    assert "accepted" in one.tell({"type": "Schedule", "binding": "resync"})
    eventually(lambda: one.metrics.registry.get_sample_value("alluxio_operator_child_events_outgrown") == 1)
    assert one.end() == 0

    monkeypatch.setattr(Replica, "list_owners", lambda self: [Request(key, Reason.RESYNC) for key in many])
    two = Replica(kube, folder)
    assert os.read(two.said, 100) == b"leading watch -\n"
    assert all(watch.alive() for watch in two.server._watches)
    assert two.end() == 0


def test_a_standby_watches_nothing(folder: str) -> None:
    kube = FakeLeases()
    first = Replica(kube, folder, child_events=WATCH)
    eventually(first.leads)
    kube.watched = [{"metadata": {"namespace": "data", "name": "one"}}]
    second = Replica(kube, folder, child_events=WATCH)
    second.owners = []
    eventually(lambda: second.get("/readyz") == 200)
    assert second.server._watches == []
    assert second.seen == []
    assert (second.end(), first.end()) == (0, 0)
