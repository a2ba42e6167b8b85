"""A table as Parquet can hold it, and back exactly as it was.

Parquet alone changes some types (seconds become milliseconds, ``date64`` loses its time, dictionaries of numbers are
decoded, …) and knows neither duplicate names nor a table of rows without columns. :func:`to_parquet` maps those to
something Parquet keeps, :func:`from_parquet` casts back. What does not survive is refused by column name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.types as pat

from e2e_lab.errors import UnsupportedData
from e2e_lab.storage.identity import values_digest
from e2e_lab.storage.values import decoded

ROWS_ONLY = "rows"


def unique_names(names: Iterable[str]) -> list[str]:
    """*names* with a number after those that are empty or were there before.

    >>> unique_names(["a", "b", "a", "", "a_2"])
    ['a', 'b', 'a_3', 'column_4', 'a_2']
    """
    wanted = list(names)
    taken = set(wanted)
    seen: set[str] = set()
    unique = []
    for position, name in enumerate(wanted, start=1):
        new = name
        if not name or name in seen:
            number = position
            while (new := f"{name or 'column'}_{number}") in taken:
                number += 1
            taken.add(new)
        seen.add(new)
        unique.append(new)
    return unique


def physical_schema(schema: pa.Schema) -> pa.Schema:
    """The schema of the Parquet file that a table of *schema* is kept as."""
    if not len(schema):
        return pa.schema([(ROWS_ONLY, pa.null())])
    names = unique_names(schema.names)
    return pa.schema(
        [pa.field(name, stored_type(f.type), nullable=f.nullable) for name, f in zip(names, schema, strict=True)]
    )


def leaves_of(kind: pa.DataType) -> int:
    """How many columns a Parquet file has for one of this type.

    >>> leaves_of(pa.int64()), leaves_of(pa.map_(pa.string(), pa.list_(pa.int8())))
    (1, 2)
    """
    if isinstance(kind, pa.BaseExtensionType):
        return leaves_of(kind.storage_type)
    if pat.is_dictionary(kind) or not kind.num_fields:
        return 1
    if pat.is_map(kind):
        return leaves_of(kind.key_type) + leaves_of(kind.item_type)
    return sum(leaves_of(kind.field(n).type) for n in range(kind.num_fields))


def is_text(kind: pa.DataType) -> bool:
    """Whether it is text as a Parquet file may have it, which has no views.

    >>> is_text(pa.large_string()), is_text(pa.dictionary(pa.int32(), pa.string()))
    (True, False)
    """
    return bool(pat.is_string(kind) or pat.is_large_string(kind))


def to_parquet(table: pa.Table) -> pa.Table:
    """*table* with unique names and only such types as Parquet gives back; :class:`UnsupportedData` names a column."""
    if not table.num_columns:
        return pa.table({ROWS_ONLY: pa.nulls(table.num_rows)})
    columns = [_checked(name, column) for name, column in zip(table.column_names, table.columns, strict=True)]
    fields = [
        pa.field(name, column.type, nullable=field.nullable)
        for name, column, field in zip(unique_names(table.column_names), columns, table.schema, strict=True)
    ]
    return pa.table(columns, schema=pa.schema(fields))


def from_parquet(columns: Sequence[pa.ChunkedArray], schema: pa.Schema, rows: int) -> pa.Table:
    """The table with exactly *schema* whose columns were read from a file that :func:`to_parquet` made."""
    if not columns:
        return pa.table({ROWS_ONLY: pa.nulls(rows)}).select([])
    return pa.table([restored(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema)


def stored_type(kind: pa.DataType, *, top: bool = True) -> pa.DataType:
    """The type under which Parquet keeps all that *kind* holds; the same type where it simply does.

    >>> stored_type(pa.timestamp("s", "UTC")), stored_type(pa.int64())
    (TimestampType(timestamp[ms, tz=UTC]), DataType(int64))
    """
    if pat.is_dictionary(kind):
        if top and (is_text(kind.value_type) or pat.is_string_view(kind.value_type)):
            return pa.dictionary(pa.int32(), pa.string())
        return stored_type(kind.value_type, top=False)
    if pat.is_list(kind) or pat.is_fixed_size_list(kind):
        return pa.list_(_stored_field(kind.value_field))
    if pat.is_large_list(kind):
        return pa.large_list(_stored_field(kind.value_field))
    if pat.is_struct(kind):
        return pa.struct([_stored_field(child) for child in kind])
    if pat.is_map(kind):
        return pa.map_(_stored_field(kind.key_field), _stored_field(kind.item_field), keys_sorted=kind.keys_sorted)
    return _stored_simple(kind, top)


def _stored_simple(kind: pa.DataType, top: bool) -> pa.DataType:
    if pat.is_timestamp(kind) and kind.unit == "s":
        return pa.timestamp("ms", kind.tz)
    if pat.is_date64(kind):
        return pa.timestamp("ms")
    if pat.is_string_view(kind):  # pages cannot be cut by content yet where texts are views
        return pa.large_string()
    if pat.is_binary_view(kind):
        return pa.large_binary()
    if kind == pa.time32("s"):
        return pa.time32("ms")
    if kind == pa.month_day_nano_interval() and top:
        return pa.binary(16)
    return kind


def _stored_field(child: pa.Field) -> pa.Field:
    return child.with_type(stored_type(child.type, top=False))


def _checked(name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = column.type
    refuse_unknown(name, kind)
    if pat.is_dictionary(kind) and any(chunk.dictionary.null_count for chunk in column.chunks):
        column = _without_null_entries(column)
    target = stored_type(kind)
    if target.equals(kind):
        return column
    try:
        stored = _stored(column, target)
        if not _certain(kind) and values_digest(restored(stored, kind)) != values_digest(column):
            raise _refused(name, kind, "it would come back changed")
    except pa.ArrowException as problem:
        raise _refused(name, kind, str(problem).splitlines()[0]) from None
    return stored


def _without_null_entries(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The same values: a null is no entry of a dictionary, which Parquet does not know."""
    kind = column.type
    plain = [decoded(chunk).dictionary_encode() for chunk in column.chunks]
    return pa.chunked_array(
        [
            pa.DictionaryArray.from_arrays(
                chunk.indices.cast(kind.index_type), chunk.dictionary.cast(kind.value_type), ordered=kind.ordered
            )
            for chunk in plain
        ],
        kind,
    )


def refuse_unknown(name: str, kind: pa.DataType) -> None:
    """Raise :class:`UnsupportedData` for a column of a type that has no place in Parquet, however deep it lies."""
    try:
        missing = lacking(kind)
    except RecursionError:
        raise _refused(name, "nested", "it is nested too deeply") from None
    if missing is not None:
        raise _refused(name, kind, f"it has no {missing}")


def lacking(kind: pa.DataType, *, top: bool = True) -> pa.DataType | None:
    """The part of *kind* that Parquet has no type for; None where it can hold all of it.

    >>> lacking(pa.list_(pa.struct([])))
    StructType(struct<>)
    """
    if isinstance(kind, pa.BaseExtensionType):
        return lacking(kind.storage_type, top=False)
    deep_interval = pat.is_interval(kind) and not top
    if (
        pat.is_union(kind)
        or pat.is_run_end_encoded(kind)
        or deep_interval
        or (pat.is_struct(kind) and not kind.num_fields)
    ):
        return kind
    children = [kind.value_type] if pat.is_dictionary(kind) else [kind.field(n).type for n in range(kind.num_fields)]
    return next((found for child in children if (found := lacking(child, top=False)) is not None), None)


def _refused(name: str, kind: pa.DataType | str, why: str) -> UnsupportedData:
    way = f'table = table.drop_columns(["{name}"])  (or cast it to text or numbers)'
    if not isinstance(kind, str) and pat.is_run_end_encoded(kind):
        place = f'table.schema.get_field_index("{name}")'
        way = f'table = table.set_column({place}, "{name}", pc.run_end_decode(table["{name}"]))'
    return UnsupportedData(f"Column {name!r} ({kind}) cannot be kept in Parquet: {why}.", hint=way)


def _certain(kind: pa.DataType) -> bool:
    plain_time = (pat.is_timestamp(kind) or pat.is_time32(kind)) and kind.unit == "s"  # a safe cast raises on overflow
    return bool(plain_time or pat.is_dictionary(kind))


def _stored(column: pa.ChunkedArray, target: pa.DataType) -> pa.ChunkedArray:
    kind = column.type
    if pat.is_dictionary(kind):
        if pat.is_dictionary(target):
            return _dictionaries(column, target)
        plain = pa.chunked_array([decoded(chunk) for chunk in column.chunks], kind.value_type)
        return plain.cast(target)
    if kind == pa.month_day_nano_interval():
        return pa.chunked_array([chunk.view(target) for chunk in column.chunks], target)
    return column.cast(target)


def restored(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    """*column*, read from Parquet, as *kind* again."""
    if column.type.equals(kind):
        return column
    if pat.is_dictionary(kind):
        return _dictionaries(column, kind)
    if kind == pa.month_day_nano_interval():
        return pa.chunked_array([chunk.view(kind) for chunk in column.chunks], kind)
    if pat.is_nested(kind) and "view" in str(kind):
        column = column.cast(_without_views(kind))  # else Arrow would take from views, which it cannot yet
    return column.cast(kind)


def _without_views(kind: pa.DataType) -> pa.DataType:
    """*kind* with offsets in the place of views, however deep they lie."""

    def field(child: pa.Field) -> pa.Field:
        return child.with_type(_without_views(child.type))

    if pat.is_string_view(kind) or pat.is_binary_view(kind):
        return pa.large_string() if pat.is_string_view(kind) else pa.large_binary()
    if pat.is_fixed_size_list(kind):
        return pa.list_(field(kind.value_field), kind.list_size)
    if pat.is_list(kind) or pat.is_large_list(kind):
        return (pa.list_ if pat.is_list(kind) else pa.large_list)(field(kind.value_field))
    if pat.is_struct(kind):
        return pa.struct([field(child) for child in kind])
    if pat.is_map(kind):
        return pa.map_(field(kind.key_field), field(kind.item_field), keys_sorted=kind.keys_sorted)
    return kind


def _dictionaries(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    if not pat.is_dictionary(column.type):
        column = pa.chunked_array(
            [chunk.dictionary_encode() for chunk in column.chunks], None if column.chunks else kind
        )
    chunks = [
        pa.DictionaryArray.from_arrays(
            chunk.indices.cast(kind.index_type), chunk.dictionary.cast(kind.value_type), ordered=kind.ordered
        )
        for chunk in column.chunks
    ]
    return pa.chunked_array(chunks, kind)
