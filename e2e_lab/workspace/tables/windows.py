"""Windows of a version's rows, quick at any offset.

Rows are read a block at a time and the last blocks are kept, a column each, so that scrolling reads the store only
where it comes to a new block. Content ids never change their content, so that nothing kept here can be stale.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.types as pat

from e2e_lab import storage
from e2e_lab.errors import E2EError, UsageError, closest
from e2e_lab.project import Project
from e2e_lab.records import Column, Snapshot
from e2e_lab.records.panels import Cell, GridColumn, Rows
from e2e_lab.workspace.tables.cells import cells, kind_of

BLOCK_CELLS = 1 << 19
MOST_CELLS = 200_000
"""In one answer."""
KEPT_BYTES = 64_000_000
AT_ONCE = 32
"""Columns that are read together: the store decodes whole ranges of up to a quarter of a million rows."""

Key = tuple[str, int, int]
"""A snapshot's id, a column's position, a block's number."""


@dataclass
class Blocks:
    """The blocks that were read last, up to *most* bytes."""

    most: int = KEPT_BYTES
    _kept: OrderedDict[Key, pa.ChunkedArray] = field(default_factory=OrderedDict)
    _bytes: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, keys: Sequence[Key]) -> dict[Key, pa.ChunkedArray]:
        """Those of *keys* that are kept."""
        with self._lock:
            found = {key: self._kept[key] for key in keys if key in self._kept}
            for key in found:
                self._kept.move_to_end(key)
        return found

    def keep(self, read: dict[Key, pa.ChunkedArray]) -> None:
        """Keep these too, and let go of those that nobody has looked at for longest."""
        with self._lock:
            for key, block in read.items():
                if key not in self._kept:
                    self._kept[key] = block
                    self._bytes += block.nbytes
            while self._bytes > self.most and len(self._kept) > 1:
                _, gone = self._kept.popitem(last=False)
                self._bytes -= gone.nbytes


_blocks = Blocks()


def answer(project: Project, version: Snapshot, words: dict[str, Any], cancelled: Callable[[], bool]) -> Rows:
    """The rows from ``offset`` on, at most ``limit``, of ``columns`` (all where none is named)."""
    wanted = positions(version, words["columns"])
    offset = min(words["offset"], version.rows)
    stop = min(offset + words["limit"], version.rows)
    if (stop - offset) * len(wanted) > MOST_CELLS:
        fewer = max(1, MOST_CELLS // len(wanted))
        raise UsageError(
            f"{stop - offset:,} rows of {len(wanted):,} columns are more than {MOST_CELLS:,} cells.",
            hint=f"limit={fewer}" if len(wanted) <= MOST_CELLS else f"column={version.schema[0].name}",
        )
    found: dict[int, list[Cell]] = {position: [] for position in wanted}
    rows = _rows_of(version)
    for number in range(offset // rows, -(-stop // rows)):
        start, end = max(offset - number * rows, 0), min(stop - number * rows, rows)
        for few in _batches(wanted):
            if cancelled():
                raise E2EError("Nobody waits for these rows any more.")
            for position, block in _block(project, version, few, number).items():
                found[position] += [value for chunk in block.slice(start, end - start).chunks for value in cells(chunk)]
    return Rows(
        ref=version.ref, id=version.id, total=version.rows, offset=offset,
        columns=tuple(grid_column(version.schema[position]) for position in wanted),
        cells=tuple(tuple(found[position]) for position in wanted),
    )  # fmt: skip


def _rows_of(version: Snapshot) -> int:
    """How many rows a block of this version has: few, so that most lie in one range of the store."""
    return max(1 << 10, min(1 << 13, BLOCK_CELLS // max(len(version.schema), 1)))


def _batches(wanted: Sequence[int]) -> Iterator[Sequence[int]]:
    for first in range(0, len(wanted), AT_ONCE):
        yield wanted[first : first + AT_ONCE]


def _block(project: Project, version: Snapshot, wanted: Sequence[int], number: int) -> dict[int, pa.ChunkedArray]:
    """A block of each column, read at once where any is missing."""
    keys = {position: (version.id, position, number) for position in wanted}
    found = _blocks.take(list(keys.values()))
    missing = [position for position in wanted if keys[position] not in found]
    if missing:
        names = list(dict.fromkeys(version.schema[position].name for position in missing))
        rows = _rows_of(version)
        table = storage.window(project, version, columns=names, offset=number * rows, limit=rows)
        places = _places(version, names)
        read = {keys[p]: pa.chunked_array([_copied(table.column(places[p]))]) for p in missing}
        _blocks.keep(read)
        found |= read
    return {position: found[key] for position, key in keys.items()}


def _places(version: Snapshot, names: Sequence[str]) -> dict[int, int]:
    """Where each position of the schema stands in a table read by *names*; a name may stand for several columns."""
    read = [p for name in names for p, column in enumerate(version.schema) if column.name == name]
    return {position: place for place, position in enumerate(read)}


def _copied(column: pa.ChunkedArray) -> pa.Array:
    """One array that holds no more than it shows; a slice would hold the whole range that it was read from."""
    parts = [_plain(chunk) for chunk in column.chunks] or [_plain(pa.array([], column.type))]
    return pa.concat_arrays([*parts, parts[0].slice(0, 0)])


def grid_column(column: Column) -> GridColumn:
    """How a column is shown in a grid."""
    return GridColumn(name=column.name, type=column.type, kind=kind_of(column.type), index=column.index)


def positions(version: Snapshot, names: Sequence[str]) -> list[int]:
    """The places of the columns *names* in the schema, index levels first where none is named."""
    if not names:
        places = range(len(version.schema))
        return sorted(places, key=lambda place: not version.schema[place].index)
    known = [column.name for column in version.schema]
    for name in names:
        if name not in known:
            meant = closest(name, known)
            said = f" Did you mean {meant}?" if meant else ""
            raise UsageError(f"{version.ref} has no column {name!r}.{said}", hint=f"column={meant or known[0]}")
    return [place for name in dict.fromkeys(names) for place, one in enumerate(known) if one == name]


def read_column(project: Project, version: Snapshot, position: int) -> pa.ChunkedArray:
    """A whole column from the store; dictionaries and extensions as the values they stand for."""
    name = version.schema[position].name
    same = [place for place, column in enumerate(version.schema) if column.name == name]
    table = storage.load(project, version, columns=[name], kind="arrow")
    column = table.column(same.index(position))
    return pa.chunked_array([_plain(chunk) for chunk in column.chunks], _plain(pa.array([], column.type)).type)


def _plain(chunk: pa.Array) -> pa.Array:
    while True:
        if isinstance(chunk.type, pa.BaseExtensionType):
            chunk = chunk.storage
        elif pat.is_dictionary(chunk.type):
            chunk = chunk.dictionary_decode()
        else:
            return chunk
