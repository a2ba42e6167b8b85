"""What a commit made now would hold: which changed and new files go in, and which stay out."""

from __future__ import annotations

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


def is_our_record(repo: Repository, path: str) -> bool:
    """Whether the file that lies where a record would is one."""
    try:
        return changes.outline((repo.top / path).read_bytes()) is not None
    except OSError:
        return False


def is_our_lock(content: bytes) -> bool:
    """Whether an environment lock was written by us, and not by the user or another tool."""
    return content.startswith(HEADER.encode())


def _belongs(repo: Repository, path: str) -> bool:
    inside = repo.inside(path) or path
    if selection.is_record(inside):
        return is_our_record(repo, path)
    if inside == working.LOCK:
        try:
            return is_our_lock((repo.top / path).read_bytes())
        except OSError:
            return False
    return selection.is_committed(inside) and working.small(repo, path)
