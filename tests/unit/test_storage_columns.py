"""Which columns a condition speaks of, and which rows it picks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from e2e_lab.storage.identity import THREADS
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


def test_a_thread_opens_the_file_once() -> None:
    read = columns(large=True)
    opened: list[int] = []
    counted = Columns(lambda: opened.append(1) or read.open(), read.footer, read.size)  # type: ignore[func-returns-value]
    assert counted.read(TABLE.column_names).equals(TABLE)
    assert 1 <= len(opened) <= THREADS
    opened.clear()
    assert len(list(counted.fitting(CONDITIONS["n"], statistics=False))) == 2
    assert 1 <= len(opened) <= THREADS


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
