"""Notebooks as git should see them (pure): without outputs, execution counts and what the front end leaves behind.

Works on the JSON of nbformat 3 and 4 without validating it; what is no notebook is left alone.
Source of the format: https://nbformat.readthedocs.io/en/latest/format_description.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_CELL_NOISE = frozenset({"collapsed", "scrolled", "execution", "ExecuteTime", "outputId", "outputHidden"})
_NOTEBOOK_NOISE = frozenset({"widgets", "signature", "toc-autonumbering", "last_run"})


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its place (from 1), its kind, its source, and the text of its outputs (*rich*: HTML and JSON)."""

    number: int
    kind: str
    source: str
    outputs: tuple[str, ...] = ()
    rich: tuple[str, ...] = ()


def stripped(content: bytes) -> bytes:
    """The notebook without outputs, counts and ephemeral metadata; what cannot be read as one comes back as it is.

    >>> full = b'{"cells": [{"cell_type": "code", "source": ["1"], "outputs": [1], "execution_count": 7}]}'
    >>> json.loads(stripped(full))["cells"]
    [{'cell_type': 'code', 'source': ['1'], 'outputs': [], 'execution_count': None}]
    """
    notebook = _parsed(content)
    if notebook is None:
        return content
    _strip(notebook)
    return (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode("utf-8", "surrogatepass")


def same(one: bytes, other: bytes) -> bool:
    """Whether two notebooks differ in nothing but outputs, counts, ephemeral metadata and how the JSON is written."""
    if one == other:
        return True
    first, second = _parsed(one), _parsed(other)
    if first is None or second is None:
        return False
    return _normal(first) == _normal(second)


def cells(content: bytes) -> list[Cell]:
    """The cells in order; empty where *content* is no notebook."""
    notebook = _parsed(content)
    if notebook is None:
        return []
    return [
        Cell(
            number=number,
            kind=str(cell.get("cell_type", "")),
            source=_joined(cell.get("source", cell.get("input", ""))),
            outputs=tuple(text for output in _dicts(cell.get("outputs")) for text in _plain(output)),
            rich=tuple(text for output in _dicts(cell.get("outputs")) for text in _rich(output)),
        )
        for number, cell in enumerate(_cells(notebook), start=1)
    ]


def _parsed(content: bytes) -> dict[str, Any] | None:
    try:
        notebook = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells", notebook.get("worksheets")), list):
        return None
    return notebook


def _cells(notebook: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from _dicts(notebook.get("cells"))
    for sheet in _dicts(notebook.get("worksheets")):
        yield from _dicts(sheet.get("cells"))


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _strip(notebook: dict[str, Any]) -> None:
    for cell in _cells(notebook):
        if "outputs" in cell:
            cell["outputs"] = []
        for count in ("execution_count", "prompt_number"):
            if count in cell:
                cell[count] = None
        metadata = cell.get("metadata")
        if isinstance(metadata, dict):
            cell["metadata"] = {k: v for k, v in metadata.items() if k not in _CELL_NOISE}
    metadata = notebook.get("metadata")
    if isinstance(metadata, dict):
        notebook["metadata"] = {k: v for k, v in metadata.items() if k not in _NOTEBOOK_NOISE}


def _normal(notebook: dict[str, Any]) -> dict[str, Any]:
    _strip(notebook)
    for cell in _cells(notebook):
        if "source" in cell:
            cell["source"] = _joined(cell["source"])
        jupyter = cell.get("metadata", {}).get("jupyter") if isinstance(cell.get("metadata"), dict) else None
        if isinstance(jupyter, dict):
            jupyter.pop("outputs_hidden", None)
            if not jupyter:
                cell["metadata"].pop("jupyter")
    metadata = notebook.get("metadata")
    if isinstance(metadata, dict):  # rewritten by whichever kernel opens the notebook
        metadata.pop("language_info", None)
    return notebook


def _joined(source: Any) -> str:
    return "".join(map(str, source)) if isinstance(source, list) else str(source)


def _plain(output: dict[str, Any]) -> Iterator[str]:
    if "text" in output:
        yield _joined(output["text"])
    if isinstance(output.get("traceback"), list):
        yield "\n".join(map(str, output["traceback"]))
    for kind, value in _data(output):
        if kind in ("text/plain", "text/markdown", "text/latex"):
            yield _joined(value)


def _rich(output: dict[str, Any]) -> Iterator[str]:
    for kind, value in _data(output):
        if kind == "text/html":
            yield _joined(value)
        elif kind == "application/json":
            yield json.dumps(value)


def _data(output: dict[str, Any]) -> list[tuple[str, Any]]:
    data = output.get("data")
    return list(data.items()) if isinstance(data, dict) else []
