"""A server of Alluxio for tests: gRPC on a port of its own, with the handshake of Alluxio 2.9.4."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc

from alluxio_operator.alluxio.rpc import messages_pb2 as messages
from alluxio_operator.alluxio.rpc.connection import HANDSHAKE
from alluxio_operator.alluxio.rpc.leader import CONFIGURATION, FILES, META
from alluxio_operator.alluxio.rpc.worker import BLOCKS
from alluxio_operator.alluxio.rpc.workers import FILES_BY_ID, MASTER

LIST = f"{FILES}ListStatus"
READ = f"{BLOCKS}ReadBlock"
REQUESTS = {
    f"{META}Backup": messages.BackupRequest,
    f"{META}GetBackupStatus": messages.BackupStatusRequest,
    f"{META}GetMasterInfo": messages.MasterInfoRequest,
    f"{CONFIGURATION}UpdateConfiguration": messages.UpdateRequest,
    f"{FILES}CreateDirectory": messages.CreateDirectoryRequest,
    f"{FILES}Remove": messages.DeleteRequest,
    f"{FILES}ListStatusPartial": messages.ListStatusPartialRequest,
    f"{FILES_BY_ID}GetFileInfo": messages.FileByIdRequest,
    f"{MASTER}GetWorkerReport": messages.WorkerReportRequest,
    f"{MASTER}GetBlockInfo": messages.BlockInfoRequest,
    f"{MASTER}DecommissionWorker": messages.DecommissionRequest,
    f"{BLOCKS}Cache": messages.CacheRequest,
}
Answer = Callable[[Any], Any]


class Refusal(Exception):
    """A leader's error."""

    def __init__(self, code: grpc.StatusCode, message: str = "no") -> None:
        super().__init__(message)
        self.code = code


class Alluxio(grpc.GenericRpcHandler):
    """A master or a worker: `answers` by method, each a message or its bytes; `asked` what came.

    `handshake`: whether it asks for one (it doesn't with NOSASL). `open` are the streams of handshakes that are open,
    `greetings` what clients said in them.
    """

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.asked: list[Any] = []
        self.listing: Iterator[bytes] = iter(())
        self.handshake = True
        self.accepts: bool | None = True
        self.open: set[str] = set()
        self.greetings: list[messages.SaslMessage] = []
        self.slow = 0.0
        self.server = grpc.server(ThreadPoolExecutor(8))
        self.server.add_generic_rpc_handlers((self,))
        self.port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        if details.method == HANDSHAKE and self.handshake:
            return grpc.stream_stream_rpc_method_handler(self.greet, messages.SaslMessage.FromString, _sent)
        if details.method == LIST:
            return grpc.unary_stream_rpc_method_handler(self.list, messages.ListStatusRequest.FromString)
        answer = self.answers.get(details.method)
        if answer is None:
            return None
        channel = dict(details.invocation_metadata).get("channel-id")
        if details.method == READ:

            def read(requests: Iterator[messages.ReadRequest], context: grpc.ServicerContext) -> Iterator[Any]:
                if self.handshake and channel not in self.open:
                    context.abort(grpc.StatusCode.UNAUTHENTICATED, "channel is not authenticated")
                self.asked.append(next(requests))
                try:
                    yield from answer(self.asked[-1])
                except Refusal as refusal:
                    context.abort(refusal.code, str(refusal))

            return grpc.stream_stream_rpc_method_handler(read, messages.ReadRequest.FromString, _sent)

        def handle(request: Any, context: grpc.ServicerContext) -> Any:
            time.sleep(self.slow)
            if self.handshake and channel not in self.open:
                context.abort(grpc.StatusCode.UNAUTHENTICATED, "channel is not authenticated")
            self.asked.append(request)
            try:
                return answer(request)
            except Refusal as refusal:
                context.abort(refusal.code, str(refusal))
            except ValueError as error:
                context.abort(grpc.StatusCode.INTERNAL, str(error))

        return grpc.unary_unary_rpc_method_handler(handle, REQUESTS[details.method].FromString, _sent)

    def list(self, request: messages.ListStatusRequest, _context: grpc.ServicerContext) -> Iterator[bytes]:
        self.asked.append(request)
        return self.listing

    def greet(
        self, requests: Iterator[messages.SaslMessage], context: grpc.ServicerContext
    ) -> Iterator[messages.SaslMessage]:
        hello = next(requests)
        self.greetings.append(hello)
        if self.accepts is None:
            return
        if not self.accepts:
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "no")
        self.open.add(hello.client_id)
        yield messages.SaslMessage(type=1, client_id=hello.client_id)
        try:
            for _ in requests:
                pass
        except grpc.RpcError:
            pass
        finally:
            self.open.discard(hello.client_id)


def _sent(message: Any) -> bytes:
    return message if isinstance(message, bytes) else message.SerializeToString()
