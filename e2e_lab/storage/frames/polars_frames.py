"""polars frames, eager and lazy, as :class:`Content`, and back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from e2e_lab.errors import UnsupportedData, UsageError
from e2e_lab.storage.frames.arrow_frames import orders_of, stream_of, without_traces
from e2e_lab.storage.identity import Content
from e2e_lab.storage.values import logical_type


def from_polars(frame: Any) -> Content:
    """What *frame* is made of, a lazy one collected; :class:`UnsupportedData` naming the column polars would change."""
    import polars as pl

    if isinstance(frame, pl.LazyFrame):
        frame = frame.collect()
    _check(frame.schema)
    if not frame.width:
        return Content(pa.table({"rows": pa.nulls(frame.height)}).select([]))
    table = frame.to_arrow()
    table = pa.table(table.columns, schema=without_traces(table.schema))
    enums = {str(n): f"enum.{n}" for n, dtype in enumerate(frame.dtypes) if isinstance(dtype, pl.Enum)}
    extras = {said: frame.dtypes[int(place)].categories.to_arrow() for place, said in enums.items()}
    return Content(table, {"polars": {"enums": enums}} if enums else {}, extras)


def stream_of_lazy(frame: Any) -> pa.RecordBatchReader | None:
    """The batches of a lazy frame, in order, as its query makes them; None where only all of it will do (enums)."""
    import polars as pl

    schema = frame.collect_schema()
    if not hasattr(frame, "collect_batches") or any(isinstance(dtype, pl.Enum) for dtype in schema.dtypes()):
        return None
    _check(schema)
    said = pl.DataFrame(schema=schema).to_arrow().schema

    def each() -> Iterator[pa.RecordBatch]:
        for part in frame.collect_batches(maintain_order=True):
            yield from part.to_arrow().cast(said).to_batches()

    return stream_of(said, each())


def to_polars(table: pa.Table, content: Content, positions: Sequence[int]) -> Any:
    """*table*, which was read from *positions* of *content*, as a polars frame."""
    try:
        import polars as pl
    except ImportError:
        raise UsageError("polars is not installed here.", hint="pip install polars") from None

    if not table.num_columns:
        return pl.DataFrame(height=table.num_rows)
    try:
        frame: Any = pl.from_arrow(table)
    except BaseException as problem:  # a panic of polars is no Exception
        if not isinstance(problem, Exception) and type(problem).__name__ != "PanicException":
            raise
        raise UnsupportedData(f"polars cannot hold this: {str(problem)[:200]}.", hint="--kind arrow") from None
    casts = []
    for place, position in enumerate(positions):
        entries, kind = orders_of(content).get(position), table.schema.field(place).type
        if entries is not None and pa.types.is_dictionary(kind) and logical_type(kind.value_type) == "string":
            enum = pl.Enum(pl.Series(entries.cast(pa.large_string())))
            if frame.dtypes[place] != enum:
                casts.append(pl.col(frame.columns[place]).cast(pl.String).cast(enum))
    return frame.with_columns(casts) if casts else frame


def _check(schema: Any) -> None:
    import polars as pl

    for name, dtype in schema.items():
        if not _returns(pl, name, dtype):
            turned = f'pl.col("{name}").cast({_spelled(_way_out(pl, dtype))})'
            if dtype == pl.Object:
                turned = f'pl.Series("{name}", [str(value) for value in df["{name}"]])'
            raise UnsupportedData(
                f"Column {name!r} ({dtype}) could not be given back as it is.", hint=f"df = df.with_columns({turned})"
            )


def _returns(pl: Any, name: str, dtype: Any) -> bool:
    if isinstance(dtype, pl.Enum):
        return True
    try:
        empty = pl.DataFrame(schema={name: dtype}).to_arrow()
        cleaned = pa.table(empty.columns, schema=without_traces(empty.schema))
        return bool(pl.from_arrow(cleaned).schema[name] == dtype)
    except (pa.ArrowException, pl.exceptions.PolarsError, ValueError, TypeError, NotImplementedError):
        return False


def _way_out(pl: Any, dtype: Any) -> Any:
    """The nearest type that is kept: text in the place of what is not."""
    if isinstance(dtype, pl.List):
        return pl.List(_way_out(pl, dtype.inner))
    if isinstance(dtype, pl.Array):
        return pl.Array(_way_out(pl, dtype.inner), dtype.size)
    if isinstance(dtype, pl.Struct):
        return pl.Struct({field.name: _way_out(pl, field.dtype) for field in dtype.fields})
    return dtype if not isinstance(dtype, pl.Enum) and _returns(pl, "x", dtype) else pl.String


def _spelled(dtype: Any) -> str:
    """A polars type as code: ``pl.List(pl.String)``."""
    import re

    return re.sub(r"(?<![\w.'\"])([A-Z]\w*)", r"pl.\1", str(dtype))
