"""Which blocks of a column are those of the version before: of one that changed in one place, the rest is not hashed.

A content id is made of blocks that do not depend on history, pieces lie in ranges that do. Where a piece lies at the
same rows as before, and is the same, the blocks within it are the same too. Their digests come from the index; they
are believed where they make up the digest that the parent's manifest has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from threading import Lock

from e2e_lab.storage.identity import BLOCK, DIGEST, digest_of
from e2e_lab.storage.store.index import Index
from e2e_lab.storage.store.manifest import Cut, Manifest

FROM = 8  # blocks; fewer are hashed sooner than they are looked up

Digests = Mapping[int, bytes]


class BlocksBefore:
    """The digests of the parent's blocks; to be asked in several threads."""

    def __init__(self, index: Index, parent: Manifest, cut: Cut) -> None:
        self._index, self._parent, self._cut = index, parent, cut
        self._enough = bool(parent.digests) and min(cut.ranges[-1], parent.rows) >= FROM * BLOCK
        self._before = {pair: place for place, pair in enumerate(pairwise(parent.cut.ranges))}
        self._asking = Lock()

    def same(self, name: str, prints: Sequence[bytes]) -> Digests:
        """For a column with the fingerprints *prints*, the digests of blocks that are the parent's, by number."""
        parent = self._parent
        was = column_before(parent, name, prints) if self._enough else None
        if was is None:
            return {}
        changed = [
            pair
            for pair, one in zip(pairwise(self._cut.ranges), prints, strict=True)
            if (group := self._before.get(pair)) is None or parent.fingerprint(group * parent.columns + was) != one
        ]
        same = _outside(changed, self._cut.ranges[-1], parent.rows)
        if not same:
            return {}
        with self._asking:  # once for all columns, by whoever comes first
            known = self._known
        blocks = _checked(parent, was, known)
        return {number: blocks[number * DIGEST : (number + 1) * DIGEST] for number in same} if blocks else {}

    @cached_property
    def _known(self) -> dict[bytes, bytes]:
        return self._index.blocks(self._parent.digests)


def worth_keeping(blocks: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """The digests of blocks, by column digest, of columns that are long enough."""
    return {digest: some for digest, some in blocks.items() if len(some) >= FROM * DIGEST}


def column_before(parent: Manifest, name: str, ids: Sequence[bytes]) -> int | None:
    """Which of the parent's columns this was: the one of that name, else one that has a piece of it."""
    names: list[str] = parent.schema.names
    if name in names:
        return names.index(name)
    return next((parent.places[one] % parent.columns for one in ids if one in parent.places), None)


def _outside(changed: Sequence[tuple[int, int]], rows: int, before: int) -> list[int]:
    """The numbers of the blocks in which no row is of a range that changed, and which end where they did."""
    alike = -(-rows // BLOCK) if rows == before else min(rows, before) // BLOCK
    touched = {number for first, last in changed for number in range(first // BLOCK, -(-last // BLOCK))}
    return [number for number in range(alike) if number not in touched]


def _checked(parent: Manifest, column: int, known: Mapping[bytes, bytes]) -> bytes | None:
    blocks = known.get(parent.digests[column])
    if blocks is None or digest_of(parent.schema.field(column), blocks) != parent.digests[column]:
        return None
    return blocks
