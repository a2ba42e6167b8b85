"""What counts as a running service, without starting one: states of the dead, of others, of copied projects."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from e2e_lab import models, serving
from e2e_lab import project as projects
from e2e_lab.errors import Damaged, PredictionNotFound, ServiceError, ServiceNotFound, UsageError
from e2e_lab.models.process import start_bento
from e2e_lab.models.shipped.e2e_gate import PredictionLog, ulid
from e2e_lab.project import Project
from e2e_lab.records import Ref
from e2e_lab.serving import running
from e2e_lab.serving.calling import Endpoint
from e2e_lab.serving.predictions import find_prediction, is_id


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    """Some process that runs."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield child
    child.kill()
    child.wait()


def write_state(project: Project, pid: int, *, started: float | None = None, name: str = "delay") -> Path:
    path = project.home / "services" / f"{name}.json"
    state = {
        "name": name, "version": 1, "model": name, "model_version": 1, "url": "http://127.0.0.1:9", "pid": pid,
        "started": psutil.Process(pid).create_time() if started is None else started, "state": "running",
        "since": datetime.now(UTC).isoformat(), "log": "x", "token": "sesame", "project": project.id, "bento": "",
    }  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(state), "utf-8")
    return path


def test_a_living_process_is_a_service(project: Project, process: subprocess.Popen[bytes]) -> None:
    write_state(project, process.pid)
    assert [service.name for service in serving.services(project)] == ["delay"]


def test_a_reused_pid_is_not_taken_for_the_service(project: Project, process: subprocess.Popen[bytes]) -> None:
    path = write_state(project, process.pid, started=psutil.Process(process.pid).create_time() - 100)
    assert len(serving.services(project)) == 0
    assert not path.exists()
    assert process.poll() is None


def test_a_copied_project_does_not_claim_the_services_of_the_original(
    project: Project, process: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    write_state(project, process.pid)
    shutil.copytree(project.root, tmp_path / "copy")
    copy = projects.find(tmp_path / "copy")
    assert len(serving.services(copy)) == 0
    with pytest.raises(ServiceNotFound):
        serving.stop(copy, "delay")
    assert process.poll() is None
    assert len(serving.services(project)) == 1


def test_stop_ends_that_process_and_is_done_when_repeated(project: Project, process: subprocess.Popen[bytes]) -> None:
    write_state(project, process.pid)
    assert serving.stop(project, "delay").was_running
    assert process.wait(5) == -15
    with pytest.raises(ServiceNotFound):
        serving.stop(project, "delay")


def test_a_process_that_ignores_the_request_is_forced(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("e2e_lab.models.process.GRACE_SECONDS", 0.3)
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        write_state(project, child.pid)
        serving.stop(project, "delay")
        assert child.wait(5) == -9


@pytest.mark.parametrize("name", ["dela", "../../etc/passwd", "", "Delay", "a/b"])
def test_an_unknown_service_is_refused(project: Project, process: subprocess.Popen[bytes], name: str) -> None:
    write_state(project, process.pid)
    with pytest.raises(ServiceNotFound) as refused:
        serving.stop(project, name)
    with pytest.raises(ServiceNotFound):
        serving.endpoint(project, name)
    if name == "dela":
        assert "Did you mean delay?" in str(refused.value)
    assert process.poll() is None


def test_a_damaged_state_is_named(project: Project) -> None:
    path = project.home / "services" / "delay.json"
    path.parent.mkdir(parents=True)
    path.write_text("{", "utf-8")
    with pytest.raises(Damaged, match=r"delay\.json"):
        serving.services(project)


def test_the_token_is_in_no_text_of_an_endpoint(project: Project, process: subprocess.Popen[bytes]) -> None:
    write_state(project, process.pid)
    endpoint = serving.endpoint(project, "delay")
    assert endpoint.token == "sesame"
    shown = [str(endpoint), repr(endpoint), json.dumps(endpoint.to_json()), f"{endpoint.service}", f"{endpoint.view()}"]
    assert not any("sesame" in text for text in shown)
    assert endpoint.with_notes(("packaged",)).notes == ("packaged",)


def test_a_service_that_does_not_answer_is_told_with_the_way_out(
    project: Project, process: subprocess.Popen[bytes]
) -> None:
    write_state(project, process.pid)
    endpoint: Endpoint = serving.endpoint(project, "delay")
    process.kill()
    process.wait()
    with pytest.raises(ServiceError) as refused:
        endpoint.predict([{"x": 1}])
    assert refused.value.hint == "e2e serve delay"
    assert not endpoint.alive


def test_a_port_that_is_taken_is_named(project: Project) -> None:
    import socket

    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        with pytest.raises(ServiceError, match=f"Port {port} cannot be had"):
            start_bento(project, project.root, token="t", log=project.home / "x.log", port=port)
    with pytest.raises(ServiceError, match="Port 70000"):
        start_bento(project, project.root, token="t", log=project.home / "x.log", port=70000)


def test_a_process_that_ends_while_it_starts_says_why(project: Project) -> None:
    with pytest.raises(ServiceError, match="ended while it started") as refused:
        start_bento(project, project.root / "nothing", token="t", log=project.home / "x.log")
    assert "nothing" in str(refused.value)


def test_no_package_is_told_with_what_there_is(project: Project) -> None:
    assert models.packages(project) == ()
    with pytest.raises(ServiceNotFound, match="There is no package 'delay'"):
        models.find_package(project, Ref.parse("delay"))


# ---- the prediction log --------------------------------------------------------------------------------------


def log_line(project: Project, moment: int, service: str = "delay") -> str:
    log = PredictionLog(project.home / "predictions" / service)
    line = {
        "id": ulid(moment), "time": "2026-11-22T00:00:00Z", "service": service, "version": 1, "model": "delay",
        "model_version": 2, "run": "r", "data": ["a"], "rows": 1, "seconds": 0.01, "predictions": [{"p": 0.5}],
    }  # fmt: skip
    log.write(moment, json.dumps(line).encode() + b"\n")
    return str(line["id"])


def test_a_prediction_is_found_by_its_id_in_any_service(project: Project) -> None:
    day = 86_400_000
    ids = [log_line(project, day * i, service) for i in range(20000, 20003) for service in ("a", "b")]
    for each in ids:
        found = find_prediction(project, each.lower())
        assert (found.id, found.predictions, found.inputs) == (each, ({"p": 0.5},), None)


def test_an_id_that_nobody_answered_is_not_found(project: Project) -> None:
    known = log_line(project, 1_700_000_000_000)
    with pytest.raises(PredictionNotFound, match="2023-11-14"):
        find_prediction(project, known[:-1] + ("0" if known[-1] != "0" else "1"))
    with pytest.raises(PredictionNotFound):
        find_prediction(project, "7" + "Z" * 25)


@pytest.mark.parametrize("wrong", ["", "x", "../../../etc/passwd", "U" * 26, "8" + "0" * 25, "0" * 27])
def test_what_is_no_id_is_refused(project: Project, wrong: str) -> None:
    assert not is_id(wrong)
    with pytest.raises(UsageError):
        find_prediction(project, wrong)


def test_a_line_that_was_cut_short_spoils_itself_alone(project: Project) -> None:
    wanted = log_line(project, 1_700_000_000_000)
    (path,) = (project.home / "predictions" / "delay").iterdir()
    path.write_bytes(b'{"id": "' + wanted.encode() + b'", "ti\n' + path.read_bytes())
    assert find_prediction(project, wanted).id == wanted


def test_the_rooms_faces_import_nothing_heavy() -> None:
    code = (
        "import sys, e2e_lab.models, e2e_lab.serving; from e2e_lab.serving import services, endpoint; "
        "from e2e_lab.models import packages, find_package; "
        "print([m for m in ('mlflow', 'bentoml', 'pandas', 'pyarrow', 'numpy', 'sklearn', 'git') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_is_logged_is_said_until_it_was_chosen_or_once_served(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert running._inputs_never_chosen(project, "delay")
    monkeypatch.setenv("E2E_LOG_INPUTS", "false")
    assert not running._inputs_never_chosen(project, "delay")
    monkeypatch.delenv("E2E_LOG_INPUTS")
    (project.home / "predictions" / "delay").mkdir(parents=True)
    assert not running._inputs_never_chosen(project, "delay")
    assert running._inputs_never_chosen(project, "fares")
