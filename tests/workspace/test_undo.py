"""After a change one line says how to undo it; here the line is typed, and all is as before."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from e2e_lab import storage
from e2e_lab.project import Project
from e2e_lab.workspace.cli import main
from e2e_lab.workspace.session import Session
from tests.conftest import git

FLIGHTS = "flight,late\n1,2.0\n2,\n"


@dataclass(frozen=True)
class State:
    """What a user would call the state: the code and records, the data behind each dataset's name, the commits.

    *commit* is the hash of the tree that the branch is at, or None where it is at none.
    """

    files: tuple[tuple[str, bytes], ...]
    data: tuple[tuple[str, str], ...]
    commit: str | None

    @classmethod
    def of(cls, project: Project) -> State:
        root = project.root
        files = [path for path in sorted(root.rglob("*")) if path.is_file()]
        mine = [path for path in files if not {".git", ".e2e", "data"} & set(path.relative_to(root).parts)]
        head = subprocess.run(
            ["git", "-C", str(root), "rev-parse", "-q", "--verify", "HEAD"], capture_output=True, check=False
        )
        return cls(
            files=tuple((path.name, path.read_bytes()) for path in mine if path.name != "requirements.lock"),
            data=tuple((name, snapshot.id) for name, snapshot in sorted(storage.records(project).items())),
            commit=head.stdout.decode().strip() or None,
        )


@pytest.fixture
def typed(project: Project, clean_session: Session, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """``typed("remove", "flights")``: what the shell shows; ``flights`` and ``weather`` are there and committed."""
    (project.root / "flights.csv").write_text(FLIGHTS, "utf-8")
    (project.root / "train.py").write_text("print(1)\n", "utf-8")

    def show(*words: str) -> str:
        capsys.readouterr()
        assert main(list(words)) == 0, capsys.readouterr().err
        return capsys.readouterr().out

    return show


def undo(project: Project, shown: str, typed: Callable[..., str]) -> None:
    """Type the line after ``undo:``, whatever it is."""
    line = re.search(r"undo: (.+)", shown)
    assert line, f"no way back is shown: {shown}"
    words = shlex.split(line[1])
    if words[0] == "e2e":
        typed(*words[1:])
    else:
        subprocess.run(words, cwd=project.root, check=True, capture_output=True)


def changed_csv(project: Project, name: str = "flights.csv") -> str:
    path = project.root.parent / name
    path.write_text(FLIGHTS + "3,9.5\n", "utf-8")
    return str(path)


CHANGES: dict[str, Callable[[Project, Callable[..., str]], str]] = {
    "ingest a new dataset": lambda p, e2e: e2e("ingest", changed_csv(p), "--as", "more"),
    "ingest the next version": lambda p, e2e: e2e("ingest", changed_csv(p), "--as", "flights"),
    "snapshot a new dataset": lambda p, e2e: e2e("snapshot", changed_csv(p), "--as", "late", "--parent", "flights"),
    "snapshot the next version": lambda p, e2e: e2e("snapshot", changed_csv(p), "--as", "flights"),
    "remove": lambda _, e2e: e2e("remove", "flights"),
    "rename": lambda _, e2e: e2e("rename", "flights", "departures"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_the_line_after_a_change_of_data_takes_it_back(project: Project, typed: Callable[..., str], what: str) -> None:
    typed("ingest", "flights.csv", "--as", "flights")
    typed("commit", "-m", "first")
    before = State.of(project)
    shown = CHANGES[what](project, typed)
    assert State.of(project).data != before.data
    undo(project, shown, typed)
    assert State.of(project) == before
    if what != "rename":
        assert typed("load", "flights").count("\n") >= 2


def test_the_line_after_an_undo_takes_the_undo_back(project: Project, typed: Callable[..., str]) -> None:
    typed("ingest", "flights.csv", "--as", "flights")
    typed("ingest", changed_csv(project), "--as", "flights")
    after = State.of(project)
    shown = typed("restore", "flights@v1")
    assert State.of(project) != after
    undo(project, shown, typed)
    assert State.of(project) == after


@pytest.mark.parametrize("first", [True, False])
def test_the_line_after_a_commit_takes_it_back_and_keeps_the_work(
    project: Project, typed: Callable[..., str], first: bool
) -> None:
    typed("ingest", "flights.csv", "--as", "flights")
    if not first:
        typed("commit", "-m", "first")
        (project.root / "train.py").write_text("print(2)\n", "utf-8")
    before = State.of(project)
    shown = typed("commit", "-m", "regretted")
    assert State.of(project).commit != before.commit
    undo(project, shown, typed)
    assert State.of(project) == before
    assert "regretted" in typed("commit", "-m", "regretted")
    assert git(project.root, "status", "--porcelain", "--", "train.py", "data") == ""


def test_the_line_after_a_restore_of_everything_brings_the_unsaved_work_back(
    project: Project, typed: Callable[..., str]
) -> None:
    typed("ingest", "flights.csv", "--as", "flights")
    typed("commit", "-m", "first")
    (project.root / "train.py").write_text("print('not committed')\n", "utf-8")
    typed("ingest", changed_csv(project), "--as", "flights")
    typed("ingest", changed_csv(project), "--as", "more")
    before = State.of(project)
    shown = typed("restore", "HEAD")
    assert State.of(project) != before
    assert (project.root / "train.py").read_text() == "print(1)\n"
    undo(project, shown, typed)
    assert State.of(project) == before


def test_nothing_to_undo_is_offered_where_nothing_changed(project: Project, typed: Callable[..., str]) -> None:
    typed("ingest", "flights.csv", "--as", "flights")
    typed("commit", "-m", "first")
    for words in (
        ["ingest", "flights.csv", "--as", "flights"], ["commit", "-m", "again"], ["restore", "HEAD"],
        ["restore", "flights@v1"], ["status"], ["data"], ["log"], ["load", "flights"], ["init"],
    ):  # fmt: skip
        assert "undo:" not in typed(*words), words
    assert Path("flights.csv").exists()
