"""What completion offers on a ``%e2e`` line."""

from __future__ import annotations

from typing import Any

from e2e_lab import experiments, models, serving, storage
from e2e_lab.errors import E2EError
from e2e_lab.project import Project
from e2e_lab.workspace import grammar
from e2e_lab.workspace.session import session


def complete(_: Any, event: Any) -> list[str]:
    """What may follow on a ``%e2e`` line."""
    typed = event.line.lstrip("%").removeprefix("e2e").lstrip()
    kind, words = grammar.completion_context(typed)
    last = typed.split()[-1] if typed and not typed[-1].isspace() else ""
    if kind == "dataset" and "@" in last:  # IPython completes what stands after the last @
        return _selectors(last.partition("@")[0])
    return [*words, *(name for name in _names(kind) if name.startswith(last))]


def _selectors(name: str) -> list[str]:
    """The versions of a dataset, newest first."""
    try:
        known = storage.versions(session.project(), name)
    except E2EError:
        return []
    return list(dict.fromkeys(f"v{version.version}" for version in reversed(known)))


def _names(kind: str) -> list[str]:
    if kind == "variable":
        return [name for name, value in session.variables().items() if hasattr(value, "columns")]
    if kind == "path":
        return sorted(path.name for path in session.folder().iterdir())
    try:
        return _known(session.project(), kind)
    except E2EError:
        return []


def _known(project: Project, kind: str) -> list[str]:
    """The names that exist for a kind of thing; none for a kind that has no names."""
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
