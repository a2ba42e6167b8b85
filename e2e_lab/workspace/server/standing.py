"""What the routes about projects answer: where one stands, which there are, and how one is made."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path

from e2e_lab import __version__, versioning
from e2e_lab.errors import E2EError, NoProject
from e2e_lab.project import SETTINGS, Project
from e2e_lab.records import Initialised
from e2e_lab.records.panels import ProjectEntry, ProjectPage, Revision, ServerStatus
from e2e_lab.workspace import across
from e2e_lab.workspace.server import kept
from e2e_lab.workspace.server.asked import Asked
from e2e_lab.workspace.server.kept import seconds
from e2e_lab.workspace.server.paths import folder_under

DEPTH = 4
MOST = 500
_PASSED_OVER = {"node_modules", "__pycache__", "site-packages", "lost+found"}
_FOLDERS = 20_000
"""After so many the search ends; a home folder can hold millions."""


def status(asked: Asked) -> ServerStatus:
    """``GET status``."""
    project = asked.project
    found = across.project_status(project)
    root = asked.backend.root
    return ServerStatus(
        **{name: getattr(found, name) for name in (one.name for one in dataclasses.fields(found))},
        version=__version__, root=str(root), folder=_relative(project.root, root),
        writable=os.access(project.root, os.W_OK), git=_in_git(project.root),
    )  # fmt: skip


def _relative(folder: Path, root: Path) -> str | None:
    """Where *folder* lies under the server's root: "" for the root itself, None outside of it."""
    if folder == root:
        return ""
    return folder.relative_to(root).as_posix() if folder.is_relative_to(root) else None


def _in_git(folder: Path) -> bool:
    return any((one / ".git").exists() for one in (folder, *folder.parents))


def revision(asked: Asked) -> Revision:
    """``GET revision``: for a few ``stat``; a refusal each second would fill the browser's console and our log."""
    try:
        return Revision(revision=kept.revision(asked.project))
    except NoProject:
        return Revision(revision=None)


def projects(asked: Asked) -> ProjectPage:
    """``GET projects``."""
    root = asked.backend.root
    found = asked.backend.kept.get(("projects", root), seconds(10), lambda: list(_projects(root)))
    return ProjectPage(
        items=tuple(asked.page(found)), total=len(found), limit=asked.query["limit"], offset=asked.query["offset"],
        root=str(root), version=__version__,
    )  # fmt: skip


def _projects(root: Path) -> Iterator[ProjectEntry]:
    """The projects under *root*, by path, as far down as people put them; links are not followed."""
    paths: list[str] = []
    for seen, (where, folders, files) in enumerate(os.walk(root)):
        if seen > _FOLDERS or len(paths) >= MOST:
            break
        here = Path(where).relative_to(root)
        folders[:] = [name for name in folders if not name.startswith(".") and name not in _PASSED_OVER]
        if len(here.parts) >= DEPTH:
            folders.clear()
        if SETTINGS in files:
            paths.append("" if not here.parts else here.as_posix())
    for path in sorted(paths):
        yield ProjectEntry(path=path, name=_name(root / path))


def _name(folder: Path) -> str:
    try:
        return Project.at(folder).name
    except E2EError:  # settings that cannot be read, a newer format: it is still a project, and opening it says why
        return folder.name


def init(asked: Asked) -> Initialised:
    """``POST projects``."""
    root = asked.backend.root
    try:
        return versioning.init(folder_under(root, asked.body.path))
    finally:
        asked.backend.kept.drop(("projects", root))
