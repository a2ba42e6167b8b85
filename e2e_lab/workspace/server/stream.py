"""Logs as they come: ``jobs/{id}/stream`` with the job's changes until it is over, ``services/{service}/stream``."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import ws_authenticated
from jupyter_server.base.handlers import JupyterHandler
from jupyter_server.base.websocket import WebSocketMixin
from tornado.web import HTTPError
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from e2e_lab import project as projects
from e2e_lab import serving
from e2e_lab.errors import E2EError
from e2e_lab.project import Project
from e2e_lab.records import Record
from e2e_lab.records.jobs import Job, JobChanged, JobPrinted
from e2e_lab.records.model_panels import ServicePrinted
from e2e_lab.workspace import jobs
from e2e_lab.workspace.server.handlers import RESOURCE
from e2e_lab.workspace.server.paths import folder_under
from e2e_lab.workspace.server.routes import OFFSET

if TYPE_CHECKING:
    from e2e_lab.workspace.server.backend import Backend

SECONDS = 0.2


class Stream(WebSocketMixin, WebSocketHandler, JupyterHandler, ABC):
    """What all streams share: who may listen, to what of which project, how they end, and that nothing is taken."""

    auth_resource = RESOURCE

    def initialize(self, backend: Backend) -> None:
        self.backend = backend
        self.telling: asyncio.Task[None] | None = None

    @ws_authenticated
    async def get(self, *args: Any, **words: Any) -> Any:
        allowed = await ensure_async(self.authorizer.is_authorized(self, self.current_user, "read", self.auth_resource))
        if not allowed:
            raise HTTPError(HTTPStatus.FORBIDDEN)
        try:
            folder = folder_under(self.backend.root, self.get_query_argument("project", "", strip=False))
            self.offset = OFFSET.read(self.get_query_arguments("offset"))
            self.project = await asyncio.to_thread(projects.around, folder)
            await asyncio.to_thread(self._find, self.project, **words)
        except E2EError as error:
            raise HTTPError(error.status, reason=error.code) from None
        return await super().get(*args, **words)

    def open(self, *args: str, **words: str) -> None:
        super().open(*args, **words)
        self.telling = asyncio.ensure_future(self._tell_all(**words))

    @abstractmethod
    def _find(self, project: Project, **words: str) -> None:
        """Raise the refusal where there is nothing to listen to."""

    @abstractmethod
    async def _tell(self, project: Project, **words: str) -> None:
        """Send until there is no more to say."""

    async def _tell_all(self, **words: str) -> None:
        try:
            await self._tell(self.project, **words)
            self.close(1000)
        except (WebSocketClosedError, asyncio.CancelledError):
            return
        except E2EError as error:  # what was listened to is gone
            self.close(4404, error.code)
        except Exception:
            self.log.exception("e2e-lab: the stream %s has failed", self.request.path)
            self.close(1011)

    def on_message(self, message: str | bytes) -> None:
        """Nothing is taken: a job is stopped by its route, where XSRF is checked."""

    def on_close(self) -> None:
        super().on_close()
        if self.telling is not None:
            self.telling.cancel()

    def _send(self, record: Record) -> None:
        self.write_message(record.to_json())


class JobStream(Stream):
    """Sends a :class:`JobChanged` at once and after each change, and a :class:`JobPrinted` for each piece of log."""

    def _find(self, project: Project, **words: str) -> None:
        jobs.find(project, words["id"])

    async def _tell(self, project: Project, **words: str) -> None:
        job_id = words["id"]
        told: Job | None = None
        while told is None or not told.over:
            job = await asyncio.to_thread(jobs.find, project, job_id)  # before the log: at the end all of it is there
            await self._print(project, job_id)
            if job != told:
                self._send(JobChanged(job=job))
                told = job
            await asyncio.sleep(0 if job.over else SECONDS)

    async def _print(self, project: Project, job_id: str) -> None:
        while True:
            said = await asyncio.to_thread(jobs.log, project, job_id, self.offset)
            self.offset = said.next  # also back from beyond the end
            if not said.text:
                return
            self._send(JobPrinted(text=said.text, next=said.next))


class ServiceStream(Stream):
    """Sends a :class:`ServicePrinted` for each piece of a service's log, until nobody listens."""

    def _find(self, project: Project, **words: str) -> None:
        serving.log(project, words["service"])

    async def _tell(self, project: Project, **words: str) -> None:
        while True:
            said = await asyncio.to_thread(serving.log, project, words["service"], self.offset)
            if said.text or said.offset != self.offset:  # back at the beginning, where it was started anew
                self._send(ServicePrinted(text=said.text, offset=said.offset, next=said.next))
            self.offset = said.next
            await asyncio.sleep(0 if said.text else SECONDS)
