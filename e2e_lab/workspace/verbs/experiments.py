"""The verbs for experiments: runs, what they log, the models they keep."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from e2e_lab import experiments, versioning
from e2e_lab.project import Project
from e2e_lab.records import Pin, Run, Trail
from e2e_lab.workspace.session import data_in_reach, generator_states, going_on, inert, session, uses
from e2e_lab.workspace.showing import LiveMetrics
from e2e_lab.workspace.verbs.data import PathLike

if TYPE_CHECKING:
    import pandas as pd

    from e2e_lab.experiments import ActiveRun


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
    trail, pin = _pinned(project, generators=generator_states())
    outer = going_on(project)
    started = experiments.start(
        project, name, params=dict(params or {}), data=data_in_reach(), pin=pin, trail=trail,
        parent=outer[-1].id if outer else None,
    )  # fmt: skip
    session.runs.append(started)
    if session.front is not None and not inert():
        live = LiveMetrics()
        started.told = live.note
        session.shown[started.id] = live.close
    return started


def end_run(started: ActiveRun, error: BaseException | None = None) -> Run:
    """End a run: finished, failed with the error's traceback, or killed by an interrupt."""
    if started in session.runs:
        session.runs.remove(started)
    session.shown.pop(started.id, lambda: None)()
    if error is None:
        ended = started.finish()
    else:
        status = "killed" if isinstance(error, KeyboardInterrupt) else "failed"
        ended = started.finish(status, error="".join(traceback.format_exception(error)))
    session.ran.append(ended)
    return ended


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
        for use in uses(thing, project, "train"):
            active.use(use)
    active.log_model(model, X, y, name=name, predict=predict)
    session.keeps(model, active.name)


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
    trail, pin = _pinned(project, generators=generator_states())
    data = dict.fromkeys(use for thing in (X, y) for use in uses(thing, project, "train"))
    kept = experiments.keep(
        project, name, model=model, X=X, y=y, metrics=dict(metrics or {}), params=dict(params) if params else None,
        data=tuple(data), pin=pin, trail=trail,
    )  # fmt: skip
    session.ran.append(kept)
    if model is not None:
        session.keeps(model, kept.name)
    return kept


def runs() -> pd.DataFrame:
    """The runs, newest first: name, status, start, seconds, then a column a metric and a column a parameter, data, id.

    Example::

        e2e.runs().sort_values("rmse")
    """
    from e2e_lab.workspace.showing import run_table

    return run_table(experiments.runs(session.project()))


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


def _pinned(project: Project, **known: Any) -> tuple[Trail, Pin]:
    """The session's trail, with what else is *known* of it, and the code of this moment on a hidden ref."""
    trail = replace(session.trail(project), **known)
    return trail, versioning.pin(project, os.urandom(8).hex(), trail=trail)


def _active(wanted_for: str) -> ActiveRun:
    going_on(session.project())
    return session.active_run(wanted_for)
