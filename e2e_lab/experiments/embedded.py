"""The embedded database as others read it: without mlflow, and never changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from e2e_lab.errors import TrackingError
from e2e_lab.experiments import database, tracking
from e2e_lab.project import Project


@contextmanager
def reading(project: Project) -> Iterator[sqlite3.Connection | None]:
    """The project's own database, read-only; None where nothing was tracked yet.

    Raises :class:`TrackingError` where it cannot be read at this moment.
    """
    path = database.path_of(project)
    if not path.is_file():
        yield None
        return
    with told(), database.reading(path) as connection:
        yield connection


@contextmanager
def told() -> Iterator[None]:
    """Turn what sqlite refuses, in a file that is being made or moved or is no database, into our error."""
    try:
        yield
    except sqlite3.Error as problem:
        said = tracking.first_line(problem)
        raise TrackingError(f"The experiment database cannot be read now: {said}.", hint="e2e runs") from None
