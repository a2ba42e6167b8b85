"""Where a variable's rows come from: the tag it carries, and the cells that made it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from e2e_lab.project import Project
from e2e_lab.records import Parent
from e2e_lab.workspace.session.readers import tag_of
from e2e_lab.workspace.session.state import Session


@dataclass(frozen=True)
class Provenance:
    """The snapshots and the source behind a table. *derived*: it is no longer what was read from *source*."""

    parents: tuple[Parent, ...] = ()
    source: str | None = None
    derived: bool = False
    notes: tuple[str, ...] = ()


def came_from(thing: Any, session: Session, project: Project) -> Provenance:
    """What is known of *thing*: its own tag first, then the cells that read and assigned its names.

    Where neither says anything and code ran that cannot be read, every snapshot of the session is a candidate,
    marked ``inferred: session``.
    """
    tag = tag_of(thing)
    names = session.names_of(thing)
    if not names and session.cells:  # a table that was never given a name: what its cell reads
        names = session.cells[-1].reads
    seen, certain = session.flow.parents(*names)
    parents = tuple(dict.fromkeys([*tag.snapshots, *seen]))
    if parents:
        return Provenance(parents)
    if tag.source is not None:
        notes: tuple[str, ...] = ()
        if not tag.as_read:
            notes = (
                f"made from {tag.source} by cells before it; snapshot what was read there to keep the chain whole",
            )
        return Provenance((), _said(tag.source, project), not tag.as_read, notes)
    candidates = session.flow.snapshots
    if certain or not candidates:
        return Provenance()
    said = ", ".join(map(str, candidates))
    return Provenance(
        tuple(replace(parent, inferred="session") for parent in candidates),
        notes=(f"parents not certain, so all of this session's are recorded: {said} (--parent corrects it)",),
    )


def _said(source: str, project: Project) -> str:
    return project.relative(source) if Path(source).exists() else source
