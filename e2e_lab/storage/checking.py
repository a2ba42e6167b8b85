"""``verify``: prove that everything stored is what was stored, and that journals and records agree with it."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from e2e_lab.errors import E2EError, NotOurs
from e2e_lab.project import Project
from e2e_lab.records import STAGES, Finding, Snapshot, Verified, dataset_name
from e2e_lab.storage import journal, record_files
from e2e_lab.storage.store import ledger, verifying
from e2e_lab.storage.store.census import Census, census
from e2e_lab.storage.store.verifying import Progress, Reader, Said

AGAIN = 5
"""How often to read anew where files changed while they were read."""
BACKUP = "take the file from a backup; what commits name is read from git"


def verify(
    project: Project,
    versions: Sequence[Snapshot] = (),
    *,
    unsaved: Collection[str] | None = None,
    progress: Progress | None = None,
) -> Verified:
    """Read every stored byte again and compare it with its hash; of *versions* alone also decode the tables.

    *unsaved* are the paths of records that git has not committed as they are; None where git knows none. *progress*
    is told how many bytes of how many are read. What is wrong is in ``findings``; nothing is mended or changed, but
    writers are told which packs they must not rely on.
    Raises :class:`VersionNotFound` for one of *versions* that is not on this machine.
    """
    began = time.monotonic()
    before: Collection[Finding] | None = None
    for _ in range(AGAIN):
        now = census(project)
        found = _read_once(project, versions, now, unsaved, progress)
        if before is not None:  # what is true is found each time, whatever others do meanwhile
            found = replace(found, findings=tuple(one for one in found.findings if one in before))
        before = found.findings
        if found.intact or not _changed(now, census(project)):
            break
    return replace(found, seconds=time.monotonic() - began)


def _changed(before: Census, now: Census) -> bool:
    """Whether somebody saved, collected or forgot meanwhile: what looks like damage may be gone or elsewhere then."""
    marks = [{one: seen.mark for one, seen in each.seen.items()} for each in (before, now)]
    return before.packs != now.packs or before.journals.mark != now.journals.mark or marks[0] != marks[1]


def _read_once(
    project: Project,
    versions: Sequence[Snapshot],
    now: Census,
    unsaved: Collection[str] | None,
    progress: Progress | None,
) -> Verified:
    for version in versions:
        if version.id not in now.seen:
            raise ledger.not_here(project, version)
    ids = {version.id for version in versions} or set(now.seen)
    needs: dict[str, list[str]] = {}
    for one in ids:
        for name in now.seen[one].packs or ():
            needs.setdefault(name, []).append(one)
    packs = set(needs) if versions else set(needs) | set(now.packs)
    total = sum(now.packs.get(name, 0) for name in packs) + sum(now.seen[one].bytes for one in ids)
    reader = Reader(project, _names(project, now), total, progress)
    read = verifying.check_packs(reader, packs, needs)
    contents = verifying.check_versions(reader, ids, read)
    absent: set[str] = set()
    if versions:
        for one in sorted(ids):
            verifying.check_content(reader, one)
    else:
        absent = _check_journals(reader, now)
        absent |= set(_check_records(reader, now, contents, unsaved))
        verifying.check_index(reader, contents, read)
    return Verified(
        versions=len(ids),
        files=reader.files,
        bytes=reader.size,
        seconds=0.0,
        decoded=bool(versions),
        findings=tuple(reader.findings),
        absent=tuple(sorted(absent)),
    )


def _names(project: Project, now: Census) -> dict[str, tuple[str, ...]]:
    names = {one: list(refs) for one, refs in now.journals.names.items()}
    for _, _, record in _records(project):
        if isinstance(record, Snapshot) and record.ref not in names.setdefault(record.id, []):
            names[record.id].append(record.ref)
    return {one: tuple(refs) for one, refs in names.items()}


# ---- journals ------------------------------------------------------------------------------------------------


def _check_journals(reader: Reader, now: Census) -> set[str]:
    """Every line of every journal; returned is what was made elsewhere."""
    project = reader.project
    gone = ledger.gone(project)
    known = set(journal.known_names(project))
    absent: set[str] = set()
    lost: dict[str, None] = {}
    for line in journal.lines(project):
        where = f"line {line.number}"
        if line.entry is None:
            reader.found(line.path, f"{where} is not what was written", fix=BACKUP)
        elif "renamed" in line.entry:
            if line.entry["renamed"] not in known:
                reader.found(line.path, f"{where} names a dataset that is not there", fix=BACKUP)
        elif not (version := _version(line)):
            reader.found(line.path, f"{where} is not a version", fix=BACKUP)
        elif version.id not in now.seen and version.id not in gone:
            if "check" in line.entry and not line.entry.get("brought"):
                lost[version.id] = None
            else:
                absent.add(version.ref)
    for path in sorted((project.home / "store" / "versions").glob("*.jsonl")):
        reader.content(path)
    for one in lost:
        reader.found(project.home / "store" / "snapshots" / one, "is gone", [one])
    for path, number in ledger.broken_lines(project):
        reader.found(path, f"line {number} is not what was written", fix=BACKUP)
    return absent


_KEYS = {"format", "name", "stage", *Snapshot.STORED, "brought", "check"}


def _version(line: journal.Line) -> Snapshot | None:
    if not _KEYS.issuperset(line.entry or ()):
        return None
    try:
        return Snapshot.from_json({**(line.entry or {}), "name": line.path.stem})
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


# ---- records -------------------------------------------------------------------------------------------------


def _records(project: Project) -> Iterator[tuple[str, Path, Snapshot | E2EError]]:
    for stage in STAGES:
        for path in sorted((project.root / "data" / stage).glob("*.json")):
            try:
                name = dataset_name(path.stem)
                yield stage, path, record_files.read_record(path.read_bytes(), name=name, stage=stage)
            except E2EError as problem:
                yield stage, path, problem
            except OSError:
                continue


def _check_records(
    reader: Reader, now: Census, contents: dict[str, Said], unsaved: Collection[str] | None
) -> Iterator[str]:
    """Each record against the journal, git and the version it names; yielded is what was made elsewhere."""
    project = reader.project
    gone = ledger.gone(project)
    for stage, path, record in _records(project):
        reader.content(path)
        shown = project.relative(path)
        back = f"git checkout HEAD -- {shown}"
        events = _events(project, path.stem, stage)
        if isinstance(record, E2EError):
            if events or not isinstance(record, NotOurs):  # a file that never was a record is none of ours
                reader.found(path, record.message.removeprefix(f"{shown} ").rstrip("."), fix=record.hint or back)
            continue
        differs = unsaved is None or shown in unsaved
        if differs and events and _text(path) not in map(record_files.record_text, events):
            reader.found(path, "is neither what the journal has nor what was committed", [record.id], back)
        elif record.id not in now.seen and record.id not in gone:
            yield record.ref
        elif record.id in contents and not _fits(record, contents[record.id]):
            reader.found(path, "does not fit the version that it names", [record.id], back)


def _text(path: Path) -> str:
    return path.read_text("utf-8", errors="replace")


def _events(project: Project, name: str, stage: str) -> list[Snapshot]:
    """Every line of the journal of *name*, as the record would be."""
    found = []
    for line in journal.lines_of(project, name):
        version = _version(line) if line.entry and "renamed" not in line.entry else None
        if version is not None and version.stage == stage:
            found.append(version)
    return found


def _fits(record: Snapshot, content: Said) -> bool:
    said = tuple((column.name, column.type, column.nullable) for column in record.schema)
    return record.rows == content.rows and content.columns[: len(said)] == said
