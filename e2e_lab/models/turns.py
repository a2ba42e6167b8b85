"""One at a time: long work that two processes must not do at once, without holding up the whole project."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from e2e_lab.errors import Locked
from e2e_lab.project import writing


@contextmanager
def taking_turns(path: Path, *, doing: str, seconds: float = 300.0) -> Iterator[None]:
    """Hold the lock file at *path*. Who waits mostly finds the work done; after *seconds*, :class:`Locked`.

    The lock goes with the process, however that ends. (:meth:`Project.lock` is for changes of milliseconds.)
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, timeout=seconds)
    try:
        with writing(path):
            lock.acquire()
    except Timeout:
        raise Locked(f"Another process has been {doing} for minutes.", hint="try again later") from None
    try:
        yield
    finally:
        lock.release()
