"""A run while it goes on: what it logs is checked at once, and sent in batches."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from e2e_lab.errors import UsageError
from e2e_lab.experiments import entries, owners, sending, table, tracking
from e2e_lab.experiments.sending import Batch, Sender
from e2e_lab.project import Project
from e2e_lab.records import DataUse, Pin, Run, Trail

_ENDS = ("finished", "failed", "killed")


def start(
    project: Project,
    name: str,
    *,
    params: Mapping[str, Any] | None = None,
    data: Iterable[DataUse] = (),
    pin: Pin | None = None,
    trail: Trail = Trail(),  # noqa: B008  immutable
    parent: str | None = None,
) -> ActiveRun:
    """A new MLflow run in the project's experiment, with its parameters, data and pin; names may repeat.

    *parent*: the id of the run that this one is a part of. Raises :class:`UsageError` for names or values that MLflow
    does not take, :class:`TrackingError` where the server that is set does not answer: before any work is done.
    """
    name = entries.run_name(name)
    given = entries.checked_params(params)
    uses = tuple(dict.fromkeys(data))
    store = tracking.open_store(project)
    sending.resend(project, store)
    table.end_dead_runs(project, store)
    tags = entries.run_tags(owners.me(), pin, trail) | entries.data_tags(uses)
    if parent:
        tags["mlflow.parentRunId"] = parent
    began = int(time.time() * 1000)
    with tracking.told(store.uri):
        made = store.client.create_run(store.experiment, start_time=began, run_name=name, tags=tags)
        sending.send(store, made.info.run_id, Batch(params=given, data=list(uses)))
    project.changed()  # the sidebar shows it from now on
    record = Run(
        id=made.info.run_id, name=name, status="running", params=given, start=table.moment(began), data=uses, pin=pin,
        origin=trail.origin,
    )  # fmt: skip
    return ActiveRun(project, store, record)


def join(project: Project, run: str) -> ActiveRun:
    """The run with this id, which another process began and will end, to log into from here."""
    return ActiveRun(project, tracking.open_store(project), table.find_run(project, run))


class ActiveRun:
    """A run that is going on. Nothing it does waits for the store, but for its end and for artifacts."""

    def __init__(self, project: Project, store: tracking.Store, record: Run) -> None:
        self._project = project
        self._store = store
        self._record = record
        self._sender = Sender(store, record.id)
        self._params = dict(record.params)
        self._metrics: dict[str, float] = {}
        self._data = list(record.data)
        self._models: list[str] = []
        self._notes: list[str] = []
        self._done = False
        self.told: Callable[[str, float, int], None] | None = None
        """Called with the name, value and step of each metric; it must be quick."""

    @property
    def id(self) -> str:
        """MLflow's id of the run."""
        return self._record.id

    @property
    def name(self) -> str:
        """The name it was given."""
        return self._record.name

    @property
    def notes(self) -> tuple[str, ...]:
        """What there is to know about it: models being kept, values not sent yet."""
        return tuple(self._notes)

    @property
    def data(self) -> tuple[DataUse, ...]:
        """The snapshots that it has used and made so far."""
        return tuple(self._data)

    def add_notes(self, notes: Iterable[str]) -> None:
        """Say more of the run; shown with it."""
        self._notes += notes

    def log_metric(self, name: str, value: Any, step: int | None = None) -> None:
        """Note a number; it is in the store within about half a second. NaN and infinity are refused."""
        self._must_go_on()
        number = entries.metric_value(entries.entry_name(name, "metric"), value)
        at = entries.metric_step(step)
        self._sender.add_metric((name, number, int(time.time() * 1000), at))
        self._metrics[name] = number
        if self.told is not None:
            self.told(name, number, at)

    def log_param(self, name: str, value: Any) -> None:
        """Note a parameter. The same value again is fine; another one is refused, as MLflow keeps one a run."""
        self._must_go_on()
        text = entries.param_value(entries.entry_name(name, "param"), value)
        known = self._params.get(name)
        if known == text:
            return
        if known is not None:
            raise UsageError(
                f"Parameter {name!r} of run {self.name} is {known!r} and cannot become {text!r}: one value a run.",
                hint=f"e2e.log_metric({name!r}, …, step=…), or another run",
            )
        self._params[name] = text
        self._sender.add(Batch(params={name: text}))

    def log_artifact(self, path: str | Path) -> None:
        """Copy a file or folder to the run."""
        self._must_go_on()
        full = Path(path).expanduser().resolve()
        if not full.exists():
            raise UsageError(f"There is no file {str(path)!r} to keep.", hint="e2e.log_artifact(PATH)")
        with tracking.told(self._store.uri):
            if full.is_dir():
                self._store.client.log_artifacts(self.id, str(full), full.name)
            else:
                self._store.client.log_artifact(self.id, str(full))

    def log_model(
        self, model: Any, X: Any = None, y: Any = None, *, name: str = "model", predict: str = "predict"
    ) -> None:
        """Keep a fitted model as it is now; it is written and proved in the background (see :func:`wait`).

        *X* is the table it was fitted on: from it come the columns a service asks for. Raises :class:`ModelError`
        where the model could not be served as it is; the hint says how it could.
        """
        from e2e_lab.experiments import capture, keeping

        self._must_go_on()
        named = tuple(dict.fromkeys(str(use) for use in self._data))
        self.keep_captured(capture.capture(self._project, model, X, name=name, predict=predict, named_data=named))
        if X is None:
            self._notes.append(keeping.without_x(name, model))
        del y  # accepted for the sake of one form; what it was is in the snapshot that X was matched to

    def keep_captured(self, captured: Any) -> None:
        """Keep what :func:`capture.capture` took, in the background."""
        from e2e_lab.experiments import keeping

        self._sender.add(Batch(tags={keeping.proof_tag(captured.name): entries.PENDING}))
        if captured.name not in self._models:
            self._models.append(captured.name)
        self._notes.append(f"model {captured.name!r} is being kept in the background")
        keeping.keep(self._project, self._store, self, captured)

    def say(self, tags: Mapping[str, str]) -> None:
        """Set tags now, also after the run ended."""
        self._sender.add(Batch(tags=dict(tags)))
        self._sender.flush()

    def use(self, use: DataUse) -> None:
        """Note a snapshot that the run read or made; also after it ended, for rows that were matched since."""
        if use in self._data:
            return
        self._data.append(use)
        self._sender.add(Batch(tags=entries.data_tags(self._data), data=[use]))
        if self._done:
            self._sender.flush()

    def flush(self) -> None:
        """Send now what is waiting to be sent."""
        with tracking.told(self._store.uri):
            self._sender.flush()

    def finish(self, status: str = "finished", error: str | None = None) -> Run:
        """End the run: ``finished``, ``failed`` (with the traceback as *error*) or ``killed``; what it was.

        Raises :class:`TrackingError` where the store cannot be reached; nothing is lost then, the values wait in
        ``.e2e/unsent``.
        """
        if status not in _ENDS:
            raise UsageError(f"A run cannot end as {status!r}.", hint=", ".join(_ENDS))
        if self._done:
            return self._record
        self._done = True
        ended = int(time.time() * 1000)
        if error:
            self._sender.add(Batch(tags={"e2e.error": entries.error_tag(error)}))
        self._record = Run(
            id=self.id, name=self.name, status=status, params=self._params, metrics=self._metrics,
            start=self._record.start, end=table.moment(ended), data=tuple(self._data), pin=self._record.pin,
            origin=self._record.origin, models=tuple(self._models), notes=tuple(self._notes),
        )  # fmt: skip
        try:
            self._sender.close()
            self._store.client.set_terminated(self.id, status.upper(), ended)
        except Exception as problem:
            if not tracking.of_the_store(problem):
                raise
            raise sending.keep_unsent(self._project, self._sender, status.upper(), ended) from problem
        finally:
            self._project.changed()
        return self._record

    def _must_go_on(self) -> None:
        if self._done:
            raise UsageError(f"Run {self.name} has ended: {self._record.status}.", hint="%%e2e run NAME starts another")
