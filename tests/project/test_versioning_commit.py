"""Commits by the real git: what goes in, what stays out, what is refused, and that nothing is lost."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from e2e_lab import project as projects
from e2e_lab import versioning
from e2e_lab.errors import GitError, NoIdentity, SecretFound, UsageError
from e2e_lab.project import Project
from e2e_lab.records import Trail
from tests.conftest import git

GITHUB = "ghp_" + "a1B2c3D4e5" * 4


def put(project: Project, path: str, content: str | bytes = "x = 1\n") -> Path:
    file = project.root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return file


def record(
    project: Project, name: str, version: int, *, stage: str = "raw", rows: int = 1000, columns: int = 3
) -> Path:
    """A record written by hand, as the design says it lies on disk."""
    schema = [{"name": f"c{i}", "type": "int64", "nullable": False} for i in range(columns)]
    content = {
        "format": 1, "id": f"{version:02d}" * 32, "version": version, "previous": None, "rows": rows, "schema": schema,
        "parents": [], "source": "x.csv", "key": [], "message": None, "author": "Ada", "origin": {},
        "time": datetime(2026, 11, 22, tzinfo=UTC).isoformat(),
    }  # fmt: skip
    return put(project, f"data/{stage}/{name}.json", json.dumps(content))


def notebook(source: str, *, count: int = 1, output: str = "shown") -> str:
    cell = {
        "cell_type": "code", "id": "c1", "metadata": {}, "execution_count": count, "source": source,
        "outputs": [{"output_type": "stream", "name": "stdout", "text": [output]}],
    }  # fmt: skip
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def head_files(project: Project) -> set[str]:
    return set(git(project.root, "-c", "core.quotepath=off", "ls-tree", "-r", "--name-only", "HEAD").splitlines())


def hook(project: Project, name: str, script: str) -> None:
    file = project.root / ".git" / "hooks" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    file.chmod(file.stat().st_mode | stat.S_IEXEC)


# ---- what goes in --------------------------------------------------------------------------------------------


def test_code_records_and_environment_go_into_one_commit(project: Project) -> None:
    put(project, "train.py")
    put(project, "Erste Übung.ipynb", notebook("1"))
    record(project, "flights", 1, rows=336776, columns=19)
    made = versioning.commit(project, "  first data\n\nwith a body\n")
    assert made.changed
    assert (made.message, made.author, made.branch) == ("first data\n\nwith a body", "Ada Lovelace", "main")
    assert made.id == git(project.root, "rev-parse", "HEAD")
    expected = {"train.py", "Erste Übung.ipynb", "data/raw/flights.json", "e2e.toml", ".gitignore", "requirements.lock"}
    assert set(made.files) == expected == head_files(project)
    assert [(d.name, d.before, d.after) for d in made.datasets] == [("flights", None, 1)]
    assert git(project.root, "show", "HEAD:requirements.lock") == versioning.environment().strip()
    assert git(project.root, "status", "--porcelain") == ""
    assert versioning.unsaved(project) == ()


def test_git_log_alone_tells_what_happened_to_the_data(project: Project) -> None:
    record(project, "flights", 1)
    record(project, "weather", 4)
    versioning.commit(project, "first")
    record(project, "flights", 2, rows=327346, columns=24)
    (project.root / "data/raw/weather.json").unlink()
    versioning.commit(project, "Clean the flights")
    body = git(project.root, "log", "-1", "--format=%B")
    assert body == "Clean the flights\n\nData: flights v1 → v2 (327,346 × 24)\nData: weather removed"


def test_data_large_and_private_files_are_left_out_and_named(project: Project) -> None:
    put(project, "train.py")
    for path in ("sales.csv", "model.pkl", "data/raw/x.parquet", ".env", ".env.local", "server.key", "data/other.json"):
        put(project, path)
    put(project, "big.py", "#" * 1_000_001)
    put(project, "data/raw/notes.json", "{}")
    put(project, ".ipynb_checkpoints/a-checkpoint.ipynb", notebook("1"))
    put(project, "venv/pyvenv.cfg")
    put(project, "venv/lib/site.py")
    made = versioning.commit(project, "code")
    assert set(made.files) == {"train.py", "e2e.toml", ".gitignore", "requirements.lock"}
    assert set(made.left_out) == {
        "sales.csv", "model.pkl", "data/raw/x.parquet", ".env", ".env.local", "server.key", "data/other.json",
        "big.py", "data/raw/notes.json",
    }  # fmt: skip


def test_data_that_the_user_gave_to_git_is_committed(project: Project) -> None:
    put(project, "small.csv", "a\n1\n")
    git(project.root, "add", "small.csv")
    assert "small.csv" in versioning.commit(project, "with a table").files
    put(project, "small.csv", "a\n2\n")
    assert versioning.commit(project, "changed table").files == ("small.csv",)


def test_a_notebook_counts_without_its_pictures(project: Project) -> None:
    put(project, "plots.ipynb", notebook("plot()", output="x" * 3_000_000))
    assert "plots.ipynb" in versioning.commit(project, "plots").files


def test_records_under_an_ignore_rule_are_committed_all_the_same(project: Project) -> None:
    put(project, ".gitignore", "/.e2e/\ndata/\n*.lock\n")
    record(project, "flights", 1)
    put(project, "data/raw/bulk.json.gz")
    assert "data/raw/flights.json" in versioning.unsaved(project)
    made = versioning.commit(project, "first")
    assert {"data/raw/flights.json", "requirements.lock"} <= set(made.files)
    assert not versioning.commit(project, "again").changed


def test_odd_file_names(project: Project) -> None:
    names = [
        "with space.py",
        "naïve é.py",
        "line\nbreak.py",
        'quote".py',
        "-dash.py",
        ":colon.py",
        "[a]*.py",
        "tab\t.py",
    ]
    for name in names:
        put(project, name)
    assert set(names) <= set(versioning.unsaved(project))
    assert set(names) <= set(versioning.commit(project, "odd").files)
    pinned = versioning.pin(project, "odd")
    assert versioning.pinned_file(project, pinned.commit, "with space.py") == b"x = 1\n"
    assert versioning.unsaved(project) == ()


# ---- what does not count -------------------------------------------------------------------------------------


def test_nothing_new_is_the_commit_that_is_there(project: Project) -> None:
    put(project, "a.py")
    first = versioning.commit(project, "first")
    again = versioning.commit(project, "again")
    assert (again.changed, again.id, again.message) == (False, first.id, "first")
    assert git(project.root, "rev-list", "--count", "HEAD") == "1"


def test_outputs_and_counts_of_a_notebook_are_no_change(project: Project) -> None:
    put(project, "a.ipynb", notebook("x = 1"))
    first = versioning.commit(project, "first")
    put(project, "a.ipynb", notebook("x = 1", count=7, output="other"))
    assert versioning.unsaved(project) == ()
    assert versioning.commit(project, "outputs").id == first.id
    put(project, "a.ipynb", notebook("x = 2", count=8, output="other"))
    assert versioning.unsaved(project) == ("a.ipynb",)
    assert versioning.commit(project, "source").files == ("a.ipynb",)


def test_a_file_touched_but_equal_is_no_change(project: Project) -> None:
    file = put(project, "a.py")
    versioning.commit(project, "first")
    os.utime(file, (1, 1))
    assert versioning.unsaved(project) == ()
    assert not versioning.commit(project, "touched").changed


# ---- what the user staged ------------------------------------------------------------------------------------


def test_what_is_staged_beside_stays_staged(project: Project) -> None:
    versioning.commit(project, "first")
    put(project, "a.ipynb", notebook("x = 1"))
    versioning.commit(project, "notebook")
    put(project, "a.ipynb", notebook("x = 1", output="only this"))
    git(project.root, "add", "a.ipynb")
    staged = git(project.root, "ls-files", "-s", "a.ipynb")
    put(project, "b.py")
    assert versioning.commit(project, "b").files == ("b.py",)
    assert git(project.root, "ls-files", "-s", "a.ipynb") == staged
    assert git(project.root, "status", "--porcelain") == "M  a.ipynb"


def test_a_file_taken_out_of_git_by_hand_does_not_come_back(project: Project) -> None:
    put(project, "a.py")
    versioning.commit(project, "first")
    git(project.root, "rm", "-q", "--cached", "a.py")
    made = versioning.commit(project, "second")
    assert not made.changed
    assert "a.py was taken out of git by hand" in made.notes[0]
    assert git(project.root, "status", "--porcelain") == "D  a.py\n?? a.py"


def test_staged_moves_and_deletions_are_committed(project: Project) -> None:
    put(project, "a.py")
    put(project, "gone.py", "y = 2\n")
    versioning.commit(project, "first")
    git(project.root, "mv", "a.py", "b.py")
    (project.root / "gone.py").unlink()
    assert set(versioning.commit(project, "moved").files) == {"a.py", "b.py", "gone.py"}
    assert git(project.root, "status", "--porcelain") == ""


# ---- the user's git ------------------------------------------------------------------------------------------


def test_clean_filters_of_the_user_run(project: Project) -> None:
    git(project.root, "config", "filter.upper.clean", "tr a-z A-Z")
    put(project, ".gitattributes", "*.sql filter=upper\n")
    put(project, "q.sql", "select 1")
    versioning.commit(project, "filtered")
    assert git(project.root, "show", "HEAD:q.sql") == "SELECT 1"
    put(project, "q.sql", "select 2")
    pinned = versioning.pin(project, "k")
    assert versioning.pinned_file(project, pinned.commit, "q.sql") == b"SELECT 2"


def test_a_failing_hook_is_shown_and_nothing_is_committed(project: Project) -> None:
    versioning.commit(project, "first")
    hook(project, "pre-commit", "echo 'line too long in a.py' >&2; exit 1")
    put(project, "a.py")
    with pytest.raises(GitError, match="line too long") as caught:
        versioning.commit(project, "second")
    assert "pre-commit" in caught.value.message
    assert "--no-verify" in caught.value.hint
    assert git(project.root, "status", "--porcelain") == "?? a.py"
    assert git(project.root, "rev-list", "--count", "HEAD") == "1"


def test_hooks_see_the_commit_and_may_change_its_message(project: Project) -> None:
    hook(project, "commit-msg", 'echo "Checked: yes" >> "$1"')
    hook(project, "pre-commit", "git diff --cached --name-only > .git/seen")
    put(project, "a.py")
    assert versioning.commit(project, "first").message == "first\nChecked: yes"
    assert "a.py" in (project.root / ".git/seen").read_text("utf-8").split()


def test_many_files_with_a_failing_hook_leave_the_index_as_it_was(project: Project) -> None:
    put(project, "a.py")
    versioning.commit(project, "first")
    put(project, "a.py", "staged\n")
    git(project.root, "add", "a.py")
    put(project, "a.py", "later\n")
    for i in range(300):
        put(project, f"many/m{i}.py", f"x = {i}\n")
    before = git(project.root, "ls-files", "-s")
    hook(project, "pre-commit", "exit 1")
    with pytest.raises(GitError, match="refused the commit"):
        versioning.commit(project, "many")
    assert git(project.root, "ls-files", "-s") == before
    (project.root / ".git/hooks/pre-commit").unlink()
    assert len(versioning.commit(project, "many").files) == 301
    assert git(project.root, "status", "--porcelain") == ""


def test_a_signature_that_fails_says_so(project: Project) -> None:
    git(project.root, "config", "commit.gpgsign", "true")
    git(project.root, "config", "gpg.program", "/bin/false")
    with pytest.raises(GitError, match="sign"):
        versioning.commit(project, "first")


def test_no_identity_says_what_to_type(project: Project) -> None:
    git(project.root, "config", "--unset", "user.name")
    git(project.root, "config", "--unset", "user.email")
    put(project, "a.py")
    with pytest.raises(NoIdentity) as caught:
        versioning.commit(project, "first")
    assert "git config user.name" in caught.value.hint
    assert git(project.root, "ls-files") == ""
    assert versioning.author(project) is None
    assert versioning.unsaved(project)


def test_author_is_who_git_would_say(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    assert versioning.author(project) == "Ada Lovelace <ada@example.org>"
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Grace")
    assert versioning.author(project) == "Grace <ada@example.org>"


@pytest.mark.parametrize("message", ["", "  \n ", "a\0b"])
def test_a_commit_needs_a_message(project: Project, message: str) -> None:
    with pytest.raises(UsageError):
        versioning.commit(project, message)


def test_detached_head_works_with_a_note(project: Project) -> None:
    versioning.commit(project, "first")
    git(project.root, "checkout", "-q", "--detach")
    put(project, "a.py")
    made = versioning.commit(project, "second")
    assert made.branch is None
    assert "git switch -c" in made.notes[0]
    assert versioning.branch(project) is None
    assert versioning.head(project).id == made.id  # type: ignore[union-attr]


def test_a_merge_in_progress_is_refused_with_the_way_out(project: Project) -> None:
    put(project, "a.py", "1\n")
    versioning.commit(project, "first")
    git(project.root, "checkout", "-q", "-b", "side")
    put(project, "a.py", "2\n")
    versioning.commit(project, "side")
    git(project.root, "checkout", "-q", "main")
    put(project, "a.py", "3\n")
    versioning.commit(project, "main")
    with pytest.raises(Exception, match="status 1"):
        git(project.root, "merge", "side")
    with pytest.raises(GitError, match=r"merge is in progress.*a\.py") as caught:
        versioning.commit(project, "in between")
    assert "git merge --abort" in caught.value.hint
    assert "a.py" in versioning.unsaved(project)
    assert versioning.pin(project, "in-between").commit


def test_a_stale_lock_is_named(project: Project) -> None:
    versioning.commit(project, "first")
    lock = put(project, ".git/index.lock", "")
    put(project, "a.py")
    with pytest.raises(GitError, match=r"index\.lock") as caught:
        versioning.commit(project, "second")
    assert f"rm '{lock}'" in caught.value.hint
    assert versioning.unsaved(project) == ("a.py",)
    assert versioning.pin(project, "locked").commit


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_dubious_ownership_says_the_line_to_type(project: Project) -> None:
    versioning.commit(project, "first")
    os.chown(project.root, 12345, 12345)
    os.chown(project.root / ".git", 12345, 12345)
    with pytest.raises(GitError, match="trust") as caught:
        versioning.commit(project, "second")
    assert "git config --global --add safe.directory" in caught.value.hint


def test_no_git_on_the_machine_says_how_to_get_it(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    for call in (versioning.unsaved, versioning.head, versioning.branch, versioning.author):
        with pytest.raises(GitError, match="no git") as caught:
            call(project)
        assert "install" in caught.value.hint


def test_without_a_repository_the_state_is_empty_and_the_verbs_say_init(tmp_path: Path) -> None:
    project, _ = projects.create(tmp_path / "plain")
    assert versioning.unsaved(project) == ()
    assert versioning.branch(project) is None
    assert versioning.head(project) is None
    assert versioning.record_at(project, "HEAD", "flights") is None
    verbs = (lambda: versioning.commit(project, "x"), lambda: versioning.log(project),
             lambda: versioning.restore(project, "HEAD"), lambda: versioning.pin(project, "k"))  # fmt: skip
    for verb in verbs:
        with pytest.raises(GitError) as caught:
            verb()
        assert caught.value.hint.startswith("e2e init")


def test_a_project_in_a_subfolder_keeps_to_itself(repository: Path) -> None:
    (repository / "other.py").write_text("1\n", "utf-8")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "outside")
    versioning.init(repository / "ma projet")
    project = projects.find(repository / "ma projet")
    (repository / "other.py").write_text("2\n", "utf-8")
    (repository / "new.py").write_text("2\n", "utf-8")
    put(project, "a.py")
    record(project, "flights", 1)
    made = versioning.commit(project, "inside")
    assert set(made.files) == {"a.py", "data/raw/flights.json", "e2e.toml", ".gitignore", "requirements.lock"}
    assert [str(d) for d in made.datasets] == ["flights@v1"]
    assert git(repository, "status", "--porcelain") == "M other.py\n?? new.py"
    assert [c.message for c in versioning.log(project)] == ["inside"]
    assert versioning.unsaved(project) == ()


def test_what_is_staged_outside_the_project_stays_staged(repository: Path) -> None:
    versioning.init(repository / "sub")
    project = projects.find(repository / "sub")
    for i in range(250):
        put(project, f"m{i}.py", f"x = {i}\n")
    (repository / "outside.py").write_text("1\n", "utf-8")
    git(repository, "add", "outside.py")
    assert "m249.py" in versioning.commit(project, "many").files
    assert git(repository, "status", "--porcelain") == "A  outside.py"


def test_a_worktree_of_the_user_is_a_place_to_work(project: Project, tmp_path: Path) -> None:
    put(project, "a.py")
    first = versioning.commit(project, "first")
    git(project.root, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    side = projects.find(tmp_path / "side")
    put(side, "b.py")
    made = versioning.commit(side, "side")
    assert made.branch == "side"
    pinned = versioning.pin(side, "k")
    assert versioning.pinned_file(project, pinned.commit, "b.py") == b"x = 1\n"
    assert versioning.head(project).id == first.id  # type: ignore[union-attr]


def test_submodules_of_the_user_do_not_break_anything(project: Project, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    git(other, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "x")
    git(project.root, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other), "lib")
    assert versioning.pin(project, "staged").commit
    assert "lib" in versioning.commit(project, "with a submodule").files
    (project.root / "lib/inside.py").write_text("1", "utf-8")
    assert versioning.unsaved(project) == ()
    put(project, "a.py")
    assert versioning.restore(project, "HEAD").saved is None


# ---- the gate ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["a.py", "n.ipynb"])
def test_a_secret_stops_the_commit_by_place_not_by_value(project: Project, path: str) -> None:
    source = f"token = '{GITHUB}'"
    put(project, path, notebook(source) if path.endswith("ipynb") else source)
    with pytest.raises(SecretFound) as caught:
        versioning.commit(project, "leak")
    assert path in caught.value.message
    assert GITHUB not in caught.value.message + caught.value.hint
    assert git(project.root, "ls-files") == ""
    put(
        project,
        path,
        notebook(source + "  # e2e: allow-secret") if path.endswith("ipynb") else f"{source}  # e2e: allow-secret",
    )
    assert versioning.commit(project, "meant").changed


def test_a_secret_in_what_a_cell_printed_stops_the_commit(project: Project) -> None:
    put(project, "n.ipynb", notebook("print(token)", output=GITHUB))
    with pytest.raises(SecretFound, match="output of cell 1"):
        versioning.commit(project, "leak")


# ---- notebooks older on disk than what ran -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "noted"),
    [
        (("x = 1",), False),
        (("x = 1", "%e2e commit -m 'first'"), False),
        (("x = 1", "y = 2"), True),
        (("x = 0", "x = 1"), False),
    ],
)
def test_a_notebook_that_was_not_saved_is_noted(project: Project, cells: Sequence[str], noted: bool) -> None:
    put(project, "n.ipynb", notebook("x = 1"))
    made = versioning.commit(project, "first", trail=Trail(notebook="n.ipynb", cells=tuple(cells)))
    assert any("Ctrl+S" in note for note in made.notes) is noted
    again = versioning.commit(project, "again", trail=Trail(notebook="n.ipynb", cells=tuple(cells)))
    assert not again.changed
    assert any("Ctrl+S" in note for note in again.notes) is noted


def test_a_lock_file_of_the_user_is_not_overwritten(project: Project) -> None:
    put(project, "requirements.lock", "mine==1\n")
    made = versioning.commit(project, "first")
    assert (project.root / "requirements.lock").read_text("utf-8") == "mine==1\n"
    assert "requirements.lock was not written by e2e-lab" in made.notes[0]


# ---- speed ---------------------------------------------------------------------------------------------------


@pytest.fixture
def five_thousand(project: Project) -> Project:
    for i in range(5000):
        folder = project.root / f"pkg{i % 50}"
        folder.mkdir(exist_ok=True)
        (folder / f"m{i}.py").write_text(f"x = {i}\n", "utf-8")
    git(project.root, "add", "-A")
    git(project.root, "commit", "-qm", "many")
    return project


@pytest.mark.integration
def test_status_and_pin_see_one_change_among_five_thousand_files(five_thousand: Project) -> None:
    put(five_thousand, "pkg1/m1.py", "changed\n")
    assert versioning.unsaved(five_thousand) == ("pkg1/m1.py",)
    pin = versioning.pin(five_thousand, "k")
    assert versioning.pinned_file(five_thousand, pin.commit, "pkg1/m1.py") == b"changed\n"
    assert versioning.pinned_file(five_thousand, pin.commit, "pkg2/m2.py") == b"x = 2\n"
