"""Runs as the Experiments panel and its table ask for them: real ones, made through MLflow in a process of its own."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from e2e_lab import experiments
from e2e_lab import project as projects
from e2e_lab.experiments import owners
from e2e_lab.project import Project

pytestmark = pytest.mark.integration

MAKE = """
import pathlib
import pandas as pd
import e2e_lab as e2e
from sklearn.linear_model import Ridge

pathlib.Path("flights.csv").write_text("hour,delay\\n1,2\\n2,4\\n3,7\\n")
flights = pd.read_csv("flights.csv")
e2e.snapshot(flights, "flights", stage="raw", source="flights.csv")
for depth, rmse in ((4, 17.5), (16, 9.25), (8, 12.0)):
    with e2e.run(f"depth {depth}", params={"depth": depth, "loss": "squared"}):
        e2e.load("flights")
        for step in range(5):
            e2e.log_metric("loss", 1.0 / (step + depth), step=step)
        e2e.log_metric("rmse", rmse)
try:
    with e2e.run("broken", params={"depth": 32}):
        raise ValueError("does not converge")
except ValueError:
    pass
model = Ridge(alpha=0.5).fit(flights[["hour"]], flights["delay"])
e2e.keep("kept", model=model, X=flights[["hour"]], metrics={"r2": 0.9})
from e2e_lab import experiments, project
experiments.wait(project.find("."))
"""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in a git repository with five runs."""
    root = tmp_path_factory.mktemp("runs") / "flights"
    projects.create(root)
    for words in (["init", "-q", "-b", "main"], ["config", "user.name", "Ada"], ["config", "user.email", "a@b.org"]):
        subprocess.run(["git", "-C", str(root), *words], check=True)
    subprocess.run([sys.executable, "-c", MAKE], cwd=root, check=True, stdout=subprocess.DEVNULL)
    return root


@pytest.fixture
def made(template: Path, jp_root_dir: Path) -> Project:
    """A copy of it under the server's root."""
    shutil.copytree(template, jp_root_dir / "flights", symlinks=True)
    return projects.find(jp_root_dir / "flights")


@contextmanager
def database(project: Project) -> Iterator[sqlite3.Connection]:
    """MLflow's tables, to be changed as MLflow itself would."""
    with closing(sqlite3.connect(project.home / "mlflow.db")) as connection, connection:
        yield connection


def names(answer: Any) -> list[str]:
    assert answer.status == 200, answer.body
    return [run["name"] for run in answer.body["items"]]


async def runs(ask: Any, **words: Any) -> Any:
    return await ask("runs", project="flights", **words)


async def test_runs_are_listed_newest_first_with_what_they_logged_and_used(ask: Any, made: Project) -> None:
    answer = await runs(ask)
    assert names(answer) == ["kept", "broken", "depth 8", "depth 16", "depth 4"]
    assert (answer.body["total"], answer.body["running"]) == (5, 0)
    kept, broken, eight = answer.body["items"][:3]
    assert (eight["params"], eight["metrics"]["rmse"]) == ({"depth": "8", "loss": "squared"}, 12.0)
    assert (eight["data"], eight["status"], eight["live"]) == (["flights@v1"], "finished", None)
    assert eight["seconds"] >= 0
    assert broken["status"] == "failed"
    assert (kept["models"], kept["registered"], kept["params"]) == (["model"], [], {"alpha": "0.5"})


async def test_the_next_step_is_to_register_a_run_that_kept_a_model(ask: Any, made: Project) -> None:
    async def step() -> Any:
        answer = await ask("status", project="flights")
        return next(room["next"] for room in answer.body["rooms"] if room["name"] == "Models")

    assert await step() == "e2e register kept --as NAME"
    experiments.start(made, "later").finish()
    assert await step() == "e2e register kept --as NAME"  # the newest run kept none
    experiments.start(made, "kept").finish()
    run = next(run["id"] for run in (await runs(ask)).body["items"] if run["models"])
    assert await step() == f"e2e register {run[:8]} --as NAME"  # the name alone means the other run now
    with database(made) as connection:
        connection.execute("delete from runs where name = 'kept' and run_uuid != ?", (run,))
        connection.execute("update runs set name = 'a ridge' where run_uuid = ?", (run,))
    made.changed()
    assert await step() == "e2e register 'a ridge' --as NAME"
    with database(made) as connection:
        connection.execute("update logged_models set lifecycle_stage = 'deleted'")
        connection.execute("update tags set value = 'pending' where key = 'e2e.model.model.proof'")
    made.changed()
    assert await step() == "e2e keep NAME --model MODEL --X TABLE"  # the process that kept one has ended
    with database(made) as connection:
        connection.execute("update tags set value = ? where key = 'e2e.owner'", (owners.me(),))
    made.changed()
    assert await step() is None  # it is being kept
    assert (await ask(f"runs/{run}", project="flights")).body["kept"][0]["proof"] == "pending"
    with database(made) as connection:
        ended = f"{owners.me().rpartition(':')[0]}:0.00"  # had this process's number, long ago
        connection.execute("update tags set value = ? where key = 'e2e.owner'", (ended,))
    made.changed()
    said = (await ask(f"runs/{run}", project="flights")).body
    assert said["kept"][0]["proof"] == "was kept incompletely: run again"


async def test_without_a_run_the_list_is_empty_and_nothing_is_made(ask: Any, flights: Project) -> None:
    answer = await runs(ask)
    assert (answer.body["items"], answer.body["total"]) == ([], 0)
    assert (await ask("runs/columns", project="flights")).body == {"items": []}
    assert not (flights.home / "mlflow.db").exists()


@pytest.mark.parametrize(
    ("sort", "first", "last"),
    [
        ("rmse", ["depth 16", "depth 8", "depth 4"], None),
        ("-rmse", ["depth 4", "depth 8", "depth 16"], None),
        ("param.depth", ["depth 4", "depth 8", "depth 16", "broken"], "kept"),
        ("-depth", ["broken", "depth 16", "depth 8", "depth 4"], "kept"),
        ("name", ["broken", "depth 16", "depth 4", "depth 8", "kept"], None),
        ("time", ["depth 4", "depth 16", "depth 8", "broken", "kept"], None),
        ("status", ["broken"], None),
    ],
)
async def test_runs_are_sorted_by_numbers_and_those_without_come_last(
    ask: Any, made: Project, sort: str, first: list[str], last: str | None
) -> None:
    found = names(await runs(ask, sort=sort))
    assert found[: len(first)] == first
    assert last is None or found[-1] == last
    assert len(found) == 5


async def test_an_order_that_no_run_has_says_what_was_meant(ask: Any, made: Project) -> None:
    answer = await runs(ask, sort="rmsee")
    assert (answer.status, answer.body["code"]) == (400, "usage")
    assert "'rmse'" in answer.body["message"]


@pytest.mark.parametrize(
    ("match", "found"),
    [
        ("DEPTH", ["depth 8", "depth 16", "depth 4"]),
        ("depth 16", ["depth 16"]),
        ('"depth 1"', ["depth 16"]),
        ("rmse<13", ["depth 8", "depth 16"]),
        ("rmse<13 depth>8", ["depth 16"]),
        ("depth!=4", ["broken", "depth 8", "depth 16"]),
        ("loss=squared rmse>=17.5", ["depth 4"]),
        ("status=failed", ["broken"]),
        ("data=flights@v1", ["kept", "broken", "depth 8", "depth 16", "depth 4"]),
        ("data=fli", ["kept", "broken", "depth 8", "depth 16", "depth 4"]),
        ("data=flights@v2", []),
        ("flights", ["kept", "broken", "depth 8", "depth 16", "depth 4"]),
        ("squared", ["depth 8", "depth 16", "depth 4"]),
        ("100%", []),
        ("' or 1=1 --", []),
        ('"not closed', []),
        ("<", []),
    ],
)
async def test_the_filter_takes_words_and_conditions(ask: Any, made: Project, match: str, found: list[str]) -> None:
    answer = await runs(ask, match=match)
    listed = names(answer)
    assert listed == found
    assert answer.body["total"] == len(listed)


async def test_pages_columns_and_pins(ask: Any, made: Project) -> None:
    first = await runs(ask, limit=2, sort="rmse", column=["rmse", "depth"])
    second = await runs(ask, limit=2, offset=2, sort="rmse", column=["rmse", "depth"])
    assert names(first) + names(second)[:1] == ["depth 16", "depth 8", "depth 4"]
    assert first.body["items"][0]["metrics"] == {"rmse": 9.25}
    assert first.body["items"][0]["params"] == {"depth": "16"}
    four = second.body["items"][0]["id"]
    assert names(await runs(ask, limit=2, sort="rmse", pin=four)) == ["depth 4", "depth 16"]


async def test_a_notebooks_own_runs_come_first_or_alone(ask: Any, made: Project) -> None:
    with database(made) as tables:
        run = tables.execute("select run_uuid from runs where name = 'depth 4'").fetchone()[0]
        tables.execute("delete from tags where run_uuid = ? and key = 'e2e.notebook'", (run,))
        tables.execute("insert into tags (key, value, run_uuid) values ('e2e.notebook', 'work/a.ipynb', ?)", (run,))
    path = "flights/work/a.ipynb"
    assert names(await runs(ask, first=path))[0] == "depth 4"
    assert len(names(await runs(ask, first=path))) == 5
    assert names(await runs(ask, notebook=path)) == ["depth 4"]
    assert names(await runs(ask, notebook="elsewhere.ipynb")) == []
    refused = await runs(ask, notebook="../outside.ipynb")
    assert (refused.status, refused.body["code"]) == (400, "usage")


async def test_the_columns_that_runs_have(ask: Any, made: Project) -> None:
    answer = await ask("runs/columns", project="flights")
    found = {(one["kind"], one["name"]): (one["runs"], one["differs"]) for one in answer.body["items"]}
    assert found["metric", "rmse"] == (3, True)
    assert found["metric", "r2"] == (1, False)
    assert (found["param", "depth"], found["param", "loss"]) == ((4, True), (3, False))


async def test_one_run_whole(ask: Any, made: Project) -> None:
    eight = next(run for run in (await runs(ask)).body["items"] if run["name"] == "depth 8")
    answer = await ask(f"runs/{eight['id'][:8]}", project="flights")
    assert answer.body["run"] == eight
    (curve,) = answer.body["curves"]
    assert (curve["name"], curve["steps"], curve["total"]) == ("loss", [0, 1, 2, 3, 4], 5)
    assert curve["values"] == pytest.approx([1 / (step + 8) for step in range(5)])
    assert [use["name"] for use in answer.body["uses"]] == ["flights"]
    assert answer.body["pin"]["commit"]
    assert answer.body["packages"] > 50
    assert answer.body["missing"] == []


async def test_a_run_says_what_it_kept_and_why_it_failed(ask: Any, made: Project) -> None:
    listed = {run["name"]: run["id"] for run in (await runs(ask)).body["items"]}
    kept = (await ask(f"runs/{listed['kept']}", project="flights")).body
    assert kept["kept"] == [{"name": "model", "proof": "equal", "registered": []}]
    broken = (await ask(f"runs/{listed['broken']}", project="flights")).body
    assert broken["notes"] == ["ValueError: does not converge"]


async def test_a_run_that_is_not_there_is_a_404(ask: Any, made: Project) -> None:
    for ref in ("0" * 32, "abc", "depth 8", "%27%20or%201=1"):
        answer = await ask(f"runs/{ref}", project="flights")
        assert (answer.status, answer.body["code"]) == (404, "run_not_found"), ref


async def test_runs_are_compared(ask: Any, made: Project) -> None:
    listed = {run["name"]: run["id"] for run in (await runs(ask)).body["items"]}
    four, eight = listed["depth 4"], listed["depth 8"]
    answer = await ask(f"runs/{four}/comparison", project="flights", **{"with": [eight]})
    assert [run["name"] for run in answer.body["runs"]] == ["depth 4", "depth 8"]
    params = {row["name"]: (row["values"], row["differs"]) for row in answer.body["params"]}
    assert params == {"depth": (["4", "8"], True), "loss": (["squared", "squared"], False)}
    assert answer.body["params"][0]["name"] == "depth"
    assert answer.body["data"] == [{"name": "flights", "values": ["v1", "v1"], "differs": False}]
    assert {curve["run"] for curve in answer.body["curves"]} == {four, eight}
    assert answer.body["environment"] == []
    alone = await ask(f"runs/{four}/comparison", project="flights")
    same = await ask(f"runs/{four}/comparison", project="flights", **{"with": [four]})
    assert (alone.status, same.status) == (400, 400)


async def test_a_run_whose_process_is_gone_is_shown_as_killed_and_nothing_is_written(ask: Any, made: Project) -> None:
    gone = subprocess.run([sys.executable, "-c", "from e2e_lab.experiments import owners; print(owners.me())"],
                          check=True, capture_output=True, text=True).stdout.strip()  # fmt: skip
    from e2e_lab.experiments import owners

    with database(made) as tables:
        rows = tables.execute("select name, run_uuid from runs").fetchall()
        for name, owner in (("depth 4", gone), ("depth 8", owners.me())):
            run = dict(rows)[name]
            tables.execute("update runs set status = 'RUNNING', end_time = null where run_uuid = ?", (run,))
            tables.execute("update tags set value = ? where run_uuid = ? and key = 'e2e.owner'", (owner, run))
    answer = await runs(ask)
    found = {run["name"]: run for run in answer.body["items"]}
    assert (found["depth 4"]["status"], found["depth 8"]["status"]) == ("killed", "running")
    assert answer.body["running"] == 1
    live = found["depth 8"]["live"]
    assert (live["name"] in ("loss", "rmse"), found["depth 8"]["seconds"]) == (True, None)
    with database(made) as tables:
        assert tables.execute("select count(*) from runs where status = 'RUNNING'").fetchone() == (2,)


async def test_a_run_is_registered_by_a_job(ask: Any, made: Project) -> None:
    kept = (await runs(ask)).body["items"][0]
    wish = {"kind": "register", "args": {"run": kept["id"], "name": "delay", "alias": "champion"}}
    begun = await ask("jobs", project="flights", body=wish)
    assert begun.status == 202
    job: dict[str, Any] = {}
    for _ in range(600):
        job = (await ask(f"jobs/{begun.body['id']}", project="flights")).body
        if job["state"] not in ("queued", "running"):
            break
        import asyncio

        await asyncio.sleep(0.1)
    assert (job["state"], job["error"]) == ("done", None)
    assert job["answer"].startswith("delay@v1 · champion")
    assert (await runs(ask)).body["items"][0]["registered"] == ["delay@v1"]
    for args in ({"run": kept["id"], "name": "Not A Name"}, {"run": kept["id"]}):
        refused = await ask("jobs", project="flights", body={"kind": "register", "args": args})
        assert refused.status == 400, args


async def test_a_database_that_is_none_is_said(ask: Any, flights: Project) -> None:
    flights.home.mkdir(parents=True, exist_ok=True)
    (flights.home / "mlflow.db").write_bytes(b"this is no database, and never was one\n" * 100)
    answer = await runs(ask)
    assert (answer.status, answer.body["code"]) == (502, "tracking")
    assert "cannot be read" in answer.body["message"]


async def test_runs_of_a_tracking_server_are_read_by_the_worker(
    ask: Any, backend: Any, made: Project, tmp_path: Path
) -> None:
    source = sqlite3.connect(made.home / "mlflow.db")
    with closing(source), closing(sqlite3.connect(tmp_path / "theirs.db")) as target:
        source.backup(target)
    settings = made.root / "e2e.toml"
    settings.write_text(settings.read_text("utf-8") + f'\n[mlflow]\ntracking_uri = "sqlite:///{tmp_path}/theirs.db"\n')
    local = made.home / "mlflow.db"
    local.rename(local.with_suffix(".away"))
    answer = await runs(ask, sort="rmse", match="rmse<15")
    assert names(answer) == ["depth 16", "depth 8"]
    assert backend.worker.pid is not None
    sixteen, eight = (run["id"] for run in answer.body["items"])
    detail = await ask(f"runs/{sixteen}", project="flights")
    assert [curve["total"] for curve in detail.body["curves"]] == [5]
    compared = await ask(f"runs/{sixteen}/comparison", project="flights", **{"with": [eight]})
    assert compared.body["params"][0]["values"] == ["16", "8"]
    found = await ask("runs/columns", project="flights")
    assert {one["name"] for one in found.body["items"]} >= {"rmse", "depth"}
    assert (await ask("runs/abcdef0", project="flights")).status == 404
