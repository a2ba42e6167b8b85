"""What all records share: JSON in both directions, and a view of themselves."""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, Self, TypeVar

from e2e_lab.records import layout

FORMAT = 1
"""The format number of records and of ``.e2e``; a newer one is refused."""

T = TypeVar("T", bound="Record")


@dataclass(frozen=True, slots=True)
class View:
    """How a record wants to be shown: plain strings, rendered as text here and as HTML by the workspace."""

    title: str
    facts: tuple[tuple[str, str], ...] = ()
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = ()
    undo: str = ""

    def text(self, width: int = layout.ENDLESS) -> str:
        """The view as lines of at most *width*, for a terminal or a cell's plain output.

        >>> view = View("2 runs", header=("run", "rmse"), rows=(("baseline", "17.3"), ("deeper", "9.25")))
        >>> print(view.text())
        2 runs
          run       rmse
          baseline  17.3
          deeper    9.25
        """
        lines = layout.paragraph(self.title, width, rest="    ")
        labels = max((len(label) for label, _ in self.facts), default=0)
        for label, value in self.facts:
            lines += layout.paragraph(value, width, first=f"  {label:<{labels}}  ")
        lines += [f"  {line}" for line in layout.table(self.header, self.rows, width - 2)]
        for note in self.notes:
            lines += layout.paragraph(note, width, first="  ")
        if self.undo:
            lines.append(f"  undo: {self.undo}")
        return "\n".join(lines)


@dataclass(frozen=True, kw_only=True)
class Record:
    """What all records share: JSON in both directions, and text."""

    def to_json(self) -> dict[str, Any]:
        """Plain dicts, lists, strings and numbers; times as ISO 8601 in UTC."""
        return {f.name: _plain(getattr(self, f.name)) for f in dataclasses.fields(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The record that :meth:`to_json` described; keys that this version does not know are passed over.

        >>> from e2e_lab.records import Column
        >>> Column.from_json({"name": "dep_time", "type": "int64", "nullable": True, "colour": "red"})
        Column(name='dep_time', type='int64', nullable=True, index=False)
        """
        kind: type = cls
        return cls(**{name: read(data[name]) for name, read in _readers(kind).items() if name in data})

    def view(self) -> View:
        """What there is to show; records that people see override this."""
        return View(repr(self))

    def __str__(self) -> str:
        return self.view().text()


Reader = Callable[[Any], Any]


@functools.cache
def _readers(kind: type) -> dict[str, Reader]:
    """How each field of a kind of record is read from JSON: asked once, since of records there may be thousands."""
    hints = typing.get_type_hints(kind)
    return {f.name: _reader(hints[f.name]) for f in dataclasses.fields(kind) if f.init}


def _reader(hint: Any) -> Reader:
    """How a value of this type is read; None stays None."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        options = [arg for arg in args if arg is not type(None)]
        return _reader(options[0]) if len(options) == 1 else _as_it_is
    if origin is tuple and args[1:] == (...,):
        one = _reader(args[0])
        return _unless_none(lambda value: tuple(map(one, value)))
    if origin is tuple:
        each = [_reader(arg) for arg in args]
        return _unless_none(lambda value: tuple(read(v) for read, v in zip(each, value, strict=True)))
    if origin in (dict, Mapping) or hint is dict:
        one = _reader(args[1]) if args else _as_it_is
        return _unless_none(lambda value: {key: one(v) for key, v in value.items()})
    if isinstance(hint, type) and issubclass(hint, Record):
        return _unless_none(hint.from_json)
    return _unless_none(datetime.fromisoformat) if hint is datetime else _as_it_is


def _as_it_is(value: Any) -> Any:
    return value


def _unless_none(read: Reader) -> Reader:
    return lambda value: None if value is None else read(value)


def _plain(value: Any) -> Any:
    if isinstance(value, Record):
        return value.to_json()
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(v) for v in value]
    return value


@dataclass(frozen=True, kw_only=True)
class Listing(Record, Generic[T]):
    """Several records of one kind, in order; works as a sequence."""

    items: tuple[T, ...] = ()

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __getitem__(self, index: int) -> T:
        return self.items[index]
