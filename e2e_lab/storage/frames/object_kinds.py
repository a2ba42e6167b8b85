"""How values of one Python type lie in Arrow, and come back as that type.

Each kind packs the values of an object column (None for every null) into Arrow's type for them; a kind that gives None
instead has no place for these very values.
"""

from __future__ import annotations

import datetime as dt
import decimal
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from e2e_lab.storage.frames.python_values import zone_name, zone_of

Codec: TypeAlias = dict[str, Any]
Values: TypeAlias = np.ndarray[Any, Any]
Pack: TypeAlias = "Callable[[Values], tuple[pa.Array | pa.ChunkedArray | None, Codec]]"
Unpack: TypeAlias = Callable[[pa.ChunkedArray, Codec], Values]

_SAMPLE = 10_000
_MANY_KEYS = 500  # dicts with more keys than this are a map of something, not a record


@dataclass(frozen=True)
class Kind:
    """How values of one Python type are kept; *doubtful* ones may come back changed, so are compared."""

    word: str
    pack: Pack
    unpack: Unpack
    doubtful: bool = False


def kind_of_values(kind: type) -> Kind | None:
    """How values of exactly this type are kept, where Arrow has a type for them."""
    return _KINDS.get(kind) or (_numpy_kind(kind) if issubclass(kind, np.generic) else None)


def unpacker(word: str) -> Unpack | None:
    """How the values that were kept under *word* come back."""
    if word.startswith("numpy."):
        return _numpy_values
    return _WORDS[word].unpack if word in _WORDS else None


def each(values: Iterable[Any], turn: Callable[[Any], Any] | None = None) -> Values:
    """An object array of *values*, each of which *turn* made from one that is not None."""
    listed = list(values) if turn is None else [None if value is None else turn(value) for value in values]
    return np.fromiter(listed, dtype=object, count=len(listed))


def chunked_fields(column: pa.ChunkedArray) -> list[pa.ChunkedArray]:
    """The fields of a struct column, with the struct's own nulls applied."""
    if column.num_chunks:
        return list(column.flatten())
    return [pa.chunked_array([], column.type.field(n).type) for n in range(column.type.num_fields)]


# ---- one type each -------------------------------------------------------------------------------------------


def _typed(kind: pa.DataType | None) -> Pack:
    return lambda values: (pa.array(values, kind), {})


def _turned(turn: Callable[[Any], Any] | None = None) -> Unpack:
    return lambda column, _: each(column.to_pylist(), turn)


def _texts(column: pa.ChunkedArray, _: Codec) -> Values:
    """Text that repeats becomes one object each, as it mostly was."""
    sample = column.slice(0, _SAMPLE)
    if len(column) > _SAMPLE and len(sample.unique()) < _SAMPLE // 4:
        encoded = column.dictionary_encode().unify_dictionaries()
        entries = each([*encoded.chunk(0).dictionary.to_pylist(), None])
        places = [chunk.indices.fill_null(len(entries) - 1).to_numpy() for chunk in encoded.chunks]
        found: Values = entries[np.concatenate(places)]
        return found
    return _plain_texts(column)


def _plain_texts(column: pa.ChunkedArray) -> Values:
    texts: Values = np.asarray(column.to_numpy(), dtype=object)
    texts = texts if texts.flags.writeable else texts.copy()
    if column.null_count:
        texts[column.is_null().to_numpy()] = None
    return texts


def _pack_ints(values: Values) -> tuple[pa.Array | None, Codec]:
    try:
        return pa.array(values, pa.int64()), {}
    except (OverflowError, pa.ArrowInvalid):
        return pa.array(values, pa.uint64()), {}


def _pack_decimals(values: Values) -> tuple[pa.Array | None, Codec]:
    """With as few digits as the numbers need, however they were written."""
    array = pa.array(values)
    scale = array.type.scale
    if scale < 0:
        return None, {}
    largest = max(abs(bound) for bound in pc.min_max(array).as_py().values())
    digits = max(len(str(int(largest.scaleb(scale, decimal.Context(prec=80))))), scale, 1)
    return array.cast(pa.decimal128(digits, scale) if digits <= 38 else pa.decimal256(digits, scale)), {}


def _pack_dicts(values: Values) -> tuple[pa.Array | None, Codec]:
    """As structs, if all have the same few keys."""
    first = next(value for value in values if value is not None)
    keys = list(first)
    if len(keys) > _MANY_KEYS or not all(value is None or list(value) == keys for value in values):
        return None, {}
    return pa.array(values), {}


def _pack_arrays(values: Values) -> tuple[pa.Array | None, Codec]:
    """NumPy arrays of one dtype as lists; of one shape, if they have more than one dimension."""
    arrays = [value for value in values if value is not None]
    dtype, shape = arrays[0].dtype, arrays[0].shape
    alike = all(one.dtype == dtype and (one.shape == shape if len(shape) != 1 else one.ndim == 1) for one in arrays)
    if not alike or dtype.kind not in "biuf" or not dtype.isnative:
        return None, {}
    lengths = np.fromiter((0 if value is None else value.size for value in values), np.int64, len(values))
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]))
    flat = pa.array(np.concatenate([one.ravel() for one in arrays]))
    nulls = pa.array([value is None for value in values])
    array = pa.LargeListArray.from_arrays(offsets, flat, mask=nulls if len(arrays) < len(values) else None)
    return array, {"dtype": dtype.str, **({"shape": list(shape)} if len(shape) != 1 else {})}


def _arrays(column: pa.ChunkedArray, codec: Codec) -> Values:
    shape = codec.get("shape", [-1])
    found: Values = np.full(len(column), None, object)
    place = 0
    for chunk in column.chunks:
        for one in chunk:
            if one.is_valid:
                flat = one.values.to_numpy(zero_copy_only=False)
                flat = flat.astype(codec.get("dtype", flat.dtype))
                found[place] = flat.reshape(shape)
            place += 1
    return found


def _pack_timestamps(values: Values) -> tuple[pa.Array | None, Codec]:
    some = [value for value in values if value is not None]
    if len({(value.unit, str(value.tz)) for value in some}) != 1:
        return None, {}
    codec = {} if some[0].tz is None else {"zone": zone_name(some[0].tz)}
    numbers = [None if value is None else int(value.asm8.view("i8")) for value in values]
    return pa.array(numbers, pa.timestamp(some[0].unit, "UTC" if codec else None)), codec


def _timestamps(column: pa.ChunkedArray, codec: Codec) -> Values:
    unit, zone = column.type.unit, zone_of(codec["zone"]) if "zone" in codec else None
    plain = pd.DatetimeIndex(column.cast(pa.int64()).fill_null(0).to_numpy().view(f"M8[{unit}]"))
    whole = plain if zone is None else plain.tz_localize("UTC").tz_convert(zone)
    return _where_valid(column, np.asarray(whole.astype(object)))


def _pack_timedeltas(values: Values) -> tuple[pa.Array | None, Codec]:
    units = {value.unit for value in values if value is not None}
    numbers = [None if value is None else int(value.asm8.view("i8")) for value in values]
    return (pa.array(numbers, pa.duration(units.pop())), {}) if len(units) == 1 else (None, {})


def _timedeltas(column: pa.ChunkedArray, _: Codec) -> Values:
    plain = column.cast(pa.int64()).fill_null(0).to_numpy().view(f"m8[{column.type.unit}]")
    return _where_valid(column, np.asarray(pd.TimedeltaIndex(plain).astype(object)))


def _where_valid(column: pa.ChunkedArray, values: Values) -> Values:
    values = values.copy()
    values[column.is_null().to_numpy()] = None
    return values


def _pack_datetimes(values: Values) -> tuple[pa.Array | None, Codec]:
    zones = {id(value.tzinfo): value.tzinfo for value in values if value is not None}
    if len(zones) != 1:
        return None, {}
    (zone,) = zones.values()
    if zone is None:
        return pa.array(values, pa.timestamp("us")), {}
    instants = [None if value is None else value.astimezone(dt.UTC) for value in values]
    return pa.array(instants, pa.timestamp("us", "UTC")), {"zone": zone_name(zone)}


def _datetimes(column: pa.ChunkedArray, codec: Codec) -> Values:
    if "zone" not in codec:
        return each(column.to_pylist())
    zone, plain = zone_of(codec["zone"]), column.cast(pa.timestamp("us"))
    return each(plain.to_pylist(), lambda when: when.replace(tzinfo=dt.UTC).astimezone(zone))


def _pack_times(values: Values) -> tuple[pa.Array | None, Codec]:
    naive = all(value is None or value.tzinfo is None for value in values)
    return (pa.array(values, pa.time64("us")), {}) if naive else (None, {})


def _pack_complex(values: Values) -> tuple[pa.Array, Codec]:
    nulls = np.fromiter((value is None for value in values), bool, len(values))
    return complex_structs(np.where(nulls, 0j, values).astype(complex), nulls), {}


def complex_structs(values: Values, nulls: Values) -> pa.Array:
    """Complex numbers as structs of ``real`` and ``imag``."""
    parts = [pa.array(np.ascontiguousarray(part)) for part in (values.real, values.imag)]
    return pa.StructArray.from_arrays(parts, names=["real", "imag"], mask=pa.array(nulls) if nulls.any() else None)


def complex_values(column: pa.ChunkedArray, dtype: Any = complex) -> Values:
    """The complex numbers of such structs; 0 where there is none."""
    found: Values = np.zeros(len(column), dtype)
    if len(column):
        found.real, found.imag = (part.fill_null(0).to_numpy() for part in chunked_fields(column))
    return found


def _complex(column: pa.ChunkedArray, _: Codec) -> Values:
    return _where_valid(column, complex_values(column).astype(object))


def _numpy_kind(kind: type) -> Kind | None:
    """NumPy's own numbers, text and bytes."""
    dtype = np.dtype(kind)
    word = f"numpy.{kind.__name__}"
    if kind is np.str_:
        return Kind(word, _typed(pa.string()), _numpy_values)
    if dtype.kind not in "biuf" or dtype.itemsize > 8:
        return Kind(word, lambda _: (None, {}), _numpy_values)

    def packed(values: Values) -> tuple[pa.Array, Codec]:
        nulls = np.fromiter((value is None for value in values), bool, len(values))
        return pa.array(np.where(nulls, dtype.type(0), values).astype(dtype), mask=nulls if nulls.any() else None), {}

    return Kind(word, packed, _numpy_values)


def _numpy_values(column: pa.ChunkedArray, _: Codec) -> Values:
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return each(column.to_pylist(), np.str_)
    dtype = np.dtype(column.type.to_pandas_dtype())
    zero: Any = False if dtype.kind == "b" else 0
    numbers = (column.fill_null(zero) if column.null_count else column).to_numpy()
    found: Values = np.full(len(column), None, object)
    valid = column.is_valid().to_numpy()
    for place in np.flatnonzero(valid):
        found[place] = numbers[place]
    return found


_KINDS: dict[type, Kind] = {
    str: Kind("str", _typed(pa.string()), _texts),
    bool: Kind("bool", _typed(pa.bool_()), _turned()),
    int: Kind("int", _pack_ints, _turned()),
    float: Kind("float", _typed(pa.float64()), _turned()),
    complex: Kind("complex", _pack_complex, _complex),
    bytes: Kind("bytes", _typed(pa.binary()), _turned()),
    dt.date: Kind("date", _typed(pa.date32()), _turned()),
    dt.time: Kind("time", _pack_times, _turned(), True),
    dt.datetime: Kind("datetime", _pack_datetimes, _datetimes, True),
    dt.timedelta: Kind("timedelta", _typed(pa.duration("us")), _turned(), True),
    pd.Timestamp: Kind("Timestamp", _pack_timestamps, _timestamps, True),
    pd.Timedelta: Kind("Timedelta", _pack_timedeltas, _timedeltas, True),
    decimal.Decimal: Kind("decimal", _pack_decimals, _turned(), True),
    uuid.UUID: Kind(
        "uuid",
        lambda values: (pa.array([None if v is None else v.bytes for v in values], pa.binary(16)), {}),
        _turned(lambda raw: uuid.UUID(bytes=raw)),
    ),
    list: Kind("list", _typed(None), _turned(), True),
    tuple: Kind("tuple", _typed(None), _turned(tuple), True),
    dict: Kind("dict", _pack_dicts, _turned(), True),
    np.ndarray: Kind("array", _pack_arrays, _arrays, True),
}
_WORDS = {how.word: how for how in _KINDS.values()}
