"""Tables of plain Python and NumPy as :class:`Content`: rows as dicts, columns as a dict, structured arrays.

They come back as any kind of frame. A key that a row lacks is a null.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from e2e_lab.errors import UnsupportedData
from e2e_lab.storage.frames.pandas_columns import pack
from e2e_lab.storage.frames.pandas_frames import assembled
from e2e_lab.storage.frames.pandas_objects import Packed, pack_objects, refused
from e2e_lab.storage.identity import Content


def is_plain(frame: Any) -> bool:
    """Whether this is rows as dicts, columns as a dict, or a structured array."""
    if isinstance(frame, np.ndarray):
        return frame.dtype.names is not None
    if isinstance(frame, list | tuple):
        return bool(frame) and all(isinstance(row, Mapping) for row in frame)
    return isinstance(frame, dict) and bool(frame)


def from_plain(frame: Any) -> Content:
    """What *frame* is made of; :class:`UnsupportedData` naming the column that cannot be kept."""
    if isinstance(frame, np.ndarray):
        return _from_structured(frame)
    columns = frame if isinstance(frame, dict) else _columns_of(frame)
    for name in columns:
        if not isinstance(name, str):
            raise UnsupportedData(f"{name!r} is no text, and so no name of a column.", hint="pd.DataFrame(value)")
    return _together(columns, len(frame) if not isinstance(frame, dict) else None)


def _columns_of(rows: Sequence[Mapping[Any, Any]]) -> dict[Any, list[Any]]:
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def _together(columns: Mapping[str, Any], rows: int | None) -> Content:
    packed = [_packed(values, name) for name, values in columns.items()]
    lengths = {name: len(one.array) for name, one in zip(columns, packed, strict=True)}
    rows = rows if rows is not None else next(iter(lengths.values()))
    for name, length in lengths.items():
        if length != rows:
            raise UnsupportedData(
                f"Column {name!r} has {length} values, and the first column {rows}.", hint="columns of one length"
            )
    return assembled(list(columns), packed, {}, {}, rows)


def _packed(values: Any, name: str) -> Packed:
    if isinstance(values, pa.Array | pa.ChunkedArray):
        return Packed(values)
    if isinstance(values, np.ndarray):
        return _field(values, name)
    if isinstance(values, list | tuple | range):
        return _inferred(list(values), name)
    raise UnsupportedData(
        f"Column {name!r} is a {type(values).__name__}: lists and arrays are columns.", hint="pd.DataFrame(value)"
    )


def _inferred(values: list[Any], name: str) -> Packed:
    """As Arrow infers them; as pandas' objects would be, where that finds no one type."""
    types = {type(value) for value in values if value is not None}
    if (len(types) <= 1 or types == {int, float}) and not types & {set, frozenset}:
        try:
            return Packed(pa.array(values))
        except (pa.ArrowException, OverflowError, UnicodeError, ValueError, TypeError):
            pass  # such as sets, integers of more than 64 bits, dicts of other values
    objects = np.fromiter(values, object, len(values))
    return pack_objects(objects, name)


# ---- NumPy ---------------------------------------------------------------------------------------------------


def _from_structured(array: np.ndarray[Any, Any]) -> Content:
    if isinstance(array, np.ma.MaskedArray):
        raise UnsupportedData("The mask of a masked array cannot be kept.", hint="array = array.filled()")
    if array.ndim != 1:
        raise UnsupportedData(f"This array has {array.ndim} dimensions; a table has one.", hint="array = array.ravel()")
    names = array.dtype.names or ()
    packed = [_field(array[name], name) for name in names]
    return assembled(list(names), packed, {}, {}, len(array))


def _field(values: np.ndarray[Any, Any], name: str) -> Packed:
    """One field; a record in it becomes a struct, an array in it a list of fixed size."""
    native = values if values.dtype.isnative else values.astype(values.dtype.newbyteorder("="))
    kind = native.dtype.kind
    if native.ndim > 1 or native.dtype.names is not None:
        try:
            return Packed(_nested(native))
        except (pa.ArrowException, ValueError, TypeError) as problem:
            raise refused(name, values.dtype, str(problem).splitlines()[0], "pd.DataFrame(array.tolist())") from None
    if kind == "O":
        return pack_objects(native, name)
    if kind == "U":
        return Packed(pa.array(native, pa.string()))
    if kind == "S":
        return Packed(pa.array(native, pa.binary()), {"object": "bytes"})
    try:
        column = pd.Series(native)
    except (ValueError, TypeError) as problem:
        raise refused(name, values.dtype, str(problem).splitlines()[0], "pd.DataFrame(array.tolist())") from None
    return pack(column, name)


def _nested(values: np.ndarray[Any, Any]) -> pa.Array:
    if values.ndim > 1:
        flat = _nested(values.reshape(values.shape[0] * values.shape[1], *values.shape[2:]))
        return pa.FixedSizeListArray.from_arrays(flat, values.shape[1])
    if values.dtype.names is not None:
        parts = [_nested(values[name]) for name in values.dtype.names]
        return pa.StructArray.from_arrays(parts, names=list(values.dtype.names))
    return pa.array(values if values.dtype.isnative else values.astype(values.dtype.newbyteorder("=")))
