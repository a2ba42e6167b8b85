"""The fitted models that the front end is told of, ready to be kept."""

from __future__ import annotations

from typing import Any

import pytest

from e2e_lab.workspace.notebook import fits
from e2e_lab.workspace.session import session
from tests.workspace.conftest import Notebook

MAKE = """
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
table = pd.DataFrame({"hour": [1.0, 2.0, 3.0], "wind": [3.0, 1.0, 2.0]})
delay = pd.Series([2.0, 4.0, 7.0], name="delay")
"""


@pytest.fixture
def cells(notebook: Notebook) -> Notebook:
    notebook.run(MAKE)
    return notebook


def told() -> dict[str, Any]:
    return {one.name: one for one in fits.look(session).fits}


def test_a_model_is_offered_once_it_is_fitted(cells: Notebook) -> None:
    cells.run("ridge = Ridge()\nclass_ = Ridge")
    assert fits.look(session) == fits.NOTHING
    cells.run("ridge.fit(table, delay)\nrmse = 0.25\nrows = 3\ngood = True")
    (found,) = fits.look(session).fits
    assert (found.name, found.kind, found.suggested, found.run) == ("ridge", "Ridge", "ridge", None)
    assert (found.X, found.y) == (("table",), ("delay",))
    scalars = fits.look(session).scalars
    assert [(one.name, one.value, one.likely) for one in scalars] == [("rmse", 0.25, True), ("rows", 3.0, False)]


def test_a_pipeline_with_a_generic_name_is_called_after_its_last_step(cells: Notebook) -> None:
    cells.run("other = table.assign(more=1.0)\nmodel = make_pipeline(StandardScaler(), Ridge()).fit(X=table, y=delay)")
    (found,) = fits.look(session).fits
    assert (found.kind, found.suggested, found.X, found.y) == ("Pipeline", "ridge", ("table",), ("delay",))


def test_the_table_of_the_fit_comes_first_and_others_that_fit_follow(cells: Notebook) -> None:
    cells.run("wide = table.assign(more=1.0)\ntest = table.copy()\nridge = Ridge().fit(table[['hour', 'wind']], delay)")
    assert told()["ridge"].X == ("test", "table")
    cells.run("ridge = Ridge().fit(table, delay)")
    assert told()["ridge"].X == ("table", "test")


def test_a_search_is_one_too_and_what_only_looks_like_one_is_not(cells: Notebook) -> None:
    cells.run("from sklearn.model_selection import GridSearchCV\n"
              "search = GridSearchCV(Ridge(), {'alpha': [0.1, 1.0]}, cv=2, scoring='neg_mean_squared_error')\n"
              "search.fit(table, delay)\n"
              "class Odd:\n    def fit(self): pass\n    def predict(self): pass\n"
              "    def __getattr__(self, name): raise RuntimeError(name)\nodd = Odd()")  # fmt: skip
    assert list(told()) == ["search"]


@pytest.mark.integration
def test_what_was_kept_says_so_until_it_is_fitted_again(cells: Notebook) -> None:
    cells.run("ridge = Ridge().fit(table, delay)")
    cells.run("%e2e keep first --model ridge --X table --y delay")
    assert [run.name for run in session.ran] == ["first"]
    assert told()["ridge"].run == "first"
    cells.run("ridge.fit(table, delay * 2)")
    assert (told()["ridge"].run, session.ran) == (None, [])
    cells.run("%%e2e run second\ne2e.log_metric('rmse', 1.0)\ne2e.log_model(ridge, X=table)")
    assert told()["ridge"].run == "second"
    assert [(run.name, run.status) for run in session.ran] == [("second", "finished")]
    cells.fail("%%e2e run third\n1 / 0")
    assert [(run.name, run.status) for run in session.ran] == [("third", "failed")]
