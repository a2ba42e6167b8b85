"""The project's runs as records: listed, found by name or id, and ended where their process died."""

from __future__ import annotations

import re
import sqlite3
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from e2e_lab.errors import RunNotFound, closest
from e2e_lab.experiments import database, entries, owners, sending, tracking
from e2e_lab.project import Project
from e2e_lab.records import Run, age

if TYPE_CHECKING:
    import mlflow.entities

_PAGE = 1000


def runs(project: Project) -> list[Run]:
    """All runs of the project, newest first. Those whose process died since are marked killed on the way."""
    store = tracking.open_store(project)
    with tracking.told(store.uri):
        sending.resend(project, store)
        end_dead_runs(project, store)
        return _search(store, "")


def _search(store: tracking.Store, where: str) -> list[Run]:
    found: list[Run] = []
    token: str | None = None
    while True:
        page = store.client.search_runs(
            [store.experiment], where, max_results=_PAGE, order_by=["attributes.start_time DESC"], page_token=token
        )
        found += [_record(run) for run in page]
        token = page.token
        if not token:
            return found


def _record(run: mlflow.entities.Run) -> Run:
    tags = run.data.tags
    info = run.info
    return Run(
        id=info.run_id,
        name=info.run_name or info.run_id[:8],
        status=info.status.lower(),
        params=dict(run.data.params),
        metrics=dict(run.data.metrics),
        start=moment(info.start_time),
        end=moment(info.end_time) if info.end_time else None,
        data=entries.read_data(tags),
        pin=entries.read_pin(tags),
        origin=entries.read_origin(tags),
        models=tuple(entries.proofs(tags)),
        notes=_notes(tags),
    )


def _notes(tags: dict[str, str]) -> tuple[str, ...]:
    proofs = {name: said for name, said in entries.proofs(tags).items() if said != "equal"}
    said = {
        entries.PENDING: "model {!r} is being kept in the background",
        entries.INCOMPLETE: f"model {{!r}} {entries.INCOMPLETE}",
    }
    models = [said[how].format(name) if how in said else f"model {name!r}: {how}" for name, how in proofs.items()]
    return (*models, *entries.notes(tags))


def end_dead_runs(project: Project, store: tracking.Store) -> None:
    """Mark as killed what still counts as running although its process on this host has ended."""
    for run, owner in _running(project, store):
        if owners.dead(owner):
            store.client.set_tag(run, "e2e.note", "its process ended before the run did")
            store.client.set_terminated(run, "KILLED")


def _running(project: Project, store: tracking.Store) -> list[tuple[str, str]]:
    """Id and owner of the runs that count as running."""
    if not store.embedded:
        with tracking.told(store.uri):
            page = store.client.search_runs([store.experiment], "attributes.status = 'RUNNING'", max_results=_PAGE)
        return [(run.info.run_id, run.data.tags.get("e2e.owner", "")) for run in page]
    query = (
        "select run_uuid, value from runs join tags using (run_uuid) "
        "where status = 'RUNNING' and lifecycle_stage = 'active' and key = 'e2e.owner'"
    )
    try:
        with database.reading(database.path_of(project)) as connection:
            return [(str(run), str(owner)) for run, owner in connection.execute(query)]
    except sqlite3.Error as problem:
        tracking.log.debug("running runs cannot be read: %s", problem)
        return []


def find_run(project: Project, ref: str) -> Run:
    """The newest finished run called *ref*, or the run with this id or beginning of one (6 digits or more).

    Raises :class:`RunNotFound`, listing what comes near.
    """
    store = tracking.open_store(project)
    with tracking.told(store.uri):
        end_dead_runs(project, store)
        if not {"'", '"', "%", "_"} & set(ref):  # what MLflow's filter cannot quote, or would take as a wildcard
            named = _search(store, f"attributes.run_name = '{ref}'")
        else:
            named = [run for run in _search(store, "") if run.name == ref]
        finished = [run for run in named if run.status == "finished"]
        if finished:
            return finished[0]
        known = _search(store, "")
    if re.fullmatch(r"[0-9a-f]{6,32}", ref):
        by_id = [run for run in known if run.id.startswith(ref)]
        if len(by_id) == 1:
            return by_id[0]
        if by_id:
            raise RunNotFound(f"{ref} is the beginning of {len(by_id)} run ids.", hint=f"e2e trace {by_id[0].id[:12]}")
    if named:
        listed = ", ".join(f"{run.id[:8]} {run.status} {age(run.start)}" for run in named[:5])
        raise RunNotFound(f"No run {ref!r} has finished: {listed}.", hint=f"name one by its id, {named[0].id[:8]}")
    meant = closest(ref, [run.name for run in known])
    newest = ", ".join(dict.fromkeys(run.name for run in known)) if len(known) < 8 else ""
    told = f" There are: {newest}." if newest else " There are no runs yet." if not known else ""
    raise RunNotFound(
        f"There is no run {ref!r}.{f' Did you mean {meant!r}?' if meant else told}", hint=meant or "e2e runs"
    )


def moment(milliseconds: int) -> datetime:
    """A time as MLflow has it, in milliseconds since 1970."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
