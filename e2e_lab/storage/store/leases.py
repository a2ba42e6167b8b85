"""Leases: what a writer at work relies on, so that nobody collects it meanwhile.

A lease is a file of JSON lines in ``.e2e/store/leases``. It is added to under the project's lock, and what it names is
looked for afterwards; ``gc`` reads the leases and deletes under the same lock. So whatever is there when a lease names
it stays there.
"""

from __future__ import annotations

import json
import os
import secrets
import socket
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from e2e_lab.project import Project, writing
from e2e_lab.storage.store.heads import is_stored
from e2e_lab.storage.store.packs import pack_path

ELSEWHERE_SECONDS = 86_400


@dataclass(frozen=True)
class Held:
    """What leases name: ids of versions, and packs."""

    snapshots: frozenset[str]
    packs: frozenset[str]


class Lease:
    """A writer's own lease; it has no file before it holds something."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._path = leases_folder(project) / f"{socket.gethostname()}.{os.getpid()}.{secrets.token_hex(4)}"
        self._held: set[tuple[str, str]] = set()

    def hold(self, *, snapshots: Collection[str] = (), packs: Collection[str] = ()) -> None:
        """Keep these from being collected, as far as they are there; look for them after this, not before."""
        wanted = {*(("snapshot", one) for one in snapshots), *(("pack", one) for one in packs)} - self._held
        if not wanted:
            return
        lines = "".join(json.dumps({kind: name}) + "\n" for kind, name in sorted(wanted))
        with self._project.lock("lease"), writing(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            if not self._held:
                lines = json.dumps({"started": _started(os.getpid())}) + "\n" + lines
            with open(self._path, "a", encoding="ascii") as file:
                file.write(lines)
        self._held |= wanted

    def has_pack(self, name: str) -> bool:
        """Whether a pack that is held is there."""
        return ("pack", name) in self._held and pack_path(self._project, name).exists()

    def has_snapshot(self, snapshot_id: str) -> bool:
        """Whether a version that is held is there."""
        return ("snapshot", snapshot_id) in self._held and is_stored(self._project, snapshot_id)

    def give_back(self) -> None:
        """End the lease."""
        with suppress(OSError):  # it then ends with the process; what was saved is saved
            self._path.unlink(missing_ok=True)
        self._held.clear()


def leases_folder(project: Project) -> Path:
    """Where leases lie."""
    return project.home / "store" / "leases"


@contextmanager
def lease(project: Project, *, until_exit: bool = False) -> Iterator[Lease]:
    """A lease for as long as the block runs, or *until_exit* of the process."""
    found = Lease(project)
    try:
        yield found
    finally:
        if not until_exit:
            found.give_back()


def held(project: Project, *, sweep: bool = True) -> Held:
    """What live leases name; *sweep* removes those of processes that are gone. Call it under the project's lock."""
    snapshots: set[str] = set()
    packs: set[str] = set()
    try:
        files = sorted(leases_folder(project).iterdir())
    except FileNotFoundError:
        return Held(frozenset(), frozenset())
    for path in files:
        lines = _lines(path)
        if not _alive(path, lines):
            if sweep:
                path.unlink(missing_ok=True)
            continue
        snapshots.update(line["snapshot"] for line in lines if "snapshot" in line)
        packs.update(line["pack"] for line in lines if "pack" in line)
    return Held(frozenset(snapshots), frozenset(packs))


def _lines(path: Path) -> list[dict[str, str]]:
    found = []
    try:
        text = path.read_text("ascii", errors="replace")
    except FileNotFoundError:  # given back at this moment
        return []
    for line in text.splitlines():
        try:
            said = json.loads(line)
        except ValueError:
            continue
        if isinstance(said, dict):
            found.append(said)
    return found


def _alive(path: Path, lines: list[dict[str, str]]) -> bool:
    host, _, process = path.name.rpartition(".")[0].rpartition(".")
    if host != socket.gethostname():
        try:
            return time.time() - path.stat().st_mtime < ELSEWHERE_SECONDS
        except OSError:
            return False
    started = next((line["started"] for line in lines if "started" in line), None)
    try:
        return started is None or _started(int(process)) == started
    except (psutil.NoSuchProcess, ValueError):
        return False
    except psutil.Error:  # it is there, and may not be asked
        return True


def _started(pid: int) -> str:
    """When a process began: in ticks since the machine did, where the system tells; a clock that is set moves times."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8", errors="replace").rpartition(")")[2].split()[19]
    except (FileNotFoundError, ProcessLookupError):
        return f"{psutil.Process(pid).create_time():.0f}"
