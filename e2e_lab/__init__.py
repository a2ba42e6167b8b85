"""e2e-lab: the whole machine-learning workflow inside the notebook workspace.

>>> import e2e_lab as e2e
>>> sorted(name for name in dir(e2e) if name.startswith("log"))
['log', 'log_artifact', 'log_metric', 'log_model', 'log_param']

Importing this imports nothing heavy: each public name is loaded when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from e2e_lab.errors import E2EError

if TYPE_CHECKING:
    from e2e_lab.workspace.verbs import (
        commit,
        datasets,
        export,
        forget,
        gc,
        ingest,
        init,
        keep,
        load,
        log,
        log_artifact,
        log_metric,
        log_model,
        log_param,
        package,
        register,
        remove,
        rename,
        restore,
        run,
        run_notebook,
        runs,
        serve,
        services,
        snapshot,
        status,
        stop,
        trace,
        verify,
    )

__all__ = [
    "E2EError",
    "commit",
    "datasets",
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


def __getattr__(name: str) -> Any:
    if name in __all__:
        from e2e_lab.workspace import verbs

        return getattr(verbs, name)
    if name == "__version__":
        from importlib.metadata import version

        return version("e2e-lab")
    raise AttributeError(f"module 'e2e_lab' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


def load_ipython_extension(shell: Any) -> None:
    """``%load_ext e2e_lab``: the magics, the hooks, and ``e2e`` in the namespace where that name is free."""
    from e2e_lab.workspace import notebook

    notebook.load(shell)


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "e2e-lab"}]


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "e2e_lab"}]


def _load_jupyter_server_extension(app: Any) -> None:
    from e2e_lab.workspace import server

    server.setup(app)
