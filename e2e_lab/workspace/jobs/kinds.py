"""The kinds of jobs: what each takes, how its words are checked in the server, and the work, done in its own process.

A new kind is a record for its arguments, two short functions and one line in :data:`KINDS`. Nothing heavy is imported
until the work begins.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from e2e_lab import experiments, models, serving, storage, versioning
from e2e_lab.errors import NoIdentity, UsageError, closest
from e2e_lab.project import Project
from e2e_lab.records import Record, Ref, dataset_name, model_name
from e2e_lab.records.jobs import CommitArgs, ExportArgs, IngestArgs, RegisterArgs, VerifyArgs
from e2e_lab.records.model_panels import PackageArgs, ServeArgs
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


def _first_line(message: str) -> str:
    return message.strip().partition("\n")[0]


def _check_commit(project: Project, _: Inside, args: CommitArgs) -> Record:
    if not args.message.strip():
        raise UsageError("A commit needs a message.", hint='e2e commit -m "what changed, and why"')
    if args.name is None and versioning.identity(project) is None:
        raise NoIdentity("git does not know who is committing.", hint="give a name and an email address")
    return args


def _commit(project: Project, args: CommitArgs, say: Say) -> Record:
    say("committing", None)
    identity = (args.name, args.email or "") if args.name is not None else None
    return versioning.commit(project, args.message, identity=identity, keep=args.keep, lock=args.lock)


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


def _check_register(_: Project, __: Inside, args: RegisterArgs) -> Record:
    model_name(args.name)
    return args


def _register(project: Project, args: RegisterArgs, say: Say) -> Record:
    run = experiments.find_run(project, args.run)
    say(f"waiting for the proof of {run.name}", None)
    return models.register(project, run, args.name, alias=args.alias, model=args.model)


def _check_package(_: Project, __: Inside, args: PackageArgs) -> Record:
    Ref.parse(args.ref)
    if args.service is not None:
        model_name(args.service, "service")
    return args


def _package(project: Project, args: PackageArgs, say: Say) -> Record:
    say("looking up the model", None)
    version = models.find_model(project, Ref.parse(args.ref))
    return models.package(project, version, service=args.service, say=lambda words: say(words, None))


def _check_serve(project: Project, _: Inside, args: ServeArgs) -> Record:
    models.find_package(project, Ref.parse(args.ref))
    return replace(args, owner=os.getpid())


def _serve(project: Project, args: ServeArgs, say: Say) -> Record:
    found = models.find_package(project, Ref.parse(args.ref))
    say(f"starting {found.ref}", None)
    return serving.serve(project, found, replace=args.replace, owner=args.owner)


KINDS: dict[str, Kind] = {
    "commit": Kind(CommitArgs, lambda args: f"commit “{_first_line(args.message)}”", _check_commit, _commit),
    "export": Kind(ExportArgs, lambda args: f"export {args.ref}", _check_export, _export),
    "ingest": Kind(IngestArgs, lambda args: f"ingest {Path(args.path).name} as {args.name}", _check_ingest, _ingest),
    "register": Kind(RegisterArgs, lambda args: f"register {args.name}", _check_register, _register),
    "package": Kind(PackageArgs, lambda args: f"package {args.ref}", _check_package, _package),
    "serve": Kind(ServeArgs, lambda args: f"serve {args.ref}", _check_serve, _serve),
    "verify": Kind(VerifyArgs, lambda args: f"verify {', '.join(args.refs)}".rstrip(), _check_verify, _verify),
}
