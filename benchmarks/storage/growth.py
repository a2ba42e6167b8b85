"""How cost grows with rows and with columns: each size in a process of its own, beside the smallest.

``python -m benchmarks.storage.growth rows|columns ROWS COLUMNS RUNS FOLDER`` is one size.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

import e2e_lab
from benchmarks.data import orders, wide
from benchmarks.measure import Row, Timing, rates, seconds
from benchmarks.storage.edits import ORDERS, REPLACE, edited
from benchmarks.storage.sides import NAME, Scale, asked, project, save, to_parquet

COLUMNS = (20, 200, 2000)
STRAIGHT = 0.75  # of the rate of the smallest size
FIRST, EDIT, SAME, LOAD = "first snapshot", f"snapshot, {REPLACE}", "snapshot, unchanged", "load"
PLAIN = "`read_parquet` of a plain file"


def measure(folder: Path, scale: Scale) -> list[Row]:
    """Rows a second from the smallest to the largest table; cells a second by columns; 2,000 columns of many rows."""
    by_rows = {rows: _asked(folder, "rows", rows, 15, scale.runs) for rows in scale.growth}
    flat = 50_000
    by_columns = {columns: _asked(folder, "columns", flat, columns, scale.runs) for columns in COLUMNS}
    return [
        *_rates("orders, {:,} rows", " rows/s", by_rows, dict(zip(by_rows, by_rows))),
        *_rates(f"{flat:,} rows of {{:,}} columns", " cells/s", by_columns, {n: n * flat for n in COLUMNS}),
        _wide(folder, scale),
    ]


def _rates(what: str, unit: str, took: dict[int, dict[str, list[float]]], amount: dict[int, int]) -> list[Row]:
    least = min(took)
    made = []
    for verb in took[least]:
        rate = {number: Timing([amount[number] / value for value in took[number][verb]]) for number in took}
        made.append(Row(f"{verb}, {what.format(least)}", rate[least], unit=unit))
        aim = None if verb == PLAIN else STRAIGHT
        made += [
            rates(
                f"{verb}, {what.format(number)}", rate[number], what.format(least), rate[least],
                at_least=aim, unit=unit,
            )
            for number in sorted(took) if number != least
        ]  # fmt: skip
    return made


def _wide(folder: Path, scale: Scale) -> Row:
    """Float32, since 2,000 columns of float64 and a million rows are 16 GB by themselves."""
    took = _asked(folder, "unchanged", scale.wide, 2000, max(2, scale.runs))[SAME]
    what = f"snapshot of 2,000 × {scale.wide:,} float32, unchanged"
    timing = Timing(took)
    return Row(what, timing, aim="≤ 1 s", met=timing.median <= 1)


def _asked(folder: Path, kind: str, rows: int, columns: int, runs: int) -> dict[str, list[float]]:
    with TemporaryDirectory(dir=folder) as place:
        took: dict[str, list[float]] = asked("benchmarks.storage.growth", kind, rows, columns, runs, place)
    return took


# ---- in the child --------------------------------------------------------------------------------------------


def _by_rows(folder: Path, frame: pd.DataFrame, runs: int) -> dict[str, list[float]]:
    took: dict[str, list[float]] = {FIRST: [], EDIT: [], SAME: [], LOAD: [], PLAIN: []}
    plain = folder / "plain.parquet"
    to_parquet(frame, plain)
    for number in range(runs):
        with project(folder / f"project{number}"):
            took[FIRST].append(seconds(lambda: save(frame)))
            took[SAME].append(seconds(lambda: save(frame)))
            changed = edited(frame, REPLACE, ORDERS, number)
            took[EDIT].append(seconds(lambda changed=changed: save(changed)))
            del changed
            _loads(took, plain, number)
    return took


def _loads(took: dict[str, list[float]], plain: Path, number: int) -> None:
    """Load what was saved, and read the *plain* file of the same; now the one first, now the other."""
    loads = [(LOAD, lambda: e2e_lab.load(NAME)), (PLAIN, lambda: pd.read_parquet(plain))]
    for verb, work in loads if number % 2 else loads[::-1]:
        if number == 0:
            work()  # who touches memory first has it given by the machine, page by page
        took[verb].append(seconds(work))


def _by_columns(folder: Path, frame: pd.DataFrame, runs: int, *, loaded: bool) -> dict[str, list[float]]:
    """*loaded* or not: of 8 GB there would be two."""
    with project(folder / "project"):
        took = {FIRST: [seconds(lambda: save(frame))], SAME: [seconds(lambda: save(frame)) for _ in range(runs)]}
        if loaded:
            took |= {LOAD: [], PLAIN: []}
            plain = folder / "plain.parquet"
            to_parquet(frame, plain)
            for number in range(runs):
                _loads(took, plain, number)
        return took


def main(words: list[str]) -> None:
    """Print what one size took, as JSON."""
    kind, rows, columns, runs, folder = words
    with project(Path(folder) / "warm"):
        save(pd.DataFrame({"number": [1, 2], "text": ["a", "b"]}))
    if kind == "rows":
        took = _by_rows(Path(folder), orders(int(rows)), int(runs))
    else:
        took = _by_columns(Path(folder), wide(int(columns), int(rows)), int(runs), loaded=kind == "columns")
    print(json.dumps(took))


if __name__ == "__main__":
    main(sys.argv[1:])
