"""Where a project stands in the flow, read off the disk without pandas, mlflow or bentoml."""

from __future__ import annotations

from e2e_lab import experiments, models, serving, storage, versioning
from e2e_lab.project import Project
from e2e_lab.records import Room, Snapshot, Status, age, plural


def project_status(project: Project) -> Status:
    """The five boxes of the chart with their states, what is not saved, and the one next step."""
    unsaved = versioning.unsaved(project)
    records = storage.records(project)
    rooms = (
        _data(records, unsaved),
        _versions(project, unsaved),
        _experiments(project),
        _models(project),
        _service(project),
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


def _experiments(project: Project) -> Room:
    seen = experiments.overview(project)
    if not seen.runs:
        return Room(name="Experiments", state="empty", summary=seen.said or "no runs yet", next="%%e2e run NAME")
    newest = f"{seen.newest}" if seen.newest else ""
    metric = f" · {seen.metric} {seen.value:.4g}" if seen.metric else ""
    if seen.running:
        return Room(name="Experiments", state="running", summary=f"{plural(seen.runs, 'run')} · {newest} is running")
    return Room(name="Experiments", state="clean", summary=f"{plural(seen.runs, 'run')} · {newest}{metric}")


def _models(project: Project) -> Room:
    seen = experiments.overview(project)
    packages = models.packages(project)
    if not seen.models:
        step = f"e2e register {seen.newest} --as NAME" if seen.runs else None
        return Room(name="Models", state="empty", summary="no models yet", next=step)
    newest = packages[-1].ref if packages else "none packaged"
    step = None if packages else f"e2e package {seen.models[0]}"
    return Room(name="Models", state="clean", summary=f"{', '.join(seen.models[:3])} · {newest}", next=step)


def _service(project: Project) -> Room:
    running = serving.services(project)
    if running:
        said = ", ".join(f"{s.name}@v{s.version}" for s in running)
        return Room(name="Service", state="clean", summary=f"serving {said}")
    packages = models.packages(project)
    step = f"e2e serve {packages[-1].service}" if packages else None
    return Room(name="Service", state="empty", summary="not serving", next=step)
