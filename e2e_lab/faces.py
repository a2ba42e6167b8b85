"""How a room shows its face: public names that are imported when they are first used."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any


def lazily(room: str, where: Mapping[str, str]) -> Callable[[str], Any]:
    """A module's ``__getattr__`` (PEP 562) for *room*: each name of *where* comes from the module it stands beside.

    >>> lazily("json", {"JSONDecoder": "decoder"})("JSONDecoder").__module__
    'json.decoder'
    """

    def attribute(name: str) -> Any:
        if name not in where:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f"{room}.{where[name]}"), name)

    return attribute
