"""How numbers and times are said, so that one thing is said one way everywhere."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Self


class Brief(str):
    """A short form to show. *whole* is what it stands for; *lasting* is said where the words stay on a page.

    >>> id = Brief("4c2d9e11", whole="4c2d9e11a0b3")
    >>> id, id.whole, id.lasting
    ('4c2d9e11', '4c2d9e11a0b3', '4c2d9e11')
    """

    __slots__ = ("lasting", "whole")

    whole: str
    lasting: str

    def __new__(cls, text: str, *, whole: str, lasting: str | None = None) -> Self:
        made = super().__new__(cls, text)
        made.whole = whole
        made.lasting = text if lasting is None else lasting
        return made


def shape(rows: int, columns: int) -> str:
    """
    >>> shape(20640, 10)
    '20,640 × 10'
    """
    return f"{rows:,} × {columns:,}"


def size(n: float) -> str:
    """
    >>> size(5_312_000), size(812)
    ('5.3 MB', '812 B')
    """
    if abs(n) < 1000:
        return f"{n:.0f} B"
    for unit in ("kB", "MB", "GB", "TB"):
        n /= 1000
        if abs(n) < 999.5 or unit == "TB":
            break
    return f"{n:.1f} {unit}" if abs(n) < 100 else f"{n:.0f} {unit}"


def duration(seconds: float) -> str:
    """
    >>> duration(0.034), duration(12.31), duration(192)
    ('34 ms', '12.3 s', '3 min 12 s')
    """
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60} s"


def age(time: datetime, now: datetime | None = None) -> str:
    """How long ago, in words.

    >>> from datetime import timedelta
    >>> age(datetime(2026, 11, 22, tzinfo=UTC), datetime(2026, 11, 22, 2, tzinfo=UTC))
    '2 h ago'
    """
    seconds = ((now or datetime.now(UTC)) - time).total_seconds()
    for limit, unit, words in ((90, 1, "s"), (5400, 60, "min"), (129600, 3600, "h"), (5184000, 86400, "days")):
        if seconds < limit:
            return "just now" if unit == 1 and seconds < 10 else f"{round(seconds / unit)} {words} ago"
    return time.astimezone().strftime("%Y-%m-%d")


def ago(time: datetime) -> Brief:
    """:func:`age`, which on a page becomes the time itself; both local.

    >>> ago(datetime(2026, 11, 22, 12, tzinfo=UTC)).lasting.startswith("2026-11-22 ")
    True
    """
    local = time.astimezone()
    return Brief(age(time), whole=f"{local:%Y-%m-%d %H:%M:%S %Z}", lasting=f"{local:%Y-%m-%d %H:%M}")


def middle(text: str, width: int) -> str:
    """*text* in at most *width* characters, cut in the middle, where names differ least.

    >>> middle("flights_with_weather_and_holidays", 20)
    'flights_wi…_holidays'
    """
    if len(text) <= width:
        return text
    kept = max(width - 1, 2)
    return f"{text[: (kept + 1) // 2]}…{text[-(kept // 2) :]}"


def last_parts(names: Iterable[str]) -> dict[str, str]:
    """Each name of a pipeline's parameter with as few of its parts, from the last on, as tell it from the others.

    >>> list(last_parts(["ridge__alpha", "union__n_jobs", "stack__n_jobs"]).values())
    ['alpha', 'union__n_jobs', 'stack__n_jobs']
    """
    every = list(dict.fromkeys(names))
    found = {}
    for name in every:
        parts = name.split("__")
        ends = ("__".join(parts[-n:]) for n in range(1, len(parts) + 1))
        found[name] = next(
            (end for end in ends if end and sum(f"__{other}".endswith(f"__{end}") for other in every) == 1), name
        )
    return found


def settings(params: dict[str, str], *, most: int = 8) -> Brief:
    """Parameters in one line, names shortened; the whole is in ``whole``.

    >>> settings({"ridge__alpha": "0.5", "ridge__tol": "1e-4"})
    'alpha=0.5, tol=1e-4'
    """
    short = last_parts(params)
    shown = [f"{short[name]}={middle(value, 40)}" for name, value in list(params.items())[:most]]
    more = [f"… {len(params)} in all"] if len(params) > most else []
    return Brief(", ".join([*shown, *more]), whole="\n".join(f"{name}={value}" for name, value in params.items()))


def plural(n: int, word: str) -> str:
    """
    >>> plural(1, "run"), plural(2, "run")
    ('1 run', '2 runs')
    """
    return f"{n:,} {word}" if n == 1 else f"{n:,} {word}s"
