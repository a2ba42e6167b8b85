"""Runs, what they used, and the models they kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from e2e_lab.records.data import Origin
from e2e_lab.records.record import Record, View
from e2e_lab.records.versions import Pin
from e2e_lab.records.wording import duration


@dataclass(frozen=True, kw_only=True)
class DataUse(Record):
    """A snapshot that a run read or made; *role* is ``input``, ``train`` or ``output``."""

    name: str
    version: int
    id: str
    role: str = "input"

    def __str__(self) -> str:
        return f"{self.name}@v{self.version}"


@dataclass(frozen=True, kw_only=True)
class Trail(Record):
    """What a kernel knows about the work behind something: handed down to the rooms, which never ask it.

    *cells* are the sources of the cells that ran, in order; *cell* is the id of the one that runs now.
    """

    notebook: str | None = None
    cell: str | None = None
    cells: tuple[str, ...] = ()

    @property
    def origin(self) -> Origin:
        """Where this happens, as records keep it."""
        return Origin(notebook=self.notebook, cell=self.cell)


@dataclass(frozen=True, kw_only=True)
class Run(Record):
    """One tracked experiment. *id* is MLflow's; *status* is MLflow's word, in small letters."""

    id: str
    name: str
    status: str
    params: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    start: datetime
    end: datetime | None = None
    data: tuple[DataUse, ...] = ()
    pin: Pin | None = None
    origin: Origin = Origin()  # noqa: RUF009  immutable
    models: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def view(self) -> View:
        took = f" · {duration((self.end - self.start).total_seconds())}" if self.end else ""
        metrics = "".join(f" · {k} {v:.6g}" for k, v in list(self.metrics.items())[:4])
        facts = []
        if self.params:
            facts.append(("params", ", ".join(f"{k}={v}" for k, v in self.params.items())))
        if self.data:
            facts.append(("data", ", ".join(dict.fromkeys(str(use) for use in self.data))))
        if self.models:
            facts.append(("models", ", ".join(self.models)))
        return View(f"{self.name} · {self.status}{took}{metrics}", facts=tuple(facts), notes=self.notes)


@dataclass(frozen=True, kw_only=True)
class RunsOverview(Record):
    """How the experiments stand, in counts; *remote* names the tracking server where there is one (never asked)."""

    remote: str | None = None
    runs: int = 0
    running: int = 0
    models: int = 0
    registered: int = 0
    newest: str | None = None
    newest_name: str | None = None
    newest_status: str | None = None
    newest_start: datetime | None = None
    newest_metrics: dict[str, float] = field(default_factory=dict)
    problem: str | None = None


@dataclass(frozen=True, kw_only=True)
class RequestColumn(Record):
    """One column that a model wants in each row: *type* is Arrow's name; *categories* where only these are allowed."""

    name: str
    type: str
    nullable: bool
    categories: tuple[Any, ...] | None = None
    ordered: bool = False
    dtype: str = ""
    """The pandas dtype the model was fitted on, so that a row becomes the same kind of frame."""


@dataclass(frozen=True, kw_only=True)
class RequestSchema(Record):
    """What a model takes and gives: the columns of a row, and the names of its outputs."""

    columns: tuple[RequestColumn, ...]
    outputs: tuple[str, ...] = ("predictions",)


@dataclass(frozen=True, kw_only=True)
class KeptModel(Record):
    """A model that a run kept. *path* is its folder on this machine; *hash* covers every file in it."""

    id: str
    name: str
    run: str
    run_name: str
    path: str
    hash: str
    class_name: str
    predict: str
    schema: RequestSchema
    fingerprint: str
    """Hash of what the model answers to its stored rows: equal for a model that was fitted again to the same end."""
    modules: tuple[str, ...] = ()
    data: tuple[DataUse, ...] = ()
