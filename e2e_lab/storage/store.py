"""The door of the store: :func:`put` content under its id, :func:`find` it again, exactly as it was.

Behind the door there is now one whole, immutable Parquet file for each id:

    .e2e/store/snapshots/ID/table.parquet   columns, and as key-value metadata the Arrow schema, form and extras
    .e2e/store/snapshots/ID/manifest.json   how many bytes, and their BLAKE3 (of the whole, and of the footer alone)

A snapshot folder is written beside its place, synced, and renamed into it, so it is there whole or not at all.
"""

from __future__ import annotations

import base64
import errno
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pyarrow.types as pat
from blake3 import blake3

from e2e_lab.errors import Damaged, UsageError
from e2e_lab.project import Project, sync_folder, writing
from e2e_lab.records import FORMAT
from e2e_lab.storage.identity import Content
from e2e_lab.storage.manifests import MANIFEST, TABLE, check_bytes, hash_of, intact, manifest_of, place_of, stored_bytes
from e2e_lab.storage.parquet import from_parquet, repeating, to_parquet

STALE_SECONDS = 86_400
ROW_GROUP = 1 << 20
WRITE_BATCH = 1 << 13


@dataclass(frozen=True)
class Stored:
    """Content that lies in the store; *nulls* counts each column's nulls, *nans* says if NaN is beside them."""

    path: Path
    schema: pa.Schema
    form: dict[str, Any]
    extras: dict[str, pa.Array]
    rows: int
    nulls: tuple[int, ...]
    nans: tuple[bool, ...]
    whole: str

    @property
    def visible(self) -> int:
        """How many columns the user has."""
        return len(self.schema) - int(self.form.get("hidden", 0))

    @property
    def physical(self) -> pa.Schema:
        """Names and types as they are in the file, which is what a filter speaks of."""
        return self._dataset().schema

    def read(
        self, columns: Sequence[int] | None = None, *, where: pc.Expression | None = None, sample: int | None = None
    ) -> pa.Table:
        """The columns at these positions with their exact schema; only rows that fit *where*; of these *sample* rows.

        A whole read checks the file against its hash, a part of it only the pages that are read.
        """
        wanted = list(range(len(self.schema))) if columns is None else list(columns)
        with damage(self.path):
            if where is None and sample is None and wanted:
                found = self._columns(wanted)
            else:
                found = self._read(wanted, where, sample)
            schema = pa.schema([self.schema.field(i) for i in wanted], self.schema.metadata)
            rows = found.num_rows
            return from_parquet(found.columns if wanted else (), schema, rows)

    def _columns(self, wanted: list[int]) -> pa.Table:
        whole = len(set(wanted)) == len(self.schema)
        with ThreadPoolExecutor(1) as beside:  # hashing waits for no one, and no one for it
            checked = beside.submit(check_bytes, self.path, self.whole) if whole else None
            with pq.ParquetFile(self.path, pre_buffer=True, page_checksum_verification=not whole) as file:
                names = [file.schema_arrow.names[i] for i in wanted]
                found = file.read(columns=None if whole else names)
            if checked:
                checked.result()
        return found.select(names)

    def _dataset(self) -> ds.FileSystemDataset:
        options = ds.ParquetFragmentScanOptions(page_checksum_verification=True, pre_buffer=True)
        return ds.dataset(self.path, format=ds.ParquetFileFormat(default_fragment_scan_options=options))

    def _read(self, wanted: list[int], where: pc.Expression | None, sample: int | None) -> pa.Table:
        dataset = self._dataset()
        names = [dataset.schema.names[i] for i in wanted] or dataset.schema.names[:1]
        projection = {str(place): pc.field(name) for place, name in enumerate(names)}
        try:
            scanner = dataset.scanner(columns=projection, filter=where)
            total = dataset.count_rows(filter=where) if sample is not None else 0
            if sample is None or sample >= total:
                return scanner.to_table()
            return _picked(scanner, _sample(total, sample))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as problem:
            if where is None:
                raise
            check_bytes(self.path, self.whole)  # damaged bytes are no fault of the condition
            raise UsageError(f"where= does not fit the columns: {str(problem).splitlines()[0]}.") from None


def put(project: Project, snapshot_id: Future[str], content: Content) -> int:
    """Store *content* under its id; how many bytes that added (0 where it lies there, intact, already).

    An id that is still being worked out is waited for when the table is written.
    """
    if snapshot_id.done() and intact(place_of(project, snapshot_id.result())):
        return 0
    folder = place_of(project, "any").parent
    _drop_stale(folder)
    temporary = folder / f".{os.getpid()}.{secrets.token_hex(4)}.tmp"
    with writing(folder):
        temporary.mkdir(parents=True)
        try:
            written = _write(temporary / TABLE, content)
            _describe(temporary, snapshot_id.result(), content.table.num_rows, written)
            moved = _move(temporary, place_of(project, snapshot_id.result()))
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        sync_folder(folder)
    return stored_bytes(project, snapshot_id.result()) if moved else 0


def find(project: Project, snapshot_id: str) -> Stored:
    """What lies in the store under this id; :class:`VersionNotFound` or :class:`Damaged`."""
    place = place_of(project, snapshot_id)
    manifest = manifest_of(place)
    path = place / TABLE
    with damage(path):
        footer = _tail(path, manifest["footer"]["bytes"])
        if path.stat().st_size != manifest["bytes"] or _hash(footer) != manifest["footer"]["blake3"]:
            raise Damaged(f"{path} is not what was stored.")
        kept = pq.read_metadata(path).metadata
        extras = pa.ipc.open_stream(base64.b64decode(kept[b"e2e_lab.extras"])).read_all()
        counts = json.loads(kept[b"e2e_lab.counts"])
        return Stored(
            path=path,
            schema=pa.ipc.read_schema(pa.BufferReader(base64.b64decode(kept[b"e2e_lab.schema"]))),
            form=json.loads(kept[b"e2e_lab.form"]),
            extras={name: extras.column(name)[0].values for name in extras.column_names},
            rows=counts["rows"],
            nulls=tuple(counts["nulls"]),
            nans=tuple(counts["nans"]),
            whole=manifest["blake3"],
        )


# ---- writing -------------------------------------------------------------------------------------------------


def _write(path: Path, content: Content) -> str:
    """Write the table, synced; the hash of its bytes."""
    physical = to_parquet(content.table)
    dictionaries = repeating(physical)
    with open(path, "xb") as file:
        with pq.ParquetWriter(
            file,
            physical.schema,
            compression="zstd",
            compression_level=1,
            use_dictionary=dictionaries,
            column_encoding=_deltas(physical, dictionaries),
            write_statistics=_worth_statistics(physical),
            write_batch_size=WRITE_BATCH,
            write_page_checksum=True,
            use_compliant_nested_type=False,
        ) as writer:
            writer.write_table(physical, row_group_size=ROW_GROUP)
            writer.add_key_value_metadata(_kept(content))
        file.flush()
        digest = hash_of(path)  # of what the system was handed, before anything else can have changed it
        os.fsync(file.fileno())
    return digest


def _describe(folder: Path, snapshot_id: str, rows: int, digest: str) -> None:
    footer = _tail(folder / TABLE, None)
    manifest = {
        "format": FORMAT,
        "id": snapshot_id,
        "rows": rows,
        "bytes": (folder / TABLE).stat().st_size,
        "blake3": digest,
        "footer": {"bytes": len(footer), "blake3": _hash(footer)},
    }
    with open(folder / MANIFEST, "xb") as file:
        file.write(json.dumps(manifest, indent=1).encode())
        file.flush()
        os.fsync(file.fileno())
    sync_folder(folder)


def _deltas(table: pa.Table, dictionaries: list[str]) -> dict[str, str] | None:
    """Whole numbers and times that do not repeat are kept as differences: half the time, and less space."""
    whole = [f.name for f in table.schema if pat.is_integer(f.type) or pat.is_temporal(f.type)]
    return {name: "DELTA_BINARY_PACKED" for name in whole if name not in dictionaries} or None


def _worth_statistics(table: pa.Table) -> list[str] | bool:
    """Numbers and times, by which a filter passes over whole row groups; a fifth of the time for text, for no use."""
    if table.num_rows <= ROW_GROUP:
        return False
    return [f.name for f in table.schema if pat.is_primitive(f.type)] or False


def _kept(content: Content) -> dict[str, str]:
    counts = {
        "rows": content.table.num_rows,
        "nulls": [column.null_count for column in content.table.columns],
        "nans": [_has_nan_and_null(column) for column in content.table.columns],
    }
    return {
        "e2e_lab.schema": base64.b64encode(content.table.schema.serialize()).decode(),
        "e2e_lab.form": json.dumps(content.form),
        "e2e_lab.extras": base64.b64encode(_packed(content.extras)).decode(),
        "e2e_lab.counts": json.dumps(counts),
    }


def _packed(extras: Any) -> bytes:
    """Arrays of different lengths as an Arrow stream: one row, in which each is a list."""
    sink = pa.BufferOutputStream()
    table = pa.table({name: pa.LargeListArray.from_arrays([0, len(array)], array) for name, array in extras.items()})
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue())


def _has_nan_and_null(column: pa.ChunkedArray) -> bool:
    if not column.null_count or not pat.is_floating(column.type):
        return False
    return bool(pc.any(pc.is_nan(column)).as_py())


def _move(temporary: Path, place: Path) -> bool:
    """Put the folder in its place; False where the same lies there."""
    if intact(place):
        return False
    try:
        temporary.rename(place)
    except OSError as problem:
        if problem.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        if intact(place):  # another process was quicker
            return False
        aside = temporary.with_suffix(".damaged.tmp")
        place.rename(aside)
        temporary.rename(place)
        shutil.rmtree(aside, ignore_errors=True)
    return True


def _drop_stale(folder: Path) -> None:
    """Remove what writers that were killed left behind."""
    before = time.time() - STALE_SECONDS
    try:
        unfinished = [path for path in folder.glob(".*.tmp") if path.stat().st_mtime < before]
    except OSError:
        return
    for path in unfinished:
        shutil.rmtree(path, ignore_errors=True)


# ---- reading -------------------------------------------------------------------------------------------------


def _hash(content: bytes) -> str:
    return str(blake3(content).hexdigest())


def _tail(path: Path, length: int | None) -> bytes:
    """The last *length* bytes; by default the footer with its length and magic (Parquet's file layout)."""
    with open(path, "rb") as file:
        if length is None:
            file.seek(-8, os.SEEK_END)
            length = int.from_bytes(file.read(4), "little") + 8
        file.seek(-length, os.SEEK_END)
        return file.read(length)


@contextmanager
def damage(path: Path) -> Iterator[None]:
    """Turn what a reader says of bytes it cannot read into :class:`Damaged`."""
    try:
        yield
    except (pa.ArrowException, OSError, ValueError, KeyError) as problem:
        said = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
        raise Damaged(f"{path} cannot be read: {said}", hint="snapshot the same data again") from problem


def _sample(total: int, rows: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Row numbers in order, the same every time: numpy promises that RandomState's stream stays as it is."""
    return np.sort(np.random.RandomState(0).permutation(total)[:rows])


def _picked(scanner: ds.Scanner, rows: np.ndarray[Any, np.dtype[np.int64]]) -> pa.Table:
    """Those rows of what *scanner* yields, never holding more than a batch of the others."""
    parts, start = [], 0
    for batch in scanner.to_batches():
        first, last = np.searchsorted(rows, [start, start + batch.num_rows])
        parts.append(batch.take(pa.array(rows[first:last] - start)))
        start += batch.num_rows
    return pa.Table.from_batches(parts, scanner.projected_schema)
