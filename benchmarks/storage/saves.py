"""Saves and loads beside ``to_parquet`` and ``read_parquet``: a small frame, flights, and the generated orders."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import numpy as np
import pandas as pd

import e2e_lab
from benchmarks import data
from benchmarks.measure import Row, Timing, alone, both, compared, in_turn, seconds, shown, sized
from benchmarks.storage.edits import APPEND, EDITS, FLIGHTS, NEW_COLUMN, ORDERS, REPLACE, TEN, Columns, edited
from benchmarks.storage.sides import NAME, WRITTEN, Scale, project, save, stored, to_parquet

KB_50 = 50_000
# The aims of an edit, of the time that plain Parquet takes; a small table is all fixed costs.
LARGE = {"unchanged": 0.1, APPEND: 0.2, REPLACE: 0.2, NEW_COLUMN: 0.2}
SMALL = {"unchanged": 0.1, APPEND: 1.0, REPLACE: 1.0, NEW_COLUMN: 1.0}


def measure(folder: Path, scale: Scale) -> list[Row]:
    """Small frame; every edit of flights and of the orders, ten in a row, and loads after them."""
    flights = _Table("flights", data.flights(folder), FLIGHTS, folder, scale.runs * 3, large=False)
    orders = _Table("orders", data.orders(scale.rows, folder), ORDERS, folder, scale.runs, large=True)
    return [_small(folder), *flights.rows(), *orders.rows()]


def _small(folder: Path) -> Row:
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.normal(size=(50_000, 20)), columns=[f"c{i}" for i in range(20)])
    number = count()

    def work() -> None:
        frame.iat[0, 0] = next(number)
        save(frame)

    with project(folder / "small"):
        return alone("small frame, 50,000 × 20, one cell changed, snapshot with fsync", work, at_most=0.06)


@dataclass
class _Edit:
    """What saving after one edit took, by us and by plain Parquet, and what our store grew by."""

    ours: Timing = field(default_factory=Timing)
    theirs: Timing = field(default_factory=Timing)
    grown: Timing = field(default_factory=Timing)


@dataclass
class _Table:
    name: str
    base: pd.DataFrame
    columns: Columns
    folder: Path
    runs: int
    large: bool

    def rows(self) -> list[Row]:
        """First snapshots, then each edit by itself, then ten in a row and loads."""
        return [*self._first(), *self._edits(), *self._ten()]

    @property
    def said(self) -> str:
        return f"{self.name}, {len(self.base):,} × {self.base.shape[1]}"

    @property
    def plain(self) -> Path:
        return self.folder / f"{self.name}.parquet"

    # ---- the first time ----

    def _first(self) -> list[Row]:
        made = [self._first_of(self.base, f"first snapshot of {self.said}", 0.8)]
        if self.large:
            text = [name for name, dtype in self.base.dtypes.items() if dtype == "str"]
            objects = self.base.astype(dict.fromkeys(text, object))
            made.append(self._first_of(objects, f"first snapshot of {self.name}, strings as objects", 1.0))
        return made

    def _first_of(self, frame: pd.DataFrame, what: str, at_most: float) -> Row:
        number = count()

        def ours() -> float:
            with project(self.folder / f"first{next(number)}"):
                return seconds(lambda: save(frame))

        def theirs() -> float:
            return seconds(lambda: to_parquet(frame, self.plain))

        timings = in_turn(ours, theirs, runs=self.runs)
        return compared(what, timings[0], WRITTEN, timings[1], at_most=at_most if self.large else None)

    # ---- each edit by itself ----

    def _edits(self) -> Iterator[Row]:
        with project(self.folder / "edits") as root:
            save(self.base)
            base, whole = stored(root), to_parquet(self.base, self.plain)
            yield sized(f"bytes of {self.said}", base, "the file of `to_parquet`", whole)
            done = {edit: self._edit(root, edit) for edit in EDITS}
        for edit, took in done.items():
            limit = (LARGE if self.large else SMALL).get(edit)
            grown = f"+ {shown(took.grown.median, 'B')}"
            yield compared(
                f"snapshot of {self.name}, {edit}", took.ours, WRITTEN, took.theirs, at_most=limit, note=grown
            )
        if self.large:
            yield from self._bytes(done, base)

    def _edit(self, root: Path, edit: str) -> _Edit:
        """Edit the base, save it, save the base again, and so on; each time the edit is somewhere else."""
        took = _Edit()
        for seed in range(self.runs):
            frame = edited(self.base, edit, self.columns, seed)
            before = stored(root)
            took.ours.values.append(seconds(lambda frame=frame: save(frame)))
            took.grown.values.append(stored(root) - before)
            took.theirs.values.append(seconds(lambda frame=frame: to_parquet(frame, self.plain)))
            save(self.base)
        return took

    def _bytes(self, done: dict[str, _Edit], base: int) -> Iterator[Row]:
        added = edited(self.base, APPEND, self.columns, 0)[len(self.base) :].reset_index(drop=True)
        column = edited(self.base, NEW_COLUMN, self.columns, 0)[["new0"]]
        alone = "compressed alone"
        for edit, at_most, against, theirs in (
            (APPEND, 1.3, f"those rows {alone}", self._compressed(added)),
            (REPLACE, 0.01, "the base", base),
            ("1,000 rows deleted at the front", 0.02, "the base", base),
            (NEW_COLUMN, 1.05, f"the column {alone}", self._compressed(column)),
        ):
            yield sized(f"bytes stored, {edit}", done[edit].grown.median, against, theirs, at_most=at_most)
        for edit in ("a column renamed", "a column dropped", "columns reordered"):
            yield sized(f"bytes stored, {edit}", done[edit].grown.median, or_bytes=KB_50)
        same = done["unchanged"].grown.median
        yield Row("bytes stored, unchanged", Timing([same]), aim="0 B", met=same == 0, unit="B")

    def _compressed(self, frame: pd.DataFrame) -> int:
        return to_parquet(frame, self.folder / "alone.parquet")

    # ---- ten in a row ----

    def _ten(self) -> Iterator[Row]:
        with project(self.folder / "ten") as root:
            save(self.base)
            base = stored(root)
            frame, whole = self.base, 0
            for seed, edit in enumerate(TEN):
                frame = edited(frame, edit, self.columns, seed)
                save(frame)
                whole += to_parquet(frame, self.plain)
            limit = 0.52 if self.large else None  # of flights the new column alone, random numbers, is half the base
            yield sized(
                f"bytes added by ten mixed edits of {self.name}", stored(root) - base, "the base", base, at_most=limit,
                note=f"ten whole files: {whole / base:.1f}×",
            )  # fmt: skip
            _same(e2e_lab.load(NAME), frame)
            yield from self._loads(sorted(frame.columns)[0])
            yield self._loaded()

    def _loaded(self) -> Row:
        """A frame that was in the store meanwhile lies otherwise in memory than the one that was saved."""
        frame = e2e_lab.load(NAME)
        what = f"snapshot of {self.name}, as it was loaded"
        return both(
            what, lambda: save(frame), WRITTEN, lambda: to_parquet(frame, self.plain), at_most=0.1, runs=self.runs
        )

    def _loads(self, column: str) -> Iterator[Row]:
        loads: tuple[tuple[str, Callable[[], object], str, Callable[[], object], float, float], ...] = (
            (
                f"load {self.name} after ten edits", lambda: e2e_lab.load(NAME),
                "`read_parquet` of a plain file", lambda: pd.read_parquet(self.plain), 1.1, 0.0,
            ),
            (
                f"load one column of {self.name} after ten edits", lambda: e2e_lab.load(NAME, columns=[column]),
                "`read_parquet(columns=…)`", lambda: pd.read_parquet(self.plain, columns=[column]), 1.5, 0.02,
            ),
        )  # fmt: skip
        for what, ours, against, theirs, at_most, or_more in loads:
            yield both(what, ours, against, theirs, at_most=at_most, or_more=or_more, runs=max(5, 3 * self.runs))


def _same(loaded: pd.DataFrame, frame: pd.DataFrame) -> None:
    """No number counts of a store that gives back something else."""
    pd.testing.assert_frame_equal(loaded, frame)
