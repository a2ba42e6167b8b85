"""What the panels of the front end are told: listings in pages, windows of rows, profiles, differences, graphs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from e2e_lab.records.data import Origin, Parent, VersionRef
from e2e_lab.records.record import Record
from e2e_lab.records.standing import Status

Cell = str | int | float | bool | None
"""One value of a table as JSON can carry it: what JSON has no word for is text."""

CellKind = Literal["number", "time", "text", "bool", "other"]
NodeKind = Literal["source", "snapshot", "run", "model", "service", "prediction", "commit", "cells", "file"]
SchemaChangeKind = Literal["added", "removed", "type", "moved"]


@dataclass(frozen=True, kw_only=True)
class Page(Record):
    """A part of a listing: *total* counts all there is, *offset* what was passed over."""

    total: int
    limit: int
    offset: int


# ---- projects ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class ServerStatus(Status):
    """Where the project stands, with what the server knows of itself.

    *version* is the server's e2e-lab, *root* the folder it shows, *folder* the project's under it (None above it).
    """

    version: str
    root: str
    folder: str | None
    writable: bool
    git: bool


@dataclass(frozen=True, kw_only=True)
class Revision(Record):
    """A number that grows with every change of the project; None outside a project."""

    revision: int | None


@dataclass(frozen=True, kw_only=True)
class KernelCheck(Record):
    """Whether the Python of a kernel has this e2e-lab: its *version* there, None where it has none.

    *install* is the line that mends it.
    """

    kernel: str
    version: str | None
    match: bool
    install: str


@dataclass(frozen=True, kw_only=True)
class ProjectEntry(Record):
    """A project under the server's root; *path* is relative to it."""

    path: str
    name: str


@dataclass(frozen=True, kw_only=True)
class ProjectPage(Page):
    """The projects under the server's root, by path; *root* is that folder, *version* the server's e2e-lab."""

    root: str
    version: str
    items: tuple[ProjectEntry, ...]


# ---- datasets and versions -----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class DatasetEntry(Record):
    """A dataset in a listing. *bytes* are those of all its versions; *saved*: git has the record as it is."""

    name: str
    stage: str
    version: int
    ref: str
    id: str
    rows: int
    columns: int
    bytes: int
    versions: int
    time: datetime
    author: str | None
    message: str | None
    source: str | None
    key: tuple[str, ...]
    saved: bool


@dataclass(frozen=True, kw_only=True)
class DatasetPage(Page):
    """Datasets, raw before processed, by name."""

    items: tuple[DatasetEntry, ...]


@dataclass(frozen=True, kw_only=True)
class VersionEntry(Record):
    """A version in a timeline. *selector* names it in addresses; *change* is what it did to the one before, in words.

    *stored*: its bytes are on this machine; *bytes* were written for it, None where they are not here.
    """

    name: str
    stage: str
    version: int
    ref: str
    selector: str
    id: str
    time: datetime
    author: str | None
    message: str | None
    rows: int
    columns: int
    bytes: int | None
    key: tuple[str, ...]
    parents: tuple[Parent, ...]
    source: str | None
    origin: Origin
    previous: VersionRef | None
    stored: bool
    current: bool
    change: str


@dataclass(frozen=True, kw_only=True)
class VersionPage(Page):
    """The versions of a dataset, newest first."""

    items: tuple[VersionEntry, ...]


@dataclass(frozen=True, kw_only=True)
class SchemaChange(Record):
    """A column that one version has and the other has not, or has otherwise; *before* and *after* are its types."""

    name: str
    change: SchemaChangeKind
    before: str | None
    after: str | None


@dataclass(frozen=True, kw_only=True)
class VersionDiff(Record):
    """What differs between two versions, by their records: schema, numbers of rows and columns, bytes stored.

    *bytes* are those that the versions after *a*, up to *b*, added to the store; None where *b* is not after *a*.
    """

    a: VersionEntry
    b: VersionEntry
    same: bool
    schema: tuple[SchemaChange, ...]
    rows: int
    columns: int
    bytes: int | None
    summary: str


@dataclass(frozen=True, kw_only=True)
class CellOrigin(Record):
    """A version and the cell of a notebook that made it."""

    cell: str
    ref: str
    name: str
    version: int
    rows: int
    columns: int
    time: datetime


@dataclass(frozen=True, kw_only=True)
class Origins(Record):
    """The versions that the cells of one notebook made, newest first."""

    items: tuple[CellOrigin, ...]


# ---- rows and columns ----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class GridColumn(Record):
    """A column of a window of rows; *index*: a level of a pandas frame's index."""

    name: str
    type: str
    kind: CellKind
    index: bool


@dataclass(frozen=True, kw_only=True)
class Rows(Record):
    """A window of a version's rows: *cells* holds one tuple a column, from row *offset* on, of *total* rows."""

    ref: str
    id: str
    total: int
    offset: int
    columns: tuple[GridColumn, ...]
    cells: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, kw_only=True)
class TopValue(Record):
    """A value and how many rows have it."""

    value: Cell
    count: int


@dataclass(frozen=True, kw_only=True)
class ColumnProfile(Record):
    """What is in a column: nulls, distinct values, range; a histogram of equal widths, or the most frequent values."""

    name: str
    type: str
    kind: CellKind
    index: bool
    nullable: bool
    nulls: int
    distinct: int | None
    low: Cell
    high: Cell
    mean: float | None
    counts: tuple[int, ...]
    top: tuple[TopValue, ...]


@dataclass(frozen=True, kw_only=True)
class Columns(Record):
    """The profiles of some of a version's columns, in their order."""

    ref: str
    id: str
    rows: int
    items: tuple[ColumnProfile, ...]


# ---- lineage -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class GraphNode(Record):
    """One thing in a graph; *depth*: 0 for what was asked for, less for its origins, more for what came of it."""

    id: str
    kind: NodeKind
    name: str
    detail: str
    ref: str | None
    depth: int


@dataclass(frozen=True, kw_only=True)
class GraphEdge(Record):
    """Data went from *source* to *target*; *inferred*: nobody said so, the session's cells suggest it."""

    source: str
    target: str
    inferred: bool


@dataclass(frozen=True, kw_only=True)
class Graph(Record):
    """What came from what around one version; *missing* names what could not be asked."""

    focus: str
    nodes: tuple[GraphNode, ...]
    edges: tuple[GraphEdge, ...]
    missing: tuple[str, ...]


# ---- what the panels send ------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class InitWish(Record):
    """The folder that is to be a project, under the server's root."""

    path: str


@dataclass(frozen=True, kw_only=True)
class RenameWish(Record):
    """The name that a dataset is to have."""

    new: str


@dataclass(frozen=True, kw_only=True)
class RestoreWish(Record):
    """The version that is to be the current one again."""

    selector: str
