"""What is in the store at this moment, and what relies on it: the ground on which something is taken away.

Whoever deletes takes the census under the project's lock, in the order that makes it safe: packs, then leases, then
manifests, then journals and records. What a writer has finished since the one was read is seen in the next.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from e2e_lab.errors import Damaged, NewerFormat, UsageError, VersionNotFound
from e2e_lab.project import Project
from e2e_lab.records import STAGES
from e2e_lab.storage import journal
from e2e_lab.storage.store import ledger
from e2e_lab.storage.store.heads import MANIFEST, folder_bytes, head_of, packs_folder, place_of, snapshots_folder
from e2e_lab.storage.store.leases import Held, held

KEEP_DAYS = 90
_ID = re.compile(r'"([0-9a-f]{32})"')
T = TypeVar("T")


@dataclass(frozen=True)
class Seen:
    """The folder of a version. *packs* is None where its manifest cannot be read, as one of a *newer* e2e-lab cannot;
    *mark* changes with the manifest, *changed* (nanoseconds since 1970) with any file beside it."""

    mark: tuple[int, int, int]
    changed: int
    packs: tuple[str, ...] | None
    bytes: int
    added: int = 0
    newer: bool = False


@dataclass(frozen=True)
class Journals:
    """What all journals say: the names of each id, and which ids are recent; *mark* changes with them."""

    mark: tuple[tuple[str, int, int], ...]
    names: Mapping[str, tuple[str, ...]]
    recent: frozenset[str]


@dataclass(frozen=True)
class Census:
    """All of it. *packs* are those on disk with their sizes; *forgotten* the ids that are to go whatever refers to
    them."""

    packs: Mapping[str, int]
    held: Held
    seen: Mapping[str, Seen]
    journals: Journals
    recorded: frozenset[str]
    forgotten: frozenset[str]

    def live(self, roots: Collection[str]) -> set[str]:
        """The ids of versions that stay."""
        kept = self.seen.keys() & (set(roots) | self.journals.recent | self.recorded | self.held.snapshots)
        return kept - self.forgotten | (self.seen.keys() & self.held.snapshots)

    def held_packs(self) -> set[str]:
        """The packs that a writer at work may take bytes from."""
        found = set(self.held.packs)
        for one in self.held.snapshots & self.seen.keys():
            found.update(self.seen[one].packs or ())
        return found

    def named_packs(self, ids: Collection[str]) -> set[str]:
        """The packs that these versions need, and those that leases name.

        Raises :class:`Damaged` or :class:`NewerFormat` where one cannot say.
        """
        found = self.held_packs()
        for one in ids:
            packs = self.seen[one].packs
            if packs is None and self.seen[one].newer:
                raise NewerFormat(
                    f"The version {one[:12]} was written by a newer e2e-lab, so that it is not known what it needs.",
                    hint="pip install --upgrade e2e-lab",
                )
            if packs is None:
                raise Damaged(
                    f"The version {one[:12]} cannot be read, so that it is not known what it needs.", hint="e2e verify"
                )
            found.update(packs)
        return found


def census(project: Project, *, before: Census | None = None, sweep: bool = False) -> Census:
    """The store now; what has not changed since *before* is not read again. *sweep* removes leases nobody holds."""
    packs = _packs(project)
    leases = held(project, sweep=sweep)
    seen = _seen(project, before.seen if before else {})
    return Census(
        packs=packs,
        held=leases,
        seen=seen,
        journals=_journals(project, before.journals if before else None),
        recorded=frozenset(_recorded(project)),
        forgotten=frozenset(one for one, stone in ledger.pending(project).items() if one in seen and not stone.anew),
    )


def keep_days(project: Project) -> float:
    """For how many days the journal keeps versions that nothing else refers to."""
    said = project.setting("storage", "keep_days")
    if said is None:
        return KEEP_DAYS
    if isinstance(said, bool) or not isinstance(said, int | float) or not said >= 0:
        raise UsageError(
            f"[storage] keep_days = {said!r} in e2e.toml is no number of days.", hint=f"keep_days = {KEEP_DAYS}"
        )
    return float(said)


def _packs(project: Project) -> dict[str, int]:
    def size(entry: os.DirEntry[str]) -> tuple[str, int] | None:
        if not entry.name.endswith(".pack") or entry.name.startswith("."):
            return None
        return entry.name.removesuffix(".pack"), entry.stat().st_size

    return dict(_entries(packs_folder(project), size))


def _entries(folder: Path, look: Callable[[os.DirEntry[str]], T | None]) -> Iterator[T]:
    """What *look* says of each entry of a folder; without those that vanish meanwhile."""
    try:
        entries = os.scandir(folder)
    except FileNotFoundError:
        return
    with entries:
        for entry in entries:
            try:
                said = look(entry)
            except FileNotFoundError:
                continue
            if said is not None:
                yield said


def _seen(project: Project, before: Mapping[str, Seen]) -> dict[str, Seen]:
    def changed_at(entry: os.DirEntry[str]) -> tuple[str, str, int] | None:
        return (entry.name, entry.path, entry.stat().st_mtime_ns) if entry.name[0] != "." else None

    found = {}
    for name, path, changed in list(_entries(snapshots_folder(project), changed_at)):
        mark = _mark(f"{path}/{MANIFEST}")
        was = before.get(name)
        same = was is not None and was.mark == mark and mark != _NONE
        found[name] = was if was is not None and same else _read(project, name, mark, changed)
    return found


_NONE = (0, 0, 0)


def _mark(path: str) -> tuple[int, int, int]:
    try:
        said = os.stat(path)  # noqa: PTH116  ten thousand paths take half a second to make
    except (FileNotFoundError, NotADirectoryError):
        return _NONE
    return said.st_mtime_ns, said.st_ino, said.st_size


def _read(project: Project, name: str, mark: tuple[int, int, int], changed: int) -> Seen:
    try:
        head = head_of(project, name)
    except VersionNotFound:  # of format 1, or a folder that a crash left empty
        return Seen(mark, changed, (), folder_bytes(place_of(project, name)))
    except (Damaged, NewerFormat) as problem:
        return Seen(mark, changed, None, mark[2], newer=isinstance(problem, NewerFormat))
    return Seen(mark, changed, head.packs, mark[2], head.added)


def _journals(project: Project, before: Journals | None) -> Journals:
    folder = project.home / "store" / "versions"
    mark = tuple(sorted(_entries(folder, lambda entry: (entry.name, entry.stat().st_mtime_ns, entry.stat().st_size))))
    if before is not None and before.mark == mark:
        return before
    since = datetime.now(UTC) - timedelta(days=min(keep_days(project), 100_000))
    limit = since.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    names: dict[str, dict[str, None]] = {}
    recent: set[str] = set()
    for line in journal.lines(project):
        if line.entry is None:  # what cannot be read keeps all that it may speak of
            recent.update(_ID.findall(line.text))
            continue
        made = line.entry.get("id")
        if not isinstance(made, str):
            continue
        names.setdefault(made, {})[f"{line.path.stem}@v{line.entry.get('version')}"] = None
        if str(line.entry.get("time")) >= limit:
            recent.add(made)
            recent.update(_parents(line.entry.get("parents")))
    return Journals(mark, {one: tuple(refs) for one, refs in names.items()}, frozenset(recent))


def _parents(said: object) -> Iterator[str]:
    for parent in said if isinstance(said, list) else ():
        if isinstance(parent, dict) and isinstance(parent.get("id"), str):
            yield parent["id"]


def _recorded(project: Project) -> Iterator[str]:
    """The ids in the records of this working tree, also in one that waits for a merge to be finished."""
    for stage in STAGES:
        for path in (project.root / "data" / stage).glob("*.json"):
            try:
                yield from _ID.findall(path.read_text("utf-8", errors="replace"))
            except (FileNotFoundError, IsADirectoryError):
                continue
