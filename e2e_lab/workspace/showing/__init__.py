"""How answers look: cards, the table of runs, bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

from e2e_lab.faces import lazily

if TYPE_CHECKING:
    from e2e_lab.workspace.showing.bars import progress_bar
    from e2e_lab.workspace.showing.cards import card, html, install_cards
    from e2e_lab.workspace.showing.live import LiveMetrics
    from e2e_lab.workspace.showing.runs import run_table

__all__ = [
    "LiveMetrics",
    "card",
    "html",
    "install_cards",
    "progress_bar",
    "run_table",
]

_WHERE = {
    "LiveMetrics": "live",
    "card": "cards",
    "html": "cards",
    "install_cards": "cards",
    "progress_bar": "bars",
    "run_table": "runs",
}

__getattr__ = lazily(__name__, _WHERE)
