"""Long work as detached processes, with their state on disk: it outlives a reload of the page and the server.

.e2e/jobs/ID/wish.json      what is to be done, checked
.e2e/jobs/ID/job.json       how it stands; written by the server until the process runs, then by the process alone
.e2e/jobs/ID/process.json   the process: its number, when it began (numbers are used again), its machine and start
.e2e/jobs/ID/cancel         somebody does not want it any more
.e2e/jobs/ID/log            what it printed
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil

from e2e_lab.errors import JobNotFound, Locked
from e2e_lab.project import Project, writing
from e2e_lab.records import FORMAT, Record
from e2e_lab.records.jobs import Job, JobLog, Problem
from e2e_lab.workspace.jobs.interpreters import check

KEPT = 100
"""Jobs that are over and still listed."""
GRACE_SECONDS = 5.0
"""How long a job may take to stop by itself."""
_QUEUED = timedelta(seconds=30)
_ID = re.compile(r"\d{8}T\d{12}-[0-9a-f]{6}")
_CHUNK = 1 << 18


def start(
    project: Project,
    kind: str,
    args: Record,
    *,
    title: str,
    python: str,
    kernel: str | None,
    environment: Mapping[str, str] | None = None,
) -> Job:
    """Begin a job in a process of its own, run by *python*; it goes on whatever becomes of this process.

    *environment* is what the kernel has besides ours.

    Raises :class:`UnfitPython` where *python* has no e2e-lab, or another one than this.
    """
    with writing(project.home / "jobs"):
        (project.home / "jobs").mkdir(parents=True, exist_ok=True)
    check(python, environment or {})
    _sweep(project)
    now = datetime.now(UTC)
    job = Job(
        id=f"{now:%Y%m%dT%H%M%S%f}-{secrets.token_hex(3)}", kind=kind, title=title, state="queued", created=now,
        kernel=kernel,
    )  # fmt: skip
    folder = _folder(project, job.id)
    folder.mkdir(mode=0o700)
    wish = {"format": FORMAT, "root": str(project.root), "kind": kind, "args": args.to_json()}
    project.write(folder / "wish.json", json.dumps(wish).encode())
    save(project, job)
    ours = {name: value for name, value in os.environ.items() if not name.startswith("JPY_")}
    with open(folder / "log", "ab") as log:
        process = subprocess.Popen(
            [python, "-u", "-m", "e2e_lab.workspace.jobs.process", str(folder)],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder, start_new_session=True,
            env=ours | dict(environment or {}),
        )  # fmt: skip
    threading.Thread(target=process.wait, name=f"e2e-lab {job.id}", daemon=True).start()  # leaves no zombie
    with contextlib.suppress(psutil.Error):
        began = psutil.Process(process.pid).create_time()
        said = {"pid": process.pid, "began": began, "host": socket.gethostname(), "boot": boot_id()}
        project.write(folder / "process.json", json.dumps(said).encode())
    return job


def save(project: Project, job: Job) -> None:
    """Write down how a job stands."""
    project.write(_folder(project, job.id) / "job.json", json.dumps({"format": FORMAT, **job.to_json()}).encode())


def find(project: Project, job_id: str) -> Job:
    """How a job stands; one whose process died without a word has failed. Raises :class:`JobNotFound`.

    What another machine works on is believed as it is written: its processes cannot be seen from here.
    """
    job = read(project, job_id)
    if job.over or _elsewhere(project, job.id):
        return job
    process = _process(project, job.id)
    if process is not None or (job.state == "queued" and _young(project, job)):
        return job
    job = read(project, job_id)  # it may have begun or ended well between the two looks
    if job.over or _process(project, job.id) is not None:
        return job
    if (_folder(project, job.id) / "cancel").exists():
        return replace(job, state="cancelled", ended=_last_sign(project, job))
    problem = Problem(code="job_died", message="The process of this job ended without a word.", hint="see its log")
    return replace(job, state="failed", ended=_last_sign(project, job), error=problem)


def _last_sign(project: Project, job: Job) -> datetime:
    """When a job whose process died wrote or printed something last."""
    last = job.created.timestamp()
    with contextlib.suppress(OSError):  # it was swept away meanwhile
        last = max(path.stat().st_mtime for path in _folder(project, job.id).iterdir())
    return datetime.fromtimestamp(last, UTC)


def listed(project: Project) -> list[Job]:
    """All jobs that are still known, newest first."""
    found = []
    for name in _ids(project):
        with contextlib.suppress(JobNotFound):
            found.append(find(project, name))
    return found


def cancel(project: Project, job_id: str) -> Job:
    """Ask a job to stop, and stop it by force where it does not within :data:`GRACE_SECONDS`.

    A job that has no process yet finds the wish when it begins. Raises :class:`Locked` where another machine has it.
    """
    job = find(project, job_id)
    if job.over:
        return job
    host = _elsewhere(project, job.id)
    if host:
        raise Locked(f"The job runs on {host}, where this server ends no process.", hint=f"cancel it on {host}")
    project.write(_folder(project, job.id) / "cancel", b"")
    process = _process(project, job.id)
    if process is None:
        return find(project, job_id)
    with contextlib.suppress(psutil.Error):
        process.send_signal(signal.SIGINT)
    force = threading.Timer(GRACE_SECONDS, _kill, [process])
    force.daemon = True
    force.start()
    return find(project, job_id)


def log(project: Project, job_id: str, offset: int = 0) -> JobLog:
    """What a job printed from byte *offset* on (its end, where that lies beyond), up to a quarter of a megabyte."""
    read(project, job_id)
    try:
        with open(_folder(project, job_id) / "log", "rb") as file:
            offset = min(offset, os.fstat(file.fileno()).st_size)
            file.seek(offset)
            said = file.read(_CHUNK)
    except FileNotFoundError:
        offset, said = 0, b""
    said = _whole(said)
    return JobLog(text=said.decode("utf-8", "replace"), offset=offset, next=offset + len(said))


def _whole(said: bytes) -> bytes:
    """Without a letter at the end of which only a part was read."""
    for length in range(1, min(4, len(said)) + 1):
        byte = said[-length]
        if byte >= 0b1100_0000:
            needed = 2 if byte < 0b1110_0000 else 3 if byte < 0b1111_0000 else 4
            return said[:-length] if length < needed else said
        if byte < 0b1000_0000:
            break
    return said


# ---- on disk -------------------------------------------------------------------------------------------------


def _folder(project: Project, job_id: str) -> Path:
    return project.home / "jobs" / job_id


def _ids(project: Project) -> list[str]:
    try:
        names = [path.name for path in (project.home / "jobs").iterdir()]
    except OSError:
        return []
    return sorted(filter(_ID.fullmatch, names), reverse=True)


def read(project: Project, job_id: str) -> Job:
    """What is written of a job, whether its process lives or not."""
    try:
        if not _ID.fullmatch(job_id):
            raise FileNotFoundError
        job = Job.from_json(json.loads((_folder(project, job_id) / "job.json").read_text("utf-8")))
        if job.created.tzinfo is None:
            raise ValueError("a time of nowhere")
        return job
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise JobNotFound(f"There is no job {job_id!r}.", hint="GET jobs lists them") from None


def _young(project: Project, job: Job) -> bool:
    """Whether a job without a process may still get one."""
    started = (_folder(project, job.id) / "process.json").exists()
    return not started and datetime.now(UTC) - job.created < _QUEUED


def _sweep(project: Project) -> None:
    """Let go of the oldest jobs that are over, and of folders in which no job can be read and nobody works."""
    over: list[str] = []
    broken: list[str] = []
    for name in _ids(project):
        try:
            if find(project, name).over:
                over.append(name)
        except JobNotFound:
            if _old(_folder(project, name)) and not _elsewhere(project, name) and _process(project, name) is None:
                broken.append(name)
    for name in [*over[KEPT:], *broken]:
        shutil.rmtree(_folder(project, name), ignore_errors=True)


def _old(folder: Path) -> bool:
    """Whether nothing in a folder has changed for a while: nobody is just about to fill it."""
    try:
        return time.time() - folder.stat().st_mtime > _QUEUED.total_seconds()
    except OSError:
        return False


# ---- processes -----------------------------------------------------------------------------------------------


def boot_id() -> str:
    """What tells this start of the machine from the others; "" where the system does not say (random(4))."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""


def _noted(project: Project, job_id: str) -> dict[str, Any]:
    try:
        said = json.loads((_folder(project, job_id) / "process.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def _elsewhere(project: Project, job_id: str) -> str | None:
    """The machine that works on a job, where it is another one than this."""
    host = _noted(project, job_id).get("host")
    return host if isinstance(host, str) and host != socket.gethostname() else None


def _process(project: Project, job_id: str) -> psutil.Process | None:
    """The process of a job while it lives on this machine."""
    said = _noted(project, job_id)
    if said.get("host", socket.gethostname()) != socket.gethostname() or said.get("boot", boot_id()) != boot_id():
        return None
    try:
        process = psutil.Process(said["pid"])
        same = abs(process.create_time() - said["began"]) < 1.0
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except (ValueError, KeyError, TypeError, OverflowError, psutil.Error):
        return None


def _kill(process: psutil.Process) -> None:
    """End a job and whatever it began; it leads a process group of its own."""
    with contextlib.suppress(psutil.Error, OSError):
        if process.is_running():
            os.killpg(process.pid, signal.SIGKILL)
