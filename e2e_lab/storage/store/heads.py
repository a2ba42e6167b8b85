"""What the first lines of manifests say: which versions are here, their size, and the packs they need.

Nothing here needs pyarrow, so that listings stay quick. ``docs/store-format.md`` has the format.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from e2e_lab.errors import Damaged, NewerFormat, VersionNotFound
from e2e_lab.project import Project

FORMAT = 2
MANIFEST = "manifest"
OLD_MANIFEST = "manifest.json"
OLD_TABLE = "table.parquet"
DIGITS = 64
STALE_SECONDS = 86_400  # after which an unfinished file is nobody's
_HEAD_BYTES = 1 << 12


@dataclass(frozen=True)
class Head:
    """The line of JSON of a manifest: *file* is the size as one Parquet file, *added* what the version cost."""

    id: str
    rows: int
    file: int
    added: int
    packs: tuple[str, ...]

    def line(self) -> bytes:
        """Itself as that line."""
        said = {"format": FORMAT, **self.__dict__, "packs": list(self.packs)}
        return json.dumps(said).encode() + b"\n"


def snapshots_folder(project: Project) -> Path:
    """Where versions lie."""
    return project.home / "store" / "snapshots"


def place_of(project: Project, snapshot_id: str) -> Path:
    """The folder of a version, whether it is there or not."""
    return snapshots_folder(project) / snapshot_id


def packs_folder(project: Project) -> Path:
    """Where packs lie."""
    return project.home / "store" / "packs"


def pack_path(project: Project, name: str) -> Path:
    """The file of a pack, whether it is there or not."""
    return packs_folder(project) / f"{name}.pack"


def stored_ids(project: Project) -> list[str]:
    """The ids of all versions that have a folder here, of either format."""
    try:
        with os.scandir(snapshots_folder(project)) as entries:
            return [entry.name for entry in entries if not entry.name.startswith(".")]
    except FileNotFoundError:
        return []


def head_of(project: Project, snapshot_id: str) -> Head:
    """What the manifest of a version says first; :class:`VersionNotFound`, :class:`Damaged`, :class:`NewerFormat`."""
    path = f"{project.home}/store/snapshots/{snapshot_id}/{MANIFEST}"  # ten thousand Paths take a quarter of a second
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            content = os.read(file, _HEAD_BYTES)
            while content.count(b"\n") < 2 and (more := os.read(file, _HEAD_BYTES)):
                content += more
        finally:
            os.close(file)
    except (FileNotFoundError, NotADirectoryError):
        raise VersionNotFound(f"The data {snapshot_id[:12]} is not stored here.") from None
    except OSError as problem:
        raise Damaged(f"{path} cannot be read: {problem.strerror}.", hint="e2e verify") from problem
    return parsed_head(path, content)


def parsed_head(path: Path | str, content: bytes) -> Head:
    """The head in the first bytes of a manifest; whether its hash is right is asked when the whole is read."""
    try:
        said = json.loads(str(content.split(b"\n", 2)[1], "utf-8"))
        if int(said["format"]) > FORMAT:
            raise NewerFormat(f"{path} was written by a newer e2e-lab.", hint="pip install --upgrade e2e-lab")
        head = Head(
            str(said["id"]), int(said["rows"]), int(said["file"]), int(said["added"]), tuple(map(str, said["packs"]))
        )
    except (ValueError, KeyError, TypeError, IndexError, OverflowError, RecursionError):
        raise Damaged(f"{path} is not what was stored.", hint="snapshot the same data again") from None
    if not all(len(name) == 32 and name.isalnum() for name in head.packs):
        raise Damaged(f"{path} is not what was stored.", hint="snapshot the same data again")
    return head


def is_stored(project: Project, snapshot_id: str) -> bool:
    """Whether the bytes of a version are on this machine; whether they are intact is seen when they are read."""
    try:
        head = head_of(project, snapshot_id)
    except VersionNotFound:
        return is_old(project, snapshot_id)
    except (Damaged, NewerFormat):
        return False
    return all(pack_path(project, name).exists() for name in head.packs)


def is_old(project: Project, snapshot_id: str) -> bool:
    """Whether a version lies here in format 1, as one Parquet file."""
    place = place_of(project, snapshot_id)
    try:
        size = json.loads((place / OLD_MANIFEST).read_text("utf-8"))["bytes"]
        return bool((place / OLD_TABLE).stat().st_size == size)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def stored_bytes(project: Project, snapshot_id: str) -> int:
    """The bytes that were written for a version, 0 where it is not here."""
    try:
        return head_of(project, snapshot_id).added
    except (VersionNotFound, Damaged, NewerFormat):
        return folder_bytes(place_of(project, snapshot_id))


def disk_bytes(project: Project) -> int:
    """The bytes that the versions of all datasets take on disk, unfinished writes included."""
    return folder_bytes(project.home / "store")


def folder_bytes(place: Path) -> int:
    """The bytes of all files below a folder, or of a file; 0 where nothing is."""
    try:
        total = place.stat().st_size if place.is_file() else 0
    except FileNotFoundError:
        return 0
    for where, _, files in os.walk(place):
        for name in files:
            try:
                total += Path(where, name).stat().st_size
            except FileNotFoundError:  # a writer finished, or gave up, meanwhile
                continue
    return total
