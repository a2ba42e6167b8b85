"""What scripts outside this repository call: names, signatures, words at a shell, and the shapes of JSON.

Written from the section *The interface* of the design, not from the code: where one of these fails, somebody's script
breaks.
"""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import e2e_lab as e2e
from e2e_lab import storage
from e2e_lab.project import Project
from e2e_lab.workspace import grammar
from e2e_lab.workspace.cli import main

REQUIRED = inspect.Parameter.empty

SIGNATURES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    # verb: what may be said by position (in this order, with defaults), and what by keyword only
    "init": ({"path": "."}, {}),
    "status": ({}, {}),
    "ingest": ({"source": REQUIRED, "name": REQUIRED}, {}),
    "snapshot": (
        {"df": REQUIRED, "name": REQUIRED},
        {"stage": None, "parents": None, "source": None, "key": None, "message": None},
    ),
    "load": ({"ref": REQUIRED}, {"columns": None, "where": None, "sample": None, "kind": "pandas"}),
    "datasets": ({}, {}),
    "rename": ({"old": REQUIRED, "new": REQUIRED}, {}),
    "remove": ({"name": REQUIRED}, {}),
    "export": ({"ref": REQUIRED, "path": REQUIRED}, {}),
    "gc": ({}, {"dry_run": False}),
    "commit": ({"message": REQUIRED}, {}),
    "log": ({"name": None}, {}),
    "run": ({"name": REQUIRED}, {"params": None}),
    "run_notebook": ({"path": REQUIRED, "params": None}, {}),
    "keep": ({"name": REQUIRED}, {"model": None, "X": None, "y": None, "metrics": None, "params": None}),
    "log_metric": ({"name": REQUIRED, "value": REQUIRED, "step": None}, {}),
    "log_param": ({"name": REQUIRED, "value": REQUIRED}, {}),
    "log_artifact": ({"path": REQUIRED}, {}),
    "log_model": ({"model": REQUIRED, "X": None, "y": None}, {"name": "model", "predict": "predict"}),
    "runs": ({}, {}),
    "register": ({"run": REQUIRED, "name": REQUIRED}, {"alias": None, "model": None}),
    "package": ({"model_ref": REQUIRED}, {"service": None}),
    "serve": ({"ref": REQUIRED}, {}),
    "services": ({}, {}),
    "stop": ({"name": REQUIRED}, {}),
    "trace": ({"id": REQUIRED}, {}),
}


@pytest.mark.parametrize("name", SIGNATURES)
def test_a_python_verb_takes_what_the_contract_says(name: str) -> None:
    positional, keyword = SIGNATURES[name]
    taken = inspect.signature(getattr(e2e, name)).parameters
    by_position = {n: p for n, p in taken.items() if p.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD}
    by_keyword = {n: p for n, p in taken.items() if p.kind is inspect.Parameter.KEYWORD_ONLY}
    assert {n: p.default for n, p in by_position.items()} == positional
    assert list(by_position) == list(positional)
    assert {n: by_keyword[n].default for n in keyword} == keyword
    assert all(p.default is not REQUIRED for p in by_keyword.values()), "what is added later must be optional"


def test_restore_takes_a_revision_and_any_number_of_names() -> None:
    rev, names = inspect.signature(e2e.restore).parameters.values()
    assert (rev.name, rev.default, names.kind) == ("rev", REQUIRED, inspect.Parameter.VAR_POSITIONAL)


def test_verify_takes_any_number_of_references_and_forget_needs_a_reason() -> None:
    refs, *more = inspect.signature(e2e.verify).parameters.values()
    assert refs.kind is inspect.Parameter.VAR_POSITIONAL
    assert all(p.default is None for p in more)
    ref, reason = inspect.signature(e2e.forget).parameters.values()
    assert (ref.name, reason.name, reason.kind) == ("ref", "reason", inspect.Parameter.KEYWORD_ONLY)
    assert ref.default is reason.default is REQUIRED


def test_every_verb_of_the_contract_is_there_and_no_other_python_name() -> None:
    assert set(e2e.__all__) == {*SIGNATURES, "restore", "verify", "forget", "E2EError"}


LINES = [
    # every form of the table of verbs, as somebody would have it in a script
    "init", "init PATH", "status", "", "ingest flights.csv --as flights",
    "snapshot a b c", "snapshot clean --as flights_clean --stage processed --parent raw@v1 --parent other",
    "snapshot clean --parent raw other@v2 --key day flight -m text --source https://example.org/f.csv",
    "load flights@v2 --into frame --kind polars --sample 100", "load flights --kind duckdb", "data",
    "verify", "verify flights@v1 weather", "gc", "gc --dry-run", "forget flights@v1 --reason asked",
    "rename old new", "remove old", "export flights@v1 out.parquet", "commit -m text", "log", "log flights",
    "restore HEAD~1", "restore HEAD~1 flights notebooks/train.ipynb", "run baseline -p depth=6 -p rate=0.1", "run",
    "run train.ipynb -p depth=6", "keep forest --model model --X X --y y rmse=a+b mae=c -p depth=6",
    "runs", "runs --sort rmse --where rmse<20", "register baseline --as delay --alias champion --model model",
    "package delay@champion --as delay_api", "serve delay", "serve delay@v2 --port 8080 --replace", "serve delay -d",
    "services", "stop delay", "trace 01J9ZK3V7Q8B5X2M4N6P8R0T1W",
]  # fmt: skip


@pytest.mark.parametrize("line", LINES)
def test_a_line_of_the_contract_is_understood(line: str) -> None:
    for also in ("", " --json"):
        call = grammar.parse(line + also)
        assert call.verb.name == (line.split() or ["status"])[0]
        assert call.json is bool(also)
    assert grammar.parse(f"{line} -h").help


# ---- JSON ----------------------------------------------------------------------------------------------------

SHAPES: dict[str, tuple[list[str], set[str]]] = {
    "init": (["init"], {"path", "name", "created"}),
    "status": (["status"], {"project", "path", "branch", "revision", "rooms", "unsaved", "disk", "next"}),
    "ingest": (
        ["ingest", "late.csv", "--as", "late"],
        {"name", "stage", "id", "version", "previous", "rows", "schema", "parents", "source", "key", "message",
         "author", "time", "origin", "changed"},
    ),
    "commit": (
        ["commit", "-m", "first"],
        {"id", "message", "author", "time", "branch", "files", "datasets", "left_out", "changed"},
    ),
    "export": (["export", "flights", "out.parquet"], {"ref", "path", "rows", "bytes"}),
    "rename": (["rename", "flights", "departures"], {"old", "new"}),
    "verify": (["verify"], {"versions", "files", "bytes", "seconds", "decoded", "findings", "absent"}),
    "gc": (["gc", "--dry-run"], {"dry_run", "versions", "packs", "rewritten", "bytes", "kept"}),
    "forget": (
        ["forget", "flights", "--reason", "asked"], {"ref", "id", "also", "reason", "author", "time", "remains"}
    ),
    "remove": (["remove", "flights"], {"name", "version", "stage"}),
    "restore": (["restore", "flights@v1"], {"revision", "files", "datasets", "saved"}),
}  # fmt: skip


@pytest.fixture
def shell(project: Project, clean_session: Any) -> Path:
    (project.root / "flights.csv").write_text("flight,late\n1,2.0\n2,\n", "utf-8")
    (project.root / "late.csv").write_text("flight,late\n2,\n", "utf-8")
    assert main(["ingest", "flights.csv", "--as", "flights", "--key", "flight", "--json"]) == 0
    return project.root


@pytest.fixture
def answer(shell: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    capsys.readouterr()

    def asked(*words: str, code: int = 0) -> Any:
        assert main([*words, "--json"]) == code
        shown = capsys.readouterr()
        assert shown.err == ""
        return json.loads(shown.out)

    return asked


@pytest.mark.parametrize("verb", SHAPES)
def test_the_json_of_a_verb_has_the_fields_of_the_contract(answer: Callable[..., Any], verb: str) -> None:
    words, fields = SHAPES[verb]
    assert fields <= set(answer(*words))


def test_listings_are_items(answer: Callable[..., Any]) -> None:
    answer("commit", "-m", "first")
    for words in (["data"], ["log"], ["services"]):
        assert set(answer(*words)) == {"items"}
    (dataset,) = answer("data")["items"]
    assert {"name", "stage", "current", "versions", "bytes", "saved"} <= set(dataset)
    (commit,) = answer("log")["items"]
    assert commit["datasets"] == [{"name": "flights", "before": None, "after": 1, "change": "2 × 2"}]


def test_times_are_utc_and_ids_are_hexadecimal(answer: Callable[..., Any]) -> None:
    said = answer("ingest", "flights.csv", "--as", "flights")
    assert said["time"].endswith("Z")
    assert set(said["id"]) <= set("0123456789abcdef")
    assert said["changed"] is False


def test_an_error_is_code_message_and_hint_and_exit_1(answer: Callable[..., Any]) -> None:
    assert set(answer("load", "nothing", code=1)) == {"code", "message", "hint"}


def test_the_record_on_disk_is_what_the_contract_says(shell: Path) -> None:
    text = (shell / "data" / "raw" / "flights.json").read_text("utf-8")
    record = json.loads(text)
    assert set(record) == {
        "format", "id", "version", "previous", "rows", "schema", "parents", "source", "key", "message", "author",
        "time", "origin",
    }  # fmt: skip
    assert record["format"] == 1
    assert set(record["origin"]) == {"notebook", "cell"}
    for column in record["schema"]:  # one schema column a line, so that a diff shows the column
        assert sum(1 for line in text.splitlines() if f'"name": "{column["name"]}"' in line) == 1


def test_what_lies_on_disk_is_where_the_contract_says(shell: Path, project: Project) -> None:
    assert (project.home / "VERSION").read_text().strip() == "1"
    assert (project.home / "store" / "versions" / "flights.jsonl").is_file()
    assert (project.home / "store" / "snapshots" / storage.current(project, "flights").id).exists()


# ---- references ----------------------------------------------------------------------------------------------


def test_one_form_of_reference_with_every_selector(shell: Path, project: Project) -> None:
    from e2e_lab.workspace import verbs

    first = storage.current(project, "flights")
    verbs.commit("first")
    verbs.snapshot(pd.DataFrame({"flight": [9], "late": [1.0]}), "flights")
    for selector in ("v1", "HEAD", "git:HEAD", "git:main", first.id[:6], f"id:{first.id}", "main"):
        assert len(e2e.load(f"flights@{selector}")) == 2, selector
    day = first.time.strftime("%Y-%m-%d")
    assert len(e2e.load(f"flights@{day}")) == 1
    assert len(e2e.load("flights")) == 1
    for unknown in ("v9", "2001-01-01", "ffffff", "git:nowhere", "champion"):
        with pytest.raises(e2e.E2EError) as caught:
            e2e.load(f"flights@{unknown}")
        assert caught.value.status in (404, 409)
        assert "v1" in caught.value.message + caught.value.hint, unknown


# ---- at a shell ----------------------------------------------------------------------------------------------


def test_the_command_e2e_is_installed_and_answers_like_the_module(shell: Path) -> None:
    command = Path(sys.executable).with_name("e2e")
    assert command.exists()
    by_command = subprocess.run([command, "data", "--json"], capture_output=True, text=True, check=True)
    by_module = subprocess.run(
        [sys.executable, "-m", "e2e_lab.workspace.cli", "data", "--json"], capture_output=True, text=True, check=True
    )
    assert by_command.stdout == by_module.stdout
    failed = subprocess.run([command, "load", "nothing"], capture_output=True, text=True, check=False)
    assert (failed.returncode, failed.stdout) == (1, "")
    assert len(failed.stderr.strip().splitlines()) == 2


@pytest.mark.integration  # MLflow takes seconds to import
def test_runs_is_a_dataframe_and_a_run_is_a_context(shell: Path) -> None:
    with e2e.run("baseline", params={"depth": 6}) as run:
        run.log_metric("rmse", 1.5)
        e2e.log_metric("loss", 0.5, 1)
        e2e.log_param("solver", "svd")
    kept = e2e.keep("after", metrics={"rmse": 2.0}, params={"depth": 3})
    assert (kept.status, kept.metrics) == ("finished", {"rmse": 2.0})
    table = e2e.runs()
    assert isinstance(table, pd.DataFrame)
    assert {"run", "status", "started", "rmse", "depth", "data", "id"} <= set(table.columns)
    assert table["run"].tolist() == ["after", "baseline"]
    assert {"id", "name", "status", "params", "metrics", "start", "end", "data", "pin"} <= set(kept.to_json())
