"""Every type that may go into the store, and what becomes of it: the test and the page ``docs/types.md`` read this.

A case is *kept* (the same frame comes back), *restored* (an equal one, changed as the note says) or *refused* (with a
hint, which the note is; the test runs it).
"""
# ruff: noqa: E501 - tables of values read best one case a line

from __future__ import annotations

import datetime as dt
import decimal
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from tests.unit.frames_strategy import object_series

NAN = float("nan")
BERLIN = "Europe/Berlin"
UNITS = ("s", "ms", "us", "ns")
D = decimal.Decimal


@dataclass(frozen=True)
class Case:
    """One row of the page: a frame of this type, what becomes of it, and for a restored one what comes back."""

    family: str
    what: str
    make: Callable[[], Any]
    outcome: str
    note: str = ""
    back: Callable[[Any], Any] | None = None
    kind: str = "pandas"


def objects(*values: Any) -> pd.Series[Any]:
    """An object column of exactly these values."""
    return object_series(list(values))


def arrow(values: list[Any], kind: pa.DataType) -> Any:
    return pd.array(values, pd.ArrowDtype(kind))


def interval(breaks: Any, **options: Any) -> Any:
    return pd.arrays.IntervalArray.from_breaks(breaks, **options)


class Odd:
    """A class of the user's own."""


def _deep(depth: int) -> list[Any]:
    made: list[Any] = []
    for _ in range(depth):
        made = [made]
    return made


CASES: list[Case] = []


# ---- pandas columns ------------------------------------------------------------------------------------------


def _columns() -> None:
    some = pd.to_datetime(["2020-01-01", None, "2021-03-03"])
    kept: dict[str, Callable[[], Any]] = {
        "`int8` … `int64`, `uint8` … `uint64`": lambda: pd.DataFrame({k: np.array([0, 1, np.iinfo(k).max], k) for k in ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8")}),
        "`float16`, `float32`, `float64` with NaN, ∞ and -0.0": lambda: pd.DataFrame({k: np.array([NAN, -0.0, np.inf], k) for k in ("f2", "f4", "f8")}),
        "`bool`": lambda: [True, False, True],
        "`complex64`, `complex128`": lambda: pd.DataFrame({"c": np.array([1 + 2j, complex(NAN, -0.0), 0], "c16"), "d": np.array([1j, 2, 3], "c8")}),
        "`datetime64` in s, ms, us, ns, with NaT": lambda: pd.DataFrame({u: some.as_unit(u) for u in UNITS}),
        "`datetime64` with a time zone by name or offset": lambda: pd.DataFrame({u: some.tz_localize(BERLIN).as_unit(u) for u in UNITS} | {"utc": some.tz_localize("UTC"), "offset": some.tz_localize(dt.timezone(dt.timedelta(hours=2)))}),
        "`timedelta64` in s, ms, us, ns, with NaT": lambda: pd.DataFrame({u: pd.to_timedelta([1, None, 3], unit="s").as_unit(u) for u in UNITS}),
        "`Int8` … `UInt64`, `Float32`, `Float64`, `boolean`, with NA and without": lambda: pd.DataFrame({k: pd.array([1, None, 0], k) for k in ("Int8", "Int16", "Int32", "Int64", "UInt8", "UInt64", "Float32", "Float64", "boolean")} | {"full": pd.array([1, 2, 3], "Int64")}),
        "`Float64` with NaN beside NA": lambda: pd.arrays.FloatingArray(np.array([1.0, NAN, 3.0]), np.array([False, False, True])),
        "`str`, `string`, kept by Arrow or by Python": lambda: pd.DataFrame({"str": ["x", None, "é"], "string": pd.array(["x", None, ""], "string"), "python": pd.array(["x", None, "z"], pd.StringDtype("python")), "nan": pd.array(["x", None, "z"], pd.StringDtype("python", na_value=NAN))}),
        "`category` of text: unused, ordered, null": lambda: pd.DataFrame({"unused": pd.Categorical(["b", "a", None], ["z", "b", "a"]), "ordered": pd.Categorical(["b", "a", None], ["b", "a"], ordered=True), "none": pd.Categorical([None, None, None]), "string": pd.Categorical(pd.array(["a", "b", None], "string"))}),
        "`category` of numbers, times, booleans, intervals, periods": lambda: pd.DataFrame({"int": pd.Categorical([3, 1, None], [5, 3, 1]), "float": pd.Categorical([1.5, None, 2.5]), "time": pd.Categorical(pd.to_datetime(["2020", "2021", None])), "bool": pd.Categorical([True, False, None]), "cut": pd.cut([1.0, 2.0, NAN], [0, 1.5, 3]), "period": pd.Categorical(pd.PeriodIndex(["2020", "2021", None], freq="Y"))}),
        "`category` of mixed types": lambda: pd.Categorical(objects(1, "a", None, "1"), objects(1, "a", "1")),
        "`period`": lambda: pd.DataFrame({"month": pd.period_range("2020", periods=3, freq="M"), "quarter": pd.PeriodIndex(["2020Q1", None, "2021Q3"], freq="Q-NOV"), "day": pd.period_range("1500-01-01", periods=3, freq="D"), "second": pd.period_range("2020", periods=3, freq="s")}),
        "`interval` of numbers and times, each side open or closed": lambda: pd.DataFrame({"int": pd.interval_range(0, 3), "left": interval([0, 1, 2, 3.5], closed="left"), "neither": interval([0, 1, 2, 3], closed="neither"), "null": pd.arrays.IntervalArray.from_arrays([0, NAN, 2.0], [1, NAN, 3.0]), "time": pd.interval_range(pd.Timestamp("2020"), periods=3), "zoned": pd.interval_range(pd.Timestamp("2020", tz=BERLIN), periods=3), "delta": pd.interval_range(pd.Timedelta(0), periods=3)}),
        "`Sparse` (written densely)": lambda: pd.DataFrame({"i": pd.arrays.SparseArray([0, 0, 5]), "f": pd.arrays.SparseArray([NAN, 1.5, NAN]), "zero": pd.arrays.SparseArray([0.0, 1.5, NAN], fill_value=0.0), "b": pd.arrays.SparseArray([True, False, False], fill_value=False)}),
        "Arrow-backed: numbers, text, binary, dates, decimals": lambda: pd.DataFrame({"i": arrow([1, None, 3], pa.int64()), "s": arrow(["x", None, "z"], pa.string()), "ls": arrow(["x", None, "z"], pa.large_string()), "b": arrow([b"x", None, b""], pa.binary()), "d": arrow([dt.date(2020, 1, 1), None, dt.date(2021, 1, 1)], pa.date32()), "ts": arrow([1, None, 2], pa.timestamp("s", BERLIN)), "du": arrow([1, None, 2], pa.duration("ms")), "t": arrow([dt.time(1), None, dt.time(2)], pa.time64("us")), "dec": arrow([D("1.10"), None, D(2)], pa.decimal128(10, 2))}),
        "Arrow-backed: lists, structs, maps, dictionaries, nulls": lambda: pd.DataFrame({"l": arrow([[1], None, []], pa.list_(pa.int64())), "st": arrow([{"a": 1}, None, {"a": 2}], pa.struct([("a", "int8")])), "m": arrow([[("k", 1)], None, []], pa.map_(pa.string(), pa.int8())), "dic": arrow(["a", None, "b"], pa.dictionary(pa.int8(), pa.string())), "n": arrow([None] * 3, pa.null())}),
    }  # fmt: skip
    for what, make in kept.items():
        CASES.append(Case("pandas columns", what, make, "kept"))
    refused: dict[str, tuple[Callable[[], Any], str]] = {
        "`float128`": (lambda: np.array([1.5, 2], np.longdouble), 'df["c"] = df["c"].astype("float64")'),
        "numbers in the other byte order": (lambda: np.array([1, 2], ">i4"), 'df["c"] = df["c"].astype("int32")'),
        "time zones of dateutil": (lambda: pd.date_range("2020", periods=2, tz="dateutil/Europe/Berlin"), 'df["c"] = df["c"].dt.tz_convert("UTC")'),
        "`Sparse` of objects": (lambda: pd.arrays.SparseArray(objects("a", None).to_numpy(), dtype=pd.SparseDtype(object, None)), 'df["c"] = df["c"].sparse.to_dense()'),
    }  # fmt: skip
    for what, (make, note) in refused.items():
        CASES.append(Case("pandas columns", what, make, "refused", note))


def _objects() -> None:
    kept: dict[str, tuple[Callable[[], Any], str]] = {
        "text, with `None`, NaN, `pd.NA`, NaT": (lambda: pd.DataFrame({"c": objects("a", None, NAN, pd.NA, pd.NaT), "none": objects("a", None, None, "", "b"), "nan": objects(*"ab", NAN, NAN, "c")}), "which null each was"),
        "nothing but nulls": (lambda: pd.DataFrame({"none": objects(None, None), "nan": objects(NAN, NAN), "several": objects(None, pd.NaT)}), ""),
        "`bool`": (lambda: objects(True, None, False), "boolean"),
        "`int` of 64 bits": (lambda: pd.DataFrame({"i": objects(1, -(2**63), None), "u": objects(2**64 - 1, None, 0)}), "int64 or uint64"),
        "`int` of more": (lambda: objects(2**70, -(10**100), None), "text"),
        "`float`": (lambda: objects(1.5, None, NAN, -0.0), "double"),
        "`complex`": (lambda: objects(1 + 2j, None, complex(NAN, 0)), "struct of `real`, `imag`"),
        "`str` with half a character": (lambda: objects("\ud800", "a"), "JSON text"),
        "`bytes`": (lambda: objects(b"a", b"\0\xff", None, b""), "binary"),
        "`Decimal`": (lambda: objects(D("1.10"), D("2.50"), None, D("-3.00")), "decimal"),
        "`Decimal` with NaN or ∞": (lambda: objects(D("NaN"), D("Infinity"), D("1.5"), None), "JSON text"),
        "`date`, `time`, `timedelta`": (lambda: pd.DataFrame({"d": objects(dt.date(2020, 1, 1), None, dt.date(1, 1, 1)), "t": objects(dt.time(1, 2, 3), None, dt.time(4)), "td": objects(dt.timedelta(1), None, dt.timedelta(-1, 0, 5))}), "date32, time64, duration"),
        "`datetime`, plain or in one zone": (lambda: pd.DataFrame({"n": objects(dt.datetime(2020, 1, 1), None, dt.datetime(1, 1, 1)), "utc": objects(dt.datetime(2020, 1, 1, tzinfo=dt.UTC), None, dt.datetime(2021, 1, 1, tzinfo=dt.UTC)), "zone": objects(dt.datetime(2020, 10, 25, 2, 30, fold=1, tzinfo=ZoneInfo(BERLIN)), None, dt.datetime(2020, 10, 25, 2, 30, tzinfo=ZoneInfo(BERLIN))), "offset": objects(dt.datetime(2020, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=3))), None, None)}), "timestamp in us"),
        "`datetime` in several zones": (lambda: objects(dt.datetime(2020, 1, 1, tzinfo=dt.UTC), None, dt.datetime(2021, 1, 1, tzinfo=ZoneInfo(BERLIN)), dt.datetime(2021, 1, 1)), "JSON text"),
        "`pd.Timestamp`, `pd.Timedelta`": (lambda: pd.DataFrame({"n": objects(pd.Timestamp("2020"), pd.NaT, pd.Timestamp("2021")), "z": objects(pd.Timestamp("2020", tz="UTC"), None, pd.Timestamp("2021", tz="UTC")), "td": objects(pd.Timedelta("1s"), None, pd.Timedelta("2s"))}), "timestamp, duration; JSON text where zones or units differ"),
        "`pd.Period`, `pd.Interval`": (lambda: pd.DataFrame({"p": objects(pd.Period("2020", "M"), None, pd.Period("2020", "Y")), "i": objects(pd.Interval(0, 1), None, pd.Interval(0.5, 1, "left"))}), "JSON text"),
        "`uuid.UUID`": (lambda: objects(uuid.UUID(int=5), None, uuid.UUID(int=7)), "16 bytes"),
        "`list`, `tuple` of one type": (lambda: pd.DataFrame({"l": objects([1, 2], [], None, [None]), "t": objects((1,), (2, 3), None, ()), "deep": objects([["a"], []], [], None, [[None]])}), "list"),
        "`list`, `tuple` of several types": (lambda: pd.DataFrame({"l": objects([1, "a", 2.5], [None, b"x"], None), "t": objects((1, "a"), (), None)}), "JSON text"),
        "`dict` with the same keys in every row": (lambda: objects({"a": 1, "b": [1]}, {"a": None, "b": []}, None), "struct"),
        "`dict` with other keys, or values of several types": (lambda: objects({"a": 1}, {"b": "x", "$c": {}}, None, {}, {1: 2}), "JSON text"),
        "`set`, `frozenset`": (lambda: pd.DataFrame({"s": objects({1, 2}, set(), None), "f": objects(frozenset("ab"), None, frozenset())}), "JSON text"),
        "NumPy arrays of numbers, of one dtype": (lambda: pd.DataFrame({"v": objects(np.array([1, 2], "f4"), None, np.array([], "f4")), "i": objects(np.arange(3), np.arange(2), np.arange(1)), "image": objects(np.zeros((2, 2, 3), "u1"), np.ones((2, 2, 3), "u1"), None)}), "list; its shape aside, if it is the same in every row"),
        "NumPy arrays of several dtypes or shapes": (lambda: objects(np.array([1, 2], "f4"), None, np.array([[1, 2], [3, 4]])), "JSON text"),
        "NumPy scalars": (lambda: pd.DataFrame({"f": objects(np.float32(1.1), None, np.float32(NAN)), "i": objects(np.int64(1), None, np.int64(2)), "b": objects(np.bool_(True), None, np.bool_(False)), "t": objects(np.datetime64("2020-01-01"), None, np.datetime64("NaT"))}), "the number; JSON text for times"),
        "**values of several types**": (lambda: objects(1, "a", 2.5, None, b"x", dt.date(2020, 1, 1), [1], NAN, D("1.5")), "struct with a field for each type, and a note with the cast that would make it one type"),
    }  # fmt: skip
    for what, (make, note) in kept.items():
        CASES.append(Case("pandas object columns", what, make, "kept", note))
    CASES.append(
        Case(
            "pandas object columns", "`Decimal` with different numbers of digits", lambda: objects(D("1.10"), D("2.5"), None), "restored",
            "equal, but written with the digits of the longest: `2.50`", lambda _: pd.DataFrame({"c": objects(D("1.10"), D("2.50"), None)}),
        )
    )  # fmt: skip
    text = 'df["c"] = df["c"].astype("string")'
    refused: dict[str, tuple[Callable[[], Any], str]] = {
        "values of other classes": (lambda: objects(Odd(), None), text),
        "subclasses of dict, list, tuple": (lambda: objects(type("Row", (dict,), {})(a=1)), 'df["c"] = df["c"].map(dict)'),
        "`bytearray`": (lambda: objects(bytearray(b"x"), bytearray(b"y")), 'df["c"] = df["c"].map(bytes)'),
        "lists nested hundreds deep": (lambda: objects(_deep(600)), 'import json; df["c"] = df["c"].map(lambda value: json.dumps(value, default=str))'),
        "NumPy arrays of text or objects": (lambda: objects(np.array(["a", "b"])), 'df["c"] = df["c"].map(lambda array: array.tolist())'),
        "`time` and `datetime` with zones of pytz or dateutil": (lambda: objects(pd.Timestamp("2020", tz="dateutil/Europe/Berlin").to_pydatetime()), 'df["c"] = pd.to_datetime(df["c"], utc=True)'),
    }  # fmt: skip
    for what, (make, note) in refused.items():
        CASES.append(Case("pandas object columns", what, make, "refused", note))


def _labels() -> None:
    def on(index: Any, **options: Any) -> Callable[[], pd.DataFrame]:
        return lambda: pd.DataFrame({"a": range(len(index))}, index=index, **options)

    def under(columns: Any) -> Callable[[], pd.DataFrame]:
        return lambda: pd.DataFrame([range(len(columns))] * 2, columns=columns)

    calendar = pd.offsets.CustomBusinessDay(holidays=["2020-01-02"])
    many = pd.MultiIndex.from_arrays(
        [["x", "x", "y"], [1, 2, 1], pd.to_datetime(["2020", "2021", "2022"]), pd.Categorical(list("aba"))],
        names=["k", None, "t", "k"],
    )
    kept: dict[str, list[Callable[[], Any]]] = {
        "0, 1, 2, …; other ranges with start, step, name": [on(pd.RangeIndex(3)), on(pd.RangeIndex(10, 14, 2)), on(pd.RangeIndex(3, 0, -1, name="id")), on(pd.RangeIndex(0))],
        "text, numbers, booleans, dates, objects, mixed": [on(pd.Index(["p", "q"], name="k")), on(pd.Index([5, 3])), on(pd.Index([1.5, NAN])), on(pd.Index([True, False])), on(pd.Index([dt.date(2020, 1, 1), dt.date(2020, 1, 2)])), on(pd.Index(["x", None], dtype=object)), on(pd.Index(["x", 1, (2, 3)], tupleize_cols=False))],
        "nullable and Arrow-backed": [on(pd.Index([1, None], dtype="Int64")), on(pd.Index([1, None], dtype=pd.ArrowDtype(pa.int32()))), on(pd.Index(["a", None], dtype="string"))],
        "`DatetimeIndex`, `TimedeltaIndex` with zone, unit, freq, name": [on(pd.date_range("2020", periods=3, freq="D")), on(pd.date_range("2020-03-28", periods=3, freq="D", tz=BERLIN, name="when")), on(pd.date_range("2020", periods=3, freq="MS", unit="s")), on(pd.date_range("2020", periods=3, freq="2W-TUE")), on(pd.timedelta_range("1h", periods=3)), on(pd.to_datetime(["2020", None]))],
        "`PeriodIndex`, `IntervalIndex`, `CategoricalIndex`": [on(pd.period_range("2020", periods=3, freq="W")), on(pd.interval_range(0, 3, name="bin")), on(pd.CategoricalIndex(["x", "y"], ["y", "x", "z"], ordered=True, name="c"))],
        "`MultiIndex` of any of them, with nulls and names twice": [on(many), on(pd.MultiIndex.from_arrays([["x", None], [1.0, NAN]])), on(pd.MultiIndex.from_arrays([[], []], names=["a", "b"]))],
        "names that a column has too, or that are no text": [lambda: pd.DataFrame({"k": [1, 2]}, index=pd.Index(["a", "a"], name="k")), lambda: pd.DataFrame({"index": [1, 2]}, index=["a", "b"]), on(pd.Index([1, 2], name=("t", 1))), on(pd.Index([1, 2], name=0))],
    }  # fmt: skip
    for what, makes in kept.items():
        CASES.extend(Case("pandas index", what, make, "kept") for make in makes)
    CASES.append(
        Case(
            "pandas index",
            "a freq with a calendar of its own",
            on(pd.bdate_range("2020", periods=3, freq=calendar)),
            "refused",
            "df.index.freq = None",
        )
    )
    labels: dict[str, list[Callable[[], Any]]] = {
        "text; twice, or empty": [under(["x", "x", ""])],
        "numbers, ranges": [under([5, 7]), under(pd.RangeIndex(3)), under([1.5, NAN]), under(pd.RangeIndex(2, 8, 3, name="n"))],
        "mixed: text, numbers, None, NaN, tuples, dates, bytes": [under(pd.Index(["a", 1, None, NAN, 2.5, b"x", dt.date(2020, 1, 1), dt.datetime(2020, 1, 1), pd.Timestamp("2020", tz="UTC"), True, D("1.5"), pd.NaT], dtype=object)), under(pd.Index([("t", 2), "a"], tupleize_cols=False))],
        "times with zone and freq, periods, intervals, categories": [under(pd.date_range("2020", periods=3, tz=BERLIN)), under(pd.to_datetime(["2020-01-01", "2021-01-01"])), under(pd.timedelta_range("1h", periods=2)), under(pd.period_range("2020", periods=2, freq="M")), under(pd.interval_range(0, 2)), under(pd.CategoricalIndex(["a", "b"], ["b", "a", "c"]))],
        "`MultiIndex`, with names": [under(pd.MultiIndex.from_tuples([("a", "x"), ("b", 2)], names=["l", None])), under(pd.MultiIndex.from_product([["a", "b"], pd.to_datetime(["2020"])], names=["k", "k"]))],
        "`str`, `string`, object": [under(pd.Index(["a", "b"], dtype=object)), under(pd.Index(["a", "b"], dtype="string")), under(pd.Index(["a", "b"], dtype=pd.StringDtype("python"))), under(pd.Index(["a", "\ud800"], dtype=object)), under(pd.Index(["a", None])), under(pd.Index(["a", "b"], name="measure"))],
    }  # fmt: skip
    for what, makes in labels.items():
        CASES.extend(Case("pandas column labels", what, make, "kept") for make in makes)
    CASES.append(
        Case(
            "pandas column labels",
            "labels of other classes",
            under(pd.Index([Odd, "a"], dtype=object)),
            "refused",
            "df.columns = df.columns.astype(str)",
        )
    )

    def with_attrs(**attrs: Any) -> Callable[[], pd.DataFrame]:
        def make() -> pd.DataFrame:
            frame = pd.DataFrame({"a": [1]})
            frame.attrs.update(attrs)
            return frame

        return make

    def hinted(_: Any) -> Any:
        return pd.DataFrame({"a": [1]})

    shape = "pandas, the whole frame"
    CASES.extend(
        [
            Case(shape, "no rows, with and without an index", lambda: pd.DataFrame({"i": pd.Series(dtype="int64"), "s": pd.Series(dtype="str"), "t": pd.Series(dtype="datetime64[s]"), "o": pd.Series(dtype=object), "c": pd.Categorical([]), "n": pd.Series(dtype="Int64"), "z": pd.Series(dtype="complex128")}), "kept"),
            Case(shape, "no rows, with and without an index", lambda: pd.DataFrame({"a": pd.Series(dtype="int64")}, index=pd.DatetimeIndex([], freq="D", name="t")), "kept"),
            Case(shape, "no columns", lambda: pd.DataFrame(index=pd.RangeIndex(5)), "kept"),
            Case(shape, "no columns", lambda: pd.DataFrame(index=["a", "b"]), "kept"),
            Case(shape, "no columns", pd.DataFrame, "kept"),
            Case(shape, "2,000 columns", lambda: pd.DataFrame(np.arange(4000).reshape(2, 2000)).rename(columns=str), "kept"),
            Case(shape, "`attrs` of plain Python, NumPy and pandas values", with_attrs(unit="m", parts=[1, (2, None)], when=dt.date(2020, 1, 1), weights=np.arange(3), deep={"a": {1: NAN}}), "kept", "they count: other attributes are another version"),
            Case(shape, "`flags.allows_duplicate_labels`", lambda: pd.DataFrame({"a": [1]}).set_flags(allows_duplicate_labels=False), "kept"),
            Case(shape, "`attrs` of other values", with_attrs(figure=Odd()), "refused", "del df.attrs['figure']"),
            Case(shape, "a subclass of `DataFrame`", lambda: type("Table", (pd.DataFrame,), {})({"a": [1]}), "restored", "a plain `DataFrame`", hinted),
        ]
    )  # fmt: skip


# ---- polars --------------------------------------------------------------------------------------------------


def _polars() -> None:
    def series(**columns: Any) -> Callable[[], Any]:
        return lambda: pl.DataFrame(columns)

    integers = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64)
    moment = dt.datetime(2020, 1, 1)
    kept: dict[str, Callable[[], Any]] = {
        "`Int8` … `UInt64`, `Float32`, `Float64`, `Boolean`, with nulls, NaN beside null": lambda: pl.DataFrame({str(k): pl.Series([1, None, 0], dtype=k) for k in (*integers, pl.Float32)} | {"f": [1.5, NAN, None], "b": [True, None, False]}),
        "`String`, `Binary`, `Null`": series(s=["x", None, ""], b=[b"x", None, b""], n=[None, None, None]),
        "`Date`, `Time`, `Datetime`, `Duration` in every unit, with a zone": lambda: pl.DataFrame({"d": [dt.date(2020, 1, 1), None], "t": [dt.time(1), None]} | {f"dt{u}": pl.Series([moment, None], dtype=pl.Datetime(u)) for u in ("ms", "us", "ns")} | {f"z{u}": pl.Series([moment, None], dtype=pl.Datetime(u, BERLIN)) for u in ("ms", "us", "ns")} | {f"du{u}": pl.Series([1, None], dtype=pl.Duration(u)) for u in ("ms", "us", "ns")}),
        "`Decimal`": lambda: pl.DataFrame({"c": pl.Series([D("1.10"), None, D(3)], dtype=pl.Decimal(20, 2))}),
        "`Categorical`": lambda: pl.DataFrame({"c": pl.Series(["b", "a", None], dtype=pl.Categorical)}),
        "`Enum`, unused entries included": lambda: pl.DataFrame({"c": pl.Series(["b", None, "b"], dtype=pl.Enum(["z", "b", "a"]))}),
        "`Enum` inside of lists and structs": lambda: pl.DataFrame({"c": pl.Series([["a"], None, ["b", "a"]], dtype=pl.List(pl.Enum(["z", "b", "a"])))}),
        "`List`, `Array`, `Struct`, nested": lambda: pl.DataFrame({"l": [[1], None, []], "a": pl.Series([[1, 2], None, [3, 4]], dtype=pl.Array(pl.Int8, 2)), "st": [{"a": 1, "b": "x"}, None, {"a": 2, "b": None}], "deep": [[{"k": [1]}], [], None]}),
        "no rows; no columns": lambda: pl.DataFrame(schema={"a": pl.Int8, "s": pl.String}),
        "no columns, with rows": lambda: pl.DataFrame(height=4),
    }  # fmt: skip
    for what, make in kept.items():
        CASES.append(Case("polars", what, make, "kept", kind="polars"))
    CASES.append(
        Case(
            "polars",
            "`LazyFrame`",
            lambda: pl.LazyFrame({"a": [1, 2]}).filter(pl.col("a") > 1),
            "restored",
            "the collected `DataFrame`; read batch by batch",
            lambda frame: frame.collect(),
            "polars",
        )
    )
    refused: dict[str, tuple[Callable[[], Any], str]] = {
        "`Int128`, `UInt128`": (lambda: pl.DataFrame({"c": pl.Series([1], dtype=pl.Int128)}), 'df = df.with_columns(pl.col("c").cast(pl.String))'),
        "`Int128` inside of lists": (lambda: pl.DataFrame({"c": pl.Series([[1]], dtype=pl.List(pl.Int128))}), 'df = df.with_columns(pl.col("c").cast(pl.List(pl.String)))'),
        "`Object`": (lambda: pl.DataFrame({"c": pl.Series([Odd()], dtype=pl.Object)}), 'df = df.with_columns(pl.Series("c", [str(value) for value in df["c"]]))'),
    }  # fmt: skip
    for what, (make, note) in refused.items():
        CASES.append(Case("polars", what, make, "refused", note, kind="polars"))


# ---- Arrow ---------------------------------------------------------------------------------------------------


class _Unregistered(pa.ExtensionType):
    def __init__(self) -> None:
        super().__init__(pa.int32(), "example.unregistered")

    def __arrow_ext_serialize__(self) -> bytes:
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage_type: pa.DataType, serialized: bytes) -> _Unregistered:
        return cls()


def _unregistered() -> pa.Table:
    """A column as it comes from a file whose extension type nobody here knows: storage, and a note in the field."""
    field = pa.field(
        "c", pa.int32(), metadata={"ARROW:extension:name": "example.unknown", "ARROW:extension:metadata": ""}
    )
    return pa.table([pa.array([1, None, 3], pa.int32())], schema=pa.schema([field]))


def _arrow() -> None:
    ints = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
    ordered = pa.DictionaryArray.from_arrays(pa.array([1, 0, None], pa.int8()), ["lo", "hi", "unused"], ordered=True)
    kept: dict[str, list[Callable[[], Any]]] = {
        "integers, floats (half too), booleans, null": [lambda: {k: pa.array([1, None, 0], k) for k in (*ints, "float", "double")} | {"b": pa.array([True, None, False]), "half": pa.array(np.array([1, 2, 3], "f2")), "n": pa.nulls(3)}],
        "`string`, `large_string`, `string_view`; `binary`, `large_binary`, `binary_view`, fixed size": [lambda: {str(k): pa.array(["a", None, ""], k) for k in (pa.string(), pa.large_string(), pa.string_view())} | {str(k): pa.array([b"a", None, b""], k) for k in (pa.binary(), pa.large_binary(), pa.binary_view())} | {"fixed": pa.array([b"abcde", None, b"fghij"], pa.binary(5))}],
        "`decimal32`, `64`, `128`, `256`": [lambda: {"d32": pa.array([1, None, 3], pa.decimal32(5, 2)), "d64": pa.array([1, None, 3], pa.decimal64(15, 2)), "d128": pa.array([1, None, 3], pa.decimal128(38, 10)), "d256": pa.array([1, None, 3], pa.decimal256(76, 2))}],
        "`date32`, `date64`; `time32`, `time64`; `timestamp`, `duration` in every unit": [lambda: {"d32": pa.array([1, None, 2], pa.date32()), "d64": pa.array([86_400_000, None, 0], pa.date64()), "t32s": pa.array([1, None, 2], pa.time32("s")), "t32": pa.array([1, None, 2], pa.time32("ms")), "t64": pa.array([1, None, 2], pa.time64("us")), "t64n": pa.array([1, None, 2], pa.time64("ns"))} | {f"ts {u}": pa.array([1, None, 2], pa.timestamp(u)) for u in UNITS} | {f"tz {u}": pa.array([1, None, 2], pa.timestamp(u, "+05:30")) for u in UNITS} | {f"du {u}": pa.array([1, None, 2], pa.duration(u)) for u in UNITS}],
        "`month_day_nano_interval`": [lambda: {"c": pa.array([(1, 2, 3), None, (0, 0, -1)], pa.month_day_nano_interval())}],
        "`list`, `large_list`, `list_view`, fixed size": [lambda: {"l": pa.array([[1], None, []], pa.list_(pa.int8())), "ll": pa.array([[1], None, []], pa.large_list(pa.int8())), "lv": pa.array([[1], None, [2, 3]], pa.list_view(pa.int32())), "f": pa.array([[1, 2], None, [3, 4]], pa.list_(pa.int32(), 2)), "seconds": pa.array([[1], None, []], pa.list_(pa.timestamp("s")))}],
        "`struct`, `map`, nested to any depth": [lambda: {"s": pa.array([{"a": 1, "b": [1]}, None, {}], pa.struct([("a", pa.timestamp("s")), ("b", pa.list_(pa.int8()))])), "m": pa.array([[("a", 1)], None, []], pa.map_(pa.string(), pa.int32())), "deep": pa.array([[[{"k": [1.5]}]], None, []], pa.list_(pa.list_(pa.struct([("k", pa.list_(pa.float32()))])))), "mm": pa.array([[("a", [("b", {"x": 86_400_000})])], None, []], pa.map_(pa.string(), pa.map_(pa.string(), pa.struct([("x", pa.date64())]))))}],
        "`dictionary` of text, numbers, times": [lambda: {"i": pa.array([5, 6, 5]).dictionary_encode(), "s": pa.array([1, 2, None], pa.timestamp("s")).dictionary_encode(), "i8": pa.DictionaryArray.from_arrays(pa.array([0, 1, None], pa.int8()), ["a", "b"]), "u32": pa.DictionaryArray.from_arrays(pa.array([0, 1, 1], pa.uint32()), pa.array(["b", "a"], pa.large_string())), "null entry": pa.DictionaryArray.from_arrays(pa.array([0, 1, None], pa.int8()), ["a", None]), "in list": pa.array([["a", "b"], None, ["a"]], pa.list_(pa.dictionary(pa.int8(), pa.string())))}],
        "`dictionary`, ordered, unused entries included": [lambda: {"c": ordered}],
        "`arrow.uuid`, `arrow.json`, `arrow.bool8`, `arrow.fixed_shape_tensor`": [lambda: {"u": pa.array([b"a" * 16, None, b"b" * 16], pa.uuid()), "j": pa.ExtensionArray.from_storage(pa.json_(), pa.array(["{}", None, "[1]"])), "b8": pa.ExtensionArray.from_storage(pa.bool8(), pa.array([1, None, 0], pa.int8())), "t": pa.ExtensionArray.from_storage(pa.fixed_shape_tensor(pa.int32(), [2, 2]), pa.array([[1, 2, 3, 4], [5, 6, 7, 8], [0, 0, 0, 0]], pa.list_(pa.int32(), 4)))}],
        "extension types of others, registered or not": [_unregistered],
        "columns that are not null, names twice, empty, field metadata": [lambda: pa.table([[1, 2, 3], [1, 2, 3], ["a", "b", None]], schema=pa.schema([pa.field("x", "int8", nullable=False), pa.field("x", "int64"), pa.field("", "string", metadata={"unit": "m"})]))],
        "no rows; no columns": [lambda: pa.table({"a": pa.array([], pa.int8())}), lambda: pa.table({"a": [1, 2]}).select([])],
    }  # fmt: skip
    for what, makes in kept.items():
        CASES.extend(Case("Arrow", what, make, "kept", kind="arrow") for make in makes)
    flights = pa.table({"a": [1, 2], "s": ["x", None]})
    inputs: dict[str, Callable[[], Any]] = {
        "`RecordBatch`": lambda: flights.to_batches()[0],
        "`RecordBatchReader`": flights.to_reader,
        "`pyarrow.dataset` datasets and scanners": lambda: ds.dataset(flights),
        "DuckDB relations": lambda: _relation(flights),
        "anything else with `__arrow_c_stream__`": lambda: _Stream(flights),
    }
    for what, make in inputs.items():
        streams = "" if what == "`RecordBatch`" else "; read batch by batch"
        CASES.append(Case("Arrow", what, make, "restored", f"a `Table`{streams}", lambda _: flights, "arrow"))
    drop = 'table = table.drop_columns(["c"])  (or cast it to text or numbers)'
    decode = 'table = table.set_column(table.schema.get_field_index("c"), "c", pc.run_end_decode(table["c"]))'
    refused: dict[str, tuple[Callable[[], Any], str]] = {
        "union": (lambda: {"c": pa.UnionArray.from_sparse(pa.array([0], pa.int8()), [pa.array([1])])}, drop),
        "run-end encoded": (lambda: {"c": pa.chunked_array([pc.run_end_encode(pa.array([1, 1, 2]))])}, decode),
        "structs without fields": (lambda: {"c": pa.array([{}], pa.struct([]))}, drop),
        "intervals inside of lists and structs": (lambda: {"c": pa.array([[(1, 2, 3)]], pa.list_(pa.month_day_nano_interval()))}, drop),
        "`date64` that is no whole day": (lambda: {"c": pa.array([1]).view(pa.date64())}, drop),
        "a dictionary, ordered, in a reader": (lambda: pa.table({"c": ordered}).to_reader(), ""),
        "nulls in a column that is said to have none": (lambda: pa.table([[1, None]], schema=pa.schema([pa.field("c", "int64", nullable=False)])), "table = table.cast(pa.schema([field.with_nullable(True) for field in table.schema]))"),
    }  # fmt: skip
    for what, (make, note) in refused.items():
        if note:
            CASES.append(Case("Arrow", what, make, "refused", note, kind="arrow"))


class _Stream:
    """What another library's lazy frame looks like."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.table.__arrow_c_stream__(requested_schema)


def _relation(table: pa.Table) -> Any:
    import duckdb

    return duckdb.from_arrow(table)


# ---- NumPy and plain Python ----------------------------------------------------------------------------------


def _plain() -> None:
    family = "NumPy and plain Python"
    fields = [("i", "i4"), ("f", "f8"), ("b", "?"), ("s", "U3"), ("raw", "S2"), ("t", "M8[s]"), ("z", "c16")]
    rows = [(1, 1.5, True, "é", b"x", "2020-01-01", 1j), (2, NAN, False, "", b"", "NaT", 2)]

    def simple(array: Any) -> pd.DataFrame:
        return pd.DataFrame(
            {
                name: pd.Series(array[name].tolist(), dtype=object) if name == "raw" else array[name]
                for name in array.dtype.names
            }
        )

    inner = np.dtype([("p", [("x", "f4"), ("y", "f4")]), ("v", "i2", (2, 2))])

    def nested(_: Any) -> pd.DataFrame:
        point = pa.struct([("x", pa.float32()), ("y", pa.float32())])
        square = pa.list_(pa.list_(pa.int16(), 2), 2)
        return pd.DataFrame({"p": arrow([{"x": 1, "y": 2}] * 2, point), "v": arrow([[[1, 2], [3, 4]]] * 2, square)})

    restored: list[tuple[str, Callable[[], Any], str, Callable[[Any], Any], str]] = [
        ("structured arrays, recarrays", lambda: np.array(rows, fields), "the `DataFrame` of its fields", simple, "pandas"),
        ("structured arrays, recarrays", lambda: np.rec.array(rows, fields), "the `DataFrame` of its fields", simple, "pandas"),
        ("structured arrays in the other byte order", lambda: np.array([(1, 2)], [("a", ">i4"), ("b", ">f8")]), "in the machine's", lambda _: pd.DataFrame({"a": np.array([1], "i4"), "b": [2.0]}), "pandas"),
        ("records and arrays inside of a structured array", lambda: np.array([((1, 2), [[1, 2], [3, 4]])] * 2, inner), "structs, and lists of fixed size", nested, "pandas"),
        ("rows as dicts", lambda: [{"a": 1, "b": "x"}, {"a": 2.5}, {"b": None, "c": [1]}], "a table; a key that a row lacks is a null", lambda _: pa.table({"a": [1, 2.5, None], "b": ["x", None, None], "c": [None, None, [1]]}), "arrow"),
        ("rows as dicts, values of several types or of none that Arrow knows", lambda: [{"a": 1, "b": {1}}, {"a": "x", "b": None}], "as object columns of pandas", lambda _: pd.DataFrame({"a": objects(1, "x"), "b": objects({1}, None)}), "pandas"),
        ("columns as a dict of lists and arrays", lambda: {"a": [1, 2], "b": np.array([1.5, 2]), "c": pa.array(["x", None])}, "a table", lambda _: pa.table({"a": [1, 2], "b": [1.5, 2], "c": ["x", None]}), "arrow"),
    ]  # fmt: skip
    for what, make, note, back, kind in restored:
        CASES.append(Case(family, what, make, "restored", note, back, kind))
    refused: dict[str, tuple[Callable[[], Any], str]] = {
        "arrays without field names": (lambda: np.ones((2, 2)), "pd.DataFrame(array, columns=[…])"),
        "structured arrays of two dimensions": (lambda: np.zeros((2, 2), [("a", "i4")]), "array = array.ravel()"),
        "masked arrays": (lambda: np.ma.zeros(2, [("a", "i4")]), "array = array.filled()"),
        "a `Series`, an Arrow array": (lambda: pd.Series([1]), "series.to_frame()"),
        "columns of different lengths": (lambda: {"a": [1, 2], "c": [1]}, "columns of one length"),
        "keys that are no text": (lambda: [{1: 2}], "pd.DataFrame(value)"),
        "anything else": (lambda: [1, 2], "pd.DataFrame(value)"),
    }  # fmt: skip
    for what, (make, note) in refused.items():
        CASES.append(Case(family, what, make, "refused", note))


for _fill in (_columns, _objects, _labels, _polars, _arrow, _plain):
    _fill()


# ---- the page ------------------------------------------------------------------------------------------------

INTRO = """# What becomes of each type

A frame that is saved comes back equal: values, types, labels, index, order. This page says for every type whether it
is **kept** (the same comes back), **restored** (an equal frame, changed as it says) or **refused** (by the name of the
column, with the line to type; nothing is written). It is made from the cases of the test that tries each of them
(`tests/unit/type_cases.py`).

A version can be loaded as any kind, whatever it was saved from: `kind="polars"` of a pandas frame gives polars'
nearest types. What polars or DuckDB have no type for is refused there, and loads with `kind="arrow"`. An ordered
category of text is an `Enum` in polars and an ordered dictionary in Arrow, and the reverse.
"""

OBJECTS = """
Values of one Python type become Arrow's type for them, as the table says. Which null each null was comes back too.

**Values of several types** become a struct with one field for each type, named as the type: `1, "a", None` is
`{"int": 1, "str": null}`, `{"int": null, "str": "a"}`, null. So other tools read and filter them
(`struct_field(column, "int") > 0`), and each value comes back as the type it was. The snapshot carries a note with the
cast that would make it one type, which is better: `df["c"] = df["c"].astype("string")`.

**JSON text** is what remains where Arrow has no type. JSON's own values stand for themselves. Any other is an object
with one key, a `$` and the name of its type: `{"$tuple": [1, 2]}`, `{"$set": [1, 2]}`, `{"$date": "2020-01-01"}`,
`{"$decimal": "NaN"}`, `{"$numpy": ["<f4", 1.5]}`; a dict whose keys are no text, or begin with `$`, is
`{"$dict": [[key, value], …]}`.
"""

ARROW = """
`string` and `large_string`, `list` and `large_list`, and the views are one type with one id: offsets are no content.
Where the same values were stored before, they come back with the offsets that were stored then. The order of a
dictionary's entries is content only where its type says that it is ordered.

What is read batch by batch is never in memory as a whole. A lazy frame of polars with an `Enum` is collected, and a
reader with an ordered dictionary refused (`reader.read_all()`), since their entries are kept aside.
"""

SECTIONS = {"pandas object columns": OBJECTS, "Arrow": ARROW}


def page() -> str:
    """The page, as Markdown."""
    parts = [INTRO]
    for family in dict.fromkeys(case.family for case in CASES):
        parts.append(f"\n## {family}\n{SECTIONS.get(family, '')}\n")
        parts.append("| type | what becomes of it | |\n| --- | --- | --- |\n")
        rows = {(case.what, case.outcome, case.note): None for case in CASES if case.family == family}
        for what, outcome, note in rows:
            said = f"`{note}`" if outcome == "refused" else note
            parts.append(f"| {what} | {outcome} | {said.replace('|', chr(92) + '|')} |\n")
    return "".join(parts)
