"""Runs in the embedded database: quick, whole after a crash, and plain to an MLflow client."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from e2e_lab import experiments
from e2e_lab import project as projects
from e2e_lab.errors import RunNotFound, TrackingError, UsageError
from e2e_lab.experiments import database
from e2e_lab.experiments.datasets_used import data_of_run
from e2e_lab.project import Project
from e2e_lab.records import DataUse, Pin, Trail

FLIGHTS = DataUse(name="flights", version=2, id="ab" * 16)
CLEAN = DataUse(name="clean", version=1, id="cd" * 16, role="output")
PIN = Pin(commit="c" * 40, ref="refs/e2e/runs/x", environment="e" * 64)


def plain(project: Project) -> Any:
    """An MLflow client that knows nothing of e2e-lab."""
    from mlflow import MlflowClient

    return MlflowClient(tracking_uri=f"sqlite:///{project.home}/mlflow.db")


def child(project: Project, code: str) -> subprocess.Popen[str]:
    """A real process that does *code* with the project as ``p``."""
    head = "import os, sys, time\nfrom e2e_lab import experiments as ex, project as P\np = P.find()\n"
    return subprocess.Popen(
        [sys.executable, "-c", head + code], cwd=project.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_a_plain_mlflow_client_reads_params_metrics_data_and_pin(tracked: Project) -> None:
    run = experiments.start(
        tracked, "baseline", params={"depth": 6}, data=[FLIGHTS], pin=PIN, trail=Trail(notebook="a.ipynb", cell="c1")
    )
    run.log_metric("rmse", 12.5)
    run.use(CLEAN)
    run.log_param("kind", "forest")
    run.finish()

    seen = plain(tracked).get_run(run.id)
    assert seen.info.run_name == "baseline"
    assert seen.info.status == "FINISHED"
    assert seen.data.params == {"depth": "6", "kind": "forest"}
    assert seen.data.metrics == {"rmse": 12.5}
    assert [(i.dataset.name, i.dataset.digest) for i in seen.inputs.dataset_inputs] == [("flights", FLIGHTS.id)]
    assert seen.data.tags["e2e.pin"] == PIN.commit
    assert [use["name"] for use in json.loads(seen.data.tags["e2e.data"])] == ["flights", "clean"]
    assert not (tracked.root / "mlruns").exists()


def test_a_listing_gives_back_what_was_logged(tracked: Project) -> None:
    first = experiments.start(tracked, "a", params={"x": 1}, data=[FLIGHTS], pin=PIN, trail=Trail(cell="c")).finish()
    second = experiments.start(tracked, "b").finish()
    listed = experiments.runs(tracked)
    assert [run.id for run in listed] == [second.id, first.id]
    assert listed[1] == first


def test_names_may_repeat_and_the_newest_finished_one_is_meant(tracked: Project) -> None:
    old = experiments.start(tracked, "same").finish()
    new = experiments.start(tracked, "same").finish()
    experiments.start(tracked, "same").finish("failed")
    assert experiments.find_run(tracked, "same").id == new.id
    assert experiments.find_run(tracked, old.id).id == old.id
    assert experiments.find_run(tracked, old.id[:10]).id == old.id


@pytest.mark.parametrize("name", ["it's", 'a "b"', "100%", "a_b", "größe 1"])
def test_any_printable_name_is_found_again(tracked: Project, name: str) -> None:
    made = experiments.start(tracked, name).finish()
    experiments.start(tracked, "aXb").finish()
    assert experiments.find_run(tracked, name).id == made.id


def test_an_unknown_run_is_answered_with_what_was_meant(tracked: Project) -> None:
    experiments.start(tracked, "baseline").finish()
    with pytest.raises(RunNotFound, match="'baseline'"):
        experiments.find_run(tracked, "basline")
    experiments.start(tracked, "broken").finish("failed", error="Traceback\nValueError: no")
    with pytest.raises(RunNotFound, match="failed"):
        experiments.find_run(tracked, "broken")


def test_no_runs_at_all_is_said(tracked: Project) -> None:
    with pytest.raises(RunNotFound, match="no runs yet"):
        experiments.find_run(tracked, "baseline")


def test_what_a_run_made_comes_before_what_it_used(tracked: Project) -> None:
    made = DataUse(name="flights", version=3, id="ef" * 16, role="output")
    run = experiments.start(tracked, "r", data=[FLIGHTS, made]).finish()
    used = data_of_run(run, "flights")
    assert used is not None
    assert (used.version, used.id) == (3, "ef" * 16)
    assert data_of_run(run, "weather") is None


def test_a_failed_run_keeps_its_traceback(tracked: Project) -> None:
    run = experiments.start(tracked, "r")
    run.finish("failed", error="Traceback …\nZeroDivisionError: division by zero")
    seen = plain(tracked).get_run(run.id)
    assert seen.info.status == "FAILED"
    assert "ZeroDivisionError" in seen.data.tags["e2e.error"]
    assert experiments.runs(tracked)[0].notes == ("ZeroDivisionError: division by zero",)


def test_an_interrupted_run_is_killed_and_keeps_its_metrics(tracked: Project) -> None:
    run = experiments.start(tracked, "r")
    try:
        run.log_metric("loss", 1.0, step=1)
        raise KeyboardInterrupt
    except KeyboardInterrupt:
        run.finish("killed")
    seen = plain(tracked).get_run(run.id)
    assert (seen.info.status, seen.data.metrics) == ("KILLED", {"loss": 1.0})


def test_a_bad_value_is_refused_and_the_run_goes_on(tracked: Project) -> None:
    run = experiments.start(tracked, "r", params={"depth": 6})
    run.log_metric("good", 1.0)
    for bad in (lambda: run.log_metric("loss", float("nan")), lambda: run.log_metric("a//b", 1.0)):
        with pytest.raises(UsageError):
            bad()
    with pytest.raises(UsageError, match="'6'"):
        run.log_param("depth", 7)
    run.log_param("depth", 6)
    with pytest.raises(UsageError, match=r"nothing\.txt"):
        run.log_artifact("nothing.txt")
    run.log_metric("good", 2.0, step=1)
    done = run.finish()
    assert done.metrics == {"good": 2.0}
    assert plain(tracked).get_run(run.id).data.metrics == {"good": 2.0}
    with pytest.raises(UsageError, match="ended"):
        run.log_metric("late", 1.0)


def test_artifacts_lie_in_the_project(tracked: Project) -> None:
    (tracked.root / "plot.txt").write_text("a plot", "utf-8")
    (tracked.root / "folder").mkdir()
    (tracked.root / "folder" / "x.txt").write_text("x", "utf-8")
    run = experiments.start(tracked, "r")
    run.log_artifact("plot.txt")
    run.log_artifact(tracked.root / "folder")
    run.finish()
    assert [item.path for item in plain(tracked).list_artifacts(run.id)] == ["folder", "plot.txt"]
    assert any((tracked.home / "artifacts").rglob("plot.txt"))


def test_metrics_are_visible_to_others_within_a_second_while_the_run_goes_on(tracked: Project) -> None:
    run = experiments.start(tracked, "r")
    run.log_metric("loss", 0.5, step=0)
    until = time.monotonic() + 1.0
    with sqlite3.connect(tracked.home / "mlflow.db") as other:
        while time.monotonic() < until and not other.execute("select count(*) from metrics").fetchone()[0]:
            time.sleep(0.02)
        assert other.execute("select value from metrics").fetchall() == [(0.5,)]
    other.close()
    run.finish()


def test_a_thousand_steps_are_all_kept_in_order(tracked: Project) -> None:
    run = experiments.start(tracked, "r")
    for step in range(1000):
        run.log_metric("loss", 1 / (step + 1), step=step)
    run.finish()
    history = plain(tracked).get_metric_history(run.id, "loss")
    assert sorted((m.step, m.value) for m in history) == [(step, 1 / (step + 1)) for step in range(1000)]


@pytest.mark.integration
def test_kill_9_loses_at_most_the_last_second_and_the_next_listing_says_killed(tracked: Project) -> None:
    code = (
        "r = ex.start(p, 'doomed')\nprint(r.id, flush=True)\ni = 0\n"
        "while True:\n r.log_metric('i', i, step=i); print(i, time.time(), flush=True); i += 1; time.sleep(0.05)\n"
    )
    process = child(tracked, code)
    assert process.stdout
    run_id = process.stdout.readline().strip()
    shown = []
    until = time.monotonic() + 2.5
    while time.monotonic() < until:
        shown.append(process.stdout.readline().split())
    assert plain(tracked).get_run(run_id).info.status == "RUNNING"
    process.send_signal(signal.SIGKILL)
    shown += [line.split() for line in process.communicate()[0].splitlines()]
    last_second = float(shown[-1][1]) - 1.0
    old_enough = [int(i) for i, when in shown if float(when) < last_second]
    kept = {m.step for m in plain(tracked).get_metric_history(run_id, "i")}
    assert len(old_enough) > 10
    assert set(old_enough) <= kept

    found = experiments.runs(tracked)[0]
    assert (found.id, found.status) == (run_id, "killed")
    assert "process ended" in found.notes[0]


@pytest.mark.integration
def test_a_process_that_just_ends_leaves_its_values_and_no_running_run(tracked: Project) -> None:
    process = child(tracked, "r = ex.start(p, 'left')\nr.log_metric('x', 1.0)\n")
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    found = experiments.runs(tracked)[0]
    assert (found.status, found.metrics) == ("killed", {"x": 1.0})


def test_a_run_of_a_living_process_stays_running(tracked: Project) -> None:
    run = experiments.start(tracked, "mine")
    assert experiments.runs(tracked)[0].status == "running"
    experiments.start(tracked, "other").finish()
    assert experiments.find_run(tracked, run.id).status == "running"
    run.finish()


@pytest.mark.integration
def test_mlflow_is_quiet_and_puts_nothing_into_the_working_folder(tracked: Project) -> None:
    process = child(tracked, "r = ex.start(p, 'q', params={'a': 1})\nr.log_metric('x', 1.0)\nr.finish()\n")
    out, said = process.communicate(timeout=60)
    assert (out, said) == ("", "")
    assert sorted(path.name for path in tracked.root.iterdir()) == [".e2e", ".git", ".gitignore", "e2e.toml"]


@pytest.mark.integration
def test_what_other_libraries_look_for_is_not_imported_beside_the_users_code(tracked: Project) -> None:
    """scikit-learn asks ``sys.modules`` for a polars, and would find one of which another thread has imported half."""
    pytest.importorskip("polars")
    process = child(
        tracked,
        """
import threading
class Noted:
    def find_spec(self, name, path=None, target=None):
        if name in ("pandas", "pyarrow", "polars", "mlflow"):
            print(name, threading.current_thread() is threading.main_thread())
sys.meta_path.insert(0, Noted())
ex.prewarm(p).join()
""",
    )
    out, said = process.communicate(timeout=60)
    assert said == ""
    assert sorted(out.split("\n")[:-1]) == ["mlflow False", "pandas True", "polars True", "pyarrow True"]


@pytest.mark.integration
def test_a_package_that_cannot_be_imported_is_heard_of_by_those_who_use_it_only(tracked: Project) -> None:
    (tracked.root / "polars").mkdir()
    (tracked.root / "polars" / "__init__.py").write_text("raise RuntimeError('built for another processor')", "utf-8")
    process = child(tracked, "import sys; sys.path.insert(0, str(p.root)); ex.prewarm(p).join(); print('goes on')")
    out, said = process.communicate(timeout=60)
    assert (out, said) == ("goes on\n", "")


@pytest.mark.integration
def test_two_processes_may_open_a_new_project_at_once(project: Project) -> None:
    racing = [child(project, f"ex.start(p, 'r{i}').finish()") for i in range(2)]
    for process in racing:
        assert process.communicate(timeout=120)[1] == ""
    assert sorted(run.name for run in experiments.runs(project)) == ["r0", "r1"]


def test_a_moved_project_finds_its_artifacts_again(tracked: Project, tmp_path: Path) -> None:
    (tracked.root / "plot.txt").write_text("a plot", "utf-8")
    run = experiments.start(tracked, "before")
    run.log_artifact("plot.txt")
    run.finish()
    there = tmp_path / "elsewhere with space"
    os.chdir(tmp_path)
    shutil.move(tracked.root, there)
    moved = projects.find(there)
    assert experiments.find_run(moved, "before").id == run.id
    assert str(plain(moved).get_run(run.id).info.artifact_uri).startswith((there / ".e2e").as_uri())
    assert [item.path for item in plain(moved).list_artifacts(run.id)] == ["plot.txt"]
    after = experiments.start(moved, "after")
    after.log_artifact(there / "plot.txt")
    after.finish()
    assert not tracked.root.exists()


def test_a_copied_project_does_not_touch_the_first(tracked: Project, tmp_path: Path) -> None:
    run = experiments.start(tracked, "shared").finish()
    copy = tmp_path / "copy"
    shutil.copytree(tracked.root, copy)
    copied = projects.find(copy)
    experiments.start(copied, "only in the copy").finish()
    assert [r.name for r in experiments.runs(tracked)] == ["shared"]
    assert str(plain(tracked).get_run(run.id).info.artifact_uri).startswith(tracked.home.as_uri())
    assert str(plain(copied).get_run(run.id).info.artifact_uri).startswith(copied.home.as_uri())


def test_settling_again_after_a_crash_changes_nothing_more(tracked: Project) -> None:
    experiments.start(tracked, "r").finish()
    (tracked.home / database.ROOT).write_text("/somewhere/else/.e2e", "utf-8")
    path = tracked.home / "mlflow.db"
    with sqlite3.connect(path) as raw:
        before = raw.execute("select artifact_uri from runs").fetchall()
        raw.execute(
            "update runs set artifact_uri = replace(artifact_uri, ?, '/somewhere/else/.e2e')", (str(tracked.home),)
        )
        raw.execute("update experiments set artifact_location = 'file:///somewhere/else/.e2e/artifacts'")
    raw.close()
    for _ in range(2):  # as if the note of the new place had not been written the first time
        (tracked.home / database.ROOT).write_text("/somewhere/else/.e2e", "utf-8")
        assert database.settle(tracked)
    assert not database.settle(tracked)
    with sqlite3.connect(path) as raw:
        assert raw.execute("select artifact_uri from runs").fetchall() == before
    raw.close()


def test_the_overview_makes_nothing(project: Project) -> None:
    assert experiments.overview(project).runs == 0
    assert not (project.home / "mlflow.db").exists()


def test_the_overview_counts_without_mlflow(tracked: Project) -> None:
    run = experiments.start(tracked, "newest")
    run.log_metric("rmse", 2.0)
    run.flush()
    seen = experiments.overview(tracked)
    assert (seen.runs, seen.running, seen.newest_name, seen.newest_metrics) == (1, 1, "newest", {"rmse": 2.0})
    run.finish()
    code = "print(ex.overview(p).runs, 'mlflow' in sys.modules)"
    assert child(tracked, code).communicate(timeout=60)[0].split() == ["1", "False"]


def test_the_overview_asks_no_server(tracked: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://user:secret@127.0.0.1:9")
    assert experiments.overview(tracked).remote == "127.0.0.1:9"


def test_a_file_that_is_no_database_is_told(tracked: Project) -> None:
    (tracked.home / "mlflow.db").write_bytes(b"this is not sqlite" * 100)
    assert experiments.overview(tracked).problem
    with pytest.raises(TrackingError):
        experiments.start(tracked, "r")


def test_a_database_that_was_deleted_under_a_kernel_is_made_again(tracked: Project, experiment_database: Path) -> None:
    experiments.start(tracked, "gone").finish()
    for path in tracked.home.glob("mlflow.db*"):
        path.unlink()
    shutil.copyfile(experiment_database, tracked.home / "mlflow.db")
    experiments.start(tracked, "here").finish()
    with sqlite3.connect(tracked.home / "mlflow.db") as raw:
        assert raw.execute("select name from runs").fetchall() == [("here",)]
    raw.close()


@pytest.mark.integration
def test_an_older_database_is_upgraded_and_kept_as_it_was(tracked: Project) -> None:
    experiments.start(tracked, "old").finish()
    from alembic import command
    from mlflow.store.db.utils import _get_alembic_config

    config = _get_alembic_config(f"sqlite:///{tracked.home}/mlflow.db")
    database.let_go(f"sqlite:///{tracked.home}/mlflow.db")
    with sqlite3.connect(tracked.home / "mlflow.db") as raw:
        head = raw.execute("select version_num from alembic_version").fetchone()[0]
    raw.close()
    from alembic.script import ScriptDirectory

    before = ScriptDirectory.from_config(config).get_revision(head).down_revision
    try:
        command.downgrade(config, before)
    except NotImplementedError:
        pytest.skip("the newest migration cannot be taken back")
    process = child(tracked, "print(ex.runs(p)[0].name)")
    out, said = process.communicate(timeout=60)
    assert out.strip() == "old", said
    assert list(tracked.home.glob("mlflow.db.before-mlflow-*"))
