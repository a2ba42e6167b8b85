"""Which content any part of the repository still speaks of: what a collection may never take away.

Where that cannot be told for certain (a shallow or partial clone, a damaged ref), an error is raised rather than a
shorter answer given.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from e2e_lab.errors import GitError
from e2e_lab.project import Project
from e2e_lab.records import STAGES
from e2e_lab.versioning import repository
from e2e_lab.versioning.repository import Repository, split

_ID = re.compile(rb"\"([0-9a-f]{32})\"")
_COMMIT = re.compile(rb"^(?:[0-9a-f]{64}|[0-9a-f]{40})\b", re.MULTILINE)
_RECORDS = tuple(f":(top,glob,icase)**/data/{stage}/*.json" for stage in STAGES)
_HIDDEN = (b"\0GITCRYPT", b"version https://git-lfs.github.com/")
_AT_WORK = ("*_HEAD", "MERGE_AUTOSTASH", "rebase-*/autostash", "rebase-*/orig-head", "rebase-*/onto")
_LOG = (
    "--no-replace-objects", "log", "--stdin", "--all", "--reflog", "--full-history", "-m", "--root", "--raw", "-z",
    "--no-abbrev", "--no-renames", "--no-relative", "--no-color", "--no-show-signature", "--format=",
)  # fmt: skip


def data_ids(project: Project) -> frozenset[str]:
    """Every content id in a record that is reachable: from any ref (branches, tags, hidden ones, the stash), reflog,
    index or working tree, of every worktree, and from a merge or rebase that is not finished.

    The ids of parents and of the version before count too. Records below any folder of the repository count, since
    the project may have been moved in it. Raises :class:`GitError` where the repository cannot tell, as a shallow
    clone cannot.
    """
    repo = repository.around(project.root)
    if repo is None:
        _refuse_unreadable(project.root)
        return frozenset(_ids(_on_disk([project.root / "data" / stage for stage in STAGES])))
    _refuse_partial(repo)
    folders = _git_folders(repo)
    blobs = _committed(repo, folders)
    paths: set[Path] = set()
    for folder, top in folders.items():
        for blob, path in _indexed(repo, folder):
            blobs.add(blob)
            paths.add(top / path)
    places = [top / repo.prefix / "data" / stage for top in folders.values() for stage in STAGES]
    return frozenset(_ids([*_contents(repo, sorted(blobs)), *_on_disk(places), *_files(paths)]))


def _refuse_unreadable(root: Path) -> None:
    """A folder with a ``.git`` that git takes for none is no project without history."""
    for folder in (root, *root.parents):
        if (folder / ".git").exists():
            raise GitError(f"{folder / '.git'} is no repository that git can read.", hint=f"git -C '{folder}' status")


def _refuse_partial(repo: Repository) -> None:
    if repo.run("rev-parse", "--is-shallow-repository").out.strip() != b"false":
        raise GitError("This clone has only the newest commits; what older ones refer to is not known here.",
                       hint="git fetch --unshallow")  # fmt: skip
    pattern = r"^(extensions\.partialclone|remote\..*\.promisor)$"
    if repository.setting_values(repo.top, pattern):
        raise GitError("This clone has not all files of its history; what they refer to is not known here.",
                       hint="git clone, without --filter")  # fmt: skip


def _git_folders(repo: Repository) -> dict[Path, Path]:
    """The git folder of each worktree, and where its files are (gitrepository-layout(5))."""
    said = repo.run("rev-parse", "--git-common-dir").out
    common = (repo.top / os.fsdecode(said.rstrip(b"\n"))).resolve()
    folders = {repo.folder.resolve(): repo.top}
    main = repository.around(common.parent) if common.name == ".git" else None
    if main is not None:
        folders[main.folder.resolve()] = main.top
    for linked in sorted((common / "worktrees").glob("*/gitdir")):
        folders.setdefault(linked.parent.resolve(), (linked.parent / linked.read_text("utf-8").strip()).parent)
    return folders


def _committed(repo: Repository, folders: Iterable[Path]) -> set[str]:
    """The blobs of all records that a commit brought. Each blob in a tree differs from a parent's in some commit."""
    starts = _unfinished(repo, folders)
    given = b"".join(f"{commit}\n".encode() for commit in starts) + b"--\n"
    given += b"".join(f"{pattern}\n".encode() for pattern in _RECORDS)
    ran = repo.run(*_LOG, given=given, globs=True, may_fail=True)
    if ran.status and "does not have any commits yet" not in ran.err:
        raise repository.refusal(("log",), ran, repo.top)
    if "broken" in ran.err or "bad object" in ran.err:
        raise GitError(f"The repository is damaged: {ran.err.strip().splitlines()[0]}", hint="git fsck")
    blobs = set()
    for word in split(ran.out):
        if word.lstrip("\n").startswith(":"):
            _, mode, _, blob, _ = word.lstrip("\n:").split(" ")
            if mode != "160000" and set(blob) != {"0"}:
                blobs.add(blob)
    return blobs


def _unfinished(repo: Repository, folders: Iterable[Path]) -> list[str]:
    """The commits that a merge, rebase or fetch has noted outside of refs, as far as they are there."""
    noted: set[str] = set()
    for folder in folders:
        for pattern in _AT_WORK:
            for file in folder.glob(pattern):
                if file.is_file():
                    noted |= {found.decode() for found in _COMMIT.findall(file.read_bytes())}
    if not noted:
        return []
    given = "".join(f"{name}\n" for name in sorted(noted)).encode()
    said = repo.run("cat-file", "--batch-check=%(objectname) %(objecttype)", given=given).out.decode().splitlines()
    return [line.split(" ")[0] for line in said if line.endswith(" commit")]


def _indexed(repo: Repository, folder: Path) -> Iterator[tuple[str, str]]:
    """Blob and path of each record in the index of a git folder, every side of a conflict included."""
    if not (folder / "index").exists():
        return
    place = (f"--git-dir={folder}", f"--work-tree={repo.top}")
    for entry in split(repo.run(*place, "ls-files", "--stage", "-z", "--", *_RECORDS, globs=True).out):
        facts, _, path = entry.partition("\t")
        yield facts.split(" ")[1], path


def _contents(repo: Repository, blobs: list[str]) -> Iterator[bytes]:
    for blob, content in zip(blobs, repo.blobs(blobs)):
        if content is None:
            raise GitError(f"The repository is damaged: {blob} is missing.", hint="git fsck")
        if content.startswith(_HIDDEN):
            raise GitError(
                f"Records in the history are encrypted or kept elsewhere ({blob[:12]}); their ids cannot be read.",
                hint="keep data/*/*.json out of git-crypt and git-lfs",
            )
        yield content


def _on_disk(folders: Iterable[Path]) -> Iterator[bytes]:
    for folder in folders:
        with _readable(folder), os.scandir(folder) as entries:
            yield from _files([Path(entry.path) for entry in entries if entry.name.endswith(".json")])


def _files(paths: Iterable[Path]) -> Iterator[bytes]:
    for path in paths:
        with _readable(path):
            yield path.read_bytes()


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return
    except OSError as problem:
        raise GitError(f"{path} cannot be read: {problem.strerror}.", hint=f"check who owns {path}") from problem


def _ids(contents: Iterable[bytes]) -> Iterator[str]:
    for content in contents:
        for found in _ID.findall(content):
            yield found.decode("ascii")
