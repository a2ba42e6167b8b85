"""Small real projects to look at: one with a history, an empty one, one without git, one with a thousand datasets."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd

from e2e_lab import storage, versioning
from e2e_lab.project import Project, find

LONG = "arrivals_and_departures_of_all_airports_by_hour_and_carrier"
LATE = [
    "%load_ext e2e_lab",
    'late = e2e.load("flights").query("dep_delay > 60")\nlate.describe()',
    "%e2e snapshot late --as late_flights",
]
LONG_NOTEBOOK = [
    *LATE[:2],
    *(f"# step {number}\nprint({number})" for number in range(60)),
    "%e2e snapshot late --as long_flights",
]


def make_all(root: Path) -> None:
    """Make the projects in *root*, and a folder with a CSV file that is none yet."""
    flights(root / "flights")
    empty(root / "empty")
    without_git(root / "nogit")
    many(root / "many")
    (root / "plain").mkdir()
    _flights(400).to_csv(root / "plain" / "flights.csv", index=False)
    notebook(root / "plain" / "first.ipynb", [])
    notebook(root / "plain" / "other.ipynb", [])


def flights(folder: Path) -> Project:
    """A project with some history: raw and processed datasets, two of them with several versions."""
    project = _project(folder)
    for name, cells in {"late": LATE, "work": [], "empty": [], "rename": [], "print": [], "lacking": []}.items():
        notebook(folder / f"{name}.ipynb", cells)
    notebook(folder / "long.ipynb", LONG_NOTEBOOK)
    notebook(folder / "bare.ipynb", [], "bare")
    rows = _flights(5000)
    weather = pd.DataFrame({"hour": range(240), "wind": [i % 31 * 0.7 for i in range(240)]})
    storage.snapshot(project, rows.drop(columns="carrier"), "flights", source="flights.csv")
    storage.snapshot(project, weather, "weather", source="weather.csv")
    versioning.commit(project, "flights and weather as they came")
    raw = storage.snapshot(project, rows, "flights", source="flights.csv")
    storage.snapshot(project, rows.head(50), LONG, stage="raw", source="all.csv")
    clean = rows[rows["dep_delay"] > 0]
    storage.snapshot(project, clean, "flights_clean", parents=[raw.as_parent], key=["flight"])
    versioning.commit(project, "clean flights")
    storage.snapshot(project, clean.assign(late=clean["dep_delay"] > 60), "flights_clean", parents=[raw.as_parent])
    return project


def empty(folder: Path) -> None:
    """A project that was only just made."""
    _project(folder)
    notebook(folder / "start.ipynb", [])


def without_git(folder: Path) -> None:
    """A project whose repository is gone."""
    project = _project(folder)
    storage.snapshot(project, _flights(100), "flights", source="flights.csv")
    shutil.rmtree(folder / ".git")


def many(folder: Path) -> None:
    """A project with a thousand datasets: copies of one record under other names."""
    project = _project(folder)
    storage.snapshot(project, _flights(100), "sensor_0000", source="sensor.csv")
    first = folder / "data" / "raw" / "sensor_0000.json"
    text = first.read_text()
    for i in range(1, 1000):
        stage = "raw" if i < 600 else "processed"
        (folder / "data" / stage).mkdir(exist_ok=True)
        copy = text.replace("sensor_0000", f"sensor_{i:04}")
        (folder / "data" / stage / f"sensor_{i:04}.json").write_text(copy)
    assert json.loads(text)["id"]
    versioning.commit(project, "a thousand sensors")


def bare_kernel(folder: Path) -> None:
    """A kernel whose Python has no e2e_lab."""
    start = """
import sys
from ipykernel.kernelapp import launch_new_instance

class Lacking:
    def find_spec(self, name, path=None, target=None):
        if name == "e2e_lab":
            raise ModuleNotFoundError("No module named 'e2e_lab'", name=name)

sys.meta_path.insert(0, Lacking())
launch_new_instance()
"""
    spec = {
        "argv": [sys.executable, "-c", start, "-f", "{connection_file}"],
        "display_name": "Bare Python",
        "language": "python",
    }
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(json.dumps(spec))


def notebook(path: Path, cells: list[str], kernel: str = "python3") -> None:
    """Write a notebook with these code cells."""
    content = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in cells or [""]],
        metadata={"kernelspec": {"name": kernel, "display_name": kernel, "language": "python"}},
    )
    nbformat.write(content, path)


def _project(folder: Path) -> Project:
    folder.mkdir(parents=True)
    versioning.init(folder)
    for key, value in {"user.name": "Ada Lovelace", "user.email": "ada@example.org"}.items():
        subprocess.run(["git", "-C", str(folder), "config", key, value], check=True)
    return find(folder)


def _flights(rows: int) -> pd.DataFrame:
    draw = np.random.default_rng(0)
    delay = pd.Series(draw.gamma(2, 20, rows).round() - 12)
    return pd.DataFrame(
        {
            "flight": range(rows),
            "time": pd.Timestamp("2013-01-01") + pd.to_timedelta(np.arange(rows) * 105, unit="min"),
            "carrier": draw.choice(["UA", "B6", "EV", "DL", "AA"], rows, p=[0.3, 0.25, 0.2, 0.15, 0.1]),
            "dep_delay": delay.mask(draw.random(rows) < 0.03),
            "distance": draw.integers(80, 4983, rows),
            "cancelled": draw.random(rows) < 0.02,
        }
    )
