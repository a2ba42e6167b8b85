"""The whole path where the project is not where it was: moved, copied, and with its runs on a server."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline

import e2e_lab as e2e
from e2e_lab import experiments, serving
from e2e_lab import project as projects
from e2e_lab.project import Project
from e2e_lab.records import Run
from e2e_lab.workspace.cli import main
from e2e_lab.workspace.session import session
from tests.conftest import eventually, git
from tests.integration.test_experiments_server import Server

pytestmark = pytest.mark.integration

ROWS = [{"hour": 3, "wait": 2.0}, {"hour": 7, "wait": None}]


def trips() -> pd.DataFrame:
    return pd.DataFrame({"hour": range(40), "wait": [None if i % 7 == 0 else i * 0.5 for i in range(40)]})


def lived_in(root: Path) -> list[float]:
    """A project in *root*, from a CSV to a package, by the public verbs; what its model answers to ``ROWS``."""
    root.mkdir(exist_ok=True)
    git(root, "init", "-q", "-b", "main")
    git(root, "config", "user.name", "Ada Lovelace")
    git(root, "config", "user.email", "ada@example.org")
    os.chdir(root)
    e2e.init(root)
    trips().to_csv("trips.csv", index=False)
    e2e.ingest("trips.csv", "trips")
    X = e2e.load("trips")
    e2e.snapshot(X[X.hour > 5].reset_index(drop=True), "trips_late", parents=["trips"])
    e2e.commit("first")
    with e2e.run("baseline", params={"k": 1}) as run:
        model = make_pipeline(SimpleImputer(), LinearRegression()).fit(X[["hour", "wait"]], X["hour"] * 2.0)
        e2e.log_metric("mae", 0.5)
        e2e.log_model(model, X=X[["hour", "wait"]])
    assert run.name == "baseline"
    e2e.register("baseline", "late", alias="champion")
    e2e.package("late@champion")
    return [float(value) for value in model.predict(pd.DataFrame(ROWS))]


@pytest.fixture(autouse=True)
def from_nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, clean_session: object) -> Iterator[None]:
    """The working folder is put back, and what serves below ends."""
    monkeypatch.chdir(tmp_path)
    yield
    for settings in tmp_path.rglob("e2e.toml"):
        here = projects.find(settings.parent)
        for service in serving.services(here):
            serving.stop(here, service.name)


def restarted(folder: Path) -> Project:
    """As in a new process in *folder*."""
    session.__init__()  # type: ignore[misc]
    os.chdir(folder)
    return projects.find(folder)


def all_works(project: Project, expected: list[float]) -> None:
    """Runs, models, data and service of a project answer as they did where it was made."""
    assert len(e2e.load("trips")) == 40
    assert len(e2e.load("trips_late@v1")) == 34
    assert e2e.runs()[["run", "mae"]].to_numpy().tolist() == [["baseline", 0.5]]
    kept = experiments.kept_model(project, experiments.find_run(project, "baseline"))
    assert str(project.root) in kept.path
    model = experiments.load_model(project, kept)  # trusted: made here
    assert [float(value) for value in model.predict(pd.DataFrame(ROWS))] == expected
    assert not e2e.register("baseline", "late").changed
    assert not e2e.package("late").changed
    endpoint = e2e.serve("late")
    answer = endpoint.predict(ROWS)
    assert answer["predictions"] == pytest.approx(expected, rel=1e-12)
    told = str(e2e.trace(answer["id"]))
    for part in ("late@v1", "baseline", "trips@v1", "trips.csv"):
        assert part in told


def test_a_moved_and_a_copied_project_go_on_and_the_copy_claims_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = lived_in(tmp_path / "before")
    made = projects.find(tmp_path / "before").id

    (tmp_path / "before").rename(tmp_path / "moved to")
    moved = restarted(tmp_path / "moved to")
    assert moved.id == made
    all_works(moved, expected)
    (original,) = e2e.services()

    shutil.copytree(tmp_path / "moved to", tmp_path / "copy", symlinks=True)
    copy = restarted(tmp_path / "copy")
    assert copy.id not in ("", made)
    assert list(e2e.services()) == []
    assert not e2e.stop("late").was_running
    all_works(copy, expected)
    (own,) = e2e.services()
    assert own.pid != original.pid
    assert str(copy.root) not in (tmp_path / "moved to" / ".e2e" / "services" / "late.json").read_text("utf-8")

    restarted(tmp_path / "moved to")
    assert [service.pid for service in e2e.services()] == [original.pid]
    assert projects.find(tmp_path / "moved to").id == made

    # the lines after serve and stop take each other back
    capsys.readouterr()
    assert main(["stop", "late"]) == 0
    again = re.search(r"undo: e2e (serve late@v1)", capsys.readouterr().out)
    assert again
    assert main([*again[1].split(), "-d"]) == 0
    assert "undo: e2e stop late" in capsys.readouterr().out
    assert len(e2e.services()) == 1
    assert main(["stop", "late"]) == 0
    assert list(e2e.services()) == []

    # at a shell a service stays in the foreground, and goes with Ctrl-C
    command = [sys.executable, "-W", "ignore", "-m", "e2e_lab.workspace.cli", "serve", "late"]
    with (tmp_path / "said").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        eventually(lambda: len(e2e.services()))
        endpoint = serving.endpoint(projects.find(), "late")
        assert endpoint.predict(ROWS)["predictions"] == pytest.approx(expected, rel=1e-12)
        assert process.poll() is None
        eventually(lambda: b"undo" in (tmp_path / "said").read_bytes())
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    assert list(e2e.services()) == []
    assert not endpoint.alive
    assert "undo: e2e serve late@v1" in (tmp_path / "said").read_text("utf-8")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("tracking"))
    made.start()
    yield made
    made.stop()


def test_with_a_tracking_server_in_the_settings_the_whole_path_goes_there(
    tmp_path: Path, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    from mlflow import MlflowClient

    root = tmp_path / "team"
    root.mkdir()
    settings = f'[project]\nname = "team"\n\n[mlflow]\ntracking_uri = "{server.url}"\n'
    (root / "e2e.toml").write_text(settings, "utf-8")
    expected = lived_in(root)
    all_works(projects.find(root), expected)
    assert not (root / ".e2e" / "mlflow.db").exists()
    client = MlflowClient(server.url)
    experiment = client.get_experiment_by_name("team")
    assert experiment is not None
    (run,) = client.search_runs([experiment.experiment_id])
    assert (run.info.run_name, run.info.status, run.data.params) == ("baseline", "FINISHED", {"k": "1"})
    assert client.get_model_version_by_alias("late", "champion").run_id == run.info.run_id
    assert main(["status"]) == 0
    assert server.url in capsys.readouterr().out
    assert isinstance(experiments.find_run(projects.find(root), "baseline"), Run)
