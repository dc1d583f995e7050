"""gRPC calls to one worker, each over its own connection; `answers.AlluxioWorkers` documents them.

Source of the method paths and meanings: the BlockWorker of Alluxio 2.9.4, and the answers of running workers.
"""

from __future__ import annotations

from collections.abc import Iterator
from queue import SimpleQueue
from typing import Final

import grpc

from alluxio_operator.alluxio.answers import NoAnswer
from alluxio_operator.alluxio.removal import Accepted, CopyOutcome, Refused
from alluxio_operator.alluxio.rpc import messages_pb2 as messages
from alluxio_operator.alluxio.rpc.connection import Connection, connect
from alluxio_operator.alluxio.rpc.leader import UNREACHABLE, refusal

BLOCKS: Final = "/alluxio.grpc.block.BlockWorker/"

NO_WORKER: Final = "it is no worker"
NOT_REACHED: Final = frozenset({NO_WORKER, *(text.lower() for text in UNREACHABLE)})
"""Reasons for which no worker has received the request."""

SAYS_NOTHING: Final = frozenset(
    {
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.UNIMPLEMENTED,
    }
)
"""Codes that tell nothing about a block. RESOURCE_EXHAUSTED does: the worker has no room for it."""

MOST_CHUNKS: Final = 4
"""Messages of an answer that are read: a worker sends the only byte in the first."""

LARGEST_ANSWER: Final = 64 * 1024
"""Bytes of a message. An error with its details has some hundred."""


class Worker:
    """A worker; each call, with its connection, has a timeout of `seconds`."""

    def __init__(self, host: str, port: int, seconds: float) -> None:
        self._host, self._port, self._seconds = host, port, seconds

    def copy_block(self, block_id: int, length: int, source: tuple[str, int], *, wait: bool) -> CopyOutcome:
        """Let the worker copy a block from another one."""
        if source[0] == self._host:
            # The worker would look for the block in the UFS, and then report success.
            return Refused("the block's source is the worker itself")
        question = messages.CacheRequest(
            block_id=block_id, source_host=source[0], source_port=source[1], length=length, run_async=not wait
        )
        connected = False
        try:
            with connect(self._host, self._port, self._seconds, LARGEST_ANSWER) as connection:
                connected = True
                connection.call(f"{BLOCKS}Cache", question, messages.Nothing)
                return Accepted()
        except grpc.RpcError as error:
            if connected and error.code() not in SAYS_NOTHING:
                return Refused(_in_words(error))
            return _no_answer(error, connected)

    def has_block(self, block_id: int) -> bool | NoAnswer:
        """Return True if the worker has a committed block."""
        connected = False
        try:
            with connect(self._host, self._port, self._seconds, LARGEST_ANSWER) as connection:
                connected = True
                if _first_byte(connection, block_id):
                    return True
                return NoAnswer("its answer has no byte of the block")
        except grpc.RpcError as error:
            if connected and error.code() is grpc.StatusCode.NOT_FOUND:
                return False
            return _no_answer(error, connected)


def _first_byte(connection: Connection, block_id: int) -> bool:
    """Return True if the worker sends a byte. Without options for the UFS, it reads from its own store only."""
    requests: SimpleQueue[messages.ReadRequest | None] = SimpleQueue()
    requests.put(messages.ReadRequest(block_id=block_id, offset=0, length=1, promote=False, chunk_size=1))
    answers: Iterator[messages.ReadResponse] = connection.stream(
        f"{BLOCKS}ReadBlock", iter(requests.get, None), messages.ReadResponse
    )
    try:
        for _ in range(MOST_CHUNKS):
            answer = next(answers, None)
            if answer is None:
                return False
            if answer.chunk.data:
                return True
        return False
    finally:
        requests.put(None)


def _no_answer(error: grpc.RpcError, connected: bool) -> NoAnswer:
    reason = _in_words(error)
    return NoAnswer(reason, reached=connected and reason not in NOT_REACHED)


def _in_words(error: grpc.RpcError) -> str:
    if error.code() is grpc.StatusCode.UNIMPLEMENTED:
        return NO_WORKER
    return refusal(error.code(), error.details() or "")
