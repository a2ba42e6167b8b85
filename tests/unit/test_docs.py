"""The documentation is true: its examples run, its links lead somewhere, and every verb and setting is in it."""

from __future__ import annotations

import contextlib
import inspect
import io
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from e2e_lab.workspace.grammar import VERBS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
GUIDES = ("tutorial.md", "storage.md", "runs-and-models.md", "services.md", "on-disk.md")


class Example(NamedTuple):
    """A marked block of a page, and the text that it must print."""

    source: str
    printed: str


def _marked(page: Path, mark: str) -> list[Example]:
    fence = rf"<!-- {mark} -->\n```python\n(.*?)```\n(?:\n```text\n(.*?)```\n)?"
    return [Example(*found) for found in re.findall(fence, page.read_text("utf-8"), flags=re.DOTALL)]


# ---- examples ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("page", "number"), [("on-disk.md", 1), ("store-format.md", 1)])
def test_examples_of_what_lies_on_disk_print_what_the_page_says(
    page: str, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clean_session: object
) -> None:
    monkeypatch.chdir(tmp_path)
    examples = _marked(DOCS / page, "run")
    assert len(examples) == number
    names: dict[str, object] = {}
    for example in examples:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(example.source, f"docs/{page}", "exec"), names)
        assert out.getvalue() == example.printed


@pytest.mark.integration
@pytest.mark.parametrize("page", ["README.md", "docs/tutorial.md"])
def test_the_six_lines_work_in_a_notebook_that_is_there_already(page: str, tmp_path: Path) -> None:
    nbformat = pytest.importorskip("nbformat")
    cells = ["import pandas as pd", *_lines_of(page), "print(endpoint.stop())"]
    keep = next(n for n, cell in enumerate(cells) if cell.startswith("%e2e keep"))
    cells[keep:keep] = _LATER
    (tmp_path / "datasets" / "housing").mkdir(parents=True)
    (tmp_path / "datasets" / "housing" / "housing.csv").write_text(_HOUSING, "utf-8")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    path = tmp_path / "messy.ipynb"
    nbformat.write(notebook, path)
    done = subprocess.run(
        [sys.executable, "-m", "jupyter", "execute", "--inplace", str(path)],
        cwd=tmp_path, env=os.environ | {"JPY_SESSION_NAME": str(path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    said = "\n".join(_texts(nbformat.read(path, as_version=4)))
    assert "housing@v1 · raw · 40 × 3 · from datasets/housing/housing.csv" in said
    assert "messy.ipynb" in said
    assert re.search(r"source +datasets/housing/housing\.csv", said)
    assert "forest@v1 · stopped" in said


_DAY = (
    "init", "ingest", "snapshot", "load", "datasets", "export", "verify", "gc", "commit", "log", "restore", "forget",
    "rename", "remove", "run", "keep", "runs", "register", "package", "serve", "services", "trace", "stop", "status",
)  # fmt: skip


@pytest.mark.integration
def test_the_examples_of_the_python_verbs_run_in_the_order_of_a_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clean_session: object
) -> None:
    import pandas as pd
    from sklearn.linear_model import LinearRegression

    import e2e_lab

    for name in ("GIT_AUTHOR", "GIT_COMMITTER"):
        monkeypatch.setenv(f"{name}_NAME", "Ada Lovelace")
        monkeypatch.setenv(f"{name}_EMAIL", "ada@example.org")
    (tmp_path / "flights").mkdir()
    X = pd.DataFrame({"dep_delay": [2, 4, 41, -6]})
    X.assign(carrier=["UA", "UA", "AA", "B6"]).to_csv(tmp_path / "flights" / "flights.csv", index=False)
    y = X["dep_delay"] * 2.0
    names = {"e2e": e2e_lab, "X": X, "y": y, "model": LinearRegression().fit(X, y)}
    monkeypatch.chdir(tmp_path)
    for verb in _DAY:
        text = inspect.getdoc(getattr(e2e_lab, verb)) or ""
        example = textwrap.dedent(text.partition("Example::\n\n")[2])
        assert example, verb
        exec(compile(example, f"e2e.{verb}", "exec"), names)
        if verb == "init":
            monkeypatch.chdir(tmp_path / "flights")


_HOUSING = "rooms,near,value\n" + "".join(
    f"{n % 7 or ''},{'BAY' if n % 2 else 'SEA'},{n % 7 * 10}\n" for n in range(40)
)
_LATER = [
    "from sklearn.compose import make_column_transformer\nfrom sklearn.ensemble import RandomForestRegressor\n"
    "from sklearn.pipeline import make_pipeline\nfrom sklearn.preprocessing import OneHotEncoder",
    "clean = housing.dropna()\nX, y = clean[['rooms', 'near']], clean['value']",
    "model = make_pipeline(\n"
    "    make_column_transformer((OneHotEncoder(), ['near']), remainder='passthrough'),\n"
    "    RandomForestRegressor(5, random_state=0),\n).fit(X, y)\nfinal_rmse = 1.5",
]


def _lines_of(page: str) -> list[str]:
    text = (ROOT / page).read_text("utf-8")
    (block,) = re.findall(r"```python\n(%load_ext e2e_lab\n%e2e init.*?)```", text, flags=re.DOTALL)
    lines = [re.sub(r"\s+# .*", "", line) for line in block.splitlines() if not line.startswith("#")]
    assert len(lines) == 7  # six of ours, and the one that reads the table
    return lines


def _texts(notebook: object) -> Iterator[str]:
    for cell in notebook.cells:  # type: ignore[attr-defined]
        for output in cell.get("outputs", []):
            yield output.get("text") or output.get("data", {}).get("text/plain", "")


# ---- links, verbs, settings ----------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_to_files_and_headings_that_are_there(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, heading = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), f"{page.name} links to {target}"
        assert not heading or heading in _headings(file), f"{page.name} links to {target}"


def _headings(page: Path) -> set[str]:
    lines = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", line).strip().lower()) for line in lines}


def test_every_verb_is_in_the_tutorial_or_a_guide() -> None:
    said = "".join((DOCS / page).read_text("utf-8") for page in GUIDES)
    missing = [verb.name for verb in VERBS if not re.search(rf"(%e2e|e2e) {verb.name}\b|e2e\.{verb.name}\(", said)]
    assert missing == []


def test_every_setting_and_variable_is_on_the_page_of_what_lies_on_disk() -> None:
    page = (DOCS / "on-disk.md").read_text("utf-8")
    code = "".join(path.read_text("utf-8") for path in (ROOT / "e2e_lab").rglob("*.py"))
    variables = set(re.findall(r"[\"'](E2E_[A-Z_]+)[\"']", code))
    settings = set(re.findall(r"\.setting\(\"(\w+)\", \"(\w+)\"", code))
    assert len(variables) >= 6
    assert len(settings) >= 3
    assert [name for name in sorted(variables) if name not in page] == []
    assert [f"[{table}] {key}" for table, key in sorted(settings) if f"`[{table}] {key}`" not in page] == []


def test_every_module_that_the_architecture_names_is_there() -> None:
    named = re.findall(r"`([a-z_/]+/[\w.]*|\w+\.py)`", (DOCS / "architecture.md").read_text("utf-8"))
    assert len(named) > 40
    assert [name for name in named if not (ROOT / "e2e_lab" / name).exists() and not (ROOT / name).exists()] == []


def test_every_decision_is_listed_and_says_what_why_what_was_measured_and_what_it_costs() -> None:
    listed = (DOCS / "decisions" / "README.md").read_text("utf-8")
    navigation = (ROOT / "mkdocs.yml").read_text("utf-8")
    pages = sorted((DOCS / "decisions").glob("0*.md"))
    assert len(pages) >= 10
    for page in pages:
        text = page.read_text("utf-8")
        assert f"({page.name})" in listed
        assert f"decisions/{page.name}" in navigation
        assert re.findall(r"^\*\*(\w+)\.\*\*", text, flags=re.MULTILINE) == ["What", "Why", "Measured", "Costs"], (
            page.name
        )


@pytest.mark.integration
def test_the_site_builds_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    for page in (tmp_path / "site").rglob("*.html"):
        loaded = re.findall(
            r"<(?:script|img|iframe|link)\b[^>]*(?:src|href)=\"(https?:[^\"]*)\"", page.read_text("utf-8")
        )
        assert loaded == [], page.name
