"""Datasets, versions, rows, columns, differences and lineage, as the panels ask for them."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path
from typing import Any

import psutil
import pytest

from e2e_lab import storage
from e2e_lab.project import Project
from tests.conftest import eventually, git

FLIGHTS = "datasets/flights/snapshots"
EVIL = "<script>alert(1)</script>"


# ---- listings ------------------------------------------------------------------------------------------------


async def test_datasets_are_listed_raw_first_with_what_a_line_shows(ask: Any, data: Project) -> None:
    answer = await ask("datasets", project="flights")
    assert (answer.status, answer.body["total"]) == (200, 2)
    flights, late = answer.body["items"]
    assert (flights["ref"], flights["stage"], flights["rows"], flights["columns"]) == ("flights@v2", "raw", 4, 4)
    assert (flights["versions"], flights["message"], flights["source"]) == (2, "with hours", "flights.csv")
    assert flights["bytes"] > 0
    assert (late["ref"], late["stage"]) == ("late@v1", "processed")


async def test_listings_come_in_pages_and_are_narrowed(ask: Any, data: Project) -> None:
    page = await ask("datasets", project="flights", limit="1", offset="1")
    assert [d["name"] for d in page.body["items"]] == ["late"]
    assert (page.body["total"], page.body["limit"], page.body["offset"]) == (2, 1, 1)
    assert (await ask("datasets", project="flights", offset="9")).body["items"] == []
    raw = await ask("datasets", project="flights", stage="raw")
    assert [d["name"] for d in raw.body["items"]] == ["flights"]
    found = await ask("datasets", project="flights", match="LA")
    assert [d["name"] for d in found.body["items"]] == ["late"]


async def test_a_word_that_does_not_fit_is_a_bad_request(ask: Any, data: Project) -> None:
    for words in (
        {"limit": "x"}, {"limit": "-1"}, {"limit": "1001"}, {"offset": "9" * 30}, {"offset": "1.5"},
        {"stage": "cooked"}, {"limit": "²"},
    ):  # fmt: skip
        answer = await ask("datasets", project="flights", **words)
        assert (answer.status, answer.body["code"]) == (400, "usage"), words
        assert answer.body["hint"], words


async def test_the_saved_mark_follows_git(ask: Any, data: Project, backend: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("e2e_lab.workspace.server.data.GIT_SECONDS", 0.001)
    before = await ask("datasets/flights", project="flights")
    assert before.body["saved"] is False
    git(data.root, "add", ".")
    git(data.root, "commit", "-q", "-m", "data")
    assert (await ask("datasets/flights", project="flights")).body["saved"] is True


async def test_a_record_that_git_puts_back_is_seen(ask: Any, data: Project) -> None:
    assert (await ask("datasets", project="flights")).body["total"] == 2
    record = data.root / "data" / "processed" / "late.json"
    text = record.read_bytes()
    record.unlink()
    assert (await ask("datasets", project="flights")).body["total"] == 1
    record.write_bytes(text)
    assert (await ask("datasets", project="flights")).body["total"] == 2


async def test_versions_are_a_timeline_with_what_each_changed(ask: Any, data: Project) -> None:
    answer = await ask(FLIGHTS, project="flights")
    two, one = answer.body["items"]
    assert (two["ref"], two["selector"], two["current"], two["stored"]) == ("flights@v2", "v2", True, True)
    assert re.fullmatch(r"\+1 column · \+[\d.]+ k?B", two["change"])
    assert (one["change"], one["current"], one["previous"]) == ("", False, None)
    assert one["origin"] == {"notebook": "flights.ipynb", "cell": "first"}
    again = await ask(f"{FLIGHTS}/v1", project="flights")
    assert again.body == one


async def test_a_version_whose_bytes_are_elsewhere_says_so(ask: Any, data: Project, monkeypatch: Any) -> None:
    import shutil

    shutil.rmtree(data.home / "store" / "snapshots")
    one = (await ask(f"{FLIGHTS}/v1", project="flights")).body
    assert (one["stored"], one["bytes"]) == (False, None)


async def test_the_badges_of_a_notebook_are_known_after_a_reload(ask: Any, data: Project) -> None:
    answer = await ask("origins", project="flights", notebook="flights/flights.ipynb")
    assert [(one["cell"], one["ref"]) for one in answer.body["items"]] == [("first", "flights@v1")]
    assert (await ask("origins", project="flights", notebook="flights/other.ipynb")).body == {"items": []}
    assert (await ask("origins", project="flights")).status == 400
    assert (await ask("origins", project="flights", notebook="../x.ipynb")).status == 400


async def test_a_difference_tells_schema_rows_and_bytes(ask: Any, data: Project) -> None:
    answer = await ask("diff", project="flights", dataset="flights", a="v1", b="v2")
    assert answer.body["schema"] == [{"name": "hour", "change": "added", "before": None, "after": "int64"}]
    assert (answer.body["rows"], answer.body["columns"], answer.body["same"]) == (0, 1, False)
    assert answer.body["bytes"] > 0
    assert answer.body["summary"] == (await ask(f"{FLIGHTS}/v2", project="flights")).body["change"]
    back = await ask("diff", project="flights", dataset="flights", a="v2", b="v1")
    assert (back.body["bytes"], back.body["summary"]) == (None, "−1 column")
    same = await ask("diff", project="flights", dataset="flights", a="v2", b="v2")
    assert (same.body["same"], same.body["summary"]) == (True, "the same content")
    assert (await ask("diff", project="flights", dataset="flights", a="v1")).status == 400
    assert (await ask("diff", project="flights", dataset="flights", a="v1", b="v9")).body["code"] == "version_not_found"


async def test_a_number_that_two_branches_gave_is_no_selector(ask: Any, data: Project) -> None:
    import pandas as pd

    first, second = storage.versions(data, "flights")
    storage.reinstate(data, first)
    other = storage.snapshot(data, pd.DataFrame({"carrier": ["UA"]}), "flights", stage="raw", author="Ada")
    assert other.version == second.version
    timeline = (await ask(FLIGHTS, project="flights")).body["items"]
    assert {one["selector"] for one in timeline} == {f"id:{other.id}", f"id:{second.id}", "v1"}
    found = (await ask("diff", project="flights", dataset="flights", a="v1", b=f"id:{second.id}")).body
    assert (found["a"]["selector"], found["b"]["selector"]) == ("v1", f"id:{second.id}")
    assert (found["a"]["current"], found["b"]["current"]) == (False, False)


async def test_lineage_leads_back_to_the_file_and_on_to_what_was_made(ask: Any, data: Project) -> None:
    graph = (await ask(f"{FLIGHTS}/v1/lineage", project="flights")).body
    depths = {node["name"]: node["depth"] for node in graph["nodes"]}
    assert depths == {"flights.csv": -1, "flights@v1": 0, "late@v1": 1}
    names = {node["id"]: node["name"] for node in graph["nodes"]}
    edges = {(names[edge["source"]], names[edge["target"]]) for edge in graph["edges"]}
    assert edges == {("flights.csv", "flights@v1"), ("flights@v1", "late@v1")}
    assert names[graph["focus"]] == "flights@v1"


# ---- changes -------------------------------------------------------------------------------------------------


async def test_a_dataset_is_renamed_removed_and_brought_back(ask: Any, data: Project) -> None:
    renamed = await ask("datasets/late/rename", project="flights", body={"new": "delayed"})
    assert renamed.body == {"old": "late", "new": "delayed"}
    removed = await ask("datasets/delayed", project="flights", method="DELETE")
    assert (removed.status, removed.body["version"]) == (200, 1)
    assert (await ask("datasets/delayed", project="flights")).body["code"] == "dataset_not_found"
    versions = await ask("datasets/delayed/snapshots", project="flights")
    assert [version["current"] for version in versions.body["items"]] == [False]
    back = await ask("datasets/delayed/restore", project="flights", body={"selector": "v1"})
    assert (back.status, back.body["saved"], back.body["revision"]) == (200, None, "delayed@v1")
    assert (await ask("datasets/delayed", project="flights")).status == 200


async def test_an_old_version_is_current_again_and_the_answer_says_how_to_undo(ask: Any, data: Project) -> None:
    done = await ask("datasets/flights/restore", project="flights", body={"selector": "v1"})
    assert done.body["saved"] == "flights@v2"
    assert (await ask("datasets/flights", project="flights")).body["version"] == 1
    undone = await ask("datasets/flights/restore", project="flights", body={"selector": "v2"})
    assert undone.status == 200
    assert (await ask("datasets/flights", project="flights")).body["version"] == 2


async def test_a_wish_that_is_not_understood_changes_nothing(ask: Any, data: Project) -> None:
    for body in ({}, {"new": 3}, {"new": "x", "more": 1}, [], {"new": None}):
        answer = await ask("datasets/late/rename", project="flights", body=body)
        assert (answer.status, answer.body["code"]) == (400, "usage"), body
    assert set(storage.records(data)) == {"flights", "late"}


async def test_a_name_that_no_dataset_may_have_is_refused(ask: Any, data: Project) -> None:
    for new in ("../evil", EVIL, "flights", "", "a" * 80, "data/raw/x", "\u202eevil"):
        answer = await ask("datasets/late/rename", project="flights", body={"new": new})
        assert answer.status == 400, new
    assert set(storage.records(data)) == {"flights", "late"}


NAMES = (
    "nowhere", "..", "%2e%2e", "..%2f..%2fetc", "%2fetc%2fpasswd", "%3Cscript%3E", "%00", "%ff", "%E2%80%AE", "a" * 300
)  # fmt: skip


async def test_a_name_in_an_address_leads_nowhere_else(
    jp_base_url: str, http_server_client: Any, jp_auth_header: Any, data: Project
) -> None:
    for name in NAMES:
        for rest in ("", "/snapshots", "/snapshots/v1", "/snapshots/v1/rows"):
            url = f"{jp_base_url}e2e-lab/api/datasets/{name}{rest}?project=flights"
            got = await http_server_client.fetch(url, headers=jp_auth_header, raise_error=False)
            assert got.code in (400, 404), url
            assert b"Traceback" not in got.body, url
            assert b"<script>" not in got.body or got.headers["Content-Type"].startswith("application/json"), url


async def test_a_version_that_is_not_there_is_not_found(ask: Any, data: Project) -> None:
    for selector in ("v9", "v0", "nonsense", "id:ffffffff", "2001-01-01", "git:HEAD~9", "--help"):
        answer = await ask(f"{FLIGHTS}/{selector}", project="flights")
        assert (answer.status, answer.body["code"]) == (404, "version_not_found"), selector


# ---- rows and columns ----------------------------------------------------------------------------------------


async def test_rows_are_windows_of_cells_that_json_can_carry(ask: Any, data: Project, backend: Any) -> None:
    answer = await ask(f"{FLIGHTS}/v2/rows", project="flights", offset="1", limit="2")
    assert (answer.status, answer.body["total"], answer.body["offset"]) == (200, 4, 1)
    columns = {column["name"]: cells for column, cells in zip(answer.body["columns"], answer.body["cells"])}
    assert columns == {
        "carrier": ["AA", "B6"], "delay": [40.5, None], "day": ["2013-01-01 00:00:00"] * 2, "hour": [6, 7]
    }  # fmt: skip
    assert [column["kind"] for column in answer.body["columns"]] == ["text", "number", "time", "number"]
    end = await ask(f"{FLIGHTS}/v2/rows", project="flights", offset="99", column="hour")
    assert (end.body["offset"], end.body["cells"]) == (4, [[]])
    refused = await ask(f"{FLIGHTS}/v2/rows", project="flights", column="hours")
    assert (refused.status, refused.body["hint"]) == (400, "column=hour")


async def test_any_window_of_a_wide_table_is_what_the_table_has(ask: Any, flights: Project, backend: Any) -> None:
    import numpy as np
    import pandas as pd

    values = np.arange(3000 * 70).reshape(3000, 70)
    wide = pd.DataFrame(values, columns=[f"c{n}" for n in range(69)] + ["c0"])  # two columns of one name
    storage.snapshot(flights, wide, "wide", stage="raw")
    for offset, limit in ((0, 5), (1020, 10), (2995, 100), (2047, 1)):
        answer = await ask("datasets/wide/snapshots/v1/rows", project="flights", offset=offset, limit=limit)
        assert np.array_equal(np.array(answer.body["cells"]).T, values[offset : offset + limit])
    same = await ask("datasets/wide/snapshots/v1/rows", project="flights", column=["c0", "c5"], offset=1000, limit=2)
    assert same.body["cells"] == [values[1000:1002, n].tolist() for n in (0, 69, 5)]


async def test_columns_tell_nulls_range_and_what_is_frequent(ask: Any, data: Project, backend: Any) -> None:
    answer = await ask(f"{FLIGHTS}/v2/columns", project="flights")
    found = {one["name"]: one for one in answer.body["items"]}
    assert (found["carrier"]["nulls"], found["carrier"]["distinct"]) == (1, 3)
    assert {one["value"] for one in found["carrier"]["top"]} == {"UA", "AA", "B6"}
    assert (found["delay"]["low"], found["delay"]["high"], sum(found["delay"]["counts"])) == (-6.0, 40.5, 3)
    assert found["day"]["low"] == "2013-01-01 00:00:00"
    assert found["hour"]["mean"] == 6.5
    again = await ask(f"{FLIGHTS}/v2/columns", project="flights", column=["hour", "delay"])
    assert [one["name"] for one in again.body["items"]] == ["hour", "delay"]


async def test_values_that_look_like_html_are_only_text(ask: Any, flights: Project, backend: Any) -> None:
    import pandas as pd

    storage.snapshot(flights, pd.DataFrame({EVIL: [EVIL, "é\u202e\x00"]}), "evil", stage="raw")
    answer = await ask("datasets/evil/snapshots/v1/rows", project="flights")
    assert answer.body["columns"][0]["name"] == EVIL
    assert answer.body["cells"] == [[EVIL, "é\u202e\x00"]]
    assert (await ask("datasets/evil/snapshots/v1/columns", project="flights")).body["items"][0]["name"] == EVIL


async def test_a_worker_killed_over_a_question_is_said_and_the_next_one_answers(
    ask: Any, data: Project, backend: Any
) -> None:
    import asyncio

    assert (await ask(f"{FLIGHTS}/v1/rows", project="flights")).status == 200
    first = backend.worker.pid
    os.kill(first, signal.SIGSTOP)  # it has the question, and will never answer
    waiting = asyncio.ensure_future(ask(f"{FLIGHTS}/v2/rows", project="flights"))
    await asyncio.sleep(0.3)
    os.kill(first, signal.SIGKILL)
    lost = await waiting
    assert (lost.status, lost.body["code"]) == (503, "worker")
    assert (await ask(f"{FLIGHTS}/v2/rows", project="flights")).status == 200
    assert backend.worker.pid != first


async def test_a_question_that_takes_too_long_is_given_up(ask: Any, data: Project, backend: Any) -> None:
    assert (await ask(f"{FLIGHTS}/v1/rows", project="flights")).status == 200
    backend.worker.timeout = 0.2
    os.kill(backend.worker.pid, signal.SIGSTOP)
    lost = await ask(f"{FLIGHTS}/v2/rows", project="flights")
    assert (lost.status, lost.body["code"]) == (503, "worker")
    assert "longer" in lost.body["message"]


async def test_a_question_of_a_page_that_was_left_is_dropped(
    ask: Any, data: Project, backend: Any, jp_http_port: int, jp_base_url: str, jp_auth_header: dict[str, str],
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    import asyncio

    assert (await ask(f"{FLIGHTS}/v1/rows", project="flights")).status == 200
    os.kill(backend.worker.pid, signal.SIGSTOP)
    _, page = await asyncio.open_connection("127.0.0.1", jp_http_port)
    path = f"{jp_base_url}e2e-lab/api/{FLIGHTS}/v2/columns?project=flights"
    token = jp_auth_header["Authorization"]
    page.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {token}\r\n\r\n".encode())
    await page.drain()
    await asyncio.sleep(0.3)
    assert len(backend.worker._running.open) == 1
    (asked,) = backend.worker._running.open.values()
    page.close()
    await page.wait_closed()
    await asyncio.sleep(0.3)
    assert asked.cancelled()
    os.kill(backend.worker.pid, signal.SIGCONT)
    assert (await ask(f"{FLIGHTS}/v2/rows", project="flights")).status == 200
    assert backend.worker._running.open == {}
    assert "Traceback" not in caplog.text


@pytest.mark.integration
async def test_an_idle_worker_goes_home_and_another_one_comes(ask: Any, data: Project, backend: Any) -> None:
    backend.worker.idle = 1.0
    assert (await ask(f"{FLIGHTS}/v1/rows", project="flights")).status == 200
    first = backend.worker.pid
    import asyncio

    for _ in range(50):
        if backend.worker.pid is None:
            break
        await asyncio.sleep(0.1)
    assert not psutil.pid_exists(first)
    assert (await ask(f"{FLIGHTS}/v1/rows", project="flights")).status == 200


@pytest.mark.integration
def test_a_worker_ends_with_its_server(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = (
        "from e2e_lab.workspace.tables import Worker; import time;"
        "w = Worker(); w._running = w._start(); print(w.pid, flush=True); time.sleep(60)"
    )
    server = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert server.stdout is not None
    worker = int(server.stdout.readline())
    server.kill()
    server.wait()
    server.stdout.close()
    eventually(lambda: not psutil.pid_exists(worker) or psutil.Process(worker).status() == "zombie", 15)
