"""Version Control: the only room that talks to git. Code, records and environment in one history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from e2e_lab.faces import lazily

if TYPE_CHECKING:
    from e2e_lab.versioning.committing import commit
    from e2e_lab.versioning.history import author, branch, head, log, record_at, unsaved
    from e2e_lab.versioning.installed import environment
    from e2e_lab.versioning.pins import pin, pinned_cells, pinned_file
    from e2e_lab.versioning.reachable import data_ids
    from e2e_lab.versioning.restoring import restore
    from e2e_lab.versioning.setup import init

__all__ = [
    "author",
    "branch",
    "commit",
    "data_ids",
    "environment",
    "head",
    "init",
    "log",
    "pin",
    "pinned_cells",
    "pinned_file",
    "record_at",
    "restore",
    "unsaved",
]

_WHERE = {
    "author": "history",
    "branch": "history",
    "commit": "committing",
    "data_ids": "reachable",
    "environment": "installed",
    "head": "history",
    "init": "setup",
    "log": "history",
    "pin": "pins",
    "pinned_cells": "pins",
    "pinned_file": "pins",
    "record_at": "history",
    "restore": "restoring",
    "unsaved": "history",
}

__getattr__ = lazily(__name__, _WHERE)
