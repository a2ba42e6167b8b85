"""What was done to keep the store intact and small: verified, collected, forgotten."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from e2e_lab.records.record import Record, View
from e2e_lab.records.wording import duration, plural, size

FINAL = "this cannot be undone"


@dataclass(frozen=True, kw_only=True)
class Finding(Record):
    """Something stored that is not as it should be: which file, what is wrong, which versions need it, what to do."""

    file: str
    problem: str
    versions: tuple[str, ...] = ()
    fix: str = ""


@dataclass(frozen=True, kw_only=True)
class Verified(Record):
    """What a verification read, and what it found. *decoded*: tables were decoded and their content ids computed anew.

    *absent* are versions that a record or journal names and that lie on another machine only, which is no damage.
    """

    versions: int
    files: int
    bytes: int
    seconds: float
    decoded: bool = False
    findings: tuple[Finding, ...] = ()
    absent: tuple[str, ...] = ()

    @property
    def intact(self) -> bool:
        """Whether all that was read is what was stored."""
        return not self.findings

    def view(self) -> View:
        read = [plural(self.versions, "version"), f"{size(self.bytes)} in {plural(self.files, 'file')}"]
        if self.decoded:
            read.append("content ids computed anew")
        notes = (f"not on this machine: {_some(self.absent)}",) if self.absent else ()
        if self.intact:
            return View(" · ".join(["Intact", *read, duration(self.seconds)]), notes=notes)
        rows = tuple((f.file, f.problem, _some(f.versions), f.fix) for f in self.findings)
        title = " · ".join([f"Damage: {plural(len(self.findings), 'finding')}", *read, duration(self.seconds)])
        return View(title, header=("file", "what", "concerns", "do"), rows=rows, notes=notes)


@dataclass(frozen=True, kw_only=True)
class Collected(Record):
    """What nothing referred to and was taken away; *dry_run*: what would be. *bytes* is what the store shrinks by."""

    dry_run: bool
    versions: int
    """Versions taken away."""
    refs: tuple[str, ...] = ()
    """Their names, where a journal still knows one."""
    packs: int = 0
    """Packs taken away whole."""
    rewritten: int = 0
    """Packs of which little was used, written anew with just that."""
    temporary: int = 0
    bytes: int = 0
    kept: int = 0
    """Versions that stay."""
    notes: tuple[str, ...] = ()

    def view(self) -> View:
        gone = [(self.versions, "version"), (self.packs, "pack"), (self.temporary, "unfinished file")]
        what = [plural(n, word) for n, word in gone if n]
        what += [f"{plural(self.rewritten, 'pack')} written anew"] if self.rewritten else []
        stays = f"{plural(self.kept, 'version')} kept"
        if not what:
            return View(f"Nothing to collect · {stays}", notes=self.notes)
        title = " · ".join([f"{'Would free' if self.dry_run else 'Freed'} {size(self.bytes)}", *what, stays])
        notes = (*((f"nothing refers to {_some(self.refs)}",) if self.refs else ()), *self.notes)
        return View(title, notes=(*notes, "next: e2e gc" if self.dry_run else FINAL))


@dataclass(frozen=True, kw_only=True)
class Forgotten(Record):
    """A version whose bytes were erased for good. *also* are other versions with the same content, gone with it.

    *remains* says what else may hold rows of it and was not touched.
    """

    ref: str
    id: str
    also: tuple[str, ...] = ()
    reason: str
    author: str | None = None
    time: datetime
    bytes: int = 0
    remains: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def view(self) -> View:
        title = " · ".join([f"{self.ref} is forgotten", *([f"{size(self.bytes)} erased"] if self.bytes else [])])
        also = (f"the same content, so gone as well: {_some(self.also)}",) if self.also else ()
        rows = tuple((place,) for place in self.remains)
        header = ("may still hold rows of it",) if rows else ()
        return View(title, header=header, rows=rows, notes=(*also, *self.notes, FINAL))


def _some(names: Iterable[str], most: int = 6) -> str:
    listed = list(names)
    more = f" and {len(listed) - most:,} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more
