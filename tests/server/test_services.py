"""Services by the routes of the tab: real Bentos that are served, asked, compared, traced and stopped."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from tornado.httpclient import HTTPClientError

from e2e_lab import serving
from e2e_lab.project import Project
from tests.server.lab import done, table
from tests.server.test_light import HEAVY, SERVER

pytestmark = pytest.mark.integration

COLUMNS = {"month": "int64", "dep_delay": "double", "air time": "double", "origin": "string", "at": "timestamp"}


async def test_a_service_is_served_tried_compared_traced_and_stopped(asking: Any, lab: Project) -> None:
    stopped = (await asking("services/delay")).body
    assert (stopped["state"], stopped["ref"], stopped["url"], stopped["requests"]) == ("stopped", "delay@v1", None, 0)
    early = await asking("services/delay/predict", body={"rows": [{}]})
    assert (early.status, early.body["code"], early.body["hint"]) == (404, "service_not_found", "e2e serve delay")

    job = await done(asking, "serve", ref="delay@v1")
    assert (job["state"], job["error"]) == ("done", None)
    token = json.loads((lab.home / "services" / "delay.json").read_text("utf-8"))["token"]
    log = (await asking(f"jobs/{job['id']}/log")).body["text"]
    assert token not in json.dumps(job) + log
    served = (await asking("services")).body["items"][0]
    assert (served["state"], served["model"]) == ("serving", "delay@v1")
    assert token not in json.dumps(served)

    form = (await asking("services/delay/schema")).body
    assert {c["name"]: c["type"].partition("[")[0] for c in form["schema"]["columns"]} == COLUMNS
    assert [c["name"] for c in form["schema"]["columns"] if c["nullable"]] == [
        "dep_delay",
        "at",
    ]  # the model takes no time
    assert (len(form["rows"]), form["why"]) == (20, "")
    rows = form["rows"]
    X = table()
    known = X[(X["month"] == rows[0]["month"]) & np.isclose(X["air time"], rows[0]["air time"])]
    assert len(known) == 1  # a real row

    answer = (await asking("services/delay/predict", body={"rows": [rows[0], rows[-1]]})).body
    assert (answer["model"], len(answer["predictions"])) == ("delay@v1", 2)
    assert 0 < answer["seconds"] < 5
    said = {"rows": [rows[0], rows[-1]], "predictions": answer["predictions"]}
    same = (await asking("services/delay/compare", body=said)).body
    assert (same["equal"], same["why"]) == (True, "")
    wrong = {"rows": [rows[0]], "predictions": [answer["predictions"][0] + 0.5]}
    other = (await asking("services/delay/compare", body=wrong)).body
    assert (other["equal"], other["difference"]) == (False, pytest.approx(0.5))

    graph = (await asking("trace", subject=answer["id"])).body
    assert graph["missing"] == ["code of run baseline: it was not pinned"]
    depth = {node["name"]: (node["kind"], node["depth"]) for node in graph["nodes"]}
    assert depth[answer["id"]] == ("prediction", 0)
    assert depth["flights_clean@v1"] == ("snapshot", -4)
    assert depth["flights.csv"] == ("source", -6)
    ends = {node["id"]: node["depth"] for node in graph["nodes"]}
    assert all(ends[edge["source"]] < ends[edge["target"]] for edge in graph["edges"])

    log_page = (await asking("services/delay/predictions")).body
    assert [(one["id"], one["rows"], one["answers"]) for one in log_page["items"]] == [
        (answer["id"], 2, answer["predictions"])
    ]
    assert log_page["items"][0]["inputs"] is None  # nobody said that rows may be logged
    busy = (await asking("services/delay/traffic")).body
    assert (sum(busy["minutes"]), len(busy["minutes"]), busy["p50"]) == (1, 60, log_page["items"][0]["seconds"])
    assert (await asking("services/delay")).body["requests"] == 1

    told = await asking("services/delay/token", body={})
    assert told.body == {"token": token}
    pid = json.loads((lab.home / "services" / "delay.json").read_text("utf-8"))["pid"]
    assert (await asking("services/delay/stop", body={})).body["was_running"] is True
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    assert (await asking("services/delay")).body["state"] == "stopped"
    assert (await asking("services/delay/token", body={})).status == 404


async def test_a_refused_row_names_its_columns(asking: Any, lab: Project) -> None:
    assert (await done(asking, "serve", ref="delay"))["state"] == "done"
    row = (await asking("services/delay/schema")).body["rows"][0]
    bad = await asking("services/delay/predict", body={"rows": [row | {"month": "May", "origin": "SFO"}]})
    assert (bad.status, bad.body["code"]) == (400, "request_rejected")
    assert {one["column"] for one in bad.body["errors"]} == {"month", "origin"}
    none = await asking("services/delay/predict", body={"rows": [row | {"month": None}]})
    assert [one["column"] for one in none.body["errors"]] == ["month"]
    null = await asking("services/delay/predict", body={"rows": [row | {"dep_delay": None}]})
    same = {"rows": [row | {"dep_delay": None}], "predictions": null.body["predictions"]}
    assert (await asking("services/delay/compare", body=same)).body["equal"] is True


async def test_a_service_that_hangs_is_unreachable_and_can_be_stopped(asking: Any, lab: Project) -> None:
    await done(asking, "serve", ref="delay")
    process = psutil.Process(serving.endpoint(lab, "delay").service.pid)
    process.suspend()
    try:
        assert (await asking("services/delay")).body["state"] == "unreachable"
    finally:
        process.resume()
    assert (await asking("services/delay")).body["state"] == "serving"


async def test_a_service_belongs_to_the_server_whatever_the_wish_says(asking: Any, lab: Project) -> None:
    await done(asking, "serve", ref="delay", owner=1)
    pid = serving.endpoint(lab, "delay").service.pid
    words = psutil.Process(pid).cmdline()
    assert words[words.index("--owner") + 1].startswith(f"{psutil.Process().pid}:")


async def test_a_model_from_elsewhere_is_not_loaded_to_compare(asking: Any, lab: Project) -> None:
    row = (await asking("services/delay/schema")).body["rows"][0]
    (lab.home / "models.jsonl").unlink()  # as on a colleague's machine
    said = (await asking("services/delay/compare", body={"rows": [row], "predictions": [1.0]})).body
    assert said["equal"] is None
    assert "was not made in this project" in said["why"]


async def test_a_log_goes_on_where_it_was_read(asking: Any, lab: Project) -> None:
    empty = (await asking("services/delay/log")).body
    assert empty == {"text": "", "offset": 0, "next": 0}
    (lab.home / "services").mkdir(exist_ok=True)
    path = lab.home / "services" / "delay.log"
    path.write_text("one\ntwö\nhal", "utf-8")
    said = (await asking("services/delay/log")).body
    assert (said["text"], said["next"]) == ("one\ntwö\n", 9)
    path.write_text("one\ntwö\nhalf\n", "utf-8")
    assert (await asking("services/delay/log", offset="9")).body["text"] == "half\n"
    assert (await asking("services/delay/log", offset="999")).body["text"] == "one\ntwö\nhalf\n"
    for name in ("../e2e", "delay.json", "x"):
        assert (await asking(f"services/{name.replace('/', '%2F')}/log")).status == 404


async def test_a_log_is_streamed_as_it_comes_also_of_a_service_started_anew(
    asking: Any, lab: Project, jp_ws_fetch: Any
) -> None:
    (lab.home / "services").mkdir(exist_ok=True)
    path = lab.home / "services" / "delay.log"
    path.write_text("one\n", "utf-8")
    address = ("e2e-lab", "api", "services", "delay", "stream")
    stream = await jp_ws_fetch(*address, params={"project": "flights"})

    async def said() -> dict[str, Any]:
        return dict(json.loads(await asyncio.wait_for(stream.read_message(), 30)))

    assert await said() == {"type": "log", "text": "one\n", "offset": 0, "next": 4}
    with open(path, "a", encoding="utf-8") as file:
        file.write("two\n")
    assert await said() == {"type": "log", "text": "two\n", "offset": 4, "next": 8}
    anew = path.with_suffix(".new")
    anew.write_text("new\n", "utf-8")
    anew.replace(path)  # at once, so that it is never seen empty
    assert await said() == {"type": "log", "text": "new\n", "offset": 0, "next": 4}
    stream.close()
    with pytest.raises(HTTPClientError) as refused:
        await jp_ws_fetch("e2e-lab", "api", "services", "nothing", "stream", params={"project": "flights"})
    assert refused.value.code == 404


async def test_the_server_stays_light_with_models_and_services(lab: Project, jp_root_dir: Path, tmp_path: Path) -> None:
    looks = ["models", "packages", "services", "services/delay", "services/delay/log", "services/delay/schema",
             "services/delay/predictions", "services/delay/traffic", "trace?subject=delay@v1"]  # fmt: skip
    row = {"rows": [{"month": 1}], "predictions": [1.0]}
    changes = {"services/delay/compare": row, "jobs": {"kind": "serve", "args": {"ref": "delay"}},
               "services/delay/stop": {}}  # fmt: skip
    seen = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", SERVER, jp_root_dir, json.dumps(looks), json.dumps(changes)],
        check=False, capture_output=True, text=True, timeout=120, cwd=tmp_path,
    )  # fmt: skip
    assert seen.returncode == 0, seen.stderr
    said = json.loads(seen.stdout.splitlines()[-1])
    assert {noun: code for noun, code in said["said"].items() if code not in (200, 202)} == {}
    assert HEAVY & set(said["modules"]) == set()
