"""Pieces: one column in one range of rows. Known by the hash of its values, encoded as a Parquet column chunk.

Hashing and encoding are done by libraries that let other threads run, so both go side by side over the columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.types as pat
from blake3 import blake3
from xxhash import xxh3_128

from e2e_lab.errors import UnsupportedData
from e2e_lab.storage.identity import Content
from e2e_lab.storage.parquet import leaves_of, to_parquet
from e2e_lab.storage.store import thrift
from e2e_lab.storage.store.coding import Coding, arranged
from e2e_lab.storage.store.footer import Leaf, encoded_leaf, footer_of
from e2e_lab.storage.store.manifest import Hints, Quick
from e2e_lab.storage.store.packs import SHORT, short_hash
from e2e_lab.storage.values import Feed, feed_type, in_large_chunks

CONTEXT = "e2e-lab 2026-11 piece, version 1"
PAGES = {"min_chunk_size": 1 << 16, "max_chunk_size": 1 << 18, "norm_level": 0}
WRITE_BATCH = 1 << 13


@dataclass(frozen=True)
class Encoded:
    """A piece as an encoder wrote it: what a footer says of its leaves, and its pages with their short hashes."""

    fingerprint: bytes
    leaves: tuple[Leaf, ...]
    pages: tuple[tuple[bytes, memoryview], ...]


class Printer:
    """What takes the fingerprints of a column's pieces; those of many are made before the first of them is at work.

    What each column is, is asked hot on the heels of the column before: between two that are hashed it would take
    several times as long, for by then nothing of Python is near any more.
    """

    def __init__(self, content: Content, place: int, quick: Quick) -> None:
        self._slowly, self._quickly = blake3(derive_key_context=CONTEXT), xxh3_128(seed=quick.seed)
        feed_type(_Both(self._slowly, self._quickly), content.lying.schema.field(place))
        self._look, self._by_offsets = content.feed_lying(place), in_large_chunks(content.lying.column(place))
        self._content, self._place, self._quick = content, place, quick
        self._unlearned: list[tuple[bytes, tuple[int, int]]] = []

    @cached_property
    def _feed(self) -> Feed:
        return self._content.feed(self._place)

    def prints(self, ranges: Sequence[int]) -> list[bytes]:
        """The fingerprint of the piece in each range: of its type, nullability and values.

        Those that *quick* knows are not computed. Values are looked up as they lie. What is not known so will have
        changed; but where the values turn out to be the same, which have been elsewhere meanwhile, say in a file, the
        next ones are looked up as they are fed, too; text as it is fed only, since all that follows it lies elsewhere.
        """
        quick, found = self._quick, list[bytes]()
        moved = self._by_offsets and quick.moved
        look = None if moved else self._look or (self._feed if quick.known else None)
        for rows in pairwise(ranges):
            lying = self._hashed(look, rows) if look is not None else None
            one = quick.known.get(lying) if lying else None
            if one is None and moved:
                one = quick.known.get(self._hashed(self._feed, rows))
            if one is not None:
                fed = quick.before[one].fed
            else:  # both at once: to prepare what is fed takes longer than to hash it
                digest, hint = self._slowly.copy(), self._quickly.copy()
                self._feed(_Both(digest, hint), *rows)
                one, fed = digest.digest(length=SHORT), hint.digest()
                moved |= self._look is not None and fed in quick.known
                if moved and self._by_offsets:
                    look = None
                    quick.moved |= not found
            if lying is None and self._look is not None:
                self._unlearned.append((one, rows))
            quick.found[one] = Hints(fed, lying or fed)
            found.append(one)
        return found

    def learn(self) -> None:
        """Have *quick* know, for the next version, how the pieces lie of which that was not asked."""
        if self._look is not None:
            for one, rows in self._unlearned:
                self._quick.found[one] = Hints(self._quick.found[one].fed, self._hashed(self._look, rows))

    def _hashed(self, feed: Feed, rows: tuple[int, int]) -> bytes:
        digest = self._quickly.copy()
        feed(digest, *rows)
        return digest.digest()


class _Both:
    """Two digests that are fed the same."""

    def __init__(self, *digests: Any) -> None:
        self._digests = digests

    def update(self, content: Any) -> None:
        for digest in self._digests:
            digest.update(content)


def encoded(
    content: Content,
    columns: Sequence[int],
    ranges: Sequence[tuple[int, int]],
    prints: Sequence[Sequence[bytes]],
    *,
    codings: Sequence[Coding],
    statistics: bool,
) -> list[list[Encoded]]:
    """The pieces of these *columns* in these *ranges* (first row, rows), range by range, then column by column.

    *prints* are their fingerprints in the same order; *codings* say how each column is encoded. *statistics* keeps the
    smallest and largest of whole numbers and times, by which a filter passes over whole ranges; for others, Parquet
    leaves NaN out, which a filter may be looking for.

    Raises :class:`UnsupportedData` for what Arrow's writer cannot keep.
    """
    sink = pa.BufferOutputStream()
    writer: pq.ParquetWriter | None = None
    try:
        for first, rows in ranges:
            physical = arranged(to_parquet(content.rows(columns, first, rows)), codings)
            writer = writer or _writer(sink, physical.schema, codings, statistics)
            writer.write_table(physical, row_group_size=rows)
        assert writer is not None
        writer.close()
    except pa.ArrowException as problem:
        names = ", ".join(repr(content.lying.schema.names[column]) for column in columns[:10])
        raise UnsupportedData(
            f"Among the columns {names} there is one that cannot be kept in Parquet: {str(problem).splitlines()[0]}.",
            hint="cast it to text or numbers, or leave it out",
        ) from problem
    file = memoryview(sink.getvalue()).cast("B")
    leaves = [leaves_of(field.type) for field in writer.schema]
    groups = footer_of(file)[4][1][1]
    return [_pieces(file, group[1][1][1], leaves, ids) for group, ids in zip(groups, prints, strict=True)]


def _writer(
    sink: pa.BufferOutputStream, schema: pa.Schema, codings: Sequence[Coding], statistics: bool
) -> pq.ParquetWriter:
    names = list(zip(schema.names, codings, strict=True))
    numbers = [f.name for f in schema if pat.is_primitive(f.type) and not pat.is_floating(f.type)] if statistics else []
    return pq.ParquetWriter(
        sink,
        schema,
        compression="zstd",
        compression_level=1,
        use_dictionary=[name for name, coding in names if coding in ("dictionary", "sorted")],
        column_encoding={name: "DELTA_BINARY_PACKED" for name, coding in names if coding == "delta"} or None,
        write_statistics=numbers or False,
        write_batch_size=WRITE_BATCH,
        write_page_checksum=True,
        use_compliant_nested_type=False,
        use_content_defined_chunking=PAGES,
        store_schema=False,
    )


def _pieces(file: memoryview, chunks: Sequence[Any], leaves: Sequence[int], ids: Sequence[bytes]) -> list[Encoded]:
    found, at = [], 0
    for count, fingerprint in zip(leaves, ids, strict=True):
        described: list[Leaf] = []
        pages: list[tuple[bytes, memoryview]] = []
        for chunk in chunks[at : at + count]:
            leaf, start = encoded_leaf(chunk)
            described.append(leaf)
            pages += _pages(file[start : start + leaf.size])
        found.append(Encoded(fingerprint, tuple(described), tuple(pages)))
        at += count
    return found


def _pages(chunk: memoryview) -> list[tuple[bytes, memoryview]]:
    """A chunk cut at its pages: each is a header that says how long what follows is."""
    found, at = [], 0
    while at < len(chunk):
        header, after = thrift.read_struct(chunk, at)
        end = after + int(header[3][1])
        found.append((short_hash(chunk[at:end]), chunk[at:end]))
        at = end
    return found
