"""The datasets of a project, where an answer takes several rooms."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from e2e_lab import experiments, storage, versioning
from e2e_lab.errors import E2EError
from e2e_lab.project import Project
from e2e_lab.records import STAGES, DatasetChange, Restored, Snapshot, Verified


def current(project: Project, name: str) -> Snapshot | None:
    """The current version of the dataset *name*, None where none can be read.

    It takes two looks at the disk, however many datasets there are.
    """
    for stage in STAGES:
        path = storage.record_path(project, name, stage)
        try:
            return storage.read_record(path.read_bytes(), name=name, stage=stage)
        except (OSError, E2EError):
            continue
    return None


def reinstate(project: Project, version: Snapshot) -> Restored:
    """Make *version* the current one of its dataset again; what it replaced is named in ``saved``."""
    before = current(project, version.name)
    done = storage.reinstate(project, version)
    change = DatasetChange(name=done.name, before=before.version if before else None, after=done.version)
    record = project.relative(storage.record_path(project, done.name, done.stage))
    return Restored(
        revision=done.ref, files=(record,) if done.changed else (), datasets=(change,) if done.changed else (),
        saved=before.ref if before else None,
    )  # fmt: skip


def verify(project: Project, refs: Sequence[str], *, progress: Callable[[int, int], None] | None = None) -> Verified:
    """Whether what is stored is intact, and what git says of the records; of *refs* alone, where any are named."""
    versions = [experiments.find_data(project, ref) for ref in refs]
    unsaved = versioning.unsaved(project) if versioning.head(project) else None
    return storage.verify(project, versions, unsaved=unsaved, progress=progress)
