"""What the columns of X looked like when a model was fitted: what drift is later measured against. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

QUANTILES = tuple(step / 20 for step in range(21))
MOST = 50


def baseline(frame: pd.DataFrame) -> dict[str, Any]:
    """Row count and, per column, the share of nulls with quantiles (numbers, times) or the commonest values' shares.

    >>> import pandas as pd
    >>> told = baseline(pd.DataFrame({"x": [1.0, 2.0, None], "c": ["a", "b", "b"]}))
    >>> told["columns"]["x"]["quantiles"][0], told["columns"]["c"]["shares"]["b"] == 2 / 3
    (1.0, True)
    """
    return {
        "format": 1,
        "rows": len(frame),
        "columns": {str(name): _described(frame[name]) for name in frame.columns},
    }


def _described(series: pd.Series[Any]) -> dict[str, Any]:
    import pandas as pd

    nulls = float(series.isna().mean()) if len(series) else 0.0
    known = series.dropna()
    times = pd.api.types.is_datetime64_any_dtype(series)
    numbers = pd.api.types.is_numeric_dtype(series) and not pd.api.types.is_bool_dtype(series)
    if (numbers or times) and len(known):
        if times:
            known = pd.to_numeric(known.dt.tz_convert("UTC") if known.dt.tz is not None else known)
        as_floats = known.astype("float64")
        return {
            "kind": "time" if times else "numeric",
            "nulls": nulls,
            "quantiles": [float(q) for q in as_floats.quantile(list(QUANTILES))],
            "mean": float(as_floats.mean()),
            "std": float(as_floats.std(ddof=0)),
        }
    shares = _shares(known)
    head = dict(list(shares.items())[:MOST])
    return {"kind": "categorical", "nulls": nulls, "shares": head, "other": max(0.0, 1 - sum(head.values()))}


def _shares(known: pd.Series[Any]) -> dict[str, float]:
    if not len(known):
        return {}
    try:
        counted = known.value_counts(normalize=True)
    except TypeError:  # lists and other values that cannot be counted
        return {}
    return {str(value): float(share) for value, share in counted.items() if share > 0}
