"""Commits of code and data together, and the way back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from e2e_lab.records.record import Listing, Record, View
from e2e_lab.records.wording import Brief, ago, plural


@dataclass(frozen=True, kw_only=True)
class Initialised(Record):
    """A project that was made or completed; *created* names the files and settings that were not there before."""

    path: str
    name: str
    created: tuple[str, ...] = ()

    def view(self) -> View:
        if not self.created:
            return View(f"Project {self.name} · in {self.path} · all in place")
        title = f"Project {self.name} · in {self.path} · created {', '.join(self.created)}"
        return View(title, notes=("next: e2e snapshot VARIABLE",))


@dataclass(frozen=True, kw_only=True)
class DatasetChange(Record):
    """What a commit did to a dataset: *before* and *after* are version numbers, None where it was not there.

    *change* says it in words, as far as both records tell: ``+1 column · −3 rows``.
    """

    name: str
    before: int | None
    after: int | None
    change: str = ""

    def __str__(self) -> str:
        if self.after is None:
            return f"{self.name} removed"
        return f"{self.name}@v{self.after}" if self.before is None else f"{self.name} v{self.before}→v{self.after}"


@dataclass(frozen=True, kw_only=True)
class Commit(Record):
    """A git commit of code and records together. *id* is git's; *left_out* names what was not put into it.

    *first*: it is the first of its branch, which is undone in another way.
    """

    id: str
    message: str
    author: str
    time: datetime
    branch: str | None = None
    files: tuple[str, ...] = ()
    datasets: tuple[DatasetChange, ...] = ()
    left_out: tuple[str, ...] = ()
    changed: bool = True
    first: bool = False
    notes: tuple[str, ...] = ()

    @property
    def short(self) -> str:
        """The first seven digits, as git shows them."""
        return self.id[:7]

    def view(self) -> View:
        if not self.changed:
            as_in = f"{self.short} “{self.message.splitlines()[0]}”"
            return View(f"Nothing to commit: all is as in {as_in}", notes=self.notes)
        code = [f for f in self.files if not f.endswith(".json") or "data/" not in f]
        what = [plural(len(code), "file")] if code else []
        what += [str(change) for change in self.datasets]
        title = " · ".join([f"{self.short} “{self.message.splitlines()[0]}”", *what])
        notes = self.notes
        if self.left_out:
            more = f" and {len(self.left_out) - 8:,} more" if len(self.left_out) > 8 else ""
            notes = (*notes, "left out: " + ", ".join(self.left_out[:8]) + more)
        return View(title, notes=notes, undo="git update-ref -d HEAD" if self.first else "git reset --soft HEAD~1")


@dataclass(frozen=True, kw_only=True)
class History(Listing[Commit]):
    """Commits, newest first, with what each did to the data."""

    def view(self) -> View:
        if not self.items:
            return View("No commits yet.", notes=('e2e commit -m "first data" makes one.',))
        rows = tuple(
            (Brief(c.short, whole=c.id), ago(c.time), c.message.splitlines()[0] if c.message else "",
             ", ".join(str(d) for d in c.datasets), c.author)
            for c in self.items
        )  # fmt: skip
        title = plural(len(self.items), "commit")
        return View(title, header=("commit", "when", "message", "data", "author"), rows=rows)


@dataclass(frozen=True, kw_only=True)
class Restored(Record):
    """Files and records that are again as they were; *saved* is the ref that keeps what they replaced."""

    revision: str
    files: tuple[str, ...] = ()
    datasets: tuple[DatasetChange, ...] = ()
    saved: str | None = None
    notes: tuple[str, ...] = ()

    def view(self) -> View:
        revision = self.revision[:7] if re.fullmatch("[0-9a-f]{40}", self.revision) else self.revision
        if not self.files:
            return View(f"All is as in {revision} already", notes=self.notes)
        what = [str(change) for change in self.datasets] or [plural(len(self.files), "file")]
        undo = f"e2e restore {self.saved}" if self.saved else ""
        return View(f"As in {revision} · " + ", ".join(what), notes=self.notes, undo=undo)


@dataclass(frozen=True, kw_only=True)
class Pin(Record):
    """The exact code of a moment: a commit on a hidden ref, and the hash of the environment lock in it."""

    commit: str
    ref: str
    environment: str
