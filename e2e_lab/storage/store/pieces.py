"""Pieces: one column in one range of rows. Known by the hash of its values, encoded as a Parquet column chunk.

Hashing and encoding are done by libraries that let other threads run, so both go side by side over the columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyarrow.types as pat
from blake3 import blake3
from numpy.typing import NDArray

from e2e_lab.storage.identity import feed_type, feed_values, rows_of
from e2e_lab.storage.parquet import repeating, to_parquet
from e2e_lab.storage.store import thrift
from e2e_lab.storage.store.footer import Leaf, encoded_leaf, footer_of
from e2e_lab.storage.store.packs import SHORT, short_hash

CONTEXT = "e2e-lab 2026-11 piece, version 1"
PAGES = {"min_chunk_size": 1 << 16, "max_chunk_size": 1 << 18, "norm_level": 0}
WRITE_BATCH = 1 << 13
SORTED_AT_MOST = 4096
NARROW = 4096


@dataclass(frozen=True)
class Encoded:
    """A piece as an encoder wrote it: what a footer says of its leaves, and its pages with their short hashes."""

    fingerprint: bytes
    leaves: tuple[Leaf, ...]
    pages: tuple[tuple[bytes, memoryview], ...]


def fingerprints(said: pa.Field, column: pa.ChunkedArray, ranges: Sequence[int]) -> list[bytes]:
    """The fingerprint of the column's piece in each range: of its type, nullability and values."""
    begun = blake3(derive_key_context=CONTEXT)
    feed_type(begun, said)
    found = []
    for first, last in pairwise(ranges):
        digest = begun.copy()
        feed_values(digest, rows_of(column, first, last - first))
        found.append(digest.digest(length=SHORT))
    return found


def encoded(
    table: pa.Table, ranges: Sequence[tuple[int, int]], prints: Sequence[Sequence[bytes]], *, statistics: bool
) -> list[list[Encoded]]:
    """The pieces of *table*'s columns in these *ranges* (first row, rows), range by range, then column by column.

    *prints* are their fingerprints in the same order. *statistics* keeps the smallest and largest of numbers and times,
    by which a filter passes over whole ranges.
    """
    sink = pa.BufferOutputStream()
    writer: pq.ParquetWriter | None = None
    plan = _Plan([], [], [])
    for first, rows in ranges:
        physical = to_parquet(table.slice(first, rows))
        if writer is None:
            plan = _planned(physical)
            writer = _writer(sink, plan.arranged(physical), plan, statistics)
        writer.write_table(plan.arranged(physical), row_group_size=rows)
    assert writer is not None
    writer.close()
    file = memoryview(sink.getvalue()).cast("B")
    leaves = _leaf_counts(writer.schema)
    groups = footer_of(file)[4][1][1]
    return [_pieces(file, group[1][1][1], leaves, ids) for group, ids in zip(groups, prints, strict=True)]


def _writer(sink: pa.BufferOutputStream, sample: pa.Table, plan: _Plan, statistics: bool) -> pq.ParquetWriter:
    numbers = [f.name for f in sample.schema if pat.is_primitive(f.type)] if statistics else []
    return pq.ParquetWriter(
        sink,
        sample.schema,
        compression="zstd",
        compression_level=1,
        use_dictionary=plan.dictionaries,
        column_encoding=dict.fromkeys(plan.deltas, "DELTA_BINARY_PACKED") or None,
        write_statistics=numbers or False,
        write_batch_size=WRITE_BATCH,
        write_page_checksum=True,
        use_compliant_nested_type=False,
        use_content_defined_chunking=PAGES,
        store_schema=False,
    )


@dataclass(frozen=True)
class _Plan:
    """How columns are encoded: which by a dictionary, which of these with a sorted one, which by differences.

    In the order in which values come, a dictionary changes with the first rows, and with it the codes of all others: so
    that of text is sorted, and whole numbers in a narrow range have none.
    """

    dictionaries: list[str]
    sorted: list[str]
    deltas: list[str]

    def arranged(self, table: pa.Table) -> pa.Table:
        """*table* with sorted dictionaries where they are wanted."""
        for name in self.sorted:
            place = table.schema.names.index(name)
            field = table.schema.field(place)
            column = _by_sorted_dictionary(rows_of(table.column(place), 0, table.num_rows))
            table = table.set_column(place, field.with_type(column.type), column)
        return table


def _planned(sample: pa.Table) -> _Plan:
    repeated = repeating(sample)
    numbers = [name for name in sample.schema.names if _differences(sample.column(name), repeats=name in repeated)]
    dictionaries = [name for name in repeated if name not in numbers]
    texts = [name for name in dictionaries if _is_text(sample.schema.field(name).type)]
    return _Plan(dictionaries, texts, numbers)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pat.is_string(kind) or pat.is_large_string(kind))


def _by_sorted_dictionary(texts: pa.Array) -> pa.DictionaryArray:
    coded = texts.dictionary_encode()
    entries = coded.dictionary.cast(pa.string())
    if len(entries) <= SORTED_AT_MOST:
        order = pc.sort_indices(entries)
        codes = pc.sort_indices(order).cast(pa.int32())  # where each entry went
        coded = pa.DictionaryArray.from_arrays(codes.take(coded.indices), entries.take(order))
        return coded
    return pa.DictionaryArray.from_arrays(coded.indices, entries)


def _differences(column: pa.ChunkedArray, *, repeats: bool) -> bool:
    """Whether differences of neighbours are kept, of whole numbers and times: they take half the time where they are
    small, and those of repeated values in a narrow range hardly more space than a dictionary."""
    kind = column.type
    if not (pat.is_integer(kind) or pat.is_temporal(kind)) or pat.is_interval(kind):
        return False
    array = rows_of(column, 0, 4096).drop_null()
    if len(array) < 2:
        return False
    width = kind.bit_width // 8
    sign = "u" if pat.is_unsigned_integer(kind) else "i"
    values: NDArray[Any] = np.frombuffer(array.buffers()[1], f"{sign}{width}", len(array), array.offset * width)
    if repeats:
        return int(values.max()) - int(values.min()) < NARROW
    steps = np.diff(values.astype(np.float64))
    return width >= 4 and bool(np.log2(max(float(steps.max() - steps.min()), 1.0)) < kind.bit_width * 0.6)


def _leaf_counts(schema: pa.Schema) -> list[int]:
    return [_leaves(field.type) for field in schema]


def _leaves(kind: pa.DataType) -> int:
    if isinstance(kind, pa.BaseExtensionType):
        return _leaves(kind.storage_type)
    if pat.is_dictionary(kind) or not kind.num_fields:
        return 1
    if pat.is_map(kind):
        return _leaves(kind.key_type) + _leaves(kind.item_type)
    return sum(_leaves(kind.field(n).type) for n in range(kind.num_fields))


def _pieces(file: memoryview, chunks: Sequence[Any], leaves: Sequence[int], ids: Sequence[bytes]) -> list[Encoded]:
    found, at = [], 0
    for count, fingerprint in zip(leaves, ids, strict=True):
        described: list[Leaf] = []
        pages: list[tuple[bytes, memoryview]] = []
        for chunk in chunks[at : at + count]:
            leaf, start = encoded_leaf(chunk)
            described.append(leaf)
            pages += _pages(file[start : start + leaf.size])
        found.append(Encoded(fingerprint, tuple(described), tuple(pages)))
        at += count
    return found


def _pages(chunk: memoryview) -> list[tuple[bytes, memoryview]]:
    """A chunk cut at its pages: each is a header that says how long what follows is."""
    found, at = [], 0
    while at < len(chunk):
        header, after = thrift.read_struct(chunk, at)
        end = after + int(header[3][1])
        found.append((short_hash(chunk[at:end]), chunk[at:end]))
        at = end
    return found
