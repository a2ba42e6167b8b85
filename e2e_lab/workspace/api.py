"""The Python verbs: each finds the project and what the session knows, and calls one function of a room."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from e2e_lab import experiments, models, serving, storage, versioning
from e2e_lab.errors import E2EError, ModelNotFound, RunNotFound, ServiceNotFound, UsageError
from e2e_lab.project import Project
from e2e_lab.records import (
    Commit,
    DatasetChange,
    Datasets,
    DataUse,
    Exported,
    History,
    Initialised,
    ModelVersion,
    Package,
    Parent,
    Ref,
    Removed,
    Renamed,
    Restored,
    Run,
    Services,
    Snapshot,
    Status,
    Stopped,
    Trace,
)
from e2e_lab.workspace import provenance, references
from e2e_lab.workspace.readers import tag_snapshot
from e2e_lab.workspace.session import session
from e2e_lab.workspace.status import project_status

if TYPE_CHECKING:
    import pandas as pd

    from e2e_lab.experiments import ActiveRun
    from e2e_lab.serving import Endpoint

PathLike = str | os.PathLike[str]


def inert() -> bool:
    """Whether verbs that change the project stand still: inside ``reproduce``, ``run NOTEBOOK`` and ``sweep``."""
    return os.environ.get("E2E_INERT") == "1"


# ---- workspace -----------------------------------------------------------------------------------------------


def init(path: PathLike = ".", *, name: str | None = None) -> Initialised:
    """Make *path* a project, or complete one: git repository, ``e2e.toml``, ignore rules. Safe to repeat."""
    return versioning.init((session.folder() / path) if session.in_kernel else Path(path), name=name)


def status() -> Status:
    """Where the project stands in the flow, what is not saved, its size on disk and the next step."""
    return project_status(session.project())


# ---- data ----------------------------------------------------------------------------------------------------


def ingest(
    source: PathLike, name: str, *, key: str | Sequence[str] | None = None, message: str | None = None
) -> Snapshot:
    """One local CSV or Parquet file as a raw snapshot.

    Parameters: *source* a path; *name* the dataset's; *key* the columns that name a row; *message* what it is.
    Raises :class:`UsageError` for a file that is not a table, :class:`InvalidName` for a name no dataset may have.
    """
    project = session.project()
    path = session.folder() / os.fspath(source)
    if inert():
        return _compared(project, storage.current(project, name))
    snap = storage.ingest(
        project, path, name, key=_key(key), message=message, author=_author(project),
        origin=session.trail(project).origin,
    )  # fmt: skip
    session.flow.loaded(snap.as_parent)
    _soon(project)
    return snap


def snapshot(
    df: Any,
    name: str,
    *,
    stage: str | None = None,
    parents: Sequence[str | Snapshot] | None = None,
    source: PathLike | None = None,
    key: str | Sequence[str] | None = None,
    message: str | None = None,
) -> Snapshot:
    """Save a table as a version of the dataset *name*; nothing is written if nothing changed.

    *df* is a pandas or polars frame, an Arrow table, or anything with ``__arrow_c_stream__``. Source and parents are
    found from what the table carries and from the cells that made it; *source* and *parents* correct them.
    Raises :class:`UnsupportedData` naming a column that could not come back equal.
    """
    project = session.project()
    found = provenance.of(df, session, project)
    if parents is not None:
        listed = tuple(p if isinstance(p, Snapshot) else references.dataset(project, p) for p in parents)
        found = replace(found, parents=tuple(p.as_parent for p in listed), notes=())
    if source is not None:
        said = os.fspath(source)
        found = replace(found, source=project.relative(said) if Path(said).exists() else said, derived=False, notes=())
    if inert():
        now = storage.current(project, name)
        same = storage.fingerprint(df) == now.id
        return replace(now, changed=False, notes=() if same else (f"differs from {now.ref}; not saved here",))
    known = storage.records(project)
    if stage is None and found.derived and not found.parents and name not in known:
        stage = "processed"
    snap = storage.snapshot(
        project, df, name, stage=stage, parents=found.parents, source=found.source, key=_key(key), message=message,
        author=_author(project), origin=session.trail(project).origin, notes=found.notes,
    )  # fmt: skip
    tag_snapshot(df, snap.as_parent)
    session.holds(df, snap.as_parent)
    for active in _going_on(project):
        active.use(_use(snap.as_parent, "output"))
    _soon(project)
    return snap


def load(
    ref: str,
    *,
    columns: Sequence[str] | None = None,
    where: Any = None,
    sample: int | None = None,
    kind: str = "pandas",
) -> Any:
    """Any version back, as it was saved.

    *columns* and *where* (a ``pyarrow.compute`` expression, or ``(column, operator, value)`` tuples) are pushed down;
    *sample* gives that many rows, the same ones each time; *kind* is ``pandas``, ``polars``, ``arrow`` or ``duckdb``.
    """
    version = references.dataset(session.project(), ref)
    return load_version(version, columns=columns, where=where, sample=sample, kind=kind)


def load_version(
    version: Snapshot,
    *,
    columns: Sequence[str] | None = None,
    where: Any = None,
    sample: int | None = None,
    kind: str = "pandas",
) -> Any:
    """:func:`load` for a version that was looked up already."""
    project = session.project()
    frame = storage.load(project, version, columns=columns, where=where, sample=sample, kind=kind)
    tag_snapshot(frame, version.as_parent)
    session.flow.loaded(version.as_parent)
    for active in _going_on(project):
        active.use(_use(version.as_parent, "input"))
    _soon(project)
    return frame


def datasets() -> Datasets:
    """The project's datasets: current version, shape, size, and whether git has it."""
    project = session.project()
    return storage.datasets(project, unsaved=versioning.unsaved(project))


def rename(old: str, new: str) -> Renamed:
    """Give a dataset another name; its versions keep their numbers."""
    return storage.rename(session.project(), old, new)


def remove(name: str) -> Removed:
    """Take a dataset out of the current project; history and store keep its versions."""
    return storage.remove(session.project(), name)


def export(ref: str, path: PathLike) -> Exported:
    """Write a version as one ordinary Parquet file outside the store."""
    project = session.project()
    return storage.export(project, references.dataset(project, ref), session.folder() / os.fspath(path))


# ---- versions ------------------------------------------------------------------------------------------------


def commit(message: str) -> Commit:
    """Notebooks, code, the environment lock and the records in one git commit; nothing where nothing changed."""
    project = session.project()
    if inert():
        head = versioning.head(project)
        if head is None:
            raise UsageError("There is no commit yet, and none is made here.", hint='e2e commit -m "first"')
        return replace(head, changed=False)
    return versioning.commit(project, message, trail=session.trail(project, latest=True))


def log(name: str | None = None) -> History:
    """The commits, newest first, with what each did to the data; only those that touched *name* where it is given."""
    return versioning.log(session.project(), name)


def restore(rev: str, *names: str) -> Restored:
    """Code and data as they were at *rev*; what differs is saved first.

    ``restore("flights@v1")`` makes that version the dataset's current one again.
    """
    project = session.project()
    now = storage.records(project)
    if not names and "@" in rev[1:] and Ref.parse(rev).name in {*now, *storage.known_names(project)}:
        return _reinstated(project, references.dataset(project, rev), now.get(Ref.parse(rev).name))
    return versioning.restore(project, rev, names)


def _reinstated(project: Project, version: Snapshot, before: Snapshot | None) -> Restored:
    done = storage.reinstate(project, version)
    change = DatasetChange(name=done.name, before=before.version if before else None, after=done.version)
    record = project.relative(storage.record_path(project, done.name, done.stage))
    return Restored(
        revision=done.ref, files=(record,) if done.changed else (), datasets=(change,) if done.changed else (),
        saved=before.ref if before else None,
    )  # fmt: skip


# ---- experiments ---------------------------------------------------------------------------------------------


@contextmanager
def run(name: str, *, params: Mapping[str, Any] | None = None) -> Iterator[ActiveRun]:
    """A tracked run around a block: pinned code, data and environment, parameters, and whatever the block logs.

    An error inside marks the run failed (an interrupt: killed) with its traceback, and goes on up.
    """
    started = begin_run(name, params=params)
    try:
        yield started
    except BaseException as error:
        end_run(started, error)
        raise
    end_run(started)


def begin_run(name: str, *, params: Mapping[str, Any] | None = None) -> ActiveRun:
    """Start a run that :func:`end_run` ends; :func:`run` and ``%%e2e run`` do both."""
    project = session.project()
    trail = session.trail(project)
    pin = versioning.pin(project, os.urandom(8).hex(), trail=trail)
    outer = _going_on(project)
    started = experiments.start(
        project, name, params=dict(params or {}), data=_data_in_reach(), pin=pin, trail=trail,
        parent=outer[-1].id if outer else None,
    )  # fmt: skip
    session.runs.append(started)
    return started


def end_run(started: ActiveRun, error: BaseException | None = None) -> Run:
    """End a run: finished, failed with the error's traceback, or killed by an interrupt."""
    if started in session.runs:
        session.runs.remove(started)
    if error is None:
        return started.finish()
    status = "killed" if isinstance(error, KeyboardInterrupt) else "failed"
    return started.finish(status, error="".join(traceback.format_exception(error)))


def log_metric(name: str, value: float, step: int | None = None) -> None:
    """A metric of the active run; *step* counts epochs or iterations. Written in batches, at the latest each second."""
    _active("log_metric").log_metric(name, value, step)


def log_param(name: str, value: Any) -> None:
    """A parameter of the active run."""
    _active("log_param").log_param(name, value)


def log_artifact(path: PathLike) -> None:
    """A file (a plot, a report) kept with the active run."""
    _active("log_artifact").log_artifact(os.fspath(path))


def log_model(model: Any, X: Any = None, y: Any = None, *, name: str = "model", predict: str = "predict") -> None:
    """Keep a fitted model with the active run. Returns at once; the rest happens in the background.

    *X* is the whole table it was fitted on (rows × columns, named), *y* what it learned to predict, *predict* the
    method that answers (``predict`` or ``predict_proba``). From X come the request schema, example and replay rows.
    """
    project = session.project()
    active = _active("log_model")
    for thing in (X, y):
        for use in _uses(thing, project, "train"):
            active.use(use)
    active.log_model(model, X, y, name=name, predict=predict)


def keep(
    name: str,
    *,
    model: Any = None,
    X: Any = None,
    y: Any = None,
    metrics: Mapping[str, float] | None = None,
    params: Mapping[str, Any] | None = None,
) -> Run:
    """A finished run from what is already here, nothing trained again.

    A fitted search (``GridSearchCV`` and its kin) becomes a run with one child run a candidate.
    """
    project = session.project()
    trail = session.trail(project)
    pin = versioning.pin(project, os.urandom(8).hex(), trail=trail)
    data = dict.fromkeys(use for thing in (X, y) for use in _uses(thing, project, "train"))
    return experiments.keep(
        project, name, model=model, X=X, y=y, metrics=dict(metrics or {}), params=dict(params) if params else None,
        data=tuple(data), pin=pin, trail=trail,
    )  # fmt: skip


def runs() -> pd.DataFrame:
    """The runs, newest first: name, status, times, then a column a metric and a column a parameter."""
    import pandas as pd

    found = experiments.runs(session.project())
    metrics = list(dict.fromkeys(name for run in found for name in run.metrics))
    params = list(dict.fromkeys(name for run in found for name in run.params))
    rows = []
    for each in found:
        seconds = (each.end - each.start).total_seconds() if each.end else None
        row: dict[str, Any] = {"run": each.name, "status": each.status, "started": each.start, "seconds": seconds}
        row |= {name: each.metrics.get(name) for name in metrics}
        row |= {name if name not in row else f"param.{name}": each.params.get(name) for name in params}
        row |= {"data": ", ".join(dict.fromkeys(map(str, each.data))), "id": each.id}
        rows.append(row)
    head = ["run", "status", "started", "seconds", *metrics]
    head += [name if name not in head else f"param.{name}" for name in params]
    return pd.DataFrame(rows, columns=[*head, "data", "id"])


def run_notebook(path: PathLike, params: Mapping[str, Any] | None = None) -> Run:
    """Run a saved notebook from top to bottom without a screen, as one tracked run.

    *params* are assigned after the cell tagged ``parameters`` (or first). Inside, snapshots are compared instead of
    written, and commits, registrations and packages stand still.
    """
    project = session.project()
    notebook = project.inside(session.folder() / os.fspath(path))
    trail = replace(session.trail(project), notebook=project.relative(notebook), cells=())
    pin = versioning.pin(project, os.urandom(8).hex(), trail=trail)
    return experiments.run_notebook(project, notebook, dict(params or {}), pin=pin, trail=trail)


# ---- models and services -------------------------------------------------------------------------------------


def register(run: str | Run, name: str, *, alias: str | None = None, model: str | None = None) -> ModelVersion:
    """Give a run's model a name and a version; the same model again adds nothing."""
    project = session.project()
    if inert():
        return replace(models.find_model(project, Ref.parse(name)), changed=False)
    found = run if isinstance(run, Run) else experiments.find_run(project, run)
    return models.register(project, found, name, alias=alias, model=model)


def package(model_ref: str, *, service: str | None = None, trust: bool = False) -> Package:
    """A Bento of a registered model, replayed against the model before it is accepted."""
    project = session.project()
    if inert():
        return replace(models.find_package(project, Ref.parse(service or Ref.parse(model_ref).name)), changed=False)
    return models.package(project, models.find_model(project, Ref.parse(model_ref)), service=service, trust=trust)


def serve(
    ref: str, *, port: int | None = None, replace: bool = False, detach: bool = True, trust: bool = False
) -> Endpoint:
    """A service that answers over HTTP on this machine, with a token.

    *ref* names a service, a model or a run; packaging and registering are done on the way and said. In a kernel the
    service lives until :func:`stop` or until the Jupyter server ends; from a script until :func:`stop`, or with
    ``detach=False`` until the script ends.
    """
    project = session.project()
    packed, notes = _packaged(project, ref, trust=trust)
    started = serving.serve(project, packed, port=port, replace=replace, owner=_owner(detach))
    return started.with_notes(notes)


def services() -> Services:
    """The services of this project that are running."""
    return serving.services(session.project())


def stop(name: str) -> Stopped:
    """End a service."""
    return serving.stop(session.project(), Ref.parse(name).name)


def trace(id: str) -> Trace:  # noqa: A002  the field's word, and the contract's
    """The chain behind a prediction id, service, model, run, dataset or file: back to the exact code and rows."""
    return serving.trace(session.project(), id)


# ---- the parts -----------------------------------------------------------------------------------------------


def _soon(project: Project) -> None:
    """In a kernel, open the experiment store in the background: a run is likely to come, and MLflow takes seconds."""
    if session.in_kernel:
        experiments.prewarm(project)


def _packaged(project: Project, ref: str, *, trust: bool) -> tuple[Package, tuple[str, ...]]:
    """The package that *ref* names, made on the way where only a model or a run is there yet."""
    asked = Ref.parse(ref)
    try:
        found = models.find_package(project, asked)
        newest = _newest_model(project, found.model)
        if asked.selector is None and newest and newest.version != found.model_version:
            return found, (f"{found.model}@v{newest.version} is not packaged yet: e2e package {newest.ref}",)
        return found, ()
    except ServiceNotFound as problem:
        no_service = problem
    try:
        made = models.package(project, models.find_model(project, asked), trust=trust)
        return made, (f"packaged {made.ref} from {made.model}@v{made.model_version}",)
    except ModelNotFound:
        pass
    try:
        source = experiments.find_run(project, ref)
    except RunNotFound:
        raise ServiceNotFound(
            f"No service, model or run is called {ref!r}.", hint=no_service.hint or "e2e runs"
        ) from None
    version = models.register(project, source, source.name.lower())
    made = models.package(project, version, trust=trust)
    return made, (f"registered {version.ref}, packaged {made.ref}",)


def _newest_model(project: Project, name: str) -> ModelVersion | None:
    try:
        return models.find_model(project, Ref(name=name))
    except E2EError:
        return None


def _owner(detach: bool) -> int | None:
    """The process whose end ends a service: the Jupyter server for a kernel, this one for an attached script."""
    if session.in_kernel:
        return int(os.environ.get("JPY_PARENT_PID") or os.getpid())
    return None if detach else os.getpid()


def _going_on(project: Project) -> list[ActiveRun]:
    """The runs going on, outermost first; in the kernel of ``run NOTEBOOK`` the notebook's own run is the outermost."""
    outer = os.environ.get("E2E_RUN")
    if outer and not any(active.id == outer for active in session.runs):
        session.runs.insert(0, experiments.join(project, outer))
    return session.runs


def _active(wanted_for: str) -> ActiveRun:
    _going_on(session.project())
    return session.active_run(wanted_for)


def _data_in_reach() -> tuple[DataUse, ...]:
    """The snapshots behind what the running cell reads; in a script, those loaded so far."""
    if not session.cells:
        return tuple(_use(parent, "input") for parent in session.flow.snapshots)
    parents, _ = session.flow.parents(*session.cells[-1].reads)
    return tuple(_use(parent, "input") for parent in parents)


def _uses(thing: Any, project: Project, role: str) -> tuple[DataUse, ...]:
    if thing is None:
        return ()
    return tuple(_use(parent, role) for parent in provenance.of(thing, session, project).parents)


def _use(parent: Parent, role: str) -> DataUse:
    return DataUse(name=parent.name, version=parent.version, id=parent.id, role=role)


def _compared(project: Project, now: Snapshot) -> Snapshot:
    stored = storage.is_stored(project, now.id)
    return replace(now, changed=False, notes=() if stored else (f"{now.ref} exists only where it was made",))


def _key(key: str | Sequence[str] | None) -> tuple[str, ...] | None:
    return (key,) if isinstance(key, str) else tuple(key) if key is not None else None


def _author(project: Project) -> str | None:
    return versioning.author(project)
