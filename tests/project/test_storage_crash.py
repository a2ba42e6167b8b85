"""Whatever happens at any instant, the last state is there and readable."""

from __future__ import annotations

import errno
import os
import random
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from e2e_lab import project as projects
from e2e_lab import storage
from e2e_lab.errors import Damaged, DiskFull, Locked, ReadOnly
from e2e_lab.project import Project
from e2e_lab.storage.store.manifest import read_manifest
from tests.project.store_files import flip, fresh, table

# Imports once, then forks a writer for each line it reads: "FOLDER NAME COUNT SEED", where COUNT 0 means for ever.
WRITERS = """
import os, sys
import pandas as pd
from e2e_lab import project, storage
from e2e_lab.storage import saving
from e2e_lab.storage.store import index, putting
storage.fingerprint(pd.DataFrame({"s": ["text"]}))
print("ready", flush=True)
for line in sys.stdin:
    folder, name, count, seed = line.split()
    pid = os.fork()
    if pid:
        print(pid, flush=True)
        continue
    here = project.find(folder)
    n = 0
    while not int(count) or n < int(count):
        frame = pd.DataFrame({"seed": int(seed), "n": range(n, n + 2000), "s": "text"})
        storage.snapshot(here, frame, name, stage="raw")
        n += 1
    os._exit(0)
"""


@pytest.fixture(scope="module")
def writers() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-W", "ignore", "-c", WRITERS]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        assert process.stdin is not None
        process.stdin.close()


def start(writers: subprocess.Popen[str], project: Project, name: str, count: int, seed: int) -> int:
    assert writers.stdin is not None
    assert writers.stdout is not None
    writers.stdin.write(f"{project.root} {name} {count} {seed}\n")
    writers.stdin.flush()
    return int(writers.stdout.readline())


def test_kill_9_at_any_instant_leaves_the_last_state_readable(project: Project, writers: subprocess.Popen[str]) -> None:
    random.seed(7)
    reached = 0
    for attempt in range(200):  # 9 do, unless the machine is too busy for a writer to get anywhere before its end
        if attempt >= 9 and reached > 3:
            break
        pid = start(writers, project, "flights", 0, attempt)
        time.sleep(random.uniform(0.02, 0.3))
        os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)
        if not storage.records(project):
            continue
        now = storage.current(project, "flights")
        loaded = storage.load(project, now)
        assert storage.fingerprint(loaded) == now.id
        assert now.version >= reached
        reached = now.version
        for version in storage.versions(project, "flights"):
            assert storage.is_stored(project, version.id)
    assert reached > 3
    made = storage.snapshot(project, pd.DataFrame({"a": [1]}), "flights")
    assert made.version == reached + 1


def test_two_processes_saving_at_once_both_get_their_versions(project: Project, writers: subprocess.Popen[str]) -> None:
    for seed in (1, 2):
        start(writers, project, "flights", 6, seed)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and (
        not storage.records(project) or storage.current(project, "flights").version < 12
    ):
        time.sleep(0.02)
    known = storage.versions(project, "flights")
    assert [version.version for version in known] == list(range(1, 13))
    for before, after in pairwise(known):
        assert after.previous is not None
        assert (after.previous.version, after.previous.id) == (before.version, before.id)


def test_the_same_data_from_two_processes_is_one_version(project: Project, writers: subprocess.Popen[str]) -> None:
    for _ in range(2):
        start(writers, project, "flights", 1, 5)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and not storage.records(project):
        time.sleep(0.02)
    time.sleep(0.1)
    assert [version.version for version in storage.versions(project, "flights")] == [1]


@pytest.mark.parametrize("fails_at", [1, 2, 3, 4])
def test_a_full_disk_leaves_the_state_as_it_was(
    project: Project, monkeypatch: pytest.MonkeyPatch, fails_at: int
) -> None:
    first, second = pd.DataFrame({"a": [1, 2]}), pd.DataFrame({"a": [3, 4]})
    storage.snapshot(project, first, "flights", stage="raw")
    real, calls = os.fsync, []

    def full(fd: int) -> None:
        calls.append(fd)
        if len(calls) >= fails_at:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(fd)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        if fails_at == 3:  # that one syncs a folder, which not every file system can
            patch.setattr("e2e_lab.storage.store.manifest.sync_folder", lambda folder: full(0))
        with pytest.raises(DiskFull):
            storage.snapshot(project, second, "flights")
    assert storage.current(project, "flights").version == 1
    pd.testing.assert_frame_equal(storage.load(project, storage.current(project, "flights")), first)
    assert not list((project.home / "store").rglob("*.tmp"))
    assert storage.snapshot(project, second, "flights").version == 2


@pytest.fixture
def foreign() -> Iterator[Project]:
    """A project that this process may read but not write, also where the tests run as root."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        made, _ = projects.create(root / "work")
        storage.snapshot(made, pd.DataFrame({"a": [1]}), "flights", stage="raw")
        storage.export(made, storage.current(made, "flights"), root / "warm.parquet")
        root.chmod(0o755)
        for path in root.rglob("*"):
            path.chmod(0o555 if path.is_dir() else 0o444)
        was = os.geteuid()
        if was == 0:
            os.seteuid(65534)
        try:
            yield made
        finally:
            if was == 0:
                os.seteuid(0)
            for path in [root, *root.rglob("*")]:
                path.chmod(0o755)


def test_a_read_only_project_is_read_and_says_that_it_may_not_be_written(foreign: Project) -> None:
    now = storage.current(foreign, "flights")
    assert storage.load(foreign, now)["a"].tolist() == [1]
    assert storage.datasets(foreign)[0].name == "flights"
    with pytest.raises(ReadOnly):
        storage.snapshot(foreign, pd.DataFrame({"a": [2]}), "flights")
    with pytest.raises(ReadOnly):
        storage.remove(foreign, "flights")
    with pytest.raises(ReadOnly):
        storage.export(foreign, now, foreign.root / "out.parquet")
    assert not storage.snapshot(foreign, pd.DataFrame({"a": [1]}), "flights").changed


# ---- a disk that is full -------------------------------------------------------------------------------------


@pytest.fixture
def little_disk(tmp_path: Path) -> Iterator[Path]:
    """A real disk of 4 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(folder)], capture_output=True, check=False
    )
    if not mounted or mounted.returncode:
        pytest.skip("only root may mount a disk")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_table_that_does_not_fit_is_refused_and_leaves_nothing(little_disk: Path) -> None:
    project = fresh(projects.create(little_disk / "work")[0])
    some = np.random.default_rng(0)
    small = pd.DataFrame({"x": some.random(20_000)})
    made = storage.snapshot(project, small, "flights", stage="raw")
    large = pd.DataFrame({f"x{n}": some.random(200_000) for n in range(4)})
    before = sorted(project.home.rglob("*.pack"))
    for frame in (large, pa.Table.from_pandas(large).to_reader(max_chunksize=1000)):
        with pytest.raises(DiskFull, match="to write"):
            storage.snapshot(project, frame, "large", stage="raw")
        assert sorted(project.home.rglob("*.pack")) == before
        assert not list(project.home.rglob("*.tmp"))
        assert storage.fingerprint(storage.load(project, made)) == made.id
    assert storage.verify(project).intact


def test_a_disk_without_a_free_byte_can_be_collected(little_disk: Path) -> None:
    project = fresh(projects.create(little_disk / "work")[0])
    some = np.random.default_rng(0)
    for _ in range(3):
        now = storage.snapshot(project, pd.DataFrame({"x": some.random(20_000)}), "flights", stage="raw")
    with suppress(OSError), open(little_disk / "filling", "wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    with pytest.raises(DiskFull):
        storage.snapshot(project, pd.DataFrame({"a": [1]}), "other", stage="raw")
    assert storage.load(project, now).shape == (20_000, 1)
    done = storage.gc(project, roots=())
    assert (done.versions, done.packs) == (1, 1)
    assert storage.snapshot(project, pd.DataFrame({"a": [1]}), "other", stage="raw").version == 1
    assert storage.fingerprint(storage.load(project, now)) == now.id
    assert storage.verify(project).intact


# ---- network file systems ------------------------------------------------------------------------------------


def _no_locks(*words: object, **more: object) -> sqlite3.Connection:
    raise sqlite3.OperationalError("locking protocol")


def _busy(path: str, *words: object, **more: object) -> sqlite3.Connection:
    if "index.sqlite" in str(path):
        raise sqlite3.OperationalError("database is locked")
    return sqlite3.Connection(path)


def _refused(*words: object, **more: object) -> None:
    raise OSError(errno.EPERM, "Operation not permitted")


@pytest.mark.parametrize("lacking", ["locks of sqlite", "a quiet index", "links", "fsync of folders", "all of it"])
def test_a_file_system_that_lacks_something_costs_space_and_loses_nothing(
    project: Project, monkeypatch: pytest.MonkeyPatch, lacking: str
) -> None:
    project = fresh(project)
    fsync = os.fsync

    def files_only(fd: int) -> None:
        if stat.S_ISDIR(os.fstat(fd).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")
        fsync(fd)

    if lacking in ("locks of sqlite", "all of it"):
        monkeypatch.setattr(sqlite3, "connect", _no_locks)
    if lacking == "a quiet index":
        monkeypatch.setattr(sqlite3, "connect", _busy)
    if lacking in ("links", "all of it"):
        monkeypatch.setattr(os, "link", _refused)
        monkeypatch.setattr(os, "symlink", _refused)
    if lacking in ("fsync of folders", "all of it"):
        monkeypatch.setattr(os, "fsync", files_only)
    first = table(3000)
    one = storage.snapshot(project, first, "flights", stage="raw")
    two = storage.snapshot(project, first.assign(delay=0.0), "flights")
    assert two.bytes_stored < one.bytes_stored / 2  # the parent's pieces are found without an index
    other = storage.snapshot(project, first, "copy", stage="raw")
    assert other.id == one.id
    arrow = pa.Table.from_pandas(first, preserve_index=False).replace_schema_metadata(None)
    storage.snapshot(project, arrow.to_reader(max_chunksize=100), "streamed", stage="raw")
    for version in (one, two):
        assert storage.fingerprint(storage.load(project, version)) == version.id
    three = storage.snapshot(project, table(10, seed=9), "flights")
    storage.remove(project, "copy")
    storage.gc(project, roots=())
    assert not storage.is_stored(project, one.id)
    storage.forget(project, two, reason="asked to")
    assert storage.fingerprint(storage.load(project, three)) == three.id
    assert storage.verify(project).intact


def test_a_save_waits_once_for_an_index_that_is_locked(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(4):
        storage.snapshot(project, table(50, seed=seed), "flights", stage="raw")
    calls: list[object] = []

    def slow(*words: object, **more: object) -> sqlite3.Connection:
        calls.append(words)
        raise sqlite3.OperationalError("database is locked")

    monkeypatch.setattr(sqlite3, "connect", slow)
    for seed in range(4, 8):
        storage.snapshot(project, table(50, seed=seed), "flights")
    (project.home / "store" / "index.sqlite").unlink()
    storage.snapshot(project, table(50, seed=8), "flights")
    assert len(calls) == 1


# ---- what others left ----------------------------------------------------------------------------------------


def test_what_only_the_form_speaks_of_is_saved_again_too_where_it_was_damaged(project: Project) -> None:
    labels = [f"label {n * 7919 % 1000}" for n in range(1000)]
    frame = pd.DataFrame({"kind": pd.Categorical(labels[:50], categories=labels)})
    made = storage.snapshot(project, frame, "flights", stage="raw")
    other = storage.snapshot(project, frame.assign(n=1), "weather", stage="raw")
    span = read_manifest(project, made.id).extras_span
    assert span is not None
    flip(project.home / "store" / "packs" / f"{span.pack}.pack", span.offset * 8 + 77)
    for version in (made, other):
        with pytest.raises(Damaged):
            storage.load(project, version)
    storage.snapshot(project, frame, "flights")
    for version in (made, other):
        assert storage.fingerprint(storage.load(project, version)) == version.id


def test_without_rows_another_type_is_another_version(project: Project) -> None:
    storage.snapshot(project, pa.table({"n": pa.array([], pa.int64())}), "flights", stage="raw")
    made = storage.snapshot(project, pa.table({"n": pa.array([], pa.string())}), "flights")
    assert made.changed
    assert storage.load(project, made, kind="arrow").schema.field("n").type == pa.string()


def test_a_forked_process_may_save_too(project: Project) -> None:
    code = (
        "import os, sys, pandas as pd; from e2e_lab import project, storage\n"
        "here = project.find(sys.argv[1])\n"
        "with here.lock('first'): pass\n"
        "child = os.fork()\n"
        "storage.snapshot(here, pd.DataFrame({'a': [child]}), 'child' if not child else 'parent', stage='raw')\n"
        "sys.exit(child and os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, str(project.root)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert set(storage.records(project)) == {"child", "parent"}


def test_what_vanishes_while_it_is_saved_is_not_noted_as_saved(project: Project) -> None:
    project = fresh(project)
    frame = table(100)
    storage.snapshot(project, frame, "flights", stage="raw")

    def meanwhile() -> str:
        storage.remove(project, "flights")
        storage.gc(project, roots=())
        return "Ada"

    with pytest.raises(Locked, match="collected while"):
        storage.snapshot(project, frame, "flights", stage="raw", message="again", author=meanwhile)
    assert not storage.records(project)
    made = storage.snapshot(project, frame, "flights", stage="raw")
    assert storage.fingerprint(storage.load(project, made)) == made.id
    assert storage.verify(project).intact


@pytest.mark.parametrize(
    "name", [".nfs0000001", "x", "a.b", "host.1", "host.x.y", "vm.999999.00", "é.1.2", "HERE.PID.0"]
)
def test_strange_files_among_the_leases_hinder_nothing(project: Project, name: str) -> None:
    project = fresh(project)
    storage.snapshot(project, table(100), "flights", stage="raw")
    now = storage.snapshot(project, table(100, seed=1), "flights")
    storage.snapshot(project, table(100, seed=2), "flights")
    leases = project.home / "store" / "leases"
    leases.mkdir(exist_ok=True)
    name = name.replace("HERE", socket.gethostname()).replace("PID", str(os.getpid()))
    (leases / name).write_bytes(b'\xff\x00{"snapshot": 1}\n[]\nnull\n{"pack"')
    storage.gc(project, roots=())
    assert storage.is_stored(project, now.id)  # the version before the current one
    assert storage.verify(project).intact


def test_a_lease_counts_for_as_long_as_its_process_lives(project: Project) -> None:
    project = fresh(project)
    first = storage.snapshot(project, table(100), "flights", stage="raw")
    code = (
        "import sys, time; from e2e_lab import project; from e2e_lab.storage import store\n"
        "with store.lease(project.find(sys.argv[1])) as lease:\n"
        "    lease.hold(snapshots=[sys.argv[2]]); print('held', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", code, str(project.root), first.id]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        storage.remove(project, "flights")
        storage.gc(project, roots=())
        assert storage.fingerprint(storage.load(project, first)) == first.id
        holder.kill()
    storage.gc(project, roots=())
    assert not storage.is_stored(project, first.id)


def test_leftovers_of_killed_writers_are_harmless_and_swept(project: Project) -> None:
    storage.snapshot(project, pd.DataFrame({"a": [1]}), "flights", stage="raw")
    packs = project.home / "store" / "packs"
    old, new = packs / ".1.x.tmp", packs / ".2.y.tmp"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    storage.snapshot(project, pd.DataFrame({"a": [2]}), "flights")
    assert not old.exists()
    assert new.exists()
    assert storage.current(project, "flights").version == 2


def test_a_busy_project_names_its_holder(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        "import sys, time; from e2e_lab import project\n"
        "with project.find(sys.argv[1]).lock('a long migration'): print('held', flush=True); time.sleep(30)"
    )
    storage.snapshot(project, pd.DataFrame({"a": [1]}), "flights", stage="raw")
    other = Project.at(project.root)
    object.__setattr__(other, "_lock", type(other._lock)(project.home / "lock", timeout=0.2))
    with subprocess.Popen([sys.executable, "-c", code, str(project.root)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(Locked, match="a long migration"):
            storage.snapshot(other, pd.DataFrame({"a": [2]}), "flights")
        holder.kill()
    assert storage.current(project, "flights").version == 1
    assert storage.snapshot(project, pd.DataFrame({"a": [2]}), "flights").version == 2
