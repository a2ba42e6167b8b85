"""The tables in which runs are looked for: MLflow's own file, or a copy in memory of what a tracking server says."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from e2e_lab.experiments import embedded, tracking
from e2e_lab.project import Project

if TYPE_CHECKING:
    from mlflow.entities import Run

FRESH = 2.0
"""Seconds for which a server's runs are believed."""
_holding = threading.Lock()
_SCHEMA = """
create table experiments (experiment_id, name);
create table runs (run_uuid primary key, name, status, start_time, end_time, lifecycle_stage, experiment_id);
create table params (key, value, run_uuid, primary key (key, run_uuid));
create table tags (key, value, run_uuid, primary key (key, run_uuid));
create table latest_metrics (key, value, timestamp, step, is_nan, run_uuid, primary key (key, run_uuid));
create table metrics (key, value, timestamp, step, is_nan, run_uuid);
create table model_versions (name, version, run_id, current_stage);
create table model_version_tags (name, version, key, value);
create index params_of on params (run_uuid);
create index tags_of on tags (run_uuid);
create index metrics_of on metrics (run_uuid, key, step);
"""


@dataclass
class _Copy:
    """What a server said, and of which runs every step is in it."""

    connection: sqlite3.Connection
    since: float = field(default_factory=time.monotonic)
    whole: set[str] = field(default_factory=set)


_HELD: dict[str, _Copy] = {}


def is_remote(project: Project) -> bool:
    """Whether the project's runs are at a server, which takes mlflow to ask."""
    return tracking.tracking_uri(project) is not None


@contextmanager
def opened(project: Project, *, whole: Iterable[str] = ()) -> Iterator[sqlite3.Connection]:
    """The tables, to be read only; of the runs in *whole* every step of every metric is there.

    Raises :class:`TrackingError` where they cannot be read. Nothing is made or changed.
    """
    if is_remote(project):
        with embedded.told(), _holding:
            yield _copy(project, tuple(whole))
        return
    with embedded.reading(project) as found:
        if found is not None:
            yield found
            return
        with closing(_empty()) as connection:
            yield connection


def _empty() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    connection.executescript(_SCHEMA)
    return connection


def _copy(project: Project, whole: tuple[str, ...]) -> sqlite3.Connection:
    store = tracking.open_store(project)
    key = f"{store.uri} {project.name}"
    kept = _HELD.get(key)
    with tracking.told(store.uri):
        if kept is None or time.monotonic() - kept.since > FRESH:
            made = _Copy(_copied(project, store))
            if kept is not None:
                kept.connection.close()
            kept = _HELD[key] = made
        going = [run for (run,) in kept.connection.execute("select run_uuid from runs where status = 'RUNNING'")]
        for run in {*whole, *going} - kept.whole:
            _add_steps(kept.connection, store, run)
            kept.whole.add(run)
    return kept.connection


def _copied(project: Project, store: tracking.Store) -> sqlite3.Connection:
    connection = _empty()
    connection.execute("insert into experiments values (?, ?)", (store.experiment, project.name))
    token: str | None = None
    while True:
        page = store.client.search_runs([store.experiment], max_results=1000, page_token=token)
        for run in page:
            _add(connection, run)
        token = page.token
        if not token:
            break
    for version in _versions(store):
        connection.execute(
            "insert into model_versions values (?, ?, ?, ?)",
            (version.name, int(version.version), version.run_id, version.current_stage or "None"),
        )
        connection.executemany(
            "insert into model_version_tags values (?, ?, ?, ?)",
            [(version.name, int(version.version), key, value) for key, value in version.tags.items()],
        )
    return connection


def _versions(store: tracking.Store) -> Iterator[Any]:
    token: str | None = None
    while True:
        page = store.client.search_model_versions(max_results=1000, page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def _add(connection: sqlite3.Connection, run: Run) -> None:
    info, data = run.info, run.data
    connection.execute(
        "insert into runs values (?, ?, ?, ?, ?, 'active', ?)",
        (info.run_id, info.run_name, info.status, info.start_time, info.end_time, info.experiment_id),
    )
    for table, values in (("params", data.params), ("tags", data.tags)):
        rows = [(key, value, info.run_id) for key, value in values.items()]
        connection.executemany(f"insert into {table} values (?, ?, ?)", rows)  # noqa: S608  names are ours
    rows = [_point(info.run_id, metric) for metric in data._metric_objs]
    connection.executemany("insert into latest_metrics values (?, ?, ?, ?, ?, ?)", rows)


def _point(run: str, metric: Any) -> tuple[Any, ...]:
    nan = metric.value != metric.value
    return metric.key, 0.0 if nan else metric.value, metric.timestamp, metric.step, int(nan), run


def _add_steps(connection: sqlite3.Connection, store: tracking.Store, run: str) -> None:
    """Every step of the run's metrics, which a listing does not have."""
    connection.execute("delete from metrics where run_uuid = ?", (run,))  # what an interrupted look has left
    for (key,) in connection.execute("select key from latest_metrics where run_uuid = ?", (run,)).fetchall():
        rows = [_point(run, metric) for metric in store.client.get_metric_history(run, key)]
        connection.executemany("insert into metrics values (?, ?, ?, ?, ?, ?)", rows)
