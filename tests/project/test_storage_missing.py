"""pandas writes null as NaN and NaT; these are looked for only where a column changed, and the result is as ever."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from xxhash import xxh3_128

from e2e_lab import storage
from e2e_lab.project import Project
from e2e_lab.records import Snapshot
from e2e_lab.storage.frames import from_frame
from e2e_lab.storage.identity import BLOCK, content_id
from e2e_lab.storage.store import pieces, ranges
from e2e_lab.storage.store.manifest import Manifest, read_manifest
from e2e_lab.storage.values import numbers

NAN, NAT = float("nan"), np.datetime64("NaT")
ROWS = 5000


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranges, "LEAST", 256)
    monkeypatch.setattr(ranges, "COLUMN_BYTES", 4096)


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many values were looked at for what is missing, each time."""
    found: list[int] = []
    real = numbers.is_complete

    def noted(some: np.ndarray) -> bool:
        found.append(len(some))
        return real(some)

    monkeypatch.setattr(numbers, "is_complete", noted)
    return found


def frame_of(seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    times = (np.datetime64("2026-01-01", "us") + np.arange(ROWS)).astype("M8[us]")
    return pd.DataFrame(
        {
            "id": np.arange(ROWS),
            "delay": np.where(random.random(ROWS) < 0.1, NAN, random.normal(size=ROWS)),
            "whole": random.normal(size=ROWS).astype("f4"),
            "at": np.where(random.random(ROWS) < 0.1, NAT, times),
            "took": np.arange(ROWS).astype("m8[ms]"),
        }
    )


def save(project: Project, frame: object) -> Snapshot:
    return storage.snapshot(project, frame, "flights", stage="raw")


def manifest_of(project: Project, version: Snapshot) -> Manifest:
    return read_manifest(project, version.id)


def with_cell(frame: pd.DataFrame, row: int, column: str, value: object) -> pd.DataFrame:
    edited = frame.copy()
    edited.loc[row, column] = value
    return edited


@settings(max_examples=60, deadline=None)
@given(
    hnp.arrays(
        st.sampled_from(["f2", "f4", "f8", "M8[s]", "M8[ms]", "M8[us]", "M8[ns]", "m8[s]", "m8[ns]"]),
        st.integers(0, 200),
    ),
    st.data(),
)
def test_what_is_missing_is_what_arrow_finds(numbers: np.ndarray, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(numbers)))
    last = data.draw(st.integers(first, len(numbers)))
    content = from_frame(pd.DataFrame({"x": numbers}, copy=False))
    expected = pa.chunked_array([pa.array(numbers, from_pandas=True)])
    some = content.rows([0], first, last - first).column(0)
    assert some.null_count == expected.slice(first, last - first).null_count
    for feed, column in ((content.feed(0), content.lying), (from_frame(pa.table({"x": expected})).feed(0), None)):
        digest = xxh3_128()
        feed(digest, first, last)
        if column is not None:
            before = digest.digest()
    assert digest.digest() == before
    assert content.table.column(0).is_null().equals(expected.is_null())
    assert content_id(content) == content_id(from_frame(pd.DataFrame({"x": expected.to_pandas()})))


@pytest.mark.usefixtures("small")
def test_nothing_is_looked_at_where_nothing_changed(project: Project, looked: list[int]) -> None:
    frame = frame_of()
    made = save(project, frame)
    assert looked
    looked.clear()
    assert not save(project, frame).changed
    assert not save(project, storage.load(project, made)).changed
    assert looked == []
    again = save(project, frame.assign(new=1))  # whole numbers, which nothing is missing from
    assert again.changed
    assert looked == []


def test_of_what_changed_only_its_ranges_and_blocks_are_looked_at(project: Project, looked: list[int]) -> None:
    rows = 10 * BLOCK
    frame = pd.DataFrame({"id": np.arange(rows), "delay": np.random.default_rng(0).normal(size=rows)})
    made = save(project, frame)
    longest = max(last - first for first, last in pairwise(manifest_of(project, made).cut.ranges))
    looked.clear()
    save(project, with_cell(frame, rows // 2, "delay", NAN))
    assert looked
    assert max(looked) <= longest < rows / 2
    assert sum(looked) <= 3 * longest + 5 * BLOCK  # hashed, encoded and counted; blocks of the content id


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("column", ["delay", "whole", "at", "took"])
@pytest.mark.parametrize("others", [[], ["id"]], ids=["all columns", "one less"])
def test_nulls_are_counted_right_after_any_edit(project: Project, column: str, others: list[str]) -> None:
    frame = frame_of()
    save(project, frame)
    random = np.random.default_rng(5)
    missing = NAN if frame[column].dtype.kind == "f" else pd.NaT
    known = frame[column].dropna().iloc[0]
    for _ in range(12):
        frame = frame.drop(columns=others, errors="ignore")
        frame = with_cell(frame, int(random.integers(ROWS)), column, missing if random.random() < 0.5 else known)
        made = save(project, frame)
        manifest = manifest_of(project, made)
        assert manifest.nulls == tuple(frame.isna().sum())
        assert not any(manifest.nans)
        assert made.id == storage.fingerprint(frame)
        pd.testing.assert_frame_equal(storage.load(project, made), frame)
    frame = frame.assign(**{column: known})
    assert manifest_of(project, save(project, frame)).nulls == tuple(frame.isna().sum())


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("first", ["null", "NaN"])
def test_nan_that_is_null_and_nan_that_is_a_number_are_two_contents(project: Project, first: str) -> None:
    numbers = frame_of()["delay"].to_numpy()
    null: object = pd.DataFrame({"x": numbers}, copy=False)
    number: object = pa.table({"x": pa.array(numbers, from_pandas=False)})
    one, other = (null, number) if first == "null" else (number, null)
    made = [save(project, one), save(project, other)]
    assert [version.version for version in made] == [1, 2]
    assert [version.id for version in made] == [storage.fingerprint(one), storage.fingerprint(other)]
    nulls = {version.id: manifest_of(project, version).nulls[0] for version in made}
    assert nulls == {storage.fingerprint(null): int(np.isnan(numbers).sum()), storage.fingerprint(number): 0}
    for version, frame in zip(made, (one, other), strict=True):
        kind = "pandas" if isinstance(frame, pd.DataFrame) else "arrow"
        assert storage.fingerprint(storage.load(project, version, kind=kind)) == version.id


@pytest.mark.usefixtures("small")
def test_the_bytes_of_one_type_are_not_those_of_another(project: Project) -> None:
    whole = np.arange(ROWS).astype("m8[ns]")
    made = save(project, pd.DataFrame({"x": whole}))
    for kind in ("M8[ns]", "i8", "f8"):
        other = save(project, pd.DataFrame({"x": whole.view(kind)}))
        assert other.id != made.id
        assert storage.load(project, other)["x"].dtype == np.dtype(kind)


@pytest.mark.usefixtures("small")
def test_a_key_may_be_of_times_and_is_looked_at(project: Project) -> None:
    frame = frame_of()[["took", "delay"]]
    storage.snapshot(project, frame, "flights", stage="raw", key=["took"])
    assert storage.current(project, "flights").key == ("took",)
    late = storage.snapshot(project, with_cell(frame, 7, "took", pd.NaT), "flights")
    assert late.key == ()
    assert any("'took' is null in row 7" in note for note in late.notes)


def test_a_manifest_that_says_nothing_of_nulls_is_counted_anew(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = frame_of()
    save(project, frame)
    monkeypatch.setattr(pieces.Leaf, "nulls", None)
    edited = with_cell(frame, 3, "delay", NAN)
    assert manifest_of(project, save(project, edited)).nulls == tuple(edited.isna().sum())
