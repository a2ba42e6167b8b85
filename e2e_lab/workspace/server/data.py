"""What the routes about datasets answer; nothing here needs pandas or pyarrow."""

from __future__ import annotations

from collections.abc import Sequence

from e2e_lab import storage, versioning
from e2e_lab.project import Project
from e2e_lab.records import Dataset, Ref, Removed, Renamed, Restored, Snapshot, dataset_name
from e2e_lab.records.panels import DatasetEntry, DatasetPage, Graph, Origins, VersionDiff, VersionEntry, VersionPage
from e2e_lab.workspace import across
from e2e_lab.workspace.server import ancestry, versions
from e2e_lab.workspace.server.asked import Asked
from e2e_lab.workspace.server.kept import records_state, seconds
from e2e_lab.workspace.server.paths import under

GIT_SECONDS = 3.0
"""How long an answer of git is believed: what is committed in a terminal shows up after that."""


def datasets(asked: Asked) -> DatasetPage:
    """``GET datasets``."""
    found = [dataset for dataset in _datasets(asked) if _wanted(asked, dataset)]
    shown = asked.page(found)
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
    state = (records_state(project), seconds(GIT_SECONDS))
    return asked.backend.kept.get(("unsaved", project.root), state, lambda: frozenset(versioning.unsaved(project)))


def _entry(project: Project, found: Dataset, unsaved: frozenset[str]) -> DatasetEntry:
    path = project.relative(storage.record_path(project, found.name, found.stage))
    return versions.dataset_entry(found, saved=path not in unsaved)


# ---- versions ------------------------------------------------------------------------------------------------


def snapshots(asked: Asked) -> VersionPage:
    """``GET datasets/{name}/snapshots``."""
    known = _timeline(asked, asked.words["name"])
    shown = asked.page(known.versions[::-1])
    return VersionPage(
        items=tuple(versions.version_entry(asked.project, version, known) for version in shown),
        total=len(known.versions), limit=asked.query["limit"], offset=asked.query["offset"],
    )  # fmt: skip


def snapshot(asked: Asked) -> VersionEntry:
    """``GET datasets/{name}/snapshots/{selector}``."""
    version = found_version(asked.project, asked.words["name"], asked.words["selector"])
    return versions.version_entry(asked.project, version, _timeline(asked, version.name))


def diff(asked: Asked) -> VersionDiff:
    """``GET diff``."""
    name = asked.query["dataset"]
    a, b = (found_version(asked.project, name, asked.query[side]) for side in ("a", "b"))
    return versions.diff(asked.project, a, b, _timeline(asked, a.name))


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


def _timeline(asked: Asked, name: str) -> versions.Timeline:
    name = dataset_name(name)
    known = _by_name(asked).get(name)
    if known is None:
        known = storage.versions(asked.project, name)  # which says what was meant
    return versions.Timeline.of(known, across.current(asked.project, name))


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
    return across.reinstate(asked.project, found_version(asked.project, asked.words["name"], asked.body.selector))
