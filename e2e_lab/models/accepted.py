"""The accepted packages: their records ``.e2e/packages/SERVICE/vN.json``, and the Bentos these stand for."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path

from blake3 import blake3

from e2e_lab.errors import Damaged, ServiceNotFound, closest
from e2e_lab.models.codegen import GENERATOR
from e2e_lab.project import Project
from e2e_lab.records import ModelVersion, Package, Ref


def packages(project: Project, service: str | None = None) -> tuple[Package, ...]:
    """The accepted packages, of all services or of one, oldest first."""
    return tuple(stored.package for stored in _stored(project, service))


def data_ids(project: Project) -> frozenset[str]:
    """The content ids of the snapshots behind all accepted packages; :class:`Damaged` where a record cannot be read."""
    return frozenset(parent.id for each in packages(project) for parent in each.data)


def find_package(project: Project, ref: Ref) -> Package:
    """``service`` (its newest package) or ``service@vN``; :class:`ServiceNotFound` names what there is."""
    known = packages(project)
    names = sorted({each.service for each in known})
    if ref.name not in names:
        near = closest(ref.name, names)
        said = f" Did you mean {near}?" if near else f" There are {', '.join(names)}." if names else ""
        hint = f"e2e serve {near}" if near else "e2e package MODEL"
        raise ServiceNotFound(f"There is no package {ref.name!r}.{said}", hint=hint)
    of_it = [each for each in known if each.service == ref.name]
    if ref.selector is None:
        return of_it[-1]
    found = [each for each in of_it if f"v{each.version}" == ref.selector]
    if not found:
        versions = ", ".join(f"v{each.version}" for each in of_it)
        raise ServiceNotFound(
            f"There is no package {ref}: {ref.name} has {versions}.", hint=f"e2e serve {of_it[-1].ref}"
        )
    return found[0]


def check_package(project: Project, package: Package) -> Path:
    """The folder of *package*'s Bento, its files being those that were accepted; else :class:`Damaged`."""
    stored = next((s for s in _stored(project, package.service) if s.package.version == package.version), None)
    folder = bento_folder(project, package.service, package.version)
    if stored is None or not folder.is_dir() or hash_source(folder) != stored.hash:
        raise Damaged(
            f"The Bento of {package.ref} is not as it was accepted.",
            hint=f"e2e package {package.model_ref} --as {package.service}",
        )
    return folder


def hash_source(folder: Path) -> str:
    """BLAKE3 over the paths and contents of a Bento's own files, without Python's compiled ones."""
    whole = blake3()
    for path in sorted((folder / "src").rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            whole.update(f"{path.relative_to(folder).as_posix()}\0{path.stat().st_size}\0".encode())
            whole.update_mmap(path)
    return whole.hexdigest()


# ---- records on disk -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stored:
    """A package with what else its record holds: which generator wrote it, and the hash of its files."""

    package: Package
    generator: int
    hash: str


def _stored(project: Project, service: str | None = None) -> list[Stored]:
    found = []
    for path in (project.home / "packages").glob(f"{service or '[!.]*'}/v*.json"):
        try:
            data = json.loads(path.read_text("utf-8"))
            package = Package.from_json(data)
        except (OSError, ValueError, TypeError, KeyError):
            raise Damaged(f"{path} is not a package record.", hint=f"rm {path}") from None
        folder = bento_folder(project, package.service, package.version)
        package = replace(package, path=str(folder), changed=True, notes=())
        found.append(Stored(package, int(data.get("generator", 0)), str(data.get("hash", ""))))
    return sorted(found, key=lambda s: (s.package.time, s.package.service, s.package.version))


def newest(project: Project, service: str) -> Stored | None:
    """The newest package of *service*, if there is one."""
    return max(_stored(project, service), key=lambda s: s.package.version, default=None)


def is_of(found: Stored, version: ModelVersion) -> bool:
    """Whether *found* is the package that would be made of *version* now, and whole."""
    of = found.package
    made = (of.model, of.model_version, of.run, found.generator)
    same = made == (version.name, version.version, version.run, GENERATOR)
    return same and Path(of.path).is_dir() and hash_source(Path(of.path)) == found.hash


def next_number(project: Project, service: str) -> int:
    """One above every accepted package and every Bento folder: a crash between the two leaves a gap, no doubt."""
    folder = bento_folder(project, service, 0).parent
    names = [path.name for path in folder.glob("v*")] + [f"v{s.package.version}" for s in _stored(project, service)]
    return max((int(name[1:]) for name in names if re.fullmatch(r"v\d+", name)), default=0) + 1


def bento_folder(project: Project, service: str, version: int) -> Path:
    """Where BentoML keeps that version, BENTOML_HOME being ``.e2e/bentos``."""
    return project.home / "bentos" / "bentos" / service / f"v{version}"
