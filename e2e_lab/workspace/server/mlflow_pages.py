"""MLflow's pages of each project: a process of its own, begun when first asked for, reached through this server alone.

It listens on a socket that only this user may open, and ends with the server, however that ends: it watches a pipe of
which the server holds the other end.
"""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import importlib.util
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_server.utils import url_path_join

from e2e_lab import experiments
from e2e_lab.errors import NotInstalled, TrackingError
from e2e_lab.project import Project, writing

if TYPE_CHECKING:
    from tornado.web import Application

READY_SECONDS = 90.0
PLACE = "e2e-lab/mlflow"
_NEEDED = "jupyter-server-proxy>=4.4"
_LINES = 12


@dataclass(frozen=True)
class Running:
    """A process that answers, or will."""

    process: subprocess.Popen[bytes]
    address: Path

    def end(self) -> None:
        """End it at once; a request that it answers is lost."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.address.parent, ignore_errors=True)


@dataclass
class MlflowProcesses:
    """One a server. *idle*: seconds without a request after which a process ends; the next request begins another."""

    application: Application
    idle: float = 1800.0
    _projects: dict[str, Project] = field(default_factory=dict)
    _begun: dict[str, asyncio.Task[Running]] = field(default_factory=dict)
    _routed: bool = False

    async def place(self, project: Project) -> str:
        """Where the pages of *project* are under the server's base URL; they are there when this returns.

        Raises :class:`NotInstalled` where jupyter-server-proxy is missing, and :class:`TrackingError` with what the
        process said where it does not start.
        """
        self._route()
        key = hashlib.sha256(os.fsencode(project.home)).hexdigest()[:16]  # worktrees share their runs
        self._projects[key] = project
        await self.address(key)
        return f"{PLACE}/{key}/"

    async def address(self, key: str) -> Path:
        """The socket of a process that runs, begun anew where it has ended. Who asks meanwhile waits for the same.

        Raises :class:`KeyError` for a project that nobody asked for.
        """
        project = self._projects[key]
        task = self._begun.get(key)
        if task is not None and task.done() and (task.exception() or task.result().process.poll() is not None):
            if not task.exception():
                task.result().end()
            task = None
        if task is None:
            task = self._begun[key] = asyncio.ensure_future(_begin(project, self.idle))
        return (await asyncio.shield(task)).address  # a browser that goes away takes nobody else's start with it

    async def over(self, key: str) -> bool:
        """Whether the process has ended, or does so now: one that was killed may take a moment."""
        task = self._begun.get(key)
        if task is None or not task.done() or task.exception():
            return False
        try:
            await asyncio.to_thread(task.result().process.wait, 2.0)
        except subprocess.TimeoutExpired:
            return False
        return True

    def project(self, key: str) -> Project:
        """The project that *key* stands for."""
        return self._projects[key]

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes that run."""
        done = [task.result() for task in self._begun.values() if task.done() and not task.exception()]
        return tuple(running.process.pid for running in done if running.process.poll() is None)

    def stop(self) -> None:
        """End them all."""
        begun, self._begun = self._begun, {}
        for task in begun.values():
            if task.done() and not task.exception():
                task.result().end()
            else:
                task.cancel()

    def _route(self) -> None:
        """Let requests through from now on: so what was installed since the server began is found, too."""
        if self._routed:
            return
        importlib.invalidate_caches()
        if importlib.util.find_spec("jupyter_server_proxy") is None:
            raise NotInstalled(
                "MLflow's pages come through jupyter-server-proxy, which is not installed beside this Jupyter server.",
                hint=f"{shlex.quote(sys.executable)} -m pip install {shlex.quote(_NEEDED)}",
            )
        from e2e_lab.workspace.server.mlflow_proxy import MlflowHandler

        base = re.escape(url_path_join(self.application.settings["base_url"], PLACE))
        # Work in another program's page says nothing about kernels: it must not keep an idle server alive.
        words = {"processes": self, "update_last_activity": False}
        rules = [(rf"{base}/(?P<key>[0-9a-f]{{16}})/(?P<path>.*)", MlflowHandler, words)]
        self.application.add_handlers(".*$", rules)
        self._routed = True


async def _begin(project: Project, idle: float) -> Running:
    log = project.home / "mlflow-ui.log"
    running = await asyncio.to_thread(_spawn, project, log, idle)
    try:
        await asyncio.wait_for(_first_answer(running), READY_SECONDS)
    except BaseException as problem:
        await asyncio.shield(asyncio.to_thread(running.end))
        if not isinstance(problem, OSError):
            raise
        late = isinstance(problem, TimeoutError)
        how = f"was not ready in {READY_SECONDS:.0f} s" if late else "ended while it started"
        raise TrackingError(f"MLflow {how}.{_tail(log)}", hint=f"see {log}") from None
    return running


def _spawn(project: Project, log: Path, idle: float) -> Running:
    with writing(log):
        project.home.mkdir(parents=True, exist_ok=True)
        out = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_TRUNC, 0o600)
    folder = Path(tempfile.mkdtemp(prefix="e2e-lab-mlflow-"))  # a short path, as a socket needs; open to nobody else
    try:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(folder / "socket"))
            listening.listen(64)
            # A session of its own, so that Ctrl-C in the server's terminal, which only asks, does not reach it.
            process = subprocess.Popen(
                experiments.ui_command(project, fd=listening.fileno(), idle=idle),
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=out,
                pass_fds=(listening.fileno(),),
                cwd=folder,
                start_new_session=True,
            )
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        os.close(out)
    return Running(process, folder / "socket")


async def _first_answer(running: Running) -> None:
    """Wait for one answer. The socket takes the question before the process does, and lets go of it if that ends."""
    reader, writer = await asyncio.open_unix_connection(str(running.address))
    try:
        writer.write(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        if b" 200 " not in await reader.readline():
            raise ConnectionError
    finally:
        writer.close()


def _tail(log: Path) -> str:
    try:
        last = log.read_text("utf-8", "replace").strip().splitlines()[-_LINES:]
    except OSError:
        last = []
    return "".join(f"\n    {line}" for line in last)
