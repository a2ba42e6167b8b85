"""``src/types.ts`` from the records that cross the border between Python and the front end."""

from __future__ import annotations

import dataclasses
import inspect
import re
import types
import typing
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal

from e2e_lab import records
from e2e_lab.records import Record, changes, jobs, kernels, model_panels, panels, standing
from e2e_lab.workspace.jobs import KINDS
from e2e_lab.workspace.server.routes import ROUTES

NOTE = """\
/**
 * What the server and the kernel say, made by docs/generate.py from the records
 * in e2e_lab/records: do not edit.
 */
"""
WIDTH = 80
KERNEL = (kernels.NotebookPath, kernels.KernelHello, kernels.KernelFrames, kernels.KernelMade, kernels.KernelFits)
STREAM = (jobs.JobChanged, jobs.JobPrinted, model_panels.ServicePrinted)
NAMES = {"ServerStatus": "Status"}
"""Records that the front end calls otherwise."""


def types_page() -> str:
    """The interfaces of all records that routes, streams and the kernel's comm carry."""
    seen: dict[type[Record], None] = {}
    for kind in _carried():
        _collect(kind, seen)
    aliases = {
        name: value
        for module in (standing, panels, jobs, changes, kernels, model_panels)
        for name, value in vars(module).items()
        if typing.get_origin(value) is Literal or name == "Cell"
    }
    parts = [NOTE]
    parts += [_alias(name, hint) for name, hint in sorted(aliases.items())]
    parts += [_interface(kind, aliases) for kind in sorted(seen, key=_name)]
    return "\n".join(parts)


def _carried() -> Iterator[type[Record]]:
    for route in ROUTES:
        yield route.answer
        if route.body is not None:
            yield route.body
    for kind in KINDS.values():
        yield kind.args
    yield from (*STREAM, *KERNEL)
    yield from (records.Commit, records.Exported, records.Snapshot, records.Verified)


def _collect(hint: Any, seen: dict[type[Record], None]) -> None:
    for arg in typing.get_args(hint):
        _collect(arg, seen)
    if isinstance(hint, type) and issubclass(hint, Record) and hint not in seen:
        seen[hint] = None
        for one in typing.get_type_hints(hint).values():
            _collect(one, seen)


def _name(kind: type[Record]) -> str:
    return f"I{NAMES.get(kind.__name__, kind.__name__)}"


def _alias(name: str, hint: Any) -> str:
    options = _typed(hint, {}).split(" | ")
    line = f"export type {name} = {' | '.join(options)};\n"
    if len(line.rstrip("\n")) <= WIDTH:
        return line
    return f"export type {name} =\n" + "\n".join(f"  | {one}" for one in options) + ";\n"


def _interface(kind: type[Record], aliases: Mapping[str, Any]) -> str:
    hints = typing.get_type_hints(kind)
    names = inspect.get_annotations(kind)
    lines = [f"/** {line} */" for line in [_first_line(kind)] if len(line) + 7 <= WIDTH]
    lines = lines or _wrapped(_first_line(kind))
    lines.append(f"export interface {_name(kind)} {{")
    for one in dataclasses.fields(kind):
        said = names.get(one.name)
        shown = said if said in aliases else _typed(hints[one.name], aliases)
        optional = "?" if _is_wish(kind) and _has_default(one) else ""
        lines += _field(f"{one.name}{optional}", shown)
    return "\n".join([*lines, "}"]) + "\n"


def _field(name: str, shown: str) -> list[str]:
    line = f"  {name}: {shown};"
    if len(line) <= WIDTH or " | " not in shown or "<" in shown:
        return [line]
    options = shown.split(" | ")
    return [f"  {name}:", *(f"    | {one}" for one in options[:-1]), f"    | {options[-1]};"]


def _is_wish(kind: type[Record]) -> bool:
    return kind.__name__.endswith(("Wish", "Args"))


def _has_default(one: dataclasses.Field[Any]) -> bool:
    return one.default is not dataclasses.MISSING or one.default_factory is not dataclasses.MISSING


def _typed(hint: Any, aliases: Mapping[str, Any]) -> str:
    for name, value in aliases.items():
        if hint == value:
            return name
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        for name, value in aliases.items():
            if set(args) == set(typing.get_args(value)) and typing.get_origin(value) is origin:
                return name
        return " | ".join(dict.fromkeys(_typed(arg, aliases) for arg in args))
    if origin is Literal:
        return " | ".join(f"'{arg}'" for arg in args)
    if origin is tuple:
        inner = _typed(args[0], aliases)
        return f"({inner})[]" if " | " in inner else f"{inner}[]"
    if origin in (dict, Mapping):
        return f"Record<string, {_typed(args[1], aliases)}>"
    if isinstance(hint, type) and issubclass(hint, Record):
        return _name(hint)
    return _PLAIN[hint]


_PLAIN = {
    str: "string", int: "number", float: "number", bool: "boolean", type(None): "null", datetime: "string",
    Any: "unknown",
}  # fmt: skip


def _first_line(kind: type[Record]) -> str:
    line = (inspect.getdoc(kind) or "").splitlines()[0]
    return re.sub(r":class:`~?([^`]*)`", r"\1", line).replace("``", "`").replace("*/", "* /")


def _wrapped(text: str) -> list[str]:
    lines, line = ["/**"], " *"
    for word in text.split():
        if len(line) + 1 + len(word) > WIDTH:
            lines.append(line)
            line = " *"
        line += f" {word}"
    return [*lines, line, " */"]
