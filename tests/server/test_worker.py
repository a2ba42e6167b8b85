"""The process that reads tables, when it is killed, is slow, or is asked for too much."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from e2e_lab import storage
from e2e_lab.errors import WorkerLost
from e2e_lab.project import Project
from e2e_lab.workspace.tables import Worker, query, windows

ROWS = "datasets/flights/snapshots/v1/rows"


def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> Path:
    """A worker that goes wrong as *code* says; the file counts how often one was started."""
    started = tmp_path / "started"
    program = tmp_path / "worker.py"
    head = f"import json, os, sys, time\nstarts = open({str(started)!r}, 'a+'); starts.write('x'); starts.close()\n"
    program.write_text(head + f"starts = len(open({str(started)!r}).read())\n" + code, "utf-8")
    real = query.subprocess.Popen
    monkeypatch.setattr(query.subprocess, "Popen", lambda words, **how: real([sys.executable, str(program)], **how))
    return started


async def test_a_line_that_was_cut_short_keeps_nobody_waiting(
    data: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(
        tmp_path, monkeypatch,
        "sys.stdin.readline(); print('{\"ask\": 1, \"ans', end='', flush=True); os.kill(os.getpid(), 9)",
    )  # fmt: skip
    began = time.monotonic()
    with pytest.raises(WorkerLost, match="signal 9"):
        await Worker().ask("rows", data, storage.current(data, "flights"), {})
    assert time.monotonic() - began < 20


SLOW = """
for line in sys.stdin:
    said = json.loads(line)
    if said["what"] == "slow" or starts == 1:
        continue
    print(json.dumps({"ask": said["ask"], "answer": {"starts": starts}}), flush=True)
"""


async def test_who_waits_beside_a_question_that_takes_too_long_is_asked_again(
    data: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, monkeypatch, SLOW)
    worker = Worker(timeout=1.5)
    version = storage.current(data, "flights")
    slow = asyncio.ensure_future(worker.ask("slow", data, version, {}))
    await asyncio.sleep(0.7)
    quick = asyncio.ensure_future(worker.ask("rows", data, version, {}))
    with pytest.raises(WorkerLost, match="longer than"):
        await slow
    assert await quick == {"starts": 2}
    worker.stop()


async def test_only_the_worker_that_was_asked_is_ended(
    data: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(tmp_path, monkeypatch, SLOW)
    worker = Worker(timeout=1.0)
    slow = asyncio.ensure_future(worker.ask("slow", data, storage.current(data, "flights"), {}))
    await asyncio.sleep(0.3)
    worker._running, first = worker._start(), worker._running  # the first one was given up meanwhile
    second = worker.pid
    with pytest.raises(WorkerLost):
        await slow
    assert first is not None
    assert first.process.wait(5) == -9
    assert worker.pid == second
    worker.stop()


async def test_more_cells_than_a_page_can_hold_are_refused_with_a_smaller_number(
    ask: Any, data: Project, backend: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pandas as pd

    wide = pd.DataFrame({f"c{n}": [n] * 300 for n in range(1000)})
    storage.snapshot(data, wide, "wide", stage="raw")
    refused = await ask("datasets/wide/snapshots/v1/rows", project="flights", limit="300")
    assert (refused.status, refused.body["hint"]) == (400, "limit=200")
    assert (await ask("datasets/wide/snapshots/v1/rows", project="flights", limit="200")).status == 200
    few = await ask("datasets/wide/snapshots/v1/rows", project="flights", limit="300", column=["c1", "c2"])
    assert len(few.body["cells"][0]) == 300
    assert windows.MOST_CELLS == 200_000


async def test_the_environment_of_the_server_does_not_choose_the_project(
    ask: Any, data: Project, backend: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from e2e_lab import project as projects

    other, _ = projects.create(tmp_path / "other")
    monkeypatch.setenv("E2E_PROJECT", str(other.root))
    assert projects.find(data.root).root == other.root
    assert projects.around(data.root / "e2e.toml").root == data.root
    assert (await ask("status", project="flights")).body["project"] == "flights"
    assert (await ask(ROWS, project="flights")).status == 200
    body = {"kind": "export", "args": {"ref": "flights@v1", "path": "flights/out.parquet"}}
    begun = await ask("jobs", project="flights", body=body)
    from tests.server.test_jobs import over

    assert (await over(ask, begun.body))["state"] == "done"


def test_a_long_list_is_cut_before_it_is_written_out() -> None:
    import pyarrow as pa

    from e2e_lab.workspace.tables.cells import LONGEST, cells

    long = pa.array([[list(range(1000))] * 3000, None, [[1]], []])
    began = time.perf_counter()
    first, *rest = cells(long)
    assert time.perf_counter() - began < 0.5
    assert isinstance(first, str)
    assert (len(first), first[-1], rest) == (LONGEST + 1, "…", [None, "[[1]]", "[]"])
    pairs = pa.array([[("a", 1), ("b", None)]], pa.map_(pa.string(), pa.int64()))
    assert cells(pairs) == ['[["a", 1], ["b", null]]']
    assert cells(pa.array([{"a": 1, "b": {"c": [None]}}])) == ['{"a": 1, "b": {"c": [null]}}']
    assert json.loads(str(cells(pa.array([list(range(50))]))[0])) == list(range(50))
