"""Every call by which the store changes files, counted, so that any one of them can fail or be the last.

What is wrapped is what e2e-lab calls: functions of :mod:`os`, and ``open`` for writing with the writes to what it
opened. sqlite's own calls are not seen here; nothing depends on the index.
"""

from __future__ import annotations

import builtins
import io
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

NAMES = ("write", "fsync", "replace", "rename", "unlink", "remove", "mkdir", "rmdir", "ftruncate", "utime")
TAKING_AWAY = ("unlink", "remove", "rmdir", "ftruncate", "rename", "replace", "utime")
"""What a full disk still lets one do."""

Strike = Callable[[str], None]


def error_at(number: int, code: int, *, lasting: bool = False) -> tuple[Strike, list[str]]:
    """Raises OSError with *code* at the call of this number; *lasting*, at each later one too that needs space. With it
    the names of the calls that were made."""
    calls: list[str] = []

    def strike(name: str) -> None:
        calls.append(name)
        hit = len(calls) == number
        if hit or (lasting and len(calls) > number and name not in TAKING_AWAY):
            raise OSError(code, os.strerror(code))

    return strike, calls


def death_at(number: int) -> Strike:
    """Ends the process with signal 9 just before the call of this number."""
    left = [number]

    def strike(name: str) -> None:
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)

    return strike


@contextmanager
def struck(strike: Strike) -> Iterator[None]:
    """Tell *strike* of each such call, before it is made."""
    was = {name: getattr(os, name) for name in NAMES} | {"open": os.open}
    real_open = builtins.open

    def wrapped(name: str) -> Callable[..., Any]:
        def call(*words: Any, **more: Any) -> Any:
            strike(name)
            return was[name](*words, **more)

        return call

    def low_open(path: Any, flags: int, *words: Any, **more: Any) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            strike("open")
        return int(was["open"](path, flags, *words, **more))

    def high_open(file: Any, mode: str = "r", *words: Any, **more: Any) -> Any:
        if not set(mode) & set("wax+"):
            return real_open(file, mode, *words, **more)
        strike("open")
        return _Writing(real_open(file, mode, *words, **more), strike)

    try:
        for name in NAMES:
            setattr(os, name, wrapped(name))
        os.open = low_open
        builtins.open = io.open = high_open  # type: ignore[assignment]
        yield
    finally:
        for name, real in was.items():
            setattr(os, name, real)
        builtins.open = io.open = real_open  # type: ignore[assignment]


class _Writing:
    """A file that was opened for writing, each write of which is a call too."""

    def __init__(self, file: Any, strike: Strike) -> None:
        self._file, self._strike = file, strike

    def write(self, content: Any) -> Any:
        self._strike("write")
        return self._file.write(content)

    def flush(self) -> None:
        self._strike("flush")
        self._file.flush()

    def __enter__(self) -> _Writing:
        return self

    def __exit__(self, *problem: object) -> None:
        self._file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)
