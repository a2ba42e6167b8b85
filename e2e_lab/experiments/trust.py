"""Trust by origin: the hashes of the model folders that were made in this project, in ``.e2e/models.jsonl``."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from blake3 import blake3

from e2e_lab.errors import Damaged
from e2e_lab.project import Project

LEDGER = "models.jsonl"


def hash_folder(folder: Path) -> str:
    """The BLAKE3 hash over the sorted relative paths and contents of all files in *folder*."""
    if not folder.is_dir():
        raise Damaged(f"The model folder {folder} is gone.", hint="e2e runs")
    whole = blake3()
    for path in sorted((p for p in folder.rglob("*") if p.is_file()), key=lambda p: p.relative_to(folder).as_posix()):
        name = path.relative_to(folder).as_posix().encode()
        whole.update(len(name).to_bytes(8, "little") + name)
        whole.update(bytes.fromhex(_hash_file(path)))
    return whole.hexdigest()


def _hash_file(path: Path) -> str:
    found = blake3()
    with open(path, "rb") as file:
        while piece := file.read(1 << 22):
            found.update(piece)
    return found.hexdigest()


def note(project: Project, *, folder_hash: str, model: str, run: str) -> None:
    """Remember that the folder with this hash was made here."""
    line = {"hash": folder_hash, "model": model, "run": run, "time": datetime.now(UTC).isoformat(timespec="seconds")}
    project.append(project.home / LEDGER, json.dumps(line))


def made_here(project: Project, folder_hash: str) -> bool:
    """Whether a folder with this hash was made in this project."""
    try:
        lines = (project.home / LEDGER).read_text("utf-8").splitlines()
    except OSError:
        return False
    return any(folder_hash in line and _hash_of(line) == folder_hash for line in lines)


def _hash_of(line: str) -> str | None:
    try:
        return str(json.loads(line)["hash"])
    except (ValueError, KeyError, TypeError):  # a line that a crash cut short
        return None
