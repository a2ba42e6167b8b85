"""pandas, polars, DuckDB, pyarrow and Spark see the same rows in every version that ten mixed edits made.

What each of them must see is computed from the frames as they were before they were saved.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import e2e_lab as e2e
from benchmarks.data import orders
from benchmarks.storage.edits import ORDERS, TEN, edited

pytestmark = pytest.mark.integration

ROWS = 200_000
SPARK = Path(__file__).parents[2] / ".venv" / ".spark" / "bin" / "python"
CHANGED = [edit for edit in TEN if edit != "unchanged"]
VERSIONS = range(1, len(CHANGED) + 2)

Summary: TypeAlias = "list[object]"
"""Rows; rows of a filter; then of each column the nulls, a sum, the least and the most."""


@dataclass(frozen=True)
class Made:
    """The project, the frames that were saved in it by version, and the exported file of each version."""

    project: Path
    frames: dict[int, pd.DataFrame]
    files: dict[int, Path]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """Saved once for all engines; ``E2E_PROJECT`` is set by :func:`in_project` again for each test."""
    root = tmp_path_factory.mktemp("engines")
    project = root / "project"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
        e2e.init(project)
        patch.setenv("E2E_PROJECT", str(project))
        frame = orders(ROWS)
        frames = {e2e.snapshot(frame, "orders", stage="raw").version: frame}
        for seed, edit in enumerate(TEN):
            frame = edited(frame, edit, ORDERS, seed)
            frames[e2e.snapshot(frame, "orders", stage="raw").version] = frame
        files = {number: root / f"v{number}.parquet" for number in frames}
        for number, file in files.items():
            e2e.export(f"orders@v{number}", file)
    yield Made(project, frames, files)
    shutil.rmtree(root)


@pytest.fixture(autouse=True)
def in_project(made: Made, monkeypatch: pytest.MonkeyPatch, clean_environment: None) -> None:
    """Verbs work in the project that was made."""
    monkeypatch.setenv("E2E_PROJECT", str(made.project))


# ---- what each engine sees -----------------------------------------------------------------------------------


def kind(values: pd.Series) -> str:
    """How a column is summed up: text by its length, a time by its microseconds."""
    return {"b": "whole", "i": "whole", "f": "real", "M": "time"}.get(values.dtype.kind, "text")


def seen_by_pandas(frame: pd.DataFrame, kinds: dict[str, str]) -> Summary:
    """By pandas."""
    said: Summary = [len(frame), int(((frame["order_id"] > ROWS) & (frame["status"] == "paid")).sum())]
    for name, how in kinds.items():
        values = frame[name].dropna()
        if how == "time":
            values = values.astype("datetime64[us]").astype("int64")
        elif how != "text":
            values = values.astype("float64" if how == "real" else "int64")
        summed = values.str.len() if how == "text" else values % 1_000_000 if how == "time" else values
        said += [len(frame) - len(values), summed.sum().item(), _plain(values.min()), _plain(values.max())]
    return said


def seen_by_arrow(table: pa.Table, kinds: dict[str, str]) -> Summary:
    """By pyarrow."""
    wanted = pc.and_(pc.greater(table["order_id"], ROWS), pc.equal(table["status"], "paid"))
    said: Summary = [table.num_rows, pc.sum(wanted).as_py()]
    for name, how in kinds.items():
        values = table[name]
        if how == "time":
            values = values.cast(pa.timestamp("us")).cast(pa.int64())
        elif how != "text":
            values = values.cast(pa.float64() if how == "real" else pa.int64())
        summed = pc.utf8_length(values) if how == "text" else values
        if how == "time":
            summed = pc.subtract(values, pc.multiply(pc.divide(values, 1_000_000), 1_000_000))
        both = pc.min_max(values).as_py()
        said += [values.null_count, pc.sum(summed).as_py(), both["min"], both["max"]]
    return said


def seen_by_polars(frame: pl.DataFrame, kinds: dict[str, str]) -> Summary:
    """By polars."""
    wanted = (pl.col("order_id") > ROWS) & (pl.col("status") == "paid")
    asked = [pl.len(), wanted.sum()]
    for name, how in kinds.items():
        values = pl.col(name)
        if how == "time":
            values = values.cast(pl.Datetime("us")).cast(pl.Int64)
        elif how != "text":
            values = values.cast(pl.Float64 if how == "real" else pl.Int64)
        summed = values.str.len_chars() if how == "text" else values % 1_000_000 if how == "time" else values
        asked += [values.null_count(), summed.sum(), values.min(), values.max()]
    return list(frame.select(expression.alias(str(n)) for n, expression in enumerate(asked)).row(0))


def query(kinds: dict[str, str], micros: str) -> str:
    """One SQL query over the table ``{t}``; *micros* makes a whole number of a time in the engine's dialect."""
    asked = ["count(*)", f"sum(CASE WHEN order_id > {ROWS} AND status = 'paid' THEN 1 ELSE 0 END)"]
    for name, how in kinds.items():
        whole = f"CAST({name} AS BIGINT)"
        value = {"time": micros.format(name), "real": f"CAST({name} AS DOUBLE)", "text": name}.get(how, whole)
        summed = f"length({value})" if how == "text" else f"{value} % 1000000" if how == "time" else value
        asked += [f"count(*) - count({name})", f"sum({summed})", f"min({value})", f"max({value})"]
    return f"SELECT {', '.join(asked)} FROM {{t}}"


def seen_by_duckdb(relation: duckdb.DuckDBPyRelation, kinds: dict[str, str]) -> Summary:
    """By DuckDB."""
    found = relation.query("t", query(kinds, "epoch_us({})").format(t="t")).fetchall()
    return list(found[0])


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


SEEN: dict[str, Callable[[Any, dict[str, str]], Summary]] = {
    "pandas": seen_by_pandas, "arrow": seen_by_arrow, "polars": seen_by_polars, "duckdb": seen_by_duckdb,
}  # fmt: skip
READ: dict[str, Callable[[Path], Any]] = {
    "pandas": pd.read_parquet, "arrow": pq.read_table, "polars": pl.read_parquet,
    "duckdb": lambda path: duckdb.read_parquet(str(path)),
}  # fmt: skip


def expected(frame: pd.DataFrame) -> tuple[dict[str, str], Summary]:
    """The kinds of the columns of a frame that was never stored, and what everyone must see in it."""
    kinds = {name: kind(frame[name]) for name in frame.columns}
    return kinds, seen_by_pandas(frame, kinds)


def check(seen: Summary, right: Summary) -> None:
    """Whole numbers, text and times to the last digit; real numbers are summed in another order."""
    assert len(seen) == len(right)
    for one, other in zip(seen, right, strict=True):
        assert (one == pytest.approx(other, rel=1e-9)) if isinstance(other, float) else (one == other)


# ---- the promises --------------------------------------------------------------------------------------------


def test_ten_edits_made_ten_versions_since_one_changed_nothing(made: Made) -> None:
    assert list(made.frames) == list(VERSIONS)
    assert len({str(expected(frame)[1]) for frame in made.frames.values()}) == len(made.frames)


@pytest.mark.parametrize("version", VERSIONS)
def test_pandas_and_pyarrow_get_every_version_back_equal(made: Made, version: int) -> None:
    frame, ref = made.frames[version], f"orders@v{version}"
    pd.testing.assert_frame_equal(e2e.load(ref), frame)
    plain = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata()
    assert e2e.load(ref, kind="arrow").replace_schema_metadata().equals(plain)
    pd.testing.assert_frame_equal(pd.read_parquet(made.files[version]), frame)
    assert pq.read_table(made.files[version]).replace_schema_metadata().equals(plain)


@pytest.mark.parametrize("engine", SEEN)
def test_an_engine_sees_the_same_in_every_version_that_is_loaded(made: Made, engine: str) -> None:
    for version, frame in made.frames.items():
        kinds, right = expected(frame)
        check(SEEN[engine](e2e.load(f"orders@v{version}", kind=engine), kinds), right)


@pytest.mark.parametrize("engine", READ)
def test_an_engine_sees_the_same_in_every_exported_file(made: Made, engine: str) -> None:
    for version, frame in made.frames.items():
        kinds, right = expected(frame)
        check(SEEN[engine](READ[engine](made.files[version]), kinds), right)


def test_spark_sees_the_same_in_every_exported_file(made: Made) -> None:
    if not SPARK.exists() or not shutil.which("java"):
        pytest.fail("Spark or Java is missing: `make integration` sets Spark up (apt-get install default-jre-headless)")
    micros = "unix_micros(CAST({} AS TIMESTAMP))"
    right = {str(made.files[version]): expected(frame) for version, frame in made.frames.items()}
    queries = {file: query(kinds, micros) for file, (kinds, _) in right.items()}
    script = Path(__file__).parent / "spark_queries.py"
    done = subprocess.run(
        [SPARK, script], input=json.dumps(queries), capture_output=True, text=True, check=False,
        cwd=made.files[1].parent,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    seen = json.loads(done.stdout.splitlines()[-1])
    for file, (_, summary) in right.items():
        check(seen[file], summary)


def test_one_wrong_value_would_be_seen(made: Made) -> None:
    frame = made.frames[1].copy()
    kinds, right = expected(frame)
    frame.loc[7, "quantity"] += 1
    with pytest.raises(AssertionError):
        check(seen_by_polars(pl.from_pandas(frame), kinds), right)
