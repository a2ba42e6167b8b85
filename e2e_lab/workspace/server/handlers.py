"""The handlers: who may ask, how a request is read, and how an answer or a refusal goes out.

There is one handler for all routes, so that none can be left open: every method is authenticated and authorized, and
the route only says which function answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from http import HTTPStatus
from types import TracebackType
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado.web import HTTPError, authenticated

from e2e_lab.errors import E2EError
from e2e_lab.records import Record
from e2e_lab.workspace.server.asked import Asked, wish
from e2e_lab.workspace.server.paths import folder_under

if TYPE_CHECKING:
    from e2e_lab.workspace.server.backend import Backend
    from e2e_lab.workspace.server.routes import Route

RESOURCE = "e2e_lab"
Answer = Record | dict[str, Any]
"""A record, or what a worker made of one."""


class PlainHandler(APIHandler):
    """How every refusal of ours goes out."""

    auth_resource = RESOURCE

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """The one place where errors become ``{"code", "message", "hint"}``; no traceback ever goes out."""
        problem = kwargs.get("exc_info", (None, None, None))[1]
        status, body = said(problem, status_code)
        self.set_status(status)
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


class RouteHandler(PlainHandler):
    """Answers one address; *routes* has an entry for each method that it takes."""

    def initialize(self, backend: Backend, routes: Mapping[str, Route]) -> None:
        self.backend = backend
        self.routes = routes
        self.waiting: asyncio.Future[Answer] | None = None
        self._track_activity = not any(route.polled for route in routes.values())
        """A panel that polls must not keep an idle server alive."""

    @authenticated
    @authorized
    async def get(self, **words: str) -> None:
        await self._answer("GET", words)

    @authenticated
    @authorized
    async def post(self, **words: str) -> None:
        await self._answer("POST", words)

    @authenticated
    @authorized
    async def delete(self, **words: str) -> None:
        await self._answer("DELETE", words)

    async def _answer(self, method: str, words: dict[str, str]) -> None:
        route = self.routes.get(method)
        if route is None:
            raise HTTPError(HTTPStatus.METHOD_NOT_ALLOWED)
        root = self.backend.root
        folder = folder_under(root, self.get_query_argument("project", "", strip=False)) if route.in_project else root
        asked = Asked(
            self.backend,
            folder,
            words,
            {param.name: param.read(self.get_query_arguments(param.name, strip=False)) for param in route.params},
            wish(route.body, self.request.body) if route.body else None,
            changes=method != "GET",
        )
        if route.waits:
            answer = await self._while_connected(route.ask(asked))
        else:
            answer = await asyncio.to_thread(route.ask, asked)
        self.set_status(route.status_of(answer))
        self.finish(answer.to_json() if isinstance(answer, Record) else answer)

    async def _while_connected(self, work: Awaitable[Answer]) -> Answer:
        """The answer, unless the browser goes away first: then the work is left."""
        self.waiting = asyncio.ensure_future(work)
        try:
            return await self.waiting
        except asyncio.CancelledError:
            raise HTTPError(HTTPStatus.REQUEST_TIMEOUT) from None

    def on_connection_close(self) -> None:
        super().on_connection_close()
        if self.waiting is not None:
            self.waiting.cancel()


def said(problem: BaseException | None, status: int) -> tuple[int, dict[str, str]]:
    """The status and the body with which an error is answered."""
    if isinstance(problem, E2EError):
        return problem.status, problem.to_json()
    if isinstance(problem, HTTPError):
        phrase = HTTPStatus(status).phrase
        words = (problem.log_message or phrase) % problem.args if problem.args else problem.log_message
        return status, {"code": phrase.lower().replace(" ", "_"), "message": words or f"{phrase}.", "hint": ""}
    return 500, E2EError("e2e-lab failed.", hint="see the log of the Jupyter server").to_json()
