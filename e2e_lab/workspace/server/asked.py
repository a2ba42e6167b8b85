"""What a request asks: where, which words its address holds, and the wish in its body, checked against its record."""

from __future__ import annotations

import dataclasses
import functools
import json
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from e2e_lab import project as projects
from e2e_lab.errors import UsageError
from e2e_lab.project import Project
from e2e_lab.records import Record
from e2e_lab.workspace.server.paths import changeable

if TYPE_CHECKING:
    from e2e_lab.workspace.server.backend import Backend

R = TypeVar("R", bound=Record)
T = TypeVar("T")


@dataclass(frozen=True)
class Param:
    """A word in an address' query. *many*: it may be repeated; *most* is the largest number it may be."""

    name: str
    help: str
    kind: Literal["text", "number"] = "text"
    default: Any = None
    many: bool = False
    most: int | None = None
    choices: tuple[str, ...] = ()
    needed: bool = False

    def read(self, given: Sequence[str]) -> Any:
        """The value that the query gives, or the default; :class:`UsageError` for what does not fit."""
        if self.many:
            return tuple(given)
        if not given and self.needed:
            raise UsageError(f"{self.name} is missing: {self.help}.", hint=f"{self.name}=…")
        if not given:
            return self.default
        value = given[-1]
        if self.kind == "number":
            if not (value.isascii() and value.isdigit()) or len(value) > 15:
                raise UsageError(f"{self.name}={value!r} is no whole number from 0 on.", hint=f"{self.name}=0")
            if self.most is not None and int(value) > self.most:
                raise UsageError(f"{self.name} is at most {self.most:,}.", hint=f"{self.name}={self.most}")
            return int(value)
        if self.choices and value not in self.choices:
            listed = " or ".join(self.choices)
            raise UsageError(f"{self.name}={value!r} is not {listed}.", hint=f"{self.name}={self.choices[0]}")
        return value


@dataclass(frozen=True)
class Asked:
    """One request, read and checked. *words* are those of the address, *query* has every declared :class:`Param`.

    *changes*: the request is more than a look.
    """

    backend: Backend
    folder: Path
    words: Mapping[str, str]
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    changes: bool = False

    @functools.cached_property
    def project(self) -> Project:
        """The project around the folder, or :class:`NoProject`; :class:`ReadOnly` where it may not be changed."""
        found = projects.around(self.folder)
        if self.changes:
            changeable(self.backend.root, found.root)
        return found

    def page(self, found: Sequence[T]) -> Sequence[T]:
        """Of a listing, the part that is asked for."""
        offset = self.query["offset"]
        return found[offset : offset + self.query["limit"]]


def wish(kind: type[R], body: bytes) -> R:
    """The record that a body describes.

    >>> from e2e_lab.records.panels import RenameWish
    >>> wish(RenameWish, b'{"new": "flights"}')
    RenameWish(new='flights')

    Raises :class:`UsageError` where it is no JSON object or a field is missing, of another type, or unknown.
    """
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise UsageError("The body is not a JSON object.", hint=_example(kind))
    return checked(kind, said)


def checked(kind: type[R], said: Mapping[str, Any]) -> R:
    """The record of *kind* that *said* describes, every field of its declared type."""
    hints = typing.get_type_hints(kind)
    fields = [one.name for one in dataclasses.fields(kind)]
    unknown = sorted(set(said).difference(fields))
    if unknown:
        raise UsageError(f"There is no {unknown[0]!r} here.", hint=_example(kind))
    needed = needed_fields(kind)
    for name in fields:
        if name not in said and name in needed:
            raise UsageError(f"{name!r} is missing.", hint=_example(kind))
        if name in said and not _fits(hints[name], said[name]):
            raise UsageError(f"{name!r} is not {_words(hints[name])}.", hint=_example(kind))
    return kind.from_json(said)


def _fits(hint: Any, value: Any) -> bool:
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return any(_fits(arg, value) for arg in typing.get_args(hint))
    if hint is type(None):
        return value is None
    if hint is Any:
        return True
    if origin is tuple:
        return isinstance(value, list) and all(_fits(typing.get_args(hint)[0], one) for one in value)
    if origin is dict:
        return isinstance(value, dict)
    return isinstance(value, hint) and not (hint is int and isinstance(value, bool))


def _words(hint: Any) -> str:
    names = {str: "text", int: "a whole number", bool: "true or false", type(None): "null"}
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return " or ".join(_words(arg) for arg in typing.get_args(hint))
    if typing.get_origin(hint) is tuple:
        return "a list"
    return names.get(hint, "an object")


def _example(kind: type[Record]) -> str:
    """How the body looks: ``{"path": "FOLDER"}``."""
    shown = {name: "FOLDER" if name == "path" else name.upper() for name in needed_fields(kind)}
    return json.dumps(shown)


def needed_fields(kind: type[Any]) -> list[str]:
    """The fields of a record that have no default."""
    return [
        one.name
        for one in dataclasses.fields(kind)
        if one.default is dataclasses.MISSING and one.default_factory is dataclasses.MISSING
    ]
