"""What a kernel and the front end tell each other about the notebook: its tables, its path, the versions it made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from e2e_lab.records.record import Record

FrameKind = Literal["pandas", "polars", "arrow"]
FrameState = Literal["new", "saved", "changed"]
Ask = Literal["name", "stage"]


@dataclass(frozen=True, kw_only=True)
class Frame(Record):
    """A table in the kernel, by what is cheap to know, and the line that saves it.

    *state* is ``saved`` where this very object was saved as (or loaded from) *ref*, ``changed`` where it was and the
    cells have changed it since. *asks* names what a person must say first; *dataset* is then a suggestion, or None.
    """

    name: str
    kind: FrameKind
    rows: int
    columns: int
    bytes: int | None
    state: FrameState
    ref: str | None
    dataset: str | None
    stage: str | None
    asks: tuple[Ask, ...]
    magic: str
    made_from: str | None


@dataclass(frozen=True, kw_only=True)
class KernelFrames(Record):
    """The tables of the notebook, last assigned first; *total* counts also those that are left out."""

    type: Literal["frames"] = "frames"
    project: str | None
    total: int
    frames: tuple[Frame, ...]


@dataclass(frozen=True, kw_only=True)
class KernelHello(Record):
    """The library in the kernel: its version, and whether that is the front end's; *install* mends it where not."""

    type: Literal["hello"] = "hello"
    version: str
    format: int
    python: str
    install: str
    project: str | None
    match: bool


@dataclass(frozen=True, kw_only=True)
class MadeVersion(Record):
    """A version that a cell saved; *changed* is False where nothing new was written."""

    ref: str
    name: str
    version: int
    changed: bool
    rows: int
    columns: int
    bytes: int
    text: str


@dataclass(frozen=True, kw_only=True)
class MadeRun(Record):
    """A run that has ended in a cell."""

    id: str
    name: str
    status: str


@dataclass(frozen=True, kw_only=True)
class KernelMade(Record):
    """The versions that a cell has just saved, and the runs that have ended in it."""

    type: Literal["made"] = "made"
    cell: str | None
    items: tuple[MadeVersion, ...]
    runs: tuple[MadeRun, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Scalar(Record):
    """A number in a variable, which may be a metric; *likely* where its name sounds like one."""

    name: str
    value: float
    likely: bool


@dataclass(frozen=True, kw_only=True)
class Fit(Record):
    """A fitted model in the kernel. *run* keeps it, None where none does.

    *X* and *y* are the variables that it may have been fitted on, the likeliest first; *suggested* names a run.
    """

    name: str
    kind: str
    suggested: str
    run: str | None
    X: tuple[str, ...]
    y: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class KernelFits(Record):
    """The fitted models of the notebook, last assigned first, and the numbers that may be their metrics."""

    type: Literal["fits"] = "fits"
    fits: tuple[Fit, ...]
    scalars: tuple[Scalar, ...]


@dataclass(frozen=True, kw_only=True)
class NotebookPath(Record):
    """Where the notebook is, as the front end (of this *version*) knows: *path* under the server's *root*."""

    type: Literal["notebook"] = "notebook"
    root: str
    path: str
    version: str
