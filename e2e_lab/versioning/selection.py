"""Which files of a working tree are the project's code (pure): by name and size, never by content."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import translate
from pathlib import PurePosixPath

from e2e_lab.records import STAGES

LIMIT = 1_000_000
"""Bytes from which on an untracked file is data, whatever its name says (notebooks count without outputs)."""

NOTEBOOK_LIMIT = 20_000_000
"""Bytes on disk, outputs included, from which on an untracked notebook is not looked at."""

SOURCES = frozenset({".py", ".ipynb", ".sql", ".toml", ".yaml", ".yml", ".md", ".r"})
COMMITTED = SOURCES | {".txt", ".cfg"}
COMMITTED_NAMES = frozenset({".gitignore", ".gitattributes", "Makefile", "Dockerfile", "LICENSE"})

PRIVATE = (
    ".env*", "*.pem", "*.key", "*.p12", "*.pfx", "*.jks", "*.keystore", "*.ppk", "*.kdbx", "id_rsa*", "id_dsa*",
    "id_ecdsa*", "id_ed25519*", ".netrc", ".pgpass", ".pypirc", ".htpasswd", "kaggle.json", "secrets.toml",
    "secrets.yaml", "secrets.yml", "credentials.json",
)  # fmt: skip
"""Names of files that hold passwords and keys; the first also as a folder."""

_PRIVATE = re.compile("|".join(map(translate, PRIVATE)))

SCRATCH = frozenset(
    {".e2e", ".git", ".ipynb_checkpoints", "__pycache__", "node_modules", ".venv", ".mypy_cache", ".pytest_cache",
     ".ruff_cache", ".tox", ".nox", ".eggs", ".virtual_documents"}
)  # fmt: skip
"""Folders that tools make: never code, and not worth a word."""


def is_source(path: str) -> bool:
    """Whether an untracked file of this name belongs into a run's pin.

    >>> is_source("src/train.py"), is_source("notes/EDA.ipynb"), is_source(".env.toml"), is_source("sales.csv")
    (True, True, False, False)
    """
    return PurePosixPath(path).suffix.lower() in SOURCES and not is_private(path)


def is_committed(path: str) -> bool:
    """Whether an untracked file of this name belongs into a commit.

    >>> is_committed("requirements.txt"), is_committed("Makefile"), is_committed("model.pkl")
    (True, True, False)
    """
    name = PurePosixPath(path)
    return (name.suffix.lower() in COMMITTED or name.name in COMMITTED_NAMES) and not is_private(path)


def is_record(path: str) -> bool:
    """Whether a project-relative path is where a dataset's record lies.

    >>> is_record("data/raw/flights.json"), is_record("data/notes.json")
    (True, False)
    """
    parts = PurePosixPath(path).parts
    return len(parts) == 3 and parts[0] == "data" and parts[1] in STAGES and path.endswith(".json")


def is_private(path: str) -> bool:
    """Whether the name says that passwords or keys are inside.

    >>> is_private(".env.local"), is_private("conf/server.key"), is_private("keys.py")
    (True, True, False)
    """
    *folders, name = path.split("/")
    return bool(_PRIVATE.match(name.lower())) or any(folder.startswith(".env") for folder in folders)


def without_scratch(paths: Iterable[str]) -> list[str]:
    """*paths* but for what tools made: caches, checkpoints, and environments (known by ``pyvenv.cfg``, ``conda-meta``).

    >>> without_scratch(["a.py", "env3/pyvenv.cfg", "env3/lib/b.py", "__pycache__/a.pyc"])
    ['a.py']
    """
    listed = list(paths)
    environments = tuple(
        path[: -len(mark)]
        for path in listed
        for mark in ("pyvenv.cfg", "conda-meta/history")
        if path.endswith(f"/{mark}")
    )
    return [
        path
        for path in listed
        if not (environments and path.startswith(environments)) and SCRATCH.isdisjoint(path.split("/")[:-1])
    ]
