"""What each verb does: it finds the project and what the session knows, and calls one function of a room.

``e2e_lab.NAME`` in Python comes from here; :func:`do` carries out the words of a magic or a shell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from e2e_lab.faces import lazily

if TYPE_CHECKING:
    from e2e_lab.workspace.verbs.data import datasets, export, ingest, load, remove, rename, snapshot
    from e2e_lab.workspace.verbs.doing import as_json, do
    from e2e_lab.workspace.verbs.experiments import (
        begin_run,
        end_run,
        keep,
        log_artifact,
        log_metric,
        log_model,
        log_param,
        run,
        run_notebook,
        runs,
    )
    from e2e_lab.workspace.verbs.models import package, register, serve, services, stop, trace
    from e2e_lab.workspace.verbs.project import commit, init, log, restore, status
    from e2e_lab.workspace.verbs.upkeep import forget, gc, verify

__all__ = [
    "as_json",
    "begin_run",
    "commit",
    "datasets",
    "do",
    "end_run",
    "export",
    "forget",
    "gc",
    "ingest",
    "init",
    "keep",
    "load",
    "log",
    "log_artifact",
    "log_metric",
    "log_model",
    "log_param",
    "package",
    "register",
    "remove",
    "rename",
    "restore",
    "run",
    "run_notebook",
    "runs",
    "serve",
    "services",
    "snapshot",
    "status",
    "stop",
    "trace",
    "verify",
]

_WHERE = {
    "as_json": "doing", "begin_run": "experiments", "commit": "project", "datasets": "data", "do": "doing",
    "end_run": "experiments", "export": "data", "forget": "upkeep", "gc": "upkeep", "ingest": "data", "init": "project",
    "keep": "experiments", "load": "data", "log": "project", "log_artifact": "experiments", "log_metric": "experiments",
    "log_model": "experiments", "log_param": "experiments", "package": "models", "register": "models", "remove": "data",
    "rename": "data", "restore": "project", "run": "experiments", "run_notebook": "experiments", "runs": "experiments",
    "serve": "models", "services": "models", "snapshot": "data", "status": "project", "stop": "models",
    "trace": "models", "verify": "upkeep",
}  # fmt: skip

__getattr__ = lazily(__name__, _WHERE)
