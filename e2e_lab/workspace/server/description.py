"""The OpenAPI document of the routes, made from their declarations and the records."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import re
import types
import typing
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from jupyter_server.auth.decorator import authorized
from tornado.web import authenticated

from e2e_lab.records import Record
from e2e_lab.records.jobs import Problem
from e2e_lab.workspace.jobs import KINDS
from e2e_lab.workspace.server.asked import Param, needed_fields
from e2e_lab.workspace.server.handlers import PlainHandler
from e2e_lab.workspace.server.routes import ROUTES, Route

Schema = dict[str, Any]


class DescriptionHandler(PlainHandler):
    """``GET openapi.json``."""

    @authenticated
    @authorized
    async def get(self) -> None:
        self.finish(document())


@functools.cache
def document() -> Schema:
    """The description of all routes (OpenAPI 3.1)."""
    from e2e_lab import __version__

    parts: dict[str, Schema] = {}
    paths: dict[str, Schema] = {}
    for route in ROUTES:
        paths.setdefault(f"/{route.path}", {})[route.method.lower()] = _operation(route, parts)
    for kind in KINDS.values():
        schema_of(kind.args, parts)
    schema_of(Problem, parts)
    return {
        "openapi": "3.1.0",
        "info": {"title": "e2e-lab", "version": str(__version__)},
        "servers": [{"url": "/e2e-lab/api", "description": "under the base URL of the Jupyter server"}],
        "paths": paths,
        "components": {"schemas": dict(sorted(parts.items()))},
    }


def _operation(route: Route, parts: dict[str, Schema]) -> Schema:
    params = [
        {"name": word, "in": "path", "required": True, "schema": {"type": "string"}}
        for word in re.findall(r"{(\w+)}", route.path)
    ]
    if route.in_project:
        params.append(_param(Param("project", "a folder under the server's root, in the project", default="")))
    params += [_param(param) for param in route.params]
    good = str(route.status)
    said: Schema = {
        "summary": route.summary,
        "parameters": params,
        "responses": {
            good: {"description": _first_line(route.answer), "content": _json(schema_of(route.answer, parts))},
            "default": {"description": "a refusal", "content": _json(schema_of(Problem, parts))},
        },
    }
    if route.body is not None:
        said["requestBody"] = {"required": True, "content": _json(schema_of(route.body, parts))}
    return said


def _param(param: Param) -> Schema:
    schema: Schema = {"type": "integer", "minimum": 0} if param.kind == "number" else {"type": "string"}
    if param.most is not None:
        schema["maximum"] = param.most
    if param.choices:
        schema["enum"] = list(param.choices)
    if param.default is not None:
        schema["default"] = param.default
    if param.many:
        schema = {"type": "array", "items": schema}
    return {
        "name": param.name, "in": "query", "required": param.needed, "description": param.help, "schema": schema,
    }  # fmt: skip


def _json(schema: Schema) -> Schema:
    return {"application/json": {"schema": schema}}


def schema_of(hint: Any, parts: dict[str, Schema]) -> Schema:
    """The JSON schema of a type; records go to *parts* by name, and are pointed at.

    >>> schema_of(tuple[int | None, ...], {})
    {'type': 'array', 'items': {'type': ['integer', 'null']}}
    """
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return _either([schema_of(arg, parts) for arg in args])
    if origin is Literal:
        return {"enum": list(args)}
    if origin is tuple:
        return {"type": "array", "items": schema_of(args[0], parts)}
    if origin in (dict, Mapping):
        return {"type": "object", "additionalProperties": schema_of(args[1], parts)}
    if isinstance(hint, type) and issubclass(hint, Record):
        if hint.__name__ not in parts:
            parts[hint.__name__] = {}  # while it is described, it may point at itself
            parts[hint.__name__] = _record(hint, parts)
        return {"$ref": f"#/components/schemas/{hint.__name__}"}
    return dict(_PLAIN[hint])


_PLAIN: dict[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    datetime: {"type": "string", "format": "date-time"},
    Any: {},
}


def _either(options: list[Schema]) -> Schema:
    if all(set(option) == {"type"} for option in options):
        return {"type": [option["type"] for option in options]}
    return {"anyOf": options}


def _record(kind: type[Record], parts: dict[str, Schema]) -> Schema:
    hints = typing.get_type_hints(kind)
    return {
        "type": "object",
        "description": _first_line(kind),
        "required": needed_fields(kind),
        "properties": {one.name: schema_of(hints[one.name], parts) for one in dataclasses.fields(kind)},
    }


def _first_line(kind: type[Record]) -> str:
    return (inspect.getdoc(kind) or "").splitlines()[0]
