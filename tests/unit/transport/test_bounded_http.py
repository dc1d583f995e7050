"""Requests to hostile servers over real connections: the limits cover the whole answer, not a single read."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from itertools import repeat

import pytest
from kubernetes.client import ApiClient, Configuration
from urllib3.exceptions import HTTPError

from alluxio_operator.kube.client import Kube
from alluxio_operator.transport.deadline import Deadline
from alluxio_operator.transport.errors import in_words
from alluxio_operator.transport.http import (
    PARSING,
    RESOLVERS,
    AddressRefused,
    AnswerEncoded,
    AnswerTooLarge,
    HttpClient,
    ResolverBusy,
    bound_reads,
)

HEAD = b"HTTP/1.1 200 OK\r\n"
Script = Callable[[], Iterator[bytes]]


class Server:
    """Sends what a script yields, to each connection, until the client leaves."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.script: Script = lambda: iter(())
        self.received: list[bytes] = []
        self.threads = [threading.Thread(target=self._accept, daemon=True)]
        self.threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(5)
            try:
                self.received.append(connection.recv(65536))
                for piece in self.script():
                    connection.sendall(piece)
            except OSError:
                return

    def close(self) -> None:
        # shutdown wakes a thread that accepts.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.threads[0].join(10)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


def slowly(pieces: Iterator[bytes], pause: float = 0.05) -> Iterator[bytes]:
    for piece in pieces:
        yield piece
        time.sleep(pause)


def dripping_body() -> Iterator[bytes]:
    yield HEAD + b"Content-Length: 1000000\r\n\r\n"
    yield from slowly(repeat(b"x"))


def dripping_headers() -> Iterator[bytes]:
    yield HEAD
    yield from slowly(repeat(b"X"))


def endless_continue() -> Iterator[bytes]:
    yield from slowly(repeat(b"HTTP/1.1 100 Continue\r\n\r\n"), 0.01)


def dripping_chunks() -> Iterator[bytes]:
    yield HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    yield from slowly(repeat(b"1\r\nx\r\n"))


def silent_body() -> Iterator[bytes]:
    yield HEAD + b"Content-Length: 10\r\n\r\nx"
    time.sleep(2)


@pytest.mark.parametrize(
    "script",
    [dripping_body, dripping_headers, endless_continue, dripping_chunks, silent_body],
    ids=lambda f: f.__name__,
)
def test_the_time_limit_covers_the_whole_answer(server: Server, script: Script):
    server.script = script

    with pytest.raises(HTTPError) as raised:
        get(server, seconds=0.4)

    assert in_words(raised.value) == "no answer in time"


def endless_body() -> Iterator[bytes]:
    yield HEAD + b"\r\n"
    yield from repeat(b"x" * 65536)


def fast_continue() -> Iterator[bytes]:
    yield from repeat(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)


def endless_chunk_size() -> Iterator[bytes]:
    yield HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    yield from repeat(b"0" * 65536)


def many_headers() -> Iterator[bytes]:
    yield HEAD
    yield from (b"X-%d: %s\r\n" % (number, b"x" * 60000) for number in range(99))
    yield b"\r\n"


@pytest.mark.parametrize("script", [endless_body, fast_continue, many_headers], ids=lambda f: f.__name__)
def test_the_limit_of_bytes_covers_the_whole_answer(server: Server, script: Script):
    server.script = script

    with pytest.raises(AnswerTooLarge) as raised:
        get(server, seconds=30, max_bytes=500_000)

    assert in_words(raised.value) == "its answer is too large"


def test_an_endless_chunk_size_ends_at_the_limit_of_a_line(server: Server):
    server.script = endless_chunk_size

    with pytest.raises(HTTPError):
        get(server, seconds=30)


def test_a_compressed_answer_is_refused_and_not_unpacked(server: Server):
    packed = gzip.compress(b"0" * 100_000_000)
    server.script = lambda: iter([HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed), packed])

    with pytest.raises(AnswerEncoded):
        get(server)

    assert b"accept-encoding: identity" in server.received[0].lower()


def test_an_answer_within_the_limits_is_complete(server: Server):
    server.script = lambda: iter([HEAD + b"Content-Length: 12\r\n\r\n", b'{"a": ', b'"bcd"}'])

    answer = get(server)

    assert (answer.status, answer.read_json(lambda document: document)) == (200, {"a": "bcd"})


def test_a_redirect_is_an_answer(server: Server):
    server.script = lambda: iter([b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"])

    assert get(server).status == 302


@pytest.mark.parametrize("body", [b"{", b"[" * 100_000, b"NaN", b"-Infinity", b"9" * 5000, b"\xff"])
def test_a_body_that_is_not_plain_json_is_a_value_error(server: Server, body: bytes):
    server.script = lambda: iter([HEAD + b"Content-Length: %d\r\n\r\n" % len(body), body])

    answer = get(server)

    with pytest.raises(ValueError, match=r"."):
        answer.read_json(lambda document: document)


def test_an_answer_that_is_not_http_has_words_without_its_bytes(server: Server):
    server.script = lambda: iter([b"SSH-2.0-OpenSSH_9.2 secret\r\n"])

    with pytest.raises(HTTPError) as raised:
        get(server)

    assert in_words(raised.value) == "its answer isn't HTTP, or is cut off"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_forbidden_address_is_refused_by_number_and_by_name(server: Server, host: str):
    client = HttpClient(may_connect=lambda address: not address.is_loopback)

    with pytest.raises(AddressRefused):
        client.get(f"http://{host}:{server.port}", Deadline.after(10), seconds=3, max_bytes=1000)

    assert server.received == []


def test_an_ipv4_address_within_an_ipv6_one_reaches_the_rule(server: Server):
    seen = []
    client = HttpClient(may_connect=lambda address: bool(seen.append(address)))

    with pytest.raises(AddressRefused):
        client.get(f"http://[::ffff:127.0.0.1]:{server.port}", Deadline.after(10), seconds=3, max_bytes=1000)

    assert seen == [ip_address("::ffff:127.0.0.1")]


def test_a_lookup_that_hangs_is_left_in_time(monkeypatch: pytest.MonkeyPatch):
    hold = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: hold.wait(20))

    with pytest.raises(HTTPError) as raised:
        HttpClient().get("http://slow.invalid/", Deadline.after(10), seconds=0.3, max_bytes=1000)

    hold.set()
    assert in_words(raised.value) == "no answer in time"


@pytest.fixture
def all_lookups_hang(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Lookups of names that users chose hold every thread that resolves such names; localhost is found at once."""
    hold, began = threading.Event(), threading.Semaphore(0)
    real = socket.getaddrinfo

    def hang(host: str, *rest: object) -> object:
        if host == "localhost":
            return real(host, *rest)  # type: ignore[arg-type]
        began.release()
        hold.wait(20)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    waiting = [threading.Thread(target=lookup, args=(f"slow-{n}.invalid",)) for n in range(RESOLVERS)]
    for thread in waiting:
        thread.start()
    for _ in waiting:
        assert began.acquire(timeout=10)
    yield
    hold.set()
    for thread in waiting:
        thread.join()


@pytest.mark.usefixtures("all_lookups_hang")
def test_a_lookup_that_never_began_says_nothing_about_its_name():
    with pytest.raises(ResolverBusy):
        HttpClient().get("http://other.invalid/", Deadline.after(10), seconds=1.0, max_bytes=1000)


@pytest.mark.usefixtures("all_lookups_hang")
def test_lookups_of_users_never_keep_the_operator_from_the_api_server(server: Server):
    """Some clouds name the API server by a host name in every pod."""
    server.script = lambda: iter([HEAD + b"Content-Length: 2\r\n\r\n", b"{}"])
    configuration = Configuration()
    configuration.host = f"http://localhost:{server.port}"
    api = ApiClient(configuration)
    bound_reads(api.rest_client.pool_manager)

    assert Kube(api, timeout=5.0).get("/version") == {}


def lookup(host: str) -> None:
    with pytest.raises(HTTPError):
        HttpClient().get(f"http://{host}/", Deadline.after(10), seconds=5, max_bytes=1000)


def test_a_document_is_parsed_and_read_alone(server: Server):
    server.script = lambda: iter([HEAD + b"Content-Length: 2\r\n\r\n", b"[]"])
    answer = get(server)

    assert answer.read_json(lambda _: PARSING.locked())
    assert not PARSING.locked()


def get(server: Server, *, seconds: float = 5, max_bytes: int = 8_000_000):
    return HttpClient().get(
        f"http://127.0.0.1:{server.port}/", Deadline.after(60), seconds=seconds, max_bytes=max_bytes
    )
