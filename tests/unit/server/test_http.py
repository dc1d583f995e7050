"""What the kubelet and Prometheus get to see."""

from __future__ import annotations

import http.client
import socket
import struct
from collections.abc import Iterator

import pytest
from prometheus_client import CollectorRegistry

from alluxio_operator.engine.work import Reason
from alluxio_operator.server.http import MAX_OPEN, HttpServer
from alluxio_operator.server.shell_operator import shell_operator_metrics
from alluxio_operator.telemetry.metrics import STAGES, Metrics


class Probed:
    def __init__(self, address: str) -> None:
        self.unhealthy: list[str] = []
        self.unready: list[str] = ["the owners are being listed"]
        self.metrics = Metrics(CollectorRegistry())
        self.relayed: bytes | OSError = b"shell_operator_live_ticks 1\n"
        self.server = HttpServer(
            address, 0, lambda: self.unhealthy, lambda: self.unready, self.metrics.registry, self.relay
        )
        self.server.start()

    def relay(self) -> bytes:
        if isinstance(self.relayed, OSError):
            raise self.relayed
        return self.relayed

    def get(self, path: str, host: str = "127.0.0.1", **headers: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection(host, self.server.port, timeout=10)
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return answer.status, body


@pytest.fixture
def probed() -> Iterator[Probed]:
    found = Probed("127.0.0.1")
    yield found
    found.server.close()


def test_checks_name_what_is_wrong(probed: Probed) -> None:
    assert probed.get("/healthz") == (200, "ok\n")
    assert probed.get("/readyz?verbose") == (503, "the owners are being listed\n")
    probed.unhealthy, probed.unready = ["a worker has ended", "the thread election has ended"], []
    assert probed.get("/healthz") == (503, "a worker has ended\nthe thread election has ended\n")
    assert probed.get("/readyz") == (200, "ok\n")


def test_the_metrics_of_shell_operator_are_passed_on(probed: Probed) -> None:
    assert probed.get("/metrics/shell-operator") == (200, "shell_operator_live_ticks 1\n")

    probed.relayed = OSError("connection refused")

    assert probed.get("/metrics/shell-operator") == (503, "connection refused\n")


def test_anything_else_is_not_found(probed: Probed) -> None:
    assert probed.get("/")[0] == 404


def test_metrics_have_the_operators_names(probed: Probed) -> None:
    probed.metrics.watch_queue(lambda reason: 7 if reason is Reason.CHILD else 0)
    with probed.metrics.stage("apply"):
        pass
    status, text = probed.get("/metrics")
    assert status == 200
    assert 'alluxio_operator_queue_depth{reason="child"} 7.0' in text
    assert 'alluxio_operator_stage_duration_seconds_count{stage="apply"} 1.0' in text
    for stage in STAGES:
        assert f'stage="{stage}"' in text
    names = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    assert names
    assert all(name.startswith("alluxio_operator_") for name in names)


def test_prometheus_gets_the_format_that_it_asks_for(probed: Probed) -> None:
    assert probed.get("/metrics", Accept="application/openmetrics-text; version=1.0.0")[1].endswith("# EOF\n")


def test_a_client_with_many_silent_connections_loses_the_oldest_and_nobody_else_one(probed: Probed) -> None:
    kubelet = http.client.HTTPConnection("127.0.0.1", probed.server.port, timeout=10)
    kubelet.connect()
    silent = [
        socket.create_connection(("127.0.0.1", probed.server.port), timeout=10, source_address=("127.0.0.2", 0))
        for _ in range(3 * MAX_OPEN)
    ]
    try:
        for one in silent[: 2 * MAX_OPEN]:
            # Without a limit, nothing ever comes.
            assert one.recv(1) == b""
        kubelet.request("GET", "/healthz")
        assert kubelet.getresponse().status == 200
        assert probed.get("/healthz") == (200, "ok\n")
    finally:
        kubelet.close()
        for one in silent:
            one.close()


def test_a_client_that_breaks_off_writes_nothing_to_the_log(probed: Probed, capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_connection(("127.0.0.1", probed.server.port), timeout=10) as client:
        own = str(client.getsockname()[1])
        client.sendall(b"GET /healthz HTTP/1.1\r\nX: ")
        # With a linger of zero, close resets the connection.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert probed.get("/healthz") == (200, "ok\n")
    probed.server.close()

    # The server of another test in this process may still report a client of its own.
    assert own not in capfd.readouterr().err


def test_a_process_has_metrics_of_its_own_kind() -> None:
    assert Metrics().registry.get_sample_value("process_resident_memory_bytes") is not None


def test_the_metrics_of_shell_operator_come_over_loopback() -> None:
    standin = Probed("127.0.0.1")
    try:
        text = shell_operator_metrics("", standin.server.port)
    finally:
        standin.server.close()

    assert b"alluxio_operator_" in text


def test_a_shell_operator_that_is_down_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    with pytest.raises(OSError, match="shell-operator: connection refused"):
        shell_operator_metrics("127.0.0.1", port)
