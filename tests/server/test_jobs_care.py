"""Jobs when something is amiss: broken folders, other machines, odd numbers, a cancel that comes early."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from e2e_lab.errors import JobNotFound, Locked
from e2e_lab.project import Project
from e2e_lab.records.jobs import ExportArgs, Job, JobState
from e2e_lab.workspace.jobs import detached as jobs
from e2e_lab.workspace.jobs import process as job_process
from tests.server.test_jobs import EXPORT, _stream, over


def made(project: Project, number: int, *, state: JobState = "running", process: Any = None) -> Path:
    job = Job(
        id=f"20260101T0000000000{number:02}-abcdef", kind="export", title="t", state=state, created=datetime.now(UTC)
    )
    folder = project.home / "jobs" / job.id
    folder.mkdir(parents=True)
    jobs.save(project, job)
    if process is not None:
        (folder / "process.json").write_text(json.dumps(process), "utf-8")
    return folder


def aged(folder: Path) -> Path:
    long_ago = time.time() - 3600
    os.utime(folder, (long_ago, long_ago))
    return folder


async def test_a_broken_job_folder_stops_no_other_job_and_goes_when_it_is_old(ask: Any, data: Project) -> None:
    old, young, busy = (made(data, number) for number in range(3))
    working = {"pid": os.getpid(), "began": jobs.psutil.Process().create_time()}
    (busy / "process.json").write_text(json.dumps(working), "utf-8")
    for folder, text in ((old, "{"), (young, "[]"), (busy, '{"of": "another version"}')):
        (folder / "job.json").write_text(text, "utf-8")
    aged(old)
    aged(busy)
    done = await over(ask, (await ask("jobs", project="flights", body=EXPORT)).body)
    assert done["state"] == "done"
    assert [folder.exists() for folder in (old, young, busy)] == [False, True, True]


@pytest.mark.parametrize("said", [[], 3, None, "x", {"pid": "1", "began": 1.0}, {"pid": 1}, {"pid": -1, "began": 0}])
def test_a_note_of_the_process_that_makes_no_sense_means_no_process(data: Project, said: Any) -> None:
    folder = made(data, 1)
    (folder / "process.json").write_text(json.dumps(said), "utf-8")
    assert jobs.find(data, folder.name).state == "failed"
    assert [job.state for job in jobs.listed(data)] == ["failed"]


def test_a_job_with_a_time_of_no_zone_is_no_job(data: Project) -> None:
    folder = made(data, 1)
    said = json.loads((folder / "job.json").read_text("utf-8"))
    (folder / "job.json").write_text(json.dumps({**said, "created": "2026-01-01T00:00:00"}), "utf-8")
    with pytest.raises(JobNotFound):
        jobs.find(data, folder.name)


def test_what_another_machine_works_on_is_believed_kept_and_cancelled_there(data: Project) -> None:
    away = {"pid": os.getpid(), "began": 1.0, "host": "another-machine", "boot": "x"}
    folder = made(data, 1, process=away)
    assert jobs.find(data, folder.name).state == "running"
    with pytest.raises(Locked, match="another-machine") as refused:
        jobs.cancel(data, folder.name)
    assert "another-machine" in refused.value.hint
    (folder / "job.json").write_text("{", "utf-8")  # as a newer library there may write it
    aged(folder)
    jobs._sweep(data)
    assert folder.exists()


def test_a_process_of_an_earlier_start_of_the_machine_is_gone(data: Project) -> None:
    here = {"pid": os.getpid(), "began": jobs.psutil.Process().create_time(), "host": socket.gethostname()}
    assert jobs.find(data, made(data, 1, process={**here, "boot": jobs.boot_id()}).name).state == "running"
    assert jobs.find(data, made(data, 2, process={**here, "boot": "earlier"}).name).state == "failed"


def test_a_job_notes_its_machine(data: Project) -> None:
    job = jobs.start(data, "export", ExportArgs(ref="flights"), title="t", python=sys.executable, kernel=None)
    said = json.loads((data.home / "jobs" / job.id / "process.json").read_text("utf-8"))
    assert (said["host"], said["boot"]) == (socket.gethostname(), jobs.boot_id())
    from tests.conftest import eventually

    assert eventually(lambda: jobs.find(data, job.id).over)


def test_a_cancel_before_there_is_a_process_is_found_by_the_job(data: Project) -> None:
    folder = made(data, 1, state="queued")
    wish = {
        "root": str(data.root),
        "kind": "export",
        "args": {"ref": "flights", "path": str(data.root / "out.parquet")},
    }
    (folder / "wish.json").write_text(json.dumps(wish), "utf-8")
    assert jobs.cancel(data, folder.name).state == "queued"
    import signal

    was = {stop: signal.getsignal(stop) for stop in (signal.SIGINT, signal.SIGTERM)}
    try:
        job_process.main(folder)
    finally:
        for stop, handler in was.items():
            signal.signal(stop, handler)
    assert jobs.find(data, folder.name).state == "cancelled"
    assert not (data.root / "out.parquet").exists()


async def test_a_log_is_never_read_beyond_its_end(ask: Any, data: Project, jp_ws_fetch: Any) -> None:
    done = await over(ask, (await ask("jobs", project="flights", body=EXPORT)).body)
    length = (data.home / "jobs" / done["id"] / "log").stat().st_size
    far = await ask(f"jobs/{done['id']}/log", project="flights", offset="999999999999999")
    assert (far.body["text"], far.body["offset"], far.body["next"]) == ("", length, length)
    assert jobs.log(data, done["id"], 2**80).next == length
    said, code = await _stream(jp_ws_fetch, done["id"], offset="999999999999999")
    assert ([one["type"] for one in said], code) == (["job"], 1000)


async def test_a_stream_that_fails_says_so_and_closes(
    ask: Any, data: Project, jp_ws_fetch: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    done = await over(ask, (await ask("jobs", project="flights", body=EXPORT)).body)

    def broken(*_: Any) -> Any:
        raise RuntimeError("a bad disk")

    monkeypatch.setattr(jobs, "log", broken)
    said, code = await asyncio.wait_for(_stream(jp_ws_fetch, done["id"]), 10)
    assert (said, code) == ([], 1011)
    assert "a bad disk" in caplog.text
