"""Columns of a Parquet file, read in threads of our own: all rows, or those that fit a condition.

Arrow's own threads get nothing to do that has to do with Python, like asking for the bytes of a file that Python gives,
or letting go of NumPy's memory: they may be at it when the interpreter has begun to end, and the process would hang or
abort.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import accumulate, islice
from threading import local
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pyarrow.types as pat
from numpy.typing import NDArray
from pyarrow import acero

from e2e_lab.storage.identity import THREADS
from e2e_lab.storage.parquet import is_text, leaves_of

THREADS_FROM = 1 << 20  # bytes of a file
COPIED = 1 << 24  # bytes; to copy more takes longer than threads wait for their turns to ask Python
PORTIONS = 2  # of each thread in what is left to read
TEXT_WIDTH = 24
MOST_TEXT = (1 << 31) - 1  # bytes in one array with offsets of 32 bits
CODED_ROWS = 1 << 14  # of a row group; of fewer, to look texts up takes longer than it saves
MANY = 8  # rows to a byte of a compressed dictionary: with fewer, to take it in takes longer than it saves
T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Picked:
    """Rows of a row group, by their places in it; all where *places* is None."""

    group: int
    rows: int
    places: NDArray[np.int64] | None = None

    def some(self, places: NDArray[np.int64]) -> Picked:
        """Of these rows those at *places*."""
        if len(places) == self.rows:
            return self
        return replace(self, rows=len(places), places=places if self.places is None else self.places[places])


@dataclass(frozen=True)
class Columns:
    """A Parquet file of *size* bytes that *open* opens; *footer* is a file that has its footer and nothing else."""

    open: Callable[[], Any]
    footer: pa.Buffer
    size: int
    page_checksums: bool = False

    @cached_property
    def _described(self) -> pq.ParquetFile:
        return pq.ParquetFile(pa.BufferReader(self.footer))

    @cached_property
    def schema(self) -> pa.Schema:
        """Names and types as Parquet has them; pyarrow would make it anew each time."""
        return self._described.schema_arrow

    @cached_property
    def rows(self) -> list[int]:
        """How many rows each row group has."""
        found = self._described.metadata
        return [found.row_group(n).num_rows for n in range(found.num_row_groups)]

    def read(self, names: Sequence[str], groups: Sequence[int] | None = None) -> pa.Table:
        """Whole columns, of all row groups or of some."""
        every = list(range(len(self.rows))) if groups is None else list(groups)
        parts, apart = [list(names)] if names else [], 1
        if names and self.size >= THREADS_FROM:
            parts = self._portions(names) if len(names) > 1 else parts
            apart = max(1, min(len(every), 2 * THREADS // len(parts)))  # of few columns, some rows each
        runs = [every[len(every) * n // apart : len(every) * (n + 1) // apart] for n in range(apart)]
        tasks = [(part, run) for part in parts for run in runs]
        whole = groups is None and len(names) == len(self.schema) and self.size <= COPIED
        opened = _Opened(partial(pa.BufferReader, self.open().read_buffer()) if whole else self.open)
        read = list(self._in_turn(lambda task: self._read(*task, opened), tasks))
        joined = [pa.concat_tables(read[at : at + apart]) for at in range(0, len(read), apart)]
        found = {name: column for part in joined for name, column in zip(part.column_names, part.columns, strict=True)}
        return pa.table([found[name] for name in names], names=list(names))

    def _portions(self, names: Sequence[str]) -> list[list[str]]:
        """*names* in portions, the slowest columns first, and less and less at a time, so that threads end together."""
        costs = self._costs
        left = float(sum(costs[name] for name in names))
        parts: list[list[str]] = []
        room = 0.0
        for name in sorted(names, key=costs.__getitem__, reverse=True):
            if not parts or costs[name] > room:
                parts.append([])
                room = left / (PORTIONS * THREADS)
            parts[-1].append(name)
            room -= costs[name]
            left -= costs[name]
        return parts

    @cached_property
    def _chunks(self) -> dict[str, list[pq.ColumnChunkMetaData]]:
        """What the footer says of each column in the first row group."""
        if not self.rows:
            return {name: [] for name in self.schema.names}
        group = self._described.metadata.row_group(0)
        chunks = (group.column(n) for n in range(group.num_columns))
        return {said.name: list(islice(chunks, leaves_of(said.type))) for said in self.schema}

    @cached_property
    def _costs(self) -> dict[str, int]:
        """What it takes to read each column, by its first row group: its bytes there, and in memory."""
        rows = self.rows[0] if self.rows else 0
        kept = {name: sum(chunk.total_uncompressed_size for chunk in some) for name, some in self._chunks.items()}
        return {said.name: kept[said.name] + rows * _width(said.type) for said in self.schema}

    @cached_property
    def _coded(self) -> list[int]:
        """The texts that are kept by a small dictionary, by the first row group: the numbers of their leaves.

        They are read as codes and looked up afterwards: Parquet's reader would append one text after the other.
        """
        if not self.rows or self.rows[0] < CODED_ROWS:
            return []
        before = accumulate((len(some) for some in self._chunks.values()), initial=0)
        return [
            leaf
            for leaf, said, some in zip(before, self.schema, self._chunks.values(), strict=False)
            if is_text(said.type)
            and some[0].has_dictionary_page
            and MANY * (some[0].data_page_offset - some[0].dictionary_page_offset) <= self.rows[0]
        ]

    def all(self) -> list[Picked]:
        """All rows."""
        return [Picked(group, rows) for group, rows in enumerate(self.rows)]

    def fitting(self, condition: pc.Expression, *, statistics: bool) -> Iterator[Picked]:
        """The rows that fit *condition*, row group by row group; *statistics* may rule groups out."""
        needed = fields_of(condition, self.schema) or self.schema.names[:1]
        place = max(needed, key=len) + "_"  # a name that no column has
        opened = _Opened(self.open)

        def fit(group: int) -> Picked:
            table = self._read(needed, [group], opened)
            numbered = table.append_column(place, pa.array(np.arange(table.num_rows)))
            return Picked(group, table.num_rows).some(_filtered(numbered, condition).column(place).to_numpy())

        groups = self._possible(condition) if statistics else range(len(self.rows))
        return (picked for picked in self._in_turn(fit, groups) if picked.rows)

    def rows_of(self, names: Sequence[str], picked: Sequence[Picked]) -> pa.Table:
        """Those rows of these columns, in order."""
        opened = _Opened(self.open)

        def take(one: Picked) -> pa.Table:
            table = self._read(names, [one.group], opened)
            return table if one.places is None else table.take(pa.array(one.places))

        if len(picked) == 1 and picked[0].places is None:
            return self.read(names, [picked[0].group])
        nothing = pa.schema([self.schema.field(name) for name in names]).empty_table()
        return pa.concat_tables([nothing, *self._in_turn(take, picked)])

    def _read(self, names: Sequence[str], groups: Sequence[int], opened: _Opened) -> pa.Table:
        """Some columns of some row groups, from the file that this thread has *opened*."""
        if opened.file is None:
            opened.file = pq.ParquetFile(
                opened.source(),
                metadata=self._described.metadata,
                read_dictionary=self._coded,
                page_checksum_verification=self.page_checksums,
            )
        table: pa.Table = opened.file.read_row_groups(list(groups), columns=list(names), use_threads=False)
        return pa.table([_looked_up(table.column(name), self.schema.field(name).type) for name in names], list(names))

    def _possible(self, condition: pc.Expression) -> list[int]:
        fragment = ds.ParquetFileFormat().make_fragment(pa.BufferReader(self.footer))
        return [part.row_groups[0].id for part in fragment.split_by_row_group(filter=condition)]

    def _in_turn(self, work: Callable[[T], R], items: Sequence[T]) -> Iterator[R]:
        """What *work* makes of each, in order; a few are worked on ahead."""
        if self.size < THREADS_FROM or len(items) < 2:
            yield from map(work, items)
            return
        ahead: deque[Future[R]] = deque()
        with ThreadPoolExecutor(THREADS) as pool:
            try:
                for item in items:
                    ahead.append(pool.submit(work, item))
                    if len(ahead) > 2 * THREADS:
                        yield ahead.popleft().result()
                while ahead:
                    yield ahead.popleft().result()
            finally:
                for one in ahead:
                    one.cancel()


class _Opened(local):
    """A file that each thread opens for itself."""

    file: pq.ParquetFile | None = None

    def __init__(self, source: Callable[[], Any]) -> None:  # in each thread anew
        self.source = source


def _looked_up(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    """*column* as *kind*, where it was read as codes: in one chunk, as Parquet's reader would have it."""
    if not pat.is_dictionary(column.type) or pat.is_dictionary(kind):  # as the file itself has it
        return column
    entries = [chunk.dictionary.cast(kind) for chunk in column.chunks]
    if len(entries) < 2 or _longest(entries) * len(column) > MOST_TEXT:
        parts = [some.take(chunk.indices) for some, chunk in zip(entries, column.chunks, strict=True)]
        return pa.chunked_array(parts, kind)
    firsts = accumulate(map(len, entries), initial=0)
    codes = [pc.add(chunk.indices, pa.scalar(n, pa.int32())) for n, chunk in zip(firsts, column.chunks, strict=False)]
    return pa.chunked_array([pa.concat_arrays(entries).take(pa.concat_arrays(codes))], kind)


def _longest(texts: Sequence[pa.Array]) -> int:
    return max(pc.max(pc.binary_length(some)).as_py() or 0 for some in texts)


def _width(kind: pa.DataType) -> int:
    """The bytes that a value takes in memory; of text and what is nested a guess, as to how long it takes."""
    return kind.bit_width // 8 if pat.is_primitive(kind) else TEXT_WIDTH


def _filtered(table: pa.Table, condition: pc.Expression) -> pa.Table:
    """What ``table.filter`` gives, in this thread: Arrow's would let go of NumPy's memory when it suits them."""
    steps = [
        acero.Declaration("table_source", acero.TableSourceNodeOptions(table)),
        acero.Declaration("filter", acero.FilterNodeOptions(condition)),
    ]
    return acero.Declaration.from_sequence(steps).to_table(use_threads=False)


def first(picked: Iterator[Picked], limit: int) -> Iterator[Picked]:
    """The first *limit* rows; no more are asked for."""
    for one in picked if limit else ():
        yield one.some(np.arange(min(one.rows, limit)))
        limit -= min(one.rows, limit)
        if not limit:
            return


def sample_of(picked: Sequence[Picked], rows: int) -> Iterator[Picked]:
    """At most *rows* rows in order, the same ones every time: numpy promises that RandomState's stream stays."""
    total = sum(one.rows for one in picked)
    chosen = np.sort(np.random.RandomState(0).permutation(total)[:rows])
    start = 0
    for one in picked:
        low, high = np.searchsorted(chosen, [start, start + one.rows])
        if high > low:
            yield one.some(chosen[low:high] - start)
        start += one.rows


def fields_of(condition: pc.Expression, schema: pa.Schema) -> list[str]:
    """The columns that *condition* speaks of, which are those without which it says nothing; names differ.

    Raises what Arrow raises where it does not fit *schema*.

    >>> fields_of((pc.field("a") > 1) & pc.field("b").is_valid(), pa.schema({"a": "i8", "b": "i8", "c": "i8"}))
    ['a', 'b']
    """
    _bind(condition, list(schema))
    if "FieldPath" in str(condition):  # by place: every column has to stay where it is
        return list(schema.names)

    def among(part: Sequence[str]) -> list[str]:
        without = set(part)
        try:
            _bind(condition, [said for said in schema if said.name not in without])
        except pa.ArrowInvalid:
            half = len(part) // 2
            return list(part) if len(part) == 1 else among(part[:half]) + among(part[half:])
        return []

    return among(schema.names)


def _bind(condition: pc.Expression, fields: Sequence[pa.Field]) -> None:
    ds.dataset(pa.schema(fields).empty_table()).scanner(filter=condition)
