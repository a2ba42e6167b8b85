"""What a tracking server's runs are, for a Jupyter server that must not import mlflow itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from e2e_lab import experiments
from e2e_lab.project import Project
from e2e_lab.records import Record

Answer = Callable[[Project, Any, dict[str, Any], Callable[[], bool]], Record]

ANSWERS: dict[str, Answer] = {
    "run page": lambda project, _, words, __: experiments.run_page(project, experiments.Wanted.from_json(words)),
    "run columns": lambda project, _, __, ___: experiments.run_columns(project),
    "run detail": lambda project, _, words, __: experiments.run_detail(project, words["run"]),
    "run comparison": lambda project, _, words, __: experiments.compare(project, words["runs"]),
}
