"""A CSI driver of which only one thing is asked: to let a volume grow. It speaks the interface's messages by hand.

Its volumes are on no node, so it says that no file system has to grow there.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc

CONTROLLER_SERVICE = bytes.fromhex("0a040a020801")
ONLINE_EXPANSION = bytes.fromhex("0a0412020801")
EXPAND_VOLUME = bytes.fromhex("0a040a020809")
READY = bytes.fromhex("0a020801")


class Driver:
    """Lets volumes grow up to `most` bytes; `grown` has what each was asked for."""

    def __init__(self, name: str, most: int) -> None:
        self.name = name
        self.most = most
        self.grown: dict[str, int] = {}

    @contextmanager
    def serving(self, socket: Path) -> Iterator[None]:
        """Serve on a socket."""
        server = grpc.server(ThreadPoolExecutor(2))
        for service, methods in (
            ("csi.v1.Identity", {"GetPluginInfo": self._info, "GetPluginCapabilities": _able, "Probe": _ready}),
            ("csi.v1.Controller", {"ControllerGetCapabilities": _expands, "ControllerExpandVolume": self._expand}),
        ):
            handlers = {name: grpc.unary_unary_rpc_method_handler(method) for name, method in methods.items()}
            server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))
        server.add_insecure_port(f"unix://{socket}")
        server.start()
        try:
            yield
        finally:
            server.stop(0).wait()

    def _info(self, request: bytes, context: Any) -> bytes:
        return _field(1, self.name.encode()) + _field(2, b"1")

    def _expand(self, request: bytes, context: Any) -> bytes:
        fields = _fields(request)
        wanted = _fields(fields[2])[1]
        if wanted > self.most:
            context.abort(grpc.StatusCode.OUT_OF_RANGE, "the pool has no more room")
        self.grown[fields[1].decode()] = wanted
        return b"\x08" + _varint(wanted)


def _able(request: bytes, context: Any) -> bytes:
    return CONTROLLER_SERVICE + ONLINE_EXPANSION


def _expands(request: bytes, context: Any) -> bytes:
    return EXPAND_VOLUME


def _ready(request: bytes, context: Any) -> bytes:
    return READY


def _field(number: int, value: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _fields(message: bytes) -> dict[int, Any]:
    """Return the fields of a message by number: numbers and texts, as these messages have no others."""
    found: dict[int, Any] = {}
    rest = iter(message)
    for tag in _varints(rest):
        value = next(_varints(rest))
        found[tag >> 3] = bytes(next(rest) for _ in range(value)) if tag & 7 == 2 else value
    return found


def _varints(rest: Iterator[int]) -> Iterator[int]:
    for byte in rest:
        value, shift = byte & 0x7F, 7
        while byte & 0x80:
            byte = next(rest)
            value |= (byte & 0x7F) << shift
            shift += 7
        yield value
