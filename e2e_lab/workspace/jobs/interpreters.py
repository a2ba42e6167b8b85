"""Which Python has this e2e-lab, and the line that gives it to one."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from e2e_lab import __version__
from e2e_lab.errors import NoLibrary, UnfitPython, VersionMismatch
from e2e_lab.records import FORMAT

_PROBE = """
import sys
sys.path[:] = [path for path in sys.path if path]  # not the working folder, where any module may lie
import json
said = {}
try:
    from importlib.metadata import version
    said["version"] = version("e2e-lab")
    from e2e_lab.records import FORMAT
    said["format"] = FORMAT
except Exception as problem:
    said["problem"] = f"{type(problem).__name__}: {problem}"
print(json.dumps(said))
"""


def install_line(python: str) -> str:
    """What to type so that *python* has the e2e-lab of this process.

    >>> install_line("/opt/my env/bin/python").startswith("'/opt/my env/bin/python' -m pip install e2e-lab==")
    True
    """
    return f"{shlex.quote(python)} -m pip install e2e-lab=={__version__}"


def check(python: str, environment: Mapping[str, str]) -> None:
    """Raise :class:`NoLibrary` or :class:`VersionMismatch` where *python* has not the e2e-lab of this process."""
    said = library_of(python, environment)
    if "version" not in said:
        raise NoLibrary("The Python of this kernel has no e2e-lab.", hint=install_line(python))
    if not fits(said):
        raise VersionMismatch(
            f"The Python of this kernel has e2e-lab {said['version']}, the server {__version__}.",
            hint=install_line(python),
        )


def library_of(python: str, environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """``version`` and ``format`` of an interpreter's e2e-lab, as far as it has one, in our *environment* and this.

    Raises :class:`UnfitPython` where it does not run.
    """
    if Path(python) == Path(sys.executable) and not environment:
        return {"version": __version__, "format": FORMAT}
    try:
        done = subprocess.run(
            [python, "-c", _PROBE], check=True, capture_output=True, timeout=30, stdin=subprocess.DEVNULL,
            env={**os.environ, **(environment or {})},
        )  # fmt: skip
        return dict(json.loads(done.stdout))
    except (OSError, subprocess.SubprocessError, ValueError) as problem:
        raise UnfitPython(f"{python} does not run: {problem}.", hint="jupyter kernelspec list") from None


def fits(library: Mapping[str, Any]) -> bool:
    """Whether an interpreter's e2e-lab is that of this process."""
    return (library.get("version"), library.get("format")) == (__version__, FORMAT)
