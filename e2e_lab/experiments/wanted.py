"""Which runs are wanted, and in which order, as SQL over MLflow's tables."""

from __future__ import annotations

import re
import shlex
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from e2e_lab.errors import UsageError, closest
from e2e_lab.records import Record

_TERM = re.compile(r"(?P<name>[^<>=!]+)(?P<op><=|>=|!=|=|<|>)(?P<value>.+)")
_FIXED = {
    "time": "r.start_time",
    "name": "r.name collate nocase",
    "status": "r.status",
    "seconds": "coalesce(r.end_time, 0) - r.start_time",
}
_OWN = {"name": "r.name", "status": "r.status", "id": "r.run_uuid"}
_TAGS = {"notebook": "e2e.notebook", "data": "e2e.data"}


@dataclass(frozen=True, kw_only=True)
class Wanted(Record):
    """Which runs, in which order: *sort* is ``time``, ``name``, ``status``, ``seconds`` or a metric or parameter.

    A ``-`` before it turns the order. *match* holds words and conditions such as ``rmse<0.5``; *notebook* leaves out
    all others, *first* puts a notebook's runs first, *pins* some runs before all. *columns* are the metrics and
    parameters that come along, all of them where none is named.
    """

    limit: int = 100
    offset: int = 0
    sort: str | None = None
    match: str | None = None
    notebook: str | None = None
    first: str | None = None
    pins: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()


def marks(values: Sequence[object]) -> str:
    """A question mark for each value."""
    return ", ".join("?" * len(values))


def where(experiment: str, wanted: Wanted) -> tuple[str, tuple[object, ...]]:
    """What a run must be, and the values of that."""
    parts = [
        "r.lifecycle_stage = 'active'",
        "r.experiment_id in (select experiment_id from experiments where name = ?)",
    ]
    values: list[object] = [experiment]
    if wanted.notebook is not None:
        parts.append(_HAS_TAG)
        values += ["e2e.notebook", wanted.notebook]
    for term in _words(wanted.match or ""):
        said, more = _condition(term)
        parts.append(said)
        values += more
    return " and ".join(parts), tuple(values)


_HAS_TAG = "exists (select 1 from tags t where t.run_uuid = r.run_uuid and t.key = ? and t.value = ?)"


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:  # a quotation mark that is not closed yet
        return text.split()


def _condition(term: str) -> tuple[str, list[object]]:
    """A condition in SQL, and its values.

    >>> _condition("status=failed")
    ('r.status = ? collate nocase', ['failed'])
    """
    found = _TERM.fullmatch(term)
    if not found:
        return _any_of(term)
    name, op, value = found["name"].strip(), found["op"].replace("!=", "<>"), found["value"].strip()
    if name in _OWN and op in ("=", "<>"):
        return f"{_OWN[name]} {op} ? collate nocase", [value]
    if name in _TAGS and op == "=":
        like = "exists (select 1 from tags t where t.run_uuid = r.run_uuid and t.key = ? and t.value like ? escape '!')"
        return like, [_TAGS[name], _data(value) if name == "data" else _like(value)]
    as_number = number(value)
    param = "exists (select 1 from params p where p.run_uuid = r.run_uuid and p.key = ? and {} {} ?)"
    if as_number is None:
        return param.format("p.value", op), [name, value]
    metric = "exists (select 1 from latest_metrics m where m.run_uuid = r.run_uuid and m.key = ? and m.value {} ?)"
    return f"({metric.format(op)} or {param.format('number(p.value)', op)})", [name, as_number, name, as_number]


def _any_of(word: str) -> tuple[str, list[object]]:
    """A word that a run's name, id, status, notebook, data or parameters have."""
    like = _like(word)
    tag = "exists (select 1 from tags t where t.run_uuid = r.run_uuid and t.key = ? and t.value like ? escape '!')"
    param = "exists (select 1 from params p where p.run_uuid = r.run_uuid and p.value like ? escape '!')"
    own = [f"r.{column} like ? escape '!'" for column in ("name", "run_uuid", "status")]
    values = [like, like[1:], like, "e2e.notebook", like, "e2e.data", _data(word), like]
    return f"({' or '.join([*own, tag, tag, param])})", list(values)


def _data(ref: str) -> str:
    """A use of a dataset whose name begins so, or of a version, in the JSON of a tag."""
    name, _, version = ref.partition("@v")
    return _like(f'"name": "{name}", "version": {version},' if version else f'"name": "{name}')


def _like(text: str) -> str:
    for letter in "!%_":
        text = text.replace(letter, f"!{letter}")
    return f"%{text}%"


def number(text: object) -> float | None:
    """The number that a parameter's text is, None where it is none."""
    try:
        found = float(str(text))
    except ValueError:
        return None
    return found if found == found else None  # noqa: PLR0124  NaN is in no order


@dataclass(frozen=True)
class Order:
    """The order in SQL: what is joined, the keys, and the values of both."""

    joins: str
    keys: str
    joined: tuple[object, ...]
    values: tuple[object, ...]


def order(tables: sqlite3.Connection, wanted: Wanted) -> Order:
    """How the runs are ordered, those without the value last; :class:`UsageError` where none has it."""
    keys: list[str] = []
    values: list[object] = []
    if wanted.pins:
        keys.append(f"r.run_uuid in ({marks(wanted.pins)}) desc")
        values += wanted.pins
    if wanted.first is not None:
        keys.append(f"{_HAS_TAG} desc")
        values += ["e2e.notebook", wanted.first]
    sort = wanted.sort or "-time"
    name, turn = sort.removeprefix("-"), " desc" if sort.startswith("-") else ""
    joins, joined = "", ""
    if name in _FIXED:
        keys.append(_FIXED[name] + turn)
    elif _is_metric(tables, name):
        joins, joined = "left join latest_metrics s on s.run_uuid = r.run_uuid and s.key = ?", _bare(name, "metric")
        keys += ["(s.value is null or s.is_nan)", f"s.value{turn}"]
    else:
        joins, joined = "left join params s on s.run_uuid = r.run_uuid and s.key = ?", _param(tables, name)
        keys += ["s.value is null", "number(s.value) is null", f"number(s.value){turn}", f"s.value{turn}"]
    keys += ["r.start_time desc", "r.run_uuid"]
    return Order(joins, ", ".join(keys), (joined,) if joined else (), tuple(values))


def _bare(name: str, kind: str) -> str:
    return name.removeprefix(f"{kind}.")


def _is_metric(tables: sqlite3.Connection, name: str) -> bool:
    if name.startswith("param."):
        return False
    known = tables.execute("select 1 from latest_metrics where key = ? limit 1", (_bare(name, "metric"),)).fetchone()
    return known is not None


def _param(tables: sqlite3.Connection, name: str) -> str:
    bare = _bare(name, "param")
    if tables.execute("select 1 from params where key = ? limit 1", (bare,)).fetchone() is None:
        known = [key for (key,) in tables.execute("select distinct key from latest_metrics")]
        known += [key for (key,) in tables.execute("select distinct key from params")]
        near = closest(name, [*known, *_FIXED])
        raise UsageError(
            f"No run has the metric or parameter {bare!r}.{f' Did you mean {near!r}?' if near else ''}",
            hint=f"sort={near or 'time'}",
        )
    return bare
