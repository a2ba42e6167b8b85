"""A user's day in a real kernel, twice, and what others find afterwards: plain DuckDB, polars, mlflow, git and curl."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from e2e_lab import experiments, models, serving, storage
from e2e_lab import project as projects
from e2e_lab.project import Project
from e2e_lab.workspace.cli import main
from tests.conftest import git, plain_environment

pytestmark = pytest.mark.integration

CELLS = {
    "imports": """\
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

%load_ext e2e_lab""",
    "init": "%e2e init",
    "ingest": "%e2e ingest trips.csv --as trips -m 'as the recorder wrote them'",
    "clean": "trips = e2e.load('trips')\nclean = trips.dropna(subset=['late']).reset_index(drop=True)",
    "snapshot": "%e2e snapshot clean --as trips_clean",
    "commit": "%e2e commit -m 'first clean data'",
    "split": "columns = ['hour', 'wait', 'line']\nX, y = clean[columns], clean['late']",
    "transformer": """\
class HourOnACircle(BaseEstimator, TransformerMixin):
    def fit(self, X, y=None):
        return self

    def transform(self, X):
        angle = np.asarray(X, dtype=float) * (2 * np.pi / 24)
        return np.hstack([np.sin(angle), np.cos(angle)])""",
    "run": """\
%%e2e run baseline -p alpha=1.0
model = make_pipeline(
    make_column_transformer(
        (SimpleImputer(), ['wait']), (OneHotEncoder(handle_unknown='ignore'), ['line']), (HourOnACircle(), ['hour'])
    ),
    Ridge(alpha=alpha),
).fit(X, y)
e2e.log_metric('mae', float(abs(model.predict(X) - y).mean()))
e2e.log_model(model, X=X, y=y)""",
    "register": "%e2e register baseline --as late --alias champion",
    "package": "%e2e package late@champion",
    "serve": "endpoint = e2e.serve('late')\nendpoint",
    "ask": """\
import json
asked = [{'hour': 7, 'wait': 3.5, 'line': 'red'}, {'hour': 23, 'wait': None, 'line': 'blue'}]
json.dumps([float(value) for value in model.predict(pd.DataFrame(asked))])""",
}
ASKED: list[dict[str, Any]] = [{"hour": 7, "wait": 3.5, "line": "red"}, {"hour": 23, "wait": None, "line": "blue"}]


@dataclass(frozen=True)
class Standing:
    """All that a day leaves behind and that another run of the same notebook must not add to."""

    versions: tuple[tuple[str, int], ...]
    commits: str
    model_versions: tuple[str, ...]
    packages: tuple[str, ...]
    records: tuple[bytes, ...]
    notebook_sources: tuple[str, ...]


@dataclass
class Day:
    """The project after the notebook ran twice, how it stood after each, and what the kernel's own model answered."""

    project: Project
    first: Standing
    second: Standing
    kernel_answers: list[float]
    outputs: dict[str, str]

    @property
    def root(self) -> Path:
        return self.project.root


def write_csv(path: Path) -> None:
    draw = random.Random(1)
    lines = ["id,hour,wait,line,late"]
    for i in range(200):
        hour, line = draw.randrange(24), draw.choice(["red", "blue", "green"])
        wait = "" if i % 7 == 0 else f"{draw.random() * 20:.3f}"
        late = "" if i % 11 == 0 else f"{hour * 0.3 + draw.random():.4f}"
        lines.append(f"{i},{hour},{wait},{line},{late}")
    path.write_text("\n".join(lines) + "\n", "utf-8")


def execute(path: Path, environment: dict[str, str]) -> nbformat.NotebookNode:
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook, timeout=240, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}
    )
    client.execute(env=environment | {"JPY_SESSION_NAME": str(path), "JPY_PARENT_PID": str(os.getpid())})
    nbformat.write(notebook, path)
    return notebook


def standing(project: Project) -> Standing:
    names = sorted(storage.records(project))
    return Standing(
        versions=tuple((name, len(storage.versions(project, name))) for name in names),
        commits=git(project.root, "rev-list", "HEAD", "--branches", "--tags"),
        model_versions=tuple(version.ref for version in models.model_versions(project)),
        packages=tuple(package.ref for package in models.packages(project)),
        records=tuple(path.read_bytes() for path in sorted((project.root / "data").rglob("*.json"))),
        notebook_sources=tuple(cell.source for cell in nbformat.read(project.root / "trips.ipynb", 4).cells),
    )


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    root = tmp_path_factory.mktemp("day") / "trips"
    root.mkdir()
    environment = plain_environment(tmp_path_factory.mktemp("day-home"))
    write_csv(root / "trips.csv")
    path = root / "trips.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell(source, id=name) for name, source in CELLS.items()]), path)
    seen = execute(path, environment)
    project = projects.find(root)
    try:
        first = standing(project)
        execute(path, environment)
        outputs = {cell.id: "".join(shown(output) for output in cell.outputs) for cell in seen.cells}
        answers = json.loads(outputs["ask"].strip("'"))
        yield Day(project, first, standing(project), answers, outputs)
    finally:
        for service in serving.services(project):
            serving.stop(project, service.name)


def shown(output: Any) -> str:
    return str(output.get("text") or output.get("data", {}).get("text/plain", ""))


def curl(endpoint: serving.Endpoint, rows: Any, *, token: str | None = None) -> tuple[int, Any]:
    """What the real curl gets for these rows: the status and the JSON."""
    done = subprocess.run(
        ["curl", "-sS", "-w", "\n%{http_code}", "-X", "POST", f"{endpoint.url}/predict",
         "-H", f"Authorization: Bearer {token or endpoint.token}", "-H", "Content-Type: application/json",
         "-d", json.dumps({"rows": rows})],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    body, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(body)


@pytest.fixture
def endpoint(day: Day) -> serving.Endpoint:
    return serving.endpoint(day.project, "late")


# ---- running all cells again ---------------------------------------------------------------------------------


def test_running_the_whole_notebook_again_adds_no_snapshot_commit_model_version_or_package(day: Day) -> None:
    assert day.first.versions == (("trips", 1), ("trips_clean", 1))
    assert len(day.first.commits.split()) == 1
    assert (day.first.model_versions, day.first.packages) == (("late@v1",), ("late@v1",))
    assert day.second == day.first
    assert [run.name for run in experiments.runs(day.project)] == ["baseline", "baseline"]
    assert len(serving.services(day.project)) == 1


def test_after_the_day_nothing_counts_as_unsaved_though_the_outputs_changed(day: Day) -> None:
    from e2e_lab import versioning

    assert versioning.unsaved(day.project) == ()
    assert git(day.root, "diff", "--name-only") == "trips.ipynb"


# ---- what others read ----------------------------------------------------------------------------------------


def test_an_export_of_the_day_is_read_by_duckdb_polars_and_pandas(day: Day, tmp_path: Path) -> None:
    import duckdb
    import polars

    exported = storage.export(day.project, storage.current(day.project, "trips_clean"), tmp_path / "clean.parquet")
    expected = pd.read_csv(day.root / "trips.csv").dropna(subset=["late"]).reset_index(drop=True)
    pd.testing.assert_frame_equal(pd.read_parquet(exported.path), expected, check_dtype=False)
    by_polars = polars.read_parquet(exported.path)
    assert (by_polars.shape, by_polars["wait"].null_count()) == (expected.shape, int(expected["wait"].isna().sum()))
    (rows, total), *_ = duckdb.sql(f"select count(*), sum(late) from '{exported.path}'").fetchall()
    assert (rows, total) == (len(expected), pytest.approx(expected["late"].sum()))


def test_a_plain_mlflow_client_in_a_clean_process_lists_the_run_and_loads_the_notebooks_own_class(day: Day) -> None:
    script = """
import json, sys
import mlflow, pandas as pd
mlflow.set_tracking_uri(sys.argv[1]); mlflow.set_registry_uri(sys.argv[1])
client = mlflow.MlflowClient()
(experiment,) = [e for e in client.search_experiments() if e.name == "trips"]
run = client.search_runs([experiment.experiment_id])[0]
version = client.get_model_version_by_alias("late", "champion")
model = mlflow.pyfunc.load_model("models:/late@champion")
rows = pd.DataFrame(json.loads(sys.argv[2]))
print(json.dumps({
    "name": run.info.run_name, "status": run.info.status, "params": run.data.params, "metrics": list(run.data.metrics),
    "inputs": sorted({i.dataset.name for i in run.inputs.dataset_inputs}),
    "digests": [i.dataset.digest for i in run.inputs.dataset_inputs],
    "models": len(run.outputs.model_outputs), "version": str(version.version),
    "answers": [float(v) for v in model.predict(rows)],
    "e2e_lab": "e2e_lab" in sys.modules,
}))
"""
    uri = f"sqlite:///{day.project.home}/mlflow.db"
    environment = plain_environment(day.root.parent)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script, uri, json.dumps(ASKED)],
        capture_output=True, text=True, check=True, cwd=day.root.parent, env=environment, timeout=120,
    )  # fmt: skip
    said = json.loads(done.stdout.splitlines()[-1])
    clean = storage.current(day.project, "trips_clean")
    assert (said["name"], said["status"], said["params"]) == ("baseline", "FINISHED", {"alpha": "1.0"})
    assert "mae" in said["metrics"]
    assert any("trips_clean" in name for name in said["inputs"])
    assert any(clean.id.startswith(digest) for digest in said["digests"])
    assert (said["models"], said["version"], said["e2e_lab"]) == (1, "1", False)
    assert said["answers"] == pytest.approx(day.kernel_answers, rel=1e-12)


def test_git_log_alone_tells_the_story(day: Day) -> None:
    told = git(day.root, "log", "--stat", "--format=%an%n%B")
    for part in ("Ada Lovelace", "first clean data", "Data: trips v1 (200 × 5)", "trips_clean v1", "trips.ipynb",
                 "requirements.lock", "data/raw/trips.json", "data/processed/trips_clean.json"):  # fmt: skip
        assert part in told
    assert "trips.csv" not in told
    record = json.loads(git(day.root, "show", "HEAD:data/processed/trips_clean.json"))
    assert [parent["name"] for parent in record["parents"]] == ["trips"]
    assert record["origin"] == {"notebook": "trips.ipynb", "cell": "snapshot"}


# ---- the service ---------------------------------------------------------------------------------------------


def test_curl_gets_what_the_model_in_the_kernel_answers_also_for_a_null(day: Day, endpoint: serving.Endpoint) -> None:
    status, answer = curl(endpoint, ASKED)
    assert status == 200
    assert set(answer) == {"id", "model", "predictions"}
    assert answer["predictions"] == day.kernel_answers
    assert endpoint.predict(ASKED)["predictions"] == day.kernel_answers


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"hour": "seven"}, ["hour", "seven"]),
        ({"hour": None}, ["hour"]),
        ({"line": 3}, ["line", "3"]),
        ({"colour": "red"}, ["colour"]),
        ({"wait": "a while"}, ["wait", "a while"]),
    ],
)
def test_curl_with_a_wrong_row_gets_a_4xx_that_names_it(
    endpoint: serving.Endpoint, wrong: dict[str, Any], named: list[str]
) -> None:
    status, answer = curl(endpoint, [ASKED[0], ASKED[0] | wrong])
    assert 400 <= status < 500
    assert all(part in json.dumps(answer) for part in [*named, "row"]), answer


def test_curl_with_another_token_is_kept_out(endpoint: serving.Endpoint) -> None:
    status, _ = curl(endpoint, ASKED, token="guessed")
    assert status == 401


@pytest.fixture
def asked(
    day: Day, clean_session: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    """``asked("trace", ID)``: what the shell shows in the day's project."""
    monkeypatch.chdir(day.root)
    for name, value in plain_environment(day.root.parent).items():
        monkeypatch.setenv(name, value)

    def show(*words: str) -> str:
        capsys.readouterr()
        assert main(list(words)) == 0, capsys.readouterr().err
        return capsys.readouterr().out

    return show


def test_the_prediction_leads_back_to_the_source_file(endpoint: serving.Endpoint, asked: Callable[..., str]) -> None:
    _, answer = curl(endpoint, ASKED)
    told = asked("trace", answer["id"])
    for part in (answer["id"], "late@v1", "baseline", "trips_clean@v1", "trips@v1", "trips.csv", "trips.ipynb"):
        assert part in told, told


def test_the_json_of_models_packages_services_and_traces_has_the_fields_of_the_contract(
    endpoint: serving.Endpoint, asked: Callable[..., str]
) -> None:
    def of(*words: str) -> Any:
        return json.loads(asked(*words, "--json"))

    assert of("register", "baseline", "--as", "late").keys() >= {"name", "version", "aliases", "run", "changed"}
    assert of("package", "late").keys() >= {"service", "version", "model", "model_version", "bento", "replay"}
    served = of("serve", "late", "-d")
    assert served.keys() >= {"name", "version", "url", "pid", "state", "token_in", "changed"}
    assert served["changed"] is False
    assert endpoint.token not in json.dumps(served)
    assert [service["name"] for service in of("services")["items"]] == ["late"]
    assert endpoint.token not in json.dumps(of("services"))
    assert of("trace", "late@v1")
    assert [run["run"] for run in of("runs")] == ["baseline", "baseline"]
