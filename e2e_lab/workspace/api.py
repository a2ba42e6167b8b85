"""The Python verbs: each finds the project and what the session knows, and calls one function of a room."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from e2e_lab import experiments, models, serving, storage, versioning
from e2e_lab.errors import E2EError, ModelNotFound, RunNotFound, ServiceNotFound, UsageError
from e2e_lab.project import Project
from e2e_lab.records import (
    Collected,
    Commit,
    DatasetChange,
    Datasets,
    DataUse,
    Exported,
    Forgotten,
    History,
    Initialised,
    ModelVersion,
    Package,
    Parent,
    Pin,
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
    Trail,
    Verified,
)
from e2e_lab.workspace import generators, provenance
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
    """Make *path* a project, or complete one: git repository, ``e2e.toml``, ignore rules. Safe to repeat.

    *path* is a folder, made where it is missing; *name* the project's, by default the folder's. ``created`` of the
    answer names what was new. Raises :class:`UsageError` for the home folder, the root of the disk, or a file.

    Example::

        e2e.init("flights")
    """
    return versioning.init((session.folder() / path) if session.in_kernel else Path(path), name=name)


def status() -> Status:
    """Where the project stands in the flow, what is not saved, its size on disk in bytes and the next step.

    Neither MLflow nor a tracking server is asked. Raises :class:`NoProject` outside a project, as every verb but
    :func:`init` does.

    Example::

        e2e.status().next
    """
    return project_status(session.project())


# ---- data ----------------------------------------------------------------------------------------------------


def ingest(
    source: PathLike, name: str, *, key: str | Sequence[str] | None = None, message: str | None = None
) -> Snapshot:
    """One local CSV or Parquet file as a raw snapshot; the file's path is its source.

    *source* is a path (``.csv``, ``.tsv``, each also with ``.gz``, or ``.parquet``), from the notebook's folder; *name*
    the dataset's; *key* the columns that together name a row; *message* what it is. Raises :class:`NotFound` for a
    missing file, :class:`UsageError` for one that is no table, naming the line, :class:`InvalidName` for a name no
    dataset may have.

    Example::

        e2e.ingest("flights.csv", "flights", message="departures in 2013")
    """
    project = session.project()
    given = os.fspath(source)
    path = given if "://" in given else session.folder() / given
    if inert():
        table, _ = storage.read_file(Path(path))
        return _drafted(project, table, name, "raw", provenance.Provenance(source=project.relative(path)))
    snap = storage.ingest(
        project, path, name, key=_key(key), message=message, author=versioning.author(project),
        origin=session.trail(project).origin,
    )  # fmt: skip
    session.flow.loaded(snap.as_parent)
    session.made.append(snap)
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

    *df* is a pandas or polars frame, an Arrow table, a structured NumPy array, rows as dicts; or comes in parts and is
    never in memory as a whole: a reader or dataset of Arrow, a DuckDB relation, a lazy polars frame, anything with
    ``__arrow_c_stream__``. *stage* is ``raw`` or ``processed``; by default the dataset's own, else what its parents and
    source say. Source and parents are found from what the table carries and from the cells that made it; *source* (a
    path or an address) and *parents* (references or snapshots) correct them. *key* names the columns that together name
    a row.

    Raises :class:`UnsupportedData` naming a column that could not come back equal, :class:`UsageError` where the stage
    is not known or *key* is not unique, :class:`NotOurs` where another file stands in the record's place.

    Example::

        late = e2e.load("flights").query("dep_delay > 0")
        e2e.snapshot(late, "flights_late", parents=["flights"], message="only late ones")
    """
    project = session.project()
    found = provenance.of(df, session, project)
    if parents is not None:
        listed = tuple(p if isinstance(p, Snapshot) else experiments.find_data(project, p) for p in parents)
        found = replace(found, parents=tuple(p.as_parent for p in listed), notes=())
    if source is not None:
        said = os.fspath(source)
        found = replace(found, source=project.relative(said) if Path(said).exists() else said, derived=False, notes=())
    if stage is None and found.derived and not found.parents and name not in storage.records(project):
        stage = "processed"
    if inert():
        return _drafted(project, df, name, stage, found)
    snap = storage.snapshot(
        project, df, name, stage=stage, parents=found.parents, source=found.source, key=_key(key), message=message,
        author=lambda: versioning.author(project), origin=session.trail(project).origin, notes=found.notes,
    )  # fmt: skip
    tag_snapshot(df, snap.as_parent)
    session.holds(df, snap.as_parent)
    session.saved(df, snap)
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
    limit: int | None = None,
    kind: str = "pandas",
) -> Any:
    """Any version back, as it was saved.

    *ref* is ``NAME`` or ``NAME@SELECTOR``: ``vN``, ``run:RUN``, a date, a git revision, or 6 digits or more of a
    content id. *columns* (in this order) and *where* (a ``pyarrow.compute`` expression, or ``(column, operator,
    value)`` tuples that must all hold) are pushed down; *sample* gives that many rows, the same ones each time,
    *limit* the first ones; *kind* is ``pandas``, ``polars``, ``arrow`` or ``duckdb``.

    Raises :class:`DatasetNotFound`, :class:`VersionNotFound` (also where the bytes are on another machine only),
    :class:`Ambiguous`, :class:`UsageError` for a column that is not there, :class:`Damaged` for bytes that changed.

    Example::

        e2e.load("flights@v1", columns=["carrier"], where=[("dep_delay", ">", 30)])
    """
    version = session.drafts.get(ref) or experiments.find_data(session.project(), ref)
    return load_version(version, columns=columns, where=where, sample=sample, limit=limit, kind=kind)


def load_version(
    version: Snapshot,
    *,
    columns: Sequence[str] | None = None,
    where: Any = None,
    sample: int | None = None,
    limit: int | None = None,
    kind: str = "pandas",
) -> Any:
    """:func:`load` for a version that was looked up already."""
    project = session.project()
    frame = storage.load(project, version, columns=columns, where=where, sample=sample, limit=limit, kind=kind)
    tag_snapshot(frame, version.as_parent)
    if columns is None and where is None and sample is None and limit is None:
        session.same(frame, version.as_parent)
    session.flow.loaded(version.as_parent)
    for active in _going_on(project):
        active.use(_use(version.as_parent, "input"))
    _soon(project)
    return frame


def datasets() -> Datasets:
    """The project's datasets: current version, shape, bytes of all versions, and whether git has the record as it is.

    Example::

        [dataset.name for dataset in e2e.datasets()]
    """
    project = session.project()
    return storage.datasets(project, unsaved=versioning.unsaved(project))


def rename(old: str, new: str) -> Renamed:
    """Give a dataset another name; its versions come along and keep their numbers.

    Raises :class:`DatasetNotFound`, :class:`InvalidName`, and :class:`UsageError` where *new* is taken.

    Example::

        e2e.rename("flights_late", "late_flights")
    """
    return storage.rename(session.project(), _whole(old, "rename"), new)


def remove(name: str) -> Removed:
    """Take a dataset out of the current project; history and store keep its versions, and ``restore`` brings it back.

    Example::

        e2e.remove("late_flights")
    """
    return storage.remove(session.project(), _whole(name, "remove"))


def export(ref: str, path: PathLike) -> Exported:
    """Write a version as one ordinary Parquet file outside the store; pandas finds its index in it again.

    *path* is a file, or a folder in which it is called ``NAME.parquet``. An earlier export is replaced; for any other
    file :class:`UsageError` is raised.

    Example::

        e2e.export("flights@v1", "flights_2013.parquet")
    """
    project = session.project()
    return storage.export(project, experiments.find_data(project, ref), session.folder() / os.fspath(path))


def verify(*refs: str, progress: Callable[[int, int], None] | None = None) -> Verified:
    """Whether everything stored is what was stored: every byte is read and compared with its hash; nothing is mended.

    *refs* are the versions to read, by default all, with journals, records and the index; tables of *refs* are decoded
    too and their content ids computed anew. *progress* is called with the bytes that are read and their total. The
    answer's ``intact`` says it; ``findings`` name each file, what is wrong with it, which versions it concerns, and
    what to do.

    Example::

        e2e.verify().intact
    """
    project = session.project()
    versions = [experiments.find_data(project, ref) for ref in refs]
    unsaved = versioning.unsaved(project) if versioning.head(project) else None
    return storage.verify(project, versions, unsaved=unsaved, progress=progress)


def gc(*, dry_run: bool = False) -> Collected:
    """Drop the versions that nothing refers to, and the bytes that only they needed; *dry_run* says what would go.

    Kept is what any commit, branch, tag, stash, reflog, index or worktree of the repository names, what runs, models
    and packages name, the versions of the last 90 days (``[storage] keep_days``), and what is being saved now. Raises
    :class:`GitError` or :class:`TrackingError` where that cannot be told; nothing is dropped then.

    Example::

        e2e.gc(dry_run=True).bytes
    """
    project = session.project()
    roots = versioning.data_ids(project) | experiments.data_ids(project) | models.data_ids(project)
    server = experiments.overview(project).remote
    notes = (f"runs at {server} were not asked: what only they name is kept as long as the journal",) if server else ()
    return storage.gc(project, roots=roots, dry_run=dry_run or inert(), notes=notes)


def forget(ref: str, *, reason: str) -> Forgotten:
    """Erase a version for good, bytes included, whatever refers to it; a tombstone says when, by whom and why.

    Versions with the same content go with it and are named in ``also``. Rows that other versions have too stay in
    those; ``remains`` names them, and what else may still hold rows. Raises :class:`UsageError` without a *reason*,
    :class:`VersionNotFound` where the bytes are not here, :class:`Locked` where they are in use.

    Example::

        e2e.snapshot(late.head(1), "flights_late", parents=["flights"])
        e2e.forget("flights_late", reason="a passenger asked for it")
    """
    project = session.project()
    if inert():
        raise UsageError("Nothing is forgotten while a notebook is run again.", hint=f"e2e forget {ref} --reason TEXT")
    version = experiments.find_data(project, ref)
    return storage.forget(
        project, version, reason=reason, author=versioning.author(project), remains=_holding(project, version)
    )


def _holding(project: Project, version: Snapshot) -> tuple[str, ...]:
    """What outside of the store may hold rows of a version."""
    packages = [each for each in models.packages(project) if version.id in {parent.id for parent in each.data}]
    return (
        *experiments.holding(project, version.id),
        *(f"predictions of {each.ref}: .e2e/predictions/{each.service}" for each in packages),
        "exports, and outputs of notebooks that showed it",
        "git: its record, which holds names of columns and no values",
    )


# ---- versions ------------------------------------------------------------------------------------------------


def commit(message: str) -> Commit:
    """Notebooks, code, the environment lock and the records in one git commit; nothing where nothing changed.

    ``left_out`` of the answer names data-like, large and private files that were not put in. Raises
    :class:`SecretFound`, :class:`NoIdentity`, and :class:`GitError` for whatever git or a hook refuses; the index is
    then as it was.

    Example::

        e2e.commit("first data")
    """
    project = session.project()
    if inert():
        head = versioning.head(project)
        if head is None:
            raise UsageError("There is no commit yet, and none is made here.", hint='e2e commit -m "first"')
        return replace(head, changed=False)
    if session.front is not None:
        session.front.save()
    return versioning.commit(project, message, trail=session.trail(project, latest=True))


def log(name: str | None = None) -> History:
    """The newest 50 commits, newest first, with what each did to the data; only those that touched *name* if given.

    Example::

        e2e.log("flights")
    """
    return versioning.log(session.project(), name)


def restore(rev: str, *names: str) -> Restored:
    """Code and data as they were at *rev*; what differs is saved first, on the ref that ``saved`` of the answer names.

    *rev* is a git revision or such a ref, *names* are datasets or paths, all by default. ``DATASET@vN`` as *rev* makes
    that version the current one again. Branch and index stay. Raises :class:`VersionNotFound`, :class:`NotFound`.

    Example::

        e2e.restore("HEAD", "flights")
    """
    project = session.project()
    now = storage.records(project)
    if not names and "@" in rev[1:] and Ref.parse(rev).name in {*now, *storage.known_names(project)}:
        return _reinstated(project, experiments.find_data(project, rev), now.get(Ref.parse(rev).name))
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

    *params* are recorded, not assigned. A run inside a run becomes its child. An error inside marks the run failed (an
    interrupt: killed) with its traceback, and goes on up. Raises :class:`TrackingError` where the server that is set
    does not answer, before the block runs.

    Example::

        with e2e.run("first", params={"alpha": 1.0}):
            e2e.log_metric("rmse", 0.5)
            e2e.log_model(model, X=X, y=y)
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
    trail, pin = _pinned(project, generators=generators.states())
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
    """A metric of the active run; *step* counts epochs or iterations. Sent in batches, within about half a second.

    Raises :class:`UsageError` for what is no finite number, :class:`NoActiveRun` outside a run.
    """
    _active("log_metric").log_metric(name, value, step)


def log_param(name: str, value: Any) -> None:
    """A parameter of the active run, kept as text of at most 6,000 characters.

    Raises :class:`UsageError` where it has another value already, :class:`NoActiveRun` outside a run.
    """
    _active("log_param").log_param(name, value)


def log_artifact(path: PathLike) -> None:
    """A file or folder (a plot, a report) copied to the active run.

    Raises :class:`UsageError` where there is none at *path*, :class:`NoActiveRun` outside a run.
    """
    _active("log_artifact").log_artifact(os.fspath(path))


def log_model(model: Any, X: Any = None, y: Any = None, *, name: str = "model", predict: str = "predict") -> None:
    """Keep a fitted model with the active run. Returns at once; it is written and proved in the background.

    *X* is the whole table it was fitted on (rows × named columns), *y* what it learned to predict, *predict* the method
    that answers (``predict`` or ``predict_proba``), *name* tells several models of a run apart. From X come the request
    schema, example and replay rows; without it the model cannot be packaged.

    Raises :class:`ModelError` for a model that could not be served as it is, with the way out as hint,
    :class:`NoActiveRun` outside a run.
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

    *model*, *X* and *y* are as in :func:`log_model`; *metrics* are numbers by name; *params* are by default those that
    somebody set on the model. A fitted search (``GridSearchCV`` and its kin) becomes a run with one child run a
    candidate. Raises what :func:`log_model` raises, before a run is made.

    Example::

        e2e.keep("kept", model=model, X=X, metrics={"rmse": 0.5})
    """
    project = session.project()
    trail, pin = _pinned(project, generators=generators.states())
    data = dict.fromkeys(use for thing in (X, y) for use in _uses(thing, project, "train"))
    return experiments.keep(
        project, name, model=model, X=X, y=y, metrics=dict(metrics or {}), params=dict(params) if params else None,
        data=tuple(data), pin=pin, trail=trail,
    )  # fmt: skip


def runs() -> pd.DataFrame:
    """The runs, newest first: name, status, start, seconds, then a column a metric and a column a parameter, data, id.

    Example::

        e2e.runs().sort_values("rmse")
    """
    from e2e_lab.workspace.run_table import table

    return table(experiments.runs(session.project()))


def run_notebook(path: PathLike, params: Mapping[str, Any] | None = None) -> Run:
    """Run a saved notebook from top to bottom without a screen, as one tracked run; the executed copy is kept with it.

    *params* are assigned after the cell tagged ``parameters`` (or first). Inside, snapshots are compared instead of
    written, and commits, registrations and packages stand still. A cell that fails makes the run's status ``failed``.
    Raises :class:`NotFound` for a notebook that is not there.
    """
    project = session.project()
    notebook = project.inside(session.folder() / os.fspath(path))
    trail, pin = _pinned(project, notebook=project.relative(notebook), cells=())
    return experiments.run_notebook(project, notebook, dict(params or {}), pin=pin, trail=trail)


# ---- models and services -------------------------------------------------------------------------------------


def register(run: str | Run, name: str, *, alias: str | None = None, model: str | None = None) -> ModelVersion:
    """Give a run's model a name and a version; the same model again adds nothing. Waits until the model is proved.

    *run* is a run, its name or its id; *alias* (``champion``, …) is moved to the version; *model* says which, where the
    run kept several. Raises :class:`RunNotFound`, :class:`InvalidName`, and :class:`ModelError` where the run kept
    none, or its proof failed.

    Example::

        e2e.register("first", "delay", alias="champion")
    """
    project = session.project()
    if inert():
        return replace(models.find_model(project, Ref.parse(name)), changed=False)
    found = run if isinstance(run, Run) else experiments.find_run(project, run)
    return models.register(project, found, name, alias=alias, model=model)


def package(model_ref: str, *, service: str | None = None, trust: bool = False) -> Package:
    """A Bento of a registered model, replayed against it before it is accepted; the same model again adds nothing.

    *model_ref* is ``MODEL``, ``MODEL@vN``, ``MODEL@ALIAS`` or ``MODEL@run:RUN``; *service* the service's name, by
    default the model's; *trust* allows a model that was not made here. Raises :class:`ModelNotFound`,
    :class:`NotTrusted`, :class:`ReplayFailed` where the built service answers otherwise; nothing is left behind then.

    Example::

        e2e.package("delay@champion")
    """
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
    ``detach=False`` until the script ends. *port* is a free one by default; *replace* puts it in the place of another
    version that is serving. Raises :class:`ServiceNotFound`, :class:`ServiceError` where it does not come up.

    Example::

        endpoint = e2e.serve("delay")
        answer = endpoint.predict([{"dep_delay": 12}])
    """
    project = session.project()
    packed, notes = _packaged(project, ref, trust=trust)
    started = serving.serve(project, packed, port=port, replace=replace, owner=_owner(detach))
    return started.with_notes(notes)


def services() -> Services:
    """The services of this project that are running.

    Example::

        [service.url for service in e2e.services()]
    """
    return serving.services(session.project())


def stop(name: str) -> Stopped:
    """End a service; ``was_running`` of the answer is False where there was nothing to end.

    Example::

        e2e.stop("delay")
    """
    return serving.stop(session.project(), Ref.parse(name).name)


def trace(id: str) -> Trace:  # noqa: A002  the field's word, and the contract's
    """The chain behind a prediction id, service, model, run, dataset or file: back to the exact code and rows.

    Links that cannot be found are named in ``missing``. Raises :class:`PredictionNotFound` for an id that no service of
    this project gave, :class:`NotFound` where nothing is called so.

    Example::

        e2e.trace(answer["id"])
    """
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


def _pinned(project: Project, **known: Any) -> tuple[Trail, Pin]:
    """The session's trail, with what else is *known* of it, and the code of this moment on a hidden ref."""
    trail = replace(session.trail(project), **known)
    return trail, versioning.pin(project, os.urandom(8).hex(), trail=trail)


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


def _drafted(project: Project, df: Any, name: str, stage: str | None, found: provenance.Provenance) -> Snapshot:
    """A snapshot where none may be made: how *df* stands to the current version; ``load`` still gives it back."""
    made = storage.draft(project, df, name, stage=stage, parents=found.parents, source=found.source)
    session.drafts[made.name] = made
    session.flow.loaded(made.as_parent)
    session.holds(df, made.as_parent)
    return made


def _whole(name: str, verb: str) -> str:
    if "@" in name:
        hint = f"e2e {verb} {Ref.parse(name).name}" + (" OTHER" if verb == "rename" else "")
        raise UsageError(f"{name!r} is one version; {verb} takes the whole dataset.", hint=hint)
    return name


def _key(key: str | Sequence[str] | None) -> tuple[str, ...] | None:
    return (key,) if isinstance(key, str) else tuple(key) if key is not None else None
