"""The words of the verbs, for the magic and the shell alike: declared, read, explained, completed.

Nothing here does any work, and nothing heavy is imported.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from e2e_lab.faces import lazily

if TYPE_CHECKING:
    from e2e_lab.workspace.grammar.declared import AREAS, VERBS, find_verb
    from e2e_lab.workspace.grammar.help import completion_context, help_text
    from e2e_lab.workspace.grammar.parsing import assignments, literals, parse
    from e2e_lab.workspace.grammar.words import Arg, Call, Verb

__all__ = [
    "AREAS",
    "VERBS",
    "Arg",
    "Call",
    "Verb",
    "assignments",
    "completion_context",
    "find_verb",
    "help_text",
    "literals",
    "parse",
]

_WHERE = {
    "AREAS": "declared", "Arg": "words", "Call": "words", "VERBS": "declared", "Verb": "words",
    "assignments": "parsing", "completion_context": "help", "find_verb": "declared", "help_text": "help",
    "literals": "parsing", "parse": "parsing",
}  # fmt: skip

__getattr__ = lazily(__name__, _WHERE)
