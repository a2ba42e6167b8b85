"""Read a version: its Parquet file, which exists only as spans of packs, for whatever can read Parquet."""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate
from typing import IO, Any

import pyarrow as pa

from e2e_lab.errors import Damaged
from e2e_lab.project import Project
from e2e_lab.storage.store.footer import MAGIC
from e2e_lab.storage.store.manifest import Manifest, read_manifest
from e2e_lab.storage.store.packs import Packs, Span


class Replaced(Exception):
    """The version was saved anew, encoded otherwise, while it was read: it has to be read from its beginning."""


class VersionFile(io.RawIOBase):
    """The Parquet file of a version, to read. Every page is checked before it is handed out."""

    def __init__(self, project: Project, manifest: Manifest, packs: Packs | None = None) -> None:
        super().__init__()
        self._project = project
        self._manifest = manifest
        self._packs = packs or Packs(project)
        self._lay_out(manifest.layout)
        footer = manifest.footer + len(manifest.footer).to_bytes(4, "little") + MAGIC
        self._head, self._tail = pa.py_buffer(MAGIC), pa.py_buffer(footer)
        self._size = self._starts[-1] + len(footer)
        self._at = 0

    def _lay_out(self, spans: list[Span]) -> None:
        self._spans = spans
        self._starts = list(accumulate([len(MAGIC), *(span.length for span in spans)], initial=0))

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + (0 if whence == io.SEEK_SET else self._at if whence == io.SEEK_CUR else self._size)
        return self._at

    def size(self) -> int:
        """The length of the file in bytes."""
        return self._size

    def read(self, size: int | None = -1) -> bytes:
        return bytes(self.read_buffer(size))

    def read_buffer(self, size: int | None = -1) -> pa.Buffer:
        """The next *size* bytes, without a copy where they lie together; pyarrow asks for this rather than read."""
        left = self._size - self._at
        wanted = left if size is None or size < 0 else min(size, max(left, 0))
        parts = self._wanted(self._at, self._at + wanted) if wanted > 0 else []
        self._at += max(wanted, 0)
        if len(parts) == 1:
            return parts[0]
        return pa.py_buffer(b"".join(parts))

    @property
    def footer(self) -> pa.Buffer:
        """A file that has this one's footer and no pages."""
        return pa.py_buffer(MAGIC + self._tail.to_pybytes())

    def again(self) -> VersionFile:
        """The same file, opened once more, over the same packs."""
        return VersionFile(self._project, self._manifest, self._packs)

    def copy_to(self, target: IO[bytes], columns: Collection[int]) -> None:
        """Write the file to *target*, a new one, with a hole in the place of every page of other columns."""
        target.write(MAGIC)
        start = len(MAGIC)
        for place, spans in enumerate(self._manifest.spans):
            length = sum(span.length for span in spans)
            if place % self._manifest.columns in columns:
                self.seek(start)
                target.seek(start)
                target.write(self.read_buffer(length))
            start += length
        target.seek(start)
        target.write(self._tail)

    def check(self, place: int) -> None:
        """Check the pages of the span at *place*; :class:`Damaged`."""
        span = self._spans[place]
        self._packs[span.pack].check(span.offset, span.length)

    def _wanted(self, start: int, end: int) -> list[pa.Buffer]:
        try:
            return list(self._parts(start, end))
        except Damaged:
            moved = moved_since(self._project, self._manifest.id, self._spans)
            if moved is None:
                raise
            if not moved.same_file(self._manifest):
                raise Replaced from None
            self._lay_out(moved.layout)
            return self._wanted(start, end)

    def _parts(self, start: int, end: int) -> Iterator[pa.Buffer]:
        place = bisect_right(self._starts, start) - 1
        while start < end:
            first = self._starts[place]
            stop = min(end, self._starts[place + 1] if place + 1 < len(self._starts) else self._size)
            if stop > start:
                yield self._part(place, start - first, stop - start)
            start, place = max(start, stop), place + 1

    def _part(self, place: int, offset: int, length: int) -> pa.Buffer:
        if place == 0:
            return self._head.slice(offset, length)
        if place > len(self._spans):
            return self._tail.slice(offset, length)
        span = self._spans[place - 1]
        return self._packs[span.pack].read(span.offset + offset, length)


def moved_since(project: Project, snapshot_id: str, spans: Sequence[Span]) -> Manifest | None:
    """The manifest of a version of which pages were moved to other packs since *spans* were read; None where not.

    Raises :class:`VersionNotFound` where the version has gone meanwhile.
    """
    try:
        now = read_manifest(project, snapshot_id)
    except Damaged:
        return None
    return now if now.layout != spans else None


@contextmanager
def damage(what: str) -> Iterator[None]:
    """Turn what a reader says of bytes it cannot read into :class:`Damaged`."""
    try:
        yield
    except Replaced as problem:
        raise Damaged(f"{what} was saved anew while it was read.", hint="load it again") from problem
    except (pa.ArrowException, OSError, ValueError, KeyError) as problem:
        if isinstance(problem.__context__, Damaged):
            raise problem.__context__ from None
        said = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
        raise Damaged(f"{what} cannot be read: {said}", hint="e2e verify") from problem


def extras_of(project: Project, manifest: Manifest) -> dict[str, pa.Array]:
    """The arrays that a version's form speaks of."""
    span = manifest.extras_span
    content: Any = manifest.extras
    if span is None and not content:
        return {}
    if span is not None:
        content = Packs(project)[span.pack].read(span.offset, span.length)
    found = pa.ipc.open_stream(content).read_all()
    return {name: found.column(name)[0].values for name in found.column_names}


def packed(extras: Any) -> bytes:
    """Arrays of different lengths as an Arrow stream: one row, in which each is a list."""
    sink = pa.BufferOutputStream()
    table = pa.table({name: pa.LargeListArray.from_arrays([0, len(array)], array) for name, array in extras.items()})
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue())
