"""Every route: what it answers when all is well, and what it says when not."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from e2e_lab import __version__
from e2e_lab.errors import Damaged
from e2e_lab.project import Project
from e2e_lab.workspace.across import status
from e2e_lab.workspace.server.kept import revision


async def test_status_tells_project_branch_and_the_five_rooms(ask: Any, flights: Project) -> None:
    answer = await ask("status", project="flights")
    assert answer.status == 200
    assert (answer.body["project"], answer.body["branch"]) == ("flights", "main")
    assert answer.body["path"] == str(flights.root)
    assert [room["name"] for room in answer.body["rooms"]] == ["Data", "Versions", "Experiments", "Models", "Service"]
    assert answer.body["unsaved"] == []


async def test_status_sees_an_uncommitted_notebook(ask: Any, flights: Project) -> None:
    (flights.root / "été.ipynb").write_text("{}", "utf-8")
    answer = await ask("status", project="flights")
    assert answer.body["unsaved"] == ["été.ipynb"]
    assert answer.body["rooms"][1]["state"] == "unsaved"


async def test_a_subfolder_belongs_to_the_project_around_it(ask: Any, flights: Project) -> None:
    (flights.root / "notebooks" / "été 1").mkdir(parents=True)
    answer = await ask("status", project="flights/notebooks/été 1")
    assert answer.body["project"] == "flights"


async def test_the_revision_grows_with_a_change(ask: Any, flights: Project) -> None:
    before = await ask("revision", project="flights")
    assert before.body == {"revision": revision(flights)}
    flights.changed()
    after = await ask("revision", project="flights")
    assert after.body["revision"] > before.body["revision"]


async def test_the_revision_grows_with_a_commit_by_another_program(ask: Any, flights: Project, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    git = ["git", "-C", str(flights.root)]
    before = (await ask("revision", project="flights")).body["revision"]
    (flights.root / "gates.py").write_text("gates = 7\n")
    subprocess.run([*git, "add", "gates.py"], check=True)
    assert (await ask("revision", project="flights")).body["revision"] == before  # ours runs git too, to look
    assert (await ask("commits", project="flights")).body["total"] == 1
    subprocess.run([*git, "commit", "-qm", "gates"], check=True)
    assert (await ask("revision", project="flights")).body["revision"] > before
    assert (await ask("commits", project="flights")).body["total"] == 2

    subprocess.run([*git, "worktree", "add", "-q", str(tree)], check=True)
    linked = Project.at(tree)
    assert revision(linked) > (await ask("revision", project="flights")).body["revision"]


async def test_a_folder_becomes_a_project_once(ask: Any, jp_root_dir: Path) -> None:
    folder = jp_root_dir / "Analyse d’été"
    folder.mkdir()
    first = await ask("projects", body={"path": folder.name})
    assert first.status == 201
    assert "e2e.toml" in first.body["created"]
    assert (folder / "e2e.toml").is_file()
    assert (folder / ".git").is_dir()

    again = await ask("projects", body={"path": folder.name})
    assert (again.status, again.body["created"]) == (200, [])
    assert (await ask("status", project=folder.name)).body["project"] == folder.name


async def test_outside_a_project_the_answer_is_no_project_and_what_to_type(ask: Any) -> None:
    answer = await ask("status")
    assert (answer.status, answer.body["code"], answer.body["hint"]) == (404, "no_project", "e2e init")


async def test_outside_a_project_there_is_no_revision_and_that_is_no_error(ask: Any) -> None:
    answer = await ask("revision")
    assert (answer.status, answer.body) == (200, {"revision": None})


async def test_looking_outside_a_project_leaves_the_log_alone(ask: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    caplog.clear()
    await ask("revision")
    assert [line for line in caplog.messages if "revision" in line or "e2e" in line] == []


async def test_no_folder_outside_of_the_root_becomes_a_project(
    ask: Any, flights: Project, jp_root_dir: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "deep").mkdir(parents=True)
    (jp_root_dir / "link").symlink_to(elsewhere)
    for path in ("..", "../elsewhere", "flights/../../elsewhere", "/", "/etc", "link", "link/deep"):
        answer = await ask("projects", body={"path": path})
        assert (answer.status, answer.body["code"]) == (400, "usage"), path
        assert answer.body["hint"], path
    for path in ("%2e%2e/elsewhere", "..%2felsewhere", "x" * 5000, "nowhere", "flights/e2e.toml"):
        answer = await ask("projects", body={"path": path})
        assert (answer.status, answer.body["code"]) == (404, "not_found"), path


async def test_projects_under_the_root_are_listed(ask: Any, flights: Project, jp_root_dir: Path) -> None:
    for path in ("a/b/été", ".hidden/x", "node_modules/y", "1/2/3/4/5"):
        (jp_root_dir / path).mkdir(parents=True)
        (jp_root_dir / path / "e2e.toml").write_text('[project]\nname = "<b>"\n', "utf-8")
    answer = await ask("projects")
    assert [(one["path"], one["name"]) for one in answer.body["items"]] == [("a/b/été", "<b>"), ("flights", "flights")]
    assert answer.body["root"] == str(jp_root_dir)
    assert not (jp_root_dir / "a" / "b" / "été" / ".e2e").exists()


async def test_status_tells_of_the_server_too(ask: Any, flights: Project, jp_root_dir: Path) -> None:
    body = (await ask("status", project="flights")).body
    assert (body["version"], body["root"], body["folder"]) == (__version__, str(jp_root_dir), "flights")
    assert (body["writable"], body["git"]) == (True, True)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"flights"', b"{}", b'{"path": 3}', b'{"path": null}', b"\xff", b"[" * 100_000]
)
async def test_a_body_that_is_not_understood_makes_nothing(ask: Any, jp_root_dir: Path, body: bytes) -> None:
    answer = await ask("projects", body=body)
    assert (answer.status, answer.body["code"]) == (400, "usage")
    assert answer.body["hint"] == '{"path": "FOLDER"}'
    assert list(jp_root_dir.iterdir()) == []


@pytest.mark.parametrize("path", [rb"\ud800", rb"a\u0000b"])
async def test_a_path_that_no_file_can_have_is_a_bad_request(ask: Any, path: bytes) -> None:
    answer = await ask("projects", body=b'{"path": "' + path + b'"}')
    assert (answer.status, answer.body["code"]) == (400, "usage")


async def test_nothing_is_made_by_a_get(ask: Any, jp_root_dir: Path) -> None:
    answer = await ask("projects")
    assert (answer.status, answer.body["items"]) == (200, [])
    assert list(jp_root_dir.iterdir()) == []


async def test_an_error_of_the_tree_keeps_its_status_code_and_hint(
    ask: Any, flights: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    (flights.root / "e2e.toml").write_text("[project\n", "utf-8")
    answer = await ask("status", project="flights")
    assert (answer.status, answer.body["code"]) == (409, "project")
    assert "e2e.toml" in answer.body["message"]

    def damaged(project: Project) -> dict[str, Any]:
        raise Damaged("flights is damaged.", hint="e2e verify")

    monkeypatch.setattr(status, "project_status", damaged)
    answer = await ask("status", project="flights")
    assert answer.status == 500
    assert answer.body == {"code": "damaged", "message": "flights is damaged.", "hint": "e2e verify"}


async def test_a_fault_of_ours_goes_to_the_log_and_not_out(
    ask: Any, flights: Project, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(project: Project) -> dict[str, Any]:
        raise KeyError("secret of the house")

    monkeypatch.setattr(status, "project_status", broken)
    answer = await ask("status", project="flights")
    assert (answer.status, answer.body["code"]) == (500, "error")
    assert "secret" not in str(answer.body)
    assert "secret of the house" in caplog.text


async def test_git_refusing_is_no_fault_of_ours(ask: Any, flights: Project) -> None:
    subprocess.run(["git", "-C", str(flights.root), "checkout", "-q", "--detach"], check=True)
    answer = await ask("status", project="flights")
    assert (answer.status, answer.body["branch"]) == (200, None)
