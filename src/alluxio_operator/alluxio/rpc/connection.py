"""A connection to one Alluxio server: the handshake of Alluxio's own clients, and calls with a timeout.

Source: the services of Alluxio 2.9.4, and the answers of a running 2.9.4. By default (SIMPLE) a server requires a
handshake over a stream and accepts calls that name the stream while it is open; it checks no password. With NOSASL a
server doesn't implement the handshake and accepts every call.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Final, TypeVar

import grpc
from google.protobuf.message import Message

from alluxio_operator.alluxio.rpc.messages_pb2 import SaslMessage

USER: Final = "alluxio"
"""User of the operator's calls. Alluxio's images run as this user, which makes it the superuser."""
HANDSHAKE: Final = "/alluxio.grpc.sasl.SaslAuthenticationService/authenticate"
CHALLENGE, SUCCESS = 0, 1
SIMPLE: Final = 1
OPTIONS: Final = (
    # Calls go to addresses within the cluster, which an HTTP proxy for outside addresses can't reach.
    ("grpc.enable_http_proxy", 0),
    # Without it, all connections of the process share the back-off after a failed attempt to reach the server.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.service_config_disable_resolution", 1),
)
LARGEST: Final = 4 * 1024 * 1024
"""Bytes of a message: the whole configuration has some hundred kilobytes."""

M = TypeVar("M", bound=Message)


class Connection:
    """Makes calls, which raise grpc.RpcError; all end by `until`, in monotonic time, as the stream does."""

    def __init__(self, channel: grpc.Channel, metadata: tuple[tuple[str, str], ...], until: float) -> None:
        self._channel = channel
        self._metadata = metadata
        self._until = until

    def call(self, method: str, question: Message, answer: type[M]) -> M:
        """Call a method by its path and return its answer."""
        ask = self._channel.unary_unary(
            method, request_serializer=_to_bytes, response_deserializer=answer.FromString
        )  # fmt: skip
        reply: M = ask(question, timeout=self.left, metadata=self._metadata)
        return reply

    def call_bytes(self, method: str, question: Message) -> bytes:
        """Do the same, and return the answer as it was sent, for a caller that must not hold all of it parsed."""
        ask: grpc.UnaryUnaryMultiCallable[Message, bytes] = self._channel.unary_unary(
            method, request_serializer=_to_bytes, response_deserializer=None
        )
        return ask(question, timeout=self.left, metadata=self._metadata)

    def stream(self, method: str, questions: Iterator[Message], answer: type[M]) -> Iterator[M]:
        """Call a method that takes messages, or one, and returns several; yield them as they come."""
        ask = self._channel.stream_stream(
            method, request_serializer=_to_bytes, response_deserializer=answer.FromString
        )  # fmt: skip
        yield from ask(questions, timeout=self.left, metadata=self._metadata)

    def stream_bytes(self, method: str, questions: Iterator[Message]) -> Iterator[bytes]:
        """Do the same, and yield each message as it was sent, for a caller that must not hold all of one parsed."""
        ask: grpc.StreamStreamMultiCallable[Message, bytes] = self._channel.stream_stream(
            method, request_serializer=_to_bytes, response_deserializer=None
        )
        yield from ask(questions, timeout=self.left, metadata=self._metadata)

    @property
    def left(self) -> float:
        """Seconds until all calls end; 0 afterwards."""
        return max(0.0, self._until - time.monotonic())


@contextmanager
def connect(host: str, port: int, seconds: float, largest: int = LARGEST) -> Iterator[Connection]:
    """Connect to a server and do the handshake. Raise grpc.RpcError if the server rejects it.

    `largest` is the number of bytes that a message may have.
    """
    options = (*OPTIONS, ("grpc.max_receive_message_length", largest))
    address = f"[{host}]" if ":" in host else host
    until = time.monotonic() + seconds
    with grpc.insecure_channel(f"{address}:{port}", options=options) as channel:
        name = str(uuid.uuid4())
        # Requests of the stream. The handshake is valid until the stream ends.
        requests: SimpleQueue[SaslMessage | None] = SimpleQueue()
        requests.put(
            SaslMessage(
                type=CHALLENGE, message=b"\0%s\0none" % USER.encode(), client_id=name, scheme=SIMPLE, channel="operator"
            )
        )
        stream = channel.stream_stream(
            HANDSHAKE, request_serializer=_to_bytes, response_deserializer=SaslMessage.FromString
        )(iter(requests.get, None), timeout=seconds)
        try:
            yield Connection(channel, (("channel-id", name),) if _authenticated(stream) else (), until)
        finally:
            requests.put(None)
            stream.cancel()


def _authenticated(stream: Iterator[SaslMessage]) -> bool:
    """Return True if the server accepted the handshake, False if it doesn't implement one."""
    try:
        reply = next(stream, None)
    except grpc.RpcError as error:
        if error.code() is grpc.StatusCode.UNIMPLEMENTED:
            return False
        raise
    # After a rejected handshake the server rejects the call, with a reason.
    return reply is not None and reply.type == SUCCESS


def _to_bytes(message: Message) -> bytes:
    return message.SerializeToString()
