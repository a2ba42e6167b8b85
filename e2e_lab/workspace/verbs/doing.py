"""What each verb's words mean: from a parsed :class:`Call` to one call of its Python twin, for magic and shell."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from e2e_lab import storage
from e2e_lab.errors import UsageError
from e2e_lab.records import Loaded, Snapshot, Snapshots
from e2e_lab.workspace import grammar
from e2e_lab.workspace.session import default_name, session
from e2e_lab.workspace.showing import progress_bar
from e2e_lab.workspace.verbs import data, experiments, models, project, upkeep

Values = dict[str, Any]


def do(call: grammar.Call) -> Any:
    """Carry out a call: the record (or frame, or endpoint) that the verb answers with."""
    return _VERBS[call.verb.name](call.values)


def as_json(answer: Any) -> str:
    """Any answer as JSON text."""
    if hasattr(answer, "to_dict"):  # a pandas table
        return str(answer.to_json(orient="records", date_format="iso", indent=2))
    return json.dumps(answer.to_json(), indent=2, ensure_ascii=False)


def _snapshot(v: Values) -> Any:
    if v["as_name"] and len(v["names"]) > 1:
        raise UsageError("--as names one dataset; several variables were given.", hint=f"e2e snapshot {v['names'][0]}")
    if not session.in_kernel:
        return _one_or_all([_snapshot_file(name, v) for name in v["names"]])
    made = []
    for variable in v["names"]:
        frame = session.value(variable)
        name = v["as_name"] or default_name(variable, frame)
        made.append(
            data.snapshot(
                frame, name, stage=v["stage"], parents=v["parents"] or None, source=v["source"],
                key=v["key"] or None, message=v["message"],
            )
        )  # fmt: skip
    return _one_or_all(made)


def _one_or_all(made: list[Snapshot]) -> Snapshot | Snapshots:
    return made[0] if len(made) == 1 else Snapshots(items=tuple(made))


def _snapshot_file(path: str, v: Values) -> Snapshot:
    """At a shell a VAR is a file: the table in it, with the file as its source."""
    name = v["as_name"] or Path(path).name.split(".")[0]
    if (v["stage"] or "raw") == "raw" and not v["parents"] and v["source"] is None:
        return data.ingest(path, name, key=v["key"] or None, message=v["message"])
    table, _ = storage.read_file(path)
    return data.snapshot(
        table, name, stage=v["stage"], parents=v["parents"] or None,
        source=v["source"] or path, key=v["key"] or None, message=v["message"],
    )  # fmt: skip


def _load(v: Values) -> Any:
    project = session.project()
    version = data.version_meant(project, v["ref"])
    if session.namespace is None:  # a shell has no variables: show the first rows
        limit = v["limit"] or (None if v["sample"] else 10)
        return data.load_version(project, version, sample=v["sample"], limit=limit)
    name = v["into"] or version.name
    if not name.isidentifier():
        raise UsageError(f"{name!r} cannot be a variable.", hint=f"e2e load {v['ref']} --into NAME")
    frame = data.load_version(project, version, sample=v["sample"], limit=v["limit"], kind=v["kind"] or "pandas")
    session.namespace[name] = frame
    session.holds(frame, version.as_parent)
    rows = min(part for part in (v["sample"], v["limit"], version.rows) if part is not None)
    return Loaded(
        ref=version.ref, stage=version.stage, rows=rows, columns=len(version.columns),
        notes=(f"in the variable {name}",),
    )  # fmt: skip


def _run(v: Values) -> Any:
    name = v["name"]
    if not name or not name.endswith(".ipynb"):
        hint = f"%%e2e run {name or 'NAME'}" if session.in_kernel else "e2e run NOTEBOOK.ipynb"
        raise UsageError("A run is a cell that begins with %%e2e run NAME, or a saved notebook.", hint=hint)
    return experiments.run_notebook(name, grammar.literals(v["params"]))


def _keep(v: Values) -> Any:
    if not session.in_kernel:
        raise UsageError("keep works on variables of a notebook.", hint="%e2e keep NAME --model VAR --X VAR")
    values = {part: session.value(v[part]) if v[part] else None for part in ("model", "X", "y")}
    metrics = {
        name: float(session.evaluate(expression)) for name, expression in grammar.assignments(v["metrics"]).items()
    }
    return experiments.keep(v["name"], **values, metrics=metrics, params=grammar.literals(v["params"]) or None)


def _runs(v: Values) -> Any:
    table = experiments.runs()
    if v["where"]:
        try:
            table = table.query(v["where"])
        except Exception as problem:
            raise UsageError(f"{v['where']!r}: {problem}.", hint="e2e runs --where 'rmse < 20'") from None
    if v["sort"]:
        by = v["sort"].removeprefix("-")
        if by not in table.columns:
            raise UsageError(f"No run has the metric {by!r}; there are {', '.join(table.columns)}.", hint="e2e runs")
        table = table.sort_values(by, ascending=not v["sort"].startswith("-"), na_position="last")
    return table


def _verify(v: Values) -> Any:
    with progress_bar("verifying", notebook=session.in_kernel) as tell:
        return upkeep.verify(*v["refs"], progress=tell)


def _needed(value: Any, flag: str, usage: str) -> Any:
    if not value:
        raise UsageError(f"{usage.split()[1]} needs {flag}.", hint=usage)
    return value


_VERBS: dict[str, Callable[[Values], Any]] = {
    "init": lambda v: project.init(v["path"] or "."),
    "status": lambda _: project.status(),
    "ingest": lambda v: data.ingest(
        v["source"], v["name"] or Path(v["source"]).name.split(".")[0], key=v["key"] or None, message=v["message"]
    ),
    "snapshot": _snapshot,
    "load": _load,
    "data": lambda _: data.datasets(),
    "rename": lambda v: data.rename(v["old"], v["new"]),
    "remove": lambda v: data.remove(v["name"]),
    "verify": _verify,
    "gc": lambda v: upkeep.gc(dry_run=v["dry_run"]),
    "forget": lambda v: upkeep.forget(
        v["ref"], reason=_needed(v["reason"], "--reason TEXT", f'e2e forget {v["ref"]} --reason "why"')
    ),
    "export": lambda v: data.export(v["ref"], v["path"]),
    "commit": lambda v: project.commit(_needed(v["message"], "-m TEXT", 'e2e commit -m "what changed"')),
    "log": lambda v: project.log(v["name"]),
    "restore": lambda v: project.restore(v["revision"], *v["names"]),
    "run": _run,
    "keep": _keep,
    "runs": _runs,
    "register": lambda v: models.register(
        v["run"], _needed(v["as_name"], "--as NAME", f"e2e register {v['run']} --as NAME"), alias=v["alias"],
        model=v["model"],
    ),
    "package": lambda v: models.package(v["ref"], service=v["service"], trust=v["trust"]),
    "serve": lambda v: models.serve(
        v["ref"], port=v["port"], replace=v["replace"], detach=v["detach"] or session.in_kernel, trust=v["trust"]
    ),
    "services": lambda _: models.services(),
    "stop": lambda v: models.stop(v["service"]),
    "trace": lambda v: models.trace(v["subject"]),
}  # fmt: skip
