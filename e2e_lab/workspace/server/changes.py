"""What the routes about changes and commits answer; committing is a job, for it takes the notebook's own Python."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace

from e2e_lab import versioning
from e2e_lab.errors import ReadOnly
from e2e_lab.project import Project
from e2e_lab.records import Commit, Restored
from e2e_lab.records.changes import ChangedFile, CommitEntry, CommitPage, RestorePlan, WorkingChanges
from e2e_lab.workspace.server.asked import Asked
from e2e_lab.workspace.server.data import GIT_SECONDS
from e2e_lab.workspace.server.kept import revision, seconds

_PATHS = 12
"""Files of a commit that are named; of the others there is the number."""


def changes(asked: Asked) -> WorkingChanges:
    """``GET changes``."""
    found = versioning.pending(asked.project, limit=asked.query["limit"])
    return replace(found, items=tuple(_placed(asked, file) for file in found.items))


def _placed(asked: Asked, file: ChangedFile) -> ChangedFile:
    full = asked.project.root / file.path
    root = asked.backend.root
    return replace(file, place=full.relative_to(root).as_posix()) if full.is_relative_to(root) else file


def commits(asked: Asked) -> CommitPage:
    """``GET commits``."""
    project = asked.project
    offset, limit = asked.query["offset"], asked.query["limit"]
    total = _total(asked, project)
    found = versioning.log(project, limit=limit, offset=offset) if total else ()
    return CommitPage(items=tuple(_entry(one) for one in found), total=total, limit=limit, offset=offset)


def _total(asked: Asked, project: Project) -> int:
    state = revision(project), seconds(GIT_SECONDS)
    return asked.backend.kept.get(("commits", project.root), state, lambda: versioning.count(project))


def _entry(commit: Commit) -> CommitEntry:
    return CommitEntry(
        id=commit.id, message=commit.message, author=commit.author, time=commit.time, files=len(commit.files),
        kinds=dict(Counter(map(versioning.kind_of, commit.files))), paths=commit.files[:_PATHS],
        datasets=commit.datasets,
    )  # fmt: skip


def preview(asked: Asked) -> RestorePlan:
    """``GET restore``."""
    return versioning.preview(asked.project, asked.query["revision"], asked.query["name"])


def restore(asked: Asked) -> Restored:
    """``POST restore``: what is there and differs is saved first."""
    project = asked.project
    if not os.access(project.root, os.W_OK):
        raise ReadOnly(f"{project.root} may only be looked at.", hint=f"check who owns {project.root}")
    return versioning.restore(project, asked.body.revision, asked.body.names)
