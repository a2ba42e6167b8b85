"""Code and records as they were at a revision, with what they replace saved first on a hidden ref.

Branch and index stay where they are: what is restored shows as changes of the working tree. Nothing is overwritten or
removed that was not saved a moment before.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from e2e_lab.project import Project, writing
from e2e_lab.records import Restored
from e2e_lab.records.changes import RestorePlan
from e2e_lab.versioning import changes, hidden, history, repository, steps, working
from e2e_lab.versioning.repository import Repository

SAVED = "refs/e2e/saved/"


def restore(project: Project, revision: str, names: Sequence[str] = ()) -> Restored:
    """Put the project, or only *names* (datasets or paths), back as at *revision*.

    What is there and differs is first saved as a commit on ``refs/e2e/saved/TIME``, named in ``saved``; restoring that
    ref brings it back exactly. Notebooks that differ in outputs only stay as they are, unless they are named or it is
    such a ref that is restored. Files that came later are removed where git has them. Untracked data, ignored and
    private files are never touched. Where all is as at *revision* nothing happens and ``saved`` is None.

    Raises :class:`VersionNotFound` for an unknown revision, :class:`NotFound` for an unknown name.
    """
    repo = repository.of(project)
    target = steps.commit_meant(repo, revision)
    state = working.read(repo)
    wanted = steps.paths_meant(project, repo, state, target, [names] if isinstance(names, str) else names)
    ref = SAVED + datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    new = steps.new_code(repo, state)
    saved = hidden.write(repo, ref, steps.everything(repo, state, new), parent=state.head, durable=True,
                         message=f"Saved before restoring {revision}\n")  # fmt: skip
    kept = False
    try:
        differing = steps.differing_from(repo, saved, target, wanted)
        if wanted is None and not revision.startswith(SAVED):
            differing = steps.but_for_outputs(repo, differing)
        todo = steps.made(repo, new, differing)
        kept = bool(todo.remove or todo.write)
    finally:
        if not kept:
            hidden.drop(repo, ref)
    if kept:
        with project.lock("restore"):
            _carry_out(repo, target, todo)
        project.changed()
    done = {*todo.remove, *todo.write}
    return Restored(
        revision=revision,
        files=steps.inside(repo, done),
        datasets=steps.datasets(repo, [file for file in differing if file.path in done]),
        saved=ref if kept else None,
        notes=tuple(todo.notes),
    )


def preview(project: Project, revision: str, names: Sequence[str] = ()) -> RestorePlan:
    """What :func:`restore` would do now, with which of the uncommitted changes it would save; nothing is written.

    Its ``notes`` also name datasets whose version of then is not stored on this machine.
    """
    repo = repository.of(project)
    target = steps.commit_meant(repo, revision)
    state = working.read(repo)
    wanted = steps.paths_meant(project, repo, state, target, names)
    new = steps.new_code(repo, state)
    unsaved = steps.unsaved(repo, steps.everything(repo, state, new))
    differing = steps.would_differ(repo, state.head, unsaved, target, wanted)
    if wanted is None and not revision.startswith(SAVED):
        differing = steps.but_for_outputs(repo, differing, steps.on_disk)
    todo = steps.made(repo, new, differing)
    done = {*todo.remove, *todo.write}
    doing = [file for file in differing if file.path in done]
    then = history.commits(repo, "--max-count", "1", target)[0]
    return RestorePlan(
        revision=revision, id=then.id, message=changes.untold(then.message), author=then.author, time=then.time,
        write=steps.inside(repo, todo.write), remove=steps.inside(repo, todo.remove),
        datasets=steps.datasets(repo, doing, steps.on_disk), saves=steps.inside(repo, done & unsaved.keys()),
        notes=(*todo.notes, *steps.not_here(project, repo, doing)),
    )  # fmt: skip


# ---- doing it ------------------------------------------------------------------------------------------------


def _carry_out(repo: Repository, target: str, todo: steps.Steps) -> None:
    for path in todo.remove:
        full = repo.top / path
        with writing(full):
            full.unlink(missing_ok=True)
            _prune(full.parent, repo.top / repo.prefix)
    for path in todo.write:
        full = repo.top / path
        if full.is_dir() and not full.is_symlink():  # all that was in it has been saved and removed
            for parent, _, _ in os.walk(full, topdown=False):
                Path(parent).rmdir()
    if todo.write:
        repo.run("restore", f"--source={target}", "--worktree", "--overlay", "--no-recurse-submodules",
                 "--pathspec-from-file=-", "--pathspec-file-nul", given=repository.lines(todo.write))  # fmt: skip


def _prune(folder: Path, root: Path) -> None:
    while folder != root and folder.is_relative_to(root):
        try:
            folder.rmdir()
        except OSError:  # not empty
            return
        folder = folder.parent
