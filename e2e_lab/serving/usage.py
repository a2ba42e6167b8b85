"""How a service was asked: its prediction log from the end, and what its process printed. No log is read whole."""

from __future__ import annotations

import heapq
import http.client
import itertools
import json
import math
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from e2e_lab import models
from e2e_lab.project import Project
from e2e_lab.records import Ref, Service
from e2e_lab.records.model_panels import ServiceLog, Traffic
from e2e_lab.serving.predictions import Prediction, time_of

MOST = 20_000
"""Requests of the last hour that are looked at."""
_LAST = 1_000
_MINUTES = 60
_BLOCK = 1 << 16
_CHUNK = 1 << 18
_COUNT = 1 << 20
_ID = re.compile(rb'\s*\{"id": ?"([0-9A-Z]{26})"')
_SECONDS = re.compile(rb'"seconds": ?([0-9.eE+-]+)')


def recent(project: Project, service: str, *, offset: int, limit: int) -> tuple[tuple[Prediction, ...], int]:
    """The requests of *service* that were answered, newest first, *limit* of them from *offset* on, and how many."""
    files = _files(project, service)
    wanted = itertools.islice(_newest(files), offset, offset + limit)
    found = []
    for line in wanted:
        try:
            found.append(Prediction.from_json(json.loads(line)))
        except (ValueError, TypeError):  # a line that a full disk cut short
            continue
    return tuple(found), sum(_lines(path) for path in files)


def since_start(project: Project, service: Service) -> tuple[int, tuple[float, ...]]:
    """How many requests the running *service* has answered, and the seconds of the last thousand of them."""
    files = [path for path in _files(project, service.name) if path.name.endswith(f".{service.pid}.jsonl")]
    begun = service.since.timestamp()
    files = [path for path in files if path.stat().st_mtime >= begun]
    lines = itertools.islice(_newest(files), _LAST)
    return sum(_lines(path) for path in files), tuple(filter(None, map(_seconds, lines)))


def traffic(project: Project, service: str) -> Traffic:
    """How *service* was asked in the last hour."""
    now = int(time.time() // 60)
    minutes = [0] * _MINUTES
    took: list[float] = []
    looked = 0
    for looked, line in enumerate(itertools.islice(_newest(_files(project, service)), MOST), 1):  # noqa: B007
        named = _ID.match(line)
        ago = now - int(time_of(named[1].decode()).timestamp() // 60) if named else 0
        if ago >= _MINUTES:
            break
        minutes[_MINUTES - 1 - max(ago, 0)] += 1
        took += filter(None, [_seconds(line)])
    return Traffic(minutes=tuple(minutes), p50=part(took, 0.5), p95=part(took, 0.95), capped=looked >= MOST)


def part(times: list[float] | tuple[float, ...], of: float) -> float | None:
    """The time that this part of all took at most, None of none.

    >>> part([0.3, 0.1, 0.2], 0.5), part([], 0.5)
    (0.2, None)
    """
    return sorted(times)[math.ceil(len(times) * of) - 1] if times else None


def answers(service: Service, *, timeout: float = 0.5) -> bool:
    """Whether the process of a running service answers at its address."""
    address = urlsplit(service.url)
    asking = http.client.HTTPConnection(address.hostname or "", address.port, timeout=timeout)
    try:
        asking.request("GET", "/livez")
        return asking.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        asking.close()


def log(project: Project, name: str, offset: int = 0) -> ServiceLog:
    """What the process of a service printed from byte *offset* on, in whole lines, up to a quarter of a megabyte.

    A service that was started again has a new log: an offset beyond its end is the beginning. Raises
    :class:`ServiceNotFound` for a name that no package has.
    """
    models.find_package(project, Ref(name=name))
    try:
        with open(project.home / "services" / f"{name}.log", "rb") as file:
            offset = offset if offset <= os.fstat(file.fileno()).st_size else 0
            file.seek(offset)
            said = file.read(_CHUNK)
    except FileNotFoundError:
        offset, said = 0, b""
    said = said[: said.rfind(b"\n") + 1] or (said if len(said) == _CHUNK else b"")
    return ServiceLog(text=said.decode("utf-8", "replace"), offset=offset, next=offset + len(said))


# ---- files ---------------------------------------------------------------------------------------------------


def _files(project: Project, service: str) -> list[Path]:
    return sorted((project.home / "predictions" / service).glob("*.jsonl"), reverse=True)


def _newest(files: list[Path]) -> Iterator[bytes]:
    """The lines of *files*, newest first: day by day, and within a day by the id, which begins with the time."""
    for _, same in itertools.groupby(files, key=lambda path: path.name.split(".")[0]):
        yield from heapq.merge(*map(_backwards, same), key=_id, reverse=True)


def _id(line: bytes) -> bytes:
    named = _ID.match(line)
    return named[1] if named else b""


def _seconds(line: bytes) -> float | None:
    said = _SECONDS.search(line)
    return float(said[1]) if said else None


def _backwards(path: Path) -> Iterator[bytes]:
    """The lines of a file from its end, without those that are no prediction."""
    with open(path, "rb") as file:
        at = file.seek(0, os.SEEK_END)
        rest = b""
        while at > 0:
            size = min(_BLOCK, at)
            at -= size
            file.seek(at)
            lines = (file.read(size) + rest).split(b"\n")
            rest = lines[0]
            yield from (line for line in reversed(lines[1:]) if _id(line))
        if _id(rest):
            yield rest


_COUNTED: dict[Path, tuple[int, int, int]] = {}
"""Of a log, which file it was, how many bytes were looked at, and how many lines they hold."""


def _lines(path: Path) -> int:
    """How many lines a log holds; files only grow, so that each byte is looked at once."""
    seen = path.stat()
    file, size, lines = _COUNTED.get(path, (0, 0, 0))
    if file != seen.st_ino or size > seen.st_size:
        size = lines = 0
    if size < seen.st_size:
        with open(path, "rb") as log:
            log.seek(size)
            while size < seen.st_size and (block := log.read(min(_COUNT, seen.st_size - size))):
                size, lines = size + len(block), lines + block.count(b"\n")
        _COUNTED[path] = seen.st_ino, size, lines
    return lines
