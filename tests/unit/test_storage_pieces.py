"""Ranges, pieces, pages, spans and footers: what a version is made of, apart from disk."""

from __future__ import annotations

import errno
import io
import os
import struct
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st

from e2e_lab.errors import Damaged, StorageRefused
from e2e_lab.project import Project
from e2e_lab.storage.identity import Content, column_digests, side_by_side
from e2e_lab.storage.parquet import from_parquet, physical_schema
from e2e_lab.storage.store import pieces, ranges, thrift, writer
from e2e_lab.storage.store.coding import codings
from e2e_lab.storage.store.footer import assembled, encoded_leaf, footer_of, frame_of, lifted_leaf
from e2e_lab.storage.store.manifest import Cut, Quick
from e2e_lab.storage.store.packs import Pack, PackWriter, Span, merged, short_hash
from e2e_lab.storage.store.ranges import cut, found_ranges, planned, target_rows
from e2e_lab.storage.values import bits, feeder, lying_feeder, numbers, texts
from tests.unit.frames_strategy import arrow_tables


def table(rows: int, seed: int = 0) -> pa.Table:
    some = np.random.default_rng(seed)
    return pa.table(
        {
            "id": some.permutation(rows * 3)[:rows],
            "x": pa.array(some.random(rows), mask=some.random(rows) < 0.1),
            "text": [f"text {n}" if n % 4 else None for n in some.integers(0, 50, rows)],
        }
    )


def prints_of(said: pa.Field, column: pa.ChunkedArray, bounds: list[int], quick: Quick) -> list[bytes]:
    printer = pieces.Printer(Content(pa.table([column], schema=pa.schema([said]))), 0, quick)
    found = printer.prints(bounds)
    printer.learn()
    return found


def encoded(
    some: pa.Table, bounds: list[tuple[int, int]], prints: list[list[bytes]], *, statistics: bool
) -> list[list[pieces.Encoded]]:
    content, columns = Content(some), range(some.num_columns)
    how = codings(content, columns)
    return pieces.encoded(content, columns, bounds, prints, codings=how, statistics=statistics)


# ---- in what order -------------------------------------------------------------------------------------------


def test_the_largest_columns_are_begun_first_and_told_in_their_order() -> None:
    begun: list[int] = []

    def work(size: int) -> int:
        begun.append(size)
        return -size

    sizes = [30_000_000, 1, 90_000_000, 50_000_000, *range(10, 20)]
    assert side_by_side(work, sizes, sizes=sizes) == [-size for size in sizes]
    assert 90_000_000 in begun[:2]
    assert 50_000_000 in begun[:3]
    assert sorted(begun) == sorted(sizes)


def test_what_is_encoded_comes_in_portions_the_widest_columns_first() -> None:
    columns, widths = list(range(40)), [float(1 + n % 20) for n in range(40)]
    groups = list(writer._groups(columns, widths, 100_000))
    assert sorted(n for group in groups for n in group) == columns
    assert [widths[n] for group in groups for n in group] == sorted(widths, reverse=True)
    sizes = [100_000 * sum(widths[n] for n in group) for group in groups]
    assert all(size <= writer.TASK_BYTES for size in sizes)
    assert sum(size > writer.TASK_BYTES / 2 for size in sizes) >= len(sizes) - 1  # and no smaller than need be
    assert list(writer._groups([0, 1, 2], [1e9, 1.0, 1e9], 5)) == [[0], [2], [1]]
    assert max(map(len, writer._groups(columns, [0.1] * 40, 10))) == -(-40 // (2 * writer.THREADS))


# ---- what is recognised --------------------------------------------------------------------------------------


class Fed:
    """A digest that is what it was fed."""

    def __init__(self) -> None:
        self.content = b""

    def update(self, content: bytes) -> None:
        self.content += content


def fed(values: pa.Array, *, as_it_lies: bool) -> bytes:
    digest = Fed()
    column = pa.chunked_array([values])
    ((lying_feeder(column) if as_it_lies else None) or feeder(column))(digest, 0, len(values))
    return digest.content


def with_nulls(values: pa.Array, there: list[bool]) -> pa.Array:
    """*values* where they are *there*, and null elsewhere, where they lie all the same."""
    bits = pa.py_buffer(np.packbits(there, bitorder="little"))
    return pa.Array.from_buffers(values.type, len(values), [bits, *values.buffers()[1:]])


NUMBERS = st.sampled_from([0.0, -0.0, 1.0, float("nan"), struct.unpack("d", b"\1\0\0\0\0\0\xf8\xff")[0]])

KINDS = st.sampled_from(
    [
        (pa.float64(), NUMBERS),
        (pa.int16(), st.integers(0, 2)),
        (pa.string(), st.text("ab", max_size=2)),
        (pa.large_binary(), st.binary(max_size=2)),
        (pa.bool_(), st.booleans()),
    ]
)


@given(st.data())
def test_where_the_same_lies_the_values_are_the_same(data: st.DataObject) -> None:
    rows = data.draw(st.integers(1, 4))
    kind, value = data.draw(KINDS)
    some = st.lists(value, min_size=rows, max_size=rows)
    there = st.lists(st.booleans(), min_size=rows, max_size=rows)
    often = data.draw(st.sampled_from([1, 256]))  # text is fed as it lies where there is much of it
    one, other = (
        pa.concat_arrays([with_nulls(pa.array(data.draw(some), kind), data.draw(there))] * often) for _ in range(2)
    )
    if fed(one, as_it_lies=True) in (fed(other, as_it_lies=True), fed(other, as_it_lies=False)):
        assert fed(one, as_it_lies=False) == fed(other, as_it_lies=False)


TEXTS = [pa.string(), pa.large_string(), pa.binary(), pa.large_binary(), pa.string_view()]


def in_chunks(kind: pa.DataType) -> pa.ChunkedArray:
    """Text in chunks of a few rows and of many, cut out of longer ones, with nulls under which something lies."""
    random = np.random.default_rng(0)
    chunks = []
    for rows, nulls in ((300, True), (0, False), (1, False), (700, False), (40_000, True), (2, True), (2_000, False)):
        texts = pa.array([("", "é", "north west")[n] for n in random.integers(0, 3, rows + 7)])
        plain = texts.cast(pa.binary()).cast(kind)
        chunks.append((with_nulls(plain, list(random.random(rows + 7) < 0.9)) if nulls else plain)[5:][:rows])
    return pa.chunked_array(chunks, kind)


BOUNDS = sorted({0, 300, 301, 302, 1001, 43_003, *np.random.default_rng(1).integers(0, 43_003, 12).tolist()})
ROWS = [*pairwise(BOUNDS), (0, 43_003), (5, 5), (990, 1010)]


@pytest.mark.parametrize("kind", TEXTS)
def test_some_rows_of_many_chunks_are_fed_as_they_are_alone(kind: pa.DataType) -> None:
    column = in_chunks(kind)
    feed = feeder(column)
    for first, last in ROWS:
        digest = Fed()
        feed(digest, first, last)
        alone = column.slice(first, last - first)
        joined = pa.concat_arrays(alone.chunks) if alone.num_chunks else pa.array([], kind)
        assert digest.content == fed(joined, as_it_lies=False)


@pytest.mark.parametrize("kind", TEXTS[:4])
def test_text_as_it_lies_tells_all_that_its_values_are(kind: pa.DataType) -> None:
    """What is fed as it lies of some rows can be read back, and is the same again for the same memory."""
    column = in_chunks(kind)
    feed, again = lying_feeder(column), lying_feeder(pa.chunked_array(column.chunks))
    assert feed is not None
    assert again is not None
    for first, last in ROWS:
        digest, second = Fed(), Fed()
        feed(digest, first, last)
        again(second, first, last)
        assert digest.content == second.content
        wanted = column.slice(first, last - first)
        if digest.content[8:9] == b"\3":
            assert read_back(digest.content, kind) == wanted.to_pylist()
        else:  # a few rows of many chunks are fed as they are
            assert len(wanted) < 256 * wanted.num_chunks


def read_back(content: bytes, kind: pa.DataType) -> list[Any]:
    """The values of text that was fed as it lies."""
    reader = io.BytesIO(content)
    (rows,), _, (width,) = whole(reader), reader.read(1), whole(reader)
    lengths: list[int] = []
    while sum(lengths) < rows:
        lengths += whole(reader)
    there = [1] * rows
    if reader.read(1) == b"\1":
        there = np.unpackbits(np.frombuffer(reader.read((rows + 7) // 8), np.uint8), bitorder="little").tolist()[:rows]
    found: list[Any] = []
    for length in lengths:
        offsets = np.frombuffer(reader.read((length + 1) * width), f"<i{width}")
        texts = reader.read(int(offsets[-1] - offsets[0]))
        found += [texts[a - offsets[0] : b - offsets[0]] for a, b in pairwise(offsets)]
    assert reader.read() == b""
    decode = (lambda text: text.decode()) if pa.types.is_string(kind) or pa.types.is_large_string(kind) else bytes
    return [decode(text) if here else None for text, here in zip(found, there, strict=True)]


def whole(reader: io.BytesIO) -> tuple[int]:
    return (int.from_bytes(reader.read(8), "little"),)


LYING = {
    "text": (pa.array(["a", "under", "b"]), pa.array(["a", "", "b"])),
    "numbers": (pa.array([1.5, 2.5, 3.5]), pa.array([1.5, 0.0, 3.5])),
    "times": (pa.array([1, 2, 3], pa.timestamp("s")), pa.array([1, 0, 3], pa.timestamp("s"))),
    "yes or no": (pa.array([True, True, False]), pa.array([True, False, False])),
}


@pytest.mark.parametrize("values", LYING.values(), ids=LYING)
def test_what_lies_under_nulls_may_change(values: tuple[pa.Array, pa.Array], monkeypatch: pytest.MonkeyPatch) -> None:
    there = [True, False, True] * 100
    lies, clean = (
        pa.chunked_array(
            [with_nulls(pa.concat_arrays([*[array] * 100, array[:2], array[:1], *[array] * 99]), there * 2)]
        )
        for array in values
    )
    said, ranges = pa.field("x", lies.type), [0, 300, 600]
    text = pa.types.is_string(lies.type)  # which lies elsewhere in any case, since its offsets do
    learnt = {}
    for name, column in (("lies", lies), ("clean", clean)):
        quick = Quick(7)
        found = prints_of(said, column, ranges, quick)
        learnt[name] = quick.found
        assert all((quick.found[one].lying == quick.found[one].fed) == (name == "clean" and not text) for one in found)
    slowly: list[bytes] = []
    monkeypatch.setattr(pieces, "blake3", lambda **said: Counted(blake3(**said), slowly))
    for known, before in learnt.items():
        for name, column in (("lies", lies), ("clean", clean)):
            slowly.clear()
            quick = Quick(7, before)
            assert prints_of(said, column, ranges, quick) == found
            assert quick.found == learnt[name]
            moved = name != known if text else name == "lies" and known == "clean"
            assert len(slowly) == moved  # the first; then it is plain why


class Counted:
    """A BLAKE3 that notes each digest that it gives."""

    def __init__(self, real: Any, digests: list[bytes]) -> None:
        self._real, self._digests = real, digests

    def copy(self) -> Counted:
        return Counted(self._real.copy(), self._digests)

    def update(self, content: Any) -> None:
        self._real.update(content)

    def digest(self, length: int) -> bytes:
        self._digests.append(self._real.digest(length=length))
        return self._digests[-1]


# ---- ranges --------------------------------------------------------------------------------------------------


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranges, "LEAST", 16)
    monkeypatch.setattr(ranges, "COLUMN_BYTES", 256)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("rows", [0, 1, 15, 16, 17, 31, 32, 33, 500, 5000])
def test_ranges_cover_all_rows_within_their_bounds(rows: int) -> None:
    plan = cut(Content(table(rows)))
    assert plan.ranges[0] == 0
    assert plan.ranges[-1] == rows
    lengths = [last - first for first, last in pairwise(plan.ranges)]
    assert all(length > 0 for length in lengths)
    assert all(plan.target <= length <= 2 * plan.target for length in lengths[:-1])
    assert all(length <= 2 * plan.target for length in lengths)
    assert cut(Content(table(rows))) == plan


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(("first", "gone", "new"), [(0, 7, 0), (2000, 0, 5), (2500, 100, 3), (4990, 10, 0)])
def test_an_edit_moves_the_cuts_beside_it_and_no_others(first: int, gone: int, new: int) -> None:
    before = table(5000)
    after = pa.concat_tables([before.slice(0, first), table(90, seed=1).slice(0, new), before.slice(first + gone)])
    was = cut(Content(before))
    now = cut(Content(after), was)
    assert now.anchors == was.anchors
    moved = {start if start <= first else start - gone + new for start in was.ranges}
    assert len(moved & set(now.ranges)) > len(was.ranges) * 0.8


@pytest.mark.usefixtures("small")
def test_a_stream_is_cut_as_its_table_whatever_its_windows() -> None:
    whole = table(3000)
    plan = planned(whole)
    wanted = found_ranges(whole, plan, final=True)
    for window in (40, 333, 2999, 3000):
        starts, rest, given_rows = [0], whole.slice(0, 0), 0
        while given_rows < len(whole):
            part = whole.slice(given_rows, window)
            given_rows += len(part)
            rest = pa.concat_tables([rest, part])
            sure = found_ranges(rest, plan, final=given_rows == len(whole))
            starts += [starts[-1] + row for row in sure[1:]]
            rest = rest.slice(sure[-1])
        assert starts == wanted


def test_rows_as_large_as_the_longest_range_are_cut_one_by_one() -> None:
    large = pa.table({"id": range(40), "blob": [bytes(1000)] * 40})
    for longest in (100, 1000, 2200, 5000):
        plan = planned(large, longest=longest)
        assert plan.target >= 1
        found = found_ranges(large, Cut((0,), ("id",), plan.target), final=True)
        assert found[0] == 0
        assert found[-1] == 40
        assert all(last - first <= 2 * plan.target for first, last in pairwise(found))


def test_targets_are_powers_of_two_within_bounds() -> None:
    for rows, columns, size in [(0, 0, 0), (1, 1, 1), (10**9, 1, 10**8), (10, 10, 10**12), (4_000_000, 15, 6 * 10**8)]:
        target = target_rows(rows, columns, size)
        assert ranges.LEAST <= target <= ranges.MOST
        assert target & (target - 1) == 0


# ---- pieces --------------------------------------------------------------------------------------------------


@settings(max_examples=12, deadline=None, derandomize=True)
@given(arrow_tables(max_rows=30))
def test_pieces_put_together_are_the_table(some: pa.Table) -> None:
    if not some.num_columns:
        return
    bounds = sorted({0, some.num_rows // 3, some.num_rows // 2, some.num_rows})
    columns = zip(some.schema, some.columns, strict=True)
    prints = [prints_of(said, column, bounds, Quick(1)) for said, column in columns]
    groups = [
        encoded(some, [(first, last - first)], [list(ids)], statistics=True)[0]
        for (first, last), ids in zip(pairwise(bounds), zip(*prints, strict=True), strict=True)
    ]
    found = pq.ParquetFile(io.BytesIO(file_of(some, bounds, groups))).read()
    assert found.num_rows == some.num_rows
    exact = from_parquet(found.columns, some.schema, some.num_rows)
    assert column_digests(exact) == column_digests(some)


def file_of(some: pa.Table, bounds: list[int], groups: list[list[pieces.Encoded]]) -> bytes:
    frame = frame_of(physical_schema(some.schema))
    footer, chunks, size = assembled(frame, bounds, [[piece.leaves for piece in group] for group in groups])
    pages = b"".join(bytes(page) for group in groups for piece in group for _, page in piece.pages)
    assert len(pages) == size
    lifted = [lifted_leaf(footer, chunk) for chunk in chunks.tolist()]
    assert lifted == [leaf for group in groups for piece in group for leaf in piece.leaves]
    return b"PAR1" + pages + footer + len(footer).to_bytes(4, "little") + b"PAR1"


def test_a_fingerprint_is_of_values_type_and_nullability() -> None:
    def print_of(column: pa.ChunkedArray, *, nullable: bool = True) -> bytes:
        return prints_of(pa.field("any", column.type, nullable), column, [0, len(column)], Quick(1))[0]

    values = pa.chunked_array([[1, None, 3]])
    same = [
        pa.chunked_array([[1], [None, 3]]),
        pa.chunked_array([pa.array([9, 1, None, 3, 9]).slice(1, 3)]),
        pa.chunked_array([pa.array([1, 2, 3], mask=np.array([False, True, False]))]),
    ]
    assert {print_of(one) for one in same} == {print_of(values)}
    others = [
        pa.chunked_array([[1, None, 4]]),
        pa.chunked_array([[1, 0, 3]]),
        values.cast(pa.int32()),
        pa.chunked_array([[1, None]]),
    ]
    assert len({print_of(one) for one in [values, *others]}) == 5
    full = pa.chunked_array([[1, 2]])
    assert print_of(full) != print_of(full, nullable=False)
    text = pa.chunked_array([["a", None]])
    assert print_of(text) == print_of(text.cast(pa.large_string()))
    assert print_of(text) != print_of(pa.chunked_array([["", "a"]]))


@settings(max_examples=25, deadline=None, derandomize=True)
@given(arrow_tables(max_rows=30))
def test_what_is_fed_in_small_portions_is_the_same(some: pa.Table) -> None:
    whole = column_digests(some)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numbers, "NEAR", 77)
        patch.setattr(texts, "SMALL", 2)
        assert column_digests(some) == whole


@settings(max_examples=12, deadline=None, derandomize=True)
@given(arrow_tables(max_rows=30))
def test_what_is_recognised_quickly_has_the_fingerprint_that_care_would_give_it(some: pa.Table) -> None:
    bounds = sorted({0, some.num_rows // 2, some.num_rows})
    first = Quick(7)
    columns = list(zip(some.schema, some.columns, strict=True))
    prints = [prints_of(said, column, bounds, first) for said, column in columns]
    again = Quick(7, first.found)
    assert [prints_of(said, column, bounds, again) for said, column in columns] == prints
    assert again.found == first.found
    other = Quick(8, first.found)
    assert [prints_of(said, column, bounds, other) for said, column in columns] == prints
    assert not other.found.items() & first.found.items()


@pytest.mark.parametrize("width", [0, *range(1, 41), 5000])
def test_values_of_any_width_are_fed_the_same_in_small_portions(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(width)
    there = (random.random(300) < 0.8).tolist()
    values = with_nulls(pa.array([random.bytes(width) for _ in range(300)], pa.binary(width)), there)[3:]
    empty = bytes(width)
    plain = b"".join(one.as_py() if one.is_valid else empty for one in values)
    whole = fed(values, as_it_lies=False)
    monkeypatch.setattr(numbers, "NEAR", 1000)
    assert fed(values, as_it_lies=False) == whole
    assert whole[-len(plain) :] == plain if plain else whole.endswith(np.packbits(there[3:], bitorder="little"))
    assert fed(pa.array(values.to_pylist(), values.type), as_it_lies=False) == whole


@given(st.lists(st.lists(st.booleans(), min_size=1, max_size=40), min_size=1, max_size=4), st.integers(0, 17))
def test_bits_are_cut_and_joined_as_they_would_be_one_by_one(parts: list[list[bool]], before: int) -> None:
    cut = []
    for some in parts:
        lying = pa.py_buffer(np.packbits([*[True] * before, *some, *[True] * 9], bitorder="little"))
        cut.append(bits.packed(lying, before, len(some)))
        assert cut[-1].tolist() == np.packbits(some, bitorder="little").tolist()
        assert bits.all_set(cut[-1], len(some)) == all(some)
        assert bits.unpacked(cut[-1], 0, len(some)).tolist() == some
    lengths = [len(some) for some in parts]
    row = np.packbits([one for some in parts for one in some], bitorder="little").tolist()
    assert bits.joined(cut, lengths).tolist() == row
    without = [None if all(some) else packed for some, packed in zip(parts, cut, strict=True)]
    assert bits.joined(without, lengths).tolist() == row


@pytest.mark.parametrize("kind", [pa.string(), pa.large_binary()])
def test_text_that_lies_elsewhere_is_hashed_slowly_once(kind: pa.DataType, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = pa.array([f"text {n % 97}" for n in range(4000)]).cast(pa.binary()).cast(kind)
    said, ranges = pa.field("x", kind), [0, 1000, 2000, 3000, 4000]
    here = pa.chunked_array([texts])
    alike = pa.chunked_array([texts[:1000], texts[1000:]])  # which cuts no range
    apart = pa.chunked_array([pa.array(texts[start : start + 500].to_pylist(), kind) for start in range(0, 4000, 500)])
    shifted = pa.concat_arrays([texts[:1], texts])[1:]
    slowly: list[bytes] = []
    monkeypatch.setattr(pieces, "blake3", lambda **said: Counted(blake3(**said), slowly))
    first = Quick(7)
    found = prints_of(said, here, ranges, first)
    for column, asked in ((here, 0), (alike, 0), (apart, 1), (pa.chunked_array([shifted]), 1)):
        slowly.clear()
        quick = Quick(7, first.found)
        assert prints_of(said, column, ranges, quick) == found
        assert len(slowly) == asked
        again = Quick(7, quick.found)  # which has learnt where they lie now
        slowly.clear()
        assert prints_of(said, column, ranges, again) == found
        assert not slowly
        assert again.found == quick.found


def test_one_text_that_lies_elsewhere_from_its_first_row_on_is_a_word_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"text {n % 97}" for n in range(4000)]
    columns = [pa.chunked_array([[text + word for text in texts]]) for word in ("", "b", "c")]
    moved = [pa.chunked_array([some[:1500].to_pylist(), some[1500:].to_pylist()]) for some in columns]
    slowly: list[bytes] = []
    monkeypatch.setattr(pieces, "blake3", lambda **said: Counted(blake3(**said), slowly))
    said, ranges = pa.field("x", pa.string()), [0, 1000, 2000, 4000]
    first = Quick(7)
    found = [prints_of(said, column, ranges, first) for column in columns]
    slowly.clear()
    quick = Quick(7, first.found)
    assert [prints_of(said, column, ranges, quick) for column in [*columns[:1], *moved[1:]]] == found
    assert len(slowly) == 0 + 1 + 1  # the second one's first range lies as it did: only its second range says it
    assert not quick.moved
    whole = [pa.chunked_array([pa.array(["under", *column.to_pylist()])[1:]]) for column in columns]
    slowly.clear()
    assert [prints_of(said, column, ranges, quick := Quick(7, first.found)) for column in whole[:1]] == found[:1]
    assert quick.moved
    assert [prints_of(said, column, ranges, quick) for column in whole[1:]] == found[1:]
    assert len(slowly) == 1


def test_the_same_bytes_of_another_type_are_not_recognised() -> None:
    whole = pa.chunked_array([pa.array([1, 2, 3], pa.int64())])
    quick = Quick(7)
    [one] = prints_of(pa.field("n", pa.int64()), whole, [0, 3], quick)
    known = Quick(7, quick.found)
    for kind in (pa.uint64(), pa.timestamp("us"), pa.duration("us")):
        assert prints_of(pa.field("n", kind), whole.cast(kind), [0, 3], known) != [one]
    assert prints_of(pa.field("n", pa.int64(), nullable=False), whole, [0, 3], known) != [one]
    assert prints_of(pa.field("m", pa.int64()), whole, [0, 3], known) == [one]


def test_pages_of_equal_values_are_equal_whatever_was_before_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "PAGES", {"min_chunk_size": 1024, "max_chunk_size": 4096, "norm_level": 0})
    monkeypatch.setattr(pieces, "WRITE_BATCH", 64)
    some = np.random.default_rng(0).random(40_000)
    before, after = (pa.table({"x": values}) for values in (some, np.insert(some, 7000, [1.5, 2.5])))
    hashes = []
    for one in (before, after):
        ((piece,),) = encoded(one, [(0, len(one))], [[b"f" * 16]], statistics=False)
        hashes.append({digest for digest, _ in piece.pages})
    assert len(hashes[0] & hashes[1]) > len(hashes[0]) * 0.8


# ---- thrift --------------------------------------------------------------------------------------------------


@given(st.integers(-(2**63), 2**63 - 1))
def test_padded_numbers_are_read_as_what_they_are(number: int) -> None:
    width = thrift.padded(number)
    assert len(width) == thrift.PADDED
    raw, end = thrift.varint(width, 0)
    assert end == thrift.PADDED
    assert (raw >> 1) ^ -(raw & 1) == number
    assert thrift.read_struct(bytes([0x16]) + width + b"\0")[0] == {1: (thrift.I64, number)}


def test_footers_of_arrow_survive_reading_and_writing() -> None:
    sink = pa.BufferOutputStream()
    pq.write_table(table(100), sink, row_group_size=30)
    file = memoryview(sink.getvalue()).cast("B")
    raw = bytes(file[-8 - int.from_bytes(file[-8:-4], "little") : -8])
    assert thrift.written_struct(footer_of(file)) == raw


# ---- packs ---------------------------------------------------------------------------------------------------


@pytest.fixture
def place(tmp_path: Path) -> Project:
    return cast(Project, SimpleNamespace(home=tmp_path))


def pack_of(place: Project, blobs: list[bytes]) -> str:
    with PackWriter(place) as writer:
        for blob in blobs:
            writer.add(blob, short_hash(blob))
        name = writer.sealed()
        writer.keep().result()
    assert name is not None
    return name


def test_a_pack_gives_back_any_part_of_what_went_in(place: Project) -> None:
    blobs = [bytes([n]) * n for n in range(1, 60)]
    name = pack_of(place, blobs)
    pack = Pack(place, name)
    whole = b"".join(blobs)
    for start in (0, 1, 17, 500):
        for length in (1, 100, 900):
            assert pack.read(8 + start, length).to_pybytes() == whole[start : start + length]
    assert [(digest, length) for digest, _, length in pack.blobs] == [(short_hash(one), len(one)) for one in blobs]
    for offset, length in [(0, 4), (7, 2), (8, len(whole) + 1), (8 + len(whole), 1), (1 << 40, 1)]:
        with pytest.raises(Damaged):
            pack.read(offset, length)


def test_a_pack_that_is_not_finished_leaves_nothing(place: Project) -> None:
    with PackWriter(place) as writer:
        writer.add(bytes(3 << 20), b"h" * 16)
        assert len(list((place.home / "store" / "packs").iterdir())) == 1
    assert list((place.home / "store" / "packs").iterdir()) == []
    with PackWriter(place) as writer:
        assert writer.sealed() is None
        writer.keep().result()


@pytest.mark.parametrize(("blobs", "fails_at"), [(1, 1), (1, 2), (3, 1)])
def test_a_disk_that_fails_while_a_pack_is_made_keeps_it_from_being_made(
    place: Project, monkeypatch: pytest.MonkeyPatch, blobs: int, fails_at: int
) -> None:
    """The system says so once only: to whoever syncs first, which is long before the end."""
    real, calls = os.fsync, []

    def failing(fd: int) -> None:
        calls.append(fd)
        if len(calls) == fails_at:
            raise OSError(errno.EIO, "Input/output error")
        real(fd)

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(StorageRefused, match="Input/output error"):
        pack_of(place, [bytes([number]) * (5 << 20) for number in range(blobs)])
    assert list((place.home / "store" / "packs").iterdir()) == []


def test_a_pack_is_checked_once_from_many_threads(place: Project) -> None:
    from concurrent.futures import ThreadPoolExecutor

    blobs = [np.random.default_rng(n).bytes(5000) for n in range(40)]
    name = pack_of(place, blobs)
    path = place.home / "store" / "packs" / f"{name}.pack"
    content = bytearray(path.read_bytes())
    content[8 + 5000 * 20 + 3] ^= 1
    path.write_bytes(content)
    pack = Pack(place, name)

    def sound(n: int) -> bool:
        try:
            return pack.read(8 + 5000 * n, 5000).to_pybytes() == blobs[n]
        except Damaged:
            return False

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(sound, list(range(40)) * 10))
    assert [n for n in range(40) if not found[n]] == [20]
    assert found == found[:40] * 10


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 5)), max_size=30))
def test_merged_spans_are_the_same_bytes(parts: list[tuple[str, int]]) -> None:
    at = {"a": 8, "b": 8}
    spans = []
    for pack, length in parts:
        spans.append(Span(pack, at[pack], length))
        at[pack] += length
    found = merged(spans)
    flat = [(span.pack, byte) for span in spans for byte in range(span.offset, span.offset + span.length)]
    assert [(span.pack, byte) for span in found for byte in range(span.offset, span.offset + span.length)] == flat
    assert all((one.pack, one.offset + one.length) != (two.pack, two.offset) for one, two in pairwise(found))


def test_a_leaf_of_another_encoder_is_taken_over() -> None:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"a": [1, 2, 2, 2]}), sink, use_dictionary=True)
    file = memoryview(sink.getvalue()).cast("B")
    leaf, start = encoded_leaf(footer_of(file)[4][1][1][0][1][1][1][0])
    assert start == 4
    assert leaf.dictionary > 0
    assert leaf.size <= len(file)
