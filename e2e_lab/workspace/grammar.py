"""The verbs, declared once: both parsers, completion, help and the reference pages come from here.

A :class:`Verb` says what it is called, what it takes and what it does; :func:`parse` turns words into a
:class:`Call`, for the magic and for the shell alike. Nothing here does any work, and nothing heavy is imported.
"""

from __future__ import annotations

import ast
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from e2e_lab.errors import UsageError, closest


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


_MESSAGE = Arg("message", "what this is, in a few words", ("-m", "--message"), "TEXT")
_PARAMS = Arg("params", "a parameter, assigned before the cell runs (Python literals)", ("-p", "--param"), "K=V",
              repeat=True)  # fmt: skip
_KEY = Arg("key", "the columns that name a row", ("--key",), "COL", many="+")
_PORT = Arg("port", "the port to answer on; a free one otherwise", ("--port",), "N", kind=int)

VERBS: tuple[Verb, ...] = (
    Verb(
        "init", "workspace", "make or complete a project", "e2e.init(path='.')",
        (Arg("path", "the folder; this one by default", many="?", complete="path"),),
        ("e2e init", "e2e init flights"),
        "A git repository, e2e.toml, and ignore rules. Safe to repeat.",
    ),
    Verb(
        "status", "workspace", "where the project stands, what is not saved, and the next step", "e2e.status()",
        examples=("e2e status",),
    ),
    Verb(
        "ingest", "data", "a local CSV or Parquet file becomes a raw snapshot", "e2e.ingest(source, name)",
        (
            Arg("source", "the file", complete="path"),
            Arg("name", "the dataset's name", ("--as",), "NAME", complete="dataset"),
            _KEY,
            _MESSAGE,
        ),
        ("e2e ingest flights.csv --as flights", "e2e ingest weather.parquet --as weather -m 'hourly, NOAA'"),
    ),
    Verb(
        "snapshot", "data", "save a DataFrame; nothing is written if nothing changed",
        "e2e.snapshot(df, name, *, stage=None, parents=None, source=None, key=None, message=None)",
        (
            Arg("names", "variables of the notebook; at a shell, files", metavar="VAR", many="+", complete="variable"),
            Arg("as_name", "the dataset's name; the variable's by default", ("--as",), "NAME", complete="dataset"),
            Arg("stage", "raw (from a primary source) or processed", ("--stage",), choices=("raw", "processed")),
            Arg("parents", "the snapshots it was made from", ("--parent",), "REF", many="+", complete="dataset"),
            Arg("source", "where raw data came from", ("--source",), "PATH-or-URL", complete="path"),
            _KEY,
            _MESSAGE,
        ),
        ("e2e snapshot housing", "e2e snapshot clean --as flights_clean --key flight_id"),
        "Source and parents are found by themselves; --source and --parent correct them.",
    ),
    Verb(
        "load", "data", "any version back as a DataFrame",
        "e2e.load(ref, *, columns=None, where=None, sample=None, limit=None, kind='pandas')",
        (
            Arg("ref", "NAME or NAME@SELECTOR", metavar="REF", complete="dataset"),
            Arg("into", "the variable to assign; the dataset's name by default", ("--into",), "VAR"),
            Arg("kind", "what to make of it", ("--kind",), choices=("pandas", "polars", "arrow", "duckdb")),
            Arg("sample", "that many rows, the same ones each time", ("--sample",), "N", kind=int),
            Arg("limit", "the first so many rows", ("--limit",), "N", kind=int),
        ),
        ("e2e load flights_clean", "e2e load flights@v1 --into flights_before"),
        "SELECTOR: vN, run:NAME, a date, a git revision, or the first 6 digits of a content id.",
    ),
    Verb("data", "data", "the datasets and their versions", "e2e.datasets()", examples=("e2e data",)),
    Verb(
        "rename", "data", "give a dataset another name", "e2e.rename(old, new)",
        (Arg("old", "the dataset", complete="dataset"), Arg("new", "its new name")),
        ("e2e rename flights flights_2013",),
    ),
    Verb(
        "remove", "data", "take a dataset out of the project; its versions are kept", "e2e.remove(name)",
        (Arg("name", "the dataset", complete="dataset"),),
        ("e2e remove weather",),
    ),
    Verb(
        "export", "data", "plain Parquet outside the store", "e2e.export(ref, path)",
        (
            Arg("ref", "NAME or NAME@SELECTOR", metavar="REF", complete="dataset"),
            Arg("path", "the file to write", complete="path"),
        ),
        ("e2e export flights_clean@v2 flights_clean.parquet",),
    ),
    Verb(
        "verify", "data", "prove that everything stored is intact", "e2e.verify(*refs)",
        (Arg("refs", "of these versions only, which are also decoded", metavar="REF", many="*", complete="dataset"),),
        ("e2e verify", "e2e verify flights@v1"),
        "At a shell the exit code is 1 where something is damaged. Nothing is mended.",
    ),
    Verb(
        "gc", "data", "drop what nothing refers to", "e2e.gc(*, dry_run=False)",
        (Arg("dry_run", "only say what would go", ("--dry-run",), switch=True),),
        ("e2e gc --dry-run", "e2e gc"),
        "Kept is what commits, stashes, worktrees, runs, models and the last 90 days name.",
    ),
    Verb(
        "forget", "data", "erase a version for good, bytes included", "e2e.forget(ref, *, reason)",
        (
            Arg("ref", "NAME or NAME@SELECTOR", metavar="REF", complete="dataset"),
            Arg("reason", "why; it is kept", ("--reason",), "TEXT"),
        ),
        ('e2e forget flights@v2 --reason "a passenger asked for it"',),
        "A tombstone says when, by whom and why. This cannot be undone.",
    ),
    Verb(
        "commit", "versions", "notebooks, code, environment and records in one git commit", "e2e.commit(message)",
        (_MESSAGE,),
        ('e2e commit -m "first clean data"',),
    ),
    Verb(
        "log", "versions", "the history of code and data together", "e2e.log(name=None)",
        (Arg("name", "only what touched this dataset", many="?", complete="dataset"),),
        ("e2e log", "e2e log flights_clean"),
    ),
    Verb(
        "restore", "versions", "code and data as they were; what differs is saved first", "e2e.restore(rev, *names)",
        (
            Arg("revision", "a git revision, or DATASET@vN to make that version the current one", metavar="REV",
                complete="dataset"),
            Arg("names", "only these datasets or files", metavar="NAME-or-PATH", many="*", complete="dataset"),
        ),
        ("e2e restore HEAD~1 flights_clean", "e2e restore flights_clean@v1"),
    ),
    Verb(
        "run", "experiments", "a tracked run of this cell, or of a saved notebook",
        "with e2e.run(name, params={…}) as run: …; e2e.run_notebook(path, params)",
        (
            Arg("name", "the run's name, or a NOTEBOOK.ipynb to run without a screen", many="?", complete="path"),
            _PARAMS,
        ),
        ("%%e2e run baseline -p depth=6", "e2e run train.ipynb -p depth=6"),
    ),
    Verb(
        "keep", "experiments", "a finished run from what is already in the kernel",
        "e2e.keep(name, *, model=None, X=None, y=None, metrics=None, params=None)",
        (
            Arg("name", "the run's name"),
            Arg("metrics", "metrics, each an expression", metavar="METRIC=EXPR", many="*"),
            Arg("model", "the variable that holds the fitted model", ("--model",), "VAR", complete="variable"),
            Arg("X", "the table the model was fitted on", ("--X",), "VAR", complete="variable"),
            Arg("y", "what it learned to predict", ("--y",), "VAR", complete="variable"),
            _PARAMS,
        ),
        ("e2e keep forest --model model --X housing --y housing_labels rmse=final_rmse",),
        "A fitted search (GridSearchCV, …) becomes child runs from its results; nothing is trained again.",
    ),
    Verb(
        "runs", "experiments", "the runs as a table", "e2e.runs()",
        (
            Arg("sort", "the metric to sort by, lowest first; -METRIC for highest first", ("--sort",), "METRIC"),
            Arg("where", "a condition on the columns, as in DataFrame.query", ("--where",), "CONDITION"),
        ),
        ("e2e runs --sort rmse", "e2e runs --where 'rmse < 20'"),
    ),
    Verb(
        "register", "models", "a run's model gets a name and a version",
        "e2e.register(run, name, *, alias=None, model=None)",
        (
            Arg("run", "the run", metavar="RUN", complete="run"),
            Arg("as_name", "the model's name", ("--as",), "NAME", complete="model"),
            Arg("alias", "champion, challenger, …", ("--alias",), "A"),
            Arg("model", "which of the run's models, where it kept several", ("--model",), "M"),
        ),
        ("e2e register baseline --as delay --alias champion",),
    ),
    Verb(
        "package", "models", "a Bento, replayed against the model before it is accepted",
        "e2e.package(model_ref, *, service=None)",
        (
            Arg("ref", "MODEL or MODEL@SELECTOR", metavar="MODEL-REF", complete="model"),
            Arg("service", "the service's name; the model's by default", ("--as",), "SERVICE", complete="service"),
            Arg("trust", "load a model that was not made here", ("--trust",), switch=True),
        ),
        ("e2e package delay@champion",),
    ),
    Verb(
        "serve", "models", "a service that answers over HTTP; missing steps are done and said", "e2e.serve(ref)",
        (
            Arg("ref", "a service, model or run", metavar="REF", complete="service"),
            _PORT,
            Arg("replace", "take the place of the version that is serving", ("--replace",), switch=True),
            Arg("detach", "at a shell: return at once and serve until stopped", ("-d", "--detach"), switch=True),
            Arg("trust", "load a model that was not made here", ("--trust",), switch=True),
        ),
        ("e2e serve delay", "e2e serve delay@v2 --replace"),
    ),
    Verb("services", "models", "what is serving", "e2e.services()", examples=("e2e services",)),
    Verb(
        "stop", "models", "end a service", "e2e.stop(name)",
        (Arg("service", "the service", complete="service"),),
        ("e2e stop delay",),
    ),
    Verb(
        "trace", "models", "the chain behind a prediction, a file, a model or a run", "e2e.trace(id)",
        (Arg("subject", "a prediction id or any reference", metavar="ID-or-REF", complete="run"),),
        ("e2e trace 01J9ZK3V7Q8B5X2M4N6P8R0T1W", "e2e trace flights_clean@v2"),
    ),
)  # fmt: skip

BY_NAME = {verb.name: verb for verb in VERBS}
AREAS = tuple(dict.fromkeys(verb.area for verb in VERBS))
_COMMON = ("--json", "-h", "--help")


def find_verb(name: str, rest: Sequence[str] = ()) -> Verb:
    """The verb of that name, or :class:`UsageError` with the nearest one, before the *rest* of the words."""
    if name in BY_NAME:
        return BY_NAME[name]
    near = closest(name, BY_NAME)
    wants = near and any(not arg.flags and arg.many in (None, "+") for arg in BY_NAME[near].args)
    words = [near, *map(shlex.quote, rest or (["-h"] if wants else []))] if near else ["-h"]
    raise UsageError(f"There is no verb {name!r}.", hint=f"e2e {' '.join(map(str, words))}")


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
            if literal or not _is_option(word):
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
            near = closest(flag, [*self.flags, *_COMMON])
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
        known = word.partition("=")[0] in (*self.flags, *_COMMON)
        return known or (_is_option(word) and not first)

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


def _is_option(word: str) -> bool:
    if len(word) < 2 or word[0] != "-":
        return False
    return not (word[1].isdigit() or word[1] == ".")  # a negative number is a value


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


# ---- help ----------------------------------------------------------------------------------------------------


def help_text(verb: Verb | None = None) -> str:
    """What ``-h`` and ``?`` show: one verb, or all of them by area."""
    if verb is None:
        width = max(len(each.name) for each in VERBS)
        lines = ["The machine-learning workflow, in one notebook: e2e VERB …  (%e2e VERB … in a cell)", ""]
        for area in AREAS:
            lines.append(area)
            lines += [f"  {each.name:<{width}}  {each.summary}" for each in VERBS if each.area == area]
            lines.append("")
        return "\n".join([*lines, "e2e VERB -h explains a verb. --json prints any answer as JSON."])
    lines = [f"e2e {verb.usage}", "", f"  {verb.summary[0].upper()}{verb.summary[1:]}."]
    if verb.detail:
        lines.append(f"  {verb.detail}")
    if verb.args:
        names = [", ".join(arg.flags) or arg.metavar or arg.name.upper() for arg in verb.args]
        width = max(map(len, names))
        lines += ["", *(f"  {name:<{width}}  {arg.help}" for name, arg in zip(names, verb.args, strict=True))]
    lines += ["", f"  in Python: {verb.python}"]
    lines += ["", *(f"  {example}" for example in verb.examples)]
    return "\n".join(lines)


# ---- completion ----------------------------------------------------------------------------------------------


def completion_context(line: str) -> tuple[str, list[str]]:
    """What may come next after *line* (the text after ``e2e``, up to the cursor).

    Returns the kind of thing (``verb``, or an :class:`Arg`'s *complete*), and the fixed words that fit.

    >>> completion_context("sna")[0]
    'verb'
    >>> completion_context("load fli")[0]
    'dataset'
    >>> completion_context("snapshot x --st")[1]
    ['--stage']
    """
    words = line.split()
    last = "" if not line or line[-1].isspace() else words.pop()
    if not words:
        return "verb", [name for name in BY_NAME if name.startswith(last)]
    verb = BY_NAME.get(words[0])
    if verb is None:
        return "", []
    flags = {flag: arg for arg in verb.args for flag in arg.flags}
    if last.startswith("-"):
        return "", [flag for flag in [*flags, *_COMMON] if flag.startswith(last)]
    before = words[-1]
    if before in flags and not flags[before].switch:
        arg = flags[before]
        return arg.complete, [choice for choice in arg.choices if choice.startswith(last)]
    done = sum(1 for i, word in enumerate(words[1:], 1) if not _is_option(word) and words[i - 1] not in flags)
    positional = [arg for arg in verb.args if not arg.flags]
    if not positional:
        return "", []
    return positional[min(done, len(positional) - 1)].complete, []
