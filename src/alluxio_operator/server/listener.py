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

from alluxio_operator.engine.work import ListOwners, Reason, Request, Resync
from alluxio_operator.server.queue import KeyedQueue
from alluxio_operator.server.wakeups import MessageError, wakeups_in
from alluxio_operator.telemetry.metrics import Metrics

log = logging.getLogger(__name__)

LONGEST_MESSAGE = 64 * 1024 * 1024
"""Bytes; many times the size of an event for every object in a very large cluster."""

PATIENCE = 10.0
"""Seconds to wait for a hook's message; the hook does nothing else."""

SETTLING = 3.0
"""Seconds in which shell-operator reports all existing objects at its start. The owners are in the queue by then."""


class Listener:
    """Serves the socket `path` and queues the requests of its messages; `kinds`: the kinds that have a reconciler.

    Requests for owners of changed children go to `wake`, as those of the server's own watches do. A resync spreads the
    reconciles of unchanged owners over `spread` seconds.
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
        # No event reports a change before shell-operator's watch began, and a child without its owner's name doesn't
        # say which owner to wake. The comparison with the cache finds both.
        every_owner = found.resync or found.children_watched
        compared = list(self._resync()) if every_owner or found.orphaned else []
        drifted = [request for request in compared if request.reason != Reason.RESYNC]
        unchanged = [request for request in compared if request.reason == Reason.RESYNC] if every_owner else []
        self._queue.add_all([*found.requests, *drifted])
        for place, request in enumerate(unchanged):
            self._queue.add_after(request, self._spread * place / len(unchanged) if found.resync else SETTLING)
        for request in found.children:
            self._wake(request)
        if found.existing:
            # No event reports an edit between the list of owners and the start of shell-operator's watch.
            self._queue.add_all(request for request in self._list_owners() if request.reason == Reason.EDIT)
        # At its start shell-operator reports existing objects binding by binding: one reconcile after all is enough.
        for request in found.existing:
            self._queue.add_after(request, SETTLING)
        accepted = len(found.requests) + len(found.existing) + len(found.children) + len(drifted) + len(unchanged)
        self._metrics.hook_wakeups.labels(found.hook).inc(accepted)
        log.debug("wake-ups", extra={"hook": found.hook, "accepted": accepted, "left_out": found.left_out})
        return accepted


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
