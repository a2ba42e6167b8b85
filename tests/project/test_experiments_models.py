"""A model is kept as it was, with what a service must know, and proved to load where nothing of the project is."""

from __future__ import annotations

import importlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from e2e_lab import experiments
from e2e_lab import project as projects
from e2e_lab.errors import Ambiguous, ModelError, NotTrusted, UsageError
from e2e_lab.experiments import keeping, proof
from e2e_lab.project import Project
from e2e_lab.records import DataUse, KeptModel

ROWS = 400


@pytest.fixture(scope="module")
def X() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "distance": rng.normal(800, 200, ROWS),
            "hour": rng.integers(0, 24, ROWS),
            "carrier": pd.Categorical(rng.choice(["AA", "UA", "DL"], ROWS)),
            "origin": rng.choice(["JFK", "LGA"], ROWS),
            "wind": np.where(np.arange(ROWS) == 300, np.nan, rng.normal(10, 3, ROWS)),
        }
    )


@pytest.fixture(scope="module")
def y(X: pd.DataFrame) -> pd.Series:
    return X["distance"] / 100 + X["hour"]


def same(ours: Any, theirs: Any) -> None:
    """Equal but for the order in which threads add up the trees of a forest."""
    np.testing.assert_allclose(ours, theirs, rtol=1e-13)


def pipeline() -> Any:
    return make_pipeline(
        make_column_transformer(
            (SimpleImputer(), ["distance", "hour", "wind"]),
            (OneHotEncoder(handle_unknown="ignore"), ["carrier"]),
            (OneHotEncoder(), ["origin"]),
        ),
        RandomForestRegressor(8, max_depth=4, random_state=0, n_jobs=2),
    )


def kept(
    project: Project, model: Any, X: Any, name: str = "r", data: tuple[DataUse, ...] = (), **options: Any
) -> KeptModel:
    run = experiments.start(project, name, data=data)
    run.log_model(model, X=X, **options)
    return experiments.kept_model(project, run.finish())


def test_a_kept_model_answers_as_before_and_says_what_it_takes(tracked: Project, X: pd.DataFrame, y: pd.Series) -> None:
    model = pipeline().fit(X, y)
    found = kept(tracked, model, X)
    columns = {c.name: c for c in found.schema.columns}
    assert {name: c.type for name, c in columns.items()} == {
        "distance": "double", "hour": "int64", "carrier": "string", "origin": "string", "wind": "double",
    }  # fmt: skip
    assert {name for name, c in columns.items() if c.nullable} == {"distance", "hour", "wind", "carrier"}
    assert columns["carrier"].categories == ("AA", "DL", "UA")
    assert found.schema.outputs == ("predictions",)
    loaded = experiments.load_model(tracked, found)
    same(loaded.predict(X), model.predict(X))
    ours = Path(found.path) / "e2e"
    assert len(pd.read_parquet(ours / "replay.parquet")) == len(json.loads((ours / "answers.json").read_text())) == 200
    assert pd.read_parquet(ours / "replay.parquet")["wind"].isna().any()
    assert len(pd.read_parquet(ours / "examples.parquet")) == 5
    assert json.loads((ours / "baseline.json").read_text())["rows"] == ROWS


@pytest.mark.integration
def test_plain_mlflow_finds_and_loads_it(tracked: Project, X: pd.DataFrame, y: pd.Series) -> None:
    import mlflow

    model = pipeline().fit(X, y)
    found = kept(tracked, model, X)
    try:
        mlflow.set_tracking_uri(f"sqlite:///{tracked.home}/mlflow.db")
        few = X.head(3).assign(wind=np.nan)
        for loaded in (mlflow.pyfunc.load_model(found.path), mlflow.sklearn.load_model(f"models:/{found.id}")):
            same(loaded.predict(few), model.predict(few))
        logged = mlflow.search_logged_models(experiment_ids=["1"], output_format="list")
        assert [(m.model_id, m.name, m.source_run_id, m.status.name) for m in logged] == [
            (found.id, "model", found.run, "READY")
        ]
        runs = mlflow.search_runs(experiment_names=["flights"])
        assert runs["tags.e2e.model.model"].tolist() == [found.id]
        told = mlflow.models.get_model_info(found.path)
        assert told.signature.inputs.required_input_names() == ["origin"]
    finally:
        mlflow.set_tracking_uri(None)
        import os

        os.environ.pop("MLFLOW_TRACKING_URI", None)
    needs = (Path(found.path) / "requirements.txt").read_text()
    assert "scikit-learn==" in needs
    assert "--" not in needs


@pytest.mark.integration
def test_log_model_returns_at_once_and_later_changes_do_not_matter(
    tracked: Project, X: pd.DataFrame, y: pd.Series
) -> None:
    mine = X.copy()
    model = pipeline().fit(mine, y)
    before = model.predict(X)
    run = experiments.start(tracked, "r")
    run.log_model(model, X=mine, y=y)
    assert "background" in run.notes[0]
    mine.loc[:, "distance"] = -1.0
    mine["new"] = 1
    model.fit(X, -y)
    found = experiments.kept_model(tracked, run.finish())
    same(experiments.load_model(tracked, found).predict(X), before)
    assert "new" not in {c.name for c in found.schema.columns}
    assert pd.read_parquet(Path(found.path) / "e2e" / "replay.parquet")["distance"].min() > 0


NOTEBOOK = """
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
import pandas as pd
from e2e_lab import experiments as ex, project as P

class Ratio(BaseEstimator, TransformerMixin):
    def fit(self, X, y=None): return self
    def transform(self, X): return X.assign(ratio=X["a"] / X["b"])

p = P.find()
X = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": [2.0, 3.0, 5.0]})
run = ex.start(p, "notebook")
run.log_model(make_pipeline(Ratio(), LinearRegression()).fit(X, [1, 2, 3]), X=X)
run.finish()
"""


@pytest.mark.integration
def test_a_class_of_the_notebook_travels_and_an_ending_interpreter_finishes_the_work(tracked: Project) -> None:
    done = subprocess.run(
        [sys.executable, "-c", NOTEBOOK], check=False, cwd=tracked.root, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == ["e2e: finishing first: model 'model' of run notebook"]
    found = experiments.kept_model(tracked, experiments.find_run(tracked, "notebook"))
    code = (
        f"import cloudpickle; m = cloudpickle.load(open({found.path + '/model.pkl'!r}, 'rb'));"
        "import pandas as pd; print(m.predict(pd.DataFrame({'a': [1.0], 'b': [2.0]})).shape)"
    )
    clean = subprocess.run(
        [sys.executable, "-P", "-c", code], check=False, cwd="/", capture_output=True, text=True, env={}, timeout=60
    )
    assert clean.stdout.strip() == "(1,)", clean.stderr


@pytest.mark.integration
def test_a_half_kept_model_after_kill_9_is_told(tracked: Project) -> None:
    code = NOTEBOOK.replace("run.finish()", "run.flush(); import os; os.kill(os.getpid(), 9)")
    subprocess.run([sys.executable, "-c", code], check=False, cwd=tracked.root, capture_output=True, timeout=120)
    run = experiments.runs(tracked)[0]
    assert run.status == "killed"
    assert any("kept incompletely: run again" in note for note in run.notes)
    with pytest.raises(ModelError, match="incompletely"):
        experiments.kept_model(tracked, run)


def module(project: Project, name: str, text: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A module in the project's folder, imported as a notebook there would."""
    (project.root / f"{name}.py").write_text(text, "utf-8")
    monkeypatch.syspath_prepend(str(project.root))
    monkeypatch.delitem(sys.modules, name, raising=False)
    return importlib.import_module(name)


DOUBLING = """
import threading
from sklearn.base import BaseEstimator
FACTOR = 2
{extra}
def doubled(x):
    return FACTOR * x
class Doubling(BaseEstimator):
    def fit(self, X, y=None): return self
    def predict(self, X): return doubled(X["a"]).to_numpy()
"""


@pytest.mark.integration
@pytest.mark.parametrize("extra", ["", "LOCK = threading.Lock()\ndef held():\n    return LOCK"])
def test_a_class_of_the_project_loads_with_its_module_gone(
    tracked: Project, monkeypatch: pytest.MonkeyPatch, extra: str
) -> None:
    code = module(tracked, "mycode", DOUBLING.format(extra=extra), monkeypatch)
    found = kept(tracked, code.Doubling(), pd.DataFrame({"a": [1.0, 2.0]}))
    assert found.modules == ("mycode",)
    assert (Path(found.path) / "e2e" / "code" / "mycode.py").exists()
    (tracked.root / "mycode.py").unlink()
    shutil.rmtree(tracked.root / "__pycache__", ignore_errors=True)
    assert keeping.prove(Path(found.path)) == {"proof": "equal", "tolerates": []}


@pytest.mark.integration
def test_a_module_that_cannot_travel_by_value_travels_as_files(
    tracked: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    text = DOUBLING.format(extra="LOCK = threading.Lock()").replace("return FACTOR", "LOCK.locked(); return FACTOR")
    code = module(tracked, "lockedcode", text, monkeypatch)
    found = kept(tracked, code.Doubling(), pd.DataFrame({"a": [1.0, 2.0]}))
    (tracked.root / "lockedcode.py").unlink()
    assert not list(Path(found.path).rglob("*.pyc"))  # the hash of the folder is what it is trusted by
    monkeypatch.delitem(sys.modules, "lockedcode")
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    experiments.load_model(tracked, found)
    assert not list(Path(found.path).rglob("*.pyc"))
    assert json.loads((Path(found.path) / "e2e" / "model.json").read_text())["by_reference"]
    assert keeping.prove(Path(found.path))["proof"] == "equal"


def test_a_model_that_needs_what_is_only_here_fails_its_proof(
    tracked: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "faraway.py").write_text(DOUBLING.format(extra=""), "utf-8")
    monkeypatch.syspath_prepend(str(outside))
    faraway = importlib.import_module("faraway")
    run = experiments.start(tracked, "r")
    run.log_model(faraway.Doubling(), X=pd.DataFrame({"a": [1.0]}))
    with pytest.raises(ModelError, match="No module named 'faraway'"):
        experiments.kept_model(tracked, run.finish())
    assert "faraway" in experiments.runs(tracked)[0].notes[0]


class Random:
    def predict(self, X: pd.DataFrame) -> np.ndarray:
        return np.random.default_rng().normal(size=len(X))


@pytest.mark.integration
def test_a_model_that_answers_otherwise_each_time_fails_its_proof(tracked: Project) -> None:
    run = experiments.start(tracked, "r")
    made = type("Random", (), dict(vars(Random)))
    made.__module__ = "__main__"
    run.log_model(made(), X=pd.DataFrame({"a": [1.0, 2.0]}))
    with pytest.raises(ModelError, match="answers 2 of 2 stored rows differently"):
        experiments.kept_model(tracked, run.finish())


# ---- what is refused before any work ---------------------------------------------------------------------------


def test_a_model_fitted_on_a_bare_array_is_refused_with_the_pipeline(tracked: Project, X: pd.DataFrame, y: Any) -> None:
    numbers = X[["distance", "hour"]]
    model = LinearRegression().fit(StandardScaler().fit_transform(numbers), y)
    run = experiments.start(tracked, "r", data=[DataUse(name="flights", version=1, id="ab" * 16)])
    with pytest.raises(ModelError, match="unnamed") as caught:
        run.log_model(model, X=numbers)
    assert caught.value.hint.startswith("model = make_pipeline(PREPARE, LinearRegression()).fit(X, y)")
    with pytest.raises(ModelError, match="flights@v1") as caught:
        run.log_model(model, X=numbers.to_numpy())
    assert "make_pipeline" in caught.value.hint
    assert run.finish().status == "finished"


@pytest.mark.integration
def test_an_array_that_never_had_names_gets_plain_ones(tracked: Project) -> None:
    values = np.arange(20.0).reshape(10, 2)
    model = make_pipeline(StandardScaler(), LinearRegression()).fit(values, values.sum(axis=1))
    found = kept(tracked, model, values)
    assert [c.name for c in found.schema.columns] == ["x0", "x1"]
    assert json.loads((Path(found.path) / "e2e" / "model.json").read_text())["array"] is True


@pytest.mark.parametrize(
    ("model", "options", "said"),
    [
        (StandardScaler(), {}, "it has transform"),
        (object(), {}, "no fitted model"),
        (len, {}, "function"),
        (LinearRegression(), {}, "does not answer"),
        (LinearRegression(), {"predict": "predict_proba"}, "it has predict"),
    ],
)
def test_what_cannot_answer_is_refused(tracked: Project, model: Any, options: dict[str, str], said: str) -> None:
    run = experiments.start(tracked, "r")
    with pytest.raises(ModelError, match=said):
        run.log_model(model, X=pd.DataFrame({"a": [1.0]}), **options)
    run.finish()


def test_bad_x_and_bad_words_are_refused(tracked: Project, X: pd.DataFrame, y: Any) -> None:
    model = make_pipeline(StandardScaler(), LinearRegression()).fit(X[["distance", "hour"]], y)
    run = experiments.start(tracked, "r")
    with pytest.raises(ModelError, match="hour"):
        run.log_model(model, X=X[["distance"]])
    with pytest.raises(ModelError, match="no rows"):
        run.log_model(model, X=X.head(0))
    with pytest.raises(ModelError, match="list"):
        run.log_model(model, X=[[1, 2]])
    with pytest.raises(UsageError, match="score"):
        run.log_model(model, X=X, predict="score")
    with pytest.raises(UsageError, match="name"):
        run.log_model(model, X=X, name="../up")
    run.finish()


def test_an_unpicklable_model_is_refused_by_its_reason(tracked: Project) -> None:
    class Holding:
        def __init__(self) -> None:
            import threading

            self.lock = threading.Lock()

        def predict(self, X: Any) -> Any:
            return X["a"]

    run = experiments.start(tracked, "r")
    with pytest.raises(ModelError, match="lock"):
        run.log_model(Holding(), X=pd.DataFrame({"a": [1.0]}))
    run.finish()


# ---- other forms ------------------------------------------------------------------------------------------------


@pytest.mark.integration
def test_only_the_columns_the_model_was_fitted_on_are_asked_for(tracked: Project, X: pd.DataFrame, y: Any) -> None:
    model = make_pipeline(StandardScaler(), LinearRegression()).fit(X[["hour", "distance"]], y)
    assert [c.name for c in kept(tracked, model, X).schema.columns] == ["hour", "distance"]


@pytest.mark.integration
def test_probabilities_are_named_after_the_classes_and_polars_is_welcome(tracked: Project) -> None:
    frame = pl.DataFrame({"a": np.arange(60.0), "n": [None, *range(59)]})
    labels = np.where(np.arange(60) % 2, "late", "on time")
    model = HistGradientBoostingClassifier(max_iter=5).fit(frame.to_pandas(), labels)
    found = kept(tracked, model, frame, predict="predict_proba")
    assert found.schema.outputs == ("proba_late", "proba_on time")
    assert [c.nullable for c in found.schema.columns] == [True, True]
    answer = json.loads((Path(found.path) / "e2e" / "answers.json").read_text())[0]
    assert answer["proba_late"] + answer["proba_on time"] == pytest.approx(1)


@pytest.mark.integration
def test_a_model_without_x_is_kept_and_says_what_is_missing(tracked: Project, X: pd.DataFrame, y: Any) -> None:
    model = make_pipeline(StandardScaler(), LinearRegression()).fit(X[["distance", "hour"]], y)
    run = experiments.start(tracked, "r")
    run.log_model(model)
    done = run.finish()
    assert any("no X" in note and "distance, hour" in note for note in done.notes)
    found = experiments.kept_model(tracked, done)
    assert found.schema.columns == ()
    assert experiments.load_model(tracked, found).predict(X[["distance", "hour"]]).shape == (ROWS,)


@pytest.mark.integration
def test_several_models_are_told_apart_by_name(tracked: Project, X: pd.DataFrame, y: Any) -> None:
    model = make_pipeline(StandardScaler(), LinearRegression()).fit(X[["distance"]], y)
    run = experiments.start(tracked, "r")
    run.log_model(model, X=X, name="first")
    run.log_model(model, X=X, name="second")
    done = run.finish()
    assert experiments.kept_model(tracked, done, "second").name == "second"
    assert experiments.find_run(tracked, "r").models == ("first", "second")
    with pytest.raises(Ambiguous, match="first, second"):
        experiments.kept_model(tracked, done)
    with pytest.raises(ModelError, match="third"):
        experiments.kept_model(tracked, done, "third")
    with pytest.raises(ModelError, match="kept no model"):
        experiments.kept_model(tracked, experiments.start(tracked, "empty").finish())


@pytest.mark.integration
def test_the_same_fit_has_the_same_fingerprint(tracked: Project, X: pd.DataFrame, y: pd.Series) -> None:
    first = kept(tracked, pipeline().fit(X, y), X)
    again = kept(tracked, pipeline().fit(X, y), X)
    other = kept(tracked, pipeline().fit(X, -y), X)
    assert first.fingerprint == again.fingerprint != other.fingerprint
    assert first.hash != again.hash


# ---- trust ------------------------------------------------------------------------------------------------------


def test_a_changed_or_foreign_model_is_not_loaded(tracked: Project, tmp_path: Path, X: pd.DataFrame, y: Any) -> None:
    found = kept(tracked, make_pipeline(StandardScaler(), LinearRegression()).fit(X[["distance"]], y), X)
    run = experiments.find_run(tracked, "r")
    pickle = Path(found.path) / "model.pkl"
    good = pickle.read_bytes()
    marker = tmp_path / "ran"
    import cloudpickle

    class Bad:
        def __reduce__(self) -> Any:
            return (open, (str(marker), "w"))

    pickle.write_bytes(cloudpickle.dumps(Bad()))
    for seen in (found, experiments.kept_model(tracked, run)):
        with pytest.raises(NotTrusted) as caught:
            experiments.load_model(tracked, seen)
        assert "--trust" in caught.value.hint
    assert not marker.exists()
    pickle.write_bytes(good)
    assert experiments.load_model(tracked, found) is not None
    (tracked.home / "models.jsonl").unlink()
    with pytest.raises(NotTrusted):
        experiments.load_model(tracked, found)
    assert experiments.load_model(tracked, found, trust=True) is not None


@pytest.mark.integration
def test_a_moved_project_still_trusts_its_models(
    tracked: Project, tmp_path: Path, X: pd.DataFrame, y: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = kept(tracked, make_pipeline(StandardScaler(), LinearRegression()).fit(X[["distance"]], y), X)
    monkeypatch.chdir(tmp_path)
    shutil.move(tracked.root, tmp_path / "moved")
    moved = projects.find(tmp_path / "moved")
    again = experiments.kept_model(moved, experiments.find_run(moved, "r"))
    assert again.path != found.path
    assert again.hash == found.hash
    assert experiments.load_model(moved, again).predict(X[["distance"]]).shape == (ROWS,)


# ---- keep after the fact -----------------------------------------------------------------------------------------


@pytest.mark.integration
def test_keep_makes_a_finished_run_with_the_models_own_params(tracked: Project, X: pd.DataFrame, y: Any) -> None:
    model = LogisticRegression(C=0.5).fit(X[["distance", "hour"]], y > y.mean())
    run = experiments.keep(tracked, "kept", model=model, X=X, y=y, metrics={"accuracy": np.float64(0.9)})
    assert (run.status, run.metrics, run.params["C"]) == ("finished", {"accuracy": 0.9}, "0.5")
    assert experiments.kept_model(tracked, run).schema.outputs == ("predictions",)


def test_keep_refuses_before_a_run_is_made(tracked: Project, X: pd.DataFrame, y: Any) -> None:
    model = LinearRegression().fit(X[["distance"]].to_numpy(), y)
    with pytest.raises(ModelError):
        experiments.keep(tracked, "kept", model=model, X=X[["distance"]])
    with pytest.raises(UsageError, match="rmse"):
        experiments.keep(tracked, "kept", metrics={"rmse": float("nan")})
    with pytest.raises(UsageError, match="none was given"):
        experiments.keep(tracked, "kept", X=X)
    assert experiments.runs(tracked) == []


@pytest.mark.integration
def test_a_fitted_search_becomes_child_runs_without_fitting_again(tracked: Project, X: pd.DataFrame, y: Any) -> None:
    search = GridSearchCV(
        RandomForestRegressor(4, random_state=0), {"max_depth": [1, 3]}, cv=2, scoring="neg_mean_absolute_error"
    ).fit(X[["distance", "hour"]], y)
    fitted = search.best_estimator_
    run = experiments.keep(tracked, "forest", model=search, X=X)
    assert run.params == {"max_depth": "3"}
    assert run.metrics["best_score"] == pytest.approx(search.best_score_)
    assert experiments.wait(tracked)
    found = experiments.kept_model(tracked, run)
    assert found.class_name.endswith("RandomForestRegressor")
    assert search.best_estimator_ is fitted
    children = [r for r in experiments.runs(tracked) if r.id != run.id]
    assert sorted((r.params["max_depth"], r.status) for r in children) == [("1", "finished"), ("3", "finished")]
    assert {r.metrics["rank_test_score"] for r in children} == {1.0, 2.0}
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{tracked.home}/mlflow.db")
    assert {client.get_run(r.id).data.tags["mlflow.parentRunId"] for r in children} == {run.id}


@pytest.mark.integration
def test_the_proof_is_a_command_of_its_own(tracked: Project, X: pd.DataFrame, y: Any) -> None:
    found = kept(tracked, make_pipeline(StandardScaler(), LinearRegression()).fit(X[["distance"]], y), X)
    (Path(found.path) / "e2e" / "answers.json").write_text(json.dumps([0.0] * 200))
    done = subprocess.run(
        [sys.executable, "-P", "-m", "e2e_lab.experiments.proof", found.path],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert json.loads(done.stdout)["proof"].startswith("answers 200 of 200")
    assert proof.different([1.0], [1.0, 2.0]) == 2
