"""The HTTP port for the kubelet and Prometheus: /healthz, /readyz, /metrics and /metrics/shell-operator."""

from __future__ import annotations

import logging
import socket
import socketserver
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, cast

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

Check = Callable[[], list[str]]
"""Returns one sentence per problem; an empty list if there is none."""

Relay = Callable[[], bytes]
"""Returns the metrics of shell-operator as text; raises OSError with the reason if it has none to give."""

RELAYED = "/metrics/shell-operator"

TEXT = "text/plain; charset=utf-8"

MAX_OPEN: Final = 64
"""Connections at a time, each with a thread; the kubelet and a few scrapers need one each."""

log = logging.getLogger(__name__)


class HttpServer:
    """Serves the checks and the metrics on `address` (empty: all, IPv4 and IPv6) and `port` (0: any)."""

    def __init__(
        self, address: str, port: int, healthy: Check, ready: Check, registry: CollectorRegistry, relay: Relay
    ) -> None:
        self._server = _Server(address, port, {"/healthz": healthy, "/readyz": ready}, registry, relay)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.2,), name="http", daemon=True)

    @property
    def port(self) -> int:
        """The listening port."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Start to serve."""
        self._thread.start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    """Ends the oldest connection of the busiest client when there are too many.

    Any pod may reach the port where no NetworkPolicy covers it. One that keeps a thousand connections open, and sends a
    byte now and then, must neither use up the memory of the operator nor keep the kubelet out.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self, address: str, port: int, checks: dict[str, Check], registry: CollectorRegistry, relay: Relay
    ) -> None:
        self.checks = checks
        self.registry = registry
        self.relay = relay
        both = not address and socket.has_dualstack_ipv6()
        if both or ":" in address:
            self.address_family = socket.AF_INET6
        self._both = both
        self._lock = threading.Lock()
        self._open: dict[socket.socket, str] = {}
        super().__init__((address, port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread."""
        with self._lock:
            if len(self._open) >= MAX_OPEN:
                [(busiest, _)] = Counter(self._open.values()).most_common(1)
                oldest = next(one for one, client in self._open.items() if client == busiest)
                del self._open[oldest]
                with suppress(OSError):
                    # Its thread wakes up, finds no request, and closes it.
                    oldest.shutdown(socket.SHUT_RDWR)
            self._open[request] = client_address[0]
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection."""
        with self._lock:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 (the signature of socketserver)
        """Log that a connection broke: a client may cause it at will."""
        log.debug("a connection broke", exc_info=True)

    def server_bind(self) -> None:
        if self._both:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        # Not HTTPServer.server_bind: it looks up this host's name, which may hang.
        socketserver.TCPServer.server_bind(self)


class _Handler(BaseHTTPRequestHandler):
    timeout = 10.0
    """Seconds to wait for a client's request."""

    def do_GET(self) -> None:
        server = cast(_Server, self.server)
        path = self.path.partition("?")[0]
        if path == "/metrics":
            encoder, content_type = choose_encoder(self.headers.get("Accept", ""))
            self._send(200, content_type, encoder(server.registry))
        elif path == RELAYED:
            try:
                self._send(200, TEXT, server.relay())
            except OSError as error:
                self._send(503, TEXT, f"{error}\n".encode())
        elif path in server.checks:
            wrong = server.checks[path]()
            self._send(503 if wrong else 200, TEXT, ("\n".join(wrong or ["ok"]) + "\n").encode())
        else:
            self._send(404, TEXT, b"try /healthz, /readyz, /metrics or /metrics/shell-operator\n")

    def log_message(self, *_: object) -> None:
        # A line for each probe would flood the log.
        return

    def _send(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
