"""Put a stream into the store: any number of rows, of which only a window is ever in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa

from e2e_lab.project import Project
from e2e_lab.storage.identity import BLOCK, THREADS, Content, block_digests, digest_of, id_of, side_by_side
from e2e_lab.storage.store.healing import heal
from e2e_lab.storage.store.leases import Lease
from e2e_lab.storage.store.manifest import Cut, Quick
from e2e_lab.storage.store.packs import Packs
from e2e_lab.storage.store.pieces import Printer
from e2e_lab.storage.store.putting import Put
from e2e_lab.storage.store.ranges import found_ranges, planned
from e2e_lab.storage.store.writer import Described, Writer, manifest_held
from e2e_lab.storage.values import feeder, has_nan

WINDOW_BYTES = 64 << 20
RANGE_BYTES = 128 << 20  # at most in a range, for which windows are kept until it is whole


class _Column:
    """What is known of a column so far: the digests of its blocks, its nulls, whether it has NaN."""

    def __init__(self) -> None:
        self.blocks = b""
        self.nulls = 0
        self.nan = False

    def feed(self, values: pa.ChunkedArray) -> None:
        """Take in *values*; all but the last must be of whole blocks."""
        self.blocks += block_digests(feeder(values), len(values), {})
        self.nulls += values.null_count
        self.nan = self.nan or has_nan(values)


def put_stream(project: Project, reader: pa.RecordBatchReader, lease: Lease, *, parent: str | None = None) -> Put:
    """Store what *reader* yields under the id of its content, as :func:`put` does with a table."""
    before = manifest_held(project, lease, parent) if parent is not None else None
    schema = reader.schema
    columns = [_Column() for _ in schema]
    plan, starts, quick = Cut((0,)), [0], Quick.after(before)
    unhashed = rest = schema.empty_table()
    with Writer(project, lease, schema, before) as writer, ThreadPoolExecutor(THREADS) as pool:
        for window, final in _windows(reader):
            table = pa.concat_tables([rest, window])
            if not plan.target:
                plan = planned(table, before.cut if before else None, longest=RANGE_BYTES)
            ranges = found_ranges(table, plan, final=final)
            content = Content(table)
            writer.add(content, ranges, _prints(content, ranges, quick), statistics=True)
            starts += [starts[-1] + row for row in ranges[1:]]
            rest = table.slice(ranges[-1])
            unhashed = pa.concat_tables([unhashed, table.slice(0, ranges[-1])])
            sure = len(unhashed) if final else len(unhashed) // BLOCK * BLOCK
            ready = unhashed.slice(0, sure).columns
            list(pool.map(lambda pair: pair[0].feed(pair[1]), zip(columns, ready, strict=True)))
            unhashed = unhashed.slice(sure)
            del window, table, content, ready  # the next window is read before they would be
            pa.default_memory_pool().release_unused()  # else what threads let go of adds up, now more, now less
        digests = tuple(digest_of(said, column.blocks) for said, column in zip(schema, columns, strict=True))
        made = id_of(starts[-1], digests, {}, {})
        there = manifest_held(project, lease, made)
        done = Put(made, 0, schema, starts[-1])
        if there is not None and Packs(project).trusted(there.needed):
            return done
        nulls = tuple(column.nulls for column in columns)
        nans = tuple(bool(column.nulls) and column.nan for column in columns)
        said = Described(made, schema, {}, digests, nulls, nans, b"", quick)
        writer.anew = there is not None
        blocks = dict(zip(digests, (column.blocks for column in columns), strict=True))
        manifest, added = writer.finish(said, Cut(tuple(starts), plan.anchors, plan.target), blocks)
    if there is not None:
        heal(project, manifest)
    return Put(made, added, schema, starts[-1])


def _prints(content: Content, ranges: Sequence[int], quick: Quick) -> list[list[bytes]]:
    printers = [Printer(content, place, quick) for place in range(content.lying.num_columns)]
    return side_by_side(lambda one: one.prints(ranges), printers, sizes=content.sizes)


def _windows(reader: pa.RecordBatchReader) -> Iterator[tuple[pa.Table, bool]]:
    """The rows in portions of some size, and whether a portion is the last one."""
    batches: list[pa.RecordBatch] = []
    size = 0
    for batch in reader:
        if size >= WINDOW_BYTES:
            yield pa.Table.from_batches(batches, reader.schema), False
            batches, size = [], 0
        batches.append(batch)
        size += batch.nbytes
    yield pa.Table.from_batches(batches, reader.schema), True
