"""How numbers and times are said, so that one thing is said one way everywhere."""

from __future__ import annotations

from datetime import UTC, datetime


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


def plural(n: int, word: str) -> str:
    """
    >>> plural(1, "run"), plural(2, "run")
    ('1 run', '2 runs')
    """
    return f"{n:,} {word}" if n == 1 else f"{n:,} {word}s"
