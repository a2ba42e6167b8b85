"""Long work that a panel asked for: what is wished, and how it stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from e2e_lab.records.panels import Page
from e2e_lab.records.record import Record

JobState = Literal["queued", "running", "done", "failed", "cancelled"]


@dataclass(frozen=True, kw_only=True)
class Problem(Record):
    """A refusal as it travels: a stable code, what happened, and the next line to type."""

    code: str
    message: str
    hint: str


@dataclass(frozen=True, kw_only=True)
class JobWish(Record):
    """What is to be done: a kind of job, what it takes, and the kernel (by name) whose Python does it."""

    kind: str
    kernel: str | None = None
    args: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class CommitArgs(Record):
    """What a commit says. *name* and *email* commit where git knows nobody; *keep* them in the repository's settings.

    *lock*: the Python that does it is the notebook's, and what it has installed is locked.
    """

    message: str
    name: str | None = None
    email: str | None = None
    keep: bool = False
    lock: bool = True


@dataclass(frozen=True, kw_only=True)
class ExportArgs(Record):
    """Which version goes to which file or folder under the server's root; the project's folder by default."""

    ref: str
    path: str | None = None


@dataclass(frozen=True, kw_only=True)
class IngestArgs(Record):
    """Which file under the server's root becomes a version of which dataset."""

    path: str
    name: str
    key: tuple[str, ...] = ()
    message: str | None = None


@dataclass(frozen=True, kw_only=True)
class VerifyArgs(Record):
    """Which versions are read again; all that is stored where none is named."""

    refs: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RegisterArgs(Record):
    """Which run's model gets which name, and alias; *model* says which, where the run kept several."""

    run: str
    name: str
    alias: str | None = None
    model: str | None = None


@dataclass(frozen=True, kw_only=True)
class Job(Record):
    """A job and how it stands. *progress* goes from 0 to 1, None where nobody knows; *said* is its last line.

    *result* is the record that the work answered with, *answer* the same in one line of words.
    """

    id: str
    kind: str
    title: str
    state: JobState
    progress: float | None = None
    said: str = ""
    created: datetime
    started: datetime | None = None
    ended: datetime | None = None
    kernel: str | None = None
    result: dict[str, Any] | None = None
    answer: str | None = None
    error: Problem | None = None

    @property
    def over(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in ("done", "failed", "cancelled")


@dataclass(frozen=True, kw_only=True)
class JobPage(Page):
    """Jobs, newest first."""

    items: tuple[Job, ...]


@dataclass(frozen=True, kw_only=True)
class JobLog(Record):
    """What a job printed from byte *offset* on; ask again from *next*."""

    text: str
    offset: int
    next: int


@dataclass(frozen=True, kw_only=True)
class JobChanged(Record):
    """On a job's stream: it stands otherwise than before."""

    type: Literal["job"] = "job"
    job: Job


@dataclass(frozen=True, kw_only=True)
class JobPrinted(Record):
    """On a job's stream: it printed something."""

    type: Literal["log"] = "log"
    text: str
    next: int
