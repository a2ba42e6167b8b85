"""MLflow's own pages over the database of a project: one process on a Unix socket that its parent has bound.

``python -P -m e2e_lab.experiments.ui FOLDER FD SECONDS``. ``mlflow ui`` starts workers and helpers that outlive a
killed parent, on a port that every user of the machine can ask. Here its application runs under uvicorn in this very
process, which ends when its standard input does, so with whoever started it however that ended, and after SECONDS
without a request.
"""

from __future__ import annotations

import os
import select
import socket
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from e2e_lab.errors import E2EError, RunNotFound, TrackingError
from e2e_lab.experiments import tables, tracking
from e2e_lab.project import Project

END_SECONDS = 3.0
_READING = ("search", "get", "graphql", "telemetry")
"""What the last word of an address begins with, or holds, where a POST changes nothing."""


# ---- for who starts and shows it -----------------------------------------------------------------------------


def ui_command(project: Project, *, fd: int, idle: float) -> list[str]:
    """What to run for MLflow's pages of *project*, on the listening Unix socket *fd* in a folder of its own.

    Its standard input must be a pipe: the process ends with that, or after *idle* seconds without a request, and the
    folder of the socket goes with it. It opens the database first, so the first answer takes some seconds.
    """
    return [sys.executable, "-P", "-m", "e2e_lab.experiments.ui", str(project.root), str(fd), str(idle)]


def ui_address(project: Project, run: str | None = None) -> str:
    """Where the project's runs, or one of them, are in MLflow's pages: what follows the address of those.

    Raises :class:`RunNotFound`. With a tracking server it is asked, which needs mlflow.
    """
    with tables.opened(project) as connection:
        if run is None:
            words = "select experiment_id from experiments where name = ?"
            found = connection.execute(words, (project.name,)).fetchone()
        else:
            words = "select experiment_id from runs where run_uuid = ?"
            found = connection.execute(words, (run,)).fetchone()
            if found is None:
                raise RunNotFound(f"There is no run {run}.", hint="e2e runs")
    if found is None:
        return "#/experiments"
    return f"#/experiments/{found[0]}/runs" + (f"/{run}" if run else "")


def ui_server(project: Project) -> str | None:
    """Where the tracking server of a project has its pages; None for a project with a database of its own.

    Raises :class:`TrackingError` for a store that has none. A password in the address is left out.
    """
    uri = tracking.tracking_uri(project)
    if uri is None:
        return None
    parts = urlsplit(uri)
    if parts.scheme not in ("http", "https"):
        raise TrackingError(
            f"The tracking store {tracking.first_line(uri)} has no page that can be shown here.",
            hint="mlflow ui --backend-store-uri URI",
        )
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/") + "/", "", ""))


def ui_changes(method: str, path: str) -> bool:
    """Whether a request to MLflow's pages may have changed runs or models.

    >>> ui_changes("POST", "ajax-api/2.0/mlflow/runs/delete"), ui_changes("POST", "ajax-api/2.0/mlflow/runs/search")
    (True, False)
    """
    if method in ("GET", "HEAD", "OPTIONS"):
        return False
    return not path.rstrip("/").rpartition("/")[2].startswith(_READING)


# ---- the process ---------------------------------------------------------------------------------------------

Application = Callable[[Any, Any, Any], Awaitable[None]]


class Watch:
    """Ends the process with its parent, or when nobody has asked it anything for long."""

    def __init__(self, place: Path, idle: float) -> None:
        self.place = place
        self.idle = idle
        self.last = time.monotonic()
        self.open = 0
        self.end: Callable[[], None] | None = None

    def counting(self, application: Application) -> Application:
        """The same application, with each request noted."""

        async def counted(scope: Any, receive: Any, send: Any) -> None:
            asked = scope["type"] == "http"
            self.open += asked
            try:
                await application(scope, receive, send)
            finally:
                self.open -= asked
                self.last = time.monotonic()

        return counted

    def run(self) -> None:
        """Wait for the end of standard input, or of the interest."""
        while not select.select([0], [], [], min(60.0, self.idle / 4))[0]:
            if self.end and not self.open and time.monotonic() - self.last > self.idle:
                break
        with suppress(OSError):  # who started it may have been quicker
            self.place.unlink()
            self.place.parent.rmdir()
        if self.end:
            self.end()
            time.sleep(END_SECONDS)
        os._exit(0)


def serve(project: Project, listening: socket.socket, idle: float) -> None:
    """Answer until nobody wants it any more."""
    watch = Watch(Path(listening.getsockname()), idle)
    threading.Thread(target=watch.run, daemon=True).start()
    application = _application(project)
    import uvicorn

    config = uvicorn.Config(
        watch.counting(application), loop="asyncio", lifespan="on", log_level="warning", access_log=False,
        server_header=False, timeout_graceful_shutdown=1,
    )  # fmt: skip
    server = uvicorn.Server(config)
    watch.last = time.monotonic()
    watch.end = lambda: setattr(server, "should_exit", True)
    server.run(sockets=[listening])


def _application(project: Project) -> Application:
    """What ``mlflow server`` would run, told of the project's database in the same variables."""
    if tracking.tracking_uri(project) is not None:
        raise TrackingError("The runs of this project are at a tracking server.", hint="see its own page")
    uri = tracking.open_store(project).uri
    artifacts = (project.home / "artifacts").as_uri()
    for name in [name for name in os.environ if name.startswith("MLFLOW_SERVER_")]:
        del os.environ[name]  # of a server for others: its host names, who may frame it
    os.environ |= {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_TRACKING_URI": uri}
    from mlflow.server import constants

    os.environ |= {
        constants.BACKEND_STORE_URI_ENV_VAR: uri,
        constants.REGISTRY_STORE_URI_ENV_VAR: uri,
        constants.ARTIFACT_ROOT_ENV_VAR: artifacts,
    }
    from mlflow.server.fastapi_app import app
    from mlflow.server.handlers import initialize_backend_stores

    initialize_backend_stores(uri, uri, artifacts)
    found: Application = app
    return found


def main(folder: str, fd: str, idle: str) -> None:
    """Serve the project in *folder*; a refusal goes to stderr as it is said anywhere."""
    try:
        serve(Project.at(Path(folder)), socket.socket(fileno=int(fd)), float(idle))
    except E2EError as error:
        print(error.message, error.hint, sep="\n", file=sys.stderr)  # noqa: T201
        os._exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
