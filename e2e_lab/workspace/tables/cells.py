"""Arrow values as JSON can carry them: numbers, text, true and false; what JSON has no word for is text."""

from __future__ import annotations

import json
import math
import re
from typing import Any, cast

import pyarrow as pa
import pyarrow.types as pat

from e2e_lab.records.panels import Cell, CellKind

LONGEST = 1000
_SAFE = 2**53
"""Whole numbers beyond are not exact in JavaScript."""
_ZEROS = re.compile(r"(\.\d*?)0+(?=$|Z|[+-]\d\d:?\d\d$)")


def kind_of(type_name: str) -> CellKind:
    """How a column of this Arrow type is shown, by the type's name.

    >>> [kind_of(name) for name in ("int64", "timestamp[ns, tz=UTC]", "dictionary<values=string, indices=int8>")]
    ['number', 'time', 'text']
    """
    if type_name.startswith("dictionary<values="):
        return kind_of(type_name.removeprefix("dictionary<values="))
    name = re.split(r"[\[(<,]", type_name)[0].strip()
    if name in ("bool", "time", "string", "time32", "time64", "timestamp", "date32", "date64", "duration"):
        return "bool" if name == "bool" else "text" if name == "string" else "time"
    if name in ("large_string", "string_view"):
        return "text"
    if re.fullmatch(r"u?int\d+|float|double|halffloat|decimal\d*", name):
        return "number"
    return "other"


def cells(values: pa.Array) -> list[Cell]:
    """Each value of *values* as one cell.

    >>> cells(pa.array([1.5, None, float("nan")])), cells(pa.array([2**60]))
    ([1.5, None, 'NaN'], ['1152921504606846976'])
    """
    kind = values.type
    if isinstance(kind, pa.ExtensionType | pa.BaseExtensionType):
        return cells(values.storage)
    if pat.is_dictionary(kind):
        return cells(values.dictionary_decode())
    if pat.is_timestamp(kind) or pat.is_date(kind) or pat.is_time(kind):
        return [None if text is None else _ZEROS.sub(_fraction, text) for text in _texts(values)]
    if pat.is_duration(kind):
        return [None if n is None else f"{n} {kind.unit}" for n in values.cast(pa.int64()).to_pylist()]
    if pat.is_floating(kind):
        return [n if n is None or math.isfinite(n) else _NAMES[str(n)] for n in values.cast(pa.float64()).to_pylist()]
    if pat.is_nested(kind):
        return [cell(_beginning(value, [LONGEST])) for value in values]
    return [cell(value) for value in values.to_pylist()]


def _beginning(value: pa.Scalar, left: list[int]) -> Any:
    """A nested value as Python objects, as far as a cell can show it: *left* counts down its parts."""
    left[0] -= 1
    if not value.is_valid:
        return None
    if isinstance(value, pa.StructScalar):
        names = [value.type.field(place).name for place in range(len(value)) if place < LONGEST]
        return {name: _beginning(value[place], left) for place, name in enumerate(names) if left[0] > 0}
    if isinstance(value, pa.MapScalar):
        pairs = value.values.slice(0, max(left[0], 0))
        return [[_beginning(part, left) for part in pair.values()] for pair in pairs if left[0] > 0]
    if isinstance(value, pa.ListScalar | pa.LargeListScalar | pa.FixedSizeListScalar):
        return [_beginning(one, left) for one in value.values.slice(0, max(left[0], 0)) if left[0] > 0]
    return value.as_py()


_NAMES = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


def _texts(values: pa.Array) -> list[str | None]:
    if pat.is_date64(values.type):
        values = values.cast(pa.timestamp("ms"))
    return cast("list[str | None]", values.cast(pa.string()).to_pylist())


def _fraction(found: re.Match[str]) -> str:
    return found[1] if len(found[1]) > 1 else ""


def cell(value: Any) -> Cell:
    """One Python value as a cell."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if -_SAFE <= value <= _SAFE else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else _NAMES[str(value)]
    if isinstance(value, bytes):
        return _cut("0x" + value[: LONGEST // 2].hex())
    if isinstance(value, list | dict | tuple):
        return _cut(json.dumps(value, ensure_ascii=False, default=str))
    return _cut(str(value))


def _cut(text: str) -> str:
    whole = text.encode("utf-8", "replace").decode() if not text.isascii() else text
    return whole if len(whole) <= LONGEST else f"{whole[:LONGEST]}…"
