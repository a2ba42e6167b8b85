"""``docs/benchmarks.md``: one section a part, of which those that were measured anew are replaced."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import version

from benchmarks.measure import Row, table

HEAD = """# Benchmarks

Written by `make bench` (`python -m benchmarks`); nothing here is typed by hand. Both sides of a line were measured in
the same run, after a warm-up that does not count, in turn (other tools, which have processes and environments of their
own, one after the other), and both write to the same disk; the numbers are medians, in brackets from the least to the
most. Times are of this machine at that hour; ratios travel better.
"""


def section(title: str, rows: list[Row], took: float) -> str:
    """The section of a part that was measured in *took* seconds."""
    libraries = ", ".join(f"{name} {version(name)}" for name in ("pandas", "pyarrow", "mlflow", "bentoml"))
    missed = [row.what for row in rows if row.met is False]
    said = f"Not met: {'; '.join(missed)}." if missed else "All aims are met."
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, {libraries}"
    return f"## {title}\n\n{table(rows)}\n\n{said} {machine}; measured in {took / 60:.1f} minutes.\n"


def replaced(page: str, sections: Mapping[str, str], titles: Iterable[str]) -> str:
    """The *page* with new *sections* by title, those it had of the other *titles*, and nothing else.

    >>> page = replaced("# B\\n\\n## one\\n1\\n\\n## old\\n0\\n", {"two": "## two\\n2\\n"}, ["one", "two"])
    >>> page.removeprefix(HEAD)
    '\\n## one\\n1\\n\\n## two\\n2\\n'
    """
    parts = page.split("\n## ")[1:]
    there = {part.partition("\n")[0]: f"## {part.strip()}\n" for part in parts} | dict(sections)
    return "\n".join([HEAD, *(there[title] for title in titles if title in there)])
