"""Frames come back equal in the kind they came in, or are refused by column name."""
# ruff: noqa: E501 - tables of values read best one case a line

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from e2e_lab import project as projects
from e2e_lab import storage
from e2e_lab.errors import UnsupportedData, UsageError
from e2e_lab.project import Project
from tests.unit.frames_strategy import object_series

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


def test_loaded_frames_may_be_written_to(room: Project) -> None:
    for frame in (
        pd.DataFrame({"a": [1.0, 2.0]}),
        pd.DataFrame({"i": [1, 2, 3], "f": [1.5, 2, -0.0], "b": [True, False, True]}),
        pd.DataFrame({"several ranges": np.arange(400_000)}),
    ):
        back = through(room, frame)
        back.iloc[0, 0] = 9
        back["new"] = 1
        assert back.iloc[0, 0] == 9
        pd.testing.assert_frame_equal(through(room, frame), frame)


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


def test_polars_loads_as_pandas_with_its_nulls_and_categories(room: Project) -> None:
    frame = pl.DataFrame(
        {"i": [1, None, 3], "f": [1.5, NAN, None], "e": pl.Series(["b", None, "b"], dtype=pl.Enum(["z", "b"]))}
    )
    back = through(room, frame)
    assert back["i"].dtype == "Int64"
    assert list(back["e"].cat.categories) == ["z", "b"]
    assert back["f"].isna().tolist() == [False, False, True] or back["f"].array.isna()[2]


def test_ordered_categories_are_ordered_in_every_kind(room: Project) -> None:
    sizes = ["small", "large", "huge"]
    frame = pd.DataFrame({"size": pd.Categorical(["large", None, "small"], sizes, ordered=True)})
    assert through(room, frame, "polars").schema["size"] == pl.Enum(sizes)
    column = through(room, frame, "arrow").column("size").chunk(0)
    assert column.type.ordered
    assert column.dictionary.to_pylist() == sizes
    enum = pl.DataFrame({"size": pl.Series(["large", "small"], dtype=pl.Enum(sizes))})
    assert through(room, enum)["size"].cat.ordered
    assert through(room, enum, "arrow").column("size").chunk(0).dictionary.to_pylist() == sizes


def test_batches_readers_and_streams_go_in(room: Project) -> None:
    flights = pa.table({"a": [1, 2], "a ": ["x", None]})
    ids = {
        storage.fingerprint(one)
        for one in (flights, flights.to_batches()[0], flights.to_reader(), duckdb.from_arrow(flights))
    }
    assert len(ids) == 1
    relation = duckdb.sql("select 1 a, 'x' b, [1, 2] c, {'k': 1} d, current_date e, 'q'::enum('q', 'r') f")
    assert through(room, relation, "duckdb").fetchall() == relation.fetchall()


def test_integers_with_nulls_become_nullable_so_that_nothing_is_lost(room: Project) -> None:
    table = pa.table({"i": [2**60 + 1, None], "b": [True, None], "f": [1.5, None], "d": [dt.date(2020, 1, 1), None]})
    back = through(room, table)
    assert [str(t) for t in back.dtypes] == ["Int64", "boolean", "float64", "date32[day][pyarrow]"]
    assert back["i"][0] == 2**60 + 1
    assert storage.fingerprint(back) == storage.fingerprint(table)


def test_a_filtered_load_filters_the_index_too(room: Project) -> None:
    frame = pd.DataFrame({"x": [1, 2, 3, 4], "o": object_series(["a", None, NAN, "b"])})
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
