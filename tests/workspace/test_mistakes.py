"""The mistakes that people make most, really made: each is answered in words, with a next line that can be typed."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from e2e_lab.errors import E2EError
from e2e_lab.project import Project
from e2e_lab.workspace import grammar
from e2e_lab.workspace.cli import main
from e2e_lab.workspace.session import Session
from tests.conftest import git
from tests.workspace.conftest import Notebook

FLIGHTS = "flight,carrier,late\n1,UA,2.0\n2,B6,\n3,DL,-4.0\n"


@pytest.fixture
def shell(project: Project, clean_session: Session, capsys: pytest.CaptureFixture[str]) -> Path:
    """A project with one committed dataset, and files of many kinds beside it."""
    root = project.root
    (root / "flights.csv").write_text(FLIGHTS, "utf-8")
    (root / "uneven.csv").write_text("a,b\n1,2\n1,2,3\n", "utf-8")
    (root / "notes.txt").write_text("hello", "utf-8")
    (root / "train.ipynb").write_text('{"cells": []}', "utf-8")
    (root / "half.ipynb").write_text("{}", "utf-8")
    (root / "data" / "raw").mkdir(parents=True)
    (root / "data" / "raw" / "mine.json").write_text('{"my": "own"}', "utf-8")
    assert main(["ingest", "flights.csv", "--as", "flights"]) == 0
    assert main(["commit", "-m", "first"]) == 0
    capsys.readouterr()
    return root


def runnable(hint: str) -> bool:
    """Whether a hint that is a line of ours is one that the grammar takes."""
    if hint.lstrip("%").startswith("e2e "):
        grammar.parse(hint.lstrip("%").removeprefix("e2e "))
    return bool(hint)


MISTAKES = [
    # what was typed, what is said of it, the next line
    ("load fligths", "There is no dataset 'fligths'. Did you mean flights?", "e2e load flights"),
    ("load late", "There is no dataset 'late'. There are: flights.", "e2e data"),
    ("load flights@v9", "flights has no version 'v9'; there are v1.", "e2e load flights@v1"),
    ("load flights@", "is not a reference: NAME or NAME@SELECTOR", "e2e data"),
    ("load flights@champion", "no version 'champion'; there are v1", "e2e load flights@v1"),
    ("load flights --kind spark", "'spark' is not one of pandas, polars, arrow, duckdb", "--kind pandas"),
    ("load flights --sample -3", "sample=-3 is no number of rows", "e2e load flights@v1 --sample 1000"),
    ("ingest flihgts.csv", "There is no file", "e2e ingest flights.csv"),
    ("ingest notes.txt", "of a kind that cannot be read yet", "e2e snapshot VARIABLE --source PATH"),
    ("ingest data", "is a folder", "e2e snapshot VARIABLE --source PATH"),
    ("ingest uneven.csv", "Line 3 of", "pd.read_csv"),
    ("ingest https://example.org/x.csv --as x", "is not a local file", "curl -O https://example.org/x.csv"),
    ("snapshot https://example.org/x.csv --as x", "is not a local file", "curl -O https://example.org/x.csv"),
    ("ingest flights.csv --as ../up", "cannot name a dataset", "--as up"),
    ("ingest flights.csv --as 2013", "cannot name a dataset", "--as d_2013"),
    ("ingest flights.csv --as Flights", "differs from 'Flights' only by case", "--as flights"),
    ("ingest flights.csv --as mine", "data/raw/mine.json is not a record of e2e-lab", "data/raw/mine.json"),
    ("ingest flights.csv --as flights --key fligth", "has no column 'fligth'", "--key flight"),
    ("ingest flights.csv --as other --key late", "'late' is null in row 1", "late"),
    ("snapshot", "snapshot needs VAR", "e2e snapshot VAR"),
    ("snapshot flights.csv --stage rwa", "'rwa' is not one of raw, processed", "--stage raw"),
    ("snapshot flights.csv --as late --parent fligths", "no dataset 'fligths'", "e2e load flights"),
    ("export flights", "export needs PATH", "e2e export flights PATH"),
    ("export flights flights.csv", "exists, and is not an earlier export", "name another path"),
    ("export flights notes.txt/out.parquet", "cannot be written", "e2e export flights@v1 flights.parquet"),
    ("export flights " + "n" * 300, "cannot be written", "e2e export flights@v1 flights.parquet"),
    ("rename flights a/b", "cannot name a dataset", "e2e rename flights a_b"),
    ("rename flights flights", "that is its name already", "e2e rename flights OTHER"),
    ("rename fligths x", "Did you mean flights?", "e2e load flights"),
    ("remove flights@v1", "is one version; remove takes the whole dataset", "e2e remove flights"),
    ("commit", "commit needs -m TEXT", 'e2e commit -m "what changed"'),
    ("commit -m ' '", "needs a message", "e2e commit -m"),
    ("log fligths", "Did you mean 'flights'?", "e2e log flights"),
    ("restore HEAD~9", "There is no revision 'HEAD~9'", "e2e restore "),
    ("restore HEAD fligths", "Did you mean 'flights'?", " flights"),
    ("run baseline", "A run is a cell that begins with %%e2e run NAME, or", "e2e run NOTEBOOK.ipynb"),
    ("run trian.ipynb", "There is no notebook trian.ipynb", "e2e run train.ipynb"),
    ("run half.ipynb", "half.ipynb is not a notebook", "e2e run NOTEBOOK.ipynb"),
    ("run train.ipynb -p depth", "is not NAME=VALUE", "-p depth=6"),
    ("keep forest", "keep works on variables of a notebook", "%e2e keep NAME --model VAR --X VAR"),
    ("register baseline", "register needs --as NAME", "e2e register baseline --as NAME"),
    ("package", "package needs MODEL-REF", "e2e package MODEL-REF"),
    ("serve delay --port http", "--port is a whole number, not 'http'", "e2e serve -h"),
    ("stop delay", "There is no service 'delay'", "e2e services"),
    ("trace 01J9ZK3V7Q8B5X2M4N6P8R0T1W", "No service of this project answered 01J9", "e2e services"),
    ("snaphot", "There is no verb 'snaphot'", "e2e snapshot -h"),
    ("snaphot flights.csv", "There is no verb 'snaphot'", "e2e snapshot flights.csv"),
    ("diff flights", "There is no verb 'diff'", "e2e -h"),
    ("status now", "status does not take 'now'", "e2e status"),
    ("init notes.txt", "is a file, not a folder", "e2e init "),
]


@pytest.mark.parametrize(("line", "said", "hint"), MISTAKES, ids=[line for line, _, _ in MISTAKES])
def test_a_mistake_at_the_shell_is_two_lines_and_the_second_can_be_typed(
    shell: Path, capsys: pytest.CaptureFixture[str], line: str, said: str, hint: str
) -> None:
    before = {path: path.read_bytes() for path in shell.rglob("*") if path.is_file() and ".git" not in path.parts}
    before = {path: content for path, content in before.items() if ".e2e" not in path.parts}
    assert main(shlex.split(line)) == 1
    shown = capsys.readouterr()
    *message, arrow = shown.err.rstrip("\n").split("\n")
    assert shown.out == ""
    assert said in "\n".join(message)
    assert arrow.startswith("  → ")
    assert hint in arrow
    assert "Traceback" not in shown.err
    assert runnable(arrow.removeprefix("  → "))
    for path, content in before.items():
        assert path.read_bytes() == content, f"{path} was changed by a mistake"


@pytest.mark.integration  # MLflow takes seconds to import
@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("serve delay", "No service, model or run is called 'delay'"),
        ("serve ../x", "No service, model or run is called '../x'"),
        ("package delay@champion", "There is no model 'delay'"),
        ("register baseline --as delay", "There is no run 'baseline'. There are no runs yet."),
        ("trace nothing", "No service, dataset, model, run or file is called 'nothing'"),
        ("load flights@run:baseline", "There is no run 'baseline'"),
        ("runs --sort rmse", "No run has the metric 'rmse'"),
        ("runs --where 'rmse <'", "invalid syntax"),
    ],
)
def test_a_mistake_about_runs_and_models_too(
    shell: Path, capsys: pytest.CaptureFixture[str], line: str, said: str
) -> None:
    assert main(shlex.split(line)) == 1
    message, arrow = capsys.readouterr().err.rstrip("\n").split("\n")
    assert said in message
    assert runnable(arrow.removeprefix("  → "))


CELLS = [
    ("%e2e snapshot huosing", "no variable 'huosing'. Did you mean housing?"),
    ("%e2e snapshot df", "says little of what is in it"),
    ("%e2e snapshot number --stage raw", "int is not a table"),
    ("%e2e snapshot housing --as a/b --stage raw", "cannot name a dataset"),
    ("%e2e snapshot made", "Is made raw or processed?"),
    ("%e2e snapshto housing", "no verb 'snapshto'"),
    ("%e2e load nothing", "no dataset 'nothing'"),
    ("%e2e keep forest --model modle", "no variable 'modle'. Did you mean model?"),
    ("%e2e keep forest score=scroe", "no variable 'scroe'"),
    ("%e2e keep forest 'score=1 +'", "is no Python expression"),
    ("%e2e commit", "commit needs -m TEXT"),
    ("%%e2e snapshot housing\nx = 1", "takes no cell"),
    ("%%e2e run train.ipynb\nx = 1", "A cell can begin with %%e2e run NAME only"),
    ("%%e2e run x -p depth\nx = 1", "is not NAME=VALUE"),
    ("%e2e commit -m 'unclosed", "no closing quotation"),
]


@pytest.mark.parametrize(("cell", "said"), CELLS, ids=[cell.splitlines()[0] for cell, _ in CELLS])
def test_a_mistake_in_a_cell_is_an_error_of_ours_with_a_next_line(notebook: Notebook, cell: str, said: str) -> None:
    notebook.run(
        "import pandas as pd\nhousing = pd.DataFrame({'price': [1.0]})\ndf = housing\nnumber = 3\nmodel = object()\n"
        "made = pd.DataFrame({'price': [2.0]})"
    )
    error = notebook.fail(cell)
    assert isinstance(error, E2EError), error
    assert said in error.message, error.message
    assert runnable(error.hint)
    shown = "\n".join(error._render_traceback_())
    assert "Traceback" not in shown


# ---- places where not everything can be done -----------------------------------------------------------------


def test_no_identity_loses_nothing_and_says_what_to_type(
    shell: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    git(shell, "config", "--unset", "user.name")
    git(shell, "config", "--unset", "user.email")
    (shell / "flights.csv").write_text(FLIGHTS + "4,UA,1\n", "utf-8")
    assert main(["ingest", "flights.csv", "--as", "flights"]) == 0  # data needs no identity
    capsys.readouterr()
    head = git(shell, "rev-parse", "HEAD")
    assert main(["commit", "-m", "more"]) == 1
    said = capsys.readouterr().err
    assert "git does not know who is committing" in said
    assert "git config user.name" in said
    assert git(shell, "rev-parse", "HEAD") == head
    git(shell, "config", "user.name", "Ada")
    git(shell, "config", "user.email", "ada@example.org")
    assert main(["commit", "-m", "more"]) == 0


def test_an_unborn_branch_has_all_the_verbs(
    project: Project, clean_session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    (project.root / "flights.csv").write_text(FLIGHTS, "utf-8")
    for words in (["status"], ["log"], ["data"], ["ingest", "flights.csv"], ["load", "flights"], ["status", "--json"]):
        assert main(words) == 0, capsys.readouterr().err
    capsys.readouterr()
    for words in (["restore", "HEAD"], ["load", "flights@HEAD"]):
        assert main(words) == 1
        assert "Traceback" not in capsys.readouterr().err
    assert main(["commit", "-m", "first"]) == 0
    assert "undo: git update-ref -d HEAD" in capsys.readouterr().out


def test_a_detached_head_has_all_the_verbs_and_is_named(shell: Path, capsys: pytest.CaptureFixture[str]) -> None:
    git(shell, "checkout", "-q", "--detach")
    (shell / "flights.csv").write_text(FLIGHTS + "4,UA,1\n", "utf-8")
    for words in (["status"], ["log"], ["ingest", "flights.csv"], ["load", "flights@v1"], ["load", "flights@HEAD"]):
        assert main(words) == 0, capsys.readouterr().err
    capsys.readouterr()
    assert main(["commit", "-m", "on no branch"]) == 0
    assert "git switch -c NAME" in capsys.readouterr().out
    assert main(["restore", "main", "flights"]) == 0
    assert "v1" in capsys.readouterr().out


def test_ignored_data_is_still_versioned(
    project: Project, clean_session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    (project.root / ".gitignore").write_text("data/\n*.csv\n/.e2e/\n", "utf-8")
    (project.root / "flights.csv").write_text(FLIGHTS, "utf-8")
    assert main(["init"]) == 0
    assert main(["ingest", "flights.csv"]) == 0
    assert main(["commit", "-m", "first"]) == 0
    assert "data/raw/flights.json" in git(project.root, "ls-files")
    assert "flights.csv" not in git(project.root, "ls-files")
    capsys.readouterr()
    assert main(["status"]) == 0
    assert "not committed" not in capsys.readouterr().out


@pytest.mark.parametrize("name", ["bücher", "航班", "été", "_x"[1:]])
def test_names_in_any_script_go_all_the_way(shell: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert main(["ingest", "flights.csv", "--as", name, "--key", "flight"]) == 0
    assert main(["commit", "-m", f"{name} ist da"]) == 0
    for words in (["load", f"{name}@HEAD"], ["log", name], ["export", name, "aus.parquet"], ["remove", name]):
        assert main(words) == 0, capsys.readouterr().err
    capsys.readouterr()
    assert main(["restore", f"{name}@v1"]) == 0
    assert f"{name}@v1" in capsys.readouterr().out
    assert f"Data: {name} v1" in git(shell, "log", "-1", "--format=%B")


def test_a_project_that_may_only_be_read_is_read(
    shell: Path,
    capsys: pytest.CaptureFixture[str],
    as_another_user: Callable[[Path], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for words in (["status"], ["data"], ["load", "flights"], ["log"], ["commit", "-m", "x"], ["remove", "nothing"]):
        main(words)  # what is not imported yet, that user may not find
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    as_another_user(shell)
    capsys.readouterr()
    for words in (["status"], ["data"], ["load", "flights"], ["log"]):
        assert main(words) == 0, (words, capsys.readouterr().err)
    capsys.readouterr()
    (outside := Path("/tmp") / f"e2e-{shell.parent.name}.csv").write_text("a\n1\n", "utf-8")
    try:
        for words in (
            ["ingest", str(outside), "--as", "other"], ["remove", "flights"], ["rename", "flights", "other"],
            ["commit", "-m", "x"], ["init"],
        ):  # fmt: skip
            assert main(words) == 1, words
            said = capsys.readouterr().err
            assert "may not" in said, (words, said)
            assert "Traceback" not in said
    finally:
        outside.unlink()


def test_a_full_disk_is_said_by_every_verb_that_writes_and_loses_nothing(
    small_disk: Path, clean_session: Session, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = small_disk / "work"
    assert main(["init", str(root)]) == 0
    git(root, "config", "user.name", "Ada")
    git(root, "config", "user.email", "ada@example.org")
    monkeypatch.chdir(root)
    (root / "flights.csv").write_text(FLIGHTS, "utf-8")
    assert main(["ingest", "flights.csv"]) == 0
    assert main(["commit", "-m", "first"]) == 0
    big = root.parent.parent / "more.csv"
    big.write_text("n,x\n" + "".join(f"{i},{i * i % 977}\n" for i in range(20_000)), "utf-8")
    fill = small_disk / "fill"
    with fill.open("wb") as file:
        file.write(b"\0" * (shutil.disk_usage(small_disk).free))
    capsys.readouterr()
    for words in (
        ["ingest", str(big), "--as", "more"], ["export", "flights", str(small_disk / "out.parquet")],
        ["rename", "flights", "departures"], ["commit", "-m", "second"],
    ):  # fmt: skip
        if words[0] == "commit":
            (root / "train.py").touch()
        assert main(words) == 1, (words, capsys.readouterr().out)
        said = capsys.readouterr().err
        assert "No space left" in said, (words, said)
        assert "Traceback" not in said
    for words in (["status"], ["data"], ["load", "flights"], ["log"]):
        assert main(words) == 0, (words, capsys.readouterr().err)
    fill.unlink()
    (small_disk / "out.parquet").unlink(missing_ok=True)
    capsys.readouterr()
    assert main(["ingest", str(big), "--as", "more"]) == 0
    assert main(["commit", "-m", "second"]) == 0
    assert main(["data"]) == 0
    assert "flights@v1" in capsys.readouterr().out
    assert git(root, "fsck", "--no-dangling") == ""
