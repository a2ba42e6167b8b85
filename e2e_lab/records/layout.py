"""Text in lines of a given width: paragraphs, and tables whose columns give way where there is too little room."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Sequence

from e2e_lab.records.wording import Brief, middle

ENDLESS = 1_000_000
"""The width that nothing reaches."""

_NARROWEST = 8
_GAP = "  "
_HELD = "\N{NO-BREAK SPACE}"


def numeric_columns(rows: Sequence[Sequence[str]]) -> frozenset[int]:
    """The columns that hold nothing but numbers (an id is none, though it may look like one); they stand to the right.

    >>> sorted(numeric_columns([("baseline", "17.3"), ("deeper", "1,009")]))
    [1]
    """
    columns = enumerate(zip(*rows, strict=True))
    return frozenset(i for i, cells in columns if any(cells) and all(map(_is_number, filter(None, cells))))


def _is_number(cell: str) -> bool:
    if isinstance(cell, Brief):
        return False
    try:
        float(cell.replace(",", ""))
    except ValueError:
        return False
    return True


def paragraph(text: str, width: int, *, first: str = "", rest: str | None = None) -> list[str]:
    """*text* in lines that begin with *first*, then with *rest* (as many spaces by default).

    Words stay whole, and short parts between dots too.

    >>> paragraph("raw · 3 × 2 · id 671b5f", 18)
    ['raw · 3 × 2 ·', 'id 671b5f']
    """
    rest = " " * len(first) if rest is None else rest
    room = max(width, len(first) + 8)
    parts = [part.replace(" ", _HELD) if len(part) + 2 <= room - len(rest) else part for part in text.split(" · ")]
    lines = textwrap.wrap(
        f"{_HELD}· ".join(parts), room, initial_indent=first, subsequent_indent=rest, break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip
    return [line.replace(_HELD, " ") for line in lines] or [first.rstrip()]


def table(header: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """A table in lines of at most *width*: the widest columns give way, their cells in several lines.

    >>> table(("name", "facts"), [("flights", "stage raw · from flights.csv")], 26)
    ['name     facts', 'flights  stage raw · from', '         flights.csv']
    """
    every = [header, *rows] if header else list(rows)
    if not every:
        return []
    columns = list(zip(*every, strict=True))
    widths = _fitted([max(map(len, cells)) for cells in columns], [_longest_word(cells) for cells in columns], width)
    right = numeric_columns(rows)
    lines = []
    for row in every:
        cells = [_folded(cell, room) for cell, room in zip(row, widths, strict=True)]
        for parts in itertools.zip_longest(*cells, fillvalue=""):
            sides = [parts[i].rjust(room) if i in right else parts[i].ljust(room) for i, room in enumerate(widths)]
            lines.append(_GAP.join(sides).rstrip())
    return lines


def _longest_word(cells: Sequence[str]) -> int:
    return max(len(word) for cell in cells for word in ["", *cell.split()])


def _fitted(widths: list[int], words: list[int], room: int) -> list[int]:
    """The widths made smaller, the widest first, until they fit into *room* with the gaps between them.

    Columns give way down to their longest word, and below that only where nothing else helps.
    """
    room -= len(_GAP) * (len(widths) - 1)
    for least in ([max(word, _NARROWEST) for word in words], [_NARROWEST] * len(widths)):
        while sum(widths) > room and (can := [i for i, w in enumerate(widths) if w > least[i]]):
            widths[max(can, key=lambda i: (widths[i], i))] -= 1
    return widths


def _folded(cell: str, width: int) -> list[str]:
    """A cell in lines of at most *width*; a word that is longer is cut in its middle."""
    if len(cell) <= width:
        return [cell]
    return [middle(line, width) for line in paragraph(cell, width)]
