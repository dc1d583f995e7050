"""The socket on which the hooks hand over what they saw: one JSON document a connection (see `wakeups`).

It is answered by {"accepted": N} or {"error": "..."}.
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

from alluxio_operator.engine.work import ListOwners, Reason, Request, Resync
from alluxio_operator.server.queue import KeyedQueue
from alluxio_operator.server.wakeups import MessageError, wakeups_in
from alluxio_operator.telemetry.metrics import Metrics

log = logging.getLogger(__name__)

LONGEST_MESSAGE = 64 * 1024 * 1024
"""Bytes: an event of every object in a very large cluster fits many times."""

PATIENCE = 10.0
"""Seconds that a hook may take to send its message; it does nothing else meanwhile."""

SETTLING = 3.0
"""Seconds in which shell-operator tells of all that exists; the owners have been listed and queued before that."""


class Listener:
    """Serves the socket `path` and queues what arrives; `kinds` are those that are reconciled.

    Owners of changed children go to `wake`, as from the server's own watches. A resync's looks at owners of which
    nothing is known to have changed are spread over `spread` seconds.
    """

    def __init__(
        self,
        path: Path,
        queue: KeyedQueue,
        list_owners: ListOwners,
        resync: Resync,
        kinds: Collection[str],
        metrics: Metrics,
        wake: Callable[[Request], None],
        spread: float = 0.0,
    ) -> None:
        self._path = path
        self._queue = queue
        self._list_owners = list_owners
        self._resync = resync
        self._wake = wake
        self._spread = spread
        self._kinds = kinds
        self._metrics = metrics
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Create the socket, for this user only, and serve it."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # A socket outlives the process that made it.
        self._path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            self._server = _Server(str(self._path), self.answer)
        finally:
            os.umask(before)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.2,), name="listener", daemon=True)
        self._thread.start()

    def alive(self) -> bool:
        """Tell whether the socket is served."""
        return self._thread is not None and self._thread.is_alive()

    def close(self) -> None:
        """Serve no more and remove the socket."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._path.unlink(missing_ok=True)

    def answer(self, message: bytes) -> dict[str, object]:
        """Take one message in and return the answer to it."""
        try:
            return {"accepted": self._take_in(json.loads(message))}
        except (MessageError, ValueError, RecursionError) as error:
            log.error("a hook sent what cannot be used", extra={"error": str(error)})
            return {"error": str(error)}
        except Exception as error:  # the hook is told, and tries again
            log.exception("a hook's message could not be taken in")
            return {"error": f"{type(error).__name__}: {error}"}

    def _take_in(self, message: Any) -> int:
        found = wakeups_in(message, self._kinds)
        # A change from before shell-operator watched never comes as an event, and a child that lost its owner's name
        # doesn't say whom to wake: the comparison with what is remembered finds both.
        every_owner = found.resync or found.children_watched
        compared = list(self._resync()) if every_owner or found.orphaned else []
        drifted = [request for request in compared if request.reason != Reason.RESYNC]
        looks = [request for request in compared if request.reason == Reason.RESYNC] if every_owner else []
        self._queue.add_all([*found.requests, *drifted])
        for place, request in enumerate(looks):
            self._queue.add_after(request, self._spread * place / len(looks) if found.resync else SETTLING)
        for request in found.children:
            self._wake(request)
        if found.existing:
            # What was edited after the owners had been listed, and before shell-operator began to watch, is no event.
            self._queue.add_all(request for request in self._list_owners() if request.reason == Reason.EDIT)
        # What exists at a start is told binding by binding: one look when all have been told is enough.
        for request in found.existing:
            self._queue.add_after(request, SETTLING)
        accepted = len(found.requests) + len(found.existing) + len(found.children) + len(drifted) + len(looks)
        self._metrics.hook_wakeups.labels(found.hook).inc(accepted)
        log.debug("wake-ups", extra={"hook": found.hook, "accepted": accepted, "left_out": found.left_out})
        return accepted


class _Server(socketserver.ThreadingUnixStreamServer):
    # A connection that is being served must not keep the process from ending.
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
