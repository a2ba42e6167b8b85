"""``%e2e VERB …`` in a cell: parse, do, show. Help comes with ``-h`` or ``?``."""

from __future__ import annotations

from typing import Any

from IPython.core.magic import Magics, line_cell_magic, magics_class

from e2e_lab.errors import UsageError
from e2e_lab.workspace import grammar, verbs


@magics_class
class E2EMagics(Magics):
    """The one magic; ``%%e2e run`` cells are begun by :mod:`e2e_lab.workspace.notebook.kernel` before they get here."""

    @line_cell_magic
    def e2e(self, line: str, cell: str | None = None) -> Any:
        """The machine-learning workflow in one notebook. ``%e2e -h`` lists the verbs."""
        if cell is not None:
            verb = line.split(maxsplit=1)[0] if line.split() else ""
            if verb == "run" and line.endswith(("-h", "--help")):
                print(grammar.help_text(grammar.find_verb("run")))  # noqa: T201
                return None
            raise UsageError(f"%%e2e {verb} takes no cell.".replace("  ", " "), hint=f"%e2e {line}".rstrip())
        line = line.strip()
        if line in ("-h", "--help", "help"):
            print(grammar.help_text())  # noqa: T201
            return None
        call = grammar.parse(line)
        if call.help:
            print(grammar.help_text(call.verb))  # noqa: T201
            return None
        answer = verbs.do(call)
        if call.json:
            print(verbs.as_json(answer))  # noqa: T201
            return None
        return answer


E2EMagics.e2e.__doc__ = grammar.help_text()
