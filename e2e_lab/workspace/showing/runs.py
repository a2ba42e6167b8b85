"""The table of runs: an ordinary DataFrame that shows itself in the width of a page."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import pandas as pd

from e2e_lab.records import Brief, Run, View, ago, plural, settings
from e2e_lab.workspace.showing.cards import html

_FIXED = ("run", "status", "started", "seconds")
_ENDS = ("data", "id")
_MOST_METRICS = 6
_MOST_ROWS = 50
_MEASURED = 0.05
"""Seconds; a run that was kept after the fact took no time of its own."""


class RunTable(pd.DataFrame):
    """Runs, one a row, with every metric and parameter in a column of its own.

    Shown, the parameters share a column, and what says nothing is left out: the status where all finished, the ids
    where names tell the runs apart. A selection of columns shows as any DataFrame does.
    """

    _metadata = ["e2e_metrics"]  # noqa: RUF012  pandas' own way to carry it along
    e2e_metrics: tuple[str, ...] | None = None

    @classmethod
    def of(cls, rows: Sequence[dict[str, Any]], columns: Sequence[str], *, metrics: Sequence[str]) -> RunTable:
        """The table of *rows* with these *columns*; which of them are *metrics* tells them from the parameters."""
        table = cls(list(rows), columns=list(columns))
        table.e2e_metrics = tuple(metrics)
        return table

    @property
    def _constructor(self) -> type[RunTable]:
        return RunTable

    def view(self) -> View | None:
        """How it is shown, or None where it is no longer a table of whole runs."""
        names = [str(name) for name in self.columns]
        metrics = self.e2e_metrics
        whole = metrics is not None and names[: len(_FIXED)] == list(_FIXED) and names[-len(_ENDS) :] == list(_ENDS)
        if metrics is None or not whole or not {*metrics} <= {*names}:
            return None
        if self.empty:
            return View("No runs yet.", notes=("%%e2e run NAME, at the top of a cell, makes one.",))
        params = [name for name in names if name not in (*_FIXED, *_ENDS, *metrics)]
        kept = metrics[:_MOST_METRICS]
        top = self.head(_MOST_ROWS)
        left_out = {*metrics[_MOST_METRICS:], *params}
        left_out |= {"status"} if (self["status"] == "finished").all() else set()
        left_out |= {"id"} if top["run"].is_unique else set()
        header = [name for name in (*_FIXED, *kept, *(["params"] if params else []), *_ENDS) if name not in left_out]
        rows = [_cells(row, kept, params) for row in top.to_dict("records")]
        notes = []
        if len(self) > _MOST_ROWS:
            notes.append(f"… and {len(self) - _MOST_ROWS:,} more")
        if rest := metrics[_MOST_METRICS:]:
            named = ", ".join([*rest[:_MOST_METRICS], *(["…"] if len(rest) > _MOST_METRICS else [])])
            notes.append(f"… and {plural(len(rest), 'more metric')}: {named}")
        title = plural(len(self), "run") + (" · all finished" if "status" in left_out else "")
        return View(
            title, header=tuple(header), rows=tuple(tuple(row[name] for name in header) for row in rows),
            notes=tuple(notes),
        )  # fmt: skip

    def __repr__(self) -> str:
        view = self.view()
        return super().__repr__() if view is None else view.text()

    def _repr_html_(self) -> str | None:
        view = self.view()
        return super()._repr_html_() if view is None else html(view)  # type: ignore[misc]  # not in its stubs


def run_table(runs: Sequence[Run]) -> RunTable:
    """The table of *runs*, in their order; what is called as a column before it is ``metric.NAME``, ``param.NAME``."""
    taken = {*_FIXED, *_ENDS}
    metrics = _columns((name for run in runs for name in run.metrics), "metric", taken)
    params = _columns((name for run in runs for name in run.params), "param", taken | {*metrics.values()})
    rows = [
        {
            "run": run.name,
            "status": run.status,
            "started": run.start,
            "seconds": (run.end - run.start).total_seconds() if run.end else None,
            **{column: run.metrics.get(name) for name, column in metrics.items()},
            **{column: run.params.get(name) for name, column in params.items()},
            "data": ", ".join(dict.fromkeys(map(str, run.data))),
            "id": run.id,
        }
        for run in runs
    ]
    made = list(metrics.values())
    return RunTable.of(rows, [*_FIXED, *made, *params.values(), *_ENDS], metrics=made)


def _columns(names: Iterable[str], kind: str, taken: Collection[str]) -> dict[str, str]:
    return {name: f"{kind}.{name}" if name in taken else name for name in names}


def _cells(row: dict[Any, Any], metrics: Sequence[str], params: Sequence[str]) -> dict[str, str]:
    given = {name.removeprefix("param."): str(row[name]) for name in params if not pd.isna(row[name])}
    return {
        "run": row["run"],
        "status": row["status"],
        "started": ago(row["started"].to_pydatetime()),
        "seconds": f"{row['seconds']:.1f}" if row["seconds"] >= _MEASURED else "",
        **{name: "" if pd.isna(row[name]) else f"{row[name]:.6g}" for name in metrics},
        "params": settings(given, most=4),
        "data": row["data"],
        "id": Brief(row["id"][:8], whole=row["id"]),
    }
