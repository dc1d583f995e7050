"""The storage is asked over real connections: what answers, what refuses, what hangs, what fails."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tests.support.fake_kube import FakeKube

from alluxio_operator.api.ufs import RootMount
from alluxio_operator.kinds.cluster.ufs import probe as ufs_probe
from alluxio_operator.kinds.cluster.ufs.probe import UfsProbe
from alluxio_operator.transport.deadline import Deadline

HADOOP = b"HTTP/1.1 404 Not Found\r\nContent-type: text/plain\r\n\r\nThis is a Hadoop IPC port.\r\n"


class Storage(ThreadingHTTPServer):
    status = 403


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Storage)
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def storage() -> Iterator[Storage]:
    server = Storage(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def silent() -> Iterator[int]:
    """A port that takes connections, as the kernel does for a process that hangs."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def closed() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def s3(port: int) -> RootMount:
    return RootMount.model_validate({"uri": "s3://bucket", "s3": {"endpoint": f"http://127.0.0.1:{port}"}})


def ask(mount: RootMount, kube: FakeKube | None = None) -> str | None:
    probe = UfsProbe(may_connect=lambda address: address.is_loopback)
    return probe(kube or FakeKube(), mount, "data", Deadline.after(10)).trouble  # type: ignore[arg-type]


@pytest.mark.parametrize("status", [200, 301, 403, 404])
def test_any_answer_but_a_failure_of_the_server_is_well(storage: Storage, status: int):
    storage.status = status

    assert ask(s3(storage.server_port)) is None


def test_a_server_that_fails_is_not_well(storage: Storage):
    storage.status = 503

    assert ask(s3(storage.server_port)) == f"http://127.0.0.1:{storage.server_port}: HTTP 503"


def test_nobody_listens(closed: int):
    assert ask(s3(closed)) == f"http://127.0.0.1:{closed}: connection refused"


def test_a_process_that_hangs(silent: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ufs_probe, "TIMEOUT", 0.2)

    assert ask(s3(silent)) == f"http://127.0.0.1:{silent}: no answer in time"


def test_a_name_that_is_not_known(monkeypatch: pytest.MonkeyPatch):
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    mount = RootMount.model_validate({"uri": "hdfs://nobody.invalid:8020/"})

    assert ask(mount) == "http://nobody.invalid:8020: its name can't be resolved"


def test_one_name_node_of_a_name_service_is_enough(storage: Storage, closed: int):
    assert ask(*name_service(closed, storage.server_port)) is None


def test_a_name_service_without_any_name_node(closed: int):
    assert ask(*name_service(closed, closed)) == f"http://127.0.0.1:{closed}: connection refused"


def test_a_configuration_that_is_not_there_leaves_nobody_to_ask():
    mount, _ = name_service(1, 2)

    assert ask(mount) is None


def name_service(*ports: int) -> tuple[RootMount, FakeKube]:
    said = {"dfs.ha.namenodes.lake": ",".join(f"nn{number}" for number, _ in enumerate(ports))} | {
        f"dfs.namenode.rpc-address.lake.nn{number}": f"127.0.0.1:{port}" for number, port in enumerate(ports)
    }
    listed = "".join(f"<property><name>{name}</name><value>{value}</value></property>" for name, value in said.items())
    kube = FakeKube()
    kube.put(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "hadoop", "namespace": "data"},
            "data": {"hdfs-site.xml": f"<configuration>{listed}</configuration>"},
        }
    )
    mount = {"uri": "hdfs://lake/", "hdfs": {"configFrom": {"configMapName": "hadoop"}}}
    return RootMount.model_validate(mount), kube


def test_a_loopback_address_is_never_asked_and_holds_nothing_up(storage: Storage):
    storage.status = 503

    health = UfsProbe()(FakeKube(), s3(storage.server_port), "data", Deadline.after(10))  # type: ignore[arg-type]

    assert health.trouble is None
