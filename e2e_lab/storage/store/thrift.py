"""Thrift's compact protocol, as far as Parquet's footers and page headers need it.

A struct is read as ``{field number: (type, value)}``, a list as ``(element type, [values])``, so that what this
version of Parquet does not name is kept as it is. The format: thrift's ``doc/specs/thrift-compact-protocol.md``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

Value: TypeAlias = Any
Struct: TypeAlias = dict[int, tuple[int, Value]]

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, STRUCT = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12
PADDED = 10


class NotThrift(ValueError):
    """The bytes do not follow the protocol."""


def read_struct(data: bytes | memoryview, start: int = 0) -> tuple[Struct, int]:
    """The struct that begins at *start*, and where it ends; :class:`NotThrift`.

    >>> read_struct(bytes([0x15, 0x04, 0x18, 0x01, 0x61, 0x00]))
    ({1: (5, 2), 2: (8, b'a')}, 6)
    """
    try:
        return _struct(data, start)
    except (IndexError, RecursionError):
        raise NotThrift("the bytes end in the middle") from None


def _struct(data: bytes | memoryview, at: int) -> tuple[Struct, int]:
    fields: Struct = {}
    number = 0
    while (head := data[at]) != 0:
        at += 1
        if head >> 4:
            number += head >> 4
        else:
            zigzag, at = varint(data, at)
            number = (zigzag >> 1) ^ -(zigzag & 1)
        kind = head & 15
        value, at = _value(data, at, kind)
        fields[number] = (kind, value)
    return fields, at + 1


def varint(data: bytes | memoryview, at: int) -> tuple[int, int]:
    """The unsigned number at *at*, and where it ends."""
    found = shift = 0
    while True:
        byte = data[at]
        at += 1
        found |= (byte & 127) << shift
        if byte < 128:
            return found, at
        shift += 7
        if shift > 63:
            raise NotThrift("a number is too long")


def _value(data: bytes | memoryview, at: int, kind: int) -> tuple[Value, int]:
    if kind in (TRUE, FALSE):
        return kind == TRUE, at
    if kind == BYTE:
        return data[at], at + 1
    if kind in (I16, I32, I64):
        zigzag, at = varint(data, at)
        return (zigzag >> 1) ^ -(zigzag & 1), at
    if kind in (DOUBLE, BINARY):
        length, at = (8, at) if kind == DOUBLE else varint(data, at)
        if at + length > len(data):
            raise NotThrift("a text is longer than the bytes")
        return bytes(data[at : at + length]), at + length
    if kind in (LIST, SET):
        return _list(data, at)
    if kind == STRUCT:
        return _struct(data, at)
    raise NotThrift(f"there is no type {kind}")


def _list(data: bytes | memoryview, at: int) -> tuple[Value, int]:
    head = data[at]
    at += 1
    size, kind = head >> 4, head & 15
    if size == 15:
        size, at = varint(data, at)
    if size > len(data) - at:
        raise NotThrift("a list is longer than the bytes")
    items = []
    for _ in range(size):
        if kind in (TRUE, FALSE):  # in a list they take a byte each
            item, at = data[at] == TRUE, at + 1
        else:
            item, at = _value(data, at, kind)
        items.append(item)
    return (kind, items), at


# ---- writing -------------------------------------------------------------------------------------------------


def written_struct(fields: Struct) -> bytes:
    """The bytes of a struct, fields in the order of their numbers.

    >>> written_struct({1: (I32, 2), 2: (BINARY, b"a")}) == bytes([0x15, 0x04, 0x18, 0x01, 0x61, 0x00])
    True
    """
    return b"".join([*_fields(fields.items(), after=0), b"\0"])


def written_fields(fields: Iterable[tuple[int, tuple[int, Value]]], *, after: int) -> bytes:
    """Some fields of a struct, of which the last one before them has the number *after*; no end of the struct."""
    return b"".join(_fields(fields, after=after))


def _fields(fields: Iterable[tuple[int, tuple[int, Value]]], *, after: int) -> Iterable[bytes]:
    last = after
    for number, (kind, value) in sorted(fields):
        head = (TRUE if value else FALSE) if kind in (TRUE, FALSE) else kind
        yield field_head(number, head, after=last)
        if kind not in (TRUE, FALSE):
            yield _written(kind, value)
        last = number


def field_head(number: int, kind: int, *, after: int) -> bytes:
    """What stands in front of a field's value."""
    step = number - after
    if 0 < step < 16:
        return bytes([step << 4 | kind])
    return bytes([kind]) + written_varint((number << 1) ^ (number >> 15))


def written_varint(number: int) -> bytes:
    """An unsigned number in as few bytes as it needs."""
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    found.append(number)
    return bytes(found)


def zigzag(number: int) -> int:
    """A signed number as the unsigned one that the protocol writes."""
    return number << 1 if number >= 0 else (-number << 1) - 1


def padded(number: int) -> bytes:
    """A number of 64 bits that always takes 10 bytes, so that it can be replaced in place.

    >>> padded(4).hex(), varint(padded(4), 0)
    ('88808080808080808000', (8, 10))
    """
    left, found = zigzag(number), bytearray()
    for _ in range(PADDED - 1):
        found.append(left & 127 | 128)
        left >>= 7
    found.append(left)
    return bytes(found)


def list_head(size: int, kind: int) -> bytes:
    """What stands in front of a list's items."""
    return bytes([size << 4 | kind]) if size < 15 else bytes([0xF0 | kind]) + written_varint(size)


def _written(kind: int, value: Value) -> bytes:
    if kind == BYTE:
        return bytes([value & 255])
    if kind in (I16, I32, I64):
        return written_varint(zigzag(value))
    if kind == DOUBLE:
        return bytes(value)
    if kind == BINARY:
        return written_varint(len(value)) + bytes(value)
    if kind in (LIST, SET):
        inner, items = value
        if inner in (TRUE, FALSE):
            parts = [bytes([TRUE if item else FALSE]) for item in items]
        else:
            parts = [_written(inner, item) for item in items]
        return b"".join([list_head(len(items), inner), *parts])
    if kind == STRUCT:
        return written_struct(value)
    raise NotThrift(f"there is no type {kind}")
