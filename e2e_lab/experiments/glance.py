"""How the experiments stand, read from the database file itself: quick, and without mlflow."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

from e2e_lab.experiments import database, owners, tracking
from e2e_lab.project import Project
from e2e_lab.records import RunsOverview

_COUNTED = (
    "from runs join experiments using (experiment_id) where experiments.name = ? and runs.lifecycle_stage = 'active'"
)
_OWNER = "(select value from tags where tags.run_uuid = runs.run_uuid and key = 'e2e.owner')"
_PENDING = "and run_uuid in (select run_uuid from tags where key glob 'e2e.model.*.proof' and value = 'pending')"
_KEPT = (
    "and status = 'FINISHED' and run_uuid in (select source_run_id from logged_models where lifecycle_stage = 'active')"
)


def overview(project: Project) -> RunsOverview:
    """Counts of runs and models and the newest run. Nothing is made, imported or asked over the network."""
    named = tracking.tracking_uri(project)
    if named:
        return RunsOverview(remote=named.rpartition("@")[2])
    path = database.path_of(project)
    if not path.is_file():
        return RunsOverview()
    try:
        with database.reading(path) as connection:
            return _read(connection, project.name)
    except sqlite3.Error:  # being made or moved at this moment, or not a database: the tracking store says which
        return RunsOverview(problem="the experiment database cannot be read now")


def _read(connection: sqlite3.Connection, experiment: str) -> RunsOverview:
    runs, running = connection.execute(
        f"select count(*), count(case status when 'RUNNING' then 1 end) {_COUNTED}",
        (experiment,),
    ).fetchone()
    models = connection.execute("select count(*) from logged_models where lifecycle_stage = 'active'").fetchone()[0]
    registered = connection.execute("select count(*) from registered_models").fetchone()[0]
    newest_model = connection.execute("select name from registered_models order by creation_time desc").fetchone()
    counts = RunsOverview(
        runs=runs, running=running, models=models, registered=registered,
        newest_model=newest_model[0] if newest_model else None, newest_kept=_newest_kept(connection, experiment),
        keeping=_keeping(connection, experiment),
    )  # fmt: skip
    newest = connection.execute(
        f"select run_uuid, runs.name, status {_COUNTED} order by start_time desc limit 1",
        (experiment,),
    ).fetchone()
    if newest is None:
        return counts
    metrics = connection.execute(
        "select key, value from latest_metrics where run_uuid = ? and is_nan = 0 order by key", (newest[0],)
    ).fetchall()
    return replace(
        counts, newest_name=newest[1], newest_status=newest[2].lower(), newest_metrics=dict(metrics)
    )  # fmt: skip


def _newest_kept(connection: sqlite3.Connection, experiment: str) -> str | None:
    kept = connection.execute(
        f"select run_uuid, runs.name {_COUNTED} {_KEPT} order by start_time desc limit 1", (experiment,)
    ).fetchone()
    if kept is None:
        return None
    run, name = kept
    meant = connection.execute(
        f"select run_uuid {_COUNTED} and status = 'FINISHED' and runs.name = ? order by start_time desc limit 1",
        (experiment, name),
    ).fetchone()
    return str(name) if meant[0] == run else str(run[:8])


def _keeping(connection: sqlite3.Connection, experiment: str) -> str | None:
    begun = connection.execute(
        f"select runs.name, {_OWNER} {_COUNTED} {_PENDING} order by start_time desc", (experiment,)
    )
    return next((str(name) for name, owner in begun if not owners.dead(owner or "")), None)
