"""Registering and packaging real models: MLflow's registry, a built and replayed Bento, and what goes wrong there."""

from __future__ import annotations

import importlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder

from e2e_lab import experiments, models
from e2e_lab import project as projects
from e2e_lab.errors import (
    Ambiguous,
    Damaged,
    ModelError,
    ModelNotFound,
    NotTrusted,
    ReplayFailed,
    ServiceNotFound,
    UsageError,
)  # fmt: skip
from e2e_lab.models import packaging
from e2e_lab.project import Project
from e2e_lab.records import ModelVersion, Package, Ref, Run

pytestmark = pytest.mark.integration

NOTEBOOK = '''
from sklearn.base import BaseEstimator, TransformerMixin

class Clip(BaseEstimator, TransformerMixin):
    """A class of the notebook: it exists in no file."""
    def fit(self, X, y=None):
        return self
    def transform(self, X):
        return X.assign(dep_delay=X.dep_delay.clip(-10, 60))
'''


def table(rows: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "month": rng.integers(1, 13, rows),
            "dep_delay": rng.normal(10, 30, rows),
            "air time": rng.normal(100, 30, rows),
            "origin": pd.Categorical(rng.choice(["EWR", "JFK", "LGA"], rows)),
            "carrier": rng.choice(["UA", "AA", "DL"], rows),
        }
    )
    frame.loc[::7, "dep_delay"] = np.nan
    return frame


def pipeline(X: pd.DataFrame, *, intercept: bool = True) -> Pipeline:
    namespace = sys.modules["__main__"].__dict__
    exec(NOTEBOOK, namespace)
    y = X["dep_delay"].fillna(0) + X["month"]
    columns = make_column_transformer(
        (SimpleImputer(), ["month", "dep_delay", "air time"]),
        (OneHotEncoder(handle_unknown="ignore"), ["origin", "carrier"]),
    )
    return make_pipeline(namespace["Clip"](), columns, LinearRegression(fit_intercept=intercept)).fit(X, y)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Run]:
    """A project with one kept run; its copies are the projects of the tests."""
    root = tmp_path_factory.mktemp("lab") / "work"
    root.mkdir()
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    project, _ = projects.create(root, name="flights")
    X = table()
    run = experiments.keep(project, "baseline", model=pipeline(X), X=X)
    experiments.kept_model(project, run)
    return project, run


@pytest.fixture(scope="module")
def packaged(lab: tuple[Project, Run]) -> tuple[Project, ModelVersion, Package]:
    project, run = lab
    version = models.register(project, run, "delay", alias="champion")
    return project, version, models.package(project, version)


def made(project: Project) -> list[str]:
    """All that packaging has left in the project, but for locks."""
    folders = [project.home / "packages", project.home / "bentos"]
    found = [path for folder in folders for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"]
    return sorted(path.relative_to(project.home).as_posix() for path in found)


# ---- the registry --------------------------------------------------------------------------------------------


def test_registering_the_same_model_again_adds_nothing_and_moves_the_alias(lab: tuple[Project, Run]) -> None:
    project, run = lab
    first = models.register(project, run, "again")
    assert (first.ref, first.changed, first.run, first.run_name) == ("again@v1", True, run.id, "baseline")
    second = models.register(project, run, "again", alias="champion")
    assert (second.version, second.changed, second.aliases) == (1, False, ("champion",))
    X = table()
    refitted = experiments.keep(project, "refitted", model=pipeline(X), X=X)
    assert models.register(project, refitted, "again").changed is False
    other = experiments.keep(project, "other", model=pipeline(X, intercept=False), X=X)
    third = models.register(project, other, "again", alias="champion")
    assert (third.version, third.changed, third.notes) == (2, True, ("champion was v1",))
    assert [version.aliases for version in models.model_versions(project, "again")] == [(), ("champion",)]
    assert models.find_model(project, Ref.parse("again")).version == 2
    assert models.find_model(project, Ref.parse("again@v1")).run == run.id
    assert models.find_model(project, Ref.parse("again@champion")).version == 2
    assert models.find_model(project, Ref.parse("again@run:baseline")).version == 1
    for wrong in ("again@v9", "again@challenger", "again@run:other2", "agian"):
        with pytest.raises(ModelNotFound) as refused:
            models.find_model(project, Ref.parse(wrong))
        assert refused.value.hint
        if wrong == "agian":
            assert "Did you mean again?" in str(refused.value)
        elif "run" not in wrong:
            assert "v1, v2; aliases: champion (v2)" in str(refused.value)


def test_another_setting_is_another_version_though_the_stored_rows_are_answered_alike(lab: tuple[Project, Run]) -> None:
    project, run = lab
    X = table()
    model = pipeline(X)
    for depth, expected in ((3, (1, True)), (3, (1, False)), (4, (2, True))):
        run = experiments.keep(project, f"depth-{depth}", model=model, X=X, params={"depth": depth})
        made = models.register(project, run, "settings")
        assert (made.version, made.changed) == expected


def test_a_plain_mlflow_client_reads_what_was_registered(packaged: tuple[Project, ModelVersion, Package]) -> None:
    import mlflow

    project, version, _ = packaged
    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{project.home}/mlflow.db")
    found = client.get_model_version_by_alias("delay", "champion")
    assert found.run_id == version.run
    assert {"e2e.fingerprint", "e2e.hash", "e2e.data", "e2e.model_id"} <= found.tags.keys()
    assert (Path(str(found.source).removeprefix("file://")) / "MLmodel").is_file()
    assert not Path("mlflow.db").exists()


@pytest.mark.parametrize("alias", ["v1", "latest", "Champion", "a b", "", "run:x", "1st"])
def test_an_alias_that_could_be_taken_for_something_else_is_refused(lab: tuple[Project, Run], alias: str) -> None:
    with pytest.raises(UsageError):
        models.register(*lab, "delay", alias=alias)


def test_of_several_models_one_must_be_named(lab: tuple[Project, Run]) -> None:
    project, _ = lab
    X = table()
    run = experiments.start(project, "several")
    run.log_model(pipeline(X), X, name="first")
    run.log_model(pipeline(X, intercept=False), X, name="second")
    done = run.finish()
    with pytest.raises(Ambiguous, match="first, second"):
        models.register(project, done, "two")
    assert models.register(project, done, "two", model="second").version == 1


# ---- the Bento -----------------------------------------------------------------------------------------------


def test_a_package_is_a_replayed_bento_with_nothing_but_what_it_needs(
    packaged: tuple[Project, ModelVersion, Package],
) -> None:
    project, version, package = packaged
    assert (package.ref, package.bento, package.changed) == ("delay@v1", "delay:v1", True)
    assert (package.replay.equal, package.replay.rows, package.replay.largest_difference) == (True, 200, 0.0)
    folder = Path(package.path)
    shipped = sorted(
        path.relative_to(folder / "src").as_posix() for path in (folder / "src").rglob("*") if path.is_file()
    )
    assert shipped == [
        "bentofile.yaml", "e2e_gate.py", "e2e_model.json", "e2e_page.html", "e2e_rows.py", "model/model.pkl",
        "service.py",
    ]  # fmt: skip
    source = (folder / "src" / "service.py").read_text("utf-8")
    assert not re.search(r"mlflow|import e2e_lab|from e2e_lab", source)
    locked = (folder / "env" / "python" / "requirements.txt").read_text("utf-8").split()
    assert all(re.fullmatch(r"[\w.-]+==[\w.+!-]+", line) for line in locked)
    assert {"bentoml", "scikit-learn", "pandas"} <= {line.split("==")[0] for line in locked}
    assert not any(line.startswith(("mlflow", "e2e")) for line in locked)
    for path in folder.rglob("*"):
        if path.is_file() and path.suffix in (".yaml", ".json", ".py", ".txt", ".md"):
            text = path.read_text("utf-8")
            assert str(project.root) not in text, path
            assert "index-url" not in text, path
    record = json.loads((project.home / "packages" / "delay" / "v1.json").read_text("utf-8"))
    assert record["replay"]["different"] == 0
    assert record["path"] == ".e2e/bentos/bentos/delay/v1"
    assert models.package(project, version) == packaging.replace(package, changed=False)
    assert models.packages(project, "delay") == (package,)


def test_the_served_process_imports_neither_mlflow_nor_e2e_lab(packaged: tuple[Project, ModelVersion, Package]) -> None:
    code = (
        "import sys, bentoml; from _bentoml_impl.loader import load; load(sys.argv[1], standalone_load=True)().predict;"
        "print([m for m in ('mlflow', 'e2e_lab', 'pyarrow.dataset', 'git') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", code, packaged[2].path], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip().splitlines()[-1] == "[]"


def test_plain_bentoml_lists_and_serves_the_bento_without_reporting_its_use(
    packaged: tuple[Project, ModelVersion, Package], tmp_path: Path
) -> None:
    project, _, _ = packaged
    bentoml = str(Path(sys.executable).with_name("bentoml"))
    variables = {k: v for k, v in os.environ.items() if k != "BENTOML_DO_NOT_TRACK"}
    # The debug switch of BentoML writes what it would report into the log in place of sending it.
    variables |= {"BENTOML_HOME": str(project.home / "bentos"), "__BENTOML_DEBUG_USAGE": "true"}
    listing = subprocess.run(
        [bentoml, "list", "-o", "json"], env=variables | {"BENTOML_DO_NOT_TRACK": "true"}, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    assert [found["tag"] for found in json.loads(listing.stdout)] == ["delay:v1"]
    port = free_port()
    with open(tmp_path / "log", "wb") as log:
        server = subprocess.Popen(
            [bentoml, "serve", "delay:latest", "--host", "127.0.0.1", "--port", str(port)],
            env=variables, cwd=tmp_path, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(port)
        rows = models.rows_of(table().head(3))
        answer = models.post_rows(url, "", rows)
        expected = pipeline(table()).predict(table().head(3)).tolist()
        assert answer["predictions"] == expected
        assert b"no E2E_SERVICE_TOKEN is set" in get(url)
        assert b"googletagmanager" not in get(url)
        assert b"bentoml_service" in get(f"{url}/metrics")
    finally:
        end_tree(server)
    assert "Tracking Payload" not in (tmp_path / "log").read_text("utf-8")


def test_a_model_of_the_projects_own_module_travels_with_it(
    lab: tuple[Project, Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    project, _ = lab
    (project.root / "flightlib").mkdir()
    (project.root / "flightlib" / "__init__.py").write_text("", "utf-8")
    (project.root / "flightlib" / "model.py").write_text(
        "import threading\nLOCK = threading.Lock()  # cannot be pickled, so the module travels as a file\n"
        "class Doubler:\n    def predict(self, X):\n        with LOCK:\n            return X['month'] * 2\n", "utf-8",
    )  # fmt: skip
    monkeypatch.syspath_prepend(str(project.root))
    module = importlib.import_module("flightlib.model")
    run = experiments.keep(project, "own", model=module.Doubler(), X=table()[["month"]])
    package = models.package(project, models.register(project, run, "own"))
    assert package.replay.equal
    assert (Path(package.path) / "src" / "code" / "flightlib" / "model.py").is_file()


def test_probabilities_are_answered_by_class(lab: tuple[Project, Run]) -> None:
    project, _ = lab
    X = table()[["month", "dep_delay"]]
    model = HistGradientBoostingClassifier(max_iter=5).fit(X, np.where(X.month > 6, "late", "early"))
    run = experiments.start(project, "proba")
    run.log_model(model, X, predict="predict_proba")
    package = models.package(project, models.register(project, run.finish(), "proba"))
    assert package.replay.equal
    assert 'OUTPUTS = ("proba_early", "proba_late")' in (Path(package.path) / "src" / "service.py").read_text("utf-8")


# ---- what goes wrong -----------------------------------------------------------------------------------------


@contextmanager
def changed_answers(project: Project, run: Run) -> Iterator[None]:
    """The stored answers of the kept model, one of them changed."""
    path = Path(experiments.kept_model(project, run).path) / "e2e" / "answers.json"
    good = path.read_text("utf-8")
    answers = json.loads(good)
    path.write_text(json.dumps([answers[0] + 1.0, *answers[1:]]), "utf-8")
    try:
        yield
    finally:
        path.write_text(good, "utf-8")


def test_files_that_were_changed_are_not_loaded_without_trust(lab: tuple[Project, Run]) -> None:
    project, run = lab
    version = models.register(project, run, "changed")
    before = made(project)
    with changed_answers(project, run):
        with pytest.raises(NotTrusted) as refused:
            models.package(project, version)
        assert "--trust" in refused.value.hint
        assert made(project) == before
        with pytest.raises(ReplayFailed, match=r"1 of 200 stored rows answered differently \(largest difference 1\)"):
            models.package(project, version, trust=True)
    assert made(project) == before
    assert models.packages(project, "changed") == ()
    assert not list((project.home / "packages").glob(".making-*"))


def test_a_model_without_x_cannot_be_packaged(lab: tuple[Project, Run]) -> None:
    project, _ = lab
    run = experiments.keep(project, "without", model=pipeline(table()))
    version = models.register(project, run, "without")
    with pytest.raises(ModelError, match="without X"):
        models.package(project, version)


def test_a_killed_packaging_leaves_nothing_to_be_seen_and_is_swept(lab: tuple[Project, Run]) -> None:
    project, run = lab
    version = models.register(project, run, "killed")
    before = made(project)
    code = (
        "import sys; from e2e_lab import project, models; from e2e_lab.records import Ref;"
        "p = project.find(sys.argv[1]); models.package(p, models.find_model(p, Ref.parse('killed')))"
    )
    child = subprocess.Popen([sys.executable, "-c", code, str(project.root)], start_new_session=True)
    tried = project.home / "packages"
    until = time.monotonic() + 60
    while not list(tried.glob(".making-*/replay.log")) and time.monotonic() < until:
        time.sleep(0.02)
    served = psutil.Process(child.pid).children(recursive=True)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert [path for path in made(project) if ".making-" not in path] == before
    assert models.packages(project, "killed") == ()
    gone, alive = psutil.wait_procs(served, timeout=10)
    assert gone
    assert alive == []
    package = models.package(project, version)
    assert package.version == 1
    assert not list(tried.glob(".making-*"))


def test_two_who_package_the_same_at_once_make_one_package(lab: tuple[Project, Run]) -> None:
    project, run = lab
    version = models.register(project, run, "twice")
    found: list[Package] = []
    threads = [threading.Thread(target=lambda: found.append(models.package(project, version))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(package.changed for package in found) == [False, True]
    assert [package.version for package in models.packages(project, "twice")] == [1]


def test_a_bento_whose_files_were_changed_is_not_served(packaged: tuple[Project, ModelVersion, Package]) -> None:
    project, version, package = packaged
    assert models.check_package(project, package) == Path(package.path)
    source = Path(package.path) / "src" / "service.py"
    good = source.read_text("utf-8")
    source.write_text(good + "\n# changed\n", "utf-8")
    try:
        with pytest.raises(Damaged, match="not as it was accepted"):
            models.check_package(project, package)
    finally:
        source.write_text(good, "utf-8")
    assert version.ref == "delay@v1"


def test_packages_are_found_by_name_and_version(packaged: tuple[Project, ModelVersion, Package]) -> None:
    project, _, package = packaged
    assert models.find_package(project, Ref.parse("delay")) == package
    assert models.find_package(project, Ref.parse("delay@v1")) == package
    with pytest.raises(ServiceNotFound, match="delay has v1"):
        models.find_package(project, Ref.parse("delay@v2"))
    with pytest.raises(ServiceNotFound, match="Did you mean delay"):
        models.find_package(project, Ref.parse("dealy"))


# ---- what these tests share ------------------------------------------------------------------------------------


def free_port() -> int:
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def get(url: str) -> bytes:
    from urllib.request import urlopen

    with urlopen(url, timeout=10) as answer:
        return bytes(answer.read())


def wait_for(port: int) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            get(f"http://127.0.0.1:{port}/readyz")
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the service was not ready")


def end_tree(process: subprocess.Popen[Any]) -> None:
    children = psutil.Process(process.pid).children(recursive=True)
    process.terminate()
    process.wait(20)
    for child in children:
        if child.is_running():
            child.kill()


def test_nothing_is_left_running(lab: tuple[Project, Run]) -> None:
    running = psutil.Process().children(recursive=True)
    assert [p for p in running if p.status() != "zombie" and "worker.py" in " ".join(p.cmdline())] == []
