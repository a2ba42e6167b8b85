"""MLflow's own pages through the server: real processes of MLflow, begun when asked for, gone with the server."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from tornado.httpclient import HTTPClientError

from e2e_lab import experiments
from e2e_lab.project import Project
from e2e_lab.workspace.server.backend import Backend

pytestmark = pytest.mark.integration
SEARCH = "ajax-api/2.0/mlflow/runs/search"


@pytest.fixture
def tracked(flights: Project, backend: Backend) -> Iterator[Project]:
    """The project with one finished run; MLflow's processes end with the test."""
    run = experiments.start(flights, "first", params={"depth": 3})
    run.log_metric("rmse", 1.5)
    run.finish()
    experiments.wait(flights)
    yield flights
    backend.mlflow.stop()


@pytest.fixture
def pages(http_server_client: Any, jp_base_url: str, jp_auth_header: dict[str, str]) -> Any:
    """``await pages(url, PATH, body)``: the status and the body that come through the server."""

    async def fetched(url: str, path: str = "", body: Any = None, headers: Any = None) -> tuple[int, Any]:
        how = {} if body is None else {"method": "POST", "body": json.dumps(body)}
        headers = {"Content-Type": "application/json", **jp_auth_header, **(headers or {})}
        address = f"{jp_base_url}{url.partition('#')[0]}{path}"
        try:
            got = await http_server_client.fetch(address, headers=headers, follow_redirects=False, **how)
        except HTTPClientError as refused:
            got = refused.response
        text = got.body.decode()
        return got.code, json.loads(text) if "json" in got.headers.get("Content-Type", "") else text

    return fetched


def family(of: int) -> set[int]:
    """The processes of MLflow that a server has begun."""
    return {one.pid for one in psutil.Process(of).children(recursive=True) if "e2e_lab.experiments.ui" in one.cmdline()}


def gone(pids: set[int], seconds: float = 15) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not any(psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie" for pid in pids):
            return True
        time.sleep(0.1)
    return False


async def test_two_who_ask_at_once_get_one_process_that_shows_our_runs(
    ask: Any, tracked: Project, pages: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_SERVER_ALLOWED_HOSTS", "tracking.example")  # meant for another server of theirs
    first, second = await asyncio.gather(*(ask("mlflow", project="flights", body={}) for _ in range(2)))
    assert (first.status, second.status) == (200, 200)
    assert first.body == second.body
    assert first.body["own"] is True
    assert len(begun := family(os.getpid())) == 1
    status, page = await pages(first.body["url"])
    assert (status, "<title>MLflow</title>" in page) == (200, True)
    experiment = first.body["url"].rpartition("/experiments/")[2].partition("/")[0]
    status, found = await pages(first.body["url"], SEARCH, {"experiment_ids": [experiment]})
    assert (status, [run["info"]["run_name"] for run in found["runs"]]) == (200, ["first"])

    run = found["runs"][0]["info"]["run_id"]
    again = await ask("mlflow", project="flights", body={"run": run})
    assert again.body["url"].endswith(f"#/experiments/{experiment}/runs/{run}")
    unknown = await ask("mlflow", project="flights", body={"run": "f" * 32})
    assert (unknown.status, unknown.body["code"]) == (404, "run_not_found")
    assert family(os.getpid()) == begun


async def test_nobody_else_gets_through(
    ask: Any, tracked: Project, pages: Any, jp_serverapp: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = (await ask("mlflow", project="flights", body={})).body["url"]
    wrong = {"headers": {"Authorization": "token wrong"}}
    assert (await pages(url, **wrong))[0] in (302, 403)
    assert (await pages(url, SEARCH, {"experiment_ids": ["1"]}, **wrong))[0] == 403
    assert (await pages("e2e-lab/mlflow/" + "0" * 16 + "/"))[0] == 404
    assert (await pages(url, headers={"Upgrade": "websocket"}))[0] == 400

    # A browser is known by its cookie: what another site makes it send is refused, what our own page sends is not.
    monkeypatch.setattr(jp_serverapp.identity_provider, "is_token_authenticated", lambda handler: False)
    tag = {"key": "note", "value": "x", "run_id": experiments.find_run(tracked, "first").id}
    path = "ajax-api/2.0/mlflow/runs/set-tag"
    for headers in ({}, {"Origin": "http://elsewhere.example"}, {"Origin": "null"}):
        assert (await pages(url, path, tag, headers=headers))[0] == 403, headers
    own = f"http://127.0.0.1:{jp_serverapp.port}"
    assert (await pages(url, path, tag, headers={"Origin": own}))[0] == 200

    monkeypatch.setattr(jp_serverapp.authorizer, "is_authorized", lambda *_: False)
    assert (await pages(url))[0] == 403


async def test_what_is_changed_in_mlflow_is_seen_by_the_panels(ask: Any, tracked: Project, pages: Any) -> None:
    url = (await ask("mlflow", project="flights", body={})).body["url"]
    before = tracked.revision
    await pages(url, SEARCH, {"experiment_ids": ["1"]})
    assert tracked.revision == before
    run = experiments.find_run(tracked, "first").id
    assert (await pages(url, "ajax-api/2.0/mlflow/runs/delete", {"run_id": run}))[0] == 200
    assert tracked.revision > before
    assert (await ask("runs", project="flights")).body["total"] == 0


async def test_one_that_has_ended_is_begun_again_by_the_next_request(
    ask: Any, tracked: Project, pages: Any, backend: Backend
) -> None:
    async def over() -> None:
        until = time.monotonic() + 15
        while backend.mlflow.pids:
            assert time.monotonic() < until
            await asyncio.sleep(0.05)

    url = (await ask("mlflow", project="flights", body={})).body["url"]
    (killed,) = backend.mlflow.pids
    backend.mlflow.idle = 3.0
    os.kill(killed, signal.SIGKILL)  # asked at once: the system may still be at it
    assert (await pages(url, "health"))[0] == 200
    assert killed not in backend.mlflow.pids
    assert len(backend.mlflow.pids) == 1
    await over()  # nobody has asked it anything
    assert (await pages(url, "health"))[0] == 200


async def test_a_start_that_fails_says_what_mlflow_said_and_can_be_tried_again(
    ask: Any, tracked: Project, backend: Backend
) -> None:
    database = tracked.home / "mlflow.db"
    kept = database.read_bytes()
    for path in tracked.home.glob("mlflow.db*"):
        path.unlink()
    database.write_bytes(b"no database at all" * 100)
    refused = await ask("mlflow", project="flights", body={})
    assert (refused.status, refused.body["code"]) == (502, "tracking")
    assert refused.body["message"].startswith("MLflow ended while it started.\n")
    assert "file is not a database" in refused.body["message"]
    assert refused.body["hint"] == f"see {tracked.home / 'mlflow-ui.log'}"
    assert family(os.getpid()) == set()
    database.write_bytes(kept)
    assert (await ask("mlflow", project="flights", body={})).status == 200


async def test_without_the_proxy_the_line_that_installs_it_is_said(
    ask: Any, tracked: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jupyter_server_proxy", None)  # as where it is not installed
    refused = await ask("mlflow", project="flights", body={})
    assert (refused.status, refused.body["code"]) == (409, "not_installed")
    assert refused.body["hint"].endswith("-m pip install 'jupyter-server-proxy>=4.4'")
    monkeypatch.undo()
    assert (await ask("mlflow", project="flights", body={})).status == 200  # no restart of Jupyter between


async def test_a_store_without_pages_is_refused(ask: Any, tracked: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = tracked.root / "e2e.toml"
    settings.write_text(f'[mlflow]\ntracking_uri = "sqlite:///{tracked.root}/other.db"\n', "utf-8")
    refused = await ask("mlflow", project="flights", body={})
    assert (refused.status, refused.body["code"]) == (502, "tracking")
    assert "no page" in refused.body["message"]


# ---- a server as it is started, under a base URL as JupyterHub's ----------------------------------------------


class Jupyter:
    """A Jupyter server process with our extension, at ``/user/ada/``."""

    def __init__(self, root: Path, aside: Path) -> None:
        runtime = aside / "runtime"
        self.temporary = aside / "tmp"
        self.temporary.mkdir()
        words = [
            "--ServerApp.base_url=/user/ada/", "--IdentityProvider.token=t", "--port=0", "--ip=127.0.0.1",
            "--no-browser", "--allow-root", f"--ServerApp.root_dir={root}",
            "--ServerApp.jpserver_extensions={'e2e_lab': True}", "--log-level=ERROR",
        ]  # fmt: skip
        environment = os.environ | {"JUPYTER_RUNTIME_DIR": str(runtime), "TMPDIR": str(self.temporary)}
        self.process = subprocess.Popen([sys.executable, "-m", "jupyter_server", *words], env=environment)
        said = runtime / f"jpserver-{self.process.pid}.json"
        until = time.monotonic() + 30
        while not said.exists():
            assert time.monotonic() < until
            assert self.process.poll() is None
            time.sleep(0.05)
        time.sleep(0.1)
        self.url = json.loads(said.read_text("utf-8"))["url"]

    def ask(self, path: str, body: Any = None) -> Any:
        content = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": "token t", "Content-Type": "application/json"}
        with urllib.request.urlopen(urllib.request.Request(f"{self.url}{path}", content, headers), timeout=60) as got:
            return json.loads(got.read())


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_mlflow_ends_with_the_server_however_that_ends(tracked: Project, tmp_path: Path, how: signal.Signals) -> None:
    jupyter = Jupyter(tracked.root.parent, tmp_path)
    try:
        url = jupyter.ask("e2e-lab/api/mlflow?project=flights", {})["url"]
        assert url.startswith("e2e-lab/mlflow/")
        found = jupyter.ask(url.partition("#")[0] + SEARCH, {"experiment_ids": ["1"]})
        assert [run["info"]["run_name"] for run in found["runs"]] == ["first"]
        begun = family(jupyter.process.pid)
        assert len(begun) == 1
        assert len(list(jupyter.temporary.glob("e2e-lab-mlflow-*"))) == 1
        whole = begun | {one.pid for pid in begun for one in psutil.Process(pid).children(recursive=True)}
        assert whole == begun
        jupyter.process.send_signal(how)
        jupyter.process.wait(20)
        assert gone(whole)
        assert list(jupyter.temporary.glob("e2e-lab-mlflow-*")) == []
    finally:
        if jupyter.process.poll() is None:
            jupyter.process.kill()
            jupyter.process.wait()
