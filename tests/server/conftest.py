"""A real Jupyter server with the extension on; its root is a folder with a real project in it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pytest_jupyter.jupyter_server import *  # noqa: F403
from tornado.httpclient import HTTPClientError

from e2e_lab import project as projects


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
    """``await ask("status", project="flights")``: an answer, whether it went well or not."""

    async def asked(noun: str, *, headers: dict[str, str] | None = None, body: Any = None, **params: str) -> Answer:
        how = {} if body is None else {"method": "POST", "body": body if isinstance(body, bytes) else json.dumps(body)}
        try:
            got = await jp_fetch("e2e-lab", "api", noun, headers=headers, params=params, **how)
        except HTTPClientError as refused:
            got = refused.response
        assert got.headers["Content-Type"].startswith("application/json")
        return Answer(got.code, json.loads(got.body))

    return asked


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
