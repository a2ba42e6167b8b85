"""Put a table that is in memory into the store, under the id of its content."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pyarrow as pa

from e2e_lab.errors import Damaged, VersionNotFound
from e2e_lab.project import Project
from e2e_lab.storage.identity import Content, block_digests, digest_of, id_of, side_by_side
from e2e_lab.storage.parquet import ROWS_ONLY
from e2e_lab.storage.store.blocks import same_blocks
from e2e_lab.storage.store.heads import is_old
from e2e_lab.storage.store.healing import heal
from e2e_lab.storage.store.index import Index
from e2e_lab.storage.store.leases import Lease
from e2e_lab.storage.store.manifest import Cut, Manifest, Quick
from e2e_lab.storage.store.one_file import old_version
from e2e_lab.storage.store.packs import Packs
from e2e_lab.storage.store.ranges import cut
from e2e_lab.storage.store.reading import packed
from e2e_lab.storage.store.writer import Described, Writer, all_prints, manifest_held, manifest_there
from e2e_lab.storage.values import has_nan


@dataclass(frozen=True)
class Put:
    """What was put: its id, how many bytes that added (0 where all lay there), its schema and rows."""

    id: str
    added: int
    schema: pa.Schema
    rows: int


def put(project: Project, content: Content, lease: Lease, *, parent: str | None = None) -> Put:
    """Store *content* under its id. The bytes of *parent*, and of all else that is stored, are not written again.

    *lease* keeps the version from being collected until something refers to it.
    """
    table = content.table if content.table.num_columns else pa.table({ROWS_ONLY: pa.nulls(content.table.num_rows)})
    before = manifest_there(project, parent) if parent is not None else None
    plan = cut(table, before.cut if before else None)
    quick = Quick.after(before)
    prints = all_prints(table, plan.ranges, quick)
    digests, blocks = _digests(content.table, prints, plan, before, Index(project))
    made = id_of(content.table.num_rows, digests, content.form, content.extras)
    done = Put(made, 0, content.table.schema, content.table.num_rows)
    if before is not None and before.id == made and Packs(project).trusted(before.needed):
        return done  # and nothing is written, not even a lease
    before = manifest_held(project, lease, before.id) if before is not None else None
    there = manifest_held(project, lease, made)
    if there is not None and Packs(project).trusted(there.needed):
        return done
    if there is None and _sound_old(project, lease, made):
        return done
    counts = [_counts(column) for column in content.table.columns]
    said = Described(
        id=made,
        schema=content.table.schema,
        form=dict(content.form),
        digests=tuple(digests),
        nulls=tuple(nulls for nulls, _ in counts),
        nans=tuple(nans for _, nans in counts),
        extras=packed(content.extras) if content.extras else b"",
        quick=quick,
    )
    with Writer(project, lease, content.table.schema, before, anew=there is not None) as writer:
        writer.add(table, plan.ranges, prints, statistics=len(plan.ranges) > 2)
        manifest, added = writer.finish(said, plan, blocks)
    if there is not None:
        heal(project, manifest)
    return replace(done, added=added)


def _sound_old(project: Project, lease: Lease, snapshot_id: str) -> bool:
    if not is_old(project, snapshot_id):
        return False
    lease.hold(snapshots=[snapshot_id])
    try:
        old_version(project, snapshot_id).check()
    except (Damaged, VersionNotFound, OSError):
        return False
    return True


def _digests(
    table: pa.Table, prints: list[list[bytes]], plan: Cut, parent: Manifest | None, index: Index
) -> tuple[list[bytes], dict[bytes, bytes]]:
    """The digest of each column: the parent's where no piece of it differs, else made of blocks, side by side.

    And of those that were made, by digest, the digests of the blocks. Of these too the parent's are not made anew.
    """
    known = _parent_digests(parent, plan) if parent is not None else {}
    fields = list(table.schema)
    found = [known.get((said.name, *ids)) for said, ids in zip(fields, prints, strict=False)]
    missing = [n for n, digest in enumerate(found) if digest is None]
    asked = {n: prints[n] for n in missing}
    same = same_blocks(index, parent, plan, asked, table.schema.names) if parent is not None and asked else {}
    sizes = [table.column(n).nbytes for n in missing]
    blocks = side_by_side(lambda n: block_digests(table.column(n), same.get(n, {})), missing, sizes=sizes)
    made = {n: (digest_of(fields[n], some), some) for n, some in zip(missing, blocks, strict=True)}
    return [made[n][0] if one is None else one for n, one in enumerate(found)], dict(made.values())


def _parent_digests(parent: Manifest, plan: Cut) -> dict[tuple[str | bytes, ...], bytes]:
    """By name and fingerprints: which include the type, so that equal ones mean an equal column."""
    if parent.cut.ranges != plan.ranges or not plan.ranges[-1]:  # without rows no piece tells columns apart
        return {}
    places = range(0, len(parent.spans), parent.columns)
    return {
        (said.name, *(parent.fingerprint(place + n) for place in places)): digest
        for n, (said, digest) in enumerate(zip(parent.schema, parent.digests, strict=True))
    }


def _counts(column: pa.ChunkedArray) -> tuple[int, bool]:
    """How many nulls a column has, and whether NaN is beside them."""
    nulls = column.null_count
    return nulls, bool(nulls) and has_nan(column)
