"""What the routes about runs answer: from the database of the project, or through the worker from a tracking server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from e2e_lab import experiments
from e2e_lab.project import Project
from e2e_lab.records import Record
from e2e_lab.records.experiments import MlflowPages
from e2e_lab.workspace.server.asked import Asked
from e2e_lab.workspace.server.kept import seconds
from e2e_lab.workspace.server.paths import under

_SECONDS = 30.0
"""How long the names of metrics are believed while a run goes on, which logs without a change of the project."""
Answer = Record | dict[str, Any]


async def runs(asked: Asked) -> Answer:
    """``GET runs``."""
    wanted = await asyncio.to_thread(_wanted, asked)
    return await _answer(asked, lambda project: experiments.run_page(project, wanted), "run page", wanted.to_json())


async def columns(asked: Asked) -> Answer:
    """``GET runs/columns``."""

    def here(project: Project) -> Record:
        state = (project.revision, seconds(_SECONDS))
        return asked.backend.kept.get(("run columns", project.root), state, lambda: experiments.run_columns(project))

    return await _answer(asked, here, "run columns", {})


async def run(asked: Asked) -> Answer:
    """``GET runs/{id}``."""
    ref = asked.words["id"]
    return await _answer(asked, lambda project: experiments.run_detail(project, ref), "run detail", {"run": ref})


async def comparison(asked: Asked) -> Answer:
    """``GET runs/{id}/comparison``."""
    refs = [asked.words["id"], *asked.query["with"]]
    return await _answer(asked, lambda project: experiments.compare(project, refs), "run comparison", {"runs": refs})


async def mlflow(asked: Asked) -> Answer:
    """``POST mlflow``."""
    project = await asyncio.to_thread(lambda: asked.project)
    if await asyncio.to_thread(experiments.is_remote, project):
        return await asked.backend.worker.ask("mlflow", project, None, asked.body.to_json())
    place = await asked.backend.mlflow.place(project)
    return MlflowPages(own=True, url=place + await asyncio.to_thread(experiments.ui_address, project, asked.body.run))


def _wanted(asked: Asked) -> experiments.Wanted:
    query = asked.query
    return experiments.Wanted(
        limit=query["limit"], offset=query["offset"], sort=query["sort"], match=query["match"],
        notebook=_notebook(asked, "notebook"), first=_notebook(asked, "first"),
        pins=query["pin"], columns=query["column"],
    )  # fmt: skip


def _notebook(asked: Asked, word: str) -> str | None:
    """A notebook as runs name it."""
    path = asked.query[word]
    return None if path is None else asked.project.relative(under(asked.backend.root, path))


async def _answer(asked: Asked, here: Callable[[Project], Record], what: str, words: dict[str, Any]) -> Answer:
    """From this process where the runs are in the project; what a server has, the worker asks."""
    if await asyncio.to_thread(lambda: experiments.is_remote(asked.project)):
        return await asked.backend.worker.ask(what, asked.project, None, words)
    return await asyncio.to_thread(lambda: here(asked.project))
