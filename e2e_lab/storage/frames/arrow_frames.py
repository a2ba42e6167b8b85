"""Arrow tables, batches and readers as :class:`Content`, and back; and what can be read batch by batch."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from e2e_lab.errors import UnsupportedData
from e2e_lab.storage.identity import Content
from e2e_lab.storage.parquet import refuse_unknown
from e2e_lab.storage.values import decoded

BATCH_ROWS = 131_072


def from_arrow(table: pa.Table) -> Content:
    """An Arrow table. The order of an *ordered* dictionary is content; that of others is encoding."""
    extras: dict[str, pa.Array] = {}
    ordered: dict[str, str] = {}
    for place, field in enumerate(table.schema):
        refuse_unknown(field.name, field.type)
        _check_nulls(field, table.column(place))
        if pat.is_dictionary(field.type) and field.type.ordered:
            unified = table.column(place).unify_dictionaries()
            if unified.num_chunks:
                ordered[str(place)] = f"dictionary.{place}"
                extras[f"dictionary.{place}"] = unified.chunk(0).dictionary
    return Content(_cleaned(table), {"arrow": {"ordered": ordered}} if ordered else {}, extras)


def as_table(frame: Any) -> pa.Table:
    """What *frame* holds, all of it in memory."""
    if isinstance(frame, pa.Table):
        return frame
    if isinstance(frame, pa.RecordBatch):
        return pa.Table.from_batches([frame])
    reader = reader_of(frame)
    if reader is not None:
        return reader.read_all()
    try:
        return pa.table(frame)
    except pa.ArrowException as problem:
        raise UnsupportedData(f"Arrow cannot read this {type(frame).__name__}: {problem}.") from None


def reader_of(frame: Any) -> pa.RecordBatchReader | None:
    """The batches of a reader, a dataset, a scanner, a DuckDB relation, or whatever has Arrow's C stream, in order."""
    if isinstance(frame, pa.RecordBatchReader):
        return frame
    if is_dataset(frame):
        scanner = frame if isinstance(frame, sys.modules["pyarrow.dataset"].Scanner) else frame.scanner()
        return scanner.to_reader()
    if type(frame).__module__.partition(".")[0] in ("duckdb", "_duckdb"):
        for method in ("to_arrow_reader", "fetch_record_batch"):  # the name changed in DuckDB 1.4
            if hasattr(type(frame), method):
                return getattr(frame, method)(BATCH_ROWS)
    if hasattr(frame, "__arrow_c_stream__"):
        try:
            return pa.RecordBatchReader.from_stream(frame)
        except pa.ArrowException as problem:
            raise UnsupportedData(f"Arrow cannot read this {type(frame).__name__}: {problem}.") from None
    return None


def is_dataset(frame: Any) -> bool:
    """Whether this is a dataset or a scanner of pyarrow, which is only asked where that was imported."""
    library: Any = sys.modules.get("pyarrow.dataset")
    return hasattr(library, "Scanner") and isinstance(frame, library.Dataset | library.Scanner)


def stream_of(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> pa.RecordBatchReader | None:
    """*batches* with the schema under which :func:`from_arrow` would keep them; None where there are no columns."""
    for field in schema:
        refuse_unknown(field.name, field.type)
        if pat.is_dictionary(field.type) and field.type.ordered:
            raise UnsupportedData(
                f"Column {field.name!r} is an ordered dictionary, whose order is only known when all was read.",
                hint="table = reader.read_all()  (and snapshot the table)",
            )
    cleaned = without_traces(schema)
    if not len(schema):
        return None
    required = [place for place, field in enumerate(schema) if not field.nullable]
    same = cleaned.equals(schema, check_metadata=True)
    if same and not required and isinstance(batches, pa.RecordBatchReader):
        return batches

    def each() -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for place in required:
                _check_nulls(schema.field(place), batch.column(place))
            yield pa.RecordBatch.from_arrays(batch.columns, schema=cleaned)

    return pa.RecordBatchReader.from_batches(cleaned, each())


def _check_nulls(field: pa.Field, column: pa.Array | pa.ChunkedArray) -> None:
    if not field.nullable and column.null_count:
        raise UnsupportedData(
            f"Column {field.name!r} is said to have no nulls, and has some.",
            hint="table = table.cast(pa.schema([field.with_nullable(True) for field in table.schema]))",
        )


def without_traces(schema: pa.Schema) -> pa.Schema:
    """*schema* without what other libraries noted in it for themselves: field numbers, pandas' index, encodings."""

    def own(metadata: Mapping[bytes, bytes] | None) -> dict[bytes, bytes] | None:
        kept = {k: v for k, v in (metadata or {}).items() if not k.startswith((b"PARQUET:", b"_PL_", b"pandas"))}
        return kept or None

    def cleaned(field: pa.Field) -> pa.Field:
        kept = own(field.metadata)
        return field.with_metadata(kept) if kept else field.remove_metadata()

    return pa.schema([cleaned(field) for field in schema], own(schema.metadata))


def _cleaned(table: pa.Table) -> pa.Table:
    if not table.num_columns:
        return pa.table({"rows": pa.nulls(table.num_rows)}).select([])
    return pa.table(table.columns, schema=without_traces(table.schema))


# ---- back ----------------------------------------------------------------------------------------------------


def to_arrow(content: Content, positions: Sequence[int]) -> pa.Table:
    """The table; dictionaries whose order means something as they were, unused entries included."""
    table, orders = content.table, orders_of(content)
    for place, position in enumerate(positions):
        kind, column = table.schema.field(place).type, table.column(place)
        if position not in orders or not pat.is_dictionary(kind):
            continue
        kind = pa.dictionary(kind.index_type, kind.value_type, ordered=True)
        entries = orders[position].cast(kind.value_type)
        chunks = [_recoded(chunk, entries, kind) for chunk in column.chunks]
        field = table.schema.field(place).with_type(kind)
        table = table.set_column(place, field, pa.chunked_array(chunks, kind))
    return table


def orders_of(content: Content) -> dict[int, pa.Array]:
    """The entries, in order, of columns whose order is content: Arrow's and pandas' ordered ones, polars' enums."""
    named = {**content.form.get("arrow", {}).get("ordered", {}), **content.form.get("polars", {}).get("enums", {})}
    for place, codec in content.form.get("pandas", {}).get("dtypes", {}).items():
        if codec.get("ordered") is True and "shown" not in codec:
            named[place] = codec["category"]
    return {int(place): content.extras[name] for place, name in named.items()}


def _recoded(chunk: pa.DictionaryArray, entries: pa.Array, kind: pa.DataType) -> pa.Array:
    codes = pc.index_in(decoded(chunk), value_set=entries).cast(kind.index_type)
    return pa.DictionaryArray.from_arrays(codes, entries, ordered=True)
