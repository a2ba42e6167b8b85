"""The most memory that a save takes: of a frame, beside the frame itself; of a stream, however long it is.

``python -m benchmarks.storage.memory frame|load|parquet|stream ROWS FOLDER`` is one measurement, in a process of
its own. Linux only: it reads ``/proc/self/status``, where the peak can be set back through ``clear_refs``.
"""

from __future__ import annotations

import ctypes
import gc
import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from benchmarks.data import orders
from benchmarks.measure import Row, Timing, left_out, sized
from benchmarks.storage.sides import NAME, ChildFailed, Scale, asked, project, save, to_parquet

CLEAR = Path("/proc/self/clear_refs")
_BATCH = 100_000


def measure(folder: Path, scale: Scale) -> list[Row]:
    """A frame saved and loaded, beside plain Parquet; streams of several lengths beside the shortest."""
    if not CLEAR.exists():
        return [left_out("peak memory", "it is read from /proc, which is not here")]
    return [*_frames(folder, scale), *_streams(folder, scale)]


def _frames(folder: Path, scale: Scale) -> Iterator[Row]:
    ask = partial(_asked, folder, scale.runs, scale.rows)
    table, peak = ask("frame")
    said = f"orders, {scale.rows:,} × 15"
    yield sized(f"peak memory of a snapshot of {said}, the table included", peak, "the table", table, at_most=1.5)
    yield sized("the same of `to_parquet`", ask("parquet")[1], "the table", table)
    table, peak = ask("load")
    yield sized(f"peak memory of a load of {said}", peak, "`read_parquet`", ask("read")[1])


def _streams(folder: Path, scale: Scale) -> list[Row]:
    what = "peak memory of a stream of {:,} rows"
    try:
        peaks = {rows: _asked(folder, scale.runs, rows, "stream")[1] for rows in scale.streams}
    except ChildFailed as problem:
        return [left_out("peak memory of a stream", str(problem))]
    least = scale.streams[0]
    against = f"{least:,} rows"
    return [
        Row(what.format(least), Timing([peaks[least]]), unit="B"),
        *(sized(what.format(rows), peaks[rows], against, peaks[least], at_most=1.2) for rows in scale.streams[1:]),
    ]


def _asked(folder: Path, runs: int, rows: int, what: str) -> tuple[int, int]:
    """The bytes of the table, and the median of those of the peak above a bare interpreter with the same imports."""
    peaks = []
    for _ in range(runs):
        with TemporaryDirectory(dir=folder) as place:
            table, peak = asked("benchmarks.storage.memory", what, rows, place)
        peaks.append(peak)
    return table, int(median(peaks))


# ---- in the child --------------------------------------------------------------------------------------------


def _frame(rows: int, folder: Path) -> tuple[int, Callable[[], object], Any]:  # noqa: ARG001
    frame = orders(rows)
    return _bytes(frame), partial(save, frame), frame


def _parquet(rows: int, folder: Path) -> tuple[int, Callable[[], object], Any]:
    frame = orders(rows)
    return _bytes(frame), partial(to_parquet, frame, folder / "plain.parquet"), frame


def _load(rows: int, folder: Path) -> tuple[int, Callable[[], object], Any]:  # noqa: ARG001
    import e2e_lab

    save(orders(rows))
    return 0, partial(e2e_lab.load, NAME), None


def _read(rows: int, folder: Path) -> tuple[int, Callable[[], object], Any]:
    to_parquet(orders(rows), folder / "plain.parquet")
    return 0, partial(pd.read_parquet, folder / "plain.parquet"), None


def _stream(rows: int, folder: Path) -> tuple[int, Callable[[], object], Any]:  # noqa: ARG001
    schema = _batch(0).schema
    save(pa.RecordBatchReader.from_batches(schema, iter([_batch(0)])), "short")
    reader = pa.RecordBatchReader.from_batches(schema, map(_batch, range(rows // _BATCH)))
    return 0, partial(save, reader), None


def _batch(number: int) -> pa.RecordBatch:
    random = np.random.default_rng([9, number])
    users = random.integers(0, 500_000, _BATCH)
    return pa.record_batch(
        {
            "event_id": np.arange(number * _BATCH, (number + 1) * _BATCH),
            "user_id": users,
            "value": random.lognormal(3, 1, _BATCH).round(2),
            "score": random.random(_BATCH, dtype="f4"),
            "page": pa.array(np.char.add("/p/", (users % 1000).astype("U4"))),
        }
    )


def _bytes(frame: pd.DataFrame) -> int:
    return int(frame.memory_usage(deep=True, index=True).sum())


def _resident(what: str) -> int:
    for line in Path("/proc/self/status").read_text("utf-8").splitlines():
        if line.startswith(what):
            return int(line.split()[1]) * 1024
    raise SystemExit(f"/proc/self/status has no {what}.")


def _settled() -> None:
    """Give back what was freed, and forget the peak so far."""
    gc.collect()
    pa.default_memory_pool().release_unused()
    ctypes.CDLL(None).malloc_trim(0)
    CLEAR.write_text("5", "ascii")


WORK = {"frame": _frame, "parquet": _parquet, "load": _load, "read": _read, "stream": _stream}


def main(words: list[str]) -> None:
    """Print the bytes of the table, and of the peak above what the imports take."""
    import e2e_lab

    what, rows, folder = words
    with project(Path(folder) / "project"):
        small = pd.DataFrame({"number": [1.0, 2.0], "text": ["a", None], "time": pd.to_datetime(["2024", "2025"])})
        save(small, "warm")
        e2e_lab.load("warm")
        to_parquet(small, Path(folder) / "warm.parquet")
        pd.read_parquet(Path(folder) / "warm.parquet")
        orders(1)
        _settled()
        bare = _resident("VmRSS")
        table, work, held = WORK[what](int(rows), Path(folder))
        _settled()
        result = work()
        peak = _resident("VmHWM")
        del result, held
    print(json.dumps([table, peak - bare]))


if __name__ == "__main__":
    main(sys.argv[1:])
