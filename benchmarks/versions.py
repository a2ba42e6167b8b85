"""Commits, pins and status on a repository of 5,000 files, beside git by hand."""

from __future__ import annotations

import os
import subprocess
from itertools import count
from pathlib import Path

from benchmarks.measure import Row, alone, both
from e2e_lab import project as projects
from e2e_lab import versioning


def measure(folder: Path) -> list[Row]:
    """The same change each time: one file edited."""
    ours, theirs = folder / "ours", folder / "theirs"
    for place in (ours, theirs):
        _repository(place)
    versioning.init(ours)
    project = projects.find(ours)
    versioning.commit(project, "all")
    number = count()

    def edit(place: Path) -> None:
        (place / "src" / "d7" / "m7.py").write_text(f"x = {next(number)}\n", "utf-8")

    def commit() -> None:
        edit(ours)
        versioning.commit(project, "one more")

    def by_hand() -> None:
        edit(theirs)
        _git(theirs, "add", "-A")
        _git(theirs, "commit", "-q", "-m", "one more")

    def pin() -> None:
        edit(ours)
        versioning.pin(project, f"k{next(number)}")

    def pin_by_hand() -> None:
        edit(theirs)
        index = theirs / ".git" / "pin-index"
        index.write_bytes((theirs / ".git" / "index").read_bytes())
        env = {"GIT_INDEX_FILE": str(index)}
        _git(theirs, "add", "-A", env=env)
        tree = _git(theirs, "write-tree", env=env)
        made = _git(theirs, "commit-tree", tree, "-p", "HEAD", "-m", "pin")
        _git(theirs, "update-ref", f"refs/pins/k{next(number)}", made)

    edit(ours)
    return [
        both("commit, 5,000 files", commit, "`git add -A`, `git commit`", by_hand, at_most=2.0, runs=11),
        both("hidden pin, 5,000 files", pin, "git plumbing by hand", pin_by_hand, at_most=1.5, runs=11),
        alone("what is not saved, 5,000 files", lambda: versioning.unsaved(project), at_most=0.1, runs=11),
    ]


def _repository(place: Path) -> None:
    for folder in range(50):
        (place / "src" / f"d{folder}").mkdir(parents=True)
        for number in range(100):
            (place / "src" / f"d{folder}" / f"m{number}.py").write_text(f"value = {folder * number}\n" * 20, "utf-8")
    _git(place, "init", "-q", "-b", "main")
    _git(place, "config", "user.name", "Ada")
    _git(place, "config", "user.email", "ada@example.org")
    _git(place, "add", "-A")
    _git(place, "commit", "-q", "-m", "first")


def _git(place: Path, *words: str, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        ["git", "-C", str(place), *words], check=True, capture_output=True, text=True, env=os.environ | (env or {})
    )
    return done.stdout.strip()
