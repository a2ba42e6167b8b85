"""Any order of what one does with a store, against a model of it in memory: a dict of frames by content id.

The quick suite takes some dozen steps. ``E2E_STEPS=10000 pytest -m integration tests/project/test_storage_machine.py``
takes as many as it says, in another order each time; what fails is printed as a program to run again.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from e2e_lab import project as projects
from e2e_lab import storage
from e2e_lab.errors import Damaged, Locked, UnsupportedData, VersionNotFound
from e2e_lab.project import Project
from e2e_lab.records import Snapshot
from e2e_lab.storage.store import columns, forgetting, ledger, manifest, pieces, ranges, repacking, streams, writer
from e2e_lab.storage.store.index import Index
from e2e_lab.storage.store.packs import Packs
from tests.project.fault_points import struck
from tests.project.store_files import flip
from tests.unit.frames_strategy import arrow_tables, assert_equal, pandas_frames, polars_frames

NAMES = ("flights", "weather", "planes")
LIVE_AT_MOST = 10
STEPS = int(os.environ.get("E2E_STEPS", "1000"))
AFTER = st.integers(1, 70)


@pytest.fixture(autouse=True)
def little(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ranges, pages, windows and packs so small that a table of a hundred rows has many of each."""
    monkeypatch.setattr(ranges, "LEAST", 16)
    monkeypatch.setattr(ranges, "COLUMN_BYTES", 256)
    monkeypatch.setattr(pieces, "PAGES", {"min_chunk_size": 64, "max_chunk_size": 256, "norm_level": 0})
    monkeypatch.setattr(pieces, "WRITE_BATCH", 8)
    monkeypatch.setattr(writer, "TASK_BYTES", 2048)
    monkeypatch.setattr(writer, "TASK_RANGES", 2)
    monkeypatch.setattr(writer, "INLINE", 64)
    monkeypatch.setattr(streams, "WINDOW_BYTES", 2048)
    monkeypatch.setattr(streams, "RANGE_BYTES", 4096)
    monkeypatch.setattr(manifest, "PLAIN_AT_MOST", 4096)
    monkeypatch.setattr(columns, "THREADS_FROM", 2048)
    monkeypatch.setattr(repacking, "TOGETHER", 4096)
    monkeypatch.setattr(repacking, "AT_ONCE", 2)
    monkeypatch.setattr(forgetting, "LOCK_SECONDS", 0.0)


# ---- frames --------------------------------------------------------------------------------------------------


def table(seed: int, rows: int) -> pd.DataFrame:
    """Numbers, text, categories and nulls."""
    some = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "n": some.integers(0, 1 << 40, rows),
            "x": np.where(some.random(rows) < 0.2, np.nan, some.random(rows)),
            "text": [f"text {n}" if n % 5 else None for n in some.integers(0, 40, rows)],
            "kind": pd.Categorical(some.choice(["a", "b", "c"], rows), categories=["c", "b", "a", "unused"]),
        }
    )


def _place(some: random.Random, frame: pd.DataFrame) -> int:
    return some.randrange(len(frame) + 1)


def _added(some: random.Random, frame: pd.DataFrame) -> pd.DataFrame:
    place, new = _place(some, frame), table(some.randrange(1 << 30), some.choice([1, 7, 60]))
    return pd.concat([frame.iloc[:place], new, frame.iloc[place:]], ignore_index=True)


def _appended(some: random.Random, frame: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([frame, table(some.randrange(1 << 30), 30)], ignore_index=True)


def _deleted(some: random.Random, frame: pd.DataFrame) -> pd.DataFrame:
    start = _place(some, frame)
    return frame.drop(frame.index[start : start + some.choice([1, 10, 100])]).reset_index(drop=True)


def _cells(some: random.Random, frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame.copy()
    if len(frame) and "x" in frame.columns:
        frame["x"] = frame["x"].mask(np.arange(len(frame)) == some.randrange(len(frame)), some.random())
    return frame


def _nested(some: random.Random, frame: pd.DataFrame) -> pd.DataFrame:
    lists = [
        [{"a": k, "b": None if k % 3 else f"{k}"} for k in range(n % 4)] if n % 7 else None for n in range(len(frame))
    ]
    kind = pa.list_(pa.struct({"a": pa.int64(), "b": pa.string()}))
    return frame.assign(nested=pd.Series(lists, dtype=pd.ArrowDtype(kind), index=frame.index))


def _objects(some: random.Random, frame: pd.DataFrame) -> pd.DataFrame:
    first = some.randrange(9)
    mixed = [(k, f"{k}", None, 1.5, b"x", [k])[(k + first) % 6] for k in range(len(frame))]
    return frame.assign(mixed=pd.Series(mixed, dtype=object, index=frame.index))


def _typed(some: random.Random, frame: pd.DataFrame) -> pd.DataFrame:
    if "n" not in frame.columns:
        return frame
    to = some.choice(["float64", "Int64", "str", "int64[pyarrow]"])
    return frame.assign(n=pd.Series(range(len(frame)), index=frame.index).astype(to))


def _sorted(some: random.Random, frame: pd.DataFrame) -> pd.DataFrame:
    if not frame.shape[1]:
        return frame
    return frame.iloc[np.argsort(frame.iloc[:, 0].map(repr).to_numpy(dtype=str))].reset_index(drop=True)


EDITS: dict[str, Callable[[random.Random, pd.DataFrame], pd.DataFrame]] = {
    "appended": _appended, "added": _added, "deleted": _deleted, "cells": _cells, "nested": _nested,
    "objects": _objects, "typed": _typed,
    "column": lambda some, frame: frame.assign(**{f"m{some.randrange(3)}": np.arange(len(frame)) * some.randrange(3)}),
    "dropped": lambda some, frame: frame.iloc[:, 1:],
    "renamed": lambda some, frame: frame.rename(columns={"text": "words", "words": "text"}),
    "reordered": lambda some, frame: frame.iloc[:, ::-1],
    "sorted": _sorted,
    "indexed": lambda some, frame: frame.set_axis(pd.Index(np.arange(len(frame)) * 3 + 1, name="at")),
    "twice": lambda some, frame: pd.concat([frame, frame], ignore_index=True).head(400),
    "no rows": lambda some, frame: frame.iloc[:0],
    "no columns": lambda some, frame: frame.iloc[:, :0],
    "double names": lambda some, frame: frame.set_axis(["n", *["same"] * 99][: frame.shape[1]], axis=1),
    "empty chunks": lambda some, frame: table(some.randrange(1 << 30), some.choice([0, 1, 15, 16, 17, 33])),
}  # fmt: skip


def kind_of(frame: Any) -> str:
    return "pandas" if isinstance(frame, pd.DataFrame) else "polars" if isinstance(frame, pl.DataFrame) else "arrow"


class Died(BaseException):
    """Raised by every call that would change a file, from some call on: nothing can be cleaned up any more."""


# ---- the machine ---------------------------------------------------------------------------------------------


class Store(RuleBasedStateMachine):
    """The model: *frames* by id, *live* ids that must be readable, the *current* version of each dataset."""

    steps = 0

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="e2e-machine-"))
        projects.create(self.folder)
        (self.folder / "e2e.toml").write_text("[storage]\nkeep_days = 0\n")
        self.project: Project = projects.find(self.folder)
        self.frames: dict[str, Any] = {}
        self.live: set[str] = set()
        self.current: dict[str, Snapshot] = {}
        self.made: dict[str, Snapshot] = {}
        self.touched: set[str] = set()

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    # ---- saves -----------------------------------------------------------------------------------------------

    def _save(self, frame: Any, name: str) -> Snapshot:
        before = self.current.get(name)
        saved = storage.snapshot(self.project, frame, name, stage="raw")
        known = kind_of(frame) in ("pandas", "polars", "arrow") and storage.fingerprint(frame)
        assert saved.id == known
        if before is not None:
            assert saved.changed == (saved.id != before.id)
            assert saved.version == before.version + (1 if saved.changed else 0)
        self.current[name] = saved
        self.made[saved.id] = saved
        self.frames.setdefault(saved.id, frame)
        self.live.add(saved.id)
        self.touched.add(saved.id)
        return saved

    @initialize(seed=st.integers(0, 99), rows=st.integers(0, 120))
    def begin(self, seed: int, rows: int) -> None:
        self._save(table(seed, rows), "flights")

    @rule(name=st.sampled_from(NAMES), seed=st.integers(0, 3), rows=st.sampled_from([0, 1, 40, 200]))
    def snapshot(self, name: str, seed: int, rows: int) -> None:
        self._save(table(seed, rows), name)

    @rule(name=st.sampled_from(NAMES), frame=pandas_frames() | polars_frames() | arrow_tables())
    def snapshot_odd(self, name: str, frame: Any) -> None:
        with contextlib.suppress(UnsupportedData):
            self._save(frame, name)

    @rule(
        data=st.data(),
        name=st.sampled_from(NAMES),
        edits=st.lists(st.sampled_from(list(EDITS)), min_size=1, max_size=2),
        seed=st.integers(0, 999),
    )
    def edit(self, data: st.DataObject, name: str, edits: list[str], seed: int) -> None:
        frame = self._edited(data, edits, seed)
        if frame is not None:
            self._save(frame, name)

    def _edited(self, data: st.DataObject, edits: list[str], seed: int) -> pd.DataFrame | None:
        known = sorted(one for one in self.live if isinstance(self.frames[one], pd.DataFrame))
        if not known:
            return None
        frame = self.frames[data.draw(st.sampled_from(known))]
        some = random.Random(seed)
        for edit in edits:
            if frame.columns.is_unique and all(isinstance(name, str) for name in frame.columns) and len(frame) < 600:
                frame = EDITS[edit](some, frame.reset_index(drop=True))
        return frame

    @rule(name=st.sampled_from(NAMES), size=st.sampled_from([1, 9, 64, 1000]), data=st.data())
    def stream(self, name: str, size: int, data: st.DataObject) -> None:
        version = self.made[data.draw(st.sampled_from(sorted(self.live)))] if self.live else None
        if version is None:
            return
        whole = storage.load(self.project, version, kind="arrow").replace_schema_metadata(None)
        try:
            wanted = storage.fingerprint(whole)
            before = self.current.get(name)
            saved = storage.snapshot(self.project, whole.to_reader(max_chunksize=size), name, stage="raw")
        except UnsupportedData:
            return
        assert saved.id == wanted
        assert before is None or saved.changed == (saved.id != before.id)
        self.current[name] = self.made[saved.id] = saved
        self.frames.setdefault(saved.id, whole)
        self.live.add(saved.id)
        self.touched.add(saved.id)

    @rule(name=st.sampled_from(NAMES), seed=st.integers(0, 5), data=st.data())
    def draft(self, name: str, seed: int, data: st.DataObject) -> None:
        frame = self._edited(data, ["cells", "column"], seed)
        if frame is None:
            return
        saved = storage.draft(self.project, frame, name, stage="raw")
        assert saved.id == storage.fingerprint(frame)
        assert not saved.changed
        self.frames.setdefault(saved.id, frame)
        self.made.setdefault(saved.id, saved)
        self.live.add(saved.id)
        self.touched.add(saved.id)

    # ---- reads -----------------------------------------------------------------------------------------------

    @precondition(lambda self: self.live)
    @rule(data=st.data(), rows=st.integers(0, 200), some=st.integers(0, 100))
    def load_part(self, data: st.DataObject, rows: int, some: int) -> None:
        one = data.draw(st.sampled_from(sorted(self.live)))
        version = self.made[one]
        whole = storage.load(self.project, version, kind="arrow")
        window = storage.window(self.project, version, offset=some, limit=rows)
        assert str(window.to_pydict()) == str(whole.slice(some, rows).to_pydict())
        assert storage.load(self.project, version, sample=rows).shape[0] == min(rows, version.rows)
        names = whole.column_names
        if names and names.count(names[0]) == 1:
            part = storage.load(self.project, version, columns=[names[0]], kind="arrow")
            assert str(part.to_pydict()) == str(whole.select([0]).to_pydict())
        if "n" in names and names.count("n") == 1 and str(whole.schema.field("n").type) == "int64":
            least = 1 << 39
            part = storage.load(self.project, version, where=[("n", ">", least)], kind="arrow")
            assert part.column("n").to_pylist() == [
                v for v in whole.column("n").to_pylist() if v is not None and v > least
            ]

    # ---- names -----------------------------------------------------------------------------------------------

    @precondition(lambda self: self.current)
    @rule(data=st.data())
    def reinstate(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.current)))
        version = data.draw(st.sampled_from(storage.versions(self.project, name)))
        if version.id in self.live:
            self.current[name] = storage.reinstate(self.project, version)

    @precondition(lambda self: self.current)
    @rule(data=st.data())
    def rename(self, data: st.DataObject) -> None:
        old = data.draw(st.sampled_from(sorted(self.current)))
        free = [name for name in NAMES if name not in self.current]
        if free:
            storage.rename(self.project, old, free[0])
            self.current.pop(old)
            self.current[free[0]] = storage.current(self.project, free[0])

    @precondition(lambda self: len(self.current) > 1)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.current)))
        storage.remove(self.project, name)
        del self.current[name]

    # ---- taking away -----------------------------------------------------------------------------------------

    def _kept(self, roots: set[str]) -> set[str]:
        """What must stay: roots, and whatever records and leases name."""
        text = [path.read_text() for path in (self.folder / "data").rglob("*.json")]
        text += [path.read_text() for path in (self.project.home / "store" / "leases").glob("*")]
        return self.live & (roots | set(re.findall(r'"([0-9a-f]{32})"', "".join(text))))

    def _roots(self, data: st.DataObject) -> set[str]:
        return set(data.draw(st.lists(st.sampled_from(sorted(self.live)), max_size=4))) if self.live else set()

    @rule(data=st.data())
    def gc(self, data: st.DataObject) -> None:
        roots = self._roots(data)
        said = storage.gc(self.project, roots=roots, dry_run=True)
        self.everything_reads()
        kept = self._kept(roots)
        done = storage.gc(self.project, roots=roots)
        assert (done.versions, done.packs, done.rewritten) == (said.versions, said.packs, said.rewritten)
        self._gone(self.live - kept)

    def _gone(self, ids: set[str]) -> None:
        self.live -= ids
        for one in ids:
            assert not storage.is_stored(self.project, one)
            with pytest.raises(VersionNotFound):
                storage.load(self.project, self.made[one])

    @precondition(lambda self: len(self.live) > 2)
    @rule(data=st.data())
    def forget(self, data: st.DataObject) -> None:
        one = data.draw(st.sampled_from(sorted(self.live)))
        bytes_of = _pages(self.project, one)
        for other in self.live - {one}:
            bytes_of -= _pages(self.project, other)
        try:
            storage.forget(self.project, self.made[one], reason="asked to")
        except Locked:
            assert any(one in path.read_text() for path in (self.project.home / "store" / "leases").glob("*"))
            return
        self._gone({one})
        if not list((self.project.home / "store" / "leases").glob("*")):
            there = b"".join(path.read_bytes() for path in (self.project.home / "store" / "packs").glob("*.pack"))
            assert not [page for page in bytes_of if len(page) > 40 and page in there]

    # ---- mishaps ---------------------------------------------------------------------------------------------

    @rule(how=st.sampled_from(["gone", "empty", "garbage", "flipped", "half"]), seed=st.integers(0, 999))
    def lose_index(self, how: str, seed: int) -> None:
        path = Index(self.project).path
        if not path.exists():
            return
        content = bytearray(path.read_bytes())
        if how == "gone":
            path.unlink()
        elif how == "flipped" and content:
            some = random.Random(seed)
            for _ in range(20):
                content[some.randrange(len(content))] = some.randrange(256)
            path.write_bytes(content)
        elif how != "flipped":
            path.write_bytes(
                {"empty": b"", "garbage": b"SQLite format 3\0" + b"x" * 4000, "half": content[: len(content) // 2]}[how]
            )

    @precondition(lambda self: self.live)
    @rule(data=st.data(), seed=st.integers(0, 10**6), again=st.booleans())
    def rot(self, data: st.DataObject, seed: int, again: bool) -> None:
        """A bit turns over in a pack: what needs it says so, all else reads; what is saved again is whole."""
        packs = sorted((self.project.home / "store" / "packs").glob("*.pack"))
        if not packs:
            return
        path = packs[seed % len(packs)]
        before = flip(path, random.Random(seed).randrange(path.stat().st_size * 8))
        damaged = {one for one in self.live if not self._reads(one)}
        assert any(found.file.endswith((".pack", "index.sqlite")) for found in storage.verify(self.project).findings)
        if again and self.current:
            name = sorted(self.current)[0]
            for one in sorted(damaged):
                if kind_of(self.frames[one]) == "pandas" or one not in self.made:
                    self._save(self.frames[one], name)
                    assert self._reads(one), "saved again, and still damaged"
                    damaged.discard(one)
        if path.exists():
            path.write_bytes(before)

    def _reads(self, one: str) -> bool:
        try:
            found = storage.load(self.project, self.made[one], kind=kind_of(self.frames[one]))
        except Damaged:
            return False
        assert storage.fingerprint(found) == one
        return True

    @rule(
        data=st.data(),
        after=AFTER,
        name=st.sampled_from(NAMES),
        edit=st.sampled_from(list(EDITS)),
        seed=st.integers(0, 999),
        stream=st.booleans(),
    )
    def die_saving(self, data: st.DataObject, after: int, name: str, edit: str, seed: int, stream: bool) -> None:
        frame: Any = self._edited(data, [edit], seed)
        if frame is None:
            return
        if stream:
            frame = pa.table({"n": np.arange(len(frame)) * seed})
        made = storage.fingerprint(frame)

        def save() -> object:
            return storage.snapshot(self.project, frame.to_reader(16) if stream else frame, name, stage="raw")

        self._die(after, save)
        if name in storage.records(self.project):
            now = storage.current(self.project, name)
            if now.id == made:
                self.current[name] = self.made[made] = now
                self.frames.setdefault(made, frame)
                self.live.add(made)
        self._save(frame, name)

    @rule(data=st.data(), after=AFTER)
    def die_collecting(self, data: st.DataObject, after: int) -> None:
        roots = self._roots(data)
        doomed = self.live - self._kept(roots)
        self._die(after, lambda: storage.gc(self.project, roots=roots), doomed)
        storage.gc(self.project, roots=roots)
        self._gone(doomed)

    @precondition(lambda self: len(self.live) > 2)
    @rule(data=st.data(), after=AFTER)
    def die_forgetting(self, data: st.DataObject, after: int) -> None:
        one = data.draw(st.sampled_from(sorted(self.live)))
        self._die(after, lambda: storage.forget(self.project, self.made[one], reason="asked to"), {one})
        if storage.is_stored(self.project, one):  # dead before there was a tombstone, or refused for a lease
            buried = (self.project.home / "store" / "forgotten.jsonl").exists() and one in ledger.pending(self.project)
            assert buried or self._reads(one)
            if buried:
                storage.gc(self.project, roots=self.live)
                self.live -= {one}
            else:
                self.live.add(one)

    @precondition(lambda self: 0 < len(self.current) < len(NAMES))
    @rule(data=st.data(), after=AFTER)
    def die_renaming(self, data: st.DataObject, after: int) -> None:
        old = data.draw(st.sampled_from(sorted(self.current)))
        new = next(name for name in NAMES if name not in self.current)
        self._die(after, lambda: storage.rename(self.project, old, new))
        if old in storage.records(self.project):
            storage.rename(self.project, old, new)
        del self.current[old]
        self.current[new] = storage.current(self.project, new)

    def _die(self, after: int, deed: Callable[[], object], doomed: Collection[str] = ()) -> None:
        """The process dies at some call of *deed*; the next one finds all but what was *doomed*."""
        leases = set((self.project.home / "store" / "leases").glob("*"))
        with contextlib.suppress(Died, Locked), struck(dying(after)):
            deed()
        for path in set((self.project.home / "store" / "leases").glob("*")) - leases:
            path.unlink()  # as of a process that is gone
        (self.project.home / "lock.holder").unlink(missing_ok=True)
        self.project = projects.find(self.folder)
        self.live -= set(doomed)
        for one in self.live:
            assert self._reads(one), "lost by a crash"
        findings = storage.verify(self.project).findings
        assert not [found for found in findings if "index.sqlite" not in found.file], findings

    # ---- what always holds -----------------------------------------------------------------------------------

    @invariant()
    def everything_reads(self) -> None:
        for one in sorted(self.live):
            frame = self.frames[one]
            found = storage.load(self.project, self.made[one], kind=kind_of(frame))
            assert storage.fingerprint(found) == one
            if one in self.touched:
                assert_equal(frame, found)
        self.touched.clear()

    @invariant()
    def all_is_intact(self) -> None:
        Store.steps += 1
        findings = storage.verify(self.project).findings
        assert not [found for found in findings if "index.sqlite" not in found.file], findings

    @invariant()
    def records_are_those_of_the_model(self) -> None:
        assert {name: (now.version, now.id) for name, now in storage.records(self.project).items()} == {
            name: (now.version, now.id) for name, now in self.current.items()
        }

    @invariant()
    def few_are_kept(self) -> None:
        if len(self.live) > LIVE_AT_MOST:
            kept = self._kept(set())
            storage.gc(self.project, roots=())
            self._gone(self.live - kept)


def dying(after: int) -> Callable[[str], None]:
    """Lets so many calls pass, and none after them."""
    left = [after]

    def strike(name: str) -> None:
        left[0] -= 1
        if left[0] < 0:
            note(f"died at {name}")
            raise Died

    return strike


def _pages(project: Project, one: str) -> set[bytes]:
    """The pages of a version, as bytes."""
    packs = Packs(project)
    pages = set()
    for span in manifest.read_manifest(project, one).needed:
        for _, start, length in packs[span.pack].blobs:
            if span.offset <= start < span.offset + span.length:
                pages.add(bytes(packs[span.pack].data[start : start + length]))
    return pages


def _run(steps: int, *, each: int, derandomize: bool) -> None:
    """At least so many steps, in programs of at most *each*."""
    Store.steps = 0
    while Store.steps < steps:
        run_state_machine_as_test(
            Store,
            settings=settings(
                max_examples=max((steps - Store.steps) // each, 1), stateful_step_count=each, deadline=None,
                derandomize=derandomize, phases=[Phase.generate] if derandomize else [Phase.generate, Phase.shrink],
                database=None, suppress_health_check=list(HealthCheck), print_blob=True,
            ),
        )  # fmt: skip
        if derandomize:
            break
    sys.stdout.write(f"{Store.steps:,} steps\n")


def test_nothing_is_lost_in_any_order_of_doing_things() -> None:
    _run(60, each=20, derandomize=True)
    assert Store.steps > 20


@pytest.mark.integration
@pytest.mark.timeout(0)
def test_nothing_is_lost_in_thousands_of_steps() -> None:
    _run(STEPS, each=100, derandomize=False)
