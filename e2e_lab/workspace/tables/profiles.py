"""What is in the columns of a version: nulls, range, a histogram or the most frequent values; kept by content id."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from e2e_lab.errors import E2EError, StorageRefused
from e2e_lab.project import Project
from e2e_lab.records import Column, Snapshot
from e2e_lab.records.panels import Cell, ColumnProfile, Columns, TopValue
from e2e_lab.workspace.tables.cells import cells, kind_of
from e2e_lab.workspace.tables.windows import positions, read_column

BINS = 20
TOP = 10
FORMAT = 1
_SAMPLE = 1 << 16
_BATCH = 1 << 20


def answer(project: Project, version: Snapshot, words: dict[str, Any], cancelled: Callable[[], bool]) -> Columns:
    """The profiles of ``columns`` (all where none is named); those known already are not worked out again."""
    path = project.home / "cache" / "profiles" / f"{version.id}.json"
    known = _kept(path)
    wanted = positions(version, words["columns"])
    fresh = {}
    for position in wanted:
        if str(position) in known:
            continue
        if cancelled():
            break
        column = read_column(project, version, position)
        fresh[str(position)] = profile(version.schema[position], column)
    if fresh:
        known = {**_kept(path), **fresh}  # another question may have been quicker
        said = {"format": FORMAT, "columns": {place: one.to_json() for place, one in known.items()}}
        try:
            project.write(path, json.dumps(said, ensure_ascii=False).encode())
        except StorageRefused:  # then it is worked out each time
            pass
    if cancelled():
        raise E2EError("Nobody waits for these columns any more.")
    return Columns(ref=version.ref, id=version.id, rows=version.rows, items=tuple(known[str(n)] for n in wanted))


def _kept(path: Path) -> dict[str, ColumnProfile]:
    try:
        said = json.loads(path.read_bytes())
        if said["format"] != FORMAT:
            return {}
        return {place: ColumnProfile.from_json(one) for place, one in said["columns"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # not there, or cut short: it is only a cache
        return {}


def profile(column: Column, values: pa.ChunkedArray) -> ColumnProfile:
    """What is in *values*.

    >>> column = Column(name="carrier", type="string", nullable=True)
    >>> found = profile(column, pa.chunked_array([["UA", "AA", None, "UA"]]))
    >>> found.nulls, found.distinct, [(one.value, one.count) for one in found.top]
    (1, 2, [('UA', 2), ('AA', 1)])
    """
    kind = kind_of(column.type)
    distinct, top = _frequent(values)
    low, high = _range(values)
    mean: float | None = None
    counts: tuple[int, ...] = ()
    if kind in ("number", "time") and low is not None:
        mean, counts = _numbers(values)
    if counts and (distinct is None or distinct > TOP):
        top = ()
    return ColumnProfile(
        name=column.name, type=column.type, kind=kind, index=column.index, nullable=column.nullable,
        nulls=values.null_count, distinct=distinct, low=low, high=high,
        mean=mean if kind == "number" else None, counts=counts, top=top,
    )  # fmt: skip


def _frequent(values: pa.ChunkedArray) -> tuple[int | None, tuple[TopValue, ...]]:
    """How many values there are and the most frequent ones; unknown where nearly each row has its own.

    A sample decides, since counting millions of different values would take memory as they do.
    """
    kind = values.type
    if pat.is_nested(kind) or pat.is_floating(kind) or pat.is_null(kind) or len(values) == values.null_count:
        return None, ()
    sample = values.slice(0, _SAMPLE)
    if len(values) > _SAMPLE and pc.count_distinct(sample).as_py() > _SAMPLE // 8:
        return None, ()
    try:
        counted = pc.value_counts(values.drop_null())
    except pa.ArrowNotImplementedError:
        return None, ()
    counts = counted.field("counts")
    first = pc.sort_indices(counts, sort_keys=[("", "descending")])[:TOP]
    top = zip(cells(counted.field("values").take(first)), counts.take(first).to_pylist(), strict=True)
    return len(counted), tuple(TopValue(value=value, count=count) for value, count in top)


def _range(values: pa.ChunkedArray) -> tuple[Cell, Cell]:
    if pat.is_floating(values.type):
        values = pc.filter(values, pc.is_finite(values))
    try:
        found = pc.min_max(values)
    except pa.ArrowNotImplementedError:  # lists, structs
        return None, None
    low, high = (cells(pa.repeat(found[side], 1))[0] for side in ("min", "max"))
    return low, high


def _numbers(values: pa.ChunkedArray) -> tuple[float | None, tuple[int, ...]]:
    """Mean and histogram of numbers or times, a part at a time."""
    low, high = np.inf, -np.inf
    parts = [_floats(values.slice(start, _BATCH)) for start in range(0, len(values), _BATCH)]
    for part in parts:
        if part.size:
            low, high = min(low, float(part.min())), max(high, float(part.max()))
    count = sum(part.size for part in parts)
    if not count:
        return None, ()
    mean = sum(float(part.sum()) for part in parts) / count
    with np.errstate(over="ignore", invalid="ignore"):  # from the least to the greatest number there is
        edges = np.linspace(low, high, BINS + 1) if high > low else np.array([low - 0.5, low + 0.5])
    if not np.all(np.isfinite(edges)):
        return None, ()
    counts = sum(np.histogram(part, edges)[0] for part in parts)
    return (mean if np.isfinite(mean) else None), tuple(int(n) for n in np.asarray(counts))


def _floats(values: pa.ChunkedArray) -> np.ndarray[Any, np.dtype[np.float64]]:
    kind = values.type
    if pat.is_temporal(kind):
        whole = pa.int32() if pat.is_date32(kind) or pat.is_time32(kind) else pa.int64()
        values = values.cast(whole)
    found = values.drop_null().cast(pa.float64(), safe=False).to_numpy()
    return np.asarray(found[np.isfinite(found)])
