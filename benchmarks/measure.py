"""Time two ways of doing one thing in turn, so that a noisy machine is noisy for both, and keep the medians."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

Work = Callable[[], object]


@dataclass(frozen=True)
class Row:
    """One line of the table: seconds of ours, seconds of theirs (None where there is no other side), and the aim."""

    what: str
    ours: float
    against: str = "–"
    theirs: float | None = None
    aim: str = ""
    met: bool | None = None
    runs: int = 0
    spread: tuple[float, float] = (0.0, 0.0)
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """Ours over theirs."""
        return self.ours / self.theirs if self.theirs else None


@dataclass
class Timing:
    """The seconds of several runs."""

    seconds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.seconds)


def seconds(work: Work) -> float:
    """How long *work* takes once."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def alone(what: str, ours: Work, *, at_most: float, runs: int = 7, note: str = "") -> Row:
    """Time one thing against a limit in seconds."""
    ours()
    timing = Timing([seconds(ours) for _ in range(runs)])
    return Row(
        what, timing.median, aim=f"≤ {shown(at_most)}", met=timing.median <= at_most, runs=runs,
        spread=(min(timing.seconds), max(timing.seconds)), note=note,
    )  # fmt: skip


def both(
    what: str, ours: Work, against: str, theirs: Work, *, at_most: float, runs: int = 7, warm: bool = True,
    note: str = "",
) -> Row:  # fmt: skip
    """Time two things in turn; the aim is a ratio of ours over theirs."""
    if warm:
        ours()
        theirs()
    mine, others = Timing(), Timing()
    for _ in range(runs):
        mine.seconds.append(seconds(ours))
        others.seconds.append(seconds(theirs))
    ratio = mine.median / others.median
    return Row(
        what, mine.median, against, others.median, f"≤ {at_most:g}×", ratio <= at_most, runs,
        (min(mine.seconds), max(mine.seconds)), note,
    )  # fmt: skip


def shown(value: float) -> str:
    """Seconds as people say them."""
    if value < 0.001:
        return f"{value * 1e6:.0f} µs"
    if value < 1:
        return f"{value * 1e3:.3g} ms"
    return f"{value:.3g} s"


def table(rows: list[Row]) -> str:
    """The rows as a Markdown table."""
    lines = ["| what | e2e-lab | against | there | ratio | aim | met |", "| --- | --: | --- | --: | --: | --: | --- |"]
    for row in rows:
        there = shown(row.theirs) if row.theirs is not None else "–"
        ratio = f"{row.ratio:.2f}×" if row.ratio is not None else "–"
        met = {True: "yes", False: "**no**", None: "–"}[row.met]
        what = f"{row.what} ({row.note})" if row.note else row.what
        lines.append(f"| {what} | {shown(row.ours)} | {row.against} | {there} | {ratio} | {row.aim or '–'} | {met} |")
    return "\n".join(lines)
