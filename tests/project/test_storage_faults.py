"""Whatever call fails, at whatever point, and wherever a process dies: nothing that was saved is lost."""

from __future__ import annotations

import errno
import itertools
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from e2e_lab import project as projects
from e2e_lab import storage
from e2e_lab.errors import Damaged, DiskFull, E2EError, StorageRefused, VersionNotFound
from e2e_lab.project import Project
from e2e_lab.records import Snapshot
from e2e_lab.storage.store import collecting, forgetting, putting, ranges, streams, verifying  # noqa: F401
from e2e_lab.storage.store.manifest import read_manifest
from tests.project.fault_points import error_at, struck
from tests.project.store_files import flip


def table(seed: int, rows: int = 300) -> pd.DataFrame:
    """Several ranges of numbers, text and lists, and an object column for which a manifest has extras."""
    random = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "n": np.arange(rows) * 7,
            "x": random.random(rows),
            "text": [f"text {n}" for n in random.integers(0, 50, rows)],
            "mixed": pd.Series([n if n % 2 else f"{n}" for n in range(rows)], dtype=object),
        }
    )


def edited(seed: int) -> pd.DataFrame:
    """The first table with a few cells changed and rows added."""
    frame = pd.concat([table(1), table(seed + 50, 40)], ignore_index=True)
    frame.loc[10:20, "x"] = seed
    return frame


def arrow(seed: int) -> pa.Table:
    return pa.Table.from_pandas(edited(seed).drop(columns="mixed"), preserve_index=False).replace_schema_metadata(None)


# ---- what is done, and the project it is done to -------------------------------------------------------------


def _snapshot(project: Project) -> object:
    return storage.snapshot(project, edited(5), "flights", message="third")


def _first(project: Project) -> object:
    return storage.snapshot(project, table(9), "fresh", stage="raw")


def _stream(project: Project) -> object:
    return storage.snapshot(project, arrow(6).to_reader(max_chunksize=64), "streamed")


def _heal(project: Project) -> object:
    return storage.snapshot(project, table(2), "sick")


def _gc(project: Project) -> object:
    return storage.gc(project, roots=())


def _forget(project: Project) -> object:
    found = [version for version in storage.versions(project, "flights") if version.version == 1]
    if not storage.is_stored(project, found[0].id):  # done before the process died
        return storage.gc(project, roots=_ids(project))
    return storage.forget(project, found[0], reason="asked to")


def _rename(project: Project) -> object:
    return storage.rename(project, "streamed", "renamed") if "streamed" in storage.records(project) else None


def _remove(project: Project) -> object:
    return storage.remove(project, "streamed") if "streamed" in storage.records(project) else None


def _reinstate(project: Project) -> object:
    return storage.reinstate(project, storage.versions(project, "flights")[0])


DEEDS: dict[str, Callable[[Project], object]] = {
    "snapshot": _snapshot, "first": _first, "stream": _stream, "heal": _heal, "gc": _gc, "forget": _forget,
    "rename": _rename, "remove": _remove, "reinstate": _reinstate,
}  # fmt: skip
SAVES = ("snapshot", "first", "stream", "heal")


def _ids(project: Project) -> set[str]:
    return {version.id for name in storage.known_names(project) for version in _noted(project, name)}


def _noted(project: Project, name: str) -> tuple[Snapshot, ...]:
    try:
        return storage.versions(project, name)
    except E2EError:  # renamed away
        return ()


@dataclass(frozen=True)
class Scene:
    """A project before a deed, and the fingerprint of every version in it."""

    root: Path
    versions: dict[str, Snapshot]
    doomed: frozenset[str]
    """Those that the deed takes away, or, in a *sick* one, that are damaged."""
    sick: bool = False

    def copy(self, to: Path) -> Project:
        if to.exists():
            shutil.rmtree(to)
        shutil.copytree(self.root, to)
        return projects.find(to)


@pytest.fixture(scope="module")
def small_ranges() -> Iterator[None]:
    patch = pytest.MonkeyPatch()
    shrink(patch.setattr)
    yield
    patch.undo()


def shrink(setattr_: Callable[..., None]) -> None:
    """Ranges of some dozen rows, so that little tables have many pieces."""
    setattr_(ranges, "LEAST", 32)
    setattr_(ranges, "COLUMN_BYTES", 256)
    setattr_(streams, "WINDOW_BYTES", 4096)
    setattr_(streams, "RANGE_BYTES", 8192)


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory, small_ranges: None) -> Callable[[str], Scene]:
    root = tmp_path_factory.mktemp("scene") / "plain"
    project, _ = projects.create(root)
    (root / "e2e.toml").write_text("[storage]\nkeep_days = 0\n")
    project = projects.find(root)
    made = [
        storage.snapshot(project, table(1), "flights", stage="raw"),
        storage.snapshot(project, edited(2), "flights"),
        storage.snapshot(project, arrow(3), "streamed", stage="raw"),
        storage.snapshot(project, table(2), "sick", stage="raw"),
        storage.snapshot(project, table(2).assign(more=1), "shared", stage="raw"),
        storage.snapshot(project, table(4), "gone", stage="raw"),
        storage.snapshot(project, table(7), "sparse", stage="raw"),
        storage.snapshot(project, table(7).head(60), "sparse"),
    ]
    storage.remove(project, "gone")
    versions = {version.ref: version for version in made}
    sick_root = root.with_name("sick")
    shutil.copytree(root, sick_root)
    sick = projects.find(sick_root)
    pack = max(Path(sick.home / "store" / "packs").glob("*.pack"), key=lambda path: _holds(sick, path, made[3]))
    flip(pack, 8 * 40)
    with pytest.raises(Damaged):
        storage.load(sick, made[3])
    doomed = {
        "gc": frozenset({"flights@v1", "sparse@v1", "gone@v1"}),
        "forget": frozenset({"flights@v1"}),
        "heal": frozenset({"sick@v1", "shared@v1"}),
    }

    def scene(deed: str) -> Scene:
        sick = deed == "heal"
        return Scene(sick_root if sick else root, versions, doomed.get(deed, frozenset()), sick)

    return scene


def _holds(project: Project, path: Path, version: Snapshot) -> int:
    """How much a version takes from a pack; the pack it brought before others."""
    spans = read_manifest(project, version.id).layout
    return sum(span.length for span in spans if span.pack == path.stem)


# ---- what holds afterwards -----------------------------------------------------------------------------------


def check(project: Project, scene: Scene, *, clean: bool = False) -> None:
    """Every version reads as it was, or, where the deed takes it away, is gone as a whole; *clean*, nothing is left of
    what failed."""
    for ref, version in scene.versions.items():
        try:
            frame = storage.load(project, version, kind="arrow" if "streamed" in ref else "pandas")
        except (VersionNotFound, Damaged):
            assert ref in scene.doomed
            continue
        assert storage.fingerprint(frame) == version.id
    if clean:
        assert not list(project.home.rglob("*.tmp"))
        assert not list((project.home / "store").glob("leases/*"))
    found = storage.verify(project)
    damaged = {ref for one in found.findings for ref in one.versions}
    assert damaged <= (scene.doomed if scene.sick else set()), found.findings
    assert scene.sick or not found.findings, found.findings


def check_swept(project: Project) -> None:
    """``gc`` takes away all that nothing refers to."""
    for path in project.home.rglob(".*.tmp"):
        os.utime(path, (0, 0))
        os.utime(path.parent, (time.time() + 5, time.time() + 5))
    storage.gc(project, roots=_ids(project))
    assert not list(project.home.rglob(".*.tmp"))
    known = _ids(project)
    assert {folder.name for folder in (project.home / "store" / "snapshots").iterdir()} <= known
    again = storage.gc(project, roots=known, dry_run=True)
    assert (again.versions, again.packs, again.temporary) == (0, 0, 0)


# ---- errors --------------------------------------------------------------------------------------------------

ALL = pytest.param(1, marks=pytest.mark.integration, id="every-call")
SOME = pytest.param(29, id="some-calls")


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("step", [SOME, ALL])
def test_a_call_that_fails_says_so_and_loses_nothing(
    deed: str, step: int, scenes: Callable[[str], Scene], tmp_path: Path
) -> None:
    """*step*: both errors at every call, or one of them at some."""
    scene = scenes(deed)
    refused: set[str] = set()
    for number in itertools.count(list(DEEDS).index(deed) % step + 1, step):
        both = [(errno.ENOSPC, True), (errno.EIO, False)]
        for code, lasting in both if step == 1 else [both[number % 2]]:
            project = scene.copy(tmp_path / "work")
            strike, calls = error_at(number, code, lasting=lasting)
            problem = _struck(deed, project, strike)
            if len(calls) < number:
                assert number > step  # there was something to strike
                assert step > 1 or deed not in SAVES or {"write", "fsync", "replace", "mkdir", "open"} <= refused
                return
            struck_call = calls[number - 1]
            if problem is not None:
                refused.add(struck_call)
                assert problem.hint
                assert isinstance(problem, DiskFull) == (code == errno.ENOSPC)
            clean = deed in SAVES and struck_call != "unlink"
            check(project, scene, clean=clean)
            DEEDS[deed](project)
            check(project, scene, clean=clean)


def _struck(deed: str, project: Project, strike: Callable[[str], None]) -> StorageRefused | None:
    try:
        with struck(strike):
            DEEDS[deed](project)
    except StorageRefused as problem:
        return problem
    return None


# ---- death ---------------------------------------------------------------------------------------------------

# Imports once, then forks for each line it reads, "DEED FOLDER N", a child that dies just before its Nth call.
_MORTALS = """
import os, sys, warnings
from tests.project import test_storage_faults as faults
from tests.project.fault_points import death_at, struck
faults.shrink(setattr)
faults.storage.fingerprint(faults.table(1))
print("ready", flush=True)
for line in sys.stdin:
    deed, folder, number = line.split()
    child = os.fork()
    if not child:
        try:
            project = faults.projects.find(folder)
            with struck(death_at(int(number))):
                faults.DEEDS[deed](project)
            os._exit(0)
        except BaseException:
            import traceback
            traceback.print_exc()
            os._exit(1)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.fixture(scope="module")
def dying() -> Iterator[Callable[[str, Path, int], bool]]:
    """``dying(deed, folder, N)``: whether a process that did this was killed at its Nth call, or came to its end."""
    command = [sys.executable, "-W", "ignore", "-c", _MORTALS]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"

        def run(deed: str, folder: Path, number: int) -> bool:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(f"{deed} {folder} {number}\n")
            process.stdin.flush()
            code = int(process.stdout.readline())
            assert code in (0, -signal.SIGKILL)
            return code != 0

        yield run
        process.stdin.close()


DEATHS = [pytest.param(deed, 29, id=f"some-calls-{deed}") for deed in ("snapshot", "gc", "forget")]
DEATHS += [pytest.param(deed, 1, id=f"every-call-{deed}", marks=pytest.mark.integration) for deed in DEEDS]


@pytest.mark.parametrize(("deed", "step"), DEATHS)
def test_a_process_that_dies_at_any_call_loses_nothing(
    deed: str, step: int, scenes: Callable[[str], Scene], dying: Callable[[str, Path, int], bool], tmp_path: Path
) -> None:
    scene = scenes(deed)
    for number in itertools.count((list(DEEDS).index(deed) + 4) % step + 1, step):
        project = scene.copy(tmp_path / "work")
        if not dying(deed, project.root, number):
            assert number > step
            return
        check(project, scene)
        DEEDS[deed](project)
        check(project, scene)
        if deed not in ("gc", "heal"):
            check_swept(project)
            check(project, scene)
