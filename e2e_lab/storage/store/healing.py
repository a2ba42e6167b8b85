"""After a damaged version was saved anew: give its sound pieces to the versions that shared the damaged ones."""

from __future__ import annotations

from dataclasses import replace

from e2e_lab.errors import Damaged, NewerFormat, VersionNotFound
from e2e_lab.project import Project
from e2e_lab.storage.parquet import physical_schema
from e2e_lab.storage.store.heads import DIGITS, MANIFEST, head_of, pack_path, place_of, stored_ids
from e2e_lab.storage.store.manifest import Manifest, Quick, write_manifest
from e2e_lab.storage.store.packs import Packs, Span, suspicion
from e2e_lab.storage.store.writer import Described, composed, manifest_there


def heal(project: Project, fresh: Manifest) -> tuple[str, ...]:
    """Mend every version of which a damaged piece is sound in *fresh*; their ids."""
    packs = Packs(project)
    doubted: dict[str, bool] = {}
    mended = []
    for snapshot_id in stored_ids(project):
        if snapshot_id == fresh.id or not _doubtful(project, snapshot_id, doubted):
            continue
        was = _digest(project, snapshot_id)
        made = _mended(project, snapshot_id, fresh, packs)
        if made is None:
            continue
        with project.lock("heal the store"):
            if was and _digest(project, snapshot_id) == was:  # else it was moved or collected, and is left as it is
                write_manifest(project, made, made.to_bytes())
                mended.append(snapshot_id)
    return tuple(mended)


def _doubtful(project: Project, snapshot_id: str, doubted: dict[str, bool]) -> bool:
    """Whether a version names a pack that is gone, or in which damage was seen; what is known is kept in *doubted*."""
    try:
        names = head_of(project, snapshot_id).packs
    except (VersionNotFound, Damaged, NewerFormat):
        return False
    for name in names:
        if name not in doubted:
            path = pack_path(project, name)
            doubted[name] = suspicion(path).exists() or not path.exists()
    return any(doubted[name] for name in names)


def _digest(project: Project, snapshot_id: str) -> bytes:
    """What the manifest of a version says of itself; nothing where it cannot be read."""
    try:
        with open(place_of(project, snapshot_id) / MANIFEST, "rb") as file:
            return file.read(DIGITS)
    except OSError:
        return b""


def _mended(project: Project, snapshot_id: str, fresh: Manifest, packs: Packs) -> Manifest | None:
    """The manifest of a version with what is sound in *fresh*; None where that does not help it."""
    other = manifest_there(project, snapshot_id)
    if other is None:
        return None
    places = _places(other, fresh, packs)
    extras = _extras(other, fresh, packs)
    if not places and extras is None:
        return None
    pieces = [other.piece(place) for place in range(len(other.spans))]
    for place in places:
        pieces[place] = fresh.piece(fresh.places[pieces[place].fingerprint])
    groups = [pieces[start : start + other.columns] for start in range(0, len(pieces), other.columns)]
    quick = Quick(other.seed, found=other.quick_hashes())
    said = Described(
        other.id, other.schema, dict(other.form), other.digests, other.nulls, other.nans, other.extras, quick
    )
    made = composed(physical_schema(other.schema), other.cut, groups, said)
    return replace(made, added=other.added, extras_span=extras or other.extras_span)


def _places(other: Manifest, fresh: Manifest, packs: Packs) -> list[int]:
    shared = sorted(place for one, place in other.places.items() if one in fresh.places)
    return [place for place in shared if not packs.sound(other.spans[place])]


def _extras(other: Manifest, fresh: Manifest, packs: Packs) -> Span | None:
    """Where the arrays that the form of *other* speaks of are sound, if they are not and *fresh* has the same."""
    was, now = other.extras_span, fresh.extras_span
    if was is None or now is None or packs.sound([was]):
        return None
    try:
        digest = packs[now.pack].digest(now.offset)
        return now if packs[was.pack].has(digest, was.offset, was.length) and packs.sound([now]) else None
    except (Damaged, OSError):
        return None
