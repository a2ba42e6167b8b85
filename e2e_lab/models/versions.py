"""Registered models as a panel lists them: read from the embedded database itself, quickly and without mlflow."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from e2e_lab import experiments
from e2e_lab.errors import ModelNotFound
from e2e_lab.models.registry import DATA, MODEL_ID, RUN, as_registered, find_model, kept_of
from e2e_lab.project import Project
from e2e_lab.records import Parent, Ref
from e2e_lab.records.model_panels import RegisteredVersion

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion as Registered

_GONE = "Deleted_Internal"
"""The stage of a version that MLflow has deleted and keeps a row of."""
_VERSIONS = "select name, version, creation_time, run_id, source from model_versions where current_stage != ?"


def registered(project: Project) -> tuple[RegisteredVersion, ...]:
    """Every version of every registered model, by name, newest first, with the run and the data behind it.

    With a tracking server it is asked, which needs mlflow.
    """
    if experiments.is_remote(project):
        found = [_told(project, version, aliases) for version, aliases in as_registered(project)]
        return tuple(sorted(found, key=lambda one: (one.name, -one.version)))
    with experiments.reading(project) as connection:
        return _read(project, connection) if connection else ()


def kept_folder(project: Project, name: str, version: int) -> Path:
    """Where the files of the kept model behind a registered version are; :class:`ModelNotFound` where it is unknown."""
    if experiments.is_remote(project):
        return Path(kept_of(project, find_model(project, Ref(name=name, selector=f"v{version}"))).path)
    with experiments.reading(project) as connection:
        if connection:
            wanted = f"{_VERSIONS} and name = ? and version = ?"
            for row in connection.execute(wanted, (_GONE, name, version)):
                return _folder(project, row[4])
    raise ModelNotFound(f"There is no model {name}@v{version}.", hint=f"e2e register RUN --as {name}")


def _read(project: Project, connection: sqlite3.Connection) -> tuple[RegisteredVersion, ...]:
    aliases: dict[tuple[str, int], list[str]] = defaultdict(list)
    for name, alias, version in connection.execute("select name, alias, version from registered_model_aliases"):
        aliases[name, int(version)].append(alias)
    tags: dict[tuple[str, int], dict[str, str]] = defaultdict(dict)
    for name, version, key, value in connection.execute("select name, version, key, value from model_version_tags"):
        tags[name, int(version)][key] = value
    rows = connection.execute(f"{_VERSIONS} order by name, version desc", (_GONE,))
    return tuple(
        _entry(name, version, created, run, about=_about(_folder(project, source)), tags=tags[name, int(version)],
               aliases=aliases[name, int(version)])
        for name, version, created, run, source in rows
    )  # fmt: skip


def _told(project: Project, version: Registered, aliases: dict[str, int]) -> RegisteredVersion:
    """A version of a tracking server; the kept model's own words where its files have come here."""
    folder = project.home / "models" / str(version.tags.get(MODEL_ID))
    mine = [alias for alias, of in aliases.items() if of == int(version.version)]
    return _entry(
        version.name, version.version, version.creation_timestamp, version.run_id, about=_about(folder),
        tags=version.tags, aliases=mine,
    )  # fmt: skip


def _entry(
    name: str, version: int | str, created: int | None, run: str | None, *, about: dict[str, Any],
    tags: dict[str, str], aliases: list[str],
) -> RegisteredVersion:  # fmt: skip
    return RegisteredVersion(
        name=name, version=int(version), ref=f"{name}@v{version}", aliases=tuple(sorted(aliases)), run=run or "",
        run_name=tags.get(RUN) or run or "", class_name=str(about.get("class", "")).rpartition(".")[2],
        data=_data(about, tags), time=datetime.fromtimestamp(created / 1000, UTC) if created else None,
    )  # fmt: skip


def _folder(project: Project, source: str) -> Path:
    """Where the kept model lies now; a project that was moved still has the old place in its database."""
    inside = str(source).rpartition(f"/{project.home.name}/")[2]
    return project.home / inside


def _about(folder: Path) -> dict[str, Any]:
    try:
        said = json.loads((folder / "e2e" / "model.json").read_text("utf-8"))
    except (OSError, ValueError):  # made by other means, or not on this machine: the rest is shown
        return {}
    return said if isinstance(said, dict) else {}


def _data(about: dict[str, Any], tag: dict[str, str]) -> tuple[Parent, ...]:
    """The snapshots behind a version; of a model whose files are not here, those of its tag, without numbers."""
    try:
        if "data" in about:
            used = [Parent(name=use["name"], version=use["version"], id=use["id"]) for use in about["data"]]
        else:
            used = [Parent(name=name, version=0, id=id_) for _, name, id_ in json.loads(tag.get(DATA) or "[]")]
    except (ValueError, TypeError, KeyError):
        return ()
    return tuple(dict.fromkeys(used))
