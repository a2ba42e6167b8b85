"""What the routes about datasets answer; nothing here needs pandas or pyarrow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

from e2e_lab import storage, versioning
from e2e_lab.errors import E2EError
from e2e_lab.project import Project
from e2e_lab.records import Dataset, DatasetChange, Ref, Removed, Renamed, Restored, Snapshot, dataset_name
from e2e_lab.records.panels import DatasetEntry, DatasetPage, Graph, Origins, VersionDiff, VersionEntry, VersionPage
from e2e_lab.workspace import ancestry, versions
from e2e_lab.workspace.server.asked import Asked
from e2e_lab.workspace.server.kept import records_state, seconds
from e2e_lab.workspace.server.paths import under

T = TypeVar("T")
_GIT_SECONDS = 3.0
"""How long an answer of git is believed: what is committed in a terminal shows up after that."""


def datasets(asked: Asked) -> DatasetPage:
    """``GET datasets``."""
    found = [dataset for dataset in _datasets(asked) if _wanted(asked, dataset)]
    shown = _page(asked, found)
    unsaved = _unsaved(asked)
    return DatasetPage(
        items=tuple(_entry(asked.project, dataset, unsaved) for dataset in shown),
        total=len(found), limit=asked.query["limit"], offset=asked.query["offset"],
    )  # fmt: skip


def dataset(asked: Asked) -> DatasetEntry:
    """``GET datasets/{name}``."""
    now = storage.current(asked.project, asked.words["name"])
    found = next(d for d in _datasets(asked) if d.name == now.name)
    return _entry(asked.project, found, _unsaved(asked))


def _wanted(asked: Asked, found: Dataset) -> bool:
    stage, match = asked.query["stage"], asked.query["match"]
    return stage in (None, found.stage) and (not match or match.casefold() in found.name.casefold())


def _datasets(asked: Asked) -> Sequence[Dataset]:
    project = asked.project
    state = records_state(project)
    return asked.backend.kept.get(("datasets", project.root), state, lambda: storage.datasets(project).items)


def _unsaved(asked: Asked) -> frozenset[str]:
    """The paths that git has not committed as they are."""
    project = asked.project
    state = (records_state(project), seconds(_GIT_SECONDS))
    return asked.backend.kept.get(
        ("unsaved", project.root), state, lambda: frozenset(versioning.unsaved(project))
    )  # fmt: skip


def _entry(project: Project, found: Dataset, unsaved: frozenset[str]) -> DatasetEntry:
    path = project.relative(storage.record_path(project, found.name, found.stage))
    return versions.dataset_entry(found, saved=path not in unsaved)


def _page(asked: Asked, found: Sequence[T]) -> Sequence[T]:
    offset = asked.query["offset"]
    return found[offset : offset + asked.query["limit"]]


# ---- versions ------------------------------------------------------------------------------------------------


def snapshots(asked: Asked) -> VersionPage:
    """``GET datasets/{name}/snapshots``."""
    known = _versions(asked, asked.words["name"])
    newest_first = known[::-1]
    return VersionPage(
        items=_entries(asked.project, _page(asked, newest_first), known),
        total=len(known), limit=asked.query["limit"], offset=asked.query["offset"],
    )  # fmt: skip


def snapshot(asked: Asked) -> VersionEntry:
    """``GET datasets/{name}/snapshots/{selector}``."""
    version = found_version(asked.project, asked.words["name"], asked.words["selector"])
    return _entries(asked.project, [version], _versions(asked, version.name))[0]


def diff(asked: Asked) -> VersionDiff:
    """``GET diff``."""
    name = asked.query["dataset"]
    a, b = (found_version(asked.project, name, asked.query[side]) for side in ("a", "b"))
    return versions.diff(asked.project, a, b, _versions(asked, a.name), current=_current(asked.project, a.name))


def origins(asked: Asked) -> Origins:
    """``GET origins``."""
    project = asked.project
    notebook = project.relative(under(asked.backend.root, asked.query["notebook"]))
    made = [v for v in _every(asked) if v.origin.notebook == notebook and v.origin.cell]
    made.sort(key=lambda version: version.time, reverse=True)
    return Origins(items=tuple(versions.cell_origin(version) for version in made))


def lineage(asked: Asked) -> Graph:
    """``GET datasets/{name}/snapshots/{selector}/lineage``."""
    version = found_version(asked.project, asked.words["name"], asked.words["selector"])
    return ancestry.graph(version, _every(asked))


def found_version(project: Project, name: str, selector: str) -> Snapshot:
    """The version of *name* that *selector* means; what a run made is not known here, for that needs MLflow."""
    lookups = {"git": lambda name, revision: versioning.record_at(project, revision, name)}
    return storage.resolve(project, Ref(name=dataset_name(name), selector=selector), lookups=lookups)


def _entries(project: Project, shown: Sequence[Snapshot], known: Sequence[Snapshot]) -> tuple[VersionEntry, ...]:
    events = versions.by_event(known)
    numbers = Counter(number for number, _ in events)
    now = _current(project, known[0].name) if known else None
    return tuple(
        versions.version_entry(
            project, version, events, alone=numbers[version.version] == 1,
            current=now is not None and (version.version, version.id) == (now.version, now.id),
        )
        for version in shown
    )  # fmt: skip


def _current(project: Project, name: str) -> Snapshot | None:
    try:
        return storage.current(project, name)
    except E2EError:  # removed
        return None


def _versions(asked: Asked, name: str) -> Sequence[Snapshot]:
    known = _by_name(asked).get(dataset_name(name))
    return known if known is not None else storage.versions(asked.project, name)  # which says what was meant


def _every(asked: Asked) -> list[Snapshot]:
    """Every version of every dataset, removed ones too."""
    return [version for known in _by_name(asked).values() for version in known]


def _by_name(asked: Asked) -> dict[str, tuple[Snapshot, ...]]:
    project = asked.project
    state = records_state(project)
    return asked.backend.kept.get(("versions", project.root), state, lambda: storage.every_version(project))


# ---- changes -------------------------------------------------------------------------------------------------


def remove(asked: Asked) -> Removed:
    """``DELETE datasets/{name}``."""
    return storage.remove(asked.project, asked.words["name"])


def rename(asked: Asked) -> Renamed:
    """``POST datasets/{name}/rename``."""
    return storage.rename(asked.project, asked.words["name"], asked.body.new)


def restore(asked: Asked) -> Restored:
    """``POST datasets/{name}/restore``: an old version becomes the current one again, removed or not."""
    project = asked.project
    version = found_version(project, asked.words["name"], asked.body.selector)
    before = _current(project, version.name)
    done = storage.reinstate(project, version)
    change = DatasetChange(name=done.name, before=before.version if before else None, after=done.version)
    record = project.relative(storage.record_path(project, done.name, done.stage))
    return Restored(
        revision=done.ref, files=(record,) if done.changed else (), datasets=(change,) if done.changed else (),
        saved=before.ref if before else None,
    )  # fmt: skip
