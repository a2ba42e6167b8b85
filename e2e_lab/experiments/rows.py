"""Find the rows of X again in the snapshots that a run used."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from e2e_lab.project import Project
from e2e_lab.records import DataUse

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd


@dataclass(frozen=True)
class Matched:
    """Which rows of which snapshot X was: *rows* are positions in it, *count* of *of* rows of X were found."""

    use: DataUse
    rows: np.ndarray[Any, Any]
    of: int

    @property
    def count(self) -> int:
        return len(self.rows)

    def write(self, path: Path) -> None:
        """Put the pairs at *path*: columns ``snapshot`` (id) and ``row``."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        ids = pa.DictionaryArray.from_arrays(pa.array([0] * self.count, pa.int32()), pa.array([self.use.id]))
        pq.write_table(pa.table({"snapshot": ids.cast(pa.string()), "row": pa.array(self.rows, pa.int64())}), path)


def match(frame: pd.DataFrame, candidates: Iterable[tuple[DataUse, pd.DataFrame]]) -> Matched | None:
    """The snapshot that most rows of *frame* come from, or None where none has half of them.

    First by the index, which survives filters and splits: believed only where the values agree. Else by hashing the
    columns both have; of equal rows each is taken once, in order.
    """
    best: Matched | None = None
    for use, snapshot in candidates:
        found = _by_index(frame, snapshot)
        if found is None:
            found = _by_values(frame, snapshot)
        if found is None or 2 * len(found) < len(frame):
            continue
        if best is None or len(found) > best.count:
            best = Matched(use, found, len(frame))
    return best


def stored(project: Project, uses: Iterable[DataUse]) -> Iterable[tuple[DataUse, pd.DataFrame]]:
    """Each use once, with its table; what is no longer stored here is passed over."""
    from e2e_lab import storage
    from e2e_lab.errors import E2EError

    for use in {use.id: use for use in uses}.values():
        try:
            known = [s for s in storage.versions(project, use.name) if s.id == use.id]
            if known:
                yield use, storage.load(project, known[-1])
        except E2EError:
            continue


def _shared(frame: pd.DataFrame, snapshot: pd.DataFrame) -> list[str]:
    return [name for name in frame.columns if name in snapshot.columns]


def _by_index(frame: pd.DataFrame, snapshot: pd.DataFrame) -> np.ndarray[Any, Any] | None:
    shared = _shared(frame, snapshot)
    if not shared or not snapshot.index.is_unique or frame.index.nlevels != snapshot.index.nlevels:
        return None
    try:
        positions = snapshot.index.get_indexer(frame.index)
    except (TypeError, ValueError):
        return None
    if (positions < 0).any():
        return None
    there = snapshot[shared].take(positions)
    return positions if (_hashes(frame[shared]) == _hashes(there)).all() else None


def _by_values(frame: pd.DataFrame, snapshot: pd.DataFrame) -> np.ndarray[Any, Any] | None:
    import pandas as pd

    shared = _shared(frame, snapshot)
    if not shared:
        return None
    ours = pd.DataFrame({"hash": _hashes(frame[shared])})
    theirs = pd.DataFrame({"hash": _hashes(snapshot[shared])})
    for one in (ours, theirs):
        one["nth"] = one.groupby("hash").cumcount()
    theirs["row"] = range(len(theirs))
    return ours.merge(theirs, on=["hash", "nth"], how="inner")["row"].to_numpy()


def _hashes(frame: pd.DataFrame) -> np.ndarray[Any, Any]:
    """One number a row; numbers count as floats, so that a column that only gained a null still agrees."""
    import numpy as np
    import pandas as pd

    whole = np.zeros(len(frame), dtype="uint64")
    for name in frame.columns:
        series = frame[name].reset_index(drop=True)
        if isinstance(series.dtype, pd.CategoricalDtype):
            series = series.astype(series.dtype.categories.dtype)
        if pd.api.types.is_numeric_dtype(series):
            values = pd.Series(series.to_numpy(dtype="float64", na_value=np.nan))
        elif isinstance(series.dtype, np.dtype) and series.dtype.kind in "mM":
            values = series
        else:
            values = series.astype(object).where(series.notna(), None).map(_text)
        whole = whole * np.uint64(1_000_003) + pd.util.hash_pandas_object(values, index=False).to_numpy()
    return whole


def _text(value: Any) -> Any:
    return value if value is None else str(value)
