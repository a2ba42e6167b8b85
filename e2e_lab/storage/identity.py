"""The content id: what a table holds, and nothing about how it happens to lie in memory or on disk.

A column is hashed in blocks of 65,536 rows, each block recursively: validity, then lengths, then the values or
children. So the id depends on row count, names, types, nullability, values and the frame's form; and not on
chunks, slice offsets, what lies under nulls, offset width (``string``, ``large_string``, ``string_view``), or the
order in which a dictionary encodes its values. Hashes are BLAKE3; numbers are hashed little-endian as Arrow holds
them, with one canonicalisation: every NaN is the same NaN. ``-0.0`` and ``0.0`` differ, and so do NaN and null.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat
from blake3 import blake3
from numpy.typing import NDArray

from e2e_lab.errors import UnsupportedData

BLOCK = 65_536
EXTENSION = (b"ARROW:extension:name", b"ARROW:extension:metadata")
DOMAIN = "e2e-lab 2026-11 content id, version 1"
THREADS = os.cpu_count() or 1
THREADS_FROM = 1_000_000  # bytes; below, starting threads costs more than it saves
NEAR = 1 << 20  # bytes that a core keeps to itself
SHARES = 16  # of each thread: enough to even out, few enough not to wait for each other

Bits = NDArray[np.bool_]
T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Content:
    """What a frame is made of: an Arrow table, the frame's form as JSON, and the arrays that the form speaks of.

    The last ``form["hidden"]`` columns of the table are not the user's: they say which null each null was.
    """

    table: pa.Table
    form: Mapping[str, Any] = field(default_factory=dict)
    extras: Mapping[str, pa.Array] = field(default_factory=dict)
    notes: tuple[str, ...] = ()  # what the user should know of how it is kept; no part of the content id

    @property
    def visible(self) -> int:
        """How many columns the user has, index levels included."""
        return int(self.table.num_columns - self.form.get("hidden", 0))

    @property
    def index_at(self) -> frozenset[int]:
        """Which of them are levels of a pandas index."""
        return frozenset(self.form.get("pandas", {}).get("index", {}).get("at", ()))


def content_id(content: Content) -> str:
    """The id of a table with its frame's form and the arrays the form speaks of.

    32 hexadecimal digits, half of a BLAKE3 hash: no two tables that people make will ever share 128 bits, and it
    still fits where others keep it (an MLflow dataset digest holds at most 36 characters).

    >>> whole = pa.table({"dep_time": pa.chunked_array([[517, 533, None]])})
    >>> parts = pa.table({"dep_time": pa.chunked_array([[517], [533, None]])})
    >>> content_id(Content(whole)) == content_id(Content(parts)), len(content_id(Content(whole)))
    (True, 32)
    """
    return id_of(content.table.num_rows, column_digests(content.table), content.form, content.extras)


def id_of(rows: int, digests: Iterable[bytes], form: Mapping[str, Any], extras: Mapping[str, pa.Array]) -> str:
    """The content id of a table whose columns have these digests."""
    root = blake3(derive_key_context=DOMAIN)
    _put(root, str(rows).encode())
    for digest in digests:
        root.update(digest)
    _put(root, canonical_json(form).encode())
    for name, array in sorted(extras.items()):
        _put(root, name.encode())
        root.update(values_digest(pa.chunked_array([array])))
    return root.hexdigest(length=16)


def column_digests(table: pa.Table) -> list[bytes]:
    """One digest a column, in order: of its name, type, nullability and values."""
    columns = list(zip(table.schema, table.columns, strict=True))
    return side_by_side(lambda pair: column_digest(*pair), columns, size=table.nbytes)


def column_digest(said: pa.Field, column: pa.ChunkedArray) -> bytes:
    """The digest of a column: of its name, type, nullability and values."""
    growing = ColumnDigest(said)
    growing.feed(column)
    return growing.done()


def side_by_side(work: Callable[[T], R], columns: Sequence[T], *, size: int) -> list[R]:
    """What *work* makes of each column, in order; in threads where they are of many bytes together."""
    if len(columns) < 2 or size < THREADS_FROM:
        return [work(column) for column in columns]
    share = max(1, len(columns) // (THREADS * SHARES))
    shares = [columns[start : start + share] for start in range(0, len(columns), share)]
    with ThreadPoolExecutor(THREADS) as pool:
        done = pool.map(lambda some: [work(column) for column in some], shares)
        return [made for some in done for made in some]


def values_digest(column: pa.ChunkedArray) -> bytes:
    """A digest of a column's type and values alone; equal exactly when they are."""
    return column_digest(pa.field("", column.type), column)


def canonical_json(form: Mapping[str, Any]) -> str:
    """JSON with one spelling: keys sorted, no spaces, only ASCII."""
    return json.dumps(form, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def logical_type(kind: pa.DataType) -> str:
    """Arrow's name for a type, without what is encoding only (the width of offsets, views).

    >>> logical_type(pa.large_string()), logical_type(pa.dictionary(pa.int8(), pa.string_view()))
    ('string', 'dictionary<int8,string,ordered=False>')
    """
    if pat.is_string(kind) or pat.is_large_string(kind) or pat.is_string_view(kind):
        return "string"
    if pat.is_binary(kind) or pat.is_large_binary(kind) or pat.is_binary_view(kind):
        return "binary"
    if pat.is_dictionary(kind):
        return f"dictionary<{kind.index_type},{logical_type(kind.value_type)},ordered={bool(kind.ordered)}>"
    if pat.is_fixed_size_list(kind):
        return f"list[{kind.list_size}]<{_child(kind.value_field)}>"
    if _is_list(kind):
        return f"list<{_child(kind.value_field)}>"
    if pat.is_map(kind):
        return f"map<{logical_type(kind.key_type)},{_child(kind.item_field)},sorted={bool(kind.keys_sorted)}>"
    if pat.is_struct(kind):
        return "struct<" + ",".join(f"{json.dumps(f.name)}:{_child(f)}" for f in kind) + ">"
    if isinstance(kind, pa.BaseExtensionType):
        return f"extension<{kind.extension_name},{logical_type(kind.storage_type)},{kind}{_parameters(kind)}>"
    return str(kind)


def _parameters(kind: pa.BaseExtensionType) -> str:
    """What an extension type says of itself beside its name, where it says anything."""
    said = kind.__arrow_ext_serialize__() if hasattr(kind, "__arrow_ext_serialize__") else b""
    return f",{json.dumps(said.decode('latin-1'))}" if said else ""


def _is_list(kind: pa.DataType) -> bool:
    return bool(pat.is_list(kind) or pat.is_large_list(kind) or pat.is_list_view(kind) or pat.is_large_list_view(kind))


def _child(child: pa.Field) -> str:
    unknown = [(child.metadata or {}).get(key, b"").decode("latin-1") for key in EXTENSION]
    said = json.dumps(unknown) if any(unknown) else ""
    return logical_type(child.type) + said + ("?" if child.nullable else "")


class ColumnDigest:
    """The digest of a column that comes in parts: all but the last must be of whole blocks of 65,536 rows."""

    def __init__(self, said: pa.Field) -> None:
        self._digest = blake3(derive_key_context=DOMAIN + ", column")
        _put(self._digest, said.name.encode())
        feed_type(self._digest, said)

    def feed(self, column: pa.ChunkedArray) -> None:
        """Add the values of *column*."""
        for start in range(0, len(column), BLOCK):
            one = blake3()
            feed_values(one, rows_of(column, start, BLOCK))
            self._digest.update(one.digest())

    def done(self) -> bytes:
        """The 32 bytes."""
        return bytes(self._digest.digest())


def has_nan(values: pa.Array | pa.ChunkedArray) -> bool:
    """Whether NaN is among *values*; of a type that has none, it is not."""
    return bool(pat.is_floating(values.type) and pc.any(pc.is_nan(values)).as_py())


def feed_type(digest: Any, said: pa.Field) -> None:
    """Feed what values there may be: type, the extension that this Arrow has not registered, nullability."""
    _put(digest, logical_type(said.type).encode())
    name, parameters = ((said.metadata or {}).get(key, b"") for key in EXTENSION)
    _put(digest, name)
    if parameters:
        _put(digest, parameters)
    _put(digest, b"1" if said.nullable else b"0")


def rows_of(column: pa.ChunkedArray, start: int, length: int) -> pa.Array:
    """Some rows of a column as one array, without a copy where they lie in one chunk."""
    part = column.slice(start, length)
    if part.num_chunks == 0:
        return pa.array([], column.type)
    if part.num_chunks == 1:
        return part.chunk(0)
    try:
        return pa.concat_arrays(part.chunks)
    except pa.ArrowInvalid as problem:
        if not pat.is_dictionary(part.type):
            raise
        raise UnsupportedData(
            f"A dictionary has more entries than {part.type.index_type} counts: {problem}.",
            hint="cast it to pa.dictionary(pa.int32(), …)",
        ) from None


def _put(digest: Any, content: bytes) -> None:
    digest.update(len(content).to_bytes(8, "little"))
    digest.update(content)


def feed_values(digest: Any, array: pa.Array) -> None:
    """Feed one array: its length, then what there is to it. Every part has its length in front or fixed by type."""
    kind = array.type
    digest.update(len(array).to_bytes(8, "little"))
    if isinstance(kind, pa.BaseExtensionType):
        feed_values(digest, array.storage)
    elif pat.is_dictionary(kind):
        feed_values(digest, decoded(array))
    elif pat.is_null(kind):
        return
    elif pat.is_struct(kind):
        _validity(digest, array)
        for child in array.flatten():  # with the parent's offset and nulls applied
            feed_values(digest, child)
    elif _is_list(kind) or pat.is_fixed_size_list(kind) or pat.is_map(kind):
        _lists(digest, array)
    elif logical_type(kind) in ("string", "binary"):
        _strings(digest, array)
    else:
        _fixed_width(digest, array)


def decoded(array: pa.DictionaryArray) -> pa.Array:
    """The values that a dictionary array stands for."""
    if pat.is_string_view(array.type.value_type):  # which Arrow cannot take from yet
        array = pa.DictionaryArray.from_arrays(array.indices, array.dictionary.cast(pa.large_string()))
    return array.dictionary_decode()


def _validity(digest: Any, array: pa.Array) -> Bits | None:
    """Feed which values are there; the same as an array of booleans, or None where all are."""
    if array.null_count == 0:
        digest.update(b"\0")
        return None
    valid = _bits(array.buffers()[0], array.offset, len(array))
    digest.update(b"\1")
    digest.update(np.packbits(valid, bitorder="little").tobytes())
    return valid


def _bits(buffer: pa.Buffer, offset: int, length: int) -> Bits:
    first = offset // 8
    packed = np.frombuffer(buffer, np.uint8, count=(offset + length + 7) // 8 - first, offset=first)
    return np.unpackbits(packed, count=offset - first * 8 + length, bitorder="little")[offset - first * 8 :].view(bool)


def _fixed_width(digest: Any, array: pa.Array) -> None:
    valid = _validity(digest, array)
    kind, n = array.type, len(array)
    if n == 0:
        return
    buffer = array.buffers()[1]
    if pat.is_boolean(kind):
        found = _bits(buffer, array.offset, n)
        digest.update(np.packbits(found if valid is None else found & valid, bitorder="little").tobytes())
        return
    width = kind.bit_width // 8
    if width == 0:  # fixed_size_binary(0)
        return
    values = np.frombuffer(buffer, np.uint8, count=n * width, offset=array.offset * width)
    if valid is not None:
        wide = values.view(np.dtype((np.void, width)) if width not in (1, 2, 4, 8) else f"u{width}").copy()
        np.copyto(wide, np.zeros(1, wide.dtype), where=~valid)
        values = wide.view(np.uint8)
    if not pat.is_floating(kind):
        digest.update(np.ascontiguousarray(values).data)
        return
    numbers = values.view(f"f{width}")
    for start in range(0, n, NEAR // width):  # so that what was looked at is still near when it is hashed
        some = numbers[start : start + NEAR // width]
        if np.isnan(some.max()):  # which is NaN where any is, at a fraction of the cost of asking each
            some = np.where(np.isnan(some), some.dtype.type(np.nan), some)
        digest.update(some.view(np.uint8).data)


def _strings(digest: Any, array: pa.Array) -> None:
    if pat.is_string_view(array.type):
        array = array.cast(pa.large_string())
    elif pat.is_binary_view(array.type):
        array = array.cast(pa.large_binary())
    valid = _validity(digest, array)
    if len(array) == 0:
        return
    wide = pat.is_large_string(array.type) or pat.is_large_binary(array.type)
    offsets = _offsets(array, wide)
    lengths = np.diff(offsets)
    if valid is not None and lengths[~valid].any():  # bytes under nulls
        array = array.fill_null(b"" if pat.is_binary(array.type) or pat.is_large_binary(array.type) else "")
        offsets = _offsets(array, wide)
        lengths = np.diff(offsets)
    digest.update(lengths.view(np.uint8).data)
    first, last = int(offsets[0]), int(offsets[-1])
    if last > first:
        digest.update(memoryview(array.buffers()[2])[first:last])


def _offsets(array: pa.Array, wide: bool) -> NDArray[np.int64]:
    size, form = (8, np.int64) if wide else (4, np.int32)
    found = np.frombuffer(array.buffers()[1], form, count=len(array) + 1, offset=array.offset * size)
    return found.astype(np.int64, copy=False)


def _lists(digest: Any, array: pa.Array) -> None:
    _validity(digest, array)
    if pat.is_map(array.type):
        array = _map_as_list(array)
    if not pat.is_fixed_size_list(array.type):
        lengths = pc.fill_null(pc.list_value_length(array), 0)
        digest.update(lengths.to_numpy(zero_copy_only=False).astype(np.int64).view(np.uint8).data)
    feed_values(digest, array.flatten())  # without what lies under nulls


def _map_as_list(array: pa.Array) -> pa.Array:
    """A map as the list of structs that it is, which can be flattened; a map itself cannot."""
    kind = array.type
    entry = pa.struct([kind.key_field, kind.item_field])
    entries = pa.list_(pa.field("entries", entry, nullable=False))
    if not len(array):  # whose offsets may point past a child that has nothing
        return pa.array([], entries)
    return pa.Array.from_buffers(
        entries,
        len(array),
        array.buffers()[:2],
        array.null_count,
        array.offset,
        [pa.StructArray.from_arrays([array.keys, array.items], fields=list(entry))],
    )
