"""What takes several rooms at once, for every adapter: where a project stands, and its datasets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from e2e_lab.faces import lazily

if TYPE_CHECKING:
    from e2e_lab.workspace.across.datasets import current, reinstate, verify
    from e2e_lab.workspace.across.status import project_status

__all__ = [
    "current",
    "project_status",
    "reinstate",
    "verify",
]

_WHERE = {"current": "datasets", "project_status": "status", "reinstate": "datasets", "verify": "datasets"}

__getattr__ = lazily(__name__, _WHERE)
