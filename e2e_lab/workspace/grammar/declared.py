"""The verbs, declared once: both parsers, completion, help and the reference pages come from here."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from e2e_lab.errors import UsageError, closest
from e2e_lab.workspace.grammar.words import Arg, Verb

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


def find_verb(name: str, rest: Sequence[str] = ()) -> Verb:
    """The verb of that name, or :class:`UsageError` with the nearest one, before the *rest* of the words."""
    if name in BY_NAME:
        return BY_NAME[name]
    near = closest(name, BY_NAME)
    wants = near and any(not arg.flags and arg.many in (None, "+") for arg in BY_NAME[near].args)
    words = [near, *map(shlex.quote, rest or (["-h"] if wants else []))] if near else ["-h"]
    raise UsageError(f"There is no verb {name!r}.", hint=f"e2e {' '.join(map(str, words))}")
