"""What people do to a table between two saves, as functions of a frame; every seed does it elsewhere in the table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Columns:
    """The columns of a table that are edited: numbers without and with gaps, and those that it is sorted by."""

    number: str
    gaps: str
    sort: tuple[str, ...]


ORDERS = Columns("price", "score", ("category", "quantity", "country", "status", "score"))
FLIGHTS = Columns("distance", "dep_delay", ("dest", "carrier", "origin", "hour", "distance"))

Edit = Callable[[pd.DataFrame, Columns, int], pd.DataFrame]


def _joined(*parts: pd.DataFrame) -> pd.DataFrame:
    return pd.concat(parts, ignore_index=True)


def _some(frame: pd.DataFrame, rows: int, seed: int) -> pd.DataFrame:
    return frame.take(np.random.default_rng([1, seed]).integers(0, len(frame), rows))


def _place(frame: pd.DataFrame, seed: int, rows: int = 0) -> int:
    return int(np.random.default_rng([2, seed]).integers(0, len(frame) - rows))


def _unchanged(frame: pd.DataFrame, columns: Columns, seed: int) -> pd.DataFrame:  # noqa: ARG001
    return frame.copy()


def _append(frame: pd.DataFrame, columns: Columns, seed: int) -> pd.DataFrame:  # noqa: ARG001
    return _joined(frame, _some(frame, len(frame) // 100, seed))


def _replace(frame: pd.DataFrame, columns: Columns, seed: int) -> pd.DataFrame:  # noqa: ARG001
    at = _place(frame, seed, 100)
    return _joined(frame[:at], _some(frame, 100, seed), frame[at + 100 :])


def _cells(frame: pd.DataFrame, columns: Columns, seed: int) -> pd.DataFrame:
    random = np.random.default_rng([3, seed])
    values = frame[columns.number].to_numpy(copy=True)
    values[random.integers(0, len(frame), len(frame) // 1000)] += 1
    return frame.assign(**{columns.number: values})


def _insert(frame: pd.DataFrame, columns: Columns, seed: int) -> pd.DataFrame:  # noqa: ARG001
    middle = len(frame) // 2 + seed
    return _joined(frame[:middle], _some(frame, 1000, seed), frame[middle:])


def _delete(frame: pd.DataFrame, columns: Columns, seed: int) -> pd.DataFrame:  # noqa: ARG001
    return frame[1000 + seed :].reset_index(drop=True)


def _new_column(frame: pd.DataFrame, columns: Columns, seed: int) -> pd.DataFrame:  # noqa: ARG001
    return frame.assign(**{f"new{seed}": np.random.default_rng([4, seed]).normal(size=len(frame))})


def _drop(frame: pd.DataFrame, columns: Columns, seed: int) -> pd.DataFrame:
    others = [name for name in frame.columns if name not in (columns.number, columns.gaps)]
    return frame.drop(columns=columns.number if seed == 0 else others[-seed])


def _rename(frame: pd.DataFrame, columns: Columns, seed: int) -> pd.DataFrame:
    return frame.rename(columns={columns.number: f"{columns.number}{seed}"})


def _reorder(frame: pd.DataFrame, columns: Columns, seed: int) -> pd.DataFrame:  # noqa: ARG001
    names = list(frame.columns)
    return frame[[*names[seed + 1 :], *names[: seed + 1]]]


def _fill(frame: pd.DataFrame, columns: Columns, seed: int) -> pd.DataFrame:
    return frame.assign(**{columns.gaps: frame[columns.gaps].fillna(seed)})


def _sort(frame: pd.DataFrame, columns: Columns, seed: int) -> pd.DataFrame:
    again, column = divmod(seed, len(columns.sort))
    return frame.sort_values(columns.sort[column], ascending=again % 2 == 0, kind="stable", ignore_index=True)


EDITS: dict[str, Edit] = {
    "unchanged": _unchanged,
    "1 % of rows appended": _append,
    "100 rows replaced": _replace,
    "0.1 % of the cells of a column changed": _cells,
    "1,000 rows inserted in the middle": _insert,
    "1,000 rows deleted at the front": _delete,
    "a new column": _new_column,
    "a column dropped": _drop,
    "a column renamed": _rename,
    "columns reordered": _reorder,
    "nulls filled": _fill,
    "sorted": _sort,
}

APPEND, REPLACE, NEW_COLUMN = "1 % of rows appended", "100 rows replaced", "a new column"

TEN = (
    APPEND,
    REPLACE,
    "0.1 % of the cells of a column changed",
    "1,000 rows inserted in the middle",
    "unchanged",
    NEW_COLUMN,
    APPEND,
    "nulls filled",
    "1,000 rows deleted at the front",
    REPLACE,
)


def edited(frame: pd.DataFrame, edit: str, columns: Columns, seed: int) -> pd.DataFrame:
    """*frame* after an edit, itself as it was."""
    return EDITS[edit](frame, columns, seed)
