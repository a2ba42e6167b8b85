"""After a damaged version was saved anew: give its sound pieces to the versions that shared the damaged ones."""

from __future__ import annotations

from dataclasses import replace

from e2e_lab.errors import Damaged
from e2e_lab.project import Project
from e2e_lab.storage.parquet import physical_schema
from e2e_lab.storage.store.heads import stored_ids
from e2e_lab.storage.store.manifest import Manifest, write_manifest
from e2e_lab.storage.store.packs import Packs, Span
from e2e_lab.storage.store.writer import Described, composed, manifest_there


def heal(project: Project, fresh: Manifest) -> tuple[str, ...]:
    """Mend every version of which a damaged piece is sound in *fresh*; their ids."""
    mended = []
    for snapshot_id in stored_ids(project):
        if snapshot_id != fresh.id and _damaged(project, snapshot_id, fresh):
            with project.lock("heal the store"):
                if _mend(project, snapshot_id, fresh):
                    mended.append(snapshot_id)
    return tuple(mended)


def _damaged(project: Project, snapshot_id: str, fresh: Manifest) -> bool:
    other = manifest_there(project, snapshot_id)
    return other is not None and (bool(_places(project, other, fresh)) or _extras(project, other, fresh) is not None)


def _places(project: Project, other: Manifest, fresh: Manifest) -> list[int]:
    shared = sorted(place for one, place in other.places.items() if one in fresh.places)
    packs = Packs(project)
    return [place for place in shared if not packs.sound(other.spans[place])]


def _extras(project: Project, other: Manifest, fresh: Manifest) -> Span | None:
    """Where the arrays that the form of *other* speaks of are sound, if they are not and *fresh* has the same."""
    was, now = other.extras_span, fresh.extras_span
    packs = Packs(project)
    if was is None or now is None or packs.sound([was]):
        return None
    try:
        digest = packs[now.pack].digest(now.offset)
        return now if packs[was.pack].has(digest, was.offset, was.length) and packs.sound([now]) else None
    except (Damaged, OSError):
        return None


def _mend(project: Project, snapshot_id: str, fresh: Manifest) -> bool:
    other = manifest_there(project, snapshot_id)
    if other is None:
        return False
    pieces = [other.piece(place) for place in range(len(other.spans))]
    for place in _places(project, other, fresh):
        pieces[place] = fresh.piece(fresh.places[pieces[place].fingerprint])
    groups = [pieces[start : start + other.columns] for start in range(0, len(pieces), other.columns)]
    said = Described(other.id, other.schema, dict(other.form), other.digests, other.nulls, other.nans, other.extras)
    made = composed(physical_schema(other.schema), other.cut, groups, said)
    made = replace(made, added=other.added, extras_span=_extras(project, other, fresh) or other.extras_span)
    write_manifest(project, made, made.to_bytes())
    return True
