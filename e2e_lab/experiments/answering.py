"""What a kept model itself answers to rows as JSON has them: no code of a service is in between."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from datetime import date, time
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from e2e_lab.errors import ModelError
from e2e_lab.experiments import proof
from e2e_lab.experiments.kept import load_model, read_folder
from e2e_lab.project import Project
from e2e_lab.records import RequestColumn, RequestSchema

if TYPE_CHECKING:
    import pandas as pd

Row = Mapping[str, Any]


def own_answers(project: Project, folder: Path, rows: Sequence[Row]) -> list[Any]:
    """What the model kept in *folder* answers to *rows*, as plain JSON values.

    The model stays loaded while its file is the same. Raises :class:`NotTrusted` for files that were not made here,
    before anything of them is run, and :class:`ModelError` where the model does not answer.
    """
    told = json.loads((folder / "e2e" / "model.json").read_text("utf-8"))
    seen = (folder / told["file"]).stat()
    model = _loaded(project.root, folder, seen.st_mtime_ns, seen.st_size)
    try:
        frame = frame_of(rows, RequestSchema.from_json(told["schema"]), told.get("nulls", {}))
        return proof.answers(model, frame, told["predict"], array=bool(told.get("array")))[1]
    except Exception as problem:
        raise ModelError(f"The model does not answer these rows: {proof.said(problem)}.", hint="e2e runs") from problem


@lru_cache(maxsize=2)
def _loaded(root: Path, folder: Path, _changed: int, _size: int) -> Any:
    return load_model(Project.at(root), read_folder(folder, model_id=folder.name))


def frame_of(rows: Sequence[Row], schema: RequestSchema, nulls: Mapping[str, str]) -> pd.DataFrame:
    """The frame of *rows* with the columns and dtypes that the model was fitted on; a missing value is a null.

    *nulls* says for columns of objects whether a null is None there (``"none"``), and not NaN.

    >>> schema = RequestSchema(columns=(RequestColumn(name="x", type="int64", nullable=True, dtype="int64"),))
    >>> frame_of([{"x": 1}, {"x": None}], schema, {})["x"].tolist()
    [1.0, nan]
    """
    import pandas as pd

    columns = {}
    for column in schema.columns:
        values = [row.get(column.name) for row in rows]
        values = [None if value is None else _value(column.type, value) for value in values]
        columns[column.name] = _series(column, values, None if nulls.get(column.name) == "none" else float("nan"))
    return pd.DataFrame(columns)


def _value(kind: str, value: Any) -> Any:
    import pandas as pd

    if kind.startswith("timestamp"):
        found = pd.Timestamp(value)
        return found.tz_convert("UTC") if "tz=" in kind else found
    family = re.match(r"[a-z_]*[a-z]", kind)
    make = _FROM_TEXT.get(family.group() if family else "")
    return make(value) if make else value


def _duration(value: str) -> Any:
    import pandas as pd

    return pd.Timedelta(value)


_FROM_TEXT = {
    "date": date.fromisoformat, "time": time.fromisoformat, "duration": _duration, "decimal": Decimal,
    "binary": base64.b64decode, "fixed_size_binary": base64.b64decode,
}  # fmt: skip


def _series(column: RequestColumn, values: list[Any], null: float | None) -> pd.Series[Any]:
    import pandas as pd

    data: Any = values
    if column.categories is not None:
        dtype: Any = pd.CategoricalDtype(list(column.categories), ordered=column.ordered)
        made: pd.Series[Any] = pd.Series(data, dtype=dtype)
        return made
    dtype = pd.api.types.pandas_dtype(column.dtype or "object")
    plain = not pd.api.types.is_extension_array_dtype(dtype)
    missing = None in values
    if plain and missing and dtype.kind in "iu":  # as in pandas itself, whole numbers with a gap become floats
        dtype = "float64"
    elif plain and (dtype.kind == "O" or (missing and dtype.kind == "b")):
        data, dtype = [null if value is None else value for value in values], "object"
    elif dtype.kind == "M" and getattr(dtype, "tz", None) is not None:
        data = pd.DatetimeIndex(data, tz="UTC").tz_convert(dtype.tz)
    made = pd.Series(data, dtype=dtype)
    return made
