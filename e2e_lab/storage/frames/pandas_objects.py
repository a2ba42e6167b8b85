"""Object columns: Python values as Arrow has them, and which null each null was.

pandas lets a column hold anything. Values of one type become Arrow's type for it; where Arrow has none (a set, an
integer of 100 digits, dicts of different keys), they are kept as JSON text (:mod:`.python_values`).
A column of several types becomes a struct with one field a type, of which each row has one: so that others can read
it, and every value comes back as the type it was. What might come back changed is turned back at once and compared.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import countOf
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from e2e_lab.errors import UnsupportedData
from e2e_lab.storage.frames.object_kinds import Codec, Values, chunked_fields, each, kind_of_values, unpacker
from e2e_lab.storage.frames.python_values import Unspellable, as_text, from_text, same
from e2e_lab.storage.parquet import lacking

NULLS: tuple[tuple[str, Any], ...] = (("None", None), ("nan", np.nan), ("NA", pd.NA), ("NaT", pd.NaT))
SOME = 1000
_NULL_TYPES = {type(null): name for name, null in NULLS}
_NO_NULLS = frozenset((str, bool, int, bytes, dt.date, dt.datetime, dt.time, list, dict, tuple))


@dataclass(frozen=True)
class Packed:
    """A column in Arrow, what it was (None: the default), arrays that the codec names, and which null each null was.

    *note* is what the user should know of how the column is kept. *nan_nulls*: NaN and NaT still stand for null in it.
    """

    array: pa.Array | pa.ChunkedArray
    codec: Codec | None = None
    extras: Mapping[str, pa.Array] = field(default_factory=dict)
    nulls: pa.Array | None = None
    note: str | None = None
    nan_nulls: bool = False


def refused(name: str, dtype: Any, why: str, way: str = "") -> UnsupportedData:
    """The error that names the column, says why, and gives the line to type."""
    return UnsupportedData(
        f"Column {name!r} ({dtype}) could not be given back as it is: {why}.",
        hint=way or f'df["{name}"] = df["{name}"].astype("string")',
    )


# ---- in ------------------------------------------------------------------------------------------------------


def pack_objects(values: Values, name: str) -> Packed:
    """An object column in Arrow; :class:`UnsupportedData` where a value is of a type that cannot be kept."""
    types = _types(values)
    missing = types & _NULL_TYPES.keys()
    texts = _texts_at_once(values, types, missing)
    if texts is not None:
        return texts
    nulls = _nulls(values, types) if missing else np.zeros(len(values), bool)
    kinds = types - missing
    if float in missing:  # which may be NaN, or not
        kinds, missing = set(map(type, values[~nulls])), set(map(type, values[nulls]))
    if not kinds:
        packed = Packed(pa.nulls(len(values)), {"object": "nothing"} if missing else None)
    elif len(kinds) == 1:
        packed = _one_type(next(iter(kinds)), values, nulls, name)
    else:
        packed = _several_types(kinds, values, nulls, name)
    return _with_nulls(packed, values, nulls, missing) if missing else packed


def _types(values: Values) -> set[type]:
    """The types of the values; of nothing but text, which is what most columns are, it is known a fifth sooner."""
    some = set(map(type, values[:SOME]))
    return some if some == {str} and countOf(map(type, values), str) == len(values) else set(map(type, values))


def _texts_at_once(values: Values, types: set[type], missing: set[type]) -> Packed | None:
    """Text with at most one kind of null, which is what most object columns are, in one pass."""
    if str not in types or len(missing) > 1 or len(types) != 1 + len(missing):
        return None
    try:
        array = pa.array(values, pa.string(), from_pandas=True)
    except (pa.ArrowException, UnicodeError, ValueError, TypeError):  # a float that is not NaN; half a character
        return None
    null = {"null": _NULL_TYPES[next(iter(missing))]} if missing else {}
    return Packed(array, {"object": "str", **null})


def _nulls(values: Values, types: set[type]) -> Values:
    """Which values are nulls. To pandas, ``Decimal("NaN")`` and NumPy's NaN and NaT are too; to us, they are values."""
    nulls: Values = pd.isna(values)
    if all(kind in _NO_NULLS or kind in _NULL_TYPES for kind in types):
        return nulls
    ours: Values = np.fromiter((type(value) in _NULL_TYPES for value in values), bool, len(values))
    return nulls & ours


def _one_type(kind: type, values: Values, nulls: Values, name: str) -> Packed:
    found, some = values, bool(nulls.any())
    if some:
        found = values.copy()
        found[nulls] = None
    how = kind_of_values(kind)
    if how is not None:
        try:
            array, said = how.pack(found)
            known = array is not None and lacking(array.type) is None
        except (pa.ArrowException, OverflowError, UnicodeError, ValueError, TypeError, RecursionError):
            known = False
        if known:
            codec = {"object": how.word, **said}
            if not how.doubtful or _returns(found, array, codec):
                return Packed(array, codec)
    word = how.word if how is not None else kind.__name__
    return _as_json(word, found, name)


def _as_json(word: str, values: Values, name: str) -> Packed:
    try:
        array = pa.array([None if value is None else as_text(value) for value in values], pa.string())
    except (Unspellable, RecursionError, ValueError) as problem:
        found = values[[value is not None for value in values]]
        if isinstance(problem, Unspellable):
            raise refused(name, "object", f"it holds {problem} values", way_out(found, name)) from None
        raise refused(name, "object", f"its {word} values have no spelling", way_out(found, name)) from None
    codec = {"object": word, "as": "json"}
    if not _returns(values, array, codec):
        raise refused(name, "object", f"its {word} values would come back changed", way_out(values, name))
    return Packed(array, codec)


def _returns(values: Values, array: pa.Array | pa.ChunkedArray, codec: Codec) -> bool:
    return all(map(same, values, objects(chunked(array), codec)))


def _several_types(kinds: set[type], values: Values, nulls: Values, name: str) -> Packed:
    """A struct: a field for each type, in the order of their words, and in each row the one of its value."""
    parts: dict[str, Packed] = {}
    for kind in kinds:
        others = nulls | np.fromiter((type(value) is not kind for value in values), bool, len(values))
        part = _one_type(kind, values, others, name)
        assert part.codec is not None
        parts[str(part.codec["object"])] = part
    words = sorted(parts)
    columns = [_flat(parts[word].array) for word in words]
    array = pa.StructArray.from_arrays(columns, names=words, mask=pa.array(nulls))
    codec: Codec = {"object": "mixed", "of": [parts[word].codec for word in words]}
    note = f"column {name!r} mixes {', '.join(words)}; kept as a struct with a field for each. One type is better: "
    return Packed(array, codec, note=note + _cast(set(words), name))


def _cast(words: set[str], name: str) -> str:
    """The line that makes one type of several."""
    column = f'df["{name}"]'
    numbers = {"bool", "int", "float", "decimal"}
    if all(word in numbers or word.startswith(("numpy.int", "numpy.uint", "numpy.float")) for word in words):
        whole = words <= {"bool", "int"}
        return f'{column} = {column}.astype("{"Int64" if whole else "float64"}")'
    if words <= {"date", "datetime", "Timestamp", "numpy.datetime64"}:
        return f"{column} = pd.to_datetime({column}, utc=True)"
    if words <= {"timedelta", "Timedelta"}:
        return f"{column} = pd.to_timedelta({column})"
    return f'{column} = {column}.astype("string")'


def _flat(array: pa.Array | pa.ChunkedArray) -> pa.Array:
    if not isinstance(array, pa.ChunkedArray):
        return array
    wide = pa.large_binary() if pa.types.is_binary(array.type) else pa.large_string()  # more than two gigabytes
    return array.cast(wide).combine_chunks()


def chunked(array: pa.Array | pa.ChunkedArray) -> pa.ChunkedArray:
    """*array* in chunks; pyarrow makes them by itself of more than two gigabytes of text."""
    return array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array], array.type)


def way_out(values: Any, name: str) -> str:
    """The line that makes something of *values* that can be kept."""
    column = f'df["{name}"]'
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        return f'{column} = {column}.dt.tz_convert("UTC")'
    if values.dtype != object:
        if values.dtype.kind in "iuf" and values.dtype.isnative is False:
            return f'{column} = {column}.astype("{values.dtype.newbyteorder("=")}")'
        return f'{column} = {column}.astype("float64")' if values.dtype.kind == "f" else ""
    kind = type(next((value for value in values if not isinstance(value, float) and value is not None), None))
    if kind is np.ndarray:
        return f"{column} = {column}.map(lambda array: array.tolist())"
    if issubclass(kind, dict | list | tuple | set) and kind not in (dict, list, tuple, set):
        plain = next(one for one in (dict, list, tuple, set) if issubclass(kind, one))
        return f"{column} = {column}.map({plain.__name__})"
    if kind in (list, dict, tuple, set, frozenset):
        return f"import json; {column} = {column}.map(lambda value: json.dumps(value, default=str))"
    if issubclass(kind, bytearray | memoryview):
        return f"{column} = {column}.map(bytes)"
    if issubclass(kind, dt.datetime):
        return f"{column} = pd.to_datetime({column}, utc=True)"
    return ""


# ---- nulls ---------------------------------------------------------------------------------------------------


def _with_nulls(packed: Packed, values: Values, nulls: Values, missing: set[type]) -> Packed:
    """Keep which null each was: one word where all are the same, else a column of numbers into :data:`NULLS`."""
    assert packed.codec is not None
    if len(missing) == 1:
        null = _NULL_TYPES[next(iter(missing))]
        if packed.codec == {"object": "nothing"} and null == "None":
            return Packed(packed.array)  # as a column of Arrow's null type is by default
        return Packed(packed.array, {**packed.codec, "null": null}, note=packed.note)
    numbers = {type(null): number for number, (_, null) in enumerate(NULLS)}
    which = np.zeros(len(values), np.int8)
    which[nulls] = np.fromiter((numbers[type(value)] for value in values[nulls]), np.int8)
    return Packed(packed.array, packed.codec, nulls=pa.array(which, mask=~nulls), note=packed.note)


def with_which(values: Values, column: pa.ChunkedArray, codec: Codec, which: pa.ChunkedArray | None) -> Values:
    """*values* with the very nulls that were there: None, NaN, NA or NaT."""
    if which is not None:
        kinds = which.fill_null(0).to_numpy()
        for number, (_, null) in enumerate(NULLS[1:], start=1):
            values[kinds == number] = null
    elif codec.get("null", "None") != "None":
        values[column.is_null().to_numpy()] = dict(NULLS)[codec["null"]]
    return values


# ---- back ----------------------------------------------------------------------------------------------------


def objects(column: pa.ChunkedArray, codec: Codec) -> Values:
    """The Python values that *codec* says *column* was made of, with None for every null."""
    word = codec["object"]
    if codec.get("as") == "json":
        return each(column.to_pylist(), from_text)
    if word == "mixed":
        return _of_several(column, codec["of"])
    if word == "nothing":
        return each(column.to_pylist())
    unpack = unpacker(word)
    if unpack is None:
        raise UnsupportedData(
            f"Values of the type {word} were kept in a way that this e2e-lab does not know.",
            hint="pip install --upgrade e2e-lab",
        )
    return unpack(column, codec)


def _of_several(column: pa.ChunkedArray, codecs: list[Codec]) -> Values:
    found: Values = np.full(len(column), None, object)
    for part, codec in zip(chunked_fields(column), codecs, strict=True):
        values, there = objects(part, codec), part.is_valid().to_numpy()
        found[there] = values[there]
    return found
