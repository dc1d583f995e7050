"""Walks protobuf messages by their encoding alone, so that what isn't known stays byte for byte.

`protobuf` offers the fields of a message only after it has parsed them, and writes them in its own order.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

VARINT: Final = 0
FIXED64: Final = 1
BYTES: Final = 2
FIXED32: Final = 5

LONGEST_VARINT: Final = 10
FIELD_NUMBERS: Final = 1 << 29

Field = tuple[int, int, int, int, int]
"""Number, wire type, start of its tag, start of its value, end. The value of BYTES starts behind its length."""


class MalformedError(ValueError):
    """Bytes that are no protobuf message."""


def varint(data: bytes, at: int) -> tuple[int, int]:
    """Return the number at a position, and the position behind it; MalformedError if it has no end."""
    if at < len(data) and (first := data[at]) < 0x80:
        return first, at + 1
    result = shift = 0
    for end in range(at, min(at + LONGEST_VARINT, len(data))):
        byte = data[end]
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result, end + 1
        shift += 7
    raise MalformedError("a number has no end")


def encoded(number: int) -> bytes:
    """Return a number of 0 or more as a varint."""
    result = bytearray()
    while number > 0x7F:
        result.append(number & 0x7F | 0x80)
        number >>= 7
    result.append(number)
    return bytes(result)


def delimited(message: bytes) -> bytes:
    """Return a message behind its length."""
    return encoded(len(message)) + message


def bytes_field(number: int, value: bytes) -> bytes:
    """Return a field of type BYTES: a string, a message or bytes."""
    return encoded(number << 3 | BYTES) + delimited(value)


def varint_field(number: int, value: int) -> bytes:
    """Return a field of type VARINT."""
    return encoded(number << 3 | VARINT) + encoded(value)


def fields(message: bytes) -> Iterator[Field]:
    """Yield the fields of a message in their order; MalformedError if it isn't one."""
    at, size = 0, len(message)
    while at < size:
        tag_at = at
        tag, at = varint(message, at)
        number, kind = tag >> 3, tag & 7
        if not 0 < number < FIELD_NUMBERS:
            raise MalformedError(f"a field has the number {number}")
        value_at = at
        if kind == BYTES:
            length, value_at = varint(message, at)
            at = value_at + length
        elif kind == VARINT:
            at = varint(message, at)[1]
        elif kind == FIXED64:
            at += 8
        elif kind == FIXED32:
            at += 4
        else:
            raise MalformedError(f"field {number} has the unknown wire type {kind}")
        if at > size:
            raise MalformedError(f"field {number} is longer than its message")
        yield number, kind, tag_at, value_at, at


def only_field(message: bytes) -> tuple[int, int] | None:
    """Return number and start of the value if a message is a single field of type BYTES, as most entries are."""
    try:
        tag, at = varint(message, 0)
        length, at = varint(message, at)
    except MalformedError:
        return None
    if tag & 7 != BYTES or at + length != len(message) or not 0 < tag >> 3 < FIELD_NUMBERS:
        return None
    return tag >> 3, at


def value_of(message: bytes, number: int) -> int:
    """Return the first VARINT field with a number, which Alluxio writes only once; 0 if there is none."""
    for one, kind, _, value_at, _ in fields(message):
        if one == number and kind == VARINT:
            return varint(message, value_at)[0]
    return 0


def bytes_of(message: bytes, number: int) -> bytes | None:
    """Return the last BYTES field with a number; None if there is none."""
    found = None
    for one, kind, _, value_at, end in fields(message):
        if one == number and kind == BYTES:
            found = message[value_at:end]
    return found
