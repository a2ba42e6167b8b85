"""The same saves and loads by other tools: each in an environment of its own, which is made here and kept."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from benchmarks.data import orders
from benchmarks.measure import Row, Timing, compared, left_out, sized
from benchmarks.storage.edits import APPEND, NEW_COLUMN, REPLACE
from benchmarks.storage.peer import FIRST
from benchmarks.storage.sides import ChildFailed, Scale, asked

ENVIRONMENTS = Path(os.environ.get("E2E_BENCH_PEERS", Path(__file__).parents[2] / ".bench" / "peers"))
FRAMES = tuple(f"{name}=={version(name)}" for name in ("numpy", "pandas", "pyarrow"))
EDITS = (REPLACE, APPEND, NEW_COLUMN)


@dataclass(frozen=True)
class Peer:
    """A tool, what is installed for it, whether it is a library to work with there, and whether it knows appending."""

    said: str
    requirement: str = ""
    library: bool = True
    appends: bool = False


PEERS = {
    "dvc": Peer("`to_parquet`, DVC 3.67, git", "dvc==3.67.1", library=False),
    "git-lfs": Peer("`to_parquet`, git-lfs", library=False),
    "delta": Peer("delta-rs 1.6", "deltalake==1.6.6", appends=True),
    "lance": Peer("Lance 14.0", "pylance==14.0.2", appends=True),
    "oxen": Peer("`to_parquet`, Oxen 0.65", "oxenai==0.65.1"),
}


class Missing(Exception):
    """A tool that cannot be had on this machine; says why."""


def measure(folder: Path, scale: Scale) -> list[Row]:
    """First save, three local edits, ten mixed edits, loads: e2e-lab and each of the others, with the same frames."""
    orders(scale.rows, folder)
    ours = _work("e2e", folder, scale)
    rows = []
    for name, peer in PEERS.items():
        try:
            rows += _rows(ours, peer, _work(name, folder, scale, *_environment(name, peer)), name == "dvc")
        except (Missing, ChildFailed) as problem:
            rows.append(left_out(peer.said, str(problem)))
    return rows


def _rows(ours: dict[str, list[float]], peer: Peer, theirs: dict[str, list[float]], aimed: bool) -> list[Row]:
    told = f"{peer.said}, told which rows are new" if peer.appends else peer.said
    saves = [
        compared(what, Timing(ours[key]), told if key == APPEND else peer.said, Timing(theirs[key]), at_most=at_most)
        for what, key, at_most in (
            (FIRST, FIRST, None),
            *((f"save after {edit}", edit, 0.06 if aimed else None) for edit in EDITS),
            ("load the newest version after ten edits", "load", None),
            ("load the first version after ten edits", "first", None),
        )
    ]
    return [*saves, sized("bytes added by ten mixed edits", ours["ten"][0], peer.said, theirs["ten"][0])]


def _work(
    name: str, folder: Path, scale: Scale, python: Path | str = sys.executable, path: Path | None = None
) -> dict[str, list[float]]:
    place = folder / name
    place.mkdir()
    try:
        took: dict[str, list[float]] = asked(
            "benchmarks.storage.peer", name, scale.rows, scale.runs, folder, place, python=python, path=path
        )
        return took
    finally:
        shutil.rmtree(place)


def _environment(name: str, peer: Peer) -> tuple[Path | str, Path | None]:
    """The interpreter to work with, and the folder of programs that it needs."""
    if name == "git-lfs":
        return sys.executable, _git_lfs()
    programs = _made(name, (peer.requirement, *(FRAMES if peer.library else ())))
    return (programs / "python", None) if peer.library else (sys.executable, programs)


def _made(name: str, requirements: tuple[str, ...]) -> Path:
    place = ENVIRONMENTS / name
    stamp, wanted = place / "made", " ".join(requirements)
    if not stamp.exists() or stamp.read_text("utf-8") != wanted:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        _run(name, sys.executable, "-m", "venv", str(place))
        _run(name, str(place / "bin" / "python"), "-m", "pip", "install", "--no-input", *requirements)
        stamp.write_text(wanted, "utf-8")
    return place / "bin"


def _git_lfs() -> Path | None:
    """Where git-lfs is, if not among the machine's own programs; Debian's package is unpacked, not installed."""
    if shutil.which("git-lfs"):
        return None
    place = ENVIRONMENTS / "git-lfs"
    programs = place / "usr" / "bin"
    if not (programs / "git-lfs").exists():
        if not shutil.which("apt-get") or not shutil.which("dpkg"):
            raise Missing("git-lfs is not installed")
        place.mkdir(parents=True, exist_ok=True)
        _run("git-lfs", "apt-get", "download", "git-lfs", folder=place)
        _run("git-lfs", "dpkg", "-x", next(place.glob("git-lfs_*.deb")).name, ".", folder=place)
    return programs


def _run(name: str, *words: str, folder: Path | None = None) -> None:
    log = ENVIRONMENTS / f"{name}.log"
    with log.open("ab") as said:
        done = subprocess.run(words, cwd=folder, stdout=said, stderr=said, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise Missing(f"it could not be installed; {log.name} in the folder of environments says why")
