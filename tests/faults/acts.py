"""What can happen to a call: the operator dies, the API server answers badly, late or not at all."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable

from tests.faults.calls import Act, Exchange, Reply

REASONS = {409: "Conflict", 429: "TooManyRequests", 500: "InternalError", 503: "ServiceUnavailable"}


def dies_before(kill: Callable[[], None]) -> Act:
    """The operator dies, the call never reaches the API server."""

    async def act(_: Exchange) -> Reply | None:
        # In the loop's thread on purpose: nothing else that the operator sent is passed on before it is dead.
        kill()
        return None

    return act


def dies_after(kill: Callable[[], None]) -> Act:
    """The API server has done it, but the operator dies before it knows."""

    async def act(exchange: Exchange) -> Reply | None:
        await exchange.ask()
        kill()
        return None

    return act


def answers(status: int, *, retry_after: int | None = None, done: bool = False) -> Act:
    """The API server answers with an error; with `done` it has done it all the same."""

    async def act(exchange: Exchange) -> Reply | None:
        if done:
            await exchange.ask()
        document = {"kind": "Status", "status": "Failure", "code": status, "reason": REASONS[status]}
        document["message"] = f"made up by a test: {REASONS[status]}"
        headers = {"Content-Type": "application/json"}
        if retry_after is not None:
            headers["Retry-After"] = str(retry_after)
        return Reply(status, json.dumps(document).encode(), headers)

    return act


def hangs(seconds: float, *, done: bool = False) -> Act:
    """No answer for so long that the operator's time-out comes first; with `done` it was done at once."""

    async def act(exchange: Exchange) -> Reply | None:
        if done:
            await exchange.ask()
        await asyncio.sleep(seconds)
        return None

    return act


def cuts() -> Act:
    """The API server has done it; the connection breaks in the midst of its answer."""

    async def act(exchange: Exchange) -> Reply | None:
        reply = await exchange.ask()
        return Reply(reply.status, reply.body, reply.headers, cut_at=len(reply.body) // 2)

    return act


class Held:
    """A call that waits in the network, `before` it reaches the API server or with its answer, until it is let go."""

    def __init__(self, reached: Callable[[], None], *, before: bool) -> None:
        self._reached = reached
        self._before = before
        self._let_go = threading.Event()
        self.waits = self.gone = False
        self.reply: Reply | None = None

    async def act(self, exchange: Exchange) -> Reply | None:
        """Hold the call; `reached` is called meanwhile."""
        if not self._before:
            self.reply = await exchange.ask()
        self._reached()
        self.waits = True
        while not self._let_go.is_set():
            await asyncio.sleep(0.02)
        if self._before:
            self.reply = await exchange.ask()
        self.gone = True
        return self.reply

    def let_go(self) -> None:
        """Let it pass on."""
        self._let_go.set()
