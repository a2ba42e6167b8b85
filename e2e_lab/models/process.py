"""A built Bento as one child process on loopback: started, watched, ended."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from e2e_lab.errors import ServiceError
from e2e_lab.project import Project, writing

HOST = "127.0.0.1"
READY_SECONDS = 120.0
GRACE_SECONDS = 5.0

_children: dict[int, subprocess.Popen[bytes]] = {}
_children_lock = threading.Lock()


@dataclass(frozen=True)
class Child:
    """A process that serves a Bento. *started* is its creation time: with *pid*, it names one process for good."""

    pid: int
    started: float
    url: str

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return alive(self.pid, self.started)

    def end(self) -> bool:
        """End it; see :func:`end`."""
        return end(self.pid, self.started)


def start_bento(
    project: Project,
    folder: Path,
    *,
    token: str,
    log: Path,
    port: int | None = None,
    environment: Mapping[str, str] | None = None,
    owner: int | None = None,
    state: Path | None = None,
    timeout: float = READY_SECONDS,
) -> Child:
    """The Bento in *folder* as one process that answers on loopback when this returns.

    The token travels in the environment, never in the argument list. *log* takes what the process prints and begins
    anew. With *owner* the process ends when that process ends, however it ends; with *state* when that JSON file does
    not name it as its ``pid``, some minutes after the start or later. Raises :class:`ServiceError` where the
    port is taken, or with the last lines of the log where the process is not ready in *timeout* seconds.
    """
    listening = _bound(port)
    with listening:
        address = listening.getsockname()[1]
        command = [sys.executable, "-P", str(Path(__file__).with_name("worker.py")), str(folder)]
        command += ["--fd", str(listening.fileno())]
        if owner is not None:
            command += ["--owner", f"{owner}:{_created(owner)}"]
        if state is not None:
            command += ["--state", str(state)]
        variables = os.environ | _environment(project) | dict(environment or {}) | {"E2E_SERVICE_TOKEN": token}
        child = _spawned(command, variables, log, listening.fileno())
    try:
        _wait_ready(child, address, log, timeout)
        return Child(child.pid, _created(child.pid), f"http://{HOST}:{address}")
    except BaseException:
        child.kill()
        child.wait()
        raise


def alive(pid: int, started: float) -> bool:
    """Whether the process *pid* that was created at *started* still runs."""
    import psutil

    with _children_lock:
        child = _children.get(pid)
        if child and child.poll() is not None:  # a child of ours that ended: now the system may forget it
            del _children[pid]
            return False
    try:
        process = psutil.Process(pid)
        # A child of ours may look dead while its threads still end; a child of others stays so for good.
        ended = child is None and process.status() == psutil.STATUS_ZOMBIE
        return abs(process.create_time() - started) < 1 and not ended
    except psutil.Error:
        return False


def end(pid: int, started: float) -> bool:
    """End the process *pid* created at *started*: asked first, then forced after five seconds.

    False where it was not running; another process that has the number by now is never touched.
    """
    if not alive(pid, started):
        return False
    for kind, seconds in ((signal.SIGTERM, GRACE_SECONDS), (signal.SIGKILL, GRACE_SECONDS)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, kind)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if not alive(pid, started):
                return True
            time.sleep(0.02)
    raise ServiceError(f"Process {pid} does not end.", hint=f"kill -9 {pid}")


def _bound(port: int | None) -> socket.socket:
    # The protocol is named because asyncio switches Nagle's delay off only on sockets that name it.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((HOST, port or 0))
        listening.set_inheritable(True)
    except (OSError, OverflowError) as problem:
        listening.close()
        said = problem.strerror if isinstance(problem, OSError) else "no such port"
        raise ServiceError(
            f"Port {port} cannot be had: {said}.", hint="leave --port out: a free one is taken"
        ) from None
    return listening


def _environment(project: Project) -> dict[str, str]:
    return {
        "BENTOML_DO_NOT_TRACK": "true",
        "BENTOML_HOME": str(project.home / "bentos"),
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "E2E_SERVICE_HOSTS": f"{HOST},localhost",
        "E2E_PREDICTION_LOG": "",
        "E2E_LOG_INPUTS": "",
        "OMP_NUM_THREADS": "1",
        "PYTHONUNBUFFERED": "1",
    }


def _spawned(command: list[str], variables: dict[str, str], log: Path, fd: int) -> subprocess.Popen[bytes]:
    with writing(log):
        log.parent.mkdir(parents=True, exist_ok=True)
        if log.exists():
            os.replace(log, log.with_name(f"{log.name}.1"))
        out = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        # A session of its own, so that Ctrl-C in the terminal or an interrupt of the kernel does not reach it.
        child = subprocess.Popen(
            command,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            pass_fds=(fd,),
            start_new_session=True,
        )
    finally:
        os.close(out)
    with _children_lock:
        _children[child.pid] = child
    return child


def _created(pid: int) -> float:
    import psutil

    try:
        return psutil.Process(pid).create_time()
    except psutil.Error:
        raise ServiceError(f"There is no process {pid}.", hint="e2e services") from None


def _wait_ready(child: subprocess.Popen[bytes], port: int, log: Path, timeout: float) -> None:
    until = time.monotonic() + timeout
    while True:
        if child.poll() is not None:
            raise ServiceError(f"The service ended while it started.{_tail(log)}", hint=f"see {log}")
        if _ready(port):
            return
        if time.monotonic() > until:
            raise ServiceError(f"The service was not ready in {timeout:.0f} s.{_tail(log)}", hint=f"see {log}")
        time.sleep(0.02)


def _ready(port: int) -> bool:
    asking = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        asking.request("GET", "/readyz")
        return asking.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        asking.close()


def _tail(log: Path, lines: int = 15) -> str:
    try:
        last = log.read_text("utf-8", "replace").strip().splitlines()[-lines:]
    except OSError:
        last = []
    return "".join(f"\n    {line}" for line in last)
