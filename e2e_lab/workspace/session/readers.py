"""Tags on frames: which file or snapshot a table came from, carried along by the table itself.

pandas keeps ``DataFrame.attrs`` through copies, filters and most joins, so the tag of what was read is still there
when its descendant is saved. polars and Arrow tables cannot carry a tag; for them it is kept beside the object.
"""

from __future__ import annotations

import functools
import importlib.abc
import importlib.machinery
import os
import sys
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from e2e_lab.records import Parent

KEY = "e2e_lab"
_READERS = {
    "pandas": (
        "read_csv", "read_excel", "read_feather", "read_fwf", "read_hdf", "read_html", "read_json", "read_orc",
        "read_parquet", "read_pickle", "read_sas", "read_spss", "read_sql", "read_sql_query", "read_sql_table",
        "read_stata", "read_table", "read_xml",
    ),
    "polars": (
        "read_avro", "read_csv", "read_database", "read_delta", "read_excel", "read_ipc", "read_json", "read_ndjson",
        "read_parquet",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Tag:
    """What a frame says of itself. *as_read* is False once rows or columns differ from what the reader gave."""

    snapshots: tuple[Parent, ...] = ()
    source: str | None = None
    as_read: bool = True


_beside: dict[int, tuple[weakref.ref[Any], dict[str, Any]]] = {}


def tag_of(frame: Any) -> Tag:
    """The tag of *frame*; an empty one where it has none."""
    kept = _kept(frame)
    parents = []
    for text in kept.get("snapshots", ()):
        name, _, rest = text.partition("@v")
        version, _, identity = rest.partition("#")
        parents.append(Parent(name=name, version=int(version), id=identity))
    return Tag(tuple(parents), kept.get("source"), kept.get("read") in (None, _extent(frame)))


def tag_snapshot(frame: Any, snapshot: Parent) -> None:
    """From now on *frame* is known to be this snapshot."""
    kept = {k: v for k, v in _kept(frame).items() if k == "source"}
    _keep(frame, {**kept, "snapshots": [f"{snapshot.name}@v{snapshot.version}#{snapshot.id}"]})


def tag_source(frame: Any, source: str) -> None:
    """From now on *frame* is known to be what was read from *source*."""
    _keep(frame, {"source": source, "read": _extent(frame)})


def _kept(frame: Any) -> dict[str, Any]:
    attrs = getattr(frame, "attrs", None)
    if isinstance(attrs, dict):
        found = attrs.get(KEY)
        return found if isinstance(found, dict) else {}
    reference, found = _beside.get(id(frame), (lambda: None, {}))
    return found if reference() is frame else {}


def _keep(frame: Any, tag: dict[str, Any]) -> None:
    attrs = getattr(frame, "attrs", None)
    if isinstance(attrs, dict):
        attrs[KEY] = tag
        return
    key = id(frame)
    try:
        _beside[key] = (weakref.ref(frame, lambda _: _beside.pop(key, None)), tag)
    except TypeError:  # some objects cannot be watched; the notebook's cells still tell where they came from
        return


def _extent(frame: Any) -> list[int] | None:
    shape = getattr(frame, "shape", None)
    return [int(n) for n in shape] if isinstance(shape, tuple) else None


def described(source: Any) -> str | None:
    """A path, URL or query as records may keep it: never a password, a query string or a file's content.

    >>> described("https://ada:secret@example.org/flights.csv?token=1")
    'https://example.org/flights.csv'
    >>> described("SELECT * FROM visits WHERE page = 'https://example.org' AND name = 'ada'")
    'a database query'
    """
    if isinstance(source, os.PathLike):
        return os.fspath(source)  # type: ignore[no-any-return]
    if not isinstance(source, str):
        name = getattr(source, "name", None)
        return name if isinstance(name, str) and Path(name).exists() else None
    if "\n" in source:
        return "a text"
    if source.lstrip("( ").lower().startswith(("select ", "with ", "exec ", "execute ", "call ")):
        return "a database query"
    if "://" in source:
        parts = urlsplit(source)
        port = f":{parts.port}" if parts.port else ""
        return urlunsplit((parts.scheme, f"{parts.hostname or ''}{port}", parts.path, "", ""))
    return source


# ---- wrapping the readers ------------------------------------------------------------------------------------


def watch_readers() -> None:
    """Make the readers of pandas and polars tag what they return, now or when they are imported. Safe to repeat."""
    for name in _READERS:
        if name in sys.modules:
            _wrap(sys.modules[name])
    if not any(isinstance(finder, _Watcher) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Watcher())


def _wrap(module: ModuleType) -> None:
    for name in _READERS[module.__name__]:
        reader = getattr(module, name, None)
        if callable(reader) and not hasattr(reader, "__e2e_lab__"):
            setattr(module, name, _tagging(reader))


def _tagging(reader: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(reader)
    def read(*args: Any, **kwargs: Any) -> Any:
        frame = reader(*args, **kwargs)
        given = args[0] if args else next(iter(kwargs.values()), None)
        source = described(given)
        if source is not None and _extent(frame) is not None:
            tag_source(frame, source)
        return frame

    read.__e2e_lab__ = True  # type: ignore[attr-defined]
    return read


class _Watcher(importlib.abc.MetaPathFinder):
    """Lets an import of pandas or polars go on as always, and wraps its readers once it is done."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in _READERS:
            return None
        for finder in sys.meta_path:
            if finder is not self and (spec := finder.find_spec(fullname, path, target)):
                if spec.loader:
                    _wrap_after(spec.loader)
                return spec
        return None


def _wrap_after(loader: Any) -> None:
    execute = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        execute(module)
        _wrap(module)

    loader.exec_module = exec_module
