"""The faces of rooms and groups: every public name is there, none is hidden by a file, and nobody goes past them."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

CODE = Path(__file__).parents[2] / "e2e_lab"
ROOMS = ("storage", "versioning", "experiments", "models", "serving")
GROUPS = ("across", "grammar", "jobs", "notebook", "session", "showing", "tables", "verbs")
FACES = (*ROOMS, *(f"workspace.{group}" for group in GROUPS))


@pytest.mark.parametrize("room", FACES)
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
        f"import sys; before = set(sys.modules); [__import__('e2e_lab.' + room) for room in {FACES}];"
        "print(sorted({m.split('.')[0] for m in set(sys.modules) - before}"
        " & {'numpy', 'pandas', 'pyarrow', 'polars', 'sklearn', 'mlflow', 'bentoml', 'git', 'IPython', 'pydantic'}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_nobody_goes_past_a_face() -> None:
    past = [
        f"{module}: {name}"
        for path in CODE.rglob("*.py")
        for module in [".".join(("e2e_lab", *path.relative_to(CODE).with_suffix("").parts))]
        for name in _imported(path)
        for room in (*FACES, "workspace.server")
        if name.startswith(f"e2e_lab.{room}.") and not module.startswith(f"e2e_lab.{room}.")
    ]
    assert past == []


def _imported(path: Path) -> list[str]:
    """The modules that a file imports; of ``from package import name``, the names that are modules."""
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.append(node.module)
            found += [f"{node.module}.{alias.name}" for alias in node.names if _is_module(node.module, alias.name)]
    return found


def _is_module(package: str, name: str) -> bool:
    folder = CODE.joinpath(*package.split(".")[1:])
    return (folder / f"{name}.py").exists() or (folder / name / "__init__.py").exists()
