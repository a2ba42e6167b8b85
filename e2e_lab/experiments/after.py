"""Keep a result after the fact: a finished run from what is already in the kernel."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

from e2e_lab.errors import UsageError
from e2e_lab.experiments import background, capture, entries, keeping
from e2e_lab.experiments.run import ActiveRun, start
from e2e_lab.project import Project
from e2e_lab.records import DataUse, Pin, Run, Trail

MOST_PARAMS = 100


def keep(
    project: Project,
    name: str,
    *,
    model: Any = None,
    X: Any = None,
    y: Any = None,
    metrics: Mapping[str, Any] | None = None,
    params: Mapping[str, Any] | None = None,
    data: Iterable[DataUse] = (),
    pin: Pin | None = None,
    trail: Trail = Trail(),  # noqa: B008  immutable
) -> Run:
    """A finished run of what there is: metrics, parameters (the model's own, unless given) and the model itself.

    Of a fitted search (``GridSearchCV``, …) its candidates become child runs, nothing retrained, and its best
    estimator the model. Everything is checked before a run is made; the model is written in the background.
    """
    name = entries.run_name(name)
    numbers = entries.checked_metrics(metrics)
    searched = getattr(model, "cv_results_", None)
    given = _params(model) if params is None else entries.checked_params(params)
    uses = tuple(data)
    notes = []
    captured = None
    if model is not None and not (searched is not None and not hasattr(model, "best_estimator_")):
        named = tuple(dict.fromkeys(str(use) for use in uses))
        captured = capture.capture(project, model, X, name="model", predict="predict", named_data=named)
        notes += [keeping.without_x("model", model)] if X is None else []
    elif model is not None:
        notes.append("the search was not fitted again on all rows (refit=False): there is no model to keep")
    elif X is not None or y is not None:
        raise UsageError("X and y belong to a model, and none was given.", hint=f"e2e keep {name} --model VAR --X VAR")
    run = start(project, name, params=given, data=uses, pin=pin, trail=trail)
    if searched is not None and hasattr(model, "best_score_"):
        numbers.setdefault("best_score", float(model.best_score_))
    for metric, value in numbers.items():
        run.log_metric(metric, value)
    if searched is not None:
        children = candidates(searched)
        notes.append(f"{len(children)} candidates of the search become child runs in the background")
        _in_background(project, run, children, pin, trail)
    run.add_notes(notes)
    if captured is not None:
        run.keep_captured(captured)
    return run.finish()


def _params(model: Any) -> dict[str, str]:
    """The parameters of the model that somebody set; of a search, those of its best candidate."""
    best = getattr(model, "best_params_", None)
    if best is None:
        best = {} if isinstance(model, type) else _set_by_hand(model)
    kept = {}
    for name, value in list(best.items())[:MOST_PARAMS]:
        text = str(value)
        if len(text) <= 500:
            kept[entries.entry_name(str(name), "param")] = text
    return kept


def _set_by_hand(model: Any) -> dict[str, Any]:
    """The simple values among ``get_params()`` that are not their class's defaults, which would bury them.

    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.pipeline import make_pipeline
    >>> _set_by_hand(make_pipeline(Ridge(alpha=0.5)))
    {'ridge__alpha': 0.5}
    """
    ask = getattr(model, "get_params", None)
    if not callable(ask):
        return {}
    every = ask()
    found = {}
    for path, value in every.items():
        owner_path, _, name = path.rpartition("__")
        owner = every.get(owner_path) if owner_path else model
        default = inspect.signature(type(owner)).parameters.get(name) if owner is not None else None
        simple = isinstance(value, str | int | float | bool) and value == value  # noqa: PLR0124  NaN says nothing
        if simple and default is not None and value != default.default:
            found[path] = value
    return found


def candidates(searched: Mapping[str, Any]) -> list[tuple[dict[str, str], dict[str, float]]]:
    """Parameters and metrics of each candidate in a search's ``cv_results_``, best first where it is ranked.

    >>> found = candidates({"params": [{"depth": 2}, {"depth": 4}], "mean_test_score": [0.5, 0.75],
    ...                     "rank_test_score": [2, 1], "split0_test_score": [0.5, 0.75]})
    >>> found[0]
    ({'depth': '4'}, {'mean_test_score': 0.75, 'rank_test_score': 1.0})
    """
    import math

    columns = [c for c in searched if c.startswith(("mean_", "std_", "rank_"))]
    found = []
    for i, given in enumerate(searched["params"]):
        numbers = {column: float(searched[column][i]) for column in columns}
        found.append(
            ({str(k): str(v)[:500] for k, v in given.items()}, {k: v for k, v in numbers.items() if math.isfinite(v)})
        )
    rank = next((column for column in columns if column.startswith("rank_")), None)
    return sorted(found, key=lambda one: one[1].get(rank, math.inf)) if rank else found


def _in_background(
    project: Project, parent: ActiveRun, children: list[tuple[dict[str, str], dict[str, float]]], pin: Pin | None,
    trail: Trail,
) -> None:  # fmt: skip
    def work() -> None:
        for number, (params, metrics) in enumerate(children, 1):
            child = start(project, f"{parent.name} {number}", params=params, pin=pin, trail=trail, parent=parent.id)
            for name, value in metrics.items():
                child.log_metric(name, value)
            child.finish()

    background.submit(project, parent.id, f"{len(children)} candidates of {parent.name}", work)
