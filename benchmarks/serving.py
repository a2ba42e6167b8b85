"""Packaging, starting and asking a service, beside a BentoML service written by hand around the same pipeline.

The pipeline is of mixed type: numbers with nulls and categories of a sample of the flights. The service by hand is the
one that BentoML's guides teach: the pipeline in BentoML's model store, rows as pydantic models, a pandas frame.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pandas as pd
import psutil

from benchmarks.data import flights
from benchmarks.measure import Row, Timing, compared, in_turn, rates, seconds
from e2e_lab import experiments, models, serving, versioning
from e2e_lab import project as projects
from e2e_lab.models import packaging
from e2e_lab.project import Project
from e2e_lab.records import ModelVersion, Package

NUMBERS = ["month", "dep_time", "dep_delay", "distance", "hour"]
WORDS = ["carrier", "origin", "dest"]
CLIENTS = 8
ROUNDS = 5
REQUESTS = 400
ROOM = "a BentoML service by hand"

Ask = Callable[[bytes], bytes]
Address = tuple[str, str]
"""Where a service answers, and the token that it wants, if any."""


def measure(folder: Path) -> list[Row]:
    """Package, replay, ready, one row at a time, requests a second."""
    versioning.init(folder / "project")
    project = projects.find(folder / "project")
    pipeline, X = _fitted(folder)
    version = _registered(project, pipeline, X)
    hand = ByHand(folder / "hand", pipeline)
    packaged, rows = _packaging(project, version, hand)
    rows.append(_starting(project, packaged, hand))
    sent = json.loads(X.head(REQUESTS).to_json(orient="records"))
    bodies = [json.dumps({"rows": [row]}).encode() for row in sent]
    return [*rows, *_asking(project, packaged, hand, bodies)]


# ---- what is served ------------------------------------------------------------------------------------------


def _fitted(folder: Path) -> tuple[Any, pd.DataFrame]:
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    known = flights(folder).dropna(subset=["arr_delay"]).sample(20_000, random_state=0)
    X = known[NUMBERS + WORDS].reset_index(drop=True)
    X.loc[::20, "dep_time"] = None
    columns = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), NUMBERS),
        (OneHotEncoder(handle_unknown="ignore"), WORDS),
    )
    return make_pipeline(columns, Ridge()).fit(X, known["arr_delay"]), X


def _registered(project: Project, pipeline: Any, X: pd.DataFrame) -> ModelVersion:
    run = experiments.start(project, "train")
    run.log_model(pipeline, X=X)
    done = run.finish()
    experiments.wait(project)
    return models.register(project, done, "delay")


# ---- by hand -------------------------------------------------------------------------------------------------

_SERVICE = """\
import bentoml
import joblib
import pandas as pd
from pydantic import BaseModel


class Flight(BaseModel):
{fields}


@bentoml.service(name="by_hand")
class ByHand:
    stored = bentoml.models.BentoModel("delay:latest")

    def __init__(self) -> None:
        self.pipeline = joblib.load(self.stored.path_of("pipeline.joblib"))

    @bentoml.api
    def predict(self, rows: list[Flight]) -> list[float]:
        frame = pd.DataFrame([row.model_dump() for row in rows])
        return self.pipeline.predict(frame).tolist()
"""
_BENTOFILE = """\
service: "service:ByHand"
include: ["service.py"]
python:
  packages: [bentoml, joblib, pandas, scikit-learn]
  lock_packages: false
"""


class ByHand:
    """A folder with a service as one writes it, and a BentoML home of its own."""

    def __init__(self, folder: Path, pipeline: Any) -> None:
        import joblib

        self.folder, home = folder, folder.with_name("home of hand")
        home.mkdir()
        folder.mkdir()
        # Only a clean process reads another home: BentoML looks at the environment once.
        self.variables = os.environ | {"BENTOML_HOME": str(home), "OMP_NUM_THREADS": "1"}
        fields = [f"    {name}: float | None = None" for name in NUMBERS] + [f"    {name}: str" for name in WORDS]
        (folder / "service.py").write_text(_SERVICE.format(fields="\n".join(fields)), "utf-8")
        (folder / "bentofile.yaml").write_text(_BENTOFILE, "utf-8")
        joblib.dump(pipeline, folder / "pipeline.joblib")
        keep = (
            "import bentoml, shutil\n"
            "with bentoml.models.create('delay') as made:\n"
            "    shutil.copy('pipeline.joblib', made.path_of('pipeline.joblib'))\n"
        )
        self._run(sys.executable, "-c", keep)

    def build(self) -> None:
        """``bentoml build``."""
        self._run(sys.executable, "-m", "bentoml", "build")

    def start(self) -> Served:
        """``bentoml serve`` until it is ready."""
        port = _free_port()
        command = [sys.executable, "-m", "bentoml", "serve", "by_hand:latest"]
        command += ["--host", "127.0.0.1", "--port", str(port)]
        with open(self.folder / "serve.log", "ab") as log:
            child = psutil.Popen(command, cwd=self.folder, env=self.variables, stdout=log, stderr=log)
        served = Served(child, port)
        try:
            while not served.ready():
                if child.poll() is not None:
                    raise SystemExit(f"The service by hand ended: {self.folder / 'serve.log'}")
                time.sleep(0.02)
        except BaseException:
            served.end()
            raise
        return served

    def _run(self, *words: str) -> None:
        done = subprocess.run(words, cwd=self.folder, env=self.variables, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(words[1:4])} failed: {done.stderr[-2000:]}")


class Served:
    """The processes of ``bentoml serve``."""

    def __init__(self, child: psutil.Popen, port: int) -> None:
        self.child, self.port = child, port

    def ready(self) -> bool:
        """Whether it takes requests."""
        asking = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            asking.request("GET", "/readyz")
            return asking.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            asking.close()

    def end(self) -> None:
        """End it and its workers, which outlive a killed parent."""
        family = [*self.child.children(recursive=True), self.child] if self.child.is_running() else []
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.terminate()
        for process in psutil.wait_procs(family, timeout=10)[1]:
            process.kill()


def _free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


# ---- package and start ---------------------------------------------------------------------------------------


def _packaging(project: Project, version: ModelVersion, hand: ByHand) -> tuple[Package, list[Row]]:
    numbers = count()
    made: list[Package] = []
    replays = Timing()

    def package() -> float:
        with _replay_timed(replays):
            took = seconds(lambda: made.append(models.package(project, version, service=f"delay{next(numbers)}")))
        return took - replays.values[-1]

    ours, theirs = in_turn(package, partial(seconds, hand.build), runs=3)
    against = "`bentoml build` of a service by hand, unlocked"
    del replays.values[0]
    rows = [
        compared("package a model, without the replay", ours, against, theirs, at_most=1.3),
        Row("replay before a package is accepted: start, ask, compare, stop", replays),
    ]
    return made[-1], rows


@contextlib.contextmanager
def _replay_timed(into: Timing) -> Iterator[None]:
    original = packaging._Making.try_out

    def timed(making: Any, bento: Path) -> Any:
        began = time.perf_counter()
        try:
            return original(making, bento)
        finally:
            into.values.append(time.perf_counter() - began)

    packaging._Making.try_out = timed  # type: ignore[method-assign]
    try:
        yield
    finally:
        packaging._Making.try_out = original  # type: ignore[method-assign]


def _starting(project: Project, package: Package, hand: ByHand) -> Row:
    def ours() -> float:
        took = seconds(lambda: serving.serve(project, package))
        serving.stop(project, package.service)
        return took

    def theirs() -> float:
        began = time.perf_counter()
        served = hand.start()
        took = time.perf_counter() - began
        served.end()
        return took

    mine, others = in_turn(ours, theirs, runs=3)
    return compared("start a service until it is ready", mine, f"`bentoml serve`, {ROOM}", others, at_most=1.0)


# ---- ask -----------------------------------------------------------------------------------------------------


def _asking(project: Project, package: Package, hand: ByHand, bodies: list[bytes]) -> list[Row]:
    with _both_served(project, package, hand) as (ours, theirs):
        _same_answers(ours, theirs, bodies[0])
        one, their_one = in_turn(partial(_p50, ours, bodies), partial(_p50, theirs, bodies), runs=ROUNDS)
        many, their_many = in_turn(partial(_rate, ours, bodies), partial(_rate, theirs, bodies), runs=ROUNDS)
    return [
        compared("one-row request, p50, predictions logged", one, ROOM, their_one, at_most=1.0),
        rates(f"one-row requests a second, {CLIENTS} clients, predictions logged", many, ROOM, their_many, at_least=1),
    ]


@contextlib.contextmanager
def _both_served(project: Project, package: Package, hand: ByHand) -> Iterator[tuple[Address, Address]]:
    with contextlib.ExitStack() as stack:
        endpoint = serving.serve(project, package)
        stack.callback(serving.stop, project, package.service)
        served = hand.start()
        stack.callback(served.end)
        yield (endpoint.url, endpoint.token), (f"http://127.0.0.1:{served.port}", "")


@contextlib.contextmanager
def _asking_at(address: Address) -> Iterator[Ask]:
    """A function that posts a body over one kept connection."""
    url, token = address
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)

    def ask(body: bytes) -> bytes:
        connection.request("POST", "/predict", body, headers)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{url} answered {answer.status}: {content[:500]!r}")
        return content

    with contextlib.closing(connection):
        yield ask


def _same_answers(ours: Address, theirs: Address, body: bytes) -> None:
    with _asking_at(ours) as ask, _asking_at(theirs) as ask_them:
        one, other = json.loads(ask(body))["predictions"], json.loads(ask_them(body))
    if abs(one[0] - other[0]) > 1e-9 * abs(one[0]):
        raise SystemExit(f"The two services do not answer alike: {one} and {other}.")


def _p50(address: Address, bodies: list[bytes]) -> float:
    """The median seconds of one request after another."""
    with _asking_at(address) as ask:
        return statistics.median(seconds(partial(ask, body)) for body in bodies[:100])


def _rate(address: Address, bodies: list[bytes]) -> float:
    """Requests a second of several clients at once."""

    def client(number: int) -> None:
        with _asking_at(address) as ask:
            for body in bodies[number::CLIENTS]:
                ask(body)

    with ThreadPoolExecutor(CLIENTS) as pool:
        took = seconds(lambda: list(pool.map(client, range(CLIENTS))))
    return len(bodies) / took
