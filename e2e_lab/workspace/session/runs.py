"""The runs going on here, and the versions that they use."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from e2e_lab import experiments
from e2e_lab.project import Project
from e2e_lab.records import DataUse, Parent
from e2e_lab.workspace.session.provenance import came_from
from e2e_lab.workspace.session.state import session

if TYPE_CHECKING:
    from e2e_lab.experiments import ActiveRun


def inert() -> bool:
    """Whether verbs that change the project stand still: inside ``reproduce``, ``run NOTEBOOK`` and ``sweep``."""
    return os.environ.get("E2E_INERT") == "1"


def going_on(project: Project) -> list[ActiveRun]:
    """The runs going on, outermost first; in the kernel of ``run NOTEBOOK`` the notebook's own run is the outermost."""
    outer = os.environ.get("E2E_RUN")
    if outer and not any(active.id == outer for active in session.runs):
        session.runs.insert(0, experiments.join(project, outer))
    return session.runs


def used(project: Project, version: Parent, role: str) -> None:
    """Tell the runs going on that this version was loaded (*role* ``input``) or saved (``output``)."""
    for active in going_on(project):
        active.use(_use(version, role))


def data_in_reach() -> tuple[DataUse, ...]:
    """The snapshots behind what the running cell reads; in a script, those loaded so far."""
    if not session.cells:
        return tuple(_use(parent, "input") for parent in session.flow.snapshots)
    parents, _ = session.flow.parents(*session.cells[-1].reads)
    return tuple(_use(parent, "input") for parent in parents)


def uses(thing: Any, project: Project, role: str) -> tuple[DataUse, ...]:
    """The snapshots behind *thing*, as a run uses them; none where it is None."""
    if thing is None:
        return ()
    return tuple(_use(parent, role) for parent in came_from(thing, session, project).parents)


def _use(parent: Parent, role: str) -> DataUse:
    return DataUse(name=parent.name, version=parent.version, id=parent.id, role=role)
