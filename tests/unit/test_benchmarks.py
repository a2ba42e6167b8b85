"""The harness of the benchmarks: what it counts and how it judges, not how quick anything is."""

from __future__ import annotations

from functools import partial
from itertools import count

import pytest

from benchmarks.__main__ import PARTS, main
from benchmarks.measure import Row, Timing, alone, both, compared, in_turn, rates, table

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
    assert main(["data", "dta"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert all(word in said.err for word in ("dta", *PARTS))
