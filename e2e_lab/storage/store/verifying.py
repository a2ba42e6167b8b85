"""Whether every byte of the store is what was stored: packs, manifests, versions of format 1, the index.

Bytes are read, not mapped, so that a disk that cannot read them is a finding and not the end of the process; of a pack
only its table is mapped, once the whole was read.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import numpy as np
import pyarrow as pa
from blake3 import blake3
from numpy.typing import NDArray

from e2e_lab.errors import Damaged, NewerFormat, VersionNotFound
from e2e_lab.project import Project
from e2e_lab.records import Finding
from e2e_lab.storage.identity import column_digest, id_of
from e2e_lab.storage.store import ledger
from e2e_lab.storage.store.heads import MANIFEST, OLD_MANIFEST, OLD_TABLE, pack_path, place_of
from e2e_lab.storage.store.index import Index, is_empty
from e2e_lab.storage.store.manifest import Manifest, file_length, read_manifest
from e2e_lab.storage.store.one_file import old_version
from e2e_lab.storage.store.packs import SHORT, Pack, checksum, short_hash, suspicion
from e2e_lab.storage.store.repacking import touched
from e2e_lab.storage.store.stored import find

Progress = Callable[[int, int], None]
"""Told, now and then, how many bytes of how many are done."""

AGAIN = "snapshot the same data again"
_CHUNK = 4 << 20
_OLD_KEYS = ("bytes", "blake3", "footer")


@dataclass(frozen=True)
class Said:
    """What a manifest that is sound says of its table."""

    rows: int
    columns: tuple[tuple[str, str, bool], ...]


@dataclass
class Reader:
    """Reads files whole and notes what is wrong with them. *names* are the references of each content id."""

    project: Project
    names: Mapping[str, tuple[str, ...]]
    total: int
    progress: Progress | None = None
    findings: list[Finding] = field(default_factory=list)
    files: int = 0
    size: int = 0

    def found(self, path: Path, problem: str, ids: Collection[str] = (), fix: str = AGAIN) -> None:
        """Note a finding that concerns the versions *ids*."""
        refs = tuple(sorted({ref for one in ids for ref in self.names.get(one, (one[:12],))}))
        shown = self.project.relative(path)
        self.findings.append(Finding(file=shown, problem=problem, versions=refs, fix=fix))

    def hash(self, path: Path, length: int = 32) -> str:
        """The BLAKE3 of a file."""
        digest = blake3(max_threads=blake3.AUTO)
        with open(path, "rb", buffering=0) as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                self._read(len(chunk))
        self.files += 1
        return str(digest.hexdigest(length=length))

    def content(self, path: Path) -> bytes:
        """A small file."""
        content = path.read_bytes()
        self._read(len(content))
        self.files += 1
        return content

    def _read(self, length: int) -> None:
        self.size += length
        if self.progress is not None:
            self.progress(min(self.size, self.total), self.total)


# ---- packs ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Checked:
    """A pack that was read: where its blobs begin, and which of them are not what was stored."""

    starts: NDArray[np.int64]
    damaged: frozenset[int]


def check_packs(reader: Reader, names: Collection[str], needs: Mapping[str, Collection[str]]) -> dict[str, Checked]:
    """Each pack against its name, and each of its blobs against its table. *needs*: the versions that name a pack."""
    found = {}
    for name in sorted(names):
        path = pack_path(reader.project, name)
        concerned = needs.get(name, ())
        try:
            same = reader.hash(path, SHORT) == name
            pack = Pack(reader.project, name)
            damaged = _changed(pack)
        except FileNotFoundError:
            if concerned:
                reader.found(path, "is gone", concerned)
            continue
        except OSError as problem:
            reader.found(path, f"cannot be read: {problem.strerror}", concerned)
            continue
        except Damaged:  # which leaves a note for writers
            reader.found(path, "is not a whole pack any more", concerned)
            continue
        found[name] = Checked(np.asarray(pack.starts), damaged)
        _note(path, sound=same and not damaged)
        if damaged:
            hit = [one for one in concerned if _touches(reader.project, one, pack, damaged)]
            reader.found(path, f"{len(damaged):,} of {len(pack):,} pages changed", hit)
        elif not same:
            reader.found(path, "its ends or its table changed", concerned)
    return found


def _changed(pack: Pack) -> frozenset[int]:
    """Which of its blobs are not what its table says."""
    with open(pack.path, "rb") as file:
        file.seek(pack.starts[0])
        return frozenset(
            place
            for place, (digest, _, size) in enumerate(pack.blobs)
            if not _same(file.read(size), digest, pack.checksum_at(place))
        )


def _same(content: bytes, digest: bytes, known: int) -> bool:
    return short_hash(content) == digest and checksum(content) == known


def _note(pack: Path, *, sound: bool) -> None:
    """Tell writers whether they may rely on a pack without reading it, where the file system lets us."""
    with suppress(OSError):
        if sound:
            suspicion(pack).unlink(missing_ok=True)
        else:
            suspicion(pack).touch()


def _touches(project: Project, snapshot_id: str, pack: Pack, blobs: frozenset[int]) -> bool:
    try:
        needed = touched(read_manifest(project, snapshot_id), {pack.name: pack}).get(pack.name)
    except (Damaged, NewerFormat, VersionNotFound):
        return True
    return needed is not None and bool(needed[list(blobs)].any())


# ---- versions ------------------------------------------------------------------------------------------------


def check_versions(reader: Reader, ids: Collection[str], packs: Mapping[str, Checked]) -> dict[str, Said]:
    """Each manifest against its hash, and what it speaks of against the packs; versions of format 1 whole."""
    found = {}
    gone = ledger.gone(reader.project)
    for one in sorted(ids):
        place = place_of(reader.project, one)
        old = not (place / MANIFEST).exists() and (place / OLD_MANIFEST).exists()
        path = place if old else place / MANIFEST
        if not path.exists() and (one not in reader.names or one in gone):
            continue  # a writer died before it had written it
        try:
            if not old:
                reader.content(path)
                manifest = read_manifest(reader.project, one)
                problem = _wrong_spans(manifest, packs)
                if problem:
                    reader.found(path, problem, [one])
                found[one] = Said(manifest.rows, _columns(manifest.schema))
            else:
                found[one] = _check_old(reader, one)
        except NewerFormat:
            reader.found(path, "was written by a newer e2e-lab", [one], "pip install --upgrade e2e-lab")
        except VersionNotFound:
            reader.found(place, "has no manifest", [one])
        except Damaged:
            reader.found(path, "is not what was stored", [one])
        except OSError as problem:
            reader.found(path, f"cannot be read: {problem.strerror}", [one])
    return found


def _columns(schema: pa.Schema) -> tuple[tuple[str, str, bool], ...]:
    return tuple((said.name, str(said.type), said.nullable) for said in schema)


def _wrong_spans(manifest: Manifest, packs: Mapping[str, Checked]) -> str:
    """What is wrong with where a manifest says that its bytes lie: it must be whole blobs of its packs."""
    spans = {span for piece in manifest.spans for span in piece}
    pages = sum(span.length for piece in manifest.spans for span in piece)
    if manifest.extras_span is not None:
        spans.add(manifest.extras_span)
    if file_length(manifest.footer, pages) != manifest.file:
        return "its pages do not add up to its file"
    edges: dict[str, list[tuple[int, int]]] = {}
    for span in spans:
        edges.setdefault(span.pack, []).append((span.offset, span.offset + span.length))
    for name in edges.keys() & packs.keys():
        if not np.isin(np.array(edges[name], np.int64), packs[name].starts).all():
            return f"speaks of bytes that the pack {name} does not have"
    return ""


def _check_old(reader: Reader, snapshot_id: str) -> Said:
    place = place_of(reader.project, snapshot_id)
    content = reader.content(place / OLD_MANIFEST)
    old = old_version(reader.project, snapshot_id)
    if reader.hash(old.path) != old.whole:
        reader.found(place / OLD_TABLE, "its bytes changed", [snapshot_id])
    said = json.loads(content)
    known = {"format": 1, "id": snapshot_id, "rows": old.ranges[-1]} | {key: said.get(key) for key in _OLD_KEYS}
    if content != json.dumps(known, indent=1).encode():
        reader.found(place / OLD_MANIFEST, "is not what was stored", [snapshot_id])
    return Said(old.ranges[-1], _columns(old.schema))


def check_content(reader: Reader, snapshot_id: str) -> None:
    """Decode a version, column by column, and compute its content id anew."""
    path = place_of(reader.project, snapshot_id)
    try:
        stored = find(reader.project, snapshot_id)
        digests = [column_digest(said, stored.read([place]).column(0)) for place, said in enumerate(stored.schema)]
        made = id_of(stored.rows, digests, stored.form, stored.extras)
    except (Damaged, NewerFormat, VersionNotFound, OSError) as problem:
        if not any(set(reader.names.get(snapshot_id, ())) & set(found.versions) for found in reader.findings):
            said = f"cannot be read: {problem}" if isinstance(problem, OSError) else problem.message.rstrip(".")
            reader.found(path, said, [snapshot_id])
        return
    if made != snapshot_id:
        reader.found(path, f"decodes to other content, {made[:12]}", [snapshot_id])


# ---- the index -----------------------------------------------------------------------------------------------


def check_index(reader: Reader, ids: Collection[str], packs: Mapping[str, Checked]) -> None:
    """Whether the index speaks the truth of the packs and versions that are here; of others it may say anything."""
    path = Index(reader.project).path
    if not path.exists():
        return
    try:
        reader.hash(path)
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5)) as database:
            if is_empty(database):
                return
            database.execute("begin")  # all of it is asked of one state: numbers are used again
            said = database.execute("pragma integrity_check").fetchone()[0]
            wrong = "" if said == "ok" else str(said).splitlines()[0]
            wrong = wrong or next(_false_pages(reader.project, database, packs), "")
            wrong = wrong or next(_false_pieces(reader.project, database, ids), "")
    except (sqlite3.Error, ArithmeticError, OSError, TypeError, ValueError) as problem:  # it may answer anything
        wrong = "" if _not_now(problem) else str(problem)
    if wrong:
        reader.found(path, f"is wrong: {wrong}", fix=f"rm {reader.project.relative(path)}  (it is made anew)")


def _not_now(problem: Exception) -> bool:
    """Whether it only cannot be looked at.

    It was taken away since; sqlite has it locked, or cannot lock it on such a file system; or a writer was killed, so
    that the next one has to take back first what that one began.
    """
    if isinstance(problem, sqlite3.Error):
        code = getattr(problem, "sqlite_errorcode", None)
        return "lock" in str(problem) or code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY_ROLLBACK)
    return isinstance(problem, FileNotFoundError)


def _false_pages(project: Project, database: sqlite3.Connection, packs: Mapping[str, Checked]) -> Iterator[str]:
    names = dict(database.execute("select number, name from packs").fetchall())
    if database.execute("select 1 from pages where pack not in (select number from packs)").fetchone():
        yield "pages of no pack"
    rows = database.execute("select pack, hash, offset, length from pages order by pack")
    for number, pages in groupby(rows, key=itemgetter(0)):
        name = names.get(number)  # of one that a writer added since, nothing was checked
        if name is None or name not in packs:
            continue
        try:
            lies = {offset: (digest, length) for digest, offset, length in Pack(project, name).blobs}
        except (Damaged, OSError):  # since it was checked: that is not the index's fault
            continue
        if any(lies.get(offset) != (digest, length) for _, digest, offset, length in pages):
            yield f"a page that the pack {name} does not have"


def _false_pieces(project: Project, database: sqlite3.Connection, ids: Collection[str]) -> Iterator[str]:
    names = dict(database.execute("select number, id from snapshots").fetchall())
    if database.execute("select 1 from pieces where snapshot not in (select number from snapshots)").fetchone():
        yield "pieces of no version"
    wanted = set(ids)
    rows = database.execute("select snapshot, fingerprint, place from pieces order by snapshot")
    for number, pieces in groupby(rows, key=itemgetter(0)):
        one = names.get(number)  # None for one that a writer added since
        if one is None or one not in wanted:
            continue
        try:
            manifest = read_manifest(project, one)
        except (Damaged, NewerFormat, VersionNotFound):
            continue
        for _, fingerprint, place in pieces:
            if not 0 <= place < len(manifest.spans) or manifest.fingerprint(place) != fingerprint:
                yield f"a piece that the version {one[:12]} does not have"
