"""The names that completion offers."""

from __future__ import annotations

from e2e_lab import experiments, models, serving, storage
from e2e_lab.project import Project


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
