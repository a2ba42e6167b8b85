"""Snapshots, records and journal: a version is an event, and nothing is lost."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pytest

from e2e_lab import storage
from e2e_lab.errors import (
    Ambiguous,
    Damaged,
    DatasetNotFound,
    InvalidName,
    NewerFormat,
    NotOurs,
    ProjectError,
    UsageError,
    VersionNotFound,
)
from e2e_lab.project import Project
from e2e_lab.records import Origin, Parent, Ref, Snapshot
from e2e_lab.storage import record_files, saving
from e2e_lab.storage.store.manifest import read_manifest

GOLDEN = Path(__file__).parent / "golden" / "flights_clean.json"


def frame(*delays: float) -> pd.DataFrame:
    return pd.DataFrame({"flight": range(1, len(delays) + 1), "delay": list(delays)})


A, B, C = frame(1.5, 2.5), frame(1.5, 3.5), frame(9.0)


def resolve(project: Project, text: str, **lookups: storage.Lookup) -> Snapshot:
    return storage.resolve(project, Ref.parse(text), lookups=lookups)


def files(project: Project) -> dict[str, bytes]:
    return {
        str(path.relative_to(project.root)): path.read_bytes()
        for folder in (project.root / "data", project.home / "store")
        for path in folder.rglob("*")
        if path.is_file()
    }


# ---- saving ------------------------------------------------------------------------------------------------


def test_the_record_is_what_the_golden_record_says(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saving, "_now", lambda: datetime(2026, 11, 22, 9, 30, tzinfo=UTC))
    storage.snapshot(project, A, "flights_clean", stage="processed", author="Ada Lovelace <ada@example.org>")
    made = storage.snapshot(
        project,
        B,
        "flights_clean",
        parents=[
            Parent(name="flights", version=1, id="0" * 32),
            Parent(name="weather", version=2, id="1" * 32, inferred="session"),
        ],
        key=["flight"],
        message="über Nacht bereinigt",
        author="Ada Lovelace <ada@example.org>",
        origin=Origin(notebook="flights.ipynb", cell="4f2a"),
    )
    path = storage.record_path(project, "flights_clean", "processed")
    assert path.read_text("utf-8") == GOLDEN.read_text("utf-8")
    back = storage.read_record(GOLDEN.read_bytes(), name="flights_clean", stage="processed")
    assert [getattr(back, field) for field in Snapshot.STORED] == [getattr(made, field) for field in Snapshot.STORED]


def test_unchanged_data_writes_nothing(project: Project) -> None:
    first = storage.snapshot(project, A, "flights", source="flights.csv")
    assert first.changed
    stored = [path for where in ("packs", "snapshots") for path in (project.home / "store" / where).rglob("*")]
    assert first.bytes_stored == sum(path.stat().st_size for path in stored if path.is_file())
    before, revision = files(project), project.revision
    again = storage.snapshot(project, A.copy(), "flights", source="flights.csv")
    assert not again.changed
    assert (again.version, again.id, again.time, again.bytes_stored) == (1, first.id, first.time, 0)
    assert files(project) == before
    assert project.revision == revision


def journal(project: Project, name: str) -> Path:
    return project.home / "store" / "versions" / f"{name}.jsonl"


def test_going_back_to_old_data_is_a_new_version_of_no_bytes(project: Project) -> None:
    one = storage.snapshot(project, A, "flights", stage="raw")
    two = storage.snapshot(project, B, "flights")
    three = storage.snapshot(project, A, "flights")
    assert [v.version for v in (one, two, three)] == [1, 2, 3]
    assert three.id == one.id
    assert three.bytes_stored == 0
    assert three.changed
    assert three.previous is not None
    assert (three.previous.version, three.previous.id) == (2, two.id)
    assert [v.version for v in storage.versions(project, "flights")] == [1, 2, 3]


def test_a_new_message_or_key_updates_the_record_only(project: Project) -> None:
    first = storage.snapshot(project, A, "flights", stage="raw", message="first")
    second = storage.snapshot(project, A, "flights", key=["flight"])
    third = storage.snapshot(project, A, "flights", message="checked\u2028twice")
    assert not second.changed
    assert not third.changed
    assert (third.version, third.key, third.message, third.time) == (1, ("flight",), "checked\u2028twice", first.time)
    assert [v.message for v in storage.versions(project, "flights")] == ["checked\u2028twice"]
    assert storage.snapshot(project, A, "flights", key=[]).key == ()


def test_said_parents_replace_inferred_ones_but_not_the_other_way(project: Project) -> None:
    guess = Parent(name="weather", version=1, id="1" * 32, inferred="session")
    said = Parent(name="flights", version=1, id="0" * 32)
    storage.snapshot(project, A, "clean", parents=[guess])
    assert storage.snapshot(project, A, "clean", parents=[said]).parents == (said,)
    assert storage.snapshot(project, A, "clean", parents=[guess]).parents == (said,)


def test_the_stage_follows_from_what_is_known(project: Project) -> None:
    parent = Parent(name="flights", version=1, id="0" * 32)
    assert storage.snapshot(project, A, "one", source="a.csv").stage == "raw"
    assert storage.snapshot(project, A, "two", parents=[parent], source="a.csv").stage == "processed"
    assert storage.snapshot(project, A, "three", stage="raw", parents=[parent]).stage == "raw"
    assert storage.snapshot(project, B, "three", parents=[parent]).stage == "raw"
    with pytest.raises(UsageError) as unknown:
        storage.snapshot(project, A, "four")
    assert "--stage raw" in unknown.value.hint
    assert "--stage processed" in unknown.value.hint
    with pytest.raises(UsageError, match="does not change its stage"):
        storage.snapshot(project, B, "one", stage="processed")
    with pytest.raises(UsageError, match="no stage") as typo:
        storage.snapshot(project, B, "one", stage="rawr")
    assert typo.value.hint == "--stage raw"


@pytest.mark.parametrize("name", ["../escape", "a/b", "", "1st", "a" * 64, "con", "x.json", "ab\0c"])
def test_names_that_are_none_are_refused(project: Project, name: str) -> None:
    with pytest.raises(InvalidName):
        storage.snapshot(project, A, name, stage="raw")
    with pytest.raises(InvalidName):
        storage.record_path(project, name, "raw")
    assert not (project.root / "data").exists()


def test_names_are_unique_across_stages_ignoring_case(project: Project) -> None:
    storage.snapshot(project, A, "Straße", stage="raw")
    with pytest.raises(UsageError, match="only by case"):
        storage.snapshot(project, B, "STRASSE", stage="processed")
    decomposed = "Stra\u00dfe".replace("e", "e")
    assert storage.snapshot(project, A, decomposed).version == 1
    storage.snapshot(project, A, "caf\u00e9", stage="raw")
    assert storage.snapshot(project, B, "cafe\u0301").version == 2


def test_a_key_must_be_there_unique_and_not_null(project: Project) -> None:
    table = pd.DataFrame(
        {"a": [1, 2, 2], "b": ["x", "y", "y"], "n": [1.0, None, 3.0], "c": ["p", "q", "r"], "l": [[1]] * 3}
    )
    for key, said in [
        (["a"], "rows 1 and 2"),
        (["a", "b"], "rows 1 and 2"),
        (["n"], "'n' is null in row 1"),
        (["z"], "no column 'z'"),
        (["l"], "lists or structs"),
    ]:
        with pytest.raises(UsageError, match=said):
            storage.snapshot(project, table, "t", stage="raw", key=key)
    assert files(project) == {}
    assert storage.snapshot(project, table, "t", stage="raw", key=["a", "c"]).key == ("a", "c")
    assert storage.snapshot(project, table.astype({"b": "category"}), "u", stage="raw", key=["b", "c"]).key == (
        "b",
        "c",
    )


def test_a_kept_key_that_no_longer_holds_is_dropped_with_a_note(project: Project) -> None:
    storage.snapshot(project, A, "flights", stage="raw", key=["flight"])
    assert storage.snapshot(project, B, "flights").key == ("flight",)
    made = storage.snapshot(project, pd.concat([B, B]), "flights")
    assert made.key == ()
    assert "no longer holds" in made.notes[0]


# ---- what is not ours --------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", ['{"name": "prettier"}', "[1, 2]", "not json", '{"format": "x", "id": 1}', ""])
@pytest.mark.parametrize("file", ["flights.json", "Flights.json"])
def test_a_file_that_is_not_ours_is_never_overwritten(project: Project, content: str, file: str) -> None:
    path = project.root / "data" / "raw" / file
    path.parent.mkdir(parents=True)
    path.write_text(content)
    with pytest.raises(NotOurs, match=file):
        storage.snapshot(project, A, "flights", stage="raw")
    assert path.read_text() == content
    assert storage.records(project) == {}
    assert storage.snapshot(project, A, "weather", stage="raw").version == 1


def test_unreadable_records_name_the_file_and_the_way_out(project: Project) -> None:
    storage.snapshot(project, A, "flights", stage="raw")
    path = storage.record_path(project, "flights", "raw")
    good = path.read_text()
    path.write_text(f"<<<<<<< HEAD\n{good}=======\n{good}>>>>>>> other\n")
    with pytest.raises(ProjectError, match=r"data/raw/flights\.json") as merge:
        storage.current(project, "flights")
    assert "git checkout" in merge.value.hint
    path.write_text(good.replace('"format": 1', '"format": 99'))
    with pytest.raises(NewerFormat):
        storage.snapshot(project, B, "flights")
    path.write_text(json.dumps({"format": 1, "id": "0" * 32}))
    with pytest.raises(ProjectError, match="incomplete"):
        storage.current(project, "flights")
    for was, spoilt in ('"id": "', '"id": "../../'), ('"version": 1', '"version": "1"'), ('"rows": 2', '"rows": "2"'):
        path.write_text(good.replace(was, spoilt))
        with pytest.raises(ProjectError, match="incomplete"):
            storage.current(project, "flights")
    path.write_text(good)
    assert storage.current(project, "flights").version == 1


# ---- references --------------------------------------------------------------------------------------------


def three_versions(project: Project) -> list[Snapshot]:
    return [storage.snapshot(project, data, "flights", stage="raw") for data in (A, B, C)]


def test_every_version_stays_loadable_by_number_and_id(project: Project) -> None:
    for made, data in zip(three_versions(project), (A, B, C), strict=True):
        for text in (made.ref, f"flights@{made.id[:6]}", f"flights@id:{made.id}"):
            found = resolve(project, text)
            assert found.version == made.version
            pd.testing.assert_frame_equal(storage.load(project, found), data)
    assert resolve(project, "flights").version == 3


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("rows", [3, 300_000], ids=["one range", "several"])
@pytest.mark.parametrize("columns", [1, 60])
def test_what_was_loaded_is_the_users_to_write_to(project: Project, rows: int, columns: int) -> None:
    numbers = np.arange(rows)
    whole = pd.DataFrame(
        {
            "n": numbers,
            "x": numbers / 7,
            "day": pd.Timestamp("2013-01-01") + pd.to_timedelta(numbers, "s"),
            "late": numbers % 2 == 0,
            "text": pd.Series(np.array(["north", "south", "west"])[numbers % 3]).astype("str"),
            **{f"more {n}": np.full(rows, n, "i2") for n in range(columns)},
        }
    )
    saved = storage.snapshot(project, whole, "flights", stage="raw")
    for _ in range(2):
        loaded = storage.load(project, saved)
        pd.testing.assert_frame_equal(loaded, whole)
        for name in loaded.columns:
            loaded.loc[0, name] = loaded[name].iloc[1]
            assert loaded[name].iloc[0] == whole[name].iloc[1]
        for n in range(3):
            loaded[f"new {n}"] = n
    pd.testing.assert_frame_equal(storage.load(project, saved, columns=["text", "n"]), whole[["text", "n"]])


def test_a_date_is_the_last_version_at_or_before_it(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    start = datetime(2026, 11, 20, 12, tzinfo=UTC)
    for day, data in enumerate((A, B, C)):
        monkeypatch.setattr(saving, "_now", lambda day=day: start + timedelta(days=day))
        storage.snapshot(project, data, "flights", stage="raw")
    assert resolve(project, "flights@2026-11-21").version == 2
    assert resolve(project, "flights@2026-11-21T11:00").version == 1
    assert resolve(project, "flights@2027-01-01").version == 3
    with pytest.raises(VersionNotFound):
        resolve(project, "flights@2026-11-19")
    with pytest.raises(UsageError, match="no date"):
        resolve(project, "flights@2026-13-40")


def test_other_rooms_lend_what_runs_and_git_know(project: Project) -> None:
    one, two, _ = three_versions(project)
    asked = []

    def git(name: str, selector: str) -> Snapshot | None:
        asked.append((name, selector))
        return one if selector == "main" else None

    assert resolve(project, "flights@main", git=git).version == 1
    assert resolve(project, "flights@git:main", git=git).version == 1
    assert resolve(project, "flights@run:baseline", run=lambda name, run: two).version == 2
    assert resolve(project, f"flights@{two.id[:8]}", git=git).version == 2
    assert asked[-1] == ("flights", two.id[:8])
    for text in ("flights@run:nothing", "flights@git:nothing", "flights@nothing"):
        with pytest.raises(VersionNotFound, match="v1, v2, v3"):
            resolve(project, text, git=git, run=lambda name, run: None)


def test_what_is_unknown_or_ambiguous_lists_the_candidates(project: Project) -> None:
    three_versions(project)
    with pytest.raises(VersionNotFound, match="v1, v2, v3") as missing:
        resolve(project, "flights@v9")
    assert missing.value.hint == "e2e load flights@v3"
    with pytest.raises(DatasetNotFound) as typo:
        resolve(project, "flihgts@v1")
    assert typo.value.hint == "e2e load flights"
    with pytest.raises(UsageError, match="too short"):
        resolve(project, "flights@id:ab")
    entry = json.loads(journal(project, "flights").read_text().splitlines()[0])
    del entry["check"]  # as lines were before they had one
    twin = {**entry, "id": entry["id"][:8] + "f" * 24, "version": 7}
    with journal(project, "flights").open("a") as lines:
        lines.write(json.dumps(twin) + "\n")
    with pytest.raises(Ambiguous, match="id:"):
        resolve(project, f"flights@{entry['id'][:8]}")


def test_numbers_count_along_previous_not_along_the_journal(project: Project) -> None:
    one, two, _ = three_versions(project)
    storage.reinstate(project, one)
    branch = storage.snapshot(project, frame(7.0), "flights")
    assert branch.version == 2
    assert resolve(project, "flights@v2").id == branch.id
    assert resolve(project, "flights@v3").version == 3
    assert resolve(project, f"flights@id:{two.id}").id == two.id
    assert len(storage.versions(project, "flights")) == 4


def test_a_clone_says_that_versions_exist_only_where_they_were_made(project: Project) -> None:
    import shutil

    three_versions(project)
    shutil.rmtree(project.home / "store")
    now = resolve(project, "flights")
    with pytest.raises(VersionNotFound, match="only where it was made"):
        storage.load(project, now)
    with pytest.raises(VersionNotFound, match="only where it was made"):
        resolve(project, "flights@v1")
    assert not storage.is_stored(project, now.id)
    again = storage.snapshot(project, C, "flights")
    assert not again.changed
    assert again.bytes_stored > 0
    pd.testing.assert_frame_equal(storage.load(project, now), C)


# ---- names and places --------------------------------------------------------------------------------------


def test_removed_datasets_keep_their_versions_and_come_back(project: Project) -> None:
    three_versions(project)
    storage.remove(project, "flights")
    assert storage.records(project) == {}
    with pytest.raises(DatasetNotFound, match="removed") as gone:
        storage.current(project, "flights")
    assert gone.value.hint == "e2e restore flights@v3"
    pd.testing.assert_frame_equal(storage.load(project, resolve(project, "flights@v1")), A)
    back = storage.reinstate(project, resolve(project, "flights@v3"))
    assert back.changed
    assert storage.current(project, "flights").version == 3
    assert not storage.reinstate(project, back).changed
    assert len(storage.versions(project, "flights")) == 3
    with pytest.raises(DatasetNotFound):
        storage.remove(project, "nothing")


def test_a_renamed_dataset_takes_its_versions_along(project: Project) -> None:
    three_versions(project)
    storage.rename(project, "flights", "departures")
    assert list(storage.records(project)) == ["departures"]
    assert [v.name for v in storage.versions(project, "departures")] == ["departures"] * 3
    pd.testing.assert_frame_equal(storage.load(project, resolve(project, "departures@v1")), A)
    for text in ("flights", "flights@v1"):
        with pytest.raises(DatasetNotFound, match="is now departures"):
            resolve(project, text)
    storage.rename(project, "departures", "flights")
    assert len(storage.versions(project, "flights")) == 3
    storage.snapshot(project, A, "weather", stage="processed")
    with pytest.raises(UsageError, match="already"):
        storage.rename(project, "flights", "weather")
    with pytest.raises(UsageError, match="case"):
        storage.rename(project, "flights", "Flights")
    with pytest.raises(InvalidName):
        storage.rename(project, "flights", "../flights")


def test_the_listing_knows_versions_bytes_and_what_git_has_not(project: Project) -> None:
    three_versions(project)
    storage.snapshot(project, A, "clean", stage="processed")
    listed = storage.datasets(project, unsaved=["data/raw/flights.json"])
    assert [(d.name, d.versions, d.saved) for d in listed] == [("flights", 3, False), ("clean", 1, True)]
    assert sum(d.bytes for d in listed) <= storage.disk_bytes(project)
    assert "flights" in str(listed)


# ---- damage ------------------------------------------------------------------------------------------------


def test_a_flipped_bit_is_damage_never_wrong_data(project: Project) -> None:
    data = pd.DataFrame({"x": np.random.default_rng(0).normal(size=50_000), "s": [f"row {n}" for n in range(50_000)]})
    made = storage.snapshot(project, data, "flights", stage="raw")
    (pack,) = (project.home / "store" / "packs").glob("*.pack")
    manifest = project.home / "store" / "snapshots" / made.id / "manifest"
    for path in (pack, manifest):
        good = path.read_bytes()
        for place in (4, 100, len(good) // 3, len(good) // 2, len(good) - 60, len(good) - 12, len(good) - 2):
            bad = bytearray(good)
            bad[place] ^= 4
            path.write_bytes(bytes(bad))
            with pytest.raises(Damaged):
                storage.load(project, made)
        path.write_bytes(good[:-5])
        with pytest.raises(Damaged):
            storage.load(project, made)
        path.write_bytes(good)
    bad = bytearray(good := pack.read_bytes())
    bad[read_manifest(project, made.id).spans[0][0].offset + 1000] ^= 1  # of x
    pack.write_bytes(bytes(bad))
    with pytest.raises(Damaged):
        storage.load(project, made, columns=["x"], where=[("x", ">", 3)])
    assert storage.snapshot(project, data, "flights").bytes_stored > 0  # the same data heals it
    pd.testing.assert_frame_equal(storage.load(project, made), data)


def test_saving_the_same_data_again_heals_the_versions_that_share_what_was_damaged(project: Project) -> None:
    one = pd.DataFrame({"x": range(5000), "s": [f"row {n}" for n in range(5000)]})
    other = one.assign(y=1.5)
    first, second = (storage.snapshot(project, frame, "flights", stage="raw") for frame in (one, other))
    pack = max((project.home / "store" / "packs").glob("*.pack"), key=lambda path: path.stat().st_size)
    bad = bytearray(pack.read_bytes())
    for place in range(8, len(bad) - 100, 50):
        bad[place] ^= 1
    pack.write_bytes(bytes(bad))
    for version in (first, second):
        with pytest.raises(Damaged):
            storage.load(project, version)
    assert storage.snapshot(project, other, "flights").bytes_stored > 0
    pd.testing.assert_frame_equal(storage.load(project, second), other)
    pd.testing.assert_frame_equal(storage.load(project, first), one)


def test_a_condition_that_cannot_be_computed_is_not_called_damage(project: Project) -> None:
    made = storage.snapshot(project, pd.DataFrame({"x": [1, 2]}), "flights", stage="raw")
    with pytest.raises(UsageError, match="divide by zero"):
        storage.load(project, made, where=pc.field("x") / 0 > 1)


def test_a_damaged_manifest_is_damage(project: Project) -> None:
    made = storage.snapshot(project, A, "flights", stage="raw")
    manifest = project.home / "store" / "snapshots" / made.id / "manifest"
    whole = manifest.read_bytes()
    for content in (b"", b"{}", b"\n\n\n", whole.replace(b'"format": 2', b'"format": 1'), whole[:300], whole + b"x"):
        manifest.write_bytes(content)
        with pytest.raises(Damaged):
            storage.load(project, made)
    manifest.write_bytes(whole.replace(b'"format": 2', b'"format": 3'))
    with pytest.raises(NewerFormat, match="newer e2e-lab"):
        storage.load(project, made)
    manifest.unlink()
    with pytest.raises(VersionNotFound):
        storage.load(project, made)
    assert storage.snapshot(project, A, "flights").bytes_stored > 0
    pd.testing.assert_frame_equal(storage.load(project, made), A)


def test_a_journal_cut_short_by_a_crash_still_reads(project: Project) -> None:
    three_versions(project)
    lines = journal(project, "flights").read_bytes()
    journal(project, "flights").write_bytes(lines[:-40])
    assert [v.version for v in storage.versions(project, "flights")] == [1, 2, 3]
    storage.snapshot(project, A, "flights")
    assert [v.version for v in storage.versions(project, "flights")][-1] == 4
    assert record_files.found(project, "flights") is not None
