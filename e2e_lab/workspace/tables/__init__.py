"""Rows and profiles of a table, read by a process of its own, so that the server stays light."""

from __future__ import annotations

from typing import TYPE_CHECKING

from e2e_lab.faces import lazily

if TYPE_CHECKING:
    from e2e_lab.workspace.tables.query import Worker

__all__ = [
    "Worker",
]

_WHERE = {"Worker": "query"}

__getattr__ = lazily(__name__, _WHERE)
