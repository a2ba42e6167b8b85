"""Hidden pins: the exact code of a moment, with the user's index, branch and reflog left alone."""

from __future__ import annotations

import json
import threading

import pytest

from e2e_lab import versioning
from e2e_lab.errors import UsageError, VersionNotFound
from e2e_lab.project import Project
from e2e_lab.records import Trail
from tests.conftest import git
from tests.project.test_versioning_commit import notebook, put, record


def pinned(project: Project, commit: str) -> set[str]:
    return set(git(project.root, "ls-tree", "-r", "--name-only", commit).splitlines())


def test_a_pin_holds_the_code_as_it_is_on_disk(project: Project) -> None:
    put(project, "a.py", "1\n")
    put(project, "gone.py")
    put(project, "table.csv")
    git(project.root, "add", "table.csv")
    record(project, "flights", 1)
    versioning.commit(project, "one")
    put(project, "a.py", "2\n")
    (project.root / "gone.py").unlink()
    for path in ("new.sql", "notes.md", "model.R", "conf.yaml", "sales.csv", "m.pkl", ".env", ".env.py", "key.pem"):
        put(project, path)
    put(project, "big.py", "#" * 1_000_001)
    trail = Trail(notebook="n.ipynb", cell="c7", cells=("import é\n", "fit()"))
    made = versioning.pin(project, "run1", trail=trail)
    assert made.ref == "refs/e2e/runs/run1"
    assert git(project.root, "rev-parse", made.ref) == made.commit
    assert pinned(project, made.commit) == {
        ".gitignore", "e2e.toml", "requirements.lock", "a.py", "table.csv", "data/raw/flights.json", "new.sql",
        "notes.md", "model.R", "conf.yaml", ".e2e-run/cells.json", ".e2e-run/requirements.lock",
    }  # fmt: skip
    assert versioning.pinned_file(project, made.commit, "a.py") == b"2\n"
    assert versioning.pinned_cells(project, made.commit) == ("import é\n", "fit()")
    assert json.loads(versioning.pinned_file(project, made.commit, ".e2e-run/cells.json"))["notebook"] == "n.ipynb"
    assert (
        versioning.pinned_file(project, made.commit, ".e2e-run/requirements.lock").decode() == versioning.environment()
    )


def test_pins_carry_no_outputs_and_no_keys_not_even_committed_ones(project: Project) -> None:
    put(project, "committed.ipynb", notebook("a", output="SECRET NUMBERS"))
    put(project, "changed.ipynb", notebook("a", output="SECRET NUMBERS"))
    put(project, ".env", "A=SECRET")
    git(project.root, "add", "-A", "-f", ".")
    git(project.root, "commit", "-qm", "by hand")
    put(project, "changed.ipynb", notebook("b", output="SECRET NUMBERS"))
    put(project, "new.ipynb", notebook("c", output="SECRET NUMBERS"))
    made = versioning.pin(project, "k")
    assert ".env" not in pinned(project, made.commit)
    for name, source in {"committed": "a", "changed": "b", "new": "c"}.items():
        content = versioning.pinned_file(project, made.commit, f"{name}.ipynb")
        assert b"SECRET" not in content
        assert json.loads(content)["cells"][0]["source"] == source
    assert "SECRET NUMBERS" in (project.root / "new.ipynb").read_text("utf-8")


def test_a_pin_leaves_index_branch_reflog_and_files_alone(project: Project) -> None:
    put(project, "a.py", "1\n")
    versioning.commit(project, "one")
    put(project, "a.py", "staged\n")
    git(project.root, "add", "a.py")
    put(project, "a.py", "on disk\n")
    put(project, "new.py")
    looks = [("ls-files", "-s"), ("rev-parse", "HEAD"), ("reflog",), ("status", "--porcelain"), ("branch", "-a")]
    before = [git(project.root, *words) for words in looks]
    index = (project.root / ".git/index").read_bytes()
    made = versioning.pin(project, "k")
    assert (project.root / ".git/index").read_bytes() == index
    assert [git(project.root, *words) for words in looks] == before
    assert versioning.pinned_file(project, made.commit, "a.py") == b"on disk\n"
    assert [c.message for c in versioning.log(project)] == ["one"]


def test_a_pin_needs_neither_a_commit_nor_an_identity_nor_hooks_nor_signing(project: Project) -> None:
    git(project.root, "config", "--unset", "user.name")
    git(project.root, "config", "--unset", "user.email")
    git(project.root, "config", "commit.gpgsign", "true")
    git(project.root, "config", "gpg.program", "/bin/false")
    hook = project.root / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n", "utf-8")
    hook.chmod(0o755)
    put(project, "a.py")
    made = versioning.pin(project, "k")
    assert {"a.py", "e2e.toml"} <= pinned(project, made.commit)
    assert git(project.root, "log", "-1", "--format=%an", made.commit) == "e2e-lab"
    assert versioning.head(project) is None


def test_every_key_has_its_own_ref_and_the_same_code_the_same_tree(project: Project) -> None:
    put(project, "a.py")
    one, two = versioning.pin(project, "one"), versioning.pin(project, "two")
    trees = {git(project.root, "rev-parse", f"{pin.ref}^{{tree}}") for pin in (one, two)}
    assert len(trees) == 1
    assert one.ref != two.ref
    assert one.environment == two.environment
    put(project, "a.py", "other\n")
    again = versioning.pin(project, "one")
    assert versioning.pinned_file(project, again.commit, "a.py") == b"other\n"


@pytest.mark.parametrize("key", ["", "../../heads/main", "a b", "-x", "a/b", "a..b", "x.lock", "é"])
def test_a_key_that_is_no_ref_is_refused(project: Project, key: str) -> None:
    with pytest.raises(UsageError):
        versioning.pin(project, key)


def test_what_is_not_pinned_is_not_found(project: Project) -> None:
    made = versioning.pin(project, "k")
    with pytest.raises(VersionNotFound):
        versioning.pinned_file(project, made.commit, "nope.py")
    with pytest.raises(VersionNotFound):
        versioning.pinned_cells(project, "0" * 40)


def test_pins_from_threads_while_the_user_goes_on(project: Project) -> None:
    for i in range(50):
        put(project, f"m{i}.py")
    versioning.commit(project, "one")
    problems: list[BaseException] = []

    def pin_often(name: str) -> None:
        try:
            for i in range(5):
                versioning.pin(project, f"{name}{i}")
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=pin_often, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for i in range(10):
        put(project, "m1.py", f"x = {i}\n")
        put(project, f"tmp{i}.py")
        (project.root / f"tmp{i}.py").unlink()
    versioning.commit(project, "meanwhile")
    for thread in threads:
        thread.join()
    assert problems == []
    assert len(git(project.root, "for-each-ref", "refs/e2e/runs").splitlines()) == 10
