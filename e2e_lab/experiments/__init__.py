"""Model Experimentation and Tracking: runs in MLflow, the models they keep, and the proof that those load elsewhere.

The only room that imports mlflow's tracking, and only when a run, a listing or a model is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from e2e_lab.faces import lazily

if TYPE_CHECKING:
    from e2e_lab.experiments.after import keep
    from e2e_lab.experiments.answering import own_answers
    from e2e_lab.experiments.background import wait
    from e2e_lab.experiments.datasets_used import find_data
    from e2e_lab.experiments.embedded import reading
    from e2e_lab.experiments.glance import overview
    from e2e_lab.experiments.kept import check_trust, kept_model, load_model
    from e2e_lab.experiments.named import data_ids, holding
    from e2e_lab.experiments.notebook import run_notebook
    from e2e_lab.experiments.run import ActiveRun, join, start
    from e2e_lab.experiments.table import find_run, runs
    from e2e_lab.experiments.tables import is_remote
    from e2e_lab.experiments.tracking import open_store, prewarm, told
    from e2e_lab.experiments.ui import ui_address, ui_changes, ui_command, ui_server
    from e2e_lab.experiments.wanted import Wanted
    from e2e_lab.experiments.whole import compare, run_columns, run_detail, run_page

__all__ = [
    "ActiveRun",
    "Wanted",
    "check_trust",
    "compare",
    "data_ids",
    "find_data",
    "find_run",
    "holding",
    "is_remote",
    "join",
    "keep",
    "kept_model",
    "load_model",
    "open_store",
    "overview",
    "own_answers",
    "prewarm",
    "reading",
    "run_columns",
    "run_detail",
    "run_notebook",
    "run_page",
    "runs",
    "start",
    "told",
    "ui_address",
    "ui_changes",
    "ui_command",
    "ui_server",
    "wait",
]

_WHERE = {
    "ActiveRun": "run", "check_trust": "kept", "data_ids": "named", "find_data": "datasets_used",
    "find_run": "table", "holding": "named", "own_answers": "answering", "reading": "embedded",
    "join": "run", "keep": "after", "kept_model": "kept",
    "load_model": "kept", "open_store": "tracking",
    "overview": "glance", "prewarm": "tracking", "run_notebook": "notebook", "runs": "table", "start": "run",
    "told": "tracking", "wait": "background", "Wanted": "wanted", "compare": "whole", "is_remote": "tables",
    "run_columns": "whole", "run_detail": "whole", "run_page": "whole",
    "ui_address": "ui", "ui_changes": "ui", "ui_command": "ui", "ui_server": "ui",
}  # fmt: skip

__getattr__ = lazily(__name__, _WHERE)
