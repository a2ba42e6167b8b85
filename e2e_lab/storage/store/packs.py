"""Packs: immutable files of pages, each of which carries a table of what lies in it.

    "E2EPACK2" / blobs / 16 bytes of hash, 8 of checksum, 8 of length for each / their number in 8 bytes / "E2EPACK2"

The name is the short hash of the whole file. A blob is known by its hash. What is read is checked, page by page,
against its checksum, which is computed four times as quickly.
"""

from __future__ import annotations

import os
import secrets
import shutil
import time
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from blake3 import blake3
from xxhash import xxh3_64_intdigest

from e2e_lab.errors import Damaged, DiskFull
from e2e_lab.project import Project, sync_folder, writing
from e2e_lab.storage.store.heads import STALE_SECONDS, pack_path, packs_folder

MAGIC = b"E2EPACK2"
SHORT = 16
_TABLE = np.dtype([("hash", f"V{SHORT}"), ("checksum", "<u8"), ("length", "<u8")])
_BUFFER = 1 << 20
_SYNCED = 4 << 20  # bytes after which the disk is set to work: what it gets at the end, everybody waits for


class Span(NamedTuple):
    """*length* bytes from *offset* on in the pack of this name."""

    pack: str
    offset: int
    length: int


def checksum(content: bytes | memoryview) -> int:
    """An XXH3 of 64 bits."""
    return int(xxh3_64_intdigest(content))


def short_hash(content: bytes | memoryview) -> bytes:
    """The first 16 bytes of a BLAKE3."""
    return bytes(blake3(content).digest(length=SHORT))


class PackWriter:
    """A new pack: blobs are added to a temporary file; :meth:`sealed` says its name, :meth:`keep` makes it durable.

    Nothing is made on disk before the first blob. Left without :meth:`keep`, it leaves nothing behind. The disk writes
    what it was given while more is made.
    """

    def __init__(self, project: Project) -> None:
        self._project = project
        self._folder = packs_folder(project)
        self._temporary = self._folder / f".{os.getpid()}.{secrets.token_hex(4)}.tmp"
        self._file: int | None = None
        self._begun = False
        self._disk = ThreadPoolExecutor(1)
        self._syncing: Future[None] | None = None
        self._synced = 0
        self._hash = blake3()
        self._waiting: list[bytes | memoryview] = []
        self._waits = 0
        self._table: list[tuple[bytes, int, int]] = []
        self._name: str | None = None
        self.position = 0

    def __enter__(self) -> PackWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, trace: TracebackType | None) -> None:
        self._disk.shutdown()
        if self._begun:
            with suppress(OSError):  # what went wrong first is what is said
                self._temporary.unlink(missing_ok=True)
        self._close()

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            os.close(file)

    def add(self, blob: bytes | memoryview, digest: bytes, known: int | None = None) -> int:
        """Add a blob whose short hash is *digest*; where it begins.

        Of one that comes from another pack the checksum is *known*, so that what is damaged stays so.
        """
        if not self._table:
            self._put(MAGIC)
        start = self.position
        self._table.append((digest, checksum(blob) if known is None else known, len(blob)))
        self._put(blob)
        return start

    def sealed(self) -> str | None:
        """Write the pack to its end; the name it is going to have, None where nothing was added."""
        if self._table:
            self._put(np.array(self._table, _TABLE).tobytes())
            self._put(len(self._table).to_bytes(8, "little") + MAGIC)
            self._flush()
            self._name = str(self._hash.hexdigest(length=SHORT))
        return self._name

    def keep(self) -> Future[None]:
        """Begin to sync the pack that was :meth:`sealed`, if there is one, and to give it its name then."""
        return self._disk.submit(self._keep)

    def _keep(self) -> None:
        if self._name is None:
            return
        assert self._file is not None
        with writing(self._folder):
            self._raise_if_refused()
            os.fsync(self._file)
            self._close()
            os.replace(self._temporary, pack_path(self._project, self._name))
            self._begun = False
            sync_folder(self._folder)

    def _put(self, content: bytes | memoryview) -> None:
        self._waiting.append(content)
        self._waits += len(content)
        self.position += len(content)
        if self._waits >= _BUFFER:
            self._flush()

    def _flush(self) -> None:
        content = b"".join(self._waiting)
        self._waiting, self._waits = [], 0
        with writing(self._folder):
            if self._file is None:
                self._folder.mkdir(parents=True, exist_ok=True)
                drop_unfinished(self._folder)
                self._begun = True
                self._file = os.open(self._temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
            room = shutil.disk_usage(self._folder).free
            if room < len(content):
                raise DiskFull(
                    f"No space left for {self._folder}: {len(content):,} bytes to write, {room:,} free.",
                    hint="free some disk space, then try again",
                )
            self._hash.update(content)
            left = memoryview(content)
            while left:
                left = left[os.write(self._file, left) :]
            if self.position - self._synced >= _SYNCED and (self._syncing is None or self._syncing.done()):
                self._raise_if_refused()
                self._synced = self.position
                self._syncing = self._disk.submit(os.fsync, self._file)

    def _raise_if_refused(self) -> None:
        """Wait for the last sync that was begun; the system says an error once only, to whoever syncs first."""
        if self._syncing is not None:
            self._syncing.result()


def drop_unfinished(folder: Path) -> None:
    """Remove from *folder* what writers that were killed a day ago or more left there."""
    before = time.time() - STALE_SECONDS
    with os.scandir(folder) as entries:
        left = [entry for entry in entries if entry.name.startswith(".") and entry.name.endswith(".tmp")]
    for entry in left:
        try:
            if entry.stat().st_mtime < before:
                Path(entry.path).unlink()
        except FileNotFoundError:  # its writer finished, or another one was quicker
            continue


class Pack:
    """A pack for reading. :class:`Damaged` where its bytes are not what was stored, :class:`FileNotFoundError`."""

    def __init__(self, project: Project, name: str) -> None:
        self.name = name
        self.path = pack_path(project, name)
        with pa.memory_map(str(self.path)) as file:  # unlike mmap, it holds no file open: a version may have many packs
            self._whole = file.read_buffer()
        size = self._whole.size
        if size < 2 * len(MAGIC) + 8:
            raise self._damaged("it is too short")
        self.data = memoryview(self._whole)
        count = int.from_bytes(self.data[-16:-8], "little")
        self._end = size - 16 - count * _TABLE.itemsize
        if self.data[:8] != MAGIC or self.data[-8:] != MAGIC or self._end < len(MAGIC):
            raise self._damaged("its ends are not those of a pack")
        table = np.frombuffer(self.data[self._end : -16], _TABLE)
        bounds = len(MAGIC) + np.cumsum(table["length"], dtype=np.uint64)
        if (int(bounds[-1]) if count else len(MAGIC)) != self._end or (count and int(table["length"].max()) > size):
            raise self._damaged("its table does not fit")
        self.starts: list[int] = [len(MAGIC), *bounds.tolist()]
        self._hashes = table["hash"].tobytes()
        self._checksums: list[int] = table["checksum"].tolist()
        self._checked = bytearray(count)

    def __len__(self) -> int:
        return len(self._checked)

    def hash_at(self, place: int) -> bytes:
        """The short hash that the table says of a blob."""
        return self._hashes[place * SHORT : (place + 1) * SHORT]

    def checksum_at(self, place: int) -> int:
        """The checksum that the table says of a blob."""
        return self._checksums[place]

    @cached_property
    def blobs(self) -> list[tuple[bytes, int, int]]:
        """Hash, offset and length of each blob, as the table has them."""
        pairs = zip(self.starts[:-1], self.starts[1:], strict=True)
        return [(self.hash_at(place), start, end - start) for place, (start, end) in enumerate(pairs)]

    def digest(self, offset: int) -> bytes:
        """The short hash that the table says of the blob that lies at *offset*."""
        return self.hash_at(bisect_left(self.starts, offset))

    def has(self, digest: bytes, offset: int, length: int) -> bool:
        """Whether the table says that this blob lies there."""
        place = bisect_left(self.starts, offset)
        if place >= len(self) or self.starts[place] != offset or self.starts[place + 1] != offset + length:
            return False
        return self.hash_at(place) == digest

    def check(self, offset: int, length: int) -> None:
        """Raise :class:`Damaged` where a blob in these bytes is not what was stored; each is looked at once."""
        end = offset + length
        if offset < len(MAGIC) or end > self._end:
            raise self._damaged("a version speaks of bytes that it does not have")
        place = bisect_right(self.starts, offset) - 1
        while self.starts[place] < end:
            if not self._checked[place]:
                content = self.data[self.starts[place] : self.starts[place + 1]]
                if checksum(content) != self.checksum_at(place):
                    raise self._damaged(f"the bytes from {self.starts[place]:,} on have changed")
                self._checked[place] = 1
            place += 1

    def read(self, offset: int, length: int) -> pa.Buffer:
        """These bytes, checked, without a copy."""
        self.check(offset, length)
        return self._whole.slice(offset, length)

    def _damaged(self, why: str) -> Damaged:
        with suppress(OSError):  # a note for writers, who else rely on packs without reading them
            suspicion(self.path).touch()
        return Damaged(f"{self.path} is not what was stored: {why}.", hint="e2e verify")


def suspicion(pack: Path) -> Path:
    """The empty file beside a pack that says: damage was seen in it."""
    return pack.with_suffix(".damaged")


class Packs:
    """The packs of a project, each opened, and looked at from outside, once; :class:`Damaged` where one is gone."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._open: dict[str, Pack] = {}
        self._doubted: dict[str, bool] = {}

    def __getitem__(self, name: str) -> Pack:
        if name not in self._open:
            try:
                self._open[name] = Pack(self._project, name)
            except OSError as problem:
                raise Damaged(
                    f"The pack {name} of the store cannot be read: {problem.strerror}.", hint="e2e verify"
                ) from problem
        return self._open[name]

    def sound(self, spans: Iterable[Span]) -> bool:
        """Whether the bytes of *spans* are what was stored, by reading them."""
        try:
            for span in spans:
                self[span.pack].check(span.offset, span.length)
        except Damaged:
            return False
        return True

    def trusted(self, spans: Iterable[Span]) -> bool:
        """Whether the packs of *spans* are there; where damage was seen in one, whether these bytes are sound."""
        of: dict[str, list[Span]] = {}
        for span in spans:
            of.setdefault(span.pack, []).append(span)
        return all(self._trusted(name, some) for name, some in of.items())

    def _trusted(self, name: str, spans: Sequence[Span]) -> bool:
        if name not in self._doubted:
            path = pack_path(self._project, name)
            self._doubted[name] = not path.exists() or suspicion(path).exists()
        return not self._doubted[name] or self.sound(spans)


def merged(spans: Iterable[Span]) -> list[Span]:
    """*spans* in order, with those that follow each other in a pack as one.

    >>> merged([Span("a", 8, 2), Span("a", 10, 3), Span("b", 13, 1)])
    [Span(pack='a', offset=8, length=5), Span(pack='b', offset=13, length=1)]
    """
    found: list[Span] = []
    for span in spans:
        last = found[-1] if found else None
        if last is not None and last.pack == span.pack and last.offset + last.length == span.offset:
            found[-1] = Span(last.pack, last.offset, last.length + span.length)
        else:
            found.append(span)
    return found
