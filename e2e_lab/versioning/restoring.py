"""Code and records as they were at a revision, with what they replace saved first on a hidden ref.

Branch and index stay where they are: what is restored shows as changes of the working tree. Nothing is overwritten or
removed that was not saved a moment before.
"""

from __future__ import annotations

import itertools
import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from e2e_lab.errors import NotFound, UsageError, VersionNotFound, closest
from e2e_lab.project import HOME, SETTINGS, Project, writing
from e2e_lab.records import STAGES, DatasetChange, Restored
from e2e_lab.versioning import changes, hidden, history, notebooks, plan, repository, selection, working
from e2e_lab.versioning.repository import Repository

SAVED = "refs/e2e/saved/"


@dataclass
class _Steps:
    """What is to be done: repository paths to remove and to write, and why others stay."""

    remove: list[str] = field(default_factory=list)
    write: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def restore(project: Project, revision: str, names: Sequence[str] = ()) -> Restored:
    """Put the project, or only *names* (datasets or paths), back as at *revision*.

    What is there and differs is first saved as a commit on ``refs/e2e/saved/TIME``, named in ``saved``; restoring that
    ref brings it back exactly. Notebooks that differ in outputs only stay as they are, unless they are named or it is
    such a ref that is restored. Files that came later are removed where git has them. Untracked data, ignored and
    private files are never touched. Where all is as at *revision* nothing happens and ``saved`` is None.

    Raises :class:`VersionNotFound` for an unknown revision, :class:`NotFound` for an unknown name.
    """
    repo = repository.of(project)
    target = repo.commit_id(revision)
    if target is None:
        raise _unknown_revision(repo, revision)
    state = working.read(repo)
    wanted = _paths(project, repo, state, target, [names] if isinstance(names, str) else names)
    ref = SAVED + datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    new = _new_code(repo, state)
    saved = hidden.write(repo, ref, _everything(repo, state, new), parent=state.head, durable=True,
                         message=f"Saved before restoring {revision}\n")  # fmt: skip
    kept = False
    try:
        differing = _differing(repo, saved, target, wanted)
        if wanted is None and not revision.startswith(SAVED):
            differing = _but_for_outputs(repo, differing)
        steps = _steps(repo, new, differing)
        kept = bool(steps.remove or steps.write)
    finally:
        if not kept:
            hidden.drop(repo, ref)
    if kept:
        with project.lock("restore"):
            _carry_out(repo, target, steps)
        project.changed()
    done = {*steps.remove, *steps.write}
    return Restored(
        revision=revision,
        files=tuple(sorted(repo.inside(path) or path for path in done)),
        datasets=_datasets(repo, [file for file in differing if file.path in done]),
        saved=ref if kept else None,
        notes=tuple(steps.notes),
    )


# ---- what is meant -------------------------------------------------------------------------------------------


def _paths(
    project: Project, repo: Repository, state: working.Working, target: str, names: Sequence[str]
) -> list[str] | None:
    """The repository paths that *names* stand for; None for the whole project."""
    if not names:
        return None
    tracked = set(repository.split(repo.run("ls-files", "-z", *repo.scope()).out))
    there = set(repository.split(repo.run("ls-tree", "-r", "-z", "--name-only", target, *repo.scope()).out))
    known = tracked | there | set(state.untracked) | set(working.hidden(repo, state, lock=False))
    return [path for name in names for path in _meant(project, repo, target, name, known)]


def _meant(project: Project, repo: Repository, target: str, name: str, known: set[str]) -> list[str]:
    records = [f"{repo.prefix}data/{stage}/{name}.json" for stage in STAGES]
    if known.intersection(records):
        return records
    inside = project.relative(Path(os.path.abspath(project.root / name)))
    if Path(inside).is_absolute() or inside == ".":
        raise UsageError(f"{name!r} lies outside the project {project.root}.", hint="name a dataset or a path in it")
    path = repo.prefix + inside
    if path in known or any(candidate.startswith(f"{path}/") for candidate in known):
        return [path]
    inner = [repo.inside(candidate) or candidate for candidate in known]
    meant = closest(name, [*(changes.name_of(path) for path in inner if selection.is_record(path)), *inner])
    raise NotFound(
        f"Neither a dataset nor a file {name!r} is known here or at that revision."
        + (f" Did you mean {meant!r}?" if meant else ""),
        hint=f"e2e restore {target[:10]} {shlex.quote(meant)}" if meant else "git ls-files",
    )


def _unknown_revision(repo: Repository, revision: str) -> VersionNotFound:
    recent = history.commits(repo, "--max-count", "5", *repo.scope())
    listed = "".join(f"\n  {raw.id[:7]} {raw.message.splitlines()[0] if raw.message else ''}" for raw in recent)
    return VersionNotFound(
        f"There is no revision {revision!r}." + (f" The newest commits are:{listed}" if listed else ""),
        hint=f"e2e restore {recent[0].id[:7]}" if recent else "e2e log",
    )


# ---- what there is -------------------------------------------------------------------------------------------


def _everything(repo: Repository, state: working.Working, new: set[str]) -> hidden.Tree:
    """The whole working state: tracked files as on disk, and new code files and records, outputs included."""
    tree = hidden.Tree()
    for change in state.changes:
        if change.mode:
            tree.files[change.path] = (change.mode, None)
        elif change.head:
            tree.removed.append(change.path)
    for path in new:
        mode = working.untracked_mode(repo, path)
        if mode:
            tree.files[path] = (mode, None)
    return tree


def _new_code(repo: Repository, state: working.Working) -> set[str]:
    """Code files and records that git does not track (or not any more)."""
    dropped = {change.path for change in state.changes if change.dropped}
    planned = plan.made(repo, state)
    return {*planned.new, *(dropped - set(planned.left_out))}


def _differing(repo: Repository, saved: str, target: str, wanted: list[str] | None) -> list[history.File]:
    scope = repo.scope() if wanted is None else ("--", *wanted)
    out = repo.run("diff-tree", "-r", "-z", "--raw", "--no-abbrev", "--no-renames", saved, target, *scope).out
    words = repository.split(out)
    found = []
    for facts, path in zip(words[0::2], words[1::2]):
        old_mode, new_mode, before, after, _ = facts.lstrip(":").split(" ")
        if "160000" in (old_mode, new_mode) or (repo.inside(path) or "").startswith(f"{HOME}/"):
            continue
        found.append(history.File(path, history.blob_or_none(before), history.blob_or_none(after)))
    return found


def _but_for_outputs(repo: Repository, differing: list[history.File]) -> list[history.File]:
    """Without the notebooks that differ in outputs only: one that is open in an editor is not changed beneath it."""
    books = [file for file in differing if file.path.endswith(".ipynb") and file.before and file.after]
    blobs = iter(repo.blobs(blob for file in books for blob in (file.before or "", file.after or "")))
    same = {
        file.path
        for file, before, after in zip(books, blobs, blobs)
        if before is not None and after is not None and notebooks.same(before, after)
    }
    return [file for file in differing if file.path not in same]


def _steps(repo: Repository, new: set[str], differing: list[history.File]) -> _Steps:
    steps = _Steps()
    unwatched = _unwatched(repo, differing)
    steps.notes += [
        f"{repo.inside(path)} is left as it is: it was changed, and git is told not to look (git ls-files -v)"
        for path in sorted(unwatched)
    ]
    differing = [file for file in differing if file.path not in unwatched]
    gone = [file for file in differing if file.after is None]
    in_history = _in_history(repo, [file for file in gone if file.path in new])
    for file in gone:
        if repo.inside(file.path) == SETTINGS:
            steps.notes.append(f"{SETTINGS} did not exist then and is kept")
        elif file.path not in new or file.path in in_history:
            steps.remove.append(file.path)
    leaving = set(steps.remove)
    for file in differing:
        if file.after is None:
            continue
        blocker = _in_the_way(repo, file, leaving)
        if blocker is None:
            steps.write.append(file.path)
        elif blocker != file.path or not _equal(repo, file):
            steps.notes.append(f"{repo.inside(file.path)} is left as it is: {repo.inside(blocker)} is not in git")
    return steps


def _unwatched(repo: Repository, files: list[history.File]) -> set[str]:
    """Files that were changed although git was told to take them for unchanged (``update-index --assume-unchanged``,
    ``--skip-worktree``): it does not show the change, so that it was not saved."""
    if not any(file.before for file in files):
        return set()
    listed = repository.split(repo.run("ls-files", "-v", "-z", *repo.scope()).out)  # a letter, a space, the path
    marked = {entry[2:] for entry in listed if entry[0] == "S" or entry[0].islower()}
    return {file.path for file in files if file.path in marked and _is_changed(repo, file)}


def _is_changed(repo: Repository, file: history.File) -> bool:
    full = repo.top / file.path
    if not os.path.lexists(full):
        return False
    return full.is_symlink() or not full.is_file() or hidden.blob_id(repo, file.path) != file.before


def _in_history(repo: Repository, files: list[history.File]) -> set[str]:
    """Those untracked files whose very content some commit has at that path: an earlier restore brought them."""
    if not files:
        return set()
    paths = [file.path for file in files]
    out = repo.run("log", "-z", "--raw", "--no-abbrev", "--no-renames", "--format=", "--diff-filter=AM", "--branches",
                   "--tags", "--remotes", "HEAD", "--", *paths, may_fail=True).out  # fmt: skip
    words = [word.lstrip("\n") for word in repository.split(out)]
    facts = itertools.pairwise(words)
    committed = {(path, line.split(" ")[3]) for line, path in facts if line.startswith(":") and line.count(" ") == 4}
    return {file.path for file in files if (file.path, file.before) in committed}


def _in_the_way(repo: Repository, file: history.File, leaving: set[str]) -> str | None:
    """What writing *file* would destroy without its having been saved: itself, a file where a folder must be, or
    something in a folder where the file must be."""
    full = repo.top / file.path
    for folder in PurePosixPath(file.path).parents:
        place = repo.top / folder
        if place == repo.top or folder.as_posix() in leaving:
            break
        if os.path.lexists(place) and (place.is_symlink() or not place.is_dir()):
            return folder.as_posix()
    if full.is_dir() and not full.is_symlink():
        for parent, _, names in os.walk(full):
            for name in names:
                inner = Path(parent, name).relative_to(repo.top).as_posix()
                if inner not in leaving:
                    return inner
        return None
    return file.path if file.before is None and os.path.lexists(full) else None


def _equal(repo: Repository, file: history.File) -> bool:
    full = repo.top / file.path
    return full.is_file() and not full.is_symlink() and hidden.blob_id(repo, file.path) == file.after


# ---- doing it ------------------------------------------------------------------------------------------------


def _carry_out(repo: Repository, target: str, steps: _Steps) -> None:
    for path in steps.remove:
        full = repo.top / path
        with writing(full):
            full.unlink(missing_ok=True)
            _prune(full.parent, repo.top / repo.prefix)
    for path in steps.write:
        full = repo.top / path
        if full.is_dir() and not full.is_symlink():  # all that was in it has been saved and removed
            for parent, _, _ in os.walk(full, topdown=False):
                Path(parent).rmdir()
    if steps.write:
        repo.run("restore", f"--source={target}", "--worktree", "--overlay", "--no-recurse-submodules",
                 "--pathspec-from-file=-", "--pathspec-file-nul", given=repository.lines(steps.write))  # fmt: skip


def _prune(folder: Path, root: Path) -> None:
    while folder != root and folder.is_relative_to(root):
        try:
            folder.rmdir()
        except OSError:  # not empty
            return
        folder = folder.parent


def _datasets(repo: Repository, files: list[history.File]) -> tuple[DatasetChange, ...]:
    records = [file for file in files if selection.is_record(repo.inside(file.path) or "")]
    blobs = [blob for file in records for blob in (file.before, file.after) if blob]
    outlines = {blob: changes.outline(content) for blob, content in zip(blobs, repo.blobs(blobs))}
    return changes.datasets(
        (file.path, outlines.get(file.before or ""), outlines.get(file.after or "")) for file in records
    )
