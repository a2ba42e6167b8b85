"""Jobs: real processes that outlive the page and the server, and never count as running when they are not."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest
from tornado.httpclient import HTTPClientError

from e2e_lab import __version__
from e2e_lab.project import Project
from e2e_lab.workspace import jobs
from e2e_lab.workspace.jobs import Kind
from e2e_lab.workspace.jobs.detached import _whole, save

EXPORT = {"kind": "export", "args": {"ref": "flights@v1", "path": "flights/out.parquet"}}


async def over(ask: Any, job: dict[str, Any], seconds: float = 60) -> dict[str, Any]:
    for _ in range(int(seconds * 10)):
        found = (await ask(f"jobs/{job['id']}", project="flights")).body
        if found["state"] in ("done", "failed", "cancelled"):
            return dict(found)
        await asyncio.sleep(0.1)
    raise AssertionError(f"still {found['state']}")


@pytest.fixture
def slow(data: Project, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A job that takes a minute: an ingest from a file that nobody writes to, which is a real wait of the system."""
    pipe = data.root / "endless.csv"
    os.mkfifo(pipe)
    checked = jobs.KINDS["ingest"]
    unchecked = Kind(checked.args, checked.title, lambda _, inside, args: _at(inside, args), checked.work)
    monkeypatch.setitem(jobs.KINDS, "ingest", unchecked)
    return {"kind": "ingest", "args": {"path": "flights/endless.csv", "name": "endless"}}


def _at(inside: Any, args: Any) -> Any:
    from dataclasses import replace

    return replace(args, path=str(inside(args.path)))


async def test_an_export_is_a_job_with_a_result_and_a_log(ask: Any, data: Project) -> None:
    begun = await ask("jobs", project="flights", body=EXPORT)
    assert (begun.status, begun.body["state"], begun.body["kind"]) == (202, "queued", "export")
    done = await over(ask, begun.body)
    assert (done["state"], done["error"], done["progress"]) == ("done", None, 1.0)
    assert done["result"]["rows"] == 4
    assert "flights@v1 →" in done["answer"]
    assert len(pd.read_parquet(data.root / "out.parquet")) == 4
    log = (await ask(f"jobs/{done['id']}/log", project="flights")).body
    assert "writing flights@v1" in log["text"]
    rest = (await ask(f"jobs/{done['id']}/log", project="flights", offset=str(log["next"]))).body
    assert (rest["text"], rest["next"]) == ("", log["next"])
    listed = (await ask("jobs", project="flights")).body
    assert [one["id"] for one in listed["items"]] == [done["id"]]


async def test_a_file_under_the_root_becomes_a_dataset(ask: Any, data: Project, jp_root_dir: Path) -> None:
    (jp_root_dir / "sales été.csv").write_text("a,b\n1,2\n", "utf-8")
    wish = {"kind": "ingest", "args": {"path": "sales été.csv", "name": "sales", "message": "first"}}
    done = await over(ask, (await ask("jobs", project="flights", body=wish)).body)
    assert (done["state"], done["error"]) == ("done", None)
    assert (await ask("datasets/sales", project="flights")).body["message"] == "first"


async def test_verifying_tells_how_far_it_is_and_what_it_found(ask: Any, data: Project) -> None:
    done = await over(ask, (await ask("jobs", project="flights", body={"kind": "verify"})).body)
    assert (done["state"], done["result"]["versions"], done["result"]["findings"]) == ("done", 3, [])
    assert done["answer"].startswith("Intact · 3 versions")
    one = await over(
        ask, (await ask("jobs", project="flights", body={"kind": "verify", "args": {"refs": ["late"]}})).body
    )
    assert (one["title"], one["result"]["decoded"]) == ("verify late", True)


async def test_a_refusal_of_the_work_is_the_error_of_the_job(ask: Any, data: Project) -> None:
    (data.root / "out.parquet").write_text("mine", "utf-8")
    failed = await over(ask, (await ask("jobs", project="flights", body=EXPORT)).body)
    assert (failed["state"], failed["error"]["code"]) == ("failed", "usage")
    assert "not an earlier export" in failed["error"]["message"]
    assert (data.root / "out.parquet").read_text("utf-8") == "mine"


NOT_ALLOWED: tuple[dict[str, Any], ...] = (
    {"kind": "rm", "args": {}},
    {"kind": "export"},
    {"kind": "export", "args": {"ref": "flights", "path": "../out.parquet"}},
    {"kind": "export", "args": {"ref": "flights", "path": "/etc/out.parquet"}},
    {"kind": "export", "args": {"ref": "flights", "path": "link/out.parquet"}},
    {"kind": "export", "args": {"ref": "flights", "path": "flights/.e2e/store/out.parquet"}},
    {"kind": "export", "args": {"ref": "flights", "path": "flights/.git/out.parquet"}},
    {"kind": "export", "args": {"ref": "flights", "path": "flights/a\u0000b"}},
    {"kind": "export", "args": {"ref": "flights", "path": "flights/nowhere/out.parquet"}},
    {"kind": "export", "args": {"ref": "@", "path": "flights"}},
    {"kind": "export", "args": {"ref": ["flights"], "path": "flights"}},
    {"kind": "export", "args": {"ref": "flights"}, "kernel": "/bin/sh"},
    {"kind": "export", "args": {"ref": "flights"}, "kernel": "../python3"},
    {"kind": "export", "args": {"ref": "flights"}, "kernel": 3},
    {"kind": "ingest", "args": {"path": "../../etc/passwd", "name": "x"}},
    {"kind": "ingest", "args": {"path": "flights/nowhere.csv", "name": "x"}},
    {"kind": "ingest", "args": {"path": "flights", "name": "x"}},
    {"kind": "ingest", "args": {"path": "flights/e2e.toml", "name": "../x"}},
    {"kind": "export", "args": {"ref": "flights"}, "python": "/bin/sh"},
)


async def test_a_wish_that_is_not_allowed_starts_nothing(
    ask: Any, data: Project, jp_root_dir: Path, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (jp_root_dir / "link").symlink_to(tmp_path / "elsewhere")
    for wish in NOT_ALLOWED:
        refused = await ask("jobs", project="flights", body=wish)
        assert refused.status in (400, 404), wish
        assert refused.body["hint"], wish
    assert (await ask("jobs", project="flights")).body["total"] == 0


async def test_a_job_that_is_not_there_is_not_found(ask: Any, data: Project) -> None:
    for job in ("nothing", "..", "20260101T000000000000-abcdef", "%2e%2e%2f"):
        for noun in (f"jobs/{job}", f"jobs/{job}/log"):
            assert (await ask(noun, project="flights")).status == 404, noun
        assert (await ask(f"jobs/{job}/cancel", project="flights", body=b"")).status == 404, job


async def test_a_job_is_cancelled_and_leaves_nothing_behind(ask: Any, slow: dict[str, Any], data: Project) -> None:
    begun = (await ask("jobs", project="flights", body=slow)).body
    process = await _running(ask, data, begun)
    cancelled = await ask(f"jobs/{begun['id']}/cancel", project="flights", body=b"")
    assert cancelled.status == 200
    found = await over(ask, begun, 15)
    assert (found["state"], found["error"]) == ("cancelled", None)
    _, alive = psutil.wait_procs([process], timeout=5)
    assert not alive or process.status() == "zombie"
    again = await ask(f"jobs/{begun['id']}/cancel", project="flights", body=b"")
    assert again.body["state"] == "cancelled"
    assert (await ask("datasets/endless", project="flights")).status == 404


async def test_a_job_that_is_killed_has_failed_and_says_so(ask: Any, slow: dict[str, Any], data: Project) -> None:
    begun = (await ask("jobs", project="flights", body=slow)).body
    process = await _running(ask, data, begun)
    process.kill()
    found = await over(ask, begun, 15)
    assert (found["state"], found["error"]["code"]) == ("failed", "job_died")


async def _running(ask: Any, project: Project, job: dict[str, Any]) -> psutil.Process:
    for _ in range(300):
        if (await ask(f"jobs/{job['id']}", project="flights")).body["state"] == "running":
            break
        await asyncio.sleep(0.1)
    said = json.loads((project.home / "jobs" / job["id"] / "process.json").read_text("utf-8"))
    return psutil.Process(said["pid"])


@pytest.mark.integration
def test_a_job_goes_on_without_the_server_that_began_it(data: Project) -> None:
    code = (
        "import sys; from pathlib import Path; from e2e_lab import project; from e2e_lab.workspace import jobs;"
        "from e2e_lab.records.jobs import ExportArgs; p = project.find(sys.argv[1]);"
        "job = jobs.start(p, 'export', ExportArgs(ref='flights@v1', path=str(p.root / 'out.parquet')),"
        " title='t', python=sys.executable, kernel=None); print(job.id, flush=True); import os; os._exit(9)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(data.root)], capture_output=True, text=True, check=False)
    job_id = done.stdout.strip()
    from tests.conftest import eventually

    found = eventually(lambda: job.over and job if (job := jobs.find(data, job_id)) else None)
    assert found.state == "done"
    assert (data.root / "out.parquet").exists()


def test_a_job_of_a_machine_that_went_down_has_failed(data: Project) -> None:
    from datetime import UTC, datetime

    from e2e_lab.records.jobs import Job

    job = Job(id="20260101T000000000000-abcdef", kind="export", title="t", state="running", created=datetime.now(UTC))
    folder = data.home / "jobs" / job.id
    folder.mkdir(parents=True)
    save(data, job)
    (folder / "process.json").write_text(json.dumps({"pid": os.getpid(), "began": 1.0}), "utf-8")  # its number is ours
    found = jobs.find(data, job.id)
    assert (found.state, found.error and found.error.code) == ("failed", "job_died")
    assert jobs.find(data, job.id) == found


def test_a_log_is_cut_between_letters() -> None:
    text = "naïve — ☃ 🐍".encode()
    for length in range(len(text) + 1):
        text[: len(_whole(text[:length]))].decode()
    assert _whole(text) == text


@pytest.mark.integration
async def test_a_kernel_without_the_library_is_named_with_the_line_to_type(
    ask: Any, data: Project, tmp_path: Path, jp_data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)  # pytest-jupyter's, with which every Python has all of ours
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(bare)], check=True)
    _kernelspec(jp_data_dir, "bare", [str(bare / "bin" / "python"), "-m", "ipykernel_launcher", "-f", "{file}"])
    refused = await ask("jobs", project="flights", body={**EXPORT, "kernel": "bare"})
    assert (refused.status, refused.body["code"]) == (409, "no_library")
    assert refused.body["hint"] == f"{bare}/bin/python -m pip install e2e-lab=={__version__}"

    site = next((bare / "lib").glob("python*/site-packages"))
    (site / "e2e_lab-0.0.1.dist-info").mkdir()
    (site / "e2e_lab-0.0.1.dist-info" / "METADATA").write_text("Name: e2e-lab\nVersion: 0.0.1\n", "utf-8")
    refused = await ask("jobs", project="flights", body={**EXPORT, "kernel": "bare"})
    assert (refused.status, refused.body["code"]) == (409, "version_mismatch")
    assert "0.0.1" in refused.body["message"]

    _kernelspec(jp_data_dir, "other", ["/usr/bin/R", "--slave", "{connection_file}"])
    assert (await ask("jobs", project="flights", body={**EXPORT, "kernel": "other"})).status == 400
    assert (await ask("jobs", project="flights")).body["total"] == 0


def _kernelspec(data_dir: Path, name: str, argv: list[str]) -> None:
    folder = data_dir / "kernels" / name
    folder.mkdir(parents=True)
    spec = {"argv": argv, "display_name": name, "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(spec), "utf-8")


async def test_the_python_of_a_named_kernel_does_the_work(ask: Any, data: Project) -> None:
    begun = await ask("jobs", project="flights", body={**EXPORT, "kernel": "python3"})
    assert (begun.status, begun.body["kernel"]) == (202, "python3")
    assert (await over(ask, begun.body))["state"] == "done"


# ---- the stream ----------------------------------------------------------------------------------------------


async def test_a_job_is_streamed_until_it_is_over(ask: Any, data: Project, jp_ws_fetch: Any) -> None:
    begun = (await ask("jobs", project="flights", body=EXPORT)).body
    said, code = await _stream(jp_ws_fetch, begun["id"])
    states = [one["job"]["state"] for one in said if one["type"] == "job"]
    assert states[-1] == "done"
    assert states == sorted(states, key=["queued", "running", "done"].index)
    assert "writing flights@v1" in "".join(one["text"] for one in said if one["type"] == "log")
    assert code == 1000
    again, _ = await _stream(jp_ws_fetch, begun["id"], offset="7")
    log = (await ask(f"jobs/{begun['id']}/log", project="flights", offset="7")).body
    assert "".join(one["text"] for one in again if one["type"] == "log") == log["text"]


async def _stream(jp_ws_fetch: Any, job: str, **params: str) -> tuple[list[Any], int]:
    words = {"project": "flights", **params}
    stream = await jp_ws_fetch("e2e-lab", "api", "jobs", job, "stream", params=words)
    said = []
    while (message := await asyncio.wait_for(stream.read_message(), 60)) is not None:
        said.append(json.loads(message))
    code = stream.close_code
    stream.close()
    return said, code


async def _refused(jp_fetch: Any, job: str, **how: Any) -> int:
    """The status with which a stream is refused, before anything is streamed."""
    with pytest.raises(HTTPClientError) as refused:
        await jp_fetch("e2e-lab", "api", "jobs", job, "stream", **how)
    return int(refused.value.code)


async def test_a_stream_of_nothing_is_refused(ask: Any, data: Project, jp_fetch: Any) -> None:
    job = (await over(ask, (await ask("jobs", project="flights", body=EXPORT)).body))["id"]
    assert await _refused(jp_fetch, "nothing", params={"project": "flights"}) == 404
    assert await _refused(jp_fetch, job, params={"project": "../x"}) == 400
    assert await _refused(jp_fetch, job, params={"project": "nowhere"}) == 404
    assert await _refused(jp_fetch, job, params={"project": "flights", "offset": "x"}) == 400


async def test_a_stream_is_for_those_who_may(
    ask: Any, data: Project, jp_fetch: Any, jp_serverapp: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = (await over(ask, (await ask("jobs", project="flights", body=EXPORT)).body))["id"]
    wrong = {"Authorization": "token wrong"}
    assert await _refused(jp_fetch, job, params={"project": "flights"}, headers=wrong) == 403
    asked = []
    monkeypatch.setattr(jp_serverapp.authorizer, "is_authorized", lambda _h, _u, *what: asked.append(what))
    assert await _refused(jp_fetch, job, params={"project": "flights"}) == 403
    assert asked == [("read", "e2e_lab")]
