"""How the working tree differs from HEAD: one ``git status``, read once, asked many things."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from e2e_lab.errors import GitError
from e2e_lab.records import STAGES
from e2e_lab.versioning import notebooks, selection
from e2e_lab.versioning.repository import Repository, split

LOCK = "requirements.lock"
_GONE = "000000"


@dataclass(frozen=True, slots=True)
class Change:
    """A tracked file that is not as in HEAD. *head* is its blob there (None: not there); *mode* is empty where the
    file is gone from index or disk; *staged* where the index differs from HEAD; *dropped* where the file was taken
    out of the index by hand and still lies on disk."""

    path: str
    head: str | None
    mode: str
    staged: bool = False
    dropped: bool = False


@dataclass(frozen=True, slots=True)
class Working:
    """The working tree against HEAD; paths are relative to the repository's top.

    *branch* is None where HEAD is detached, *head* None on a branch without a commit. *untracked* leaves out what
    ignore rules hide and what tools made.
    """

    head: str | None
    branch: str | None
    changes: tuple[Change, ...]
    untracked: tuple[str, ...]
    unmerged: tuple[str, ...]


def read(repository: Repository, *, everywhere: bool = False) -> Working:
    """The state of the project's folder, or of the whole repository (*everywhere*). Takes no lock."""
    submodules = "all" if everywhere else "dirty"
    words = ("status", "--porcelain=v2", "--branch", "--no-ahead-behind", "-z", "--no-renames",
             "--untracked-files=all", f"--ignore-submodules={submodules}")  # fmt: skip
    scope = () if everywhere else repository.scope()
    said = split(repository.run(*words, *scope, env={"GIT_OPTIONAL_LOCKS": "0"}).out)
    head: str | None = None
    branch: str | None = None
    changes: list[Change] = []
    untracked: list[str] = []
    unmerged: list[str] = []
    for entry in said:
        kind, _, rest = entry.partition(" ")
        if kind == "?" and not rest.endswith("/"):  # with a slash: a repository of its own
            untracked.append(rest)
        elif kind == "1":
            changes.append(_change(repository.top, rest))
        elif kind == "u":
            path = rest.split(" ", 9)[9]
            unmerged.append(path)
            changes.append(Change(path, None, _mode(repository.top / path)))
        elif entry.startswith("# branch.oid ") and not entry.endswith("(initial)"):
            head = entry.removeprefix("# branch.oid ")
        elif entry.startswith("# branch.head ") and not entry.endswith("(detached)"):
            branch = entry.removeprefix("# branch.head ")
    code = tuple(selection.without_scratch(untracked))
    return Working(head, branch, tuple(changes), code, tuple(unmerged))


def _change(top: Path, rest: str) -> Change:
    state, _, _, _, mode, head, _, path = rest.split(" ", 7)
    gone = mode == _GONE
    dropped = gone and state[0] == "D" and os.path.lexists(top / path)
    return Change(path, None if set(head) == {"0"} else head, "" if gone else mode, state[0] != ".", dropped)


def _mode(path: Path) -> str:
    if path.is_symlink():
        return "120000"
    if not path.exists():
        return ""
    return "100755" if os.access(path, os.X_OK) else "100644"


def untracked_mode(repository: Repository, path: str) -> str:
    """The mode that git would give an untracked file; empty where it is gone."""
    return _mode(repository.top / path)


def noise(repository: Repository, changes: Iterable[Change]) -> set[str]:
    """The notebooks among *changes* that differ from HEAD in outputs, counts or ephemeral metadata only."""
    candidates = [c for c in changes if c.path.endswith(".ipynb") and c.head and c.mode not in ("", "120000")]
    before = repository.blobs(c.head or "" for c in candidates)
    quiet = set()
    for change, old in zip(candidates, before, strict=True):
        try:
            new = (repository.top / change.path).read_bytes()
        except OSError:
            continue  # gone since git looked: a real change
        if old is not None and notebooks.same(old, new):
            quiet.add(change.path)
    return quiet


def records_on_disk(repository: Repository) -> list[str]:
    """Where records lie now, relative to the repository's top."""
    root = repository.top / repository.prefix
    return [
        f"{repository.prefix}data/{stage}/{entry.name}"
        for stage in STAGES
        for entry in sorted((root / "data" / stage).glob("*.json"))
    ]


def hidden(repository: Repository, working: Working, *, lock: bool = True) -> list[str]:
    """Records (and the environment lock) that git neither tracks nor shows, because an ignore rule hides them."""
    known = {change.path for change in working.changes} | set(working.untracked)
    candidates = [path for path in records_on_disk(repository) if path not in known]
    if lock and (repository.top / repository.prefix / LOCK).exists() and repository.prefix + LOCK not in known:
        candidates.append(repository.prefix + LOCK)
    return list(repository.ignored(candidates))


def small(repository: Repository, path: str) -> bool:
    """Whether an untracked file is small enough to be code; notebooks count without their outputs."""
    full = repository.top / path
    try:
        size = full.lstat().st_size
        if size < selection.LIMIT:
            return True
        if not path.endswith(".ipynb") or size >= selection.NOTEBOOK_LIMIT:
            return False
        return len(notebooks.stripped(full.read_bytes())) < selection.LIMIT
    except OSError:
        return False


def refuse_in_between(repository: Repository, working: Working) -> None:
    """:class:`GitError` while a merge, cherry-pick or revert waits to be finished."""
    for mark, what in (("MERGE_HEAD", "merge"), ("CHERRY_PICK_HEAD", "cherry-pick"), ("REVERT_HEAD", "revert")):
        if (repository.folder / mark).exists():
            conflicts = f" ({', '.join(working.unmerged[:5])} in conflict)" if working.unmerged else ""
            raise GitError(
                f"A {what} is in progress{conflicts}.",
                hint=f"finish it with: git commit, or give it up with: git {what} --abort",
            )
    if working.unmerged:
        raise GitError(
            f"These files are in conflict: {', '.join(working.unmerged[:5])}.",
            hint="mend them, then: git add FILE",
        )
