"""What the repository still speaks of, wherever git keeps it: a collection may take nothing of this away."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from e2e_lab import project as projects
from e2e_lab import versioning
from e2e_lab.errors import GitError
from e2e_lab.project import Project
from tests.conftest import git


def named(number: int) -> str:
    """A content id."""
    return f"{number:032x}"


def put(root: Path, number: int, name: str = "flights", *, parents: tuple[int, ...] = ()) -> None:
    """A record of the version with this id."""
    path = root / "data" / "raw" / f"{name}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    record = {"format": 1, "id": named(number), "parents": [{"name": "x", "id": named(one)} for one in parents]}
    path.write_text(json.dumps(record), "utf-8")


def save(root: Path, number: int, name: str = "flights") -> None:
    put(root, number, name)
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", str(number))


def found(project: Project) -> set[int]:
    return {int(one, 16) for one in versioning.data_ids(project)}


def test_a_new_project_speaks_of_what_lies_in_its_folder(project: Project) -> None:
    assert found(project) == set()
    put(project.root, 1, parents=(7, 8))
    assert found(project) == {1, 7, 8}


def test_every_commit_of_every_branch_and_tag_counts(project: Project) -> None:
    root = project.root
    save(root, 1)
    save(root, 2)
    git(root, "switch", "-q", "-c", "other")
    save(root, 3)
    git(root, "tag", "-a", "kept", "-m", "kept")
    save(root, 4)
    git(root, "switch", "-q", "main")
    git(root, "branch", "-q", "-D", "other")
    git(root, "reflog", "expire", "--expire=now", "--all")
    assert found(project) == {1, 2, 3}  # the fourth is on no branch, tag or reflog any more


def test_what_a_merge_set_aside_counts(project: Project) -> None:
    root = project.root
    save(root, 1)
    git(root, "switch", "-q", "-c", "other")
    save(root, 2)
    git(root, "switch", "-q", "main")
    save(root, 3)
    git(root, "merge", "-q", "-s", "ours", "-m", "ours", "other")
    git(root, "branch", "-q", "-D", "other")
    git(root, "reflog", "expire", "--expire=now", "--all")
    assert found(project) == {1, 2, 3}


def test_an_amended_commit_counts_as_long_as_the_reflog_has_it(project: Project) -> None:
    root = project.root
    save(root, 1)
    put(root, 2)
    git(root, "commit", "-q", "--amend", "-a", "-m", "amended")
    git(root, "reset", "-q", "--hard", "HEAD")
    assert found(project) == {1, 2}
    git(root, "reflog", "expire", "--expire=now", "--all")
    assert found(project) == {2}


def test_stashes_count_the_second_and_untracked_files_too(project: Project) -> None:
    root = project.root
    save(root, 1)
    for number in (2, 3):
        put(root, number)
        git(root, "stash", "-q")
    put(root, 4, "weather")
    git(root, "stash", "-q", "-u")
    assert found(project) == {1, 2, 3, 4}


def test_a_record_that_is_only_staged_counts(project: Project) -> None:
    root = project.root
    save(root, 1)
    put(root, 2)
    git(root, "add", "-A")
    put(root, 3)
    assert found(project) == {1, 2, 3}


def test_hidden_refs_and_a_detached_head_count(project: Project) -> None:
    root = project.root
    save(root, 1)
    put(root, 2)
    versioning.pin(project, "cafe", trail=_trail())
    put(root, 1)
    git(root, "switch", "-q", "--detach")
    save(root, 3)
    git(root, "reflog", "expire", "--expire=now", "--all")
    assert found(project) == {1, 2, 3}


def _trail() -> object:
    from e2e_lab.records import Trail

    return Trail(notebook=None, cell=None, cells=())


def test_a_second_worktree_counts_with_head_index_files_and_stash(project: Project, tmp_path: Path) -> None:
    root, second = project.root, tmp_path / "second"
    save(root, 1)
    git(root, "worktree", "add", "-q", "--detach", str(second))
    save(second, 2)
    put(second, 3)
    git(second, "add", "-A")
    put(second, 4)
    put(second, 5, "weather")
    for folder in (root, second):
        assert {int(one, 16) for one in versioning.data_ids(Project.at(folder))} == {1, 2, 3, 4, 5}
    shutil.rmtree(second)  # by hand: git still knows head and index
    assert found(project) == {1, 2, 3}


def test_a_rebase_or_merge_that_is_not_finished_counts(project: Project) -> None:
    root = project.root
    save(root, 1)
    git(root, "switch", "-q", "-c", "other")
    save(root, 2)
    git(root, "switch", "-q", "main")
    save(root, 3)
    git(root, "config", "rebase.autostash", "true")
    put(root, 9, "weather")
    git(root, "add", "-A")
    done = subprocess.run(["git", "rebase", "-q", "other"], cwd=root, check=False, capture_output=True)
    assert done.returncode != 0
    git(root, "branch", "-q", "-D", "other")
    git(root, "reflog", "expire", "--expire=now", "--all")
    assert found(project) == {1, 2, 3, 9}  # 9 is in the autostash only; 2 and 3 are sides of the conflict


def test_a_project_in_a_folder_of_its_repository_and_where_it_was_before(repository: Path) -> None:
    made, _ = projects.create(repository / "teams" / "a b")
    save(made.root, 1)
    git(repository, "mv", "teams", "moved")
    git(repository, "commit", "-q", "-m", "moved")
    moved = Project.at(repository / "moved" / "a b")
    save(moved.root, 2)
    assert {int(one, 16) for one in versioning.data_ids(moved)} == {1, 2}


def test_the_same_record_under_another_name_hides_nothing(project: Project) -> None:
    root = project.root
    put(root, 1)
    (root / "a").mkdir()
    shutil.copy(root / "data" / "raw" / "flights.json", root / "a" / "flights.json")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "both")
    git(root, "rm", "-q", "-r", "data", "a")
    git(root, "commit", "-q", "-m", "none")
    assert found(project) == {1}


def test_settings_of_the_user_change_nothing(project: Project) -> None:
    root = project.root
    save(root, 1)
    save(root, 2)
    for name, value in (("diff.relative", "true"), ("log.diffMerges", "off"), ("diff.renames", "copies"),
                        ("log.showSignature", "true"), ("color.ui", "always"), ("core.quotePath", "true"),
                        ("diff.noprefix", "true"), ("log.follow", "true"), ("log.showRoot", "false")):  # fmt: skip
        git(root, "config", name, value)
    put(root, 2)
    assert found(project) == {1, 2}


def test_a_project_without_git_speaks_of_its_records(tmp_path: Path) -> None:
    made, _ = projects.create(tmp_path / "plain")
    put(made.root, 1)
    assert found(made) == {1}


# ---- where it cannot be told, nothing may be collected -------------------------------------------------------


def test_a_shallow_clone_is_refused(project: Project, tmp_path: Path) -> None:
    save(project.root, 1)
    save(project.root, 2)
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{project.root}", "clone")
    projects.create(tmp_path / "clone")
    with pytest.raises(GitError, match="newest commits") as caught:
        versioning.data_ids(Project.at(tmp_path / "clone"))
    assert caught.value.hint == "git fetch --unshallow"


def test_a_clone_without_its_files_is_refused(project: Project, tmp_path: Path) -> None:
    save(project.root, 1)
    save(project.root, 2)
    git(project.root, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--filter=blob:none", f"file://{project.root}", "clone")
    projects.create(tmp_path / "clone")
    with pytest.raises(GitError, match="not all files"):
        versioning.data_ids(Project.at(tmp_path / "clone"))


@pytest.mark.parametrize("part", ["HEAD", "objects", "refs/heads/main", "refs/heads/other"])
def test_a_damaged_repository_is_refused(project: Project, part: str) -> None:
    root = project.root
    save(root, 1)
    git(root, "branch", "other")
    save(root, 2)
    path = root / ".git" / part
    if path.is_dir():
        blob = git(root, "rev-parse", "HEAD~1:data/raw/flights.json")
        (path / blob[:2] / blob[2:]).unlink()
    else:
        path.write_text("nonsense\n", "utf-8")
    with pytest.raises(GitError):
        versioning.data_ids(project)


def test_encrypted_records_are_refused(project: Project) -> None:
    path = project.root / "data" / "raw" / "flights.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"\0GITCRYPT\0" + bytes(range(200)))
    git(project.root, "add", "-A")
    git(project.root, "commit", "-q", "-m", "hidden")
    with pytest.raises(GitError, match="encrypted"):
        versioning.data_ids(project)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_refused(project: Project) -> None:
    put(project.root, 1)
    folder = project.root / "data" / "raw"
    folder.chmod(0)
    try:
        with pytest.raises(GitError, match="cannot be read"):
            versioning.data_ids(project)
    finally:
        folder.chmod(0o755)


def test_a_thousand_commits_and_ten_thousand_records_take_well_under_half_a_second(project: Project) -> None:
    random.seed(3)
    stream = []
    for number in range(1000):
        stream.append(f"commit refs/heads/main\ncommitter Ada <ada@example.org> {1_600_000_000 + number} +0000\n")
        stream.append("data 1\nx\n")
        for place in range(10):
            record = json.dumps({"id": named(number * 10 + place), "schema": ["x" * 40] * 30})
            stream.append(f"M 100644 inline data/raw/d{place}.json\ndata {len(record)}\n{record}\n")
        stream.append(f"M 100644 inline src/{number % 50}/{number}.py\ndata {len(str(number))}\n{number}\n")
    subprocess.run(
        ["git", "fast-import", "--quiet"], input="".join(stream).encode(), cwd=project.root, check=True
    )  # fmt: skip
    best = 9.0
    for _ in range(3):
        began = time.perf_counter()
        ids = versioning.data_ids(project)
        best = min(best, time.perf_counter() - began)
    assert len(ids) == 10_000
    assert best < 1.0  # 0.2 s on a quiet machine
