"""The stand-in for masters, asked by the operator's own client."""

from __future__ import annotations

import asyncio

import grpc.aio

from alluxio_operator.alluxio.answers import NoAnswer, WriteResult
from alluxio_operator.alluxio.client import AlluxioClient
from alluxio_operator.transport.deadline import Deadline
from dev.simulation.alluxio import TestWrites


def test_it_accepts_a_test_write_and_implements_no_other_call():
    async def ask() -> tuple[object, object]:
        server = grpc.aio.server(handlers=(TestWrites(),))
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        client, deadline = AlluxioClient(), Deadline.after(10)
        written = await asyncio.to_thread(client.test_write, "127.0.0.1", port, "/a", "", deadline)
        backed_up = await asyncio.to_thread(client.backup, "127.0.0.1", port, "/backups", deadline)
        await server.stop(None)
        return written, backed_up

    written, backed_up = asyncio.run(ask())

    assert written == WriteResult()
    assert isinstance(backed_up, NoAnswer)
    assert backed_up.reason == "it doesn't lead"
