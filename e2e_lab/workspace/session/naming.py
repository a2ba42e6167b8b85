"""Which dataset a variable's table is a version of, by the variable's name."""

from __future__ import annotations

from typing import Any

from e2e_lab.errors import InvalidName, UsageError
from e2e_lab.project import Project
from e2e_lab.records import Snapshot, dataset_name
from e2e_lab.workspace import across
from e2e_lab.workspace.session.state import session

_GENERIC = frozenset(
    """
    a arr array b c d data dataframe dataset df df1 df2 df3 features frame input labels new out output result results
    rows sample t table target temp test test_df tmp train train_df val valid
    x x_test x_train y y_test y_train
    """.split()  # noqa: SIM905  thirty quotes would hide the words
)
"""Variable names that say nothing of what is in them; a dataset wants a better one."""


def suggested_name(variable: str) -> str | None:
    """The dataset that a variable's name suggests; None where it says nothing, or no dataset may have it."""
    try:
        return None if variable.lower() in _GENERIC else dataset_name(variable)
    except InvalidName:
        return None


def default_name(variable: str, frame: Any) -> str:
    """The variable's name, unless it is generic or a different table has it."""
    if variable.lower() in _GENERIC:
        raise UsageError(
            f"{variable!r} says little of what is in it; give the dataset a name.",
            hint=f"e2e snapshot {variable} --as NAME",
        )
    name = dataset_name(variable)
    project = session.project()
    now = across.current(project, name)
    if now is not None and looks_different(now, frame, project):
        raise UsageError(
            f"This table looks like another one than {now.ref}: other columns, other rows, another notebook.",
            hint=f"e2e snapshot {variable} --as {name}   (or --as another name)",
        )
    return name


def looks_different(now: Snapshot, frame: Any, project: Project) -> bool:
    """Whether *frame* is probably another table than the dataset *now*: of another notebook, other columns and rows."""
    notebook = session.trail(project).notebook
    if notebook is None or now.origin.notebook in (None, notebook):
        return False
    columns = {str(column) for column in getattr(frame, "columns", ())}
    shared = columns & set(now.columns)
    return len(shared) * 2 < max(len(columns), len(now.columns)) and len(frame) != now.rows
