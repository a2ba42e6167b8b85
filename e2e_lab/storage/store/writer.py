"""Write a version: hash its pieces, encode those that nobody has, one pack, one manifest.

Nothing that is there is written again: pieces are looked for in the parent's manifest, then in the index; the pages of
a new piece in the index. Whatever a new version relies on is held by a lease before it is relied on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import pyarrow as pa

from e2e_lab.errors import Damaged, NewerFormat, VersionNotFound
from e2e_lab.project import Project
from e2e_lab.storage.identity import THREADS, Content
from e2e_lab.storage.parquet import physical_schema
from e2e_lab.storage.store.blocks import worth_keeping
from e2e_lab.storage.store.coding import SPOT, Coding, codings
from e2e_lab.storage.store.footer import assembled, frame_of
from e2e_lab.storage.store.index import Index
from e2e_lab.storage.store.leases import Lease
from e2e_lab.storage.store.manifest import (
    Cut,
    Manifest,
    Piece,
    Quick,
    file_length,
    hint_fields,
    read_manifest,
    write_manifest,
)
from e2e_lab.storage.store.packs import Packs, PackWriter, Span, merged, short_hash
from e2e_lab.storage.store.pieces import Encoded, encoded

TASK_BYTES = 4 << 20
TASK_RANGES = 8
VALUE_BYTES = 5  # that a value of any width takes longer to encode than its own bytes do
TASKS = 6  # of each thread at least, where there are so many pieces: so that none is alone at the end for long
KEPT_BYTES = 2 << 20  # of pages that are looked for at once: to open the index takes as long as to ask for a hundred
INLINE = 1 << 10
NEW = ""  # stands for the name of the pack that is being written


@dataclass(frozen=True)
class Described:
    """What a manifest says beside pieces: columns, what Arrow does not know of the frame, and counts a column."""

    id: str
    schema: pa.Schema
    form: dict[str, Any]
    digests: tuple[bytes, ...]
    nulls: tuple[int, ...]
    nans: tuple[bool, ...]
    extras: bytes
    quick: Quick


@dataclass
class Writer:
    """One version on its way into the store; *anew* where what the index says of its pieces is not to be believed."""

    project: Project
    lease: Lease
    schema: pa.Schema
    parent: Manifest | None = None
    anew: bool = False
    _groups: list[list[bytes]] = field(default_factory=list)
    _known: dict[bytes, Piece] = field(default_factory=dict)
    _found: dict[bytes, tuple[Manifest, int]] = field(default_factory=dict)
    _new: set[bytes] = field(default_factory=set)
    _pages: dict[bytes, Span] = field(default_factory=dict)
    _opened: dict[str, Manifest | None] = field(default_factory=dict)
    _codings: list[Coding] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._index = Index(self.project)
        self._index.ensure()
        self._pack = PackWriter(self.project)
        self._packs = Packs(self.project)
        self.physical = physical_schema(self.schema)

    def __enter__(self) -> Writer:
        self._pack.__enter__()
        return self

    def __exit__(self, *problem: Any) -> None:
        self._pack.__exit__(*problem)

    def add(
        self, content: Content, ranges: Sequence[int], prints: Sequence[Sequence[bytes]], *, statistics: bool
    ) -> None:
        """Take in the *ranges* of a table; *prints* are the fingerprints of each column's pieces."""
        self.lease.touch()
        groups = [list(group) for group in zip(*prints, strict=True)] if prints else []
        self._groups += groups
        self._find(set().union(*groups) - self._known.keys())
        widths = [size / max(content.lying.num_rows, 1) for size in content.sizes]
        tasks = deque(_tasks(ranges, prints, self._known.keys() | self._found.keys(), widths))
        if tasks and not self._codings:
            self._codings = self._chosen(content)
        done: list[Encoded] = []
        with ThreadPoolExecutor(THREADS) as pool:
            running: deque[Future[list[list[Encoded]]]] = deque()
            while True:
                while tasks and len(running) <= THREADS:
                    columns, rows, ids = tasks.popleft()
                    how = [self._codings[column] for column in columns]
                    work = partial(encoded, content, columns, rows, ids, codings=how, statistics=statistics)
                    running.append(pool.submit(work))
                self._lift()
                if not running:
                    break
                done += [piece for group in running.popleft().result() for piece in group]
                if sum(leaf.size for piece in done for leaf in piece.leaves) >= KEPT_BYTES:
                    self._keep(done)
                    done = []
        self._keep(done)

    def _chosen(self, content: Content) -> list[Coding]:
        """How each column is encoded: as in a parent that had the column and enough to go by, else by a sample."""
        parent = self.parent
        before = parent.codings if parent is not None and parent.rows >= max(SPOT, content.lying.num_rows // 2) else {}
        kinds = [before.get((said.name, str(said.type))) for said in self.schema]
        new = [place for place, known in enumerate(kinds) if known is None]
        chosen = iter(codings(content, new) if new or not kinds else ())
        return [next(chosen) if known is None else known for known in kinds or [None]]

    def _find(self, wanted: set[bytes]) -> None:
        """Look for pieces in the parent, then in other versions."""
        if self.parent is not None:
            places = self.parent.places
            self._take(self.parent, [places[one] for one in wanted if one in places])
        elsewhere: dict[str, list[int]] = {}
        for snapshot_id, place in self._index.pieces(wanted - self._found.keys()).values():
            elsewhere.setdefault(snapshot_id, []).append(place)
        self.lease.hold(snapshots=elsewhere)
        for snapshot_id, found in elsewhere.items():
            manifest = self._manifest(snapshot_id)
            if manifest is not None:
                self._take(manifest, [place for place in found if place < len(manifest.spans)])

    def _manifest(self, snapshot_id: str) -> Manifest | None:
        if snapshot_id not in self._opened:
            self._opened[snapshot_id] = manifest_held(self.project, self.lease, snapshot_id)
        return self._opened[snapshot_id]

    def _take(self, manifest: Manifest, places: Sequence[int]) -> None:
        for place in places:
            if self._packs.trusted(manifest.spans[place]):
                self._found[manifest.fingerprint(place)] = manifest, place

    def _lift(self) -> None:
        """Read what footers say of the pieces that were found; not before encoders are at work."""
        for one, (manifest, place) in self._found.items():
            self._known[one] = manifest.piece(place)
        self._found.clear()

    def _keep(self, pieces: Sequence[Encoded]) -> None:
        self._look_for([digest for piece in pieces for digest, _ in piece.pages])
        for piece in pieces:
            spans = tuple(merged(self._placed(digest, page) for digest, page in piece.pages))
            self._known[piece.fingerprint] = Piece(piece.fingerprint, piece.leaves, spans)
            self._new.add(piece.fingerprint)

    def _look_for(self, hashes: Sequence[bytes]) -> None:
        """Note where pages lie that are in the store already."""
        found = self._index.pages([digest for digest in hashes if digest not in self._pages])
        self.lease.hold(packs={span.pack for span in found.values()})
        there = {name for name in {span.pack for span in found.values()} if self.lease.has_pack(name)}
        self._pages |= {
            digest: span
            for digest, span in found.items()
            if span.pack in there and self._lies(digest, span) and self._packs.trusted([span])
        }

    def _lies(self, digest: bytes, span: Span) -> bool:
        """Whether a page lies where the index says, by the pack's own table: an index may be wrong."""
        try:
            return self._packs[span.pack].has(digest, span.offset, span.length)
        except Damaged:
            return False

    def _placed(self, digest: bytes, blob: bytes | memoryview) -> Span:
        if digest not in self._pages:
            self._pages[digest] = Span(NEW, self._pack.add(blob, digest), len(blob))
        return self._pages[digest]

    def finish(self, said: Described, cut: Cut, blocks: Mapping[bytes, bytes]) -> tuple[Manifest, int]:
        """Make the version durable; how many bytes that took. *blocks* are the digests of blocks by column digest."""
        extras = None
        if len(said.extras) > INLINE:
            digest = short_hash(said.extras)
            self._look_for([digest])
            extras = self._placed(digest, said.extras)
        pack = self._pack.sealed()
        self.lease.hold(packs=[pack] if pack else (), snapshots=[said.id])
        kept = self._pack.keep()
        named = {one: _named(piece, pack) for one, piece in self._known.items()}
        groups = [[named[one] for one in group] for group in self._groups]
        manifest = replace(
            composed(self.physical, cut, groups, said),
            extras_span=_in_pack(extras, pack) if extras else None,
            extras=b"" if extras else said.extras,
        )
        packed = self._pack.position if pack else 0
        content = manifest.to_bytes(packed=packed)
        kept.result()
        write_manifest(self.project, manifest, content)
        pages = [(digest, _in_pack(span, pack)) for digest, span in self._pages.items() if span.pack == NEW]
        pieces = [(one, manifest.places[one]) for one in self._new]
        self._index.add(manifest.id, pieces, pages, blocks=worth_keeping(blocks), anew=self.anew)
        return manifest, packed + len(content)


def composed(physical: pa.Schema, cut: Cut, groups: Sequence[Sequence[Piece]], said: Described) -> Manifest:
    """The manifest of a version of these pieces, range by range; what was added and extras in packs are not said."""
    frame = frame_of(physical)
    footer, chunks, pages = assembled(frame, cut.ranges, [[piece.leaves for piece in group] for group in groups])
    pieces = [piece for group in groups for piece in group]
    quick, lying = hint_fields([said.quick.found[piece.fingerprint] for piece in pieces])
    return Manifest(
        id=said.id,
        schema=said.schema,
        form=said.form,
        cut=cut,
        digests=said.digests,
        nulls=said.nulls,
        nans=said.nans,
        footer=footer,
        fingerprints=b"".join(piece.fingerprint for piece in pieces),
        seed=said.quick.seed,
        quick=quick,
        lying=lying,
        leaves=tuple(len(paths) for paths in frame.paths),
        chunks=chunks,
        spans=tuple(piece.spans for piece in pieces),
        file=file_length(footer, pages),
        added=0,
        extras=said.extras,
    )


def manifest_held(project: Project, lease: Lease, snapshot_id: str, *, seen: Manifest | None = None) -> Manifest | None:
    """The manifest of a version that a lease holds now, packs included, which it may be written anew without.

    Where it was *seen* before, and its packs are still there, it is not read again. None where it is not there, or not
    what was stored.
    """
    lease.hold(snapshots=[snapshot_id], packs=seen.packs() if seen is not None else ())
    if not lease.has_snapshot(snapshot_id):
        return None
    if seen is not None and all(map(lease.has_pack, seen.packs())):
        return seen
    found = manifest_there(project, snapshot_id)
    if found is None:
        return None
    lease.hold(packs=found.packs())
    return found if all(map(lease.has_pack, found.packs())) else None


def manifest_there(project: Project, snapshot_id: str) -> Manifest | None:
    """The manifest of a version, to look at; None where it is not there, or not what was stored."""
    try:
        return read_manifest(project, snapshot_id)
    except (VersionNotFound, Damaged, NewerFormat):
        return None


Task = tuple[list[int], list[tuple[int, int]], list[list[bytes]]]


def _tasks(
    ranges: Sequence[int], prints: Sequence[Sequence[bytes]], known: Any, widths: Sequence[float]
) -> Iterator[Task]:
    """What is to be encoded, in portions: columns that lack the same ranges, a few ranges at a time, wide ones first.

    *widths* are the bytes that a row of each column takes.
    """
    taken: set[bytes] = set()
    lacking: dict[tuple[int, ...], list[int]] = {}
    for column, ids in enumerate(prints):
        missing = []
        for place, one in enumerate(ids):
            if one not in known and one not in taken:
                taken.add(one)
                missing.append(place)
        if missing:
            lacking.setdefault(tuple(missing), []).append(column)
    pieces = sum(len(places) * len(columns) for places, columns in lacking.items())
    length = min(max(pieces // (THREADS * TASKS), 1), TASK_RANGES)
    if length == 1:  # so few that it matters whether threads end together
        widths = [width + VALUE_BYTES for width in widths]
    for places, columns in lacking.items():
        for some in _runs(places, length):
            rows = [(ranges[place], ranges[place + 1] - ranges[place]) for place in some]
            for group in _groups(columns, widths, sum(count for _, count in rows)):
                yield group, rows, [[prints[column][place] for column in group] for place in some]


def _groups(columns: Sequence[int], widths: Sequence[float], rows: int) -> Iterator[list[int]]:
    """*columns* by width, so many together as fill a portion, and no more than leave two for each thread."""
    share = -(-len(columns) // (2 * THREADS))
    group: list[int] = []
    size = 0.0
    for column in sorted(columns, key=widths.__getitem__, reverse=True):
        if group and (len(group) == share or size + rows * widths[column] > TASK_BYTES):
            yield group
            group, size = [], 0.0
        group.append(column)
        size += rows * widths[column]
    if group:
        yield group


def _runs(items: Sequence[int], length: int) -> Iterator[Sequence[int]]:
    return (items[start : start + length] for start in range(0, len(items), length))


def _in_pack(span: Span, name: str | None) -> Span:
    return Span(name or NEW, span.offset, span.length) if span.pack == NEW else span


def _named(piece: Piece, name: str | None) -> Piece:
    return replace(piece, spans=tuple(_in_pack(span, name) for span in piece.spans))
