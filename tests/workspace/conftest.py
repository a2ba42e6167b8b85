"""A real IPython shell with e2e-lab loaded, in a real project."""

from __future__ import annotations

import atexit
from collections.abc import Iterator
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from e2e_lab.project import Project
from e2e_lab.workspace.session import Session, session


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
def clean_session() -> Iterator[Session]:
    """The process's session, empty before and after."""
    session.__init__()  # type: ignore[misc]
    yield session
    session.__init__()  # type: ignore[misc]


@pytest.fixture
def bare_notebook(clean_session: Session) -> Iterator[Notebook]:
    """A shell without the extension."""
    InteractiveShell.clear_instance()
    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    shell = InteractiveShell.instance(config=config)
    yield Notebook(shell)
    atexit.unregister(shell.atexit_operations)
    shell.atexit_operations()
    InteractiveShell.clear_instance()


@pytest.fixture
def notebook(bare_notebook: Notebook, project: Project) -> Notebook:
    """A shell in a project, with the extension loaded."""
    bare_notebook.run("%load_ext e2e_lab")
    return bare_notebook
