"""The tables of the user's namespace as the front end shows them: only what is cheap to know, and nothing imported."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from e2e_lab.errors import E2EError
from e2e_lab.project import Project
from e2e_lab.records import Parent, Snapshot
from e2e_lab.records.kernels import Ask, Frame, FrameKind, KernelFrames
from e2e_lab.workspace import across
from e2e_lab.workspace.session import Provenance, Session, came_from, looks_different, suggested_name

MOST = 200
_KINDS: Mapping[FrameKind, tuple[str, str]] = {
    "pandas": ("pandas", "DataFrame"), "polars": ("polars", "DataFrame"), "arrow": ("pyarrow", "Table"),
}  # fmt: skip
_WIDE = 500
"""Columns; beyond, even adding up their sizes takes its time."""


@dataclass
class Board:
    """What the front end was shown last, so that only what has changed is worked out again."""

    session: Session
    shown: KernelFrames = field(default_factory=lambda: KernelFrames(project=None, total=0, frames=()))
    _known: dict[str, tuple[tuple[object, ...], Frame]] = field(default_factory=dict)
    _was: dict[str, Parent] = field(default_factory=dict)
    """The version that each name was seen to hold last."""
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def look(self) -> KernelFrames:
        """The tables there are now, last assigned first."""
        with self._lock:  # a page may ask from another thread
            return self._look()

    def _look(self) -> KernelFrames:
        session = self.session
        found = list(_tables(session.variables()))
        found.sort(key=lambda one: session.flow.last_assigned(one[0]), reverse=True)
        project = _project(session)
        kept: dict[str, tuple[tuple[object, ...], Frame]] = {}
        for name, kind, table in found[:MOST]:
            state = self._state(name, table, project)
            before = self._known.get(name)
            same = before if before is not None and before[0] == state else None
            kept[name] = same or (state, self._frame(name, kind, table, project))
        self._known = kept
        self.shown = KernelFrames(
            project=str(project.root) if project else None,
            total=len(found),
            frames=tuple(frame for _, frame in kept.values()),
        )
        return self.shown

    def _state(self, name: str, table: Any, project: Project | None) -> tuple[object, ...]:
        """What a frame's line depends on."""
        version, still = self.session.version_of(table)
        revision = project.revision if project else 0
        return id(table), _extent(table), self.session.flow.last_assigned(name), version, still, revision

    def _frame(self, name: str, kind: FrameKind, table: Any, project: Project | None) -> Frame:
        version, still = self.session.version_of(table)
        came = came_from(table, self.session, project) if project else Provenance()
        was = version or self._earlier(name, came)
        if was is not None:
            self._was[name] = was
        line = _line(name, table, project, was, came)
        rows, columns = _extent(table)
        saved = version is not None and still
        return Frame(
            name=name, kind=kind, rows=rows, columns=columns, bytes=_bytes(kind, table),
            state="saved" if saved else "changed" if was else "new", ref=str(was) if was else None,
            dataset=line.dataset, stage=line.stage, asks=line.asks, magic=line.magic,
            made_from=None if saved else _words(came),
        )  # fmt: skip

    def _earlier(self, name: str, came: Provenance) -> Parent | None:
        """The version that the name held last, where its table was made from that one."""
        was = self._was.pop(name, None)
        return was if was and any((p.name, p.version) == (was.name, was.version) for p in came.parents) else None


def _project(session: Session) -> Project | None:
    try:
        return session.project()
    except (E2EError, OSError):
        return None


def _tables(variables: Mapping[str, Any]) -> Iterator[tuple[str, FrameKind, Any]]:
    """The tables among *variables*; a library that was not imported has made none."""
    kinds = [
        (kind, getattr(sys.modules[module], name, None))
        for kind, (module, name) in _KINDS.items()
        if module in sys.modules
    ]
    for name, value in variables.items():
        for kind, cls in kinds:
            if isinstance(cls, type) and isinstance(value, cls):
                yield name, kind, value


def _extent(table: Any) -> tuple[int, int]:
    rows, columns = table.shape
    return int(rows), int(columns)


def _bytes(kind: FrameKind, table: Any) -> int | None:
    """The memory that a table takes, as its parts say; text that pandas keeps as Python objects is not counted."""
    if table.shape[1] > _WIDE:
        return None
    try:
        if kind == "pandas":
            return int(table.memory_usage(index=False, deep=False).sum())
        return int(table.estimated_size()) if kind == "polars" else int(table.nbytes)
    except Exception:  # a subclass with a mind of its own: its size is a detail
        return None


def _words(came: Provenance) -> str | None:
    return ", ".join(map(str, came.parents)) or came.source


# ---- the line that saves it ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """The line that saves a table, and what a person must say before it is ready."""

    dataset: str | None
    stage: str | None
    asks: tuple[Ask, ...]
    magic: str


def _line(name: str, table: Any, project: Project | None, was: Parent | None, came: Provenance) -> Line:
    dataset = was.name if was else suggested_name(name) or _from_source(came)
    now = across.current(project, dataset) if project and dataset else None
    asks: list[Ask] = []
    if dataset is None or (now and project and not was and not _goes_on(now, name, table, project, came)):
        asks.append("name")
    stage = now.stage if now and not asks else _stage(came)
    if stage is None:
        asks.append("stage")
    words = [f"%e2e snapshot {name}"]
    if "name" in asks or dataset != name:
        words.append(f"--as {dataset or 'NAME'}")
    if stage is None:
        words.append("--stage raw")
    return Line(dataset, stage, tuple(asks), " ".join(words))


def _goes_on(now: Snapshot, name: str, table: Any, project: Project, came: Provenance) -> bool:
    """Whether a table is the next version of the dataset *now*, and not another one that would get its name."""
    if now.name == name:
        return not looks_different(now, table, project)
    return now.source is not None and now.source == came.source


def _from_source(came: Provenance) -> str | None:
    """The name of the file that a table was read from, as far as a dataset may have it."""
    if not came.source or came.derived or " " in came.source:
        return None
    stem = Path(came.source.rstrip("/")).name.split(".")[0]
    kept = "".join(letter if letter.isalnum() or letter in "_-" else "_" for letter in stem).strip("_-")
    return suggested_name(kept) if kept else None


def _stage(came: Provenance) -> str | None:
    if came.parents or came.derived:
        return "processed"
    return "raw" if came.source else None
