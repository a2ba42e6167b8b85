"""One pandas column as an Arrow array, and back as the very dtype it had.

What an Arrow type becomes in pandas by default is written in :func:`by_default`: the smallest dtype that loses
nothing. A column that is exactly that needs no word; any other gets a *codec*, a small JSON value that says what it
was. So data that came from a file and data that came from pandas have the same id when they hold the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from e2e_lab.errors import UnsupportedData
from e2e_lab.storage.frames.object_kinds import Codec, complex_structs, complex_values
from e2e_lab.storage.frames.pandas_objects import Packed, chunked, objects, pack_objects, refused, way_out, with_which
from e2e_lab.storage.frames.python_values import spelled, unspelled
from e2e_lab.storage.values import decoded, has_nan, logical_type, missing_as_null

MASKED = {
    "int8": "Int8", "int16": "Int16", "int32": "Int32", "int64": "Int64",
    "uint8": "UInt8", "uint16": "UInt16", "uint32": "UInt32", "uint64": "UInt64",
    "float": "Float32", "double": "Float64", "bool": "boolean",
}  # fmt: skip


def pack(values: pd.Series[Any], name: str, *, looking: bool = True) -> Packed:
    """*values* in Arrow; :class:`UnsupportedData` naming the column where they would not come back equal.

    Without *looking*, NaN and NaT may still stand for null, which the result says.
    """
    try:
        packed = _packed(values, name, looking)
        if _is_the_default(values.dtype, packed):
            return packed
        empty = chunked(packed.array.slice(0, 0))
        both = packed.array.null_count and not isinstance(values.dtype, np.dtype)  # of numpy's NaN, Arrow made nulls
        nans = bool(both and has_nan(packed.array))
        back = unpack(empty, packed.codec, packed.extras, nulls=packed.array.null_count > 0, nans=nans)
    except (pa.ArrowException, OverflowError, UnicodeError, ValueError, TypeError) as problem:
        said = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
        raise refused(name, values.dtype, said, way_out(values, name)) from None
    if back.dtype != values.dtype:
        raise refused(name, values.dtype, f"it would come back as {back.dtype}", way_out(values, name))
    return packed


def _is_the_default(dtype: Any, packed: Packed) -> bool:
    """Whether it is the dtype that columns of its kind come back with, of which nothing has to be said."""
    if isinstance(dtype, np.dtype):
        return dtype.kind in "biuf"
    return packed.codec is None and by_default(packed.array.type) == "str" and bool(dtype == default_string())


def _packed(values: pd.Series[Any], name: str, looking: bool) -> Packed:
    dtype = values.dtype
    if isinstance(dtype, np.dtype):
        if dtype.kind == "O":
            return pack_objects(values.to_numpy(), name)
        if dtype.kind == "c":
            numbers = values.to_numpy()
            return Packed(complex_structs(numbers, np.zeros(0, bool)), {"complex": dtype.name})
        return _numbers(values.to_numpy(), looking)
    if isinstance(dtype, pd.CategoricalDtype):
        return _pack_categories(values, name)
    if isinstance(dtype, pd.PeriodDtype):
        return _pack_periods(values, name)
    if isinstance(dtype, pd.IntervalDtype):
        array = pa.array(values.array)
        return Packed(array.storage, {"interval": dtype.closed, "of": str(dtype.subtype)})
    if isinstance(dtype, pd.SparseDtype):
        return _pack_sparse(values, name)
    if isinstance(dtype, pd.StringDtype):
        na = "NA" if dtype.na_value is pd.NA else "nan"
        plain_text = (dtype.storage, na) == ("pyarrow", "nan")  # what pandas 3 calls str; said alike by every pandas
        codec = None if plain_text else {"string": dtype.storage, "na": na}
        return Packed(pa.array(values.array), codec)
    if isinstance(dtype, pd.ArrowDtype):
        array = values.array.__arrow_array__()
        plain = by_default(array.type) == "arrow" and _usual_offsets(array.type)
        return Packed(array, None if plain else {"arrow": str(_usual_names(array.type))})
    if isinstance(dtype, pd.DatetimeTZDtype):
        zone = pa.lib.tzinfo_to_string(dtype.tz)
        instants = np.asarray(values.array, f"M8[{dtype.unit}]")  # in UTC, not copied
        return Packed(_numbers(instants, looking=True).array.cast(pa.timestamp(dtype.unit, zone)))
    if dtype.name in MASKED.values():
        array = pa.array(values.array)
        needed = array.null_count and (not pat.is_floating(array.type) or has_nan(array))
        return Packed(array, None if needed else {"masked": True})
    raise refused(name, dtype, "e2e-lab does not know this dtype")


def _numbers(values: np.ndarray[Any, Any], looking: bool) -> Packed:
    """Numbers and times without a copy; Arrow would look at each by itself for what is missing."""
    family = values.dtype.kind
    if family not in "biufmM" or not (values.dtype.isnative and values.flags.c_contiguous and len(values)):
        return Packed(pa.array(values, from_pandas=True))
    kind = pa.from_numpy_dtype(values.dtype)
    buffer = pa.py_buffer(np.packbits(values, bitorder="little") if family == "b" else values)
    lying = pa.Array.from_buffers(kind, len(values), [None, buffer], null_count=0)
    if family in "biu":
        return Packed(lying)
    assert kind.bit_width == 8 * values.dtype.itemsize  # pandas has no days, which Arrow keeps in half the bytes
    return Packed(missing_as_null(chunked(lying)).chunk(0)) if looking else Packed(lying, nan_nulls=True)


def _usual_offsets(kind: pa.DataType) -> bool:
    """Whether nothing in *kind* is large or a view, which the id does not tell from what is not."""
    if pat.is_large_list(kind) or pat.is_list_view(kind) or pat.is_large_list_view(kind):
        return False
    if logical_type(kind) in ("string", "binary"):
        return bool(pat.is_string(kind) or pat.is_binary(kind))
    return all(_usual_offsets(kind.field(n).type) for n in range(kind.num_fields))


def _usual_names(kind: pa.DataType) -> pa.DataType:
    """*kind* with the usual names for what is in a list or map, which are not part of it, and differ by library."""
    if pat.is_map(kind):
        item = kind.item_field.with_type(_usual_names(kind.item_type)).with_name("value")
        return pa.map_(_usual_names(kind.key_type), item, keys_sorted=kind.keys_sorted)
    if pat.is_struct(kind):
        return pa.struct([child.with_type(_usual_names(child.type)) for child in kind])
    for is_it, make in ((pat.is_list, pa.list_), (pat.is_large_list, pa.large_list)):
        if is_it(kind):
            return make(kind.value_field.with_type(_usual_names(kind.value_type)).with_name("item"))
    return kind


def _pack_sparse(values: pd.Series[Any], name: str) -> Packed:
    """Densely: zstd makes nothing of a run of the same value."""
    array = values.array
    assert isinstance(array, pd.arrays.SparseArray)
    dense = pack(pd.Series(array.to_dense()), name)
    subtype = array.dtype.subtype
    if not isinstance(subtype, np.dtype) or subtype.kind not in "biufcmM":
        raise refused(name, values.dtype, "its values are objects", f'df["{name}"] = df["{name}"].sparse.to_dense()')
    codec: Codec = {"sparse": str(subtype), "fill": spelled(array.fill_value), "kind": array.kind}
    return Packed(
        dense.array, {**codec, **({"of": dense.codec} if dense.codec else {})}, dense.extras, None, dense.note
    )


def _pack_periods(values: pd.Series[Any], name: str) -> Packed:
    """By their starts, which anyone can read; by their numbers where the starts do not lead back."""
    codec: Codec = {"period": str(values.dtype)[len("period[") : -1]}
    plain = values.reset_index(drop=True)
    try:
        starts = Packed(pa.array(plain.dt.to_timestamp(), from_pandas=True), codec)
        if unpack(chunked(starts.array), codec).equals(plain):
            return starts
    except (pa.ArrowException, OverflowError, ValueError, TypeError, FutureWarning):
        pass
    ordinals = pa.array(values.array.asi8, mask=values.isna().to_numpy())
    numbered = Packed(ordinals, {**codec, "ordinal": True})
    if not unpack(chunked(ordinals), numbered.codec).equals(plain):
        raise refused(name, values.dtype, "its numbers do not lead back to the same periods")
    return numbered


def _pack_categories(values: pd.Series[Any], name: str) -> Packed:
    dtype = values.dtype
    assert isinstance(dtype, pd.CategoricalDtype)
    labels = pd.Series(dtype.categories.array, dtype=dtype.categories.dtype)
    usual = labels.dtype == pd.Index(["a"]).dtype and all(isinstance(label, str) for label in labels)
    categories = Packed(pa.array(labels, pa.string())) if usual else pack(labels, name)
    codes = pa.array(values.cat.codes.to_numpy().astype(np.int32), mask=values.isna().to_numpy())
    codec: Codec = {"category": "categories", "ordered": bool(dtype.ordered)}
    if categories.codec is not None:
        codec["of"] = categories.codec
    kept = categories.array.combine_chunks() if isinstance(categories.array, pa.ChunkedArray) else categories.array
    shown: pa.Array = kept
    if logical_type(kept.type) != "string":
        if pat.is_nested(kept.type) or "period" in codec.get("of", {}):
            codec["shown"], shown = True, _shown(dtype.categories, True)
            if len(pc.unique(shown)) != len(shown):  # 1 and "1"
                codec["shown"], shown = "repr", _shown(dtype.categories, "repr")
        else:
            return Packed(kept.take(codes), codec, {"categories": kept})
    array = pa.DictionaryArray.from_arrays(codes, shown.cast(pa.string()))
    if len(pc.unique(shown)) != len(shown):
        raise refused(name, dtype, "two of its categories read the same")
    return Packed(array, codec, {"categories": kept})


def _shown(labels: Iterable[Any], how: bool | str) -> pa.Array:
    """Categories as text, for those who read the file without their list."""
    return pa.array([(repr if how == "repr" else str)(label) for label in labels], pa.string())


# ---- back ----------------------------------------------------------------------------------------------------


def by_default(kind: pa.DataType) -> str:
    """Which family of dtypes a column of this Arrow type becomes when nothing else was said.

    >>> by_default(pa.int64()), by_default(pa.large_string()), by_default(pa.date32())
    ('numbers', 'str', 'arrow')
    """
    if pat.is_integer(kind) or pat.is_floating(kind) or pat.is_boolean(kind):
        return "numbers"
    if pat.is_timestamp(kind) or pat.is_duration(kind):
        return "times"
    if pat.is_dictionary(kind):
        return "category"
    if pat.is_null(kind):
        return "object"
    return "str" if logical_type(kind) == "string" else "arrow"


def unpack(
    column: pa.ChunkedArray,
    codec: Codec | None,
    extras: Mapping[str, pa.Array] | None = None,
    *,
    nulls: bool = False,
    nans: bool = False,
    which: pa.ChunkedArray | None = None,
) -> pd.Series[Any]:
    """The series that *column* was, or its default.

    *nulls* and *nans* say whether the stored column has nulls (and NaN beside them), of which *column* may be a part.
    *which* is the column that says which null each was.
    """
    if codec is None:
        return _default(column, nulls, nans)
    if "object" in codec:
        return pd.Series(with_which(objects(column, codec), column, codec, which), dtype=object)
    for word, how in _CODECS.items():
        if word in codec:
            return how(column, codec, extras or {})
    raise UnsupportedData(
        f"A column was kept in a way that this e2e-lab does not know ({', '.join(codec)}).",
        hint="pip install --upgrade e2e-lab",
    )


def _default(column: pa.ChunkedArray, nulls: bool, nans: bool) -> pd.Series[Any]:
    family, kind = by_default(column.type), column.type
    if family == "str":
        return pd.Series(default_string().__from_arrow__(column))
    if family == "category":
        return pd.Series(_dictionary(column))
    if family == "arrow":
        return pd.Series(pd.arrays.ArrowExtensionArray(column))
    if family == "object":
        return pd.Series([None] * len(column), dtype=object)
    if family == "numbers" and str(kind) in MASKED and nulls and (nans or not pat.is_floating(kind)):
        return _masked(column, {}, {})
    found: pd.Series[Any] = column.to_pandas()
    return found.copy() if column.num_chunks == 1 else found  # one chunk may be Arrow's own memory, not to be written


def in_place(column: pa.ChunkedArray) -> np.ndarray[Any, Any] | None:
    """The numbers or times of *column* without a copy, to be written to like any; None where they cannot be had so.

    Nobody else may have them: a column that has just been read. A few rows of many are no reason to keep all of them.
    """
    kind = column.type
    known = pat.is_integer(kind) or pat.is_floating(kind) or pat.is_duration(kind)
    if not (known or (pat.is_timestamp(kind) and kind.tz is None)) or column.num_chunks != 1 or column.null_count:
        return None
    array = column.chunk(0)
    buffer = array.buffers()[1]
    if not buffer.is_mutable or buffer.size > 2 * array.nbytes:
        return None
    dtype = np.dtype(kind.to_pandas_dtype())
    return np.frombuffer(buffer, dtype, len(array), array.offset * dtype.itemsize)


def default_string() -> Any:
    if int(pd.__version__.split(".", maxsplit=1)[0]) >= 3:
        return pd.StringDtype(na_value=np.nan)
    return pd.StringDtype("pyarrow")


def _masked(column: pa.ChunkedArray, _codec: Codec, _extras: Mapping[str, pa.Array]) -> pd.Series[Any]:
    mask = column.is_null().to_numpy().copy()
    zero: Any = False if pat.is_boolean(column.type) else 0
    values = column.fill_null(zero).to_numpy().copy()
    if pat.is_boolean(column.type):
        return pd.Series(pd.arrays.BooleanArray(values, mask))
    make: Callable[..., Any] = pd.arrays.FloatingArray if pat.is_floating(column.type) else pd.arrays.IntegerArray
    return pd.Series(make(values, mask))


def _string(column: pa.ChunkedArray, codec: Codec, _extras: Mapping[str, pa.Array]) -> pd.Series[Any]:
    known: dict[str, Any] = {"na_value": np.nan} if codec["na"] == "nan" else {}  # an option since pandas 2.3
    dtype: Any = pd.StringDtype(codec["string"], **known)
    return pd.Series(dtype.__from_arrow__(column))


def _arrow(column: pa.ChunkedArray, _codec: Codec, _extras: Mapping[str, pa.Array]) -> pd.Series[Any]:
    return pd.Series(pd.arrays.ArrowExtensionArray(column))


def _period(column: pa.ChunkedArray, codec: Codec, _extras: Mapping[str, pa.Array]) -> pd.Series[Any]:
    if codec.get("ordinal"):
        numbers = column.fill_null(np.iinfo(np.int64).min).to_numpy()
        return pd.Series(pd.arrays.PeriodArray(numbers.copy(), dtype=pd.PeriodDtype(codec["period"])))
    return pd.Series(pd.PeriodIndex(pd.DatetimeIndex(column.to_pandas()), freq=codec["period"]))


def _complex(column: pa.ChunkedArray, codec: Codec, _extras: Mapping[str, pa.Array]) -> pd.Series[Any]:
    return pd.Series(complex_values(column, codec["complex"]))


def _sparse(column: pa.ChunkedArray, codec: Codec, extras: Mapping[str, pa.Array]) -> pd.Series[Any]:
    dense = unpack(column, codec.get("of"), extras).to_numpy()
    fill, subtype = unspelled(codec["fill"]), np.dtype(codec["sparse"])
    dtype = pd.SparseDtype(subtype, fill)
    return pd.Series(pd.arrays.SparseArray(dense.astype(subtype, copy=False), dtype=dtype, kind=codec["kind"]))


def _interval(column: pa.ChunkedArray, codec: Codec, _extras: Mapping[str, pa.Array]) -> pd.Series[Any]:
    whole = column.combine_chunks()
    left, right = (unpack(pa.chunked_array([part], part.type), None) for part in whole.flatten())
    if codec["of"] not in (str(left.dtype), str(right.dtype)) and column.null_count == 0:
        left, right = left.astype(codec["of"]), right.astype(codec["of"])
    return pd.Series(pd.arrays.IntervalArray.from_arrays(left, right, closed=codec["interval"]))


def _category(column: pa.ChunkedArray, codec: Codec, extras: Mapping[str, pa.Array]) -> pd.Series[Any]:
    kept = extras[codec["category"]]
    labels = unpack(pa.chunked_array([kept], kept.type), codec.get("of"))
    shown = _shown(labels, codec["shown"]) if codec.get("shown") else kept
    usual = "of" not in codec and logical_type(kept.type) == "string"
    as_type = pd.Index(["a"]).dtype if usual else labels.dtype
    dtype = pd.CategoricalDtype(pd.Index(labels.array, dtype=as_type), ordered=codec["ordered"])
    if not len(column):
        return pd.Series(pd.Categorical.from_codes([], dtype=dtype))
    codes = np.concatenate([_codes(chunk, shown) for chunk in column.chunks])
    return pd.Series(pd.Categorical.from_codes(codes, dtype=dtype))


def _codes(chunk: pa.Array, categories: pa.Array) -> np.ndarray[Any, Any]:
    if pat.is_dictionary(chunk.type):
        places = pc.index_in(chunk.dictionary.cast(categories.type), value_set=categories)
        found = places.take(chunk.indices)
    else:
        found = pc.index_in(chunk, value_set=categories)
    codes: np.ndarray[Any, Any] = found.fill_null(-1).to_numpy(zero_copy_only=False)
    return codes


def _dictionary(column: pa.ChunkedArray) -> pd.Categorical:
    """A dictionary that carries no categories of its own: those that occur, in the dictionary's order."""
    unified = column.unify_dictionaries()
    first = unified.chunk(0).dictionary if unified.num_chunks else pa.array([], column.type.value_type)
    values = first if pat.is_nested(first.type) or not first.null_count else first.drop_null()
    if len(values) != len(first):
        plain = pa.chunked_array([decoded(chunk) for chunk in unified.chunks], column.type.value_type)
        return pd.Categorical(_default(plain, True, False))
    labels = unpack(pa.chunked_array([values], values.type), None)
    codes = [chunk.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False) for chunk in unified.chunks]
    return pd.Categorical.from_codes(
        np.concatenate(codes) if codes else [], categories=pd.Index(labels.array), ordered=column.type.ordered
    )


_CODECS: dict[str, Callable[[pa.ChunkedArray, Codec, Mapping[str, pa.Array]], pd.Series[Any]]] = {
    "masked": _masked,
    "string": _string,
    "arrow": _arrow,
    "period": _period,
    "interval": _interval,
    "complex": _complex,
    "sparse": _sparse,
    "category": _category,
}
