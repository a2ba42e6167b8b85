"""Which packages a pickled model needs, with the exact versions that are installed here."""

from __future__ import annotations

import importlib.metadata
import re
import sys
from functools import cache

_STRING = re.compile(rb"\x8c(.)([A-Za-z_][\w.]{0,254})", re.DOTALL)
_ALWAYS = ("cloudpickle", "numpy", "pandas", "pyarrow")


def requirements(payload: bytes) -> tuple[str, ...]:
    """``name==version`` lines for the packages that *payload* names, and those that any kept model needs.

    >>> import cloudpickle, numpy
    >>> [line.split("==")[0] for line in requirements(cloudpickle.dumps(numpy.float64(1)))]
    ['cloudpickle', 'numpy', 'pandas', 'pyarrow']
    """
    named = {text[: size[0]].split(b".")[0].decode() for size, text in _STRING.findall(payload)}
    distributions = _distributions()
    needed = set(_ALWAYS)
    for top in named & sys.modules.keys():
        needed.update(distributions.get(top, ()))
    lines = (f"{name}=={version}" for name in needed if (version := _version(name)))
    return tuple(sorted(lines, key=str.lower))


@cache
def _distributions() -> dict[str, list[str]]:
    found = importlib.metadata.packages_distributions()
    return {top: sorted(set(names)) for top, names in found.items() if top not in ("e2e_lab", "mlflow")}


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None
