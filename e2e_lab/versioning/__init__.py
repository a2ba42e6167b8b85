"""Version Control: the only room that talks to git. Code, records and environment in one history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from e2e_lab.faces import lazily

if TYPE_CHECKING:
    from e2e_lab.versioning.committing import commit
    from e2e_lab.versioning.history import author, branch, count, head, identity, log, record_at, unsaved
    from e2e_lab.versioning.installed import environment
    from e2e_lab.versioning.pins import pin, pinned_cells, pinned_file
    from e2e_lab.versioning.reachable import data_ids
    from e2e_lab.versioning.restoring import preview, restore
    from e2e_lab.versioning.setup import init
    from e2e_lab.versioning.uncommitted import kind_of, pending

__all__ = [
    "author",
    "branch",
    "commit",
    "count",
    "data_ids",
    "environment",
    "head",
    "identity",
    "init",
    "kind_of",
    "log",
    "pending",
    "pin",
    "pinned_cells",
    "pinned_file",
    "preview",
    "record_at",
    "restore",
    "unsaved",
]

_WHERE = {
    "author": "history",
    "branch": "history",
    "commit": "committing",
    "count": "history",
    "data_ids": "reachable",
    "environment": "installed",
    "head": "history",
    "identity": "history",
    "init": "setup",
    "kind_of": "uncommitted",
    "log": "history",
    "pending": "uncommitted",
    "pin": "pins",
    "pinned_cells": "pins",
    "pinned_file": "pins",
    "preview": "restoring",
    "record_at": "history",
    "restore": "restoring",
    "unsaved": "history",
}

__getattr__ = lazily(__name__, _WHERE)
