"""The panels of a project whose runs and models are at a tracking server: a real one, asked through the routes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from e2e_lab import experiments, models, storage
from e2e_lab.experiments import tables
from e2e_lab.project import Project
from tests.integration.test_experiments_server import Server
from tests.server import lab as making
from tests.server.conftest import Ask
from tests.server.lab import done

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("server"))
    made.start()
    yield made
    made.stop()


@pytest.fixture
def remote(flights: Project, server: Server) -> Iterator[Project]:
    """The project with its runs at the server, under a name of its own there."""
    settings = flights.root / "e2e.toml"
    name = f"flights {time.time_ns()}"
    settings.write_text(f'[project]\nname = "{name}"\n[mlflow]\ntracking_uri = "{server.url}"\n', "utf-8")
    project = Project.at(flights.root)
    yield project
    experiments.wait(project)


@pytest.fixture
def asking(ask: Ask, backend: Any) -> Ask:
    async def asked(noun: str, **words: Any) -> Any:
        return await ask(noun, project="flights", **words)

    return asked


@pytest.fixture
def delay(remote: Project) -> str:
    """A model of this project alone in two versions, the first its champion."""
    name = f"delay-{time.time_ns()}"
    X = making.table()
    raw = storage.snapshot(remote, X, "flights", stage="raw", source="flights.csv")
    storage.snapshot(remote, X, "flights_clean", stage="processed", parents=[raw.as_parent])
    models.register(remote, making.kept(remote, "baseline", X, 1.0), name, alias="champion")
    models.register(remote, making.kept(remote, "deeper", X, 2.0), name)
    return name


async def test_models_aliases_and_traces_are_the_servers(asking: Ask, remote: Project, delay: str) -> None:
    page = (await asking("models", name=delay)).body
    assert [(one["version"], one["aliases"], one["run_name"]) for one in page["items"]] == [
        (2, [], "deeper"), (1, ["champion"], "baseline"),
    ]  # fmt: skip
    assert [[one["name"] for one in version["data"]] for version in page["items"]] == [["flights_clean"]] * 2
    assert [one["class_name"] for one in page["items"]] == ["Pipeline"] * 2
    assert all(one["time"] for one in page["items"])

    moved = await asking(f"models/{delay}/aliases", body={"alias": "champion", "version": 2})
    assert (moved.status, moved.body["aliases"], moved.body["notes"]) == (200, ["champion"], ["champion was v1"])
    page = (await asking("models", name=delay)).body
    assert [one["aliases"] for one in page["items"]] == [["champion"], []]
    gone = await asking(f"models/{delay}/aliases/champion", method="DELETE")
    assert (gone.status, gone.body["version"], gone.body["aliases"]) == (200, 2, [])
    lost = await asking(f"models/{delay}/aliases/champion", method="DELETE")
    assert (lost.status, lost.body["code"]) == (404, "model_not_found")

    graph = (await asking("trace", subject=f"{delay}@v1")).body
    kinds = ("model", "run", "snapshot")
    assert [(node["kind"], node["name"]) for node in graph["nodes"] if node["kind"] in kinds] == [
        ("snapshot", "flights@v1"), ("snapshot", "flights_clean@v1"), ("run", "baseline"), ("model", f"{delay}@v1"),
    ]  # fmt: skip
    assert graph["missing"] == ["code of run baseline: it was not pinned"]
    run = next(one for one in (await asking("runs")).body["items"] if one["name"] == "baseline")
    assert run["registered"] == [f"{delay}@v1"]
    assert not (remote.home / "mlflow.db").exists()


async def test_a_run_is_registered_and_packaged_by_jobs(asking: Ask, remote: Project, delay: str) -> None:
    registered = await done(asking, "register", run="deeper", name=f"{delay}-two", alias="champion")
    assert (registered["state"], registered["error"]) == ("done", None)
    page = (await asking("models", name=f"{delay}-two")).body
    assert [(one["version"], one["aliases"]) for one in page["items"]] == [(1, ["champion"])]
    packaged = await done(asking, "package", ref=f"{delay}@v1")
    assert (packaged["state"], packaged["error"]) == ("done", None)
    assert packaged["result"]["replay"]["different"] == 0
    listed = (await asking("models", name=delay)).body["items"]
    assert [one["package"] for one in listed] == [None, f"{delay}@v1"]


async def test_mlflows_own_page_is_the_servers(asking: Ask, remote: Project, server: Server) -> None:
    run = experiments.start(remote, "first")
    run.finish()
    shown = await asking("mlflow", body={"run": run.id})
    assert (shown.status, shown.body["own"]) == (200, False)
    address, _, place = shown.body["url"].partition("#")
    assert address == f"{server.url}/"
    assert place.endswith(f"/runs/{run.id}")
    settings = remote.root / "e2e.toml"
    settings.write_text(settings.read_text("utf-8").replace("http://", "http://ada:secret@"), "utf-8")
    assert (await asking("mlflow", body={})).body["url"].startswith(f"{server.url}/#")


def test_the_steps_of_a_run_that_goes_on_are_asked_for_once_a_look(
    remote: Project, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked() -> int:
        return (server.folder / "server.log").read_text("utf-8").count("metrics/get-history")

    def curve() -> tuple[float, ...]:
        (entry,) = experiments.run_page(remote, experiments.Wanted()).items
        assert entry.live is not None
        return entry.live.values

    monkeypatch.setattr(tables, "FRESH", 3600.0)
    run = experiments.start(remote, "going")
    for step in range(5):
        run.log_metric("loss", 1.0 / (1 + step), step=step)
    run.flush()
    before = asked()
    assert curve() == (1.0, 0.5, 1 / 3, 0.25, 0.2)
    assert asked() == before + 1
    for _ in range(3):
        curve()
        experiments.run_detail(remote, run.id)
    assert asked() == before + 1
    run.log_metric("loss", 0.1, step=5)
    run.flush()
    monkeypatch.setattr(tables, "FRESH", 0.0)
    assert curve()[-1] == 0.1
    assert asked() == before + 2
    run.finish()


def test_a_finished_runs_steps_are_asked_for_when_it_is_opened(
    remote: Project, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked() -> int:
        return (server.folder / "server.log").read_text("utf-8").count("metrics/get-history")

    monkeypatch.setattr(tables, "FRESH", 3600.0)
    run = experiments.start(remote, "over")
    for step in range(3):
        run.log_metric("loss", float(step), step=step)
    run.finish()
    before = asked()
    experiments.run_page(remote, experiments.Wanted())
    assert asked() == before
    assert [curve.values for curve in experiments.run_detail(remote, run.id).curves] == [(0.0, 1.0, 2.0)]
    experiments.run_detail(remote, run.id)
    assert asked() == before + 1
