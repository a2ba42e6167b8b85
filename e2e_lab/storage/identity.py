"""The content id: what a table holds, and nothing about how it happens to lie in memory or on disk.

A column is hashed with BLAKE3 in blocks of 65,536 rows, of whose values :mod:`e2e_lab.storage.values` makes bytes. So
the id depends on row count, names, types, nullability, values and the frame's form, and on nothing else.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pyarrow as pa
from blake3 import blake3

from e2e_lab.storage.values import Feed, feed_said, feed_type, feeder

BLOCK = 65_536
DOMAIN = "e2e-lab 2026-11 content id, version 1"
THREADS = os.cpu_count() or 1
THREADS_FROM = 100_000_000  # bytes; of fewer, threads would mostly wait for the interpreter
DIGEST = 32  # bytes
SHARES = 16  # of each thread: enough to even out, few enough not to wait for each other

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Content:
    """What a frame is made of: an Arrow table, the frame's form as JSON, and the arrays that the form speaks of.

    The last ``form["hidden"]`` columns of the table are not the user's: they say which null each null was.
    """

    table: pa.Table
    form: Mapping[str, Any] = field(default_factory=dict)
    extras: Mapping[str, pa.Array] = field(default_factory=dict)
    notes: tuple[str, ...] = ()  # what the user should know of how it is kept; no part of the content id

    @property
    def visible(self) -> int:
        """How many columns the user has, index levels included."""
        return int(self.table.num_columns - self.form.get("hidden", 0))

    @property
    def index_at(self) -> frozenset[int]:
        """Which of them are levels of a pandas index."""
        return frozenset(self.form.get("pandas", {}).get("index", {}).get("at", ()))


def content_id(content: Content) -> str:
    """The id of a table with its frame's form and the arrays the form speaks of.

    32 hexadecimal digits, half of a BLAKE3 hash: no two tables that people make will ever share 128 bits, and it
    still fits where others keep it (an MLflow dataset digest holds at most 36 characters).

    >>> whole = pa.table({"dep_time": pa.chunked_array([[517, 533, None]])})
    >>> parts = pa.table({"dep_time": pa.chunked_array([[517], [533, None]])})
    >>> content_id(Content(whole)) == content_id(Content(parts)), len(content_id(Content(whole)))
    (True, 32)
    """
    return id_of(content.table.num_rows, column_digests(content.table), content.form, content.extras)


def id_of(rows: int, digests: Iterable[bytes], form: Mapping[str, Any], extras: Mapping[str, pa.Array]) -> str:
    """The content id of a table whose columns have these digests."""
    root = blake3(derive_key_context=DOMAIN)
    feed_said(root, str(rows).encode())
    for digest in digests:
        root.update(digest)
    feed_said(root, canonical_json(form).encode())
    for name, array in sorted(extras.items()):
        feed_said(root, name.encode())
        root.update(values_digest(pa.chunked_array([array])))
    return root.hexdigest(length=16)


def column_digests(table: pa.Table) -> list[bytes]:
    """One digest a column, in order: of its name, type, nullability and values."""
    columns = list(zip(table.schema, table.columns, strict=True))
    return side_by_side(lambda pair: column_digest(*pair), columns, sizes=[column.nbytes for column in table.columns])


def column_digest(said: pa.Field, column: pa.ChunkedArray) -> bytes:
    """The digest of a column: of its name, type, nullability and values."""
    return digest_of(said, block_digests(column, {}))


def block_digests(column: pa.ChunkedArray, known: Mapping[int, bytes]) -> bytes:
    """32 bytes a block of 65,536 rows, one after another; blocks whose digest is *known*, by number, are not hashed."""
    feed, rows = feeder(column), len(column)
    return b"".join(
        known[number] if number in known else _block_digest(feed, first, min(first + BLOCK, rows))
        for number, first in enumerate(range(0, rows, BLOCK))
    )


def _block_digest(feed: Feed, first: int, last: int) -> bytes:
    digest = blake3()
    feed(digest, first, last)
    return bytes(digest.digest())


def digest_of(said: pa.Field, blocks: bytes) -> bytes:
    """The digest of a column whose blocks have these digests."""
    digest = blake3(derive_key_context=DOMAIN + ", column")
    feed_said(digest, said.name.encode())
    feed_type(digest, said)
    digest.update(blocks)
    return bytes(digest.digest())


def side_by_side(work: Callable[[T], R], columns: Sequence[T], *, sizes: Sequence[int]) -> list[R]:
    """What *work* makes of each column, in order; in threads where they are of many bytes together.

    *sizes* are their bytes: the largest are begun first, so that none is left alone at the end.
    """
    if len(columns) < 2 or sum(sizes) < THREADS_FROM:
        return [work(column) for column in columns]
    order = sorted(range(len(columns)), key=sizes.__getitem__, reverse=True)
    shares = [order[first :: THREADS * SHARES] for first in range(min(len(order), THREADS * SHARES))]
    with ThreadPoolExecutor(THREADS) as pool:
        done = pool.map(lambda share: [work(columns[place]) for place in share], shares)
        made = {place: one for share, some in zip(shares, done, strict=True) for place, one in zip(share, some)}
    return [made[place] for place in range(len(columns))]


def values_digest(column: pa.ChunkedArray) -> bytes:
    """A digest of a column's type and values alone; equal exactly when they are."""
    return column_digest(pa.field("", column.type), column)


def canonical_json(form: Mapping[str, Any]) -> str:
    """JSON with one spelling: keys sorted, no spaces, only ASCII."""
    return json.dumps(form, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
