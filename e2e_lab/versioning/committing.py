"""A commit: notebooks, code, the environment lock and the records of the data, in one git commit by the real git."""

from __future__ import annotations

import difflib
import os
import re
from dataclasses import replace
from pathlib import Path

from e2e_lab.errors import E2EError, GitError, SecretFound, UsageError
from e2e_lab.project import Project, taking_turns
from e2e_lab.records import Commit, Trail
from e2e_lab.versioning import changes, gate, history, notebooks, plan, repository, working
from e2e_lab.versioning.installed import environment
from e2e_lab.versioning.repository import Ran, Repository

_NOTHING = re.compile(r"nothing to commit|nothing added to commit|no changes added to commit")
_OURS_ALONE = re.compile(r"(?m)\s*(?:%e2e\b.*|e2e\.commit\(.*\)|)\s*")

_COMMIT = ("-c", "user.useConfigOnly=true", "commit", "--quiet")  # git's guess at an identity is no identity
_IDENTITY = ("user.name", "user.email")
_MANY = 200

Identity = tuple[str, str]
"""A name and an email address."""


def commit(
    project: Project,
    message: str,
    *,
    trail: Trail = Trail(),  # noqa: B008 (immutable)
    identity: Identity | None = None,
    keep: bool = False,
    lock: bool = True,
) -> Commit:
    """One git commit of what changed in the project: tracked files, new code files, records, environment lock.

    Data-like, large and private new files stay out and are named in ``left_out``. Where nothing changed (outputs of
    notebooks do not count) it is the commit at HEAD with ``changed=False``. The user's hooks, filters and signing run
    as with plain git, and what is staged beside is left staged. *identity* commits where git knows nobody; *keep*
    writes it into the repository's settings once it has. Without *lock* the environment lock stays as it is.

    Raises :class:`SecretFound` where a file holds what looks like a key or password, :class:`NoIdentity`, and
    :class:`GitError` for whatever git or a hook refuses; the index is then as it was.
    """
    said = message.strip()
    if not said or "\0" in said:
        raise UsageError("A commit needs a message.", hint='e2e commit -m "what changed, and why"')
    repo = repository.of(project)
    with taking_turns(project.home / "commit.lock", doing="committing"):  # hooks may take long
        made = _commit(project, repo, said, trail, _settings(identity), lock=lock)
        if identity and keep:
            for name, value in zip(_IDENTITY, identity, strict=True):
                repo.run("config", "--local", name, value)
        return made


def _settings(identity: Identity | None) -> tuple[str, ...]:
    """The words that tell git who commits, for one command."""
    if identity is None:
        return ()
    words: list[str] = []
    for name, value in zip(_IDENTITY, identity, strict=True):
        if not value.strip() or not value.isprintable() or set(value) & set("<>"):
            raise UsageError(f"{value!r} cannot be a {name.partition('.')[2]}.", hint=repository.IDENTITY_HINT)
        words += ["-c", f"{name}={value.strip()}"]
    return tuple(words)


def _commit(project: Project, repo: Repository, said: str, trail: Trail, who: tuple[str, ...], *, lock: bool) -> Commit:
    notes = [*(_refresh_lock(project) if lock else ()), *_older_on_disk(project, trail)]
    state = working.read(repo)
    working.refuse_in_between(repo, state)
    planned = plan.made(repo, state)
    notes += planned.notes
    left_out = tuple(repo.inside(path) or path for path in planned.left_out)
    records = plan.records(repo, state, planned.paths)
    if planned.paths:
        _refuse_secrets(repo, planned.paths)
    if not planned.paths or not _committed(repo, state, planned, changes.told(said, records), who):
        return _as_it_is(repo, state, left_out, notes)
    if state.branch is None:
        notes.append("HEAD is detached, this commit is on no branch; to keep it: git switch -c NAME")
    project.changed()
    made = history.described(repo, history.commits(repo, "--max-count", "1"))[0]
    return replace(made, branch=state.branch, first=state.head is None, left_out=left_out, notes=tuple(notes))


def _as_it_is(repo: Repository, state: working.Working, left_out: tuple[str, ...], notes: list[str]) -> Commit:
    found = history.described(repo, history.commits(repo, "--max-count", "1"))
    if not found:
        raise GitError("There is nothing to commit yet.", hint="e2e snapshot VARIABLE, or save a notebook here")
    return replace(found[0], branch=state.branch, changed=False, left_out=left_out, notes=tuple(notes))


def _committed(
    repo: Repository, state: working.Working, planned: plan.Plan, message: str, who: tuple[str, ...]
) -> bool:
    """Let git commit the planned paths as they are on disk; False where git sees no difference.

    ``git commit --only`` keeps what else is staged, but its cost grows with the square of the paths: many paths with
    nothing staged beside them go through the index itself.
    """
    staged = {change.path for change in state.changes if change.staged}
    if len(planned.paths) > _MANY and not repo.prefix and staged <= set(planned.paths):
        ran = _commit_all(repo, planned, message, who)
    else:
        ran = _commit_only(repo, planned, message, who)
    if ran.status == 0:
        return True
    if ran.status == 1 and not ran.err and _NOTHING.search(ran.out.decode("utf-8", "replace")):
        return False
    raise _refused(repo, ran)


def _commit_only(repo: Repository, planned: plan.Plan, message: str, who: tuple[str, ...]) -> Ran:
    files = ("--pathspec-from-file=-", "--pathspec-file-nul")
    done = False
    try:
        if planned.new:  # `commit --only` takes known paths alone; forced, since records may be under an ignore rule
            repo.run("add", "--intent-to-add", "--force", *files, given=repository.lines(planned.new))
        given = repository.lines(planned.paths)
        ran = repo.run(*who, *_COMMIT, "--only", "-m", message, *files, given=given, may_fail=True)
        done = ran.status == 0
    finally:
        if not done and planned.new:
            unknown = repository.lines(planned.new)
            repo.run("update-index", "--force-remove", "-z", "--stdin", given=unknown, may_fail=True)
    return ran


def _commit_all(repo: Repository, planned: plan.Plan, message: str, who: tuple[str, ...]) -> Ran:
    index = repo.folder / "index"
    before = index.read_bytes() if index.exists() else None
    staged = done = False
    try:
        repo.run(
            "update-index", "--add", "--remove", "--replace", "-z", "--stdin", given=repository.lines(planned.paths)
        )
        staged = True
        ran = repo.run(*who, *_COMMIT, "-m", message, may_fail=True)
        done = ran.status == 0
    finally:
        if staged and not done:
            _put_back(index, before)
    return ran


def _put_back(index: Path, before: bytes | None) -> None:
    if before is None:
        index.unlink(missing_ok=True)
        return
    beside = index.with_name("index.e2e")
    beside.write_bytes(before)
    beside.replace(index)


def _refused(repo: Repository, ran: Ran) -> E2EError:
    error = repository.refusal(("commit",), ran, repo.top)
    known = not error.message.startswith("git commit failed")
    by_git = re.search(r"(?m)^(?:fatal|error): ", ran.err)
    hooks = _hooks(repo)
    if not hooks or (known and by_git):
        return error
    said = "\n".join(ran.err.strip().splitlines()[-20:]) or f"it ended with status {ran.status} and no word"
    return GitError(
        f"A git hook ({', '.join(hooks)}) refused the commit: {said}",
        hint="mend what it says and commit again; git commit --no-verify goes past hooks",
    )


def _hooks(repo: Repository) -> list[str]:
    folder = repo.top / os.fsdecode(repo.run("rev-parse", "--git-path", "hooks").out.rstrip(b"\n"))
    names = ("pre-commit", "prepare-commit-msg", "commit-msg")
    return [name for name in names if os.access(folder / name, os.X_OK)]


def _refresh_lock(project: Project) -> list[str]:
    """Bring ``requirements.lock`` up to date; a note where a file of that name is not ours to write."""
    path = project.root / working.LOCK
    lock = environment().encode()
    try:
        before = path.read_bytes()
    except FileNotFoundError:
        before = None
    if before == lock:
        return []
    if before is not None and not plan.is_our_lock(before):
        return [f"{working.LOCK} was not written by e2e-lab and is left as it is"]
    project.write(path, lock)
    return []


def _refuse_secrets(repo: Repository, paths: list[str]) -> None:
    found = [
        finding for path in paths for finding in gate.findings(repo.inside(path) or path, _looked_through(repo, path))
    ]
    if found:
        listed = "\n".join(f"  {finding}" for finding in found[:10])
        more = f"\n  and {len(found) - 10} more" if len(found) > 10 else ""
        raise SecretFound(
            f"This looks like a secret, and nothing was committed:\n{listed}{more}",
            hint="take it out (os.environ, a keyring), or end the line with: # e2e: allow-secret",
        )


def _looked_through(repo: Repository, path: str) -> bytes:
    """The content of a file, of one that is longer than the gate reads nothing."""
    try:
        long = (repo.top / path).stat().st_size > gate.LONGEST
    except OSError:  # it is gone
        return b""
    return b"" if long else plan.content(repo, path) or b""


def _older_on_disk(project: Project, trail: Trail) -> list[str]:
    """A note where the notebook on disk lacks cells that ran: what is committed is then not what was computed.

    A source that ran, was edited, and ran again in a form that is on disk counts as saved.
    """
    if not trail.notebook or not trail.cells:
        return []
    try:
        content = Path(project.root, trail.notebook).read_bytes()
    except OSError:
        return [f"{trail.notebook} is not on disk yet: save it (Ctrl+S), then commit again"]
    saved = {cell.source.strip() for cell in notebooks.cells(content)}
    ran = [source.strip() for source in trail.cells]
    for place, source in enumerate(ran):
        if source in saved or all(_OURS_ALONE.fullmatch(line) for line in source.splitlines()):
            continue
        reruns = [later for later in ran[place + 1 :] if later in saved][:10]  # an edited cell is run again soon
        if not any(_is_edit(source, later) for later in reruns):
            return [f"{trail.notebook} on disk is older than what ran: save it (Ctrl+S), then commit again"]
    return []


def _is_edit(source: str, later: str) -> bool:
    return difflib.SequenceMatcher(None, source, later, autojunk=False).quick_ratio() > 0.6
