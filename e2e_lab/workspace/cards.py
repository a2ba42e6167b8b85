"""Records as compact HTML cards: plain elements, no script, theme colours of JupyterLab with plain fallbacks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING, Any

from e2e_lab.records import Record, View

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_TEXT = "var(--jp-content-font-color1, #212121)"
_QUIET = "var(--jp-content-font-color2, #616161)"
_LINE = "var(--jp-border-color2, #e0e0e0)"
_MONO = "var(--jp-code-font-family, monospace)"
_CARD = (
    f"display:inline-block;max-width:100%;overflow-x:auto;padding:4px 12px;border-left:3px solid {_LINE};"
    f"color:{_TEXT};font-family:var(--jp-ui-font-family, sans-serif);font-size:var(--jp-ui-font-size1, 13px);"
    "line-height:1.5"
)
_VERB = re.compile(r"(?<![\w%`-])e2e (?=[a-z]+\b)")


def card(record: Record) -> str:
    """The HTML of *record*'s view; every value escaped."""
    view = record.view()
    title, *rest = view.title.split(" · ")
    more = "".join(f'<span style="color:{_QUIET}"> · {escape(part)}</span>' for part in rest)
    parts = [f"<div><strong>{escape(title)}</strong>{more}</div>", *_facts(view), *_table(view)]
    parts += [f'<div style="color:{_QUIET}">{escape(in_cell(note))}</div>' for note in view.notes]
    if view.undo:
        line = f'<code style="font-family:{_MONO}">{escape(in_cell(view.undo))}</code>'
        parts.append(f'<div style="color:{_QUIET}">undo: {line}</div>')
    return f'<div class="e2e-lab-card" style="{_CARD}">{"".join(parts)}</div>'


def _facts(view: View) -> list[str]:
    return [
        f'<div><span style="color:{_QUIET}">{escape(label)}</span> {escape(value)}</div>' for label, value in view.facts
    ]


def _table(view: View) -> list[str]:
    if not view.rows:
        return []
    cell = "padding:0 12px 0 0;text-align:left;white-space:pre;border:0;background:none"
    head = "".join(f'<th style="{cell};color:{_QUIET};font-weight:normal">{escape(name)}</th>' for name in view.header)
    body = "".join(
        "<tr>" + "".join(f'<td style="{cell}">{escape(in_cell(value))}</td>' for value in row) + "</tr>"
        for row in view.rows
    )
    top = f"<thead><tr>{head}</tr></thead>" if head else ""
    return [
        f'<table style="border-collapse:collapse;margin:2px 0;font-size:inherit">{top}<tbody>{body}</tbody></table>'
    ]


def in_cell(text: str) -> str:
    """Lines to type as a notebook wants them: with the magic's ``%``.

    >>> in_cell("next: e2e snapshot VARIABLE")
    'next: %e2e snapshot VARIABLE'
    """
    return _VERB.sub("%e2e ", text)


def install(shell: InteractiveShell) -> None:
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
