"""What a verb is: its words and options, and a line of them once it is read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

COMMON = ("--json", "-h", "--help")
"""The options of every verb."""


@dataclass(frozen=True)
class Arg:
    """One word or option of a verb.

    *flags* is empty for a positional word. *many* says how many words it takes (``"?"``, ``"*"``, ``"+"`` or None for
    one). *complete* names what completion offers: ``dataset``, ``variable``, ``run``, ``model``, ``service``, ``path``.
    """

    name: str
    help: str
    flags: tuple[str, ...] = ()
    metavar: str = ""
    many: str | None = None
    choices: tuple[str, ...] = ()
    kind: type = str
    switch: bool = False
    repeat: bool = False
    complete: str = ""

    @property
    def shown(self) -> str:
        """How usage lines write it."""
        word = self.metavar or self.name.upper()
        if self.choices:
            word = "|".join(self.choices)
        if not self.flags:
            return {"?": f"[{word}]", "*": f"[{word} …]", "+": f"{word} …"}.get(self.many or "", word)
        flag = self.flags[-1] if self.flags[0].startswith("--") else self.flags[0]
        if self.switch:
            return f"[{flag}]"
        more = " …" if self.repeat or self.many in ("*", "+") else ""
        return f"[{flag} {word}{more}]"


@dataclass(frozen=True)
class Verb:
    """One verb of ``%e2e`` and ``e2e``: its words, its Python twin, what it does, and lines that show it."""

    name: str
    area: str
    summary: str
    python: str
    args: tuple[Arg, ...] = ()
    examples: tuple[str, ...] = ()
    detail: str = ""

    @property
    def usage(self) -> str:
        """``snapshot VAR … [--as NAME] …`` in one line."""
        return " ".join([self.name, *(arg.shown for arg in self.args)])


@dataclass(frozen=True)
class Call:
    """A verb with its words, parsed. *values* has an entry for every declared :class:`Arg`."""

    verb: Verb
    values: dict[str, Any] = field(default_factory=dict)
    json: bool = False
    help: bool = False


def is_option(word: str) -> bool:
    """Whether *word* is an option; a negative number is a value."""
    if len(word) < 2 or word[0] != "-":
        return False
    return not (word[1].isdigit() or word[1] == ".")
