"""The panels on a large project: how quick their server answers, how much memory it takes, how soon they are seen."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import secrets
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil

import e2e_lab
from benchmarks.measure import Row, Timing, left_out, seconds, shown, sized

DATASETS = 500
VERSIONS = 500
RUNS = 10_000
FILES = 10_000
ROWS = 2_000_000
ASKED = 30
AIM = 0.1
SEEN = 0.3
REPOSITORY = Path(__file__).parent.parent


def measure(folder: Path) -> list[Row]:
    """The slowest of 20 answers of each listing, warm; memory of server and worker; bundle and panel in a browser."""
    root = folder / "root"
    _make(root / "large")
    return [*_asked(root), *_form(folder / "served"), _bundle(), *_seen(root, folder / "speed.json")]


def _bundle() -> Row:
    static = Path(e2e_lab.__file__).parent / "labextension" / "static"
    files = sorted(static.glob("*.js"))
    if not files:
        return left_out("bundle, gzipped", "it is not built (make setup)")
    packed = sum(len(gzip.compress(path.read_bytes())) for path in files)
    return sized("bundle, gzipped", packed, or_bytes=250e3, note=f"{len(files)} files of JavaScript")


def _seen(root: Path, told: Path) -> list[Row]:
    """From the click until the sidebar's chart is drawn, frames while runs scroll: by the UI tests in Chromium."""
    what = "panel after the click"
    tests = REPOSITORY / "ui-tests"
    playwright = tests / "node_modules" / ".bin" / "playwright"
    chromium = os.environ.get("E2E_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None or not playwright.exists():
        return [left_out(what, "Chromium or ui-tests/node_modules is missing (make ui-test)")]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    env = {
        **os.environ, "PATH": path, "E2E_CHROMIUM": chromium, "E2E_PORT": str(_free_port()),
        "E2E_ROOT": str(root), "E2E_SPEED": str(told),
    }  # fmt: skip
    done = subprocess.run(
        [playwright, "test", "tests/speed.spec.ts"], check=False, cwd=tests, env=env, capture_output=True, text=True
    )
    if not told.exists():
        return [left_out(what, f"the UI test failed: {done.stdout.strip()[-200:]}")]
    said = json.loads(told.read_text("utf-8"))
    seen, drawn = ([one[what] / 1000 for one in said["first"]] for what in ("seen", "drawn"))
    return [
        _judged("sidebar on the page after the first click", seen, aim=SEEN),
        _judged("its chart drawn, first after Lab was loaded", drawn, aim=SEEN),
        _judged("its chart drawn, again", [one["drawn"] / 1000 for one in said["again"]], aim=SEEN),
        _frames(f"frames while {RUNS:,} runs scroll", said["scroll"], said["csv"]),
        _frames(f"frames while {RUNS:,} runs are sorted, four ways", said["sorted"]),
    ]


def _frames(what: str, took: list[float], theirs: list[float] | None = None) -> Row:
    """*took* in milliseconds; *theirs* of the table that JupyterLab shows a CSV file of as many rows in."""
    longest = max(took) / 1000
    note = f"the longest {shown(longest)}" + (f", there {shown(max(theirs) / 1000)}" if theirs else "")
    return Row(
        what, _of_frames(took), "JupyterLab's own table of a CSV file" if theirs else "–",
        _of_frames(theirs) if theirs else None, f"all ≤ {shown(AIM)}", longest <= AIM, note,
    )  # fmt: skip


def _of_frames(took: list[float]) -> Timing:
    return Timing([one / 1000 for one in took])


def _asked(root: Path) -> list[Row]:
    with _server(root, extension=False) as bare:
        _ask(bare, "/api/contents")
        before = _memory(bare.pid)
    with _server(root, extension=True) as server:
        listings = {
            "datasets": "datasets?limit=100", "jobs": "jobs?limit=100",
            "versions": "datasets/orders/snapshots?limit=100", "projects": "projects?limit=100",
            "lineage": "datasets/orders/snapshots/v1/lineage", "origins": "origins?notebook=large/a.ipynb",
        }  # fmt: skip
        rows = [_listing(server, what, path) for what, path in listings.items()]
        runs = {
            "newest": "runs?limit=100", "200 at the end": "runs?limit=200&offset=9800",
            "by a metric": "runs?limit=200&sort=rmse", "by a parameter": "runs?limit=200&sort=-param.a",
            "filtered": "runs?limit=200&match=rmse<0.5%20run", "columns": "runs/columns",
        }  # fmt: skip
        rows += [_listing(server, f"{RUNS:,} runs, {what}", path, aim=SEEN) for what, path in runs.items()]
        _get(server, "status")
        anew = Timing([seconds(lambda: _get(server, "status")) for _ in range(ASKED)])
        rows.append(Row("status, worked out anew each time", anew))
        window = "datasets/orders/snapshots/v1/rows?limit=200&offset="
        _get(server, f"{window}0")
        offsets = np.random.default_rng(0).integers(0, ROWS, ASKED)
        times = [seconds(lambda at=at: _get(server, f"{window}{at}")) for at in offsets]  # type: ignore[misc]
        rows.append(_judged(f"200 rows at any of {ROWS:,}", times))
        near = [seconds(lambda at=at: _get(server, f"{window}{at}")) for at in range(0, 200 * ASKED, 200)]  # type: ignore[misc]
        rows.append(_judged("200 rows, scrolling on", near))
        _get(server, "datasets/orders/snapshots/v1/columns")
        worker = _memory(next(child.pid for child in psutil.Process(server.pid).children() if _is_worker(child)))
        rows.append(sized("Jupyter server with the extension, all routes asked", _memory(server.pid) - before,
                          or_bytes=40e6, note="more than without it"))  # fmt: skip
        rows.append(sized("worker, rows and columns asked", worker, or_bytes=300e6))
    return rows


def _listing(server: Server, what: str, path: str, *, aim: float = AIM) -> Row:
    _get(server, path)
    return _judged(f"{what}, warm", [seconds(lambda: _get(server, path)) for _ in range(ASKED)], aim=aim)


def _judged(what: str, times: list[float], *, aim: float = AIM) -> Row:
    late = sorted(times)[int(len(times) * 0.95)]
    return Row(what, Timing(times), aim=f"p95 ≤ {shown(aim)}", met=late <= aim, note=f"p95 {shown(late)}")


# ---- the form of a service -----------------------------------------------------------------------------------

_SERVED = """
import numpy as np, pandas as pd
from sklearn.linear_model import LinearRegression
from e2e_lab import experiments, models
from e2e_lab.project import find
import sys

project = find(sys.argv[1])
X = pd.DataFrame(np.random.default_rng(0).normal(size=(1000, 8)), columns=[f"n{i}" for i in range(8)])
run = experiments.keep(project, "first", model=LinearRegression().fit(X, X.sum(axis=1)), X=X, metrics={}, params={})
experiments.kept_model(project, run)
models.package(project, models.register(project, experiments.find_run(project, run.id), "sums"))
"""


def _form(root: Path) -> list[Row]:
    """What the form of a service adds to the service's own time: a row asked by its route, and asked directly."""
    import e2e_lab as e2e
    from e2e_lab import models, serving
    from e2e_lab.project import find
    from e2e_lab.records import Ref

    e2e.init(root / "large")
    subprocess.run([sys.executable, "-c", _SERVED, root / "large"], check=True, stdout=subprocess.DEVNULL)
    project = find(root / "large")
    endpoint = serving.serve(project, models.find_package(project, Ref(name="sums")), owner=os.getpid())
    try:
        with _server(root, extension=True) as server:
            row = _get(server, "services/sums/schema")["rows"][0]
            answer = _post(server, "services/sums/predict", {"rows": [row]})
            endpoint.predict([row])
            more = [
                seconds(lambda: _post(server, "services/sums/predict", {"rows": [row]}))
                - seconds(lambda: endpoint.predict([row]))
                for _ in range(ASKED)
            ]
            said = {"rows": [row], "predictions": answer["predictions"]}
            if not _post(server, "services/sums/compare", said)["equal"]:
                raise RuntimeError("the service is not the model")
            equal = [seconds(lambda: _post(server, "services/sums/compare", said)) for _ in range(ASKED)]
            return [
                _judged("an answer by the form, more than the service's own time", more, aim=0.05),
                Row("whether it is the model's own, asked after the answer", Timing(equal)),
            ]
    finally:
        endpoint.stop()


def _post(server: Server, path: str, body: Any) -> Any:
    return _ask(server, f"/e2e-lab/api/{path}?project=large", json.dumps(body))


# ---- the project ---------------------------------------------------------------------------------------------


def _make(root: Path) -> None:
    import e2e_lab as e2e
    from e2e_lab import project as projects
    from e2e_lab import storage

    e2e.init(root)
    project = projects.find(root)
    rng = np.random.default_rng(0)
    orders = pd.DataFrame({f"n{i}": rng.normal(size=ROWS) for i in range(8)})
    orders["city"] = pd.Series(rng.integers(0, 500, ROWS)).map("city {}".format).astype("str")
    orders["id"] = np.arange(ROWS)
    storage.snapshot(project, orders, "orders", stage="raw", source="orders.csv")
    storage.snapshot(project, orders.head(100), "base", stage="raw", source="base.csv")
    _copies(root)
    for number in range(FILES):
        path = root / "src" / f"{number // 100:03}" / f"module_{number}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"x = {number}\n", "utf-8")
    git = ["git", "-C", str(root), "-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "all"], check=True)
    (root / "src" / "last.py").touch()
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "last"], check=True)
    _runs(root)
    orders.head(RUNS).to_csv(root / "rows.csv", index=False)


def _copies(root: Path) -> None:
    """A record and a journal say nothing of how they came about: copies of a real one are as good, and quick."""
    record = (root / "data" / "raw" / "base.json").read_text("utf-8")
    journals = root / ".e2e" / "store" / "versions"
    line = json.loads((journals / "base.jsonl").read_text("utf-8").splitlines()[-1])
    for number in range(DATASETS):
        name = f"dataset_{number:04}"
        (root / "data" / "raw" / f"{name}.json").write_text(record, "utf-8")
        (journals / f"{name}.jsonl").write_text(json.dumps({**line, "name": name}) + "\n", "utf-8")
    orders = json.loads((journals / "orders.jsonl").read_text("utf-8").splitlines()[-1])
    began = datetime.now(UTC) - timedelta(days=VERSIONS)
    with open(journals / "orders.jsonl", "a", encoding="utf-8") as journal:
        for number in range(2, VERSIONS + 1):
            time_ = (began + timedelta(days=number)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            previous = {"version": number - 1, "id": orders["id"]}
            journal.write(json.dumps({**orders, "version": number, "previous": previous, "time": time_}) + "\n")


def _runs(root: Path) -> None:
    """One real run through MLflow, in a process of its own, then copies of its rows: 5 parameters, 5 metrics each."""
    code = """
import e2e_lab as e2e
with e2e.run("first", params={"a": 1, "b": 2, "c": "x", "d": 4, "e": 5}):
    for name in ("rmse", "mae", "r2", "loss", "seconds"):
        e2e.log_metric(name, 1.0)
"""
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True, stdout=subprocess.DEVNULL)
    ids = [secrets.token_hex(16) for _ in range(RUNS)]
    with closing(sqlite3.connect(root / ".e2e" / "mlflow.db")) as connection:
        for table in ("runs", "params", "latest_metrics", "metrics", "tags"):
            cursor = connection.execute(f"select * from {table}")
            names = [column[0] for column in cursor.description]
            real = [dict(zip(names, row, strict=True)) for row in cursor]
            marks = ", ".join("?" * len(names))
            connection.executemany(
                f"insert into {table} ({', '.join(names)}) values ({marks})",
                [tuple(_copied(table, row, n, run).values()) for n, run in enumerate(ids) for row in real],
            )
        connection.commit()


def _copied(table: str, row: dict[str, Any], number: int, run: str) -> dict[str, Any]:
    """A row of the real run as one of run *number*: another name, another value."""
    change: dict[str, Any] = {"run_uuid": run}
    if table == "runs":
        change |= {"name": f"run {number}", "start_time": row["start_time"] + number}
    elif table == "params" and row["key"] == "a":
        change["value"] = str(number)
    elif table in ("metrics", "latest_metrics"):
        change["value"] = number * 7919 % RUNS / RUNS
    return row | change


# ---- the server ----------------------------------------------------------------------------------------------


class Server:
    """A Jupyter server, and one connection to it that stays open, as a browser's does."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, token: str) -> None:
        self.pid = process.pid
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.headers = {"Authorization": f"token {token}"}


@contextmanager
def _server(root: Path, *, extension: bool) -> Iterator[Server]:
    port = _free_port()
    token = secrets.token_hex(8)
    process = subprocess.Popen(
        [sys.executable, "-m", "jupyter_server", "--no-browser", "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}",
         "--ServerApp.port_retries=0", "--ServerApp.allow_root=True", f"--ServerApp.root_dir={root}",
         f"--IdentityProvider.token={token}", f"--ServerApp.jpserver_extensions={{'e2e_lab': {extension}}}"],
        cwd=root, env=os.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        server = Server(process, port, token)
        for _ in range(300):
            try:
                _ask(server, "/api/status")
                break
            except (OSError, http.client.HTTPException):
                server.connection.close()
                time.sleep(0.1)
        yield server
    finally:
        process.terminate()
        process.wait(30)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _get(server: Server, path: str) -> Any:
    return _ask(server, f"/e2e-lab/api/{path}{'&' if '?' in path else '?'}project=large")


def _ask(server: Server, path: str, body: str | None = None) -> Any:
    server.connection.request("GET" if body is None else "POST", path, body, headers=server.headers)
    answer = server.connection.getresponse()
    said = json.loads(answer.read())
    if answer.status != 200:
        raise RuntimeError(f"{path}: {said}")
    return said


def _is_worker(process: psutil.Process) -> bool:
    return "e2e_lab.workspace.tables.worker" in process.cmdline()


def _memory(pid: int) -> float:
    """What a process has for itself alone."""
    return float(psutil.Process(pid).memory_full_info().uss)
