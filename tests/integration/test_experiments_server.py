"""Runs on a real MLflow server, which comes and goes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from e2e_lab import experiments
from e2e_lab.errors import TrackingError
from e2e_lab.project import Project
from e2e_lab.records import DataUse

pytestmark = pytest.mark.integration


class Server:
    """``mlflow server`` on loopback; it can be stopped and started again on the same port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [
            sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port), "--workers", "1",
            "--backend-store-uri", f"sqlite:///{self.folder}/server.db",
            "--artifacts-destination", str(self.folder / "artifacts"),
        ]  # fmt: skip
        environment = os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
        with open(self.folder / "server.log", "ab") as log:
            self.process = subprocess.Popen(
                command, cwd=self.folder, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        until = time.monotonic() + 90
        while time.monotonic() < until:
            try:
                with urllib.request.urlopen(f"{self.url}/health", timeout=1):
                    return
            except OSError:
                time.sleep(0.2)
        raise AssertionError((self.folder / "server.log").read_text()[-2000:])

    def stop(self) -> None:
        import psutil

        if self.process is None:
            return
        family = [psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children(recursive=True)]
        for one in family:
            one.terminate()
        _, left = psutil.wait_procs(family, timeout=10)
        for one in left:
            one.kill()
        self.process.wait(10)
        self.process = None


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("server"))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def remote(project: Project, server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.url)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    if server.process is None:
        server.start()
    yield project
    experiments.wait(project)


def test_a_run_and_its_model_go_to_the_server(remote: Project, tmp_path: Path) -> None:
    use = DataUse(name="flights", version=1, id="ab" * 16)
    run = experiments.start(remote, "remote", params={"a": 1}, data=[use])
    run.log_metric("rmse", 1.5)
    (tmp_path / "plot.txt").write_text("a plot", "utf-8")
    run.log_artifact(tmp_path / "plot.txt")
    frame = pd.DataFrame({"a": np.arange(20.0)})
    run.log_model(LinearRegression().fit(frame, frame["a"]), X=frame)
    done = run.finish()
    kept = experiments.kept_model(remote, done)
    found = experiments.find_run(remote, "remote")
    assert (found.params, found.metrics, found.data, found.models) == ({"a": "1"}, {"rmse": 1.5}, (use,), ("model",))
    assert not (remote.home / "mlflow.db").exists()
    assert not (remote.root / "mlruns").exists()

    from mlflow import MlflowClient

    client = MlflowClient(os.environ["MLFLOW_TRACKING_URI"])
    seen = client.get_run(run.id)
    assert [item.dataset.digest for item in seen.inputs.dataset_inputs] == [use.id]
    assert [item.path for item in client.list_artifacts(run.id)] == ["plot.txt"]

    import shutil

    shutil.rmtree(kept.path)  # as on another machine: the model comes from the server, with the same hash
    again = experiments.kept_model(remote, done)
    assert again == kept
    assert experiments.load_model(remote, again).predict(frame).shape == (20,)


def test_a_server_that_goes_away_does_not_stop_the_run(remote: Project, server: Server) -> None:
    run = experiments.start(remote, "unlucky")
    run.log_metric("loss", 1.0, step=1)
    run.flush()
    server.stop()
    for step in range(2, 50):
        run.log_metric("loss", 1.0, step=step)
    time.sleep(1)
    server.start()
    run.log_metric("loss", 1.0, step=50)
    run.finish()
    from mlflow import MlflowClient

    history = MlflowClient(server.url).get_metric_history(run.id, "loss")
    assert sorted(m.step for m in history) == list(range(1, 51))


def test_what_a_dead_server_did_not_take_is_sent_later(remote: Project, server: Server) -> None:
    run = experiments.start(remote, "patient")
    server.stop()
    run.log_metric("loss", 0.5)
    with pytest.raises(TrackingError, match="unsent") as caught:
        run.finish()
    assert "e2e runs" in caught.value.hint
    with pytest.raises(TrackingError, match="does not answer"):
        experiments.runs(remote)
    server.start()
    found = next(r for r in experiments.runs(remote) if r.id == run.id)
    assert (found.status, found.metrics) == ("finished", {"loss": 0.5})
    assert not list((remote.home / "unsent").iterdir())


def test_no_server_at_all_is_said_before_any_work(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://user:secret@127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    began = time.monotonic()
    with pytest.raises(TrackingError, match=r"127\.0\.0\.1:9") as caught:
        experiments.start(project, "r")
    assert time.monotonic() - began < 15
    assert "secret" not in caught.value.message
    assert "tracking_uri" in caught.value.hint
