"""HTTP requests whose answers are limited in total time and bytes: the servers belong to users and may be hostile.

The timeouts of urllib3 and `http.client` bound one read of a socket. A server that sends a byte a second, or endless
`100 Continue`, renews them forever. Here a budget bounds all reads of a request together. The socket enforces it, so it
covers the status line, headers, chunk sizes and the body alike.
"""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, Final, NoReturn, TypeVar

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NameResolutionError, NewConnectionError
from urllib3.util.ssl_ import create_urllib3_context, resolve_cert_reqs

from alluxio_operator.transport.deadline import Deadline

Address = IPv4Address | IPv6Address
T = TypeVar("T")

PARSING: Final = threading.Lock()
"""One document is parsed and read at a time: a hostile one takes thirty times its size in memory."""
PIECE: Final = 64 * 1024
RESOLVERS: Final = 8
"""Threads that resolve names. A lookup has no timeout, so it runs in one of few threads that a caller may leave."""


class AnswerTooLarge(HTTPError):
    """An answer has more bytes than its caller accepts."""


class AnswerEncoded(HTTPError):
    """An answer has a Content-Encoding, which no request asked for: a megabyte of gzip may unpack to gigabytes."""


class ResolverBusy(HTTPError):
    """All threads that resolve names wait for other names: nothing is known about this one."""


class AddressRefused(HTTPError):
    """A name resolves only to addresses that the caller may not connect to."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """Status and body of an answer."""

    status: int
    body: bytes

    def read_json(self, reader: Callable[[Any], T]) -> T:
        """Parse the body and return what `reader` takes from it; raise ValueError for anything but plain JSON.

        It refuses NaN and Infinity, which aren't JSON and break later arithmetic, and nesting that exhausts the stack.
        """
        with PARSING:
            try:
                document = json.loads(self.body, parse_constant=_not_json)
            except RecursionError:
                raise ValueError("the document is nested too deeply") from None
            return reader(document)


def _not_json(constant: str) -> NoReturn:
    raise ValueError(f"{constant} isn't JSON")


@dataclass(slots=True)
class _Budget:
    """The monotonic time until which a request may read, and the bytes that it may still read."""

    until: float
    left: float

    def seconds(self) -> float:
        left = self.until - time.monotonic()
        if left <= 0:
            # The message of a socket's own timeout.
            raise TimeoutError("timed out")
        return left

    def spend(self, count: int) -> None:
        self.left -= count
        if self.left < 0:
            raise AnswerTooLarge("the answer is too large")


_BUDGET: ContextVar[_Budget | None] = ContextVar("budget", default=None)
"""Budget of this thread's request. Without one, for a watch, a socket has its own timeout for each read."""


@contextmanager
def budget(seconds: float, max_bytes: float = float("inf")) -> Iterator[None]:
    """Bound all reads of this thread's connections together, in seconds and bytes."""
    token = _BUDGET.set(_Budget(time.monotonic() + seconds, max_bytes))
    try:
        yield
    finally:
        _BUDGET.reset(token)


class _BoundedReads:
    """Reads of a socket within the budget."""

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        current = _BUDGET.get()
        if current is None:
            return super().recv_into(*args, **kwargs)  # type: ignore[misc,no-any-return]
        self.settimeout(current.seconds())  # type: ignore[attr-defined]
        count: int = super().recv_into(*args, **kwargs)  # type: ignore[misc]
        current.spend(count)
        return count


class _Socket(_BoundedReads, socket.socket):
    """A plain connection."""


class _TlsSocket(_BoundedReads, ssl.SSLSocket):
    """A TLS connection."""


class BoundedConnection(HTTPConnection):
    """A connection whose reads keep to the budget, and whose address `may_connect` accepts."""

    may_connect: Callable[[Address], bool] | None = None
    resolver: ThreadPoolExecutor | None = None

    def _new_conn(self) -> socket.socket:
        return _connected(self)


class BoundedTlsConnection(HTTPSConnection):
    """The same over TLS."""

    may_connect: Callable[[Address], bool] | None = None
    resolver: ThreadPoolExecutor | None = None

    def _new_conn(self) -> socket.socket:
        return _connected(self)

    def connect(self) -> None:
        """Connect, with a context whose sockets keep to the budget."""
        if self.ssl_context is None:
            self.ssl_context = create_urllib3_context(cert_reqs=resolve_cert_reqs(self.cert_reqs))
        self.ssl_context.sslsocket_class = _TlsSocket
        super().connect()


class BoundedPool(urllib3.HTTPConnectionPool):
    """Connections without TLS."""

    ConnectionCls = BoundedConnection


class BoundedTlsPool(urllib3.HTTPSConnectionPool):
    """Connections with TLS."""

    ConnectionCls = BoundedTlsConnection


def bound_reads(pools: urllib3.PoolManager) -> None:
    """Let the connections of a pool manager keep to the budget of `budget`.

    Its names are resolved in threads of its own: lookups of names that users chose may hang in all others.
    """
    resolver = ThreadPoolExecutor(RESOLVERS, thread_name_prefix="resolve-own")
    pools.pool_classes_by_scheme = _pool_classes(resolver=resolver)


class HttpClient:
    """Sends GET requests without redirects, retries and compression.

    `may_connect` decides on each address that a name resolves to, so that a name can't lead to a forbidden address.
    With `verify=False` it accepts any certificate; use that only for requests without secrets.
    """

    def __init__(self, *, may_connect: Callable[[Address], bool] | None = None, verify: bool = True) -> None:
        options: dict[str, Any] = {} if verify else {"cert_reqs": "CERT_NONE", "assert_hostname": False}
        self._pools = urllib3.PoolManager(num_pools=64, maxsize=2, retries=False, **options)
        self._pools.pool_classes_by_scheme = _pool_classes(may_connect)

    def get(
        self,
        url: str,
        deadline: Deadline,
        *,
        seconds: float,
        max_bytes: int,
        headers: Mapping[str, str] | None = None,
        body: bool = True,
    ) -> HttpAnswer:
        """Return the answer, complete within `seconds` and `max_bytes`; raise urllib3's HTTPError.

        With `body=False`, it returns once it knows the status.

        Raises AnswerTooLarge, AnswerEncoded and AddressRefused, which are HTTPErrors, too.
        """
        limit = deadline.remaining(seconds)
        with budget(limit, max_bytes):
            answer = self._pools.request(
                "GET",
                url,
                headers={**(headers or {}), "Accept-Encoding": "identity"},
                timeout=limit,
                redirect=False,
                preload_content=False,
                decode_content=False,
            )
            if not body:
                answer.close()
                return HttpAnswer(answer.status, b"")
            try:
                if answer.headers.get("Content-Encoding", "identity").casefold() != "identity":
                    raise AnswerEncoded("the answer is compressed, though the request asked for none")
                content = b"".join(answer.stream(PIECE, decode_content=False))
            except BaseException:
                # The connection is in the midst of an answer, so it must not return to the pool.
                answer.close()
                raise
            answer.release_conn()
        return HttpAnswer(answer.status, content)


def _pool_classes(
    may_connect: Callable[[Address], bool] | None = None, resolver: ThreadPoolExecutor | None = None
) -> dict[str, type[urllib3.HTTPConnectionPool]]:
    own = {"may_connect": staticmethod(may_connect) if may_connect else None, "resolver": resolver}
    plain = type("OwnConnection", (BoundedConnection,), own)
    tls = type("OwnTlsConnection", (BoundedTlsConnection,), own)
    return {
        "http": type("OwnPool", (BoundedPool,), {"ConnectionCls": plain}),
        "https": type("OwnTlsPool", (BoundedTlsPool,), {"ConnectionCls": tls}),
    }


def _connected(connection: BoundedConnection | BoundedTlsConnection) -> socket.socket:
    """Return a connected socket; the lookup and all attempts together keep to the budget."""
    host, port = connection.host.strip("[]"), connection.port or connection.default_port
    current = _BUDGET.get()
    may_connect = connection.may_connect
    failure: OSError | None = None
    refused = False
    for family, address in _resolved(connection, host, port, current):
        if may_connect is not None and not may_connect(ip_address(address[0].partition("%")[0])):
            refused = True
            continue
        sock = _Socket(family, socket.SOCK_STREAM)
        try:
            for option in connection.socket_options or ():
                sock.setsockopt(*option)
            sock.settimeout(current.seconds() if current else _timeout(connection))
            sock.connect(address)
        except TimeoutError as error:
            sock.close()
            raise ConnectTimeoutError(connection, f"connection to {host} timed out") from error
        except OSError as error:
            sock.close()
            failure = error
            continue
        return sock
    if failure is None and refused:
        raise AddressRefused("its address is refused")
    reason = failure or "no address"
    raise NewConnectionError(connection, f"failed to establish a new connection: {reason}") from failure


def _timeout(connection: BoundedConnection | BoundedTlsConnection) -> float | None:
    return connection.timeout if isinstance(connection.timeout, int | float) else None


def _resolved(
    connection: BoundedConnection | BoundedTlsConnection, host: str, port: int, current: _Budget | None
) -> Iterator[tuple[socket.AddressFamily, Any]]:
    """Yield the addresses of a host, each once; an address as text needs no lookup."""
    try:
        literal = ip_address(host)
    except ValueError:
        pass
    else:
        family = socket.AF_INET if literal.version == 4 else socket.AF_INET6
        yield family, (host, port)
        return
    try:
        found = _lookup(host, port, current, connection.resolver or _RESOLVER)
    except FutureTimeout as error:
        raise ConnectTimeoutError(connection, f"the lookup of {host} timed out") from error
    except (socket.gaierror, UnicodeError) as error:
        reason = error if isinstance(error, socket.gaierror) else socket.gaierror(socket.EAI_NONAME, str(error))
        raise NameResolutionError(host, connection, reason) from error
    for family, _, _, _, address in found:
        yield family, address


def _lookup(host: str, port: int, current: _Budget | None, resolver: ThreadPoolExecutor) -> Any:
    lookup = resolver.submit(socket.getaddrinfo, host, port, 0, socket.SOCK_STREAM)
    try:
        return lookup.result(current.seconds() if current else None)
    except FutureTimeout:
        if lookup.cancel():
            # It never began. Names that others wait for say nothing about this one.
            raise ResolverBusy("all lookups wait for other names") from None
        raise


_RESOLVER: Final = ThreadPoolExecutor(RESOLVERS, thread_name_prefix="resolve")
