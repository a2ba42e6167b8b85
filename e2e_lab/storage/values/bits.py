"""Which values are there: bits as Arrow packs them, eight to a byte from the least, cut and joined as they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

ALL_THERE = b"\0"  # what is fed in place of which values are there
SOME_THERE = b"\1"  # what is fed before

Bits = NDArray[np.bool_]
Bytes = NDArray[np.uint8]


def feed_there(digest: Any, there: Sequence[Bytes | None], lengths: Sequence[int]) -> None:
    """Feed which values are *there* of parts of these *lengths*; None stands for all of a part."""
    if all(part is None for part in there):
        digest.update(ALL_THERE)
    else:
        digest.update(SOME_THERE)
        digest.update(joined(there, lengths).data)


def feed_validity(digest: Any, parts: Sequence[pa.Array]) -> list[Bytes | None]:
    """The same of arrays; for each, which of its values are there, or None where all are."""
    there = [there_of(part) for part in parts]
    feed_there(digest, there, [len(part) for part in parts])
    return there


def there_of(part: pa.Array) -> Bytes | None:
    """Which values of an array are there; None where all are."""
    return packed(part.buffers()[0], part.offset, len(part)) if part.null_count else None


def packed(bits: pa.Buffer, first: int, length: int) -> Bytes:
    """*length* bits from the *first* on, which becomes the first of a byte; after the last, the byte has zeros.

    >>> packed(pa.py_buffer(bytes([0b1010_0000, 0b0000_0111])), 5, 4).tolist()
    [13]
    """
    start, skipped = divmod(first, 8)
    lying = np.frombuffer(bits, np.uint8, count=(skipped + length + 7) // 8, offset=start)
    size = (length + 7) // 8
    if not skipped and length % 8 == 0:
        return lying
    cut = np.right_shift(lying[:size], skipped, dtype=np.uint8)
    if skipped:
        later = lying[1 : size + 1]
        cut[: len(later)] |= later << (8 - skipped)
    if length % 8:
        cut[-1] &= (1 << length % 8) - 1
    return cut


def all_set(bits: Bytes, length: int) -> bool:
    """Whether all of *length* bits are set.

    >>> all_set(np.array([255, 3], np.uint8), 10), all_set(np.array([255, 3], np.uint8), 11)
    (True, False)
    """
    whole, rest = divmod(length, 8)
    return bool((bits[:whole] == 255).all()) and (not rest or int(bits[whole]) == (1 << rest) - 1)


def joined(parts: Sequence[Bytes | None], lengths: Sequence[int]) -> Bytes:
    """The bits of parts of these *lengths* in one row; None stands for bits that are all set.

    >>> joined([np.array([5], np.uint8), None], [3, 2]).tolist()
    [29]
    """
    if len(parts) == 1 and parts[0] is not None:
        return parts[0]
    total, at = sum(lengths), 0
    row = np.zeros(total // 8 + 2, np.uint8)
    for part, length in zip(parts, lengths, strict=True):
        bits = np.packbits(np.ones(length, np.uint8), bitorder="little") if part is None else part
        byte, taken = divmod(at, 8)
        row[byte : byte + len(bits)] |= bits << taken
        if taken:
            row[byte + 1 : byte + 1 + len(bits)] |= bits >> (8 - taken)
        at += length
    return row[: (total + 7) // 8]


def unpacked(bits: Bytes, first: int, last: int) -> Bits:
    """Bits from the *first* to before the *last*, each as a boolean.

    >>> unpacked(np.array([0b1000_0000, 1], np.uint8), 7, 10).tolist()
    [True, True, False]
    """
    start, skipped = divmod(first, 8)
    some = np.unpackbits(bits[start : (last + 7) // 8], count=skipped + last - first, bitorder="little")
    return some[skipped:].view(bool)
