"""Datasets, their versions, and what was done to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from e2e_lab.records.record import Listing, Record, View
from e2e_lab.records.wording import ago, plural, shape, size

STAGES = ("raw", "processed")


@dataclass(frozen=True, kw_only=True)
class Column(Record):
    """One column of a snapshot's schema; *type* is Arrow's name for it, ``int64`` or ``timestamp[ns, tz=UTC]``.

    *index* is True for a level of a pandas frame's index: kept with the rows, but not counted as a column.
    """

    name: str
    type: str
    nullable: bool
    index: bool = False


@dataclass(frozen=True, kw_only=True)
class Parent(Record):
    """A snapshot that another was made from. *inferred* says how it was found when nobody said so."""

    name: str
    version: int
    id: str
    inferred: str | None = None

    def __str__(self) -> str:
        return f"{self.name}@v{self.version}"


@dataclass(frozen=True, kw_only=True)
class Origin(Record):
    """Where something was made: a notebook or script (relative to the project) and the cell in it."""

    notebook: str | None = None
    cell: str | None = None


@dataclass(frozen=True, kw_only=True)
class VersionRef(Record):
    """Which version came before."""

    version: int
    id: str


@dataclass(frozen=True, kw_only=True)
class Snapshot(Record):
    """One immutable version of a dataset. What ``data/STAGE/NAME.json`` holds, plus how this call went.

    *bytes_stored*, *changed* and *notes* tell of the call that returned it and are not part of the record.
    """

    STORED: ClassVar[tuple[str, ...]] = (
        "id", "version", "previous", "rows", "schema", "parents", "source", "key", "message", "author", "time",
        "origin",
    )  # fmt: skip

    name: str
    stage: str
    id: str
    version: int
    previous: VersionRef | None = None
    rows: int
    schema: tuple[Column, ...]
    parents: tuple[Parent, ...] = ()
    source: str | None = None
    key: tuple[str, ...] = ()
    message: str | None = None
    author: str | None = None
    time: datetime
    origin: Origin = Origin()
    changed: bool = True
    saved: bool = True
    bytes_stored: int = 0
    notes: tuple[str, ...] = ()

    @property
    def ref(self) -> str:
        """``name@vN``."""
        return f"{self.name}@v{self.version}"

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in order, without the index."""
        return tuple(column.name for column in self.schema if not column.index)

    @property
    def as_parent(self) -> Parent:
        """How another snapshot, a run or a service names this one."""
        return Parent(name=self.name, version=self.version, id=self.id)

    def view(self) -> View:
        made = [f"from {self.source}"] if self.source else []
        if self.parents:
            made.append("made from " + ", ".join(str(parent) for parent in self.parents))
        if not self.saved:
            made.append("not saved")
        elif not self.changed:
            made.append("unchanged")
        elif self.bytes_stored:
            made.append(f"+{size(self.bytes_stored)}")
        title = " · ".join([self.ref, self.stage, shape(self.rows, len(self.columns)), *made])
        undo = ""
        if self.changed:
            undo = f"e2e restore {self.name}@v{self.previous.version}" if self.previous else f"e2e remove {self.name}"
        return View(title, notes=self.notes, undo=undo)


@dataclass(frozen=True, kw_only=True)
class Snapshots(Listing[Snapshot]):
    """Several snapshots made by one call."""

    def view(self) -> View:
        views = [snapshot.view() for snapshot in self.items]
        notes = tuple(note for view in views for note in view.notes)
        return View(plural(len(self.items), "snapshot"), rows=tuple((view.title,) for view in views), notes=notes)


@dataclass(frozen=True, kw_only=True)
class Loaded(Record):
    """A version that was loaded into a variable; *notes* name it."""

    ref: str
    stage: str
    rows: int
    columns: int
    notes: tuple[str, ...] = ()

    def view(self) -> View:
        return View(" · ".join([self.ref, self.stage, shape(self.rows, self.columns), *self.notes]))


@dataclass(frozen=True, kw_only=True)
class Dataset(Record):
    """A dataset as the project has it now, with the versions that can be named."""

    name: str
    stage: str
    current: Snapshot
    versions: int
    bytes: int
    saved: bool
    """Whether the record is committed to git as it is."""


@dataclass(frozen=True, kw_only=True)
class Datasets(Listing[Dataset]):
    """The project's datasets, raw before processed, by name."""

    def view(self) -> View:
        if not self.items:
            return View("No datasets yet.", notes=("e2e snapshot VARIABLE keeps a DataFrame.",))
        rows = tuple(
            (d.current.ref, d.stage, shape(d.current.rows, len(d.current.columns)), size(d.bytes),
             ago(d.current.time), "committed" if d.saved else "not committed")
            for d in self.items
        )  # fmt: skip
        title = plural(len(self.items), "dataset")
        return View(title, header=("dataset", "stage", "shape", "size", "made", "git"), rows=rows)


@dataclass(frozen=True, kw_only=True)
class Exported(Record):
    """A version written outside the store as one ordinary file."""

    ref: str
    path: str
    rows: int
    bytes: int

    def view(self) -> View:
        return View(f"{self.ref} → {self.path} · {self.rows:,} rows · {size(self.bytes)}")


@dataclass(frozen=True, kw_only=True)
class Renamed(Record):
    """A dataset that has another name now."""

    old: str
    new: str

    def view(self) -> View:
        return View(f"{self.old} is now {self.new}", undo=f"e2e rename {self.new} {self.old}")


@dataclass(frozen=True, kw_only=True)
class Removed(Record):
    """A dataset that left the current project; its versions stay in history and in the store."""

    name: str
    version: int
    stage: str

    def view(self) -> View:
        return View(
            f"{self.name} is no longer in the project; its versions are kept",
            undo=f"e2e restore {self.name}@v{self.version}",
        )
