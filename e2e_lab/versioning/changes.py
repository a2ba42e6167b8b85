"""What commits did to datasets (pure), read from the blobs of records: for the log, and as lines in the message."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from e2e_lab.records import DatasetChange, differences, shape

_LINE = re.compile(r"Data: \S+ (?:v\d+(?: → v\d+)?(?: \([\d,]+ × [\d,]+\))?|removed)")
_TRAILER = re.compile(r"[A-Za-z][A-Za-z0-9-]*: \S.*")


@dataclass(frozen=True, slots=True)
class Outline:
    """As much of a record as a history needs."""

    version: int
    id: str
    rows: int
    columns: int
    types: dict[str, str] = field(default_factory=dict, repr=False)
    """By name of the column, the levels of the index among them."""


def outline(content: bytes | None) -> Outline | None:
    """The outline of a record; None for nothing, or for a file that is no record.

    >>> outline(b'{"format": 1, "id": "ab", "version": 2, "rows": 3, "schema": [{}]}')
    Outline(version=2, id='ab', rows=3, columns=1)
    """
    if content is None:
        return None
    try:
        record = json.loads(content)
        if "format" not in record:
            return None
        return Outline(
            int(record["version"]),
            str(record["id"]),
            int(record["rows"]),
            sum(1 for column in record["schema"] if not column.get("index")),
            {str(column.get("name")): str(column.get("type")) for column in record["schema"]},
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def name_of(path: str) -> str:
    """The dataset whose record lies at *path*."""
    return PurePosixPath(path).stem


def datasets(pairs: Iterable[tuple[str, Outline | None, Outline | None]]) -> tuple[DatasetChange, ...]:
    """The changes by dataset, from (path, before, after) by file: a record that changed its stage is one change.

    >>> old, new = Outline(1, "aa", 5, 2), Outline(2, "bb", 6, 2)
    >>> [str(c) for c in datasets([("data/raw/f.json", old, None), ("data/processed/f.json", None, new)])]
    ['f v1→v2']
    """
    return tuple(
        DatasetChange(
            name=name, before=before.version if before else None, after=after.version if after else None,
            change=_effect(before, after),
        )
        for name, (before, after) in _by_name(pairs).items()
    )  # fmt: skip


def _effect(before: Outline | None, after: Outline | None) -> str:
    if after is None:
        return ""
    if before is None:
        return shape(after.rows, after.columns)
    if before.id == after.id:
        return "the same content"
    schema = differences.schema_changes(before.types, after.types)
    words = differences.changed_words(schema, after.rows - before.rows)
    return f"{words} · rows as before" if schema and after.rows == before.rows else words


def told(message: str, pairs: Iterable[tuple[str, Outline | None, Outline | None]]) -> str:
    """*message* with one ``Data:`` trailer for each dataset that changed, so that ``git log`` alone tells the story.

    >>> print(told("Clean data", [("data/raw/f.json", None, Outline(1, "aa", 327346, 24))]))
    Clean data
    <BLANKLINE>
    Data: f v1 (327,346 × 24)
    """
    lines = [_said(name, before, after) for name, (before, after) in _by_name(pairs).items()]
    if not lines:
        return message
    last = message.rsplit("\n\n", 1)[1:]
    joined = "\n" if last and all(_TRAILER.fullmatch(line) for line in last[0].splitlines()) else "\n\n"
    return message + joined + "\n".join(lines)


def untold(message: str) -> str:
    """The message as its author wrote it, without our trailers.

    >>> untold("Clean data\\n\\nData: f v1 → v2 (327,346 × 24)\\n")
    'Clean data'
    """
    lines = message.rstrip().splitlines()
    while lines and _LINE.fullmatch(lines[-1]):
        lines.pop()
    return "\n".join(lines).rstrip()


def _by_name(
    pairs: Iterable[tuple[str, Outline | None, Outline | None]],
) -> dict[str, tuple[Outline | None, Outline | None]]:
    found: dict[str, tuple[Outline | None, Outline | None]] = {}
    for path, before, after in pairs:
        if before is None and after is None:
            continue
        known = found.get(name_of(path), (None, None))
        found[name_of(path)] = (before or known[0], after or known[1])
    return dict(sorted(found.items()))


def _said(name: str, before: Outline | None, after: Outline | None) -> str:
    if after is None:
        return f"Data: {name} removed"
    came = (
        f"v{before.version} → v{after.version}" if before and before.version != after.version else f"v{after.version}"
    )
    return f"Data: {name} {came} ({shape(after.rows, after.columns)})"
