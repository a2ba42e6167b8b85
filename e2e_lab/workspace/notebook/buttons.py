"""The buttons under ``%e2e``: the next steps, each done when it is pressed, its answer shown below.

They stand beside the status card, not in its place: what reads a notebook without a kernel shows the card alone.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Any

from e2e_lab.errors import E2EError, UsageError
from e2e_lab.records import Record, Status, View
from e2e_lab.records.kernels import Frame
from e2e_lab.workspace import grammar, verbs
from e2e_lab.workspace.notebook.frames import Board
from e2e_lab.workspace.session import Session
from e2e_lab.workspace.showing import card, html

MOST_TABLES = 3
_ASKED_FOR = {"VARIABLE", "NAME", "MODEL"}
"""Words of a next line in whose place a person must type something."""
COMMIT = "commit"
REFRESH = ""


@dataclass(frozen=True)
class Step:
    """A button: what stands on it, and the line that it does."""

    label: str
    line: str


def steps(status: Status, frames: Iterable[Frame]) -> list[Step]:
    """What can be done now without saying more, and a look at how things stand.

    >>> [step.label for step in steps(Status(project="p", path="/p", branch=None, revision=0, unsaved=("a.py",)), ())]
    ['Commit', 'Refresh']
    """
    ready = [frame for frame in frames if frame.state != "saved" and not frame.asks]
    found = [Step(f"Snapshot {frame.name}", frame.magic.removeprefix("%e2e ")) for frame in ready[:MOST_TABLES]]
    if status.unsaved:
        found.append(Step("Commit", COMMIT))
    for room in status.rooms:
        words = (room.next or "").split()
        if words[:1] == ["e2e"] and words[1] not in (COMMIT, "snapshot") and not _ASKED_FOR & set(words):
            found.append(Step(" ".join([words[1].capitalize(), *words[2:]]), " ".join(words[1:])))
    return [*found, Step("Refresh", REFRESH)]


class Buttons:
    """One row of buttons and the answer below it, made of ipywidgets."""

    def __init__(self, session: Session, status: Status) -> None:
        import ipywidgets as widgets

        self.widgets: Any = widgets
        self.session = session
        self.board = Board(session)
        self.row = widgets.HBox(layout={"flex_flow": "row wrap", "align_items": "center"})
        self.message = widgets.Text(placeholder="what changed", layout={"width": "220px"})
        self.answer = widgets.HTML()
        self.box = widgets.VBox([self.row, self.answer])
        self._pressing = threading.Lock()
        self._fill(status)

    def show(self) -> None:
        """Put them under the running cell; where widgets cannot be shown, nothing is seen of them."""
        from IPython.display import display

        put: Any = display
        put({**self.box._repr_mimebundle_(), "text/plain": ""}, raw=True)

    def press(self, step: Step) -> None:
        """Do what a button stands for and show how it went; a refusal is an answer too."""
        with self._pressing:
            self._enable(False)
            try:
                self.answer.value = _shown(self._do(step))
            except E2EError as error:
                self.answer.value = html(View(error.message, notes=(error.hint,) if error.hint else ()))
            except Exception as error:
                self.answer.value = html(View(f"{type(error).__name__}: {error}"))
            with contextlib.suppress(E2EError):  # the answer says why
                self._fill(verbs.status())
            self._enable(True)

    def _do(self, step: Step) -> Any:
        front = self.session.front
        if front is not None and front.busy:  # JupyterLab may bring a press to a thread beside the cell
            raise UsageError("A cell is running.", hint="press again when it has ended")
        self.session.made.clear()
        self.session.ran.clear()
        if step.line == REFRESH:
            return verbs.status()
        if step.line == COMMIT:
            message = self.message.value.strip()
            if not message:
                raise UsageError("Say beside the button what changed.", hint='e2e commit -m "what changed"')
            answer: Any = verbs.commit(message)
            self.message.value = ""
        else:
            answer = verbs.do(grammar.parse(step.line))
        if front is not None:
            front.after_cell()
        return answer

    def _fill(self, status: Status) -> None:
        made: list[Any] = []
        for step in steps(status, self.board.look().frames):
            hint = f"%e2e {step.line}".rstrip()
            button = self.widgets.Button(description=step.label, tooltip=hint, layout={"width": "auto"})
            button.on_click(lambda _, step=step: self.press(step))
            made += [button, self.message] if step.line == COMMIT else [button]
        before, self.row.children = self.row.children, tuple(made)
        for old in before:
            if old is not self.message:
                old.close()

    def _enable(self, on: bool) -> None:
        for one in self.row.children:
            one.disabled = not on


def offer(session: Session, status: Status) -> None:
    """Show the buttons where ipywidgets is installed; the card does without."""
    try:
        import ipywidgets  # noqa: F401
    except ImportError:
        return
    Buttons(session, status).show()


def _shown(answer: Any) -> str:
    if isinstance(answer, Record):
        return card(answer)
    return f"<pre>{escape(str(answer))}</pre>"
