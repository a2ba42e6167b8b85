"""Which rows of X are kept to try a model on again, and what is told apart by its answers. Pure."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from blake3 import blake3

from e2e_lab.records import RequestSchema

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

ROWS = 200
EXAMPLES = 5
SPREAD = 5_000
_FIRST = 20


def choose(frame: pd.DataFrame, *, rows: int = ROWS) -> np.ndarray[Any, Any]:
    """Positions of the rows to keep: the first, one null of each column, extremes, every category, a fixed sample.

    >>> import pandas as pd
    >>> choose(pd.DataFrame({"x": range(1000)}), rows=30)[[0, 1, -1]].tolist()
    [0, 1, 999]
    """
    import numpy as np

    if len(frame) <= rows:
        return np.arange(len(frame))
    wanted = dict.fromkeys(range(min(_FIRST, rows)))
    for name in frame.columns:
        for position in _telling(frame[name]):
            if len(wanted) == rows:
                break
            wanted[position] = None
    for position in np.random.default_rng(0).permutation(len(frame))[: 2 * rows].tolist():
        if len(wanted) == rows:
            break
        wanted[position] = None
    return np.array(sorted(wanted))


def _telling(series: pd.Series[Any]) -> list[int]:
    """Where the first null, the least, the greatest, and the first of each of a few categories are."""
    import pandas as pd

    found = []
    missing = series.isna().to_numpy()
    if missing.any():
        found.append(int(missing.argmax()))
    if isinstance(series.dtype, pd.CategoricalDtype):
        codes = series.cat.codes.reset_index(drop=True)
        found += [int(i) for i in codes.drop_duplicates().index[:10]]
    elif not missing.all() and (pd.api.types.is_numeric_dtype(series) or pd.api.types.is_datetime64_any_dtype(series)):
        known = series[~missing]
        where = (~missing).nonzero()[0]
        found += [int(where[known.argmin()]), int(where[known.argmax()])]
    return found


def spread(rows: int, most: int = SPREAD) -> np.ndarray[Any, Any]:
    """Positions of up to *most* of *rows* rows, evenly spread: on these a change of the model shows.

    >>> spread(5, most=3).tolist()
    [0, 2, 4]
    """
    import numpy as np

    return np.unique(np.linspace(0, max(rows - 1, 0), min(rows, most)).astype(int))


def fingerprint(schema: RequestSchema, predict: str, class_name: str, answers: list[Any], spread: list[Any]) -> str:
    """Hash of what a model takes and what it answers: equal when a model is fitted again to the same end.

    *answers* are those to the kept rows, *spread* those to many more all over X, which are not kept.

    >>> schema = RequestSchema(columns=())
    >>> fingerprint(schema, "predict", "Ridge", [1.0], []) == fingerprint(schema, "predict", "Ridge", [1.5], [])
    False
    """
    told = [schema.to_json(), predict, class_name, answers, spread]
    return blake3(json.dumps(told, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
