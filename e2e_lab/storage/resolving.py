"""Which version a reference means: ``name``, or ``name@SELECTOR``.

Selectors in the order in which they are tried: ``vN``, ``run:R``, a date, a git revision, a prefix of a content id;
``git:`` and ``id:`` force. What a run made and what git says are not known here: other rooms lend a :data:`Lookup`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from e2e_lab.errors import Ambiguous, DatasetNotFound, UsageError, VersionNotFound, closest
from e2e_lab.project import Project
from e2e_lab.records import Ref, Snapshot, dataset_name, plural
from e2e_lab.storage import journal, record_files

Lookup = Callable[[str, str], Snapshot | None]
"""Given a dataset's name and the rest of the selector: the version meant, or None."""

_VERSION = re.compile(r"v([1-9]\d*)")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?Z?)?")
_ID = re.compile(r"[0-9a-f]{6,32}")
SHOWN = 12


def current(project: Project, name: str) -> Snapshot:
    """The current version of a dataset; :class:`DatasetNotFound` says what was probably meant."""
    name = dataset_name(name)
    snapshot = record_files.found(project, name)
    if snapshot is None:
        raise _not_found(project, name)
    return _as_stored(snapshot)


def versions(project: Project, name: str) -> tuple[Snapshot, ...]:
    """All versions of a dataset that were ever made here, oldest first, whether committed or not."""
    name = dataset_name(name)
    now = record_files.found(project, name)
    if now is None and journal.renamed_to(project, name):
        raise _not_found(project, name)
    return _known(project, name, now) or _nowhere(project, name)


def every_version(project: Project) -> dict[str, tuple[Snapshot, ...]]:
    """All versions of all datasets by name, as :func:`versions` has them, removed datasets too; each file read once."""
    now = record_files.all_found(project)
    names = sorted({*now, *journal.known_names(project)})
    found = {name: _known(project, name, now.get(name)) for name in names}
    return {name: known for name, known in found.items() if known}


def _known(project: Project, name: str, now: Snapshot | None) -> tuple[Snapshot, ...]:
    """The versions of a dataset whose current record is *now*; none where it was renamed away."""
    known = journal.noted(project, name)
    if now is not None and all((v.version, v.id, v.time) != (now.version, now.id, now.time) for v in known):
        known = (*known, _as_stored(now))
    return known


def _nowhere(project: Project, name: str) -> tuple[Snapshot, ...]:
    raise _not_found(project, name)


def resolve(project: Project, ref: Ref, *, lookups: Mapping[str, Lookup]) -> Snapshot:
    """The version that *ref* means.

    *lookups* has entries ``"run"`` and ``"git"``. Raises :class:`DatasetNotFound`, :class:`VersionNotFound` or
    :class:`Ambiguous`; each lists what there is. A date without a time means the end of that day in UTC.
    """
    name = dataset_name(ref.name)
    if ref.selector is None:
        return current(project, name)
    selector = ref.selector
    known = versions(project, name)
    forced, _, rest = selector.partition(":")
    if forced in ("run", "git") and rest:
        return _looked_up(name, forced, rest, lookups) or _none(known, ref)
    if forced == "id" and rest:
        return _by_id(known, rest.lower(), ref) or _none(known, ref)
    if number := _VERSION.fullmatch(selector):
        return _numbered(project, known, int(number[1]), ref)
    if _DATE.fullmatch(selector):
        return _at(project, known, selector, ref)
    return (
        _looked_up(name, "git", selector, lookups)
        or (_by_id(known, selector.lower(), ref) if _ID.fullmatch(selector.lower()) else None)
        or _none(known, ref)
    )


def _as_stored(snapshot: Snapshot) -> Snapshot:
    return replace(snapshot, changed=False, bytes_stored=0, notes=())


def _looked_up(name: str, kind: str, selector: str, lookups: Mapping[str, Lookup]) -> Snapshot | None:
    look = lookups.get(kind)
    return look(name, selector) if look else None


def _chain(project: Project, known: Sequence[Snapshot]) -> list[Snapshot]:
    """The current version and those before it, newest first, as far as they are known here."""
    now = record_files.found(project, known[0].name)
    by_event = {(version.version, version.id): version for version in known}
    chain: list[Snapshot] = []
    step = now or known[-1]
    while True:
        chain.append(by_event.get((step.version, step.id), step))
        before = chain[-1].previous
        following = by_event.get((before.version, before.id)) if before else None
        if following is None or following.version >= step.version:
            return chain
        step = following


def _numbered(project: Project, known: Sequence[Snapshot], number: int, ref: Ref) -> Snapshot:
    chain = _chain(project, known)
    for version in chain:
        if version.version == number:
            return version
    elsewhere = [version for version in known if version.version == number]
    if len({version.id for version in elsewhere}) > 1:
        raise _ambiguous(elsewhere, ref)
    if elsewhere:
        return elsewhere[-1]
    if number < chain[0].version:
        raise VersionNotFound(
            f"{ref} exists only where it was made; here there are {_listed(known)}.", hint=f"e2e load {chain[0].ref}"
        )
    return _none(known, ref)


def _at(project: Project, known: Sequence[Snapshot], selector: str, ref: Ref) -> Snapshot:
    try:
        when = datetime.fromisoformat(selector.replace(" ", "T"))
    except ValueError:
        raise UsageError(f"{selector!r} is no date.", hint=f"e2e load {ref.name}@2026-11-22") from None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    if len(selector) == 10:
        when += timedelta(days=1, microseconds=-1)
    before = [version for version in _chain(project, known) if version.time <= when]
    before = before or sorted((v for v in known if v.time <= when), key=lambda v: v.time, reverse=True)
    return before[0] if before else _none(known, ref)


def _by_id(known: Sequence[Snapshot], prefix: str, ref: Ref) -> Snapshot | None:
    if len(prefix) < 6:
        raise UsageError(f"{prefix!r} is too short for a content id: 6 digits or more.", hint=f"e2e log {ref.name}")
    fitting = [version for version in known if version.id.startswith(prefix)]
    if len({version.id for version in fitting}) > 1:
        raise _ambiguous(fitting, ref)
    return fitting[-1] if fitting else None


def _listed(known: Sequence[Snapshot]) -> str:
    shown = [f"v{version.version}" for version in known[-SHOWN:]]
    return ", ".join(([f"{plural(len(known) - SHOWN, 'older version')}"] if len(known) > SHOWN else []) + shown)


def _ambiguous(fitting: Sequence[Snapshot], ref: Ref) -> Ambiguous:
    ids = sorted({version.id for version in fitting})
    listed = ", ".join(f"{ref.name}@id:{one[:12]}" for one in ids[:SHOWN])
    return Ambiguous(f"{ref} can mean several versions: {listed}.", hint=f"e2e load {ref.name}@id:{ids[-1][:12]}")


def _none(known: Sequence[Snapshot], ref: Ref) -> Snapshot:
    raise VersionNotFound(
        f"{ref.name} has no version {ref.selector!r}; there are {_listed(known)}.", hint=f"e2e load {known[-1].ref}"
    )


def _not_found(project: Project, name: str) -> DatasetNotFound:
    new = journal.renamed_to(project, name)
    if new:
        return DatasetNotFound(f"{name} is now {new}.", hint=f"e2e load {new}")
    left = journal.noted(project, name)
    if left:
        return DatasetNotFound(f"{name} was removed from the project.", hint=f"e2e restore {left[-1].ref}")
    known = list(record_files.all_found(project))
    meant = closest(name, known)
    listed = f" There are: {', '.join(sorted(known)[:SHOWN])}." if known else ""
    said = f" Did you mean {meant}?" if meant else listed
    hint = f"e2e load {meant}" if meant else "e2e data"
    return DatasetNotFound(f"There is no dataset {name!r}.{said}", hint=hint)
