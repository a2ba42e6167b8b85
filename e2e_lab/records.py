"""The values that cross every border of e2e-lab: what a room returns, an adapter shows, and the disk keeps.

Records are immutable, compare by value, and go to JSON and back with nothing lost (:meth:`Record.to_json`,
:meth:`Record.from_json`). Each describes itself once, as a :class:`View`: a title, facts, at most one table,
notes and the line that undoes it. ``print`` shows the view as text; the workspace shows the same view as a card.
"""

from __future__ import annotations

import dataclasses
import re
import types
import typing
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar, Generic, Self, TypeVar

from e2e_lab.errors import InvalidName, UsageError

FORMAT = 1
"""The format number of records and of ``.e2e``; a newer one is refused."""

STAGES = ("raw", "processed")

T = TypeVar("T", bound="Record")


@dataclass(frozen=True, slots=True)
class View:
    """How a record wants to be shown: plain strings, rendered as text here and as HTML by the workspace."""

    title: str
    facts: tuple[tuple[str, str], ...] = ()
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = ()
    undo: str = ""

    def text(self) -> str:
        """The view as lines for a terminal or a cell's plain output."""
        width = max((len(label) for label, _ in self.facts), default=0)
        lines = [self.title, *(f"  {label:<{width}}  {value}" for label, value in self.facts)]
        if self.rows:
            table = [self.header, *self.rows] if self.header else list(self.rows)
            widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
            lines += [
                "  " + "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in table
            ]
        lines += [f"  {note}" for note in self.notes]
        if self.undo:
            lines.append(f"  undo: {self.undo}")
        return "\n".join(lines)


@dataclass(frozen=True, kw_only=True)
class Record:
    """What all records share: JSON in both directions, and text."""

    def to_json(self) -> dict[str, Any]:
        """Plain dicts, lists, strings and numbers; times as ISO 8601 in UTC."""
        return {f.name: _plain(getattr(self, f.name)) for f in dataclasses.fields(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The record that :meth:`to_json` described; keys that this version does not know are passed over.

        >>> Column.from_json({"name": "dep_time", "type": "int64", "nullable": True, "colour": "red"})
        Column(name='dep_time', type='int64', nullable=True, index=False)
        """
        hints = typing.get_type_hints(cls)
        return cls(
            **{
                f.name: _typed(hints[f.name], data[f.name])
                for f in dataclasses.fields(cls)
                if f.init and f.name in data
            }
        )

    def view(self) -> View:
        """What there is to show; records that people see override this."""
        return View(repr(self))

    def __str__(self) -> str:
        return self.view().text()


def _plain(value: Any) -> Any:
    if isinstance(value, Record):
        return value.to_json()
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(v) for v in value]
    return value


def _typed(hint: Any, value: Any) -> Any:
    origin = typing.get_origin(hint)
    if value is None or hint is Any:
        return value
    if origin in (typing.Union, types.UnionType):
        options = [arg for arg in typing.get_args(hint) if arg is not type(None)]
        return _typed(options[0], value) if len(options) == 1 else value
    if origin is tuple:
        args = typing.get_args(hint)
        if len(args) == 2 and args[1] is ...:
            return tuple(_typed(args[0], v) for v in value)
        return tuple(_typed(arg, v) for arg, v in zip(args, value, strict=True))
    if origin in (dict, Mapping) or hint is dict:
        args = typing.get_args(hint) or (str, Any)
        return {k: _typed(args[1], v) for k, v in value.items()}
    if isinstance(hint, type) and issubclass(hint, Record):
        return hint.from_json(value)
    if hint is datetime:
        return datetime.fromisoformat(value)
    return value


@dataclass(frozen=True, kw_only=True)
class Listing(Record, Generic[T]):
    """Several records of one kind, in order; works as a sequence."""

    items: tuple[T, ...] = ()

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __getitem__(self, index: int) -> T:
        return self.items[index]


# ---- names and references ------------------------------------------------------------------------------------

_DATASET_NAME = re.compile(r"[^\W\d_][\w-]{0,62}")
_MODEL_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_DEVICE_NAMES = {"con", "prn", "aux", "nul", *(f"{p}{n}" for p in ("com", "lpt") for n in range(1, 10))}


def dataset_name(name: str) -> str:
    """*name* in the one form that is stored (NFC), or :class:`InvalidName`.

    >>> dataset_name("flights_clean")
    'flights_clean'
    >>> dataset_name("../escape")
    Traceback (most recent call last):
    ...
    e2e_lab.errors.InvalidName: '../escape' cannot name a dataset: a letter, then letters, digits, _ or - (63 at most).
    """
    normal = unicodedata.normalize("NFC", name)
    if not _DATASET_NAME.fullmatch(normal) or normal.lower() in _DEVICE_NAMES:
        raise InvalidName(
            f"{name!r} cannot name a dataset: a letter, then letters, digits, _ or - (63 at most).",
            hint=f"--as {_suggested(normal)}",
        )
    return normal


def model_name(name: str, kind: str = "model") -> str:
    """*name* if a model or service may have it, or :class:`InvalidName`.

    >>> model_name("delay")
    'delay'
    """
    if not _MODEL_NAME.fullmatch(name):
        raise InvalidName(
            f"{name!r} cannot name a {kind}: use small letters, digits, _ and - (63 at most, a letter or digit first).",
            hint=f"--as {_suggested(name).lower()}",
        )
    return name


def _suggested(name: str) -> str:
    kept = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_-")[:63]
    return kept if kept and kept[0].isalpha() else f"d_{kept}"[:63].rstrip("_")


@dataclass(frozen=True, kw_only=True)
class Ref(Record):
    """``name`` or ``name@SELECTOR``: the one form in which datasets, runs, models and services are named."""

    name: str
    selector: str | None = None

    @classmethod
    def parse(cls, text: str) -> Ref:
        """Split at the first ``@``.

        >>> Ref.parse("flights_clean@v2")
        Ref(name='flights_clean', selector='v2')
        >>> Ref.parse("flights_clean")
        Ref(name='flights_clean', selector=None)
        """
        name, at, selector = text.strip().partition("@")
        if not name or (at and not selector):
            raise UsageError(f"{text!r} is not a reference: NAME or NAME@SELECTOR.", hint="e2e data")
        return cls(name=name, selector=selector or None)

    def __str__(self) -> str:
        return f"{self.name}@{self.selector}" if self.selector else self.name


# ---- how numbers and times are said --------------------------------------------------------------------------


def shape(rows: int, columns: int) -> str:
    """
    >>> shape(20640, 10)
    '20,640 × 10'
    """
    return f"{rows:,} × {columns:,}"


def size(n: float) -> str:
    """
    >>> size(5_312_000), size(812)
    ('5.3 MB', '812 B')
    """
    if abs(n) < 1000:
        return f"{n:.0f} B"
    for unit in ("kB", "MB", "GB", "TB"):
        n /= 1000
        if abs(n) < 999.5 or unit == "TB":
            break
    return f"{n:.1f} {unit}" if abs(n) < 100 else f"{n:.0f} {unit}"


def duration(seconds: float) -> str:
    """
    >>> duration(0.034), duration(12.31), duration(192)
    ('34 ms', '12.3 s', '3 min 12 s')
    """
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60} s"


def age(time: datetime, now: datetime | None = None) -> str:
    """How long ago, in words.

    >>> from datetime import timedelta
    >>> age(datetime(2026, 11, 22, tzinfo=UTC), datetime(2026, 11, 22, 2, tzinfo=UTC))
    '2 h ago'
    """
    seconds = ((now or datetime.now(UTC)) - time).total_seconds()
    for limit, unit, words in ((90, 1, "s"), (5400, 60, "min"), (129600, 3600, "h"), (5184000, 86400, "days")):
        if seconds < limit:
            return "just now" if unit == 1 and seconds < 10 else f"{round(seconds / unit)} {words} ago"
    return time.astimezone().strftime("%Y-%m-%d")


def plural(n: int, word: str) -> str:
    """
    >>> plural(1, "run"), plural(2, "run")
    ('1 run', '2 runs')
    """
    return f"{n:,} {word}" if n == 1 else f"{n:,} {word}s"


# ---- data ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Column(Record):
    """One column of a snapshot's schema; *type* is Arrow's name for it, ``int64`` or ``timestamp[ns, tz=UTC]``.

    *index* is True for a level of a pandas frame's index: kept with the rows, but not counted as a column.
    """

    name: str
    type: str
    nullable: bool
    index: bool = False


@dataclass(frozen=True, kw_only=True)
class Parent(Record):
    """A snapshot that another was made from. *inferred* says how it was found when nobody said so."""

    name: str
    version: int
    id: str
    inferred: str | None = None

    def __str__(self) -> str:
        return f"{self.name}@v{self.version}"


@dataclass(frozen=True, kw_only=True)
class Origin(Record):
    """Where something was made: a notebook or script (relative to the project) and the cell in it."""

    notebook: str | None = None
    cell: str | None = None


@dataclass(frozen=True, kw_only=True)
class VersionRef(Record):
    """Which version came before."""

    version: int
    id: str


@dataclass(frozen=True, kw_only=True)
class Snapshot(Record):
    """One immutable version of a dataset. What ``data/STAGE/NAME.json`` holds, plus how this call went.

    *bytes_stored*, *changed* and *notes* tell of the call that returned it and are not part of the record.
    """

    STORED: ClassVar[tuple[str, ...]] = (
        "id", "version", "previous", "rows", "schema", "parents", "source", "key", "message", "author", "time",
        "origin",
    )  # fmt: skip

    name: str
    stage: str
    id: str
    version: int
    previous: VersionRef | None = None
    rows: int
    schema: tuple[Column, ...]
    parents: tuple[Parent, ...] = ()
    source: str | None = None
    key: tuple[str, ...] = ()
    message: str | None = None
    author: str | None = None
    time: datetime
    origin: Origin = Origin()
    changed: bool = True
    bytes_stored: int = 0
    notes: tuple[str, ...] = ()

    @property
    def ref(self) -> str:
        """``name@vN``."""
        return f"{self.name}@v{self.version}"

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in order, without the index."""
        return tuple(column.name for column in self.schema if not column.index)

    @property
    def as_parent(self) -> Parent:
        """How another snapshot, a run or a service names this one."""
        return Parent(name=self.name, version=self.version, id=self.id)

    def view(self) -> View:
        made = [f"from {self.source}"] if self.source else []
        if self.parents:
            made.append("made from " + ", ".join(str(parent) for parent in self.parents))
        if not self.changed:
            made.append("unchanged")
        elif self.bytes_stored:
            made.append(f"+{size(self.bytes_stored)}")
        title = " · ".join([self.ref, self.stage, shape(self.rows, len(self.columns)), *made])
        undo = ""
        if self.changed:
            undo = f"e2e restore {self.name}@v{self.previous.version}" if self.previous else f"e2e remove {self.name}"
        return View(title, notes=self.notes, undo=undo)


@dataclass(frozen=True, kw_only=True)
class Snapshots(Listing[Snapshot]):
    """Several snapshots made by one call."""

    def view(self) -> View:
        views = [snapshot.view() for snapshot in self.items]
        notes = tuple(note for view in views for note in view.notes)
        return View(plural(len(self.items), "snapshot"), rows=tuple((view.title,) for view in views), notes=notes)


@dataclass(frozen=True, kw_only=True)
class Dataset(Record):
    """A dataset as the project has it now, with the versions that can be named."""

    name: str
    stage: str
    current: Snapshot
    versions: int
    bytes: int
    saved: bool
    """Whether the record is committed to git as it is."""


@dataclass(frozen=True, kw_only=True)
class Datasets(Listing[Dataset]):
    """The project's datasets, raw before processed, by name."""

    def view(self) -> View:
        if not self.items:
            return View("No datasets yet.", notes=("e2e snapshot VARIABLE keeps a DataFrame.",))
        rows = tuple(
            (d.name, d.stage, f"v{d.current.version}", shape(d.current.rows, len(d.current.columns)), size(d.bytes),
             age(d.current.time), "committed" if d.saved else "not committed")
            for d in self.items
        )  # fmt: skip
        title = plural(len(self.items), "dataset")
        return View(title, header=("dataset", "stage", "version", "shape", "size", "made", "git"), rows=rows)


@dataclass(frozen=True, kw_only=True)
class Exported(Record):
    """A version written outside the store as one ordinary file."""

    ref: str
    path: str
    rows: int
    bytes: int

    def view(self) -> View:
        return View(f"{self.ref} → {self.path} · {self.rows:,} rows · {size(self.bytes)}")


@dataclass(frozen=True, kw_only=True)
class Renamed(Record):
    """A dataset that has another name now."""

    old: str
    new: str

    def view(self) -> View:
        return View(f"{self.old} is now {self.new}", undo=f"e2e rename {self.new} {self.old}")


@dataclass(frozen=True, kw_only=True)
class Removed(Record):
    """A dataset that left the current project; its versions stay in history and in the store."""

    name: str
    version: int
    stage: str

    def view(self) -> View:
        return View(
            f"{self.name} is no longer in the project; its versions are kept",
            undo=f"e2e restore {self.name}@v{self.version}",
        )


# ---- versions ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Initialised(Record):
    """A project that was made or completed; *created* names the files and settings that were not there before."""

    path: str
    name: str
    created: tuple[str, ...] = ()

    def view(self) -> View:
        done = f"created {', '.join(self.created)}" if self.created else "nothing to do, all in place"
        return View(f"Project {self.name} in {self.path} · {done}", notes=("next: e2e snapshot VARIABLE",))


@dataclass(frozen=True, kw_only=True)
class DatasetChange(Record):
    """What a commit did to a dataset: *before* and *after* are version numbers, None where it was not there."""

    name: str
    before: int | None
    after: int | None

    def __str__(self) -> str:
        if self.after is None:
            return f"{self.name} removed"
        return f"{self.name}@v{self.after}" if self.before is None else f"{self.name} v{self.before}→v{self.after}"


@dataclass(frozen=True, kw_only=True)
class Commit(Record):
    """A git commit of code and records together. *id* is git's; *left_out* names what was not put into it."""

    id: str
    message: str
    author: str
    time: datetime
    branch: str | None = None
    files: tuple[str, ...] = ()
    datasets: tuple[DatasetChange, ...] = ()
    left_out: tuple[str, ...] = ()
    changed: bool = True
    notes: tuple[str, ...] = ()

    @property
    def short(self) -> str:
        """The first seven digits, as git shows them."""
        return self.id[:7]

    def view(self) -> View:
        if not self.changed:
            as_in = f"{self.short} “{self.message.splitlines()[0]}”"
            return View(f"Nothing to commit: all is as in {as_in}", notes=self.notes)
        code = [f for f in self.files if not f.endswith(".json") or "data/" not in f]
        what = [plural(len(code), "file")] if code else []
        what += [str(change) for change in self.datasets]
        title = " · ".join([f"{self.short} “{self.message.splitlines()[0]}”", *what])
        notes = self.notes
        if self.left_out:
            more = f" and {len(self.left_out) - 8:,} more" if len(self.left_out) > 8 else ""
            notes = (*notes, "left out: " + ", ".join(self.left_out[:8]) + more)
        return View(title, notes=notes, undo="git reset --soft HEAD~1")


@dataclass(frozen=True, kw_only=True)
class History(Listing[Commit]):
    """Commits, newest first, with what each did to the data."""

    def view(self) -> View:
        if not self.items:
            return View("No commits yet.", notes=('e2e commit -m "first data" makes one.',))
        rows = tuple(
            (c.short, age(c.time), c.message.splitlines()[0] if c.message else "",
             ", ".join(str(d) for d in c.datasets), c.author)
            for c in self.items
        )  # fmt: skip
        title = plural(len(self.items), "commit")
        return View(title, header=("commit", "when", "message", "data", "author"), rows=rows)


@dataclass(frozen=True, kw_only=True)
class Restored(Record):
    """Files and records that are again as they were; *saved* is the ref that keeps what they replaced."""

    revision: str
    files: tuple[str, ...] = ()
    datasets: tuple[DatasetChange, ...] = ()
    saved: str | None = None
    notes: tuple[str, ...] = ()

    def view(self) -> View:
        revision = self.revision[:7] if re.fullmatch("[0-9a-f]{40}", self.revision) else self.revision
        if not self.files:
            return View(f"All is as in {revision} already", notes=self.notes)
        what = [str(change) for change in self.datasets] or [plural(len(self.files), "file")]
        undo = f"e2e restore {self.saved}" if self.saved else ""
        return View(f"As in {revision}: " + ", ".join(what), notes=self.notes, undo=undo)


@dataclass(frozen=True, kw_only=True)
class Pin(Record):
    """The exact code of a moment: a commit on a hidden ref, and the hash of the environment lock in it."""

    commit: str
    ref: str
    environment: str


# ---- experiments ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class DataUse(Record):
    """A snapshot that a run read or made; *role* is ``input``, ``train`` or ``output``."""

    name: str
    version: int
    id: str
    role: str = "input"

    def __str__(self) -> str:
        return f"{self.name}@v{self.version}"


@dataclass(frozen=True, kw_only=True)
class Trail(Record):
    """What a kernel knows about the work behind something: handed down to the rooms, which never ask it.

    *cells* are the sources of the cells that ran, in order; *cell* is the id of the one that runs now.
    """

    notebook: str | None = None
    cell: str | None = None
    cells: tuple[str, ...] = ()

    @property
    def origin(self) -> Origin:
        """Where this happens, as records keep it."""
        return Origin(notebook=self.notebook, cell=self.cell)


@dataclass(frozen=True, kw_only=True)
class Run(Record):
    """One tracked experiment. *id* is MLflow's; *status* is MLflow's word, in small letters."""

    id: str
    name: str
    status: str
    params: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    start: datetime
    end: datetime | None = None
    data: tuple[DataUse, ...] = ()
    pin: Pin | None = None
    origin: Origin = Origin()
    models: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def view(self) -> View:
        took = f" · {duration((self.end - self.start).total_seconds())}" if self.end else ""
        metrics = "".join(f" · {k} {v:.6g}" for k, v in list(self.metrics.items())[:4])
        facts = []
        if self.params:
            facts.append(("params", ", ".join(f"{k}={v}" for k, v in self.params.items())))
        if self.data:
            facts.append(("data", ", ".join(dict.fromkeys(str(use) for use in self.data))))
        if self.models:
            facts.append(("models", ", ".join(self.models)))
        return View(f"{self.name} · {self.status}{took}{metrics}", facts=tuple(facts), notes=self.notes)


@dataclass(frozen=True, kw_only=True)
class RunsOverview(Record):
    """How the experiments stand, in counts; *remote* names the tracking server where there is one (never asked)."""

    remote: str | None = None
    runs: int = 0
    running: int = 0
    models: int = 0
    registered: int = 0
    newest: str | None = None
    newest_name: str | None = None
    newest_status: str | None = None
    newest_start: datetime | None = None
    newest_metrics: dict[str, float] = field(default_factory=dict)
    problem: str | None = None


@dataclass(frozen=True, kw_only=True)
class RequestColumn(Record):
    """One column that a model wants in each row: *type* is Arrow's name; *categories* where only these are allowed."""

    name: str
    type: str
    nullable: bool
    categories: tuple[Any, ...] | None = None
    ordered: bool = False
    dtype: str = ""
    """The pandas dtype the model was fitted on, so that a row becomes the same kind of frame."""


@dataclass(frozen=True, kw_only=True)
class RequestSchema(Record):
    """What a model takes and gives: the columns of a row, and the names of its outputs."""

    columns: tuple[RequestColumn, ...]
    outputs: tuple[str, ...] = ("predictions",)


@dataclass(frozen=True, kw_only=True)
class KeptModel(Record):
    """A model that a run kept. *path* is its folder on this machine; *hash* covers every file in it."""

    id: str
    name: str
    run: str
    run_name: str
    path: str
    hash: str
    class_name: str
    predict: str
    schema: RequestSchema
    fingerprint: str
    """Hash of what the model answers to its stored rows: equal for a model that was fitted again to the same end."""
    modules: tuple[str, ...] = ()
    data: tuple[DataUse, ...] = ()


# ---- models and services -------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class ModelVersion(Record):
    """A version of a registered model, and the run that made it."""

    name: str
    version: int
    aliases: tuple[str, ...] = ()
    run: str
    run_name: str
    model_id: str
    changed: bool = True
    notes: tuple[str, ...] = ()

    @property
    def ref(self) -> str:
        """``name@vN``."""
        return f"{self.name}@v{self.version}"

    def view(self) -> View:
        aliases = "".join(f" · {alias}" for alias in self.aliases)
        state = "" if self.changed else " · registered already"
        return View(f"{self.ref}{aliases} · from run {self.run_name}{state}", notes=self.notes)


@dataclass(frozen=True, kw_only=True)
class Replay(Record):
    """How a built service answered stored rows, against the model. *different* counts answers that were not equal."""

    rows: int
    different: int
    largest_difference: float
    seconds: float

    @property
    def equal(self) -> bool:
        """Whether every answer was the model's, to the last bit."""
        return self.rows > 0 and self.different == 0

    def __str__(self) -> str:
        if self.equal:
            return f"{self.rows:,} stored rows answered equal to the model"
        return f"{self.different:,} of {self.rows:,} stored rows answered differently"


@dataclass(frozen=True, kw_only=True)
class Package(Record):
    """A model packaged as a Bento, replayed and accepted. *bento* is its tag in the project's BENTOML_HOME."""

    service: str
    version: int
    model: str
    model_version: int
    run: str
    bento: str
    path: str
    replay: Replay
    data: tuple[Parent, ...] = ()
    time: datetime
    changed: bool = True
    notes: tuple[str, ...] = ()

    @property
    def ref(self) -> str:
        """``service@vN``."""
        return f"{self.service}@v{self.version}"

    def view(self) -> View:
        state = "" if self.changed else " · packaged already"
        title = f"{self.ref} · model {self.model}@v{self.model_version} · {self.replay}{state}"
        return View(title, facts=(("bento", self.bento),), notes=self.notes)


@dataclass(frozen=True, kw_only=True)
class Service(Record):
    """A running (or ended) service: which package, where it answers, which process it is."""

    name: str
    version: int
    model: str
    model_version: int
    url: str
    pid: int
    started: float
    """The process's creation time in seconds since 1970: with *pid*, it names one process for good."""
    state: str
    since: datetime
    log: str

    def view(self) -> View:
        title = f"{self.name}@v{self.version} · {self.state} · {self.url}"
        return View(title, facts=(("model", f"{self.model}@v{self.model_version}"), ("log", self.log)))


@dataclass(frozen=True, kw_only=True)
class Services(Listing[Service]):
    """The services of this project that are running."""

    def view(self) -> View:
        if not self.items:
            return View("Nothing is serving.", notes=("e2e serve MODEL starts a service.",))
        rows = tuple(
            (f"{s.name}@v{s.version}", s.state, s.url, f"{s.model}@v{s.model_version}", age(s.since))
            for s in self.items
        )
        return View(plural(len(self.items), "service"), header=("service", "state", "url", "model", "since"), rows=rows)


@dataclass(frozen=True, kw_only=True)
class Stopped(Record):
    """A service that was ended; *was_running* is False where there was nothing to end."""

    name: str
    version: int
    was_running: bool = True

    def view(self) -> View:
        if not self.was_running:
            return View(f"{self.name} was not running")
        return View(f"{self.name}@v{self.version} stopped", undo=f"e2e serve {self.name}@v{self.version}")


# ---- lineage and status --------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Step(Record):
    """One link of a chain: a prediction, service, model, run, commit, cell, snapshot or source."""

    kind: str
    name: str
    facts: dict[str, str] = field(default_factory=dict)
    depth: int = 0


@dataclass(frozen=True, kw_only=True)
class Trace(Record):
    """The chain behind something, from it back to the raw source; *missing* names links that could not be found."""

    subject: str
    steps: tuple[Step, ...] = ()
    missing: tuple[str, ...] = ()

    def view(self) -> View:
        rows = tuple(
            ("  " * step.depth + step.kind, step.name, " · ".join(f"{k} {v}" for k, v in step.facts.items()))
            for step in self.steps
        )
        notes = tuple(f"not found: {link}" for link in self.missing)
        return View(f"Behind {self.subject}", rows=rows, notes=notes)


@dataclass(frozen=True, kw_only=True)
class Room(Record):
    """One box of the workflow chart: its *state* is ``clean``, ``unsaved``, ``running``, ``empty`` or ``needs you``."""

    name: str
    state: str
    summary: str
    next: str | None = None


@dataclass(frozen=True, kw_only=True)
class Status(Record):
    """Where the project stands in the flow, what is not safe yet, and the next step."""

    SIGNS: ClassVar[dict[str, str]] = {"clean": "●", "unsaved": "•", "running": "◐", "empty": "○", "needs you": "▲"}

    project: str
    path: str
    branch: str | None
    revision: int
    rooms: tuple[Room, ...] = ()
    unsaved: tuple[str, ...] = ()
    disk: int = 0
    next: str | None = None

    def view(self) -> View:
        title = " · ".join([self.project, *([self.branch] if self.branch else []), f"{size(self.disk)} stored"])
        rows = tuple((self.SIGNS[room.state], room.name, room.summary, room.next or "") for room in self.rooms)
        notes = (f"next: {self.next}",) if self.next else ()
        return View(title, rows=rows, notes=notes)
