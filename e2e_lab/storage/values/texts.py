"""Text and bytes of any length, which offsets tell apart."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.types as pat
from numpy.typing import NDArray

from e2e_lab.storage.values.bits import Bytes, all_set, feed_there, packed, unpacked
from e2e_lab.storage.values.kinds import has_offsets, logical_type
from e2e_lab.storage.values.numbers import NEAR, portions

SMALL = 256  # values of a part on average; smaller ones are sooner joined than looked at one by one
LENGTH = 32  # bytes that are to stay near for the length of a text: it, the offsets it is made of, what comes next
OFFSETS = b"\3"  # what is fed in place of which values are there, where their offsets are fed as they lie

Whole = NDArray[np.int64]
Feed = Callable[[Any, int, int], None]  # a digest the values from one row to before another


class Text(NamedTuple):
    """Text or bytes of a chunk, from its row *first* to before *last*: *offsets* say where in *data* each lies.

    *bits* say which are there; None where all of the chunk are.
    """

    chunk: pa.Array
    bits: pa.Buffer | None
    offsets: NDArray[Any]
    data: memoryview
    first: int
    last: int

    @classmethod
    def of(cls, chunk: pa.Array) -> Text:
        """All of a chunk."""
        kind = chunk.type
        if not has_offsets(kind):
            chunk = chunk.cast(pa.large_string() if pat.is_string_view(kind) else pa.large_binary())
        form = np.dtype(np.int32 if pat.is_string(kind) or pat.is_binary(kind) else np.int64)
        bits, places, data = chunk.buffers()
        offsets = np.frombuffer(places, form, count=len(chunk) + 1, offset=chunk.offset * form.itemsize)
        return cls(chunk, bits if chunk.null_count else None, offsets, memoryview(data or b""), 0, len(chunk))

    def rows(self, first: int, last: int) -> Text:
        """Those from one row of the chunk to before another."""
        return self._replace(offsets=self.offsets[first : last + 1], first=first, last=last)

    @property
    def length(self) -> int:
        """How many there are."""
        return self.last - self.first

    def there(self) -> Bytes | None:
        """Which of them are there; None where all are."""
        if self.bits is None or not self.length:
            return None
        bits = packed(self.bits, self.chunk.offset + self.first, self.length)
        return None if all_set(bits, self.length) else bits

    def joined(self) -> memoryview:
        """All of them, one after the other."""
        return self.data[int(self.offsets[0]) : int(self.offsets[-1])]

    def without_nulls(self) -> Text:
        """The same with nothing under nulls."""
        some = self.chunk.slice(self.first, self.length)
        return Text.of(some.fill_null("" if logical_type(some.type) == "string" else b""))


def in_large_chunks(column: pa.ChunkedArray) -> bool:
    """Whether it is text with offsets, in chunks that are worth to be looked at one by one."""
    return has_offsets(column.type) and len(column) >= column.num_chunks * SMALL


def text_feeder(column: pa.ChunkedArray, feed_parts: Callable[[Any, Sequence[Text]], None], otherwise: Feed) -> Feed:
    """What feeds the texts of *column*, which is in large chunks, from one row to before another.

    *feed_parts* feeds what of them lies in each chunk, *otherwise* feeds them where that are too many chunks.
    """
    chunks = [Text.of(chunk) for chunk in column.chunks if len(chunk)]
    starts = [0, *accumulate(chunk.length for chunk in chunks)]

    def feed(digest: Any, first: int, last: int) -> None:
        there = range(bisect_right(starts, first) - 1, bisect_left(starts, last))
        if last - first < len(there) * SMALL:
            otherwise(digest, first, last)
        else:
            some = [chunks[n].rows(max(first - starts[n], 0), min(last, starts[n + 1]) - starts[n]) for n in there]
            digest.update((last - first).to_bytes(8, "little"))
            feed_parts(digest, some)

    return feed


def feed_texts(digest: Any, parts: Sequence[Text]) -> None:
    """Feed which texts are there, then their lengths, then them, with nothing under nulls."""
    lengths = [part.length for part in parts]
    there = [part.there() for part in parts]
    feed_there(digest, there, lengths)
    room: Whole = np.empty(min(NEAR // LENGTH, max(lengths, default=0)), np.int64)
    texts = []
    for part, some in zip(parts, there, strict=True):
        text = part.joined()
        if _feed_lengths(digest, part.offsets, some, room) != len(text):  # bytes under nulls
            text = part.without_nulls().joined()
        texts.append(text)
    for text in texts:
        digest.update(text)


def _feed_lengths(digest: Any, offsets: NDArray[Any], there: Bytes | None, room: Whole) -> int:
    """Feed the length of each text, 0 where there is none, made in some *room*; of how many bytes they are together."""
    together = 0
    for some in portions(len(offsets) - 1, LENGTH):
        lengths = room[: some.stop - some.start]
        np.subtract(offsets[some.start + 1 : some.stop + 1], offsets[some], out=lengths)
        if there is not None:
            lengths *= unpacked(there, some.start, some.stop)
            together += int(lengths.sum())
        digest.update(lengths.view(np.uint8).data)
    return together if there is not None else int(offsets[-1] - offsets[0])


def feed_lying_texts(digest: Any, parts: Sequence[Text]) -> None:
    """Feed the same without a look at each: the offsets of every chunk, wherever they begin, and all that they span."""
    lengths = [part.length for part in parts]
    width = max((part.offsets.itemsize for part in parts), default=0)
    digest.update(OFFSETS + b"".join(n.to_bytes(8, "little") for n in (width, *lengths)))
    feed_there(digest, [part.there() for part in parts], lengths)
    for part in parts:
        digest.update(part.offsets.view(np.uint8).data)
        digest.update(part.joined())
