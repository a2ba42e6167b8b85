"""What is known of columns before any is encoded: the hashes of their pieces and of the whole, and their nulls.

Most columns of a new version are those of its parent, or differ in a few ranges. Of them, only these are hashed with
care, looked at for what is missing, and counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import pyarrow.types as pat

from e2e_lab.storage.identity import Content, block_digests, digest_of, side_by_side
from e2e_lab.storage.store.blocks import BlocksBefore, column_before
from e2e_lab.storage.store.index import Index
from e2e_lab.storage.store.manifest import Cut, Manifest, Quick
from e2e_lab.storage.store.pieces import Printer
from e2e_lab.storage.values import has_nan


@dataclass(frozen=True)
class Hashes:
    """Of each column the fingerprints of its pieces and the digest of the whole, of which the content id is made.

    *blocks* are the digests of blocks by the digest of the column that they make up, where they were not known.
    *printers* took the fingerprints.
    """

    prints: tuple[Sequence[bytes], ...]
    digests: tuple[bytes, ...]
    blocks: Mapping[bytes, bytes]
    printers: tuple[Printer, ...]


def hashed(content: Content, plan: Cut, quick: Quick, parent: Manifest | None, index: Index) -> Hashes:
    """The hashes of all columns; those that the parent lacks take longest, and are begun first."""
    fields, rows = list(content.lying.schema), content.lying.num_rows
    before = BlocksBefore(index, parent, plan) if parent is not None else None
    known = _parent_digests(parent, plan) if parent is not None else {}
    made: dict[bytes, bytes] = {}
    printers = [Printer(content, place, quick) for place in range(len(fields))]

    def of_one(place: int) -> tuple[list[bytes], bytes]:
        prints = printers[place].prints(plan.ranges)
        digest = known.get((fields[place].name, *prints))
        if digest is None:
            same = before.same(fields[place].name, prints) if before is not None else {}
            blocks = block_digests(content.feed(place), rows, same)
            digest = digest_of(fields[place], blocks)
            made[digest] = blocks
        return prints, digest

    names = set(parent.schema.names) if parent is not None else set()
    new = {place for place, said in enumerate(fields) if said.name not in names}
    found = side_by_side(of_one, range(len(fields)), sizes=content.sizes, first=new)
    return Hashes(tuple(prints for prints, _ in found), tuple(digest for _, digest in found), made, tuple(printers))


def _parent_digests(parent: Manifest, plan: Cut) -> dict[tuple[str | bytes, ...], bytes]:
    """By name and fingerprints: which include the type, so that equal ones mean an equal column."""
    if parent.cut.ranges != plan.ranges or not plan.ranges[-1]:  # without rows no piece tells columns apart
        return {}
    places = range(0, len(parent.spans), parent.columns)
    return {
        (said.name, *(parent.fingerprint(place + n) for place in places)): digest
        for n, (said, digest) in enumerate(zip(parent.schema, parent.digests, strict=True))
    }


def counted(content: Content, plan: Cut, hashes: Hashes, parent: Manifest | None) -> list[tuple[int, bool]]:
    """How many nulls each column has, and whether NaN is beside them."""
    known: dict[bytes, tuple[int, bool]] = {}
    if parent is not None:
        known = dict(zip(parent.digests, zip(parent.nulls, parent.nans, strict=True), strict=True))
    before = parent if parent is not None and parent.cut.ranges == plan.ranges else None

    def of_one(place: int) -> tuple[int, bool]:
        if place in content.nan_nulls and before is not None:
            nulls = _nulls_after(before, content, place, hashes.prints[place])
            if nulls is not None:
                return nulls, False
        column = content.rows([place], 0, content.lying.num_rows).column(0)
        return column.null_count, bool(column.null_count) and place not in content.nan_nulls and has_nan(column)

    def looked_at(place: int) -> int:
        """The bytes that may have to be looked at, one by one."""
        all_of_it = before is None if place in content.nan_nulls else pat.is_floating(content.lying.field(place).type)
        return content.sizes[place] if all_of_it else 0

    new = [place for place, digest in enumerate(hashes.digests) if digest not in known]
    made = dict(zip(new, side_by_side(of_one, new, sizes=[looked_at(place) for place in new]), strict=True))
    return [made[place] if place in made else known[digest] for place, digest in enumerate(hashes.digests)]


def _nulls_after(parent: Manifest, content: Content, place: int, prints: Sequence[bytes]) -> int | None:
    """How many nulls a column has that the parent has, cut at the same rows: counted where it differs only.

    Any column of the parent of this type would lead to it; the one of this name differs least.
    """
    said = content.lying.schema.field(place)
    was = column_before(parent, said.name, prints)
    if was is None or parent.schema.field(was).type != said.type:
        return None
    nulls = parent.nulls[was]
    for group, (first, last) in enumerate(pairwise(parent.cut.ranges)):
        before = group * parent.columns + was
        if parent.fingerprint(before) == prints[group]:
            continue
        gone = parent.piece(before).leaves[0].nulls
        if gone is None:
            return None
        nulls += content.rows([place], first, last - first).column(0).null_count - gone
    return nulls
