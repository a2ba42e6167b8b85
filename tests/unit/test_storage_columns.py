"""Which columns a condition speaks of, and which rows it picks."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from e2e_lab.storage.identity import THREADS
from e2e_lab.storage.store import columns as module
from e2e_lab.storage.store.columns import THREADS_FROM, Columns, Picked, fields_of, first, sample_of

ROWS = 5000
TABLE = pa.table(
    {
        "n": pa.array(range(ROWS)),
        "x": pa.array(np.random.default_rng(0).random(ROWS)),
        "text": [None if n % 9 == 0 else f"text {n % 40}" for n in range(ROWS)],
        "s": [{"a": n % 7, "b": [n]} for n in range(ROWS)],
    }
)
CONDITIONS = {
    "n": pc.field("n") >= 3600,
    "n x": (pc.field("n") < 900) | (pc.field("x") > 0.99),
    "text": pc.field("text").is_null(),
    "s": pc.field("s", "a") == 3,
    "nothing fits": pc.field("n") < 0,
    "all fit": pc.field("n") >= 0,
    "no column": pc.scalar(True),
    "by place": pc.field(1) > 0.5,
    "in": pc.field("text").isin(["text 1", "text 2"]),
}


def columns(*, large: bool) -> Columns:
    """The table in row groups of 1,000; worked on in threads where it passes for *large*."""
    sink = pa.BufferOutputStream()
    pq.write_table(TABLE, sink, row_group_size=1000)
    file = sink.getvalue()
    length = int.from_bytes(file[-8:-4].to_pybytes(), "little") + 8
    return Columns(lambda: pa.BufferReader(file), file[-length:], THREADS_FROM if large else 0)


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("said", CONDITIONS)
def test_a_condition_picks_the_rows_that_arrow_picks(said: str, large: bool) -> None:
    read = columns(large=large)
    picked = list(read.fitting(CONDITIONS[said], statistics=True))
    assert read.rows_of(TABLE.schema.names, picked).equals(TABLE.filter(CONDITIONS[said]))
    assert read.rows_of(["text", "n"], picked).equals(TABLE.filter(CONDITIONS[said]).select(["text", "n"]))


def test_row_groups_that_statistics_rule_out_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    real = Columns._read

    def noted(self: Columns, names: Sequence[str], groups: Sequence[int], opened: Any) -> pa.Table:
        read.extend(groups)
        return real(self, names, groups, opened)

    monkeypatch.setattr(Columns, "_read", noted)
    some = columns(large=False)
    assert [one.group for one in some.fitting(CONDITIONS["n"], statistics=True)] == [3, 4]
    assert read == [3, 4]
    assert len(list(some.fitting(CONDITIONS["n"], statistics=False))) == 2
    assert read == [3, 4, 0, 1, 2, 3, 4]


def noted(read: Columns, opened: list[int]) -> Columns:
    """*read*, which notes each time that the file is opened."""
    return Columns(lambda: opened.append(1) or read.open(), read.footer, read.size)  # type: ignore[func-returns-value]


def test_a_thread_opens_the_file_once(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[int] = []
    counted = noted(columns(large=True), opened)
    monkeypatch.setattr(module, "COPIED", 0)
    assert counted.read(TABLE.column_names).equals(TABLE)
    assert 1 <= len(opened) <= THREADS
    opened.clear()
    assert len(list(counted.fitting(CONDITIONS["n"], statistics=False))) == 2
    assert 1 <= len(opened) <= THREADS


def test_a_small_file_of_which_all_is_wanted_is_read_at_once() -> None:
    opened: list[int] = []
    counted = noted(columns(large=True), opened)
    assert counted.read(["text", "s", "x", "n"]).equals(TABLE.select(["text", "s", "x", "n"]))
    assert len(opened) == 1


def test_a_read_that_is_given_up_leaves_no_work_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    going: list[int] = []
    real = Columns._read

    def slow(self: Columns, *asked: Any) -> pa.Table:
        going.append(1)
        time.sleep(0.05)
        found = real(self, *asked)
        going.pop()
        return found

    monkeypatch.setattr(Columns, "_read", slow)
    some = columns(large=True).fitting(pc.field("n") >= 0, statistics=False)
    next(some)
    some.close()  # type: ignore[attr-defined]
    assert not going
    monkeypatch.setattr(Columns, "_read", lambda *asked: 1 / 0)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            columns(large=True).read(TABLE.column_names)
    monkeypatch.setattr(Columns, "_read", real)
    assert columns(large=True).read(TABLE.column_names).equals(TABLE)


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.binary()])
def test_text_comes_back_however_it_is_coded(kind: pa.DataType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few values, nulls, values that fill more than a dictionary may take, values that differ, and no rows of some."""
    numbers = np.random.default_rng(0).integers(0, 3, 40_000)
    texts = {
        "few": [("", "é", "north")[n] for n in numbers],
        "gaps": [None if n == 1 else f"{n}" for n in numbers],
        "null": [None] * len(numbers),
        "later": [str(n) if row < 30_000 else f"{n} {row}" for row, n in enumerate(numbers)],
        "much": [f"{row % 20_000:0300}" for row in range(len(numbers))],
        "unique": [f"{row}" for row in range(len(numbers))],
    }
    table = pa.table({name: pa.array(some).cast(kind) for name, some in texts.items()})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, row_group_size=20_000, compression="zstd", compression_level=1, store_schema=True)
    file = sink.getvalue()
    length = int.from_bytes(file[-8:-4].to_pybytes(), "little") + 8
    read = Columns(lambda: pa.BufferReader(file), file[-length:], THREADS_FROM)
    coded = {"few", "gaps", "null", "later"} if kind != pa.binary() else set()
    assert coded <= {table.column_names[leaf] for leaf in read._coded} <= coded | {"much"}
    assert read.read(table.column_names).equals(table)
    assert all(column.num_chunks == 1 for column in read.read(["few", "gaps", "later"]).columns)
    monkeypatch.setattr(module, "MOST_TEXT", 1000)
    assert read.read(table.column_names).equals(table)
    assert read.read(["gaps", "much"], [1, 0]).equals(pa.concat_tables([table[20_000:], table[:20_000]]).select([1, 4]))
    condition = pc.field("few") == pa.scalar("é").cast(kind)
    picked = list(read.fitting(condition, statistics=True))
    assert read.rows_of(["few", "gaps"], picked).equals(table.filter(condition).select(["few", "gaps"]))
    nothing = pa.BufferOutputStream()
    pq.write_table(table[:0], nothing)
    end = nothing.getvalue()
    empty = Columns(lambda: pa.BufferReader(end), end, THREADS_FROM)
    assert empty.read(table.column_names).equals(table[:0])


def test_text_that_is_called_like_a_part_of_another_column_comes_back() -> None:
    """pyarrow finds leaves by paths with dots, of which two may be the same."""
    texts = pa.array([("north", "south", None)[n % 3] for n in range(40_000)])
    columns = {
        "a.b": texts,
        "a": pa.StructArray.from_arrays([texts, pa.array(range(40_000))], ["b", "c"]),
        "l.list.element": texts,
        "l": pa.ListArray.from_arrays(pa.array(range(40_001), pa.int32()), texts),
        "last": texts,
    }
    table = pa.table(columns)
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, row_group_size=20_000)
    file = sink.getvalue()
    read = Columns(lambda: pa.BufferReader(file), file, THREADS_FROM)
    assert read._coded == [0, 3, 5]
    assert read.read(table.column_names).equals(table)
    assert read.rows_of(table.column_names, read.all()).equals(table)
    picked = list(read.fitting(pc.field("last") == "south", statistics=False))
    assert read.rows_of(table.column_names, picked).equals(table.filter(pc.field("last") == "south"))


def test_a_file_of_many_columns_is_asked_for_its_schema_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """pyarrow makes a schema anew whenever it is asked: for each of 2,000 columns that took 2 s."""
    names = [f"c{n}" for n in range(300)]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({name: ["a", "b", "a"] for name in names}), sink)
    file = sink.getvalue()
    asked: list[int] = []
    real = pq.ParquetFile.schema_arrow.fget
    monkeypatch.setattr(pq.ParquetFile, "schema_arrow", property(lambda self: asked.append(1) or real(self)))
    assert Columns(lambda: pa.BufferReader(file), file, THREADS_FROM).read(names).num_columns == 300
    assert len(asked) == 1


def test_what_the_file_itself_calls_a_dictionary_stays_one() -> None:
    texts = pa.array([("north", "south", None)[n % 3] for n in range(60_000)])
    table = pa.table({"category": texts.dictionary_encode(), "text": texts})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, row_group_size=20_000)
    file = sink.getvalue()
    read = Columns(lambda: pa.BufferReader(file), file, THREADS_FROM).read(["category", "text"])
    assert read.schema == table.schema
    assert read.column("category").cast(pa.string()).equals(table.column("text"))


@pytest.mark.parametrize(
    ("said", "names"),
    [("n", ["n"]), ("n x", ["n", "x"]), ("s", ["s"]), ("no column", []), ("by place", ["n", "x", "text", "s"])],
)
def test_the_columns_a_condition_speaks_of(said: str, names: list[str]) -> None:
    assert fields_of(CONDITIONS[said], TABLE.schema) == names


def test_what_does_not_fit_the_columns_is_said() -> None:
    with pytest.raises(pa.ArrowInvalid, match="No match for FieldRef"):
        fields_of(pc.field("y") > 1, TABLE.schema)
    with pytest.raises(pa.ArrowNotImplementedError):
        fields_of(pc.field("n") == "one", TABLE.schema)


def test_first_rows_and_samples_stay_in_order_and_no_more_are_asked_for() -> None:
    groups = [Picked(0, 10), Picked(1, 3, np.array([2, 5, 9])), Picked(2, 10)]
    asked = iter(groups)
    found = list(first(asked, 12))
    assert [(one.group, one.rows) for one in found] == [(0, 10), (1, 2)]
    assert found[1].places is not None
    assert found[1].places.tolist() == [2, 5]
    assert next(asked) is groups[2]
    assert list(first(iter(groups), 0)) == []
    sampled = list(sample_of(groups, 8))
    assert sum(one.rows for one in sampled) == 8
    assert all(one.places is None or (np.diff(one.places) > 0).all() for one in sampled)
    assert [(one.group, one.rows) for one in sample_of(groups, 99)] == [(0, 10), (1, 3), (2, 10)]
