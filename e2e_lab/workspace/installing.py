"""The line that gives an interpreter this e2e-lab."""

from __future__ import annotations

import shlex


def install_line(python: str) -> str:
    """What to type so that *python* has the e2e-lab of this process.

    >>> install_line("/opt/my env/bin/python").startswith("'/opt/my env/bin/python' -m pip install e2e-lab==")
    True
    """
    from e2e_lab import __version__

    return f"{shlex.quote(python)} -m pip install e2e-lab=={__version__}"
