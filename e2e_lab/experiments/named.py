"""Which content runs and kept models name, read from files: without mlflow, and nothing is asked over a network."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from e2e_lab.errors import TrackingError
from e2e_lab.experiments import database, sending
from e2e_lab.project import Project

_ID = re.compile(r"[0-9a-f]{32}")
_NAMING = (
    "select value from tags where key like 'e2e.data%'",
    "select value from model_version_tags where key like 'e2e.data%'",
    "select tag_value from logged_model_tags where tag_key like 'e2e.data%'",
    "select digest from datasets",
)
_KEPT = ("artifacts/models/*/artifacts/e2e", "artifacts/*/models/*/artifacts/e2e", "models/*/e2e")


def data_ids(project: Project) -> frozenset[str]:
    """Every content id that a run, a registered version or a kept model of this project names, deleted runs included.

    Runs at a tracking server count as far as something of them lies here. Raises :class:`TrackingError` where the
    experiment database cannot be read, since nobody knows then what is needed.
    """
    files = [*_descriptions(project), *(project.home / sending.UNSENT).glob("*.json")]
    texts = [*_said(project), *(path.read_text("utf-8", errors="replace") for path in files)]
    return frozenset(found for text in texts for found in _ID.findall(text))


def holding(project: Project, content: str) -> tuple[str, ...]:
    """What of runs and kept models may hold rows of the version with this content id, in words."""
    found = []
    for path in _descriptions(project):
        text = path.read_text("utf-8", errors="replace")
        if content in text:
            who = json.loads(text).get("run_name") or "a run"
            found.append(f"the model of {who}: replay rows, examples and baseline in {project.relative(path.parent)}")
    names = sorted(set(_runs_with(project, content)))
    if names:
        more = f" and {len(names) - 5:,} more" if len(names) > 5 else ""
        found.append(f"files that these runs logged: {', '.join(names[:5])}{more}")
    return tuple(found)


def _descriptions(project: Project) -> Iterator[Path]:
    """What each kept model says of itself."""
    for pattern in _KEPT:
        yield from sorted(project.home.glob(f"{pattern}/model.json"))


def _said(project: Project) -> list[str]:
    return [str(row[0]) for query in _NAMING for row in _asked(project, query)]


def _runs_with(project: Project, content: str) -> list[str]:
    query = "select name from runs join tags using (run_uuid) where key like 'e2e.data%' and instr(value, ?)"
    return [str(row[0]) for row in _asked(project, query, content)]


def _asked(project: Project, query: str, *values: str) -> list[tuple[object, ...]]:
    path = database.path_of(project)
    if not path.is_file():
        return []
    try:
        with database.reading(path) as connection:
            return connection.execute(query, values).fetchall()
    except sqlite3.Error as problem:
        raise TrackingError(
            f"The experiment database cannot be read, so that it is not known which data runs name: {problem}.",
            hint="e2e runs",
        ) from None
