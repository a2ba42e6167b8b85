"""Long work for the sidebar: what kinds there are, in processes that outlive the page and the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from e2e_lab.faces import lazily

if TYPE_CHECKING:
    from e2e_lab.workspace.jobs.detached import cancel, find, listed, log, start
    from e2e_lab.workspace.jobs.interpreters import fits, install_line, library_of
    from e2e_lab.workspace.jobs.kinds import KINDS, Kind, kind_of

__all__ = [
    "KINDS",
    "Kind",
    "cancel",
    "find",
    "fits",
    "install_line",
    "kind_of",
    "library_of",
    "listed",
    "log",
    "start",
]

_WHERE = {
    "KINDS": "kinds", "Kind": "kinds", "cancel": "detached", "find": "detached", "fits": "interpreters",
    "install_line": "interpreters", "kind_of": "kinds", "library_of": "interpreters", "listed": "detached",
    "log": "detached", "start": "detached",
}  # fmt: skip

__getattr__ = lazily(__name__, _WHERE)
