"""Object columns: Python values of one type, and which null each null was.

pandas lets a column hold anything. What is kept are the types that Arrow has a place for; where a value might come
back changed (decimals, times, lists, dicts), the column is turned back at once and compared.
"""

from __future__ import annotations

import datetime as dt
import decimal
import math
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from e2e_lab.errors import UnsupportedData

Codec = dict[str, Any]
Values = np.ndarray[Any, Any]

NULLS: tuple[tuple[str, Any], ...] = (("None", None), ("nan", np.nan), ("NA", pd.NA), ("NaT", pd.NaT))

# How values of one Python type are kept in an object column; those marked True may come back changed, so are compared.
OBJECTS: dict[type, tuple[str, pa.DataType | None, bool]] = {
    str: ("str", pa.string(), False), np.str_: ("str", pa.string(), False),
    bool: ("bool", pa.bool_(), False), np.bool_: ("bool", pa.bool_(), False),
    int: ("int", None, False), float: ("float", pa.float64(), False), bytes: ("bytes", pa.binary(), False),
    np.float64: ("float", pa.float64(), False), np.int64: ("int", None, False), np.int32: ("int", None, False),
    dt.date: ("date", pa.date32(), False), dt.time: ("time", pa.time64("us"), True),
    dt.datetime: ("datetime", None, True), dt.timedelta: ("timedelta", pa.duration("us"), True),
    decimal.Decimal: ("decimal", None, True), uuid.UUID: ("uuid", pa.binary(16), False),
    list: ("list", None, True), dict: ("dict", None, True), tuple: ("tuple", None, True),
    np.ndarray: ("array", None, True),
}  # fmt: skip


@dataclass(frozen=True)
class Packed:
    """A column in Arrow, what it was (None: the default), arrays that the codec names, and which null each null was."""

    array: pa.Array | pa.ChunkedArray
    codec: Codec | None = None
    extras: Mapping[str, pa.Array] = field(default_factory=dict)
    nulls: pa.Array | None = None


def refused(name: str, dtype: Any, why: str, way: str = "") -> UnsupportedData:
    """The error that names the column, says why, and gives the line to type."""
    return UnsupportedData(
        f"Column {name!r} ({dtype}) could not be given back as it is: {why}.",
        hint=way or f'df["{name}"] = df["{name}"].astype("string")',
    )


def pack_objects(values: Values, name: str) -> Packed:
    """An object column in Arrow; :class:`UnsupportedData` where its values are of several types or of none we know."""
    nulls = pd.isna(values)
    some = bool(nulls.any())
    found = values[~nulls] if some else values
    types = set(map(type, found))
    if not types:
        packed = Packed(pa.nulls(len(values)), {"object": "nothing"})
        return _with_nulls(packed, values, nulls, name) if some else packed
    known = {OBJECTS[kind][0] if kind in OBJECTS else kind.__name__ for kind in types}
    if len(known) > 1:
        listed = ", ".join(sorted(known))
        raise refused(name, "object", f"it mixes values of several types ({listed})")
    kind = next(iter(types))
    if kind not in OBJECTS:
        raise refused(name, "object", f"it holds {kind.__module__}.{kind.__qualname__} values", way_out(found, name))
    word, target, doubtful = OBJECTS[kind]
    plain = values.copy()
    plain[nulls] = None
    if word == "uuid":
        plain = np.array([None if v is None else v.bytes for v in plain], object)
    if word == "int" and max(found) > 2**63 - 1:
        target = pa.uint64()
    array = pa.array(plain, type=target)
    packed = Packed(array, {"object": word})
    if doubtful:
        back = objects(pa.chunked_array([array]), word)
        if not all(map(_same, found, back[~nulls])):
            raise refused(name, "object", f"its {word} values would come back changed", way_out(found, name))
    return _with_nulls(packed, values, nulls, name) if some else packed


def way_out(values: Any, name: str) -> str:
    """The line that makes something of *values* that can be kept."""
    column = f'df["{name}"]'
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        return f'{column} = {column}.dt.tz_convert("UTC")'
    if values.dtype != object:
        return f'{column} = {column}.astype("float64")' if values.dtype.kind == "f" else ""
    kind = type(next((value for value in values if not isinstance(value, float) and value is not None), None))
    if kind is np.ndarray:
        return f"{column} = {column}.map(lambda array: array.tolist())"
    if kind in (list, dict, tuple):
        return f"import json; {column} = {column}.map(json.dumps)"
    if issubclass(kind, dt.datetime):
        return f"{column} = pd.to_datetime({column}, utc=True)"
    if issubclass(kind, dt.timedelta):
        return f"{column} = pd.to_timedelta({column})"
    return ""


def _with_nulls(packed: Packed, values: Values, nulls: Values, name: str) -> Packed:
    """Keep which null each was: one word where all are the same, else a column of numbers into :data:`NULLS`."""
    missing = values[nulls]
    kinds = np.full(len(missing), -1, np.int8)
    for number, (_, null) in enumerate(NULLS):
        same = [isinstance(v, float) if isinstance(null, float) else v is null for v in missing]
        kinds[same] = number
    if (kinds == -1).any():
        raise refused(name, "object", f"it holds a null of type {type(missing[kinds == -1][0]).__name__}")
    assert packed.codec is not None
    if (kinds == kinds[0]).all():
        return Packed(packed.array, {**packed.codec, "null": NULLS[kinds[0]][0]})
    which = np.zeros(len(values), np.int8)
    which[nulls] = kinds
    return Packed(packed.array, packed.codec, nulls=pa.array(which, mask=~nulls))


def _same(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return one == other or (math.isnan(one) and math.isnan(other))
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and all(map(_same, one.tolist(), other.tolist()))
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict):
        return list(one) == list(other) and all(map(_same, one.values(), other.values()))
    if isinstance(one, dt.datetime | dt.time):
        return bool(one == other and one.tzinfo == other.tzinfo and one.fold == other.fold)
    return bool(one == other)


def objects(column: pa.ChunkedArray, word: str) -> Values:
    """The Python values of a column; *word* says of which type they were."""
    if word == "str" and len(column):
        texts = np.asarray(column.to_numpy(), dtype=object).copy()
        texts[column.is_null().to_numpy()] = None
        return texts
    values: list[Any] = column.to_pylist()
    turns: dict[str, Any] = {"tuple": tuple, "array": np.asarray, "uuid": lambda v: uuid.UUID(bytes=v)}
    turn = turns.get(word)
    if turn is not None:
        values = [None if v is None else turn(v) for v in values]
    return np.fromiter(values, dtype=object, count=len(values))


def with_which(values: Values, column: pa.ChunkedArray, codec: Codec, which: pa.ChunkedArray | None) -> Values:
    """*values* with the very nulls that were there: None, NaN, NA or NaT."""
    if which is not None:
        kinds = which.fill_null(0).to_numpy()
        for number, (_, null) in enumerate(NULLS[1:], start=1):
            values[kinds == number] = null
    elif codec.get("null", "None") != "None":
        values[column.is_null().to_numpy()] = dict(NULLS)[codec["null"]]
    return values
