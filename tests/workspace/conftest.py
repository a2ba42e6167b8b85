"""A real IPython shell with e2e-lab loaded, in a real project."""

from __future__ import annotations

import atexit
import gc
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from e2e_lab.project import Project
from e2e_lab.workspace.session import Session


class Notebook:
    """Runs cells one after another, as a person would."""

    def __init__(self, shell: InteractiveShell) -> None:
        self.shell = shell

    def run(self, source: str, cell_id: str | None = None) -> Any:
        """Run a cell; its error is raised, its value returned."""
        result = self.shell.run_cell(source, store_history=True, cell_id=cell_id)
        result.raise_error()
        return result.result

    def fail(self, source: str) -> BaseException:
        """Run a cell that must fail; the error."""
        result = self.shell.run_cell(source, store_history=True)
        assert not result.success, f"this cell should have failed: {source}"
        error: BaseException = result.error_in_exec or result.error_before_exec
        return error

    def __getitem__(self, name: str) -> Any:
        return self.shell.user_ns[name]

    def __contains__(self, name: str) -> bool:
        return name in self.shell.user_ns


@pytest.fixture
def bare_notebook(clean_session: Session) -> Iterator[Notebook]:
    """A shell without the extension."""
    InteractiveShell.clear_instance()
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    shell = InteractiveShell.instance(config=config)
    gc.freeze()  # all that the suite has imported: a shell that ends has garbage looked for, which takes long in it
    yield Notebook(shell)
    atexit.unregister(shell.atexit_operations)
    shell.atexit_operations()
    InteractiveShell.clear_instance()


@pytest.fixture
def notebook(bare_notebook: Notebook, project: Project) -> Notebook:
    """A shell in a project, with the extension loaded."""
    bare_notebook.run("%load_ext e2e_lab")
    return bare_notebook


@pytest.fixture
def as_another_user() -> Iterator[Callable[[Path], None]]:
    """``as_another_user(folder)``: from here on the folder may be read, not written, also where tests run as root."""
    was, modes = os.geteuid(), dict[Path, int]()

    def become(folder: Path) -> None:
        for above in folder.parents:
            if above.stat().st_uid == was and not above.stat().st_mode & 0o001:
                modes[above] = above.stat().st_mode
                above.chmod(modes[above] | 0o055)
        for path in [folder, *folder.rglob("*")]:
            if not path.is_symlink():
                modes[path] = path.stat().st_mode
                path.chmod(0o555 if path.is_dir() else 0o444)
                if was == 0:
                    os.chown(path, 65534, -1)  # git trusts only a folder of its user
        if was == 0:
            os.seteuid(65534)

    yield become
    if was == 0:
        os.seteuid(0)
    for path, mode in modes.items():
        if path.exists():
            path.chmod(mode)
            if was == 0:
                os.chown(path, 0, -1)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 2 MB, where this machine lets us mount one."""
    at = tmp_path / "disk"
    at.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(at)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a small disk can be mounted by root only")
    try:
        yield at
    finally:
        subprocess.run(["umount", "-l", str(at)], check=True)
