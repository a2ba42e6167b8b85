"""Into the kernel and out of it: ``%load_ext e2e_lab``, the hooks around each cell, and cells that are runs.

``%%e2e run`` is not run as a cell inside a cell. Its first line is replaced by the call that begins the run, the rest
is the user's own cell: assignments stay, the last expression displays, top-level ``await`` works, an error has one
traceback, and the run ends when the cell does.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

from e2e_lab import records
from e2e_lab.errors import UsageError
from e2e_lab.workspace import grammar, verbs
from e2e_lab.workspace.notebook.completion import complete
from e2e_lab.workspace.notebook.front import FrontEnd
from e2e_lab.workspace.session import inert, session, watch_readers
from e2e_lab.workspace.showing import install_cards

if TYPE_CHECKING:
    from IPython.core.interactiveshell import ExecutionInfo, ExecutionResult, InteractiveShell

    from e2e_lab.experiments import ActiveRun

BEGIN = "get_ipython().e2e_begin_run"
_MISSING = object()
log = logging.getLogger("e2e_lab")


class Hooks:
    """What the kernel calls before and after each cell."""

    def __init__(self, shell: InteractiveShell, front: FrontEnd) -> None:
        self.shell = shell
        self.front = front
        self.replaced: dict[str, Any] = {}

    def pre_run_cell(self, info: ExecutionInfo) -> None:
        """Read the cell before it runs, so that a snapshot in its middle knows where it stands."""
        self.front.busy = True
        session.made.clear()
        session.ran.clear()
        source = info.raw_cell or ""
        transformed = getattr(info, "transformed_cell", None)
        if transformed is None:
            transformed = self.shell.transform_cell(source)
        session.began(source, getattr(info, "cell_id", None), transformed)

    def post_run_cell(self, result: ExecutionResult) -> None:
        """End the run that the cell began."""
        run, session.cell_run = session.cell_run, None
        if run is not None:
            self._end(run, result.error_in_exec or result.error_before_exec)
        self.front.busy = False
        self.front.after_cell()
        if isinstance(result.result, records.Status) and hasattr(self.shell, "kernel"):
            self._offer(result.result)

    def _offer(self, status: records.Status) -> None:
        """Put buttons under a status card."""
        from e2e_lab.workspace.notebook import buttons

        if not inert():
            try:
                buttons.offer(session, status)
            except Exception:  # the card is shown, and the cell is done
                log.debug("no buttons could be shown", exc_info=True)

    def begin_run(self, line: str) -> None:
        """What the first line of a ``%%e2e run`` cell does."""
        call = grammar.parse(line)
        if call.verb.name != "run" or str(call.values["name"] or "").endswith(".ipynb"):
            raise UsageError("A cell can begin with %%e2e run NAME only.", hint="%%e2e run NAME -p depth=6")
        params = grammar.literals(call.values["params"])
        session.cell_run = verbs.begin_run(call.values["name"] or "run", params=params)
        for name, value in params.items():
            self.replaced[name] = self.shell.user_ns.get(name, _MISSING)
            self.shell.user_ns[name] = value

    def _end(self, run: ActiveRun, error: BaseException | None) -> None:
        for name, value in self.replaced.items():
            if value is _MISSING:
                self.shell.user_ns.pop(name, None)
            else:
                self.shell.user_ns[name] = value
        self.replaced.clear()
        ended = verbs.end_run(run, error)
        if error is None:
            show(ended)


def our_lines(lines: list[str]) -> list[str]:
    """Replace the first line of a ``%%e2e run`` cell by the call that begins the run, and ``%e2e VERB?`` by ``-h``.

    >>> our_lines(["%%e2e run baseline -p depth=6\\n", "fit(depth)\\n"])
    ["get_ipython().e2e_begin_run('run baseline -p depth=6')\\n", 'fit(depth)\\n']
    """
    if not lines or not lines[0].startswith("%%e2e"):
        return [_asked(line) for line in lines]
    words = lines[0].removeprefix("%%e2e").strip()
    if words.endswith(("-h", "--help")):  # where nothing follows, IPython would ask for a body
        return [f"%e2e {words}\n", *lines[1:]] if not "".join(lines[1:]).strip() else lines
    if not words.startswith("run"):
        return lines
    return [f"{BEGIN}({words!r})\n", *lines[1:]]


def _asked(line: str) -> str:
    """``%e2e VERB?`` asks for our help; IPython would look for a variable of that name."""
    text = line.rstrip()
    return f"{text.rstrip('?')} -h\n" if re.fullmatch(r"%e2e \w+\?{1,2}", text) else line


def show(record: records.Record) -> None:
    """Display a record under the running cell."""
    from IPython.display import display

    display(record)


def load(shell: InteractiveShell) -> None:
    """``%load_ext e2e_lab``: the magic, ``e2e`` in the namespace where that name is free, and the hooks. Repeatable."""
    import e2e_lab
    from e2e_lab.workspace.notebook.magics import E2EMagics

    if session.namespace is shell.user_ns:
        return
    session.namespace = shell.user_ns
    front = FrontEnd(session)
    hooks = Hooks(shell, front)
    shell.e2e_begin_run = hooks.begin_run  # type: ignore[attr-defined]  # what the first line of a run calls
    shell.register_magics(E2EMagics)
    shell.events.register("pre_run_cell", hooks.pre_run_cell)
    shell.events.register("post_run_cell", hooks.post_run_cell)
    shell.input_transformers_cleanup.append(our_lines)
    shell.set_hook("complete_command", complete, str_key="%e2e")
    shell.set_hook("complete_command", complete, str_key="%%e2e")
    install_cards(shell)
    watch_readers()
    if hasattr(shell, "kernel"):  # a terminal has no front end to talk to
        front.listen()
    history: Any = shell.history_manager
    for earlier in list(history.input_hist_raw)[1:]:  # as typed, which `In` is not
        if earlier.strip():
            session.began(earlier, None, shell.transform_cell(earlier))
    if "e2e" not in shell.user_ns:
        shell.user_ns["e2e"] = e2e_lab
