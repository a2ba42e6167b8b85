"""The journal ``.e2e/store/versions/NAME.jsonl``: every version ever made here, one a line, oldest first.

A line is the record of a version with its name and stage. The last line of a version counts: a later one brings a
new message or key. A line ``{"renamed": NEW}`` says where the dataset went. ``"brought": true`` marks a version that
came with a clone. ``check`` is a hash of what stands before it: a line that is not what was written counts for nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blake3 import blake3

from e2e_lab.project import Project
from e2e_lab.records import FORMAT, Snapshot


def _path(project: Project, name: str) -> Path:
    return project.home / "store" / "versions" / f"{name}.jsonl"


_CHECK = ', "check": "'


@dataclass(frozen=True)
class Line:
    """One line of a journal; *entry* is None where it is not what was written."""

    path: Path
    number: int
    text: str
    entry: dict[str, Any] | None


def _said(snapshot: Snapshot) -> dict[str, Any]:
    said = snapshot.to_json()
    return {"format": FORMAT, **{key: said[key] for key in ("name", "stage", *Snapshot.STORED)}}


def _checked(entry: dict[str, Any]) -> str:
    text = json.dumps(entry, ensure_ascii=False)
    return f'{text[:-1]}{_CHECK}{blake3(text.encode()).hexdigest(length=8)}"}}'


def _parsed(text: str) -> dict[str, Any] | None:
    before, mark, digest = text.rpartition(_CHECK)
    if mark and digest != blake3(f"{before}}}".encode()).hexdigest(length=8) + '"}':
        return None
    try:
        entry = json.loads(text)
    except (ValueError, RecursionError):  # cut short by a crash
        return None
    return entry if isinstance(entry, dict) else None


def note(project: Project, snapshot: Snapshot, *, brought: bool = False) -> None:
    """Add a version to its dataset's journal; call it under the project's lock. *brought*: it was made elsewhere."""
    entry = {**_said(snapshot), "brought": True} if brought else _said(snapshot)
    project.append(_path(project, snapshot.name), _checked(entry))


def noted(project: Project, name: str) -> tuple[Snapshot, ...]:
    """The versions in the journal of *name*, oldest first, those from before a renaming included."""
    versions: dict[tuple[int, str, Any], Snapshot] = {}
    for entry in _lines(project, name):
        if "renamed" in entry:
            continue
        try:
            snapshot = Snapshot.from_json({**entry, "name": name, "changed": False})
        except (KeyError, TypeError, ValueError, AttributeError):
            continue  # a line that a crash cut short
        versions[_event(snapshot)] = snapshot
    return tuple(versions.values())


_EVENT = ("version", "id", "time")


def _event(snapshot: Snapshot) -> tuple[int, str, Any]:
    return snapshot.version, snapshot.id, snapshot.time


def missing(project: Project, snapshot: Snapshot) -> bool:
    """Whether the journal does not have this version yet, as for a record that came with a clone."""
    said = _said(snapshot)
    event = [said[key] for key in _EVENT]
    return not any([entry.get(key) for key in _EVENT] == event for entry in _newest_first(project, snapshot.name))


def renamed_to(project: Project, name: str) -> str | None:
    """The name that the dataset *name* was given last, if it was renamed away."""
    lines = _lines(project, name)
    return str(lines[-1]["renamed"]) if lines and "renamed" in lines[-1] else None


def known_names(project: Project) -> list[str]:
    """The names of all datasets that have a journal here, removed ones too."""
    return [path.stem for path in (project.home / "store" / "versions").glob("*.jsonl")]


def lines(project: Project) -> Iterator[Line]:
    """Every line of every journal, oldest first, those included that are not what was written."""
    for path in sorted((project.home / "store" / "versions").glob("*.jsonl")):
        yield from lines_of(project, path.stem)


def lines_of(project: Project, name: str) -> Iterator[Line]:
    """Every line of the journal of *name*, oldest first."""
    path = _path(project, name)
    for number, text in enumerate(_text(path).split("\n"), start=1):
        if text:
            yield Line(path, number, text, _parsed(text))


def move(project: Project, old: str, new: str) -> None:
    """Give the versions of *old* to *new*, and leave word of it; call it under the project's lock."""
    both = [text for name in (new, old) for text in _text(_path(project, name)).split("\n") if text]
    kept = [text for text in both if "renamed" not in (_parsed(text) or ())]
    project.write(_path(project, new), "".join(f"{text}\n" for text in kept).encode())
    project.write(_path(project, old), (_checked({"format": FORMAT, "renamed": new}) + "\n").encode())


def _lines(project: Project, name: str) -> list[dict[str, Any]]:
    return [*_newest_first(project, name)][::-1]


def _newest_first(project: Project, name: str) -> Iterator[dict[str, Any]]:
    for text in reversed(_text(_path(project, name)).split("\n")):
        entry = _parsed(text)
        if entry is not None:
            yield entry


def _text(path: Path) -> str:
    # Split at line breaks by hand: splitlines also splits at what JSON allows inside text.
    try:
        return path.read_text("utf-8", errors="replace")
    except FileNotFoundError:
        return ""
