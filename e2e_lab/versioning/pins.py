"""The exact code of a moment, kept on a hidden ref: what a run is pinned to, and how it is read back."""

from __future__ import annotations

import hashlib
import json
import re
from concurrent.futures import ThreadPoolExecutor

from e2e_lab.errors import GitError, UsageError, VersionNotFound
from e2e_lab.project import Project
from e2e_lab.records import FORMAT, Pin, Trail
from e2e_lab.versioning import hidden, notebooks, repository, selection, working
from e2e_lab.versioning.installed import environment
from e2e_lab.versioning.repository import Repository

RUNS = "refs/e2e/runs/"
CELLS = ".e2e-run/cells.json"
LOCK = ".e2e-run/requirements.lock"
GENERATORS = ".e2e-run/generators.json"

_KEEP = 512
_cleaned: dict[str, bytes | None] = {}
_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}")


def pin(project: Project, key: str, *, trail: Trail = Trail()) -> Pin:  # noqa: B008 (immutable)
    """Keep the code as it is now as a commit on ``refs/e2e/runs/KEY``.

    In it: tracked files as they are on disk, untracked source files of the project, notebooks without outputs, the
    sources of the cells and the states of the generators in *trail*, and the environment lock; never private files.
    Index, branch and reflog stay as they are; no identity is needed. ``Pin.environment`` is the SHA-256 of the lock.
    May be called from any thread.
    """
    if not _KEY.fullmatch(key) or ".." in key or key.endswith((".", ".lock")):
        raise UsageError(f"{key!r} cannot name a pin: letters, digits, _ . and -.")
    repo = repository.of(project)
    try:
        return _pinned(repo, key, trail)
    except (GitError, FileNotFoundError):  # the user goes on meanwhile: a file may go between looking and reading
        return _pinned(repo, key, trail)


def _pinned(repo: Repository, key: str, trail: Trail) -> Pin:
    with ThreadPoolExecutor(1) as beside:  # two git processes at once: a pin is made before every run
        special = beside.submit(_special, repo)
        state = working.read(repo, everywhere=True)
        tree = _tree(repo, state, special.result())
    lock = environment().encode()
    ran = {"format": FORMAT, "notebook": trail.notebook, "cell": trail.cell, "cells": list(trail.cells)}
    tree.files[repo.prefix + CELLS] = ("100644", json.dumps(ran, ensure_ascii=False, indent=1).encode(errors="replace"))
    tree.files[repo.prefix + LOCK] = ("100644", lock)
    if trail.generators:
        tree.files[repo.prefix + GENERATORS] = ("100644", json.dumps(trail.generators).encode())
    ref = RUNS + key
    commit = hidden.write(repo, ref, tree, parent=state.head, message=f"Pin of {key}\n")
    return Pin(commit=commit, ref=ref, environment=hashlib.sha256(lock).hexdigest())


def pinned_cells(project: Project, commit: str) -> tuple[str, ...]:
    """The sources of the cells that had run when *commit* was pinned, in order."""
    ran = json.loads(pinned_file(project, commit, CELLS))
    return tuple(ran["cells"])


def pinned_file(project: Project, commit: str, path: str) -> bytes:
    """A file of the project as it was pinned, notebooks without outputs. :class:`VersionNotFound` where it is not."""
    repo = repository.of(project)
    content = repo.blobs([f"{commit}:{repo.prefix}{path}"])[0]
    if content is None:
        raise VersionNotFound(f"There is no {path} in {commit[:12]} on this machine.", hint="e2e runs")
    return content


def _tree(repo: Repository, state: working.Working, special: list[tuple[str, str, str]]) -> hidden.Tree:
    tree = hidden.Tree()
    changed = {change.path for change in state.changes}
    tree.removed += [path for path, _, _ in special if selection.is_private(path)]
    committed = [
        (path, mode, blob)
        for path, mode, blob in special
        if path.endswith(".ipynb") and path not in changed and not selection.is_private(path)
    ]
    clean = _clean(repo, [blob for _, _, blob in committed])
    for path, mode, blob in committed:
        content = clean[blob]
        if content is not None:
            tree.files[path] = (mode, content)
    for change in state.changes:
        if not change.mode or selection.is_private(change.path):
            if change.head:
                tree.removed.append(change.path)
        else:
            _put(repo, tree, change.path, change.mode)
    for path in state.untracked:
        inside = repo.inside(path)
        if inside and selection.is_source(inside) and working.small(repo, path):
            mode = working.untracked_mode(repo, path)
            if mode:
                _put(repo, tree, path, mode)
    return tree


def _put(repo: Repository, tree: hidden.Tree, path: str, mode: str) -> None:
    notebook = path.endswith(".ipynb") and mode != "120000"
    tree.files[path] = (mode, notebooks.stripped((repo.top / path).read_bytes()) if notebook else None)


def _special(repo: Repository) -> list[tuple[str, str, str]]:
    """Tracked notebooks and private files: path, mode, blob."""
    patterns = [f"*{pattern}" for pattern in (".ipynb", *selection.PRIVATE)]
    found = []
    for entry in repository.split(repo.run("ls-files", "-s", "-z", "--", *patterns, globs=True).out):
        facts, _, path = entry.partition("\t")
        mode, blob, stage = facts.split(" ")
        if stage == "0":
            found.append((path, mode, blob))
    return found


def _clean(repo: Repository, blobs: list[str]) -> dict[str, bytes | None]:
    """Committed notebooks without outputs, by blob; None for those that have none. Each is read once a process."""
    unknown = [blob for blob in dict.fromkeys(blobs) if blob not in _cleaned]
    for blob, content in zip(unknown, repo.blobs(unknown)):
        clean = content if content is None else notebooks.stripped(content)
        if len(_cleaned) >= _KEEP:
            _cleaned.clear()
        _cleaned[blob] = None if clean == content else clean
    return {blob: _cleaned.get(blob) for blob in blobs}
