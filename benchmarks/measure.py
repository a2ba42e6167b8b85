"""Time two ways of doing one thing in turn, so that a noisy machine is noisy for both, and keep the medians."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

Work = Callable[[], object]
Measure = Callable[[], float]


@dataclass(frozen=True)
class Timing:
    """What several runs took, in seconds, or what they reached, in something a second."""

    values: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.values)

    def shown(self, unit: str) -> str:
        """The median, and from where to where the runs went.

        >>> Timing([0.01, 0.012, 0.05]).shown("s"), Timing([81.2, 80.5, 79.9]).shown("/s")
        ('12 ms (10 ms–50 ms)', '80.5/s (79.9/s–81.2/s)')
        """
        if not self.values:
            return "–"
        middle, least, most = (shown(value, unit) for value in (self.median, min(self.values), max(self.values)))
        return middle if least == most else f"{middle} ({least}–{most})"


@dataclass(frozen=True)
class Row:
    """One line of the table: ours, theirs (None where there is no other side), and the aim."""

    what: str
    ours: Timing
    against: str = "–"
    theirs: Timing | None = None
    aim: str = ""
    met: bool | None = None
    note: str = ""
    unit: str = "s"

    @property
    def ratio(self) -> float | None:
        """Ours over theirs."""
        return self.ours.median / self.theirs.median if self.theirs and self.theirs.median else None


def seconds(work: Work) -> float:
    """How long *work* takes once."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def alone(what: str, ours: Work, *, at_most: float, runs: int = 7, note: str = "") -> Row:
    """Time one thing against a limit in seconds."""
    ours()
    timing = Timing([seconds(ours) for _ in range(runs)])
    return Row(what, timing, aim=f"≤ {shown(at_most)}", met=timing.median <= at_most, note=note)


def both(
    what: str, ours: Work, against: str, theirs: Work, *, at_most: float | None, or_more: float = 0.0, runs: int = 7,
    between: Work | None = None, note: str = "",
) -> Row:  # fmt: skip
    """Time two things in turn; the aim is a ratio of ours over theirs, or *or_more* seconds more; None is none.

    *between* is done after ours, and not timed.
    """

    def one() -> float:
        took = seconds(ours)
        if between:
            between()
        return took

    mine, others = in_turn(one, partial(seconds, theirs), runs=runs)
    return compared(what, mine, against, others, at_most=at_most, or_more=or_more, note=note)


def in_turn(ours: Measure, theirs: Measure, *, runs: int) -> tuple[Timing, Timing]:
    """What two measurements gave, after one of each that does not count; each time the other one goes first."""
    ours()
    theirs()
    mine, others = Timing(), Timing()
    for number in range(runs):
        sides = [(mine, ours), (others, theirs)]
        for timing, measure in sides if number % 2 == 0 else sides[::-1]:
            timing.values.append(measure())
    return mine, others


def compared(
    what: str, ours: Timing, against: str, theirs: Timing, *, at_most: float | None, or_more: float = 0.0,
    note: str = "",
) -> Row:  # fmt: skip
    """The line of two timings."""
    if at_most is None:
        return Row(what, ours, against, theirs, note=note)
    met = ours.median <= at_most * theirs.median or (or_more > 0 and ours.median <= theirs.median + or_more)
    aim = f"≤ {at_most:g}×" + (f" or + {shown(or_more)}" if or_more else "")
    return Row(what, ours, against, theirs, aim, met, note)


def rates(
    what: str, ours: Timing, against: str, theirs: Timing, *, at_least: float | None, note: str = "", unit: str = "/s"
) -> Row:
    """The line of two numbers of something a second, of which more is better."""
    if at_least is None:
        return Row(what, ours, against, theirs, note=note, unit=unit)
    met = ours.median >= at_least * theirs.median
    return Row(what, ours, against, theirs, f"≥ {at_least:g}×", met, note, unit)


def sized(
    what: str, ours: float, against: str = "–", theirs: float | None = None, *, at_most: float | None = None,
    or_bytes: float = 0.0, note: str = "",
) -> Row:  # fmt: skip
    """The line of two numbers of bytes; the aim is a ratio of ours over theirs, or *or_bytes* alone."""
    others = Timing([theirs]) if theirs is not None else None
    allowed, aims = [], []
    if at_most is not None and theirs is not None:
        allowed.append(at_most * theirs)
        aims.append(f"{at_most:g}×")
    if or_bytes:
        allowed.append(or_bytes)
        aims.append(shown(or_bytes, "B"))
    met = any(ours <= limit for limit in allowed) if allowed else None
    return Row(what, Timing([ours]), against, others, f"≤ {' or '.join(aims)}" if aims else "", met, note, "B")


def left_out(what: str, why: str) -> Row:
    """The line of what could not be measured here."""
    return Row(what, Timing(), note=f"left out: {why}")


def shown(value: float, unit: str = "s") -> str:
    """Seconds, bytes, or numbers a second, as people say them.

    >>> shown(0.0000314), shown(0.0314), shown(3.14), shown(831.4, "/s"), shown(-12_300, "B"), shown(0, "B")
    ('31 µs', '31.4 ms', '3.14 s', '831/s', '-12.3 kB', '0 B')
    """
    if unit == "B":
        for size, word in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
            if abs(value) >= size:
                return f"{value / size:.3g} {word}"
        return f"{value:.0f} B"
    if unit != "s":
        return f"{value:,.0f}{unit}" if value >= 100 else f"{value:.3g}{unit}"
    if value < 0.001:
        return f"{value * 1e6:.0f} µs"
    if value < 1:
        return f"{value * 1e3:.0f} ms" if value >= 0.1 else f"{value * 1e3:.3g} ms"
    return f"{value:.3g} s"


def table(rows: list[Row]) -> str:
    """The rows as a Markdown table."""
    lines = ["| what | e2e-lab | against | there | ratio | aim | met |", "| --- | --: | --- | --: | --: | --: | --- |"]
    for row in rows:
        there = row.theirs.shown(row.unit) if row.theirs else "–"
        ratio = f"{row.ratio:.2f}×" if row.ratio is not None else "–"
        met = {True: "yes", False: "**no**", None: "–"}[row.met]
        what = f"{row.what} ({row.note})" if row.note else row.what
        ours = row.ours.shown(row.unit)
        lines.append(f"| {what} | {ours} | {row.against} | {there} | {ratio} | {row.aim or '–'} | {met} |")
    return "\n".join(lines)
