"""Frames of every kind for Hypothesis, and the strict equality that they must come back with."""

from __future__ import annotations

import datetime as dt
import decimal
import re
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from hypothesis import strategies as st

from e2e_lab.storage.frames.python_values import same

ZONES = ("UTC", "Europe/Berlin", "America/New_York")
UNITS = ("s", "ms", "us", "ns")
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
SECONDS = st.integers(-(2**32), 2**33)  # 1833 to 2242: so that every unit can hold them

Draw = Callable[..., Any]


# ---- equality ------------------------------------------------------------------------------------------------


def assert_equal(frame: Any, back: Any) -> None:
    """*back* is *frame*: kind, values, types all the way down, labels, order, attributes."""
    if isinstance(frame, pd.DataFrame):
        assert_pandas(frame, back)
    elif isinstance(frame, pl.DataFrame):
        assert back.schema == frame.schema
        assert back.height == frame.height
        assert back.equals(frame)
    else:
        assert back.schema.equals(frame.schema)
        assert [field.metadata or {} for field in back.schema] == [field.metadata or {} for field in frame.schema]
        assert back.num_rows == frame.num_rows
        if not decoded(back).equals(decoded(frame)):  # as where there is NaN, which is not NaN
            for was, now in zip(frame.columns, back.columns, strict=True):
                assert same(was.to_pylist(), now.to_pylist())


def assert_pandas(frame: pd.DataFrame, back: pd.DataFrame) -> None:
    """The same for pandas, as strict as pandas can compare, and objects by value and type."""
    pd.testing.assert_frame_equal(
        _but_objects(back), _but_objects(frame), check_exact=True, check_freq=True, check_column_type=True
    )
    assert type(back.index) is type(frame.index)
    assert same({k: v for k, v in frame.attrs.items() if k != "e2e_lab"}, back.attrs)
    for place in range(0, frame.shape[1], 1 + frame.shape[1] // 100):
        assert_values(frame.iloc[:, place], back.iloc[:, place])
    assert frame.index.nlevels == back.index.nlevels
    for level in range(frame.index.nlevels):
        unnamed = [index.set_names([None] * index.nlevels) for index in (frame.index, back.index)]
        was, now = (index.get_level_values(level) for index in unnamed)
        assert_values(pd.Series(was.array, dtype=was.dtype), pd.Series(now.array, dtype=now.dtype))


def _but_objects(frame: pd.DataFrame) -> pd.DataFrame:
    """*frame* without the values of object and nested columns, some of which pandas cannot compare."""
    known = frame.copy(deep=False)
    known.attrs.clear()
    for place, dtype in enumerate(frame.dtypes):
        if dtype.kind == "O" and (isinstance(dtype, np.dtype) or _nested(dtype)):
            known.isetitem(place, None)
    return known


def _nested(dtype: Any) -> bool:
    return isinstance(dtype, pd.ArrowDtype) and pa.types.is_nested(dtype.pyarrow_dtype)


def assert_values(was: pd.Series[Any], now: pd.Series[Any]) -> None:
    """Two columns, by value and type: None is not NaN, and -0.0 not 0.0."""
    assert was.dtype == now.dtype
    if _nested(was.dtype):
        assert same(was.array.__arrow_array__().to_pylist(), now.array.__arrow_array__().to_pylist())
    elif was.dtype == object:
        for one, other in zip(was, now, strict=True):
            assert same(one, other), f"{one!r} came back as {other!r}"
    elif isinstance(was.dtype, np.dtype) and was.dtype.kind in "fc":
        there = ~was.isna().to_numpy()
        assert (np.signbit(was.to_numpy().real) == np.signbit(now.to_numpy().real))[there].all()
    elif isinstance(was.dtype, pd.Float64Dtype | pd.Float32Dtype):
        assert (was.array._mask == now.array._mask).all()


def decoded(table: pa.Table) -> pa.Table:
    """*table* without the order in which unordered dictionaries happen to list their values."""
    for place, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type) and not field.type.ordered:
            values = [chunk.dictionary_decode() for chunk in table.column(place).chunks]
            table = table.set_column(place, field.name, pa.chunked_array(values, field.type.value_type))
    return table


# ---- Python values -------------------------------------------------------------------------------------------


def zones() -> st.SearchStrategy[dt.tzinfo | None]:
    """No zone, or one of the standard library."""
    named = st.sampled_from(ZONES).map(ZoneInfo)
    offset = st.integers(-1000, 1000).map(lambda minutes: dt.timezone(dt.timedelta(minutes=minutes)))
    return st.none() | st.just(dt.UTC) | named | offset


def moments() -> st.SearchStrategy[dt.datetime]:
    """Datetimes that exist, with and without a zone."""
    plain = st.datetimes(dt.datetime(1, 1, 3), dt.datetime(9999, 12, 29))
    return plain.map(lambda when: when.replace(fold=0)) | st.tuples(
        st.datetimes(dt.datetime(1800, 1, 1), dt.datetime(2200, 1, 1)), zones()
    ).map(
        lambda pair: (
            pair[0].replace(fold=0) if pair[1] is None else pair[0].replace(tzinfo=dt.UTC, fold=0).astimezone(pair[1])
        )
    )


NULLS = st.sampled_from([None, float("nan"), pd.NA, pd.NaT])
SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "str": st.text(max_size=4),
    "bool": st.booleans(),
    "int": st.integers(-(2**63), 2**64 - 1) | st.integers(),
    "float": st.floats(allow_nan=False),
    "complex": st.complex_numbers(),
    "bytes": st.binary(max_size=4),
    "decimal": st.decimals(allow_nan=True).filter(lambda d: not d.is_snan()),
    "date": st.dates(),
    "time": st.times(timezones=st.none() | st.just(dt.UTC)).map(lambda time: time.replace(fold=0)),
    "datetime": moments(),
    "timedelta": st.timedeltas(),
    "uuid": st.uuids(),
    "Timestamp": st.tuples(SECONDS, st.sampled_from(UNITS), st.none() | st.sampled_from(ZONES)).map(
        lambda t: pd.Timestamp(t[0], unit="s", tz=t[2]).as_unit(t[1])
    ),
    "Timedelta": st.tuples(SECONDS, st.sampled_from(UNITS)).map(lambda t: pd.Timedelta(t[0], "s").as_unit(t[1])),
    "Period": st.tuples(st.integers(0, 900), st.sampled_from("DMYWh")).map(
        lambda t: pd.Period(ordinal=t[0], freq=t[1])
    ),
    "Interval": st.tuples(st.integers(0, 9), st.integers(10, 19), st.sampled_from(["left", "right", "both"])).map(
        lambda t: pd.Interval(*t)
    ),
    "numpy": st.one_of(
        st.integers(-128, 127).map(np.int8), st.floats(width=32).map(np.float32), st.floats().map(np.float64),
        st.booleans().map(np.bool_), SECONDS.map(lambda s: np.datetime64(s, "s")),
    ),
    "array": st.lists(st.integers(0, 255), max_size=4).map(lambda v: np.array(v, "u1"))
    | st.lists(st.floats(width=32), max_size=4).map(lambda v: np.array(v, "f4")),
}  # fmt: skip
_FLAT = st.one_of(*SCALARS.values(), st.none(), st.just(float("nan")))
NESTED = st.recursive(
    _FLAT,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(TEXT | st.just("$set") | st.integers(0, 3), inner, max_size=3),
    ),
    max_leaves=6,
)
SETS = st.frozensets(st.integers() | TEXT | st.none(), max_size=3)


def object_series(values: list[Any]) -> pd.Series[Any]:
    """An object column of exactly these values."""
    series = pd.Series([None] * len(values), dtype=object)
    for place, value in enumerate(values):
        series.array[place] = value
    return series


@st.composite
def object_columns(draw: Draw, rows: int) -> pd.Series[Any]:
    """Values of one Python type, of several, nested ones; with every null."""
    one = draw(st.sampled_from(sorted(SCALARS)))
    of = draw(st.sampled_from([SCALARS[one], SCALARS[one] | SCALARS["str"], _FLAT, NESTED, SETS | SETS.map(set)]))
    null = draw(st.sampled_from([st.nothing(), st.none(), st.just(float("nan")), NULLS]))
    return object_series(draw(st.lists(of | null, min_size=rows, max_size=rows)))


# ---- pandas --------------------------------------------------------------------------------------------------


def _several(of: st.SearchStrategy[Any], rows: int) -> st.SearchStrategy[list[Any]]:
    return st.lists(of, min_size=rows, max_size=rows)


@st.composite
def numpy_columns(draw: Draw, rows: int) -> Any:
    """Columns of NumPy's types."""
    kind = draw(st.sampled_from(["?", "i1", "i8", "u1", "u8", "f2", "f4", "f8", "c8", "c16", "M8", "m8"]))
    if kind in ("M8", "m8"):
        seconds = np.array(draw(_several(SECONDS, rows)), "i8").view(f"{kind}[s]")
        times = seconds.astype(f"{kind}[{draw(st.sampled_from(UNITS))}]")
        if rows and draw(st.booleans()):
            times[draw(st.integers(0, rows - 1))] = "NaT"
        zone = draw(st.none() | st.sampled_from(ZONES)) if kind == "M8" else None
        return pd.Series(times) if zone is None else pd.Series(times).dt.tz_localize("UTC").dt.tz_convert(zone)
    if kind[0] in "iu":
        info = np.iinfo(kind)
        return np.array(draw(_several(st.integers(int(info.min), int(info.max)), rows)), kind)
    width = {"f2": 16, "f4": 32, "c8": 32}.get(kind, 64)
    numbers = {"?": st.booleans(), "f": st.floats(width=width), "c": st.complex_numbers(width=2 * width)}[kind[0]]
    return np.array(draw(_several(numbers, rows)), kind)


@st.composite
def extension_columns(draw: Draw, rows: int) -> Any:
    """Columns of pandas' own types."""
    which = draw(st.sampled_from(["masked", "string", "category", "period", "interval", "sparse", "arrow"]))
    null = st.none()
    if which == "masked":
        kind = draw(st.sampled_from(["Int8", "Int64", "UInt8", "Float64", "boolean"]))
        of = {"I": st.integers(-128, 127), "U": st.integers(0, 255), "F": st.floats(allow_nan=False)}
        return pd.array(draw(_several(of.get(kind[0], st.booleans()) | null, rows)), kind)
    if which == "string":
        kinds: list[Any] = ["str", "string", pd.StringDtype("python"), pd.StringDtype("python", na_value=np.nan)]
        return pd.array(draw(_several(TEXT | null, rows)), draw(st.sampled_from(kinds)))
    if which == "category":
        of = draw(st.sampled_from([TEXT, st.integers(-9, 9), st.floats(-9, 9), st.dates(), TEXT | st.integers(0, 3)]))
        entries = draw(st.lists(of, max_size=4, unique_by=lambda v: (type(v).__name__, str(v))))
        codes = draw(_several(st.integers(-1, len(entries) - 1), rows))
        labels = pd.Index(entries) if draw(st.booleans()) else pd.Index(object_series(entries), dtype=object)
        return pd.Categorical.from_codes(codes, labels, draw(st.booleans()))
    if which == "period":
        ordinals = draw(_several(st.integers(-500, 900), rows))
        freq = draw(st.sampled_from(["D", "M", "Q-NOV", "Y", "W-TUE", "h", "s", "ns", "2D", "3M"]))
        return pd.arrays.PeriodArray(np.array(ordinals, "i8"), dtype=pd.PeriodDtype(freq))
    if which == "interval":
        breaks = sorted(draw(st.lists(st.integers(-99, 99) | st.floats(-99, 99), min_size=rows + 1, max_size=rows + 1)))
        made = pd.arrays.IntervalArray.from_breaks(breaks, closed=draw(st.sampled_from(["left", "right", "both"])))
        return made if not rows or draw(st.booleans()) else made.take([-1, *range(1, rows)], allow_fill=True)
    if which == "sparse":
        kind, fill, of = draw(
            st.sampled_from([("i8", 0, st.integers(0, 2)), ("f8", np.nan, st.floats()), ("?", False, st.booleans())])
        )
        return pd.arrays.SparseArray(np.array(draw(_several(of, rows)), kind), fill_value=fill)
    array = draw(arrow_arrays(rows).filter(lambda array: "view" not in str(array.type)))  # which pandas cannot show
    return pd.array(array, pd.ArrowDtype(array.type))


LABELS = st.one_of(TEXT, st.integers(-9, 9), st.none(), st.floats(), st.booleans(), st.dates(), st.tuples(TEXT, TEXT))


@st.composite
def indexes(draw: Draw, rows: int) -> pd.Index[Any]:
    """Rows' labels of every kind."""
    name = draw(st.none() | TEXT | st.integers(0, 3))
    which = draw(st.sampled_from(["none", "range", "values", "times", "frequent", "multi", "mixed"]))
    if which == "none":
        return pd.RangeIndex(rows)
    if which == "range":
        start, step = draw(st.integers(-9, 9)), draw(st.sampled_from([-2, -1, 1, 3]))
        return pd.RangeIndex(start, start + step * rows, step, name=name)
    if which == "times":
        values = pd.Series(np.array(draw(_several(SECONDS, rows)), "i8").view("M8[s]"))
        return pd.DatetimeIndex(values, name=name, tz=draw(st.none() | st.sampled_from(ZONES)))
    if which == "frequent":
        freq = draw(st.sampled_from(["D", "h", "15min", "MS", "W-TUE", "QS", "B", "2D"]))
        zone = draw(st.none() | st.sampled_from(ZONES))
        return pd.date_range("2020-03-27", periods=rows, freq=freq, tz=zone, name=name)
    if which == "multi":
        of = numpy_columns(rows) | extension_columns(rows).filter(lambda v: not isinstance(v.dtype, pd.ArrowDtype))
        levels = draw(st.lists(of, min_size=1, max_size=3))
        names = [name, *[None] * (len(levels) - 1)]
        return pd.MultiIndex.from_arrays([_indexable(level) for level in levels], names=names)
    if which == "mixed":
        return pd.Index(object_series(draw(_several(LABELS, rows))), dtype=object, name=name)
    flat = extension_columns(rows).filter(lambda values: not _nested(values.dtype))
    return pd.Index(_indexable(draw(numpy_columns(rows) | flat)), name=name)


def _indexable(values: Any) -> pd.Series[Any]:
    series = pd.Series(values)
    return series.astype("f4") if series.dtype == np.float16 else series


@st.composite
def pandas_frames(draw: Draw, max_rows: int = 5, max_columns: int = 4) -> pd.DataFrame:
    """DataFrames of columns, labels, indexes and attributes of every kind."""
    rows = draw(st.integers(0, max_rows))
    columns = draw(st.lists(numpy_columns(rows) | extension_columns(rows) | object_columns(rows), max_size=max_columns))
    frame = pd.DataFrame({n: pd.Series(column) for n, column in enumerate(columns)}, index=pd.RangeIndex(rows))
    width = len(columns)
    which = draw(st.sampled_from(["text", "labels", "range", "multi", "times"]))
    if which == "text":
        frame.columns = pd.Index(draw(_several(TEXT, width)), dtype="str", name=draw(st.none() | TEXT))
    elif which == "labels":
        frame.columns = pd.Index(object_series(draw(_several(LABELS, width))), dtype=object, tupleize_cols=False)
    elif which == "multi" and width:
        plain = LABELS.filter(lambda label: not isinstance(label, tuple))
        pairs = [draw(_several(plain, width)), draw(_several(TEXT, width))]
        frame.columns = pd.MultiIndex.from_arrays([object_series(pairs[0]), pairs[1]], names=[None, draw(TEXT)])
    elif which == "times":
        frame.columns = pd.date_range("2020", periods=width, freq="D", tz=draw(st.none() | st.sampled_from(ZONES)))
    frame.index = draw(indexes(rows))
    frame.attrs.update(draw(st.dictionaries(TEXT, NESTED, max_size=1)))
    return frame


# ---- Arrow and polars ----------------------------------------------------------------------------------------

_INTEGERS = {pa.int8(): (-128, 127), pa.int64(): (-(2**63), 2**63 - 1), pa.uint64(): (0, 2**64 - 1)}
_MOMENTS = [pa.timestamp(u, z) for u in UNITS for z in (None, *ZONES, "+05:30")] + [pa.duration(u) for u in UNITS]


def arrow_leaves() -> st.SearchStrategy[tuple[pa.DataType, st.SearchStrategy[Any]]]:
    """An Arrow type, and what there may be of it."""
    integers = [(kind, st.integers(*bounds)) for kind, bounds in _INTEGERS.items()]
    numbers = SECONDS.map(lambda s: s)
    decimals = st.integers(-(10**9), 10**9).map(lambda n: decimal.Decimal(n).scaleb(-2))
    return st.sampled_from(
        [
            *integers,
            (pa.bool_(), st.booleans()), (pa.null(), st.none()),
            (pa.float32(), st.floats(width=32)), (pa.float64(), st.floats()),
            (pa.string(), TEXT), (pa.large_string(), TEXT), (pa.string_view(), TEXT),
            (pa.binary(), st.binary(max_size=4)), (pa.large_binary(), st.binary(max_size=4)),
            (pa.binary(3), st.binary(min_size=3, max_size=3)),
            (pa.date32(), st.dates()), (pa.date64(), st.dates()),
            (pa.time32("s"), st.integers(0, 86_399)), (pa.time64("ns"), st.integers(0, 10**12)),
            (pa.decimal128(20, 2), decimals), (pa.decimal256(60, 2), decimals),
            *[(kind, numbers) for kind in _MOMENTS],
        ]
    )  # fmt: skip


@st.composite
def arrow_kinds(draw: Draw, depth: int = 2) -> tuple[pa.DataType, st.SearchStrategy[Any]]:
    """Lists, structs and maps of them too."""
    kind, values = draw(arrow_leaves())
    for _ in range(draw(st.integers(0, depth))):
        values = values | st.none()
        which = draw(st.sampled_from(["list", "large", "fixed", "struct", "map"]))
        if which == "list":
            kind, values = pa.list_(kind), st.lists(values, max_size=3)
        elif which == "large":
            kind, values = pa.large_list(kind), st.lists(values, max_size=3)
        elif which == "fixed":
            kind, values = pa.list_(kind, 2), st.lists(values, min_size=2, max_size=2)
        elif which == "struct":
            other, others = draw(arrow_leaves())
            kind = pa.struct([("a", kind), ("b c", other)])
            values = st.fixed_dictionaries({"a": values, "b c": others | st.none()})
        else:
            kind, values = pa.map_(pa.string(), kind), st.lists(st.tuples(TEXT, values), max_size=2)
    return kind, values


@st.composite
def arrow_arrays(draw: Draw, rows: int) -> pa.Array:
    """An Arrow array of any type, dictionaries of text and numbers included."""
    kind, values = draw(arrow_kinds())
    array = pa.array(draw(_several(values | st.none(), rows)), kind)
    plain = pa.types.is_integer(kind) or kind in (pa.string(), pa.large_string())
    return array.dictionary_encode() if plain and draw(st.booleans()) else array


@st.composite
def arrow_tables(draw: Draw, max_rows: int = 6, max_columns: int = 4) -> pa.Table:
    """Tables of any types, in chunks, sliced."""
    rows = draw(st.integers(0, max_rows))
    arrays = draw(st.lists(arrow_arrays(rows), max_size=max_columns))
    if not arrays:
        return pa.table({"rows": pa.nulls(rows)}).select([])
    table = pa.table(arrays, names=draw(_several(TEXT, len(arrays))))
    cut = draw(st.integers(0, rows))
    parts = pa.concat_tables([table.slice(0, cut), table.slice(cut)])
    return parts.slice(draw(st.integers(0, rows)))


@st.composite
def polars_frames(draw: Draw, max_rows: int = 5) -> pl.DataFrame:
    """polars frames of its own types, categories and enums among them."""
    table = draw(
        arrow_tables(max_rows).filter(
            lambda found: not re.search(r"\+05:30|decimal256|fixed_size_list", str(found.schema))
        )
    )
    names = [f"{n}" for n in range(table.num_columns)]
    if not names:
        return pl.DataFrame(height=table.num_rows)
    frame: Any = pl.from_arrow(decoded(table.rename_columns(names)))
    for name, dtype in list(frame.schema.items()):
        if dtype == pl.String and draw(st.booleans()):
            entries = [*frame[name].unique(maintain_order=True).drop_nulls(), "unused\n"]
            kind = draw(st.sampled_from([pl.Categorical(), pl.Enum(entries)]))
            frame = frame.with_columns(pl.col(name).cast(kind))
    return frame
