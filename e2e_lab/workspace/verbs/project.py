"""The verbs for a project as a whole: made, looked at, committed, restored."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from e2e_lab import experiments, storage, versioning
from e2e_lab.errors import UsageError
from e2e_lab.records import Commit, History, Initialised, Ref, Restored, Status
from e2e_lab.workspace import across
from e2e_lab.workspace.session import inert, session
from e2e_lab.workspace.verbs.data import PathLike


def init(path: PathLike = ".", *, name: str | None = None) -> Initialised:
    """Make *path* a project, or complete one: git repository, ``e2e.toml``, ignore rules. Safe to repeat.

    *path* is a folder, made where it is missing; *name* the project's, by default the folder's. ``created`` of the
    answer names what was new. Raises :class:`UsageError` for the home folder, the root of the disk, or a file.

    Example::

        e2e.init("flights")
    """
    return versioning.init((session.folder() / path) if session.in_kernel else Path(path), name=name)


def status() -> Status:
    """Where the project stands in the flow, what is not saved, its size on disk in bytes and the next step.

    Neither MLflow nor a tracking server is asked. Raises :class:`NoProject` outside a project, as every verb but
    :func:`init` does.

    Example::

        e2e.status().next
    """
    return across.project_status(session.project())


def commit(message: str) -> Commit:
    """Notebooks, code, the environment lock and the records in one git commit; nothing where nothing changed.

    ``left_out`` of the answer names data-like, large and private files that were not put in. Raises
    :class:`SecretFound`, :class:`NoIdentity`, and :class:`GitError` for whatever git or a hook refuses; the index is
    then as it was.

    Example::

        e2e.commit("first data")
    """
    project = session.project()
    if inert():
        head = versioning.head(project)
        if head is None:
            raise UsageError("There is no commit yet, and none is made here.", hint='e2e commit -m "first"')
        return replace(head, changed=False)
    if session.front is not None:
        session.front.save()
    return versioning.commit(project, message, trail=session.trail(project, latest=True))


def log(name: str | None = None) -> History:
    """The newest 50 commits, newest first, with what each did to the data; only those that touched *name* if given.

    Example::

        e2e.log("flights")
    """
    return versioning.log(session.project(), name)


def restore(rev: str, *names: str) -> Restored:
    """Code and data as they were at *rev*; what differs is saved first, on the ref that ``saved`` of the answer names.

    *rev* is a git revision or such a ref, *names* are datasets or paths, all by default. ``DATASET@vN`` as *rev* makes
    that version the current one again. Branch and index stay. Raises :class:`VersionNotFound`, :class:`NotFound`.

    Example::

        e2e.restore("HEAD", "flights")
    """
    project = session.project()
    known = {*storage.records(project), *storage.known_names(project)}
    if not names and "@" in rev[1:] and Ref.parse(rev).name in known:
        return across.reinstate(project, experiments.find_data(project, rev))
    return versioning.restore(project, rev, names)
