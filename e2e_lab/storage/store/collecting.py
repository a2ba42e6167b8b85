"""``gc``: take away what nothing refers to, and the bytes that only that needed."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from blake3 import blake3

from e2e_lab.errors import Damaged
from e2e_lab.project import Project, sync_folder, taking_turns, writing
from e2e_lab.records import Collected, plural
from e2e_lab.storage.store import ledger
from e2e_lab.storage.store.census import Census, Seen, census
from e2e_lab.storage.store.heads import (
    DIGITS,
    MANIFEST,
    STALE_SECONDS,
    folder_bytes,
    packs_folder,
    place_of,
    snapshots_folder,
)

if TYPE_CHECKING:
    from e2e_lab.storage.store.repacking import Use

SPARSE = 0.5
"""A pack of which less than this is needed is written anew."""
AT_ONCE = 500
"""Versions that are deleted in one go, while others wait for the lock."""
_PACK_FRAME, _PACK_ENTRY = 24, 32


Roots: TypeAlias = Collection[str] | Callable[[], Collection[str]]
"""Ids of versions that something refers to, or a function that says so, which is asked while the store is looked at."""


@dataclass(frozen=True)
class Plan:
    """What is to go: versions, packs that nothing needs, packs of which little is needed, unfinished files."""

    dead: tuple[str, ...]
    unused: tuple[str, ...]
    sparse: tuple[Use, ...]
    stale: tuple[Path, ...]
    damaged: int
    bytes: int

    def __bool__(self) -> bool:
        return bool(self.dead or self.unused or self.sparse or self.stale)


def gc(project: Project, *, roots: Roots, dry_run: bool = False, notes: Sequence[str] = ()) -> Collected:
    """Take away the versions that nothing refers to, and what only they needed; *dry_run* only says what would go.

    *roots* are the content ids that commits, runs, models and packages name. Kept beside them: what the records of
    this working tree name, the journal's versions of the last ``[storage] keep_days`` with their parents, and what a
    writer at work relies on. What was forgotten goes in any case. Another process that collects or forgets waits
    until *roots* have been told, too.

    Raises :class:`Damaged` where it cannot be told what a version needs; nothing is taken away then.
    """
    with nullcontext() if dry_run else upkeep(project):
        with ThreadPoolExecutor(1) as meanwhile:
            asked = meanwhile.submit(lambda: roots() if callable(roots) else roots)
            now = census(project)
            known = asked.result()
        plan = _plan(project, now, known)
        if not dry_run:
            _carry_out(project, plan, known, now)
    said = (f"{plural(plan.damaged, 'pack')} not as stored, left alone: e2e verify",) if plan.damaged else ()
    return Collected(
        dry_run=dry_run,
        versions=sum(1 for one in plan.dead if _is_version(now.seen[one])),
        refs=tuple(ref for one in plan.dead for ref in now.journals.names.get(one, ())),
        packs=len(plan.unused),
        rewritten=len(plan.sparse),
        temporary=len(plan.stale),
        bytes=plan.bytes,
        kept=sum(1 for one in now.live(known) if _is_version(now.seen[one])),
        notes=(*notes, *said),
    )


def upkeep(project: Project) -> AbstractContextManager[None]:
    """One process at a time moves pages: what one takes for needed, another may have just erased."""
    return taking_turns(project.home / "upkeep.lock", doing="collecting or forgetting")


def _is_version(seen: Seen) -> bool:
    return seen.packs is None or bool(seen.bytes)


# ---- what would go -------------------------------------------------------------------------------------------


def _plan(project: Project, now: Census, roots: Collection[str]) -> Plan:
    live = now.live(roots)
    dead = tuple(sorted(now.seen.keys() - live))
    needed = now.named_packs(live)
    unused = tuple(sorted(now.packs.keys() - needed))
    doubtful = now.packs.keys() & needed - now.held_packs() - _full(now, live)
    concerned = [one for one in live if doubtful.intersection(now.seen[one].packs or ())]
    sparse, damaged = _little_used(project, doubtful, concerned)
    stale = tuple(_stale(project, now))
    size = sum(now.seen[one].bytes for one in dead) + sum(now.packs[name] for name in unused)
    size += sum(now.packs[use.pack.name] - use.length - _PACK_ENTRY * len(use.blobs) for use in sparse)
    size -= _PACK_FRAME if sparse else 0
    size += sum(folder_bytes(path) for path in stale)
    return Plan(dead, unused, sparse, stale, damaged, max(size, 0))


def _little_used(project: Project, packs: set[str], live: Sequence[str]) -> tuple[tuple[Use, ...], int]:
    """Of these *packs* those of which little is needed, and how many are not what was stored."""
    if not packs:  # the usual case, for which nothing heavy is loaded
        return (), 0
    from e2e_lab.storage.store.repacking import is_sound, uses

    used = uses(project, packs, live)
    little = [use for use in used.values() if use.share < SPARSE]
    sparse = tuple(use for use in little if is_sound(use))
    return sparse, len(packs) - len(used) + len(little) - len(sparse)


def _full(now: Census, live: Iterable[str]) -> set[str]:
    """Packs all of which is needed for certain: the version they were written for is there. Saves reading spans."""
    found = set()
    for one in live:
        seen = now.seen[one]
        for name in seen.packs or ():
            if seen.added - seen.bytes == now.packs.get(name):
                found.add(name)
    return found


def _stale(project: Project, now: Census) -> Iterator[Path]:
    """What writers that were killed left, a day after; beside a manifest only where something changed after it."""
    before = time.time() - STALE_SECONDS
    folders = [project.home / "store", snapshots_folder(project), packs_folder(project)]
    folders += [project.home / "store" / "versions"]
    folders += [place_of(project, one) for one, seen in now.seen.items() if seen.changed - seen.mark[0] > 10**9]
    for folder in folders:
        for path in folder.glob(".*.tmp"):
            try:
                if path.stat().st_mtime < before:
                    yield path
            except FileNotFoundError:
                continue


# ---- taking away ---------------------------------------------------------------------------------------------


def _refuse_damage(project: Project, live: Iterable[str]) -> None:
    """Before a pack goes: whether all manifests that stay are what was stored, so that what they need is known."""
    for one in live:
        path = place_of(project, one) / MANIFEST
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            continue
        if blake3(memoryview(content)[DIGITS + 1 :]).hexdigest().encode() != content[:DIGITS]:
            raise Damaged(f"{path} is not what was stored; nothing was collected.", hint="e2e verify")


def _carry_out(project: Project, plan: Plan, roots: Collection[str], now: Census) -> None:
    if plan:
        _refuse_damage(project, now.live(roots))
        _take_away(project, plan, roots, now)
        project.changed()
    _finish_forgetting(project)
    from e2e_lab.storage.store.index import Index

    index = Index(project)
    if not index.path.exists():
        index.rebuild()


def _take_away(project: Project, plan: Plan, roots: Collection[str], now: Census) -> None:
    from e2e_lab.storage.store.repacking import drop_packs, rewrite

    for path in plan.stale:
        with writing(path):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    for start in range(0, len(plan.dead), AT_ONCE):
        now = _delete(project, plan.dead[start : start + AT_ONCE], roots, now)
    drop_packs(project, plan.unused, before=now)
    rewrite(project, plan.sparse, before=now)


def _delete(project: Project, ids: Sequence[str], roots: Collection[str], before: Census) -> Census:
    """Delete the versions of *ids* that are still dead, the name of each first."""
    from e2e_lab.storage.store.index import Index

    with project.lock("collect versions"):
        now = census(project, before=before, sweep=True)
        dead = [one for one in ids if one in now.seen and one not in now.live(roots)]
        known = [one for one in dead if one in now.journals.names and one not in now.forgotten]
        if known:
            ledger.note_collected(project, known)
        with writing(snapshots_folder(project)):
            aside = [take_out(project, one) for one in dead]
            sync_folder(snapshots_folder(project))
    for path in aside:
        shutil.rmtree(path, ignore_errors=True)
    Index(project).leave_out(snapshots=dead)
    return now


def take_out(project: Project, snapshot_id: str) -> Path:
    """Take a version out of its place in one step, under the project's lock; where it lies, to be deleted."""
    place = place_of(project, snapshot_id)
    aside = place.with_name(f".{snapshot_id}.{time.time_ns():x}.tmp")
    with writing(place):
        place.rename(aside)
    return aside


def _finish_forgetting(project: Project) -> None:
    """What a crash, or a writer at work, kept :func:`forget` from erasing."""
    from e2e_lab.storage.store.forgetting import erase_pages

    if ledger.pending(project):
        erase_pages(project)
