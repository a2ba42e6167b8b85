"""Where versions lie in the store, how many bytes they take, and whether those are what was stored.

    .e2e/store/snapshots/ID/table.parquet   the data
    .e2e/store/snapshots/ID/manifest.json   how many bytes, and their BLAKE3 (of the whole, and of the footer alone)

Nothing here needs pyarrow, so that listings stay quick.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from blake3 import blake3

from e2e_lab.errors import Damaged, NewerFormat, VersionNotFound
from e2e_lab.project import Project
from e2e_lab.records import FORMAT

TABLE = "table.parquet"
MANIFEST = "manifest.json"


def place_of(project: Project, snapshot_id: str) -> Path:
    """The folder of a version, whether it is there or not."""
    return project.home / "store" / "snapshots" / snapshot_id


def is_stored(project: Project, snapshot_id: str) -> bool:
    """Whether the bytes of a version are on this machine; their hash is checked when they are read."""
    place = place_of(project, snapshot_id)
    try:
        return bool((place / TABLE).stat().st_size == manifest_of(place)["bytes"])
    except (OSError, Damaged, VersionNotFound):
        return False


def stored_bytes(project: Project, snapshot_id: str) -> int:
    """The bytes that a version takes, 0 where it is not here."""
    return _folder_bytes(place_of(project, snapshot_id))


def disk_bytes(project: Project) -> int:
    """The bytes that the versions of all datasets take on disk, unfinished writes included."""
    return _folder_bytes(project.home / "store")


def manifest_of(place: Path) -> dict[str, Any]:
    """What the manifest of the version in *place* says; :class:`VersionNotFound` or :class:`Damaged`."""
    path = place / MANIFEST
    try:
        found = json.loads(path.read_text("utf-8"))
        if found["format"] > FORMAT:
            raise NewerFormat(f"{path} was written by a newer e2e-lab.", hint="pip install --upgrade e2e-lab")
        if not {"bytes", "blake3", "footer"} <= found.keys():
            raise KeyError
    except FileNotFoundError:
        if (place / TABLE).exists():
            raise Damaged(f"{path} is missing.", hint="snapshot the same data again") from None
        raise VersionNotFound(f"The data {place.name[:12]} is not stored here.") from None
    except (ValueError, KeyError, TypeError):
        raise Damaged(f"{path} is not what was stored.", hint="snapshot the same data again") from None
    return dict(found)


def intact(place: Path) -> bool:
    """Whether every byte of the version in *place* is what was stored."""
    try:
        manifest = manifest_of(place)
        check_bytes(place / TABLE, manifest["blake3"])
    except (OSError, Damaged, VersionNotFound):
        return False
    return True


def check_bytes(path: Path, expected: str) -> None:
    """Raise :class:`Damaged` where the BLAKE3 of the file is not *expected*."""
    if hash_of(path) != expected:
        raise Damaged(f"{path} is not what was stored: its bytes have changed.", hint="snapshot the same data again")


def hash_of(path: Path) -> str:
    """The BLAKE3 of a file, in hexadecimal digits."""
    digest = blake3(max_threads=blake3.AUTO)
    digest.update_mmap(path)
    return str(digest.hexdigest())


def _folder_bytes(folder: Path) -> int:
    total = 0
    for where, _, files in os.walk(folder):
        for name in files:
            try:
                total += Path(where, name).stat().st_size
            except FileNotFoundError:  # a writer finished, or gave up, meanwhile
                continue
    return total
