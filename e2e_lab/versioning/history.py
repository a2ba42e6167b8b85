"""What happened: commits with what each did to code and data, and where the project stands now."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple

from e2e_lab import storage
from e2e_lab.errors import DatasetNotFound, closest
from e2e_lab.project import Project
from e2e_lab.records import STAGES, Commit, History, Snapshot, dataset_name
from e2e_lab.versioning import changes, plan, repository, selection, working
from e2e_lab.versioning.repository import Repository

_LOG = (
    "log", "-z", "--raw", "--no-abbrev", "--no-renames", "--diff-merges=first-parent", "--no-color", "--no-ext-diff",
    "--no-show-signature", "--encoding=UTF-8", "--format=%H%x00%aN%x00%at%x00%B",
)  # fmt: skip


class File(NamedTuple):
    """One file of a commit: its blobs before and after (None: not there)."""

    path: str
    before: str | None
    after: str | None


class Raw(NamedTuple):
    """A commit as git tells it."""

    id: str
    author: str
    time: datetime
    message: str
    files: list[File]


def log(project: Project, name: str | None = None, *, limit: int = 50, offset: int = 0) -> History:
    """The newest *limit* commits of the project's folder after the first *offset*, newest first; with *name*, those
    that touched that dataset.

    Merges show what they brought to the branch they were made on. Raises :class:`DatasetNotFound` where no commit and
    no record knows *name*.
    """
    repo = repository.of(project)
    words = ["--max-count", str(max(0, limit)), "--skip", str(max(0, offset))]
    paths = _record_paths(repo, dataset_name(name)) if name else []
    if name:
        words += ["--full-diff", "--", *paths]
    else:
        words += repo.scope()
    found = commits(repo, *words)
    if name and not found and not offset and not any((repo.top / path).exists() for path in paths):
        raise _unknown_dataset(repo, name)
    return History(items=tuple(described(repo, found)))


def count(project: Project) -> int:
    """How many commits :func:`log` has to tell of; none without a repository or before the first commit."""
    repo = repository.around(project.root)
    if repo is None or repo.commit_id("HEAD") is None:
        return 0
    return int(repo.run("rev-list", "--count", "HEAD", *repo.scope()).out)


def head(project: Project) -> Commit | None:
    """The commit that the working tree stands on; None without a repository or before the first commit."""
    repo = repository.around(project.root)
    if repo is None:
        return None
    found = described(repo, commits(repo, "--max-count", "1"))
    return replace(found[0], branch=branch(project)) if found else None


def branch(project: Project) -> str | None:
    """The branch's name, also before its first commit; None without a repository or where HEAD is detached."""
    repo = repository.around(project.root)
    if repo is None:
        return None
    ran = repo.run("symbolic-ref", "--quiet", "--short", "HEAD", may_fail=True)
    if ran.status > 1:
        raise repository.refusal(("symbolic-ref",), ran, repo.top)
    return os.fsdecode(ran.out).strip() or None


def author(project: Project) -> str | None:
    """Who would be the author of a commit made now, ``Name <email>`` or what is known of it; None when unknown."""
    known = repository.setting_values(project.root, r"^(user|author)\.(name|email)$")
    name = os.environ.get("GIT_AUTHOR_NAME") or known.get("author.name") or known.get("user.name")
    email = os.environ.get("GIT_AUTHOR_EMAIL") or known.get("author.email") or known.get("user.email")
    if not name:
        return email
    return f"{name} <{email}>" if email else name


def identity(project: Project) -> str | None:
    """Who git would let commit here now, ``Name <email>``; None where it does not know, for a guess is no identity."""
    repo = repository.around(project.root)
    return None if repo is None else identity_in(repo)


def identity_in(repo: Repository) -> str | None:
    """As :func:`identity`, in a repository that is open already."""
    for role in ("COMMITTER", "AUTHOR"):
        ran = repo.run("-c", "user.useConfigOnly=true", "var", f"GIT_{role}_IDENT", may_fail=True)
        if ran.status:
            return None
    return os.fsdecode(ran.out).rpartition(">")[0] + ">"


def unsaved(project: Project) -> tuple[str, ...]:
    """The project-relative paths that a commit made now would put in, sorted; outputs of notebooks never count.

    Empty where there is no repository.
    """
    repo = repository.around(project.root)
    if repo is None:
        return ()
    found = plan.made(repo, working.read(repo)).paths
    return tuple(repo.inside(path) or path for path in found)


def record_at(project: Project, revision: str, name: str) -> Snapshot | None:
    """The version of the dataset *name* that was current at a git *revision*; None where either is unknown there."""
    repo = repository.around(project.root)
    if repo is None or not revision.strip() or "\n" in revision or ":" in revision:
        return None
    paths = _record_paths(repo, dataset_name(name))
    for stage, content in zip(STAGES, repo.blobs(f"{revision}:{path}" for path in paths)):
        if content is not None:
            return storage.read_record(content, name=dataset_name(name), stage=stage)
    return None


def commits(repo: Repository, *words: str) -> list[Raw]:
    """Commits from HEAD backwards with the files each changed; empty on a branch without a commit. One process."""
    ran = repo.run(*_LOG, *words, may_fail=True)
    if ran.status:
        if "does not have any commits yet" in ran.err or "bad default revision" in ran.err:
            return []
        raise repository.refusal(("log",), ran, repo.top)
    return list(_parsed(repository.split(ran.out)))


def described(repo: Repository, raws: list[Raw]) -> list[Commit]:
    """Commits as the project sees them: its own files, and what happened to its datasets."""
    touched = {
        blob
        for raw in raws
        for file in raw.files
        if selection.is_record(repo.inside(file.path) or "")
        for blob in (file.before, file.after)
        if blob
    }
    blobs = sorted(touched)
    outlines = {blob: changes.outline(content) for blob, content in zip(blobs, repo.blobs(blobs))}
    return [_commit(repo, raw, outlines) for raw in raws]


def _commit(repo: Repository, raw: Raw, outlines: dict[str, changes.Outline | None]) -> Commit:
    named = [(path, file) for file in raw.files if (path := repo.inside(file.path))]
    records = [
        (path, outlines.get(file.before or ""), outlines.get(file.after or ""))
        for path, file in named
        if selection.is_record(path)
    ]
    return Commit(
        id=raw.id,
        message=changes.untold(raw.message),
        author=raw.author,
        time=raw.time,
        files=tuple(path for path, _ in named),
        datasets=changes.datasets(records),
    )


def _parsed(words: list[str]) -> Iterator[Raw]:
    """Four fields a commit, then ``:mode mode blob blob STATUS`` and a path a file (git-log(1), ``--raw -z``)."""
    at = 0
    while at + 3 < len(words):
        commit, author, seconds, message = words[at : at + 4]
        at += 4
        files = []
        while at < len(words) and words[at].lstrip("\n").startswith(":"):
            _, _, before, after, _ = words[at].lstrip("\n:").split(" ")
            files.append(File(words[at + 1], blob_or_none(before), blob_or_none(after)))
            at += 2
        yield Raw(commit, author, datetime.fromtimestamp(int(seconds), UTC), message, files)


def blob_or_none(blob: str) -> str | None:
    """git's all-zero id for "not there" as None."""
    return None if set(blob) == {"0"} else blob


def _record_paths(repo: Repository, name: str) -> list[str]:
    return [f"{repo.prefix}data/{stage}/{name}.json" for stage in STAGES]


def _unknown_dataset(repo: Repository, name: str) -> DatasetNotFound:
    known = {changes.name_of(path) for path in working.records_on_disk(repo)}
    meant = closest(name, known)
    return DatasetNotFound(
        f"No commit knows a dataset {name!r}." + (f" Did you mean {meant!r}?" if meant else ""),
        hint=f"e2e log {meant}" if meant else "e2e data",
    )
