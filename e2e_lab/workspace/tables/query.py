"""The server's end of the worker: one process on demand, asked over pipes, started again where it died."""

from __future__ import annotations

import asyncio
import itertools
import json
import subprocess
import sys
import threading
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from e2e_lab.errors import E2EError, WorkerLost
from e2e_lab.project import Project
from e2e_lab.records import Snapshot

_HINT = "try again"


class _Ended(Exception):
    """The worker has gone home: idle, before it read the question."""


@dataclass
class _Process:
    """A running worker and the questions it has not answered yet."""

    process: subprocess.Popen[bytes]
    open: dict[int, Future[dict[str, Any]]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    writing: threading.Lock = field(default_factory=threading.Lock)
    given_up: bool = False
    """It was ended over one question; the others may be asked again."""

    def send(self, said: dict[str, Any]) -> None:
        """Say one thing; may wait, where the worker does not read."""
        assert self.process.stdin is not None
        line = json.dumps(said, separators=(",", ":")).encode() + b"\n"
        try:
            with self.writing:
                self.process.stdin.write(line)
                self.process.stdin.flush()
        except (OSError, ValueError):  # it has ended; the reader says so to all who wait
            return

    def read(self) -> None:
        """Hand each answer to who waits for it; at the end, tell the others."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            try:
                said = json.loads(line)
            except ValueError:  # it was killed in the middle of a line
                self.process.kill()
                break
            with self.lock:
                waiting = self.open.pop(said["ask"], None)
            if waiting is not None and waiting.set_running_or_notify_cancel():
                waiting.set_result(said)
        code = self.process.wait()
        self.process.stdout.close()
        if self.process.stdin is not None:
            try:
                self.process.stdin.close()
            except OSError:  # what was left in the buffer has no reader
                pass
        with self.lock:
            left, self.open = self.open, {}
        for waiting in left.values():
            if waiting.set_running_or_notify_cancel():
                gone = _Ended() if code == 0 or self.given_up else WorkerLost(_died(code), hint=_HINT)
                waiting.set_exception(gone)


def _died(code: int) -> str:
    how = f"was killed by signal {-code}" if code < 0 else f"ended with {code}"
    return f"The process that reads tables {how}."


@dataclass
class Worker:
    """One worker a server. *idle* and *timeout* are seconds."""

    idle: float = 120.0
    timeout: float = 60.0
    _running: _Process | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @property
    def pid(self) -> int | None:
        """The worker's process, None where none runs."""
        running = self._running
        return running.process.pid if running and running.process.poll() is None else None

    async def ask(self, what: str, project: Project, version: Snapshot | None, words: dict[str, Any]) -> dict[str, Any]:
        """The worker's answer as JSON; its refusals are raised as what they are.

        Raises :class:`WorkerLost` where it died over the question or took longer than *timeout*; the next question
        starts another one. Where it was ended over another question, this one is asked once more.
        """
        said = {"what": what, "project": str(project.root), "version": version and version.to_json(), "words": words}
        for _ in range(2):
            try:
                answer = await self._once(said)
            except _Ended:
                continue
            if "error" in answer:
                raise _error(answer["error"])
            return dict(answer["answer"])
        raise WorkerLost("The process that reads tables ended.", hint=_HINT)

    async def _once(self, said: dict[str, Any]) -> dict[str, Any]:
        number = next(self._numbers)
        waiting: Future[dict[str, Any]] = Future()
        running = await asyncio.to_thread(self._begin, number, waiting, {"ask": number, **said})
        try:
            return await asyncio.wait_for(asyncio.wrap_future(waiting), self.timeout)
        except TimeoutError:
            with running.lock:
                running.open.pop(number, None)
            running.given_up = True
            self._end(running)
            raise WorkerLost(
                f"Reading the table took longer than {self.timeout:.0f} s.", hint="ask for fewer columns"
            ) from None
        except asyncio.CancelledError:
            with running.lock:
                running.open.pop(number, None)
            asyncio.get_running_loop().run_in_executor(None, running.send, {"cancel": number})
            raise

    def _begin(self, number: int, waiting: Future[dict[str, Any]], said: dict[str, Any]) -> _Process:
        with self._lock:
            running = self._running
            if running is None or running.process.poll() is not None:
                running = self._running = self._start()
            with running.lock:
                running.open[number] = waiting
        running.send(said)
        if running.process.poll() is not None:  # it ended meanwhile, and the reader may have looked before us
            with running.lock:
                left = running.open.pop(number, None)
            if left is not None and left.set_running_or_notify_cancel():
                left.set_exception(_Ended())
        return running

    def _start(self) -> _Process:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "e2e_lab.workspace.tables.worker", str(self.idle)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        running = _Process(process)
        threading.Thread(target=running.read, name="e2e-lab worker", daemon=True).start()
        return running

    def stop(self) -> None:
        """End the worker; who waits for it hears :class:`WorkerLost`."""
        running = self._running
        if running is not None:
            self._end(running)

    def _end(self, running: _Process) -> None:
        with self._lock:
            if self._running is running:  # and not one that was started since
                self._running = None
        if running.process.poll() is None:
            running.process.kill()


def _error(said: dict[str, str]) -> E2EError:
    """The refusal as the worker raised it."""
    kinds = [E2EError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    found = next((kind for kind in kinds if kind.code == said["code"]), E2EError)
    return found(said["message"], hint=said["hint"])
