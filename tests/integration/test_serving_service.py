"""A packaged model as a running service: asked right and wrong, by many at once, logged, traced, replaced, ended."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import psutil
import pytest
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder

from e2e_lab import experiments, models, serving, storage, versioning
from e2e_lab import project as projects
from e2e_lab.errors import NotFound, PredictionNotFound, RequestRejected, ServiceError, VersionNotFound
from e2e_lab.models.requests import table_of
from e2e_lab.records import DataUse, ModelVersion, Package, Run, Trail
from e2e_lab.serving import Endpoint

pytestmark = pytest.mark.integration

ROW = {"month": 1, "dep_delay": None, "air time": 100.5, "origin": "EWR", "carrier": "UA", "at": "2013-01-01T05:00:00Z"}


def table(rows: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "month": rng.integers(1, 13, rows),
            "dep_delay": rng.normal(10, 30, rows),
            "air time": rng.normal(100, 30, rows),
            "origin": pd.Categorical(rng.choice(["EWR", "JFK", "LGA"], rows)),
            "carrier": rng.choice(["UA", "AA", "DL"], rows),
            "at": pd.date_range("2013-01-01", periods=rows, freq="h", tz="UTC"),
        }
    )
    frame.loc[::7, "dep_delay"] = np.nan
    return frame


def fitted(X: pd.DataFrame, slope: float = 1.0) -> Pipeline:
    columns = make_column_transformer(
        (SimpleImputer(), ["dep_delay"]),
        ("passthrough", ["month", "air time"]),
        (OneHotEncoder(handle_unknown="error"), ["origin", "carrier"]),
    )
    return make_pipeline(columns, LinearRegression()).fit(X, slope * X["dep_delay"].fillna(0) + X["month"])


class Lab:
    """A project whose data, code, run, model and packages lead back to one CSV file."""

    def __init__(self, root: Path) -> None:
        root.mkdir()
        subprocess.run(["git", "init", "-q", "-b", "main", str(root)], check=True)
        for key, value in (("user.name", "Ada"), ("user.email", "ada@example.org")):
            subprocess.run(["git", "-C", str(root), "config", key, value], check=True)
        self.project, _ = projects.create(root, name="flights")
        (root / ".gitignore").write_text("/.e2e/\n", "utf-8")
        self.X = table()
        self.X.to_csv(root / "flights.csv", index=False)
        self.raw = storage.ingest(self.project, root / "flights.csv", "flights")
        self.clean = storage.snapshot(
            self.project, self.X, "flights_clean", stage="processed", parents=[self.raw.as_parent]
        )
        self.run = self._kept("baseline", 1.0)
        self.version = models.register(self.project, self.run, "delay", alias="champion")
        self.package = models.package(self.project, self.version)

    def _kept(self, name: str, slope: float) -> Run:
        trail = Trail(notebook="flights.ipynb", cell="c3", cells=("import pandas as pd", "X = …", "%e2e keep baseline"))
        pin = versioning.pin(self.project, name, trail=trail)
        data = [DataUse(name=self.clean.name, version=self.clean.version, id=self.clean.id)]
        run = experiments.keep(
            self.project, name, model=fitted(self.X, slope), X=self.X, metrics={"rmse": 3.25}, params={"slope": slope},
            data=data, pin=pin, trail=trail,
        )  # fmt: skip
        experiments.kept_model(self.project, run)
        return experiments.find_run(self.project, run.id)

    def next_package(self) -> tuple[ModelVersion, Package]:
        version = models.register(self.project, self._kept("deeper", 2.0), "delay")
        return version, models.package(self.project, version)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return Lab(tmp_path_factory.mktemp("lab") / "work")


@pytest.fixture
def endpoint(lab: Lab) -> Endpoint:
    """The service; the same process for all tests that do not end it."""
    return serving.serve(lab.project, lab.package, owner=os.getpid())


@pytest.fixture(scope="module", autouse=True)
def nothing_is_left_running(lab: Lab) -> Iterator[None]:
    yield
    for service in serving.services(lab.project):
        serving.stop(lab.project, service.name)
    workers = [p for p in psutil.Process().children(recursive=True) if p.status() != "zombie"]
    assert [p for p in workers if "worker.py" in " ".join(p.cmdline())] == []


def ask(
    endpoint: Endpoint, body: Any = None, path: str = "/predict", method: str = "POST", **headers: str
) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", int(endpoint.url.rpartition(":")[2]), timeout=30)
    sent = body if isinstance(body, bytes | str | None) else json.dumps(body)
    standard = {"Authorization": f"Bearer {endpoint.token}", "Content-Type": "application/json"}
    connection.request(method, path, sent, standard | {k.replace("_", "-"): v for k, v in headers.items()})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, json.loads(content) if content[:1] in (b"{", b"[") else content


# ---- answers -------------------------------------------------------------------------------------------------


def test_the_service_answers_as_the_model_does_in_the_kernel(lab: Lab, endpoint: Endpoint) -> None:
    X = lab.X.head(50)
    expected = fitted(lab.X).predict(X).tolist()
    for rows in (X, pl.from_arrow(table_of(X)), X.to_dict("records"), models.rows_of(X)):
        answer = endpoint.predict(rows)
        assert answer["predictions"] == pytest.approx(expected, rel=1e-12)
        assert answer["model"] == "delay@v1"
    assert ask(endpoint, {"rows": [ROW]})[0] == 200


def test_a_missing_value_may_be_null_or_left_out(endpoint: Endpoint) -> None:
    short = {name: value for name, value in ROW.items() if value is not None}
    assert ask(endpoint, {"rows": [ROW]})[1]["predictions"] == ask(endpoint, {"rows": [short]})[1]["predictions"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"dep_delay": "abc"}, "row 1, column 'dep_delay': should be a valid number, got 'abc'"),
        ({"dep_delay": "1.5"}, "row 1, column 'dep_delay': should be a valid number, got '1.5'"),
        ({"month": True}, "row 1, column 'month': should be a valid integer, got true"),
        ({"month": 10**30}, f"row 1, column 'month': should be less than 9223372036854775808, got {10**30}"),
        ({"month": None}, "row 1, column 'month': should be a valid integer, got null"),
        ({"air time": float("nan")}, "row 1, column 'air time': should be a finite number, got NaN"),
        ({"air time": float("inf")}, "row 1, column 'air time': should be a finite number, got Infinity"),
        ({"air time": {"a": 1}}, "row 1, column 'air time': should be a valid number"),
        ({"origin": "XYZ"}, "row 1, column 'origin': should be 'EWR', 'JFK' or 'LGA', got 'XYZ'"),
        ({"carrier": 5}, "row 1, column 'carrier': should be a valid string, got 5"),
        ({"at": "yesterday"}, "row 1, column 'at': should be a time with a zone, like 2013-01-31T05:00:00Z, got 'yest"),
        ({"at": "2013-01-01T05:00:00"}, "row 1, column 'at': should be a time with a zone"),
        ({"air_time": 1.0}, "row 1, column 'air_time': is not a column of this model"),
        ({"Month": 1}, "row 1, column 'Month': is not a column of this model; did you mean 'month'?"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused_by_row_column_and_value(
    endpoint: Endpoint, change: dict[str, Any], said: str
) -> None:
    status, told = ask(endpoint, {"rows": [ROW, ROW | change]})
    assert status == 400
    assert told["code"] == "request_rejected"
    assert told["message"].startswith(said)
    assert told["hint"]
    assert (told["errors"][0]["row"], told["errors"][0]["column"]) == (1, next(iter(change)))


def test_a_missing_column_is_named(endpoint: Endpoint) -> None:
    status, told = ask(endpoint, {"rows": [{name: value for name, value in ROW.items() if name != "air time"}]})
    assert (status, told["message"]) == (400, "row 0, column 'air time': is missing")
    assert told["hint"] == "the columns are month, dep_delay, air time, origin, carrier, at"


@pytest.mark.parametrize(
    "body",
    ["", "{nope", "[]", "null", '"rows"', "{}", '{"rows": []}', '{"rows": {}}', '{"rows": [1]}', '{"rows": null}',
     b"\xff\xfe\x00", '{"rows": [{}], "more": 1}', {"rows": [ROW], "rows2": []}, {"rows": [ROW] * 10_001}],
)  # fmt: skip
def test_a_body_that_is_no_rows_is_a_4xx_with_a_message(endpoint: Endpoint, body: Any) -> None:
    status, told = ask(endpoint, body)
    assert (status, told["code"]) == (400, "request_rejected")
    assert told["message"]
    assert told["hint"]


def test_rows_that_the_model_itself_refuses_are_a_4xx_with_an_id_and_no_trace(endpoint: Endpoint) -> None:
    status, told = ask(endpoint, {"rows": [ROW | {"carrier": "ZZ"}]})
    assert status == 422
    assert "ZZ" in told["message"]
    assert set(told) == {"code", "message", "hint", "id"}
    assert "Traceback" not in json.dumps(told)


def test_the_library_tells_the_services_words(endpoint: Endpoint) -> None:
    with pytest.raises(RequestRejected, match="row 0, column 'dep_delay': should be a valid number, got 'abc'"):
        endpoint.predict([ROW | {"dep_delay": "abc"}])


# ---- who gets in ---------------------------------------------------------------------------------------------


def test_without_the_token_there_is_no_answer(endpoint: Endpoint) -> None:
    for given in ("", "Bearer wrong", f"Basic {endpoint.token}", f"Bearer {endpoint.token}x"):
        for path in ("/predict", "/docs.json", "/metrics", "/schema.json"):
            assert ask(endpoint, {"rows": [ROW]}, path, Authorization=given)[0] == 401
    for path in ("/livez", "/readyz", "/"):
        assert ask(endpoint, None, path, "GET", Authorization="")[0] == 200
    assert ask(endpoint, {"rows": [ROW]}, Host="evil.example")[0] == 403
    assert ask(endpoint, {"rows": [ROW]}, Content_Type="text/plain")[0] == 415
    status, told = ask(endpoint, None, "/nothing", "GET")
    assert (status, told["code"]) == (404, "not_found")


def test_page_and_description_load_nothing_from_elsewhere(endpoint: Endpoint) -> None:
    _, page = ask(endpoint, None, "/", "GET")
    assert b"delay@v1" in page
    assert b"http://" not in page
    assert b"https://" not in page
    assert b"E2E_SERVICE_TOKEN" not in page
    status, described = ask(endpoint, None, "/docs.json", "GET")
    assert status == 200
    row = described["components"]["schemas"]["Row"]
    assert row["required"] == ["month", "air time", "origin", "carrier"]  # the model answers without "at"
    assert row["properties"]["origin"]["enum"] == ["EWR", "JFK", "LGA"]
    status, metrics = ask(endpoint, None, "/metrics", "GET")
    assert status == 200
    assert b"bentoml_service_request_total" in metrics


def test_token_and_address_are_in_no_argument_list_and_no_open_file(lab: Lab, endpoint: Endpoint) -> None:
    process = psutil.Process(endpoint.service.pid)
    assert endpoint.token not in " ".join(process.cmdline())
    assert {c.laddr.ip for c in process.net_connections() if c.status == "LISTEN"} == {"127.0.0.1"}
    assert process.children() == []
    state = lab.project.home / "services" / "delay.json"
    assert state.stat().st_mode & 0o777 == 0o600
    log = lab.project.home / "services" / "delay.log"
    assert log.stat().st_mode & 0o777 == 0o600
    assert endpoint.token not in log.read_text("utf-8")


def test_refused_values_are_not_in_the_services_log(lab: Lab, endpoint: Endpoint) -> None:
    ask(endpoint, {"rows": [ROW | {"dep_delay": "very-private"}]})
    log = (lab.project.home / "services" / "delay.log").read_text("utf-8")
    assert "very-private" not in log
    assert "a request was rejected" in log


# ---- the prediction log --------------------------------------------------------------------------------------


def test_many_at_once_get_ids_of_their_own_and_all_are_logged(lab: Lab, endpoint: Endpoint) -> None:
    def client(_: int) -> list[str]:
        return [ask(endpoint, {"rows": [ROW]})[1]["id"] for _ in range(50)]

    with ThreadPoolExecutor(8) as pool:
        ids = [each for found in pool.map(client, range(8)) for each in found]
    assert len(set(ids)) == 400
    lines = [
        json.loads(line)
        for path in (lab.project.home / "predictions" / "delay").iterdir()
        for line in path.read_text("utf-8").splitlines()
    ]
    assert set(ids) <= {line["id"] for line in lines}
    found = serving.find_prediction(lab.project, ids[123])
    assert (found.service, found.version, found.model, found.model_version) == ("delay", 1, "delay", 1)
    assert (found.run, found.data, found.rows) == (lab.run.id, (lab.clean.id,), 1)
    assert found.inputs is None


def test_what_was_answered_is_logged_also_when_the_service_is_killed_at_once(lab: Lab) -> None:
    endpoint = serving.serve(lab.project, lab.package)
    answer = endpoint.predict([ROW])
    os.kill(endpoint.service.pid, signal.SIGKILL)
    assert serving.find_prediction(lab.project, answer["id"]).predictions == tuple(answer["predictions"])
    assert wait_until(lambda: not endpoint.alive)
    with pytest.raises(ServiceError) as refused:
        endpoint.predict([ROW])
    assert refused.value.hint == "e2e serve delay"
    assert len(serving.services(lab.project)) == 0


def test_inputs_are_logged_only_where_the_settings_say_so(lab: Lab) -> None:
    endpoint_off = serving.serve(lab.project, lab.package)
    endpoint_off.stop()
    settings = lab.project.root / "e2e.toml"
    before = settings.read_text("utf-8")
    settings.write_text(before + "\n[serving]\nlog_inputs = true\n", "utf-8")
    try:
        project = projects.find(lab.project.root)
        endpoint = serving.serve(project, lab.package)
        answer = endpoint.predict([ROW])
        assert serving.find_prediction(project, answer["id"]).inputs == (ROW,)
        endpoint.stop()
    finally:
        settings.write_text(before, "utf-8")


# ---- starting and ending -------------------------------------------------------------------------------------


def wait_until(true: Any, seconds: float = 10) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if true():
            return True
        time.sleep(0.05)
    return False


def ended(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE  # where nobody collects the dead of others
    except psutil.NoSuchProcess:
        return True


def test_serving_again_is_the_same_service(lab: Lab) -> None:
    first = serving.serve(lab.project, lab.package)
    second = serving.serve(lab.project, lab.package)
    assert (first.changed, second.changed) == (True, False)
    assert (first.service, first.token) == (second.service, second.token)
    assert serving.endpoint(lab.project, "delay").predict([ROW])["model"] == "delay@v1"
    stopped = second.stop()
    assert (stopped.was_running, stopped.version) == (True, 1)
    assert wait_until(lambda: not first.alive)
    assert serving.stop(lab.project, "delay").was_running is False


def test_two_who_serve_at_once_start_one_process(lab: Lab) -> None:
    code = (
        "import sys; from e2e_lab import project, models, serving; from e2e_lab.records import Ref;"
        "p = project.find(sys.argv[1]); package = models.find_package(p, Ref.parse('delay@v1'));"
        "print(serving.serve(p, package).service.pid)"
    )
    command = [sys.executable, "-c", code, str(lab.project.root)]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    pids = {int(child.communicate(timeout=60)[0]) for child in children}
    assert len(pids) == 1
    assert [service.pid for service in serving.services(lab.project)] == list(pids)
    serving.stop(lab.project, "delay")
    assert ended(pids.pop())


def test_a_service_ends_with_its_owner_also_when_that_is_killed(lab: Lab) -> None:
    code = (
        "import os, sys, time; from e2e_lab import project, models, serving; from e2e_lab.records import Ref;"
        "p = project.find(sys.argv[1]); package = models.find_package(p, Ref.parse('delay@v1'));"
        "e = serving.serve(p, package, owner=os.getpid()); print(e.service.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(lab.project.root)], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        assert not ended(pid)
        owner.kill()
        owner.wait()
    assert wait_until(lambda: ended(pid))
    assert len(serving.services(lab.project)) == 0


def test_another_version_takes_the_place_only_when_asked_to(lab: Lab) -> None:
    version, package = lab.next_package()
    assert (version.version, package.ref) == (2, "delay@v2")
    first = serving.serve(lab.project, lab.package)
    with pytest.raises(ServiceError) as refused:
        serving.serve(lab.project, package)
    assert refused.value.hint == "e2e serve delay@v2 --replace"
    answered: list[int] = []
    second: list[Endpoint] = []
    replacing = threading.Thread(target=lambda: second.append(serving.serve(lab.project, package, replace=True)))
    replacing.start()
    while replacing.is_alive():
        if first.alive:
            answered.append(1)
        time.sleep(0.05)
    replacing.join()
    assert len(answered) > 5  # the old one answered while the new one got ready
    assert wait_until(lambda: not first.alive)
    assert second[0].predict([ROW])["model"] == "delay@v2"
    assert [service.version for service in serving.services(lab.project)] == [2]
    second[0].stop()


def test_a_copied_project_neither_sees_nor_ends_the_originals_service(lab: Lab, tmp_path: Path) -> None:
    endpoint = serving.serve(lab.project, lab.package)
    shutil.copytree(lab.project.root, tmp_path / "copy")
    copy = projects.find(tmp_path / "copy")
    assert len(serving.services(copy)) == 0
    assert serving.stop(copy, "delay").was_running is False
    assert endpoint.predict([ROW])["model"] == "delay@v1"
    endpoint.stop()


def test_a_service_on_a_port_of_choice(lab: Lab) -> None:
    first = serving.serve(lab.project, lab.package)
    port = int(first.url.rpartition(":")[2])
    first.stop()
    again = serving.serve(lab.project, lab.package, port=port)
    assert again.url == f"http://127.0.0.1:{port}"
    assert serving.serve(lab.project, lab.package, port=port).changed is False
    again.stop()


# ---- the chain -----------------------------------------------------------------------------------------------


def kinds(found: Any) -> list[tuple[str, str]]:
    return [(step.kind, step.name) for step in found.steps]


def test_a_prediction_leads_back_to_model_run_code_rows_and_raw_file(lab: Lab, endpoint: Endpoint) -> None:
    answer = endpoint.predict([ROW])
    found = serving.trace(lab.project, answer["id"])
    pin = lab.run.pin
    assert pin is not None
    assert kinds(found) == [
        ("prediction", answer["id"]), ("service", "delay@v1"), ("model", "delay@v1"), ("run", "baseline"),
        ("commit", pin.commit[:12]), ("cells", "flights.ipynb"), ("snapshot", "flights_clean@v1"),
        ("snapshot", "flights@v1"), ("source", "flights.csv"),
    ]  # fmt: skip
    assert [step.depth for step in found.steps] == [0, 1, 2, 3, 4, 5, 4, 5, 6]
    facts = {step.kind: step.facts for step in found.steps}
    assert facts["cells"]["ran"] == "3 cells"
    assert facts["run"]["metrics"] == "rmse 3.25"
    assert facts["model"]["alias"] == "champion"
    clean = next(step for step in found.steps if step.name == "flights_clean@v1")
    assert clean.facts["train rows"] == "300 of 300"
    assert found.missing == ()


@pytest.mark.parametrize(
    "subject", ["delay@v1", "delay@champion", "baseline", "flights_clean", "flights@v1", "flights.csv"]
)
def test_anything_with_a_name_can_be_traced(lab: Lab, subject: str) -> None:
    found = serving.trace(lab.project, subject)
    assert found.missing == ()
    if subject.endswith(".csv"):
        assert found.steps[0].facts["became"] == "flights@v1"
    else:
        assert found.steps[-1].name == "flights.csv"


def test_a_record_file_is_traced_as_its_dataset(lab: Lab) -> None:
    found = serving.trace(lab.project, "data/processed/flights_clean.json")
    assert kinds(found)[1:] == [("snapshot", "flights_clean@v1"), ("snapshot", "flights@v1"), ("source", "flights.csv")]


def test_links_that_are_gone_are_named_and_the_rest_is_shown(lab: Lab, endpoint: Endpoint, tmp_path: Path) -> None:
    answer = endpoint.predict([ROW])
    shutil.copytree(lab.project.root, tmp_path / "copy")
    copy = projects.find(tmp_path / "copy")
    subprocess.run(["git", "-C", str(copy.root), "update-ref", "-d", "refs/e2e/runs/baseline"], check=True)
    for left in (copy.root / ".git" / "objects").glob("??/*"):
        left.unlink()
    shutil.rmtree(copy.home / "packages")
    for journal in (copy.home / "store").rglob("flights.jsonl"):
        journal.unlink()
    (copy.root / "data" / "raw" / "flights.json").unlink(missing_ok=True)
    found = serving.trace(copy, answer["id"])
    assert [step.kind for step in found.steps][:3] == ["prediction", "model", "run"]
    said = " ".join(found.missing)
    assert "service delay@v1" in said
    assert "cells of run baseline" in said
    assert "snapshot flights@v1" in said
    assert "flights_clean@v1" in [step.name for step in found.steps]


def test_what_is_not_there_is_refused(lab: Lab) -> None:
    with pytest.raises(NotFound, match="baselin"):
        serving.trace(lab.project, "baselin")
    with pytest.raises(VersionNotFound):
        serving.trace(lab.project, "flights@v7")
    with pytest.raises(PredictionNotFound):
        serving.trace(lab.project, "01JD9Z3K8QW4R5T6Y7V8X9A0BC")
    with pytest.raises(NotFound):
        serving.trace(lab.project, "../outside.csv")


def test_the_package_says_what_it_rests_on(lab: Lab) -> None:
    assert lab.package.data == (lab.clean.as_parent,)
