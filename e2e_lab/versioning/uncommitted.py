"""What is not committed, file by file, with what became of datasets; and what a commit would leave out, and why."""

from __future__ import annotations

import itertools
from pathlib import PurePosixPath

from e2e_lab.errors import GitError
from e2e_lab.project import Project
from e2e_lab.records import DatasetChange
from e2e_lab.records.changes import ChangedFile, FileChange, FileKind, LeftOut, WorkingChanges
from e2e_lab.records.jobs import Problem
from e2e_lab.versioning import changes, history, plan, repository, selection, working
from e2e_lab.versioning.repository import Repository


def pending(project: Project, *, limit: int = 1000) -> WorkingChanges:
    """What a commit made now would put in, up to *limit* files, and what it would leave out; outputs never count.

    Takes no lock and changes nothing. Without a repository it is empty, with ``git=False``.
    """
    repo = repository.around(project.root)
    if repo is None:
        return WorkingChanges(git=False)
    state = working.read(repo)
    planned = plan.made(repo, state)
    shown = planned.paths[:limit]
    datasets = _datasets(repo, state, shown)
    known = {change.path: change for change in state.changes}
    left_out = planned.left_out[:limit]
    return WorkingChanges(
        git=True, branch=state.branch, head=state.head, author=history.identity_in(repo),
        items=tuple(
            ChangedFile(
                path=repo.inside(path) or path, kind=kind_of(repo.inside(path) or path),
                change=_change(known.get(path)), dataset=datasets.get(path),
            )
            for path in shown
        ),
        total=len(planned.paths),
        left_out=tuple(LeftOut(path=repo.inside(path) or path, why=plan.why_left_out(repo, path)) for path in left_out),
        left_out_total=len(planned.left_out), notes=tuple(planned.notes), blocked=_blocked(repo, state),
    )  # fmt: skip


def kind_of(path: str) -> FileKind:
    """What a project-relative path is to its reader.

    >>> kind_of("EDA.ipynb"), kind_of("data/raw/flights.json"), kind_of("src/train.py"), kind_of("plot.png")
    ('notebook', 'record', 'code', 'other')
    """
    if selection.is_record(path):
        return "record"
    if PurePosixPath(path).suffix.lower() == ".ipynb":
        return "notebook"
    return "code" if selection.is_source(path) else "other"


def _change(change: working.Change | None) -> FileChange:
    if change is None or change.head is None:
        return "new"
    return "changed" if change.mode else "removed"


def _datasets(repo: Repository, state: working.Working, paths: list[str]) -> dict[str, DatasetChange]:
    """By path of a record, what became of its dataset; a record in its new stage tells of both."""
    pairs = plan.records(repo, state, paths)
    found: dict[str, DatasetChange] = {}
    pairs.sort(key=lambda pair: changes.name_of(pair[0]))
    for _, of_one in itertools.groupby(pairs, key=lambda pair: changes.name_of(pair[0])):
        several = list(of_one)
        for change in changes.datasets(several):
            found |= dict.fromkeys((path for path, _, _ in several), change)
    return found


def _blocked(repo: Repository, state: working.Working) -> Problem | None:
    try:
        working.refuse_in_between(repo, state)
    except GitError as error:
        return Problem.from_json(error.to_json())
    return None
