"""What is going on in this process: the cells that ran, the tables and where they came from, the runs.

There is one session a process. Nothing here does what a verb does; the verbs ask it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from e2e_lab.faces import lazily

if TYPE_CHECKING:
    from e2e_lab.workspace.session.generators import generator_states
    from e2e_lab.workspace.session.naming import default_name, looks_different, suggested_name
    from e2e_lab.workspace.session.provenance import Provenance, came_from
    from e2e_lab.workspace.session.readers import tag_snapshot, watch_readers
    from e2e_lab.workspace.session.runs import data_in_reach, going_on, inert, used, uses
    from e2e_lab.workspace.session.state import Session, cell_sources, fit_of, session

__all__ = [
    "Provenance",
    "Session",
    "came_from",
    "cell_sources",
    "data_in_reach",
    "default_name",
    "fit_of",
    "generator_states",
    "going_on",
    "inert",
    "looks_different",
    "session",
    "suggested_name",
    "tag_snapshot",
    "used",
    "uses",
    "watch_readers",
]

_WHERE = {
    "Provenance": "provenance", "Session": "state", "came_from": "provenance", "cell_sources": "state",
    "data_in_reach": "runs", "default_name": "naming", "fit_of": "state",
    "generator_states": "generators", "going_on": "runs",
    "inert": "runs", "looks_different": "naming", "session": "state", "suggested_name": "naming",
    "tag_snapshot": "readers", "used": "runs", "uses": "runs", "watch_readers": "readers",
}  # fmt: skip

__getattr__ = lazily(__name__, _WHERE)
