"""Save a frame as a version of a dataset.

A version is an event in three steps, each durable before the next: its content in the store, its line in the journal,
the record file. Hashing and encoding happen before the project is locked; under the lock the current record is read
again, so that of two processes that save at once each gets its own number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeAlias

from e2e_lab.errors import Locked, UsageError, closest
from e2e_lab.project import Project
from e2e_lab.records import STAGES, Column, Origin, Parent, Snapshot, VersionRef, dataset_name
from e2e_lab.storage import journal, record_files, store
from e2e_lab.storage.frames import as_stream, from_frame
from e2e_lab.storage.identity import Content, content_id
from e2e_lab.storage.keys import check_key
from e2e_lab.storage.store import ledger


def fingerprint(frame: Any) -> str:
    """The content id of any frame, without storing it.

    >>> import pyarrow as pa
    >>> fingerprint(pa.table({"carrier": ["UA", "AA"]})) == fingerprint(pa.table({"carrier": ["UA", "B6"]}))
    False
    """
    return content_id(from_frame(frame))


Author: TypeAlias = str | Callable[[], str | None] | None
"""Who makes a version, or a function that says so: it is only asked where there is something to write, and beside the
writing, since git takes a while to say."""


@dataclass(frozen=True)
class Wanted:
    """What the caller of :func:`snapshot` said."""

    name: str
    stage: str
    parents: tuple[Parent, ...]
    source: str | None
    message: str | None
    author: str | None
    origin: Origin


def snapshot(
    project: Project,
    frame: Any,
    name: str,
    *,
    stage: str | None = None,
    parents: Sequence[Parent] = (),
    source: str | None = None,
    key: Sequence[str] | None = None,
    message: str | None = None,
    author: Author = None,
    origin: Origin = Origin(),  # noqa: B008 - immutable
    notes: Sequence[str] = (),
) -> Snapshot:
    """Save *frame* as a version of the dataset *name*; where nothing changed, nothing is written.

    *stage* is by default the dataset's own, else processed where there are *parents*, else raw where a *source* is
    known. *key* names the columns that tell rows apart; None leaves key and message as they were. Equal content with
    a new key, message or source updates the record; the version stays.

    Raises :class:`InvalidName`, :class:`UsageError` (no stage known, another stage, a key that is not unique),
    :class:`UnsupportedData` naming the column that would not come back equal, :class:`NotOurs` where another file
    stands in the record's place, and what the file system refuses.
    """
    name = dataset_name(name)
    before = record_files.found(project, name)
    wanted = Wanted(name, _stage(name, stage, before, parents, source), tuple(parents), source, message, None, origin)
    with store.lease(project) as lease, ThreadPoolExecutor(1) as beside:

        @cache
        def asked() -> Future[str | None]:
            return beside.submit(lambda: author() if callable(author) else author)

        made = _put(project, frame, lease, before=before, name=name, key=key, changed=asked)
        new_key = made.key if key is not None else None
        others = tuple(parent for parent in wanted.parents if (parent.name, parent.id) != (name, made.id))
        wanted = replace(wanted, parents=others)
        said = (*notes, *made.notes)
        if before is not None and before.id == made.id and _updated(before, wanted, new_key) == before:
            ledger.note_anew(project, made.id)
            if made.added:
                project.changed()
            return replace(before, changed=False, bytes_stored=made.added, notes=said)
        wanted = replace(wanted, author=asked().result())
        with project.lock(f"snapshot {name}"):
            now = record_files.found(project, name)
            _stage(name, wanted.stage, now, parents, source)
            if now is not None and journal.missing(project, now):  # it came with a clone
                journal.note(project, now, brought=True)
            same = now is not None and now.id == made.id
            if not same and not store.is_stored(project, made.id):  # equal to what was current then, so without a lease
                raise Locked(f"{name} was removed and collected while it was being saved.", hint="save it again")
            result = _updated(now, wanted, new_key) if now is not None and same else _version(made, wanted, now)
            ledger.note_anew(project, made.id)
            if result != now:
                journal.note(project, result)
                record_files.write(project, result)
    project.changed()
    return replace(result, changed=not same, bytes_stored=made.added, notes=said)


def draft(
    project: Project,
    frame: Any,
    name: str,
    *,
    stage: str | None = None,
    parents: Sequence[Parent] = (),
    source: str | None = None,
) -> Snapshot:
    """The version that :func:`snapshot` would make, or the current one where *frame* equals it; no version is made.

    The bytes are put into the store, so that :func:`load` can give the draft back; no record or journal names them.
    """
    name = dataset_name(name)
    now = record_files.found(project, name)
    with store.lease(project) as lease:
        made = _put(project, frame, lease, before=now, name=name, key=())
        if now is None or now.id != made.id:
            store.hold_until_exit(project, made.id)  # nothing else would keep it from being collected
    if now is not None and now.id == made.id:
        return replace(now, changed=False, bytes_stored=0, notes=())
    wanted = Wanted(name, _stage(name, stage, now, parents, source), tuple(parents), source, None, None, Origin())
    said = f"differs from {now.ref}; not saved here" if now else "no dataset of this name yet; not saved here"
    return replace(_version(made, wanted, now), changed=False, saved=False, notes=(said,))


@dataclass(frozen=True)
class _Made:
    """Content that lies in the store, and what is to be said of it."""

    id: str
    added: int
    rows: int
    schema: tuple[Column, ...]
    key: tuple[str, ...]
    notes: tuple[str, ...]


def _put(
    project: Project,
    frame: Any,
    lease: store.Lease,
    *,
    before: Snapshot | None,
    name: str,
    key: Sequence[str] | None,
    changed: Callable[[], object] | None = None,
) -> _Made:
    """Put *frame* into the store; one that comes as a stream is never in memory as a whole.

    Of one that does not, *changed* is called as soon as it is known that there is something to write.
    """
    parent = before.id if before else None
    old_key = before.key if before else ()
    stream = as_stream(frame)
    if stream is None:
        content = from_frame(frame)
        fitting, notes = check_key(content, key, old_key, name)
        put = store.put(project, content, lease, parent=parent, changed=changed)
    else:
        put = store.put_stream(project, stream, lease, parent=parent)
        content = Content(put.schema.empty_table())
        fitting, notes = check_key(_key_columns(project, put, key, old_key), key, old_key, name)
    schema = tuple(
        Column(name=field.name, type=str(field.type), nullable=field.nullable, index=place in content.index_at)
        for place, field in enumerate(list(put.schema)[: content.visible])
    )
    return _Made(put.id, put.added, put.rows, schema, fitting, (*content.notes, *notes, *_back_again(project, put)))


def _back_again(project: Project, put: store.Put) -> tuple[str, ...]:
    """The word for who saves, perhaps by running all cells, what somebody had erased for good."""
    stone = ledger.tombstones(project).get(put.id)
    back = stone is not None and (put.added or not (stone.erased or stone.anew))
    return (f"this content was {stone}; it is stored again now",) if back else ()


def _key_columns(project: Project, put: store.Put, key: Sequence[str] | None, before: Sequence[str]) -> Content:
    """Of what was stored, the columns that a key speaks of; the others without rows would do as well."""
    asked = [key] if isinstance(key, str) else list(key if key is not None else before)
    places = [place for place, name in enumerate(put.schema.names) if name in asked]
    return Content(store.find(project, put.id).read(places))


def _stage(name: str, stage: str | None, before: Snapshot | None, parents: Sequence[Parent], source: str | None) -> str:
    if stage is not None and stage not in STAGES:
        meant = closest(stage, STAGES) or "raw"
        raise UsageError(f"{stage!r} is no stage: raw or processed.", hint=f"--stage {meant}")
    if before is not None:
        if stage not in (None, before.stage):
            raise UsageError(
                f"{name} is {before.stage}, and stays so; a dataset does not change its stage.",
                hint=f"--as {name}_{stage}, or first: e2e remove {name}",
            )
        return before.stage
    if stage is not None:
        return stage
    if parents:
        return "processed"
    if source is not None:
        return "raw"
    raise UsageError(
        f"Is {name} raw or processed? Neither parents nor a source are known.",
        hint="--stage raw (from a primary source) or --stage processed (made from other datasets)",
    )


def _version(made: _Made, wanted: Wanted, now: Snapshot | None) -> Snapshot:
    return Snapshot(
        name=wanted.name,
        stage=wanted.stage,
        id=made.id,
        version=now.version + 1 if now else 1,
        previous=VersionRef(version=now.version, id=now.id) if now else None,
        rows=made.rows,
        schema=made.schema,
        parents=wanted.parents,
        source=wanted.source,
        key=made.key,
        message=wanted.message,
        author=wanted.author,
        time=_now(),
        origin=wanted.origin,
    )


def _now() -> datetime:
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)  # as exact as records are


def _updated(now: Snapshot, wanted: Wanted, key: tuple[str, ...] | None) -> Snapshot:
    """The same version with what was said anew; parents that were only inferred give way to those that are said."""
    said = bool(wanted.parents) and all(parent.inferred is None for parent in wanted.parents)
    guessed = not now.parents or any(parent.inferred for parent in now.parents)
    return replace(
        now,
        key=now.key if key is None else key,
        message=wanted.message if wanted.message is not None else now.message,
        source=wanted.source if wanted.source is not None else now.source,
        parents=wanted.parents if said and guessed else now.parents,
    )
