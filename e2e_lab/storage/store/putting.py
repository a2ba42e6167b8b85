"""Put a table that is in memory into the store, under the id of its content."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import pyarrow as pa

from e2e_lab.errors import Damaged, VersionNotFound
from e2e_lab.project import Project
from e2e_lab.storage.identity import Content, id_of
from e2e_lab.storage.parquet import ROWS_ONLY
from e2e_lab.storage.store.hashing import counted, hashed
from e2e_lab.storage.store.heads import is_old
from e2e_lab.storage.store.healing import heal
from e2e_lab.storage.store.index import Index
from e2e_lab.storage.store.leases import Lease
from e2e_lab.storage.store.manifest import Quick
from e2e_lab.storage.store.one_file import old_version
from e2e_lab.storage.store.packs import Packs
from e2e_lab.storage.store.ranges import cut
from e2e_lab.storage.store.reading import packed
from e2e_lab.storage.store.writer import Described, Writer, manifest_held, manifest_there


@dataclass(frozen=True)
class Put:
    """What was put: its id, how many bytes that added (0 where all lay there), its schema and rows."""

    id: str
    added: int
    schema: pa.Schema
    rows: int


def put(
    project: Project,
    content: Content,
    lease: Lease,
    *,
    parent: str | None = None,
    changed: Callable[[], object] | None = None,
) -> Put:
    """Store *content* under its id. The bytes of *parent*, and of all else that is stored, are not written again.

    *lease* keeps the version from being collected until something refers to it. *changed* is called as soon as it is
    known that this is not the *parent*.
    """
    rows, schema = content.lying.num_rows, content.lying.schema
    # One without columns is kept as a column of nulls, which is not the table's: neither id nor counts have it.
    kept = content if content.lying.num_columns else replace(content, lying=pa.table({ROWS_ONLY: pa.nulls(rows)}))
    before = manifest_there(project, parent) if parent is not None else None
    plan = cut(kept, before.cut if before else None)
    quick = Quick.after(before)
    hashes = hashed(kept, plan, quick, before, Index(project))
    digests = hashes.digests[: len(schema)]
    made = id_of(rows, digests, content.form, content.extras)
    done = Put(made, 0, schema, rows)
    if before is not None and before.id == made and Packs(project).trusted(before.needed):
        return done  # and nothing is written, not even a lease
    if changed is not None:
        changed()
    before = manifest_held(project, lease, before.id, seen=before) if before is not None else None
    there = manifest_held(project, lease, made)
    if there is not None and Packs(project).trusted(there.needed):
        return done
    if there is None and _sound_old(project, lease, made):
        return done

    def described() -> Described:
        for printer in hashes.printers:
            printer.learn()
        counts = counted(kept, plan, hashes, before)[: len(schema)]
        return Described(
            id=made,
            schema=schema,
            form=dict(content.form),
            digests=digests,
            nulls=tuple(nulls for nulls, _ in counts),
            nans=tuple(nans for _, nans in counts),
            extras=packed(content.extras) if content.extras else b"",
            quick=quick,
        )

    with (
        ThreadPoolExecutor(1) as beside,
        Writer(project, lease, schema, before, anew=there is not None) as writer,
    ):
        said = beside.submit(described)
        writer.add(kept, plan.ranges, hashes.prints, statistics=len(plan.ranges) > 2)
        manifest, added = writer.finish(said.result(), plan, hashes.blocks)
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
