"""The gate of a service: who gets in, what a refused caller reads, what is logged."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest

from e2e_lab.models.shipped import e2e_gate
from e2e_lab.serving.predictions import is_id, time_of

ABOUT = {
    "service": "delay", "service_version": 2, "model": "delay", "model_version": 1, "run": "r1",
    "data": [{"name": "flights", "version": 1, "id": "abc"}], "schema": {"columns": [{"name": "dep_delay"}]},
}  # fmt: skip


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "e2e_model.json").write_text(json.dumps(ABOUT), "utf-8")
    (tmp_path / "e2e_page.html").write_text("<h1>{{title}}</h1>{{door}}", "utf-8")
    monkeypatch.setattr(e2e_gate, "HERE", tmp_path)
    monkeypatch.setenv("E2E_PREDICTION_LOG", str(tmp_path / "log"))
    return tmp_path


async def answering(_scope: Any, receive: Any, send: Any) -> None:
    await receive()
    request_id, answers = e2e_gate.ask(lambda rows: [0.5 for _ in rows], [1, 2])
    body = json.dumps({"id": request_id, "model": "delay@v1", "predictions": answers}).encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body[:9], "more_body": True})
    await send({"type": "http.response.body", "body": body[9:]})


async def failing(_scope: Any, _receive: Any, _send: Any) -> None:
    raise RuntimeError("the secret of the house")


def ask(
    app: Any, path: str = "/predict", method: str = "POST", body: bytes = b'{"rows": [{}, {}]}', **headers: str
) -> Any:
    scope = {
        "type": "http", "path": path, "method": method,
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": body}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(e2e_gate.Gate(app)(scope, receive, send))
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


def test_without_the_token_nothing_but_page_and_health_is_answered(
    shipped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("E2E_SERVICE_TOKEN", "right")
    for path in ("/predict", "/docs.json", "/metrics", "/schema.json", "/anything", "/livezz"):
        assert ask(answering, path)[0] == 401, path
        assert ask(answering, path, authorization="Bearer wrong")[0] == 401, path
        assert ask(answering, path, authorization="Basic right")[0] == 401, path
    assert ask(answering, "/", "GET")[0] == 200
    assert ask(answering, "/readyz", "GET")[0] == 200
    assert ask(answering, authorization="Bearer right")[0] == 200
    assert not (shipped / "log").exists() or len(list((shipped / "log").iterdir())) == 1


def test_only_the_named_hosts_reach_the_service(shipped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("E2E_SERVICE_HOSTS", "127.0.0.1,localhost,[::1]")
    assert ask(answering, host="evil.example:80")[0] == 403
    assert ask(answering, "/", "GET", host="evil.example")[0] == 403
    assert ask(answering)[0] == 403
    for host in ("127.0.0.1:4000", "LOCALHOST:80", "localhost", "[::1]:4000", "[::1]"):
        assert ask(answering, host=host)[0] == 200, host


def test_only_json_is_read(shipped: Path) -> None:
    for media in ("text/plain", "multipart/form-data; boundary=x", "application/vnd.bentoml+pickle"):
        assert ask(answering, content_type=media)[0] == 415, media
    assert ask(answering, content_type="application/json; charset=utf-8")[0] == 200


def test_an_answer_is_logged_before_it_leaves(shipped: Path) -> None:
    status, body = ask(answering)
    answer = json.loads(body)
    (log,) = (shipped / "log").iterdir()
    line = json.loads(log.read_text("utf-8"))
    assert status == 200
    assert log.stat().st_mode & 0o777 == 0o600
    assert (line["id"], line["predictions"]) == (answer["id"], [0.5, 0.5])
    assert (line["service"], line["version"], line["model"], line["model_version"]) == ("delay", 2, "delay", 1)
    assert (line["run"], line["data"], line["rows"]) == ("r1", ["abc"], 2)
    assert "inputs" not in line


def test_inputs_are_logged_only_when_asked_for(shipped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("E2E_LOG_INPUTS", "true")
    ask(answering, body=b'{"rows": [{"a": 1},\n {"a": null}]}')
    (log,) = (shipped / "log").iterdir()
    assert json.loads(log.read_text("utf-8"))["inputs"] == [{"a": 1}, {"a": None}]


def test_a_log_that_cannot_be_written_costs_no_answer(shipped: Path) -> None:
    (shipped / "log").write_text("a file where the folder would be", "utf-8")
    assert ask(answering)[0] == 200


def test_a_failure_is_told_with_an_id_and_nothing_else(shipped: Path) -> None:
    status, body = ask(failing)
    told = json.loads(body)
    assert status == 500
    assert is_id(told["id"])
    assert set(told) == {"code", "message", "hint", "id"}
    assert b"secret" not in body


def test_the_log_begins_a_new_file_each_day(tmp_path: Path) -> None:
    log = e2e_gate.PredictionLog(tmp_path)
    day = 86_400_000
    for moment in (0, day - 1, day, 5 * day):
        log.write(moment, b"{}\n")
    names = sorted(path.name[:10] for path in tmp_path.iterdir())
    assert names == ["1970-01-01", "1970-01-02", "1970-01-06"]


def test_ids_sort_by_time_and_tell_it() -> None:
    now = time.time_ns() // 1_000_000
    ids = [e2e_gate.ulid(now + i) for i in range(200)]
    assert ids == sorted(ids)
    assert len({e2e_gate.ulid(now) for _ in range(1000)}) == 1000
    assert all(is_id(each) for each in ids)
    assert round(time_of(ids[7]).timestamp() * 1000) == now + 7


def rejected(errors: list[Any], sent: Any) -> dict[str, Any]:
    return e2e_gate.rejection(json.dumps({"detail": errors}).encode(), json.dumps(sent).encode(), ["dep_delay"])


def test_a_rejection_names_row_column_and_value() -> None:
    error = {"type": "float_type", "loc": ["rows", 1, "dep_delay"], "msg": "Input should be a valid number"}
    told = rejected([error], {"rows": [{}, {"dep_delay": "abc"}]})
    assert told["message"] == "row 1, column 'dep_delay': should be a valid number, got 'abc'"
    assert told["errors"][0] | {"message": ""} == {"row": 1, "column": "dep_delay", "type": "float_type", "message": ""}


def test_a_body_nested_without_end_is_rejected_in_words() -> None:
    told = e2e_gate.rejection(b"{}", b"[" * 200_000, ["dep_delay"])
    assert (told["code"], told["message"]) == ("request_rejected", "The body is nested too deeply.")


def test_a_misspelt_column_is_recognised() -> None:
    error = {"type": "extra_forbidden", "loc": ["rows", 0, "Dep_Delay"], "msg": ""}
    told = rejected([error], {"rows": [{"Dep_Delay": 1}]})
    assert "did you mean 'dep_delay'?" in told["message"]
    assert told["hint"] == "the columns are dep_delay"


def test_a_long_value_is_cut_short() -> None:
    error = {"type": "float_type", "loc": ["rows", 0, "dep_delay"], "msg": "Input should be a valid number"}
    assert len(rejected([error], {"rows": [{"dep_delay": "x" * 10_000}]})["message"]) < 200
