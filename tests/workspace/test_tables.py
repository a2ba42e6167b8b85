"""Rows and profiles of every kind of table, as the worker reads them."""

from __future__ import annotations

import datetime as dt
import decimal
import json
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from e2e_lab import storage
from e2e_lab.project import Project
from e2e_lab.records.panels import ColumnProfile
from e2e_lab.workspace.tables import profiles, windows


def rows(project: Project, table: Any, **words: Any) -> dict[str, list[Any]]:
    """The cells of a table after it was saved, by column."""
    version = storage.snapshot(project, table, "things", stage="raw")
    found = windows.answer(project, version, {"columns": [], "offset": 0, "limit": 100, **words}, lambda: False)
    json.dumps(found.to_json(), allow_nan=False)
    return {column.name: list(values) for column, values in zip(found.columns, found.cells, strict=True)}


def profile(project: Project, values: Any) -> ColumnProfile:
    version = storage.snapshot(project, pd.DataFrame({"a": values}), "things", stage="raw")
    found = profiles.answer(project, version, {"columns": []}, lambda: False)
    json.dumps(found.to_json(), allow_nan=False)
    return found.items[-1]


def test_what_json_has_no_word_for_is_text(project: Project) -> None:
    found = rows(project, pa.table({
        "big": pa.array([2**60, None, 5]), "real": pa.array([float("nan"), float("inf"), 0.5]),
        "money": pa.array([decimal.Decimal("1.10"), None, decimal.Decimal("-2.00")]),
        "when": pa.array([dt.datetime(2013, 1, 1, 5, 30), None, dt.datetime(2013, 1, 1, 5, 30, 0, 250000)]),
        "zone": pa.array([0, None, 1], pa.timestamp("s", "UTC")), "day": pa.array([dt.date(2013, 1, 1), None, None]),
        "hour": pa.array([dt.time(5, 30), None, None]), "long": pa.array([90, None, 0], pa.duration("s")),
        "bytes": pa.array([b"\x00\xff", None, b""]), "list": pa.array([[1, 2], None, []]),
        "struct": pa.array([{"a": "é"}, None, {"a": None}]), "flag": pa.array([True, None, False]),
        "kind": pa.array(["x", None, "y"]).dictionary_encode(), "nothing": pa.nulls(3),
    }))  # fmt: skip
    assert found == {
        "big": [str(2**60), None, 5], "real": ["NaN", "Infinity", 0.5], "money": ["1.10", None, "-2.00"],
        "when": ["2013-01-01 05:30:00", None, "2013-01-01 05:30:00.25"],
        "zone": ["1970-01-01 00:00:00Z", None, "1970-01-01 00:00:01Z"], "day": ["2013-01-01", None, None],
        "hour": ["05:30:00", None, None], "long": ["90 s", None, "0 s"], "bytes": ["0x00ff", None, "0x"],
        "list": ["[1, 2]", None, "[]"], "struct": ['{"a": "é"}', None, '{"a": null}'], "flag": [True, None, False],
        "kind": ["x", None, "y"], "nothing": [None, None, None],
    }  # fmt: skip


def test_the_index_of_a_frame_comes_first(project: Project) -> None:
    frame = pd.DataFrame({"n": [1, 2]}, index=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["x", None]))
    found = rows(project, frame)
    assert list(found.values()) == [["a", "b"], [1, 2], [1, 2]]
    assert next(iter(found)) == "x"
    named = rows(project, pd.DataFrame({"n": [1.5]}, index=pd.Index(["k"], name="key")))
    assert named == {"key": ["k"], "n": [1.5]}


def test_pandas_own_kinds_are_shown_as_their_values(project: Project) -> None:
    frame = pd.DataFrame({
        "category": pd.Categorical(["x", None], categories=["x", "y"]), "period": pd.period_range("2013-01", periods=2),
        "mixed": pd.Series([1, 2], dtype="Int64"), "objects": pd.Series([1, 2**40], dtype=object),
    })  # fmt: skip
    found = rows(project, frame)
    assert found["category"] == ["x", None]
    assert found["mixed"] == [1, 2]
    assert len(found["period"]) == 2


@pytest.mark.parametrize("table", [pd.DataFrame(), pd.DataFrame({"a": []}), pd.DataFrame(index=range(3))])
def test_a_table_with_nothing_in_it_is_no_error(project: Project, table: pd.DataFrame) -> None:
    assert all(values == [] for values in rows(project, table).values())


def test_a_long_text_is_cut(project: Project) -> None:
    (text,) = rows(project, pa.table({"a": ["x" * 100_000]}))["a"]
    assert len(text) == 1001
    assert text.endswith("…")


def test_a_profile_of_numbers_is_a_histogram(project: Project) -> None:
    found = profile(project, np.concatenate([np.linspace(0, 1, 1000), [np.nan, np.inf, -np.inf]]))
    assert (found.low, found.high, found.mean) == (0.0, 1.0, pytest.approx(0.5))
    assert (len(found.counts), sum(found.counts)) == (20, 1000)
    assert found.top == ()


def test_a_profile_of_few_numbers_names_them(project: Project) -> None:
    found = profile(project, [1, 2, 2, 3, 3, 3] * 10)
    assert [(one.value, one.count) for one in found.top] == [(3, 30), (2, 20), (1, 10)]
    assert (found.distinct, found.low, found.high) == (3, 1, 3)


def test_a_profile_of_times_is_a_histogram_too(project: Project) -> None:
    found = profile(project, pd.date_range("2013-01-01", periods=500, freq="h"))
    assert (found.low, found.high) == ("2013-01-01 00:00:00", "2013-01-21 19:00:00")
    assert (sum(found.counts), found.mean) == (500, None)


@pytest.mark.parametrize(
    "values",
    [
        [None, None],
        [float("nan")],
        [[1], [2]],
        [b"a", b"b"],
        [True, False],
        [2**62, -(2**62)],
        [1e308, -1e308],
        ["", None],
    ],
)
def test_no_column_breaks_its_profile(project: Project, values: Any) -> None:
    assert profile(project, pa.array(values).to_pandas(types_mapper=pd.ArrowDtype)).name == "a"


def test_many_different_texts_are_not_counted(project: Project) -> None:
    found = profile(project, [f"text {n}" for n in range(100_000)])
    assert (found.distinct, found.top) == (None, ())
    assert (found.low, found.high) == ("text 0", "text 99999")


def test_a_profile_is_worked_out_once_and_a_spoiled_one_again(project: Project) -> None:
    first = profile(project, [1, 2, 3])
    (kept,) = (project.home / "cache" / "profiles").glob("*.json")
    kept.write_bytes(kept.read_bytes().replace(b'"high": 3', b'"high": 4'))
    assert profile(project, [1, 2, 3]).high == 4
    kept.write_bytes(b'{"format": 1')
    assert profile(project, [1, 2, 3]) == first


def test_rows_that_nobody_waits_for_are_left(project: Project) -> None:
    version = storage.snapshot(project, pd.DataFrame({"a": [1]}), "things", stage="raw")
    with pytest.raises(Exception, match="Nobody waits"):
        windows.answer(project, version, {"columns": [], "offset": 0, "limit": 1}, lambda: True)


def test_what_was_looked_at_longest_ago_is_let_go() -> None:
    blocks = windows.Blocks(most=100)
    for number in range(5):
        blocks.keep({("id", 0, number): pa.chunked_array([list(range(5))])})  # 40 bytes each
    assert blocks.take([("id", 0, n) for n in range(5)]).keys() == {("id", 0, 3), ("id", 0, 4)}
