"""A service to talk to: where it is, what lets one in, and its answers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from e2e_lab import models
from e2e_lab.errors import RequestRejected, ServiceError
from e2e_lab.project import Project
from e2e_lab.records import Record, Service, Stopped, View


@dataclass(frozen=True, kw_only=True)
class Endpoint(Record):
    """A running service and its token; neither text nor JSON of it shows the token."""

    service: Service
    token: str = field(repr=False)
    project: Project = field(repr=False, compare=False)
    changed: bool = True
    notes: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        """Where it answers, ``http://127.0.0.1:PORT``."""
        return self.service.url

    @property
    def alive(self) -> bool:
        """Whether its process still runs."""
        return models.alive(self.service.pid, self.service.started)

    def predict(self, rows: Any) -> dict[str, Any]:
        """The answer to *rows* (a list of dicts, or a frame): ``{"id", "model", "predictions"}``.

        Missing values go out as null, times as ISO 8601. Raises :class:`RequestRejected` with the column, row and value
        that the service refused, :class:`ServiceError` where it does not answer.
        """
        try:
            return models.post_rows(self.url, self.token, models.rows_of(rows))
        except RequestRejected:
            raise
        except ServiceError as problem:
            hint = problem.hint if self.alive else f"e2e serve {self.service.name}"
            raise ServiceError(problem.message, hint=hint) from None

    def stop(self) -> Stopped:
        """End the service."""
        from e2e_lab.serving.running import stop

        return stop(self.project, self.service.name)

    def with_notes(self, notes: tuple[str, ...]) -> Endpoint:
        """The same endpoint, saying *notes* too."""
        return replace(self, notes=(*notes, *self.notes))

    def to_json(self) -> dict[str, Any]:
        """The service and the notes; where the token is kept, not the token."""
        where = f".e2e/services/{self.service.name}.json"
        return self.service.to_json() | {"changed": self.changed, "notes": list(self.notes), "token_in": where}

    def view(self) -> View:
        shown = self.service.view()
        title = shown.title if self.changed else f"{shown.title} · serving already"
        ask = "endpoint.predict(rows), or POST /predict with Authorization: Bearer TOKEN"
        where = f"endpoint.token, or .e2e/services/{self.service.name}.json"
        return View(
            title,
            facts=(("ask", ask), ("token", where), *shown.facts),
            notes=self.notes,
            undo=f"e2e stop {self.service.name}" if self.changed else "",
        )
