"""What is not committed, what commits did, and what a restore will do, as the panel of changes is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from e2e_lab.records.jobs import Problem
from e2e_lab.records.panels import Page
from e2e_lab.records.record import Record
from e2e_lab.records.versions import DatasetChange

FileKind = Literal["notebook", "code", "record", "other"]
FileChange = Literal["new", "changed", "removed"]
WhyLeftOut = Literal["private", "large", "data", "not ours"]


@dataclass(frozen=True, kw_only=True)
class ChangedFile(Record):
    """A file that a commit made now would put in. *dataset* is what happened to the dataset whose record it is.

    *place* is where the server shows it, None where that is nowhere.
    """

    path: str
    kind: FileKind
    change: FileChange
    dataset: DatasetChange | None = None
    place: str | None = None


@dataclass(frozen=True, kw_only=True)
class LeftOut(Record):
    """A file that a commit would not put in: its name says that keys are inside, it is large, or it is no code."""

    path: str
    why: WhyLeftOut


@dataclass(frozen=True, kw_only=True)
class WorkingChanges(Record):
    """What a commit made now would put in, and what not; as many of each as were asked for, and how many there are.

    *git*: there is a repository. *author* would commit, None where git does not know who. *blocked* is what git
    waits for before it can commit, such as the end of a merge.
    """

    git: bool
    branch: str | None = None
    head: str | None = None
    author: str | None = None
    items: tuple[ChangedFile, ...] = ()
    total: int = 0
    left_out: tuple[LeftOut, ...] = ()
    left_out_total: int = 0
    notes: tuple[str, ...] = ()
    blocked: Problem | None = None


@dataclass(frozen=True, kw_only=True)
class CommitEntry(Record):
    """A commit as one line of the history. *datasets* is what it did to data.

    *kinds* counts its *files* by :data:`FileKind`, *paths* are the first of them.
    """

    id: str
    message: str
    author: str
    time: datetime
    files: int
    kinds: dict[str, int]
    paths: tuple[str, ...]
    datasets: tuple[DatasetChange, ...]


@dataclass(frozen=True, kw_only=True)
class CommitPage(Page):
    """Commits, newest first."""

    items: tuple[CommitEntry, ...]


@dataclass(frozen=True, kw_only=True)
class RestorePlan(Record):
    """What a restore would do: files to write and to remove, and what becomes of datasets.

    *id* is the commit that *revision* means. *saves* are those of the files that are not committed as they are; they
    are saved before.
    """

    revision: str
    id: str
    message: str
    author: str
    time: datetime
    write: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    datasets: tuple[DatasetChange, ...] = ()
    saves: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RevisionWish(Record):
    """The git revision to go back to: the whole project, or only *names* (datasets or paths)."""

    revision: str
    names: tuple[str, ...] = ()
