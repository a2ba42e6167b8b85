"""The chain behind a prediction, service, model, run, dataset or file: collected from the rooms that know each link."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

from e2e_lab import experiments, lineage, models, storage, versioning
from e2e_lab.errors import E2EError, InvalidName, NotFound, UsageError, VersionNotFound
from e2e_lab.lineage import Link
from e2e_lab.project import Project
from e2e_lab.records import (
    DataUse,
    KeptModel,
    ModelVersion,
    Package,
    Parent,
    Ref,
    Run,
    Snapshot,
    Trace,
    duration,
    plural,
    shape,
)
from e2e_lab.serving.predictions import find_prediction, is_id


def trace(project: Project, subject: str) -> Trace:
    """The chain behind *subject*, from it back to the raw source.

    *subject*: a prediction's id, a service, dataset or model (``name`` or ``name@SELECTOR``), a run's name or id, tried
    in this order, or the path of a file in the project. A link that cannot be found is named in ``missing`` and the
    rest is shown. Raises :class:`NotFound` where nothing is called *subject*.
    """
    root, links, missing = chain(project, subject)
    return Trace(subject=subject, steps=lineage.steps(root, links), missing=missing)


def chain(project: Project, subject: str) -> tuple[str, dict[str, Link], tuple[str, ...]]:
    """What :func:`trace` tells as a graph: the key of *subject*, the links by their keys, and what is missing."""
    found = _Chain(project)
    root = found.prediction(subject) if is_id(subject) else _named(found, project, subject)
    return root, found.links, tuple(dict.fromkeys(found.missing))


def _named(chain: _Chain, project: Project, subject: str) -> str:
    if ("/" in subject or "." in subject) and _is_file(project, subject):
        return chain.file(project.relative(project.root / subject))
    ref = Ref.parse(subject)
    refused: list[E2EError] = []
    with _or_else(refused):
        return chain.package(models.find_package(project, ref))
    with _or_else(refused):
        return chain.snapshot_found(experiments.find_data(project, subject))
    with _or_else(refused):
        return chain.model(models.find_model(project, ref))
    with _or_else(refused):
        return chain.run(experiments.find_run(project, subject))
    if _is_file(project, subject):
        return chain.file(project.relative(project.root / subject))
    for problem in refused:  # the name is known, the version is not
        if isinstance(problem, VersionNotFound):
            raise problem
    near = next((problem.message for problem in refused if "Did you mean" in problem.message), "")
    meant = f" {near[near.index('Did you mean') :]}" if near else ""
    raise NotFound(f"No service, dataset, model, run or file is called {subject!r}.{meant}", hint="e2e status")


def _is_file(project: Project, subject: str) -> bool:
    try:
        return project.inside(subject).is_file()
    except (UsageError, OSError, ValueError):
        return False


@contextlib.contextmanager
def _or_else(refused: list[E2EError]) -> Iterator[None]:
    try:
        yield
    except (NotFound, InvalidName) as problem:
        refused.append(problem)


class _Chain:
    """Collects links from a thing backwards; each method returns the key of the link it has added."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.links: dict[str, Link] = {}
        self.missing: list[str] = []

    @contextlib.contextmanager
    def _link(self, said: str) -> Iterator[None]:
        """Whatever is refused while a link is looked up becomes a missing link, never an error in the middle."""
        try:
            yield
        except (E2EError, OSError, ValueError, KeyError) as problem:
            self.missing.append(f"{said}: {str(problem) or type(problem).__name__}".rstrip("."))

    def prediction(self, prediction_id: str) -> str:
        found = find_prediction(self.project, prediction_id)
        origins: list[str] = []
        with self._link(f"service {found.service}@v{found.version}"):
            ref = Ref(name=found.service, selector=f"v{found.version}")
            origins.append(self.package(models.find_package(self.project, ref)))
        if not origins:  # the package is gone, the log itself says the rest
            origins += self._model_of(found.model, found.model_version, found.run)
        facts = {
            "at": found.time.isoformat(timespec="milliseconds"),
            "answered": plural(found.rows, "row"),
            "in": duration(found.seconds),
        }
        return self._add("prediction", found.id, facts, origins)

    def package(self, package: Package) -> str:
        origins = self._model_of(package.model, package.model_version, package.run)
        facts = {"bento": package.bento, "replay": str(package.replay)}
        return self._add("service", package.ref, facts, origins)

    def _model_of(self, name: str, version: int, run: str) -> list[str]:
        with self._link(f"model {name}@v{version}"):
            return [self.model(models.find_model(self.project, Ref(name=name, selector=f"v{version}")))]
        with self._link(f"run {run}"):
            return [self.run(experiments.find_run(self.project, run))]
        return []

    def model(self, version: ModelVersion) -> str:
        facts = {"alias": ", ".join(version.aliases)} if version.aliases else {}
        kept: KeptModel | None = None
        with self._link(f"files of {version.ref}"):
            kept = models.kept_of(self.project, version)
            facts |= {"class": kept.class_name.rpartition(".")[2], "hash": kept.hash[:12]}
        origins: list[str] = []
        with self._link(f"run {version.run_name}"):
            origins.append(self.run(experiments.find_run(self.project, version.run), kept))
        return self._add("model", version.ref, facts, origins)

    def run(self, run: Run, kept: KeptModel | None = None) -> str:
        facts = {"status": run.status, "id": run.id[:12]}
        if run.metrics:
            facts["metrics"] = ", ".join(f"{name} {value:.6g}" for name, value in list(run.metrics.items())[:6])
        if run.params:
            more = f", … {len(run.params)} in all" if len(run.params) > 6 else ""
            facts["params"] = ", ".join(f"{name}={value}" for name, value in list(run.params.items())[:6]) + more
        origins = self._code(run)
        uses = {(use.name, use.version, use.id): use for use in (*run.data, *(kept.data if kept else ()))}
        for use in uses.values():
            if use.role != "output":
                origins += self._data(use, kept)
        return self._add("run", run.name, facts, origins, key=f"run {run.id}")

    def _code(self, run: Run) -> list[str]:
        if run.pin is None:
            self.missing.append(f"code of run {run.name}: it was not pinned")
            return []
        pin = run.pin
        origins: list[str] = []
        with self._link(f"cells of run {run.name}"):
            cells = versioning.pinned_cells(self.project, pin.commit)
            where = run.origin.notebook or "no notebook"
            facts = {"ran": plural(len(cells), "cell")} | ({"last": run.origin.cell} if run.origin.cell else {})
            origins.append(self._add("cells", where, facts, [], key=f"cells {pin.commit}"))
        facts = {"ref": pin.ref, "environment": pin.environment[:12]}
        return [self._add("commit", pin.commit[:12], facts, origins, key=f"commit {pin.commit}")]

    def _data(self, use: DataUse, kept: KeptModel | None) -> list[str]:
        with self._link(f"snapshot {use}"):
            facts = {"role": use.role} if use.role != "input" else {}
            if kept and use.role == "train":
                facts |= _train_rows(Path(kept.path))
            return [self.snapshot(Parent(name=use.name, version=use.version, id=use.id), facts)]
        return []

    def snapshot(self, wanted: Parent, facts: dict[str, str] | None = None) -> str:
        """The version that *wanted* names, by its content: a name alone may mean another one by now."""
        known = storage.versions(self.project, wanted.name)
        found = [version for version in known if (version.version, version.id) == (wanted.version, wanted.id)]
        if not found:
            raise NotFound("it exists only where it was made", hint="e2e data")
        return self.snapshot_found(found[0], facts)

    def snapshot_found(self, found: Snapshot, facts: dict[str, str] | None = None) -> str:
        key = f"snapshot {found.name} {found.version} {found.id}"
        if key in self.links:
            return key
        told = {"stage": found.stage, "shape": shape(found.rows, len(found.columns)), "id": found.id[:12]} | (
            facts or {}
        )
        if found.origin.cell or found.origin.notebook:
            told["made in"] = " ".join(filter(None, (found.origin.notebook, found.origin.cell)))
        self.links[key] = Link(kind="snapshot", name=found.ref, facts=told)  # first, so that a cycle ends
        origins: list[str] = []
        for parent in found.parents:
            with self._link(f"snapshot {parent}"):
                origins.append(self.snapshot(parent))
        if found.source:
            origins.append(self._source(found.source))
        return self._add("snapshot", found.ref, told, origins, key=key)

    def _source(self, source: str) -> str:
        return self._add("source", source, {}, [], key=f"source {source}")

    def file(self, path: str) -> str:
        """A file of the project: the record of a dataset, or what snapshots were made from."""
        records = storage.records(self.project)
        for record in records.values():
            if path == f"data/{record.stage}/{record.name}.json":
                return self._add("file", path, {}, [self.snapshot_found(record)])
        made = [
            version for name in records for version in storage.versions(self.project, name) if version.source == path
        ]
        facts = {"became": ", ".join(version.ref for version in made)} if made else {}
        with self._link(f"history of {path}"):
            touched = [commit for commit in versioning.log(self.project) if path in commit.files]
            if touched:
                facts["last commit"] = f"{touched[0].short} “{touched[0].message.splitlines()[0]}”"
        return self._add("file", path, facts, [])

    def _add(self, kind: str, name: str, facts: dict[str, str], origins: list[str], *, key: str | None = None) -> str:
        key = key or f"{kind} {name}"
        self.links[key] = Link(kind=kind, name=name, facts=facts, origins=tuple(origins))
        return key


def _train_rows(folder: Path) -> dict[str, str]:
    """How many rows of X were found in the snapshot they came from."""
    try:
        rows = json.loads((folder / "e2e" / "model.json").read_text("utf-8"))["rows"]
        return {"train rows": f"{rows['matched']:,} of {rows['of']:,}"}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
