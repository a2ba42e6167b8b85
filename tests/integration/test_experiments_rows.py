"""The rows of X are found again in the snapshots that the run used, through the real store."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor

from e2e_lab import experiments, storage
from e2e_lab.project import Project
from e2e_lab.records import DataUse

pytestmark = pytest.mark.integration


def test_training_rows_lead_back_to_rows_of_the_snapshot(project: Project) -> None:
    rng = np.random.default_rng(0)
    flights = pd.DataFrame({"distance": rng.normal(size=2000), "hour": rng.integers(0, 24, 2000), "delay": 0.0})
    flights.loc[7, "distance"] = np.nan
    saved = storage.snapshot(project, flights, "flights", source="flights.csv")
    use = DataUse(name=saved.name, version=saved.version, id=saved.id)
    table = storage.load(project, saved)
    train = table.sample(frac=0.8, random_state=1)
    X = train[["distance", "hour"]]
    run = experiments.start(project, "r", data=[use])
    run.log_model(HistGradientBoostingRegressor(max_iter=3).fit(X, train["delay"]), X=X)
    kept = experiments.kept_model(project, run.finish())
    rows = pd.read_parquet(Path(kept.path) / "e2e" / "rows.parquet")
    assert rows["row"].tolist() == train.index.tolist()
    assert set(rows["snapshot"]) == {saved.id}
    assert DataUse(name="flights", version=1, id=saved.id, role="train") in kept.data
    assert {use.role for use in experiments.find_run(project, "r").data} == {"input", "train"}
