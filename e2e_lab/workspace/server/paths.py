"""Paths that come in a request: always under the server's root, links resolved."""

from __future__ import annotations

from pathlib import Path

from e2e_lab.errors import NotFound, UsageError

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


def file_under(root: Path, path: str) -> Path:
    """The file that *path* names under the server's *root*; :class:`NotFound` where there is no such file."""
    full = under(root, path)
    try:
        found = full.is_file()
    except OSError:
        found = False
    if not found:
        raise NotFound(f"There is no file {path!r} here.", hint="name a file under the server's root")
    return full
