"""Versions out of the store: as a frame of any kind, or as one ordinary Parquet file."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyarrow.types as pat

from e2e_lab.errors import DiskFull, ReadOnly, StorageRefused, UsageError, VersionNotFound, closest
from e2e_lab.project import Project, replacing
from e2e_lab.records import Exported, Snapshot
from e2e_lab.storage import store
from e2e_lab.storage.frames import checked_kind, relation, to_frame
from e2e_lab.storage.identity import Content
from e2e_lab.storage.parquet import to_parquet, unique_names
from e2e_lab.storage.store import ledger

MARK = b"e2e_lab.export"
_COMPARE = {
    "=": pc.equal, "==": pc.equal, "!=": pc.not_equal,
    "<": pc.less, "<=": pc.less_equal, ">": pc.greater, ">=": pc.greater_equal,
}  # fmt: skip

Where: TypeAlias = "pc.Expression | Sequence[tuple[str, str, Any]]"


def load(
    project: Project,
    version: Snapshot,
    *,
    columns: Sequence[str] | None = None,
    where: Where | None = None,
    sample: int | None = None,
    limit: int | None = None,
    kind: str = "pandas",
) -> Any:
    """The table of a version as a frame of *kind* (pandas, polars, arrow, duckdb).

    It comes back equal in the kind it was saved from. *columns* are read in the order given. *where* is a
    :mod:`pyarrow.compute` expression or ``(column, operator, value)`` tuples that must all hold, with operators
    ``= != < <= > >= in`` and ``not in``. *sample* rows are drawn from those that fit, the same ones every time; of
    these, or of all that fit, come the first *limit*. An index that is not 0, 1, 2, … is filtered along. Only what is
    asked for is read; a DuckDB relation of a whole table reads when it is asked.

    Raises :class:`UsageError` for unknown columns or kinds, :class:`VersionNotFound` where the bytes are not on
    this machine, and :class:`Damaged` where they are not what was stored.
    """
    checked_kind(kind)
    for word, rows in (("sample", sample), ("limit", limit)):
        if rows is not None and (isinstance(rows, bool) or not isinstance(rows, int) or rows < 0):
            raise UsageError(f"{word}={rows!r} is no number of rows.", hint=f"e2e load {version.ref} --{word} 1000")
    stored = _found(project, version)
    positions = _positions(stored, version, columns, kind)
    condition = _condition(stored, version, where)
    if kind == "duckdb" and condition is None and sample is None and limit is None and stored.is_plain(positions):
        dataset = stored.dataset(positions)
        return relation(dataset, [dataset.schema.names[n] for n in positions])
    try:
        table = stored.read(positions, where=condition, sample=sample, limit=limit)
    except VersionNotFound:  # taken away while it was read
        raise ledger.not_here(project, version) from None
    return to_frame(
        Content(table, stored.form, stored.extras),
        kind,
        positions=positions,
        counts={n: (count > 0, nan) for n, (count, nan) in enumerate(zip(stored.nulls, stored.nans, strict=True))},
        whole=table.num_rows == stored.rows,
    )


def window(
    project: Project, version: Snapshot, *, columns: Sequence[str] | None = None, offset: int = 0, limit: int = 100
) -> pa.Table:
    """At most *limit* rows of a version from row *offset* on, as an Arrow table; quick at any offset.

    Only the ranges that the rows lie in are read. Raises as :func:`load` does.
    """
    stored = _found(project, version)
    start = min(offset, stored.rows)
    return stored.rows_at(start, min(limit, stored.rows - start), _positions(stored, version, columns, "arrow"))


def _found(project: Project, version: Snapshot) -> store.Stored:
    try:
        return store.find(project, version.id)
    except VersionNotFound:
        raise ledger.not_here(project, version) from None


def _positions(stored: store.Stored, version: Snapshot, columns: Sequence[str] | None, kind: str) -> list[int]:
    """The places of what is to be read: the user's columns, for pandas with index and hidden columns after them."""
    names = stored.schema.names[: stored.visible]
    form = stored.form.get("pandas", {})
    index = form.get("index", {}).get("at", []) if kind == "pandas" else []
    if columns is None:
        chosen = [n for n in range(stored.visible) if n not in index]
    else:
        wanted = [columns] if isinstance(columns, str) else [str(column) for column in columns]
        places: dict[str, list[int]] = {}
        for n, name in enumerate(names):
            places.setdefault(name, []).append(n)
        for column in wanted:
            _known(column, places, version)
        chosen = [n for column in dict.fromkeys(wanted) for n in places[column] if n not in index]
    if kind != "pandas":
        return chosen
    codecs = form.get("dtypes", {})
    needed = [*chosen, *index]
    return [*needed, *(codecs[str(n)]["nulls"] for n in needed if "nulls" in codecs.get(str(n), {}))]


def _known(column: str, names: Collection[str], version: Snapshot) -> None:
    if column not in names:
        meant = closest(column, names)
        listed = list(names)
        said = ", ".join(listed[:20]) + (", …" if len(listed) > 20 else "")
        raise UsageError(
            f"{version.ref} has no column {column!r}. It has: {said}.",
            hint=f'columns=["{meant}"]' if meant else f'columns=["{listed[0]}"]' if listed else "",
        )


def _condition(stored: store.Stored, version: Snapshot, where: Where | None) -> pc.Expression | None:
    if where is None or isinstance(where, pc.Expression):
        return where
    parts = [where] if isinstance(where, tuple) and len(where) == 3 and isinstance(where[0], str) else list(where)
    found: pc.Expression | None = None
    for part in parts:
        one = _comparison(stored, version, part)
        found = one if found is None else found & one
    return found


def _comparison(stored: store.Stored, version: Snapshot, part: Any) -> pc.Expression:
    if not isinstance(part, tuple | list) or len(part) != 3:
        raise UsageError(f"{part!r} is no (column, operator, value).", hint='where=[("dep_delay", ">", 30)]')
    column, operator, value = part
    names = stored.schema.names[: stored.visible]
    _known(str(column), names, version)
    if names.count(str(column)) > 1:
        raise UsageError(f"{version.ref} has several columns {column!r}.", hint="filter after loading")
    physical = stored.physical.field(names.index(str(column)))
    kind = physical.type.value_type if pat.is_dictionary(physical.type) else physical.type
    left = pc.field(physical.name)
    try:
        if operator in _COMPARE:
            return _COMPARE[operator](left, _scalar(value, kind))
        if operator in ("in", "not in"):
            inside = left.isin(pa.array([_scalar(v, kind).as_py() for v in value], kind))
            return inside if operator == "in" else ~inside
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        raise UsageError(f"{value!r} cannot be compared with column {column!r} ({kind}).") from None
    raise UsageError(f"{operator!r} is no operator: = != < <= > >= in, not in.", hint=f'("{column}", "=", …)')


def _scalar(value: Any, kind: pa.DataType) -> pa.Scalar:
    """*value* as the column's type where nothing is lost by it, so that ``> 2.5`` works on whole numbers too."""
    free = pa.scalar(value.item() if hasattr(value, "item") else value)
    try:
        if isinstance(value, str) and pat.is_timestamp(kind):
            plain = pa.timestamp(kind.unit)
            naive = free.cast(plain) if kind.tz is None else pc.assume_timezone(free.cast(plain), kind.tz)
            return naive.cast(kind)
        return free.cast(kind)
    except pa.ArrowInvalid:
        if isinstance(value, str):
            raise
        return free


def export(project: Project, version: Snapshot, path: Path | str) -> Exported:
    """Write a version as one ordinary Parquet file that anything can read; pandas finds its index in it again.

    In a folder it is called ``NAME.parquet``. An earlier export is replaced; any other file is not.
    """
    target = Path(path).expanduser()
    stored = _found(project, version)
    mark = {MARK: f"{version.ref} {version.id}".encode()}
    try:
        if target.is_dir():
            target = target / f"{version.name}.parquet"
        _check_free(target)
        with replacing(target) as file:
            if stored.is_plain(range(len(stored.schema))) and not stored.form:
                stored.copy(file, mark)
            else:
                table = _plain(project, version)
                table = table.replace_schema_metadata({**(table.schema.metadata or {}), **mark})
                pq.write_table(table, file, compression="zstd", compression_level=1)
    except (DiskFull, ReadOnly):
        raise
    except (OSError, StorageRefused) as problem:  # a name too long, a file where a folder should be
        why = (
            problem.message
            if isinstance(problem, StorageRefused)
            else f"{target} cannot be written: {problem.strerror}."
        )
        raise StorageRefused(why, hint=f"e2e export {version.ref} {version.name}.parquet") from problem
    return Exported(ref=version.ref, path=str(target), rows=version.rows, bytes=target.stat().st_size)


def _check_free(target: Path) -> None:
    if not target.exists():
        return
    try:
        ours = MARK in (pq.read_metadata(target).metadata or {})
    except (pa.ArrowException, OSError):
        ours = False
    if not ours:
        raise UsageError(
            f"{target} exists, and is not an earlier export.", hint=f"name another path, or remove {target}"
        )


def _plain(project: Project, version: Snapshot) -> pa.Table:
    if "pandas" not in _found(project, version).form:
        table = load(project, version, kind="arrow")
        return to_parquet(table) if table.num_columns else table
    frame = load(project, version)
    table = load(project, version, kind="arrow")
    if frame.columns.is_unique and all(isinstance(name, str) for name in frame.columns):
        try:
            with warnings.catch_warnings():  # of pandas to pyarrow, which the user can do nothing about
                warnings.simplefilter("ignore")
                return pa.Table.from_pandas(frame)
        except (pa.ArrowException, TypeError, ValueError, NotImplementedError):
            pass  # a dtype that only we keep; what it holds is in the table
    return to_parquet(table.rename_columns(unique_names(table.column_names)))
