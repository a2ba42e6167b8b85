"""Run a saved notebook from top to bottom without a screen, as one tracked run."""

from __future__ import annotations

import asyncio
import keyword
import os
import tempfile
import traceback
from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from e2e_lab.errors import NotFound, UsageError, closest
from e2e_lab.experiments import keeping, table
from e2e_lab.experiments import run as runs
from e2e_lab.project import Project
from e2e_lab.records import Pin, Run, Trail

if TYPE_CHECKING:
    from collections.abc import Iterator

    from nbclient import NotebookClient
    from nbformat import NotebookNode

OUTER_RUN = "E2E_RUN"
"""In the kernel of such a notebook: the id of the run that it is, to which what is logged outside a cell's run goes."""


def run_notebook(
    project: Project, path: Path, params: Mapping[str, Any], *, pin: Pin | None = None, trail: Trail
) -> Run:
    """Execute the notebook at *path* in a kernel of its own and keep the executed copy with the run.

    *params* are assigned in a cell after the one tagged ``parameters``, or before all others. The saved file itself is
    not touched. An error in a cell marks the run failed, with that cell's traceback as ``e2e.error``. Raises
    :class:`UsageError` for a parameter that cannot be assigned or a kernel that is not installed, before any run.
    """
    from nbclient.exceptions import CellExecutionError, DeadKernelError

    notebook = _read(path)
    _assign(notebook, params)
    client = _client(notebook, path)
    started = runs.start(project, path.stem, params=params, pin=pin, trail=trail)
    ended, error = "finished", None
    try:
        with _environment(project, path, started.id):
            _execute(client)
    except CellExecutionError as problem:
        ended, error = "failed", str(problem)
    except DeadKernelError:
        ended, error = "failed", f"The kernel died while {path.name} ran."
    except KeyboardInterrupt:
        ended = "killed"
        raise
    except Exception:
        ended, error = "failed", traceback.format_exc()
        raise
    finally:
        _keep_copy(started, notebook, path)
        started.finish(ended, error)
    return table.find_run(project, started.id)  # with what the kernel logged


def _client(notebook: NotebookNode, path: Path) -> NotebookClient:
    from jupyter_client.kernelspec import NoSuchKernel
    from nbclient import NotebookClient

    kernel = notebook.metadata.get("kernelspec", {}).get("name", "python3")
    client = NotebookClient(
        notebook, timeout=None, kernel_name=kernel, resources={"metadata": {"path": str(path.parent)}}
    )
    manager = client.create_kernel_manager()
    try:
        found = manager.kernel_spec
    except NoSuchKernel:
        raise UsageError(
            f"{path.name} wants the kernel {kernel!r}, which is not installed here.", hint="jupyter kernelspec list"
        ) from None
    if found and "ipykernel_launcher" in found.argv:
        client.extra_arguments = ["--IPKernelApp.log_level=CRITICAL"]
    manager.shutdown_wait_time = 2 * keeping.PROOF_SECONDS  # models are kept after the last cell
    return client


def _execute(client: NotebookClient) -> None:
    """Cell by cell: ``NotebookClient.execute`` would take SIGINT for itself and call the run failed."""
    from nbclient.util import run_sync

    execute_cell = run_sync(_execute_cell)
    with client.setup_kernel():
        try:
            for index, cell in enumerate(client.nb.cells):
                execute_cell(client, cell, index)
        except KeyboardInterrupt:
            if client.km:
                client.km.shutdown_wait_time = 5.0
            raise
        finally:
            client.set_widgets_metadata()


async def _execute_cell(client: NotebookClient, cell: NotebookNode, index: int) -> None:
    """Run a cell. An interrupt leaves this behind, and what it says when the kernel has ended is then nobody's."""
    task = asyncio.current_task()
    assert task is not None
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    await client.async_execute_cell(cell, index)


def _read(path: Path) -> NotebookNode:
    import nbformat

    if not path.is_file():
        near = closest(path.name, (other.name for other in path.parent.glob("*.ipynb")))
        raise NotFound(f"There is no notebook {path.name}.", hint=f"e2e run {near}" if near else "e2e status")
    try:
        return nbformat.read(path, as_version=4)
    except (ValueError, AttributeError, nbformat.ValidationError) as problem:  # AttributeError: JSON of another kind
        said = str(problem).splitlines()[0].rstrip(".")
        raise UsageError(f"{path.name} is not a notebook: {said}.", hint="e2e run NOTEBOOK.ipynb") from None


def _assign(notebook: NotebookNode, params: Mapping[str, Any]) -> None:
    from nbformat.v4 import new_code_cell

    if not params:
        return
    for name in params:
        if not name.isidentifier() or keyword.iskeyword(name):
            raise UsageError(f"{name!r} cannot be a variable of the notebook.", hint="-p depth=6")
    source = "\n".join(f"{name} = {value!r}" for name, value in params.items())
    cells = notebook.cells
    tagged = [i for i, cell in enumerate(cells) if "parameters" in cell.get("metadata", {}).get("tags", [])]
    cells.insert(tagged[0] + 1 if tagged else 0, new_code_cell(source, metadata={"tags": ["injected-parameters"]}))


@contextmanager
def _environment(project: Project, path: Path, run: str) -> Iterator[None]:
    """What the kernel must know; it inherits the environment of this process."""
    wanted = {"E2E_PROJECT": str(project.root), "E2E_INERT": "1", OUTER_RUN: run, "JPY_SESSION_NAME": str(path)}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _keep_copy(started: runs.ActiveRun, notebook: NotebookNode, path: Path) -> None:
    import nbformat

    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, path.name)
        nbformat.write(notebook, copy)
        started.log_artifact(copy)
