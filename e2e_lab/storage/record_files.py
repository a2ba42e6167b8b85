"""The record files ``data/STAGE/NAME.json``: where they lie, how they are read, how they are spelled.

A record is committed to git, so its bytes are stable: keys in one order, one schema column a line, a newline at the
end. A file that e2e-lab did not write is never overwritten and never taken for a record.
"""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path
from typing import Any

from e2e_lab.errors import NewerFormat, NotOurs, ProjectError, UsageError
from e2e_lab.project import Project
from e2e_lab.records import FORMAT, STAGES, Snapshot, dataset_name

_NUMBERS = ("version", "rows")


def record_path(project: Project, name: str, stage: str) -> Path:
    """Where the record of the dataset *name* lies: ``data/STAGE/NAME.json``; :class:`InvalidName` for ``../``."""
    if stage not in STAGES:
        raise UsageError(f"{stage!r} is no stage: raw or processed.", hint="--stage raw")
    return project.root / "data" / stage / f"{dataset_name(name)}.json"


def read_record(text: str | bytes, *, name: str, stage: str) -> Snapshot:
    """The snapshot that the text of a record file describes.

    Raises :class:`NotOurs` where it is no record, :class:`NewerFormat` where a later e2e-lab wrote it, and
    :class:`ProjectError` where git has left conflict markers in it.
    """
    where = f"data/{stage}/{name}.json"
    try:
        said = text.decode() if isinstance(text, bytes) else text
        if any(line.startswith(("<<<<<<< ", ">>>>>>> ")) for line in said.splitlines()):
            raise ProjectError(f"{where} has an unresolved merge.", hint=f"git checkout --ours {where}  (or --theirs)")
        found = json.loads(said)
    except (ValueError, RecursionError):
        raise NotOurs(f"{where} is not a record of e2e-lab.", hint=f"move {where} elsewhere") from None
    if not isinstance(found, dict) or not isinstance(found.get("format"), int) or "id" not in found:
        raise NotOurs(f"{where} is not a record of e2e-lab.", hint=f"move {where} elsewhere")
    if found["format"] > FORMAT:
        raise NewerFormat(
            f"{where} has format {found['format']}, this e2e-lab knows {FORMAT} and older.",
            hint="pip install --upgrade e2e-lab",
        )
    try:
        return Snapshot.from_json({**_checked(_stored(found)), "name": name, "stage": stage})
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ProjectError(f"{where} is incomplete.", hint=f"git checkout HEAD -- {where}") from None


def _stored(found: dict[str, Any]) -> dict[str, Any]:
    return {key: found[key] for key in Snapshot.STORED}


def _checked(stored: dict[str, Any]) -> dict[str, Any]:
    """A record may come from anywhere by git: its id becomes a path in the store, its numbers are counted with."""
    if not re.fullmatch("[0-9a-f]{6,}", stored["id"]) or not all(type(stored[key]) is int for key in _NUMBERS):
        raise ValueError
    return stored


def record_text(snapshot: Snapshot) -> str:
    """The text of *snapshot*'s record file."""
    said = snapshot.to_json()
    parts = [f'  "format": {FORMAT}']
    for key in Snapshot.STORED:
        value = said[key]
        if key in ("schema", "parents") and value:
            lines = ",\n".join("    " + _line(_short(item)) for item in value)
            parts.append(f'  "{key}": [\n{lines}\n  ]')
        else:
            parts.append(f'  "{key}": {_line(value)}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _short(item: dict[str, Any]) -> dict[str, Any]:
    """An entry without what goes without saying."""
    return {key: value for key, value in item.items() if not (key in ("index", "inferred") and not value)}


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def found(project: Project, name: str) -> Snapshot | None:
    """The current record of *name*, None where there is none; an error where something else stands in its place."""
    here: Snapshot | None = None
    for stage, path in _alike(project, name):
        if unicodedata.normalize("NFC", path.stem) != name:
            _refuse_case(path, name, stage)
        if here is not None:
            raise ProjectError(
                f"There are two datasets {name}: one raw, one processed.", hint=f"git rm data/{stage}/{path.name}"
            )
        here = read_record(path.read_bytes(), name=name, stage=stage)
    return here


def _refuse_case(path: Path, name: str, stage: str) -> None:
    other = read_record(path.read_bytes(), name=path.stem, stage=stage)  # raises where it is not ours
    raise UsageError(
        f"There is a dataset {other.name!r}, which differs from {name!r} only by case.", hint=f"--as {other.name}"
    )


def _alike(project: Project, name: str) -> list[tuple[str, Path]]:
    return [(stage, path) for stage, path in _files(project) if _folded(path.stem) == _folded(name)]


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _files(project: Project) -> list[tuple[str, Path]]:
    return [
        (stage, path)
        for stage in STAGES
        for path in sorted((project.root / "data" / stage).glob("*.json"))
        if path.is_file()
    ]


def all_found(project: Project) -> dict[str, Snapshot]:
    """Every current record by name, raw before processed; JSON files that are no records are passed over."""
    records: dict[str, Snapshot] = {}
    for stage, path in _files(project):
        name = unicodedata.normalize("NFC", path.stem)
        try:
            records.setdefault(name, read_record(path.read_bytes(), name=name, stage=stage))
        except NotOurs:
            continue
    return records


def write(project: Project, snapshot: Snapshot) -> None:
    """Make *snapshot* the current record of its dataset; call it under the project's lock."""
    project.write(record_path(project, snapshot.name, snapshot.stage), record_text(snapshot).encode())
