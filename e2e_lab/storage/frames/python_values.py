"""A Python value as JSON, and back the very same: labels, attributes, and cells that Arrow has no type for.

JSON's own values stand for themselves. Any other is an object with one key: a mark and the name of its type, as in
``{"$date": "2026-11-22"}``. A dict stays an object unless its keys could be taken for such a name.
"""

from __future__ import annotations

import ast
import datetime as dt
import decimal
import json
import math
import re
import uuid
from collections.abc import Callable
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

Json: TypeAlias = Any
MARK = "$"


class Unspellable(TypeError):
    """Raised for a value that is of no known type; says which."""


def as_text(value: Any) -> str:
    """*value* as one line of JSON, with ASCII only; :class:`Unspellable` where it has no spelling.

    >>> as_text([1, (2.5, None), {"a": b"x"}])
    '[1,{"$tuple":[2.5,null]},{"a":{"$bytes":"b\\'x\\'"}}]'
    """
    return json.dumps(spelled(value), separators=(",", ":"), allow_nan=False)


def from_text(text: str) -> Any:
    """The value that :func:`as_text` wrote.

    >>> from_text(as_text({1: {2, 3}, "when": dt.date(2026, 11, 22)}))
    {1: {2, 3}, 'when': datetime.date(2026, 11, 22)}
    """
    return unspelled(json.loads(text))


def spelled(value: Any) -> Json:
    """*value* as what ``json.dumps`` takes; :class:`Unspellable` names the type that has no spelling."""
    kind = type(value)
    if value is None or kind in (str, bool, int) or (kind is float and math.isfinite(value)):
        return value
    if kind is list:
        return [spelled(part) for part in value]
    if kind is dict:
        if all(type(key) is str and not key.startswith(MARK) for key in value):
            return {key: spelled(part) for key, part in value.items()}
        return {f"{MARK}dict": [[spelled(key), spelled(part)] for key, part in value.items()]}
    if kind in (set, frozenset):  # they have no order, and the same set is to be the same text
        return {f"{MARK}{kind.__name__}": sorted(map(spelled, value), key=json.dumps)}
    if isinstance(value, np.generic):
        return {f"{MARK}numpy": [value.dtype.str, _number(value)]}
    if kind is np.ndarray and value.dtype.kind in "biufmM":
        flat = [_number(one) for one in value.ravel()]
        return {f"{MARK}array": [value.dtype.str, list(value.shape), flat]}
    if value is pd.NaT or value is pd.NA:
        return {f"{MARK}null": str(value)}
    if kind in _WORDS:
        word, say, _ = _WORDS[kind]
        return {f"{MARK}{word}": say(value)}
    raise Unspellable(f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins."))


def unspelled(said: Json) -> Any:
    """The value that :func:`spelled` spelled."""
    if isinstance(said, list):
        return [unspelled(part) for part in said]
    if not isinstance(said, dict):
        return said
    if len(said) != 1 or not (word := next(iter(said))).startswith(MARK):
        return {key: unspelled(part) for key, part in said.items()}
    return _READERS[word[len(MARK) :]](said[word])


def same(one: Any, other: Any) -> bool:
    """Whether two values are equal, and of the same types all the way down."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return bool(one.hex() == other.hex())
    if isinstance(one, np.ndarray):
        return bool(one.dtype == other.dtype and one.shape == other.shape and _same_bytes(one, other))
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        keys = len(one) == len(other) and all(map(same, one, other))
        return bool(keys and all(map(same, one.values(), other.values())))
    if isinstance(one, dt.datetime | dt.time):
        zones = one.tzinfo == other.tzinfo and one.fold == other.fold
        units = getattr(one, "unit", None) == getattr(other, "unit", None)
        return (one is other) or bool(one == other and zones and units)
    if isinstance(one, pd.Timedelta):
        return one is other or bool(one == other and one.unit == other.unit)
    if isinstance(one, complex | np.generic | decimal.Decimal):
        return repr(one) == repr(other) or (type(one) is decimal.Decimal and not one.is_nan() and one == other)
    return one is other or bool(one == other)


def _same_bytes(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> bool:
    if one.dtype.kind == "f":  # there are many NaN, and all are the same
        one, other = (np.where(np.isnan(array), array.dtype.type(np.nan), array) for array in (one, other))
    return np.ascontiguousarray(one).tobytes() == np.ascontiguousarray(other).tobytes()


# ---- one type each -------------------------------------------------------------------------------------------


def _number(value: Any) -> Json:
    """A numpy scalar: the number under a time, the exact decimal digits of a float."""
    if value.dtype.kind in "mM":
        return int(value.view("i8"))
    plain = value.item()
    if isinstance(plain, np.generic):  # a long double has no Python number
        raise Unspellable(f"numpy.{value.dtype.name}")
    return spelled(plain)


def _as_numpy(said: Json) -> Any:
    kind = np.dtype(said[0])
    return np.array(unspelled(said[1]), "i8").view(kind)[()] if kind.kind in "mM" else kind.type(unspelled(said[1]))


def _as_array(said: Json) -> np.ndarray[Any, Any]:
    kind, flat = np.dtype(said[0]), unspelled(said[2])
    found = np.array(flat, "i8").view(kind) if kind.kind in "mM" else np.array(flat, kind)
    return found.reshape(said[1])


def zone_name(zone: dt.tzinfo | None) -> str:
    """The name by which :func:`zone_of` finds *zone* again; :class:`Unspellable` for a zone of another library."""
    if zone is dt.UTC:
        return "UTC"
    if type(zone) is ZoneInfo and zone.key:
        return zone.key if zone.key != "UTC" else "Etc/UTC (UTC)"
    if type(zone) is dt.timezone and (offset := zone.utcoffset(None)) is not None:
        return f"{offset // dt.timedelta(microseconds=1)} us"
    raise Unspellable(f"{type(zone).__module__}.{type(zone).__qualname__}")


def zone_of(name: str) -> dt.tzinfo:
    """The time zone of this name.

    >>> zone_of(zone_name(dt.timezone(dt.timedelta(hours=2)))).utcoffset(None)
    datetime.timedelta(seconds=7200)
    """
    if name == "UTC":
        return dt.UTC
    if name.endswith(" us"):
        return dt.timezone(dt.timedelta(microseconds=int(name[:-3])))
    return ZoneInfo("UTC" if name == "Etc/UTC (UTC)" else name)


def _say_datetime(value: dt.datetime) -> Json:
    """As RFC 9557 has it: local time, offset, and the zone in brackets."""
    return value.isoformat() if value.tzinfo is None else f"{value.isoformat()}[{zone_name(value.tzinfo)}]"


def _read_datetime(text: str) -> dt.datetime:
    found = re.fullmatch(r"(.*?)(?:\[(.*)\])?", text)
    assert found is not None
    when = dt.datetime.fromisoformat(found[1])
    return when.astimezone(zone_of(found[2])) if found[2] else when


def _say_timestamp(value: pd.Timestamp) -> Json:
    return [int(value.asm8.view("i8")), value.unit, None if value.tz is None else zone_name(value.tz)]


def _read_timestamp(said: Json) -> pd.Timestamp:
    when = pd.Timestamp(np.datetime64(said[0], said[1]))
    return when if said[2] is None else when.tz_localize("UTC").tz_convert(zone_of(said[2]))


def _say_time(value: dt.time) -> Json:
    if value.tzinfo is not None and value.utcoffset() is None:
        raise Unspellable("datetime.time with a zone")
    return value.isoformat()


_WORDS: dict[type, tuple[str, Callable[[Any], Json], Callable[[Json], Any]]] = {
    float: ("float", repr, float),
    complex: ("complex", repr, complex),
    bytes: ("bytes", repr, ast.literal_eval),
    tuple: ("tuple", lambda v: [spelled(part) for part in v], lambda v: tuple(map(unspelled, v))),
    decimal.Decimal: ("decimal", str, decimal.Decimal),
    uuid.UUID: ("uuid", str, uuid.UUID),
    dt.date: ("date", dt.date.isoformat, dt.date.fromisoformat),
    dt.time: ("time", _say_time, dt.time.fromisoformat),
    dt.datetime: ("datetime", _say_datetime, _read_datetime),
    dt.timedelta: ("timedelta", lambda v: [v.days, v.seconds, v.microseconds], lambda v: dt.timedelta(*v)),
    pd.Timestamp: ("Timestamp", _say_timestamp, _read_timestamp),
    pd.Timedelta: (
        "Timedelta", lambda v: [int(v.asm8.view("i8")), v.unit], lambda v: pd.Timedelta(np.timedelta64(v[0], v[1]))
    ),
    pd.Period: ("Period", lambda v: [v.ordinal, v.freqstr], lambda v: pd.Period(ordinal=v[0], freq=v[1])),
    pd.Interval: (
        "Interval", lambda v: [spelled(v.left), spelled(v.right), v.closed],
        lambda v: pd.Interval(unspelled(v[0]), unspelled(v[1]), v[2]),
    ),
}  # fmt: skip

_READERS: dict[str, Callable[[Json], Any]] = {
    "dict": lambda pairs: {unspelled(key): unspelled(value) for key, value in pairs},
    "set": lambda parts: set(map(unspelled, parts)),
    "frozenset": lambda parts: frozenset(map(unspelled, parts)),
    "numpy": _as_numpy,
    "array": _as_array,
    "null": {"NaT": pd.NaT, "<NA>": pd.NA}.__getitem__,
    **{word: read for word, _, read in _WORDS.values()},
}
