"""Which packages a Bento needs, locked to what is installed here, as plain ``name==version`` lines."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib import metadata

NEVER = ("mlflow", "mlflow-skinny", "mlflow-tracing", "e2e-lab")
"""What a Bento never imports, though it stands in the requirements of the run's model."""


def locked(wanted: Iterable[str]) -> list[str]:
    """``name==version`` of the packages named in *wanted* (requirement lines) and of all that they need, sorted.

    Versions are those installed; what is not installed is left as it was asked for. Lines that are options or
    addresses are passed over: a Bento names no index.

    >>> locked(["packaging>=20"])[0].startswith("packaging==")
    True
    """
    from packaging.requirements import InvalidRequirement, Requirement

    lines: dict[str, str] = {}
    waiting: list[tuple[str, frozenset[str]]] = []
    for line in wanted:
        try:
            asked = Requirement(line.partition(" #")[0].strip())
        except InvalidRequirement:
            continue
        if asked.url is None:
            lines.setdefault(_normal(asked.name), f"{asked.name}{asked.specifier}")
            waiting.append((asked.name, frozenset(asked.extras)))
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        name, extras = waiting.pop()
        if (_normal(name), extras) in seen or _normal(name) in NEVER:
            continue
        seen.add((_normal(name), extras))
        try:
            found = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        lines[_normal(name)] = f"{found.metadata['Name']}=={found.version}"
        waiting += _needs(found, extras)
    return sorted((line for name, line in lines.items() if name not in NEVER), key=str.lower)


def _needs(found: metadata.Distribution, extras: frozenset[str]) -> list[tuple[str, frozenset[str]]]:
    from packaging.requirements import Requirement

    needs = []
    for line in found.requires or ():
        asked = Requirement(line)
        if asked.marker is None or any(asked.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            needs.append((asked.name, frozenset(asked.extras)))
    return needs


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
