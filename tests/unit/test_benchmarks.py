"""The harness of the benchmarks: what it counts and how it judges, not how quick anything is."""

from __future__ import annotations

import doctest
from functools import partial
from itertools import count
from pathlib import Path
from types import ModuleType

import pandas as pd
import pytest

from benchmarks import measure, page
from benchmarks.__main__ import PARTS, main
from benchmarks.data import orders, wide
from benchmarks.measure import Row, Timing, alone, both, compared, in_turn, left_out, rates, sized, table
from benchmarks.page import replaced, section
from benchmarks.storage.edits import EDITS, ORDERS, TEN, Columns, edited
from benchmarks.storage.peer import work
from benchmarks.storage.sides import ChildFailed, asked, size

FAST, SLOW = Timing([0.010, 0.012, 0.050]), Timing([0.020, 0.024, 0.025])


def test_an_aim_is_a_ratio_of_medians() -> None:
    assert compared("save", FAST, "by hand", SLOW, at_most=0.5).met is True
    assert compared("save", FAST, "by hand", SLOW, at_most=0.4).met is False
    assert compared("save", FAST, "by hand", SLOW, at_most=0.5).ratio == pytest.approx(0.5)


def test_an_aim_may_allow_some_seconds_more_instead() -> None:
    assert compared("load", SLOW, "by hand", FAST, at_most=1.5, or_more=0.02).met is True
    assert compared("load", SLOW, "by hand", FAST, at_most=1.5, or_more=0.01).met is False
    assert compared("load", FAST, "by hand", SLOW, at_most=0.1).met is False  # no seconds more are allowed here


def test_without_an_aim_nothing_is_met_or_missed() -> None:
    row = compared("keep", FAST, "by hand", SLOW, at_most=None)
    assert (row.met, row.aim, row.ratio) == (None, "", pytest.approx(0.5))


def test_of_rates_more_is_better() -> None:
    quick, slow = Timing([90.0, 100.0]), Timing([80.0])
    assert rates("ask", quick, "by hand", slow, at_least=1).met is True
    assert rates("ask", slow, "by hand", quick, at_least=1).met is False


def test_sides_take_turns_after_a_run_that_does_not_count() -> None:
    order: list[str] = []
    number = count()

    def side(name: str) -> float:
        order.append(name)
        return float(next(number))

    ours, theirs = in_turn(partial(side, "ours"), partial(side, "theirs"), runs=2)
    assert order == ["ours", "theirs", "ours", "theirs", "theirs", "ours"]
    assert (ours.values, theirs.values) == ([2.0, 5.0], [3.0, 4.0])


def test_what_is_done_between_is_not_timed() -> None:
    done: list[str] = []
    row = both(
        "save", partial(done.append, "ours"), "by hand", partial(done.append, "theirs"), at_most=1.0, runs=1,
        between=partial(done.append, "between"),
    )  # fmt: skip
    assert done == ["ours", "between", "theirs", "ours", "between", "theirs"]
    assert len(row.ours.values) == 1


def test_the_table_shows_both_sides_and_what_is_not_met() -> None:
    rows = [
        compared("save", FAST, "by hand", SLOW, at_most=0.4, note="twice"),
        rates("ask", Timing([81.2]), "by hand", Timing([70.0]), at_least=1),
        alone("look", lambda: None, at_most=10, runs=1),
        Row("replay", Timing([2.0])),
    ]
    said = table(rows).splitlines()
    assert said[2] == "| save (twice) | 12 ms (10 ms–50 ms) | by hand | 24 ms (20 ms–25 ms) | 0.50× | ≤ 0.4× | **no** |"
    assert said[3] == "| ask | 81.2/s | by hand | 70/s | 1.16× | ≥ 1× | yes |"
    assert said[4].endswith("| – | – | – | ≤ 10 s | yes |")
    assert said[5] == "| replay | 2 s | – | – | – | – | – |"


def test_an_unknown_part_is_refused_and_nothing_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["storage", "strage"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert all(word in said.err for word in ("strage", *PARTS))


def test_bytes_have_a_ratio_or_a_number_as_their_aim() -> None:
    assert sized("append", 130, "alone", 100, at_most=1.3).met is True
    assert sized("append", 131, "alone", 100, at_most=1.3).met is False
    assert sized("rename", 50_000, or_bytes=50_000).met is True
    assert sized("rename", 50_001, or_bytes=50_000).met is False
    assert sized("save", 1, "the base", 3).met is None
    said = table([sized("append", 130, "alone", 1000, at_most=1.3), left_out("gc", "no such verb")]).splitlines()
    assert said[2] == "| append | 130 B | alone | 1 kB | 0.13× | ≤ 1.3× | yes |"
    assert said[3] == "| gc (left out: no such verb) | – | – | – | – | – | – |"


@pytest.mark.parametrize("module", [measure, page])
def test_the_examples_run(module: ModuleType) -> None:
    assert doctest.testmod(module)[0] == 0


def test_a_part_that_is_measured_replaces_its_own_section_only() -> None:
    one, two = section("One", [compared("save", SLOW, "by hand", FAST, at_most=1)], 60), section("Two", [], 6)
    first = replaced("# Old\n", {"Two": two, "One": one}, ["One", "Two"])
    assert first.index("## One") < first.index("## Two")
    assert "Not met: save." in first
    again = replaced(first, {"Two": "## Two\n\nnew\n"}, ["One", "Two"])
    assert one in again
    assert again.endswith("## Two\n\nnew\n")
    assert replaced(again, {}, ["One", "Two"]) == again
    assert "## One" not in replaced(again, {}, ["Two"])


# ---- the storage part: tables, edits, contestants ------------------------------------------------------------


@pytest.fixture(scope="module")
def base() -> pd.DataFrame:
    return orders(5000)


def test_orders_are_the_same_rows_each_time_of_every_kind(base: pd.DataFrame, tmp_path: Path) -> None:
    pd.testing.assert_frame_equal(orders(3000, tmp_path), base[:3000])
    pd.testing.assert_frame_equal(orders(3000, tmp_path), base[:3000])  # now from the folder
    assert base.shape == (5000, 15)
    assert {"int64", "int32", "int16", "float64", "float32", "bool", "str", "datetime64[us]"} == set(
        base.dtypes.astype(str)
    )
    assert base["order_id"].is_unique
    assert base["session"].is_unique
    assert base["order_id"].is_monotonic_increasing
    assert set(base.columns[base.isna().any()]) == {"comment", "score", "updated_at"}


def test_wide_tables_have_no_two_equal_columns() -> None:
    frame = wide(50, 20)
    assert frame.shape == (20, 50)
    assert not frame.T.duplicated().any()


@pytest.mark.parametrize("edit", [edit for edit in EDITS if edit != "unchanged"])
def test_an_edit_changes_the_table_elsewhere_for_every_seed_and_never_the_one_it_is_given(
    base: pd.DataFrame, edit: str
) -> None:
    before = base.copy()
    made = [edited(base, edit, ORDERS, seed) for seed in range(9)]
    pd.testing.assert_frame_equal(base, before)
    for place, frame in enumerate(made):
        assert not any(frame.equals(other) for other in [base, *made[:place]])


def test_ten_edits_in_a_row_do_what_they_say(base: pd.DataFrame) -> None:
    frame = base
    for seed, edit in enumerate(TEN):
        frame = edited(frame, edit, ORDERS, seed)
    assert len(frame) == 5000 + 50 + 1000 + 60 - 1008
    assert list(frame.columns) == [*base.columns, "new5"]
    assert not frame["score"].isna().any()
    assert edited(base, "unchanged", ORDERS, 0).equals(base)
    assert list(edited(base, "sorted", Columns("price", "score", ("sku",)), 0)["sku"]) == sorted(base["sku"])


class Remembering:
    """A contestant that keeps versions in files of pickles, and can be made to give another one back."""

    def __init__(self, folder: Path, wrong: int = 0) -> None:
        folder.mkdir()
        self.folder, self.wrong, self.saved = folder, wrong, 0

    def save(self, frame: pd.DataFrame, added: int = 0) -> None:
        frame.to_pickle(self.folder / str(self.saved))
        self.saved += 1

    def load(self) -> pd.DataFrame:
        return pd.read_pickle(self.folder / str(self.saved - 1 - self.wrong))

    def first(self) -> pd.DataFrame:
        return pd.read_pickle(self.folder / "0")

    def kept(self) -> int:
        return size(self.folder)


def test_every_contestant_does_the_same_work(base: pd.DataFrame, tmp_path: Path) -> None:
    took = work(Remembering, base, tmp_path, 2)
    assert {what: len(values) for what, values in took.items()} == {
        "first save": 2, "100 rows replaced": 2, "1 % of rows appended": 2, "a new column": 2, "ten": 2, "load": 2,
        "first": 1,
    }  # fmt: skip
    added, first = took["ten"]
    assert 9 < added / first < 13


def test_a_contestant_that_gives_back_another_version_is_not_measured(base: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="came back"):
        work(partial(Remembering, wrong=2), base, tmp_path, 1)


def test_a_child_that_fails_says_why() -> None:
    with pytest.raises(ChildFailed, match=r"benchmarks\.storage\.growth rows: .*not enough values"):
        asked("benchmarks.storage.growth", "rows")
