"""What the routes stand on: the server's folder, its kernels' interpreters, the worker, and what is kept."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_client.kernelspec import NoSuchKernel
from jupyter_core.utils import ensure_async
from traitlets import Float
from traitlets.config import Configurable

from e2e_lab.errors import NotFound, UsageError
from e2e_lab.workspace.query import Worker
from e2e_lab.workspace.server.kept import Kept

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp


class E2ELab(Configurable):
    """Settings of the server extension, ``c.E2ELab.… = …`` in ``jupyter_server_config.py``."""

    worker_idle_seconds = Float(120.0, help="How long the process that reads tables waits for a question.").tag(
        config=True
    )
    worker_timeout_seconds = Float(60.0, help="How long a question about a table may take.").tag(config=True)


@dataclass
class Backend:
    """One a server."""

    app: ServerApp
    kept: Kept = field(default_factory=Kept)
    worker: Worker = field(init=False)

    def __post_init__(self) -> None:
        settings = E2ELab(config=self.app.config)
        self.worker = Worker(idle=settings.worker_idle_seconds, timeout=settings.worker_timeout_seconds)

    @property
    def root(self) -> Path:
        """The folder that the server shows."""
        return Path(self.app.root_dir).resolve()

    async def python_of(self, kernel: str | None) -> str:
        """The interpreter of a kernel by the kernel's name; the server's own where none is named.

        Only kernels that the server knows count, never a path. Raises :class:`NotFound` for others, and
        :class:`UsageError` for a kernel that is not Python.
        """
        if kernel is None:
            return sys.executable
        specs = self.app.kernel_spec_manager
        assert specs is not None
        try:
            found = await ensure_async(specs.get_kernel_spec(kernel))
        except (NoSuchKernel, ValueError, OSError):
            raise NotFound(f"There is no kernel {kernel!r} here.", hint="jupyter kernelspec list") from None
        program = found.argv[0] if found.argv else ""
        if not Path(program).name.startswith("python"):
            raise UsageError(f"The kernel {kernel!r} is no Python kernel.", hint="choose a Python kernel")
        return program if Path(program).is_absolute() else sys.executable
