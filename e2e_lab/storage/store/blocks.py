"""Which blocks of a column are those of the version before: of one that changed in one place, the rest is not hashed.

A content id is made of blocks that do not depend on history, pieces lie in ranges that do. Where a piece lies at the
same rows as before, and is the same, the blocks within it are the same too. Their digests come from the index; they
are believed where they make up the digest that the parent's manifest has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from e2e_lab.storage.identity import BLOCK, DIGEST, digest_of
from e2e_lab.storage.store.index import Index
from e2e_lab.storage.store.manifest import Cut, Manifest

FROM = 8  # blocks; fewer are hashed sooner than they are looked up

Digests = Mapping[int, bytes]


def same_blocks(
    index: Index, parent: Manifest, cut: Cut, prints: Mapping[int, Sequence[bytes]], names: Sequence[str]
) -> dict[int, Digests]:
    """For columns, by number, the digests of blocks that are the parent's, by number.

    *prints* are the fingerprints of the columns that are asked for, *names* those of all columns.
    """
    if not parent.digests or min(cut.ranges[-1], parent.rows) < FROM * BLOCK:
        return {}
    before = {pair: place for place, pair in enumerate(pairwise(parent.cut.ranges))}
    rows = list(pairwise(cut.ranges))
    groups = [before.get(pair) for pair in rows]
    found, wanted = {}, {}
    for column, ids in prints.items():
        was = _column_before(parent, names[column], ids)
        if was is None:
            continue
        changed = [
            pair
            for pair, group, one in zip(rows, groups, ids, strict=True)
            if group is None or parent.fingerprint(group * parent.columns + was) != one
        ]
        same = _outside(changed, cut.ranges[-1], parent.rows)
        if same:
            found[column], wanted[column] = same, was
    known = index.blocks({parent.digests[was] for was in wanted.values()}) if wanted else {}
    return {
        column: {number: blocks[number * DIGEST : (number + 1) * DIGEST] for number in same}
        for column, same in found.items()
        if (blocks := _checked(parent, wanted[column], known)) is not None
    }


def worth_keeping(blocks: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    """The digests of blocks, by column digest, of columns that are long enough."""
    return {digest: some for digest, some in blocks.items() if len(some) >= FROM * DIGEST}


def _column_before(parent: Manifest, name: str, ids: Sequence[bytes]) -> int | None:
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
