"""Open the MLflow store of a project: the database inside it, or the server that it names."""

from __future__ import annotations

import logging
import os
import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from e2e_lab.errors import NewerFormat, TrackingError
from e2e_lab.experiments import database
from e2e_lab.project import Project

if TYPE_CHECKING:
    from mlflow import MlflowClient

log = logging.getLogger("e2e_lab.experiments")

_open: dict[tuple[int, str, str], Store] = {}
_opening = threading.RLock()
_LOOKED_FOR = ("pandas", "pyarrow", "polars")
_REFUSED = {
    "INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST", "RESOURCE_ALREADY_EXISTS", "BAD_REQUEST", "INVALID_STATE",
    "PERMISSION_DENIED", "UNAUTHENTICATED", "ENDPOINT_NOT_FOUND", "NOT_IMPLEMENTED",
}  # fmt: skip


@dataclass(frozen=True)
class Store:
    """An open MLflow store: the client, the project's experiment, and the local artifact folder if it is embedded."""

    client: MlflowClient
    experiment: str
    uri: str
    embedded: bool
    file: tuple[int, int] | None = None
    """Device and inode of the embedded database."""


def tracking_uri(project: Project) -> str | None:
    """The server (or other store) that the environment or ``e2e.toml`` names; None for the embedded database."""
    named = project.setting("mlflow", "tracking_uri", env="MLFLOW_TRACKING_URI")
    return str(named) if named else None


def open_store(project: Project) -> Store:
    """The project's store, opened once in this process; making the database takes MLflow a second or more.

    Raises :class:`TrackingError` where a server does not answer.
    """
    uri = tracking_uri(project) or database.sqlite_uri(database.path_of(project))
    key = (os.getpid(), uri, project.name)
    with _opening:
        found = _open.get(key)
        if found is not None:
            if not found.embedded or found.file == database.identity(project):
                return found
            database.let_go(uri)
        quieten()
        store = _remote(project, uri) if tracking_uri(project) else _embedded(project, uri)
        _open[key] = store
        return store


def prewarm(project: Project) -> threading.Thread:
    """Import mlflow and open the store in a daemon thread, so that the first run need not wait for it.

    What mlflow imports and others look for in ``sys.modules`` is imported here, in the thread of the user's own code:
    else scikit-learn, asked meanwhile what a frame is, may find half a polars.
    """
    for name in _LOOKED_FOR:
        with suppress(Exception):  # as may be of a broken package, which its user hears of where it is needed
            import_module(name)

    def work() -> None:
        try:
            open_store(project)
        except Exception as problem:  # whoever needs the store opens it again and gets the error
            log.debug("could not open the experiment store ahead of time: %s", problem)

    thread = threading.Thread(target=work, name="e2e-prewarm", daemon=True)
    thread.start()
    return thread


def quieten() -> None:
    """Switch MLflow's telemetry, progress bars and chatter off; give up on a dead server within seconds."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["DO_NOT_TRACK"] = "true"
    for name, value in (
        ("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false"),
        ("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true"),
        ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2"),
        ("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "1"),
        ("MLFLOW_HTTP_REQUEST_TIMEOUT", "20"),
        ("GIT_PYTHON_REFRESH", "quiet"),
    ):
        os.environ.setdefault(name, value)
    # Filters rather than catch_warnings: this may run in a thread, where putting filters back would undo the user's.
    warnings.filterwarnings("ignore", module=r"(mlflow|sqlalchemy|alembic)(\.|$)")
    import mlflow  # noqa: F401  sets the levels of its loggers when imported

    for name in ("mlflow", "alembic", "urllib3.connectionpool"):
        logging.getLogger(name).setLevel(logging.ERROR)


def _embedded(project: Project, uri: str) -> Store:
    from mlflow import MlflowClient

    artifacts = project.home / "artifacts"
    with database.guarded(project):
        try:
            if not database.path_of(project).exists():
                database.make(project)
            else:
                database.settle(project)
                database.upgrade(project)
            client = MlflowClient(tracking_uri=uri, registry_uri=uri)
            experiment = _experiment(client, project.name, artifacts)
        except Exception as problem:
            if "Can't locate revision" in str(problem):
                raise NewerFormat(
                    "The experiment database was made by a newer MLflow.", hint="pip install --upgrade mlflow"
                ) from None
            if not of_the_store(problem) or isinstance(problem, OSError):
                raise
            raise TrackingError(
                f"The experiment database {database.path_of(project)} cannot be opened: {first_line(problem)}.",
                hint="move it away to start a new one",
            ) from problem
    return Store(client, experiment, uri, True, database.identity(project))


def _remote(project: Project, uri: str) -> Store:
    from mlflow import MlflowClient

    with told(uri):
        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        return Store(client, _experiment(client, project.name, None), uri, False)


def _experiment(client: MlflowClient, name: str, artifacts: Path | None) -> str:
    from mlflow.exceptions import MlflowException

    found = client.get_experiment_by_name(name)
    if found is None:
        try:
            return str(client.create_experiment(name, artifact_location=artifacts.as_uri() if artifacts else None))
        except MlflowException:  # another process was quicker
            found = client.get_experiment_by_name(name)
            if found is None:
                raise
    if found.lifecycle_stage == "deleted":
        client.restore_experiment(found.experiment_id)
    return str(found.experiment_id)


@contextmanager
def told(uri: str) -> Iterator[None]:
    """Turn what MLflow or the network refuses into :class:`TrackingError`."""
    try:
        yield
    except TrackingError:
        raise
    except Exception as problem:
        if not of_the_store(problem):
            raise
        if refused(problem):
            raise TrackingError(f"MLflow refused: {first_line(problem)}.", hint="e2e runs") from problem
        raise TrackingError(
            f"The tracking store {first_line(uri)} does not answer: {first_line(problem)}.",
            hint="start the server, or change [mlflow] tracking_uri in e2e.toml",
        ) from problem


def of_the_store(problem: Exception) -> bool:
    """Whether MLflow, its database or the network raised this."""
    return isinstance(problem, OSError) or type(problem).__module__.split(".")[0] in (
        "alembic", "mlflow", "requests", "sqlalchemy", "sqlite3", "urllib3",
    )  # fmt: skip


def refused(problem: Exception) -> bool:
    """Whether trying again is useless: MLflow understood and said no."""
    return str(getattr(problem, "error_code", "")) in _REFUSED


def first_line(problem: object) -> str:
    """The first line of what went wrong, without the passwords that addresses may hold."""
    lines = str(problem).strip().splitlines() or [type(problem).__name__]
    return re.sub(r"//[^/@\s]*@", "//", lines[0])[:300].rstrip(".")
