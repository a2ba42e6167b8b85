"""Values of one width, such as numbers and times; NaN and NaT among them, which pandas writes where nothing is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.types as pat
from numpy.typing import NDArray

from e2e_lab.storage.values.bits import Bits, Bytes, feed_validity, joined, packed, there_of, unpacked

NEAR = 1 << 20  # bytes of a portion: a core keeps them to itself
SOME = NEAR // 16  # values of eight bytes of which something is made; of whole bytes of bits


def portions(length: int, width: int) -> Iterator[slice]:
    """*length* values of *width* bytes, so many at a time as stay near."""
    step = max(NEAR // width, 1)
    return (slice(start, min(start + step, length)) for start in range(0, length, step))


def parts_of(values: pa.Array | pa.ChunkedArray) -> list[pa.Array]:
    """The chunks of a column, or an array as the only one."""
    return values.chunks if isinstance(values, pa.ChunkedArray) else [values]


def missing_as_null(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Numbers or times with nulls where they are NaN or NaT; the values lie where they lay."""
    return pa.chunked_array([_part_with_nulls(part) for part in values.chunks], values.type)


def _part_with_nulls(part: pa.Array) -> pa.Array:
    lying = lying_bytes(part)
    numbers = np.frombuffer(lying, f"{'f' if pat.is_floating(part.type) else 'i'}{part.type.bit_width // 8}")
    nulls, validity = (0, None) if is_complete(numbers) else _missing(numbers)
    return pa.Array.from_buffers(part.type, len(part), [validity, lying], null_count=nulls)


def is_complete(numbers: NDArray[Any]) -> bool:
    """Whether none of these is NaN, or as whole numbers, which times are, NaT: the largest number is NaN where any is,
    and NaT is the least of times. The first are looked at before the rest, which may not be needed."""
    if not len(numbers):
        return True
    if numbers.dtype.kind == "f":
        return not (np.isnan(numbers[:SOME].max()) or np.isnan(numbers.max()))
    missing = np.iinfo(numbers.dtype).min
    return bool(numbers[:SOME].min() != missing and numbers.min() != missing)


def _missing(numbers: NDArray[Any]) -> tuple[int, pa.Buffer | None]:
    """How many NaN or NaT there are, and where there are any, Arrow's bits for them; a portion at a time."""
    bits = np.empty((len(numbers) + 7) // 8, np.uint8)
    nulls = 0
    for some in portions(len(numbers), 16):
        near = numbers[some]
        missing = np.isnan(near) if numbers.dtype.kind == "f" else near == np.iinfo(numbers.dtype).min
        nulls += int(np.count_nonzero(missing))
        there = np.packbits(~missing, bitorder="little")
        bits[some.start // 8 : some.start // 8 + len(there)] = there
    return nulls, pa.py_buffer(bits) if nulls else None


def has_nan(values: pa.Array | pa.ChunkedArray) -> bool:
    """Whether NaN is among *values*; of a type that has none, it is not."""
    return pat.is_floating(values.type) and any(_part_has_nan(part) for part in parts_of(values) if len(part))


def _part_has_nan(part: pa.Array) -> bool:
    nan = np.isnan(np.frombuffer(lying_bytes(part), f"f{part.type.bit_width // 8}"))
    there = there_of(part)
    return bool((nan if there is None else nan & unpacked(there, 0, len(part))).any())


def lying_bytes(part: pa.Array) -> pa.Buffer:
    """The bytes of numbers or times."""
    width = part.type.bit_width // 8
    return part.buffers()[1].slice(part.offset * width, len(part) * width)


def plain_numbers(column: pa.ChunkedArray) -> memoryview | None:
    """The bytes of numbers that lie in one chunk and are all there."""
    kind = column.type
    if (
        column.num_chunks != 1
        or not len(column)
        or column.null_count
        or not pat.is_primitive(kind)
        or pat.is_boolean(kind)
    ):
        return None
    return memoryview(lying_bytes(column.chunk(0)))


def feed_numbers(digest: Any, parts: Sequence[pa.Array], kind: pa.DataType, as_it_lies: bool) -> None:
    """Feed which values of one width are there, and them; *as_it_lies* with each NaN and what lies under nulls."""
    there = feed_validity(digest, parts)
    if as_it_lies:
        there = [None for _ in parts]
    if pat.is_boolean(kind):
        bits = [packed(part.buffers()[1], part.offset, len(part)) for part in parts]
        known = [one if some is None else one & some for one, some in zip(bits, there, strict=True)]
        digest.update(joined(known, [len(part) for part in parts]).data)
        return
    width = kind.bit_width // 8
    if width == 0:  # fixed_size_binary(0)
        return
    floating = pat.is_floating(kind) and not as_it_lies
    for part, some in zip(parts, there, strict=True):
        values = np.frombuffer(lying_bytes(part), np.uint8)
        if some is None and not floating:
            digest.update(values.data)
            continue
        for rows in portions(len(part), width):
            near = values[rows.start * width : rows.stop * width]
            if some is not None:
                near = _zeroed(near, width, unpacked(some, rows.start, rows.stop))
            digest.update(_with_one_nan(near.view(f"f{width}")).data if floating else near.data)


def _zeroed(values: Bytes, width: int, valid: Bits) -> Bytes:
    """Zeros in place of what lies under nulls: by multiplying, since where nulls are nobody can foresee."""
    if width in (2, 4, 8):
        zeroed: NDArray[Any] = np.multiply(values.view(f"u{width}"), valid)
    else:
        zeroed = np.multiply(values.reshape(-1, width), valid[:, np.newaxis])
    return zeroed.reshape(-1).view(np.uint8)


def _with_one_nan(values: NDArray[Any]) -> Bytes:
    if np.isnan(values.max()):  # which is NaN where any is, far quicker than to ask each
        values = np.where(np.isnan(values), values.dtype.type(np.nan), values)
    return values.view(np.uint8)
