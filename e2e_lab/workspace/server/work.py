"""What the routes about rows, columns and jobs answer."""

from __future__ import annotations

import asyncio
from typing import Any

from e2e_lab.records import Snapshot
from e2e_lab.records.jobs import Job, JobLog, JobPage
from e2e_lab.records.panels import KernelCheck
from e2e_lab.workspace import jobs
from e2e_lab.workspace.server.asked import Asked, checked
from e2e_lab.workspace.server.data import found_version
from e2e_lab.workspace.server.paths import under

# ---- tables --------------------------------------------------------------------------------------------------


async def rows(asked: Asked) -> dict[str, Any]:
    """``GET …/rows``, as the worker says it."""
    words = {"columns": asked.query["column"], "offset": asked.query["offset"], "limit": asked.query["limit"]}
    return await asked.backend.worker.ask("rows", asked.project, await _version(asked), words)


async def columns(asked: Asked) -> dict[str, Any]:
    """``GET …/columns``, as the worker says it."""
    words = {"columns": asked.query["column"]}
    return await asked.backend.worker.ask("columns", asked.project, await _version(asked), words)


async def _version(asked: Asked) -> Snapshot:
    return await asyncio.to_thread(lambda: found_version(asked.project, asked.words["name"], asked.words["selector"]))


async def kernel(asked: Asked) -> KernelCheck:
    """``GET kernels/{name}``."""
    python = await asked.backend.python_of(asked.words["name"])
    said = await asyncio.to_thread(jobs.library_of, python.program, python.environment)
    return KernelCheck(
        kernel=asked.words["name"],
        version=said.get("version"),
        match=jobs.fits(said),
        install=jobs.install_line(python.program),
    )


# ---- jobs ----------------------------------------------------------------------------------------------------


async def start_job(asked: Asked) -> Job:
    """``POST jobs``."""
    wish = asked.body
    python = await asked.backend.python_of(wish.kernel)

    def begin() -> Job:
        kind = jobs.kind_of(wish.kind)
        args = checked(kind.args, wish.args)
        title = kind.title(args)
        ready = kind.check(asked.project, lambda path: under(asked.backend.root, path), args)
        return jobs.start(
            asked.project, wish.kind, ready, title=title, python=python.program, kernel=wish.kernel,
            environment=python.environment,
        )  # fmt: skip

    return await asyncio.to_thread(begin)


def list_jobs(asked: Asked) -> JobPage:
    """``GET jobs``."""
    found = jobs.listed(asked.project)
    limit, offset = asked.query["limit"], asked.query["offset"]
    return JobPage(items=tuple(asked.page(found)), total=len(found), limit=limit, offset=offset)


def job(asked: Asked) -> Job:
    """``GET jobs/{id}``."""
    return jobs.find(asked.project, asked.words["id"])


def cancel_job(asked: Asked) -> Job:
    """``POST jobs/{id}/cancel``."""
    return jobs.cancel(asked.project, asked.words["id"])


def job_log(asked: Asked) -> JobLog:
    """``GET jobs/{id}/log``."""
    return jobs.log(asked.project, asked.words["id"], asked.query["offset"])
