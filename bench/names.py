"""A client of a master that stays connected and asks for names alone, over gRPC, as Alluxio's own clients do.

Source of paths and numbers: FileSystemMasterClientService of Alluxio 2.9.4. No call looks at the UFS.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, Self

from google.protobuf.message import Message

from alluxio_operator.alluxio.rpc.connection import Connection, connect
from alluxio_operator.alluxio.rpc.leader import FILES
from alluxio_operator.backup_file import wire

RPC_PORT: Final = 19998
PAGE: Final = 1000
WITHOUT_SYNC: Final = wire.varint_field(1, (1 << 64) - 1)
"""syncIntervalMs -1: the master answers from its own names."""
NEVER: Final = 0


class Raw(Message):
    """A message as its bytes: the bench needs few fields of messages that the operator doesn't know."""

    def __init__(self, data: bytes = b"") -> None:
        self.data = data

    def SerializeToString(self, **_kwargs: Any) -> bytes:  # noqa: N802 (protobuf's name)
        """Return the bytes."""
        return self.data

    @classmethod
    def FromString(cls, data: bytes) -> Self:  # noqa: N802 (protobuf's name)
        """Return the message with these bytes."""
        return cls(data)


class Client:
    """Calls of a client; each raises grpc.RpcError."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def create(self, path: str) -> None:
        """Create a file without content, which stays open."""
        mode = wire.varint_field(1, 7) + wire.varint_field(2, 5) + wire.varint_field(3, 5)
        options = wire.varint_field(1, 64 * 1024**2) + wire.varint_field(2, 1) + wire.bytes_field(3, mode)
        self._call("CreateFile", path, options + wire.bytes_field(9, WITHOUT_SYNC))

    def status(self, path: str) -> None:
        """Ask for the status of a file."""
        self._call("GetStatus", path, wire.varint_field(1, NEVER) + wire.bytes_field(2, WITHOUT_SYNC))

    def page(self, folder: str, after: str = "") -> list[str]:
        """Return the names in a folder, at most PAGE, those after a name."""
        listing = wire.varint_field(2, NEVER) + wire.bytes_field(3, WITHOUT_SYNC)
        offset = wire.bytes_field(3, after.encode()) if after else b""
        options = wire.bytes_field(1, listing) + offset + wire.varint_field(5, PAGE)
        return [_name(info) for info in _all(self._call("ListStatusPartial", folder, options), 1)]

    def names(self, folder: str) -> Iterator[str]:
        """Yield all names in a folder."""
        after = ""
        while page := self.page(folder, after):
            yield from page
            if len(page) < PAGE:
                return
            after = page[-1]

    def _call(self, method: str, path: str, options: bytes) -> bytes:
        question = Raw(wire.bytes_field(1, path.encode()) + wire.bytes_field(2, options))
        return self._connection.call(f"{FILES}{method}", question, Raw).data


@contextmanager
def client(host: str, seconds: float) -> Iterator[Client]:
    """Connect to the leading master, for at most some seconds."""
    with connect(host, RPC_PORT, seconds) as connection:
        yield Client(connection)


def _all(message: bytes, number: int) -> Iterator[bytes]:
    for one, kind, _, start, end in wire.fields(message):
        if one == number and kind == wire.BYTES:
            yield message[start:end]


def _name(info: bytes) -> str:
    return (wire.bytes_of(info, 2) or b"").decode()
