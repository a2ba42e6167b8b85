"""History, restore and init: what happened to code and data, how it comes back, how a project begins."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from e2e_lab import project as projects
from e2e_lab import versioning
from e2e_lab.errors import DatasetNotFound, E2EError, NotFound, ReadOnly, UsageError, VersionNotFound
from e2e_lab.project import Project
from e2e_lab.records import Restored
from tests.conftest import git
from tests.project.test_versioning_commit import notebook, put, record


def saved_refs(project: Project) -> list[str]:
    return git(project.root, "for-each-ref", "--format=%(refname)", "refs/e2e/saved").split()


def content(project: Project) -> dict[str, bytes]:
    """Every file of the project but git's and our own state."""
    return {
        str(file.relative_to(project.root)): file.read_bytes()
        for file in project.root.rglob("*")
        if file.is_file() and not {".git", ".e2e"} & set(file.relative_to(project.root).parts)
    }


@pytest.fixture(autouse=True)
def every_restore_does_what_its_preview_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a test here restores is looked at before: the preview says the same, and changes nothing."""
    real = versioning.restore

    def restore(project: Project, revision: str, names: Sequence[str] = ()) -> Restored:
        objects = git(project.root, "count-objects")
        status = git(project.root, "status", "--porcelain", "--untracked-files=all")
        try:
            plan = versioning.preview(project, revision, names)
        except E2EError as error:
            with pytest.raises(type(error), match=re.escape(str(error))):
                real(project, revision, names)
            raise
        assert git(project.root, "count-objects") == objects
        assert git(project.root, "status", "--porcelain", "--untracked-files=all") == status
        done = real(project, revision, names)
        assert sorted({*plan.write, *plan.remove}) == list(done.files)
        assert plan.datasets == done.datasets
        assert plan.notes[: len(done.notes)] == done.notes
        return done

    monkeypatch.setattr(versioning, "restore", restore)


# ---- history -------------------------------------------------------------------------------------------------


def test_log_says_what_each_commit_did_to_the_data(project: Project) -> None:
    record(project, "flights", 1)
    versioning.commit(project, "one")
    record(project, "flights", 2)
    record(project, "weather", 1)
    versioning.commit(project, "two\n\nbecause")
    put(project, "a.py")
    versioning.commit(project, "three")
    (project.root / "data/raw/weather.json").unlink()
    record(project, "flights", 3, stage="processed")
    (project.root / "data/raw/flights.json").unlink()
    versioning.commit(project, "four")
    told = [(c.message, [str(d) for d in c.datasets]) for c in versioning.log(project)]
    assert told == [
        ("four", ["flights v2→v3", "weather removed"]),
        ("three", []),
        ("two\n\nbecause", ["flights v1→v2", "weather@v1"]),
        ("one", ["flights@v1"]),
    ]
    assert [c.message.split("\n")[0] for c in versioning.log(project, "weather")] == ["four", "two"]
    assert [c.message for c in versioning.log(project, limit=1)] == ["four"]
    assert "flights v2→v3, weather removed" in str(versioning.log(project))


def test_log_shows_what_a_merge_brought(project: Project) -> None:
    record(project, "flights", 1)
    versioning.commit(project, "one")
    git(project.root, "checkout", "-q", "-b", "side")
    record(project, "flights", 2)
    versioning.commit(project, "side")
    git(project.root, "checkout", "-q", "main")
    put(project, "a.py")
    versioning.commit(project, "main")
    git(project.root, "merge", "-q", "--no-edit", "side")
    newest = versioning.log(project)[0]
    assert [str(d) for d in newest.datasets] == ["flights v1→v2"]


def test_log_of_a_dataset_that_no_one_knows(project: Project) -> None:
    record(project, "flights", 1)
    assert len(versioning.log(project, "flights")) == 0
    with pytest.raises(DatasetNotFound, match="Did you mean 'flights'"):
        versioning.log(project, "flihgts")
    with pytest.raises(UsageError):
        versioning.log(project, "../flights")


def test_before_the_first_commit_history_is_empty(project: Project) -> None:
    assert len(versioning.log(project)) == 0
    assert versioning.head(project) is None
    assert versioning.branch(project) == "main"
    with pytest.raises(VersionNotFound):
        versioning.restore(project, "HEAD")


def test_head_is_the_commit_with_its_branch(project: Project) -> None:
    made = versioning.commit(project, "one")
    head = versioning.head(project)
    assert head is not None
    assert (head.id, head.branch, head.files, head.message) == (made.id, "main", made.files, "one")


def test_a_record_at_a_revision(project: Project) -> None:
    record(project, "flights", 1)
    first = versioning.commit(project, "one")
    record(project, "flights", 2, stage="processed")
    (project.root / "data/raw/flights.json").unlink()
    versioning.commit(project, "two")
    then = versioning.record_at(project, first.short, "flights")
    now = versioning.record_at(project, "main", "flights")
    assert then is not None
    assert now is not None
    assert (then.version, then.stage, now.version, now.stage) == (1, "raw", 2, "processed")
    for revision in ("nope", "", "a b", "v2", "HEAD:e2e.toml", "-x", "x\ny", "HEAD~9"):
        assert versioning.record_at(project, revision, "flights") is None
    assert versioning.record_at(project, "main", "weather") is None


@pytest.mark.integration
def test_a_thousand_commits_are_told_in_order(project: Project) -> None:
    stream = []
    for i in range(1, 1001):
        text = record(project, "flights", i).read_text("utf-8")
        stream.append(f"commit refs/heads/main\ncommitter A <a@b> {1700000000 + i} +0000\ndata 2\nc\n"
                      f"M 100644 inline data/raw/flights.json\ndata {len(text)}\n{text}\n")  # fmt: skip
    subprocess.run(
        ["git", "-C", str(project.root), "fast-import", "--quiet"], input="".join(stream).encode(), check=True
    )
    versioning.branch(project)
    found = versioning.log(project, limit=1000)
    assert [d.after for c in found for d in c.datasets] == list(range(1000, 0, -1))


# ---- restore -------------------------------------------------------------------------------------------------


@pytest.fixture
def two_commits(project: Project) -> Project:
    """Commit 1: a.py, old.py, flights v1. Commit 2 (HEAD): a.py changed, later.py instead of old.py, flights v2."""
    put(project, "a.py", "1\n")
    put(project, "src/old.py", "old\n")
    record(project, "flights", 1)
    versioning.commit(project, "one")
    put(project, "a.py", "2\n")
    (project.root / "src/old.py").unlink()
    put(project, "lib/later.py", "later\n")
    record(project, "flights", 2)
    versioning.commit(project, "two")
    return project


def test_restore_brings_code_and_data_back_and_leaves_branch_and_index_alone(two_commits: Project) -> None:
    project = two_commits
    head, index = git(project.root, "rev-parse", "HEAD"), git(project.root, "ls-files", "-s")
    done = versioning.restore(project, "HEAD~1")
    assert (project.root / "a.py").read_text("utf-8") == "1\n"
    assert (project.root / "src/old.py").read_text("utf-8") == "old\n"
    assert not (project.root / "lib").exists()
    assert [str(d) for d in done.datasets] == ["flights v2→v1"]
    assert set(done.files) == {"a.py", "src/old.py", "lib/later.py", "data/raw/flights.json"}
    assert (git(project.root, "rev-parse", "HEAD"), git(project.root, "ls-files", "-s")) == (head, index)
    assert git(project.root, "symbolic-ref", "HEAD") == "refs/heads/main"


def test_restore_saves_uncommitted_work_first_and_gives_it_back_exactly(two_commits: Project) -> None:
    project = two_commits
    put(project, "a.py", "my work\n").chmod(0o755)
    put(project, "new é.ipynb", notebook("x", output="kept"))
    put(project, "untracked.csv", "1\n")
    record(project, "weather", 1)
    (project.root / "lib/later.py").unlink()
    (project.root / "link.py").symlink_to("a.py")
    before = content(project)
    done = versioning.restore(project, "HEAD~1")
    assert done.saved is not None
    assert str(done.view().undo) == f"e2e restore {done.saved}"
    assert (project.root / "new é.ipynb").exists()
    assert (project.root / "data/raw/weather.json").exists()
    back = versioning.restore(project, done.saved)
    assert content(project) == before
    assert os.access(project.root / "a.py", os.X_OK)
    assert (project.root / "link.py").is_symlink()
    assert back.saved in saved_refs(project)


def test_restoring_twice_is_nothing_and_saves_nothing(two_commits: Project) -> None:
    first = versioning.restore(two_commits, "HEAD~1")
    again = versioning.restore(two_commits, "HEAD~1")
    assert (again.files, again.saved, again.datasets) == ((), None, ())
    assert saved_refs(two_commits) == [first.saved]
    assert "already" in str(again)


def test_what_one_restore_brought_the_next_takes_away(two_commits: Project) -> None:
    versioning.restore(two_commits, "HEAD~1")
    versioning.restore(two_commits, "HEAD")
    assert not (two_commits.root / "src/old.py").exists()
    assert git(two_commits.root, "status", "--porcelain") == ""


def test_restore_of_one_dataset_or_path_leaves_the_rest(two_commits: Project) -> None:
    project = two_commits
    done = versioning.restore(project, "HEAD~1", ["flights"])
    assert done.files == ("data/raw/flights.json",)
    assert (project.root / "a.py").read_text("utf-8") == "2\n"
    assert versioning.restore(project, "HEAD~1", ["src"]).files == ("src/old.py",)
    assert versioning.restore(project, "HEAD~1", ["a.py"]).files == ("a.py",)
    assert versioning.restore(project, "HEAD~1", ["lib/later.py"]).files == ("lib/later.py",)


def test_restore_of_what_nobody_knows_changes_nothing(two_commits: Project) -> None:
    before = content(two_commits)
    with pytest.raises(VersionNotFound, match=r"(?s)no revision 'nope'.*two.*one"):
        versioning.restore(two_commits, "nope")
    with pytest.raises(VersionNotFound):
        versioning.restore(two_commits, "--help")
    with pytest.raises(NotFound, match="Did you mean 'flights'"):
        versioning.restore(two_commits, "HEAD~1", ["flihgts"])
    with pytest.raises(NotFound, match=r"Did you mean 'a\.py'"):
        versioning.restore(two_commits, "HEAD~1", ["flights", "aa.py"])
    with pytest.raises(UsageError, match="outside"):
        versioning.restore(two_commits, "HEAD~1", ["../elsewhere.py"])
    assert content(two_commits) == before
    assert saved_refs(two_commits) == []


def test_restore_never_touches_data_that_git_does_not_have(project: Project) -> None:
    put(project, "table.csv", "old\n")
    put(project, "results", "a file\n")
    git(project.root, "add", "table.csv", "results")
    versioning.commit(project, "one")
    git(project.root, "rm", "-q", "--cached", "table.csv", "results")
    git(project.root, "commit", "-qm", "tables leave git")
    put(project, "table.csv", "precious\n")
    (project.root / "results").unlink()
    put(project, "results/today.csv", "precious too\n")
    done = versioning.restore(project, "HEAD~1")
    assert (project.root / "table.csv").read_text("utf-8") == "precious\n"
    assert (project.root / "results/today.csv").read_text("utf-8") == "precious too\n"
    assert any("table.csv is left as it is" in note for note in done.notes)
    assert any("results is left as it is" in note for note in done.notes)
    assert done.saved is None


@pytest.mark.parametrize("mark", ["assume-unchanged", "skip-worktree"])
def test_restore_leaves_a_change_that_git_is_told_not_to_look_at(two_commits: Project, mark: str) -> None:
    project = two_commits
    git(project.root, "update-index", f"--{mark}", "a.py", "lib/later.py")
    put(project, "a.py", "mine alone\n")
    put(project, "lib/later.py", "mine too\n")
    done = versioning.restore(project, "HEAD~1")
    assert (project.root / "a.py").read_text("utf-8") == "mine alone\n"
    assert (project.root / "lib/later.py").read_text("utf-8") == "mine too\n"
    assert (project.root / "src/old.py").exists()
    assert [note.split(" is left")[0] for note in done.notes] == ["a.py", "lib/later.py"]


def test_restore_does_not_write_through_a_link(project: Project, tmp_path: Path) -> None:
    put(project, "lib/a.py", "inside\n")
    versioning.commit(project, "one")
    git(project.root, "rm", "-rq", "lib")
    git(project.root, "commit", "-qm", "two")
    outside = tmp_path / "outside"
    outside.mkdir()
    (project.root / "lib").symlink_to(outside)
    done = versioning.restore(project, "HEAD~1")
    assert list(outside.iterdir()) == []
    assert (project.root / "lib").is_symlink()
    assert "lib/a.py is left as it is" in done.notes[0]


def test_restore_to_before_the_project_keeps_it_a_project(repository: Path) -> None:
    (repository / "a.py").write_text("1\n", "utf-8")
    git(repository, "add", ".")
    git(repository, "commit", "-qm", "before e2e")
    versioning.init(repository)
    project = projects.find(repository)
    versioning.commit(project, "with e2e")
    put(project, ".e2e/store/x", "bytes")
    done = versioning.restore(project, "HEAD~1")
    assert (repository / "e2e.toml").exists()
    assert (repository / ".e2e/store/x").exists()
    assert "e2e.toml did not exist then and is kept" in done.notes
    git(repository, "add", "-A")
    assert ".e2e" not in git(repository, "ls-files")


def test_restore_in_a_subfolder_keeps_to_it(repository: Path) -> None:
    versioning.init(repository / "sub")
    project = projects.find(repository / "sub")
    put(project, "a.py", "1\n")
    (repository / "outside.py").write_text("1\n", "utf-8")
    git(repository, "add", ".")
    versioning.commit(project, "one")
    git(repository, "commit", "-qm", "outside")
    put(project, "a.py", "2\n")
    (repository / "outside.py").write_text("2\n", "utf-8")
    git(repository, "commit", "-qam", "two")
    assert versioning.restore(project, "HEAD~1").files == ("a.py",)
    assert (repository / "outside.py").read_text("utf-8") == "2\n"


def test_a_killed_restore_can_be_taken_back(two_commits: Project) -> None:
    project = two_commits
    put(project, "a.py", "my work\n")
    before = content(project)
    code = (
        "import os, signal, sys\n"
        "from e2e_lab import project, versioning\n"
        "from e2e_lab.versioning import restoring\n"
        "real = restoring._prune\n"
        "restoring._prune = lambda *a: os.kill(os.getpid(), signal.SIGKILL)\n"
        "versioning.restore(project.find('.'), 'HEAD~1')\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=project.root, capture_output=True, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert content(project) != before
    (saved,) = saved_refs(project)
    versioning.restore(project, saved)
    assert content(project) == before


# ---- init ----------------------------------------------------------------------------------------------------


def hidden(folder: Path, path: str) -> bool:
    ran = subprocess.run(["git", "-C", str(folder), "check-ignore", "-q", "--no-index", path], check=False)
    return ran.returncode == 0


def test_init_makes_everything_and_repeats_to_nothing(tmp_path: Path) -> None:
    made = versioning.init(tmp_path / "new folder é", name="flights")
    assert (made.name, set(made.created)) == ("flights", {".git", "e2e.toml", ".e2e", ".gitignore"})
    root = tmp_path / "new folder é"
    assert git(root, "symbolic-ref", "HEAD") == "refs/heads/main"
    assert hidden(root, ".e2e/store/x")
    assert not hidden(root, "data/raw/x.json")
    before = content(projects.find(root))
    assert versioning.init(root).created == ()
    assert content(projects.find(root)) == before


def test_init_inside_a_repository_uses_it(repository: Path) -> None:
    made = versioning.init(repository / "sub")
    assert ".git" not in made.created
    assert not (repository / "sub/.git").exists()
    assert not hidden(repository, "sub/data/raw/x.json")


@pytest.mark.parametrize(
    "rules",
    [
        "data/\n",
        "data",
        "/data/*\n",
        "data/**\n",
        "*.json\n",
        "*\n!*.py\n",
        "data/raw/\n",
        "**/raw/*\n",
        "*.csv\ndata/processed",
    ],
)
def test_init_shows_records_and_keeps_other_data_hidden(repository: Path, rules: str) -> None:
    (repository / ".gitignore").write_text(rules, "utf-8")
    others = ["data/a.csv", "data/raw/b.parquet", "data/processed/c.parquet", "data/raw/sub/d.json", "data/notes.json"]
    before = {path: hidden(repository, path) for path in others}
    assert ".gitignore" in versioning.init(repository).created
    assert not hidden(repository, "data/raw/flights.json")
    assert not hidden(repository, "data/processed/flights.json")
    assert not hidden(repository, "e2e.toml")
    assert {path: hidden(repository, path) for path in others if path != "data/raw/sub/d.json"} == {
        path: state for path, state in before.items() if path != "data/raw/sub/d.json"
    }
    assert (repository / ".gitignore").read_text("utf-8").startswith(rules)
    assert versioning.init(repository).created == ()


def test_init_overrules_ignore_files_inside_data(repository: Path) -> None:
    (repository / "data/raw").mkdir(parents=True)
    (repository / "data/.gitignore").write_text("*\n!.gitignore\n", "utf-8")
    (repository / "data/raw/.gitignore").write_text("*", "utf-8")
    versioning.init(repository)
    assert not hidden(repository, "data/raw/x.json")
    assert not hidden(repository, "data/processed/x.json")
    assert hidden(repository, "data/raw/x.csv")
    assert hidden(repository, "data/x.csv")


def test_init_overrules_rules_of_the_user_and_of_the_repository(repository: Path) -> None:
    home = Path(os.environ["HOME"])
    (home / "ignore").write_text("data/\n", "utf-8")
    git(repository, "config", "core.excludesFile", str(home / "ignore"))
    (repository / ".git/info/exclude").write_text("*.json\n", "utf-8")
    versioning.init(repository)
    assert not hidden(repository, "data/raw/x.json")
    assert hidden(repository, "data/raw/x.csv")


def test_init_in_a_folder_that_git_ignores_makes_a_repository_of_its_own(repository: Path) -> None:
    (repository / ".gitignore").write_text("/scratch/\n", "utf-8")
    made = versioning.init(repository / "scratch" / "demo")
    assert ".git" in made.created
    assert versioning.init(repository / "scratch" / "demo").created == ()
    assert git(repository / "scratch" / "demo", "rev-parse", "--show-prefix") == ""
    assert git(repository, "status", "--porcelain") == "?? .gitignore"


@pytest.mark.parametrize("where", ["~", "/"])
def test_init_refuses_home_and_the_whole_disk(where: str) -> None:
    with pytest.raises(UsageError) as caught:
        versioning.init(where)
    assert caught.value.hint.startswith("e2e init ")
    assert not (Path.home() / ".git").exists()


def test_init_refuses_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(UsageError, match="is a file"):
        versioning.init(tmp_path / "file")


def test_init_in_a_read_only_folder(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o555)
    child = os.fork()
    if child == 0:  # root may write everywhere, so another user tries
        outcome = 3
        try:
            for folder in (tmp_path, *list(tmp_path.parents)[:3]):
                if os.geteuid() == 0:
                    folder.chmod(folder.stat().st_mode | 0o055)
            if os.geteuid() == 0:
                os.setuid(65534)
            versioning.init(tmp_path / "closed")
        except ReadOnly:
            outcome = 0
        finally:
            os._exit(outcome)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_restore_leaves_a_notebook_alone_that_differs_in_outputs_only(project: Project) -> None:
    put(project, "late.ipynb", notebook("x"))
    record(project, "flights", 1)
    then = versioning.commit(project, "one").id
    record(project, "flights", 2)
    versioning.commit(project, "two")
    put(project, "late.ipynb", notebook("x", output="kept"))
    before = (project.root / "late.ipynb").read_bytes()

    done = versioning.restore(project, then)
    assert [change.after for change in done.datasets] == [1]
    assert (project.root / "late.ipynb").read_bytes() == before

    assert "late.ipynb" in versioning.restore(project, then, ["late.ipynb"]).files
    assert (project.root / "late.ipynb").read_bytes() != before
    assert done.saved is not None
    versioning.restore(project, done.saved)
    assert (project.root / "late.ipynb").read_bytes() == before
