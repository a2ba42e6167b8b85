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
from functools import cache
from pathlib import Path
from typing import Any

import psutil

from e2e_lab.project import Project, writing
from e2e_lab.storage.store.heads import is_stored, pack_path

ELSEWHERE_SECONDS = 86_400
TOUCH_SECONDS = 60.0


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
        self._touched = time.monotonic()

    def hold(self, *, snapshots: Collection[str] = (), packs: Collection[str] = ()) -> None:
        """Keep these from being collected, as far as they are there; look for them after this, not before."""
        named = {*(("snapshot", one) for one in snapshots), *(("pack", one) for one in packs)}
        if named <= self._held:
            self.touch()
            return
        with self._project.lock("lease"), writing(self._path):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            there = self._path.exists()  # it is not, too, where somebody took it for dead
            lines = [{kind: name} for kind, name in sorted(named - self._held if there else named | self._held)]
            with open(self._path, "a", encoding="ascii") as file:
                file.writelines(json.dumps(line) + "\n" for line in ([] if there else [_process(os.getpid())]) + lines)
            self._held |= named
        self._touched = time.monotonic()

    def touch(self) -> None:
        """Say that its process is at work still, to those who cannot ask it; cheap, call it as often as you like."""
        if self._held and time.monotonic() - self._touched >= TOUCH_SECONDS:
            self._touched = time.monotonic()
            with suppress(OSError):  # the next one may do
                os.utime(self._path)

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
def lease(project: Project) -> Iterator[Lease]:
    """A lease for as long as the block runs."""
    found = Lease(project)
    try:
        yield found
    finally:
        found.give_back()


_UNTIL_EXIT: dict[tuple[Path, int], Lease] = {}


def hold_until_exit(project: Project, snapshot_id: str) -> None:
    """Keep a version, and nothing else, from being collected for as long as this process runs."""
    _UNTIL_EXIT.setdefault((project.home, os.getpid()), Lease(project)).hold(snapshots=[snapshot_id])


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
        snapshots.update(str(line["snapshot"]) for line in lines if "snapshot" in line)
        packs.update(str(line["pack"]) for line in lines if "pack" in line)
    return Held(frozenset(snapshots), frozenset(packs))


def _lines(path: Path) -> list[dict[str, Any]]:
    found = []
    try:
        text = path.read_text("ascii", errors="replace")
    except FileNotFoundError:  # given back at this moment
        return []
    for line in text.splitlines():
        try:
            said = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(said, dict):
            found.append(said)
    return found


def _alive(path: Path, lines: list[dict[str, Any]]) -> bool:
    """Whether the process of a lease lives; of one that cannot be asked, whether it touched it within a day."""
    said = next((line for line in lines if "started" in line), {})
    asked = {key: said.get(key) for key in ("process", *_here())}
    process = asked.pop("process")
    if asked == _here() and isinstance(process, int):
        try:
            return bool(_started(process) == said["started"])
        except psutil.NoSuchProcess:
            return False
        except (psutil.Error, OSError, ValueError, OverflowError):  # it may not be asked, or is no process's number
            pass
    try:
        return time.time() - path.stat().st_mtime < ELSEWHERE_SECONDS
    except OSError:
        return False


def _process(pid: int) -> dict[str, str | int]:
    """The first line of a lease: which process has it."""
    return {"process": pid, "started": _started(pid), **_here()}


@cache
def _here() -> dict[str, str]:
    """Where the number of a process means it: of containers and machines, several may have the same name."""
    return {"host": socket.gethostname(), "boot": _boot(), "space": _space()}


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except (OSError, ValueError):
        return ""


def _space() -> str:
    try:
        return str(Path("/proc/self/ns/pid").stat().st_ino)
    except OSError:
        return ""


def _started(pid: int) -> str:
    """When a process began: in ticks since the machine did, where the system tells; a clock that is set moves times."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8", errors="replace").rpartition(")")[2].split()[19]
    except (FileNotFoundError, ProcessLookupError):
        return f"{psutil.Process(pid).create_time():.0f}"
