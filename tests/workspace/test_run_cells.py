"""Cells that are runs: the user's own namespace, errors, awaits and interrupts, and what the run remembers."""

from __future__ import annotations

import pytest

from e2e_lab.errors import NoActiveRun, UsageError
from tests.workspace.conftest import Notebook

pytestmark = pytest.mark.integration  # MLflow takes seconds to import


@pytest.fixture
def committed(notebook: Notebook) -> Notebook:
    """A notebook with a snapshot."""
    notebook.run("import pandas as pd\nflights = pd.DataFrame({'hour': [1, 2, 3], 'late': [0.0, 5.0, 1.0]})")
    notebook.run("%e2e snapshot flights --stage raw")
    return notebook


def test_assignments_stay_and_the_last_expression_displays(committed: Notebook) -> None:
    value = committed.run("%%e2e run first\nanswer = 6 * 7\nanswer + 1")
    assert value == 43
    assert committed["answer"] == 42


def test_parameters_are_assigned_and_put_back(committed: Notebook) -> None:
    committed.run("depth = 'mine'")
    committed.run("%%e2e run first -p depth=6 -p rate=0.1\nseen = (depth, rate)")
    assert committed["seen"] == (6, 0.1)
    assert committed["depth"] == "mine"
    assert "rate" not in committed
    assert committed.run("e2e.runs()").loc[0, "depth"] == "6"


def test_an_error_fails_the_cell_and_the_run_with_one_traceback(
    committed: Notebook, capsys: pytest.CaptureFixture[str]
) -> None:
    error = committed.fail("%%e2e run broken -p depth=6\nx = 1\n1 / 0")
    assert isinstance(error, ZeroDivisionError)
    shown = capsys.readouterr()
    assert (shown.out + shown.err).count("Traceback (most recent call last)") == 1
    assert committed.run("e2e.runs()").loc[0, "status"] == "failed"
    assert "depth" not in committed


def test_an_interrupt_marks_the_run_killed(committed: Notebook) -> None:
    committed.shell.run_cell("%%e2e run stopped\nraise KeyboardInterrupt")
    assert committed.run("e2e.runs()").loc[0, "status"] == "killed"


def test_top_level_await_works(committed: Notebook) -> None:
    value = committed.run("%%e2e run waits\nimport asyncio\nawait asyncio.sleep(0.01, 'slept')")
    assert value == "slept"


def test_running_the_cell_again_makes_a_new_run(committed: Notebook) -> None:
    for _ in range(2):
        committed.run("%%e2e run twice\ne2e.log_metric('rmse', 1.5)")
    runs = committed.run("e2e.runs()")
    assert list(runs["run"]) == ["twice", "twice"]
    assert runs["id"].nunique() == 2


def test_a_run_knows_its_data_its_cells_and_its_code(committed: Notebook) -> None:
    from e2e_lab import experiments, versioning
    from e2e_lab.workspace.session import session

    committed.run("%%e2e run reads -p k=2\nmean = flights.late.mean() * k\ne2e.log_metric('mean', mean)")
    (run,) = experiments.runs(session.project())
    assert [str(use) for use in run.data] == ["flights@v1"]
    assert run.metrics == {"mean": 4.0}
    assert run.pin is not None
    cells = versioning.pinned_cells(session.project(), run.pin.commit)
    assert cells[-1].startswith("%%e2e run reads -p k=2")
    assert any("flights = pd.DataFrame" in cell for cell in cells)


def test_what_is_loaded_and_saved_inside_belongs_to_the_run(committed: Notebook) -> None:
    from e2e_lab import experiments
    from e2e_lab.workspace.session import session

    committed.run(
        "%%e2e run makes\nlate = e2e.load('flights')\nlate = late[late.late > 0]\ne2e.snapshot(late, 'flights_late')"
    )
    (run,) = experiments.runs(session.project())
    assert {(str(use), use.role) for use in run.data} == {("flights@v1", "input"), ("flights_late@v1", "output")}
    assert len(committed.run("e2e.load('flights_late@run:makes')")) == 2


def test_logging_outside_a_run_says_how_to_begin_one(committed: Notebook) -> None:
    error = committed.fail("e2e.log_metric('rmse', 1.0)")
    assert isinstance(error, NoActiveRun)
    assert "%%e2e run" in error.hint


def test_a_block_is_a_run_too(committed: Notebook) -> None:
    committed.run("with e2e.run('block', params={'k': 3}) as run:\n    run.log_metric('m', 2.0)")
    runs = committed.run("e2e.runs()")
    assert runs.loc[0, ["run", "status", "m", "k"]].tolist() == ["block", "finished", 2.0, "3"]


def test_only_run_takes_a_cell(committed: Notebook) -> None:
    error = committed.fail("%%e2e snapshot flights\nx = 1")
    assert isinstance(error, UsageError)
    error = committed.fail("%%e2e run train.ipynb\nx = 1")
    assert isinstance(error, UsageError)


def test_a_run_remembers_where_its_random_numbers_began(committed: Notebook) -> None:
    import json

    import numpy as np

    from e2e_lab import experiments, versioning
    from e2e_lab.workspace.session import session

    committed.run("import numpy as np\nnp.random.seed(7)\nnp.random.rand(3)")
    committed.run("%%e2e run draws\ndrawn = np.random.rand(4)")
    (run,) = experiments.runs(session.project())
    assert run.pin is not None
    kept = json.loads(versioning.pinned_file(session.project(), run.pin.commit, ".e2e-run/generators.json"))
    state = kept["numpy"]
    state["state"]["key"] = np.array(state["state"]["key"], dtype=np.uint32)
    np.random.set_state(state)
    assert np.random.rand(4).tolist() == committed["drawn"].tolist()
