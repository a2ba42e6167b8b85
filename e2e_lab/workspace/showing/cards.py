"""Records as compact HTML cards: plain elements and inline styles, no script, no colours but JupyterLab's.

What a viewer drops (GitHub: all styles; an untrusted notebook: variables) leaves the same words in the same order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING, Any

from e2e_lab.records import Brief, Record, View
from e2e_lab.records.layout import numeric_columns

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_QUIET = "opacity:.65"
_CARD = (
    "box-sizing:border-box;max-width:100%;overflow-x:auto;padding:1px 0 1px 12px;"
    "border-left:3px solid var(--jp-border-color2, #bdbdbd);"
    "font-family:var(--jp-ui-font-family, sans-serif);font-size:var(--jp-ui-font-size1, 13px);line-height:1.5"
)
_CODE = "font-family:var(--jp-code-font-family, monospace);background:none;padding:0"
_TABLE = "border-collapse:collapse;margin:2px 0;font-size:inherit;table-layout:auto"
_CELL = "padding:0 16px 0 0;line-height:1.5;vertical-align:top;border:0;background:none"
_WIDE = 44
"""Characters; a column with a longer cell wraps."""
_MOST_ROWS = 60
_VERB = re.compile(r"(?<![\w%`-])e2e (?=[a-z]+\b)")


def card(record: Record) -> str:
    """The HTML of *record*'s view; every value escaped."""
    return html(record.view())


def html(view: View) -> str:
    """A view as one card.

    >>> print(html(View("flights@v1 · <raw>")))  # doctest: +ELLIPSIS
    <div class="e2e-lab-card" style="..."><div><strong>flights@v1</strong><span ...> · &lt;raw&gt;</span></div></div>
    """
    parts = [_title(view.title), *_facts(view), *_table(view)]
    notes = [*view.notes, *_left_out(view)]
    parts += [f'<div style="{_QUIET}">{escape(in_cell(note))}</div>' for note in notes]
    if view.undo:
        line = f'<code style="{_CODE}">{escape(in_cell(view.undo))}</code>'
        parts.append(f'<div style="{_QUIET}">undo: {line}</div>')
    return f'<div class="e2e-lab-card" style="{_CARD}">{"".join(parts)}</div>'


def _title(text: str) -> str:
    name, dot, more = text.partition(" · ")
    rest = f'<span style="{_QUIET}">{escape(dot + more)}</span>' if dot else ""
    return f"<div><strong>{escape(name)}</strong>{rest}</div>"


def _facts(view: View) -> list[str]:
    """Beside one another where there is room."""
    if not view.facts:
        return []
    facts = (
        f'<div style="margin-right:16px"><span style="{_QUIET}">{escape(label)}</span> {_value(value)}</div>'
        for label, value in view.facts
    )
    return [f'<div style="display:flex;flex-wrap:wrap">{"".join(facts)}</div>']


def _table(view: View) -> list[str]:
    if not view.rows:
        return []
    rows = view.rows[:_MOST_ROWS]
    right = numeric_columns(rows)
    styles = [
        f"{_CELL};text-align:{'right' if i in right else 'left'};{_wrapping(cells)}"
        for i, cells in enumerate(zip(*rows, strict=True))
    ]
    head = "".join(
        f'<th style="{style};{_QUIET};font-weight:normal">{escape(name)}</th>'
        for name, style in zip(view.header, styles, strict=False)
    )
    body = "".join(
        '<tr style="background:none">'
        + "".join(f'<td style="{style}">{_value(cell)}</td>' for cell, style in zip(row, styles, strict=True))
        + "</tr>"
        for row in rows
    )
    top = f'<thead style="border:0"><tr>{head}</tr></thead>' if head else ""
    return [f'<table style="{_TABLE}">{top}<tbody>{body}</tbody></table>']


def _wrapping(cells: tuple[str, ...]) -> str:
    return "white-space:normal;min-width:16em" if max(map(len, cells)) > _WIDE else "white-space:nowrap"


def _value(value: str) -> str:
    """One value, with what it is short for on hover; the spaces that indent a tree as wide spaces."""
    whole = value.whole if isinstance(value, Brief) else ""
    shown = value.lasting if isinstance(value, Brief) else value
    words = shown.lstrip(" ")
    inner = "\u2003" * ((len(shown) - len(words)) // 2) + " · ".join(map(_part, in_cell(words).split(" · ")))
    return f'<span title="{escape(whole)}">{inner}</span>' if whole and whole != shown else inner


def _part(words: str) -> str:
    """What stands between dots: on one line where it is short."""
    whole = " " not in words or len(words) > _WIDE
    return escape(words) if whole else f'<span style="white-space:nowrap">{escape(words)}</span>'


def _left_out(view: View) -> list[str]:
    more = len(view.rows) - _MOST_ROWS
    return [f"… and {more:,} more rows"] if more > 0 else []


def in_cell(text: str) -> str:
    """Lines to type as a notebook wants them: with the magic's ``%``.

    >>> in_cell("next: e2e snapshot VARIABLE")
    'next: %e2e snapshot VARIABLE'
    """
    return _VERB.sub("%e2e ", text)


def install_cards(shell: InteractiveShell) -> None:
    """Make every record show as its card in this shell."""
    assert shell.display_formatter is not None
    formatters = shell.display_formatter.formatters
    formatters["text/html"].for_type(Record, card)
    for kind in _kinds(Record):  # each by itself: a class's own __repr__ goes before its parent's printer
        formatters["text/plain"].for_type(kind, _print)
    formatters["text/plain"].for_type_by_name("e2e_lab.serving.calling", "Endpoint", _print)  # not imported yet


def _kinds(kind: type[Record]) -> Iterator[type[Record]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _kinds(below)


def _print(record: Record, printer: Any, _: bool) -> None:
    printer.text(in_cell(record.view().text()))
