"""A small real project to look at: two datasets and a notebook committed, a third dataset not yet."""

from __future__ import annotations

import subprocess
from pathlib import Path

import nbformat
import pandas as pd

from e2e_lab import storage, versioning
from e2e_lab.project import find

CELLS = [
    "%load_ext e2e_lab",
    'late = e2e.load("flights").query("dep_delay > 60")\nlate.describe()',
    "%e2e snapshot late --as late_flights",
]


def make(folder: Path) -> None:
    """Make *folder* a project with some history."""
    versioning.init(folder)
    for key, value in {"user.name": "Ada Lovelace", "user.email": "ada@example.org"}.items():
        subprocess.run(["git", "-C", str(folder), "config", key, value], check=True)
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in CELLS],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    nbformat.write(notebook, folder / "late.ipynb")
    project = find(folder)
    flights = pd.DataFrame({"flight": range(1000), "dep_delay": [i % 97 - 10.0 for i in range(1000)]})
    weather = pd.DataFrame({"hour": range(240), "wind": [i % 31 * 0.7 for i in range(240)]})
    raw = storage.snapshot(project, flights, "flights", source="flights.csv")
    storage.snapshot(project, weather, "weather", source="weather.csv")
    versioning.commit(project, "flights and weather as they came")
    clean = flights[flights["dep_delay"] > 0]
    storage.snapshot(project, clean, "flights_clean", parents=[raw.as_parent])
