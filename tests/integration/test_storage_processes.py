"""Several processes at one store: saving, loading, collecting, verifying and forgetting at once, for some seconds."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from e2e_lab import project as projects
from e2e_lab import storage
from e2e_lab.errors import Damaged, VersionNotFound
from e2e_lab.project import Project
from e2e_lab.records import Snapshot
from e2e_lab.storage import store
from e2e_lab.storage.store import ledger, repacking
from tests.project.store_files import fresh
from tests.project.test_storage_faults import shrink

pytestmark = pytest.mark.integration
SECONDS = float(os.environ.get("E2E_SECONDS", "5"))

_WORK = """
import random, sys, time, warnings
warnings.simplefilter("error")
import numpy as np, pandas as pd
from e2e_lab import project, storage
from e2e_lab.errors import Damaged, DatasetNotFound, Locked, VersionNotFound
from e2e_lab.storage.store import collecting, repacking
from tests.integration.test_storage_processes import forgotten_since
from tests.project.test_storage_faults import shrink
shrink(setattr)
collecting.SPARSE = 0.9
here = project.find(sys.argv[1])
what, name, seed, seconds = sys.argv[2], sys.argv[3], int(sys.argv[4]), float(sys.argv[5])
some = random.Random(seed)
rows = np.arange(600)
base = pd.DataFrame({"n": rows * 7, "text": [f"text {n % 40}" for n in rows], "x": rows * 0.5})
count = 0
until = time.monotonic() + seconds
print("ready", flush=True)
while time.monotonic() < until:
    count += 1
    if what in ("save", "stream"):
        frame = base.copy()
        for _ in range(some.randrange(4)):
            frame.loc[some.randrange(600), "x"] = some.random()
        if some.random() < 0.5:
            frame = pd.concat([frame, base.head(some.randrange(90))], ignore_index=True)
        if what == "stream":
            import pyarrow as pa
            frame = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
            made = storage.snapshot(here, frame.to_reader(max_chunksize=100), name, stage="raw")
        else:
            made = storage.snapshot(here, frame, name, stage="raw")
        assert made.id == storage.fingerprint(frame)
        if storage.current(here, name).id == made.id:
            try:
                kind = "arrow" if what == "stream" else "pandas"
                assert storage.fingerprint(storage.load(here, made, kind=kind)) == made.id
            except VersionNotFound:  # another one has saved since, and a third one collected
                assert storage.current(here, name).id != made.id or forgotten_since(here, made)
        if made.changed:
            print("made", made.version, made.id, flush=True)
    elif what == "load":
        try:
            now = storage.current(here, name)
            found = storage.load(here, now)
            assert storage.fingerprint(found) == now.id or name == "streamed"
            part = storage.load(here, now, columns=["x"], where=[("n", ">", 2000)], kind="arrow")
            assert part.num_rows < now.rows
        except DatasetNotFound:
            count -= 1
            time.sleep(0.01)
        except VersionNotFound:
            assert storage.current(here, name).id != now.id, "the current version is gone"
    elif what == "collect":
        storage.gc(here, roots=())
    elif what == "forget":
        known = storage.versions(here, name)[:-1] if name in storage.records(here) else ()
        old = some.choice(known) if known else None
        if old is not None and old.id != storage.current(here, name).id and storage.is_stored(here, old.id):
            try:
                storage.forget(here, old, reason="at random")
                count += 1
            except (Locked, VersionNotFound):
                pass
        time.sleep(0.05)
    elif what == "verify":
        found = storage.verify(here)
        assert found.intact, found.findings
print("done", count, flush=True)
"""


@contextmanager
def workers(project: Project, *wanted: tuple[str, str]) -> Iterator[list[subprocess.Popen[str]]]:
    root = Path(__file__).parents[2]
    running = []
    for seed, (what, name) in enumerate(wanted):
        command = [sys.executable, "-c", _WORK, str(project.root), what, name, str(seed), str(SECONDS)]
        running.append(
            subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=root,
                env=os.environ | {"PYTHONFAULTHANDLER": "1"},
            )
        )  # fmt: skip
    try:
        yield running
    finally:
        for one in running:
            one.kill()
            one.communicate()


def work(project: Project, *wanted: tuple[str, str]) -> dict[tuple[str, str, int], list[str]]:
    """Let them all work for some seconds; what each printed."""
    with workers(project, *wanted) as running:
        found = {}
        for seed, (one, said) in enumerate(zip(running, wanted, strict=True)):
            out, problem = one.communicate(timeout=SECONDS * 10 + 120)
            assert one.returncode == 0, (said, out[-300:], problem[-3000:])
            lines = out.splitlines()
            assert lines[-1].startswith("done")
            assert int(lines[-1].split()[1]) > 0, said
            found[*said, seed] = lines
        return found


def forgotten_since(project: Project, version: Snapshot) -> bool:
    """Whether its content was forgotten after it was made; both times are taken while the project is locked."""
    stone = ledger.tombstones(project).get(version.id)
    assert version.time is not None
    return stone is not None and datetime.fromisoformat(stone.time) >= version.time


def check(project: Project, *, gone_is_fine: bool = True) -> None:
    for name, now in storage.records(project).items():
        kind = "arrow" if name == "streamed" else "pandas"
        if storage.is_stored(project, now.id) or not forgotten_since(project, now):
            assert storage.fingerprint(storage.load(project, now, kind=kind)) == now.id
        for version in storage.versions(project, name):
            try:
                assert storage.fingerprint(storage.load(project, version, kind=kind)) == version.id
            except VersionNotFound:
                assert gone_is_fine
    assert storage.verify(project).intact


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    return fresh(projects.create(tmp_path / "shop")[0])


def test_saving_loading_and_collecting_at_once_loses_nothing(shop: Project) -> None:
    said = work(
        shop, ("save", "flights"), ("save", "flights"), ("stream", "streamed"), ("load", "flights"), ("collect", "-")
    )
    check(shop)
    numbers = Counter(
        line.split()[1]
        for (what, name, _), lines in said.items()
        if name == "flights"
        for line in lines
        if line[0] == "m"
    )
    assert set(numbers.values()) == {1}, "two processes made the same version"
    assert len(storage.versions(shop, "flights")) == len(numbers)


def test_without_collecting_every_version_stays(shop: Project) -> None:
    shop = fresh(shop, keep_days=90)
    work(shop, ("save", "flights"), ("save", "weather"), ("collect", "-"), ("verify", "-"))
    check(shop, gone_is_fine=False)


def test_forgetting_and_verifying_beside_savers_and_readers(shop: Project) -> None:
    work(
        shop, ("save", "flights"), ("save", "weather"), ("forget", "flights"), ("load", "weather"), ("collect", "-"),
        ("verify", "-"),
    )  # fmt: skip
    check(shop)


def test_a_reader_that_is_at_it_reads_on_while_packs_are_rewritten(
    shop: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    shrink(monkeypatch.setattr)
    monkeypatch.setattr(repacking, "TOGETHER", 1)
    some = np.random.default_rng(0)
    old = pd.DataFrame({"n": range(4000), "x": some.random(4000)})
    new = old.head(900)
    storage.snapshot(shop, old, "flights", stage="raw")
    now = storage.snapshot(shop, new, "flights")
    held = store.find(shop, now.id)
    dataset = held.dataset([0, 1])
    batches = dataset.to_batches()
    first = next(batches)
    assert storage.gc(shop, roots=()).rewritten + storage.gc(shop, roots=()).packs >= 0
    rest = sum(batch.num_rows for batch in batches) + first.num_rows
    assert rest == 900
    assert held.read().num_rows == 900
    assert storage.fingerprint(storage.load(shop, now)) == now.id
    storage.snapshot(shop, old.tail(10).reset_index(drop=True), "flights")
    storage.forget(shop, now, reason="asked to")
    for read in (held.read, lambda: held.rows_at(0, 10)):
        with suppress(Damaged, VersionNotFound):  # or an open pack is read to its end
            assert read().num_rows in (900, 10)
    with pytest.raises(VersionNotFound):
        storage.load(shop, now)


@pytest.mark.parametrize(
    "how",
    [
        "load('big', kind='duckdb').limit(3).fetchall()",
        "load('big', kind='duckdb').to_arrow_reader(1000).read_next_batch()",
        "load('big', limit=5)",
        "load('big')",
    ],
)
def test_a_process_ends_when_it_has_read_what_it_wanted(shop: Project, how: str) -> None:
    """Arrow reads on in threads of its own after the last row that was asked for; Python has no threads at its end."""
    rows = np.arange(2_000_000)
    storage.snapshot(
        shop, pd.DataFrame({"n": rows, "x": rows * 0.5, "text": (rows % 977).astype(str)}), "big", stage="raw"
    )
    reader = f"import e2e_lab as e2e\ne2e.{how}\nprint('read', flush=True)"
    for _ in range(4):
        done = subprocess.run(
            [sys.executable, "-c", reader], cwd=shop.root, capture_output=True, text=True, check=False, timeout=60
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "read\n", "")


def test_a_writer_that_died_holds_nothing(shop: Project) -> None:
    with workers(shop, ("save", "flights"), ("save", "weather")) as running:
        for one in running:
            assert one.stdout is not None
            assert one.stdout.readline() == "ready\n"
            assert one.stdout.readline()
        for wait in itertools.repeat(0.02, 10):
            time.sleep(wait)
        for one in running:
            one.kill()
            one.wait()
    check(shop)
    storage.gc(shop, roots=())
    check(shop)
    kept = {now.id for now in storage.records(shop).values()}
    previous = {now.previous.id for now in storage.records(shop).values() if now.previous}
    here = {path.name for path in (shop.home / "store" / "snapshots").iterdir()}
    assert kept <= here <= kept | previous
