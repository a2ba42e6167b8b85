"""What left the store for good, one line of JSON each: ``forgotten.jsonl`` by hand, ``collected.jsonl`` by ``gc``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from e2e_lab.errors import DiskFull, VersionNotFound
from e2e_lab.project import Project
from e2e_lab.records import Snapshot
from e2e_lab.storage.store.heads import FORMAT, is_stored

FORGOTTEN = "forgotten.jsonl"
COLLECTED = "collected.jsonl"


@dataclass(frozen=True)
class Tombstone:
    """A version that somebody erased; *erased* is True once its pages are gone too, *anew* where the same content was
    saved after that, and stays."""

    id: str
    refs: tuple[str, ...]
    time: str
    author: str | None
    reason: str
    erased: bool = False
    anew: bool = False

    def __str__(self) -> str:
        who = f" by {self.author}" if self.author else ""
        return f"forgotten on {self.time[:10]}{who}: {self.reason}"


def note_forgotten(project: Project, stone: Tombstone) -> None:
    """Add a tombstone; call it under the project's lock, before anything is erased."""
    said = {"format": FORMAT, **stone.__dict__}
    del said["erased"], said["anew"]
    _append(project, FORGOTTEN, json.dumps(said, ensure_ascii=False))


def note_erased(project: Project, snapshot_id: str) -> None:
    """Say that nothing of a forgotten version is left."""
    _append(project, FORGOTTEN, json.dumps({"format": FORMAT, "id": snapshot_id, "erased": True}))


def note_anew(project: Project, snapshot_id: str) -> None:
    """Say that content which was forgotten is saved anew, where it is: so it stays. Call it before a journal has it."""
    if _is_gone(project, snapshot_id):
        with project.lock("save anew what was forgotten"):
            if _is_gone(project, snapshot_id) and is_stored(project, snapshot_id):
                _append(project, FORGOTTEN, json.dumps({"format": FORMAT, "id": snapshot_id, "anew": True}))


def gone(project: Project) -> set[str]:
    """The ids of what left the store for good, and need not be there."""
    return {*collected(project), *(one for one, stone in tombstones(project).items() if not stone.anew)}


def _is_gone(project: Project, snapshot_id: str) -> bool:
    stone = tombstones(project).get(snapshot_id)
    return stone is not None and not stone.anew


def tombstones(project: Project) -> dict[str, Tombstone]:
    """What was forgotten, by id; the last tombstone of an id counts."""
    found: dict[str, Tombstone] = {}
    for line in _entries(project, FORGOTTEN):
        try:
            if line["id"] in found and (line.get("erased") or line.get("anew")):
                was = found[line["id"]]
                found[was.id] = replace(
                    was, erased=was.erased or bool(line.get("erased")), anew=was.anew or bool(line.get("anew"))
                )
            elif "reason" in line:
                found[line["id"]] = Tombstone(
                    str(line["id"]), tuple(line["refs"]), str(line["time"]), line["author"], str(line["reason"])
                )
        except (KeyError, TypeError):
            continue
    return found


def pending(project: Project) -> dict[str, Tombstone]:
    """What was forgotten, and of which a crash or a writer at work has left something."""
    return {one: stone for one, stone in tombstones(project).items() if not stone.erased}


def note_collected(project: Project, ids: Sequence[str]) -> None:
    """Say that nothing referred to these any more; call it under the project's lock, before they are deleted."""
    line = {"format": FORMAT, "time": datetime.now(UTC).isoformat(timespec="seconds"), "ids": list(ids)}
    _append(project, COLLECTED, json.dumps(line))


def collected(project: Project) -> dict[str, str]:
    """When the versions that ``gc`` took away went, by id."""
    return {
        str(one): str(line.get("time", ""))
        for line in _entries(project, COLLECTED)
        if isinstance(line.get("ids"), list)
        for one in line["ids"]
    }


def not_here(project: Project, version: Snapshot) -> VersionNotFound:
    """The error for a version whose bytes are not in the store, which says why."""
    stone = tombstones(project).get(version.id)
    if stone is not None:
        return VersionNotFound(f"The data of {version.ref} were {stone}.", hint=f"e2e log {version.name}")
    day = collected(project).get(version.id)
    if day is not None:
        return VersionNotFound(
            f"Nothing referred to {version.ref} any more, and gc took its data away on {day[:10]}.",
            hint=f"e2e load {version.name}",
        )
    return VersionNotFound(
        f"The data of {version.ref} exist only where it was made.", hint=f"e2e load {version.ref}  (on that machine)"
    )


def broken_lines(project: Project) -> Iterator[tuple[Path, int]]:
    """The lines of both files that cannot be read."""
    for name in (FORGOTTEN, COLLECTED):
        path = _path(project, name)
        for number, text in enumerate(_lines(path), start=1):
            if text and _parsed(text) is None:
                yield path, number


def _append(project: Project, name: str, line: str) -> None:
    try:
        project.append(_path(project, name), line)
    except DiskFull:
        from e2e_lab.storage.store.index import Index

        Index(project).drop()  # a cache: its room is needed, so that a full disk can be emptied
        project.append(_path(project, name), line)


def _path(project: Project, name: str) -> Path:
    return project.home / "store" / name


def _entries(project: Project, name: str) -> Iterator[dict[str, Any]]:
    for text in _lines(_path(project, name)):
        entry = _parsed(text)
        if entry is not None:
            yield entry


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        entry = json.loads(text)
    except (ValueError, RecursionError):  # cut short by a crash
        return None
    return entry if isinstance(entry, dict) else None


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8", errors="replace").split("\n")
    except FileNotFoundError:
        return []
