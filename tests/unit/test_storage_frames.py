"""Frames come back equal in the kind they came in, or are refused by column name."""
# ruff: noqa: E501 - tables of values read best one case a line

from __future__ import annotations

import datetime as dt
import decimal
import uuid
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import pandas as hp

from e2e_lab import project as projects
from e2e_lab import storage
from e2e_lab.errors import UnsupportedData, UsageError
from e2e_lab.project import Project

NAN = float("nan")
UNITS = ("s", "ms", "us", "ns")
BERLIN = "Europe/Berlin"


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made, _ = projects.create(tmp_path_factory.mktemp("room"))
    return made


def through(room: Project, frame: Any, kind: str = "pandas", **options: Any) -> Any:
    """*frame* saved, loaded as *kind*."""
    saved = storage.snapshot(room, frame, "frame", stage="raw")
    return storage.load(room, saved, kind=kind, **options)


def assert_same(frame: pd.DataFrame, back: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(back, frame, check_exact=True, check_freq=True, check_column_type=True)
    for place in range(frame.shape[1]):
        if frame.iloc[:, place].dtype == object:
            for was, now in zip(frame.iloc[:, place], back.iloc[:, place], strict=True):
                assert type(now) is type(was)
                assert now is was or not (was is None or was is pd.NA or was is pd.NaT)


def objects(*values: Any) -> pd.Series:
    series = pd.Series([None] * len(values), dtype=object)
    for place, value in enumerate(values):
        series.array[place] = value
    return series


def times() -> pd.DataFrame:
    some = pd.to_datetime(["2020-01-01", None, "2021-03-03"])
    return pd.DataFrame(
        {f"plain {unit}": some.as_unit(unit) for unit in UNITS}
        | {f"zoned {unit}": some.tz_localize(BERLIN).as_unit(unit) for unit in UNITS}
        | {f"delta {unit}": pd.to_timedelta([1, None, 3], unit="s").as_unit(unit) for unit in UNITS}
        | {"offset": pd.date_range("2020", periods=3, tz=dt.timezone(dt.timedelta(hours=2)))}
    )


def arrow(values: list[Any], kind: pa.DataType) -> Any:
    return pd.array(values, pd.ArrowDtype(kind))


FRAMES: dict[str, pd.DataFrame] = {
    "numpy": pd.DataFrame(
        {"i": [1, 2, 3], "f": [1.5, NAN, -0.0], "b": [True, False, True], "u1": np.array([1, 2, 3], "u1"),
         "f2": np.array([1, 2, 3], "f2"), "f4": np.array([1, NAN, 3], "f4")}
    ),
    "strings": pd.DataFrame(
        {"str": ["x", None, "é"], "string": pd.array(["x", None, "z"], "string"),
         "python": pd.array(["x", None, "z"], pd.StringDtype("python")),
         "python nan": pd.array(["x", None, "z"], pd.StringDtype("python", na_value=NAN))}
    ),
    "nullable": pd.DataFrame(
        {"i": pd.array([1, None, 3], "Int64"), "no nulls": pd.array([1, 2, 3], "Int64"),
         "u": pd.array([1, None, 3], "UInt8"), "b": pd.array([True, None, False], "boolean"),
         "f": pd.array([1.5, None, 2], "Float64"), "f32": pd.array([1.5, 2.5, 2], "Float32"),
         "nan": pd.arrays.FloatingArray(np.array([1.0, NAN, 3.0]), np.array([False, False, True]))}
    ),
    "arrow dtypes": pd.DataFrame(
        {"i": arrow([1, None, 3], pa.int64()), "s": arrow(["x", None, "z"], pa.string()),
         "ls": arrow(["x", None, "z"], pa.large_string()), "l": arrow([[1], None, []], pa.list_(pa.int64())),
         "d": arrow([dt.date(2020, 1, 1), None, dt.date(2021, 1, 1)], pa.date32()),
         "ts": arrow([1, None, 2], pa.timestamp("s")), "st": arrow([{"a": 1}, None, {"a": 2}], pa.struct([("a", "int8")])),
         "dec": arrow([decimal.Decimal("1.10"), None, decimal.Decimal(2)], pa.decimal128(10, 2)),
         "dic": arrow(["a", None, "b"], pa.dictionary(pa.int8(), pa.string()))}
    ),
    "times": times(),
    "objects": pd.DataFrame(
        {"all nulls": objects("a", None, NAN, pd.NA), "nan": objects("a", NAN, NAN, "b"), "none": objects(*[None] * 4),
         "only nulls": objects(NAN, None, pd.NaT, NAN), "int": objects(1, 2**40, None, 3), "uint": objects(2**63, None, 1, 2),
         "bool": objects(True, None, False, NAN), "float": objects(1.5, None, NAN, 2.5), "bytes": objects(b"a", b"\0\xff", None, b""),
         "decimal": objects(decimal.Decimal("1.10"), decimal.Decimal("2.5"), None, decimal.Decimal(-3)),
         "date": objects(dt.date(2020, 1, 1), None, None, dt.date(1, 1, 1)), "time": objects(dt.time(1, 2, 3), None, None, dt.time(4)),
         "datetime": objects(dt.datetime(2020, 1, 1), None, None, dt.datetime(2021, 1, 1, 5)),
         "timedelta": objects(dt.timedelta(1), None, None, dt.timedelta(0, 0, 5)),
         "uuid": objects(uuid.UUID(int=5), None, uuid.UUID(int=7), None), "list": objects([1, 2], [], None, [None]),
         "dict": objects({"a": 1}, {"a": None}, None, {"a": 3}), "tuple": objects((1,), (2, 3), None, ())}
    ),
    "categories": pd.DataFrame(
        {"unused": pd.Categorical(["b", "a", None], ["z", "b", "a"]),
         "ordered": pd.Categorical(["b", "a", None], ["b", "a"], ordered=True),
         "int": pd.Categorical([3, 1, None], [5, 3, 1]), "float": pd.Categorical([1.5, None, 2.5]),
         "time": pd.Categorical(pd.to_datetime(["2020", "2021", None])), "bool": pd.Categorical([True, False, None]),
         "cut": pd.cut([1.0, 2.0, NAN], [0, 1.5, 3]), "none": pd.Categorical([None, None, None]),
         "period": pd.Categorical(pd.PeriodIndex(["2020", "2021", None], freq="Y")),
         "object": pd.Categorical(objects("q", "q", None)), "string": pd.Categorical(pd.array(["a", "b", None], "string"))}
    ),
    "periods and intervals": pd.DataFrame(
        {"month": pd.period_range("2020", periods=3, freq="M"), "quarter": pd.PeriodIndex(["2020Q1", None, "2021Q3"], freq="Q-NOV"),
         "int": pd.interval_range(0, 3), "left": pd.arrays.IntervalArray.from_breaks([0, 1, 2, 3.5], closed="left"),
         "null": pd.arrays.IntervalArray.from_arrays([0, NAN, 2.0], [1, NAN, 3.0]),
         "time": pd.interval_range(pd.Timestamp("2020"), periods=3)}
    ),
    "duplicate and empty names": pd.DataFrame([[1, "a", 3.0]], columns=["x", "x", ""]),
    "numbered columns": pd.DataFrame(np.arange(6).reshape(2, 3)),
    "int columns": pd.DataFrame([[1, 2]], columns=[5, 7]),
    "mixed columns": pd.DataFrame([[1, 2, 3, 4, 5]], columns=["a", 1, ("t", 2), None, 2.5]),
    "time columns": pd.DataFrame([[1, 2]], columns=pd.to_datetime(["2020-01-01", "2021-01-01"])),
    "freq columns": pd.DataFrame([[1, 2, 3]], columns=pd.date_range("2020", periods=3)),
    "multi columns": pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", "x"), ("b", 2)], names=["l", None])),
    "named columns": pd.DataFrame({"a": [1]}).rename_axis(columns="measure"),
    "category columns": pd.DataFrame([[1, 2]], columns=pd.CategoricalIndex(["a", "b"], ["b", "a", "c"])),
    "object columns": pd.DataFrame([[1, 2]], columns=pd.Index(["a", "b"], dtype=object)),
    "period columns": pd.DataFrame([[1, 2]], columns=pd.period_range("2020", periods=2, freq="M")),
    "no rows": pd.DataFrame(
        {"i": pd.Series(dtype="int64"), "s": pd.Series(dtype="str"), "t": pd.Series(dtype="datetime64[s]"),
         "o": pd.Series(dtype=object), "c": pd.Categorical([]), "n": pd.Series(dtype="Int64")}
    ),
    "no columns": pd.DataFrame(index=pd.RangeIndex(5)),
    "nothing": pd.DataFrame(),
    "only an index": pd.DataFrame(index=["a", "b"]),
    "named index": pd.DataFrame({"a": [1, 2]}, index=pd.Index(["p", "q"], name="k")),
    "gaps": pd.DataFrame({"a": [1, 2]}, index=[5, 3]),
    "range": pd.DataFrame({"a": [1, 2]}, index=pd.RangeIndex(10, 14, 2)),
    "named range": pd.DataFrame({"a": [1, 2]}, index=pd.RangeIndex(2, name="id")),
    "days": pd.DataFrame({"a": [1, 2, 3]}, index=pd.date_range("2020", periods=3, freq="D")),
    "months": pd.DataFrame({"a": [1, 2, 3]}, index=pd.date_range("2020", periods=3, freq="MS", tz=BERLIN, name="when")),
    "hours": pd.DataFrame({"a": [1, 2, 3]}, index=pd.timedelta_range("1h", periods=3)),
    "weeks": pd.DataFrame({"a": [1, 2, 3]}, index=pd.period_range("2020", periods=3, freq="W")),
    "interval index": pd.DataFrame({"a": [1, 2, 3]}, index=pd.interval_range(0, 3)),
    "category index": pd.DataFrame({"a": [1, 2]}, index=pd.CategoricalIndex(["x", "y"], ["y", "x", "z"])),
    "multi index": pd.DataFrame(
        {"a": [1, 2, 3]},
        index=pd.MultiIndex.from_arrays([["x", "x", "y"], [1, 2, 1], pd.to_datetime(["2020", "2021", "2022"])], names=["k", None, "t"]),
    ),
    "multi index with nulls": pd.DataFrame({"a": [1, 2]}, index=pd.MultiIndex.from_arrays([["x", None], [1.0, NAN]])),
    "object index": pd.DataFrame({"a": [1, 2]}, index=pd.Index(["x", None], dtype=object)),
    "date index": pd.DataFrame({"a": [1, 2]}, index=pd.Index([dt.date(2020, 1, 1), dt.date(2020, 1, 2)])),
    "index named as a column": pd.DataFrame({"k": [1, 2]}, index=pd.Index(["a", "a"], name="k")),
    "column named index": pd.DataFrame({"index": [1, 2]}, index=["a", "b"]),
}  # fmt: skip


@pytest.mark.parametrize("name", FRAMES)
def test_pandas_comes_back_equal(room: Project, name: str) -> None:
    frame = FRAMES[name]
    back = through(room, frame)
    assert_same(frame, back)
    assert storage.fingerprint(back) == storage.fingerprint(frame)


@pytest.mark.parametrize("name", FRAMES)
def test_pandas_loads_as_the_other_kinds(room: Project, name: str) -> None:
    frame = FRAMES[name]
    table = through(room, frame, "arrow")
    assert table.num_rows == len(frame) or not table.num_columns
    assert through(room, frame, "polars").height == len(frame)
    if table.num_columns and not any(pa.types.is_float16(t) for t in table.schema.types):
        assert through(room, frame, "duckdb").shape[0] == len(frame)


def test_loaded_frames_may_be_written_to(room: Project) -> None:
    for frame in (pd.DataFrame({"a": [1.0, 2.0]}), FRAMES["numpy"]):
        back = through(room, frame)
        back.iloc[0, 0] = 9
        back["new"] = 1
        assert back.iloc[0, 0] == 9


@given(
    hp.data_frames(
        [
            hp.column("i", dtype=np.int64),
            hp.column("f", elements=st.floats(allow_subnormal=False)),
            hp.column("b", dtype=bool),
            hp.column("t", elements=st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2200, 1, 1))),
            hp.column(
                "s", elements=st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=5), dtype=object
            ),
        ],
        index=hp.range_indexes(max_size=8) | hp.indexes(dtype=np.int64, max_size=8),
    )
)
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_any_frame_comes_back_equal(room: Project, frame: pd.DataFrame) -> None:
    assert_same(frame, through(room, frame))


class Odd:
    pass


REFUSED: dict[str, tuple[Any, str]] = {
    "mixed": (objects(1, "a"), 'df["c"] = df["c"].astype("string")'),
    "bool and int": (objects(True, 1), 'df["c"] = df["c"].astype("string")'),
    "int and float": (objects(2, 1.5), 'df["c"] = df["c"].astype("string")'),
    "complex": (pd.Series([1j]), ".imag"),
    "sparse": (pd.arrays.SparseArray([0, 1]), ".sparse.to_dense()"),
    "dicts of other keys": (objects({"a": 1}, {"b": 2}), "json.dumps"),
    "mixed lists": (objects([1, "a"]), "json.dumps"),
    "more than 64 bits": (objects(2**70), "string"),
    "own class": (objects(Odd()), "string"),
    "half a character": (objects("\ud800"), "string"),
    "timestamps": (objects(pd.Timestamp("2020")), "pd.to_datetime"),
    "zoned datetimes": (objects(dt.datetime(2020, 1, 1, tzinfo=dt.UTC)), "pd.to_datetime"),
    "dateutil zones": (pd.date_range("2020", periods=2, tz="dateutil/Europe/Berlin"), 'tz_convert("UTC")'),
    "decimal nan": (objects(decimal.Decimal("NaN"), decimal.Decimal(1)), "string"),
    "matrices": (objects(np.ones((2, 2)), np.ones((2, 2))), "tolist"),
    "mixed categories": (pd.Categorical([1, "a"]), "string"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_come_back_is_refused_by_name_with_a_way_out(name: str) -> None:
    values, way = REFUSED[name]
    with pytest.raises(UnsupportedData, match="Column 'c'") as refused:
        storage.fingerprint(pd.DataFrame({"good": range(len(values)), "c": values}))
    assert way in refused.value.hint


def test_what_is_no_table_is_refused_with_a_way_out() -> None:
    for value, way in [
        (pd.Series([1]), "to_frame"),
        (pl.Series([1]), "to_frame"),
        (np.ones(3), "DataFrame"),
        ([1], "DataFrame"),
    ]:
        with pytest.raises(UnsupportedData) as refused:
            storage.fingerprint(value)
        assert way in refused.value.hint


def polars_frame() -> pl.DataFrame:
    return pl.DataFrame(
        {"i": [1, None, 3], "s": ["x", None, "y"], "f": [1.5, NAN, None], "n": [None, None, None],
         "c": pl.Series(["b", "a", None], dtype=pl.Categorical), "l": [[1], None, []], "b": [b"x", None, b""],
         "e": pl.Series(["b", None, "b"], dtype=pl.Enum(["z", "b", "a"])), "d": [dt.date(2020, 1, 1), None, dt.date(2020, 1, 2)],
         "a": pl.Series([[1, 2], None, [3, 4]], dtype=pl.Array(pl.Int8, 2)), "st": [{"a": 1, "b": "x"}, None, {"a": 2, "b": None}],
         "t": [dt.time(1), None, dt.time(2)], "dt": pl.Series([dt.datetime(2020, 1, 1)] * 3, dtype=pl.Datetime("ns", BERLIN)),
         "du": pl.Series([1, 2, None], dtype=pl.Duration("ms")), "u": pl.Series([1, 2, 3], dtype=pl.UInt64),
         "dec": pl.Series([decimal.Decimal("1.10"), None, decimal.Decimal(3)], dtype=pl.Decimal(20, 2))}
    )  # fmt: skip


def test_polars_comes_back_equal(room: Project) -> None:
    frame = polars_frame()
    for one in (frame, frame.head(0), frame.slice(1), frame.lazy(), pl.DataFrame(height=4)):
        back = through(room, one, "polars")
        expected = one.collect() if isinstance(one, pl.LazyFrame) else one
        assert back.schema == expected.schema
        assert back.height == expected.height
        assert back.equals(expected)
    as_pandas = through(room, frame)
    assert as_pandas["i"].dtype == "Int64"
    assert list(as_pandas["e"].cat.categories) == ["z", "b", "a"]
    assert as_pandas["f"].isna().tolist() == [False, False, True] or as_pandas["f"].array.isna()[2]


@pytest.mark.parametrize("dtype", [pl.Int128, pl.Object])
def test_polars_types_without_arrow_are_refused(dtype: Any) -> None:
    with pytest.raises(UnsupportedData, match="Column 'q'") as refused:
        storage.fingerprint(pl.DataFrame({"q": pl.Series([1], dtype=dtype)}))
    assert "cast(pl.String)" in refused.value.hint


ARROW: dict[str, pa.Array] = {
    "half float": pa.array(np.array([1, 2, 3], "f2")),
    "duration": pa.array([1, None, 2], pa.duration("s")),
    "seconds": pa.array([1, None, 2], pa.timestamp("s", "UTC")),
    "date64": pa.array([86_400_000, None, 0], pa.date64()),
    "time32": pa.array([1, 2, 3], pa.time32("s")),
    "time64": pa.array([1, 2, 3], pa.time64("ns")),
    "decimal32": pa.array([1, 2, 3], pa.decimal32(5, 2)),
    "decimal256": pa.array([1, None, 2], pa.decimal256(60, 2)),
    "string view": pa.array(["a", None, "b"], pa.string_view()),
    "list view": pa.array([[1], None, [2, 3]], pa.list_view(pa.int32())),
    "fixed list": pa.array([[1, 2], None, [3, 4]], pa.list_(pa.int32(), 2)),
    "null": pa.nulls(3),
    "interval": pa.array([(1, 2, 3), None, (0, 0, 0)], pa.month_day_nano_interval()),
    "dictionary of numbers": pa.array([5, 6, 5]).dictionary_encode(),
    "dictionary of seconds": pa.array([1, 2, None], pa.timestamp("s")).dictionary_encode(),
    "dictionary int8": pa.DictionaryArray.from_arrays(pa.array([0, 1, None], pa.int8()), ["a", "b"]),
    "dictionary large": pa.DictionaryArray.from_arrays(pa.array([0, 1, 1], pa.uint32()), pa.array(["b", "a"], pa.large_string())),
    "dictionary ordered": pa.DictionaryArray.from_arrays(pa.array([1, 0, None], pa.int8()), ["lo", "hi", "unused"], ordered=True),
    "uuid": pa.array([b"a" * 16] * 3, pa.uuid()),
    "map": pa.array([[("a", 1)], None, []], pa.map_(pa.string(), pa.int32())),
    "list of seconds": pa.array([[1], None, []], pa.list_(pa.timestamp("s"))),
    "struct": pa.array([{"a": 1, "b": [1]}, None, {}], pa.struct([("a", pa.timestamp("s")), ("b", pa.list_(pa.int8()))])),
    "fixed binary": pa.array([b"abcde"] * 3, pa.binary(5)),
}  # fmt: skip


def plain(table: pa.Table) -> pa.Table:
    """*table* without the order in which unordered dictionaries happen to list their values."""
    for place, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type) and not field.type.ordered:
            values = [chunk.dictionary_decode() for chunk in table.column(place).chunks]
            table = table.set_column(place, field.name, pa.chunked_array(values, field.type.value_type))
    return table


@pytest.mark.parametrize("name", ARROW)
def test_arrow_comes_back_equal(room: Project, name: str) -> None:
    table = pa.table(
        [ARROW[name], [1, 2, 3]],
        schema=pa.schema([pa.field("x", ARROW[name].type), pa.field("", "int8", nullable=False)]),
    )
    for one in (table, table.slice(1), table.slice(0, 0)):
        back = through(room, one, "arrow")
        assert back.schema.equals(one.schema)
        assert plain(back).equals(plain(one))


def test_batches_readers_and_streams_go_in(room: Project) -> None:
    flights = pa.table({"a": [1, 2], "a ": ["x", None]})
    ids = {
        storage.fingerprint(one)
        for one in (flights, flights.to_batches()[0], flights.to_reader(), duckdb.from_arrow(flights))
    }
    assert len(ids) == 1
    relation = duckdb.sql("select 1 a, 'x' b, [1, 2] c, {'k': 1} d, current_date e, 'q'::enum('q', 'r') f")
    assert through(room, relation, "duckdb").fetchall() == relation.fetchall()


LACKING: dict[str, pa.Array] = {
    "no fields": pa.array([{}], pa.struct([])),
    "union": pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array([1])]),
    "run ends": pc.run_end_encode(pa.array([1, 1, 2])),
    "deep": pa.array([[{}]], pa.list_(pa.struct([]))),
}


@pytest.mark.parametrize("name", LACKING)
def test_arrow_types_that_parquet_lacks_are_refused(name: str) -> None:
    with pytest.raises(UnsupportedData, match="Column 'odd'"):
        storage.fingerprint(pa.table({"odd": LACKING[name]}))


def test_a_date64_with_a_time_is_refused(room: Project) -> None:
    with pytest.raises(UnsupportedData, match="Column 'd'"):
        through(room, pa.table({"d": pa.array([1]).view(pa.date64())}), "arrow")


def test_integers_with_nulls_become_nullable_so_that_nothing_is_lost(room: Project) -> None:
    table = pa.table({"i": [2**60 + 1, None], "b": [True, None], "f": [1.5, None], "d": [dt.date(2020, 1, 1), None]})
    back = through(room, table)
    assert [str(t) for t in back.dtypes] == ["Int64", "boolean", "float64", "date32[day][pyarrow]"]
    assert back["i"][0] == 2**60 + 1
    assert storage.fingerprint(back) == storage.fingerprint(table)


def test_a_filtered_load_filters_the_index_too(room: Project) -> None:
    frame = pd.DataFrame({"x": [1, 2, 3, 4], "o": objects("a", None, NAN, "b")})
    frame.index = pd.date_range("2020", periods=4)
    back = through(room, frame, where=[("x", ">", 1), ("x", "!=", 4)])
    pd.testing.assert_frame_equal(back, frame.iloc[1:3], check_freq=False)
    assert back["o"].tolist()[0] is None
    ranged = frame.set_axis(pd.RangeIndex(10, 50, 10))
    pd.testing.assert_frame_equal(
        through(room, ranged, where=[("x", "=", 3)]), ranged.iloc[2:3], check_index_type=False
    )


def test_dtypes_do_not_depend_on_the_rows_that_are_left(room: Project) -> None:
    frame = pd.DataFrame({"k": [1, 2], "n": pd.array([None, 2], "Int64"), "c": pd.Categorical(["a", "b"])})
    back = through(room, frame, where=[("k", "=", 2)])
    assert back.dtypes.equals(frame.dtypes)


def test_columns_are_read_in_the_order_given(room: Project) -> None:
    frame = pd.DataFrame({"a": [1], "b": ["x"], "c": [1.5], "d.e": [2]}, index=pd.Index(["k"], name="key"))
    pd.testing.assert_frame_equal(through(room, frame, columns=["c", "a"]), frame[["c", "a"]])
    assert through(room, frame, "polars", columns=["key", "d.e"]).columns == ["key", "d.e"]
    assert through(room, frame, columns=["d.e"], where=pc.field("d.e") == 2).shape == (1, 1)
    numbered = pd.DataFrame(np.arange(6).reshape(2, 3))
    pd.testing.assert_frame_equal(through(room, numbered, columns=[2, 0]), numbered[[2, 0]])


def test_a_sample_is_the_same_every_time(room: Project) -> None:
    frame = pd.DataFrame({"x": range(1000)})
    first = through(room, frame, sample=50)
    assert first.equals(through(room, frame, sample=50))
    assert len(first) == 50
    assert first["x"].is_monotonic_increasing
    assert len(through(room, frame, sample=50, where=[("x", "<", 20)])) == 20
    assert len(through(room, frame, sample=0)) == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"columns": ["arr_dely"]}, "arr_delay"),
        ({"where": [("arr_dely", ">", 3)]}, "arr_delay"),
        ({"where": [("arr_delay", "~", 3)]}, "operator"),
        ({"where": [("arr_delay", ">", "late")]}, "cannot be compared"),
        ({"where": ["arr_delay"]}, "column, operator, value"),
        ({"where": pc.field("nothing") == 1}, "where="),
        ({"kind": "dask"}, "not there yet"),
        ({"kind": "spark"}, "pandas, polars, arrow, duckdb"),
        ({"sample": -1}, "no number of rows"),
    ],
)
def test_wrong_options_say_what_would_be_right(room: Project, options: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as refused:
        through(room, pd.DataFrame({"arr_delay": [1.0]}), **options)
    assert said in f"{refused.value} {refused.value.hint}"


def test_importing_the_face_imports_nothing_heavy(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = "import sys, e2e_lab.storage as s; s.datasets; s.records; s.current; print(sorted({'pandas', 'pyarrow', 'numpy', 'polars'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
