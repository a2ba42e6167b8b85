"""``e2e run NOTEBOOK.ipynb``: one tracked run of a saved notebook, in which nothing of the project changes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pandas as pd
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from e2e_lab import experiments, models, storage, versioning
from e2e_lab import project as projects
from e2e_lab.project import Project
from e2e_lab.records import Run
from tests.conftest import eventually, git, plain_environment

pytestmark = pytest.mark.integration

TRAIN = {
    "load": "%load_ext e2e_lab\nimport pandas as pd\nfrom sklearn.linear_model import LinearRegression",
    "parameters": "depth = 1\nrate = 0.5",
    "data": "trips = e2e.load('trips')\nlate = trips[trips.late > depth].reset_index(drop=True)",
    "same": "print(e2e.snapshot(trips, 'trips'))",
    "other": "print(e2e.snapshot(late, 'trips_late'))",
    "new": "print(e2e.snapshot(late, 'never_saved'))\nprint(len(e2e.load('never_saved')))",
    "ingest": "print(e2e.ingest('trips.csv', 'trips'))",
    "commit": "print(e2e.commit('in the middle of it'))",
    "metric": "e2e.log_metric('rows', len(late))\ne2e.log_param('seen', f'{depth} {rate}')",
    "child": "%%e2e run inner -p k=3\ne2e.log_metric('score', float(k))",
    "register": "print(e2e.register('first', 'delay'))",
    "package": "print(e2e.package('delay'))",
    "model": "e2e.log_model(LinearRegression().fit(late[['hour']], late['late']), X=late[['hour']])",
}


def notebook(path: Path, cells: dict[str, str]) -> None:
    made = [new_code_cell(source, id=name) for name, source in cells.items()]
    for cell in made:
        if cell.id == "parameters":
            cell.metadata["tags"] = ["parameters"]
    nbformat.write(new_notebook(cells=made), path)


Shell = Callable[..., "subprocess.CompletedProcess[str]"]


@dataclass
class Ran:
    """What ``e2e run train.ipynb`` said, and the project before and after."""

    project: Project
    said: subprocess.CompletedProcess[str]
    saved: bytes
    run: Run
    head: str


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    root = tmp_path_factory.mktemp("headless") / "trips"
    root.mkdir()
    environment = plain_environment(tmp_path_factory.mktemp("headless-home"))

    def e2e(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-W", "ignore", "-m", "e2e_lab.workspace.cli", *words],
            capture_output=True, text=True, check=False, cwd=root, env=environment, timeout=200,
        )  # fmt: skip

    subprocess.run(["git", "init", "-q", "-b", "main", str(root)], check=True, env=environment)
    project, _ = projects.create(root)
    (root / ".gitignore").write_text("/.e2e/\n", "utf-8")
    rows = "\n".join(f"{hour},{hour * 0.5}" for hour in range(12))
    (root / "trips.csv").write_text(f"hour,late\n{rows}\n", "utf-8")
    notebook(root / "train.ipynb", TRAIN)
    notebook(root / "broken.ipynb", {"load": "%load_ext e2e_lab", "break": "e2e.log_metric('reached', 1)\n1 / 0"})
    elsewhere = new_notebook(cells=[], metadata={"kernelspec": {"name": "julia-9", "display_name": "Julia"}})
    nbformat.write(elsewhere, root / "elsewhere.ipynb")
    notebook(root / "dying.ipynb", {"die": "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"})
    slow = "from pathlib import Path\nimport time\nPath('.e2e/reached').touch()\ntime.sleep(300)"
    notebook(root / "slow.ipynb", {"load": "%load_ext e2e_lab\ne2e.log_metric('before', 1)", "slow": slow})
    (root / "notes.ipynb").write_text("these are my notes", "utf-8")
    storage.ingest(project, root / "trips.csv", "trips")
    late = pd.DataFrame({"hour": [11], "late": [5.5]})
    storage.snapshot(project, late, "trips_late", stage="processed")
    assert e2e("commit", "-m", "first").returncode == 0
    return e2e


def root_of(shell: Shell) -> Path:
    return Path(json.loads(shell("status", "--json").stdout)["path"])


@pytest.fixture(scope="module")
def ran(shell: Shell) -> Ran:
    project = projects.find(root_of(shell))
    kept = experiments.keep(
        project, "first", model=_line(), X=pd.DataFrame({"hour": [1, 2, 3]}), pin=versioning.pin(project, "first")
    )
    models.register(project, kept, "delay")
    models.package(project, models.find_model(project, _ref("delay")))
    saved, head = (project.root / "train.ipynb").read_bytes(), git(project.root, "rev-parse", "HEAD")
    said = shell("run", "train.ipynb", "-p", "depth=3", "-p", "note='it''s mine'")
    run = next(run for run in experiments.runs(project) if run.name == "train")
    return Ran(project, said, saved, run, head)


def _line() -> object:
    from sklearn.linear_model import LinearRegression

    return LinearRegression().fit(pd.DataFrame({"hour": [1, 2, 3]}), [1.0, 2.0, 3.0])


def _ref(name: str) -> object:
    from e2e_lab.records import Ref

    return Ref(name=name)


def executed(ran: Ran) -> dict[str, str]:
    """What each cell of the kept copy showed, by its id."""
    (copy,) = (ran.project.home / "artifacts").rglob("train.ipynb")
    assert ran.run.id in copy.parts
    cells = nbformat.read(copy, as_version=4).cells
    return {cell.id: "".join(output.get("text", "") for output in cell.outputs) for cell in cells}


def test_it_is_one_finished_run_with_its_parameters_and_what_was_logged_outside_cells(ran: Ran) -> None:
    assert ran.said.returncode == 0, ran.said.stderr
    assert ran.run.status == "finished"
    assert ran.run.metrics == {"rows": 5.0}
    assert ran.run.params == {"depth": "3", "note": "its mine", "seen": "3 0.5"}
    assert "train · finished" in ran.said.stdout
    assert "rows 5" in ran.said.stdout
    assert {(str(use), use.role) for use in ran.run.data} >= {("trips@v1", "input")}
    assert "trips@v1" in ran.said.stdout
    assert ran.said.stderr == ""


def test_a_model_kept_by_the_last_cell_is_written_before_its_kernel_goes(ran: Ran) -> None:
    assert ran.run.models == ("model",)
    assert experiments.kept_model(ran.project, ran.run).run == ran.run.id


def test_a_cells_run_inside_is_its_child(ran: Ran) -> None:
    from mlflow import MlflowClient

    inner = next(run for run in experiments.runs(ran.project) if run.name == "inner")
    assert (inner.status, inner.metrics, inner.params) == ("finished", {"score": 3.0}, {"k": "3"})
    client = MlflowClient(tracking_uri=f"sqlite:///{ran.project.home}/mlflow.db")
    assert client.get_run(inner.id).data.tags["mlflow.parentRunId"] == ran.run.id


def test_snapshots_inside_are_compared_not_written(ran: Ran) -> None:
    shown = executed(ran)
    assert "unchanged" in shown["same"]
    assert "differs" not in shown["same"]
    assert "differs from trips_late@v1; not saved here" in shown["other"]
    assert "unchanged" not in shown["other"]
    assert "never_saved@v1" in shown["new"]
    assert "not saved" in shown["new"]
    assert shown["new"].splitlines()[-1] == "5"
    assert "never_saved" not in storage.records(ran.project)
    assert "trips@v1" in shown["ingest"]
    assert storage.current(ran.project, "trips_late").version == 1
    assert len(storage.versions(ran.project, "trips_late")) == 1


def test_an_ending_process_can_still_use_thread_pools_for_what_it_finishes_first(
    project: Project, tmp_path: Path
) -> None:
    script = """
import sys, threading, time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from e2e_lab import project
from e2e_lab.experiments import background

def work():
    while threading.main_thread().is_alive() and not background._ending.is_set():
        time.sleep(0.01)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(Path(sys.argv[2]).touch).result()

background.submit(project.find(sys.argv[1]), "run", "the last thing", work)
"""
    done = tmp_path / "done"
    command = [sys.executable, "-W", "ignore", "-c", script, str(project.root), str(done)]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.exists(), said.stderr


def test_commit_register_and_package_stand_still(ran: Ran) -> None:
    shown = executed(ran)
    assert "Nothing to commit" in shown["commit"]
    assert "delay@v1" in shown["register"]
    assert "delay@v1" in shown["package"]
    assert git(ran.project.root, "rev-parse", "HEAD") == ran.head
    assert [version.ref for version in models.model_versions(ran.project)] == ["delay@v1"]
    assert [package.ref for package in models.packages(ran.project)] == ["delay@v1"]


def test_the_saved_file_is_untouched_and_the_executed_copy_is_kept(ran: Ran) -> None:
    assert (ran.project.root / "train.ipynb").read_bytes() == ran.saved
    assert executed(ran)["same"]
    assert versioning.unsaved(ran.project) == ()


def test_a_failing_cell_fails_the_run_and_the_command(shell: Shell) -> None:
    done = shell("run", "broken.ipynb")
    assert done.returncode == 1
    assert "ZeroDivisionError: division by zero" in done.stdout
    run = next(run for run in experiments.runs(projects.find(root_of(shell))) if run.name == "broken")
    assert (run.status, run.metrics) == ("failed", {"reached": 1.0})


def test_ctrl_c_at_the_shell_marks_the_run_killed_and_ends_its_kernel(shell: Shell, tmp_path: Path) -> None:
    project = projects.find(root_of(shell))
    command = [sys.executable, "-W", "ignore", "-m", "e2e_lab.workspace.cli", "run", "slow.ipynb"]
    said = tmp_path / "said"
    with said.open("wb") as log, subprocess.Popen(
        command, cwd=project.root, env=plain_environment(tmp_path), stdout=log, stderr=log
    ) as process:  # fmt: skip
        eventually((project.home / "reached").exists)
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    assert psutil.wait_procs(children, timeout=10)[1] == []
    run = next(run for run in experiments.runs(project) if run.name == "slow")
    assert (run.status, run.metrics) == ("killed", {"before": 1.0})
    assert "Traceback" not in said.read_text("utf-8")


def test_in_python_a_kernel_that_died_is_a_failed_run_to_look_at(
    shell: Shell, clean_session: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    import e2e_lab as e2e

    monkeypatch.chdir(root_of(shell))
    run = e2e.run_notebook("dying.ipynb")
    assert run.status == "failed"
    assert "The kernel died while dying.ipynb ran" in str(run)
    assert not {"E2E_INERT", "E2E_RUN", "E2E_PROJECT"} & set(os.environ)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "trian.ipynb"], "e2e run train.ipynb"),
        (["run", "notes.ipynb"], "is not a notebook"),
        (["run", "../elsewhere.ipynb"], "outside the project"),
        (["run", "train.ipynb", "-p", "depth"], "not NAME=VALUE"),
        (["run", "train.ipynb", "-p", "class=1"], "'class' cannot be a variable"),
        (["run", "elsewhere.ipynb"], "the kernel 'julia-9', which is not installed"),
    ],
)
def test_a_notebook_that_cannot_be_run_is_told_before_any_run_is_made(
    shell: Shell, words: list[str], said: str
) -> None:
    project = projects.find(root_of(shell))
    before = len(experiments.runs(project))
    done = shell(*words)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert len(experiments.runs(project)) == before
