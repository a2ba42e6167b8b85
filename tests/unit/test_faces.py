"""The faces of the rooms: every public name is there, and none is hidden by a file of the same name."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

ROOMS = ("storage", "versioning", "experiments", "models", "serving")


@pytest.mark.parametrize("room", ROOMS)
def test_every_name_of_a_face_is_there_and_no_module_hides_one(room: str) -> None:
    face = importlib.import_module(f"e2e_lab.{room}")
    files = {path.stem for path in Path(face.__file__ or "").parent.glob("*.py")}
    assert not files & set(face.__all__)
    for name in face.__all__:
        assert getattr(face, name) is not None
        assert type(getattr(face, name)).__name__ != "module"
    with pytest.raises(AttributeError, match="nonsense"):
        face.nonsense  # noqa: B018


def test_importing_the_faces_imports_nothing_heavy() -> None:
    script = (
        f"import sys; before = set(sys.modules); [__import__('e2e_lab.' + room) for room in {ROOMS}];"
        "print(sorted({m.split('.')[0] for m in set(sys.modules) - before}"
        " & {'numpy', 'pandas', 'pyarrow', 'polars', 'sklearn', 'mlflow', 'bentoml', 'git', 'IPython', 'pydantic'}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
