"""From words to a :class:`Call`, for the magic and for the shell alike."""

from __future__ import annotations

import ast
import shlex
from collections.abc import Sequence
from typing import Any, NoReturn

from e2e_lab.errors import UsageError, closest
from e2e_lab.workspace.grammar.declared import BY_NAME, find_verb
from e2e_lab.workspace.grammar.words import COMMON, Arg, Call, Verb, is_option


def parse(words: str | Sequence[str]) -> Call:
    """A line of a magic, or the words of a shell, as a :class:`Call`. No words at all mean ``status``.

    >>> call = parse("snapshot clean --as flights_clean --key flight_id")
    >>> call.verb.name, call.values["names"], call.values["as_name"], call.values["key"]
    ('snapshot', ['clean'], 'flights_clean', ['flight_id'])
    >>> parse("snapshot").values
    Traceback (most recent call last):
    ...
    e2e_lab.errors.UsageError: snapshot needs VAR.
    """
    if isinstance(words, str):
        try:
            words = shlex.split(words)
        except ValueError as problem:
            raise UsageError(f"{words!r}: {str(problem).lower()}.", hint="close the quote") from None
    if not words:
        return Call(BY_NAME["status"])
    if words[0] in ("-h", "--help", "help"):
        return Call(find_verb(words[1]) if len(words) > 1 else BY_NAME["status"], help=True)
    if words[0].startswith("-"):
        return _Reader(BY_NAME["status"], list(words)).call()
    return _Reader(find_verb(words[0], words[1:]), list(words[1:])).call()


class _Reader:
    """Reads the words of one verb, left to right."""

    def __init__(self, verb: Verb, words: list[str]) -> None:
        self.verb = verb
        self.words = words
        self.flags = {flag: arg for arg in verb.args for flag in arg.flags}
        self.values: dict[str, Any] = {}
        for arg in verb.args:
            self.values[arg.name] = False if arg.switch else [] if arg.repeat or arg.many in ("*", "+") else None

    def call(self) -> Call:
        json = helped = literal = False
        free: list[str] = []
        while self.words:
            word = self.words.pop(0)
            if literal or not is_option(word):
                free.append(word)
            elif word == "--":
                literal = True
            elif word == "--json":
                json = True
            elif word in ("-h", "--help"):
                helped = True
            else:
                self._option(word)
        if not helped:
            self._positional(free)
        return Call(self.verb, self.values, json=json, help=helped)

    def _option(self, word: str) -> None:
        flag, equals, value = word.partition("=")
        arg = self.flags.get(flag)
        if arg is None and word[:2] in self.flags and not word.startswith("--"):  # -pdepth=6
            flag, equals, value = word[:2], "=", word[2:]
            arg = self.flags[flag]
        if arg is None:
            near = closest(flag, [*self.flags, *COMMON])
            self._refuse(f"{self.verb.name} has no option {flag}", f"{near}" if near else "")
        if arg.switch:
            if equals:
                self._refuse(f"{flag} takes no value")
            self.values[arg.name] = True
            return
        if equals:
            given = [value]
        else:
            count = len(self.words) if arg.many == "+" else 1
            given = []
            while self.words and len(given) < count and not self._ends_values(self.words[0], first=not given):
                given.append(self.words.pop(0))
        if not given:
            self._refuse(f"{flag} needs {arg.metavar or '|'.join(arg.choices)}")
        values = [self._checked(arg, one) for one in given]
        if arg.repeat or arg.many == "+":
            self.values[arg.name] += values
        else:
            self.values[arg.name] = values[0]

    def _ends_values(self, word: str, *, first: bool) -> bool:
        """Whether *word* is the next option rather than a value; a first value may begin with a dash (``-rmse``)."""
        known = word.partition("=")[0] in (*self.flags, *COMMON)
        return known or (is_option(word) and not first)

    def _positional(self, free: list[str]) -> None:
        wanted = [arg for arg in self.verb.args if not arg.flags]
        given = list(free)
        for place, arg in enumerate(wanted):
            still_needed = sum(1 for later in wanted[place + 1 :] if later.many in (None, "+"))
            if arg.many in ("*", "+"):
                taken = free[: len(free) - still_needed]
                del free[: len(taken)]
                self.values[arg.name] = [self._checked(arg, one) for one in taken]
            elif free:
                self.values[arg.name] = self._checked(arg, free.pop(0))
            missing = not self.values[arg.name] and arg.many in (None, "+")
            if missing:
                words = [each.metavar or each.name.upper() for each in wanted if each.many in (None, "+")]
                line = [self.verb.name, *map(shlex.quote, given), *words[len(given) :]]
                self._refuse(f"{self.verb.name} needs {arg.metavar or arg.name.upper()}", f"e2e {' '.join(line)}")
        if free:
            self._refuse(f"{self.verb.name} does not take {' '.join(free)!r}")

    def _checked(self, arg: Arg, text: str) -> Any:
        if arg.choices and text not in arg.choices:
            near = closest(text, arg.choices) or arg.choices[0]
            self._refuse(f"{text!r} is not one of {', '.join(arg.choices)}", f"{arg.flags[-1]} {near}")
        if arg.kind is int:
            try:
                return int(text.replace("_", "").replace(",", ""))
            except ValueError:
                self._refuse(f"{arg.flags[-1] if arg.flags else arg.name} is a whole number, not {text!r}")
        return text

    def _refuse(self, message: str, hint: str = "") -> NoReturn:
        raise UsageError(f"{message}.", hint=hint or f"e2e {self.verb.name}{' -h' if self.verb.args else ''}")


def assignments(pairs: Sequence[str]) -> dict[str, str]:
    """``K=V`` words as a dict, values still text.

    >>> assignments(["depth=6", "loss=squared_error"])
    {'depth': '6', 'loss': 'squared_error'}
    """
    found = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.strip().isidentifier():
            raise UsageError(f"{pair!r} is not NAME=VALUE.", hint="-p depth=6")
        found[name.strip()] = value.strip()
    return found


def literals(pairs: Sequence[str]) -> dict[str, Any]:
    """``K=V`` words with values read as Python literals; what is none is a string.

    >>> literals(["depth=6", "rate=1e-3", "loss=squared_error", "layers=[32, 16]"])
    {'depth': 6, 'rate': 0.001, 'loss': 'squared_error', 'layers': [32, 16]}
    """
    values: dict[str, Any] = {}
    for name, text in assignments(pairs).items():
        try:
            values[name] = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            values[name] = text
    return values
