"""Of a column that changed in one place, only the blocks around it are hashed; and the id is the same as ever."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from e2e_lab import storage
from e2e_lab.project import Project
from e2e_lab.records import Snapshot
from e2e_lab.storage import identity
from e2e_lab.storage.identity import BLOCK
from e2e_lab.storage.store import index
from e2e_lab.storage.values import Feed

ROWS = 9 * BLOCK + 1000


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each block had that was hashed for an id."""
    rows: list[int] = []
    real = identity._block_digest

    def noted(feed: Feed, first: int, last: int) -> bytes:
        rows.append(last - first)
        return real(feed, first, last)

    monkeypatch.setattr(identity, "_block_digest", noted)
    return rows


def save(project: Project, frame: pd.DataFrame) -> Snapshot:
    return storage.snapshot(project, frame, "orders", stage="raw")


def orders() -> pd.DataFrame:
    random = np.random.default_rng(0)
    text = pd.Series(random.integers(0, 500, ROWS)).map("city {}".format).astype("str")
    return pd.DataFrame({"id": np.arange(ROWS), "price": random.normal(size=ROWS), "city": text})


def replaced(frame: pd.DataFrame, row: int, rows: int = 3) -> pd.DataFrame:
    return pd.concat([frame[:row], frame[99 : 99 + rows], frame[row + rows :]], ignore_index=True)


EDITS: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], int]] = {
    "rows replaced": (lambda frame: replaced(frame, 5 * BLOCK + 7), 3 * 5),
    "the first row": (lambda frame: replaced(frame, 0), 3 * 4),
    "the last row": (lambda frame: replaced(frame, ROWS - 3), 3 * 4),
    "rows appended": (lambda frame: pd.concat([frame, frame[:10]], ignore_index=True), 3 * 4),
    "rows taken from the end": (lambda frame: frame[: ROWS - BLOCK - 1200], 3 * 8),
    "a cell": (lambda frame: frame.assign(price=frame["price"].where(frame["id"] != 9, 1.0)), 4),
    "a column renamed": (lambda frame: frame.rename(columns={"price": "amount"}), 0),
    "another column of the name": (lambda frame: frame.assign(price=frame["id"] + 1), 10),
    "rows deleted in front": (lambda frame: frame[1:].reset_index(drop=True), 3 * 10),
    "an empty column": (lambda frame: frame.assign(nothing=None), 10),
    "sorted": (lambda frame: frame.sort_values("price", ignore_index=True), 3 * 10),
}


@pytest.mark.parametrize("edit", EDITS)
def test_what_did_not_change_is_not_hashed_again(project: Project, hashed: list[int], edit: str) -> None:
    change, most = EDITS[edit]
    base = orders()
    first = save(project, base)
    changed = change(base)
    hashed.clear()
    made = save(project, changed)
    blocks = len(hashed)
    assert blocks <= most
    assert made.id == storage.fingerprint(changed) != first.id
    pd.testing.assert_frame_equal(storage.load(project, made), changed)
    assert save(project, base).id == first.id
    hashed.clear()
    assert save(project, changed).id == made.id
    assert len(hashed) <= most


def test_rows_without_columns_get_a_column(project: Project) -> None:
    rows = pd.DataFrame(index=range(ROWS))
    save(project, rows)
    made = save(project, rows.assign(nothing=None))
    assert made.id == storage.fingerprint(rows.assign(nothing=None))


def test_an_index_that_was_deleted_is_made_anew_with_all_that_is_stored(project: Project) -> None:
    base = orders()
    save(project, base)
    save(project, base.assign(price=base["price"] + 1))
    (project.home / "store" / "index.sqlite").unlink()
    made = save(project, base.assign(price=base["price"].where(base["id"] != 9, 1.0)))
    assert made.bytes_stored < 400_000  # the other prices are those of the first version, which is no parent of this


def test_a_stream_leaves_its_blocks_for_the_next_version(project: Project, hashed: list[int]) -> None:
    table = pa.Table.from_pandas(orders())
    storage.snapshot(project, table.to_reader(), "orders", stage="raw")
    changed = pa.concat_tables([table, table.slice(0, 5)])
    hashed.clear()
    made = storage.snapshot(project, changed, "orders", stage="raw")
    assert len(hashed) <= 3 * 4
    assert made.id == storage.fingerprint(changed)


@pytest.mark.parametrize(
    "spoil",
    [
        "update blocks set blocks = zeroblob(length(blocks))",
        "update blocks set blocks = substr(blocks, 1, 32)",
        "update blocks set blocks = 'text'",
        "delete from blocks",
        "drop table blocks",
    ],
)
def test_digests_that_are_wrong_or_gone_cost_time_only(project: Project, hashed: list[int], spoil: str) -> None:
    base = orders()
    save(project, base)
    with closing(sqlite3.connect(project.home / "store" / "index.sqlite")) as database, database:
        assert database.execute("select count(*) from blocks").fetchone() == (3,)
        database.execute(spoil)
    changed = replaced(base, 8 * BLOCK)
    hashed.clear()
    made = save(project, changed)
    assert len(hashed) == 3 * 10
    assert made.id == storage.fingerprint(changed)
    again = replaced(changed, 8 * BLOCK + 5)
    hashed.clear()
    assert save(project, again).id
    assert len(hashed) < 3 * 10


def test_nothing_is_left_of_what_was_forgotten(project: Project) -> None:
    made = save(project, orders())
    path = project.home / "store" / "index.sqlite"
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("select count(*) from blocks").fetchone() == (3,)
    storage.forget(project, made, reason="asked to")
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("select count(*) from blocks").fetchone() == (0,)


def test_nothing_is_left_where_the_index_is_busy(project: Project) -> None:
    made = save(project, orders())
    path = project.home / "store" / "index.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("begin immediate")
        storage.forget(project, made, reason="asked to")
    assert not path.exists()


def test_only_the_newest_digests_are_kept(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "BLOCKS_AT_MOST", 4)
    frame = orders()[["id", "price"]]
    for number in range(4):
        save(project, frame + number)
    with closing(sqlite3.connect(project.home / "store" / "index.sqlite")) as database:
        assert database.execute("select count(*) from blocks").fetchone() == (8,)  # four times those of one version
