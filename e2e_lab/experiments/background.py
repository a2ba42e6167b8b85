"""Work that goes on after a cell is done: one thread, in order, finished before the interpreter ends."""

from __future__ import annotations

import functools
import os
import sys
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from e2e_lab.experiments.tracking import log
from e2e_lab.project import Project


@dataclass
class Job:
    """One piece of background work; *what* names it to the user, *run* is the run it is for."""

    home: str
    run: str
    what: str
    work: Callable[[], None]
    done: threading.Event = field(default_factory=threading.Event)


_jobs: deque[Job] = deque()
_current: list[Job] = []
_condition = threading.Condition()
_thread: threading.Thread | None = None


def submit(project: Project, run: str, what: str, work: Callable[[], None]) -> Job:
    """Have *work* done after what was submitted before. The thread is not a daemon: the interpreter waits for it."""
    global _thread  # noqa: PLW0603  one worker a process
    job = Job(str(project.home), run, what, work)
    _finish_before_pools_close()
    with _condition:
        _jobs.append(job)
        if _thread is None or not _thread.is_alive():
            _thread = threading.Thread(target=_run, name="e2e-keeping", daemon=False)
            _thread.start()
    return job


@functools.cache
def _finish_before_pools_close() -> None:
    """Have the interpreter wait for the work while thread pools can still be used: MLflow needs them.

    It joins threads only after ``concurrent.futures`` has closed for good. The hook that comes before is private to
    CPython (3.9 to 3.14 have it); the last one registered runs first.
    """
    import concurrent.futures.thread  # noqa: F401  registers its own

    register = getattr(threading, "_register_atexit", None)
    if register:
        register(_finish)


def _finish() -> None:
    _ending.set()
    while (thread := _thread) is not None and thread.is_alive():
        thread.join()


def _run() -> None:
    global _thread  # noqa: PLW0603
    while True:
        with _condition:
            if not _jobs:
                _thread = None
                return
            job = _jobs.popleft()
            _current[:] = [job]
        try:
            say_if_ending()
            job.work()
        except Exception as problem:  # a job reports its own failures; this is the last resort
            log.warning("%s failed: %s: %s", job.what, type(problem).__name__, problem)
        finally:
            with _condition:
                _current.clear()
            job.done.set()


_said: list[str] = []
_ending = threading.Event()


def say_if_ending() -> None:
    """One visible line where the interpreter has ended but for this work."""
    ending = _ending.is_set() or not threading.main_thread().is_alive()
    if ending and _current and _current[0].what not in _said:
        _said.append(_current[0].what)
        sys.stderr.write(f"e2e: finishing first: {_current[0].what}{os.linesep}")
        sys.stderr.flush()


def wait(project: Project, *, run: str | None = None, timeout: float | None = None) -> bool:
    """Until the background work of *project* (of one *run*) is done; False where *timeout* seconds were not enough."""
    while True:
        with _condition:
            waiting = [*_current, *_jobs]
        mine = [job for job in waiting if job.home == str(project.home) and run in (None, job.run)]
        if not mine:
            return True
        if not mine[-1].done.wait(timeout):
            return False
