"""The content that runs, kept models and packages name stays in the store, and is found without mlflow."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime

import pandas as pd
import pytest

from e2e_lab import experiments, models, storage, versioning
from e2e_lab.errors import Damaged, TrackingError
from e2e_lab.experiments import entries
from e2e_lab.project import Project
from e2e_lab.records import DataUse
from tests.project.store_files import forget_records, fresh, same


def named(number: int) -> str:
    """A content id."""
    return f"{number:032x}"


def test_a_project_without_runs_names_nothing(project: Project) -> None:
    assert experiments.data_ids(project) == frozenset()
    assert models.data_ids(project) == frozenset()
    assert experiments.holding(project, named(1)) == ()


def add_run(project: Project, name: str, uses: list[DataUse], state: str = "active") -> None:
    """A run in the experiment database, with the tags that a run has."""
    with sqlite3.connect(project.home / "mlflow.db") as database:
        run = name.ljust(32, "r")
        database.execute(
            "insert into runs (run_uuid, name, lifecycle_stage, status) values (?, ?, ?, 'FINISHED')",
            (run, name, state),
        )
        database.executemany(
            "insert into tags (key, value, run_uuid) values (?, ?, ?)",
            [(key, value, run) for key, value in entries.data_tags(uses).items()],
        )
    database.close()


def use(number: int) -> DataUse:
    return DataUse(name="flights", version=number, id=named(number), role="input")


def test_what_any_run_names_counts_deleted_ones_and_long_lists_too(tracked: Project) -> None:
    add_run(tracked, "baseline", [use(1), use(2)])
    add_run(tracked, "removed", [use(3)], state="deleted")
    add_run(tracked, "long", [use(number) for number in range(100, 400)])
    found = experiments.data_ids(tracked)
    assert {named(number) for number in (1, 2, 3, *range(100, 400))} <= found
    assert named(4) not in found
    assert experiments.holding(tracked, named(1)) == ("files that these runs logged: baseline",)


def test_kept_models_and_what_was_not_sent_yet_count(project: Project) -> None:
    for number, place in enumerate(("artifacts/models/m-1/artifacts/e2e", "models/m-2/e2e"), start=1):
        folder = project.home / place
        folder.mkdir(parents=True)
        said = {"run": "f" * 32, "run_name": f"run {number}", "data": [use(number).to_json()]}
        (folder / "model.json").write_text(json.dumps(said), "utf-8")
    (project.home / "unsent").mkdir()
    (project.home / "unsent" / "x.json").write_text(json.dumps({"tags": entries.data_tags([use(3)])}), "utf-8")
    assert {named(1), named(2), named(3)} <= experiments.data_ids(project)
    (said_of,) = experiments.holding(project, named(2))
    assert said_of == "the model of run 2: replay rows, examples and baseline in .e2e/models/m-2/e2e"


def test_packages_count_and_one_that_cannot_be_read_is_refused(project: Project) -> None:
    folder = project.home / "packages" / "delay"
    folder.mkdir(parents=True)
    package = {
        "service": "delay", "version": 1, "model": "delay", "model_version": 1, "run": "f" * 32, "bento": "delay:v1",
        "path": "", "replay": {"rows": 1, "different": 0, "largest_difference": 0.0, "seconds": 0.1},
        "data": [{"name": "flights", "version": 1, "id": named(1)}], "time": datetime.now(UTC).isoformat(),
    }  # fmt: skip
    (folder / "v1.json").write_text(json.dumps(package), "utf-8")
    assert models.data_ids(project) == {named(1)}
    (folder / "v1.json").write_text("{", "utf-8")
    with pytest.raises(Damaged):
        models.data_ids(project)


def test_a_database_that_cannot_be_read_is_refused(project: Project) -> None:
    (project.home / "mlflow.db").write_bytes(b"no database" * 1000)
    with pytest.raises(TrackingError, match="not known which data"):
        experiments.data_ids(project)


def test_neither_mlflow_nor_pandas_is_imported_to_know_it(tracked: Project) -> None:
    code = (
        "import sys\nfrom e2e_lab import experiments, models, project, versioning\nhere = project.find(sys.argv[1])\n"
        "experiments.data_ids(here), models.data_ids(here), versioning.data_ids(here)\n"
        "print([name for name in ('mlflow', 'pandas', 'pyarrow', 'bentoml') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tracked.root)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_data_of_a_run_outlives_its_journal(tracked: Project) -> None:
    made = [storage.snapshot(tracked, pd.DataFrame({"a": [n] * 100}), "flights", stage="raw") for n in range(3)]
    forget_records(tracked)
    add_run(tracked, "baseline", [DataUse(name="flights", version=2, id=made[1].id, role="train")])
    project = fresh(tracked)
    roots = experiments.data_ids(project) | models.data_ids(project) | versioning.data_ids(project)
    assert storage.gc(project, roots=roots).versions == 2
    assert same(project, made[1])
