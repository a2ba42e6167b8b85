"""Real kernels: two at once in one project, killed at their work, interrupted, and with a notebook that moved."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from e2e_lab import experiments, storage, versioning
from e2e_lab import project as projects
from e2e_lab.project import Project
from tests.conftest import Kernel, eventually, git

pytestmark = pytest.mark.integration

START = "%load_ext e2e_lab\nimport pandas as pd\nimport numpy as np\nfrom pathlib import Path"
Kernels = Callable[..., Kernel]


def written(path: Path, *sources: str) -> None:
    """A saved notebook with these cells."""
    cells = [new_code_cell(source, id=f"cell-{i}") for i, source in enumerate(sources)]
    nbformat.write(new_notebook(cells=cells), path)


def reached(project: Project, name: str) -> None:
    """Wait until a cell has touched this file."""
    eventually((project.root / ".e2e" / name).exists)


def test_two_kernels_snapshot_commit_and_run_in_one_project_at_once(project: Project, kernels: Kernels) -> None:
    both = [kernels(project.root) for _ in range(2)]
    loop = (
        "for i in range(6):\n"
        "    e2e.snapshot(pd.DataFrame({{'who': ['{who}'] * 5, 'i': range(i, i + 5)}}), 'shared', stage='raw')\n"
        "    e2e.snapshot(pd.DataFrame({{'i': [i, i + 1]}}), 'of_{who}', stage='raw')\n"
        "    if i % 3 == 0:\n"
        "        e2e.commit('{who} ' + str(i))\n"
        "with e2e.run('run of {who}', params=dict(who='{who}')) as run:\n"
        "    for step in range(50):\n"
        "        run.log_metric('loss', 1 / (step + 1), step)\n"
        "e2e.commit('{who} is done')"
    )
    for kernel in both:
        kernel.show(START)
    sent = [(kernel, kernel.begin(loop.format(who=who))) for kernel, who in zip(both, ("ada", "bob"), strict=True)]
    for kernel, cell in sent:
        answered = kernel.finish(cell)
        assert answered.status == "ok", answered.text
    shared = storage.versions(project, "shared")
    assert [version.version for version in shared] == list(range(1, 13))
    assert all(storage.fingerprint(storage.load(project, version)) == version.id for version in shared)
    assert {name: s.version for name, s in storage.records(project).items()} == {
        "shared": 12, "of_ada": 6, "of_bob": 6,
    }  # fmt: skip
    assert git(project.root, "status", "--porcelain") == ""
    assert git(project.root, "fsck", "--no-dangling") == ""
    runs = {run.name: run for run in experiments.runs(project)}
    assert {name: (run.status, run.metrics) for name, run in runs.items()} == {
        "run of ada": ("finished", {"loss": 0.02}), "run of bob": ("finished", {"loss": 0.02}),
    }  # fmt: skip
    for run in runs.values():
        assert run.pin is not None
        assert versioning.pinned_cells(project, run.pin.commit)[0] == START


def test_kill_9_of_a_kernel_in_the_middle_of_a_snapshot_keeps_the_last_state(
    project: Project, kernels: Kernels
) -> None:
    kernel = kernels(project.root)
    kernel.show(f"{START}\nfirst = pd.DataFrame({{'n': range(1000)}})\ne2e.snapshot(first, 'growing', stage='raw')")
    kernel.begin(
        "for i in range(100_000):\n"
        "    e2e.snapshot(pd.DataFrame({'n': np.arange(20_000) + i, 's': 'text'}), 'growing')\n"
        "    Path('.e2e/reached').touch()"
    )
    reached(project, "reached")
    os.kill(kernel.pid, signal.SIGKILL)
    now = storage.current(project, "growing")
    assert now.version > 1
    assert storage.fingerprint(storage.load(project, now)) == now.id
    again = kernels(project.root)
    assert "growing" in again.show(f"{START}\n%e2e data")
    assert f"growing@v{storage.current(project, 'growing').version + 1}" in again.show(
        "e2e.snapshot(pd.DataFrame({'n': [1]}), 'growing')"
    )


def test_kill_9_of_a_kernel_in_a_run_marks_it_killed_and_keeps_what_it_logged(
    project: Project, kernels: Kernels
) -> None:
    kernel = kernels(project.root)
    kernel.show(START)
    kernel.begin(
        "%%e2e run doomed -p k=1\n"
        "import time\ne2e.log_metric('loss', 0.5)\nPath('.e2e/reached').touch()\ntime.sleep(300)"
    )
    reached(project, "reached")
    (going_on,) = eventually(lambda: [run for run in experiments.runs(project) if run.metrics])  # sent within a second
    assert going_on.status == "running"
    os.kill(kernel.pid, signal.SIGKILL)
    eventually(lambda: not _lives(kernel.pid))
    (run,) = experiments.runs(project)
    assert (run.name, run.status, run.params) == ("doomed", "killed", {"k": "1"})
    assert run.metrics == {"loss": 0.5}
    assert "its process ended before the run did" in str(run)


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_the_stop_button_marks_the_run_killed_and_the_cells_after_go_on(project: Project, kernels: Kernels) -> None:
    kernel = kernels(project.root)
    kernel.show(f"{START}\ndepth = 'mine'")
    cell = kernel.begin(
        "%%e2e run stopped -p depth=6\nimport time\ne2e.log_metric('loss', 0.5)\nPath('.e2e/reached').touch()\n"
        "time.sleep(300)"
    )
    reached(project, "reached")
    kernel.interrupt()
    answered = kernel.finish(cell)
    assert answered.error.startswith("KeyboardInterrupt")
    assert answered.text.count("Traceback (most recent call last)") == 1
    assert "'mine'" in kernel.show("depth")
    assert "finished" in kernel.show("%%e2e run after\ne2e.log_metric('loss', 0.25)")
    runs = {run.name: run for run in experiments.runs(project)}
    assert (runs["stopped"].status, runs["stopped"].metrics) == ("killed", {"loss": 0.5})
    assert (runs["after"].status, runs["after"].metrics) == ("finished", {"loss": 0.25})
    assert "NoActiveRun" in kernel.run("e2e.log_metric('loss', 1)").error


def test_the_stop_button_in_a_snapshot_leaves_the_state_clean(project: Project, kernels: Kernels) -> None:
    kernel = kernels(project.root)
    kernel.show(f"{START}\nbig = pd.DataFrame(np.random.default_rng(0).random((1000, 4)), columns=list('abcd'))")
    kernel.show("e2e.snapshot(big, 'big', stage='raw')")
    cell = kernel.begin("for i in range(100_000):\n    e2e.snapshot(big + i, 'big')\n    Path('.e2e/reached').touch()")
    reached(project, "reached")
    kernel.interrupt()
    assert kernel.finish(cell).error.startswith("KeyboardInterrupt")
    now = storage.current(project, "big")
    assert storage.fingerprint(storage.load(project, now)) == now.id
    assert f"big@v{now.version + 1}" in kernel.show("e2e.snapshot(big * 100, 'big')")
    assert not list((project.home / "store").rglob("*.tmp"))


@pytest.mark.parametrize("tells_ids", [True, False], ids=["a front end with cell ids", "one without"])
def test_a_notebook_that_was_not_saved_is_said_at_the_commit(
    project: Project, kernels: Kernels, tells_ids: bool
) -> None:
    written(project.root / "work.ipynb", START, "a = 1")
    kernel = kernels(project.root, "work.ipynb")

    def show(source: str, number: int) -> str:
        return kernel.show(source, f"cell-{number}" if tells_ids else None)

    show(START, 0)
    show("a = 1", 1)
    assert "save" not in show("%e2e commit -m first", 9)
    show("b = 2  # typed, run, and not yet on disk", 2)
    said = show("%e2e commit -m 'not on disk yet'", 9)
    assert "Nothing to commit" in said
    assert "work.ipynb on disk is older than what ran: save it" in said
    show("b = 3  # typed, run, and not yet on disk", 2)
    written(project.root / "work.ipynb", START, "a = 1", "b = 3  # typed, run, and not yet on disk")
    said = show("%e2e commit -m 'now it is'", 9)
    assert "1 file" in said
    assert "older than what ran" not in said


def test_a_renamed_notebook_is_found_by_its_cells(project: Project, kernels: Kernels) -> None:
    written(project.root / "untitled.ipynb", START, "towns = pd.DataFrame({'a': [1]})", "%e2e snapshot towns")
    written(project.root / "other.ipynb", "nothing = 'of this'")
    kernel = kernels(project.root, "untitled.ipynb")
    kernel.show(START)
    kernel.show("towns = pd.DataFrame({'a': [1]})")
    (project.root / "untitled.ipynb").rename(project.root / "towns.ipynb")
    kernel.show("%e2e snapshot towns --stage raw")
    record = json.loads((project.root / "data" / "raw" / "towns.json").read_text("utf-8"))
    assert record["origin"]["notebook"] == "towns.ipynb"


def test_a_notebook_in_a_subfolder_finds_the_project_above_it(project: Project, kernels: Kernels) -> None:
    (project.root / "notebooks").mkdir()
    written(project.root / "notebooks" / "deep.ipynb", START)
    kernel = kernels(project.root / "notebooks", "deep.ipynb")
    (project.root / "notebooks" / "towns.csv").write_text("town\nBath\n", "utf-8")
    kernel.show(START)
    assert "from notebooks/towns.csv" in kernel.show("%e2e ingest towns.csv --as towns")
    assert storage.current(projects.find(project.root), "towns").origin.notebook == "notebooks/deep.ipynb"
