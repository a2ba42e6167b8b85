"""How a column is encoded: plainly, by a dictionary, or by the differences of neighbours.

In the order in which values come, a dictionary changes with the first rows, and with it the codes of all others: so
that of text is sorted, and whole numbers in a narrow range have none. A version goes on as its parent did: a piece that
is encoded otherwise shares no page with the one it came from.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat
from numpy.typing import NDArray

from e2e_lab.storage.identity import Content
from e2e_lab.storage.parquet import is_text, to_parquet
from e2e_lab.storage.store.footer import Leaf
from e2e_lab.storage.values import rows_of

Coding: TypeAlias = Literal["plain", "dictionary", "sorted", "delta"]

SPOTS, SPOT = 3, 2048
REPEATING = 0.8  # of the sampled values so many differ where a column has about 14,000 of them
SORTED_AT_MOST = 4096
NARROW = 4096
_DELTA_BINARY_PACKED, _RLE_DICTIONARY = 5, 8  # parquet.thrift's Encoding


def codings(content: Content, columns: Sequence[int]) -> list[Coding]:
    """How to encode each of these *columns*, by a sample of its rows."""
    rows = content.lying.num_rows
    apart = rows >= 2 * SPOTS * SPOT
    spots, length = ([0, rows // 2, rows - SPOT], SPOT) if apart else ([0], SPOTS * SPOT)
    sample = to_parquet(pa.concat_tables([content.rows(columns, start, length) for start in spots]))
    return [_coding(column) for column in sample.columns]


def known_coding(leaves: Sequence[Leaf], kind: pa.DataType) -> Coding:
    """How a piece was encoded of a column that is kept as *kind*."""
    if len(leaves) != 1:
        return "plain"
    if _RLE_DICTIONARY in leaves[0].encodings:
        return "sorted" if is_text(kind) else "dictionary"
    return "delta" if _DELTA_BINARY_PACKED in leaves[0].encodings else "plain"


def arranged(table: pa.Table, wanted: Sequence[Coding]) -> pa.Table:
    """*table* with sorted dictionaries where they are wanted."""
    for place, coding in enumerate(wanted):
        if coding == "sorted":
            field = table.schema.field(place)
            column = _by_sorted_dictionary(rows_of(table.column(place), 0, table.num_rows))
            table = table.set_column(place, field.with_type(column.type), column)
    return table


def _coding(sample: pa.ChunkedArray) -> Coding:
    kind = sample.type
    if pat.is_dictionary(kind):
        return "dictionary"
    if pat.is_nested(kind) or pat.is_boolean(kind) or isinstance(kind, pa.BaseExtensionType):
        return "plain"
    values = rows_of(sample, 0, len(sample)).drop_null()
    try:
        repeats = len(pc.unique(values)) < len(values) * REPEATING
    except pa.ArrowNotImplementedError:  # some types cannot be counted; they are written as they are
        return "plain"
    if _differences(values, rows_of(sample, 0, SPOT).drop_null(), repeats=repeats):
        return "delta"
    if not repeats:
        return "plain"
    return "sorted" if is_text(kind) else "dictionary"


def _by_sorted_dictionary(texts: pa.Array) -> pa.DictionaryArray:
    coded = texts.dictionary_encode()
    entries = coded.dictionary.cast(pa.string())
    if len(entries) > SORTED_AT_MOST:
        return pa.DictionaryArray.from_arrays(coded.indices, entries)
    order = pc.sort_indices(entries)
    codes = pc.sort_indices(order).cast(pa.int32())  # where each entry went
    return pa.DictionaryArray.from_arrays(codes.take(coded.indices), entries.take(order))


def _differences(values: pa.Array, neighbours: pa.Array, *, repeats: bool) -> bool:
    """Whether to keep the differences of whole numbers and times: it takes half the time where they are small, and of
    repeated values in a narrow range hardly more space than a dictionary."""
    kind = values.type
    if not (pat.is_integer(kind) or pat.is_temporal(kind)) or pat.is_interval(kind) or len(neighbours) < 2:
        return False
    if repeats:
        numbers = _numbers(values)
        return int(numbers.max()) - int(numbers.min()) < NARROW
    steps = np.diff(_numbers(neighbours).astype(np.float64))
    return kind.bit_width >= 32 and bool(np.log2(max(float(np.ptp(steps)), 1.0)) < kind.bit_width * 0.6)


def _numbers(values: pa.Array) -> NDArray[Any]:
    width = values.type.bit_width // 8
    sign = "u" if pat.is_unsigned_integer(values.type) else "i"
    return np.frombuffer(values.buffers()[1], f"{sign}{width}", len(values), values.offset * width)
