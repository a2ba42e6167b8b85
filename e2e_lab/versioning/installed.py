"""The environment lock: what the running interpreter has installed, as pinned requirements without any address."""

from __future__ import annotations

import json
import os
import platform
import re
import sys
from pathlib import Path

HEADER = "# What was installed when this project was last committed; written by e2e-lab."

_FOLDER = re.compile(r"(?P<name>.+?)-(?P<version>[^-]+)(?:-py[\d.]+)?\.(?:dist|egg)-info")
_known: dict[tuple[tuple[str, int], ...], str] = {}


def environment() -> str:
    """The lock of the running interpreter: ``name==version`` lines, sorted.

    What was installed from a folder, a file or version control is a comment without its address, since nobody else
    could install it from the line. Names and versions come from the folder names that installers write (PyPA
    "Recording installed projects"), which is some 30 times quicker than reading each distribution's metadata.

    >>> "GitPython".lower() + "==" in environment()
    True
    """
    folders = _folders()
    if folders not in _known:
        _known.clear()
        _known[folders] = _written([folder for folder, _ in folders])
    return _known[folders]


def _folders() -> tuple[tuple[str, int], ...]:
    found = {}
    for entry in sys.path:
        if entry:  # '' is the working folder, which is no part of the environment
            try:
                found[os.path.abspath(entry)] = Path(entry).stat().st_mtime_ns
            except OSError:
                continue  # sys.path may name what does not exist
    return tuple(found.items())


def _written(folders: list[str]) -> str:
    lines: dict[str, str] = {}
    for folder in folders:
        try:
            names = sorted(os.listdir(folder))  # noqa: PTH208 (names are all that is needed)
        except OSError:  # a zip of the standard library, or a folder closed to us
            continue
        for entry in names:
            match = _FOLDER.fullmatch(entry) if entry.endswith("-info") else None
            if match:
                name = re.sub(r"[-_.]+", "-", match["name"]).lower()
                lines.setdefault(name, _line(name, match["version"].replace("_", "-"), Path(folder) / entry))
    body = [lines[name] for name in sorted(lines)]
    return "\n".join([HEADER, f"# python {platform.python_version()}", *body]) + "\n"


def _line(name: str, version: str, info: Path) -> str:
    try:
        origin = json.loads((info / "direct_url.json").read_bytes())
    except (OSError, ValueError):
        return f"{name}=={version}"
    if not isinstance(origin, dict):
        return f"{name}=={version}"
    if "vcs_info" in origin:
        commit = str(origin["vcs_info"].get("commit_id", "unknown commit"))[:12]
        return f"# {name}=={version} (from version control, {commit})"
    how = "editable" if origin.get("dir_info", {}).get("editable") else "from a local file or an address"
    return f"# {name}=={version} ({how})"
