"""From the words people type to the things they mean: datasets by every selector, names for completion."""

from __future__ import annotations

from e2e_lab import experiments, models, serving, storage, versioning
from e2e_lab.project import Project
from e2e_lab.records import Ref, Snapshot


def dataset(project: Project, text: str) -> Snapshot:
    """The version that *text* (``NAME`` or ``NAME@SELECTOR``) names."""

    def of_run(name: str, selector: str) -> Snapshot | None:
        use = experiments.data_of_run(project, experiments.find_run(project, selector), name)
        if use is None:
            return None
        return next((v for v in storage.versions(project, name) if (v.version, v.id) == (use.version, use.id)), None)

    def of_git(name: str, selector: str) -> Snapshot | None:
        return versioning.record_at(project, selector, name)

    return storage.resolve(project, Ref.parse(text), lookups={"run": of_run, "git": of_git})


def known(project: Project, kind: str) -> list[str]:
    """The names that exist for a kind of thing, for completion; none for a kind that has no names."""
    if kind == "dataset":
        return sorted(storage.records(project))
    if kind == "run":
        return list(dict.fromkeys(run.name for run in experiments.runs(project)))
    if kind == "model":
        return sorted({version.name for version in models.model_versions(project)})
    if kind == "service":
        return sorted(
            {package.service for package in models.packages(project)} | {s.name for s in serving.services(project)}
        )
    return []
