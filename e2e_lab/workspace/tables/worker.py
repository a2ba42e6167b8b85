"""The process that answers the server's questions about tables: ``python -m e2e_lab.workspace.tables.worker SECONDS``.

It reads one JSON object a line from stdin and writes one a line to stdout. It ends when stdin does, so that none is
left where the server was killed, and after SECONDS without a question.

    → {"ask": 7, "what": "rows", "project": "/…", "version": {…}, "words": {…}}
    → {"cancel": 7}
    ← {"ask": 7, "answer": {…}}      or      {"ask": 7, "error": {"code": …, "message": …, "hint": …}}
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from e2e_lab.errors import E2EError
from e2e_lab.project import Project
from e2e_lab.records import Record, Snapshot

THREADS = 2  # a slow profile must not keep the rows from scrolling


@dataclass
class Desk:
    """The questions that are being answered, and the channel that the answers go to."""

    out: IO[bytes]
    idle: float
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(THREADS))
    open: dict[int, Future[None]] = field(default_factory=dict)
    cancelled: set[int] = field(default_factory=set)
    last: float = field(default_factory=time.monotonic)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, line: bytes) -> None:
        """Begin with a question, or leave one."""
        said = json.loads(line)
        with self.lock:
            self.last = time.monotonic()
            if "cancel" in said:
                left = self.open.get(said["cancel"])
                if left is not None and not left.cancel():
                    self.cancelled.add(said["cancel"])
                return
            self.open[said["ask"]] = self.pool.submit(self._answer, said)
            self.open[said["ask"]].add_done_callback(lambda _: self._done(said["ask"]))

    def _answer(self, said: dict[str, Any]) -> None:
        number = said["ask"]
        try:
            answer = _answers()[said["what"]](
                Project.at(Path(said["project"])),
                Snapshot.from_json(said["version"]) if said["version"] else None,
                said["words"],
                lambda: number in self.cancelled,
            )
            self._send({"ask": number, "answer": answer.to_json()})
        except E2EError as error:
            self._send({"ask": number, "error": error.to_json()})
        except Exception as error:
            print(f"e2e-lab worker: {said['what']}: {error!r}", file=sys.stderr, flush=True)  # noqa: T201
            failed = E2EError("The table cannot be read.", hint="see the log of the Jupyter server")
            self._send({"ask": number, "error": failed.to_json()})

    def _send(self, answer: dict[str, Any]) -> None:
        line = json.dumps(answer, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode() + b"\n"
        with self.lock:
            self.out.write(line)
            self.out.flush()

    def _done(self, number: int) -> None:
        # done callbacks of a future that was cancelled run inside `take`, which holds the lock
        self.open.pop(number, None)
        self.cancelled.discard(number)
        self.last = time.monotonic()
        if not self.open:
            _let_go()

    def watch(self) -> None:
        """End the process when nobody has asked anything for long enough."""
        while True:
            time.sleep(min(1.0, self.idle / 4))
            with self.lock:
                if not self.open and time.monotonic() - self.last > self.idle:
                    os._exit(0)


Answer = Callable[[Project, Any, dict[str, Any], Callable[[], bool]], Record]
"""Of a project, a version (None where the question is about none), words, and whether nobody waits any more."""


def _answers() -> dict[str, Answer]:
    from e2e_lab.workspace.tables import profiles, served, tracked, windows

    return {"rows": windows.answer, "columns": profiles.answer, **tracked.ANSWERS, **served.ANSWERS}


def _let_go() -> None:
    """Give memory back to the system between questions."""
    pyarrow = sys.modules.get("pyarrow")
    if pyarrow is not None:
        pyarrow.default_memory_pool().release_unused()


def main(idle: float) -> None:
    """Answer until stdin ends. What anything prints goes to stderr, so that it cannot get between the answers."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    desk = Desk(out, idle)
    threading.Thread(target=desk.watch, daemon=True).start()
    for line in sys.stdin.buffer:
        desk.take(line)
    os._exit(0)  # also in the middle of an answer: nobody waits for it any more


if __name__ == "__main__":
    main(float(sys.argv[1]))
