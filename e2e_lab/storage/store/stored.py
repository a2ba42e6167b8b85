"""A version in the store, to read: whole or in part, with the exact schema it was saved with."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from tempfile import NamedTemporaryFile
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from e2e_lab.errors import Damaged, UsageError, VersionNotFound
from e2e_lab.project import Project, writing
from e2e_lab.storage.parquet import from_parquet
from e2e_lab.storage.store.columns import Columns, first, sample_of
from e2e_lab.storage.store.heads import is_old
from e2e_lab.storage.store.manifest import noted, read_manifest
from e2e_lab.storage.store.one_file import OldVersion, old_version
from e2e_lab.storage.store.reading import Replaced, VersionFile, damage, extras_of, moved_since

COPY_BYTES = 4 << 20


@dataclass(frozen=True)
class Stored:
    """Content that lies in the store; *nulls* counts each column's nulls, *nans* says if NaN is beside them.

    *ranges* are the first row of each row group, and the number of rows.
    """

    project: Project
    id: str
    schema: pa.Schema
    form: Mapping[str, Any]
    extras: Mapping[str, pa.Array]
    ranges: tuple[int, ...]
    nulls: tuple[int, ...]
    nans: tuple[bool, ...]
    size: int
    _source: Any = field(repr=False)

    @property
    def rows(self) -> int:
        """How many rows the table has."""
        return self.ranges[-1]

    @property
    def visible(self) -> int:
        """How many columns the user has."""
        return len(self.schema) - int(self.form.get("hidden", 0))

    @property
    def physical(self) -> pa.Schema:
        """Names and types as they are in the Parquet file, which is what a filter speaks of."""
        with self._damage():
            return self._columns.schema

    @cached_property
    def _columns(self) -> Columns:
        if isinstance(self._source, OldVersion):
            return self._source.columns()
        file = VersionFile(self.project, self._source)
        return Columns(lambda: pa.PythonFile(file.again(), mode="r"), file.footer, self.size)

    def dataset(self, columns: Sequence[int]) -> ds.Dataset:
        """For what reads pyarrow's datasets, like DuckDB: these columns, in a copy on disk that ends with the dataset.

        A copy, since Arrow's threads must not ask Python for bytes; other columns are holes in it.
        """
        with self._damage():
            if self._unchecked:  # its statistics are of floating numbers too, and hide rows with NaN from a filter
                return ds.dataset(self._columns.read(self._names(columns)))
            parquet = ds.ParquetFileFormat()
            fragment = parquet.make_fragment(self._copied(frozenset(columns)))
            return ds.FileSystemDataset([fragment], fragment.physical_schema, parquet)

    def _copied(self, columns: frozenset[int]) -> pa.MemoryMappedFile:
        folder = self.project.home / "cache"
        with suppress(OSError):  # it may not be ours to write to
            folder.mkdir(exist_ok=True)
        with writing(folder), NamedTemporaryFile(dir=folder if os.access(folder, os.W_OK) else None) as copy:
            VersionFile(self.project, self._source).copy_to(copy, columns)
            copy.flush()
            return pa.memory_map(copy.name)  # which outlives the name

    def is_plain(self, columns: Sequence[int]) -> bool:
        """Whether the columns at these positions are in the Parquet file just what they are in the table."""
        physical = self.physical
        same = (self.schema.field(n).equals(physical.field(n)) for n in columns)
        return bool(len(columns)) and not isinstance(self._source, OldVersion) and all(same)

    def copy(self, target: IO[bytes], metadata: Mapping[bytes, bytes]) -> None:
        """Write the version to *target* as one Parquet file with these *metadata* in its footer; pages are copied."""
        with self._damage():
            shutil.copyfileobj(VersionFile(self.project, noted(self._source, metadata)), target, COPY_BYTES)

    def read(
        self,
        columns: Sequence[int] | None = None,
        *,
        where: pc.Expression | None = None,
        sample: int | None = None,
        limit: int | None = None,
    ) -> pa.Table:
        """The columns at these positions with their exact schema; only rows that fit *where*; of these *sample* rows.

        Of what is left, the first *limit*. Only what is needed is read, and all that is read is checked.
        """
        wanted = list(range(len(self.schema))) if columns is None else list(columns)
        if where is None and sample is None:
            if not wanted:
                rows = self.rows if limit is None else min(limit, self.rows)
                return from_parquet((), pa.schema([], self.schema.metadata), rows)
            if limit is not None and limit < self.rows:
                return self.rows_at(0, limit, wanted)
        try:
            with self._damage():
                everything = where is None and sample is None
                found = self._all(wanted) if everything else self._some(wanted, where, sample, limit)
        except Damaged as problem:
            if not isinstance(problem.__cause__, Replaced):
                raise
            return find(self.project, self.id).read(wanted, where=where, sample=sample, limit=limit)
        return self._exact(found, wanted)

    def rows_at(self, start: int, length: int, columns: Sequence[int] | None = None) -> pa.Table:
        """*length* rows from *start* on, of the columns at these positions; reads the row groups they lie in."""
        wanted = list(range(len(self.schema))) if columns is None else list(columns)
        start = max(start, 0)
        first = int(np.searchsorted(self.ranges, start, side="right")) - 1
        last = int(np.searchsorted(self.ranges, start + max(length, 0), side="left"))
        groups = list(range(first, min(last, len(self.ranges) - 1)))
        with self._damage():
            found = self._columns.read(self._names(wanted), groups)
            offset = start - self.ranges[groups[0]] if groups else 0
            return self._exact(found.slice(offset, max(length, 0)), wanted)

    def _exact(self, found: pa.Table, wanted: Sequence[int]) -> pa.Table:
        schema = pa.schema([self.schema.field(n) for n in wanted], self.schema.metadata)
        return from_parquet(found.columns if wanted else (), schema, found.num_rows)

    @property
    def _unchecked(self) -> bool:
        """Whether the file's own reads check nothing, so that the pages' checksums have to."""
        return isinstance(self._source, OldVersion)

    def _names(self, wanted: Sequence[int]) -> list[str]:
        """What the file calls these columns; without any, its first, which says how many rows there are."""
        names = self._columns.schema.names
        return [names[n] for n in wanted] or names[:1]

    def _all(self, wanted: Sequence[int]) -> pa.Table:
        if self._unchecked and len(wanted) == len(self.schema):
            self._source.check()
        return self._columns.read(self._names(wanted))

    def _some(
        self, wanted: Sequence[int], where: pc.Expression | None, sample: int | None, limit: int | None
    ) -> pa.Table:
        columns = self._columns
        try:
            picked = iter(columns.all() if where is None else columns.fitting(where, statistics=not self._unchecked))
            if sample is not None:
                picked = sample_of(list(picked), sample)
            chosen = list(picked if limit is None else first(picked, limit))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as problem:
            if where is None:
                raise
            self.check()  # damaged bytes are no fault of the condition
            raise UsageError(f"where= does not fit the columns: {str(problem).splitlines()[0]}.") from None
        return columns.rows_of(self._names(wanted), chosen)

    def check(self) -> None:
        """Read every byte; :class:`Damaged` where one is not what was stored."""
        if isinstance(self._source, OldVersion):
            self._source.check()
            return
        file = VersionFile(self.project, self._source)
        with ThreadPoolExecutor() as pool:
            list(pool.map(file.check, range(len(self._source.layout))))

    def _damage(self) -> AbstractContextManager[None]:
        return damage(f"The version {self.id[:12]}")


def find(project: Project, snapshot_id: str) -> Stored:
    """What lies in the store under this id; :class:`VersionNotFound` or :class:`Damaged`."""
    try:
        manifest = read_manifest(project, snapshot_id)
    except VersionNotFound:
        if not is_old(project, snapshot_id):
            raise
        return _from_old(project, old_version(project, snapshot_id))
    with damage(f"The version {snapshot_id[:12]}"):
        try:
            extras = extras_of(project, manifest)
        except Damaged:
            moved = moved_since(project, snapshot_id, manifest.layout)
            if moved is None:
                raise
            manifest, extras = moved, extras_of(project, moved)
    return Stored(
        project=project,
        id=snapshot_id,
        schema=manifest.schema,
        form=manifest.form,
        extras=extras,
        ranges=manifest.cut.ranges,
        nulls=manifest.nulls,
        nans=manifest.nans,
        size=manifest.file,
        _source=manifest,
    )


def _from_old(project: Project, old: OldVersion) -> Stored:
    return Stored(
        project=project,
        id=old.path.parent.name,
        schema=old.schema,
        form=old.form,
        extras=old.extras,
        ranges=old.ranges,
        nulls=old.nulls,
        nans=old.nans,
        size=old.path.stat().st_size,
        _source=old,
    )
