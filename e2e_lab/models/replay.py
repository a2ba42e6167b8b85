"""Send the stored rows of a kept model through a running service and compare with what the model itself answered."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

from e2e_lab.errors import ModelError, ReplayFailed, RequestRejected
from e2e_lab.models.requests import post_rows, rows_of
from e2e_lab.records import Replay

TOLERANCE = 1e-9
"""Up to this part of a number counts as equal: the number of threads alone changes the last digits of a sum."""


def stored_rows(folder: Path) -> tuple[list[dict[str, Any]], list[Any]]:
    """The replay rows of the kept model in *folder* as JSON has them, and the model's own answers."""
    import pyarrow.parquet as pq

    try:
        rows = rows_of(pq.read_table(folder / "e2e" / "replay.parquet"))
        answers = json.loads((folder / "e2e" / "answers.json").read_text("utf-8"))
    except FileNotFoundError:
        rows, answers = [], []
    if not rows or len(rows) != len(answers):
        raise ModelError(
            "The model was kept without X: what a row holds is not known, and there is none to try.",
            hint="e2e.log_model(model, X=X)",
        )
    return rows, answers


def replay(url: str, token: str, rows: list[dict[str, Any]], answers: list[Any]) -> Replay:
    """How the service at *url* answers *rows*, all in one request as the model had them, against *answers*.

    Raises :class:`ReplayFailed` where the service refuses a row that the model answered.
    """
    began = time.perf_counter()
    try:
        given = post_rows(url, token, rows)["predictions"]
    except RequestRejected as problem:
        raise ReplayFailed(f"The service refuses a row that the model answers: {problem}", hint=problem.hint) from None
    different, largest = compare(answers, given)
    return Replay(
        rows=len(rows), different=different, largest_difference=largest, seconds=round(time.perf_counter() - began, 3)
    )


def compare(ours: list[Any], theirs: list[Any]) -> tuple[int, float]:
    """How many answers differ, and the largest difference between two numbers.

    >>> compare([1.0, {"a": 2.0}, None], [1.0, {"a": 2.5}, None])
    (1, 0.5)
    >>> compare(["late"], ["late", "early"])
    (2, inf)
    """
    if len(ours) != len(theirs):
        return max(len(ours), len(theirs)), math.inf
    gaps = [_gap(a, b) for a, b in zip(ours, theirs, strict=True)]
    return sum(not same for same, _ in gaps), max((gap for _, gap in gaps), default=0.0)


def _gap(a: Any, b: Any) -> tuple[bool, float]:
    if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        gaps = [_gap(a[name], b[name]) for name in a]
        return all(same for same, _ in gaps), max((gap for _, gap in gaps), default=0.0)
    if isinstance(a, float) and isinstance(b, int | float) and not isinstance(b, bool):
        gap = 0.0 if a == b or (math.isnan(a) and math.isnan(b)) else abs(a - b)
        return math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=1e-12) or gap == 0.0, gap
    same = type(a) is type(b) and a == b
    return same, 0.0 if same else math.inf
