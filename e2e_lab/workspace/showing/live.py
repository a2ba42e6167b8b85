"""The metrics of a run while its cell runs: a line for each, drawn as values come; gone when the run has ended."""

from __future__ import annotations

import time
from html import escape
from typing import Any

from e2e_lab.workspace.showing.bars import PATIENCE

EVERY = 0.25
"""Seconds between two drawings; a training loop must not feel them."""
POINTS = 120
MOST = 8
"""Metrics that are drawn."""
_WIDTH, _HEIGHT = 160, 24


class LiveMetrics:
    """What a run logs, shown under the running cell where ipywidgets is installed, else nowhere."""

    def __init__(self) -> None:
        self.began = self.last = time.monotonic()
        self.curves: dict[str, Thinned] = {}
        self.widget: Any = None
        self.handle: Any = None
        self.closed = False

    def note(self, name: str, value: float, step: int) -> None:
        """Take one value; it is drawn with the next drawing."""
        if self.closed:
            return
        self.curves.setdefault(name, Thinned()).add(value, step)
        now = time.monotonic()
        if now - self.began < PATIENCE or now - self.last < EVERY:
            return
        self.last = now
        if self.widget is None and not self._open():
            self.closed = True
            return
        self.widget.value = page(self.curves)

    def _open(self) -> bool:
        from IPython.display import display

        show: Any = display
        try:
            from ipywidgets import HTML
        except ImportError:
            return False
        self.widget = HTML()
        self.handle = show(self.widget, display_id=True)
        return True

    def close(self) -> None:
        """Take it away; a saved notebook keeps no part of it."""
        self.closed = True
        if self.handle is not None:
            self.handle.update({"text/plain": ""}, raw=True)
        if self.widget is not None:
            self.widget.close()


class Thinned:
    """The values of a metric, at most twice :data:`POINTS`, evenly thinned as more come; the last is always there.

    >>> curve = Thinned()
    >>> for step in range(10_000):
    ...     curve.add(float(step), step)
    >>> len(curve.values) <= 2 * POINTS, curve.newest, curve.step
    (True, 9999.0, 9999)
    """

    def __init__(self) -> None:
        self.values: list[float] = []
        self.newest = 0.0
        self.step = 0
        self._every = 1
        self._seen = 0

    def add(self, value: float, step: int) -> None:
        """Take one more."""
        if self._seen % self._every == 0:
            self.values.append(value)
            if len(self.values) >= 2 * POINTS:
                self.values = self.values[::2]
                self._every *= 2
        self._seen += 1
        self.newest, self.step = value, step


def page(curves: dict[str, Thinned]) -> str:
    """The metrics as HTML: name, line, last value and step.

    >>> curve = Thinned()
    >>> curve.add(0.5, 3)
    >>> "<b>0.5</b>" in page({"<loss>": curve}), "<loss>" in page({"<loss>": curve})
    (True, False)
    """
    rows = [
        f"<tr><td>{escape(name)}</td><td>{_line([*curve.values, curve.newest])}</td>"
        f"<td><b>{curve.newest:.6g}</b></td><td>{f'step {curve.step:,}' if curve.step else ''}</td></tr>"
        for name, curve in list(curves.items())[:MOST]
    ]
    more = f"<tr><td colspan='4'>… {len(curves) - MOST} more</td></tr>" if len(curves) > MOST else ""
    return f"<table class='e2e-live'>{''.join(rows)}{more}</table>"


def _line(values: list[float]) -> str:
    low, high = min(values), max(values)
    spread = (high - low) or 1.0
    across = max(len(values) - 1, 1)
    points = " ".join(
        f"{1 + i / across * (_WIDTH - 2):.1f},{1 + (high - value) / spread * (_HEIGHT - 2):.1f}"
        for i, value in enumerate(values)
    )
    return (
        f"<svg width='{_WIDTH}' height='{_HEIGHT}' aria-hidden='true'><polyline points='{points}' fill='none' "
        "stroke='var(--jp-brand-color1, currentColor)' stroke-width='1.5'/></svg>"
    )
