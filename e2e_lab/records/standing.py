"""Where a project stands, and the chain behind any of its things."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Literal

from e2e_lab.records.record import Record, View
from e2e_lab.records.wording import Brief, middle, size

RoomState = Literal["clean", "unsaved", "running", "empty", "needs you"]

_SPEAK_FOR_THEMSELVES = ("stage", "shape", "status", "metrics", "params", "replay")
_ON_HOVER = ("ref", "hash", "bento")
_LONGEST = {"prediction": 16}


@dataclass(frozen=True, kw_only=True)
class Step(Record):
    """One link of a chain: a prediction, service, model, run, commit, cell, snapshot or source."""

    kind: str
    name: str
    facts: dict[str, str] = field(default_factory=dict)
    depth: int = 0

    def indented(self) -> Brief:
        """Kind and name, as far in as the link is from the beginning."""
        into = "  " * (self.depth - 1) + "└ " * bool(self.depth)
        return Brief(f"{into}{self.kind} {middle(self.name, _LONGEST.get(self.kind, 40))}", whole=self.name)

    def said(self) -> Brief:
        """The facts in one line; all of them, each with its label, are in ``whole``."""
        whole = "\n".join(f"{label}: {fact}" for label, fact in self.facts.items())
        return Brief(" · ".join(self._facts()), whole=whole)

    def _facts(self) -> Iterator[str]:
        for label, fact in self.facts.items():
            if label in _ON_HOVER or (label == "role" and "train rows" in self.facts):
                continue
            if label == "at":
                yield f"at {datetime.fromisoformat(fact).astimezone():%Y-%m-%d %H:%M:%S}"
            else:
                yield fact if label in _SPEAK_FOR_THEMSELVES else f"{label} {fact}"


@dataclass(frozen=True, kw_only=True)
class Trace(Record):
    """The chain behind something, from it back to the raw source; *missing* names links that could not be found."""

    subject: str
    steps: tuple[Step, ...] = ()
    missing: tuple[str, ...] = ()

    def view(self) -> View:
        rows = tuple((step.indented(), step.said()) for step in self.steps)
        notes = tuple(f"not found: {link}" for link in self.missing)
        return View(f"Behind {self.subject}", rows=rows, notes=notes)


@dataclass(frozen=True, kw_only=True)
class Room(Record):
    """One box of the workflow chart: its *state* is ``clean``, ``unsaved``, ``running``, ``empty`` or ``needs you``."""

    name: str
    state: RoomState
    summary: str
    next: str | None = None


@dataclass(frozen=True, kw_only=True)
class Status(Record):
    """Where the project stands in the flow, what is not safe yet, and the next step."""

    SIGNS: ClassVar[dict[str, str]] = {"clean": "●", "unsaved": "•", "running": "◐", "empty": "○", "needs you": "▲"}

    project: str
    path: str
    branch: str | None
    revision: int
    rooms: tuple[Room, ...] = ()
    unsaved: tuple[str, ...] = ()
    disk: int = 0
    next: str | None = None

    def view(self) -> View:
        title = " · ".join([self.project, *([self.branch] if self.branch else []), f"{size(self.disk)} stored"])
        rows = tuple((self.SIGNS[room.state], room.name, room.summary) for room in self.rooms)
        notes = (f"next: {self.next}",) if self.next else ()
        return View(title, rows=rows, notes=notes)
