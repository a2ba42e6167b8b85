"""Collecting: what nothing refers to goes, what anything relies on stays, whatever happens meanwhile."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from blake3 import blake3

from e2e_lab import storage
from e2e_lab.errors import Damaged, E2EError, NewerFormat, UsageError, VersionNotFound
from e2e_lab.project import Project
from e2e_lab.records import Snapshot
from e2e_lab.storage.store import leases, repacking
from e2e_lab.storage.store.census import Census, census
from e2e_lab.storage.store.index import Index
from e2e_lab.storage.store.manifest import read_manifest
from tests.project.store_files import (
    Crashing,
    as_format_1,
    flip,
    forget_records,
    fresh,
    manifest,
    packs,
    same,
    table,
)


def state(project: Project) -> dict[str, tuple[int, int]]:
    """Every file of the store but the cache, and when it was changed."""
    store = project.home / "store"
    return {
        path.relative_to(store).as_posix(): (path.stat().st_mtime_ns, path.stat().st_size)
        for path in store.rglob("*")
        if path.is_file() and "index" not in path.name
    }


def lease_text(version: Snapshot, **said: object) -> str:
    """A lease of a version, as this process would write it but for what is *said*."""
    return json.dumps({**leases._process(os.getpid()), **said}) + "\n" + json.dumps({"snapshot": version.id}) + "\n"


def size(project: Project) -> int:
    """The bytes of packs and versions."""
    parts = (project.home / "store" / part for part in ("packs", "snapshots"))
    return sum(path.stat().st_size for part in parts for path in part.rglob("*") if path.is_file())


@pytest.fixture
def many(project: Project) -> list[Snapshot]:
    """Six versions: each differs from the one before in one column; no record names one."""
    frame = table(4000)
    made = []
    for number in range(6):
        frame["delay"] = table(4000, seed=number)["delay"]
        made.append(storage.snapshot(project, frame, "flights", stage="raw"))
    forget_records(project)
    return made


# ---- what stays ----------------------------------------------------------------------------------------------


def test_the_journal_keeps_versions_for_ninety_days_by_default(project: Project, many: list[Snapshot]) -> None:
    before = state(project)
    done = storage.gc(project, roots=())
    assert (done.versions, done.packs, done.bytes, done.kept) == (0, 0, 0, 6)
    assert str(done) == "Nothing to collect · 6 versions kept"
    assert state(project) == before


def test_what_nothing_refers_to_goes_and_the_store_shrinks_by_what_was_said(
    project: Project, many: list[Snapshot]
) -> None:
    project = fresh(project)
    before = size(project)
    done = storage.gc(project, roots=[many[2].id, many[5].id])
    assert (done.versions, done.kept, done.dry_run) == (4, 2, False)
    assert done.refs == ("flights@v1", "flights@v2", "flights@v4", "flights@v5") or set(done.refs) == {
        many[n].ref for n in (0, 1, 3, 4)
    }
    assert abs((before - size(project)) - done.bytes) < 1000  # manifests that name another pack are a little longer
    assert done.bytes > 100_000
    assert same(project, many[2])
    assert same(project, many[5])
    for number in (0, 1, 3, 4):
        with pytest.raises(VersionNotFound, match="gc took its data away"):
            storage.load(project, many[number])
    assert storage.verify(project).intact
    assert storage.gc(project, roots=[many[2].id, many[5].id]).versions == 0


def test_a_dry_run_says_the_same_and_touches_nothing(project: Project, many: list[Snapshot]) -> None:
    big = table(20_000, seed=7)
    storage.snapshot(project, big, "big", stage="raw")
    small = storage.snapshot(project, big[["carrier"]], "small", stage="raw")
    forget_records(project)
    project = fresh(project)
    roots = [many[3].id, small.id]
    dead = project.home / "store" / "leases" / f"{os.uname().nodename}.999999.abcd"
    dead.parent.mkdir(exist_ok=True)
    dead.write_text(lease_text(many[0], process=999_999))
    old = project.home / "store" / "packs" / ".1.x.tmp"
    old.write_bytes(b"half a pack")
    os.utime(old, (0, 0))
    before, files = state(project), set(project.home.rglob("*"))
    said = storage.gc(project, roots=roots, dry_run=True)
    assert state(project) == before
    assert set(project.home.rglob("*")) == files
    done = storage.gc(project, roots=roots)
    for part in ("versions", "refs", "packs", "rewritten", "temporary", "bytes", "kept"):
        assert getattr(said, part) == getattr(done, part), part
    assert (said.temporary, said.rewritten) == (1, 1)
    assert "next: e2e gc" in str(said)
    assert "this cannot be undone" in str(done)
    assert not old.exists()
    assert not dead.exists()


def test_what_the_record_names_stays_with_the_version_before_and_the_parents(project: Project) -> None:
    raw = storage.snapshot(project, table(100), "raw", stage="raw")
    storage.snapshot(project, table(100, seed=1), "raw")
    storage.snapshot(project, table(100, seed=2), "raw")
    clean = storage.snapshot(project, table(90), "clean", parents=[raw.as_parent])
    project = fresh(project)
    done = storage.gc(project, roots=())
    assert done.versions == 0  # the first is a parent, the second the one before, and restore brings it back
    assert same(project, raw)
    assert same(project, clean)


def test_a_record_that_waits_for_a_merge_keeps_both_sides(project: Project, many: list[Snapshot]) -> None:
    project = fresh(project)
    path = project.root / "data" / "raw" / "flights.json"
    path.write_text(f'<<<<<<< ours\n"id": "{many[0].id}"\n=======\n"id": "{many[1].id}"\n>>>>>>> theirs\n')
    assert storage.gc(project, roots=()).kept == 2
    assert same(project, many[0])
    assert same(project, many[1])


def test_a_line_of_a_journal_that_cannot_be_read_keeps_what_it_speaks_of(
    project: Project, many: list[Snapshot]
) -> None:
    project = fresh(project)
    journal = project.home / "store" / "versions" / "flights.jsonl"
    lines = journal.read_text().splitlines()
    lines[1] = lines[1].replace('"rows"', '"rosw"')
    journal.write_text("\n".join(lines) + "\n")
    assert storage.gc(project, roots=()).kept == 2  # the line is of the second, and names the one before
    assert same(project, many[0])
    assert same(project, many[1])


def test_versions_of_format_1_are_kept_and_collected_like_others(project: Project) -> None:
    import pyarrow as pa

    one, two = (storage.snapshot(project, pa.table({"a": [n] * 100}), f"d{n}", stage="raw") for n in (1, 2))
    for version in (one, two):
        as_format_1(project, version)
    forget_records(project)
    project = fresh(project)
    done = storage.gc(project, roots=[two.id])
    assert (done.versions, done.kept) == (1, 1)
    assert same(project, two)
    assert not manifest(project, one).parent.exists()


@pytest.mark.parametrize("days", ["-1", '"ninety"', "true", "nan"])
def test_a_retention_that_is_no_number_of_days_is_refused(project: Project, many: list[Snapshot], days: str) -> None:
    (project.root / "e2e.toml").write_text(f"[storage]\nkeep_days = {days}\n", "utf-8")
    before = state(project)
    with pytest.raises(UsageError, match="keep_days"):
        storage.gc(Project.at(project.root), roots=())
    assert state(project) == before


# ---- packs ---------------------------------------------------------------------------------------------------


def test_a_pack_of_which_little_is_needed_is_written_anew(project: Project) -> None:
    frame = table(20_000)
    one = storage.snapshot(project, frame, "flights", stage="raw")
    two = storage.snapshot(project, frame[["carrier"]], "carriers", parents=[one.as_parent])
    three = storage.snapshot(project, frame[["carrier"]].assign(n=1), "carriers")
    assert len(read_manifest(project, two.id).packs()) == 1
    forget_records(project)
    project = fresh(project)
    (big,) = [path for path in packs(project) if path.stat().st_size > 200_000]
    done = storage.gc(project, roots=[two.id, three.id])
    assert (done.versions, done.rewritten) == (1, 1)
    assert not big.exists()
    assert size(project) < 50_000
    for version in (two, three):
        assert same(project, version)
    assert storage.verify(project, [two, three]).intact
    assert storage.verify(project).intact
    again = storage.snapshot(project, frame[["carrier"]].assign(n=2), "carriers", stage="processed")
    assert again.bytes_stored < 10_000  # the pages that were moved are known where they are now
    assert storage.gc(project, roots=[two.id, three.id]).rewritten == 0


def test_extras_that_lie_in_a_pack_move_along(project: Project) -> None:
    words = [f"a category with a long name, number {n}" for n in range(3000)]
    frame = pd.DataFrame({"kind": pd.Categorical(words[:50], categories=words), "rest": table(50)["delay"]})
    big = table(20_000).assign(kind="x")
    one = storage.snapshot(project, big, "flights", stage="raw")
    two = storage.snapshot(project, frame, "kinds", stage="raw")
    assert read_manifest(project, two.id).extras_span is not None
    three = storage.snapshot(project, frame[["kind"]], "only", stage="raw")
    forget_records(project)
    project = fresh(project)
    storage.gc(project, roots=[three.id])
    assert same(project, three)
    assert storage.verify(project, [three]).intact
    for gone in (one, two):
        assert not manifest(project, gone).exists()


def test_the_leftovers_of_many_packs_go_into_one(project: Project) -> None:
    kept, roots = [], []
    for seed in range(5):
        frame = table(5000, seed=seed)
        storage.snapshot(project, frame, f"d{seed}", stage="raw")
        kept.append(storage.snapshot(project, frame[["carrier"]], f"c{seed}", stage="raw"))
        roots.append(kept[-1].id)
    forget_records(project)
    project = fresh(project)
    assert storage.gc(project, roots=roots).rewritten == 5
    assert len(packs(project)) == 1
    assert all(same(project, version) for version in kept)


def test_a_damaged_pack_is_left_alone_and_said(project: Project) -> None:
    frame = table(20_000)
    storage.snapshot(project, frame, "flights", stage="raw")
    two = storage.snapshot(project, frame[["carrier"]], "carriers", stage="raw")
    forget_records(project)
    project = fresh(project)
    (pack,) = packs(project)
    flip(pack, 8 * (pack.stat().st_size - 4))  # its end: it cannot be opened
    done = storage.gc(project, roots=[two.id])
    assert pack.exists()
    assert done.notes == ("1 pack not as stored, left alone: e2e verify",)


def test_a_page_that_is_damaged_is_not_written_anew(project: Project) -> None:
    frame = table(20_000)
    storage.snapshot(project, frame, "flights", stage="raw")
    two = storage.snapshot(project, frame[["carrier"]], "carriers", stage="raw")
    forget_records(project)
    project = fresh(project)
    span = read_manifest(project, two.id).spans[0][-1]
    (pack,) = packs(project)
    flip(pack, 8 * (span.offset + 40))
    storage.gc(project, roots=[two.id])
    assert pack.exists()
    assert not storage.verify(project).intact
    storage.snapshot(project, frame[["carrier"]], "carriers", stage="raw")
    assert same(project, two)


# ---- where it cannot be told, nothing goes -------------------------------------------------------------------


@pytest.mark.parametrize("bit", [0, 70 * 8, 150 * 8, 900 * 8])
def test_a_damaged_manifest_that_is_needed_stops_everything(project: Project, many: list[Snapshot], bit: int) -> None:
    project = fresh(project)
    flip(manifest(project, many[4]), bit)
    before = state(project)
    with pytest.raises(Damaged) as caught:
        storage.gc(project, roots=[many[4].id])
    assert caught.value.hint in ("e2e verify", "snapshot the same data again")
    assert state(project) == before
    assert storage.gc(project, roots=[many[5].id]).versions == 5  # where nothing needs it, it goes with the rest


def test_a_version_of_a_newer_format_stops_everything(project: Project, many: list[Snapshot]) -> None:
    project = fresh(project)
    path = manifest(project, many[4])
    rest = path.read_bytes().split(b"\n", 1)[1].replace(b'"format": 2', b'"format": 3')
    path.write_bytes(blake3(rest).hexdigest().encode() + b"\n" + rest)
    before = state(project)
    with pytest.raises(NewerFormat):
        storage.gc(project, roots=[many[4].id])
    assert state(project) == before


# ---- writers at work -----------------------------------------------------------------------------------------


def test_what_a_lease_names_stays_with_all_that_it_needs(project: Project, many: list[Snapshot]) -> None:
    project = fresh(project)
    (orphan,) = [path for path in packs(project) if path.stem in read_manifest(project, many[1].id).packs()[:1]][:1]
    with leases.lease(project) as mine:
        mine.hold(snapshots=[many[0].id], packs=[orphan.stem])
        done = storage.gc(project, roots=[many[5].id])
        assert done.kept == 2
        assert orphan.exists()
        assert same(project, many[0])
    assert storage.gc(project, roots=[many[5].id]).versions == 1


def test_the_lease_of_a_process_that_is_gone_or_of_a_day_ago_elsewhere_holds_nothing(
    project: Project, many: list[Snapshot]
) -> None:
    project = fresh(project)
    folder = project.home / "store" / "leases"
    folder.mkdir(exist_ok=True)
    gone, old, live = (folder / name for name in (f"{os.uname().nodename}.999999.aa", "other.1.bb", "other.2.cc"))
    gone.write_text(lease_text(many[0], process=999_999))
    old.write_text(lease_text(many[1], host="other"))
    live.write_text(lease_text(many[2], host="other"))
    os.utime(old, (0, 0))
    assert storage.gc(project, roots=()).kept == 1
    assert same(project, many[2])
    assert live.exists()
    assert not gone.exists()
    assert not old.exists()


@pytest.mark.parametrize("differs", ["boot", "space", "host"])
def test_the_lease_of_a_process_that_cannot_be_asked_holds_for_a_day(
    project: Project, many: list[Snapshot], differs: str
) -> None:
    """In another container the machine has the same name and this number is another process, or none."""
    project = fresh(project)
    path = project.home / "store" / "leases" / f"{os.uname().nodename}.999999.aa"
    path.parent.mkdir(exist_ok=True)
    path.write_text(lease_text(many[0], process=999_999, **{differs: "another"}))
    assert storage.gc(project, roots=()).kept == 1
    assert same(project, many[0])
    os.utime(path, (0, 0))
    assert storage.gc(project, roots=()).kept == 0


def test_a_lease_is_touched_now_and_then(
    project: Project, many: list[Snapshot], monkeypatch: pytest.MonkeyPatch
) -> None:
    with leases.lease(project) as mine:
        mine.touch()  # nothing is held yet
        mine.hold(snapshots=[many[0].id])
        (path,) = (project.home / "store" / "leases").iterdir()
        os.utime(path, (0, 0))
        mine.touch()
        assert path.stat().st_mtime == 0
        monkeypatch.setattr(leases, "TOUCH_SECONDS", 0.0)
        mine.hold(snapshots=[many[0].id])
        assert path.stat().st_mtime > 0
        path.unlink()  # taken for dead
        mine.hold(snapshots=[many[1].id])
        assert leases.held(project).snapshots == {many[0].id, many[1].id}


def test_what_vanishes_while_it_is_listed_hides_nothing_else(project: Project, many: list[Snapshot]) -> None:
    store = project.home / "store"
    for place in (store / "snapshots" / ("0" * 32), store / "packs" / "gone.pack", store / "versions" / "gone.jsonl"):
        place.symlink_to("nowhere")  # listed, but not there when asked
    now = census(project)
    assert now.seen.keys() == {version.id for version in many}
    assert now.packs.keys() == {pack.stem for pack in packs(project) if pack.stem != "gone"}
    assert {entry[0] for entry in now.journals.mark} == {"flights.jsonl"}


def test_a_draft_holds_itself_and_nothing_that_it_was_made_of(project: Project, many: list[Snapshot]) -> None:
    frame = table(4000, seed=5)
    storage.snapshot(project, frame, "flights", stage="raw")
    made = [storage.draft(project, frame.assign(n=n), "flights") for n in range(2)]
    assert leases.held(project) == leases.Held(frozenset(draft.id for draft in made), frozenset())
    assert len(list((project.home / "store" / "leases").iterdir())) == 1
    storage.gc(fresh(project), roots=())
    assert all(same(project, draft) for draft in made)


def test_pages_move_without_a_census_for_each_few_versions(
    project: Project, many: list[Snapshot], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repacking, "AT_ONCE", 1)
    monkeypatch.setattr(repacking, "DROPPED_AT_ONCE", 2)
    taken: list[object] = []

    def counted(*words: Any, **more: Any) -> Census:
        taken.append(words)
        return census(*words, **more)

    monkeypatch.setattr(repacking, "census", counted)
    ids = [version.id for version in many]
    names = {name for one in ids for name in read_manifest(project, one).packs()}
    gone = repacking.rewrite(project, list(repacking.uses(project, names, ids).values()))
    assert set(gone) == names
    assert all(same(project, version) for version in many)
    assert len(taken) == 1 + -(-(len(names) + 1) // 2)


def test_a_pack_that_the_disk_cannot_read_is_left_alone(
    project: Project, many: list[Snapshot], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*words: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as failing:
        failing.setattr(repacking, "Pack", broken)
        done = storage.gc(fresh(project), roots=[many[3].id])
    assert any("left alone" in note for note in done.notes)
    assert same(project, many[3])


def test_the_index_leaves_out_many_packs_in_one_pass(
    project: Project, many: list[Snapshot], monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    real = sqlite3.connect

    def listening(*words: Any, **more: Any) -> sqlite3.Connection:
        database: sqlite3.Connection = real(*words, **more)
        database.set_trace_callback(said.append)
        return database

    monkeypatch.setattr(sqlite3, "connect", listening)
    fingerprints = {one for version in many for one in read_manifest(project, version.id).places}
    Index(project).leave_out(snapshots=[v.id for v in many[1:]], packs=[pack.stem for pack in packs(project)])
    assert len([line for line in said if line.startswith(("delete from pages", "delete from pieces"))]) == 2
    assert {one for one, _ in Index(project).pieces(fingerprints).values()} == {many[0].id}


def test_a_version_of_a_newer_format_is_not_here_for_this_one(project: Project, many: list[Snapshot]) -> None:
    path = manifest(project, many[2])
    rest = path.read_bytes().split(b"\n", 1)[1].replace(b'"format": 2', b'"format": 3')
    path.write_bytes(blake3(rest).hexdigest().encode() + b"\n" + rest)
    assert not storage.is_stored(project, many[2].id)
    assert storage.stored_bytes(project, many[2].id) == path.stat().st_size
    for versions in ((), (many[2],)):
        found = storage.verify(project, versions).findings
        assert any("newer" in finding.problem for finding in found)


def test_a_draft_stays_as_long_as_its_process(project: Project) -> None:
    project = fresh(project)
    code = (
        "import sys, pandas as pd\nfrom e2e_lab import project, storage\nhere = project.find(sys.argv[1])\n"
        "made = storage.draft(here, pd.DataFrame({'a': [1, 2]}), 'd', stage='raw')\nprint(made.id, flush=True)\n"
        "sys.stdin.readline()\nprint(len(storage.load(here, made)), flush=True)\n"
    )
    command = [sys.executable, "-W", "ignore", "-c", code, str(project.root)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdin is not None
        made = child.stdout.readline().strip()
        assert storage.gc(project, roots=()).kept == 1
        child.stdin.write("\n")
        child.stdin.close()
        assert child.stdout.readline() == "2\n"
    assert (project.home / "store" / "snapshots" / made).exists()
    assert storage.gc(project, roots=()).versions == 1


def test_a_table_being_read_while_its_pages_move_is_read_to_the_end(project: Project) -> None:
    frame = table(20_000)
    storage.snapshot(project, frame, "flights", stage="raw")
    two = storage.snapshot(project, frame[["carrier", "delay"]].assign(n=frame["delay"]), "some", stage="raw")
    forget_records(project)
    project = fresh(project)
    relation: Any = storage.store.find(project, two.id)  # nothing of its pages is open yet
    for name in ("flights",):
        storage.snapshot(project, table(10), name, stage="raw")
    read = read_manifest(project, two.id)
    keep = [place for place, _ in enumerate(read.spans)]
    assert keep
    from e2e_lab.storage.store.repacking import rewrite, uses

    rewrite(project, list(uses(project, read.packs(), [two.id]).values()))
    assert read_manifest(project, two.id).packs() != read.packs()
    assert relation.read().num_rows == 20_000
    assert same(project, two)


@pytest.mark.integration
def test_one_process_saves_and_loads_while_another_collects_and_nothing_live_is_lost(project: Project) -> None:
    """With no retention at all: only leases and records stand between a writer and the collector."""
    project = fresh(project)
    code = """
import sys, time, random
from e2e_lab import project, storage
from tests.project.store_files import table
here = project.find(sys.argv[1])
seed = int(sys.argv[2])
random.seed(seed)
frame = table(4000, seed)
n = 0
until = time.monotonic() + float(sys.argv[3])
while time.monotonic() < until:
    n += 1
    column = random.choice(["delay", "flight", "note"])
    if n % 6 == 0:
        frame = table(4000, random.randrange(3))  # pages that were there before, and may be there still
    elif n % 6 == 1:
        frame = frame.assign(**{column: table(4000, random.randrange(1 << 30))[column]})
    elif n % 6 == 2:
        frame = frame[["carrier"]]
    else:
        frame = frame.assign(delay=random.random())
    made = storage.snapshot(here, frame, f"d{seed}", stage="raw")
    assert storage.fingerprint(storage.load(here, storage.current(here, f"d{seed}"))) == made.id, made
print(n)
"""
    collector = """
import sys, time
from e2e_lab import project, storage
here = project.find(sys.argv[1])
until = time.monotonic() + float(sys.argv[3])
gone = moved = 0
while time.monotonic() < until:
    done = storage.gc(here, roots=())
    gone += done.versions; moved += done.rewritten
print(gone, moved)
"""
    seconds = "6"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    started = [
        subprocess.Popen([sys.executable, "-W", "ignore", "-c", words, str(project.root), str(seed), seconds],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        for seed, words in ((1, code), (2, code), (0, collector))
    ]  # fmt: skip
    said = [process.communicate(timeout=120) for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], [err for _, err in said]
    assert all(int(said[n][0]) > 5 for n in (0, 1))
    gone, moved = map(int, said[2][0].split())
    assert gone > 3
    assert moved > 0
    for name in ("d1", "d2"):
        assert same(project, storage.current(project, name))
    assert storage.verify(project).findings == ()


# ---- crashes -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def crashing() -> Iterator[Crashing]:
    made = Crashing()
    yield made
    made.close()


@pytest.mark.integration
def test_kill_9_at_any_change_of_the_disk_leaves_every_live_version_whole(project: Project, crashing: Crashing) -> None:
    frame = table(20_000)
    storage.snapshot(project, frame, "flights", stage="raw")
    kept = [storage.snapshot(project, frame[["carrier"]].assign(n=n), f"c{n}", stage="raw") for n in range(2)]
    kept.append(storage.snapshot(project, table(300, seed=9), "whole", stage="raw"))
    dead = storage.snapshot(project, table(300, seed=8), "gone", stage="raw")
    forget_records(project)
    project = fresh(project)
    spare = project.root / "spare"
    subprocess.run(["cp", "-a", str(project.home / "store"), str(spare)], check=True)
    roots = [version.id for version in kept]
    points = 0
    while crashing.killed(project, points, f"storage.gc(here, roots={roots})"):
        points += 1
        for version in kept:
            assert same(project, version)
        assert storage.verify(project, kept).intact
        assert all("leases" in finding.file or "index" in finding.file for finding in storage.verify(project).findings)
        storage.gc(project, roots=roots)  # the next one finishes what is left
        assert all(same(project, version) for version in kept)
        assert not manifest(project, dead).exists()
        assert size(project) < 60_000
        subprocess.run(["rm", "-rf", str(project.home / "store")], check=True)
        subprocess.run(["cp", "-a", str(spare), str(project.home / "store")], check=True)
    assert points > 15


def test_a_disk_that_is_full_or_broken_while_packs_are_written_anew_loses_nothing(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno

    frame = table(20_000)
    storage.snapshot(project, frame, "flights", stage="raw")
    two = storage.snapshot(project, frame[["carrier"]], "carriers", stage="raw")
    forget_records(project)
    project = fresh(project)
    real, calls = os.fsync, 0
    for number in (errno.ENOSPC, errno.EIO):
        for fails_at in range(12):
            calls = 0

            def failing(fd: int, fails_at: int = fails_at, number: int = number) -> None:
                nonlocal calls
                calls += 1
                if calls > fails_at:
                    raise OSError(number, os.strerror(number))
                real(fd)

            with monkeypatch.context() as patch:
                patch.setattr(os, "fsync", failing)
                with contextlib.suppress(E2EError, OSError):
                    storage.gc(project, roots=[two.id])
            assert same(project, two)
            assert not list((project.home / "store" / "packs").glob(".*"))
    storage.gc(project, roots=[two.id])
    assert len(packs(project)) == 1
    assert storage.verify(project).intact


def test_the_index_says_nothing_wrong_after_a_collection(project: Project, many: list[Snapshot]) -> None:
    project = fresh(project)
    storage.gc(project, roots=[many[5].id])
    assert storage.verify(project).intact
    Index(project).path.unlink()
    storage.gc(project, roots=[many[5].id])  # which makes it anew
    known = read_manifest(project, many[5].id).places
    assert Index(project).pieces(known).keys() == known.keys()
    assert storage.verify(project).intact


@pytest.mark.integration
def test_ten_thousand_snapshots_are_gone_through_in_a_second(project: Project) -> None:
    frame = table(100)
    first = storage.snapshot(project, frame, "flights", stage="raw")
    content = manifest(project, first).read_bytes().split(b"\n", 1)[1]
    (pack,) = packs(project)
    line = (project.home / "store" / "versions" / "flights.jsonl").read_text()
    lines = []
    for number in range(10_000):
        made = f"{number:032x}"
        name = f"{number:032x}"
        rest = content.replace(first.id.encode(), made.encode()).replace(pack.stem.encode(), name.encode())
        folder = project.home / "store" / "snapshots" / made
        folder.mkdir()
        (folder / "manifest").write_bytes(blake3(rest).hexdigest().encode() + b"\n" + rest)
        os.link(pack, pack.with_name(f"{name}.pack"))
        lines.append(line.partition(', "check"')[0].replace(first.id, made) + "}\n")
    (project.home / "store" / "versions" / "flights.jsonl").write_text("".join(lines))
    for keep, days in ((10_000, 90), (5_000, 0)):
        project = fresh(project, days)
        roots = [f"{number:032x}" for number in range(0, 10_000, 2)]
        best = 99.0
        for _ in range(3):
            began = time.process_time()
            done = storage.gc(project, roots=roots, dry_run=True)
            best = min(best, time.process_time() - began)
        assert done.kept == keep + 1
        assert best < 1


def test_sigint_leaves_the_lock_free(project: Project, many: list[Snapshot]) -> None:
    project = fresh(project)
    code = f"import signal; os.kill(os.getpid(), signal.SIGINT); storage.gc(here, roots={[many[0].id]})"
    command = [sys.executable, "-c", "import sys, os\nfrom e2e_lab import project, storage\n"
               f"here = project.find(sys.argv[1])\n{code}", str(project.root)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode in (1, 130, -signal.SIGINT)
    assert storage.gc(project, roots=[many[0].id]).kept == 1
