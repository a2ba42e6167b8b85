"""The kernel's side of a notebook: the magic, hooks around cells, what the front end is told, buttons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from e2e_lab.faces import lazily

if TYPE_CHECKING:
    from e2e_lab.workspace.notebook.kernel import load

__all__ = [
    "load",
]

_WHERE = {"load": "kernel"}

__getattr__ = lazily(__name__, _WHERE)
