"""Cells that snapshot and load: names, sources, parents and what a person reads."""

from __future__ import annotations

from pathlib import Path

import pytest
from IPython.core.completer import provisionalcompleter

from e2e_lab.errors import DatasetNotFound, NoProject, UsageError, VariableNotFound, VersionNotFound
from tests.workspace.conftest import Notebook

HOUSING = "id,price,town\n1,250000.5,Bath\n2,,York\n3,310000.0,Leeds\n"


@pytest.fixture
def housing(notebook: Notebook) -> Notebook:
    """A notebook that has just read a CSV file."""
    Path("datasets").mkdir()
    Path("datasets/housing.csv").write_text(HOUSING, "utf-8")
    notebook.run("import pandas as pd\nhousing = pd.read_csv('datasets/housing.csv')")
    return notebook


def test_a_table_that_was_just_read_is_raw_and_knows_its_file(housing: Notebook) -> None:
    snap = housing.run("%e2e snapshot housing")
    assert (snap.ref, snap.stage, snap.source, snap.rows) == ("housing@v1", "raw", "datasets/housing.csv", 3)
    assert str(snap).startswith("housing@v1 · raw · 3 × 3 · from datasets/housing.csv")


def test_running_the_cell_again_writes_nothing(housing: Notebook) -> None:
    first = housing.run("%e2e snapshot housing")
    record = Path("data/raw/housing.json").read_bytes()
    again = housing.run("%e2e snapshot housing")
    assert not again.changed
    assert again.id == first.id
    assert Path("data/raw/housing.json").read_bytes() == record


def test_parents_are_found_through_the_cells(housing: Notebook) -> None:
    housing.run("%e2e snapshot housing")
    housing.run("known = housing[housing.price.notna()].reset_index(drop=True)")
    snap = housing.run("%e2e snapshot known --as housing_known")
    assert (snap.stage, [str(p) for p in snap.parents], snap.source) == ("processed", ["housing@v1"], None)


def test_parents_are_found_where_pandas_lost_the_tag(housing: Notebook) -> None:
    housing.run("%e2e snapshot housing")
    housing.run("loaded = e2e.load('housing')")
    housing.run("towns = pd.DataFrame({'town': loaded['town'].to_numpy()})")
    snap = housing.run("%e2e snapshot towns")
    assert [str(p) for p in snap.parents] == ["housing@v1"]


def test_a_table_derived_from_a_file_is_processed_and_says_what_is_missing(housing: Notebook) -> None:
    housing.run("cheap = housing[housing.price < 300_000]")
    snap = housing.run("%e2e snapshot cheap")
    assert snap.stage == "processed"
    assert snap.source == "datasets/housing.csv"
    assert "snapshot what was read there" in snap.notes[0]


def test_where_nothing_can_be_known_the_sessions_snapshots_are_candidates(housing: Notebook) -> None:
    housing.run("%e2e snapshot housing")
    housing.run("exec('import pandas as p; mystery = p.DataFrame({chr(97): [1]})')")
    snap = housing.run("%e2e snapshot mystery")
    assert [(str(p), p.inferred) for p in snap.parents] == [("housing@v1", "session")]
    assert "--parent corrects it" in snap.notes[0]


def test_parent_and_source_can_be_said(housing: Notebook) -> None:
    housing.run("%e2e snapshot housing")
    housing.run("made = pd.DataFrame({'a': [1]})")
    snap = housing.run("%e2e snapshot made --parent housing@v1 --source https://u:pw@example.org/x.csv?token=1")
    assert [str(p) for p in snap.parents] == ["housing@v1"]


def test_neither_source_nor_parents_asks_for_the_stage(housing: Notebook) -> None:
    housing.run("made = pd.DataFrame({'a': [1]})")
    error = housing.fail("%e2e snapshot made")
    assert isinstance(error, UsageError)
    assert "--stage raw" in error.hint + error.message
    assert "--stage processed" in error.hint + error.message
    assert housing.run("%e2e snapshot made --stage raw").stage == "raw"


def test_a_generic_name_is_asked_for(housing: Notebook) -> None:
    housing.run("df = housing")
    error = housing.fail("%e2e snapshot df")
    assert isinstance(error, UsageError)
    assert error.hint == "e2e snapshot df --as NAME"
    assert housing.run("%e2e snapshot df --as housing").ref == "housing@v1"


def test_a_missing_variable_suggests_the_nearest(housing: Notebook) -> None:
    error = housing.fail("%e2e snapshot huosing")
    assert isinstance(error, VariableNotFound)
    assert "Did you mean housing?" in error.message


def test_another_table_under_the_same_name_is_asked_about(housing: Notebook) -> None:
    Path("first.ipynb").write_text('{"cells": []}', "utf-8")
    housing.shell.user_ns["__vsc_ipynb_file__"] = str(Path("first.ipynb").absolute())
    housing.run("%e2e snapshot housing")
    Path("second.ipynb").write_text('{"cells": []}', "utf-8")
    housing.shell.user_ns["__vsc_ipynb_file__"] = str(Path("second.ipynb").absolute())
    housing.run("housing = pd.DataFrame({'rooms': [1, 2], 'floor': [0, 1]})")
    error = housing.fail("%e2e snapshot housing")
    assert isinstance(error, UsageError)
    assert "looks like another" in error.message
    assert housing.run("%e2e snapshot housing --as housing").version == 2


def test_load_assigns_a_variable_that_equals_what_was_saved(housing: Notebook) -> None:
    housing.run("%e2e snapshot housing")
    answer = housing.run("%e2e load housing --into back")
    assert "in the variable back" in str(answer)
    housing.run("pd.testing.assert_frame_equal(back, housing)")


def test_an_older_version_loads_by_number_date_and_content(housing: Notebook) -> None:
    first = housing.run("%e2e snapshot housing")
    housing.run("housing['rooms'] = [1, 2, 3]")
    assert housing.run("%e2e snapshot housing").ref == "housing@v2"
    for selector in ("v1", first.id[:8], "id:" + first.id):
        assert list(housing.run(f"e2e.load('housing@{selector}').columns")) == ["id", "price", "town"]
    assert isinstance(housing.fail("e2e.load('housing@v9')"), VersionNotFound)
    error = housing.fail("e2e.load('huosing')")
    assert isinstance(error, DatasetNotFound)
    assert "housing" in error.message + error.hint


def test_in_a_notebook_that_is_run_again_load_gives_what_it_would_have_saved(
    housing: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    housing.run("%e2e snapshot housing")
    monkeypatch.setenv("E2E_INERT", "1")
    housing.run("more = housing.assign(rooms=[1, 2, 3])\n%e2e snapshot more --as housing")
    housing.run("%e2e load housing --into by_magic\nby_name = e2e.load('housing')")
    assert list(housing["by_magic"].columns) == list(housing["by_name"].columns) == ["id", "price", "town", "rooms"]


def test_an_error_is_two_lines_without_a_traceback(housing: Notebook, capsys: pytest.CaptureFixture[str]) -> None:
    housing.fail("%e2e snapshot huosing")
    shown = capsys.readouterr()
    text = shown.out + shown.err
    assert "There is no variable 'huosing'." in text
    assert "Traceback" not in text
    assert len(text.strip().splitlines()) <= 2


def test_outside_a_project_the_next_line_is_init(
    bare_notebook: Notebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    bare_notebook.run("%load_ext e2e_lab\nimport pandas as pd\ntowns = pd.DataFrame({'a': [1]})")
    error = bare_notebook.fail("%e2e snapshot towns --stage raw")
    assert isinstance(error, NoProject)
    assert error.hint == "e2e init"


def test_e2e_is_put_into_the_notebook_only_where_the_name_is_free(bare_notebook: Notebook, project: object) -> None:
    bare_notebook.run("e2e = 'mine'")
    bare_notebook.run("%load_ext e2e_lab")
    assert bare_notebook["e2e"] == "mine"


def test_cells_that_ran_before_the_extension_count(bare_notebook: Notebook, project: object) -> None:
    bare_notebook.run("import pandas as pd\nbase = pd.DataFrame({'a': [1, 2]})")
    bare_notebook.run("twice = pd.concat([base, base])")
    bare_notebook.run("%load_ext e2e_lab")
    bare_notebook.run("%e2e snapshot base --stage raw")
    bare_notebook.run("more = pd.DataFrame({'b': base['a'].to_numpy() * 2})")
    snap = bare_notebook.run("%e2e snapshot more")
    assert [str(p) for p in snap.parents] == ["base@v1"]


def test_a_card_escapes_what_it_shows(housing: Notebook) -> None:
    housing.run("%e2e snapshot housing -m '<script>alert(1)</script>'")
    housing.run("evil = pd.DataFrame({'<img src=x onerror=alert(1)>': [1]})")
    snap = housing.run("%e2e snapshot evil --stage raw --source '<b>here</b>'")
    html = housing.shell.display_formatter.format(snap)[0]["text/html"]
    assert "<b>" not in html
    assert "&lt;b&gt;here" in html


def test_help_and_completion_answer_in_the_notebook(housing: Notebook, capsys: pytest.CaptureFixture[str]) -> None:
    housing.run("%e2e snapshot housing")
    capsys.readouterr()
    housing.run("%e2e snapshot -h")
    shown = capsys.readouterr().out
    assert "Save a DataFrame" in shown
    housing.run("%e2e snapshot?")
    assert capsys.readouterr().out == shown
    assert "housing" in completions(housing, "%e2e load hou")
    assert "v1" in completions(housing, "%e2e load housing@")
    assert "v1" not in completions(housing, "%e2e load nothing@")
    assert "snapshot" in completions(housing, "%e2e sna")
    assert "-p" in completions(housing, "%%e2e run x -")


def completions(notebook: Notebook, typed: str) -> list[str]:
    """What a front end would offer at the end of *typed*."""
    with provisionalcompleter():
        return [found.text for found in notebook.shell.Completer.completions(typed, len(typed))]
