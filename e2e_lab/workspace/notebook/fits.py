"""The fitted models of the user's namespace, as the front end offers to keep them: cheap to know, nothing imported."""

from __future__ import annotations

import ast
import math
import numbers
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from e2e_lab.records.kernels import Fit, KernelFits, Scalar
from e2e_lab.workspace.session import Session, fit_of

MOST = 20
MOST_SCALARS = 40
_LOOKED_BACK = 60
"""Cells in which a call of ``fit`` is looked for."""
_TABLES = {"DataFrame", "Series", "ndarray", "Table", "csr_matrix"}
_GENERIC = {"model", "clf", "reg", "estimator", "est", "pipe", "pipeline", "search", "m", "best"}
_METRIC = re.compile(
    r"(^|_)(rmse|mse|mae|mape|r2|rsq|acc|accuracy|auc|f1|loss|score|error|err|precision|recall|logloss|gini|ll)(_|$)",
    re.I,
)


NOTHING = KernelFits(fits=(), scalars=())


def look(session: Session) -> KernelFits:
    """The fitted models there are now, and the numbers beside them; none of either where there is no model."""
    variables = session.variables()
    found = [(name, value) for name, value in variables.items() if _is_fitted(value)]
    if not found:
        return NOTHING
    found.sort(key=lambda one: session.flow.last_assigned(one[0]), reverse=True)
    calls = _calls(cell.source for cell in reversed(session.cells[-_LOOKED_BACK:]))
    tables = _tables(session, variables)
    fits = tuple(_fit(session, name, value, calls.get(name, ()), tables) for name, value in found[:MOST])
    return KernelFits(fits=fits, scalars=tuple(_scalars(session, variables))[:MOST_SCALARS])


def _is_fitted(value: Any) -> bool:
    kind = type(value)
    if isinstance(value, type) or not (hasattr(kind, "fit") and (hasattr(kind, "predict") or hasattr(kind, "steps"))):
        return False
    return bool(fit_of(value))


def _fit(
    session: Session, name: str, model: Any, called: tuple[str, ...], tables: Mapping[str, tuple[int, ...]]
) -> Fit:
    features = _features(model)
    wide = [table for table, shape in tables.items() if len(shape) == 2 and features in (None, shape[1])]
    X = _first(called[:1], wide, tables)
    rows = tables[X[0]][0] if X else None
    narrow = [
        table for table, shape in tables.items() if shape[0] == rows and (len(shape) == 1 or shape[1] == 1)
    ]  # fmt: skip
    y = _first(called[1:2], narrow, tables)
    kind = type(_last_step(model)).__name__
    suggested = kind.lower() if name in _GENERIC else name
    return Fit(name=name, kind=type(model).__name__, suggested=suggested, run=session.kept_by(model), X=X, y=y)


def _first(called: tuple[str, ...], others: Iterable[str], tables: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*(name for name in called if name in tables), *others]))


def _last_step(model: Any) -> Any:
    steps = getattr(model, "__dict__", {}).get("steps")
    return steps[-1][1] if steps else model


def _features(model: Any) -> int | None:
    """How many columns the model was fitted on, where it says so."""
    steps = getattr(model, "__dict__", {}).get("steps")
    first = steps[0][1] if steps else model
    found = getattr(first, "__dict__", {}).get("n_features_in_")
    return int(found) if isinstance(found, int) else None


def _tables(session: Session, variables: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """What has rows and columns, or rows alone, last assigned first."""
    shapes = {
        name: getattr(value, "shape", None) for name, value in variables.items() if type(value).__name__ in _TABLES
    }
    found = [(name, shape) for name, shape in shapes.items() if isinstance(shape, tuple) and len(shape) in (1, 2)]
    found.sort(key=lambda one: session.flow.last_assigned(one[0]), reverse=True)
    return dict(found)


def _scalars(session: Session, variables: Mapping[str, Any]) -> Iterator[Scalar]:
    """The numbers, those that sound like a metric first, then those with a fraction, last assigned first."""
    found = []
    for name, value in variables.items():
        if not isinstance(value, numbers.Real) or isinstance(value, bool) or type(value).__name__ == "bool_":
            continue
        number = float(value)
        if math.isfinite(number):
            found.append(Scalar(name=name, value=number, likely=bool(_METRIC.search(name))))
    found.sort(
        key=lambda one: (one.likely, not one.value.is_integer(), session.flow.last_assigned(one.name)), reverse=True
    )
    yield from found


def _calls(sources: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The names that the last ``fit`` of each variable was given, newest source first.

    >>> _calls(["rf = Forest().fit(X_train, y)", "rf.fit(old)", "%e2e keep rf"])
    {'rf': ('X_train', 'y')}
    """
    found: dict[str, tuple[str, ...]] = {}
    for source in sources:
        for name, given in _fits_in(source):
            found.setdefault(name, given)
    return found


def _fits_in(source: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    code = "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in source.splitlines())
    if ".fit(" not in code:
        return
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=ast.Attribute(attr="fit")) as call):
                yield name, _given(call)
            case ast.Call(func=ast.Attribute(attr="fit", value=ast.Name(id=name))):
                yield name, _given(node)


def _given(call: ast.Call) -> tuple[str, ...]:
    by_name = {word.arg: word.value for word in call.keywords}
    args = [*call.args[:2], *(by_name[word] for word in ("X", "y") if word in by_name)]
    return tuple(arg.id if isinstance(arg, ast.Name) else "" for arg in args)
