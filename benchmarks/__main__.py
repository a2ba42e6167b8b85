"""``python -m benchmarks [NAME …]``: measure, print the table, and (with no name) write ``docs/benchmarks.md``."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from benchmarks import data, experiments, serving, versions, workspace
from benchmarks.measure import Row, table

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
PARTS: dict[str, Callable[[Path], list[Row]]] = {
    "workspace": workspace.measure,
    "data": data.measure,
    "versions": versions.measure,
    "experiments": experiments.measure,
    "serving": serving.measure,
}


def main(names: list[str]) -> int:
    """Measure the parts that are named, or all; 2 for a name that there is none of."""
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        print(f"No such part: {', '.join(unknown)}. There are {', '.join(PARTS)}.", file=sys.stderr)
        return 2
    os.environ |= {"MLFLOW_DISABLE_TELEMETRY": "true", "BENTOML_DO_NOT_TRACK": "true"}
    rows: list[Row] = []
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="e2e-bench-") as folder:
        for name in names or PARTS:
            print(f"measuring {name} …", file=sys.stderr, flush=True)
            place = Path(folder, name)
            place.mkdir()
            rows += PARTS[name](place)
    print(table(rows))
    if not names:
        PAGE.write_text(_page(rows, time.perf_counter() - began), "utf-8")
    return 0


def _page(rows: list[Row], took: float) -> str:
    libraries = ", ".join(f"{name} {version(name)}" for name in ("pandas", "pyarrow", "mlflow", "bentoml"))
    missed = [row.what for row in rows if row.met is False]
    said = f"Not met: {'; '.join(missed)}." if missed else "All aims are met."
    return f"""# Benchmarks

Written by `make bench` (`python -m benchmarks`); nothing here is typed by hand. Both sides of a line were measured in
the same run, in turn, after a warm-up that does not count, and both write to the same disk; the numbers are medians, in
brackets from the least to the most. Times are of this machine at that hour; ratios travel better.

{os.cpu_count()} cores, Python {platform.python_version()}, {libraries}; measured in {took / 60:.0f} minutes.

{table(rows)}

{said}
"""


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
