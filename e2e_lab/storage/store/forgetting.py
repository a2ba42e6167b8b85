"""``forget``: a version is erased for good, its bytes included, whatever refers to it. A tombstone stays.

The tombstone is written before anything goes, so that what a crash interrupts is finished by the next ``forget`` or
``gc``.
"""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from e2e_lab.errors import Damaged, Locked, NewerFormat, UsageError, VersionNotFound
from e2e_lab.project import LOCK_SECONDS, Project, sync_folder, writing
from e2e_lab.records import Forgotten, Snapshot
from e2e_lab.storage import journal
from e2e_lab.storage.store import ledger
from e2e_lab.storage.store.census import Census, census
from e2e_lab.storage.store.collecting import take_out, upkeep
from e2e_lab.storage.store.index import Index
from e2e_lab.storage.store.leases import held
from e2e_lab.storage.store.manifest import Manifest, read_manifest
from e2e_lab.storage.store.packs import Pack
from e2e_lab.storage.store.repacking import drop_packs, opened_packs, rewrite, touched, uses

_CACHES = ("cache",)


def forget(
    project: Project, version: Snapshot, *, reason: str, author: str | None = None, remains: tuple[str, ...] = ()
) -> Forgotten:
    """Erase the bytes of *version*, of every version with the same content, and of no other one.

    *remains* says what else may hold rows of it; versions that share rows with it are added. Waits for a writer that
    takes bytes from it. Raises :class:`UsageError` without a *reason*, :class:`VersionNotFound` where its bytes are not
    here, :class:`Damaged` where another version cannot be read, so that it is not known what that needs,
    :class:`Locked` where a writer does not end; nothing is erased then.
    """
    reason = " ".join(reason.split())
    if not reason:
        raise UsageError("Say why it is forgotten; that is kept.", hint=f'e2e forget {version.ref} --reason "…"')
    with upkeep(project):
        before = census(project)
        if version.id not in before.seen:
            raise ledger.not_here(project, version)
        shared = _shared(project, version.id, before)
        refs = tuple(dict.fromkeys((version.ref, *before.journals.names.get(version.id, ()))))
        stone = _bury(project, ledger.Tombstone(version.id, refs, _now(), author, reason))
        left = _erase_patiently(project)
        _sweep_caches(project)
    project.changed()
    return Forgotten(
        ref=version.ref,
        id=version.id,
        also=tuple(ref for ref in refs if ref != version.ref),
        reason=reason,
        author=author,
        time=datetime.fromisoformat(stone.time),
        bytes=max(_size(before) - _size(census(project)), 0),
        remains=(*shared, *_made_from(project, version.id, before), *remains),
        notes=("some of its bytes are in use still, or in a damaged pack; later: e2e gc",) if left else (),
    )


def erase_pages(project: Project) -> tuple[str, ...]:
    """Take every page that no version needs out of all packs; the packs where that cannot be done now.

    All of them, since a row of a forgotten version may also be in a page that is left of one that was collected before.
    Then every forgotten version is erased.
    """
    now = _take_out_forgotten(project)
    found = uses(project, now.packs, now.seen)
    partly = [use for use in found.values() if use.blobs and len(use.blobs) < len(use.pack)]
    whole = sorted(name for name in now.packs if name not in found or not found[name].blobs)
    free = [use for use in partly if use.pack.name not in now.held_packs()]
    gone = {*rewrite(project, free, before=now, check=False), *drop_packs(project, whole, before=now)}
    left = tuple(name for name in (*(use.pack.name for use in partly), *whole) if name not in gone)
    if not left:
        with project.lock("forget"):
            for one in ledger.pending(project).keys() - now.forgotten:
                ledger.note_erased(project, one)
    return left


def _take_out_forgotten(project: Project) -> Census:
    """What is there after every version went that was to go before a crash, and that no writer holds.

    First of all, since pages are moved only for versions that stay.
    """
    with project.lock("forget"):
        now = census(project)
        doomed = now.forgotten - now.held.snapshots
        aside = [take_out(project, one) for one in doomed]
        if aside:
            sync_folder(aside[0].parent)
            now = census(project, before=now)
    for path in aside:
        with writing(path):
            shutil.rmtree(path)
    if doomed:
        Index(project).leave_out(snapshots=doomed)
    return now


def _shared(project: Project, snapshot_id: str, now: Census) -> tuple[str, ...]:
    """What is to be said of the versions that have some of the same pages.

    Raises :class:`Damaged` where another version cannot be read, so that it is not known what it needs.
    """
    try:
        manifest = _read(project, snapshot_id)
    except (Damaged, NewerFormat):
        manifest = None
    packs = opened_packs(project, manifest.packs() if manifest else ())
    mine = touched(manifest, packs) if manifest else {}
    whole = sum(_length(packs[name], blobs) for name, blobs in mine.items())
    said = []
    for other in now.seen.keys() - {snapshot_id} - now.forgotten:
        read = _read(project, other)
        theirs = touched(read, packs) if read else {}
        both = sum(_length(packs[name], mine[name] & theirs[name]) for name in mine.keys() & theirs.keys())
        if both:
            ref = ", ".join(now.journals.names.get(other, (other[:12],)))
            said.append((both / whole, f"{ref}: shares {both / whole:.0%} of its bytes"))
    return tuple(line for _, line in sorted(said, reverse=True))


def _read(project: Project, snapshot_id: str) -> Manifest | None:
    """The manifest of a version; None for one of format 1, which is a file of its own."""
    try:
        return read_manifest(project, snapshot_id)
    except VersionNotFound:
        return None


def _made_from(project: Project, snapshot_id: str, now: Census) -> tuple[str, ...]:
    """The versions here that have it as a parent."""
    refs: dict[str, None] = {}
    for line in journal.lines(project):
        entry = line.entry or {}
        parents = [parent.get("id") for parent in entry.get("parents") or () if isinstance(parent, dict)]
        if snapshot_id in parents and entry.get("id") in now.seen:
            refs[f"{line.path.stem}@v{entry.get('version')}: made from it"] = None
    return tuple(refs)


def _length(pack: Pack, blobs: NDArray[np.bool_]) -> int:
    return int(np.diff(np.asarray(pack.starts))[blobs].sum())


def _bury(project: Project, stone: ledger.Tombstone) -> ledger.Tombstone:
    """Write the tombstone and take the version out of its place, when no writer takes bytes from it."""
    until = time.monotonic() + LOCK_SECONDS
    while True:
        with project.lock(f"forget {stone.refs[0]}"):
            if stone.id not in held(project).snapshots:
                stone = replace(stone, time=_now())
                ledger.note_forgotten(project, stone)
                aside = take_out(project, stone.id)
                sync_folder(aside.parent)
                break
        if time.monotonic() > until:
            raise Locked(
                f"A process at work takes bytes from {stone.refs[0]}; nothing was forgotten.",
                hint="end what is being saved or run, then try again",
            )
        time.sleep(0.1)
    with writing(aside):
        shutil.rmtree(aside)
    Index(project).leave_out(snapshots=[stone.id])
    return stone


def _erase_patiently(project: Project) -> tuple[str, ...]:
    """Give processes that take bytes from packs a few seconds to end."""
    until = time.monotonic() + LOCK_SECONDS
    while left := erase_pages(project):
        if time.monotonic() > until or census(project).held_packs().isdisjoint(left):
            break
        time.sleep(0.2)
    return left


def _sweep_caches(project: Project) -> None:
    """A cache may hold any row; it is made anew."""
    for name in _CACHES:
        shutil.rmtree(project.home / name, ignore_errors=True)


def _size(now: Census) -> int:
    return sum(now.packs.values()) + sum(seen.bytes for seen in now.seen.values())


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
