"""Find, make and lock a project: the folder with an ``e2e.toml``, and its state in ``.e2e``.

Everything that writes to disk for a project goes through :meth:`Project.write` (temporary file, fsync, rename), so
that a crash at any instant leaves either the old file or the new one. Kernels, shells and the server are separate
processes and meet only here: in files, under :meth:`Project.lock`, told of change by :attr:`Project.revision`.
"""

from __future__ import annotations

import errno
import json
import os
import secrets
import socket
import time
import tomllib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

from filelock import FileLock, Timeout

from e2e_lab.errors import DiskFull, Locked, NewerFormat, NoProject, ProjectError, ReadOnly, StorageRefused, UsageError
from e2e_lab.interrupts import Interrupts, acquire, interrupts_waiting
from e2e_lab.records import FORMAT

SETTINGS = "e2e.toml"
HOME = ".e2e"
LOCK_SECONDS = 10.0


@dataclass(frozen=True)
class Project:
    """A project on disk.

    *root* is the folder with ``e2e.toml``; *home* the ``.e2e`` folder, which worktrees of one repository share.
    """

    root: Path
    home: Path
    _lock: FileLock = field(repr=False, compare=False)
    _process: int = field(default_factory=os.getpid, repr=False, compare=False)

    @classmethod
    def at(cls, root: Path) -> Project:
        """The project whose ``e2e.toml`` lies in *root*."""
        root = root.resolve()
        home = _shared_home(root)
        project = cls(root, home, FileLock(home / "lock", timeout=LOCK_SECONDS))
        project._check_format()
        return project

    # ---- what it is called, and how it is set ----------------------------------------------------------------

    @property
    def name(self) -> str:
        """The name in ``e2e.toml``, else the folder's."""
        return str(self.setting("project", "name") or self.root.name)

    @cached_property
    def _settings(self) -> dict[str, Any]:
        path = self.root / SETTINGS
        try:
            return tomllib.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
            raise ProjectError(f"{SETTINGS} cannot be read: {problem}.", hint=f"edit {path}") from None

    def setting(self, table: str, key: str, *, env: str | None = None) -> Any:
        """The environment variable *env* where it is set, else ``[table] key`` in ``e2e.toml``, else None."""
        if env and os.environ.get(env):
            return os.environ[env]
        values = self._settings.get(table, {})
        return values.get(key) if isinstance(values, dict) else None

    @property
    def id(self) -> str:
        """What tells this project from a copy of its folder; a moved project keeps it."""
        return str(self._identity().get("id", ""))

    def _identity(self) -> dict[str, Any]:
        try:
            found = json.loads((self.home / "project.json").read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def settle(self) -> None:
        """Note where the project lies now. A copied folder gets an id of its own; a moved one keeps its id."""
        known = self._identity()
        here = str(self.home)
        if known.get("home") == here:
            return
        with self.lock("settle"):
            known = self._identity()
            was = known.get("home")
            if was == here:
                return
            copied = was is not None and Project(self.root, Path(was), self._lock).id == known.get("id")
            new = {"id": known["id"] if known.get("id") and not copied else secrets.token_hex(8), "home": here}
            self.write(self.home / "project.json", json.dumps(new).encode())

    def _check_format(self) -> None:
        try:
            found = int((self.home / "VERSION").read_text("ascii"))
        except (OSError, ValueError):
            return
        if found > FORMAT:
            raise NewerFormat(
                f"{self.home} has format {found}, this e2e-lab knows {FORMAT} and older.",
                hint="pip install --upgrade e2e-lab",
            )

    # ---- paths -----------------------------------------------------------------------------------------------

    def relative(self, path: Path | str) -> str:
        """*path* as it is recorded: relative to the root with forward slashes, or absolute where it lies outside."""
        absolute = Path(os.path.abspath(path))
        for candidate in (absolute, absolute.resolve()):
            if candidate.is_relative_to(self.root):
                return candidate.relative_to(self.root).as_posix()
        return absolute.as_posix()

    def inside(self, path: Path | str) -> Path:
        """*path* under the root, links resolved, or :class:`UsageError` where it leads out of the project."""
        full = (self.root / path).resolve()
        if not full.is_relative_to(self.root):
            raise UsageError(f"{str(path)!r} lies outside the project {self.root}.", hint="name a path in the project")
        return full

    # ---- writing ---------------------------------------------------------------------------------------------

    def write(self, path: Path, content: bytes) -> None:
        """Put *content* at *path* so that a crash leaves the old file or the new one, never a part."""
        with replacing(path) as file:
            file.write(content)

    def append(self, path: Path, line: str) -> None:
        """Add one line to the journal at *path*; a line that a crash cut short is closed off first, so that it
        spoils itself alone. Of a line that cannot be written whole nothing stays."""
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            new = not path.exists()
            with open(path, "a+b", buffering=0) as file:
                before = file.tell()
                torn = before and (file.seek(-1, os.SEEK_END), file.read(1))[1] != b"\n"
                try:
                    _write_all(file.fileno(), b"\n" * bool(torn) + line.encode() + b"\n")
                    os.fsync(file.fileno())
                except OSError:
                    with suppress(OSError):  # the line then counts, or spoils itself alone
                        os.ftruncate(file.fileno(), before)
                    raise
            if new:
                sync_folder(path.parent)

    @contextmanager
    def lock(self, purpose: str) -> Iterator[None]:
        """Hold the project for a short change (journal, record, migration); never while hashing or encoding.

        Waits 10 s, then raises :class:`Locked` naming the holder. May be taken again by the thread that has it. An
        interrupt waits until the project has been given back.
        """
        holder = self.home / "lock.holder"
        if self._process != os.getpid():  # forked: a lock is of one process
            object.__setattr__(self, "_lock", FileLock(self.home / "lock", timeout=LOCK_SECONDS))
            object.__setattr__(self, "_process", os.getpid())
        with writing(self.home):
            self.home.mkdir(parents=True, exist_ok=True)
        with interrupts_waiting() as interrupts:
            try:
                with writing(self.home):
                    acquire(self._lock, interrupts)
            except Timeout:
                raise Locked(f"The project is busy: {_said(holder)}.", hint="try again, or end that process") from None
            outermost = self._lock.lock_counter == 1
            try:
                if outermost:
                    said = {"pid": os.getpid(), "host": socket.gethostname(), "purpose": purpose, "since": time.time()}
                    with suppress(OSError):  # it only tells others who to wait for; `gc` needs no room for it
                        holder.write_text(json.dumps(said), "utf-8")
                yield
            finally:
                try:
                    if outermost:
                        with suppress(OSError):
                            holder.unlink(missing_ok=True)
                finally:  # whatever becomes of that
                    self._lock.release()

    # ---- change ----------------------------------------------------------------------------------------------

    @property
    def revision(self) -> int:
        """A number that grows with every change; one ``stat``, so that a panel can poll it."""
        try:
            return (self.home / "revision").stat().st_mtime_ns
        except OSError:
            return 0

    def changed(self) -> None:
        """Say that something changed."""
        path = self.home / "revision"
        with writing(path):
            path.touch()
            now = max(time.time_ns(), self.revision + 1)
            os.utime(path, ns=(now, now))


def taking_turns(path: Path, *, doing: str, seconds: float = 300.0) -> AbstractContextManager[None]:
    """Hold the lock file at *path*, for long work that two processes must not do at once while the project goes on.

    Who waits mostly finds the work done; after *seconds*, :class:`Locked`. The lock goes with the process, however
    that ends. (:meth:`Project.lock` is for changes of milliseconds.)
    """
    return _Turn(path, doing, seconds)


class _Turn:
    """A turn, which can be interrupted. Not a generator: contextlib can be interrupted before it goes on with one."""

    def __init__(self, path: Path, doing: str, seconds: float) -> None:
        self._path, self._doing, self._seconds = path, doing, seconds

    def __enter__(self) -> None:
        self._interrupts = interrupts = Interrupts(leaving=_Turn.__exit__.__code__)
        interrupts.begin()
        try:
            self._lock = FileLock(self._path, timeout=self._seconds)
            with writing(self._path):
                self._path.parent.mkdir(parents=True, exist_ok=True)
                acquire(self._lock, interrupts)
            interrupts.let_through()
        except BaseException as problem:
            self._leave()
            if isinstance(problem, Timeout):
                said = f"Another process has been {self._doing} for {round(self._seconds / 60)} min."
                raise Locked(said, hint="try again later") from None
            raise
        interrupts.wait = False  # last, since any call may be interrupted

    def __exit__(self, *_: object) -> None:
        self._interrupts.wait = True  # up to here, they wait since this is leaving
        self._leave()

    def _leave(self) -> None:
        try:
            if hasattr(self, "_lock"):
                self._lock.release()
                del self._lock  # which is given up for good, as yet without an interrupt
        finally:
            self._interrupts.end()


def find(start: Path | str | None = None) -> Project:
    """The project that *start* (a folder or file; the working folder by default) lies in.

    ``E2E_PROJECT`` overrides. Raises :class:`NoProject` where neither *start* nor a folder above has an ``e2e.toml``.
    """
    named = os.environ.get("E2E_PROJECT")
    if named:
        root = Path(named).expanduser()
        if not (root / SETTINGS).is_file():
            raise NoProject(f"E2E_PROJECT names {named}, where there is no {SETTINGS}.", hint=f"e2e init {named}")
        return _opened(root)
    return around(start or Path.cwd())


def around(start: Path | str) -> Project:
    """The project that *start* lies in, whatever the environment says: for who asks about several. Or NoProject."""
    here = Path(start).resolve()
    for folder in (here, *here.parents):
        if (folder / SETTINGS).is_file():
            return _opened(folder)
    raise NoProject(f"There is no e2e-lab project in {here} or above it.", hint="e2e init")


def create(root: Path, *, name: str | None = None) -> tuple[Project, list[str]]:
    """Make *root* a project, or complete one; says which files were new. Git is the versioning room's part."""
    created = []
    with writing(root):
        root.mkdir(parents=True, exist_ok=True)
    project = Project.at(root)
    settings = root.resolve() / SETTINGS
    if not settings.exists():
        title = json.dumps(name or root.resolve().name, ensure_ascii=False)
        project.write(settings, _TEMPLATE.format(name=title).encode())
        created.append(SETTINGS)
    if not (project.home / "VERSION").exists():
        project.write(project.home / "VERSION", f"{FORMAT}\n".encode())
        created.append(HOME)
    project.settle()
    return project, created


_TEMPLATE = """\
# Settings of this e2e-lab project. Everything has a default; environment variables win over what stands here.

[project]
name = {name}

# [storage]
# keep_days = 90                                  # how long gc keeps versions that nothing but the journal names

# [mlflow]
# tracking_uri = "http://tracking.example:5000"   # default: a database inside the project

# [serving]
# log_inputs = true                               # default: false; ids, answers and lineage are always logged
"""


def _opened(root: Path) -> Project:
    project = Project.at(root)
    try:
        project.settle()
    except StorageRefused:  # a read-only project can still be read
        pass
    return project


def _shared_home(root: Path) -> Path:
    """``.e2e`` beside ``e2e.toml``; in a linked worktree, that of the same folder in the main worktree.

    A linked worktree's ``.git`` is a file naming its git folder, in which ``commondir`` leads to the shared one
    (gitrepository-layout(5)).
    """
    for folder in (root, *root.parents):
        marker = folder / ".git"
        if marker.is_dir():
            break
        if marker.is_file():
            try:
                gitdir = (folder / marker.read_text("utf-8").removeprefix("gitdir:").strip()).resolve()
                common = (gitdir / (gitdir / "commondir").read_text("utf-8").strip()).resolve()
            except OSError:  # a submodule, which has no commondir: a repository of its own
                break
            if common.name == ".git":
                return common.parent / root.relative_to(folder) / HOME
            break
    return root / HOME


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the file system refuses into the error that says so."""
    try:
        yield
    except Timeout:  # of a lock; no fault of the file system
        raise
    except OSError as problem:
        if problem.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(f"No space left to write {path}.", hint="free some disk space, then try again") from problem
        if problem.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
            raise ReadOnly(f"{path} may not be written to.", hint=f"check who owns {path.parent}") from problem
        said = problem.strerror or str(problem)
        raise StorageRefused(f"{path} cannot be written: {said}.", hint=f"check the disk of {path.parent}") from problem


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write, which takes the place of *path* whole when the block ends, and not at all if that fails."""
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
        try:
            with open(temporary, "xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            with suppress(OSError):  # what went wrong first is what is said
                temporary.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)


def _write_all(file: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(file, left) :]


def sync_folder(folder: Path) -> None:
    """Make a rename in *folder* survive a power cut, where the file system knows how."""
    try:
        fd = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(fd)
    except OSError:
        return
    finally:
        os.close(fd)


def _said(holder: Path) -> str:
    try:
        who = json.loads(holder.read_text("utf-8"))
        seconds = max(0, round(time.time() - who["since"]))
        return f"process {who['pid']} on {who['host']} has held it for {seconds} s ({who['purpose']})"
    except (OSError, ValueError, KeyError):
        return "another process holds it"
