"""The two sides of a line: a project of its own for ours, a Parquet file for theirs; and processes to measure in."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

NAME = "orders"
WRITTEN = "`to_parquet`, zstd 1, fsync"


@dataclass(frozen=True)
class Scale:
    """How much is measured: the rows of the generated table, how often, and how far growth is followed."""

    rows: int = 4_000_000
    runs: int = 3
    growth: tuple[int, ...] = (1_000_000, 2_000_000, 4_000_000, 8_000_000)
    streams: tuple[int, ...] = (4_000_000, 16_000_000, 32_000_000)
    wide: int = 1_000_000
    snapshots: int = 10_000

    @classmethod
    def quick(cls) -> Scale:
        """Everything once, small: to see that it runs."""
        return cls(300_000, 1, (100_000, 200_000), (500_000, 2_000_000), 20_000, 300)


@contextmanager
def project(folder: Path) -> Iterator[Path]:
    """A new project in *folder*, which e2e-lab works in until the end, when it is removed."""
    import e2e_lab

    e2e_lab.init(folder)
    os.environ["E2E_PROJECT"] = str(folder)
    try:
        yield folder
    finally:
        del os.environ["E2E_PROJECT"]
        shutil.rmtree(folder)


def save(frame: Any, name: str = NAME) -> bool:
    """Snapshot *frame*; whether that made a new version."""
    import e2e_lab

    return bool(e2e_lab.snapshot(frame, name, stage="raw").changed)


def stored(folder: Path) -> int:
    """The bytes of all files of the store in the project *folder*."""
    return size(folder / ".e2e" / "store")


def size(folder: Path) -> int:
    """The bytes of all files under *folder*."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())


def to_parquet(frame: pd.DataFrame, path: Path, *, fsync: bool = True) -> int:
    """Write *frame* the plain way; the bytes of the file."""
    frame.to_parquet(path, compression="zstd", compression_level=1)
    if fsync:
        with open(path, "rb") as file:
            os.fsync(file.fileno())
    return path.stat().st_size


class ChildFailed(Exception):
    """A child process ended with an error; what it said last."""


def asked(module: str, *words: object, python: Path | str = sys.executable, path: Path | None = None) -> Any:
    """What ``python -m MODULE WORD …`` prints on its last line, from JSON; *path* holds more programs for it."""
    root = Path(__file__).parents[2]
    programs = os.pathsep.join([str(path), os.environ["PATH"]]) if path else os.environ["PATH"]
    done = subprocess.run(
        [python, "-m", module, *map(str, words)], cwd=root, capture_output=True, text=True, check=False,
        env=os.environ | {"PYTHONPATH": str(root), "PATH": programs},
    )  # fmt: skip
    if done.returncode:
        last = (done.stderr.strip() or f"exit code {done.returncode}").splitlines()[-1]
        raise ChildFailed(f"{module} {' '.join(map(str, words[:1]))}: {last}")
    return json.loads(done.stdout.splitlines()[-1])
