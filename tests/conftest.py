"""Real projects to test on: a git repository with an identity, an ``e2e.toml``, a ``.e2e``, in a temporary folder."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from e2e_lab import project as projects
from e2e_lab.project import Project


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
