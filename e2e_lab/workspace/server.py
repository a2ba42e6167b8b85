"""The server extension: JSON routes under ``e2e-lab/api``, each one call into a room.

The Jupyter server's process stays light: nothing that a route reaches may import pandas, pyarrow, mlflow or bentoml
(a test looks). Rooms work in a thread, so that kernels and other requests never wait for git or a slow disk.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado.web import HTTPError, authenticated

from e2e_lab.errors import E2EError, NoProject, NotFound, UsageError
from e2e_lab.project import Project, find

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp


def setup(app: ServerApp) -> None:
    """Add the routes to a Jupyter server."""
    base = re.escape(url_path_join(app.web_app.settings["base_url"], "e2e-lab", "api"))
    routes = {"status": StatusHandler, "revision": RevisionHandler, "projects": ProjectsHandler}
    rules = [(f"{base}/{noun}", handler) for noun, handler in routes.items()]
    app.web_app.add_handlers(".*$", rules)  # type: ignore[no-untyped-call]


def folder_under(root: Path, path: str) -> Path:
    """The folder that *path* names under the server's *root*, links resolved.

    Raises :class:`UsageError` where it leads out of *root*, :class:`NotFound` where there is no such folder.
    """
    try:
        root = root.resolve()
        full = (root / path).resolve()
    except (OSError, ValueError, RuntimeError):  # a null byte, half a surrogate pair, links in a circle
        raise UsageError(f"{path!r} is not a path.", hint="name a folder under the server's root") from None
    if path.startswith("/") or not full.is_relative_to(root):
        raise UsageError(f"{path!r} leads out of the server's folder.", hint="name a folder under the server's root")
    try:
        found = full.is_dir()
    except OSError:  # a name that is too long, a folder that may not be entered
        found = False
    if not found:
        raise NotFound(f"There is no folder {path!r} here.", hint="name a folder under the server's root")
    return full


class Handler(APIHandler):
    """What the routes share: where they look, who may ask, and how errors are said."""

    auth_resource = "e2e_lab"

    def folder(self, path: str) -> Path:
        """The folder that a request names."""
        app = self.serverapp
        assert app is not None
        return folder_under(Path(app.root_dir), path)

    async def answer(self, ask: Callable[[Project], dict[str, Any]]) -> None:
        """Send what *ask* says of the project around the folder ``project=``."""
        folder = self.folder(self.get_query_argument("project", "", strip=False))
        self.finish(await asyncio.to_thread(lambda: ask(find(folder))))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """The one place where errors become ``{"code", "message", "hint"}``; no traceback ever goes out."""
        problem = kwargs.get("exc_info", (None, None, None))[1]
        if isinstance(problem, E2EError):
            self.set_status(problem.status)
            body = problem.to_json()
        elif isinstance(problem, HTTPError):
            phrase = HTTPStatus(status_code).phrase
            said = (problem.log_message or phrase) % problem.args if problem.args else problem.log_message
            body = {"code": phrase.lower().replace(" ", "_"), "message": said or f"{phrase}.", "hint": ""}
        else:
            body = E2EError("e2e-lab failed.", hint="see the log of the Jupyter server").to_json()
        self.finish(body)

    def log_exception(
        self,
        typ: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """A refusal is an answer, one quiet line in the log; anything else keeps its traceback there."""
        if isinstance(value, E2EError):
            self.log.debug("e2e-lab: %s %s", value.code, value)
        else:
            super().log_exception(typ, value, tb)


class StatusHandler(Handler):
    """``GET status?project=``: where the project stands in the flow."""

    @authenticated
    @authorized
    async def get(self) -> None:
        await self.answer(_status)


class RevisionHandler(Handler):
    """``GET revision?project=``: a number that grows with every change, for one ``stat``; null outside a project.

    The sidebar asks every other second, and a refusal each time would fill the browser's console and our log.
    """

    _track_activity = False  # a panel that polls must not keep an idle server alive

    @authenticated
    @authorized
    async def get(self) -> None:
        try:
            await self.answer(lambda project: {"revision": project.revision})
        except NoProject:
            self.finish({"revision": None})


class ProjectsHandler(Handler):
    """``POST projects`` with ``{"path": FOLDER}``: make the folder a project, or complete one."""

    @authenticated
    @authorized
    async def post(self) -> None:
        folder = self.folder(_path_in(self.request.body))
        made = await asyncio.to_thread(_init, folder)
        self.set_status(HTTPStatus.CREATED if made["created"] else HTTPStatus.OK)
        self.finish(made)


def _path_in(body: bytes) -> str:
    try:
        wish = json.loads(body)
    except (ValueError, RecursionError):
        wish = None
    path = wish.get("path") if isinstance(wish, dict) else None
    if not isinstance(path, str):
        raise UsageError("The body is not a JSON object with a path.", hint='{"path": "FOLDER"}')
    return path


def _status(project: Project) -> dict[str, Any]:
    from e2e_lab.workspace.status import project_status

    return project_status(project).to_json()


def _init(folder: Path) -> dict[str, Any]:
    from e2e_lab import versioning

    return versioning.init(folder).to_json()
