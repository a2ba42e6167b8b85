"""The handler that passes a request on to MLflow's pages; jupyter-server-proxy does the passing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from jupyter_server.auth.decorator import authorized
from jupyter_server_proxy.handlers import ProxyHandler
from tornado.httputil import HTTPHeaders
from tornado.web import HTTPError

from e2e_lab import experiments
from e2e_lab.errors import E2EError
from e2e_lab.workspace.server.handlers import RESOURCE

if TYPE_CHECKING:
    from e2e_lab.workspace.server.mlflow_pages import MlflowProcesses

_OURS = ("Authorization", "Cookie", "Origin", "Referer")
"""What a request says about this server, and is nobody else's business."""

_LOOKS = ("GET", "HEAD", "OPTIONS")


class MlflowHandler(ProxyHandler):  # type: ignore[misc]
    """Passes one request on: authenticated by the class it comes from, authorized here, and to no other address.

    MLflow refuses what other sites send by the request's Host and Origin. It cannot know this server's, so that is
    checked here, and MLflow is told its own.
    """

    auth_resource = RESOURCE

    def initialize(self, processes: MlflowProcesses) -> None:
        self.processes = processes
        self.unix_socket: str | None = None

    def check_xsrf_cookie(self) -> None:
        """MLflow's pages know nothing of our token: what changes anything must come from a page of this server."""
        if not hasattr(self, "_jupyter_current_user"):  # called too early; it is called again
            return
        if self.token_authenticated or self.request.method in _LOOKS:
            return
        host = urlsplit(self.request.headers.get("Origin", "")).netloc
        if not host or not self.check_origin():
            raise HTTPError(403, "This request comes from another site.")

    @authorized
    async def get(self, key: str, path: str) -> None:
        if self.request.headers.get("Upgrade", "").lower() == "websocket":
            raise HTTPError(400, "MLflow's pages have no WebSocket.")
        await self._pass_on(key, path)

    @authorized
    async def head(self, key: str, path: str) -> None:
        await self._pass_on(key, path)

    @authorized
    async def post(self, key: str, path: str) -> None:
        await self._pass_on(key, path)

    @authorized
    async def put(self, key: str, path: str) -> None:
        await self._pass_on(key, path)

    @authorized
    async def patch(self, key: str, path: str) -> None:
        await self._pass_on(key, path)

    @authorized
    async def delete(self, key: str, path: str) -> None:
        await self._pass_on(key, path)

    async def _pass_on(self, key: str, path: str) -> None:
        try:
            project = self.processes.project(key)
        except KeyError:
            raise HTTPError(404, "Open MLflow's pages from the sidebar of e2e-lab.") from None
        try:
            await self._ask(key, path)
        except (OSError, HTTPError):  # it may have ended under the question, killed or idle for too long
            if self.request.method not in _LOOKS or not await self.processes.over(key):
                raise
            await self._ask(key, path)
        if self.get_status() < 400 and experiments.ui_changes(self.request.method, path):
            await asyncio.to_thread(project.changed)

    async def _ask(self, key: str, path: str) -> None:
        try:
            self.unix_socket = str(await self.processes.address(key))
        except E2EError as error:
            raise HTTPError(error.status, "%s", error.message) from None
        await self.proxy("localhost", 0, path)

    def get_client_uri(self, protocol: str, host: str, *_: object) -> str:
        """The address as it came, nothing decoded."""
        path = self.request.path.partition(f"/{self.path_kwargs['key']}/")[2]
        return f"{protocol}://{host}/{path}" + (f"?{self.request.query}" if self.request.query else "")

    def proxy_request_headers(self) -> Any:
        """The request's own headers, without those of this server."""
        headers = HTTPHeaders(self.request.headers)
        for name in _OURS:
            headers.pop(name, None)
        headers["Host"] = "localhost"
        return headers
