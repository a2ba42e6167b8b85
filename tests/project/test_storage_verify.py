"""Every flipped bit is found by verify, and never comes back as data."""

from __future__ import annotations

import errno
import json
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from e2e_lab import storage
from e2e_lab.errors import E2EError, VersionNotFound
from e2e_lab.project import Project
from e2e_lab.records import Snapshot
from e2e_lab.storage.store import healing, verifying, writer
from e2e_lab.storage.store.index import Index
from e2e_lab.storage.store.manifest import Manifest, read_manifest
from tests.conftest import git
from tests.project.store_files import as_format_1, flip, forget_records, manifest, packs, same, table

FLIPS = 8


@pytest.fixture
def versions(project: Project) -> tuple[Snapshot, ...]:
    """Three versions of a dataset that share pages, and one of another in format 1."""
    frame = table(3000)
    one = storage.snapshot(project, frame, "flights", stage="raw", message="first")
    frame.loc[7, "delay"] = 2.0
    two = storage.snapshot(project, frame, "flights", key=["flight"])
    three = storage.snapshot(project, frame.assign(late=frame["delay"] > 0.5), "flights")
    old = storage.snapshot(project, pa.table({"a": list(range(3000)), "s": ["x"] * 3000}), "weather", stage="raw")
    as_format_1(project, old)
    Index(project).drop()
    Index(project).rebuild()
    return one, two, three, old


def test_what_is_stored_is_intact_and_all_of_it_is_read(project: Project, versions: tuple[Snapshot, ...]) -> None:
    told: list[tuple[int, int]] = []
    found = storage.verify(project, progress=lambda done, total: told.append((done, total)))
    assert found.findings == ()
    assert found.intact
    assert found.versions == 4
    every = [path for path in (project.home / "store").rglob("*") if path.is_file() and "leases" not in path.parts]
    records = list((project.root / "data").glob("*/*.json"))
    assert found.files == len(every) + len(records)
    assert found.bytes == sum(path.stat().st_size for path in (*every, *records))
    assert told[-1][0] == told[-1][1]
    assert str(found).startswith("Intact · 4 versions · ")
    decoded = storage.verify(project, versions)
    assert decoded.intact
    assert decoded.decoded


def test_verify_changes_nothing_but_the_note_of_which_packs_not_to_rely_on(
    project: Project, versions: tuple[Snapshot, ...]
) -> None:
    def state() -> dict[Path, tuple[int, int]]:
        files = [path for path in project.home.rglob("*") if path.name != "lock" and path.suffix != ".damaged"]
        return {path: (path.stat().st_mtime_ns, path.stat().st_ino) for path in files if path.is_file()}

    flip(packs(project)[0], 2000)
    before = state()
    storage.verify(project)
    storage.verify(project, versions)
    assert state() == before
    assert [path.stem for path in project.home.rglob("*.damaged")] == [packs(project)[0].stem]
    flip(packs(project)[0], 2000)
    assert storage.verify(project).intact
    assert not list(project.home.rglob("*.damaged"))


def _pack(project: Project, _: tuple[Snapshot, ...]) -> Path:
    return max(packs(project), key=lambda path: path.stat().st_size)


def _journal(project: Project, _: tuple[Snapshot, ...]) -> Path:
    return project.home / "store" / "versions" / "flights.jsonl"


FILES: dict[str, Callable[[Project, tuple[Snapshot, ...]], Path]] = {
    "pack": _pack,
    "small pack": lambda project, _: min(packs(project), key=lambda path: path.stat().st_size),
    "manifest": lambda project, versions: manifest(project, versions[1]),
    "journal": _journal,
    "record": lambda project, _: project.root / "data" / "raw" / "flights.json",
    "old table": lambda project, versions: manifest(project, versions[3]).with_name("table.parquet"),
    "old manifest": lambda project, versions: manifest(project, versions[3]).with_name("manifest.json"),
}


def _places(path: Path, kind: str) -> list[int]:
    """Bits anywhere in a file, and in each of its parts."""
    random.seed(kind)
    size = path.stat().st_size * 8
    ends = [0, 7 * 8, size - 1, size - 9 * 8, size - 30 * 8, 70 * 8, 200 * 8, 64 * 8]
    return [*(bit for bit in ends if bit < size), *(random.randrange(size) for _ in range(FLIPS))]


@pytest.mark.parametrize(
    "kind",
    [kind if kind in ("pack", "manifest") else pytest.param(kind, marks=pytest.mark.integration) for kind in FILES],
)
def test_a_flipped_bit_is_found_and_never_returned_as_data(
    project: Project, versions: tuple[Snapshot, ...], kind: str
) -> None:
    path = FILES[kind](project, versions)
    frames = {version.id: storage.load(project, version) for version in versions}
    for bit in _places(path, kind):
        before = flip(path, bit)
        found = storage.verify(project)
        assert not found.intact, f"bit {bit} of the {kind}"
        where = {finding.file for finding in found.findings}
        near = project.relative(path.parent if kind.startswith("old") else path)
        assert any(file.startswith(near) or near.startswith(file) for file in where), where
        assert all(finding.problem and finding.fix for finding in found.findings)
        for version in versions:
            try:
                loaded = storage.load(project, version)
            except E2EError:
                continue
            pd.testing.assert_frame_equal(loaded, frames[version.id])
        path.write_bytes(before)
    assert storage.verify(project).intact


def test_damage_names_the_versions_that_need_the_page_and_no_others(
    project: Project, versions: tuple[Snapshot, ...]
) -> None:
    one, two, three, old = versions
    only_third = max((path for path in packs(project)), key=lambda path: path.stat().st_mtime_ns)
    flip(only_third, 20 * 8)
    (found,) = storage.verify(project).findings
    assert found.versions == (three.ref,)
    assert found.problem.startswith("1 of ")
    assert storage.verify(project, [one, two, old]).intact
    assert not storage.verify(project, [three]).intact
    assert same(project, two)


def test_a_file_that_is_gone_is_found(project: Project, versions: tuple[Snapshot, ...]) -> None:
    one, two, three, _ = versions
    for path, concerned in (
        (_pack(project, versions), {one.ref, two.ref, three.ref}),
        (manifest(project, two), {two.ref}),
        (manifest(project, two).parent, {two.ref}),
    ):
        away = project.root / "away"
        shutil.move(path, away)
        found = [finding for finding in storage.verify(project).findings if finding.versions]
        assert {ref for finding in found for ref in finding.versions} == concerned
        shutil.move(away, path)
    assert storage.verify(project).intact


def test_a_pack_that_was_cut_short_or_swapped_is_found(project: Project, versions: tuple[Snapshot, ...]) -> None:
    path = _pack(project, versions)
    content = path.read_bytes()
    other = next(one for one in packs(project) if one != path).read_bytes()
    for wrong in (content[:-1], content[: len(content) // 2], b"", other, content + b"\0"):
        path.write_bytes(wrong)
        assert not storage.verify(project).intact
        for version in versions[:3]:
            with pytest.raises(E2EError):
                storage.load(project, version)
    path.write_bytes(content)


def test_a_wrong_index_is_found_and_spoils_nothing(project: Project, versions: tuple[Snapshot, ...]) -> None:
    path = Index(project).path
    frame = table(seed=5)
    changes = [
        "update pages set offset = offset + 1 where rowid_is",
        "update pages set length = length - 1 where rowid_is",
        "update pages set hash = randomblob(16) where rowid_is",
        "update pieces set place = place + 1 where fingerprint_is",
        "update pieces set fingerprint = randomblob(16) where fingerprint_is",
    ]
    for number, change in enumerate(changes):
        with sqlite3.connect(path) as database:
            one = "hash = (select hash from pages limit 1 offset 3)"
            piece = "fingerprint = (select fingerprint from pieces limit 1 offset 2)"
            database.execute(change.replace("rowid_is", one).replace("fingerprint_is", piece))
        database.close()
        (found,) = storage.verify(project).findings
        assert found.file.endswith("index.sqlite")
        assert found.fix.startswith("rm ")
        saved = storage.snapshot(project, frame.assign(n=number), "flights")
        assert same(project, saved)
        path.unlink()
        assert storage.verify(project).intact
        Index(project).rebuild()
    random.seed(1)
    for _ in range(FLIPS):
        before = flip(path, random.randrange(path.stat().st_size * 8))
        storage.verify(project)
        saved = storage.snapshot(project, table(seed=random.randrange(1 << 30), rows=2000), "flights")
        assert same(project, saved)
        path.write_bytes(before)
    path.write_bytes(b"no database at all" * 100)
    assert not storage.verify(project).intact


def test_an_index_that_another_process_begins_to_make_is_neither_wrong_nor_taken_away(
    project: Project, versions: tuple[Snapshot, ...]
) -> None:
    index = Index(project)
    index.drop()
    index.path.touch()  # as sqlite makes it
    before = index.path.stat().st_ino
    assert storage.verify(project).intact
    storage.snapshot(project, table(3000, seed=1), "flights")
    assert index.path.stat().st_ino == before
    with closing(sqlite3.connect(index.path)) as database:
        assert database.execute("select count(*) from pages").fetchone()[0] > 0
    assert storage.verify(project).intact


def test_an_index_that_is_taken_away_while_it_is_verified_is_not_wrong(
    project: Project, versions: tuple[Snapshot, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    index = Index(project)
    read = verifying.Reader.hash

    def gone_before(reader: verifying.Reader, path: Path, length: int = 32) -> str:
        if path == index.path:
            index.drop()
        return read(reader, path, length)

    def gone_after(reader: verifying.Reader, path: Path, length: int = 32) -> str:
        said = read(reader, path, length)
        if path == index.path:
            index.drop()
        return said

    for gone in (gone_before, gone_after):
        index.rebuild()
        assert index.path.exists()
        monkeypatch.setattr(verifying.Reader, "hash", gone)
        assert storage.verify(project).findings == ()
        assert not index.path.exists()


def test_an_index_whose_writer_was_killed_is_not_wrong_and_the_next_writer_goes_on(
    project: Project, versions: tuple[Snapshot, ...]
) -> None:
    index = Index(project)
    with closing(sqlite3.connect(index.path)) as database:
        known = database.execute("select count(*) from pages").fetchone()
    killed = """
import os, sqlite3, sys
database = sqlite3.connect(sys.argv[1])
database.execute("pragma synchronous = off")
database.execute("pragma cache_size = 2")  # so that it has written some of it to its file
database.execute("begin immediate")
rows = ((os.urandom(16), 1, number, 1) for number in range(5000))
database.executemany("insert into pages values (?, ?, ?, ?)", rows)
os.kill(os.getpid(), 9)
"""
    subprocess.run([sys.executable, "-c", killed, index.path], check=False)
    assert index.path.with_name("index.sqlite-journal").exists()
    assert storage.verify(project).findings == ()
    storage.snapshot(project, table(3000, seed=1), "flights")
    with closing(sqlite3.connect(index.path)) as database:
        assert database.execute("select count(*) from pages").fetchone() > known
        assert database.execute("select count(*) from pages where length = 1").fetchone() == (0,)
    assert storage.verify(project).intact


def test_an_index_that_another_process_has_just_made_is_added_to(
    project: Project, versions: tuple[Snapshot, ...]
) -> None:
    index = Index(project)
    index.drop()
    with closing(sqlite3.connect(index.path)) as database:
        database.execute("create table another (number integer)")
        index.rebuild()
        database.execute("insert into another values (1)")
        database.commit()
    with closing(sqlite3.connect(index.path)) as database:
        assert database.execute("select number from another").fetchall() == [(1,)]
        assert database.execute("select count(*) from pages").fetchone()[0] > 0


def test_pages_that_the_index_places_wrongly_are_not_taken_for_others(project: Project) -> None:
    frame = table()
    storage.snapshot(project, frame, "flights", stage="raw")
    with sqlite3.connect(Index(project).path) as database:  # swap where two pages are said to lie
        rows = database.execute("select hash, pack, offset, length from pages limit 2").fetchall()
        for (digest, *_), (_, *lies) in zip(rows, reversed(rows), strict=True):
            database.execute("update pages set pack = ?, offset = ?, length = ? where hash = ?", (*lies, digest))
        database.execute("delete from pieces")
    database.close()
    again = storage.snapshot(project, frame.assign(extra=1), "copy", stage="raw")
    assert same(project, again)


def test_a_version_that_lies_elsewhere_is_no_damage(project: Project, tmp_path: Path) -> None:
    storage.snapshot(project, table(100), "flights", stage="raw")
    git(project.root, "add", "-A")
    git(project.root, "commit", "-q", "-m", "first")
    git(tmp_path, "clone", "-q", str(project.root), "clone")
    clone = Project.at(tmp_path / "clone")
    found = storage.verify(clone, unsaved=())
    assert found.intact
    assert found.absent == ("flights@v1",)
    storage.snapshot(clone, table(100, seed=1), "flights")
    found = storage.verify(clone, unsaved=("data/raw/flights.json",))
    assert found.intact
    assert found.absent == ("flights@v1",)
    with pytest.raises(VersionNotFound, match="only where it was made"):
        storage.verify(clone, [storage.versions(clone, "flights")[0]])


def test_json_that_is_no_record_of_ours_is_passed_over(project: Project) -> None:
    storage.snapshot(project, table(100), "flights", stage="raw")
    (project.root / "data" / "raw" / "tweets.json").write_text('[{"text": "hi"}]', "utf-8")
    assert storage.verify(project).intact


def test_a_record_that_git_has_as_it_is_may_differ_from_the_journal(project: Project) -> None:
    storage.snapshot(project, table(100), "flights", stage="raw", message="first")
    path = project.root / "data" / "raw" / "flights.json"
    path.write_text(path.read_text("utf-8").replace("first", "mended"), "utf-8")
    assert not storage.verify(project, unsaved=("data/raw/flights.json",)).intact
    assert storage.verify(project, unsaved=()).intact


def test_journals_from_before_lines_had_a_check_are_read(project: Project, versions: tuple[Snapshot, ...]) -> None:
    path = _journal(project, versions)
    plain = [{k: v for k, v in json.loads(line).items() if k != "check"} for line in path.read_text().splitlines()]
    path.write_text("".join(json.dumps(line) + "\n" for line in plain), "utf-8")
    assert storage.verify(project).intact
    assert [version.version for version in storage.versions(project, "flights")] == [1, 2, 3]


def test_a_renamed_and_a_removed_dataset_are_intact(project: Project, versions: tuple[Snapshot, ...]) -> None:
    storage.rename(project, "flights", "departures")
    storage.remove(project, "weather")
    assert storage.verify(project).intact
    forget_records(project)
    assert storage.verify(project).intact


def test_the_table_of_findings_reads_well(project: Project, versions: tuple[Snapshot, ...]) -> None:
    flip(manifest(project, versions[0]), 900)
    found = storage.verify(project)
    said = found.view().text(120)
    assert said.startswith("Damage: 1 finding · 4 versions · ")
    assert "flights@v1" in said
    assert "is not what was stored" in str(found)
    assert "snapshot the same data again" in str(found)
    storage.snapshot(project, table(3000), "flights")
    assert storage.verify(project).intact


def test_only_versions_of_packs_that_are_doubted_are_looked_at_to_be_mended(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = table(3000)
    one = storage.snapshot(project, frame, "flights", stage="raw")
    two = storage.snapshot(project, frame.assign(n=1), "flights")
    for seed in range(3):
        storage.snapshot(project, pa.table({"z": [f"{seed}-{n}" for n in range(500)]}), "other", stage="raw")
    span = read_manifest(project, one.id).spans[0][0]
    flip(project.home / "store" / "packs" / f"{span.pack}.pack", 8 * (span.offset + 20))
    storage.verify(project)
    looked: list[str] = []
    held: list[bool] = []
    real = writer.manifest_there

    def there(here: Project, snapshot_id: str) -> Manifest | None:
        looked.append(snapshot_id)
        held.append((project.home / "lock.holder").exists())
        return real(here, snapshot_id)

    monkeypatch.setattr(healing, "manifest_there", there)
    storage.snapshot(project, frame, "flights")
    assert looked == [two.id]
    assert held == [False]
    assert same(project, one)
    assert same(project, two)


def test_what_the_disk_cannot_read_is_a_finding(
    project: Project, versions: tuple[Snapshot, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*words: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as failing:
        failing.setattr(verifying, "find", broken)
        assert any("Input/output" in found.problem for found in storage.verify(project, [versions[0]]).findings)
    monkeypatch.setattr(verifying, "Pack", broken)
    assert all("Input/output" in found.problem for found in storage.verify(project).findings)
    assert not storage.verify(project).intact
