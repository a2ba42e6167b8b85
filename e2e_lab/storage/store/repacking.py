"""Take bytes out of the store: packs that nothing needs are deleted, of others what is needed moves to a new one.

Copying goes on beside writers and readers. Whatever is taken away, or said to lie elsewhere, is so under the project's
lock, after leases were read: a crash, a writer or a reader at any instant finds every version whole.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from e2e_lab.errors import Damaged, NewerFormat, VersionNotFound
from e2e_lab.project import Project, sync_folder, writing
from e2e_lab.storage.store.census import Census, census
from e2e_lab.storage.store.heads import head_of, pack_path, packs_folder
from e2e_lab.storage.store.index import Index
from e2e_lab.storage.store.leases import Lease, held, lease
from e2e_lab.storage.store.manifest import Manifest, read_manifest, write_manifest
from e2e_lab.storage.store.packs import Pack, PackWriter, Span, suspicion

TOGETHER = 256 << 20
"""Bytes that go into one new pack, at least, where old ones have as many."""
AT_ONCE = 16
"""Manifests that are rewritten in one go, while others wait for the lock."""
DROPPED_AT_ONCE = 500
"""Packs that are deleted in one go."""


@dataclass(frozen=True)
class Use:
    """A pack of which *blobs* (their places) are needed."""

    pack: Pack
    blobs: tuple[int, ...]

    @cached_property
    def length(self) -> int:
        """The bytes that they take."""
        starts = self.pack.starts
        return sum(starts[place + 1] - starts[place] for place in self.blobs)

    @property
    def share(self) -> float:
        """How much of the pack is needed."""
        return self.length / max(self.pack.starts[-1] - self.pack.starts[0], 1)


def uses(project: Project, names: Collection[str], ids: Iterable[str]) -> dict[str, Use]:
    """Which blobs of these packs the versions *ids* need. Packs that are damaged or gone are left out.

    Raises :class:`Damaged` where a manifest is not what was stored.
    """
    packs = opened_packs(project, names)
    needed = {name: np.zeros(len(pack), np.bool_) for name, pack in packs.items()}
    for snapshot_id in ids:
        try:
            manifest = read_manifest(project, snapshot_id)
        except VersionNotFound:  # of format 1, or gone
            continue
        for name, blobs in touched(manifest, packs).items():
            needed[name] |= blobs
    return {name: Use(packs[name], tuple(np.flatnonzero(blobs).tolist())) for name, blobs in needed.items()}


def opened_packs(project: Project, names: Iterable[str]) -> dict[str, Pack]:
    """Those of the packs that can be opened."""
    found = {}
    for name in names:
        try:
            found[name] = Pack(project, name)
        except (Damaged, OSError):  # gone, not what was stored, or on a disk that cannot read it
            continue
    return found


def touched(manifest: Manifest, packs: Mapping[str, Pack]) -> dict[str, NDArray[np.bool_]]:
    """Of each of *packs* that a version needs, which blobs."""
    spans: dict[str, set[tuple[int, int]]] = {}
    for span in manifest.needed:
        if span.pack in packs:
            spans.setdefault(span.pack, set()).add((span.offset, span.length))
    found = {}
    for name, pairs in spans.items():
        offsets, lengths = np.array(sorted(pairs), np.int64).T
        starts = np.asarray(packs[name].starts)
        edges = np.zeros(len(starts) + 1, np.int64)
        np.add.at(edges, np.searchsorted(starts, offsets, side="right") - 1, 1)
        np.add.at(edges, np.searchsorted(starts, offsets + lengths, side="left"), -1)
        found[name] = np.cumsum(edges)[: len(packs[name])] > 0
    return found


# ---- deleting ------------------------------------------------------------------------------------------------


def drop_packs(project: Project, names: Collection[str], *, before: Census | None = None) -> tuple[str, ...]:
    """Delete those of *names* that no version names and no lease holds; which these were."""
    wanted, found = list(names), []
    for start in range(0, len(wanted), DROPPED_AT_ONCE):
        with project.lock("delete packs"):
            before = census(project, before=before)
            needed = before.named_packs(before.seen)
            some = wanted[start : start + DROPPED_AT_ONCE]
            gone = [name for name in some if name in before.packs and name not in needed]
            with writing(packs_folder(project)):
                for name in gone:
                    pack_path(project, name).unlink(missing_ok=True)
                    suspicion(pack_path(project, name)).unlink(missing_ok=True)
                sync_folder(packs_folder(project))
        Index(project).leave_out(packs=gone)
        found += gone
    return tuple(found)


# ---- moving --------------------------------------------------------------------------------------------------


def rewrite(
    project: Project, wanted: Sequence[Use], *, before: Census | None = None, check: bool = True
) -> tuple[str, ...]:
    """Move what is needed of packs into new ones, and delete the old; which of these are gone.

    A pack from which a writer takes bytes at this moment stays. With *check*, one that is damaged stays too; without,
    its blobs are moved as they are, each with the hash that it should have.
    """
    gone: list[str] = []
    for group in _groups(wanted):
        damaged = [use for use in group if not is_sound(use)]
        movable = [use for use in group if not check or use not in damaged]
        old = {use.pack.name for use in movable}
        with lease(project) as mine:
            moved = _copied(project, mine, movable)
            new = {span.pack for span in moved.values()}  # which nobody may need, after all
            for name in new if not check and damaged else ():
                suspicion(pack_path(project, name)).touch()
            if moved:
                _repoint(project, moved, before)
        gone += [name for name in drop_packs(project, old | new, before=before) if name in old]
    return tuple(gone)


def _groups(wanted: Sequence[Use]) -> Iterator[list[Use]]:
    group: list[Use] = []
    size = 0
    for use in sorted(wanted, key=lambda use: use.pack.name):
        group.append(use)
        size += use.length
        if size >= TOGETHER:
            yield group
            group, size = [], 0
    if group:
        yield group


def is_sound(use: Use) -> bool:
    """Whether what is needed of a pack is what was stored, by reading it."""
    return all(_is_sound(use.pack, place) for place in use.blobs)


def _is_sound(pack: Pack, place: int) -> bool:
    try:
        pack.check(pack.starts[place], pack.starts[place + 1] - pack.starts[place])
    except Damaged:
        return False
    return True


Moved = Mapping[tuple[str, int], Span]
"""Where a blob lies now, by the pack and offset where it lay."""


def _copied(project: Project, mine: Lease, wanted: Sequence[Use]) -> Moved:
    lies: dict[tuple[str, int], tuple[int, int]] = {}
    known: dict[tuple[bytes, int], int] = {}
    blobs = [(use.pack, place) for use in wanted for place in use.blobs]
    blobs.sort(key=lambda blob: not _is_sound(*blob))  # of equal blobs, a sound one stands for those that are not
    with PackWriter(project) as writer:
        for pack, place in blobs:
            start, end = pack.starts[place], pack.starts[place + 1]
            digest = pack.hash_at(place)
            if (digest, end - start) not in known:
                known[digest, end - start] = writer.add(pack.data[start:end], digest, pack.checksum_at(place))
            lies[pack.name, start] = known[digest, end - start], end - start
        name = writer.sealed()
        if name is None:
            return {}
        mine.hold(packs=[name])
        writer.keep().result()
    Index(project).add_pack(Pack(project, name))
    return {old: Span(name, offset, length) for old, (offset, length) in lies.items()}


def _repoint(project: Project, moved: Moved, before: Census | None) -> None:
    """Let every version that nobody is at work with name the new pack for what was moved."""
    old = {pack for pack, _ in moved}
    with project.lock("move pages"):
        now = census(project, before=before)
    concerned = [one for one, seen in now.seen.items() if old.intersection(seen.packs or ())]
    for start in range(0, len(concerned), AT_ONCE):
        with project.lock("move pages"):
            leases = held(project)
            busy = old & {*leases.packs, *(name for one in leases.snapshots for name in _named(project, one))}
            for one in concerned[start : start + AT_ONCE]:
                packs = old.intersection(_named(project, one))
                if packs and one not in leases.snapshots and busy.isdisjoint(packs):
                    _rename_pages(project, one, old, moved)


def _named(project: Project, snapshot_id: str) -> tuple[str, ...]:
    """The packs that a version names now; none where it is gone or cannot be read, and so keeps what it has."""
    try:
        return head_of(project, snapshot_id).packs
    except (VersionNotFound, Damaged, NewerFormat):
        return ()


def _rename_pages(project: Project, snapshot_id: str, old: Collection[str], moved: Moved) -> None:
    manifest = read_manifest(project, snapshot_id)

    def where(span: Span) -> list[Span]:
        if span.pack not in old:
            return [span]
        found, offset = [], span.offset
        while offset < span.offset + span.length:
            found.append(moved[span.pack, offset])
            offset += found[-1].length
        return found

    try:
        made = manifest.moved(where)
    except KeyError:  # written since, and needs a page that was not moved: it keeps the old pack
        return
    write_manifest(project, made, made.to_bytes())
