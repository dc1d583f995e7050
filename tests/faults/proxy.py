"""A proxy between one operator and the API server: it records what the operator writes, and lets things go wrong.

The operator speaks plain HTTP to it on 127.0.0.1, the proxy TLS to the API server as the administrator. Each request
may meet one fault (see `faults`); watches are passed on as they come, late or cut off on demand.
"""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
import tempfile
import threading
import time
from collections.abc import Coroutine, Iterable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from aiohttp import web
from multidict import CIMultiDict
from tests.faults.calls import Call, Exchange, Fault, Reply, Written

# aiohttp would add a content type where there is no content, which the API server refuses.
NOT_ADDED = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
HOP_BY_HOP = ("connection", "host", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "content-length")


class Loop:
    """A thread with an event loop, in which every proxy lives."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxies", daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Do something in the loop and return its result."""
        done: Future[Any] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return done.result(30)

    def close(self) -> None:
        """End the loop and its thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)


class Upstream:
    """How the API server of a kubeconfig is reached."""

    def __init__(self, kubeconfig: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        self.server: str = cluster["server"]
        self.ssl = ssl.create_default_context(cadata=_decoded(cluster["certificate-authority-data"]))
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
            file.write(_decoded(user["client-certificate-data"]) + _decoded(user["client-key-data"]))
            file.flush()
            self.ssl.load_cert_chain(file.name)


class Proxy:
    """One proxy. `faults` are asked in their order, the first that fits is met; `written` is what was written so far.

    `watch_delay` (seconds) makes watches late, `watch_bytes` cuts each off after so many bytes.
    """

    def __init__(self, loop: Loop, upstream: Upstream) -> None:
        self._loop = loop
        self._upstream = upstream
        self.faults: list[Fault] = []
        self.written: list[Written] = []
        self.watch_delay = 0.0
        self.watch_bytes: int | None = None
        self.watches_cut = 0
        self._port = 0
        self._site: web.TCPSite | None = None
        self._open: set[asyncio.Transport] = set()
        loop.run(self._start())

    # --- for tests ------------------------------------------------------------------------------------------------

    def write_kubeconfig(self, path: Path) -> Path:
        """Write the kubeconfig with which an operator comes to this proxy."""
        name = "faults"
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": {"server": f"http://127.0.0.1:{self._port}"}}],
            "users": [{"name": name, "user": {}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "current-context": name,
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(config))
        return path

    def go_away(self) -> None:
        """Be as an API server that is gone: connections break, new ones are refused."""
        self._loop.run(self._go_away())

    def come_back(self) -> None:
        """Listen again, on the same port."""
        self._loop.run(self._listen())

    def close(self) -> None:
        """End it."""
        self._loop.run(self._close())

    # --- in the loop ----------------------------------------------------------------------------------------------

    async def _start(self) -> None:
        self._client = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=self._upstream.ssl, limit=0),
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
            skip_auto_headers=NOT_ADDED,
        )
        app = web.Application(client_max_size=1 << 26)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        await self._listen()

    async def _listen(self) -> None:
        self._site = web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True)
        await self._site.start()
        self._port = self._runner.addresses[0][1]

    async def _go_away(self) -> None:
        assert self._site is not None
        await self._site.stop()
        self._site = None
        for transport in list(self._open):
            transport.abort()
        # Connections without a request at the moment.
        for connection in list(self._runner.server.connections if self._runner.server else ()):
            if connection.transport is not None:
                connection.transport.abort()

    async def _close(self) -> None:
        await self._runner.cleanup()
        await self._client.close()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        transport = request.transport
        assert isinstance(transport, asyncio.Transport)
        self._open.add(transport)
        try:
            return await self._answer(request, transport)
        except (aiohttp.ClientError, ConnectionError, ssl.SSLError):
            # The API server is gone, or the operator is: whoever is left sees the connection break.
            transport.abort()
            return web.Response()
        finally:
            self._open.discard(transport)

    async def _answer(self, request: web.Request, transport: asyncio.Transport) -> web.StreamResponse:
        call = Call.of(request.method, request.path, dict(request.query))
        url = self._upstream.server + request.raw_path
        headers = _passed_on(request.headers.items())
        body = await request.read()
        fault = next((one for one in self.faults if one.meets(call)), None)
        if call.watch and fault is None:
            return await self._stream(request, url, transport)

        async def write_down() -> Reply:
            async with self._client.request(call.method, url, headers=headers, data=body or None) as answer:
                reply = Reply(answer.status, await answer.read(), _passed_on(answer.headers.items()))
            if call.write:
                self.written.append(Written.of(call, reply.status, body, reply.body, time.monotonic()))
            return reply

        async def ask() -> Reply:
            # What the API server was asked for it does, also for who doesn't wait for its answer: it is on record then.
            return await asyncio.shield(write_down())

        reply = await (fault.act(Exchange(call, ask)) if fault else ask())
        if reply is None:
            transport.abort()
            return web.Response()
        if reply.cut_at is not None:
            return await _cut_off(request, reply, transport)
        return web.Response(status=reply.status, body=reply.body, headers=reply.headers)

    async def _stream(self, request: web.Request, url: str, transport: asyncio.Transport) -> web.StreamResponse:
        passed = 0
        async with self._client.get(url, headers=_passed_on(request.headers.items())) as answer:
            response = web.StreamResponse(status=answer.status, headers=_passed_on(answer.headers.items()))
            await response.prepare(request)
            async for chunk in answer.content.iter_any():
                if self.watch_delay:
                    await asyncio.sleep(self.watch_delay)
                passed += len(chunk)
                if self.watch_bytes is not None and passed > self.watch_bytes:
                    self.watches_cut += 1
                    await response.write(chunk[: len(chunk) // 2])
                    transport.abort()
                    return response
                await response.write(chunk)
        return response


async def _cut_off(request: web.Request, reply: Reply, transport: asyncio.Transport) -> web.StreamResponse:
    headers = CIMultiDict(reply.headers)
    headers["Content-Length"] = str(len(reply.body))
    response = web.StreamResponse(status=reply.status, headers=headers)
    await response.prepare(request)
    await response.write(reply.body[: reply.cut_at])
    # What is written has to leave before the connection breaks.
    transport.close()
    return response


def _passed_on(headers: Iterable[tuple[str, str]]) -> CIMultiDict[str]:
    return CIMultiDict((name, value) for name, value in headers if name.lower() not in HOP_BY_HOP)


def _decoded(text: str) -> str:
    return base64.b64decode(text).decode()
