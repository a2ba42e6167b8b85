"""Columns fed to a digest: what feeds which, as the values are or as they lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from e2e_lab.errors import UnsupportedData
from e2e_lab.storage.values.bits import ALL_THERE, feed_validity
from e2e_lab.storage.values.kinds import is_list, is_of_one_width, logical_type
from e2e_lab.storage.values.numbers import feed_numbers, lying_bytes, parts_of, plain_numbers
from e2e_lab.storage.values.texts import SMALL, Feed, Text, feed_lying_texts, feed_texts, in_large_chunks, text_feeder

THEY_SAY = b"\2"  # what is fed in place of which are there, of numbers and times among which NaN and NaT stand for null


def feeder(column: pa.ChunkedArray) -> Feed:
    """What feeds a digest the values of *column* from one row to before another, as :func:`feed_values` does.

    What numbers in one chunk are, and text in any, is asked here, once: asking can take longer than to hash a piece.
    """
    plain = plain_numbers(column) if not pat.is_floating(column.type) else None
    if plain is not None:
        return _numbers_feeder(plain, column.type.bit_width // 8, ALL_THERE)
    return text_feeder(column, feed_texts, _slices(column)) if in_large_chunks(column) else _slices(column)


def lying_feeder(column: pa.ChunkedArray) -> Feed | None:
    """What feeds *column* as it lies; None where that is no other than :func:`feeder` does.

    It feeds numbers with each NaN as it is and what lies under nulls, text with its offsets. This takes far less time,
    and is the same for the same memory only; but where the same is fed, the values are the same.
    """
    if in_large_chunks(column):
        return text_feeder(column, feed_lying_texts, _slices(column))
    kind = column.type
    if not is_of_one_width(kind) or not (column.null_count or pat.is_floating(kind)):
        return None
    plain = plain_numbers(column)
    return _slices(column, as_it_lies=True) if plain is None else _numbers_feeder(plain, kind.bit_width // 8, ALL_THERE)


def saying_feeder(column: pa.ChunkedArray) -> Feed:
    """What feeds the values of *column* as they lie, numbers or times in one chunk among which NaN or NaT is null."""
    return _numbers_feeder(memoryview(lying_bytes(column.chunk(0))), column.type.bit_width // 8, THEY_SAY)


def _numbers_feeder(numbers: memoryview, width: int, which: bytes) -> Feed:
    """What feeds *numbers*, of so many bytes each; *which* of them are there is the same for all."""

    def feed(digest: Any, first: int, last: int) -> None:
        digest.update((last - first).to_bytes(8, "little") + which)
        digest.update(numbers[first * width : last * width])

    return feed


def _slices(column: pa.ChunkedArray, *, as_it_lies: bool = False) -> Feed:
    return lambda digest, first, last: feed_values(digest, column.slice(first, last - first), as_it_lies=as_it_lies)


def feed_values(digest: Any, values: pa.Array | pa.ChunkedArray, *, as_it_lies: bool = False) -> None:
    """Feed how many values there are, then what there is to them. Every part has its length in front or by type.

    *as_it_lies*: where they are of one width, with each NaN as it is, and with what lies under nulls.
    """
    kind = values.type
    parts = [part for part in parts_of(values) if len(part)]
    if len(parts) > 1 and len(values) < len(parts) * SMALL:
        parts = [rows_of(_joined(parts, kind), 0, len(values))]
    digest.update(len(values).to_bytes(8, "little"))
    if pat.is_primitive(kind):  # by far the most, so they are not asked what else they might be
        feed_numbers(digest, parts, kind, as_it_lies)
    elif isinstance(kind, pa.BaseExtensionType):
        feed_values(digest, pa.chunked_array([part.storage for part in parts], kind.storage_type))
    elif pat.is_dictionary(kind) and not parts:
        feed_values(digest, _joined([], kind.value_type))
    elif pat.is_dictionary(kind):
        one = rows_of(_joined(parts, kind), 0, len(values))  # refused where its codes do not suffice, as a reader would
        feed_values(digest, decoded(one))
    elif pat.is_null(kind):
        return
    elif pat.is_struct(kind):
        feed_validity(digest, parts)
        children = [part.flatten() for part in parts]  # with the parent's offset and nulls applied
        for place, field in enumerate(kind):
            feed_values(digest, _joined([some[place] for some in children], field.type))
    elif is_list(kind) or pat.is_fixed_size_list(kind) or pat.is_map(kind):
        _lists(digest, parts, kind)
    elif logical_type(kind) in ("string", "binary"):
        feed_texts(digest, [Text.of(part) for part in parts])
    else:
        feed_numbers(digest, parts, kind, as_it_lies)


def _joined(parts: Sequence[pa.Array], kind: pa.DataType) -> pa.ChunkedArray:
    """*parts* as one column; of *kind* where there are none."""
    return pa.chunked_array(parts, parts[0].type if parts else kind)


def rows_of(column: pa.ChunkedArray, start: int, length: int) -> pa.Array:
    """Some rows of a column as one array, without a copy where they lie in one chunk."""
    part = column.slice(start, length)
    if part.num_chunks == 0:
        return pa.array([], column.type)
    if part.num_chunks == 1:
        return part.chunk(0)
    try:
        return pa.concat_arrays(part.chunks)
    except pa.ArrowInvalid as problem:
        if not pat.is_dictionary(part.type):
            raise
        many = "unify" not in str(problem)
        raise UnsupportedData(
            f"A dictionary has more entries than {part.type.index_type} counts: {problem}."
            if many
            else f"The chunks of a dictionary cannot be joined: {problem}.",
            hint="cast it to pa.dictionary(pa.int32(), …)" if many else f"cast it to {part.type.value_type}",
        ) from None


def decoded(array: pa.DictionaryArray) -> pa.Array:
    """The values that a dictionary array stands for."""
    if pat.is_string_view(array.type.value_type):  # which Arrow cannot take from yet
        array = pa.DictionaryArray.from_arrays(array.indices, array.dictionary.cast(pa.large_string()))
    return array.dictionary_decode()


# ---- lists ---------------------------------------------------------------------------------------------------


def _lists(digest: Any, parts: Sequence[pa.Array], kind: pa.DataType) -> None:
    feed_validity(digest, parts)
    if pat.is_map(kind):
        parts = [_map_as_list(part) for part in parts]
    full = []  # the parts that have any items: of others, Arrow may give none of another type
    for part in parts:
        if pat.is_fixed_size_list(kind):
            some = kind.list_size > 0 and part.null_count < len(part)
        else:
            lengths = pc.fill_null(pc.list_value_length(part), 0).to_numpy(zero_copy_only=False).astype(np.int64)
            digest.update(lengths.view(np.uint8).data)
            some = bool(lengths.any())
        full += [part] if some else []
    items = pa.struct([kind.key_field, kind.item_field]) if pat.is_map(kind) else kind.value_type
    feed_values(digest, _joined([part.flatten() for part in full], items))  # without what lies under nulls


def _map_as_list(array: pa.Array) -> pa.Array:
    """A map as the list of structs that it is, which can be flattened; a map itself cannot."""
    kind = array.type
    entry = pa.struct([kind.key_field, kind.item_field])
    entries = pa.list_(pa.field("entries", entry, nullable=False))
    return pa.Array.from_buffers(
        entries,
        len(array),
        array.buffers()[:2],
        array.null_count,
        array.offset,
        [pa.StructArray.from_arrays([array.keys, array.items], fields=list(entry))],
    )
