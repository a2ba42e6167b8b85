"""Forgetting: the bytes are gone for good, those of every other version are not, and it is said what is left."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from e2e_lab import storage
from e2e_lab.errors import Damaged, E2EError, Locked, UsageError, VersionNotFound
from e2e_lab.project import Project
from e2e_lab.records import Snapshot
from e2e_lab.storage.store import forgetting, leases, ledger
from e2e_lab.storage.store.index import Index
from e2e_lab.storage.store.manifest import read_manifest
from tests.project.store_files import Crashing, as_format_1, flip, fresh, manifest, packs, same, table


def pages(project: Project, version: Snapshot) -> set[bytes]:
    """The bytes of the pages of a version, as they lie in packs."""
    found = set()
    for piece in read_manifest(project, version.id).spans:
        for span in piece:
            content = (project.home / "store" / "packs" / f"{span.pack}.pack").read_bytes()
            found.add(content[span.offset : span.offset + span.length])
    return found


def anywhere(project: Project, content: bytes) -> bool:
    """Whether these bytes are in any file of the project."""
    return any(content in path.read_bytes() for path in project.home.rglob("*") if path.is_file())


@pytest.fixture
def three(project: Project) -> tuple[Snapshot, Snapshot, Snapshot]:
    """Versions of which each has a column of its own, and two columns that all share."""
    frame = table(20_000)
    made = []
    for number in range(3):
        frame["delay"] = table(20_000, seed=number)["delay"]
        made.append(storage.snapshot(project, frame, "flights", stage="raw"))
    return made[0], made[1], made[2]


def test_its_bytes_are_gone_and_every_other_version_is_whole(
    project: Project, three: tuple[Snapshot, Snapshot, Snapshot]
) -> None:
    one, two, last = three
    own = pages(project, two) - pages(project, one) - pages(project, last)
    assert own
    done = storage.forget(project, two, reason="a passenger asked for it", author="Ada")
    assert not any(anywhere(project, page) for page in own)
    assert not manifest(project, two).parent.exists()
    for version in (one, last):
        assert same(project, version)
    assert storage.verify(project).intact
    assert storage.verify(project, [one, last]).intact
    assert (done.ref, done.also, done.author) == ("flights@v2", (), "Ada")
    assert done.bytes >= sum(map(len, own))
    assert any(line.startswith("flights@v1: shares ") for line in done.remains)
    assert any(line.startswith("flights@v3: shares ") for line in done.remains)
    assert "this cannot be undone" in str(done)


def test_bytes_are_gone_from_a_pack_that_others_need_nearly_whole(project: Project) -> None:
    frame = table(20_000)
    secret = frame.assign(secret=np.random.default_rng(9).random(20_000))
    one = storage.snapshot(project, secret, "flights", stage="raw")
    two = storage.snapshot(project, frame, "flights")
    (pack,) = [path for path in packs(project) if path.stat().st_size > 100_000]
    own = pages(project, one) - pages(project, two)
    storage.forget(project, one, reason="asked")
    assert not pack.exists()
    assert not any(anywhere(project, page) for page in own)
    assert same(project, two)
    assert storage.snapshot(project, frame.assign(n=1), "flights").bytes_stored < 20_000


def test_loading_it_says_when_by_whom_and_why(project: Project, three: tuple[Snapshot, ...]) -> None:
    storage.forget(project, three[1], reason="  a passenger\n asked for it ", author="Ada <ada@example.org>")
    with pytest.raises(VersionNotFound) as caught:
        storage.load(project, three[1])
    assert "flights@v2 were forgotten on 20" in caught.value.message
    assert "by Ada <ada@example.org>: a passenger asked for it" in caught.value.message
    with pytest.raises(VersionNotFound, match="forgotten"):
        storage.forget(project, three[1], reason="again")
    with pytest.raises(VersionNotFound, match="forgotten"):
        storage.export(project, three[1], project.root / "out.parquet")
    assert not (project.root / "out.parquet").exists()
    assert storage.verify(project).absent == ()


def test_what_was_made_from_it_is_said(project: Project, three: tuple[Snapshot, ...]) -> None:
    child = storage.snapshot(project, table(50, seed=4), "clean", parents=[three[1].as_parent])
    assert f"{child.ref}: made from it" in storage.forget(project, three[1], reason="asked").remains
    assert same(project, child)


def test_without_a_reason_nothing_is_forgotten(project: Project, three: tuple[Snapshot, ...]) -> None:
    for reason in ("", "  \n"):
        with pytest.raises(UsageError, match="why"):
            storage.forget(project, three[0], reason=reason)
    assert same(project, three[0])


def test_every_name_of_the_same_content_is_said(project: Project) -> None:
    frame = table(500)
    one = storage.snapshot(project, frame, "flights", stage="raw")
    storage.snapshot(project, frame.head(100), "flights")
    storage.snapshot(project, frame, "flights")
    copy = storage.snapshot(project, frame, "copy", stage="raw")
    done = storage.forget(project, one, reason="asked")
    assert set(done.also) == {"flights@v3", "copy@v1"}
    for ref in (copy, storage.current(project, "flights")):
        with pytest.raises(VersionNotFound, match="forgotten"):
            storage.load(project, ref)


def test_the_dataset_goes_on_after_its_current_version_was_forgotten(
    project: Project, three: tuple[Snapshot, ...]
) -> None:
    storage.forget(project, three[2], reason="asked")
    made = storage.snapshot(project, table(20_000).drop(columns="note"), "flights")
    assert made.version == 4
    assert same(project, made)
    assert storage.verify(project).intact


def test_content_that_is_saved_again_is_there_again_and_stays(project: Project, three: tuple[Snapshot, ...]) -> None:
    frame = storage.load(project, three[1])
    storage.forget(project, three[1], reason="asked")
    again = storage.snapshot(project, frame, "flights")
    assert again.id == three[1].id
    (note,) = again.notes
    assert note.startswith("this content was forgotten on 20")
    assert note.endswith(": asked; it is stored again now")
    assert same(project, again)
    storage.gc(fresh(project), roots=())
    assert same(project, again)


def test_a_version_of_format_1_is_forgotten_whole(project: Project) -> None:
    version = storage.snapshot(project, pa.table({"a": list(range(5000))}), "old", stage="raw")
    folder = as_format_1(project, version)
    content = (folder / "table.parquet").read_bytes()[100:200]
    assert storage.forget(project, version, reason="asked").bytes > 0
    assert not anywhere(project, content)
    with pytest.raises(VersionNotFound, match="forgotten"):
        storage.load(project, version)


def test_extras_and_caches_are_gone_too(project: Project) -> None:
    words = [f"a category with a long name, number {n}" for n in range(3000)]
    frame = pd.DataFrame({"kind": pd.Categorical(words[:50], categories=words)})
    version = storage.snapshot(project, frame, "kinds", stage="raw")
    storage.snapshot(project, table(100), "other", stage="raw")
    span = read_manifest(project, version.id).extras_span
    assert span is not None
    extras = (project.home / "store" / "packs" / f"{span.pack}.pack").read_bytes()[span.offset :][: span.length]
    cache = project.home / "cache" / version.id / "rows.parquet"
    cache.parent.mkdir(parents=True)
    cache.write_bytes(b"rows")
    storage.forget(project, version, reason="asked")
    assert not cache.exists()
    assert not anywhere(project, extras)
    assert storage.verify(project).intact
    assert len(packs(project)) == 1


def test_the_index_knows_nothing_of_it(project: Project, three: tuple[Snapshot, ...]) -> None:
    fingerprints = set(read_manifest(project, three[1].id).places)
    kept = set(read_manifest(project, three[0].id).places) | set(read_manifest(project, three[2].id).places)
    storage.forget(project, three[1], reason="asked")
    assert Index(project).pieces(fingerprints - kept) == {}
    assert storage.verify(project).intact


def test_a_damaged_version_can_be_forgotten_and_a_damaged_other_one_stops_it(
    project: Project, three: tuple[Snapshot, ...]
) -> None:
    flip(manifest(project, three[1]), 900)
    with pytest.raises(Damaged):
        storage.forget(project, three[0], reason="asked")
    assert same(project, three[0])
    assert ledger.tombstones(project) == {}
    storage.forget(project, three[1], reason="asked")
    assert same(project, three[0])
    assert same(project, three[2])
    assert storage.verify(project).intact
    assert len(packs(project)) == 2


def test_a_damaged_page_of_another_version_is_still_known_as_damaged_after(project: Project) -> None:
    frame = table(20_000)
    secret = frame.assign(secret=np.random.default_rng(9).random(20_000))
    one = storage.snapshot(project, secret, "flights", stage="raw")
    two = storage.snapshot(project, frame, "flights")
    span = read_manifest(project, two.id).spans[0][0]
    flip(project.home / "store" / "packs" / f"{span.pack}.pack", 8 * (span.offset + 50))
    storage.forget(project, one, reason="asked")
    assert not storage.verify(project).intact
    with pytest.raises(Damaged):
        storage.load(project, two)
    storage.snapshot(project, frame.assign(n=1), "flights")
    storage.snapshot(project, frame, "flights")
    assert same(project, two)


def test_of_two_copies_of_a_page_the_sound_one_is_kept(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    frame, random = table(20_000), np.random.default_rng(3)
    secrets = [storage.snapshot(project, frame.assign(secret=random.random(20_000)), "one", stage="raw")]
    kept = [storage.snapshot(project, frame, "one")]
    with monkeypatch.context() as lost:  # no index: the same pages are stored a second time
        lost.setattr(Index, "pieces", lambda *_: {})
        lost.setattr(Index, "pages", lambda *_: {})
        secrets.append(storage.snapshot(project, frame.assign(secret=random.random(20_000)), "two", stage="raw"))
        kept.append(storage.snapshot(project, frame.assign(n=1), "two"))
    span = read_manifest(project, kept[0].id).spans[0][0]
    flip(project.home / "store" / "packs" / f"{span.pack}.pack", 8 * (span.offset + 50))
    assert not same_or_damaged(project, kept[0])
    monkeypatch.setattr(forgetting, "LOCK_SECONDS", 0.1)
    with leases.lease(project) as mine:
        mine.hold(packs=[pack.stem for pack in packs(project)])
        for version in secrets:
            storage.forget(project, version, reason="asked")
    storage.gc(project, roots=())
    assert not ledger.pending(project)
    assert same(project, kept[1])
    assert same(project, kept[0])  # mended by the way
    assert storage.verify(project).intact


def same_or_damaged(project: Project, version: Snapshot) -> bool:
    try:
        return same(project, version)
    except Damaged:
        return False


# ---- writers at work -----------------------------------------------------------------------------------------


def test_a_writer_that_takes_bytes_from_it_is_waited_for(
    project: Project, three: tuple[Snapshot, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = leases.Lease(project)
    mine.hold(snapshots=[three[1].id])
    ending = threading.Timer(0.6, mine.give_back)
    ending.start()
    began = time.monotonic()
    storage.forget(project, three[1], reason="asked")
    assert time.monotonic() - began > 0.5
    ending.join()
    monkeypatch.setattr(forgetting, "LOCK_SECONDS", 0.3)
    with leases.lease(project) as other:
        other.hold(snapshots=[three[2].id])
        with pytest.raises(Locked, match="nothing was forgotten"):
            storage.forget(project, three[2], reason="asked")
    assert same(project, three[2])


def test_what_a_writer_holds_goes_when_it_is_done(
    project: Project, three: tuple[Snapshot, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "LOCK_SECONDS", 0.3)
    own = pages(project, three[1]) - pages(project, three[0]) - pages(project, three[2])
    held = [pack.stem for pack in packs(project)]
    with leases.lease(project) as mine:
        mine.hold(packs=held)
        done = storage.forget(project, three[1], reason="asked")
        assert any("e2e gc" in note for note in done.notes)
        assert any(anywhere(project, page) for page in own)
        assert {pack.stem for pack in packs(project)} == set(held)
    storage.gc(project, roots=())
    assert not any(anywhere(project, page) for page in own)
    assert same(project, three[0])
    assert not ledger.pending(project)


# ---- crashes -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def crashing() -> Iterator[Crashing]:
    made = Crashing()
    yield made
    made.close()


@pytest.mark.integration
def test_kill_9_at_any_change_of_the_disk_loses_no_other_version_and_gc_finishes(
    project: Project, crashing: Crashing
) -> None:
    frame = table(20_000)
    secret = frame.assign(secret=np.random.default_rng(9).random(20_000))
    one = storage.snapshot(project, frame[["carrier"]], "flights", stage="raw")
    two = storage.snapshot(project, secret, "flights")
    last = storage.snapshot(project, frame, "flights")
    own = pages(project, two) - pages(project, one) - pages(project, last)
    spare = project.root / "spare"
    shutil.copytree(project.home / "store", spare)
    code = (
        "version = storage.versions(here, 'flights')[1]\n"
        "assert version.id == " + repr(two.id) + "\n"
        "storage.forget(here, version, reason='asked')"
    )
    points = begun = 0
    while crashing.killed(project, points, code):
        points += 1
        for version in (one, last):
            assert same(project, version)
        assert all("index" in finding.file for finding in storage.verify(project).findings)
        if ledger.tombstones(project):
            begun += 1
            storage.gc(project, roots=[one.id, two.id, last.id])
            assert not any(anywhere(project, page) for page in own)
            assert not ledger.pending(project)
            with pytest.raises(E2EError, match="forgotten"):
                storage.load(project, two)
        else:
            assert same(project, two)
        assert same(project, last)
        shutil.rmtree(project.home / "store")
        subprocess.run(["cp", "-a", str(spare), str(project.home / "store")], check=True)
    assert points > 15
    assert begun > 8


def crashed(project: Project, version: Snapshot) -> None:
    """As a process leaves it that died when it had written the tombstone."""
    ledger.note_forgotten(project, ledger.Tombstone(version.id, (version.ref,), forgetting._now(), None, "asked"))


def test_what_a_crash_left_to_forget_goes_before_pages_are_moved(project: Project, three: tuple[Snapshot, ...]) -> None:
    own = pages(project, three[1]) - pages(project, three[2])
    crashed(project, three[1])
    storage.forget(project, three[0], reason="asked")
    assert not storage.is_stored(project, three[1].id)
    assert not any(anywhere(project, page) for page in own)
    assert not ledger.pending(project)
    assert same(project, three[2])


@pytest.mark.parametrize("seconds", [-3600, 3600])
def test_the_time_of_a_file_neither_saves_nor_dooms_what_was_forgotten(
    project: Project, three: tuple[Snapshot, ...], seconds: int
) -> None:
    frame = storage.load(project, three[0])
    for version in three[:2]:
        crashed(project, version)
    again = storage.snapshot(project, frame, "flights")
    assert again.id == three[0].id
    assert any("it is stored again now" in note for note in again.notes)
    assert storage.snapshot(project, frame, "flights").notes == ()
    when = time.time() + seconds
    for version in three[:2]:
        os.utime(manifest(project, version), (when, when))
    storage.gc(project, roots=())
    assert same(project, three[0])
    assert not storage.is_stored(project, three[1].id)
    assert not ledger.pending(project)
    storage.forget(project, three[0], reason="asked again")
    assert not storage.is_stored(project, three[0].id)


def test_a_save_that_is_refused_does_not_bring_back_what_was_forgotten(
    project: Project, three: tuple[Snapshot, ...]
) -> None:
    frame = storage.load(project, three[0])
    crashed(project, three[0])
    with pytest.raises(UsageError, match="carrier"):  # said when the bytes are in the store
        storage.snapshot(project, frame, "flights", key=["carrier"])
    storage.gc(project, roots=())
    assert not storage.is_stored(project, three[0].id)


def test_a_draft_made_of_it_does_not_keep_it(
    project: Project, three: tuple[Snapshot, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "LOCK_SECONDS", 0.1)
    draft = storage.draft(project, storage.load(project, three[2]).assign(n=1), "flights")
    storage.forget(project, three[2], reason="asked")
    assert same(project, draft)


def test_a_tombstone_is_one_line_that_says_it(project: Project, three: tuple[Snapshot, ...]) -> None:
    storage.forget(project, three[1], reason="a passenger asked for it", author="Ada")
    path: Path = project.home / "store" / "forgotten.jsonl"
    line, erased = (json.loads(line) for line in path.read_text("utf-8").splitlines())
    assert line["id"] == three[1].id
    assert (line["refs"], line["author"], line["reason"]) == (["flights@v2"], "Ada", "a passenger asked for it")
    assert line["time"].endswith("Z")
    assert erased == {"format": 2, "id": three[1].id, "erased": True}
