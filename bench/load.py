"""A steady load of a few clients on a master, and the time that each call took.

Calls are due at a fixed rate, whether or not earlier ones were answered, and a call's time counts from when it was due.
Clients that wait for an answer before they ask again would hide a pause: it would cost each of them one slow call.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final

import grpc

from bench.names import Client, client

CLIENTS: Final = 8
CALLS_PER_SECOND: Final = 200
LONGEST: Final = 3600.0
"""Seconds for which a load can last."""
PER_FOLDER: Final = 100


@dataclass(frozen=True, slots=True)
class Call:
    """One call: when it was due, in monotonic time, and the seconds from then until its answer."""

    due: float
    seconds: float
    failed: bool


class Load:
    """The calls made so far; every other call asks for a status, one of four creates a file, one lists a folder."""

    def __init__(self, host: str, folders: Sequence[str], target: str) -> None:
        self._host, self._folders, self._target = host, folders, target
        self._ending = threading.Event()
        self._calls: list[list[Call]] = [[] for _ in range(CLIENTS)]
        self._due = [0.0] * CLIENTS
        self._errors: list[str] = []

    def between(self, begin: float, end: float) -> list[Call]:
        """Return the calls that were due in a window of monotonic time; all of them have been answered by now."""
        return [one for calls in self._calls for one in list(calls) if begin <= one.due < end]

    def caught_up(self) -> bool:
        """Return True if no client is late: calls that a pause has held up don't reach into the next window."""
        return min(self._due) > time.monotonic()

    @property
    def errors(self) -> list[str]:
        """The errors of failed calls."""
        return list(self._errors)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Make calls during the block."""
        began = time.monotonic() + 0.5
        with ExitStack() as stack:
            connected = [stack.enter_context(client(self._host, LONGEST)) for _ in range(CLIENTS)]
            threads = [
                threading.Thread(target=self._work, args=(number, one, began), daemon=True)
                for number, one in enumerate(connected)
            ]
            for thread in threads:
                thread.start()
            try:
                yield
            finally:
                self._ending.set()
                for thread in threads:
                    thread.join(timeout=60)

    def _work(self, number: int, master: Client, began: float) -> None:
        made, calls = 0, self._calls[number]
        while True:
            self._due[number] = due = began + (made * CLIENTS + number) / CALLS_PER_SECOND
            if self._ending.wait(max(0.0, due - time.monotonic())):
                return
            failed = False
            try:
                self._next(master, number, made)()
            except grpc.RpcError as error:
                failed = True
                if len(self._errors) < 100:
                    self._errors.append(f"{error.code().name}: {error.details()}"[:200])
            calls.append(Call(due, time.monotonic() - due, failed))
            made += 1

    def _next(self, master: Client, number: int, made: int) -> Callable[[], object]:
        # Steps through all folders: the names in the cache of the master are no different in any window.
        folder = self._folders[(made * 7 + number * 131) % len(self._folders)]
        match made % 4:
            case 0:
                return lambda: master.create(f"{self._target}/{number}/{made // 1000}/{made}")
            case 1:
                return lambda: master.page(folder)
        return lambda: master.status(f"{folder}/{made % PER_FOLDER:02d}")
