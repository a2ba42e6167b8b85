"""Runs and metrics beside MLflow's fluent calls, on the same kind of database."""

from __future__ import annotations

import os
import time
from pathlib import Path

from benchmarks.measure import Row, both
from e2e_lab import experiments, versioning
from e2e_lab import project as projects
from e2e_lab.project import Project

PARAMS = {f"p{i}": i for i in range(10)}
METRICS = {f"m{i}": i / 7 for i in range(10)}


def measure(folder: Path) -> list[Row]:
    """A run with 10 parameters and 10 metrics, pin included; 1,000 steps of a metric until another client sees them."""
    import mlflow

    versioning.init(folder / "project")
    project = projects.find(folder / "project")
    (project.root / "train.py").write_text("print('train')\n", "utf-8")
    mlflow.set_tracking_uri(f"sqlite:///{folder / 'fluent.db'}")
    os.environ.pop("MLFLOW_TRACKING_URI", None)  # which that call sets, and which would name the store of our runs too
    mlflow.create_experiment("fluent", artifact_location=(folder / "artifacts").as_uri())
    mlflow.set_experiment("fluent")
    numbers = iter(range(10_000))

    def ours() -> None:
        pin = versioning.pin(project, f"r{next(numbers)}")
        run = experiments.start(project, "bench", params=PARAMS, pin=pin)
        for name, value in METRICS.items():
            run.log_metric(name, value)
        run.finish()

    def fluent() -> None:
        with mlflow.start_run():
            for name, value in PARAMS.items():
                mlflow.log_param(name, value)
            for name, value in METRICS.items():
                mlflow.log_metric(name, value)

    def our_steps() -> None:
        run = experiments.start(project, "steps")
        for step in range(1000):
            run.log_metric("loss", 1 / (step + 1), step)
        _until(mlflow.MlflowClient(f"sqlite:///{project.home / 'mlflow.db'}"), run.id)
        run.finish()

    def fluent_steps() -> None:
        with mlflow.start_run() as run:
            for step in range(1000):
                mlflow.log_metric("loss", 1 / (step + 1), step)
            _until(mlflow.MlflowClient(f"sqlite:///{folder / 'fluent.db'}"), run.info.run_id)

    return [
        both("a run with 10 + 10, pin included", ours, "the 21 fluent MLflow calls", fluent, at_most=1.0, runs=11),
        both("1,000 metric steps until another client sees them", our_steps, "synchronous `log_metric`", fluent_steps,
             at_most=1 / 20, runs=3),
        _log_model(project),
    ]  # fmt: skip


def _log_model(project: Project) -> Row:
    """What the cell waits for; ours goes on in the background, which is not timed."""
    import mlflow
    import numpy as np
    import pandas as pd
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline

    X = pd.DataFrame(np.random.default_rng(0).normal(size=(20_000, 8)), columns=[f"c{i}" for i in range(8)])
    model = make_pipeline(SimpleImputer(), Ridge()).fit(X, X["c0"] * 2)

    def ours() -> None:
        run = experiments.start(project, "model")
        run.log_model(model, X=X)
        run.finish()

    def fluent() -> None:
        with mlflow.start_run():
            mlflow.sklearn.log_model(
                model, name="model", pip_requirements=["scikit-learn"], skops_trusted_types=["numpy.dtype"]
            )

    return both(
        "a run with `log_model`, until the cell is done", ours,
        "`mlflow.sklearn.log_model`, requirements given, no signature", fluent, at_most=None, runs=3,
        between=lambda: experiments.wait(project),
    )  # fmt: skip


def _until(client: object, run: str) -> None:
    late = time.monotonic() + 60
    while len(client.get_metric_history(run, "loss")) < 1000:  # type: ignore[attr-defined]
        if time.monotonic() > late:
            raise SystemExit(f"The steps of run {run} are not there after a minute.")
        time.sleep(0.02)
