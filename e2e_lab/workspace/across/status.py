"""Where a project stands in the flow, read off the disk without pandas, mlflow or bentoml."""

from __future__ import annotations

import shlex
from concurrent.futures import ThreadPoolExecutor

from e2e_lab import experiments, models, serving, storage, versioning
from e2e_lab.project import Project
from e2e_lab.records import Package, Room, RunsOverview, Services, Snapshot, Status, age, plural


def project_status(project: Project) -> Status:
    """The five boxes of the chart with their states, what is not saved, and the one next step."""
    with ThreadPoolExecutor(1) as beside:
        asked = beside.submit(versioning.unsaved, project)  # git's part takes as long as all of the rest
        records = storage.records(project)
        seen = experiments.overview(project)
        packages = models.packages(project)
        unsaved = asked.result()
    rooms = (
        _data(records, unsaved),
        _versions(project, unsaved),
        _experiments(seen),
        _models(seen, packages),
        _service(serving.services(project), packages),
    )
    return Status(
        project=project.name,
        path=str(project.root),
        branch=versioning.branch(project),
        revision=project.revision,
        rooms=rooms,
        unsaved=unsaved,
        disk=storage.disk_bytes(project),
        next=next((room.next for room in rooms if room.next), None),
    )


def _data(records: dict[str, Snapshot], unsaved: tuple[str, ...]) -> Room:
    if not records:
        return Room(name="Data", state="empty", summary="no datasets yet", next="e2e snapshot VARIABLE")
    raw = sum(1 for snapshot in records.values() if snapshot.stage == "raw")
    counts = [f"{n} {stage}" for n, stage in ((raw, "raw"), (len(records) - raw, "processed")) if n]
    new = [s.ref for s in records.values() if f"data/{s.stage}/{s.name}.json" in unsaved]
    summary = " · ".join([*counts, *([f"{', '.join(new[:2])} not committed"] if new else [])])
    return Room(name="Data", state="unsaved" if new else "clean", summary=summary)


def _versions(project: Project, unsaved: tuple[str, ...]) -> Room:
    head = versioning.head(project)
    said = f"“{head.message.splitlines()[0]}” · {age(head.time)}" if head and head.message else "no commits yet"
    if unsaved:
        summary = f"{plural(len(unsaved), 'change')} · {said}"
        return Room(name="Versions", state="unsaved", summary=summary, next='e2e commit -m "what changed"')
    return Room(name="Versions", state="clean" if head else "empty", summary=said)


def _experiments(seen: RunsOverview) -> Room:
    if seen.remote or seen.problem:
        place = seen.problem or f"tracked at {seen.remote}"
        return Room(name="Experiments", state="needs you" if seen.problem else "clean", summary=place)
    if not seen.runs:
        return Room(name="Experiments", state="empty", summary="no runs yet", next="%%e2e run NAME")
    said = [plural(seen.runs, "run")]
    if seen.running:
        return Room(name="Experiments", state="running", summary=" · ".join([*said, f"{seen.newest_name} is running"]))
    ended = "" if seen.newest_status == "finished" else f" {seen.newest_status}"
    metrics = [f"{name} {value:.4g}" for name, value in seen.newest_metrics.items()]
    said += [f"{seen.newest_name}{ended}", *metrics[:1]]
    return Room(name="Experiments", state="clean", summary=" · ".join(said))


def _models(seen: RunsOverview, packages: tuple[Package, ...]) -> Room:
    if not seen.registered and not packages:
        if seen.keeping and not seen.newest_kept:
            return Room(name="Models", state="running", summary=f"the model of {seen.keeping} is being kept")
        step = "e2e keep NAME --model MODEL --X TABLE" if seen.runs else None
        if seen.newest_kept:
            step = f"e2e register {shlex.quote(seen.newest_kept)} --as NAME"
        return Room(name="Models", state="empty", summary="no registered models yet", next=step)
    said = [f"{packages[-1].ref} packaged" if packages else "none packaged"]
    if seen.registered > 1 or not packages:
        said.insert(0, f"{seen.registered:,} registered")
    step = None if packages else f"e2e package {seen.newest_model or 'MODEL'}"
    return Room(name="Models", state="clean", summary=" · ".join(said), next=step)


def _service(running: Services, packages: tuple[Package, ...]) -> Room:
    if running:
        said = ", ".join(f"{s.name}@v{s.version}" for s in running)
        return Room(name="Service", state="running", summary=f"serving {said}")
    step = f"e2e serve {packages[-1].service}" if packages else None
    return Room(name="Service", state="empty", summary="not serving", next=step)
