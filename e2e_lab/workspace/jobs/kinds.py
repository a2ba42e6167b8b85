"""The kinds of jobs: what each takes, how its words are checked in the server, and the work, done in its own process.

A new kind is a record for its arguments, two short functions and one line in :data:`KINDS`. Nothing heavy is imported
until the work begins.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from e2e_lab import experiments, storage, versioning
from e2e_lab.errors import UsageError, closest
from e2e_lab.project import Project
from e2e_lab.records import Record, Ref, dataset_name
from e2e_lab.records.jobs import ExportArgs, IngestArgs, VerifyArgs
from e2e_lab.workspace import across

Say = Callable[[str, float | None], None]
"""``say(words, progress)``: how far the work is, from 0 to 1, None where nobody knows."""
Inside = Callable[[str], Path]
"""A path of the request, resolved under the server's root, or an error."""


@dataclass(frozen=True)
class Kind:
    """One kind of job. *check* gives the arguments with absolute paths; *work* answers with a record."""

    args: type[Record]
    title: Callable[[Any], str]
    check: Callable[[Project, Inside, Any], Record]
    work: Callable[[Project, Any, Say], Record]


def kind_of(name: str) -> Kind:
    """The kind called *name*, or :class:`UsageError` with those there are."""
    if name in KINDS:
        return KINDS[name]
    meant = closest(name, KINDS) or next(iter(KINDS))
    raise UsageError(f"There is no job {name!r}: {', '.join(KINDS)}.", hint=f'{{"kind": "{meant}"}}')


def _check_export(project: Project, inside: Inside, args: ExportArgs) -> Record:
    Ref.parse(args.ref)
    target = project.root if args.path is None else inside(args.path)
    _not_ours(project, target)
    if not target.parent.is_dir():
        raise UsageError(f"There is no folder {target.parent.name!r} to export to.", hint="make the folder first")
    return replace(args, path=str(target))


def _not_ours(project: Project, target: Path) -> None:
    if target.is_relative_to(project.home) or ".git" in target.parts:
        raise UsageError(f"{target.name!r} would lie among the project's own files.", hint="name another folder")


def _export(project: Project, args: ExportArgs, say: Say) -> Record:
    version = experiments.find_data(project, args.ref)
    say(f"writing {version.ref}", None)
    assert args.path is not None
    return storage.export(project, version, args.path)


def _check_ingest(_: Project, inside: Inside, args: IngestArgs) -> Record:
    dataset_name(args.name)
    source = inside(args.path)
    if not source.is_file():
        raise UsageError(f"There is no file {args.path!r} here.", hint="name a file under the server's root")
    return replace(args, path=str(source))


def _ingest(project: Project, args: IngestArgs, say: Say) -> Record:
    say(f"reading {Path(args.path).name}", None)
    return storage.ingest(
        project, args.path, args.name, key=args.key, message=args.message, author=versioning.author(project)
    )


def _check_verify(_: Project, __: Inside, args: VerifyArgs) -> Record:
    for ref in args.refs:
        Ref.parse(ref)
    return args


def _verify(project: Project, args: VerifyArgs, say: Say) -> Record:
    say("reading", 0.0)
    return across.verify(project, args.refs, progress=lambda done, total: say("reading", done / max(total, 1)))


KINDS: dict[str, Kind] = {
    "export": Kind(ExportArgs, lambda args: f"export {args.ref}", _check_export, _export),
    "ingest": Kind(IngestArgs, lambda args: f"ingest {Path(args.path).name} as {args.name}", _check_ingest, _ingest),
    "verify": Kind(VerifyArgs, lambda args: f"verify {', '.join(args.refs)}".rstrip(), _check_verify, _verify),
}
