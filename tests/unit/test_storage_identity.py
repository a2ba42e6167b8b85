"""The content id: content and nothing else."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from e2e_lab.storage.frames import from_frame
from e2e_lab.storage.identity import BLOCK, Content, content_id

TYPES: dict[pa.DataType, st.SearchStrategy[Any]] = {
    pa.int8(): st.integers(-128, 127),
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.uint16(): st.integers(0, 2**16 - 1),
    pa.float64(): st.floats(),
    pa.float32(): st.floats(width=32),
    pa.bool_(): st.booleans(),
    pa.string(): st.text(max_size=12),
    pa.large_binary(): st.binary(max_size=12),
    pa.binary(3): st.binary(min_size=3, max_size=3),
    pa.decimal128(12, 2): st.decimals(-(10**9), 10**9, places=2),
    pa.timestamp("us", "UTC"): st.integers(-(2**50), 2**50),
    pa.date32(): st.integers(0, 20_000),
    pa.list_(pa.int16()): st.lists(st.none() | st.integers(-9, 9), max_size=3),
    pa.list_(pa.string(), 2): st.lists(st.none() | st.text(max_size=3), min_size=2, max_size=2),
    pa.large_list(pa.list_(pa.bool_())): st.lists(st.none() | st.lists(st.booleans(), max_size=2), max_size=2),
    pa.struct([("a", pa.int8()), ("b", pa.list_(pa.string()))]): st.fixed_dictionaries(
        {"a": st.none() | st.integers(-5, 5), "b": st.none() | st.lists(st.text(max_size=2), max_size=2)}
    ),
    pa.map_(pa.string(), pa.int8()): st.lists(st.tuples(st.text(max_size=2), st.integers(-5, 5)), max_size=2),
    pa.dictionary(pa.int8(), pa.string()): st.sampled_from(["UA", "AA", "B6"]),
}


def array(values: list[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_dictionary(kind):
        return pa.array(values, kind.value_type).dictionary_encode().cast(kind)
    return pa.array(values, kind)


@st.composite
def columns(draw: st.DrawFn, most: int = 12) -> pa.Array:
    kind = draw(st.sampled_from(list(TYPES)))
    return array(draw(st.lists(st.none() | TYPES[kind], max_size=most)), kind)


def ident(column: pa.Array | pa.ChunkedArray, name: str = "x", **options: Any) -> str:
    return content_id(Content(pa.table([column], schema=pa.schema([pa.field(name, column.type, **options)]))))


@given(columns(), st.data())
@settings(deadline=None, max_examples=150)
def test_id_does_not_depend_on_chunks_or_offsets(column: pa.Array, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(column)), max_size=4)))
    edges = [0, *cuts, len(column)]
    padded = pa.concat_arrays([column.slice(0, min(3, len(column))), column, column.slice(0, min(2, len(column)))])
    inside = padded.slice(min(3, len(column)), len(column))
    parts = [inside.slice(a, b - a) for a, b in pairwise(edges)]
    assert ident(pa.chunked_array(parts, column.type)) == ident(column)


@given(columns(most=6), st.data())
@settings(deadline=None, max_examples=150)
def test_any_other_value_gives_another_id(column: pa.Array, data: st.DataObject) -> None:
    values = column.to_pylist()
    if not values:
        return
    place = data.draw(st.integers(0, len(values) - 1))
    other = data.draw(st.none() | TYPES[column.type])
    changed = array([*values[:place], other, *values[place + 1 :]], column.type)
    before, after = column[place], changed[place]
    same = before == after or (is_nan(before) and is_nan(after))
    if isinstance(before.as_py(), float) and before.as_py() == 0:
        same = same and math.copysign(1, before.as_py()) == math.copysign(1, 0.0 if other is None else other)
    assert (ident(changed) == ident(column)) == same


def is_nan(value: pa.Scalar) -> bool:
    return isinstance(value.as_py(), float) and math.isnan(value.as_py())


@pytest.mark.parametrize("rows", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 5])
def test_id_is_the_same_across_block_edges(rows: int) -> None:
    numbers = pa.array(np.arange(rows), mask=np.arange(rows) % 7 == 0)
    for column in (numbers, numbers.cast(pa.string())):
        cut = rows // 3
        assert ident(pa.chunked_array([column.slice(0, cut), column.slice(cut)], column.type)) == ident(column)


@pytest.mark.parametrize(
    "kind",
    [
        pa.float64(),
        pa.float32(),
        pa.int8(),
        pa.bool_(),
        pa.decimal128(9),
        pa.binary(3),
        pa.string(),
        pa.list_(pa.int8()),
    ],
    ids=str,
)
def test_ids_of_long_columns_do_not_depend_on_how_they_lie(kind: pa.DataType) -> None:
    """Chunks that end within a byte of validity, another value under every null, NaN of another kind far behind."""
    rows = BLOCK + 40_000
    numbers = np.random.default_rng(0).integers(0, 100, rows)
    there = numbers % 3 > 0
    clean = _made(kind, np.where(there, numbers, 0), there)
    dirty = _made(kind, np.where(there, numbers, 77), there, nan=0x1)
    assert dirty.null_count == clean.null_count == rows - int(there.sum())
    edges = [0, 3, 40_001, BLOCK + 5, rows]
    parts = pa.chunked_array([dirty.slice(first, last - first) for first, last in pairwise(edges)], kind)
    assert ident(parts) == ident(clean)
    last = np.flatnonzero(there)[-1]
    other = np.where(np.arange(rows) == last, numbers[last] ^ 1, numbers)
    assert ident(_made(kind, other, there)) != ident(clean)


def _made(kind: pa.DataType, numbers: Any, there: Any, nan: int = 0) -> pa.Array:
    """*numbers* as *kind*; those that are not *there* lie under nulls, some floats are NaN, with these bits."""
    rows, valid = len(numbers), pa.py_buffer(np.packbits(there, bitorder="little"))
    if pa.types.is_list(kind) or pa.types.is_string(kind):
        lengths = numbers % 5
        offsets = pa.py_buffer(np.concatenate([[0], np.cumsum(lengths)]).astype("i4"))
        content = np.repeat(numbers.astype("u1") % 64 + 33, lengths)
        if pa.types.is_string(kind):
            return pa.Array.from_buffers(kind, rows, [valid, offsets, pa.py_buffer(content)])
        return pa.Array.from_buffers(kind, rows, [valid, offsets], children=[pa.array(content.astype("i1"))])
    if pa.types.is_boolean(kind):
        return pa.Array.from_buffers(kind, rows, [valid, pa.py_buffer(np.packbits(numbers % 2, bitorder="little"))])
    if pa.types.is_floating(kind):
        width = kind.bit_width // 8
        values = np.where(numbers == 98, np.nan, numbers).astype(f"f{width}")
        values.view(f"u{width}")[np.isnan(values)] |= nan
        return pa.Array.from_buffers(kind, rows, [valid, pa.py_buffer(values)])
    width = kind.bit_width // 8
    content = np.zeros((rows, width), "u1")
    content[:, 0] = numbers
    return pa.Array.from_buffers(kind, rows, [valid, pa.py_buffer(content)])


@pytest.mark.parametrize("kind", [pl.List(pl.Categorical), pl.List(pl.Enum(["a", "b"])), pl.Array(pl.Categorical, 2)])
def test_chunks_in_which_nothing_is_are_of_no_type(kind: Any) -> None:
    """Of a list of categories without items, Arrow gives items with codes of another width."""
    parts = [pl.DataFrame({"x": pl.Series(some, dtype=kind)}) for some in ([["a", "b"]], [None], [["b", "a"], None])]
    chunked = pl.concat(parts, rechunk=False)
    assert chunked["x"].n_chunks() == 3
    whole = pl.DataFrame({"x": pl.Series([["a", "b"], None, ["b", "a"], None], dtype=kind)})
    assert content_id(from_frame(chunked)) == content_id(from_frame(whole))
    assert content_id(from_frame(chunked)) != content_id(from_frame(whole.slice(1)))


def test_many_small_chunks_are_one_column() -> None:
    text = pa.array([f"row {n}" if n % 3 else None for n in range(2_000)])
    for column in (text, text.dictionary_encode(), pa.array([[n, None] for n in range(2_000)])):
        parts = [column.slice(n, 1) for n in range(len(column))]
        assert ident(pa.chunked_array(parts, column.type)) == ident(column)


def test_encodings_of_the_same_values_have_one_id() -> None:
    text = pa.array(["UA", None, "AA", "UA", "é"])
    assert ident(text) == ident(text.cast(pa.large_string())) == ident(text.cast(pa.string_view()))
    lists = pa.array([[1, 2], None, []])
    assert ident(lists) == ident(lists.cast(pa.large_list(pa.int64())))
    one = pa.DictionaryArray.from_arrays(pa.array([0, 1, None], pa.int8()), ["a", "b", "unused"])
    other = pa.DictionaryArray.from_arrays(pa.array([1, 0, None], pa.int8()), ["b", "a"])
    assert ident(one) == ident(other)


def test_what_lies_under_nulls_does_not_count() -> None:
    valid = pa.py_buffer(b"\x05")
    clean = pa.array([1, None, 3], pa.int32())
    dirty = pa.Array.from_buffers(pa.int32(), 3, [valid, pa.py_buffer(np.array([1, 99, 3], "i4").tobytes())])
    assert ident(clean) == ident(dirty)
    offsets = pa.py_buffer(np.array([0, 1, 4, 5], "i4").tobytes())
    text = pa.Array.from_buffers(pa.string(), 3, [valid, offsets, pa.py_buffer(b"aXYZb")])
    assert ident(text) == ident(pa.array(["a", None, "b"]))
    lists = pa.Array.from_buffers(
        pa.list_(pa.int8()), 3, [valid, offsets], children=[pa.array([1, 9, 9, 9, 2], "int8")]
    )
    assert ident(lists) == ident(pa.array([[1], None, [2]], pa.list_(pa.int8())))
    bits = pa.Array.from_buffers(pa.bool_(), 3, [valid, pa.py_buffer(b"\x07")])
    assert ident(bits) == ident(pa.array([True, None, True]))


def test_type_name_and_nullability_count() -> None:
    column = pa.array([1, 2], pa.int32())
    assert ident(column) != ident(column.cast(pa.int64()))
    assert ident(column) != ident(column, "y")
    assert ident(column) != ident(column, nullable=False)
    times = pa.array([1], pa.timestamp("s"))
    assert len({ident(times), ident(times.cast(pa.timestamp("ms"))), ident(times.cast(pa.timestamp("s", "UTC")))}) == 3


def test_nan_null_and_minus_zero() -> None:
    odd = np.array([0x7FF8000000000001], "u8").view("f8")
    assert ident(pa.array([math.nan])) == ident(pa.array(odd))
    assert ident(pa.array([math.nan])) != ident(pa.array([None], pa.float64()))
    assert ident(pa.array([0.0])) != ident(pa.array([-0.0]))


def test_neighbouring_values_do_not_run_together() -> None:
    assert ident(pa.array(["ab", "c"])) != ident(pa.array(["a", "bc"]))
    assert ident(pa.array([["a"], ["b"]])) != ident(pa.array([["a", "b"], []]))
    two = pa.table({"a": [1], "b": [2]})
    assert content_id(Content(two)) != content_id(Content(two.select(["b", "a"])))


def test_rows_without_columns_count() -> None:
    assert content_id(from_content(3)) != content_id(from_content(4))


def from_content(rows: int) -> Content:
    return from_frame(pd.DataFrame(index=range(rows)))


def test_ids_are_what_they_were_on_every_machine() -> None:
    """These may only change with the version in DOMAIN: they are recorded in people's repositories."""
    table = pa.table({"carrier": ["UA", None], "delay": pa.array([1.5, math.nan]), "legs": [[1], []]})
    assert content_id(Content(table)) == "798a5a7e557ee8afccc1a1b59cd0bf75"
    frame = pd.DataFrame({"a": pd.Categorical(["x", None], ["y", "x"])}, index=pd.Index([3, 4], name="id"))
    assert content_id(from_frame(frame)) == "129f246a47ee62489acd69fa93e82701"
