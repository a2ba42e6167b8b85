"""Ctrl-C and the stop button, which wait where they would leave something taken.

An interrupt that comes just before the ``try`` whose ``finally`` gives something back leaves it taken: the traceback,
which a notebook keeps, keeps it. They come to the main thread alone; in others nothing of this does anything.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import CodeType, FrameType
from typing import Any

from filelock import FileLock, Timeout

TRY_SECONDS = 0.1


class Interrupts:
    """What comes between :meth:`begin` and :meth:`end`; it waits while *wait* is true, and in the code *leaving*."""

    def __init__(self, leaving: CodeType | None = None) -> None:
        self.wait = True
        self._leaving = leaving
        self._came = False
        self._usual: Any = None

    def begin(self) -> None:
        """Take what comes from now on."""
        usual = signal.getsignal(signal.SIGINT)
        if callable(usual):
            self._usual = usual
            with suppress(ValueError):  # not in the main thread
                signal.signal(signal.SIGINT, self)

    def end(self) -> None:
        """Put back what was before, unless somebody else has come; and let through what came."""
        self.wait = False
        usual, now = self._usual, signal.getsignal(signal.SIGINT)
        if now is self:
            with suppress(ValueError):  # another thread ends it: all that comes is let through
                signal.signal(signal.SIGINT, usual)
        self.let_through()

    def let_through(self) -> None:
        """Let one that has come interrupt here."""
        if self._came:
            self._came = False
            self._usual(signal.SIGINT, None)

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self.wait or (frame is not None and frame.f_code is self._leaving):
            self._came = True
        else:
            self._usual(number, frame)


@contextmanager
def interrupts_waiting() -> Iterator[Interrupts]:
    """Keep interrupts waiting until the block ends."""
    interrupts = Interrupts()
    interrupts.begin()
    try:
        yield interrupts
    finally:
        interrupts.end()


def acquire(lock: FileLock, interrupts: Interrupts) -> None:
    """Take *lock* within its own timeout, else :class:`filelock.Timeout`; waiting for it can be interrupted."""
    until = time.monotonic() + lock.timeout
    while True:
        try:
            lock.acquire(timeout=max(0.0, min(TRY_SECONDS, until - time.monotonic())))
        except Timeout:
            if time.monotonic() >= until:
                raise
            interrupts.let_through()
        else:
            return
