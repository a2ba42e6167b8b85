"""Whether columns tell the rows of a table apart."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from e2e_lab.errors import UsageError, closest
from e2e_lab.storage.identity import Content
from e2e_lab.storage.values import decoded


def check_key(
    content: Content, key: Sequence[str] | None, before: Sequence[str], name: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The key that the new version has, and notes on it.

    A *key* that is asked for must hold: :class:`UsageError` names column and row. The key from *before* that no longer
    holds is let go with a note, so that nobody's work is refused for it.
    """
    if key is not None:
        columns = (key,) if isinstance(key, str) else tuple(key)
        problem = _problem(content, columns, name)
        if problem is not None:
            raise problem
        return columns, ()
    problem = _problem(content, tuple(before), name)
    if problem is None:
        return tuple(before), ()
    return (), (f"the key {', '.join(before)} no longer holds, and was dropped: {problem.message}",)


def _problem(content: Content, key: tuple[str, ...], name: str) -> UsageError | None:
    names = content.lying.schema.names[: content.visible]
    for column in key:
        if names.count(column) != 1:
            why = "has no column" if column not in names else "has several columns"
            meant = closest(column, names)
            return UsageError(f"{name} {why} {column!r}.", hint=f"--key {meant}" if meant and meant != column else "")
    table = content.rows([names.index(column) for column in key], 0, content.lying.num_rows)
    columns = [_hashable(column) for column in table.columns]
    for column, values in zip(key, columns, strict=True):
        if values is None:
            return UsageError(f"Column {column!r} holds lists or structs, which are no key.", hint="--key COLUMN")
        if values.null_count:
            row = pc.index(values.is_null(), True).as_py()
            return UsageError(f"Key column {column!r} is null in row {row} (counted from 0).", hint=f"fill {column!r}")
    if not key:
        return None
    if len(columns) == 1 and pc.count_distinct(columns[0]).as_py() == content.lying.num_rows:
        return None
    return _repeated(key, [values for values in columns if values is not None])


def _hashable(column: pa.ChunkedArray) -> pa.ChunkedArray | None:
    if pat.is_dictionary(column.type):
        column = pa.chunked_array([decoded(chunk) for chunk in column.chunks], column.type.value_type)
    if pat.is_nested(column.type) or isinstance(column.type, pa.BaseExtensionType):
        return None
    if pat.is_string_view(column.type):
        return column.cast(pa.large_string())
    return column


def _repeated(key: tuple[str, ...], columns: list[pa.ChunkedArray]) -> UsageError | None:
    labels = [f"k{n}" for n in range(len(columns))]
    rows = pa.chunked_array([pa.array(range(len(columns[0])), pa.int64())])
    table = pa.table([*columns, rows], names=[*labels, "row"])
    groups = table.group_by(labels).aggregate([("row", "min"), ("row", "max")])
    twice = groups.filter(pc.not_equal(groups["row_min"], groups["row_max"]))
    if not twice.num_rows:
        return None
    first = pc.index(twice["row_min"], pc.min(twice["row_min"])).as_py()
    one, other = twice["row_min"][first].as_py(), twice["row_max"][first].as_py()
    said = f"column {key[0]!r} has" if len(key) == 1 else f"columns {', '.join(key)} have"
    return UsageError(
        f"As a key, {said} the same value in rows {one} and {other} (counted from 0).",
        hint="--key COLUMN…  (columns that together are unique)",
    )
