"""The verbs that look after what is stored: prove it, drop what nothing needs, erase a version for good."""

from __future__ import annotations

from collections.abc import Callable

from e2e_lab import experiments, models, storage, versioning
from e2e_lab.errors import UsageError
from e2e_lab.project import Project
from e2e_lab.records import Collected, Forgotten, Snapshot, Verified
from e2e_lab.workspace import across
from e2e_lab.workspace.session import inert, session


def verify(*refs: str, progress: Callable[[int, int], None] | None = None) -> Verified:
    """Whether everything stored is what was stored: every byte is read and compared with its hash; nothing is mended.

    *refs* are the versions to read, by default all, with journals, records and the index; tables of *refs* are decoded
    too and their content ids computed anew. *progress* is called with the bytes that are read and their total. The
    answer's ``intact`` says it; ``findings`` name each file, what is wrong with it, which versions it concerns, and
    what to do.

    Example::

        e2e.verify().intact
    """
    return across.verify(session.project(), refs, progress=progress)


def gc(*, dry_run: bool = False) -> Collected:
    """Drop the versions that nothing refers to, and the bytes that only they needed; *dry_run* says what would go.

    Kept is what any commit, branch, tag, stash, reflog, index or worktree of the repository names, what runs, models
    and packages name, the versions of the last 90 days (``[storage] keep_days``), and what is being saved now. Raises
    :class:`GitError` or :class:`TrackingError` where that cannot be told; nothing is dropped then.

    Example::

        e2e.gc(dry_run=True).bytes
    """
    project = session.project()
    server = experiments.overview(project).remote
    notes = (f"runs at {server} were not asked: what only they name is kept as long as the journal",) if server else ()
    return storage.gc(project, roots=lambda: _named(project), dry_run=dry_run or inert(), notes=notes)


def _named(project: Project) -> frozenset[str]:
    return versioning.data_ids(project) | experiments.data_ids(project) | models.data_ids(project)


def forget(ref: str, *, reason: str) -> Forgotten:
    """Erase a version for good, bytes included, whatever refers to it; a tombstone says when, by whom and why.

    Versions with the same content go with it and are named in ``also``. Rows that other versions have too stay in
    those; ``remains`` names them, and what else may still hold rows. Raises :class:`UsageError` without a *reason*,
    :class:`VersionNotFound` where the bytes are not here, :class:`Locked` where they are in use.

    Example::

        e2e.snapshot(late.head(1), "flights_late", parents=["flights"])
        e2e.forget("flights_late", reason="a passenger asked for it")
    """
    project = session.project()
    if inert():
        raise UsageError("Nothing is forgotten while a notebook is run again.", hint=f"e2e forget {ref} --reason TEXT")
    version = experiments.find_data(project, ref)
    return storage.forget(
        project, version, reason=reason, author=versioning.author(project), remains=_holding(project, version)
    )


def _holding(project: Project, version: Snapshot) -> tuple[str, ...]:
    """What outside of the store may hold rows of a version."""
    packages = [each for each in models.packages(project) if version.id in {parent.id for parent in each.data}]
    return (
        *experiments.holding(project, version.id),
        *(f"predictions of {each.ref}: .e2e/predictions/{each.service}" for each in packages),
        "exports, and outputs of notebooks that showed it",
        "git: its record, which holds names of columns and no values",
    )
