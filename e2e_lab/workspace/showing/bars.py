"""How far long work is, shown where it was begun: a bar in a notebook, a percentage in a terminal, else nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Tell = Callable[[int, int], None]
"""``tell(done, total)``, as often as one likes."""

PATIENCE = 0.5
"""Seconds; work that is done by then shows nothing."""
_EVERY = 0.1


@contextmanager
def progress_bar(words: str, *, notebook: bool) -> Iterator[Tell | None]:
    """What to call while the block works; None where nobody looks. Nothing is left behind when it ends."""
    if notebook:
        bar = _Bar(words)
        try:
            yield bar.tell
        finally:
            bar.close()
    elif sys.stderr.isatty():
        width = len(words) + 8
        try:
            yield lambda done, total: _line(f"{words}: {done / max(total, 1):.0%}", width)
        finally:
            _line("", width)
    else:
        yield None


def _line(text: str, width: int) -> None:
    """On one line of the terminal, which is left as it was."""
    sys.stderr.write(f"\r{text:<{width}}\r")
    sys.stderr.flush()


class _Bar:
    """A bar under the running cell: ipywidgets' where it is installed, else plain words."""

    def __init__(self, words: str) -> None:
        self.words = words
        self.began = self.last = time.monotonic()
        self.handle: Any = None
        self.widget: Any = None

    def tell(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self.began < PATIENCE or now - self.last < _EVERY:
            return
        self.last = now
        part = done / max(total, 1)
        if self.handle is None:
            self._open()
        if self.widget is not None:
            self.widget.value = part
            self.widget.description = f"{self.words} {part:.0%}"
        else:
            self.handle.update(_words(f"{self.words} {part:.0%}"), raw=True)

    def _open(self) -> None:
        from IPython.display import display

        show: Any = display
        try:
            from ipywidgets import FloatProgress

            layout = {"width": "100%", "max_width": "480px"}
            style = {"description_width": "initial"}
            self.widget = FloatProgress(min=0.0, max=1.0, description=self.words, layout=layout, style=style)
            self.handle = show(self.widget, display_id=True)
        except ImportError:
            self.handle = show(_words(self.words), display_id=True, raw=True)

    def close(self) -> None:
        """Take the bar away; a saved notebook keeps no part of it."""
        if self.handle is not None:
            self.handle.update(_words(""), raw=True)
        if self.widget is not None:
            self.widget.close()


def _words(text: str) -> dict[str, str]:
    return {"text/plain": text}
