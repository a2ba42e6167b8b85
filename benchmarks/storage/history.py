"""A project with a long history: what ``log``, ``status`` and ``gc --dry-run`` cost after 10,000 snapshots.

It is made in memory where there is such a place, by two processes at once, and then moved: what counts is reading it
from the disk, cold. ``python -m benchmarks.storage.history PROJECT NAME SNAPSHOTS COMMITS`` is one of the two.
"""

from __future__ import annotations

import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

import e2e_lab
from benchmarks.measure import Row, alone, left_out
from benchmarks.storage.sides import Scale, asked, save
from benchmarks.workspace import IDENTITY, cli

DATASETS, A_COMMIT = 10, 10
MEMORY = Path("/dev/shm")


def measure(folder: Path, scale: Scale) -> list[Row]:
    """Whole processes, as at a shell."""
    commits = scale.snapshots // A_COMMIT
    project = folder / "project"
    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else folder) as place:
        _lived(Path(place, "project"), scale.snapshots, commits)
        shutil.move(Path(place, "project"), project)
    said = f"{scale.snapshots:,} snapshots, {commits:,} commits"
    rows = [_timed(project, ("log",), said), _timed(project, ("status",), said)]
    if not hasattr(e2e_lab, "gc"):
        return [*rows, left_out(f"`e2e gc --dry-run`, {said}", "there is no such verb yet")]
    return [*rows, _timed(project, ("gc", "--dry-run"), said)]


def _timed(project: Path, words: tuple[str, ...], said: str) -> Row:
    return alone(f"`e2e {' '.join(words)}`, cold, {said}", partial(cli, project, *words), at_most=1.0, runs=5)


def _lived(project: Path, snapshots: int, commits: int) -> None:
    e2e_lab.init(project)
    half = snapshots // 2
    with ThreadPoolExecutor(2) as both:
        for done in [
            both.submit(asked, "benchmarks.storage.history", project, name, half, number)
            for name, number in (("committed", commits), ("saved", 0))
        ]:
            done.result()


def main(words: list[str]) -> None:
    """Save small tables over and over, with commits between; the names of the tables begin with NAME."""
    project, name, snapshots, commits = words[0], words[1], int(words[2]), int(words[3])
    os.environ |= {**IDENTITY, "E2E_PROJECT": project}
    for number in range(snapshots):
        save(pd.DataFrame({"a": range(number, number + 10), "b": [name] * 10}), f"{name}{number % DATASETS}")
        if commits and (number + 1) % (snapshots // commits) == 0:
            e2e_lab.commit(f"after {number + 1}")
    print("null")


if __name__ == "__main__":
    main(sys.argv[1:])
