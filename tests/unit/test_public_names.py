"""The public surface: what outside scripts call, and nothing by accident."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import e2e_lab
from e2e_lab import errors
from e2e_lab.errors import E2EError

ROOT = Path(__file__).parents[2]


def test_the_public_names_are_these() -> None:
    assert sorted(e2e_lab.__all__) == [
        "E2EError", "commit", "datasets", "export", "forget", "gc", "ingest", "init", "keep", "load", "log",
        "log_artifact", "log_metric", "log_model", "log_param", "package", "register", "remove", "rename", "restore",
        "run", "run_notebook", "runs", "serve", "services", "snapshot", "status", "stop", "trace", "verify",
    ]  # fmt: skip
    for name in e2e_lab.__all__:
        assert getattr(e2e_lab, name).__doc__, name
    assert e2e_lab.__version__
    with pytest.raises(AttributeError, match="snapshto"):
        e2e_lab.snapshto  # noqa: B018


def _tree(cls: type[E2EError]) -> list[type[E2EError]]:
    return [cls, *(each for below in cls.__subclasses__() for each in _tree(below))]


def test_every_error_has_a_code_of_its_own_a_status_and_a_place_in_the_drawn_tree() -> None:
    tree = _tree(E2EError)
    assert len({cls.code for cls in tree}) == len(tree)
    drawn = errors.__doc__ or ""
    for cls in tree:
        assert 400 <= cls.status <= 599
        assert f"{cls.__name__} " in drawn, cls
        assert cls.__name__ in errors.__all__
    lines = {
        line.strip("│├└─ ").split()[0]: line.split() for line in drawn.splitlines() if line.rstrip()[-3:].isdigit()
    }
    for cls in tree[1:]:
        assert lines[cls.__name__][-2:] == [cls.code, str(cls.status)]


def test_the_reference_pages_are_those_of_the_code() -> None:
    done = subprocess.run([sys.executable, "docs/generate.py", "--check"], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
