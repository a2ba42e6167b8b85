"""The repository around a project: the one place that runs git, and says in the user's words what git refused.

Everything goes through GitPython's ``Repo.git``, which runs the real git: the user's configuration, clean filters,
hooks and signing count. Paths travel NUL-separated and literally, so any file name works.
"""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from e2e_lab.errors import DiskFull, E2EError, GitError, NoIdentity, ReadOnly
from e2e_lab.project import Project

if TYPE_CHECKING:
    from types import ModuleType

    from git import Git

IDENTITY_HINT = 'git config user.name "Your Name" && git config user.email you@example.org'
LOCK_SECONDS = 1.5
_IN_THE_WAY = re.compile(r"Unable to create '(.+?\.lock)': File exists")


class Ran(NamedTuple):
    """How one git command ended."""

    status: int
    out: bytes
    err: str


@dataclass(frozen=True)
class Repository:
    """A git repository with a working tree, as seen from one project in it.

    *top* is the working tree's root, *folder* its git folder, *prefix* the way from *top* to the project
    (empty, or ending in ``/``).
    """

    top: Path
    folder: Path
    prefix: str
    _git: Git

    def run(
        self,
        *words: str,
        given: bytes | None = None,
        env: Mapping[str, str] | None = None,
        may_fail: bool = False,
        globs: bool = False,
    ) -> Ran:
        """Run one git command at *top* with *given* on its standard input; a failure raises unless it *may_fail*.

        Paths are meant literally but where *globs* are asked for. Another git that holds a lock is waited for: a file
        browser's ``git status`` holds it for a moment.
        """
        command = words if globs else ("--literal-pathspecs", *words)
        ran = _run(self._git, command, given=given, env=env)
        until = time.monotonic() + LOCK_SECONDS
        while ran.status and _IN_THE_WAY.search(ran.err) and time.monotonic() < until:
            time.sleep(0.05)
            ran = _run(self._git, command, given=given, env=env)
        if ran.status and not may_fail:
            raise refusal(words, ran, self.top)
        return ran

    def scope(self) -> tuple[str, ...]:
        """The pathspec that limits a command to the project; nothing where the project is the whole repository."""
        return ("--", self.prefix.rstrip("/")) if self.prefix else ()

    def inside(self, path: str) -> str | None:
        """A path of the repository as the project names it, or None where it lies outside the project."""
        return path[len(self.prefix) :] if path.startswith(self.prefix) else None

    def blobs(self, names: Iterable[str]) -> list[bytes | None]:
        """The contents of objects (ids, or ``REVISION:PATH``), in order; None for those that are not there."""
        wanted = [os.fsencode(name) for name in names]
        if not wanted:
            return []
        asked = b"".join(name + b"\n" for name in wanted if b"\n" not in name)
        out = self.run("cat-file", "--batch", "--buffer", given=asked).out
        found: list[bytes | None] = []
        at = 0
        for name in wanted:
            if b"\n" in name:
                found.append(None)
                continue
            end = out.index(b"\n", at)
            header = out[at:end]
            if header in (name + b" missing", name + b" ambiguous"):
                found.append(None)
                at = end + 1
                continue
            length = int(header.rsplit(b" ", 1)[1])
            found.append(out[end + 1 : end + 1 + length])
            at = end + length + 2
        return found

    def ignored(self, paths: Iterable[str]) -> dict[str, tuple[str, str]]:
        """Which of *paths* an ignore rule hides and git does not track: path → (file with the rule, the rule)."""
        given = lines(paths)
        if not given:
            return {}
        ran = self.run("check-ignore", "-v", "-z", "--stdin", given=given, may_fail=True, globs=True)  # takes no magic
        if ran.status not in (0, 1):
            raise refusal(("check-ignore",), ran, self.top)
        words = split(ran.out)
        rules = zip(words[0::4], words[2::4], words[3::4])
        return {path: (source, rule) for source, rule, path in rules if not rule.startswith("!")}

    def commit_id(self, revision: str) -> str | None:
        """The full id of the commit that *revision* names, or None."""
        if revision.startswith("-") or not revision.strip() or "\0" in revision:
            return None
        ran = self.run("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}", may_fail=True)
        return ran.out.decode().strip() if ran.status == 0 else None


def of(project: Project) -> Repository:
    """The repository that *project* lies in; :class:`GitError` where there is none."""
    found = around(project.root)
    if found is None:
        raise GitError(f"{project.root} is in no git repository.", hint=f"e2e init {project.root}")
    return found


def around(folder: Path) -> Repository | None:
    """The repository that *folder* lies in, or None."""
    git = library()
    try:
        repo = git.Repo(folder, search_parent_directories=True, expand_vars=False)
    except (git.InvalidGitRepositoryError, git.NoSuchPathError):
        return None
    if repo.working_tree_dir is None:
        raise GitError(f"The git repository around {folder} is bare: it has no files to work on.")
    top = Path(repo.working_tree_dir).resolve()
    way = folder.resolve().relative_to(top).as_posix()
    return Repository(top, Path(repo.git_dir), "" if way == "." else f"{way}/", repo.git)


def anywhere(folder: Path, *words: str) -> Ran:
    """Run git in *folder*, which need not be in a repository."""
    ran = _run(library().Git(folder), words, given=None, env=None)
    if ran.status:
        raise refusal(words, ran, folder)
    return ran


def setting_values(folder: Path, pattern: str) -> dict[str, str]:
    """The settings whose names match *pattern*, as git itself resolves them for *folder*."""
    ran = _run(library().Git(folder), ("config", "-z", "--get-regexp", pattern), given=None, env=None)
    return dict(cast("tuple[str, str]", tuple(entry.split("\n", 1))) for entry in split(ran.out) if "\n" in entry)


def library() -> ModuleType:
    """GitPython, which refuses to be imported where there is no git executable."""
    try:
        import git
    except ImportError as problem:
        raise _no_git() from problem
    return git


def lines(paths: Iterable[str]) -> bytes:
    """Paths as git reads them with ``-z``."""
    return b"".join(os.fsencode(path) + b"\0" for path in paths)


def split(out: bytes) -> list[str]:
    """What git wrote with ``-z``, as paths and words."""
    return [os.fsdecode(word) for word in out.split(b"\0")[:-1]]


def _run(git: Git, words: tuple[str, ...], *, given: bytes | None, env: Mapping[str, str] | None) -> Ran:
    # GitPython forces LC_ALL=C on hooks and filters too; LANGUAGE=C alone keeps git's own messages in English.
    surroundings = {"LC_ALL": os.environ.get("LC_ALL", ""), **(env or {})}
    command = [git.GIT_PYTHON_GIT_EXECUTABLE or "git", *words]
    missing = library().GitCommandNotFound
    with tempfile.TemporaryFile() as stdin:
        if given is not None:
            stdin.write(given)
            stdin.seek(0)
        try:
            status, out, err = git.execute(
                command,
                istream=stdin,
                env=surroundings,
                with_extended_output=True,
                with_exceptions=False,
                stdout_as_string=False,
                strip_newline_in_stdout=False,
            )
        except missing as problem:
            raise _no_git() from problem
    return Ran(status, out, err if isinstance(err, str) else os.fsdecode(err))


def _no_git() -> GitError:
    return GitError("There is no git on this machine.", hint="apt-get install git (or conda install git)")


def refusal(words: tuple[str, ...], ran: Ran, top: Path) -> E2EError:
    """The error that says what git's failure means."""
    said = ran.err.strip() or ran.out.decode("utf-8", "replace").strip()
    in_the_way = _IN_THE_WAY.search(said)
    if in_the_way:
        return GitError(
            f"Another git command is at work here, or one was interrupted: {in_the_way[1]} is in the way.",
            hint=f"if no git is running: rm '{in_the_way[1]}'",
        )
    for pattern, error in _MEANINGS:
        if re.search(pattern, said):
            return error(top)
    verb = next((word for word in words if not word.startswith("-") and "=" not in word), "")
    shown = "\n".join(said.splitlines()[-12:]) or f"it ended with status {ran.status} and no word"
    return GitError(f"git {verb} failed: {shown}", hint=f"try it by hand: git -C '{top}' status")


_MEANINGS = (
    (
        r"dubious ownership",
        lambda top: GitError(
            f"git does not trust {top}: the folder belongs to another user (dubious ownership).",
            hint=f"git config --global --add safe.directory '{top}'",
        ),
    ),
    (
        r"tell me who you are|empty ident name|auto-detect|auto-detection is disabled|no (name|email) was given",
        lambda _: NoIdentity("git does not know who is committing.", hint=IDENTITY_HINT),
    ),
    (
        r"(?i)failed to sign|signing failed|no secret key",
        lambda _: GitError(
            "git could not sign the commit, as its settings ask for.",
            hint="check `git config user.signingkey`, or: git config commit.gpgsign false",
        ),
    ),
    (
        r"(?i)No space left on device|Disk quota exceeded|out of disk ?space",
        lambda top: DiskFull(f"No space left in {top}.", hint="free some disk space, then try again"),
    ),
    (
        r"Permission denied|Read-only file system|insufficient permission",
        lambda top: ReadOnly(f"git may not write to {top}.", hint=f"check who owns {top}"),
    ),
)
