"""A stand-in for the masters of any number of simulated clusters: it answers on every simulated pod's address.

Its answers to the operator have the size of those of a real Alluxio 2.9.4. It also answers as a Presto coordinator, in
short documents, with as many active workers as the master has. A test sets the behaviour of one address, or of all
("*"), on CONTROL_PORT: `PUT /behaviour/ADDRESS` with {"mode": ..., "workers": ...}, and for several masters
{"mode": "standby", "follows": HOST OF THE LEADER, "index": JOURNAL INDEX}. Over gRPC it accepts the operator's test
writes, whatever the behaviour.
"""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import grpc
import grpc.aio
from aiohttp import web

MASTER_PORT = 19999
JOB_MASTER_PORT = 20002
PRESTO_PORTS = (8080, 8081)
"""A coordinator's default port, and another port for a test that changes it."""
RPC_PORT = 19998
CONTROL_PORT = 19990

FILES = "/alluxio.grpc.file.FileSystemMasterClientService/"

MODES = ("serves", "safe-mode", "standby", "hangs", "cuts", "drips", "continues", "inflates")
"""Serve; reject requests as a master in safe mode does; be no leader; never answer; close within an answer; send a byte
from time to time; send `100 Continue` without end; send a little gzip that unpacks to a gigabyte."""

USUAL: Mapping[str, Any] = {"mode": "serves", "workers": 1, "follows": "", "index": 1}
"""Default behaviour."""

GIB = 1024**3
HANG = 3600.0
PAUSE = 0.5
"""Seconds between two pieces of a dripping answer: less than any timeout of one read."""

# A real master's answers have 60 KB, mostly properties and metrics.
FILLER = {f"alluxio.some.property.{n:03d}": "a value of the usual length, of some forty bytes" for n in range(300)}


class StandIn:
    """Answers by address; `behaviour`: settings by address, with "*" for all others."""

    def __init__(self) -> None:
        self.behaviour: dict[str, dict[str, Any]] = {"*": {}}

    def app(self) -> web.Application:
        """Return the application of masters and job masters."""
        app = web.Application()
        app.router.add_get("/api/v1/master/info", self._info)
        app.router.add_get("/api/v1/master/webui_overview", self._overview)
        app.router.add_get("/metrics/prometheus/", self._metrics)
        app.router.add_get("/api/v1/job_master/info", self._job_master)
        return app

    def presto(self) -> web.Application:
        """Return the application of coordinators."""
        app = web.Application()
        app.router.add_get("/v1/info", self._presto_info)
        app.router.add_get("/v1/cluster", self._presto_cluster)
        return app

    def control(self) -> web.Application:
        """Return the application with which tests set the behaviour."""
        app = web.Application()
        app.router.add_put("/behaviour/{address}", self._behave)
        app.router.add_delete("/behaviour", self._forget)
        return app

    async def _info(self, request: web.Request) -> web.StreamResponse:
        here = await self._here(request)
        if here["mode"] == "safe-mode":
            return web.json_response({"statusCode": "FAILED_PRECONDITION", "message": "in safe mode"}, status=500)
        workers = [{"id": n, "state": "In Service"} for n in range(here["workers"])]
        capacity = {"total": GIB * here["workers"], "used": 0}
        return await self._send(
            request,
            here,
            {
                "version": "2.9.4",
                "workers": workers,
                "lostWorkers": [],
                "capacity": capacity,
                "configuration": FILLER,
            },
        )

    async def _overview(self, request: web.Request) -> web.StreamResponse:
        here = await self._here(request)
        role = "FOLLOWER" if here["mode"] == "standby" else "LEADER"
        leader = f"{here['follows']}_19200" if here["follows"] else None
        return await self._send(
            request,
            here,
            {"masterRole": role, "leaderId": leader, "clusterId": "simulated", "configuration": FILLER},
        )

    async def _metrics(self, request: web.Request) -> web.StreamResponse:
        here = await self._here(request)
        return web.Response(text=f"Master_JournalLastAppliedCommitIndex {here['index']}.0\n")

    async def _job_master(self, request: web.Request) -> web.StreamResponse:
        return await self._send(request, await self._here(request), {"configuration": FILLER})

    async def _presto_info(self, request: web.Request) -> web.StreamResponse:
        document = {"nodeVersion": {"version": "0.287"}, "coordinator": True, "starting": False}
        return await self._send(request, await self._here(request), document)

    async def _presto_cluster(self, request: web.Request) -> web.StreamResponse:
        here = await self._here(request)
        counts = {"runningQueries": 0, "blockedQueries": 0, "queuedQueries": 0, "activeWorkers": here["workers"]}
        return await self._send(request, here, counts)

    async def _here(self, request: web.Request) -> dict[str, Any]:
        address = request.transport.get_extra_info("sockname")[0] if request.transport else ""
        here = {**USUAL, **self.behaviour["*"], **self.behaviour.get(address, {})}
        if here["mode"] == "hangs":
            await asyncio.sleep(HANG)
        return here

    async def _send(self, request: web.Request, here: dict[str, Any], document: dict[str, Any]) -> web.StreamResponse:
        body = json.dumps(document).encode()
        if here["mode"] == "drips":
            return await _drip(request)
        if here["mode"] == "continues":
            return await _continue(request)
        if here["mode"] == "inflates":
            return web.Response(body=_bomb(), headers={"Content-Encoding": "gzip", "Content-Type": "application/json"})
        if here["mode"] != "cuts":
            return web.Response(body=body, content_type="application/json")
        answer = web.StreamResponse(headers={"Content-Length": str(len(body)), "Content-Type": "application/json"})
        await answer.prepare(request)
        await answer.write(body[: len(body) // 2])
        if request.transport:
            request.transport.close()
        return answer

    async def _behave(self, request: web.Request) -> web.Response:
        settings = await request.json()
        if settings.get("mode", "serves") not in MODES or not isinstance(settings.get("workers", 1), int):
            return web.Response(status=400, text=f"mode is one of {', '.join(MODES)}, workers a whole number\n")
        self.behaviour[request.match_info["address"]] = settings
        return web.Response(status=204)

    async def _forget(self, _: web.Request) -> web.Response:
        self.behaviour = {"*": self.behaviour["*"]}
        return web.Response(status=204)


async def _drip(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Length": "1000000", "Content-Type": "application/json"})
    await answer.prepare(request)
    while True:
        await answer.write(b" ")
        await asyncio.sleep(PAUSE)


async def _continue(request: web.Request) -> web.StreamResponse:
    while request.transport and not request.transport.is_closing():
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await asyncio.sleep(PAUSE)
    return web.Response()


@cache
def _bomb() -> bytes:
    return gzip.compress(b" " * GIB, compresslevel=1)


class TestWrites(grpc.GenericRpcHandler):
    """Accepts the creation and the deletion of folders, without a handshake as a master with NOSASL does."""

    __test__ = False

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[bytes, bytes] | None:
        """Return the handler of a method; None for one that isn't implemented."""
        known = details.method in (f"{FILES}CreateDirectory", f"{FILES}Remove", f"{FILES}ListStatusPartial")
        return grpc.unary_unary_rpc_method_handler(_accept) if known else None


async def _accept(_question: bytes, _context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
    return b""


async def serve() -> None:
    """Serve until the process ends."""
    stand_in = StandIn()
    rpc = grpc.aio.server(handlers=(TestWrites(),))
    rpc.add_insecure_port(f"0.0.0.0:{RPC_PORT}")
    await rpc.start()
    answers = web.AppRunner(stand_in.app(), access_log=None)
    presto = web.AppRunner(stand_in.presto(), access_log=None)
    control = web.AppRunner(stand_in.control(), access_log=None)
    for runner, host, ports in (
        (answers, "0.0.0.0", (MASTER_PORT, JOB_MASTER_PORT)),
        (presto, "0.0.0.0", PRESTO_PORTS),
        (control, "127.0.0.1", (CONTROL_PORT,)),
    ):
        await runner.setup()
        for port in ports:
            await web.TCPSite(runner, host, port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve())
