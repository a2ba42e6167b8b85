"""One contestant at work: ``python -m benchmarks.storage.peer NAME ROWS RUNS TABLES FOLDER`` prints what it took.

The same work for all: save the orders, edit and save them, ten mixed edits in a row, load the newest and the first
version into pandas. Runs in the contestant's own environment, which has NumPy, pandas and pyarrow, and not e2e-lab.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pandas as pd
import pyarrow as pa

from benchmarks.data import orders
from benchmarks.storage.edits import APPEND, NEW_COLUMN, ORDERS, REPLACE, TEN, edited
from benchmarks.storage.sides import save, size, stored, to_parquet

FIRST = "first save"


class Contestant(Protocol):
    """A tool that keeps versions of one table in a folder of its own."""

    def save(self, frame: pd.DataFrame, added: int = 0) -> None:
        """Keep *frame* as the newest version; with *added*, it is the version before and that many rows more."""

    def load(self) -> pd.DataFrame:
        """The newest version."""

    def first(self) -> pd.DataFrame:
        """The first version."""

    def kept(self) -> int:
        """The bytes of all versions, without a working copy."""


class E2E:
    """``e2e.snapshot`` and ``e2e.load``."""

    def __init__(self, folder: Path) -> None:
        import e2e_lab

        self.folder = folder
        e2e_lab.init(folder)
        os.environ["E2E_PROJECT"] = str(folder)

    def save(self, frame: pd.DataFrame, added: int = 0) -> None:  # noqa: ARG002
        save(frame)

    def load(self) -> pd.DataFrame:
        import e2e_lab

        return e2e_lab.load("orders")

    def first(self) -> pd.DataFrame:
        import e2e_lab

        return e2e_lab.load("orders@v1")

    def kept(self) -> int:
        return stored(self.folder)


class _File:
    """What versions a Parquet file that is written anew for each save."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder, self.file = folder, folder / "orders.parquet"
        self._saved = 0

    def save(self, frame: pd.DataFrame, added: int = 0) -> None:  # noqa: ARG002
        to_parquet(frame, self.file, fsync=False)
        self._saved += 1
        self.keep(self._saved)

    def load(self) -> pd.DataFrame:
        return pd.read_parquet(self.file)

    def keep(self, number: int) -> None:
        raise NotImplementedError

    def commit_of(self, number: int) -> str:
        return self.git("log", "--format=%H", f"--grep=^v{number}$")

    def git(self, *words: str) -> str:
        who = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "init.defaultBranch=main")
        return self.run("git", *who, *words)

    def run(self, *words: str) -> str:
        done = subprocess.run(words, cwd=self.folder, check=False, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{' '.join(words[:2])}: {done.stderr.strip()[-500:]}")
        return done.stdout.strip()


class Dvc(_File):
    """``dvc add`` and ``git commit``."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.git("init", "-q")
        self.run("dvc", "init", "-q")
        self.run("dvc", "config", "core.analytics", "false")
        self.run("dvc", "config", "core.check_update", "false")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "made")

    def keep(self, number: int) -> None:
        self.run("dvc", "add", "-q", self.file.name)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", f"v{number}")

    def first(self) -> pd.DataFrame:
        self.git("checkout", "-q", self.commit_of(1), "--", f"{self.file.name}.dvc")
        self.run("dvc", "checkout", "-q")
        return pd.read_parquet(self.file)

    def kept(self) -> int:
        return size(self.folder / ".dvc") + size(self.folder / ".git")


class GitLfs(_File):
    """``git lfs track`` and ``git commit``."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.git("init", "-q")
        self.git("lfs", "install", "--local")
        self.git("lfs", "track", "*.parquet")

    def keep(self, number: int) -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", f"v{number}")

    def first(self) -> pd.DataFrame:
        self.git("checkout", "-q", self.commit_of(1), "--", self.file.name)
        return pd.read_parquet(self.file)

    def kept(self) -> int:
        return size(self.folder / ".git")


class Oxen(_File):
    """``oxen add`` and ``oxen commit``; the first version is a branch, since a commit cannot be checked out."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        import oxen.user

        oxen.user.config_user("Ada", "ada@example.org")
        self.repo = oxen.Repo(str(folder))
        self.repo.init()

    def keep(self, number: int) -> None:
        self.repo.add(str(self.file))
        try:
            self.repo.commit(f"v{number}")
        except ValueError as problem:  # it refuses a commit of what has not changed
            if "No changes" not in str(problem):
                raise
        if number == 1:
            self.repo.checkout("first", create=True)
            self.repo.checkout("main")

    def first(self) -> pd.DataFrame:
        self.repo.checkout("first")
        frame = pd.read_parquet(self.file)
        self.repo.checkout("main")
        return frame

    def kept(self) -> int:
        return size(self.folder / ".oxen")


class Delta:
    """``write_deltalake``: what is only appended is appended, else the table is written over."""

    def __init__(self, folder: Path) -> None:
        import deltalake

        self.library, self.folder = deltalake, str(folder)
        self.written = deltalake.WriterProperties(compression="ZSTD", compression_level=1)

    def save(self, frame: pd.DataFrame, added: int = 0) -> None:
        part = pa.Table.from_pandas(frame[len(frame) - added :] if added else frame, preserve_index=False)
        how = {"mode": "append"} if added else {"mode": "overwrite", "schema_mode": "overwrite"}
        self.library.write_deltalake(self.folder, part, writer_properties=self.written, **how)

    def load(self) -> pd.DataFrame:
        return self.library.DeltaTable(self.folder).to_pandas()

    def first(self) -> pd.DataFrame:
        return self.library.DeltaTable(self.folder, version=0).to_pandas()

    def kept(self) -> int:
        return size(Path(self.folder))


class Lance:
    """``lance.write_dataset``: what is only appended is appended, else the table is written over."""

    def __init__(self, folder: Path) -> None:
        import lance

        self.library, self.folder = lance, folder

    def save(self, frame: pd.DataFrame, added: int = 0) -> None:
        part = pa.Table.from_pandas(frame[len(frame) - added :] if added else frame, preserve_index=False)
        mode = "append" if added else "overwrite" if self.folder.exists() else "create"
        self.library.write_dataset(part, str(self.folder), mode=mode)

    def load(self) -> pd.DataFrame:
        return self.library.dataset(str(self.folder)).to_table().to_pandas()

    def first(self) -> pd.DataFrame:
        return self.library.dataset(str(self.folder), version=1).to_table().to_pandas()

    def kept(self) -> int:
        return size(self.folder)


CONTESTANTS: dict[str, Callable[[Path], Contestant]] = {
    "e2e": E2E, "dvc": Dvc, "git-lfs": GitLfs, "delta": Delta, "lance": Lance, "oxen": Oxen,
}  # fmt: skip


def work(make: Callable[[Path], Contestant], base: pd.DataFrame, folder: Path, runs: int) -> dict[str, list[float]]:
    """Seconds by what was done, and under ``ten`` the bytes that ten edits added and those of the first save."""
    took: dict[str, list[float]] = {}

    def timed(what: str, done: Callable[[], object]) -> object:
        began = time.perf_counter()
        result = done()
        took.setdefault(what, []).append(time.perf_counter() - began)
        return result

    def saved(contestant: Contestant, frame: pd.DataFrame, seed: int) -> None:
        timed(FIRST, lambda: contestant.save(frame))
        for edit in (REPLACE, APPEND, NEW_COLUMN):
            before, frame = len(frame), edited(frame, edit, ORDERS, seed)
            added = len(frame) - before if edit == APPEND else 0
            timed(edit, lambda frame=frame, added=added: contestant.save(frame, added))

    saved(make(folder / "warm"), base[:1000], 0)
    took.clear()
    for run in range(runs):
        place = folder / f"run{run}"
        saved(make(place), base, run)
        shutil.rmtree(place)
    contestant = make(folder / "ten")
    contestant.save(base)
    first, frame = contestant.kept(), base
    for seed, edit in enumerate(TEN):
        before, frame = len(frame), edited(frame, edit, ORDERS, seed)
        contestant.save(frame, len(frame) - before if edit == APPEND else 0)
    took["ten"] = [contestant.kept() - first, first]
    _check(contestant.load(), frame)
    for _ in range(runs):
        timed("load", contestant.load)
    _check(timed("first", contestant.first), base)  # once: after that it is the working copy
    return took


def _check(loaded: object, frame: pd.DataFrame) -> None:
    if not isinstance(loaded, pd.DataFrame) or loaded.shape != frame.shape:
        raise SystemExit("Another table came back.")
    if abs(loaded["amount"].sum() - frame["amount"].sum()) > 1:
        raise SystemExit("Other values came back.")


def main(words: list[str]) -> None:
    """Print what the contestant took, as JSON."""
    name, rows, runs, cached, folder = words
    place = Path(folder)
    os.environ |= {"HOME": str(place), "DVC_NO_ANALYTICS": "1", "DVC_SITE_CACHE_DIR": str(place / "site")}
    print(json.dumps(work(CONTESTANTS[name], orders(int(rows), Path(cached)), place, int(runs))))


if __name__ == "__main__":
    main(sys.argv[1:])
