"""The verbs for data: in, out, and what the datasets are called."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from e2e_lab import experiments, storage, versioning
from e2e_lab.errors import UsageError
from e2e_lab.project import Project
from e2e_lab.records import Datasets, Exported, Ref, Removed, Renamed, Snapshot
from e2e_lab.workspace.session import Provenance, came_from, inert, session, tag_snapshot, used

PathLike = str | os.PathLike[str]


def ingest(
    source: PathLike, name: str, *, key: str | Sequence[str] | None = None, message: str | None = None
) -> Snapshot:
    """One local CSV or Parquet file as a raw snapshot; the file's path is its source.

    *source* is a path (``.csv``, ``.tsv``, each also with ``.gz``, or ``.parquet``), from the notebook's folder; *name*
    the dataset's; *key* the columns that together name a row; *message* what it is. Raises :class:`NotFound` for a
    missing file, :class:`UsageError` for one that is no table, naming the line, :class:`InvalidName` for a name no
    dataset may have.

    Example::

        e2e.ingest("flights.csv", "flights", message="departures in 2013")
    """
    project = session.project()
    given = os.fspath(source)
    path = given if "://" in given else session.folder() / given
    if inert():
        table, _ = storage.read_file(Path(path))
        return _drafted(project, table, name, "raw", Provenance(source=project.relative(path)))
    snap = storage.ingest(
        project, path, name, key=_key(key), message=message, author=versioning.author(project),
        origin=session.trail(project).origin,
    )  # fmt: skip
    session.flow.loaded(snap.as_parent)
    session.made.append(snap)
    _soon(project)
    return snap


def snapshot(
    df: Any,
    name: str,
    *,
    stage: str | None = None,
    parents: Sequence[str | Snapshot] | None = None,
    source: PathLike | None = None,
    key: str | Sequence[str] | None = None,
    message: str | None = None,
) -> Snapshot:
    """Save a table as a version of the dataset *name*; nothing is written if nothing changed.

    *df* is a pandas or polars frame, an Arrow table, a structured NumPy array, rows as dicts; or comes in parts and is
    never in memory as a whole: a reader or dataset of Arrow, a DuckDB relation, a lazy polars frame, anything with
    ``__arrow_c_stream__``. *stage* is ``raw`` or ``processed``; by default the dataset's own, else what its parents and
    source say. Source and parents are found from what the table carries and from the cells that made it; *source* (a
    path or an address) and *parents* (references or snapshots) correct them. *key* names the columns that together name
    a row.

    Raises :class:`UnsupportedData` naming a column that could not come back equal, :class:`UsageError` where the stage
    is not known or *key* is not unique, :class:`NotOurs` where another file stands in the record's place.

    Example::

        late = e2e.load("flights").query("dep_delay > 0")
        e2e.snapshot(late, "flights_late", parents=["flights"], message="only late ones")
    """
    project = session.project()
    found = came_from(df, session, project)
    if parents is not None:
        listed = tuple(p if isinstance(p, Snapshot) else experiments.find_data(project, p) for p in parents)
        found = replace(found, parents=tuple(p.as_parent for p in listed), notes=())
    if source is not None:
        said = os.fspath(source)
        found = replace(found, source=project.relative(said) if Path(said).exists() else said, derived=False, notes=())
    if stage is None and found.derived and not found.parents and name not in storage.records(project):
        stage = "processed"
    if inert():
        return _drafted(project, df, name, stage, found)
    snap = storage.snapshot(
        project, df, name, stage=stage, parents=found.parents, source=found.source, key=_key(key), message=message,
        author=lambda: versioning.author(project), origin=session.trail(project).origin, notes=found.notes,
    )  # fmt: skip
    tag_snapshot(df, snap.as_parent)
    session.holds(df, snap.as_parent)
    session.saved(df, snap)
    used(project, snap.as_parent, "output")
    _soon(project)
    return snap


def load(
    ref: str,
    *,
    columns: Sequence[str] | None = None,
    where: Any = None,
    sample: int | None = None,
    limit: int | None = None,
    kind: str = "pandas",
) -> Any:
    """Any version back, as it was saved.

    *ref* is ``NAME`` or ``NAME@SELECTOR``: ``vN``, ``run:RUN``, a date, a git revision, or 6 digits or more of a
    content id. *columns* (in this order) and *where* (a ``pyarrow.compute`` expression, or ``(column, operator,
    value)`` tuples that must all hold) are pushed down; *sample* gives that many rows, the same ones each time,
    *limit* the first ones; *kind* is ``pandas``, ``polars``, ``arrow`` or ``duckdb``.

    Raises :class:`DatasetNotFound`, :class:`VersionNotFound` (also where the bytes are on another machine only),
    :class:`Ambiguous`, :class:`UsageError` for a column that is not there, :class:`Damaged` for bytes that changed.

    Example::

        e2e.load("flights@v1", columns=["carrier"], where=[("dep_delay", ">", 30)])
    """
    project = session.project()
    version = version_meant(project, ref)
    return load_version(project, version, columns=columns, where=where, sample=sample, limit=limit, kind=kind)


def version_meant(project: Project, ref: str) -> Snapshot:
    """The version that *ref* means here: also one that a notebook which is run again would have saved."""
    return session.drafts.get(ref) or experiments.find_data(project, ref)


def load_version(
    project: Project,
    version: Snapshot,
    *,
    columns: Sequence[str] | None = None,
    where: Any = None,
    sample: int | None = None,
    limit: int | None = None,
    kind: str = "pandas",
) -> Any:
    """:func:`load` for a version that was looked up already."""
    frame = storage.load(project, version, columns=columns, where=where, sample=sample, limit=limit, kind=kind)
    tag_snapshot(frame, version.as_parent)
    if columns is None and where is None and sample is None and limit is None:
        session.same(frame, version.as_parent)
    session.flow.loaded(version.as_parent)
    used(project, version.as_parent, "input")
    _soon(project)
    return frame


def datasets() -> Datasets:
    """The project's datasets: current version, shape, bytes of all versions, and whether git has the record as it is.

    Example::

        [dataset.name for dataset in e2e.datasets()]
    """
    project = session.project()
    return storage.datasets(project, unsaved=versioning.unsaved(project))


def rename(old: str, new: str) -> Renamed:
    """Give a dataset another name; its versions come along and keep their numbers.

    Raises :class:`DatasetNotFound`, :class:`InvalidName`, and :class:`UsageError` where *new* is taken.

    Example::

        e2e.rename("flights_late", "late_flights")
    """
    return storage.rename(session.project(), _whole(old, "rename"), new)


def remove(name: str) -> Removed:
    """Take a dataset out of the current project; history and store keep its versions, and ``restore`` brings it back.

    Example::

        e2e.remove("late_flights")
    """
    return storage.remove(session.project(), _whole(name, "remove"))


def export(ref: str, path: PathLike) -> Exported:
    """Write a version as one ordinary Parquet file outside the store; pandas finds its index in it again.

    *path* is a file, or a folder in which it is called ``NAME.parquet``. An earlier export is replaced; for any other
    file :class:`UsageError` is raised.

    Example::

        e2e.export("flights@v1", "flights_2013.parquet")
    """
    project = session.project()
    return storage.export(project, experiments.find_data(project, ref), session.folder() / os.fspath(path))


def _soon(project: Project) -> None:
    """In a kernel, open the experiment store in the background: a run is likely to come, and MLflow takes seconds."""
    if session.in_kernel:
        experiments.prewarm(project)


def _drafted(project: Project, df: Any, name: str, stage: str | None, found: Provenance) -> Snapshot:
    """A snapshot where none may be made: how *df* stands to the current version; ``load`` still gives it back."""
    made = storage.draft(project, df, name, stage=stage, parents=found.parents, source=found.source)
    session.drafts[made.name] = made
    session.flow.loaded(made.as_parent)
    session.holds(df, made.as_parent)
    return made


def _whole(name: str, verb: str) -> str:
    if "@" in name:
        hint = f"e2e {verb} {Ref.parse(name).name}" + (" OTHER" if verb == "rename" else "")
        raise UsageError(f"{name!r} is one version; {verb} takes the whole dataset.", hint=hint)
    return name


def _key(key: str | Sequence[str] | None) -> tuple[str, ...] | None:
    return (key,) if isinstance(key, str) else tuple(key) if key is not None else None
