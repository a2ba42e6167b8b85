"""Take a model and its X as they are at this moment, so that nothing the user does next can change what is kept."""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from e2e_lab.errors import ModelError, UsageError
from e2e_lab.experiments import proof, replay, schema
from e2e_lab.project import Project

if TYPE_CHECKING:
    import pandas as pd

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
_registering = threading.Lock()


@dataclass(frozen=True)
class Captured:
    """A model as it was when it was logged: pickled, with what it answers to stored rows of X."""

    name: str
    class_name: str
    predict: str
    payload: bytes = field(repr=False)
    modules: dict[str, Path]
    by_reference: bool
    frame: pd.DataFrame | None = field(default=None, repr=False)
    array: bool = False
    outputs: tuple[str, ...] = ("predictions",)
    answers: list[Any] = field(default_factory=list, repr=False)
    spread: list[Any] = field(default_factory=list, repr=False)
    """What it answers to many more rows, evenly spread over X: not kept, but part of the fingerprint."""


def capture(project: Project, model: Any, X: Any, *, name: str, predict: str, named_data: tuple[str, ...]) -> Captured:
    """*model* and *X* as they are now, or :class:`ModelError` saying what is missing before any work is done.

    *named_data*: the datasets the run uses; a bare array is then taken to come from them, and refused.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot name a model: letters, digits, _ and -.", hint='log_model(model, name="model")'
        )
    model = getattr(model, "best_estimator_", model)
    _check_answers(model, predict)
    frame, array = _table(model, X, named_data)
    payload, modules, by_reference = _pickled(project, model)
    outputs: tuple[str, ...] = ("predictions",)
    answers: list[Any] = []
    spread: list[Any] = []
    if frame is not None:
        rows = frame.iloc[replay.choose(frame)].reset_index(drop=True)
        try:
            outputs, answers = proof.answers(model, rows, predict, array=array)
            _, spread = proof.answers(model, frame.iloc[replay.spread(len(frame))], predict, array=array)
        except Exception as problem:
            raise ModelError(
                f"{type(model).__name__} does not answer the rows of X: {proof.said(problem)}.",
                hint="give log_model the X that the model was fitted on",
            ) from problem
    return Captured(
        name=name, class_name=_class_name(model), predict=predict, payload=payload, modules=modules,
        by_reference=by_reference, frame=frame, array=array, outputs=outputs, answers=answers, spread=spread,
    )  # fmt: skip


def _class_name(model: Any) -> str:
    return f"{type(model).__module__}.{type(model).__qualname__}"


def _check_answers(model: Any, predict: str) -> None:
    if predict not in ("predict", "predict_proba"):
        raise UsageError(f"predict={predict!r} is not known.", hint='predict="predict" or predict="predict_proba"')
    if callable(getattr(model, predict, None)):
        return
    known = ("predict", "predict_proba", "decision_function", "transform", "fit_predict", "forecast")
    has = [word for word in known if callable(getattr(model, word, None))]
    said = f"it has {', '.join(has)}" if has else "it is no fitted model" if not callable(model) else "it is a function"
    hint = f'log_model(model, predict="{has[0]}")' if has and has[0].startswith("predict") else (
        f"give the {type(model).__name__} a method {predict}(X)"
    )  # fmt: skip
    raise ModelError(f"{type(model).__name__} has no {predict}: {said}.", hint=hint)


# ---- X -----------------------------------------------------------------------------------------------------------


def _table(model: Any, X: Any, named_data: tuple[str, ...]) -> tuple[pd.DataFrame | None, bool]:
    """X as a pandas frame of its own, and whether the model wants the bare array."""
    import numpy as np
    import pandas as pd

    if X is None:
        return None, False
    if isinstance(X, np.ndarray):
        if named_data:
            raise ModelError(
                f"X is an array without column names, and the run uses {', '.join(named_data)}: "
                "a service could not ask for its columns by name.",
                hint=_as_pipeline(model),
            )
        if X.ndim != 2:
            raise ModelError(f"X has {X.ndim} dimensions; rows and columns are needed.", hint="X.reshape(len(X), -1)")
        return pd.DataFrame(X.copy(), columns=[f"x{i}" for i in range(X.shape[1])]), True
    if isinstance(X, pd.DataFrame):
        frame = X.copy(deep=not _copies_on_write(pd))
    elif hasattr(X, "__arrow_c_stream__"):
        import pyarrow as pa

        frame = pa.table(X).to_pandas()
    else:
        raise ModelError(f"X is a {type(X).__name__}, not a table.", hint="log_model(model, X=FRAME)")
    schema.check_names(frame)
    if not len(frame):
        raise ModelError("X has no rows: there is nothing to learn its columns from.", hint="log_model(model, X=FRAME)")
    return _as_fitted(model, frame), False


def _copies_on_write(pd: Any) -> bool:
    return int(pd.__version__.split(".")[0]) >= 3


def _as_fitted(model: Any, frame: pd.DataFrame) -> pd.DataFrame:
    """The columns of *frame* that the model was fitted on; refused where it never saw their names."""
    seen = getattr(model, "feature_names_in_", None)
    if seen is not None:
        missing = [str(column) for column in seen if column not in frame.columns]
        if missing:
            raise ModelError(
                f"The model was fitted on {', '.join(missing[:5])}, which X does not have.",
                hint="give log_model the X that the model was fitted on",
            )
        return frame[list(seen)]
    first = _takes_rows(model)
    if hasattr(first, "n_features_in_") and type(first).__module__.startswith("sklearn."):
        raise ModelError(
            f"{type(first).__name__} was fitted on an array of {first.n_features_in_} unnamed columns, "
            f"X is a table of {frame.shape[1]} named ones: what was done between them is not in the model.",
            hint=_as_pipeline(model),
        )
    return frame


def _takes_rows(model: Any) -> Any:
    """What the rows of X meet first: the first step of a pipeline, else the model."""
    steps = getattr(model, "steps", None)
    if isinstance(steps, list) and steps and isinstance(steps[0], tuple) and type(model).__name__ == "Pipeline":
        return _takes_rows(steps[0][1])
    return model


def _as_pipeline(model: Any) -> str:
    called = re.sub(r"\s+", " ", repr(model))
    called = called if len(called) < 80 and called.endswith(")") else "model"
    return f"model = make_pipeline(PREPARE, {called}).fit(X, y)  # PREPARE: the step that made the array; X: the table"


# ---- the pickle --------------------------------------------------------------------------------------------------


def _pickled(project: Project, model: Any) -> tuple[bytes, dict[str, Path], bool]:
    """The model's bytes, the project's modules in it, and whether those stay references (their files travel then)."""
    import cloudpickle

    ours = project_modules(project)
    try:
        with _by_value(list(ours)):
            payload = cloudpickle.dumps(model)
    except Exception:  # a module whose globals cannot be pickled (open files, locks): its files travel in its place
        try:
            payload = cloudpickle.dumps(model)
        except Exception as problem:
            raise ModelError(
                f"{type(model).__name__} cannot be saved: {proof.said(problem)}.",
                hint="drop what cannot be pickled (open files, connections, locks) from the model",
            ) from problem
        by_reference = any(_named_in(payload, name) for name in ours)
        return payload, ours if by_reference else {}, by_reference
    return payload, {name: path for name, path in ours.items() if _named_in(payload, name)}, False


def project_modules(project: Project) -> dict[str, Path]:
    """The loaded modules whose files lie in the project (and not in an environment inside it)."""
    found = {}
    root = str(project.root) + os.sep
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if not isinstance(file, str) or name == "__main__" or name.split(".")[0] == "e2e_lab":
            continue
        path = os.path.abspath(file)
        inside = path.startswith(root) and not path.startswith(sys.prefix + os.sep)
        if inside and path.endswith(".py") and not {"site-packages", "dist-packages"} & set(Path(path).parts):
            found[name] = Path(path)
    return found


@contextmanager
def _by_value(names: list[str]) -> Iterator[None]:
    import cloudpickle

    with _registering:
        known = set(cloudpickle.list_registry_pickle_by_value())
        added = [name for name in names if name in sys.modules and name not in known]
        for name in added:
            cloudpickle.register_pickle_by_value(sys.modules[name])
        try:
            yield
        finally:
            for name in added:
                cloudpickle.unregister_pickle_by_value(sys.modules[name])


def _named_in(payload: bytes, name: str) -> bool:
    """Whether the pickle holds *name* as a short string (opcode SHORT_BINUNICODE: 0x8c and one byte of length)."""
    text = name.encode()
    return len(text) < 256 and bytes([0x8C, len(text)]) + text in payload
