"""Runs, what they used, and the models they kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from e2e_lab.records.data import Origin
from e2e_lab.records.record import Record, View
from e2e_lab.records.versions import Pin
from e2e_lab.records.wording import Brief, duration, settings


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

    *cells* are the sources of the cells that ran, in order; *cell* is the id of the one that runs now. *generators*
    are the states of the random number generators, where they matter: at the start of a run.
    """

    notebook: str | None = None
    cell: str | None = None
    cells: tuple[str, ...] = ()
    generators: dict[str, Any] = field(default_factory=dict)

    @property
    def origin(self) -> Origin:
        """Where this happens, as records keep it."""
        return Origin(notebook=self.notebook, cell=self.cell)


_WORTH_SAYING = 0.3
"""Seconds; what took less was kept after the fact, and its own time is not known."""
_IN_TITLE = 4


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
        seconds = (self.end - self.start).total_seconds() if self.end else 0.0
        took = [duration(seconds)] if seconds > _WORTH_SAYING else []
        metrics = [f"{name} {value:.6g}" for name, value in self.metrics.items()]
        title = " · ".join([self.name, self.status, *took, *metrics[:_IN_TITLE]])
        facts: list[tuple[str, str]] = []
        if metrics[_IN_TITLE:]:
            facts.append(("metrics", _some(metrics[_IN_TITLE:])))
        if self.params:
            facts.append(("params", settings(self.params)))
        if self.data:
            facts.append(("data", ", ".join(dict.fromkeys(str(use) for use in self.data))))
        kept = [name for name in self.models if not any(f"model {name!r}" in note for note in self.notes)]
        if kept:
            facts.append(("kept", ", ".join(kept)))
        return View(title, facts=tuple(facts), notes=self.notes)


def _some(said: list[str], most: int = 8) -> Brief:
    more = [f"… {len(said) - most} more"] if len(said) > most else []
    return Brief(" · ".join([*said[:most], *more]), whole="\n".join(said))


@dataclass(frozen=True, kw_only=True)
class RunsOverview(Record):
    """How the experiments stand, in counts; *remote* names the tracking server where there is one (never asked).

    *newest_kept* is how the newest finished run that kept a model is called in a line: by its name, or by its id
    where the name would mean another run; *keeping* is the run whose model is just being written.
    """

    remote: str | None = None
    runs: int = 0
    running: int = 0
    models: int = 0
    registered: int = 0
    newest_model: str | None = None
    newest_kept: str | None = None
    keeping: str | None = None
    newest_name: str | None = None
    newest_status: str | None = None
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
