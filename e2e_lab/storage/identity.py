"""The content id: what a table holds, and nothing about how it happens to lie in memory or on disk.

A column is hashed with BLAKE3 in blocks of 65,536 rows, of whose values :mod:`e2e_lab.storage.values` makes bytes. So
the id depends on row count, names, types, nullability, values and the frame's form, and on nothing else.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import pyarrow as pa
from blake3 import blake3

from e2e_lab.storage.values import (
    Feed,
    feed_said,
    feed_type,
    feed_values,
    feeder,
    lying_feeder,
    missing_as_null,
    saying_feeder,
)

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

    *lying* is the table as it lies in memory. In its columns *nan_nulls*, by number, NaN and NaT stand for null, as
    pandas has it; to look for them takes a while, so nobody does before they are needed. :attr:`table` is without.

    The last ``form["hidden"]`` columns of the table are not the user's: they say which null each null was.
    """

    lying: pa.Table
    form: Mapping[str, Any] = field(default_factory=dict)
    extras: Mapping[str, pa.Array] = field(default_factory=dict)
    notes: tuple[str, ...] = ()  # what the user should know of how it is kept; no part of the content id
    nan_nulls: frozenset[int] = frozenset()
    _looked: dict[int, pa.ChunkedArray] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def table(self) -> pa.Table:
        """The table, with a null for each NaN and NaT that stands for one."""
        places = sorted(self.nan_nulls)
        sizes = [self.sizes[place] for place in places]
        return _with_columns(self.lying, dict(zip(places, side_by_side(self._look, places, sizes=sizes), strict=True)))

    @cached_property
    def sizes(self) -> list[int]:
        """The bytes of each column as it lies."""
        return [column.nbytes for column in self.lying.columns]

    def _look(self, place: int) -> pa.ChunkedArray:
        if place not in self._looked:
            self._looked[place] = missing_as_null(self.lying.column(place))
        return self._looked[place]

    def _lies_unlooked(self, place: int) -> bool:
        return place in self.nan_nulls and place not in self._looked

    def rows(self, places: Sequence[int], first: int, length: int) -> pa.Table:
        """Some rows of :attr:`table`, of the columns at these *places*; no others are looked at."""
        some = self.lying.select(places).slice(first, length)
        looked: dict[int, pa.ChunkedArray] = {}
        for at, place in enumerate(places):
            if self._lies_unlooked(place):
                looked[at] = missing_as_null(some.column(at))
            elif place in self.nan_nulls:
                looked[at] = self._looked[place].slice(first, length)
        return _with_columns(some, looked)

    def feed(self, place: int) -> Feed:
        """What feeds a digest the values of a column; who asks it for many has all of the column looked at, once."""
        if not self._lies_unlooked(place):
            return feeder(self._looked.get(place, self.lying.column(place)))
        few = self.lying.num_rows // 2

        def feed(digest: Any, first: int, last: int) -> None:
            nonlocal few
            few -= last - first
            if few < 0:
                self._look(place)
            feed_values(digest, self.rows([place], first, last - first).column(0))

        return feed

    def feed_lying(self, place: int) -> Feed | None:
        """What feeds a digest the values of a column as they lie; None where that is no other than as they are fed."""
        column = self.lying.column(place)
        return saying_feeder(column) if place in self.nan_nulls else lying_feeder(column)

    @property
    def visible(self) -> int:
        """How many columns the user has, index levels included."""
        return int(self.lying.num_columns - self.form.get("hidden", 0))

    @property
    def index_at(self) -> frozenset[int]:
        """Which of them are levels of a pandas index."""
        return frozenset(self.form.get("pandas", {}).get("index", {}).get("at", ()))


def _with_columns(table: pa.Table, columns: Mapping[int, pa.ChunkedArray]) -> pa.Table:
    if not columns:
        return table
    return pa.table([columns.get(n, column) for n, column in enumerate(table.columns)], schema=table.schema)


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
    return digest_of(said, block_digests(feeder(column), len(column), {}))


def block_digests(feed: Feed, rows: int, known: Mapping[int, bytes]) -> bytes:
    """32 bytes a block of 65,536 rows, of which there are *rows*; blocks whose digest is *known* are not hashed."""
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


def side_by_side(
    work: Callable[[T], R], columns: Sequence[T], *, sizes: Sequence[int], first: Collection[int] = ()
) -> list[R]:
    """What *work* makes of each column, in order; in threads where they are of many bytes together.

    *sizes* are their bytes. Those at the places *first* are begun first, then the largest, so that none is left alone
    at the end.
    """
    if len(columns) < 2 or sum(sizes) < THREADS_FROM:
        return [work(column) for column in columns]
    order = sorted(range(len(columns)), key=lambda place: (place not in first, -sizes[place]))
    shares = [order[start :: THREADS * SHARES] for start in range(min(len(order), THREADS * SHARES))]
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
