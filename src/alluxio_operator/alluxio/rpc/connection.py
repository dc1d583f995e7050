"""One connection to one Alluxio server: greets it as Alluxio's own clients do, and makes calls that end in time.

Source: the services of Alluxio 2.9.4, and what a running 2.9.4 answered. By its default, SIMPLE, a server asks for a
handshake over a stream, and takes calls that name the stream for as long as that is open; no password is checked. With
NOSASL it doesn't serve the handshake and takes every call.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Final, TypeVar

import grpc
from google.protobuf.message import Message

from alluxio_operator.alluxio.rpc.messages_pb2 import SaslMessage

USER: Final = "alluxio"
"""As whom the operator calls; Alluxio's images run as a user of this name, who may then do everything."""
HANDSHAKE: Final = "/alluxio.grpc.sasl.SaslAuthenticationService/authenticate"
CHALLENGE, SUCCESS = 0, 1
SIMPLE: Final = 1
OPTIONS: Final = (
    # Asked by their addresses within the cluster: a proxy for the world outside is of no use.
    ("grpc.enable_http_proxy", 0),
    # Else a server that wasn't there a moment ago is not even tried for a while, by any connection of the process.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.service_config_disable_resolution", 1),
    # The whole configuration has some hundred kilobytes, a listing of ten thousand files 4 MB.
    ("grpc.max_receive_message_length", 64 * 1024 * 1024),
)

M = TypeVar("M", bound=Message)


class Connection:
    """Makes calls, all of which together may take `seconds`; raises grpc.RpcError."""

    def __init__(self, channel: grpc.Channel, metadata: tuple[tuple[str, str], ...], seconds: float) -> None:
        self._channel = channel
        self._metadata = metadata
        self._seconds = seconds

    def call(self, method: str, question: Message, answer: type[M]) -> M:
        """Call a method by its path and return its answer."""
        ask = self._channel.unary_unary(
            method, request_serializer=_to_bytes, response_deserializer=answer.FromString
        )  # fmt: skip
        said: M = ask(question, timeout=self._seconds, metadata=self._metadata)
        return said


@contextmanager
def connect(host: str, port: int, seconds: float) -> Iterator[Connection]:
    """Connect to a server and shake hands; raise grpc.RpcError where it doesn't."""
    address = f"[{host}]" if ":" in host else host
    with grpc.insecure_channel(f"{address}:{port}", options=OPTIONS) as channel:
        name = str(uuid.uuid4())
        # The stream's requests: its end ends the handshake's validity, too.
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
            yield Connection(channel, (("channel-id", name),) if _greeted(stream) else (), seconds)
        finally:
            requests.put(None)
            stream.cancel()


def _greeted(stream: Iterator[SaslMessage]) -> bool:
    """Tell whether the server took the handshake; False when it does without one."""
    try:
        hello = next(stream, None)
    except grpc.RpcError as error:
        if error.code() is grpc.StatusCode.UNIMPLEMENTED:
            return False
        raise
    # Otherwise the call itself is refused, and says why.
    return hello is not None and hello.type == SUCCESS


def _to_bytes(message: Message) -> bytes:
    return message.SerializeToString()
