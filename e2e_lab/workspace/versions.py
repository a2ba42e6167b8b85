"""Datasets and versions as the panels list them, and what differs between two versions (by their records alone)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from e2e_lab import storage
from e2e_lab.project import Project
from e2e_lab.records import Column, Dataset, Snapshot, plural, size
from e2e_lab.records.panels import CellOrigin, DatasetEntry, SchemaChange, VersionDiff, VersionEntry


def dataset_entry(dataset: Dataset, *, saved: bool) -> DatasetEntry:
    """A dataset as one line of a listing."""
    now = dataset.current
    return DatasetEntry(
        name=dataset.name, stage=dataset.stage, version=now.version, ref=now.ref, id=now.id, rows=now.rows,
        columns=len(now.columns), bytes=dataset.bytes, versions=dataset.versions, time=now.time, author=now.author,
        message=now.message, source=now.source, key=now.key, saved=saved,
    )  # fmt: skip


def version_entry(
    project: Project, version: Snapshot, known: Mapping[tuple[int, str], Snapshot], *, current: bool, alone: bool = True
) -> VersionEntry:
    """A version as one line of a timeline. *known* are its dataset's versions by number and id; *alone*: no other
    version has its number."""
    stored = storage.is_stored(project, version.id)
    before = known.get((version.previous.version, version.previous.id)) if version.previous else None
    return VersionEntry(
        name=version.name, stage=version.stage, version=version.version, ref=version.ref,
        selector=f"v{version.version}" if alone else f"id:{version.id}", id=version.id, time=version.time,
        author=version.author, message=version.message, rows=version.rows, columns=len(version.columns),
        bytes=storage.stored_bytes(project, version.id) if stored else None, key=version.key, parents=version.parents,
        source=version.source, origin=version.origin, previous=version.previous, stored=stored, current=current,
        change=changed_words(before, version, added(project, version, known)) if before else "",
    )  # fmt: skip


def by_event(versions: Sequence[Snapshot]) -> dict[tuple[int, str], Snapshot]:
    """Versions by number and id."""
    return {(version.version, version.id): version for version in versions}


def cell_origin(version: Snapshot) -> CellOrigin:
    """A version with the cell that made it."""
    return CellOrigin(
        cell=version.origin.cell or "", ref=version.ref, name=version.name, version=version.version,
        rows=version.rows, columns=len(version.columns), time=version.time,
    )  # fmt: skip


# ---- differences ---------------------------------------------------------------------------------------------


def added(project: Project, version: Snapshot, known: Mapping[tuple[int, str], Snapshot]) -> int | None:
    """The bytes that the store grew by for this version: none where an earlier one has its content.

    None where its bytes are not here.
    """
    if any(content == version.id and number < version.version for number, content in known):
        return 0
    return storage.stored_bytes(project, version.id) if storage.is_stored(project, version.id) else None


def diff(
    project: Project, a: Snapshot, b: Snapshot, every: Sequence[Snapshot], current: Snapshot | None
) -> VersionDiff:
    """What the versions *a* and *b* of a dataset differ in, as far as their records tell; *every* has all of them.

    Its *bytes* are those that the versions after *a*, up to *b*, added to the store; None where *b* is not after *a*.
    """
    known = by_event(every)
    sides = [
        version_entry(project, version, known, current=current is not None and _same(version, current))
        for version in (a, b)
    ]
    parts = [added(project, one, known) for one in every if a.version < one.version <= b.version]
    grown = sum(part or 0 for part in parts) if parts and None not in parts else None
    return VersionDiff(
        a=sides[0], b=sides[1], same=a.id == b.id, schema=schema_changes(a.schema, b.schema), rows=b.rows - a.rows,
        columns=len(b.columns) - len(a.columns), bytes=grown, summary=changed_words(a, b, grown),
    )  # fmt: skip


def _same(one: Snapshot, other: Snapshot) -> bool:
    return (one.version, one.id, one.time) == (other.version, other.id, other.time)


def schema_changes(before: Sequence[Column], after: Sequence[Column]) -> tuple[SchemaChange, ...]:
    """The columns that were added, removed, given another type or another place, in the order of *after*.

    >>> int64 = lambda name: Column(name=name, type="int64", nullable=True)
    >>> [(c.name, c.change) for c in schema_changes([int64("a"), int64("b")], [int64("b"), int64("c")])]
    [('c', 'added'), ('a', 'removed')]
    """
    had = {column.name: column for column in before}
    has = {column.name: column for column in after}
    found = []
    for name, column in has.items():
        if name not in had:
            found.append(SchemaChange(name=name, change="added", before=None, after=column.type))
        elif had[name].type != column.type:
            found.append(SchemaChange(name=name, change="type", before=had[name].type, after=column.type))
    found += [
        SchemaChange(name=name, change="moved", before=had[name].type, after=has[name].type)
        for name in _moved([n for n in had if n in has], [n for n in has if n in had])
    ]
    found += [
        SchemaChange(name=name, change="removed", before=column.type, after=None)
        for name, column in had.items()
        if name not in has
    ]
    return tuple(found)


def _moved(before: list[str], after: list[str]) -> list[str]:
    """The names that stand elsewhere among those that both have."""
    return [new for old, new in zip(before, after, strict=True) if old != new]


def changed_words(a: Snapshot, b: Snapshot, grown: int | None = None) -> str:
    """What became of *a* in *b*, in a few words; *grown* are the bytes that the store grew by."""
    if a.id == b.id:
        return "the same content"
    changes = schema_changes(a.schema, b.schema)
    counts = {kind: sum(1 for c in changes if c.change == kind) for kind in ("added", "removed", "type", "moved")}
    parts = []
    for kind, sign in (("added", "+"), ("removed", "−")):
        if counts[kind]:
            parts.append(f"{sign}{plural(counts[kind], 'column')}")
    if counts["type"]:
        parts.append(f"{plural(counts['type'], 'type')} changed")
    if counts["moved"] and not parts:
        parts.append("columns in another order")
    rows = b.rows - a.rows
    if rows:
        parts.append(f"{'+' if rows > 0 else '−'}{plural(abs(rows), 'row')}")
    elif not parts:
        parts.append("other values")
    if grown:
        parts.append(f"+{size(grown)}")
    return " · ".join(parts)
