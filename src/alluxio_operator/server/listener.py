"""The socket that receives the hooks' messages: one JSON document per connection (see `wakeups`).

The answer is {"accepted": N} or {"error": "..."}.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import socketserver
import threading
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, cast

from alluxio_operator.engine.work import Request
from alluxio_operator.server.queue import KeyedQueue
from alluxio_operator.server.resyncs import SETTLING, Ask
from alluxio_operator.server.wakeups import MessageError, Wakeups, wakeups_in
from alluxio_operator.telemetry.metrics import Metrics

log = logging.getLogger(__name__)

LONGEST_MESSAGE = 64 * 1024 * 1024
"""Bytes; many times the size of an event for every object in a very large cluster."""

PATIENCE = 10.0
"""Seconds to wait for a hook's message; the hook does nothing else."""


class Listener:
    """Serves the socket `path` and queues the requests of its messages; `kinds`: the kinds that have a reconciler.

    Requests for owners of changed children go to `wake`, as those of the server's own watches do. `resync` asks for a
    resync without waiting for it.
    """

    def __init__(
        self,
        path: Path,
        queue: KeyedQueue,
        resync: Callable[[Ask], None],
        kinds: Collection[str],
        metrics: Metrics,
        wake: Callable[[Request], None],
    ) -> None:
        self._path = path
        self._queue = queue
        self._resync = resync
        self._wake = wake
        self._kinds = kinds
        self._metrics = metrics
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Create the socket with access for this user only, and serve it."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # A socket file outlives the process that created it.
        self._path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            self._server = _Server(str(self._path), self.answer)
        finally:
            os.umask(before)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.2,), name="listener", daemon=True)
        self._thread.start()

    def alive(self) -> bool:
        """Return True while the socket is served."""
        return self._thread is not None and self._thread.is_alive()

    def close(self) -> None:
        """Stop serving and remove the socket."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._path.unlink(missing_ok=True)

    def answer(self, message: bytes) -> dict[str, object]:
        """Queue the requests of one message and return its answer."""
        try:
            return {"accepted": self._take_in(json.loads(message))}
        except (MessageError, ValueError, RecursionError) as error:
            log.error("a hook sent an invalid message", extra={"error": str(error)})
            return {"error": str(error)}
        except Exception as error:  # the hook gets the error and retries
            log.exception("a hook's message could not be queued")
            return {"error": f"{type(error).__name__}: {error}"}

    def _take_in(self, message: Any) -> int:
        found = wakeups_in(message, self._kinds)
        self._queue.add_all(found.requests)
        for request in found.children:
            self._wake(request)
        # At its start shell-operator reports existing objects binding by binding: one reconcile after all is enough.
        for request in found.existing:
            self._queue.add_after(request, SETTLING)
        if (what := _resync_for(found)) != Ask.NOTHING:
            self._resync(what)
        accepted = len(found.requests) + len(found.existing) + len(found.children)
        self._metrics.hook_wakeups.labels(found.hook).inc(accepted)
        log.debug("wake-ups", extra={"hook": found.hook, "accepted": accepted, "left_out": found.left_out})
        return accepted


def _resync_for(found: Wakeups) -> Ask:
    """Return the resync that a message needs.

    No event reports a change before shell-operator's watch began, and a child without its owner's name doesn't say
    which owner to wake. The comparison with the cache finds both.
    """
    what = Ask.NOTHING
    if found.existing:
        what |= Ask.EDITS
    if found.orphaned:
        what |= Ask.DRIFT
    if found.children_watched:
        what |= Ask.EVERY_OWNER_SOON
    if found.resync:
        what |= Ask.EVERY_OWNER_SPREAD
    return what


class _Server(socketserver.ThreadingUnixStreamServer):
    # An open connection must not keep the process from ending.
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, path: str, answer: Callable[[bytes], dict[str, object]]) -> None:
        self.answer = answer
        super().__init__(path, _Connection)

    def handle_error(self, *_: object) -> None:
        log.warning("a hook's connection broke", exc_info=True)


class _Connection(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        connection: socket.socket = self.request
        connection.settimeout(PATIENCE)
        message = bytearray()
        while chunk := connection.recv(1 << 16):
            message += chunk
            if len(message) > LONGEST_MESSAGE:
                answer: dict[str, object] = {"error": f"a message has at most {LONGEST_MESSAGE} bytes"}
                break
        else:
            answer = cast(_Server, self.server).answer(bytes(message))
        connection.sendall(json.dumps(answer).encode())
