"""Pages of runs, read from MLflow's tables: filtered, sorted and cut by sqlite, without mlflow.

A tracking server's runs are put into the same tables in memory first (:mod:`tables`), so that there is one way to
look for a run.
"""

from __future__ import annotations

import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence

from e2e_lab.errors import RunNotFound
from e2e_lab.experiments import entries, owners
from e2e_lab.experiments.table import moment
from e2e_lab.experiments.wanted import Wanted, marks, number, order, where
from e2e_lab.records.experiments import Curve, RunColumn, RunColumns, RunEntry, RunModel, RunPage

POINTS = 300
"""Of a curve that is shown."""
SPARK = 60
"""Of the curve of a run that goes on."""


def page(tables: sqlite3.Connection, experiment: str, wanted: Wanted) -> RunPage:
    """The runs from ``offset`` on, at most ``limit``. Raises :class:`UsageError` for an order that no run has."""
    tables.create_function("number", 1, number, deterministic=True)
    fits, values = where(experiment, wanted)
    total = tables.execute(f"select count(*) from runs r where {fits}", values).fetchone()[0]  # noqa: S608
    by = order(tables, wanted)
    found = tables.execute(
        f"select r.run_uuid from runs r {by.joins} where {fits} order by {by.keys} limit ? offset ?",  # noqa: S608
        (*by.joined, *values, *by.values, wanted.limit, wanted.offset),
    )
    items = listed(tables, [run for (run,) in found], columns=wanted.columns)
    running = sum(1 for _ in _going_on(tables, experiment))
    return RunPage(items=items, total=total, limit=wanted.limit, offset=wanted.offset, running=running)


def listed(tables: sqlite3.Connection, runs: Sequence[str], *, columns: Iterable[str] = ()) -> tuple[RunEntry, ...]:
    """The runs of these ids, in this order."""
    if not runs:
        return ()
    rows = {
        row[0]: row[1:]
        for row in tables.execute(
            "select run_uuid, name, status, start_time, end_time from runs "  # noqa: S608
            f"where run_uuid in ({marks(runs)})",
            runs,
        )
    }
    params, metrics, tags = _params(tables, runs, columns), _metrics(tables, runs, columns), _tags(tables, runs)
    registered = _registered(tables, runs)
    made = []
    for run in runs:
        name, status, start, end = rows[run]
        said = tags[run]
        going = status == "RUNNING" and not owners.dead(said.get("e2e.owner", ""))
        status = "running" if going else "killed" if status == "RUNNING" else status.lower()
        data = dict.fromkeys(str(use) for use in entries.read_data(said))
        made.append(
            RunEntry(
                id=run, name=name or run[:8], status=status, start=moment(start), end=moment(end) if end else None,
                seconds=(end - start) / 1000 if end else None, origin=entries.read_origin(said),
                parent=said.get("mlflow.parentRunId"), params=params[run], metrics=metrics[run], data=tuple(data),
                models=tuple(entries.proofs(said)), registered=tuple(registered[run]),
                live=_live(tables, run) if going else None,
            )
        )  # fmt: skip
    return tuple(made)


def columns_of(tables: sqlite3.Connection, experiment: str) -> RunColumns:
    """Which metrics and parameters there are, by how many runs have them."""
    found = []
    for kind, table in (("metric", "latest_metrics"), ("param", "params")):
        rows = tables.execute(
            f"select t.key, count(*), min(t.value) <> max(t.value) from {table} t join runs r using (run_uuid) "  # noqa: S608
            "join experiments e using (experiment_id) where e.name = ? and r.lifecycle_stage = 'active' "
            "group by t.key order by count(*) desc, t.key",
            (experiment,),
        )
        found += [RunColumn(name=name, kind=kind, runs=n, differs=bool(d)) for name, n, d in rows]  # type: ignore[arg-type]
    return RunColumns(items=tuple(found))


def find(tables: sqlite3.Connection, experiment: str, ref: str) -> str:
    """The id of the run whose id is or begins with *ref* (6 digits or more); :class:`RunNotFound` otherwise."""
    if re.fullmatch(r"[0-9a-f]{6,32}", ref):
        found = tables.execute(
            "select run_uuid from runs r join experiments e using (experiment_id) where e.name = ? and "
            "r.lifecycle_stage = 'active' and run_uuid >= ? and run_uuid < ? limit 2",
            (experiment, ref, ref + "g"),
        ).fetchall()
        if len(found) == 1:
            return str(found[0][0])
    raise RunNotFound(f"There is no run {ref!r} here.", hint="e2e runs")


def curves(tables: sqlite3.Connection, runs: Sequence[str]) -> tuple[Curve, ...]:
    """The metrics of *runs* that have more than one step, each thinned to :data:`POINTS`."""
    made = []
    for run in runs:
        by_name: dict[str, dict[int, float]] = defaultdict(dict)
        for name, step, value in tables.execute(
            "select key, step, value from metrics where run_uuid = ? and is_nan = 0 order by key, step, timestamp",
            (run,),
        ):
            by_name[name][step] = value  # the last one of a step counts
        made += [_curve(run, name, points) for name, points in by_name.items() if len(points) > 1]
    return tuple(made)


def kept(tables: sqlite3.Connection, run: str) -> tuple[RunModel, ...]:
    """The models that a run kept, and how their proof went."""
    named: dict[str, list[str]] = defaultdict(list)
    for name, version, model in tables.execute(
        "select v.name, v.version, t.value from model_versions v left join model_version_tags t on t.name = v.name "
        "and t.version = v.version and t.key = 'e2e.model' where v.run_id = ? "
        "and v.current_stage != 'Deleted_Internal' order by v.name, v.version",
        (run,),
    ):
        named[model or ""].append(f"{name}@v{version}")
    proofs = entries.proofs(_tags(tables, [run])[run])
    return tuple(
        RunModel(name=name, proof=proof, registered=(*named[name], *named[""])) for name, proof in proofs.items()
    )


def notes(tables: sqlite3.Connection, run: str) -> tuple[str, ...]:
    """What else there is to say of a run."""
    return entries.notes(_tags(tables, [run])[run])


def tags_of(tables: sqlite3.Connection, run: str) -> dict[str, str]:
    """The tags of one run."""
    return _tags(tables, [run])[run]


def children(tables: sqlite3.Connection, run: str) -> int:
    """How many runs are parts of this one."""
    query = "select count(*) from tags where key = 'mlflow.parentRunId' and value = ?"
    return int(tables.execute(query, (run,)).fetchone()[0])


# ---- what comes along with a run -----------------------------------------------------------------------------


def _params(tables: sqlite3.Connection, runs: Sequence[str], columns: Iterable[str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for run, name, value in _values(tables, "params", runs, tuple(columns)):
        found[run][name] = str(value)
    return found


def _metrics(tables: sqlite3.Connection, runs: Sequence[str], columns: Iterable[str]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for run, name, value in _values(tables, "latest_metrics", runs, tuple(columns), "and is_nan = 0"):
        found[run][name] = float(value)
    return found


def _values(
    tables: sqlite3.Connection, table: str, runs: Sequence[str], columns: tuple[str, ...], more: str = ""
) -> Iterable[tuple[str, str, str | float]]:
    named = f"and key in ({marks(columns)})" if columns else ""
    query = f"select run_uuid, key, value from {table} where run_uuid in ({marks(runs)}) {named} {more} order by key"  # noqa: S608
    return tables.execute(query, (*runs, *columns))


def _tags(tables: sqlite3.Connection, runs: Sequence[str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = defaultdict(dict)
    query = f"select run_uuid, key, value from tags where run_uuid in ({marks(runs)})"  # noqa: S608
    for run, name, value in tables.execute(query, tuple(runs)):
        found[run][name] = value or ""
    return found


def _registered(tables: sqlite3.Connection, runs: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for run, name, version in tables.execute(
        f"select run_id, name, version from model_versions where run_id in ({marks(runs)}) "  # noqa: S608
        "and current_stage != 'Deleted_Internal' order by name, version",
        tuple(runs),
    ):
        found[run].append(f"{name}@v{version}")
    return found


def _going_on(tables: sqlite3.Connection, experiment: str) -> Iterable[str]:
    for run, owner in tables.execute(
        "select r.run_uuid, t.value from runs r join experiments e using (experiment_id) "
        "left join tags t on t.run_uuid = r.run_uuid and t.key = 'e2e.owner' "
        "where e.name = ? and r.status = 'RUNNING' and r.lifecycle_stage = 'active'",
        (experiment,),
    ):
        if not owners.dead(owner or ""):
            yield run


def _live(tables: sqlite3.Connection, run: str) -> Curve | None:
    """The metric that was logged last."""
    newest = tables.execute(
        "select key from latest_metrics where run_uuid = ? and is_nan = 0 "
        "order by timestamp desc, step desc, key limit 1",
        (run,),
    ).fetchone()
    if newest is None:
        return None
    points = tables.execute(
        "select step, value from metrics where run_uuid = ? and key = ? and is_nan = 0 order by step desc limit ?",
        (run, newest[0], SPARK),
    ).fetchall()
    total = tables.execute("select count(*) from metrics where run_uuid = ? and key = ?", (run, newest[0])).fetchone()
    steps, values = zip(*reversed(points), strict=True)
    return Curve(run=run, name=newest[0], steps=steps, values=values, total=total[0])


def _curve(run: str, name: str, points: dict[int, float]) -> Curve:
    steps = list(points)
    every = -(-len(steps) // POINTS)
    shown = steps[::every] if (len(steps) - 1) % every == 0 else [*steps[::every], steps[-1]]
    values = tuple(points[step] for step in shown)
    return Curve(run=run, name=name, steps=tuple(shown), values=values, total=len(steps))
