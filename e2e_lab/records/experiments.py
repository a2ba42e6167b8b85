"""What the panels show of runs: listings, one run whole, several compared."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from e2e_lab.records.data import Origin
from e2e_lab.records.panels import Page
from e2e_lab.records.record import Record
from e2e_lab.records.runs import DataUse
from e2e_lab.records.versions import Pin


@dataclass(frozen=True, kw_only=True)
class Curve(Record):
    """A metric of a run over its steps, thinned to some hundred; *total* counts the steps that were logged."""

    run: str
    name: str
    steps: tuple[int, ...]
    values: tuple[float, ...]
    total: int


@dataclass(frozen=True, kw_only=True)
class RunEntry(Record):
    """A run in a listing. *status* is MLflow's word in small letters; *seconds* is None while it runs.

    *metrics* are the last values; *data* the versions it used and made; *models* what it kept, *registered* the
    versions made of that; *live* the metric that it logged last, while it runs.
    """

    id: str
    name: str
    status: str
    start: datetime
    end: datetime | None
    seconds: float | None
    origin: Origin
    parent: str | None
    params: dict[str, str]
    metrics: dict[str, float]
    data: tuple[str, ...]
    models: tuple[str, ...]
    registered: tuple[str, ...]
    live: Curve | None


@dataclass(frozen=True, kw_only=True)
class RunPage(Page):
    """Runs, newest first unless sorted otherwise; *running* counts those of the project that go on."""

    running: int
    items: tuple[RunEntry, ...]


@dataclass(frozen=True, kw_only=True)
class RunColumn(Record):
    """A metric or parameter that runs have: how many of them, and whether their values differ."""

    name: str
    kind: Literal["metric", "param"]
    runs: int
    differs: bool


@dataclass(frozen=True, kw_only=True)
class RunColumns(Record):
    """The metrics, then the parameters, those of most runs first."""

    items: tuple[RunColumn, ...]


@dataclass(frozen=True, kw_only=True)
class RunModel(Record):
    """A model that a run kept. *proof* is ``pending``, ``equal``, or why it does not load in another process."""

    name: str
    proof: str
    registered: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RunDetail(Record):
    """One run whole. *cell* is the source of the cell that made it, *cells* how many had run by then.

    *packages* counts its environment; *missing* names what is not on this machine.
    """

    run: RunEntry
    curves: tuple[Curve, ...]
    uses: tuple[DataUse, ...]
    kept: tuple[RunModel, ...]
    pin: Pin | None
    cell: str | None
    cells: int
    packages: int
    children: int
    notes: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class MlflowWish(Record):
    """Which run MLflow's pages are to show; all runs of the project where none is named."""

    run: str | None = None


@dataclass(frozen=True, kw_only=True)
class MlflowPages(Record):
    """Where MLflow's pages are: under the server's base URL where they are *own*, else at a tracking server."""

    own: bool
    url: str


@dataclass(frozen=True, kw_only=True)
class ComparedRow(Record):
    """One name and its value in each run, None where a run has none."""

    name: str
    values: tuple[str | None, ...]
    differs: bool


@dataclass(frozen=True, kw_only=True)
class Comparison(Record):
    """What is the same in several runs and what is not, in their order.

    *code* is how the cell of the last differs from that of the first, as a unified diff.
    """

    runs: tuple[RunEntry, ...]
    params: tuple[ComparedRow, ...]
    metrics: tuple[ComparedRow, ...]
    data: tuple[ComparedRow, ...]
    environment: tuple[ComparedRow, ...]
    code: tuple[str, ...]
    curves: tuple[Curve, ...]
    missing: tuple[str, ...]
