"""What the kernel and the front end tell each other, over a comm called ``e2e_lab``.

After each cell the tables of the notebook go out, and what the cell saved. The front end says where the notebook is
(it knows of renames). JupyterLab runs comm handlers beside a running cell, so that a handler works nothing out then:
what was sent last still stands.
"""

from __future__ import annotations

import logging
import sys
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from e2e_lab.errors import E2EError
from e2e_lab.records import FORMAT, Record, Snapshot
from e2e_lab.workspace.session import Session

if TYPE_CHECKING:
    from e2e_lab.records.kernels import KernelHello, KernelMade
    from e2e_lab.workspace.frames import Board

TARGET = "e2e_lab"
MOST = 8
"""Front ends that are told at once."""
log = logging.getLogger("e2e_lab")


class FrontEnd:
    """The front ends that look at this kernel's notebook. *busy*: a cell is running."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.comms: dict[str, Any] = {}
        self.busy = False

    @cached_property
    def board(self) -> Board:
        """What was shown last; made when somebody looks, since the first cell waits for nothing."""
        from e2e_lab.workspace.frames import Board

        return Board(self.session)

    def listen(self) -> None:
        """Let front ends open the comm."""
        from comm import get_comm_manager

        get_comm_manager().register_target(TARGET, self._opened)

    def after_cell(self) -> None:
        """Send what the cell saved and the tables there are now, where anybody looks and anything has changed."""
        if not self.comms:
            return
        try:
            if self.session.made:
                self._send(_made(self.session))
            before = self.board.shown
            now = self.board.look()
            if now != before:
                self._send(now)
        except Exception:  # whatever a table's class does here, the user's cell is done and must look so
            log.debug("the front end could not be told of the notebook's tables", exc_info=True)

    def _opened(self, comm: Any, message: dict[str, Any]) -> None:
        while len(self.comms) >= MOST:  # pages that were reloaded did not say goodbye
            self.comms.pop(next(iter(self.comms)))
        self.comms[comm.comm_id] = comm
        comm.on_msg(lambda said: self._heard(comm, said))
        comm.on_close(lambda _: self.comms.pop(comm.comm_id, None))
        self._heard(comm, message)

    def _heard(self, comm: Any, message: dict[str, Any]) -> None:
        said = message["content"]["data"]
        kind = said.get("type") if isinstance(said, dict) else None
        if kind == "notebook":
            self.session.told = _place(said)
            self._send(self._hello(str(said.get("version", ""))), comm)
        if kind in ("notebook", "refresh"):
            self._send(self.board.shown if self.busy else self.board.look(), comm)

    def _hello(self, front_end: str) -> KernelHello:
        from e2e_lab import __version__
        from e2e_lab.records.kernels import KernelHello
        from e2e_lab.workspace.installing import install_line

        try:
            project: str | None = str(self.session.project().root)
        except (E2EError, OSError):
            project = None
        return KernelHello(
            version=str(__version__), format=FORMAT, python=sys.executable, install=install_line(sys.executable),
            project=project, match=front_end == __version__,
        )  # fmt: skip

    def _send(self, record: Record, to: Any = None) -> None:
        for comm in [to] if to else list(self.comms.values()):
            comm.send(record.to_json())


def _place(said: dict[str, Any]) -> Path | None:
    """The notebook's file; None where the front end names none that is here."""
    root, path = said.get("root"), said.get("path")
    if not (isinstance(root, str) and isinstance(path, str) and path.endswith(".ipynb")):
        return None
    place = Path(root) / path
    return place if place.is_absolute() else None


def _made(session: Session) -> KernelMade:
    """What the cell that ran last has saved."""
    from e2e_lab.records.kernels import KernelMade, MadeVersion

    def told(one: Snapshot) -> MadeVersion:
        return MadeVersion(
            ref=one.ref, name=one.name, version=one.version, changed=one.changed, rows=one.rows,
            columns=len(one.columns), bytes=one.bytes_stored, text=one.view().title,
        )  # fmt: skip

    cell = session.cells[-1].id if session.cells else None
    return KernelMade(cell=cell, items=tuple(map(told, session.made)))
