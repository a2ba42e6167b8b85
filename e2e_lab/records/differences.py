"""What differs between two tables, told from their records alone (pure)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from e2e_lab.records.panels import SchemaChange
from e2e_lab.records.wording import plural, size


def schema_changes(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[SchemaChange, ...]:
    """The columns (name → type) that were added, removed, given another type or another place, in the order of *after*.

    >>> [(c.name, c.change) for c in schema_changes({"a": "int64", "b": "int64"}, {"b": "int64", "c": "int64"})]
    [('c', 'added'), ('a', 'removed')]
    """
    found = []
    for name, kind in after.items():
        if name not in before:
            found.append(SchemaChange(name=name, change="added", before=None, after=kind))
        elif before[name] != kind:
            found.append(SchemaChange(name=name, change="type", before=before[name], after=kind))
    found += [
        SchemaChange(name=name, change="moved", before=before[name], after=after[name])
        for name in _moved([n for n in before if n in after], [n for n in after if n in before])
    ]
    found += [
        SchemaChange(name=name, change="removed", before=kind, after=None)
        for name, kind in before.items()
        if name not in after
    ]
    return tuple(found)


def _moved(before: list[str], after: list[str]) -> list[str]:
    """The names that stand elsewhere among those that both have."""
    return [new for old, new in zip(before, after, strict=True) if old != new]


def changed_words(changes: Sequence[SchemaChange], rows: int, grown: int | None = None) -> str:
    """Changes of columns, *rows* more or less, and *grown* bytes of the store, in a few words.

    >>> changed_words(schema_changes({"a": "int64"}, {"a": "int64", "b": "string"}), -3)
    '+1 column · −3 rows'
    """
    counts = {kind: sum(1 for c in changes if c.change == kind) for kind in ("added", "removed", "type", "moved")}
    parts = []
    for kind, sign in (("added", "+"), ("removed", "−")):
        if counts[kind]:
            parts.append(f"{sign}{plural(counts[kind], 'column')}")
    if counts["type"]:
        parts.append(f"{plural(counts['type'], 'type')} changed")
    if counts["moved"] and not parts:
        parts.append("columns in another order")
    if rows:
        parts.append(f"{'+' if rows > 0 else '−'}{plural(abs(rows), 'row')}")
    elif not parts:
        parts.append("other values")
    if grown:
        parts.append(f"+{size(grown)}")
    return " · ".join(parts)
