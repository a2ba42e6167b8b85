"""What a tracking server's runs are, for a Jupyter server that must not import mlflow itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from e2e_lab import experiments
from e2e_lab.project import Project
from e2e_lab.records import Record
from e2e_lab.records.experiments import MlflowPages

Answer = Callable[[Project, Any, dict[str, Any], Callable[[], bool]], Record]


def pages(project: Project, words: dict[str, Any]) -> MlflowPages:
    """Where the tracking server shows the project's runs, or one of them."""
    server = experiments.ui_server(project)
    assert server is not None
    return MlflowPages(own=False, url=server + experiments.ui_address(project, words["run"]))


ANSWERS: dict[str, Answer] = {
    "run page": lambda project, _, words, __: experiments.run_page(project, experiments.Wanted.from_json(words)),
    "run columns": lambda project, _, __, ___: experiments.run_columns(project),
    "run detail": lambda project, _, words, __: experiments.run_detail(project, words["run"]),
    "run comparison": lambda project, _, words, __: experiments.compare(project, words["runs"]),
    "mlflow": lambda project, _, words, __: pages(project, words),
}
