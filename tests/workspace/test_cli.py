"""The same verbs at a shell: text, JSON, exit codes, and errors in two lines on stderr."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from e2e_lab.project import Project
from e2e_lab.workspace.cli import main
from e2e_lab.workspace.session import Session

FLIGHTS = "flight,carrier,late\n1,UA,2.0\n2,B6,\n3,DL,-4.0\n"


@pytest.fixture
def shell(project: Project, clean_session: Session) -> Path:
    """A working folder with a project and a CSV file."""
    path = project.root / "flights.csv"
    path.write_text(FLIGHTS, "utf-8")
    return path


def test_a_day_at_the_shell(shell: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ingest", "flights.csv", "--as", "flights", "--key", "flight"]) == 0
    assert capsys.readouterr().out.startswith("flights@v1 · raw · 3 × 3 · from flights.csv")
    assert main(["commit", "-m", "first flights"]) == 0
    assert "“first flights”" in capsys.readouterr().out
    shell.write_text(FLIGHTS + "4,UA,1.0\n", "utf-8")
    assert main(["ingest", "flights.csv", "--as", "flights"]) == 0
    assert "flights@v2" in capsys.readouterr().out
    assert main(["export", "flights@HEAD", "old.parquet"]) == 0
    assert main(["data"]) == 0
    assert "not committed" in capsys.readouterr().out
    assert main(["log", "flights"]) == 0
    assert "first flights" in capsys.readouterr().out
    assert main(["restore", "HEAD", "flights"]) == 0
    assert main(["load", "flights"]) == 0
    assert capsys.readouterr().out.count("\n") >= 4


def test_json_is_json_also_for_errors(shell: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ingest", "flights.csv", "--as", "flights", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == 3
    assert main(["load", "fligths", "--json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert set(answer) == {"code", "message", "hint"}
    assert answer["code"] == "dataset_not_found"


def test_an_error_is_two_lines_on_stderr_and_a_code(shell: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["snapshto", "flights.csv"]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == "There is no verb 'snapshto'.\n  → e2e snapshot flights.csv\n"


def test_a_file_is_what_snapshot_takes_at_a_shell(shell: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["snapshot", "flights.csv"]) == 0
    assert "flights@v1 · raw" in capsys.readouterr().out
    assert main(["snapshot", "nowhere.csv"]) == 1
    assert "nowhere.csv" in capsys.readouterr().err
    assert main(["snapshot", "flights.csv", "--as", "late", "--parent", "flights"]) == 0
    assert "late@v1 · processed" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["status"], ["data"], ["log"], ["-h"], ["snapshot", "-h"], ["--version"], []])
def test_reading_imports_nothing_heavy(shell: Path, words: list[str]) -> None:
    main(["ingest", "flights.csv", "--as", "flights"])
    script = (
        "import sys; from e2e_lab.workspace.cli import main; code = main(sys.argv[1:]);"
        "heavy = {'pandas', 'mlflow', 'bentoml', 'sklearn', 'pyarrow', 'IPython'} & set(sys.modules);"
        "print(sorted(heavy), file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr.strip() == "[]"


def test_importing_e2e_lab_imports_nothing_heavy() -> None:
    script = (
        "import sys; before = set(sys.modules); import e2e_lab;"
        "print(sorted({m.split('.')[0] for m in set(sys.modules) - before}"
        " & {'numpy', 'pandas', 'pyarrow', 'sklearn', 'mlflow', 'bentoml', 'git', 'IPython'}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_keep_and_cells_belong_to_a_notebook(shell: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keep", "forest"]) == 1
    assert "notebook" in capsys.readouterr().err
    assert main(["run", "baseline"]) == 1
    assert "%%e2e run" in capsys.readouterr().err
