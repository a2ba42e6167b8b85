"""Which version of a dataset is meant, also by what a run did with it or by what git says."""

from __future__ import annotations

from e2e_lab import storage, versioning
from e2e_lab.experiments import table
from e2e_lab.project import Project
from e2e_lab.records import DataUse, Ref, Run, Snapshot


def find_data(project: Project, text: str) -> Snapshot:
    """The version that ``NAME`` or ``NAME@SELECTOR`` names: by number, run, date, git revision or content id.

    Raises :class:`DatasetNotFound`, :class:`VersionNotFound` or :class:`Ambiguous`; each lists what there is.
    """

    def of_run(name: str, selector: str) -> Snapshot | None:
        use = data_of_run(table.find_run(project, selector), name)
        if use is None:
            return None
        return next((v for v in storage.versions(project, name) if (v.version, v.id) == (use.version, use.id)), None)

    def of_git(name: str, selector: str) -> Snapshot | None:
        return versioning.record_at(project, selector, name)

    return storage.resolve(project, Ref.parse(text), lookups={"run": of_run, "git": of_git})


def data_of_run(run: Run, name: str) -> DataUse | None:
    """What *run* did with the dataset *name*: the version it made, else the one it used; None where neither."""
    uses = [use for use in run.data if use.name == name]
    made = [use for use in uses if use.role == "output"]
    return made[-1] if made else uses[0] if uses else None
