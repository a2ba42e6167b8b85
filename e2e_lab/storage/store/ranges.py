"""Where rows are cut into ranges, so that the next version of a table shares most of them.

Cuts follow the content: a range ends before a row whose anchor columns hash below a threshold, so that rows which are
added or deleted move the cuts beside them and no others (content-defined chunking, on rows in place of bytes).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat
from numpy.typing import NDArray

from e2e_lab.storage.identity import Content
from e2e_lab.storage.parquet import is_text
from e2e_lab.storage.store.manifest import Cut

COLUMN_BYTES = 3 << 19  # 1.5 MB: smaller pieces make loads slower, larger ones make edits dearer
LEAST, MOST = 1 << 10, 1 << 17
SPOTS, SPOT = 5, 4096
HITS = 4  # rows at which a cut may be, in as many rows as a range has at least: one in 50 ranges finds none
STEP = 1 << 13  # rows that are hashed at once: they stay near
CANDIDATES = 100  # columns that are looked at
UNIQUE = 0.9  # of the sampled rows so many differ: enough to tell rows apart where cuts are looked for

Hashes = NDArray[np.uint64]


def target_rows(rows: int, columns: int, size: int) -> int:
    """How many rows a range has at least: about 1.5 MB in a column of average width, as a power of two.

    >>> target_rows(4_000_000, 15, 600_000_000), target_rows(1_000_000, 10, 20_000_000_000)
    (131072, 1024)
    """
    width = max(size / max(rows * columns, 1), 1.0)
    return int(np.clip(2 ** int(np.log2(COLUMN_BYTES / width)), LEAST, MOST)) if width < COLUMN_BYTES else LEAST


def cut(content: Content, parent: Cut | None = None) -> Cut:
    """The ranges of a table: those of the *parent* where it has as many rows, else cut by content."""
    if parent is not None and parent.ranges[-1] == content.lying.num_rows:
        return parent
    plan = planned(content.table, parent)
    return Cut(tuple(found_ranges(content.table, plan, final=True)), plan.anchors, plan.target)


def planned(table: pa.Table, parent: Cut | None = None, *, longest: int | None = None) -> Cut:
    """By which columns to cut, and at how many rows to aim: as the *parent* does, where that fits *table*.

    Of a stream, *table* is the first part, and no range takes more bytes than the *longest*.
    """
    target = target_rows(table.num_rows, table.num_columns, table.nbytes)
    while longest is not None and target > 1 and 2 * target * table.nbytes > longest * max(table.num_rows, 1):
        target //= 2
    if parent is not None and target / 2 <= parent.target <= target * (2 if longest is None else 1):
        target = parent.target
    if parent is not None and parent.anchors and _usable(table, parent.anchors):
        return Cut((0,), parent.anchors, target)
    return Cut((0,), anchors(table), target)


def _usable(table: pa.Table, names: Sequence[str]) -> bool:
    return all(table.schema.names.count(name) == 1 and _hashable(table.schema.field(name).type) for name in names)


def found_ranges(table: pa.Table, plan: Cut, *, final: bool) -> list[int]:
    """The first row of each range, from 0 on, and the number of rows where the table ends here (*final*).

    Where it goes on, the last range that is sure ends with the last number: what follows may move later cuts only.
    """
    rows, least = table.num_rows, plan.target
    found = [0]
    while rows - found[-1] > (least if final else 2 * least):
        found.append(_next(table, plan, found[-1] + least, min(found[-1] + 2 * least, rows)))
        if found[-1] == rows:
            return found
    return [*found, rows] if final and rows else found


def _next(table: pa.Table, plan: Cut, first: int, last: int) -> int:
    if not plan.anchors:
        return first
    threshold = np.uint64(min((1 << 64) * HITS // plan.target, (1 << 64) - 1))
    for start in range(first, last, STEP):
        hits = np.flatnonzero(row_hashes(table, plan.anchors, start, min(STEP, last - start)) < threshold)
        if len(hits):
            return start + int(hits[0])
    return last


# ---- anchors -------------------------------------------------------------------------------------------------


def anchors(table: pa.Table) -> tuple[str, ...]:
    """Up to three columns that together tell rows apart; whole numbers and times before others, text last."""
    rows = table.num_rows
    if rows <= LEAST:
        return ()
    starts = sorted({int(start) for start in np.linspace(0, max(0, rows - SPOT), SPOTS)})

    @cache
    def bits(name: str) -> Hashes:
        column = table.column(name)
        return np.concatenate([_bits(column.slice(start, min(SPOT, rows - start))) for start in starts])

    def sampled(names: Sequence[str]) -> float:
        hashes = np.sort(_joined([bits(name) for name in names]))
        return (1 + np.count_nonzero(hashes[1:] != hashes[:-1])) / len(hashes)

    times = Counter(table.schema.names)
    kinds = {f.name: f.type for f in table.schema if times[f.name] == 1 and _hashable(f.type)}
    few = dict(list(kinds.items())[:CANDIDATES])
    share: dict[str, float] = {}
    for rank in sorted(set(map(_rank, few.values()))):  # where one of these is enough by itself, no other is looked at
        share |= {name: sampled([name]) for name, kind in few.items() if _rank(kind) == rank}
        if max(share.values()) >= UNIQUE:
            break
    order = sorted(share, key=lambda name: (share[name] < UNIQUE, _rank(kinds[name]), -share[name]))
    if order and share[order[0]] < UNIQUE:
        order.sort(key=lambda name: (pat.is_floating(kinds[name]), -share[name]))
    chosen: list[str] = []
    best = 0.0
    for name in order:
        joint = sampled([*chosen, name])
        if joint > best:
            chosen, best = [*chosen, name], joint
        if best >= UNIQUE or len(chosen) == 3:
            break
    return tuple(chosen) if best > 0.001 else ()


def _hashable(kind: pa.DataType) -> bool:
    return bool(pat.is_integer(kind) or pat.is_floating(kind) or pat.is_temporal(kind) or is_text(kind)) and not (
        pat.is_float16(kind) or pat.is_interval(kind)
    )


def _rank(kind: pa.DataType) -> int:
    return 2 if is_text(kind) else 1 if pat.is_floating(kind) else 0


def row_hashes(table: pa.Table, names: Sequence[str], start: int, length: int) -> Hashes:
    """A hash of 64 bits for each of *length* rows from *start* on, of the columns of these names."""
    return _joined([_bits(table.column(name).slice(start, length)) for name in names])


def _joined(columns: Sequence[Hashes]) -> Hashes:
    """One hash for each row of the bits of its values."""
    found = np.zeros(len(columns[0]), np.uint64)
    for bits in columns:
        found *= np.uint64(0x100000001B3)
        found ^= _mixed(bits)
    return _mixed(found)


def _mixed(bits: Hashes) -> Hashes:
    """Each number's bits spread over all 64 (the finaliser of splitmix64)."""
    bits = bits + np.uint64(0x9E3779B97F4A7C15)
    bits ^= bits >> np.uint64(30)
    bits *= np.uint64(0xBF58476D1CE4E5B9)
    bits ^= bits >> np.uint64(27)
    bits *= np.uint64(0x94D049BB133111EB)
    bits ^= bits >> np.uint64(31)
    return bits


def _bits(column: pa.ChunkedArray) -> Hashes:
    if is_text(column.type):
        return np.concatenate([np.zeros(0, np.uint64), *(_text_bits(chunk) for chunk in column.chunks)])
    return np.concatenate([np.zeros(0, np.uint64), *(_number_bits(chunk) for chunk in column.chunks)])


def _number_bits(array: pa.Array) -> Hashes:
    width = array.type.bit_width // 8
    values: NDArray[Any] = np.frombuffer(
        array.buffers()[1], f"u{width}", count=len(array), offset=array.offset * width
    ).astype(np.uint64)
    if array.null_count:
        values[~_valid(array)] = 0
    return values


def _valid(array: pa.Array) -> NDArray[np.bool_]:
    return np.asarray(array.is_valid().to_numpy(zero_copy_only=False), bool)


def _text_bits(array: pa.Array) -> Hashes:
    """Of each text its length, and its first and last eight bytes: identifiers differ in these."""
    wide = array.cast(pa.large_string()) if pat.is_string(array.type) else array
    if wide.null_count:
        wide = pc.fill_null(wide, "")
    offsets = np.frombuffer(wide.buffers()[1], np.int64, count=len(wide) + 1, offset=wide.offset * 8)
    data = np.frombuffer(wide.buffers()[2] or b"", np.uint8)
    lengths = np.diff(offsets)
    found = lengths.astype(np.uint64)
    for places in _ends(offsets, lengths):
        part = np.where(places[1], data[np.minimum(places[0], max(len(data) - 1, 0))] if len(data) else 0, 0)
        found = found * np.uint64(0x100000001B3) ^ part.astype(np.uint64)
    return found


def _ends(offsets: NDArray[np.int64], lengths: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], Any]]:
    for n in range(8):
        yield offsets[:-1] + n, lengths > n
        yield np.maximum(offsets[1:] - 1 - n, 0), lengths > n + 8
