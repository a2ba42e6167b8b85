"""``forget``: a version is erased for good, its bytes included, whatever refers to it. A tombstone stays.

The tombstone is written before anything goes, and names the packs to clean, so that what a crash interrupts is finished
by the next ``forget`` or ``gc``.
"""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from e2e_lab.errors import Damaged, Locked, UsageError, VersionNotFound
from e2e_lab.project import LOCK_SECONDS, Project, sync_folder, writing
from e2e_lab.records import Forgotten, Snapshot
from e2e_lab.storage import journal
from e2e_lab.storage.store import ledger
from e2e_lab.storage.store.census import Census, census
from e2e_lab.storage.store.collecting import take_out
from e2e_lab.storage.store.index import Index
from e2e_lab.storage.store.leases import held
from e2e_lab.storage.store.manifest import read_manifest
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
    before = census(project)
    if version.id not in before.seen:
        raise ledger.not_here(project, version)
    packs, shared = _bytes_of(project, version.id, before)
    refs = tuple(dict.fromkeys((version.ref, *before.journals.names.get(version.id, ()))))
    stone = _bury(project, ledger.Tombstone(version.id, refs, _now(), author, reason, packs))
    left = _erase_patiently(project, stone)
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


def erase_pages(project: Project, stone: ledger.Tombstone) -> tuple[str, ...]:
    """Take the pages that only a forgotten version had out of its packs; the packs where that cannot be done now."""
    now = census(project)
    here = now.packs.keys() & set(stone.packs)
    found = uses(project, here, [one for one, seen in now.seen.items() if here.intersection(seen.packs or here)])
    partly = [use for use in found.values() if use.blobs and len(use.blobs) < len(use.pack)]
    whole = sorted(name for name in here if name not in found or not found[name].blobs)
    gone = {*rewrite(project, partly, before=now, check=False), *drop_packs(project, whole, before=now)}
    left = tuple(name for name in (*(use.pack.name for use in partly), *whole) if name not in gone)
    if not left:
        with project.lock("forget"):
            ledger.note_erased(project, stone.id)
    return left


def _bytes_of(project: Project, snapshot_id: str, now: Census) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The packs that hold pages of a version, and what is to be said of versions that have some of the same."""
    try:
        manifest = read_manifest(project, snapshot_id)
    except VersionNotFound:  # of format 1: a file of its own
        return (), ()
    except Damaged:  # any pack may hold its pages
        return tuple(now.packs), ()
    names = manifest.packs()
    packs = opened_packs(project, names)
    mine = touched(manifest, packs)
    whole = sum(_length(packs[name], blobs) for name, blobs in mine.items())
    said = []
    for other in now.seen.keys() - {snapshot_id}:
        needed = now.seen[other].packs
        if needed is not None and set(names).isdisjoint(needed):
            continue
        theirs = touched(read_manifest(project, other), packs)
        both = sum(_length(packs[name], mine[name] & theirs[name]) for name in mine.keys() & theirs.keys())
        if both:
            ref = ", ".join(now.journals.names.get(other, (other[:12],)))
            said.append((both / whole, f"{ref}: shares {both / whole:.0%} of its bytes"))
    return names, tuple(line for _, line in sorted(said, reverse=True))


def _made_from(project: Project, snapshot_id: str, now: Census) -> tuple[str, ...]:
    """The versions here that have it as a parent."""
    refs = {}
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


def _erase_patiently(project: Project, stone: ledger.Tombstone) -> tuple[str, ...]:
    until = time.monotonic() + LOCK_SECONDS
    while time.monotonic() < until:
        with project.lock("forget"):
            busy = census(project).held_packs().intersection(stone.packs)
        if not busy:
            break
        time.sleep(0.1)
    return erase_pages(project, stone)


def _sweep_caches(project: Project) -> None:
    """A cache may hold any row; it is made anew."""
    for name in _CACHES:
        shutil.rmtree(project.home / name, ignore_errors=True)


def _size(now: Census) -> int:
    return sum(now.packs.values()) + sum(seen.bytes for seen in now.seen.values())


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
