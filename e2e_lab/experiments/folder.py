"""Write a captured model as a folder: an ordinary MLflow model, with our part of it in ``e2e/``."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from e2e_lab.experiments import baseline, replay, schema
from e2e_lab.experiments.capture import Captured
from e2e_lab.experiments.requirements import requirements
from e2e_lab.experiments.rows import Matched
from e2e_lab.records import FORMAT, DataUse, RequestColumn, RequestSchema

if TYPE_CHECKING:
    import pandas as pd
    from mlflow.models import ModelSignature

MODEL_FILE = "model.pkl"

_MLFLOW_TYPES = {
    "bool": "boolean", "string": "string", "binary": "binary", "float": "float", "double": "double",
    "halffloat": "float", "int8": "integer", "int16": "integer", "int32": "integer", "int64": "long",
    "uint8": "integer", "uint16": "integer", "uint32": "long", "uint64": "long",
}  # fmt: skip


def write(folder: Path, captured: Captured, *, run: str, run_name: str, data: tuple[DataUse, ...]) -> dict[str, Any]:
    """Put all but the MLflow files into *folder*; the description that is in ``e2e/model.json``."""
    ours = folder / "e2e"
    ours.mkdir(parents=True)
    (folder / MODEL_FILE).write_bytes(captured.payload)
    for name, path in captured.modules.items():
        _copy_module(ours / "code", name, path)
    frame = captured.frame
    request = RequestSchema(columns=(), outputs=captured.outputs)
    if frame is not None:
        request = schema.request_schema(frame, outputs=captured.outputs)
        rows = frame.iloc[replay.choose(frame)].reset_index(drop=True)
        rows.to_parquet(ours / "replay.parquet", index=False, compression="zstd")
        rows.head(replay.EXAMPLES).to_parquet(ours / "examples.parquet", index=False, compression="zstd")
        _json(ours / "answers.json", captured.answers)
        _json(ours / "baseline.json", baseline.baseline(frame))
    description = {
        "format": FORMAT,
        "schema": request.to_json(),
        "predict": captured.predict,
        "loader": "cloudpickle",
        "file": MODEL_FILE,
        "class": captured.class_name,
        "modules": sorted(captured.modules),
        "by_reference": captured.by_reference,
        "array": captured.array,
        "nulls": _nulls(frame),
        "requirements": list(requirements(captured.payload)),
        "run": run,
        "run_name": run_name,
        "name": captured.name,
        "data": [use.to_json() for use in data],
        "fingerprint": replay.fingerprint(
            request, captured.predict, captured.class_name, captured.answers, captured.spread
        ),
    }
    _json(ours / "model.json", description)
    return description


def complete(
    folder: Path, description: Mapping[str, Any], *, tolerated: tuple[str, ...], matched: Matched | None,
    data: tuple[DataUse, ...], spread: list[Any],
) -> dict[str, Any]:  # fmt: skip
    """The description again, with what was found out since: columns that may be missing, rows that were matched."""
    request = schema.tolerant(RequestSchema.from_json(description["schema"]), tolerated)
    answers_file = folder / "e2e" / "answers.json"
    answers = json.loads(answers_file.read_text("utf-8")) if answers_file.exists() else []
    done = dict(description) | {
        "schema": request.to_json(),
        "data": [use.to_json() for use in data],
        "fingerprint": replay.fingerprint(request, description["predict"], description["class"], answers, spread),
    }
    if matched is not None:
        matched.write(folder / "e2e" / "rows.parquet")
        done["rows"] = {"of": matched.of, "matched": matched.count}
    _json(folder / "e2e" / "model.json", done)
    return done


def write_mlflow(folder: Path, description: Mapping[str, Any], *, model_id: str) -> None:
    """Add ``MLmodel`` and the environment files: loads with ``mlflow.sklearn`` and ``mlflow.pyfunc``.

    Written here and not by ``mlflow.sklearn.save_model``, which would pickle the live model again.
    """
    import mlflow
    from mlflow import pyfunc
    from mlflow.models import Model

    needs = [f"mlflow=={mlflow.__version__}", *description["requirements"]]
    request = RequestSchema.from_json(description["schema"])
    model = Model(run_id=description["run"], model_id=model_id, signature=_signature(request, description["array"]))
    code = "e2e/code" if description["by_reference"] else None
    pyfunc.add_to_model(
        model, loader_module="mlflow.sklearn", model_path=MODEL_FILE, code=code, conda_env="conda.yaml",
        python_env="python_env.yaml", predict_fn=description["predict"],
    )  # fmt: skip
    model.add_flavor(
        "sklearn", pickled_model=MODEL_FILE, serialization_format="cloudpickle", code=code,
        sklearn_version=importlib.metadata.version("scikit-learn"),
    )  # fmt: skip
    python = platform.python_version()
    pip = "".join(f"  - {need}\n" for need in needs)
    (folder / "requirements.txt").write_text("\n".join(needs) + "\n", "utf-8")
    (folder / "conda.yaml").write_text(
        f"name: mlflow-env\nchannels:\n- conda-forge\ndependencies:\n- python={python}\n- pip\n- pip:\n{pip}", "utf-8"
    )
    (folder / "python_env.yaml").write_text(f"python: '{python}'\ndependencies:\n- -r requirements.txt\n", "utf-8")
    model.save(str(folder / "MLmodel"))


def _signature(request: RequestSchema, array: bool) -> ModelSignature | None:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema, TensorSpec
    from mlflow.types.schema import AnyType

    if not request.columns or array:
        return None
    kinds = [_mlflow_type(column) for column in request.columns]
    inputs: list[ColSpec | TensorSpec] = [
        ColSpec(
            DataType[kind] if kind else AnyType(),  # type: ignore[no-untyped-call]
            column.name,
            required=not column.nullable,
        )
        for kind, column in zip(kinds, request.columns, strict=True)
    ]
    return ModelSignature(inputs=Schema(inputs))


def _mlflow_type(column: RequestColumn) -> str | None:
    """MLflow's type for the column, None where its checks refuse what the model takes: categories, time zones, and
    whole numbers that may be missing (a float column then)."""
    if column.dtype == "category" or "tz=" in column.type or (column.nullable and "int" in column.type):
        return None
    return "datetime" if column.type.startswith("timestamp") else _MLFLOW_TYPES.get(column.type)


def _copy_module(code: Path, name: str, path: Path) -> None:
    parts = name.split(".")
    target = (
        code.joinpath(*parts, "__init__.py") if path.name == "__init__.py" else code.joinpath(*parts[:-1], path.name)
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, target)


def _nulls(frame: pd.DataFrame | None) -> dict[str, str]:
    """How missing values of object columns look (Parquet does not tell None from NaN, a fitted imputer does)."""
    found = {}
    for name in frame.columns if frame is not None else ():
        if frame is not None and str(frame[name].dtype) == "object":
            missing = frame[name][frame[name].isna()]
            found[str(name)] = "none" if len(missing) and missing.iloc[0] is None else "nan"
    return found


def _json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1), "utf-8")
