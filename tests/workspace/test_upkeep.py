"""verify, gc and forget as they are typed: at a shell, in a cell, in Python."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import pytest

import e2e_lab as e2e
from e2e_lab import storage
from e2e_lab.errors import GitError, UsageError
from e2e_lab.project import Project
from e2e_lab.records import Collected, Finding, Forgotten, Verified
from e2e_lab.workspace.cli import main
from e2e_lab.workspace.showing import cards
from tests.conftest import git
from tests.project.store_files import flip, fresh, manifest, packs, same, table
from tests.workspace.conftest import Notebook


@pytest.fixture
def saved(project: Project, clean_session: Any) -> Project:
    """Three versions; the first is committed on another branch only, the second never was, the third is in HEAD."""
    for number, branch in ((0, "other"), (1, None), (2, "main")):
        if branch == "other":
            git(project.root, "switch", "-q", "-c", branch)
        storage.snapshot(project, table(2000, seed=number), "flights", stage="raw")
        if branch:
            git(project.root, "add", "data")
            git(project.root, "commit", "-q", "-m", branch)
        if branch == "other":
            git(project.root, "branch", "-m", "other", "kept")
            git(project.root, "switch", "-q", "--orphan", "main")
    return fresh(project)


def test_the_exit_code_of_verify_is_0_where_all_is_intact_and_1_where_not(
    saved: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify"]) == 0
    assert capsys.readouterr().out.startswith("Intact · 3 versions · ")
    flip(packs(saved)[0], 900)
    assert main(["verify"]) == 1
    assert "Damage: 1 finding" in capsys.readouterr().out
    assert main(["verify", "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["findings"][0]["versions"]
    assert main(["verify", "nothing@v1"]) == 1
    assert "There is no dataset" in capsys.readouterr().err


def test_verify_of_a_version_decodes_it(saved: Project) -> None:
    found = e2e.verify("flights@v1", "flights")
    assert (found.versions, found.decoded, found.intact) == (2, True, True)
    told: list[int] = []
    e2e.verify(progress=lambda done, total: told.append(done))
    assert told == sorted(told)


def test_gc_keeps_what_any_branch_names_and_says_what_went(saved: Project, capsys: pytest.CaptureFixture[str]) -> None:
    versions = storage.versions(saved, "flights")
    git(saved.root, "tag", "now")
    (saved.root / "data" / "raw" / "flights.json").unlink()  # the third is in a commit only, the first on a branch
    assert main(["gc", "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert main(["gc"]) == 0
    done = capsys.readouterr().out
    # the second is named by the third, as the version before it
    assert "Nothing to collect · 3 versions kept" in said
    assert said == done
    git(saved.root, "tag", "-d", "now")
    git(saved.root, "switch", "-q", "-f", "kept")
    git(saved.root, "branch", "-q", "-D", "main")
    git(saved.root, "reflog", "expire", "--expire=now", "--all")
    assert main(["gc"]) == 0
    assert "Freed" in (said := capsys.readouterr().out)
    assert "2 versions · 2 packs · 1 version kept" in said
    assert "nothing refers to" in said
    assert "this cannot be undone" in said
    assert same(saved, versions[0])


def test_gc_takes_nothing_where_the_repository_cannot_tell(saved: Project) -> None:
    (saved.root / ".git" / "HEAD").write_text("nonsense\n")
    before = sorted(path.name for path in packs(saved))
    with pytest.raises(GitError):
        e2e.gc()
    assert sorted(path.name for path in packs(saved)) == before


def test_gc_says_that_a_tracking_server_was_not_asked(saved: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://ada:secret@127.0.0.1:9")
    (note,) = e2e.gc(dry_run=True).notes
    assert "127.0.0.1:9 were not asked" in note
    assert "secret" not in note


def test_forget_at_a_shell_needs_a_reason_and_leaves_a_tombstone(
    saved: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["forget", "flights@v1"]) == 1
    assert '--reason "why"' in capsys.readouterr().err
    assert main(["forget", "flights@v1", "--reason", "a passenger asked for it"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("flights@v1 is forgotten · ")
    assert "git: its record" in said
    assert "this cannot be undone" in said
    assert main(["load", "flights@v1"]) == 1
    assert "by Ada Lovelace <ada@example.org>: a passenger asked for it" in capsys.readouterr().err
    assert main(["verify"]) == 0


def test_inside_a_notebook_that_is_run_again_nothing_is_dropped_or_forgotten(
    saved: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("E2E_INERT", "1")
    assert e2e.gc().dry_run
    with pytest.raises(UsageError, match="run again"):
        e2e.forget("flights", reason="asked")


def test_in_a_cell_they_show_as_cards(notebook: Notebook, project: Project) -> None:
    notebook.run("import pandas as pd\nflights = pd.DataFrame({'a': range(100)})\n%e2e snapshot flights --stage raw")
    assert notebook.run("found = %e2e verify\nfound").intact
    assert notebook.run("done = %e2e gc --dry-run\ndone").dry_run
    gone = notebook.run('gone = %e2e forget flights --reason "asked for"\ngone')
    assert gone.reason == "asked for"
    assert not manifest(project, gone).exists()


def test_cards_and_json_say_all_there_is() -> None:
    now = pd.Timestamp("2026-11-23", tz="UTC").to_pydatetime()
    finding = Finding(file="a.pack", problem="is gone", versions=("flights@v1",), fix="snapshot it again")
    verified = Verified(versions=2, files=3, bytes=5000, seconds=0.5, findings=(finding,), absent=("weather@v1",))
    collected = Collected(dry_run=True, versions=1, refs=("flights@v1",), packs=2, rewritten=1, temporary=1, bytes=5000)
    forgotten = Forgotten(
        ref="flights@v1", id="a" * 32, also=("copy@v1",), reason="asked", time=now, remains=("git: <its> record",)
    )
    for record in (verified, collected, forgotten):
        assert type(record).from_json(json.loads(json.dumps(record.to_json()))) == record
    page = cards.card(verified) + cards.card(collected) + cards.card(forgotten)
    for words in ("is gone", "snapshot it again", "weather@v1", "Would free 5.0 kB", "1 unfinished file", "copy@v1",
                  "%e2e gc", "git: &lt;its&gt; record", "this cannot be undone"):  # fmt: skip
        assert words in page, words
