"""Whatever happens at any instant, the last state is there and readable."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest

from e2e_lab import project as projects
from e2e_lab import storage
from e2e_lab.errors import DiskFull, Locked, ReadOnly
from e2e_lab.project import Project

# Imports once, then forks a writer for each line it reads: "NAME COUNT SEED", where COUNT 0 means for ever.
WRITERS = """
import os, sys
import pandas as pd
from e2e_lab import project, storage
from e2e_lab.storage import saving
print("ready", flush=True)
for line in sys.stdin:
    name, count, seed = line.split()
    pid = os.fork()
    if pid:
        print(pid, flush=True)
        continue
    here = project.find(sys.argv[1])
    n = 0
    while not int(count) or n < int(count):
        frame = pd.DataFrame({"seed": int(seed), "n": range(n, n + 2000), "s": "text"})
        storage.snapshot(here, frame, name, stage="raw")
        n += 1
    os._exit(0)
"""


@pytest.fixture
def writers(project: Project) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-W", "ignore", "-c", WRITERS, str(project.root)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        assert process.stdin is not None
        process.stdin.close()


def start(writers: subprocess.Popen[str], name: str, count: int, seed: int) -> int:
    assert writers.stdin is not None
    assert writers.stdout is not None
    writers.stdin.write(f"{name} {count} {seed}\n")
    writers.stdin.flush()
    return int(writers.stdout.readline())


def test_kill_9_at_any_instant_leaves_the_last_state_readable(project: Project, writers: subprocess.Popen[str]) -> None:
    random.seed(7)
    reached = 0
    for attempt in range(200):  # 14 do, unless the machine is too busy for a writer to get anywhere before its end
        if attempt >= 14 and reached > 3:
            break
        pid = start(writers, "flights", 0, attempt)
        time.sleep(random.uniform(0.01, 0.12))
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
        start(writers, "flights", 6, seed)
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
        start(writers, "flights", 1, 5)
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
