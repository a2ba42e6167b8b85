"""Datasets and versions as the panels list them, and what differs between two versions (by their records alone)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from e2e_lab import storage
from e2e_lab.project import Project
from e2e_lab.records import Dataset, Snapshot, differences
from e2e_lab.records.panels import CellOrigin, DatasetEntry, SchemaChange, VersionDiff, VersionEntry

Event = tuple[int, str]
"""A version's number and content: numbers are given on each branch by itself."""


def dataset_entry(dataset: Dataset, *, saved: bool) -> DatasetEntry:
    """A dataset as one line of a listing."""
    now = dataset.current
    return DatasetEntry(
        name=dataset.name, stage=dataset.stage, version=now.version, ref=now.ref, id=now.id, rows=now.rows,
        columns=len(now.columns), bytes=dataset.bytes, versions=dataset.versions, time=now.time, author=now.author,
        message=now.message, source=now.source, key=now.key, saved=saved,
    )  # fmt: skip


@dataclass(frozen=True)
class Timeline:
    """The versions of one dataset, oldest first, and what is looked up among them."""

    versions: Sequence[Snapshot]
    now: Snapshot | None
    """The current one; None for a dataset that was removed."""
    _by_event: Mapping[Event, Snapshot]
    _numbers: Mapping[int, int]
    """How many versions have a number: several, where it was given on two branches."""
    _first: Mapping[str, int]
    """The lowest number that a content has."""

    @classmethod
    def of(cls, versions: Sequence[Snapshot], now: Snapshot | None) -> Timeline:
        """The timeline of these *versions*."""
        by_event = {_event(version): version for version in versions}
        first: dict[str, int] = {}
        for number, content in sorted(by_event):
            first.setdefault(content, number)
        return cls(versions, now, by_event, Counter(number for number, _ in by_event), first)

    def before(self, version: Snapshot) -> Snapshot | None:
        """The version that *version* followed, where it is known."""
        step = version.previous
        return self._by_event.get((step.version, step.id)) if step else None

    def is_current(self, version: Snapshot) -> bool:
        """Whether *version* is what the dataset is now."""
        return self.now is not None and _event(version) == _event(self.now)

    def selector(self, version: Snapshot) -> str:
        """What names *version* and no other."""
        alone = self._numbers.get(version.version) == 1
        return f"v{version.version}" if alone else f"id:{version.id}"

    def is_repeat(self, version: Snapshot) -> bool:
        """Whether an earlier version has the content of *version*."""
        return self._first.get(version.id, version.version) < version.version


def _event(version: Snapshot) -> Event:
    return version.version, version.id


def version_entry(project: Project, version: Snapshot, known: Timeline) -> VersionEntry:
    """A version as one line of its dataset's timeline."""
    stored = storage.is_stored(project, version.id)
    before = known.before(version)
    return VersionEntry(
        name=version.name, stage=version.stage, version=version.version, ref=version.ref,
        selector=known.selector(version), id=version.id, time=version.time, author=version.author,
        message=version.message, rows=version.rows, columns=len(version.columns),
        bytes=storage.stored_bytes(project, version.id) if stored else None, key=version.key, parents=version.parents,
        source=version.source, origin=version.origin, previous=version.previous, stored=stored,
        current=known.is_current(version),
        change=changed_words(before, version, added(project, version, known)) if before else "",
    )  # fmt: skip


def cell_origin(version: Snapshot) -> CellOrigin:
    """A version with the cell that made it."""
    return CellOrigin(
        cell=version.origin.cell or "", ref=version.ref, name=version.name, version=version.version,
        rows=version.rows, columns=len(version.columns), time=version.time,
    )  # fmt: skip


# ---- differences ---------------------------------------------------------------------------------------------


def added(project: Project, version: Snapshot, known: Timeline) -> int | None:
    """The bytes that the store grew by for this version: none where an earlier one has its content.

    None where its bytes are not here.
    """
    if known.is_repeat(version):
        return 0
    return storage.stored_bytes(project, version.id) if storage.is_stored(project, version.id) else None


def diff(project: Project, a: Snapshot, b: Snapshot, known: Timeline) -> VersionDiff:
    """What the versions *a* and *b* of a dataset differ in, as far as their records tell.

    Its *bytes* are those that the versions after *a*, up to *b*, added to the store; None where *b* is not after *a*.
    """
    sides = [version_entry(project, version, known) for version in (a, b)]
    parts = [added(project, one, known) for one in known.versions if a.version < one.version <= b.version]
    grown = sum(part or 0 for part in parts) if parts and None not in parts else None
    return VersionDiff(
        a=sides[0], b=sides[1], same=a.id == b.id, schema=_schema_changes(a, b), rows=b.rows - a.rows,
        columns=len(b.columns) - len(a.columns), bytes=grown, summary=changed_words(a, b, grown),
    )  # fmt: skip


def changed_words(a: Snapshot, b: Snapshot, grown: int | None = None) -> str:
    """What became of *a* in *b*, in a few words; *grown* are the bytes that the store grew by."""
    if a.id == b.id:
        return "the same content"
    return differences.changed_words(_schema_changes(a, b), b.rows - a.rows, grown)


def _schema_changes(a: Snapshot, b: Snapshot) -> tuple[SchemaChange, ...]:
    before, after = ({column.name: column.type for column in version.schema} for version in (a, b))
    return differences.schema_changes(before, after)
