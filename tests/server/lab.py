"""A small real project with a registered model, for the tests of models and services."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from e2e_lab import experiments, models, storage
from e2e_lab import project as projects
from e2e_lab.project import Project
from e2e_lab.records import DataUse
from tests.server.test_jobs import over


def table(rows: int = 240) -> pd.DataFrame:
    """Flights with nulls, categories and times of a zone."""
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "month": rng.integers(1, 13, rows),
            "dep_delay": rng.normal(10, 30, rows),
            "air time": rng.normal(100, 30, rows),
            "origin": pd.Categorical(rng.choice(["EWR", "JFK", "LGA"], rows)),
            "at": pd.date_range("2013-01-01", periods=rows, freq="h", tz="UTC"),
        }
    )
    frame.loc[::7, "dep_delay"] = np.nan
    return frame


def kept(project: Project, name: str, X: pd.DataFrame, slope: float) -> Any:
    """A finished run that kept a pipeline."""
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LinearRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    columns = make_column_transformer(
        (SimpleImputer(), ["dep_delay"]), ("passthrough", ["month", "air time"]), (OneHotEncoder(), ["origin"])
    )
    model = make_pipeline(columns, LinearRegression()).fit(X, slope * X["dep_delay"].fillna(0) + X["month"])
    clean = storage.current(project, "flights_clean")
    run = experiments.keep(
        project, name, model=model, X=X, metrics={"rmse": 3.25}, params={"slope": slope},
        data=[DataUse(name=clean.name, version=clean.version, id=clean.id)],
    )  # fmt: skip
    experiments.kept_model(project, run)
    return experiments.find_run(project, run.id)


def make(root: Path) -> None:
    """A project in *root* with ``delay`` in two versions, of which the first is packaged."""
    root.mkdir()
    subprocess.run(["git", "init", "-q", "-b", "main", str(root)], check=True)
    project, _ = projects.create(root, name="flights")
    X = table()
    raw = storage.snapshot(project, X, "flights", stage="raw", source="flights.csv")
    storage.snapshot(project, X, "flights_clean", stage="processed", parents=[raw.as_parent])
    first = models.register(project, kept(project, "baseline", X, 1.0), "delay", alias="champion")
    models.package(project, first)
    models.register(project, kept(project, "deeper", X, 2.0), "delay")


async def done(asking: Any, kind: str, **args: Any) -> dict[str, Any]:
    begun = await asking("jobs", body={"kind": kind, "args": args})
    assert begun.status == 202, begun.body
    return await over(lambda noun, **words: asking(noun), begun.body)
