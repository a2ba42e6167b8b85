"""The journal ``.e2e/store/versions/NAME.jsonl``: every version ever made here, one a line, oldest first.

A line is the record of a version with its name and stage. The last line of a version counts: a later one brings a
new message or key. A line ``{"renamed": NEW}`` says where the dataset went.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from e2e_lab.project import Project
from e2e_lab.records import FORMAT, Snapshot


def _path(project: Project, name: str) -> Path:
    return project.home / "store" / "versions" / f"{name}.jsonl"


def _line(snapshot: Snapshot) -> str:
    said = snapshot.to_json()
    return json.dumps(
        {"format": FORMAT, **{key: said[key] for key in ("name", "stage", *Snapshot.STORED)}}, ensure_ascii=False
    )


def note(project: Project, snapshot: Snapshot) -> None:
    """Add a version to its dataset's journal; call it under the project's lock."""
    project.append(_path(project, snapshot.name), _line(snapshot))


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
    said = json.loads(_line(snapshot))
    event = [said[key] for key in _EVENT]
    return not any([entry.get(key) for key in _EVENT] == event for entry in _newest_first(project, snapshot.name))


def renamed_to(project: Project, name: str) -> str | None:
    """The name that the dataset *name* was given last, if it was renamed away."""
    lines = _lines(project, name)
    return str(lines[-1]["renamed"]) if lines and "renamed" in lines[-1] else None


def known_names(project: Project) -> list[str]:
    """The names of all datasets that have a journal here, removed ones too."""
    return [path.stem for path in (project.home / "store" / "versions").glob("*.jsonl")]


def move(project: Project, old: str, new: str) -> None:
    """Give the versions of *old* to *new*, and leave word of it; call it under the project's lock."""
    kept = [entry for entry in [*_lines(project, new), *_lines(project, old)] if "renamed" not in entry]
    text = "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in kept)
    project.write(_path(project, new), text.encode())
    project.write(_path(project, old), (json.dumps({"format": FORMAT, "renamed": new}) + "\n").encode())


def _lines(project: Project, name: str) -> list[dict[str, Any]]:
    return [*_newest_first(project, name)][::-1]


def _newest_first(project: Project, name: str) -> Iterator[dict[str, Any]]:
    try:
        text = _path(project, name).read_text("utf-8", errors="replace")
    except FileNotFoundError:
        return
    for line in reversed(text.split("\n")):  # not splitlines, which also splits at what JSON allows inside text
        try:
            entry = json.loads(line)
        except ValueError:  # cut short by a crash
            continue
        if isinstance(entry, dict):
            yield entry
