"""The routes of the panel Changes: what is not committed, who commits, the history, and the way back."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from e2e_lab import storage, versioning
from e2e_lab.project import Project
from tests.conftest import git
from tests.project.test_versioning_commit import notebook
from tests.server.test_jobs import over


async def commit(ask: Any, message: str, **args: Any) -> dict[str, Any]:
    """What the job says, once it is over."""
    begun = await ask("jobs", project="flights", body={"kind": "commit", "args": {"message": message, **args}})
    return await over(ask, begun.body) if begun.status == 202 else begun.body


async def changes(ask: Any, **query: Any) -> dict[str, Any]:
    answer = await ask("changes", project="flights", **query)
    assert answer.status == 200, answer.body
    return dict(answer.body)


def book(project: Project, path: str, source: str) -> None:
    (project.root / path).write_text(notebook(source), "utf-8")


# ---- what is not committed -----------------------------------------------------------------------------------


async def test_what_changed_is_told_file_by_file_with_what_became_of_the_data(ask: Any, data: Project) -> None:
    book(data, "EDA.ipynb", "1 + 1")
    (data.root / "train.py").write_text("print(1)\n", "utf-8")
    (data.root / "e2e.toml").unlink()
    (data.root / "e2e.toml").write_text('[project]\nname = "other"\n', "utf-8")
    said = await changes(ask)
    found = {one["path"]: (one["kind"], one["change"]) for one in said["items"]}
    assert found["EDA.ipynb"] == ("notebook", "new")
    assert found["train.py"] == ("code", "new")
    assert found["e2e.toml"] == ("code", "changed")
    assert found["data/raw/flights.json"] == ("record", "new")
    record = next(one for one in said["items"] if one["path"] == "data/raw/flights.json")
    assert record["dataset"] == {"name": "flights", "before": None, "after": 2, "change": "4 × 4"}
    assert record["place"] == "flights/data/raw/flights.json"
    assert said["total"] == len(said["items"]) == 5
    assert (said["git"], said["branch"], said["author"]) == (True, "main", "Ada Lovelace <ada@example.org>")


async def test_a_dataset_that_goes_on_says_what_is_new_in_it(ask: Any, data: Project) -> None:
    import pandas as pd

    versioning.commit(data, "data")
    storage.snapshot(data, pd.DataFrame({"carrier": ["UA"], "gate": [1]}), "flights", stage="raw", source="flights.csv")
    (data.root / "data/processed/late.json").unlink()
    said = await changes(ask)
    told = {one["path"]: (one["change"], one["dataset"]) for one in said["items"]}
    change = {"name": "flights", "before": 2, "after": 3, "change": "+1 column · −3 columns · −3 rows"}
    assert told["data/raw/flights.json"] == ("changed", change)
    assert told["data/processed/late.json"][0] == "removed"
    assert told["data/processed/late.json"][1]["after"] is None


async def test_what_stays_out_is_named_with_the_reason(ask: Any, flights: Project) -> None:
    (flights.root / ".env").write_text("KEY=1", "utf-8")
    (flights.root / "flights.csv").write_text("a\n1\n", "utf-8")
    (flights.root / "long.py").write_text("#" * 1_000_001, "utf-8")
    (flights.root / "requirements.lock").write_text("mine==1\n", "utf-8")
    said = await changes(ask)
    why = {one["path"]: one["why"] for one in said["left_out"]}
    assert why == {".env": "private", "flights.csv": "data", "long.py": "large", "requirements.lock": "not ours"}
    assert (said["total"], said["left_out_total"]) == (0, 4)


async def test_outputs_are_no_change_and_many_files_come_in_a_part(ask: Any, flights: Project) -> None:
    book(flights, "a.ipynb", "1")
    versioning.commit(flights, "a")
    content = json.loads((flights.root / "a.ipynb").read_text("utf-8"))
    content["cells"][0]["execution_count"] = 7
    (flights.root / "a.ipynb").write_text(json.dumps(content), "utf-8")
    assert (await changes(ask))["items"] == []
    for number in range(30):
        (flights.root / f"m{number}.py").touch()
    said = await changes(ask, limit=10)
    assert (len(said["items"]), said["total"]) == (10, 30)


async def test_a_merge_that_waits_is_said_before_anybody_commits(ask: Any, flights: Project) -> None:
    book(flights, "a.ipynb", "1")
    versioning.commit(flights, "main")
    git(flights.root, "checkout", "-q", "-b", "side", "HEAD~1")
    book(flights, "a.ipynb", "2")
    versioning.commit(flights, "side")
    subprocess.run(["git", "-C", str(flights.root), "merge", "-q", "main"], check=False, capture_output=True)
    said = await changes(ask)
    assert "merge is in progress" in said["blocked"]["message"]
    assert "git merge --abort" in said["blocked"]["hint"]


async def test_without_a_repository_there_is_nothing_to_say(ask: Any, jp_root_dir: Path) -> None:
    from e2e_lab import project as projects

    projects.create(jp_root_dir / "flights")
    said = await changes(ask)
    assert (said["git"], said["items"], said["author"]) == (False, [], None)
    assert (await ask("commits", project="flights")).body["items"] == []
    for answer in (
        await ask("restore", project="flights", revision="HEAD"),
        await ask("restore", project="flights", body={"revision": "HEAD"}),
    ):
        assert (answer.status, answer.body["code"]) == (409, "git")
        assert answer.body["hint"].startswith("e2e init")


# ---- who, and committing -------------------------------------------------------------------------------------


async def test_a_commit_says_what_it_did_and_leaves_a_history_of_code_and_data(ask: Any, data: Project) -> None:
    book(data, "EDA.ipynb", "1 + 1")
    done = await commit(ask, "two\n\nbecause")
    assert (done["state"], done["result"]["changed"]) == ("done", True)
    assert {one["name"] for one in done["result"]["datasets"]} == {"flights", "late"}
    assert done["answer"].startswith(done["result"]["id"][:7])
    page = (await ask("commits", project="flights")).body
    assert [one["message"] for one in page["items"]] == ["two\n\nbecause", "first"]
    newest = page["items"][0]
    assert {"name": "flights", "before": None, "after": 2, "change": "4 × 4"} in newest["datasets"]
    assert newest["kinds"] == {"record": 2, "notebook": 1, "other": 1}  # the environment lock
    assert "EDA.ipynb" in newest["paths"]
    assert "requirements.lock" in git(data.root, "show", "--name-only", "--format=").split()
    assert (await changes(ask))["total"] == 0


async def test_the_history_comes_in_pages(ask: Any, flights: Project) -> None:
    for number in range(7):
        git(flights.root, "commit", "-q", "--allow-empty", "-m", f"c{number}")
    page = (await ask("commits", project="flights", limit=3, offset=2)).body
    assert ([one["message"] for one in page["items"]], page["total"]) == (["c4", "c3", "c2"], 8)
    assert (await ask("commits", project="flights", offset=100)).body["items"] == []
    assert (await ask("commits", project="flights", limit="-1")).status == 400


async def test_who_commits_is_asked_for_and_kept_only_where_that_is_wished(ask: Any, flights: Project) -> None:
    for name in ("user.name", "user.email"):
        git(flights.root, "config", "--unset", name)
    book(flights, "a.ipynb", "1")
    assert (await changes(ask))["author"] is None
    refused = await commit(ask, "a")
    assert refused["code"] == "no_identity"
    assert (await ask("jobs", project="flights")).body["total"] == 0
    done = await commit(ask, "a", name="Grace Hopper", email="grace@example.org")
    assert done["state"] == "done"
    assert git(flights.root, "log", "-1", "--format=%an %ae %cn") == "Grace Hopper grace@example.org Grace Hopper"
    assert (await changes(ask))["author"] is None
    book(flights, "a.ipynb", "2")
    assert (await commit(ask, "b", name="Grace Hopper", email="grace@example.org", keep=True))["state"] == "done"
    assert (await changes(ask))["author"] == "Grace Hopper <grace@example.org>"
    assert git(flights.root, "config", "--local", "user.email") == "grace@example.org"


@pytest.mark.parametrize(("name", "email"), [("", "a@b.org"), ("Ada", ""), ("Ada\n[core]", "a@b.org"), ("<>", "a@b")])
async def test_what_is_no_identity_commits_nothing(ask: Any, flights: Project, name: str, email: str) -> None:
    book(flights, "a.ipynb", "1")
    head = git(flights.root, "rev-parse", "HEAD")
    before = git(flights.root, "config", "--local", "--list")
    done = await commit(ask, "a", name=name, email=email, keep=True)
    assert (done["state"], done["error"]["code"]) == ("failed", "usage")
    assert git(flights.root, "rev-parse", "HEAD") == head
    assert git(flights.root, "config", "--local", "--list") == before


async def test_a_refusal_of_the_commit_is_that_of_the_verb(ask: Any, flights: Project) -> None:
    assert (await commit(ask, "  "))["code"] == "usage"
    (flights.root / "keys.py").write_text('AWS = "AKIA' + "QWERTYUIOPASDFGH" + '"\n', "utf-8")
    done = await commit(ask, "keys")
    assert (done["state"], done["error"]["code"]) == ("failed", "secret_found")
    assert (await changes(ask))["total"] == 2  # and the environment lock, written before


async def test_nothing_to_commit_is_no_error(ask: Any, flights: Project) -> None:
    git(flights.root, "rm", "-q", "-r", "--cached", "--ignore-unmatch", "requirements.lock")
    versioning.commit(flights, "lock")
    done = await commit(ask, "again")
    assert (done["state"], done["result"]["changed"]) == ("done", False)


@pytest.mark.integration
async def test_the_lock_is_that_of_the_notebooks_python(
    ask: Any, flights: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_there = tmp_path / "site" / "only_there-1.2.3.dist-info"
    only_there.mkdir(parents=True)
    (only_there / "METADATA").write_text("Metadata-Version: 2.1\nName: only-there\nVersion: 1.2.3\n", "utf-8")
    spec = tmp_path / "share" / "kernels" / "other"
    spec.mkdir(parents=True)
    words = {"argv": [sys.executable, "-m", "ipykernel_launcher"], "display_name": "Other", "language": "python"}
    (spec / "kernel.json").write_text(json.dumps(words | {"env": {"PYTHONPATH": str(tmp_path / "site")}}), "utf-8")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "share"))
    book(flights, "a.ipynb", "1")
    wish = {"kind": "commit", "kernel": "other", "args": {"message": "with its lock"}}
    done = await over(ask, (await ask("jobs", project="flights", body=wish)).body)
    assert done["state"] == "done", done
    assert "only-there==1.2.3" in (flights.root / "requirements.lock").read_text("utf-8")
    book(flights, "a.ipynb", "2")
    await commit(ask, "by nobody's notebook", lock=False)
    assert "only-there==1.2.3" in git(flights.root, "show", "HEAD:requirements.lock")


# ---- the way back --------------------------------------------------------------------------------------------


async def test_a_restore_is_previewed_then_done_and_undone(ask: Any, data: Project) -> None:
    book(data, "EDA.ipynb", "first")
    versioning.commit(data, "one")
    storage.remove(data, "late")
    book(data, "EDA.ipynb", "second")
    versioning.commit(data, "two")
    book(data, "EDA.ipynb", "not committed")
    before = git(data.root, "for-each-ref"), git(data.root, "count-objects"), git(data.root, "status", "--porcelain")
    plan = (await ask("restore", project="flights", revision="HEAD~1")).body
    assert before == (
        git(data.root, "for-each-ref"), git(data.root, "count-objects"), git(data.root, "status", "--porcelain")
    )  # fmt: skip
    assert plan["message"] == "one"
    assert plan["write"] == ["EDA.ipynb", "data/processed/late.json"]
    assert (plan["remove"], plan["saves"]) == ([], ["EDA.ipynb"])
    assert [(one["name"], one["before"], one["after"]) for one in plan["datasets"]] == [("late", None, 1)]

    done = (await ask("restore", project="flights", body={"revision": "HEAD~1"})).body
    assert done["files"] == plan["write"]
    assert done["datasets"] == plan["datasets"]
    assert storage.current(data, "late").version == 1
    assert b"first" in (data.root / "EDA.ipynb").read_bytes()

    undone = (await ask("restore", project="flights", body={"revision": done["saved"]})).body
    assert undone["files"] == plan["write"]
    assert b"not committed" in (data.root / "EDA.ipynb").read_bytes()


async def test_one_file_goes_back_alone(ask: Any, flights: Project) -> None:
    book(flights, "a.ipynb", "1")
    (flights.root / "b.py").write_text("b = 1\n", "utf-8")
    versioning.commit(flights, "one")
    book(flights, "a.ipynb", "2")
    (flights.root / "b.py").write_text("b = 2\n", "utf-8")
    plan = (await ask("restore", project="flights", revision="HEAD", name="b.py")).body
    assert (plan["write"], plan["saves"]) == (["b.py"], ["b.py"])
    await ask("restore", project="flights", body={"revision": "HEAD", "names": ["b.py"]})
    assert (flights.root / "b.py").read_text("utf-8") == "b = 1\n"
    assert [one["path"] for one in (await changes(ask))["items"]] == ["a.ipynb"]


async def test_a_version_that_is_stored_elsewhere_is_said_before(ask: Any, data: Project) -> None:
    versioning.commit(data, "one")
    storage.remove(data, "late")
    versioning.commit(data, "two")
    storage.forget(data, versioning.record_at(data, "HEAD~1", "late"), reason="as if it had been made elsewhere")
    plan = (await ask("restore", project="flights", revision="HEAD~1")).body
    assert plan["notes"] == ["late@v1 is not stored here: only its record comes back"]


@pytest.mark.parametrize(
    ("revision", "status"), [("nowhere", 404), ("--all", 404), ("", 404), ("HEAD:e2e.toml", 404), ("a\x00b", 404)]
)
async def test_what_names_no_commit_restores_nothing(ask: Any, flights: Project, revision: str, status: int) -> None:
    for answer in (
        await ask("restore", project="flights", revision=revision),
        await ask("restore", project="flights", body={"revision": revision}),
    ):
        assert answer.status == status
        assert answer.body["hint"]
    for names in (["../x"], ["nothing.py"], ["/etc/passwd"]):
        answer = await ask("restore", project="flights", body={"revision": "HEAD", "names": names})
        assert answer.status in (400, 404), names


async def test_a_project_that_may_not_be_written_is_only_looked_at(
    ask: Any, flights: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode, **how: mode != os.W_OK and real(path, mode, **how))
    answer = await ask("restore", project="flights", body={"revision": "HEAD"})
    assert (answer.status, answer.body["code"]) == (403, "read_only")
    assert (await ask("restore", project="flights", revision="HEAD")).status == 200
