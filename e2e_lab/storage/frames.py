"""Any frame → :class:`Content`, and content → a frame of the kind that is asked for.

pandas, polars (lazy ones are collected), pyarrow tables, batches and readers, and whatever speaks Arrow's C stream
(a DuckDB relation) go in. Each kind comes back equal as that kind, and sensibly as any other.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.types as pat

from e2e_lab.errors import UnsupportedData, UsageError
from e2e_lab.storage.identity import Content, decoded
from e2e_lab.storage.parquet import refuse_unknown, unique_names

KINDS = ("pandas", "polars", "arrow", "duckdb")


def kind_of(frame: Any) -> str:
    """Which kind of frame this is; :class:`UnsupportedData` with the way out where it is no table.

    >>> kind_of(pa.table({"a": [1]}))
    'arrow'
    """
    for module, kind in (("pandas", "pandas"), ("polars", "polars")):
        library: Any = sys.modules.get(module)
        if not hasattr(library, "DataFrame"):  # not imported, or another thread is still at it
            continue
        if isinstance(frame, library.DataFrame) or (kind == "polars" and isinstance(frame, library.LazyFrame)):
            return kind
        if isinstance(frame, library.Series):
            raise UnsupportedData(f"A {kind} Series is a column, not a table.", hint="series.to_frame()")
    if isinstance(frame, pa.Table | pa.RecordBatch | pa.RecordBatchReader):
        return "arrow"
    made_by = type(frame).__module__.partition(".")[0]
    if made_by in ("dask", "dask_expr"):
        raise UsageError("Dask frames cannot be saved yet.", hint="frame.compute()")
    if hasattr(frame, "__arrow_c_stream__"):
        return "arrow"
    if made_by == "numpy":
        raise UnsupportedData("A NumPy array has no column names.", hint="pd.DataFrame(array, columns=[…])")
    raise UnsupportedData(
        f"{type(frame).__name__} is not a table: pandas, polars, Arrow, and what has __arrow_c_stream__.",
        hint="pd.DataFrame(value)",
    )


def from_frame(frame: Any) -> Content:
    """What any frame is made of; :class:`UnsupportedData` naming the column that would not come back equal."""
    kind = kind_of(frame)
    if kind == "pandas":
        from e2e_lab.storage.pandas_frames import from_pandas

        return from_pandas(frame)
    if kind == "polars":
        return _from_polars(frame)
    return _from_arrow(_as_table(frame))


def to_frame(
    content: Content, kind: str, *, positions: Sequence[int], counts: Mapping[int, tuple[bool, bool]], whole: bool
) -> Any:
    """*content*, of which only the columns at *positions* were read, as a frame of *kind*.

    *counts* says of each position whether the stored column has nulls, and NaN beside them; *whole*, whether all rows
    are here. Hidden columns are read for pandas alone.
    """
    if kind == "pandas":
        from e2e_lab.storage.pandas_frames import to_pandas

        form, extras = _with_enums(content), content.extras
        return to_pandas(content.table, form, extras, positions=positions, counts=counts, whole=whole)
    table = _ordered(content, positions)
    if kind == "arrow":
        return table
    table = table.rename_columns(unique_names(table.column_names))
    if kind == "duckdb":
        return _to_duckdb(table)
    return _to_polars(table, content, positions)


def checked_kind(kind: str) -> str:
    """*kind*, if frames of it can be loaded."""
    if kind == "dask":
        raise UsageError("Loading as a Dask frame is not there yet.", hint="dd.from_pandas(e2e.load(…), npartitions=8)")
    if kind not in KINDS:
        raise UsageError(f"{kind!r} is no kind of frame: {', '.join(KINDS)}.", hint="--kind pandas")
    return kind


# ---- Arrow ---------------------------------------------------------------------------------------------------


def _as_table(frame: Any) -> pa.Table:
    if isinstance(frame, pa.Table):
        return frame
    if isinstance(frame, pa.RecordBatchReader):
        return frame.read_all()
    if isinstance(frame, pa.RecordBatch):
        return pa.Table.from_batches([frame])
    try:
        return pa.table(frame)
    except pa.ArrowException as problem:
        raise UnsupportedData(f"Arrow cannot read this {type(frame).__name__}: {problem}.") from None


def _from_arrow(table: pa.Table) -> Content:
    """An Arrow table. The order of an *ordered* dictionary is content; that of others is encoding."""
    table = table.cast(_without_traces(table.schema)) if table.num_columns else table.replace_schema_metadata(None)
    extras: dict[str, pa.Array] = {}
    ordered: dict[str, str] = {}
    for place, field in enumerate(table.schema):
        refuse_unknown(field.name, field.type)
        if pat.is_dictionary(field.type) and field.type.ordered:
            unified = table.column(place).unify_dictionaries()
            if unified.num_chunks:
                ordered[str(place)] = f"dictionary.{place}"
                extras[f"dictionary.{place}"] = unified.chunk(0).dictionary
    return Content(table, {"arrow": {"ordered": ordered}} if ordered else {}, extras)


def _without_traces(schema: pa.Schema) -> pa.Schema:
    """*schema* without what other libraries noted in it for themselves: field numbers, pandas' index, encodings."""

    def own(metadata: Mapping[bytes, bytes] | None) -> dict[bytes, bytes] | None:
        kept = {k: v for k, v in (metadata or {}).items() if not k.startswith((b"PARQUET:", b"_PL_", b"pandas"))}
        return kept or None

    return pa.schema([field.with_metadata(own(field.metadata)) for field in schema], own(schema.metadata))


def _ordered(content: Content, positions: Sequence[int]) -> pa.Table:
    """The table with ordered dictionaries as they were, unused entries included."""
    table = content.table
    said = content.form.get("arrow", {}).get("ordered", {})
    for place, position in enumerate(positions):
        if str(position) not in said:
            continue
        field, entries = table.schema.field(place), content.extras[said[str(position)]]
        column = table.column(place)
        chunks = [_recoded(chunk, entries, field.type) for chunk in column.chunks]
        table = table.set_column(place, field, pa.chunked_array(chunks, field.type))
    return table


def _recoded(chunk: pa.DictionaryArray, entries: pa.Array, kind: pa.DataType) -> pa.Array:
    import pyarrow.compute as pc

    codes = pc.index_in(decoded(chunk), value_set=entries).cast(kind.index_type)
    return pa.DictionaryArray.from_arrays(codes, entries, ordered=True)


# ---- polars and DuckDB ---------------------------------------------------------------------------------------


def _from_polars(frame: Any) -> Content:
    import polars as pl

    if isinstance(frame, pl.LazyFrame):
        frame = frame.collect()
    for name, dtype in frame.schema.items():
        if not _polars_returns(pl, name, dtype):
            raise UnsupportedData(
                f"Column {name!r} ({dtype}) could not be given back as it is.",
                hint=f'df = df.with_columns(pl.col("{name}").cast(pl.String))',
            )
    if not frame.width:
        return Content(pa.table({"rows": pa.nulls(frame.height)}).select([]))
    table = frame.to_arrow()
    table = table.cast(_without_traces(table.schema))
    enums = {str(n): f"enum.{n}" for n, dtype in enumerate(frame.dtypes) if isinstance(dtype, pl.Enum)}
    extras = {said: frame.dtypes[int(place)].categories.to_arrow() for place, said in enums.items()}
    return Content(table, {"polars": {"enums": enums}} if enums else {}, extras)


def _polars_returns(pl: Any, name: str, dtype: Any) -> bool:
    if isinstance(dtype, pl.Enum):
        return True
    try:
        empty = pl.DataFrame(schema={name: dtype}).to_arrow()
        return bool(pl.from_arrow(empty.cast(_without_traces(empty.schema))).schema[name] == dtype)
    except (pa.ArrowException, pl.exceptions.PolarsError, ValueError, TypeError, NotImplementedError):
        return False


def _to_polars(table: pa.Table, content: Content, positions: Sequence[int]) -> Any:
    pl = _library("polars")
    if not table.num_columns:
        return pl.DataFrame(height=table.num_rows)
    try:
        frame = pl.from_arrow(table)
    except BaseException as problem:  # a panic of polars is no Exception
        if not isinstance(problem, Exception) and type(problem).__name__ != "PanicException":
            raise
        raise UnsupportedData(f"polars cannot hold this: {str(problem)[:200]}.", hint="--kind arrow") from None
    enums = content.form.get("polars", {}).get("enums", {})
    casts = [
        pl.col(frame.columns[place]).cast(pl.Enum(pl.Series(content.extras[enums[str(position)]])))
        for place, position in enumerate(positions)
        if str(position) in enums
    ]
    return frame.with_columns(casts) if casts else frame


def _to_duckdb(table: pa.Table) -> Any:
    duckdb = _library("duckdb")
    try:
        return duckdb.from_arrow(table)
    except duckdb.Error as problem:
        raise UnsupportedData(f"DuckDB cannot hold this: {str(problem)[:200]}.", hint="--kind arrow") from None


def _library(name: str) -> Any:
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError:
        raise UsageError(f"{name} is not installed here.", hint=f"pip install {name}") from None


def _with_enums(content: Content) -> Mapping[str, Any]:
    """The form as pandas reads it: the categories of polars' enums and ordered dictionaries are pandas' too."""
    enums = content.form.get("polars", {}).get("enums", {})
    ordered = content.form.get("arrow", {}).get("ordered", {})
    codecs = {place: {"category": said, "ordered": True} for place, said in {**enums, **ordered}.items()}
    return {**content.form, "pandas": {"dtypes": codecs}} if codecs else content.form
