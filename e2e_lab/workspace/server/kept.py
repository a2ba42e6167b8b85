"""Answers that are kept while what they were read from has not changed."""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from e2e_lab.project import Project
from e2e_lab.records import STAGES

T = TypeVar("T")
_MOST = 64


@dataclass
class Kept:
    """The last answers, by what was asked; those of the longest ago are let go."""

    _answers: OrderedDict[Hashable, tuple[Hashable, Any]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, asked: Hashable, state: Hashable, make: Callable[[], T]) -> T:
        """The answer kept for *asked* while *state* is what it was then, else what *make* gives now."""
        with self._lock:
            found = self._answers.get(asked)
            if found is not None and found[0] == state:
                self._answers.move_to_end(asked)
                return found[1]  # type: ignore[no-any-return]
        made = make()
        with self._lock:
            self._answers[asked] = (state, made)
            while len(self._answers) > _MOST:
                self._answers.popitem(last=False)
        return made

    def drop(self, asked: Hashable) -> None:
        """Forget the answer kept for *asked*."""
        with self._lock:
            self._answers.pop(asked, None)


def records_state(project: Project) -> Hashable:
    """What changes whenever a record or the journal does, also by git or by hand: a few milliseconds for thousands."""
    seen: list[tuple[str, int, int]] = []
    for stage in STAGES:
        try:
            with os.scandir(project.root / "data" / stage) as entries:
                for entry in entries:
                    stat = entry.stat()
                    seen.append((entry.name, stat.st_mtime_ns, stat.st_size))
        except OSError:
            continue
    return revision(project), tuple(sorted(seen))


def revision(project: Project) -> int:
    """A number that grows with every change, also with a commit, switch or reset by another program: a few ``stat``."""
    return max(project.revision, _git_moved(project.root))


def _git_moved(folder: Path) -> int:
    """When git last moved HEAD there, by its log of that; 0 where it keeps none."""
    for one in (folder, *folder.parents):
        marker = one / ".git"
        try:
            if marker.is_file():  # of a linked worktree or a submodule: it names the folder
                marker = one / marker.read_text("utf-8").removeprefix("gitdir:").strip()
            elif not marker.is_dir():
                continue
            return (marker / "logs" / "HEAD").stat().st_mtime_ns
        except (OSError, UnicodeDecodeError):
            return 0
    return 0


def seconds(length: float) -> int:
    """A number that is another one every *length* seconds."""
    return int(time.monotonic() / length)
