"""Rows and frames: what goes out as JSON comes in as the frame it was, and what does not fit is refused."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from e2e_lab.errors import UsageError
from e2e_lab.models.replay import compare
from e2e_lab.models.requests import rows_of
from e2e_lab.models.shipped import e2e_rows


def through(frame: pd.DataFrame, kinds: dict[str, Any], dtypes: dict[str, Any]) -> pd.DataFrame:
    """*frame* sent as JSON and made a frame again by a service with these columns."""
    fields: dict[str, Any] = {name: (kind | None, None) for name, kind in kinds.items()}
    row = create_model("Row", __config__=ConfigDict(extra="forbid", strict=True), **fields)
    sent = json.loads(json.dumps(rows_of(frame), allow_nan=False))
    return e2e_rows.Frame(row, dtypes).of([row.model_validate_json(json.dumps(each)) for each in sent])


MOMENTS = pd.to_datetime(["2013-01-01T05:00:00.123456789", None, "2013-07-01T00:00:00"], format="ISO8601")


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (pd.Series([1, 2, 3], dtype="int64"), e2e_rows.Int64),
        (pd.Series([1, 255, 3], dtype="uint8"), e2e_rows.UInt8),
        (pd.Series([1, None, 3], dtype="Int64"), e2e_rows.Int64),
        (pd.Series([0.1, np.nan, 1e300], dtype="float64"), e2e_rows.Float),
        (pd.Series([0.1, np.nan, 3], dtype="float32"), e2e_rows.Float),
        (pd.Series([0.5, None, 3], dtype="Float64"), e2e_rows.Float),
        (pd.Series([True, False, True]), bool),
        (pd.Series([True, None, False], dtype="boolean"), bool),
        (pd.Series(["UA", None, "é日"], dtype="str"), str),
        (pd.Series(["UA", np.nan, "x"], dtype="object"), str),
        (pd.Series(["UA", None, "x"], dtype="string"), str),
        (pd.Series(["UA", None, "x"], dtype="string[pyarrow]"), str),
        (pd.Series(pd.Categorical(["b", None, "a"], categories=["b", "a"], ordered=True)), str),
        (pd.Series(pd.Categorical([3, None, 1], categories=[1, 2, 3])), e2e_rows.Int64),
        (pd.Series(MOMENTS.as_unit("ns")), e2e_rows.Moment),
        (pd.Series(MOMENTS.as_unit("ns").tz_localize("America/New_York")), e2e_rows.ZonedMoment),
        (pd.Series(MOMENTS.as_unit("us").tz_localize("UTC")), e2e_rows.ZonedMoment),
        (pd.Series(pd.to_timedelta(["1h", None, "-3 days 1us"])), e2e_rows.Duration),
        (pd.Series([date(2013, 1, 1), np.nan, date(1, 1, 1)], dtype="object"), e2e_rows.Day),
        (pd.Series([Decimal("1.50"), np.nan, Decimal(3)], dtype="object"), e2e_rows.Exact),
        (pd.Series([b"\x00\xff", np.nan, b""], dtype="object"), e2e_rows.Binary),
    ],
)
def test_a_column_arrives_as_it_left(values: pd.Series, kind: Any) -> None:
    frame = pd.DataFrame({"x": values})
    pd.testing.assert_frame_equal(through(frame, {"x": kind}, {"x": values.dtype}), frame)


def test_whole_numbers_with_a_gap_become_floats_as_in_pandas() -> None:
    made = through(pd.DataFrame({"x": [1.0, np.nan]}), {"x": e2e_rows.Int64}, {"x": "int64"})
    pd.testing.assert_frame_equal(made, pd.DataFrame({"x": [1.0, np.nan]}))


def test_a_null_of_an_object_column_is_the_kind_the_model_knew(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pd.DataFrame({"x": pd.Series(["a", None], dtype="object")})
    monkeypatch.setitem(e2e_rows.MODEL, "nulls", {"x": "none"})
    assert through(frame, {"x": str}, {"x": "object"}).x.iloc[1] is None


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (e2e_rows.Int64, "3"), (e2e_rows.Int64, True), (e2e_rows.Int64, 1.5), (e2e_rows.Int64, 2**63),
        (e2e_rows.Int8, 128), (e2e_rows.UInt8, -1), (e2e_rows.Float, "0.5"), (e2e_rows.Float, True),
        (e2e_rows.Float, float("nan")), (e2e_rows.Float, float("inf")), (bool, 1), (bool, "true"), (str, 3),
        (e2e_rows.Moment, "2013-01-01T00:00:00Z"), (e2e_rows.Moment, "now"), (e2e_rows.Moment, 5),
        (e2e_rows.Moment, "2013"),
        (e2e_rows.ZonedMoment, "2013-01-01T00:00:00"), (e2e_rows.ZonedMoment, "2013-13-01T00:00:00Z"),
        (e2e_rows.Moment, "99999-01-01T00:00:00"), (e2e_rows.Duration, "soon"), (e2e_rows.Duration, 3),
        (e2e_rows.Exact, 0.5), (e2e_rows.Exact, "x"),
        (e2e_rows.Exact, "NaN"), (e2e_rows.Binary, "*"), (e2e_rows.Day, "2013-02-30"), (e2e_rows.Day, 5),
        (e2e_rows.Clock, "25:00"),
    ],
)  # fmt: skip
def test_a_value_that_does_not_fit_is_refused(kind: Any, value: Any) -> None:
    row = create_model("Row", __config__=ConfigDict(strict=True), x=(kind, ...))
    with pytest.raises(ValidationError):
        row.model_validate_json(json.dumps({"x": value}))


def test_a_long_list_of_categories_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    column = {"name": "tail", "type": "string", "categories": ["N1", "N2"]}
    monkeypatch.setitem(e2e_rows.MODEL, "schema", {"columns": [column]})
    row: type[BaseModel] = create_model("Row", tail=(e2e_rows.one_of("tail", str), ...))
    assert row.model_validate_json('{"tail": "N2"}').model_dump() == {"tail": "N2"}
    with pytest.raises(ValidationError, match="should be one of 'N1', 'N2'"):
        row.model_validate_json('{"tail": "N3"}')


def test_rows_of_polars_and_dicts_are_the_same_as_of_pandas() -> None:
    frame = pd.DataFrame({"x": [1.5, None], "s": ["a", None], "t": pd.to_datetime(["2013-01-01", None])})
    expected = [{"x": 1.5, "s": "a", "t": "2013-01-01T00:00:00"}, {"x": None, "s": None, "t": None}]
    assert rows_of(frame) == expected
    assert rows_of(pl.from_pandas(frame)) == expected
    assert rows_of(frame.to_dict("records")) == expected
    assert rows_of([{"i": np.int64(3), "f": np.float32(0.5), "n": pd.NA}]) == [{"i": 3, "f": 0.5, "n": None}]


@pytest.mark.parametrize("wrong", [{"x": 1}, [1], 5, "rows", [{"x": object()}]])
def test_what_is_no_rows_is_refused_with_the_way_out(wrong: Any) -> None:
    with pytest.raises(UsageError) as refused:
        rows_of(wrong)
    assert refused.value.hint


def test_answers_have_the_shape_of_the_outputs() -> None:
    assert e2e_rows.answers(np.array([[1.0], [np.nan]]), ("predictions",)) == [1.0, None]
    assert e2e_rows.answers(np.array(["late", "early"]), ("predictions",)) == ["late", "early"]
    assert e2e_rows.answers(pd.DataFrame({"a": [1], "b": [2]}), ("a", "b")) == [{"a": 1, "b": 2}]
    assert e2e_rows.answers(np.array([np.inf]), ("predictions",)) == ["inf"]


def test_comparing_counts_what_differs_and_how_far() -> None:
    assert compare([1.0, "x", None, {"a": 0.1}], [1.0, "x", None, {"a": 0.1}]) == (0, 0.0)
    different, largest = compare([1.0, 2.0], [1.0 + 1e-12, 2.5])
    assert (different, largest) == (1, 0.5)
    assert compare([1], [True])[0] == 1
    assert compare([None], [1.0])[0] == 1
