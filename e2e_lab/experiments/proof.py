"""Prove, in a process of its own, that a kept model folder loads and answers as the model did where it was made.

    python -P -m e2e_lab.experiments.proof FOLDER

prints one JSON object: ``proof`` is ``"equal"`` or the reason why not, ``tolerates`` names the columns in which the
model answers although the value is missing. This file imports nothing of e2e-lab, so that it can run as a plain script
by an interpreter that knows neither the project nor its modules.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

Answers = list[Any]
"""One item a row: the value where the model has one output, else an object of output names and values."""

TOLERANCE = 1e-9


def answers(model: Any, frame: pd.DataFrame, predict: str, *, array: bool = False) -> tuple[tuple[str, ...], Answers]:
    """The names of the outputs, and what *model* answers to each row of *frame*, as plain JSON values.

    With *array* the model gets the bare values, as it was fitted. Threads are switched off: forests add their trees in
    the order in which they finish, which changes the last digit from call to call.

    >>> import pandas as pd
    >>> class Doubling:
    ...     def predict(self, frame):
    ...         return frame["x"] * 2
    >>> answers(Doubling(), pd.DataFrame({"x": [1.5, 2.0]}), "predict")
    (('predictions',), [3.0, 4.0])
    """
    import numpy as np
    import pandas as pd

    with quietly():
        raw = getattr(model, predict)(frame.to_numpy() if array else frame)
    named = [str(c) for c in raw.columns] if isinstance(raw, pd.DataFrame) else None
    if isinstance(raw, list) and raw and getattr(raw[0], "ndim", 0) == 2:
        raise ValueError(f"{predict} answers several outputs at once, one table each")
    values = np.asarray(raw)
    if values.shape[:1] != (len(frame),):
        raise ValueError(f"{predict} answered {values.shape} to {len(frame)} rows")
    if values.ndim == 2 and values.shape[1] == 1 and predict != "predict_proba":
        values = values[:, 0]
    if values.ndim > 2:
        raise ValueError(f"{predict} answers {values.ndim} dimensions; one or two can be served")
    if values.ndim == 1:
        return ("predictions",), [_plain(v) for v in values.tolist()]
    outputs = _output_names(model, predict, values.shape[1], named)
    return outputs, [dict(zip(outputs, map(_plain, row), strict=True)) for row in values.tolist()]


def _output_names(model: Any, predict: str, width: int, named: Sequence[str] | None) -> tuple[str, ...]:
    if predict == "predict_proba":
        classes = getattr(model, "classes_", None)
        known = list(classes) if classes is not None and len(classes) == width else list(range(width))
        return tuple(f"proba_{name}" for name in known)
    return tuple(named) if named else tuple(f"predictions_{i}" for i in range(width))


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None if math.isnan(value) else str(value)
    return None if str(value) in ("NaT", "<NA>") else str(value)


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """No warnings, no threads of joblib: what a model does when it answers is the same each time."""
    with warnings.catch_warnings(), contextlib.ExitStack() as stack:
        warnings.simplefilter("ignore")
        if "joblib" in sys.modules:
            stack.enter_context(sys.modules["joblib"].parallel_config(backend="sequential"))
        yield


def different(ours: Answers, theirs: Answers) -> int:
    """How many rows were answered differently; floats count as equal within one part in a billion.

    >>> different([1.0, {"a": None}], [1.0 + 1e-15, {"a": 2}])
    1
    """
    if len(ours) != len(theirs):
        return max(len(ours), len(theirs))
    return sum(not _same(a, b) for a, b in zip(ours, theirs, strict=True))


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(_same(a[k], b[k]) for k in a)
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=1e-12)
    return bool(a == b)


def as_fitted(frame: pd.DataFrame, schema: Mapping[str, Any], nulls: Mapping[str, str]) -> pd.DataFrame:
    """*frame* with the dtypes the model was fitted on: Parquet alone turns objects to strings and loses categories."""
    import pandas as pd

    columns = {}
    for column in schema["columns"]:
        name, dtype = column["name"], column["dtype"]
        series = frame[name]
        if dtype == "category":
            series = series.astype(pd.CategoricalDtype(column["categories"], ordered=column["ordered"]))
        elif dtype == "object":
            missing = series.isna()
            series = series.astype(object)
            if missing.any():
                series = pd.Series(
                    [_null(nulls.get(name)) if gone else v for gone, v in zip(missing, series, strict=True)],
                    index=series.index,
                    dtype=object,
                )
        elif str(series.dtype) != dtype:
            series = series.astype(dtype)
        columns[name] = series
    return pd.DataFrame(columns, index=frame.index)


def without(frame: pd.DataFrame, column: str, nulls: Mapping[str, str]) -> pd.DataFrame:
    """*frame* with no value in *column*; whole numbers become floats and truth values objects, as pandas does."""
    import pandas as pd

    dtype = frame[column].dtype
    if dtype.kind in "iu" and isinstance(dtype, type(pd.Series([1]).dtype)):
        empty = pd.Series(float("nan"), index=frame.index, dtype="float64")
    elif str(dtype) in ("bool", "object"):
        empty = pd.Series([_null(nulls.get(column))] * len(frame), index=frame.index, dtype=object)
    else:
        empty = pd.Series([None] * len(frame), index=frame.index, dtype=dtype)
    return frame.assign(**{column: empty})


def _null(kind: str | None) -> float | None:
    return None if kind == "none" else float("nan")


def load(folder: Path, description: Mapping[str, Any]) -> Any:
    """The model in *folder*, its own code files within reach."""
    import cloudpickle

    code = folder / "e2e" / "code"
    if description.get("by_reference") and code.is_dir():
        sys.path.append(str(code))
    with open(folder / description["file"], "rb") as file, _nothing_written():
        return cloudpickle.load(file)


@contextlib.contextmanager
def _nothing_written() -> Iterator[None]:
    """No compiled files beside the model's code: they would change the folder whose hash was recorded."""
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before


def tolerated(model: Any, rows: pd.DataFrame, description: Mapping[str, Any]) -> list[str]:
    """The columns without which the model still answers, and finitely: asked of the model itself, one at a time."""
    found = []
    few = rows.head(3)
    nulls = description.get("nulls", {})
    for column in rows.columns:
        try:
            _, given = answers(model, without(few, column, nulls), description["predict"], array=description["array"])
        except Exception:  # noqa: S112  any error is the answer: this column must have a value
            continue
        flat = [v for row in given for v in (row.values() if isinstance(row, dict) else (row,))]
        if all(value is not None and value not in ("inf", "-inf") for value in flat):
            found.append(str(column))
    return found


def prove(folder: Path) -> dict[str, Any]:
    """``{"proof": "equal" or why not, "tolerates": [columns]}`` for the model in *folder*."""
    import pandas as pd

    description = json.loads((folder / "e2e" / "model.json").read_text("utf-8"))
    try:
        model = load(folder, description)
    except Exception as problem:
        return {"proof": f"does not load in a new process: {said(problem)}", "tolerates": []}
    if not (folder / "e2e" / "replay.parquet").exists():
        return {"proof": "equal", "tolerates": []}
    try:
        stored = pd.read_parquet(folder / "e2e" / "replay.parquet")
        rows = as_fitted(stored, description["schema"], description.get("nulls", {}))
        _, given = answers(model, rows, description["predict"], array=description["array"])
    except Exception as problem:
        return {"proof": f"does not answer in a new process: {said(problem)}", "tolerates": []}
    wrong = different(json.loads((folder / "e2e" / "answers.json").read_text("utf-8")), given)
    verdict = f"answers {wrong} of {len(rows)} stored rows differently in a new process" if wrong else "equal"
    return {"proof": verdict, "tolerates": tolerated(model, rows, description)}


def said(problem: BaseException) -> str:
    """The kind of error and the first line of what it says."""
    lines = str(problem).strip().splitlines()
    return f"{type(problem).__name__}: {lines[0][:300]}" if lines else type(problem).__name__


def main(folder: str) -> None:
    """Prove *folder* and print the verdict; what the model itself prints goes to stderr."""
    result = os.dup(1)
    os.dup2(2, 1)
    verdict = prove(Path(folder))
    with os.fdopen(result, "w", encoding="utf-8") as out:
        json.dump(verdict, out)


if __name__ == "__main__":
    main(sys.argv[1])
