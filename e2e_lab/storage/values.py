"""Values as bytes to hash: what a column holds, however it lies in memory.

Each part is fed recursively: how many values, which of them are there, then lengths, then the values or children. What
is fed does not depend on chunks, slice offsets, what lies under nulls, offset width (``string``, ``large_string``,
``string_view``), or the order in which a dictionary encodes its values. Numbers are fed little-endian as Arrow holds
them, with one canonicalisation: every NaN is the same NaN. ``-0.0`` and ``0.0`` differ, and so do NaN and null.

Numbers and text are not joined or copied as a whole: what has to be written anew, such as lengths in place of offsets,
is written a portion at a time, into memory that is still near when it is hashed.
"""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat
from numpy.typing import NDArray

from e2e_lab.errors import UnsupportedData

EXTENSION = (b"ARROW:extension:name", b"ARROW:extension:metadata")
SMALL = 256  # values of a part on average; smaller ones are sooner joined than looked at one by one
NEAR = 1 << 20  # bytes of a portion: a core keeps them to itself
SOME = NEAR // 16  # values of eight bytes of which something is made; of whole bytes of bits
LENGTH = 32  # bytes that are to stay near for the length of a text: it, the offsets it is made of, what comes next
ALL_THERE = b"\0"  # what is fed in place of which values are there
THEY_SAY = b"\2"  # the same of numbers and times among which NaN and NaT stand for null; as they lie only

Bits = NDArray[np.bool_]
Bytes = NDArray[np.uint8]
Whole = NDArray[np.int64]
Feed = Callable[[Any, int, int], None]  # a digest the values from one row to before another


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


def feed_type(digest: Any, said: pa.Field) -> None:
    """Feed what values there may be: type, the extension that this Arrow has not registered, nullability."""
    known = said.metadata or {}
    name, parameters = (known.get(key, b"") for key in EXTENSION)
    words = [logical_type(said.type).encode(), name, *([parameters] if parameters else [])]
    digest.update(b"".join(map(_with_length, [*words, b"1" if said.nullable else b"0"])))


def feed_said(digest: Any, content: bytes) -> None:
    """Feed some bytes with their number in front."""
    digest.update(_with_length(content))


def _with_length(content: bytes) -> bytes:
    return len(content).to_bytes(8, "little") + content


def feeder(column: pa.ChunkedArray, *, as_it_lies: bool = False) -> Feed:
    """What feeds a digest the values of *column* from one row to before another, as :func:`feed_values` does.

    What numbers in one chunk are, and text in any, is asked here, once: asking can take longer than to hash a piece.
    """
    plain = _plain_numbers(column) if as_it_lies or not pat.is_floating(column.type) else None
    if plain is not None:
        return _numbers_feeder(plain, column.type.bit_width // 8, ALL_THERE)
    if _has_offsets(column.type) and len(column) >= column.num_chunks * SMALL:
        return _text_feeder(column, as_it_lies)
    return lambda digest, first, last: feed_values(digest, column.slice(first, last - first), as_it_lies=as_it_lies)


def saying_feeder(column: pa.ChunkedArray) -> Feed:
    """What feeds the values of *column* as they lie, numbers or times in one chunk among which NaN or NaT is null."""
    return _numbers_feeder(memoryview(_lying(column.chunk(0))), column.type.bit_width // 8, THEY_SAY)


def _numbers_feeder(numbers: memoryview, width: int, which: bytes) -> Feed:
    """What feeds *numbers*, of so many bytes each; *which* of them are there is the same for all."""

    def feed(digest: Any, first: int, last: int) -> None:
        digest.update((last - first).to_bytes(8, "little") + which)
        digest.update(numbers[first * width : last * width])

    return feed


def _lying(part: pa.Array) -> pa.Buffer:
    """The bytes of numbers or times."""
    width = part.type.bit_width // 8
    return part.buffers()[1].slice(part.offset * width, len(part) * width)


def _plain_numbers(column: pa.ChunkedArray) -> memoryview | None:
    """The bytes of numbers that lie in one chunk and are all there."""
    kind = column.type
    if (
        column.num_chunks != 1
        or not len(column)
        or column.null_count
        or not pat.is_primitive(kind)
        or pat.is_boolean(kind)
    ):
        return None
    return memoryview(_lying(column.chunk(0)))


def lies_as_fed(column: pa.ChunkedArray) -> bool:
    """Whether it makes no difference to feed *column* as it lies: it has neither nulls nor floating numbers, or is of a
    type that is never fed so."""
    kind = column.type
    if pat.is_nested(kind) or pat.is_dictionary(kind) or pat.is_null(kind) or isinstance(kind, pa.BaseExtensionType):
        return True
    return not column.null_count and not pat.is_floating(kind)


def feed_values(digest: Any, values: pa.Array | pa.ChunkedArray, *, as_it_lies: bool = False) -> None:
    """Feed how many values there are, then what there is to them. Every part has its length in front or by type.

    *as_it_lies*: numbers and text with each NaN as it is, and with what lies under nulls. This takes far less time, and
    is the same for the same memory only; but where the same is fed, the values are the same.
    """
    kind = values.type
    parts = [part for part in _parts(values) if len(part)]
    if len(parts) > 1 and len(values) < len(parts) * SMALL:
        parts = [rows_of(_joined(parts, kind), 0, len(values))]
    digest.update(len(values).to_bytes(8, "little"))
    if pat.is_primitive(kind):  # by far the most, so they are not asked what else they might be
        _fixed_width(digest, parts, kind, as_it_lies)
    elif isinstance(kind, pa.BaseExtensionType):
        feed_values(digest, pa.chunked_array([part.storage for part in parts], kind.storage_type))
    elif pat.is_dictionary(kind) and not parts:
        feed_values(digest, _joined([], kind.value_type))
    elif pat.is_dictionary(kind):
        one = rows_of(_joined(parts, kind), 0, len(values))  # refused where its codes do not suffice, as a reader would
        feed_values(digest, decoded(one))
    elif pat.is_null(kind):
        return
    elif pat.is_struct(kind):
        _validity(digest, parts)
        children = [part.flatten() for part in parts]  # with the parent's offset and nulls applied
        for place, field in enumerate(kind):
            feed_values(digest, _joined([some[place] for some in children], field.type))
    elif _is_list(kind) or pat.is_fixed_size_list(kind) or pat.is_map(kind):
        _lists(digest, parts, kind)
    elif logical_type(kind) in ("string", "binary"):
        _strings(digest, [_Text.of(part) for part in parts], as_it_lies)
    else:
        _fixed_width(digest, parts, kind, as_it_lies)


def _parts(values: pa.Array | pa.ChunkedArray) -> list[pa.Array]:
    return values.chunks if isinstance(values, pa.ChunkedArray) else [values]


def _joined(parts: Sequence[pa.Array], kind: pa.DataType) -> pa.ChunkedArray:
    """*parts* as one column; of *kind* where there are none."""
    return pa.chunked_array(parts, parts[0].type if parts else kind)


def missing_as_null(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Numbers or times with nulls where they are NaN or NaT; the values lie where they lay."""
    return pa.chunked_array([_part_with_nulls(part) for part in values.chunks], values.type)


def _part_with_nulls(part: pa.Array) -> pa.Array:
    lying = _lying(part)
    numbers = np.frombuffer(lying, f"{'f' if pat.is_floating(part.type) else 'i'}{part.type.bit_width // 8}")
    nulls, validity = (0, None) if is_complete(numbers) else _missing(numbers)
    return pa.Array.from_buffers(part.type, len(part), [validity, lying], null_count=nulls)


def is_complete(numbers: NDArray[Any]) -> bool:
    """Whether none of these is NaN, or as whole numbers, which times are, NaT: the largest number is NaN where any is,
    and NaT is the least of times. The first are looked at before the rest, which may not be needed."""
    if not len(numbers):
        return True
    if numbers.dtype.kind == "f":
        return not (np.isnan(numbers[:SOME].max()) or np.isnan(numbers.max()))
    missing = np.iinfo(numbers.dtype).min
    return bool(numbers[:SOME].min() != missing and numbers.min() != missing)


def _missing(numbers: NDArray[Any]) -> tuple[int, pa.Buffer | None]:
    """How many NaN or NaT there are, and where there are any, Arrow's bits for them; a portion at a time."""
    bits = np.empty((len(numbers) + 7) // 8, np.uint8)
    nulls = 0
    for some in _portions(len(numbers), 16):
        near = numbers[some]
        missing = np.isnan(near) if numbers.dtype.kind == "f" else near == np.iinfo(numbers.dtype).min
        nulls += int(np.count_nonzero(missing))
        packed = np.packbits(~missing, bitorder="little")
        bits[some.start // 8 : some.start // 8 + len(packed)] = packed
    return nulls, pa.py_buffer(bits) if nulls else None


def has_nan(values: pa.Array | pa.ChunkedArray) -> bool:
    """Whether NaN is among *values*; of a type that has none, it is not."""
    return pat.is_floating(values.type) and any(_part_has_nan(part) for part in _parts(values) if len(part))


def _part_has_nan(part: pa.Array) -> bool:
    width = part.type.bit_width // 8
    nan = np.isnan(np.frombuffer(part.buffers()[1], f"f{width}", count=len(part), offset=part.offset * width))
    return bool((nan & _bits(part.buffers()[0], part) if part.null_count else nan).any())


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
        many = "unify" not in str(problem)
        raise UnsupportedData(
            f"A dictionary has more entries than {part.type.index_type} counts: {problem}."
            if many
            else f"The chunks of a dictionary cannot be joined: {problem}.",
            hint="cast it to pa.dictionary(pa.int32(), …)" if many else f"cast it to {part.type.value_type}",
        ) from None


def decoded(array: pa.DictionaryArray) -> pa.Array:
    """The values that a dictionary array stands for."""
    if pat.is_string_view(array.type.value_type):  # which Arrow cannot take from yet
        array = pa.DictionaryArray.from_arrays(array.indices, array.dictionary.cast(pa.large_string()))
    return array.dictionary_decode()


# ---- which values are there ----------------------------------------------------------------------------------


def _validity(digest: Any, parts: Sequence[pa.Array], as_it_lies: bool = False) -> list[Bits | None]:
    """Feed which values are there; for each part the same as booleans, or None where nothing is to be left out."""
    if not any(part.null_count for part in parts):
        digest.update(ALL_THERE)
        return [None for _ in parts]
    valid = [_bits(part.buffers()[0], part) if part.null_count else np.ones(len(part), bool) for part in parts]
    digest.update(b"\1")
    digest.update(_packed(valid))
    return [None for _ in parts] if as_it_lies else list(valid)


def _bits(buffer: pa.Buffer, array: pa.Array) -> Bits:
    first = array.offset // 8
    packed = np.frombuffer(buffer, np.uint8, count=(array.offset + len(array) + 7) // 8 - first, offset=first)
    skipped = array.offset - first * 8
    return np.unpackbits(packed, count=skipped + len(array), bitorder="little")[skipped:].view(bool)


def _packed(bits: Sequence[Bits]) -> memoryview:
    return np.packbits(np.concatenate(bits) if len(bits) > 1 else bits[0], bitorder="little").data


# ---- values of one width -------------------------------------------------------------------------------------


def _fixed_width(digest: Any, parts: Sequence[pa.Array], kind: pa.DataType, as_it_lies: bool) -> None:
    valid = _validity(digest, parts, as_it_lies)
    if not parts:
        return
    if pat.is_boolean(kind):
        bits = (_bits(part.buffers()[1], part) for part in parts)
        digest.update(_packed([one if there is None else one & there for one, there in zip(bits, valid, strict=True)]))
        return
    width = kind.bit_width // 8
    if width == 0:  # fixed_size_binary(0)
        return
    floating = pat.is_floating(kind) and not as_it_lies
    for part, there in zip(parts, valid, strict=True):
        values = np.frombuffer(part.buffers()[1], np.uint8, count=len(part) * width, offset=part.offset * width)
        if there is None and not floating:
            digest.update(values.data)
            continue
        for some in _portions(len(part), width):
            near = values[some.start * width : some.stop * width]
            if there is not None:
                near = _zeroed(near, width, there[some])
            digest.update(_with_one_nan(near.view(f"f{width}")).data if floating else near.data)


def _portions(length: int, width: int) -> Iterator[slice]:
    step = NEAR // width
    return (slice(start, min(start + step, length)) for start in range(0, length, step))


def _zeroed(values: Bytes, width: int, valid: Bits) -> Bytes:
    """Zeros in place of what lies under nulls: by multiplying, since where nulls are nobody can foresee."""
    if width in (2, 4, 8):
        zeroed: NDArray[Any] = np.multiply(values.view(f"u{width}"), valid)
    else:
        zeroed = np.multiply(values.reshape(-1, width), valid[:, np.newaxis])
    return zeroed.reshape(-1).view(np.uint8)


def _with_one_nan(values: NDArray[Any]) -> Bytes:
    if np.isnan(values.max()):  # which is NaN where any is, far quicker than to ask each
        values = np.where(np.isnan(values), values.dtype.type(np.nan), values)
    return values.view(np.uint8)


# ---- text and bytes ------------------------------------------------------------------------------------------


class _Text(NamedTuple):
    """Text or bytes of one chunk: *offsets*, one more than there are values, say where in *data* each lies."""

    array: pa.Array
    offsets: NDArray[Any]
    data: memoryview

    @classmethod
    def of(cls, array: pa.Array) -> _Text:
        kind = array.type
        if not _has_offsets(kind):
            array = array.cast(pa.large_string() if pat.is_string_view(kind) else pa.large_binary())
        form = np.dtype(np.int32 if pat.is_string(kind) or pat.is_binary(kind) else np.int64)
        offsets = np.frombuffer(array.buffers()[1], form, count=len(array) + 1, offset=array.offset * form.itemsize)
        return cls(array, offsets, memoryview(array.buffers()[2] or b""))

    def rows(self, first: int, last: int) -> _Text:
        """Those from one row to before another."""
        return _Text(self.array.slice(first, last - first), self.offsets[first : last + 1], self.data)

    def joined(self) -> memoryview:
        """All of them, one after the other."""
        return self.data[int(self.offsets[0]) : int(self.offsets[-1])]

    def without_nulls(self) -> _Text:
        """The same with nothing under nulls."""
        return _Text.of(self.array.fill_null("" if logical_type(self.array.type) == "string" else b""))


def _has_offsets(kind: pa.DataType) -> bool:
    return bool(pat.is_string(kind) or pat.is_large_string(kind) or pat.is_binary(kind) or pat.is_large_binary(kind))


def _text_feeder(column: pa.ChunkedArray, as_it_lies: bool) -> Feed:
    chunks = [_Text.of(chunk) for chunk in column.chunks if len(chunk)]
    starts = [0, *accumulate(len(chunk.array) for chunk in chunks)]

    def feed(digest: Any, first: int, last: int) -> None:
        there = range(bisect_right(starts, first) - 1, bisect_left(starts, last))
        if last - first < len(there) * SMALL:
            return feed_values(digest, column.slice(first, last - first), as_it_lies=as_it_lies)
        digest.update((last - first).to_bytes(8, "little"))
        some = [chunks[n].rows(max(first - starts[n], 0), min(last, starts[n + 1]) - starts[n]) for n in there]
        return _strings(digest, some, as_it_lies)

    return feed


def _strings(digest: Any, parts: Sequence[_Text], as_it_lies: bool) -> None:
    longest = max((len(part.offsets) for part in parts), default=1)
    room: Whole = np.empty(min(NEAR // LENGTH, longest), np.int64)
    texts = []
    for part, valid in zip(parts, _validity(digest, [part.array for part in parts], as_it_lies), strict=True):
        text = part.joined()
        if _lengths(digest, part.offsets, valid, room) != len(text):  # bytes under nulls
            text = part.without_nulls().joined()
        texts.append(text)
    for text in texts:
        digest.update(text)


def _lengths(digest: Any, offsets: NDArray[Any], valid: Bits | None, room: Whole) -> int:
    """Feed the length of each text, 0 where there is none, made in some *room*; of how many bytes they are together."""
    together = 0
    for some in _portions(len(offsets) - 1, LENGTH):
        lengths = room[: some.stop - some.start]
        np.subtract(offsets[some.start + 1 : some.stop + 1], offsets[some], out=lengths)
        if valid is not None:
            lengths *= valid[some]
            together += int(lengths.sum())
        digest.update(lengths.view(np.uint8).data)
    return together if valid is not None else int(offsets[-1] - offsets[0])


# ---- lists ---------------------------------------------------------------------------------------------------


def _lists(digest: Any, parts: Sequence[pa.Array], kind: pa.DataType) -> None:
    _validity(digest, parts)
    if pat.is_map(kind):
        parts = [_map_as_list(part) for part in parts]
    full = []  # the parts that have any items: of others, Arrow may give none of another type
    for part in parts:
        if pat.is_fixed_size_list(kind):
            some = kind.list_size > 0 and part.null_count < len(part)
        else:
            lengths = pc.fill_null(pc.list_value_length(part), 0).to_numpy(zero_copy_only=False).astype(np.int64)
            digest.update(lengths.view(np.uint8).data)
            some = bool(lengths.any())
        full += [part] if some else []
    items = pa.struct([kind.key_field, kind.item_field]) if pat.is_map(kind) else kind.value_type
    feed_values(digest, _joined([part.flatten() for part in full], items))  # without what lies under nulls


def _map_as_list(array: pa.Array) -> pa.Array:
    """A map as the list of structs that it is, which can be flattened; a map itself cannot."""
    kind = array.type
    entry = pa.struct([kind.key_field, kind.item_field])
    entries = pa.list_(pa.field("entries", entry, nullable=False))
    return pa.Array.from_buffers(
        entries,
        len(array),
        array.buffers()[:2],
        array.null_count,
        array.offset,
        [pa.StructArray.from_arrays([array.keys, array.items], fields=list(entry))],
    )
