"""What a commit made now would hold: which changed and new files go in, and which stay out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from e2e_lab.records.changes import WhyLeftOut
from e2e_lab.versioning import changes, selection, working
from e2e_lab.versioning.installed import HEADER
from e2e_lab.versioning.repository import Repository


@dataclass
class Plan:
    """Paths of the repository: all that goes in, those of it that git does not know yet, and what stays out."""

    paths: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def made(repo: Repository, state: working.Working) -> Plan:
    """The plan for the project's folder as *state* says it is."""
    plan = Plan()
    quiet = working.noise(repo, state.changes)
    dropped = {change.path for change in state.changes if change.dropped}
    for change in state.changes:
        if selection.is_private(repo.inside(change.path) or change.path):
            plan.left_out.append(change.path)
        elif change.path not in quiet and change.path not in dropped and (change.head or change.mode):
            plan.paths.append(change.path)
    for path in state.untracked:
        if path in dropped:
            continue
        if _belongs(repo, path):
            plan.new.append(path)
        else:
            plan.left_out.append(path)
    plan.new += [path for path in working.hidden(repo, state) if _belongs(repo, path)]
    plan.paths = sorted({*plan.paths, *plan.new})
    plan.notes = [
        f"{repo.inside(path) or path} was taken out of git by hand; finish that with: git commit"
        for path in sorted(dropped)
    ]
    return plan


def why_left_out(repo: Repository, path: str) -> WhyLeftOut:
    """Why a path of :attr:`Plan.left_out` stays out."""
    inside = repo.inside(path) or path
    if selection.is_private(inside):
        return "private"
    if selection.is_record(inside) or inside == working.LOCK:
        return "not ours"
    return "large" if selection.is_committed(inside) else "data"


def content(repo: Repository, path: str) -> bytes | None:
    """What a commit made now would hold of a file; None for what is no file of its own, or cannot be read."""
    full = repo.top / path
    try:
        return full.read_bytes() if full.is_file() and not full.is_symlink() else None
    except OSError:
        return None


def records(
    repo: Repository, state: working.Working, paths: Sequence[str]
) -> list[tuple[str, changes.Outline | None, changes.Outline | None]]:
    """(path, before, after) of each record among *paths*."""
    found = [path for path in paths if selection.is_record(repo.inside(path) or "")]
    heads = {change.path: change.head for change in state.changes if change.head}
    asked = [path for path in found if path in heads]
    before = dict(zip(asked, repo.blobs(heads[path] for path in asked), strict=True))
    return [(path, changes.outline(before.get(path)), changes.outline(content(repo, path))) for path in found]


def is_our_record(repo: Repository, path: str) -> bool:
    """Whether the file that lies where a record would is one."""
    return changes.outline(content(repo, path)) is not None


def is_our_lock(content: bytes) -> bool:
    """Whether an environment lock was written by us, and not by the user or another tool."""
    return content.startswith(HEADER.encode())


def _belongs(repo: Repository, path: str) -> bool:
    inside = repo.inside(path) or path
    if selection.is_record(inside):
        return is_our_record(repo, path)
    if inside == working.LOCK:
        return is_our_lock(content(repo, path) or b"")
    return selection.is_committed(inside) and working.small(repo, path)
