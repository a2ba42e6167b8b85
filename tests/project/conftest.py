"""Projects with an experiment database, copied from one that is made once a session (it takes MLflow a second)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e_lab import experiments
from e2e_lab import project as projects
from e2e_lab.experiments import database, tracking
from e2e_lab.project import Project


@pytest.fixture(scope="session")
def experiment_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with MLflow's tables and no runs."""
    made, _ = projects.create(tmp_path_factory.mktemp("template"), name="template")
    tracking.quieten()
    database.make(made)
    return database.path_of(made)


@pytest.fixture
def tracked(project: Project, experiment_database: Path) -> Iterator[Project]:
    """A project whose experiment database is there already; background work is done before it goes."""
    shutil.copyfile(experiment_database, project.home / "mlflow.db")
    yield project
    experiments.wait(project)
