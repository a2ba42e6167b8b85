"""What the kernel and the front end tell each other, over a comm called ``e2e_lab``.

After each cell the tables of the notebook go out, and what the cell saved. The front end says where the notebook is
(it knows of renames), and saves it when it is asked to. JupyterLab may run comm handlers beside a running cell, in a
thread of their own; such a handler works nothing out: what was found last still stands.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from e2e_lab.errors import E2EError
from e2e_lab.records import FORMAT, Record, Snapshot
from e2e_lab.workspace.session import Session, cell_sources

if TYPE_CHECKING:
    from e2e_lab.records.kernels import KernelFits, KernelFrames, KernelHello, KernelMade
    from e2e_lab.workspace.notebook.frames import Board

TARGET = "e2e_lab"
MOST = 8
"""Front ends that are told at once."""
SAVE_SECONDS = 2.0
"""How long a front end may take to save the notebook."""
log = logging.getLogger("e2e_lab")


class FrontEnd:
    """The front ends that look at this kernel's notebook. *busy*: a cell is running."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.comms: dict[str, Any] = {}
        self.busy = False
        self.shown: dict[str, KernelFrames] = {}
        """What each comm was told last."""
        self.fits: KernelFits | None = None
        """The fitted models that were found last."""
        self.told_fits: dict[str, KernelFits] = {}
        self._telling = threading.RLock()
        self._saved = threading.Event()

    @cached_property
    def board(self) -> Board:
        """What was shown last; made when somebody looks, since the first cell waits for nothing."""
        from e2e_lab.workspace.notebook.frames import Board

        return Board(self.session)

    def listen(self) -> None:
        """Let front ends open the comm."""
        from comm import get_comm_manager

        self.session.front = self
        get_comm_manager().register_target(TARGET, self._opened)

    def after_cell(self) -> None:
        """Send what the cell saved and the tables there are now, where anybody looks and anything has changed."""
        if not self.comms:
            return
        try:
            if self.session.made or self.session.ran:
                self._send(_made(self.session))
            self._tell_fits()
            now = self.board.look()
            with self._telling:
                for comm in list(self.comms.values()):
                    if self.shown.get(comm.comm_id) != now:
                        self._show(comm)
        except Exception:  # whatever a table's class does here, the user's cell is done and must look so
            log.debug("the front end could not be told of the notebook's tables", exc_info=True)

    def _tell_fits(self, comm: Any = None) -> None:
        """Send the fitted models, to those that were told of others; None are looked for while a cell runs."""
        from e2e_lab.workspace.notebook import fits

        with self._telling:
            if not self.busy:
                self.fits = fits.look(self.session)
            for one in [comm] if comm else list(self.comms.values()):
                if self.fits is not None and self.told_fits.get(one.comm_id, fits.NOTHING) != self.fits:
                    self.told_fits[one.comm_id] = self.fits
                    self._send(self.fits, one)

    def _opened(self, comm: Any, message: dict[str, Any]) -> None:
        while len(self.comms) >= MOST:  # pages that were reloaded did not say goodbye
            self._left(next(iter(self.comms)))
        self.comms[comm.comm_id] = comm
        comm.on_msg(lambda said: self._heard(comm, said))
        comm.on_close(lambda _: self._left(comm.comm_id))
        self._heard(comm, message)

    def _left(self, comm_id: str) -> None:
        self.comms.pop(comm_id, None)
        self.shown.pop(comm_id, None)
        self.told_fits.pop(comm_id, None)

    def save(self) -> None:
        """Have the notebook saved by the front end that came last; where it does not answer, go on as things are.

        A file that was written meanwhile is as good as its answer, which may have to wait for the end of the cell.
        """
        notebook = self.session.notebook
        if not self.comms or notebook is None:
            return
        before = _stamp(notebook)
        self._saved.clear()
        self.comms[next(reversed(self.comms))].send({"type": "save"})
        until, last = time.monotonic() + SAVE_SECONDS, before
        while time.monotonic() < until and not self._saved.wait(0.1):
            now = _stamp(notebook)
            # jupyter_server writes into the file: wait for its end
            if now == last != before and cell_sources(notebook):
                return
            last = now

    def _show(self, comm: Any) -> None:
        with self._telling:  # so that none gets older tables after newer ones
            self.shown[comm.comm_id] = self.board.shown
            self._send(self.board.shown, comm)

    def _heard(self, comm: Any, message: dict[str, Any]) -> None:
        said = message["content"]["data"]
        kind = said.get("type") if isinstance(said, dict) else None
        if kind == "notebook":
            if said.get("root") != "":  # a front end that has not heard of the server's folder yet
                self.session.told = _place(said)
            self._send(self._hello(str(said.get("version", ""))), comm)
        if kind == "saved":
            self._saved.set()
        if kind in ("notebook", "refresh"):
            if not self.busy:
                self.board.look()
            self._show(comm)
            self._tell_fits(comm)

    def _hello(self, front_end: str) -> KernelHello:
        from e2e_lab import __version__
        from e2e_lab.records.kernels import KernelHello
        from e2e_lab.workspace.jobs import install_line

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
    try:
        place = Path(root).expanduser() / path  # jupyter_server shortens it to ~/…
    except RuntimeError:
        return None
    return place if place.is_absolute() else None


def _stamp(notebook: Path) -> tuple[int, int, int] | None:
    try:
        stat = notebook.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_ino, stat.st_size


def _made(session: Session) -> KernelMade:
    """What the cell that ran last has saved, and its runs."""
    from e2e_lab.records.kernels import KernelMade, MadeRun, MadeVersion

    def told(one: Snapshot) -> MadeVersion:
        return MadeVersion(
            ref=one.ref, name=one.name, version=one.version, changed=one.changed, rows=one.rows,
            columns=len(one.columns), bytes=one.bytes_stored, text=one.view().title,
        )  # fmt: skip

    cell = session.cells[-1].id if session.cells else None
    runs = tuple(MadeRun(id=run.id, name=run.name, status=run.status) for run in session.ran)
    return KernelMade(cell=cell, items=tuple(map(told, session.made)), runs=runs)
