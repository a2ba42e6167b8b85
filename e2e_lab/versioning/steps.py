"""What a restore has to do, worked out from git and the disk: what is meant, what there is, and why others stay.

Nothing here changes anything.
"""

from __future__ import annotations

import itertools
import os
import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from e2e_lab import storage
from e2e_lab.errors import NotFound, UsageError, VersionNotFound, closest
from e2e_lab.project import HOME, SETTINGS, Project
from e2e_lab.records import STAGES, DatasetChange
from e2e_lab.versioning import changes, hidden, history, notebooks, plan, repository, selection, working
from e2e_lab.versioning.repository import Repository

Entry = tuple[str, str]
"""A file in a tree: its mode and blob."""


@dataclass
class Steps:
    """What is to be done: repository paths to remove and to write, and why others stay."""

    remove: list[str] = field(default_factory=list)
    write: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


# ---- what is meant -------------------------------------------------------------------------------------------


def commit_meant(repo: Repository, revision: str) -> str:
    """The full id of the commit that *revision* names; :class:`VersionNotFound` lists the newest ones."""
    target = repo.commit_id(revision)
    if target is None:
        raise _unknown_revision(repo, revision)
    return target


def paths_meant(
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


def everything(repo: Repository, state: working.Working, new: set[str]) -> hidden.Tree:
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


def new_code(repo: Repository, state: working.Working) -> set[str]:
    """Code files and records that git does not track (or not any more)."""
    dropped = {change.path for change in state.changes if change.dropped}
    planned = plan.made(repo, state)
    return {*planned.new, *(dropped - set(planned.left_out))}


def differing_from(repo: Repository, saved: str, target: str, wanted: list[str] | None) -> list[history.File]:
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


def unsaved(repo: Repository, tree: hidden.Tree) -> dict[str, Entry | None]:
    """What *tree* has otherwise than HEAD, as it would be stored, which it is not; None for what is gone."""
    files = [path for path, (mode, _) in tree.files.items() if mode.startswith("100")]
    blobs = dict(zip(files, hidden.blob_ids(repo, files, store=False), strict=True))
    found: dict[str, Entry | None] = dict.fromkeys(tree.removed)
    for path, (mode, _) in tree.files.items():
        if mode == "120000":
            link = os.fsencode((repo.top / path).readlink())
            blobs[path] = repo.run("hash-object", "--stdin", given=link).out.decode("ascii").strip()
        if path in blobs:
            found[path] = (mode, blobs[path])
    return found


def would_differ(
    repo: Repository, head: str | None, unsaved: dict[str, Entry | None], target: str, wanted: list[str] | None
) -> list[history.File]:
    """As :func:`differing_from` for what would be saved now."""
    then = _tree(repo, target)
    now: dict[str, Entry | None] = {**(_tree(repo, head) if head else {}), **unsaved}
    found = []
    for path in sorted(now.keys() | then.keys()):
        before, after = now.get(path), then.get(path)
        inside = repo.inside(path)
        if before == after or inside is None or inside.startswith(f"{HOME}/"):
            continue
        if wanted is None or any(path == one or path.startswith(f"{one}/") for one in wanted):
            found.append(history.File(path, before and before[1], after and after[1]))
    return found


def _tree(repo: Repository, commit: str) -> dict[str, Entry]:
    """path → (mode, blob) of the project's files in a commit, without repositories in the repository."""
    listed = repository.split(repo.run("ls-tree", "-r", "-z", "--full-tree", commit, *repo.scope()).out)
    facts = ((path, *what.split(" ")) for what, _, path in (entry.partition("\t") for entry in listed))
    return {path: (mode, blob) for path, mode, kind, blob in facts if kind == "blob"}


def _stored(repo: Repository, files: list[history.File]) -> list[bytes | None]:
    """What files were before, from git."""
    return repo.blobs(file.before or "" for file in files)


def on_disk(repo: Repository, files: list[history.File]) -> list[bytes | None]:
    """What files are now, from the disk: git may not have it yet."""
    return [(repo.top / file.path).read_bytes() if (repo.top / file.path).is_file() else None for file in files]


Before = Callable[[Repository, list[history.File]], list[bytes | None]]


def but_for_outputs(repo: Repository, differing: list[history.File], read: Before = _stored) -> list[history.File]:
    """Without the notebooks that differ in outputs only: one that is open in an editor is not changed beneath it."""
    books = [file for file in differing if file.path.endswith(".ipynb") and file.before and file.after]
    same = {
        file.path
        for file, before, after in zip(books, read(repo, books), repo.blobs(file.after or "" for file in books))
        if before is not None and after is not None and notebooks.same(before, after)
    }
    return [file for file in differing if file.path not in same]


def made(repo: Repository, new: set[str], differing: list[history.File]) -> Steps:
    steps = Steps()
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


# ---- what becomes of it --------------------------------------------------------------------------------------


def datasets(repo: Repository, files: list[history.File], read: Before = _stored) -> tuple[DatasetChange, ...]:
    records = _records(repo, files)
    had = [file for file in records if file.before]
    before = {file.path: changes.outline(content) for file, content in zip(had, read(repo, had), strict=True)}
    return changes.datasets((file.path, before.get(file.path), after) for file, after in _then(repo, records))


def _records(repo: Repository, files: list[history.File]) -> list[history.File]:
    return [file for file in files if selection.is_record(repo.inside(file.path) or "")]


def _then(repo: Repository, records: list[history.File]) -> list[tuple[history.File, changes.Outline | None]]:
    contents = repo.blobs(file.after for file in records if file.after)
    found = iter(contents)
    return [(file, changes.outline(next(found)) if file.after else None) for file in records]


def not_here(project: Project, repo: Repository, files: list[history.File]) -> list[str]:
    return [
        f"{changes.name_of(file.path)}@v{then.version} is not stored here: only its record comes back"
        for file, then in _then(repo, _records(repo, files))
        if then and not storage.is_stored(project, then.id)
    ]


def inside(repo: Repository, paths: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(repo.inside(path) or path for path in paths))
