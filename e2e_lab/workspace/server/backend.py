"""What the routes stand on: the server's folder, its kernels' interpreters, the worker, and what is kept."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from jupyter_client.kernelspec import NoSuchKernel
from jupyter_core.utils import ensure_async
from traitlets import Float
from traitlets.config import Configurable

from e2e_lab.errors import NotFound, UnfitPython, UsageError
from e2e_lab.workspace.server.kept import Kept
from e2e_lab.workspace.server.mlflow_pages import MlflowProcesses
from e2e_lab.workspace.tables import Worker

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp


class E2ELab(Configurable):
    """Settings of the server extension, ``c.E2ELab.… = …`` in ``jupyter_server_config.py``."""

    worker_idle_seconds = Float(120.0, help="How long the process that reads tables waits for a question.").tag(
        config=True
    )
    worker_timeout_seconds = Float(60.0, help="How long a question about a table may take.").tag(config=True)
    mlflow_idle_seconds = Float(1800.0, help="How long MLflow's pages wait for a request before they end.").tag(
        config=True
    )


@dataclass(frozen=True)
class Interpreter:
    """The Python of a kernel, and what it has in its environment besides ours."""

    program: str
    environment: Mapping[str, str] = field(default_factory=dict)


OURS = ("python", f"python{sys.version_info.major}", "python{}.{}".format(*sys.version_info))
"""The names for which jupyter_client takes the Python that runs the server."""


@dataclass
class Backend:
    """One a server."""

    app: ServerApp
    kept: Kept = field(default_factory=Kept)
    worker: Worker = field(init=False)
    models: Worker = field(init=False)
    """Another one for what needs a model: rows scroll on while that is loaded."""
    mlflow: MlflowProcesses = field(init=False)

    def __post_init__(self) -> None:
        settings = E2ELab(config=self.app.config)
        self.worker, self.models = (
            Worker(idle=settings.worker_idle_seconds, timeout=settings.worker_timeout_seconds) for _ in range(2)
        )
        self.mlflow = MlflowProcesses(self.app.web_app, idle=settings.mlflow_idle_seconds)

    @property
    def root(self) -> Path:
        """The folder that the server shows."""
        return Path(self.app.root_dir).resolve()

    async def python_of(self, kernel: str | None) -> Interpreter:
        """The interpreter of a kernel by the kernel's name; the server's own where none is named.

        Only kernels that the server knows count, never a path. Raises :class:`NotFound` for others, and
        :class:`UsageError` for a kernel that is not Python, and :class:`UnfitPython` where kernels run elsewhere.
        """
        if kernel is None:
            return Interpreter(sys.executable)
        if self.app.gateway_config.gateway_enabled:
            raise UnfitPython(
                f"The kernel {kernel!r} runs behind a gateway, out of this server's reach.", hint='{"kernel": null}'
            )
        specs = self.app.kernel_spec_manager
        assert specs is not None
        try:
            found = await ensure_async(specs.get_kernel_spec(kernel))
        except (NoSuchKernel, ValueError, OSError):
            raise NotFound(f"There is no kernel {kernel!r} here.", hint="jupyter kernelspec list") from None
        program = found.argv[0] if found.argv else ""
        if not Path(program).name.startswith("python"):
            raise UsageError(f"The kernel {kernel!r} is no Python kernel.", hint="choose a Python kernel")
        environment = {name: Template(str(value)).safe_substitute(os.environ) for name, value in found.env.items()}
        if program in OURS:
            return Interpreter(sys.executable, environment)
        path = shutil.which(program, path=environment.get("PATH"))
        if path is None:
            raise UnfitPython(f"There is no {program} to run the kernel {kernel!r}.", hint="jupyter kernelspec list")
        return Interpreter(path, environment)
