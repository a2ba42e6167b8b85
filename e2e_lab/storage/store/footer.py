"""A Parquet footer over pages that nobody wrote as one file.

What a footer says of a leaf of a piece hardly differs from version to version: only its path, which a renaming
changes, and the offsets of its pages. So it is kept as the bytes around these (:class:`Leaf`), and a footer is put
together without thrift. Fields are those of ``parquet.thrift``; ``docs/store-format.md`` has the spelling.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from e2e_lab.storage.store import thrift
from e2e_lab.storage.store.thrift import BINARY, I64, LIST, STRUCT, Struct

MAGIC = b"PAR1"
OFFSET = thrift.field_head(9, I64, after=7)  # data_page_offset; dictionary_page_offset, two further, looks the same
_WIDTH = len(OFFSET) + thrift.PADDED
_PATH = thrift.field_head(3, LIST, after=2)
_COLUMNS = thrift.field_head(1, LIST, after=0)
_BEFORE = bytes([*thrift.field_head(2, I64, after=0), 0, *thrift.field_head(3, STRUCT, after=2)])
_ENDS = b"\0\0"  # of ColumnMetaData, and of ColumnChunk


@dataclass(frozen=True, slots=True)
class Leaf:
    """What a footer says of one leaf of a piece, but for its path and where its pages lie.

    *dictionary* is the length of the dictionary page in front of the data pages, 0 where there is none; *size* and
    *raw* are all its bytes, as stored and uncompressed.
    """

    head: bytes
    middle: bytes
    tail: bytes
    dictionary: int
    size: int
    raw: int

    @property
    def encodings(self) -> tuple[int, ...]:
        """The encodings of its pages, by their numbers in ``parquet.thrift``."""
        return tuple(byte >> 1 for byte in self.head[len(_BEFORE) + 4 :])

    @property
    def nulls(self) -> int | None:
        """How many nulls are in it, where it is a column by itself and its encoder said so."""
        after = 11 if self.dictionary else 9
        said, _ = thrift.read_struct(self.tail)
        sizes: Struct = said[16 - after][1] if 16 - after in said else {}  # SizeStatistics
        levels: Sequence[int] = sizes[3][1][1] if 3 in sizes else ()  # by definition level
        return int(levels[0]) if len(levels) == 2 else None

    def chunk(self, path: bytes, start: int) -> tuple[bytes, int]:
        """Its ``ColumnChunk`` where its pages begin at *start*, and where in that the offsets stand."""
        front = self.head + path + self.middle
        if self.dictionary:
            offsets = OFFSET + thrift.padded(start + self.dictionary) + OFFSET + thrift.padded(start)
        else:
            offsets = OFFSET + thrift.padded(start)
        return front + offsets + self.tail, len(front)


def encoded_leaf(chunk: Struct) -> tuple[Leaf, int]:
    """What an encoder's footer says of a chunk, and where in its file the pages begin."""
    said: Struct = chunk[3][1]
    data = int(said[9][1])
    dictionary = int(said[11][1]) if 11 in said else 0
    start = dictionary or data
    return Leaf(
        head=_BEFORE + thrift.written_fields([(n, said[n]) for n in (1, 2)], after=0),
        middle=thrift.written_fields([(n, said[n]) for n in (4, 5, 6, 7)], after=3),
        tail=thrift.written_fields([(n, v) for n, v in said.items() if n > 11], after=11 if dictionary else 9) + _ENDS,
        dictionary=data - start,
        size=int(said[7][1]),
        raw=int(said[6][1]),
    ), start


def lifted_leaf(footer: bytes, chunk: Sequence[int]) -> Leaf:
    """The leaf that a footer of ours has at *chunk*, five numbers as :func:`assembled` gives them."""
    begin, offsets, end, size, raw = chunk
    encodings = begin + len(_BEFORE) + 3  # behind the type and the list's field head, both of which take what they take
    path = encodings + 1 + (footer[encodings] >> 4)
    after = _path_end(footer, path)
    tail, dictionary = offsets + _WIDTH, 0
    if footer[tail : tail + len(OFFSET)] == OFFSET:
        data, _ = thrift.varint(footer, offsets + len(OFFSET))
        first, _ = thrift.varint(footer, tail + len(OFFSET))
        tail, dictionary = tail + _WIDTH, (data - first) >> 1
    return Leaf(footer[begin:path], footer[after:offsets], footer[tail:end], dictionary, size, raw)


def _path_end(footer: bytes, at: int) -> int:
    steps, at = footer[at + 1] >> 4, at + 2
    if steps == 15:
        steps, at = thrift.varint(footer, at)
    for _ in range(steps):
        length, at = thrift.varint(footer, at)
        at += length
    return at


@dataclass(frozen=True)
class Frame:
    """What a footer says of a schema: the fields of ``FileMetaData``, and of each column the paths of its leaves."""

    fields: Struct
    paths: tuple[tuple[bytes, ...], ...]


def frame_of(schema: pa.Schema) -> Frame:
    """The frame of a footer for tables of *schema*, as pyarrow writes it."""
    sink = pa.BufferOutputStream()
    pq.write_table(schema.empty_table(), sink, use_compliant_nested_type=False)
    fields = footer_of(memoryview(sink.getvalue()).cast("B"))
    elements = iter(fields[2][1][1])
    root = next(elements)
    return Frame(fields, tuple(tuple(_paths(elements, ())) for _ in range(root[5][1])))


def footer_of(file: memoryview) -> Struct:
    """The ``FileMetaData`` of a Parquet file in memory."""
    length = int.from_bytes(file[-8:-4], "little")
    return thrift.read_struct(file[-8 - length : -8])[0]


def _paths(elements: Iterator[Struct], above: tuple[bytes, ...]) -> Iterator[bytes]:
    element = next(elements)
    path = (*above, element[4][1])
    children = element[5][1] if 5 in element else 0
    if not children:
        steps = b"".join(thrift.written_varint(len(step)) + step for step in path)
        yield _PATH + thrift.list_head(len(path), BINARY) + steps
    for _ in range(children):
        yield from _paths(elements, path)


def assembled(
    frame: Frame, ranges: Sequence[int], groups: Sequence[Sequence[Sequence[Leaf]]]
) -> tuple[bytes, NDArray[np.int64], int]:
    """The footer; five numbers for each leaf in it; and how many bytes of pages it is over.

    *ranges* are the first row of each row group and the number of rows; *groups* the leaves of each column in each.
    The numbers are where the leaf's ``ColumnChunk`` begins, where its offsets do, where it ends, its bytes, and its
    bytes uncompressed.
    """
    front = thrift.written_fields([(n, v) for n, v in frame.fields.items() if n < 3], after=0)
    front += thrift.written_fields([(3, (I64, ranges[-1]))], after=2)
    parts = [front + thrift.field_head(4, LIST, after=3) + thrift.list_head(len(groups), STRUCT)]
    at, position, numbers = len(parts[0]), len(MAGIC), []
    leaves = sum(map(len, frame.paths))
    opening = _COLUMNS + thrift.list_head(leaves, STRUCT)
    for group, (first, last) in zip(groups, pairwise(ranges), strict=True):
        start, raw = position, 0
        parts.append(opening)
        at += len(opening)
        for column, paths in zip(group, frame.paths, strict=True):
            for leaf, path in zip(column, paths, strict=True):
                chunk, offsets = leaf.chunk(path, position)
                numbers.append((at, at + offsets, at + len(chunk), leaf.size, leaf.raw))
                parts.append(chunk)
                at += len(chunk)
                position += leaf.size
                raw += leaf.raw
        said: Any = {2: (I64, raw), 3: (I64, last - first), 5: (I64, start), 6: (I64, position - start)}
        closing = thrift.written_fields(said.items(), after=1) + b"\0"
        parts.append(closing)
        at += len(closing)
    parts.append(thrift.written_fields([(n, v) for n, v in frame.fields.items() if n > 4], after=4) + b"\0")
    return b"".join(parts), np.array(numbers, np.int64).reshape(-1, 5), position - len(MAGIC)


def annotated(footer: bytes, metadata: Mapping[bytes, bytes]) -> bytes:
    """A footer with more key-value metadata, whoever wrote it."""
    fields, _ = thrift.read_struct(footer)
    kind, (inner, pairs) = fields.get(5, (LIST, (STRUCT, [])))
    more = [{1: (BINARY, key), 2: (BINARY, value)} for key, value in metadata.items()]
    return thrift.written_struct({**fields, 5: (kind, (inner, [*pairs, *more]))})
