"""The datasets of a project: list them, rename, remove, bring back."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from e2e_lab.errors import InvalidName, UsageError
from e2e_lab.project import Project, sync_folder, writing
from e2e_lab.records import STAGES, Dataset, Datasets, Removed, Renamed, Snapshot, dataset_name
from e2e_lab.storage import journal, record_files
from e2e_lab.storage.resolving import current, every_version
from e2e_lab.storage.store.heads import stored_bytes


def records(project: Project) -> dict[str, Snapshot]:
    """The current version of each dataset, by name."""
    return {name: replace(found, changed=False) for name, found in record_files.all_found(project).items()}


def datasets(project: Project, *, unsaved: Collection[str] = ()) -> Datasets:
    """The project's datasets, raw before processed; *unsaved* are the paths that git has not committed as they are."""
    items = []
    every = every_version(project)
    for name, now in records(project).items():
        known = every[name]
        path = project.relative(record_files.record_path(project, name, now.stage))
        items.append(
            Dataset(
                name=name,
                stage=now.stage,
                current=now,
                versions=len(known),
                bytes=sum(stored_bytes(project, one) for one in {version.id for version in known}),
                saved=path not in unsaved,
            )
        )
    return Datasets(items=tuple(sorted(items, key=lambda d: (STAGES.index(d.stage), d.name))))


# ---- names and places ----------------------------------------------------------------------------------------


def rename(project: Project, old: str, new: str) -> Renamed:
    """Give a dataset another name; its versions come along. Raises where *new* is taken."""
    old = dataset_name(old)
    current(project, old)
    try:
        new = dataset_name(new)
    except InvalidName as problem:
        raise InvalidName(problem.message, hint=f"e2e rename {old} {problem.hint.removeprefix('--as ')}") from None
    with project.lock(f"rename {old}"):
        now = current(project, old)
        if old.casefold() == new.casefold():
            same = "is its name already" if old == new else "differs only by case"
            raise UsageError(f"{old} cannot become {new}: that {same}.", hint=f"e2e rename {old} OTHER")
        taken = record_files.found(project, new)
        if taken is not None and not _begun(now, taken):
            raise UsageError(f"There is a dataset {new} already.", hint=f"e2e rename {old} OTHER")
        if journal.renamed_to(project, old) != new:
            if journal.missing(project, now):
                journal.note(project, now, brought=True)
            journal.move(project, old, new)
        elif journal.missing(project, replace(now, name=new)):
            journal.note(project, replace(now, name=new), brought=True)
        record_files.write(project, replace(now, name=new))
        _unlink(project, now)
    project.changed()
    return Renamed(old=old, new=new)


def _begun(now: Snapshot, taken: Snapshot) -> bool:
    """Whether the record that has the new name already is that of a renaming that was cut short."""
    return taken.stage == now.stage and record_files.record_text(taken) == record_files.record_text(now)


def remove(project: Project, name: str) -> Removed:
    """Take a dataset out of the current project; its versions stay in the journal and in the store."""
    current(project, name)
    with project.lock(f"remove {name}"):
        now = current(project, name)
        if journal.missing(project, now):
            journal.note(project, now, brought=True)
        _unlink(project, now)
    project.changed()
    return Removed(name=now.name, version=now.version, stage=now.stage)


def _unlink(project: Project, snapshot: Snapshot) -> None:
    path = record_files.record_path(project, snapshot.name, snapshot.stage)
    with writing(path):
        path.unlink()
        sync_folder(path.parent)


def reinstate(project: Project, version: Snapshot) -> Snapshot:
    """Make an old version the current one of its dataset again, removed or not; no new version is made."""
    name = dataset_name(version.name)
    with project.lock(f"restore {version.ref}"):
        now = record_files.found(project, name)
        if now is not None and now.stage != version.stage:
            raise UsageError(
                f"{name} is {now.stage} now, {version.ref} was {version.stage}.", hint=f"e2e remove {name}"
            )
        same = now is not None and record_files.record_text(now) == record_files.record_text(version)
        if journal.missing(project, version):
            journal.note(project, version, brought=True)
        if not same:
            record_files.write(project, version)
    if not same:
        project.changed()
    return replace(version, changed=not same, bytes_stored=0, notes=())
