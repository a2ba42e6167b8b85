"""Any frame → :class:`Content`, and content → a frame of the kind that is asked for.

pandas, polars, Arrow (tables, batches, readers, datasets and whatever has Arrow's C stream, as a DuckDB relation),
rows as dicts and NumPy's structured arrays go in. Each kind comes back equal as that kind, and sensibly as any other.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from e2e_lab.errors import UnsupportedData, UsageError
from e2e_lab.storage.frames.arrow_frames import as_table, from_arrow, is_dataset, reader_of, stream_of, to_arrow
from e2e_lab.storage.identity import Content
from e2e_lab.storage.parquet import unique_names

KINDS = ("pandas", "polars", "arrow", "duckdb")


def kind_of(frame: Any) -> str:
    """Which kind of frame this is; :class:`UnsupportedData` with the way out where it is no table.

    >>> kind_of(pa.table({"a": [1]})), kind_of([{"a": 1}, {"a": 2, "b": "x"}])
    ('arrow', 'plain')
    """
    for module, kind in (("pandas", "pandas"), ("polars", "polars")):
        library: Any = sys.modules.get(module)
        if not hasattr(library, "DataFrame"):  # not imported, or another thread is still at it
            continue
        if isinstance(frame, library.DataFrame) or (kind == "polars" and isinstance(frame, library.LazyFrame)):
            return kind
        if isinstance(frame, library.Series):
            raise UnsupportedData(f"A {kind} Series is a column, not a table.", hint="series.to_frame()")
    if isinstance(frame, pa.Table | pa.RecordBatch | pa.RecordBatchReader) or is_dataset(frame):
        return "arrow"
    if isinstance(frame, pa.Array | pa.ChunkedArray):
        raise UnsupportedData("An Arrow array is a column, not a table.", hint='pa.table({"name": array})')
    made_by = type(frame).__module__.partition(".")[0]
    if made_by in ("dask", "dask_expr"):
        raise UsageError("Dask frames cannot be saved yet.", hint="frame.compute()")
    if hasattr(frame, "__arrow_c_stream__") or hasattr(frame, "fetch_record_batch"):  # of older DuckDBs
        return "arrow"
    if _is_plain(frame):
        return "plain"
    if made_by == "numpy":
        raise UnsupportedData("A NumPy array has no column names.", hint="pd.DataFrame(array, columns=[…])")
    raise UnsupportedData(
        f"{type(frame).__name__} is not a table: pandas, polars, Arrow, rows as dicts, structured arrays, "
        "and what has __arrow_c_stream__.",
        hint="pd.DataFrame(value)",
    )


def _is_plain(frame: Any) -> bool:
    if not isinstance(frame, list | tuple | dict) and type(frame).__module__.partition(".")[0] != "numpy":
        return False
    from e2e_lab.storage.frames.plain_frames import is_plain

    return is_plain(frame)


def from_frame(frame: Any) -> Content:
    """What any frame is made of; :class:`UnsupportedData` naming the column that would not come back equal."""
    kind = kind_of(frame)
    if kind == "pandas":
        from e2e_lab.storage.frames.pandas_frames import from_pandas

        return from_pandas(frame)
    if kind == "polars":
        from e2e_lab.storage.frames.polars_frames import from_polars

        return from_polars(frame)
    if kind == "plain":
        from e2e_lab.storage.frames.plain_frames import from_plain

        return from_plain(frame)
    return from_arrow(as_table(frame))


def as_stream(frame: Any) -> pa.RecordBatchReader | None:
    """The batches of what may be larger than memory, in order; None for a frame that is in memory anyway.

    A reader, a dataset or scanner of pyarrow, a DuckDB relation, a lazy polars frame, and any other object that has
    Arrow's C stream and is no table. The schema is the one that :func:`from_frame` would give. A reader can be read
    once: what was taken from it is gone.

    Raises :class:`UnsupportedData` naming the column that Parquet has no type for, or whose order is only known at
    the end.

    >>> as_stream(pa.table({"a": [1, 2]}).to_reader()).read_all().num_rows
    2
    """
    kind = kind_of(frame)
    if kind == "polars" and not hasattr(frame, "height"):
        from e2e_lab.storage.frames.polars_frames import stream_of_lazy

        return stream_of_lazy(frame)
    if kind != "arrow" or isinstance(frame, pa.Table | pa.RecordBatch):
        return None
    reader = reader_of(frame)
    return None if reader is None else stream_of(reader.schema, reader)


def to_frame(
    content: Content, kind: str, *, positions: Sequence[int], counts: Mapping[int, tuple[bool, bool]], whole: bool
) -> Any:
    """*content*, of which only the columns at *positions* were read, as a frame of *kind*.

    *counts* says of each position whether the stored column has nulls, and NaN beside them; *whole*, whether all rows
    are here. Hidden columns are read for pandas alone. The frame may take over the memory of *content*, which nobody
    else has then.
    """
    if kind == "pandas":
        from e2e_lab.storage.frames.pandas_frames import to_pandas

        form, extras = _with_orders(content), content.extras
        return to_pandas(content.table, form, extras, positions=positions, counts=counts, whole=whole)
    table = to_arrow(content, positions)
    if kind == "arrow":
        return table
    table = table.rename_columns(unique_names(table.column_names))
    if kind == "duckdb":
        return relation(table)
    from e2e_lab.storage.frames.polars_frames import to_polars

    return to_polars(table, content, positions)


def checked_kind(kind: str) -> str:
    """*kind*, if frames of it can be loaded."""
    if kind == "dask":
        raise UsageError("Loading as a Dask frame is not there yet.", hint="dd.from_pandas(e2e.load(…), npartitions=8)")
    if kind not in KINDS:
        raise UsageError(f"{kind!r} is no kind of frame: {', '.join(KINDS)}.", hint="--kind pandas")
    return kind


def relation(source: Any, columns: Sequence[str] | None = None) -> Any:
    """A DuckDB relation over these *columns* of an Arrow table or dataset; of a dataset it reads what it is asked."""
    try:
        import duckdb
    except ImportError:
        raise UsageError("duckdb is not installed here.", hint="pip install duckdb") from None
    try:
        found = duckdb.from_arrow(source)
        if columns is None or columns == found.columns:
            return found
        return found.select(*(duckdb.ColumnExpression(name) for name in columns))
    except duckdb.Error as problem:
        raise UnsupportedData(f"DuckDB cannot hold this: {str(problem)[:200]}.", hint="--kind arrow") from None


def _with_orders(content: Content) -> Mapping[str, Any]:
    """The form as pandas reads it: the categories of polars' enums and ordered dictionaries are pandas' too."""
    enums = content.form.get("polars", {}).get("enums", {})
    ordered = content.form.get("arrow", {}).get("ordered", {})
    codecs = {place: {"category": said, "ordered": True} for place, said in {**enums, **ordered}.items()}
    return {**content.form, "pandas": {"dtypes": codecs}} if codecs else content.form
