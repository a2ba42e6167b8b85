"""Real projects to test on: a git repository with an identity, an ``e2e.toml``, a ``.e2e``, in a temporary folder."""

from __future__ import annotations

import linecache
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from e2e_lab import project as projects
from e2e_lab.project import Project
from e2e_lab.workspace.session import Session, session


def _all_lines_checked(
    filename: str | None = None, *, checkcache: Callable[[str | None], None] = linecache.checkcache
) -> None:
    """Each doctest asks Python to look whether the lines of files that it knows are out of date. Of classes that are
    collected meanwhile, SQLAlchemy takes theirs away, and Python 3.11 does not expect that."""
    try:
        checkcache(filename)
    except KeyError:
        _all_lines_checked(filename)


linecache.checkcache = _all_lines_checked

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # as in what a shell begins in the background, and its children
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No setting of the machine's user leaks in: an empty git configuration, no e2e or MLflow variables."""
    for name in list(os.environ):
        if name.startswith(("E2E_", "MLFLOW_", "GIT_", "BENTOML_", "JPY_")):
            monkeypatch.delenv(name)
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(home / ".gitconfig"))
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("BENTOML_DO_NOT_TRACK", "true")


def git(folder: Path, *words: str) -> str:
    """Run the real git in *folder*; what it prints."""
    done = subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """An empty git repository with an identity and the branch ``main``."""
    root = tmp_path / "work"
    root.mkdir()
    git(root, "init", "-q", "-b", "main")
    git(root, "config", "user.name", "Ada Lovelace")
    git(root, "config", "user.email", "ada@example.org")
    return root


@pytest.fixture
def project(repository: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A new project at the root of a git repository, which is also the working folder."""
    made, _ = projects.create(repository, name="flights")
    (repository / ".gitignore").write_text("/.e2e/\n", "utf-8")
    monkeypatch.chdir(repository)
    return made


@pytest.fixture
def clean_session() -> Iterator[Session]:
    """The process's session, empty before and after."""
    session.__init__()  # type: ignore[misc]
    yield session
    session.__init__()  # type: ignore[misc]


# ---- real kernels --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answered:
    """What a kernel said to a cell: ``ok`` or ``error``, the error's class and words, and everything it showed."""

    status: str
    error: str
    text: str


class Kernel:
    """A real kernel in a process of its own, as a front end would drive it."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        from jupyter_client.manager import KernelManager

        self._manager = KernelManager(kernel_name="python3")
        self._manager.start_kernel(cwd=str(folder), env=dict(environment))
        self._client: Any = self._manager.blocking_client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=120)

    @property
    def pid(self) -> int:
        """The kernel's process."""
        return int(self._manager.provisioner.pid)  # type: ignore[union-attr]

    def begin(self, source: str, cell: str | None = None) -> str:
        """Send a cell (with its id, as JupyterLab does) and do not wait for it; what :meth:`finish` wants."""
        content = {"code": source, "silent": False, "store_history": True, "allow_stdin": False, "stop_on_error": False}
        message = self._client.session.msg("execute_request", content, metadata={"cellId": cell} if cell else {})
        self._client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def finish(self, cell: str, timeout: float = 120) -> Answered:
        """Wait for the end of a cell that was sent."""
        shown: list[str] = []
        until = time.monotonic() + timeout
        while True:
            message = self._client.get_iopub_msg(timeout=max(0.1, until - time.monotonic()))
            if message["parent_header"].get("msg_id") != cell:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "stream":
                shown.append(content["text"])
            elif kind in ("execute_result", "display_data"):
                shown.append(content["data"].get("text/plain", ""))
            elif kind == "error":
                shown.append("\n".join(content["traceback"]))
            elif kind == "status" and content["execution_state"] == "idle":
                break
        reply = self._client.get_shell_msg(timeout=30)
        while reply["parent_header"].get("msg_id") != cell:
            reply = self._client.get_shell_msg(timeout=30)
        said = reply["content"]
        error = f"{said['ename']}: {said['evalue']}" if said["status"] == "error" else ""
        return Answered(said["status"], error, "\n".join(shown))

    def run(self, source: str, cell: str | None = None) -> Answered:
        """Run a cell to its end, whatever that is."""
        return self.finish(self.begin(source, cell))

    def show(self, source: str, cell: str | None = None) -> str:
        """Run a cell that must not fail; everything it showed."""
        answered = self.run(source, cell)
        assert answered.status == "ok", answered.text
        return answered.text

    def interrupt(self) -> None:
        """What the stop button does: a real SIGINT."""
        self._manager.interrupt_kernel()

    def stop(self) -> None:
        """End it and close everything that talked to it."""
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)
        self._manager.cleanup_resources()


def plain_environment(home: Path) -> dict[str, str]:
    """The environment of a user with an identity in git and no settings; what :func:`clean_environment` gives to one
    test, for processes that live longer."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("E2E_", "MLFLOW_", "GIT_", "BENTOML_", "JPY_"))
    }
    config = home / ".gitconfig"
    if not config.exists():
        config.write_text("[user]\n\tname = Ada Lovelace\n\temail = ada@example.org\n[init]\n\tdefaultBranch = main\n")
    return kept | {
        "HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": str(config), "PYTHONWARNINGS": "ignore",
        "MLFLOW_DISABLE_TELEMETRY": "true", "BENTOML_DO_NOT_TRACK": "true", "PYDEVD_DISABLE_FILE_VALIDATION": "1",
    }  # fmt: skip


@pytest.fixture
def kernels(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Kernel]]:
    """``kernels(folder, notebook="x.ipynb")`` starts a real kernel there; all of them end with the test."""
    started: list[Kernel] = []
    environment = plain_environment(tmp_path_factory.mktemp("kernel-home"))

    def start(folder: Path, notebook: str | None = None) -> Kernel:
        named = {"JPY_SESSION_NAME": str(folder / notebook)} if notebook else {}
        started.append(Kernel(folder, environment | named))
        return started[-1]

    yield start
    for kernel in started:
        kernel.stop()


def eventually(true: Callable[[], Any], seconds: float = 60) -> Any:
    """Ask until the answer is true, and give it; fails at the deadline."""
    until = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < until, f"still not so after {seconds} s"
        time.sleep(0.05)
    return found
