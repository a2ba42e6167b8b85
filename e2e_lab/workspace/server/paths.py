"""Paths that come in a request: always under the server's root, links resolved.

The project of such a folder is the nearest one upwards, which may begin above the root: ``jupyter lab`` is often
started in a project's folder of notebooks. Such a project is shown. It is changed, and has jobs, only where the root
lies in it and its folder may be written by this user, who could do the same in a notebook.
"""

from __future__ import annotations

import os
from pathlib import Path

from e2e_lab.errors import NotFound, ReadOnly, UsageError

_HINT = "name a folder under the server's root"


def under(root: Path, path: str) -> Path:
    """What *path* names under the server's *root*, links resolved, whether it is there or not.

    Raises :class:`UsageError` where it leads out of *root*.
    """
    try:
        root = root.resolve()
        full = (root / path).resolve()
    except (OSError, ValueError, RuntimeError):  # a null byte, half a surrogate pair, links in a circle
        raise UsageError(f"{path!r} is not a path.", hint=_HINT) from None
    if path.startswith("/") or not full.is_relative_to(root):
        raise UsageError(f"{path!r} leads out of the server's folder.", hint=_HINT)
    return full


def folder_under(root: Path, path: str) -> Path:
    """The folder that *path* names under the server's *root*; :class:`NotFound` where there is no such folder."""
    full = under(root, path)
    try:
        found = full.is_dir()
    except OSError:  # a name that is too long, a folder that may not be entered
        found = False
    if not found:
        raise NotFound(f"There is no folder {path!r} here.", hint=_HINT)
    return full


def changeable(root: Path, project: Path) -> None:
    """Raise :class:`ReadOnly` where the *project*'s folder may not be changed through a server that shows *root*."""
    if project.is_relative_to(root):
        return
    around = root.is_relative_to(project)
    if not (around and os.access(project, os.W_OK, effective_ids=os.access in os.supports_effective_ids)):
        raise ReadOnly(
            f"The project {project} lies outside the server's folder, and may only be looked at.",
            hint=f"jupyter lab {project}",
        )
