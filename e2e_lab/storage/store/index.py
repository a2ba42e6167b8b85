"""The index: where a piece or a page of a known hash is found. A cache over manifests and packs, in sqlite.

Nothing depends on it. Where it is missing, damaged or cannot be had (a file system without locks), pieces of a
version's parent are still found through its manifest, and what is not found is stored again.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import TypeVar

from e2e_lab.errors import Damaged, NewerFormat, VersionNotFound
from e2e_lab.project import Project
from e2e_lab.storage.store.heads import packs_folder, stored_ids
from e2e_lab.storage.store.manifest import Manifest, read_manifest
from e2e_lab.storage.store.packs import Pack, Span

T = TypeVar("T")
WAIT_SECONDS = 1.0
PAUSE_SECONDS = 60.0  # where sqlite could not, this process does not ask again for so long: each time it waits
REBUILD_AT_MOST = 2_000  # versions; more are taken in by `e2e gc`
BLOCKS_AT_MOST = 1_024  # columns of which the digests of blocks are kept: 2 kB each for 4 million rows
_PAUSED: dict[Path, float] = {}
_OF_THE_PLACE = ("lock", "unable to open", "I/O", "readonly", "full")  # what sqlite says of a disk, not of its file
_SCHEMA = """
begin immediate;
create table if not exists snapshots (number integer primary key, id text unique not null);
create table if not exists packs (number integer primary key, name text unique not null);
create table if not exists pieces (fingerprint blob primary key, snapshot integer, place integer) without rowid;
create table if not exists pages (hash blob primary key, pack integer, offset integer, length integer) without rowid;
create table if not exists blocks (number integer primary key, digest blob unique not null, blocks blob not null);
commit;
"""


class Index:
    """The index of a project's store."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self.path = project.home / "store" / "index.sqlite"
        self._refused = time.monotonic() < _PAUSED.get(self.path, 0)

    def pieces(self, fingerprints: Collection[bytes]) -> dict[bytes, tuple[str, int]]:
        """For those that are known, a version that has the piece, and its place there."""

        def ask(database: sqlite3.Connection) -> dict[bytes, tuple[str, int]]:
            query = "select id, place from pieces join snapshots on number = snapshot where fingerprint = ?"
            rows = ((one, database.execute(query, (one,)).fetchone()) for one in fingerprints)
            return {one: row for one, row in rows if row is not None and _sensible(row[0], row[1])}

        return (self._with(ask) if fingerprints else None) or {}

    def pages(self, hashes: Collection[bytes]) -> dict[bytes, Span]:
        """For those that are known, where a page of this short hash lies."""

        def ask(database: sqlite3.Connection) -> dict[bytes, Span]:
            query = "select name, offset, length from pages join packs on number = pack where hash = ?"
            rows = ((one, database.execute(query, (one,)).fetchone()) for one in hashes)
            return {one: Span(*row) for one, row in rows if row is not None and _sensible(*row)}

        return (self._with(ask) if hashes else None) or {}

    def blocks(self, digests: Iterable[bytes]) -> dict[bytes, bytes]:
        """For columns of these digests, those of their blocks, where they are known; who uses them checks them."""

        def ask(database: sqlite3.Connection) -> dict[bytes, bytes]:
            query = "select blocks from blocks where digest = ?"
            rows = ((one, database.execute(query, (one,)).fetchone()) for one in digests)
            return {one: row[0] for one, row in rows if row is not None and isinstance(row[0], bytes)}

        return (self._with(ask) if self.path.exists() else None) or {}  # a missing one is for a writer to make, whole

    def add(
        self,
        snapshot: str,
        pieces: Sequence[tuple[bytes, int]],
        pages: Sequence[tuple[bytes, Span]],
        *,
        blocks: Mapping[bytes, bytes],
        anew: bool,
    ) -> None:
        """Take in a version's pieces, where pages lie, and the digests of columns' *blocks*.

        *anew* replaces what was known of pieces and pages. Of blocks the newest are kept.
        """
        verb = "insert or replace" if anew else "insert or ignore"

        def write(database: sqlite3.Connection) -> None:
            number = _number(database, "snapshots", "id", snapshot)
            packs = {span.pack: 0 for _, span in pages}
            for name in packs:
                packs[name] = _number(database, "packs", "name", name)
            database.executemany(
                f"{verb} into pieces values (?, ?, ?)", ((fingerprint, number, place) for fingerprint, place in pieces)
            )
            database.executemany(
                f"{verb} into pages values (?, ?, ?, ?)",
                ((digest, packs[span.pack], span.offset, span.length) for digest, span in pages),
            )
            if blocks:
                database.executemany("insert or replace into blocks (digest, blocks) values (?, ?)", blocks.items())
                most = max(BLOCKS_AT_MOST, 4 * len(blocks))
                database.execute("delete from blocks where number <= (select max(number) from blocks) - ?", (most,))

        self._with(write, "immediate")

    def rebuild(self) -> None:
        """Make it from what is there, where it is missing; one that another process makes meanwhile is added to."""
        self._refused = False
        for snapshot_id in stored_ids(self._project):
            if self._refused:
                return
            try:
                self.take_in(read_manifest(self._project, snapshot_id))
            except (VersionNotFound, Damaged, NewerFormat):
                continue
        for path in sorted(packs_folder(self._project).glob("*.pack")):
            try:
                pack = Pack(self._project, path.stem)
            except (Damaged, OSError):
                continue
            self.add_pack(pack)

    def take_in(self, manifest: Manifest) -> None:
        """Add the pieces of a version."""
        self.add(manifest.id, list(manifest.places.items()), (), blocks={}, anew=False)

    def add_pack(self, pack: Pack) -> None:
        """Add the pages of a pack."""

        def write(database: sqlite3.Connection) -> None:
            number = _number(database, "packs", "name", pack.name)
            rows = ((digest, number, offset, length) for digest, offset, length in pack.blobs)
            database.executemany("insert or ignore into pages values (?, ?, ?, ?)", rows)

        self._with(write, "immediate")

    def leave_out(self, *, snapshots: Collection[str] = (), packs: Collection[str] = ()) -> None:
        """Forget versions and packs that are no longer there, all of them in one pass; where that fails, everything."""

        def write(database: sqlite3.Connection) -> bool:
            database.execute("pragma secure_delete = on")  # else what is deleted would still stand in the file
            for table, column, known, name, gone in (
                ("pieces", "snapshot", "snapshots", "id", snapshots),
                ("pages", "pack", "packs", "name", packs),
            ):
                if not gone:
                    continue
                database.execute("create temporary table gone (number integer primary key)")
                database.executemany(
                    f"insert or ignore into gone select number from {known} where {name} = ?",  # noqa: S608 - ours
                    ((one,) for one in gone),
                )
                database.execute(f"delete from {table} where {column} in (select number from gone)")  # noqa: S608
                database.execute(f"delete from {known} where number in (select number from gone)")  # noqa: S608
                database.execute("drop table gone")
            if snapshots:
                database.execute("delete from blocks")  # nobody remembers of which versions they are
            return True

        if (snapshots or packs) and self.path.exists() and not self._with(write, "immediate"):
            self.drop()

    def drop(self) -> None:
        """Delete it."""
        for suffix in ("", "-journal"):
            with suppress(OSError):
                Path(f"{self.path}{suffix}").unlink(missing_ok=True)

    def _with(self, work: Callable[[sqlite3.Connection], T], kind: str = "deferred") -> T | None:
        """What *work* says; None where sqlite cannot. A damaged file is deleted, to be made anew by the next writer."""
        if self._refused or not self.path.parent.is_dir():
            return None
        try:
            with closing(sqlite3.connect(self.path, timeout=WAIT_SECONDS)) as database:
                database.execute("pragma synchronous = off")  # a cache: what a power cut spoils is made anew
                if not _is_made(database):
                    database.executescript(_SCHEMA)
                with database:
                    database.execute(f"begin {kind}")  # asked one by one, each question would lock and look anew
                    return work(database)
        except (sqlite3.Error, ArithmeticError, TypeError, ValueError) as problem:  # a damaged one may answer anything
            if isinstance(problem, sqlite3.OperationalError) and any(why in str(problem) for why in _OF_THE_PLACE):
                _PAUSED[self.path] = time.monotonic() + PAUSE_SECONDS
            else:
                self.drop()
        except OSError:
            _PAUSED[self.path] = time.monotonic() + PAUSE_SECONDS
        self._refused = True
        return None

    def ensure(self) -> None:
        """Make it where it is missing, if that is quickly done."""
        if not self._refused and not self.path.exists() and 0 < len(stored_ids(self._project)) <= REBUILD_AT_MOST:
            self.rebuild()


def is_empty(database: sqlite3.Connection) -> bool:
    """Whether there is nothing in it yet: a file that has just been made, by this process or another one."""
    return database.execute("select 1 from sqlite_master").fetchone() is None


def _is_made(database: sqlite3.Connection) -> bool:
    """Whether it has all its tables; that of blocks came last."""
    return database.execute("select 1 from sqlite_master where name = 'blocks'").fetchone() is not None


def _sensible(name: object, *numbers: object) -> bool:
    """Whether a row is one of ours: of a damaged file, any value may be anything."""
    named = isinstance(name, str) and name.isascii() and name.isalnum()
    return named and all(isinstance(number, int) and number >= 0 for number in numbers)


def _number(database: sqlite3.Connection, table: str, column: str, name: str) -> int:
    database.execute(f"insert or ignore into {table} ({column}) values (?)", (name,))  # noqa: S608 - names of ours
    return int(database.execute(f"select number from {table} where {column} = ?", (name,)).fetchone()[0])  # noqa: S608
