"""The columns of a request: how each JSON value is checked, and how rows become the frame the model was fitted on.

A part of every Bento that e2e-lab builds. The checks are strict: a string is no number, ``true`` is no integer, and a
time must say its zone exactly where the model's column has one.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Callable, Sequence
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, PlainValidator, WithJsonSchema

MODEL: dict[str, Any] = {}
"""What ``e2e_model.json`` says of the model; empty outside a Bento."""
_said = Path(__file__).with_name("e2e_model.json")
if _said.exists():
    MODEL.update(json.loads(_said.read_text("utf-8")))


# ---- values --------------------------------------------------------------------------------------------------

# JSON knows one kind of number: 3.0 is a whole one, as a frame sends it that has a gap elsewhere in the column.
_whole = BeforeValidator(lambda value: int(value) if isinstance(value, float) and value.is_integer() else value)
Int8 = Annotated[int, Field(ge=-(2**7), lt=2**7), _whole]
Int16 = Annotated[int, Field(ge=-(2**15), lt=2**15), _whole]
Int32 = Annotated[int, Field(ge=-(2**31), lt=2**31), _whole]
Int64 = Annotated[int, Field(ge=-(2**63), lt=2**63), _whole]
UInt8 = Annotated[int, Field(ge=0, lt=2**8), _whole]
UInt16 = Annotated[int, Field(ge=0, lt=2**16), _whole]
UInt32 = Annotated[int, Field(ge=0, lt=2**32), _whole]
UInt64 = Annotated[int, Field(ge=0, lt=2**64), _whole]
Float = Annotated[float, Field(allow_inf_nan=False)]


_ISO = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?")


def _moment(zone: bool) -> Callable[[Any], Any]:
    needed = "with a zone, like 2013-01-31T05:00:00Z" if zone else "without a zone, like 2013-01-31T05:00:00"

    def check(value: Any) -> Any:
        found: Any = pd.NaT
        if isinstance(value, str) and _ISO.fullmatch(value):
            try:
                found = pd.Timestamp(value)
            except (ValueError, OverflowError):
                found = pd.NaT
        if pd.isna(found) or (found.tzinfo is not None) != zone:
            raise ValueError(f"should be a time {needed}")
        return found

    return check


def _duration(value: Any) -> Any:
    try:
        found: Any = pd.Timedelta(value) if isinstance(value, str) and value[:1] in "P-" else pd.NaT
    except ValueError:
        found = pd.NaT
    if pd.isna(found):
        raise ValueError("should be a duration, like P0DT1H30M0S")
    return found


def _decimal(value: Any) -> Decimal:
    if isinstance(value, str | int) and not isinstance(value, bool):
        try:
            found = Decimal(value)
        except ArithmeticError:
            found = Decimal("NaN")
        if found.is_finite():
            return found
    raise ValueError('should be a decimal in quotes, like "12.50"')


def _binary(value: Any) -> bytes:
    if isinstance(value, str):
        try:
            return base64.b64decode(value, validate=True)
        except binascii.Error:
            pass
    raise ValueError("should be bytes in base64")


def _text(**schema: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", **schema})


# pydantic's own datetime stops at microseconds; pandas' Timestamp keeps the nanoseconds that a column may have.
Moment = Annotated[Any, PlainValidator(_moment(zone=False)), _text(format="date-time")]
ZonedMoment = Annotated[Any, PlainValidator(_moment(zone=True)), _text(format="date-time")]
Duration = Annotated[Any, PlainValidator(_duration), _text(format="duration")]
Exact = Annotated[Any, PlainValidator(_decimal), _text(format="decimal")]
Binary = Annotated[Any, PlainValidator(_binary), _text(format="byte")]
Day = date
Clock = time


def one_of(column: str, kind: Any) -> Any:
    """A value of *kind* that is one of the column's categories in ``e2e_model.json``."""
    known = categories(column)
    allowed = set(known)
    shown = ", ".join(repr(value) for value in known[:5]) + (f" … ({len(known):,} in all)" if len(known) > 5 else "")

    def check(value: Any) -> Any:
        if value not in allowed:
            raise ValueError(f"should be one of {shown}")
        return value

    return Annotated[kind, AfterValidator(check)]


def categories(column: str) -> list[Any]:
    """The column's categories in their order, as the model was fitted on them."""
    found = next(c for c in MODEL["schema"]["columns"] if c["name"] == column)
    return list(found["categories"])


# ---- frames --------------------------------------------------------------------------------------------------


class Frame:
    """Turns checked rows into a frame with exactly the columns and dtypes that the model was fitted on."""

    def __init__(self, row: type[BaseModel], dtypes: dict[str, Any]) -> None:
        fields = {info.alias or name: name for name, info in row.model_fields.items()}
        nulls = MODEL.get("nulls", {})
        self._columns = [
            (name, fields[name], _maker(dtype, None if nulls.get(name) == "none" else math.nan))
            for name, dtype in dtypes.items()
        ]

    def of(self, rows: Sequence[BaseModel]) -> pd.DataFrame:
        """The frame of *rows*, in order; a null is what pandas has for it in a column of that dtype."""
        values = [row.__dict__ for row in rows]
        columns = {name: make([row[field] for row in values]) for name, field, make in self._columns}
        return pd.DataFrame(columns, copy=False)


Maker = Callable[[list[Any]], Any]


def _maker(dtype: Any, null: float | None) -> Maker:
    known: Any = pd.api.types.pandas_dtype(dtype)
    if isinstance(known, pd.CategoricalDtype):
        return _categories(known)
    if not isinstance(known, np.dtype):
        return _moments(known) if known.kind == "M" else lambda values: pd.array(values, dtype=known)
    if known.kind == "f":
        return lambda values: np.array(values, dtype=known)
    if known.kind in "iu":  # as in pandas itself, whole numbers with a gap become floats
        return lambda values: np.array(values, dtype="float64" if None in values else known)
    if known.kind == "b":
        return lambda values: _objects(values, null) if None in values else np.array(values, dtype=known)
    if known.kind == "O":
        return lambda values: _objects(values, null)
    return _moments(known) if known.kind == "M" else lambda values: pd.array(values, dtype=known)


def _objects(values: list[Any], null: float | None) -> Any:
    made = np.empty(len(values), dtype=object)
    made[:] = [null if value is None else value for value in values]
    return pd.Series(made, dtype=object)  # of a bare array of text, pandas 3 would make its own text type


def _categories(dtype: pd.CategoricalDtype) -> Maker:
    codes = {value: code for code, value in enumerate(dtype.categories)} | {None: -1}

    def make(values: list[Any]) -> Any:
        return pd.Categorical.from_codes([codes[value] for value in values], dtype=dtype, validate=False)

    return make


def _moments(dtype: Any) -> Maker:
    unit: Any = np.datetime_data(dtype)[0] if isinstance(dtype, np.dtype) else dtype.unit
    zone = getattr(dtype, "tz", None)

    def make(values: list[Any]) -> Any:
        if zone is None:
            return pd.DatetimeIndex([pd.NaT if v is None else v for v in values]).as_unit(unit)
        utc = [pd.NaT if v is None else v.tz_convert("UTC") for v in values]
        return pd.DatetimeIndex(utc, tz="UTC").as_unit(unit).tz_convert(zone)

    return make


# ---- answers -------------------------------------------------------------------------------------------------


def answers(raw: Any, outputs: Sequence[str]) -> list[Any]:
    """One item a row: the value where the model has one output, else an object of output names and values.

    >>> answers(np.array([[0.25, 0.75]]), ("proba_no", "proba_yes"))
    [{'proba_no': 0.25, 'proba_yes': 0.75}]
    """
    values = np.asarray(raw)
    if values.ndim == 2 and len(outputs) == 1 and values.shape[1] == 1 and not outputs[0].startswith("proba_"):
        values = values[:, 0]
    if values.ndim == 1:
        return [_plain(value) for value in values.tolist()]
    return [dict(zip(outputs, map(_plain, row), strict=True)) for row in values.tolist()]


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None if math.isnan(value) else str(value)
    return None if pd.isna(value) else str(value)
