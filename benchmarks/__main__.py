"""``python -m benchmarks [PART …]``: measure, print the tables, and write their sections of ``docs/benchmarks.md``."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import experiments, page, panels, serving, versions, workspace
from benchmarks.measure import Row, table
from benchmarks.storage import growth, history, memory, peers, saves
from benchmarks.storage.sides import Scale

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"


@dataclass(frozen=True)
class Part:
    """A section of the page and what measures it."""

    title: str
    measure: Callable[[Path, Scale], list[Row]]


def _at_one_scale(measure: Callable[[Path], list[Row]]) -> Callable[[Path, Scale], list[Row]]:
    return lambda folder, _: measure(folder)


PARTS = {
    "workspace": Part("Workspace", _at_one_scale(workspace.measure)),
    "storage.saves": Part("Storage: saves and loads", saves.measure),
    "storage.peers": Part("Storage: beside other tools", peers.measure),
    "storage.memory": Part("Storage: memory", memory.measure),
    "storage.growth": Part("Storage: growth", growth.measure),
    "storage.history": Part("Storage: a long history", history.measure),
    "versions": Part("Versions", _at_one_scale(versions.measure)),
    "experiments": Part("Experiments", _at_one_scale(experiments.measure)),
    "panels": Part("Panels", _at_one_scale(panels.measure)),
    "serving": Part("Models and services", _at_one_scale(serving.measure)),
}


def main(words: list[str]) -> int:
    """Measure the parts that are named, or all; 2 for a name that there is none of.

    ``storage`` names all of ``storage.saves``, ``storage.peers``, …. What is measured at another scale than the
    default is printed only.
    """
    asked = _parser().parse_args(words)
    unknown = [name for name in asked.parts if not _named(name)]
    if unknown:
        print(f"No such part: {', '.join(unknown)}. There are {', '.join(PARTS)}.", file=sys.stderr)
        return 2
    scale = _scale(asked)
    os.environ |= {"MLFLOW_DISABLE_TELEMETRY": "true", "BENTOML_DO_NOT_TRACK": "true"}
    for name in dict.fromkeys(part for said in asked.parts or PARTS for part in _named(said)):
        part = PARTS[name]
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        began = time.perf_counter()
        with tempfile.TemporaryDirectory(prefix="e2e-bench-") as folder:
            rows = part.measure(Path(folder), scale)
        print(table(rows), end="\n\n", flush=True)
        if not asked.quick and asked.rows is None:
            _write(part.title, rows, time.perf_counter() - began)
    return 0


def _write(title: str, rows: list[Row], took: float) -> None:
    new = {title: page.section(title, rows, took)}
    PAGE.write_text(page.replaced(PAGE.read_text("utf-8"), new, [part.title for part in PARTS.values()]), "utf-8")


def _named(name: str) -> list[str]:
    return [part for part in PARTS if part == name or part.startswith(f"{name}.")]


def _scale(asked: argparse.Namespace) -> Scale:
    scale = Scale.quick() if asked.quick else Scale()
    if asked.rows is not None:
        scale = replace(scale, rows=asked.rows)
    if asked.growth:
        scale = replace(scale, growth=(*scale.growth, 2 * scale.growth[-1], 4 * scale.growth[-1]))
    return scale


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=main.__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="small tables, everything once")
    parser.add_argument("--rows", type=int, metavar="N", help="rows of the generated table (4,000,000)")
    parser.add_argument("--growth", action="store_true", help="follow growth to 32 million rows (+ 10 minutes)")
    return parser


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
