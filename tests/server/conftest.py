"""A real Jupyter server with the extension on; its root is a folder with a real project in it."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pytest_jupyter.jupyter_server import *  # noqa: F403
from tornado.httpclient import HTTPClientError

from e2e_lab import project as projects
from e2e_lab.workspace.server.backend import Backend


@dataclass(frozen=True)
class Answer:
    """What the server said: the status, and the body as JSON."""

    status: int
    body: dict[str, Any]


Ask = Callable[..., Awaitable[Answer]]


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {"ServerApp": {"jpserver_extensions": {"e2e_lab": True}}}


@pytest.fixture
def ask(jp_fetch: Any) -> Ask:
    """``await ask("status", project="flights")``: an answer, whether it went well or not. A body makes it a POST."""

    async def asked(
        noun: str, *, headers: dict[str, str] | None = None, body: Any = None, method: str | None = None, **params: Any
    ) -> Answer:
        how: dict[str, Any] = {} if method is None else {"method": method, "allow_nonstandard_methods": True}
        words = [(name, one) for name, said in params.items() for one in (said if isinstance(said, list) else [said])]
        if body is not None:
            how |= {"method": "POST", "body": body if isinstance(body, bytes) else json.dumps(body)}
        try:
            got = await jp_fetch("e2e-lab", "api", *noun.split("/"), headers=headers, params=words, **how)
        except HTTPClientError as refused:
            got = refused.response
        assert got.headers["Content-Type"].startswith("application/json")
        return Answer(got.code, json.loads(got.body))

    return asked


@pytest.fixture
def backend(jp_serverapp: Any) -> Iterator[Backend]:
    """What the routes stand on; its worker ends with the test."""
    found: Backend = jp_serverapp.web_app.settings["e2e_lab"]
    yield found
    found.worker.stop()
    found.models.stop()


@pytest.fixture
def flights(jp_root_dir: Path) -> projects.Project:
    """A project in ``flights``, one folder below the server's root, with one commit on ``main``."""
    root = jp_root_dir / "flights"
    made, _ = projects.create(root)
    (root / ".gitignore").write_text("/.e2e/\n", "utf-8")
    for words in (
        ["init", "-q", "-b", "main"],
        ["config", "user.name", "Ada Lovelace"],
        ["config", "user.email", "ada@example.org"],
        ["add", "."],
        ["commit", "-q", "-m", "first"],
    ):
        subprocess.run(["git", "-C", str(root), *words], check=True)
    return made


@pytest.fixture
def data(flights: projects.Project) -> projects.Project:
    """The project with two datasets: ``flights``, raw in two versions, and ``late``, made from its first one."""
    import pandas as pd

    from e2e_lab import storage
    from e2e_lab.records import Origin

    delays = [2.0, 40.5, float("nan"), -6.0]
    frame = pd.DataFrame({"carrier": ["UA", "AA", "B6", None], "delay": delays, "day": pd.Timestamp("2013-01-01")})
    origin = Origin(notebook="flights.ipynb", cell="first")
    one = storage.snapshot(flights, frame, "flights", stage="raw", source="flights.csv", author="Ada", origin=origin)
    late = frame[frame["delay"] > 0].reset_index(drop=True)
    storage.snapshot(flights, late, "late", stage="processed", parents=(one.as_parent,), author="Ada")
    more = frame.assign(hour=[5, 6, 7, 8])
    storage.snapshot(flights, more, "flights", stage="raw", source="flights.csv", author="Ada", message="with hours")
    return flights


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a registered model in two versions, of which the first is packaged; nobody changes it."""
    from tests.server import lab

    root = tmp_path_factory.mktemp("made") / "flights"
    lab.make(root)
    return root


@pytest.fixture
def lab(made: Path, jp_root_dir: Path) -> Iterator[projects.Project]:
    """A copy of it under the server's root, as one that was moved; its services end with the test."""
    from e2e_lab import serving

    shutil.copytree(made, jp_root_dir / "flights")
    project = projects.Project.at(jp_root_dir / "flights")
    yield project
    for service in serving.services(project):
        serving.stop(project, service.name)


@pytest.fixture
def asking(ask: Ask, lab: projects.Project, backend: Backend) -> Ask:
    """``await asking("services")`` in the project with a model."""

    async def asked(noun: str, **words: Any) -> Answer:
        return await ask(noun, project="flights", **words)

    return asked
