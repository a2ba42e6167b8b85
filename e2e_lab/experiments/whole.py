"""Runs for the panels: pages of them, one whole, several compared; quick, since mlflow is asked for a server's only."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

from e2e_lab import versioning
from e2e_lab.errors import GitError, NotFound, UsageError
from e2e_lab.experiments import catalogue, entries, tables
from e2e_lab.experiments.wanted import Wanted
from e2e_lab.project import Project
from e2e_lab.records.experiments import ComparedRow, Comparison, RunColumns, RunDetail, RunEntry, RunPage

MOST_COMPARED = 50
LOCK = ".e2e-run/requirements.lock"


def run_page(project: Project, wanted: Wanted) -> RunPage:
    """A page of the project's runs, as :class:`Wanted` says."""
    with tables.opened(project) as connection:
        return catalogue.page(connection, project.name, wanted)


def run_columns(project: Project) -> RunColumns:
    """The metrics and parameters that the project's runs have."""
    with tables.opened(project) as connection:
        return catalogue.columns_of(connection, project.name)


def run_detail(project: Project, ref: str) -> RunDetail:
    """One run whole, by its id or the beginning of it. Raises :class:`RunNotFound`."""
    with tables.opened(project) as connection:
        run = catalogue.find(connection, project.name, ref)
    with tables.opened(project, whole=[run]) as connection:
        (entry,) = catalogue.listed(connection, [run])
        tags = catalogue.tags_of(connection, run)
        code = _Code(project, tags)
        return RunDetail(
            run=entry, curves=catalogue.curves(connection, [run]), uses=entries.read_data(tags),
            kept=catalogue.kept(connection, run), pin=entries.read_pin(tags), cell=code.cell, cells=len(code.cells),
            packages=len(code.packages), children=catalogue.children(connection, run),
            notes=catalogue.notes(connection, run), missing=tuple(code.missing),
        )  # fmt: skip


def compare(project: Project, refs: Sequence[str]) -> Comparison:
    """What two runs or more have alike and what not. Raises :class:`RunNotFound`, :class:`UsageError` for one run."""
    if len(refs) > MOST_COMPARED:
        raise UsageError(f"{len(refs)} runs are more than {MOST_COMPARED}.", hint="choose fewer")
    with tables.opened(project) as connection:
        found = list(dict.fromkeys(catalogue.find(connection, project.name, ref) for ref in refs))
    if len(found) < 2:
        raise UsageError("One run alone has nothing to be compared with.", hint="with=ID")
    with tables.opened(project, whole=found) as connection:
        runs = catalogue.listed(connection, found)
        curves = catalogue.curves(connection, found)
        tags = [catalogue.tags_of(connection, run) for run in found]
    codes = [_Code(project, of_one) for of_one in tags]
    first, last = codes[0], codes[-1]
    return Comparison(
        runs=runs,
        params=_rows([run.params for run in runs]),
        metrics=_rows([{name: f"{value:.6g}" for name, value in run.metrics.items()} for run in runs]),
        data=_rows([_by_name(run) for run in runs]),
        environment=tuple(row for row in _rows([code.packages for code in codes]) if row.differs),
        code=tuple(_diff(first.cell, last.cell, runs[0], runs[-1])),
        curves=curves,
        missing=tuple(dict.fromkeys(said for code in codes for said in code.missing)),
    )


class _Code:
    """What a run's pin holds: the cells and the packages, as far as they are on this machine."""

    def __init__(self, project: Project, tags: Mapping[str, str]) -> None:
        self.cells: tuple[str, ...] = ()
        self.packages: dict[str, str] = {}
        self.missing: list[str] = []
        pin = entries.read_pin(tags)
        if pin is None:
            return
        try:
            self.cells = versioning.pinned_cells(project, pin.commit)
            lock = versioning.pinned_file(project, pin.commit, LOCK).decode(errors="replace")
        except (GitError, NotFound) as problem:
            self.missing.append(problem.message)
        else:
            self.packages = dict(line.split("==", 1) for line in lock.splitlines() if "==" in line)

    @property
    def cell(self) -> str | None:
        """The source of the cell that made the run: the last one that ran."""
        return self.cells[-1] if self.cells else None


def _by_name(run: RunEntry) -> dict[str, str]:
    """The versions that a run used, by dataset."""
    found: dict[str, list[str]] = {}
    for ref in run.data:
        name, _, version = ref.partition("@")
        found.setdefault(name, []).append(version)
    return {name: ", ".join(versions) for name, versions in found.items()}


def _rows(runs: Sequence[Mapping[str, str]]) -> tuple[ComparedRow, ...]:
    """A row for each name that any of *runs* has, those that differ first.

    >>> [(row.name, row.values) for row in _rows([{"a": "1", "depth": "2"}, {"a": "1", "depth": "4"}])]
    [('depth', ('2', '4')), ('a', ('1', '1'))]
    """
    names = dict.fromkeys(name for run in runs for name in run)
    rows = []
    for name in names:
        values = tuple(run.get(name) for run in runs)
        rows.append(ComparedRow(name=name, values=values, differs=len(set(values)) > 1))
    return tuple(sorted(rows, key=lambda row: not row.differs))


def _diff(a: str | None, b: str | None, of: RunEntry, to: RunEntry) -> list[str]:
    if a is None or b is None or a == b:
        return []
    lines = difflib.unified_diff(a.splitlines(), b.splitlines(), of.name, to.name, lineterm="", n=2)
    return list(lines)[2:]
