"""A pandas DataFrame as :class:`Content`, and back: columns, index, labels.

An index that is not simply 0, 1, 2, … becomes columns of the table, after the user's own. Labels that are not plain
text are kept as JSON (or as an array, for dates, numbers and categories); the table shows them as text.
"""

from __future__ import annotations

import ast
import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from e2e_lab.errors import UnsupportedData
from e2e_lab.storage.frames.object_kinds import Codec
from e2e_lab.storage.frames.pandas_columns import by_default, default_string, in_place, pack, unpack
from e2e_lab.storage.frames.pandas_objects import Packed
from e2e_lab.storage.frames.python_values import Unspellable, same, spelled, unspelled
from e2e_lab.storage.identity import Content, side_by_side

Form = dict[str, Any]
APART_AT_MOST = 50  # columns; from a hundred on, pandas warns of a frame that is in so many pieces
TAG = "e2e_lab"  # the attribute that says where a frame came from, which is no content
NOTES = 3


def from_pandas(frame: pd.DataFrame) -> Content:
    """What *frame* is made of; :class:`UnsupportedData` naming the first column that would not come back equal."""
    names = [_text(label) for label in frame.columns]
    bare = frame.copy(deep=False)
    bare.attrs = {}  # of which each column would get a deep copy
    bare.columns = pd.RangeIndex(len(names))  # which takes no time to name a column
    columns = [(column, name) for name, (_, column) in zip(names, bare.items(), strict=True)]
    packed = _packed(columns, len(frame))
    form: Form = {}
    extras: dict[str, pa.Array] = {}
    labels = _pack_labels(frame.columns, extras)
    if labels is not None:
        form["columns"] = labels
    index = _pack_index(frame.index, names, packed)
    if index is not None:
        form["index"] = index
    attrs = {key: value for key, value in frame.attrs.items() if key != TAG}
    if attrs:
        form["attrs"] = _pack_attrs(attrs)
    if not frame.flags.allows_duplicate_labels:
        form["unique_labels"] = True
    return assembled(names, packed, form, extras, rows=len(frame))


def _packed(columns: Sequence[tuple[pd.Series[Any], str]], rows: int) -> list[Packed]:
    """Each column packed; Python objects one after another, since threads would only fight for the interpreter, and so
    numbers and what is Arrow's already, of which nothing is looked at."""

    def work(n: int) -> Packed:
        return pack(*columns[n], looking=False)

    slow = [n for n, (column, _) in enumerate(columns) if not _is_quick(column)]
    made = dict(zip(slow, side_by_side(work, slow, sizes=[rows * 8 for _ in slow]), strict=True))
    return [made[n] if n in made else work(n) for n in range(len(columns))]


def _is_quick(column: pd.Series[Any]) -> bool:
    dtype = column.dtype
    if not isinstance(dtype, np.dtype):
        return isinstance(dtype, pd.ArrowDtype) or (isinstance(dtype, pd.StringDtype) and dtype.storage == "pyarrow")
    return dtype.kind in "biuO" or (dtype.kind in "fmM" and bool(column.to_numpy().flags.c_contiguous))


def assembled(
    names: list[str], packed: Sequence[Packed], form: Form, extras: dict[str, pa.Array], rows: int
) -> Content:
    """The content of a frame of these columns; *form* and *extras* are what is known of index and labels already."""
    codecs: dict[str, Codec] = {}
    hidden: list[pa.Array] = []
    for place, one in enumerate(packed):
        codec = dict(one.codec) if one.codec else None
        for name, array in one.extras.items():
            extras[f"{name}.{place}"] = array
            codec = {word: f"{name}.{place}" if said == name else said for word, said in (codec or {}).items()}
        if one.nulls is not None:
            codec = {**(codec or {}), "nulls": len(packed) + len(hidden)}
            hidden.append(one.nulls)
        if codec is not None:
            codecs[str(place)] = codec
    if codecs:
        form["dtypes"] = codecs
    names += [f"{name} (which null)" for name, one in zip(names, packed, strict=True) if one.nulls is not None]
    arrays = [one.array for one in packed] + hidden
    table = pa.table(arrays, names=names) if arrays else pa.table({"rows": pa.nulls(rows)}).select([])
    whole: Form = {**({"pandas": form} if form else {}), **({"hidden": len(hidden)} if hidden else {})}
    nan_nulls = frozenset(n for n, one in enumerate(packed) if one.nan_nulls)
    return Content(table, whole, extras, _few(one.note for one in packed if one.note), nan_nulls)


def _few(notes: Iterable[str]) -> tuple[str, ...]:
    said = tuple(notes)
    more = len(said) - NOTES
    return said if more <= 0 else (*said[:NOTES], f"and {more} more columns of mixed types")


def to_pandas(
    table: pa.Table,
    form: Mapping[str, Any],
    extras: Mapping[str, pa.Array],
    *,
    positions: Sequence[int],
    counts: Mapping[int, tuple[bool, bool]],
    whole: bool,
) -> pd.DataFrame:
    """The frame; *table* holds the columns that were at *positions*, index and hidden ones included.

    *counts* says of each position whether it has nulls, and NaN beside them; *whole*, whether all rows are here.
    """
    said: Form = dict(form.get("pandas", {}))
    reading = _Reading(table, said.get("dtypes", {}), extras, {p: n for n, p in enumerate(positions)}, counts)
    hidden = {codec["nulls"] for codec in reading.codecs.values() if "nulls" in codec}
    index_at = said["index"]["at"] if "index" in said else []
    shown = [p for p in positions if p not in hidden and p not in index_at]
    frame = reading.assembled(shown)
    frame.index = _unpack_index(said.get("index"), reading, whole)
    stored = table.schema.names
    names = [stored[reading.at[p]] for p in shown]
    frame.columns = _unpack_labels(said.get("columns"), extras, names, shown)
    frame.attrs.update(unspelled(said.get("attrs", {})))
    if said.get("unique_labels"):
        frame.flags.allows_duplicate_labels = False  # type: ignore[attr-defined]
    return frame


@dataclass(frozen=True)
class _Reading:
    """Columns that were read, by the position they have in the stored table."""

    table: pa.Table
    codecs: Mapping[str, Codec]
    extras: Mapping[str, pa.Array]
    at: Mapping[int, int]
    counts: Mapping[int, tuple[bool, bool]]

    def column(self, position: int) -> pd.Series[Any]:
        codec = self.codecs.get(str(position))
        which = self.table.column(self.at[codec["nulls"]]) if codec and "nulls" in codec else None
        nulls, nans = self.counts[position]
        found = self.table.column(self.at[position])
        return unpack(found, codec, self.extras, nulls=nulls, nans=nans, which=which)

    def plain(self, position: int) -> bool:
        """Whether the column is of text, or of numbers or times that numpy holds as they are."""
        if str(position) in self.codecs:
            return False
        kind = self.table.field(self.at[position]).type
        family, (nulls, nans) = by_default(kind), self.counts[position]
        whole = not nulls or (pa.types.is_floating(kind) and not nans)
        return family in ("times", "str") or (family == "numbers" and whole)

    def assembled(self, shown: Sequence[int]) -> pd.DataFrame:
        """Numbers where they lie; other plain columns at once, which pyarrow does in parallel; the rest one by one."""
        plain = {p: self.table.column(self.at[p]) for p in shown if self.plain(p)}
        series: dict[int, pd.Series[Any]] = {}
        if len(shown) <= APART_AT_MOST:
            there = {p: in_place(column) for p, column in plain.items()}
            series = {p: pd.Series(one, copy=False) for p, one in there.items() if one is not None}
        bulk = [p for p in plain if p not in series]
        if len(bulk) > 1:
            text = default_string()
            block = pa.table([plain[p] for p in bulk], [str(p) for p in bulk])
            found: pd.DataFrame = block.to_pandas(types_mapper=lambda kind: text if by_default(kind) == "str" else None)
            if len(bulk) == len(shown):
                return found
            series |= {p: found[str(p)] for p in bulk}
        index = pd.RangeIndex(self.table.num_rows)
        ordered = {n: series[p] if p in series else self.column(p) for n, p in enumerate(shown)}
        for one in ordered.values():
            one.index = index  # the same one, or pandas looks each up
        return pd.DataFrame(ordered, index=index, columns=range(len(shown)), copy=False)


# ---- index ---------------------------------------------------------------------------------------------------


def _pack_index(index: pd.Index[Any], names: list[str], packed: list[Packed]) -> Form | None:
    """Add the levels of *index* to the columns and say what they are; None for a plain 0, 1, 2, …"""
    if isinstance(index, pd.RangeIndex) and index.name is None and index.start == 0 and index.step == 1:
        return None
    levels = _levels(index)
    first = len(packed)
    fallback = "index" if index.nlevels == 1 and "index" not in names else None
    for number, level in enumerate(levels):
        name = _text(level.name) if level.name is not None else fallback or f"level_{number}"
        packed.append(pack(pd.Series(level.array, dtype=level.dtype), name))
        names.append(name)
    form: Form = {"at": list(range(first, first + len(levels))), "names": [_label(n) for n in index.names]}
    if isinstance(index, pd.MultiIndex):
        form["multi"] = True
    elif isinstance(index, pd.RangeIndex):
        form["range"] = [index.start, index.stop, index.step]
    elif (freq := _freq(index)) is not None:
        form["freq"] = freq
    return form


def _levels(index: pd.Index[Any]) -> list[pd.Index[Any]]:
    """The values of each level. A level whose name is a number would else be taken for the one at that place."""
    if not isinstance(index, pd.MultiIndex):
        return [index]
    unnamed = index.set_names([None] * index.nlevels)
    return [unnamed.get_level_values(n).rename(name) for n, name in enumerate(index.names)]


def _unpack_index(form: Form | None, reading: _Reading, whole: bool) -> pd.Index[Any]:
    if form is None:
        return pd.RangeIndex(reading.table.num_rows)
    names = [_unlabel(n) for n in form["names"]]
    if "range" in form and whole:
        start, stop, step = form["range"]
        return pd.RangeIndex(start, stop, step, name=names[0])
    levels = [_as_index(reading.column(position)) for position in form["at"]]
    if form.get("multi"):
        return pd.MultiIndex.from_arrays(levels, names=names)
    index = levels[0].rename(names[0])
    if whole and "freq" in form:
        index.freq = form["freq"]  # type: ignore[attr-defined]
    return index


def _as_index(series: pd.Series[Any]) -> pd.Index[Any]:
    index: pd.Index[Any] = pd.Index(series.array, dtype=series.dtype)
    return index


def _freq(index: pd.Index[Any]) -> str | None:
    """The frequency of an index as text; :class:`UnsupportedData` where its text says less (a calendar of its own)."""
    if not isinstance(index, pd.DatetimeIndex | pd.TimedeltaIndex) or index.freq is None:
        return None
    text = str(index.freqstr)
    try:
        returns = pd.tseries.frequencies.to_offset(text) == index.freq
    except ValueError:
        returns = False
    if not returns:
        raise UnsupportedData(f"The frequency {index.freq!r} of an index cannot be kept.", hint="df.index.freq = None")
    return text


# ---- attributes ----------------------------------------------------------------------------------------------


def _pack_attrs(attrs: Mapping[Any, Any]) -> Form:
    for key, value in attrs.items():
        try:
            said = json.loads(json.dumps(spelled({key: value}), allow_nan=False))
            returns = same(unspelled(said), {key: value})
        except (Unspellable, RecursionError, ValueError):
            returns = False
        if not returns:
            raise UnsupportedData(
                f"df.attrs[{key!r}] is a {type(value).__name__} that cannot be kept.", hint=f"del df.attrs[{key!r}]"
            )
    said_all: Form = spelled(dict(attrs))
    return said_all


# ---- labels --------------------------------------------------------------------------------------------------


def _pack_labels(labels: pd.Index[Any], extras: dict[str, pa.Array]) -> Form | None:
    if isinstance(labels, pd.MultiIndex):
        return {"multi": [_pack_level(level, f"columns.{n}", extras) for n, level in enumerate(_levels(labels))]}
    form = _pack_level(labels, "columns", extras)
    plain = form.get("text") and labels.dtype == pd.Index(["a"]).dtype and labels.name is None
    return None if plain else form


def _pack_level(labels: pd.Index[Any], key: str, extras: dict[str, pa.Array]) -> Form:
    form: Form = {"name": _label(labels.name)} if labels.name is not None else {}
    if isinstance(labels, pd.RangeIndex):
        return {**form, "range": [labels.start, labels.stop, labels.step]}
    whole = all(isinstance(label, str) and _text(label) == label for label in labels)
    if whole and labels.dtype == pd.Index(["a"]).dtype:
        return {**form, "text": True} if key == "columns" else {**form, "text": list(labels)}
    if labels.dtype == object or isinstance(labels.dtype, pd.StringDtype):
        form |= {"labels": [_label(label) for label in labels], "dtype": str(labels.dtype)}
        usual = pd.Index([], dtype=str(labels.dtype)).dtype == labels.dtype
        return form if usual else {**form, "storage": labels.dtype.storage}  # type: ignore[union-attr]
    packed = pack(pd.Series(labels.array, dtype=labels.dtype), "the column labels")
    array = packed.array.combine_chunks() if isinstance(packed.array, pa.ChunkedArray) else packed.array
    codec = {word: f"{key}.{said}" if said in packed.extras else said for word, said in (packed.codec or {}).items()}
    extras.update({f"{key}.{name}": extra for name, extra in packed.extras.items()})
    extras[key] = array
    freq = _freq(labels)
    return {**form, "array": key, **({"codec": codec} if codec else {}), **({"freq": freq} if freq else {})}


def _unpack_labels(
    form: Form | None, extras: Mapping[str, pa.Array], names: list[str], shown: Sequence[int]
) -> pd.Index[Any]:
    if form is None:
        return pd.Index(names) if names else pd.Index([], dtype=pd.Index(["a"]).dtype)
    if "multi" in form:
        levels = [_unpack_level(level, extras, names, shown) for level in form["multi"]]
        return pd.MultiIndex.from_arrays(levels, names=[level.name for level in levels])
    return _unpack_level(form, extras, names, shown)


def _unpack_level(form: Form, extras: Mapping[str, pa.Array], names: list[str], shown: Sequence[int]) -> pd.Index[Any]:
    name = _unlabel(form.get("name"))
    if "range" in form:
        found: pd.Index[Any] = pd.RangeIndex(*form["range"])
    elif form.get("text") is True:
        return pd.Index(names, name=name, dtype=pd.Index(["a"]).dtype)
    elif "text" in form:
        found = pd.Index(form["text"], dtype=pd.Index(["a"]).dtype)
    elif "labels" in form:
        values = pd.Series([None] * len(form["labels"]), dtype=object)
        for place, label in enumerate(form["labels"]):
            values.array[place] = _unlabel(label)
        found = pd.Index(values.array, dtype=_label_dtype(form), tupleize_cols=False)
    else:
        array = extras[form["array"]]
        found = _as_index(unpack(pa.chunked_array([array], array.type), form.get("codec"), extras, nulls=False))
        if "freq" in form and len(shown) == len(found):
            found.freq = form["freq"]  # type: ignore[attr-defined]
    if list(shown) != list(range(len(found))):
        found = found.take(list(shown))
    return found.rename(name)


def _label_dtype(form: Form) -> Any:
    if "storage" not in form:
        return form["dtype"]
    known: dict[str, Any] = {"na_value": float("nan")} if form["dtype"] == "str" else {}
    return pd.StringDtype(form["storage"], **known)


def _text(label: Any) -> str:
    """A label as the name of an Arrow column, which cannot hold half a character."""
    return str(label).encode("utf-8", "backslashreplace").decode()


def _label(value: Any) -> Any:
    """A label as JSON: text and None as they are, others as ``{type: text}``."""
    if value is None or (isinstance(value, str)):
        return value
    if isinstance(value, tuple):
        return {"tuple": [_label(part) for part in value]}
    if isinstance(value, pd.Timestamp):
        return {"timestamp": value.isoformat(), "unit": value.unit, "tz": str(value.tz) if value.tz else None}
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return {"date": value.isoformat()}
    if value is pd.NaT or value is pd.NA:
        return {"null": str(value)}
    if hasattr(value, "item"):  # numpy's own numbers
        value = value.item()
    if isinstance(value, bool | int | float | bytes):
        return {type(value).__name__: repr(value)}
    try:
        return {"value": spelled(value)}
    except Unspellable:
        pass
    raise UnsupportedData(
        f"The label {value!r} of a column or index is a {type(value).__name__}, which cannot be kept.",
        hint="df.columns = df.columns.astype(str)",
    )


def _unlabel(said: Any) -> Any:
    if not isinstance(said, dict):
        return said
    if "timestamp" in said:
        time = pd.Timestamp(said["timestamp"])
        return (time.tz_convert(said["tz"]) if said["tz"] else time).as_unit(said["unit"])
    kind, text = next(iter(said.items()))
    if kind == "tuple":
        return tuple(_unlabel(part) for part in text)
    if kind == "value":
        return unspelled(text)
    if kind == "date":
        return dt.date.fromisoformat(text)
    if kind == "null":
        return pd.NaT if text == "NaT" else pd.NA
    return float(text) if kind == "float" else ast.literal_eval(text)
