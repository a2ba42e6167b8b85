"""What the page of types says is so: each case goes through a real project, and comes back as it says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings

from e2e_lab import project as projects
from e2e_lab import storage
from e2e_lab.errors import UnsupportedData
from e2e_lab.project import Project
from e2e_lab.storage.frames import as_stream, from_frame
from e2e_lab.storage.identity import content_id
from e2e_lab.storage.values import logical_type
from tests.unit.frames_strategy import (
    arrow_tables,
    assert_equal,
    object_series,
    pandas_frames,
    polars_frames,
)
from tests.unit.type_cases import CASES, Case

KEPT = [case for case in CASES if case.outcome == "kept"]
FEW = [case for case in KEPT if case.family.startswith("pandas") and case.what != "2,000 columns"][::3]


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made, _ = projects.create(tmp_path_factory.mktemp("room"))
    return made


def named(cases: list[Case]) -> list[Any]:
    return [pytest.param(case, id=f"{case.family}: {case.what}"[:90]) for case in cases]


def frame_of(case: Case) -> Any:
    """The frame of a case; a column alone is the column ``c``."""
    value = case.make()
    if case.family in ("pandas columns", "pandas object columns") and not isinstance(value, pd.DataFrame):
        return pd.DataFrame({"c": value})
    return pa.table(value) if case.family == "Arrow" and isinstance(value, dict) else value


# ---- the page ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", named([case for case in CASES if case.outcome != "refused"]))
def test_every_type_comes_back_as_the_page_says(room: Project, case: Case) -> None:
    frame = frame_of(case)
    expected = frame if case.back is None else case.back(frame)
    saved = storage.snapshot(room, frame, "frame", stage="raw")
    back = storage.load(room, saved, kind=case.kind)
    assert_equal(expected, back)
    assert storage.fingerprint(back) == saved.id or case.outcome == "restored"


@pytest.mark.parametrize("case", named([case for case in CASES if case.outcome == "refused"]))
def test_what_the_page_says_is_refused_names_the_column_and_the_hint_works(room: Project, case: Case) -> None:
    frame = frame_of(case)
    with pytest.raises(UnsupportedData) as refused:
        storage.snapshot(room, frame, "frame", stage="raw")
    assert refused.value.hint == case.note
    if "'c'" in str(refused.value) and "=" in case.note:
        names = {"df": frame, "table": frame, "pd": pd, "pl": pl, "pc": pc, "pa": pa}
        exec(case.note.partition("  (or")[0], names)
        storage.fingerprint(names["table"] if isinstance(frame, pa.Table) else names["df"])


@pytest.mark.parametrize("case", named(FEW))
def test_what_pandas_saved_loads_as_the_other_kinds(room: Project, case: Case) -> None:
    frame = frame_of(case)
    saved = storage.snapshot(room, frame, "frame", stage="raw")
    table = storage.load(room, saved, kind="arrow")
    assert table.num_rows == len(frame)
    for kind in ("polars", "duckdb"):
        try:
            loaded = storage.load(room, saved, kind=kind)
        except UnsupportedData as problem:
            assert problem.hint == "--kind arrow"  # noqa: PT017
        else:
            assert loaded.shape == (len(frame), table.num_columns) or not table.num_columns


# ---- anything else -------------------------------------------------------------------------------------------

often = settings(
    max_examples=15, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


@often
@given(pandas_frames())
def test_any_pandas_frame_comes_back_equal(room: Project, frame: pd.DataFrame) -> None:
    comes_back(room, frame, "pandas")


@often
@given(polars_frames())
def test_any_polars_frame_comes_back_equal(room: Project, frame: pl.DataFrame) -> None:
    comes_back(room, frame, "polars")


@often
@given(arrow_tables())
def test_any_arrow_table_comes_back_equal(room: Project, frame: pa.Table) -> None:
    comes_back(room, frame, "arrow")


def comes_back(room: Project, frame: Any, kind: str) -> None:
    saved = storage.snapshot(room, frame, "any", stage="raw")
    back = storage.load(room, saved, kind=kind)
    if kind == "arrow":  # the width of offsets is that of the first table with these values
        assert list(map(logical_type, back.schema.types)) == list(map(logical_type, frame.schema.types))
        back = back.cast(frame.schema) if frame.num_columns else back
    assert_equal(frame, back)
    assert storage.fingerprint(back) == saved.id


# ---- values of several types ---------------------------------------------------------------------------------


def test_a_column_of_several_types_is_noted_with_the_cast_that_makes_it_one(room: Project) -> None:
    frame = pd.DataFrame({"price": object_series([1, "n/a", 2.5])})
    saved = storage.snapshot(room, frame, "prices", stage="raw")
    (note,) = saved.notes
    assert "'price' mixes float, int, str" in note
    exec(note.partition("One type is better: ")[2], {"df": frame})
    assert storage.snapshot(room, frame, "prices").notes == ()


@pytest.mark.parametrize(
    ("values", "cast"),
    [
        ([1, 2.5], 'astype("float64")'),
        ([1, True], 'astype("Int64")'),
        ([1, "a"], 'astype("string")'),
        ([pd.Timestamp("2020"), pd.Timestamp("2020").to_pydatetime()], "pd.to_datetime"),
        ([pd.Timedelta("1s"), pd.Timedelta("1s").to_pytimedelta()], "pd.to_timedelta"),
    ],
)
def test_the_suggested_cast_fits_the_types_and_works(values: list[Any], cast: str) -> None:
    frame = pd.DataFrame({"c": object_series(values)})
    (note,) = from_frame(frame).notes
    assert cast in note
    exec(note.partition("One type is better: ")[2], {"df": frame, "pd": pd})
    assert from_frame(frame).notes == ()


def test_many_columns_of_several_types_are_few_notes() -> None:
    content = from_frame(pd.DataFrame({str(n): object_series([n, "a"]) for n in range(40)}))
    assert len(content.notes) == 4
    assert content.notes[-1] == "and 37 more columns of mixed types"
    plain = from_frame(pd.DataFrame({"0": [1]}))
    assert plain.notes == ()


def test_others_read_values_of_several_types_in_plain_parquet(room: Project, tmp_path: Any) -> None:
    frame = pd.DataFrame({"c": object_series([1, "a", None])})
    storage.snapshot(room, frame, "mixed", stage="raw")
    storage.export(room, storage.current(room, "mixed"), tmp_path / "mixed.parquet")
    assert pq.read_table(tmp_path / "mixed.parquet").column("c").to_pylist() == [
        {"int": 1, "str": None},
        {"int": None, "str": "a"},
        None,
    ]


def test_the_tag_of_a_reader_is_no_content() -> None:
    frame, tagged = pd.DataFrame({"a": [1]}), pd.DataFrame({"a": [1]})
    tagged.attrs["e2e_lab"] = {"source": "a.csv"}
    other = pd.DataFrame({"a": [1]})
    other.attrs["unit"] = "m"
    assert storage.fingerprint(tagged) == storage.fingerprint(frame) != storage.fingerprint(other)


def test_a_level_whose_name_is_the_number_of_another_stays_itself(room: Project) -> None:
    index = pd.MultiIndex.from_arrays([["a", "b"], [7, 8]], names=[1, None])
    frame = pd.DataFrame({"x": [1, 2]}, index=index)
    assert_equal(frame, storage.load(room, storage.snapshot(room, frame, "levels", stage="raw")))


def test_numbers_and_text_backed_by_arrow_are_not_copied() -> None:
    numbers = np.arange(10_000, dtype="f8")
    texts = pd.array(["x"] * 1000, "str")
    zoned = pd.Series(np.arange(1000).view("M8[ns]")).dt.tz_localize("UTC")
    frame = pd.DataFrame({"n": numbers}, copy=False)
    assert from_frame(frame).table.column("n").chunk(0).buffers()[1].address == numbers.ctypes.data
    (chunk,) = from_frame(pd.DataFrame({"t": texts})).table.column("t").chunks
    assert chunk.buffers()[2].address == texts.__arrow_array__().chunk(0).buffers()[2].address
    instants = from_frame(pd.DataFrame({"z": zoned}, copy=False)).table.column("z").chunk(0)
    assert instants.buffers()[1].address == np.asarray(zoned.array, "M8[ns]").ctypes.data


# ---- streams -------------------------------------------------------------------------------------------------

FLIGHTS = pa.table({"delay": pa.array(range(5000)), "carrier": ["UA", None] * 2500})


class Elsewhere:
    """A frame of a library that nobody here knows."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return FLIGHTS.__arrow_c_stream__(requested_schema)


def streams() -> dict[str, Any]:
    import pyarrow.dataset as ds

    noted = FLIGHTS.replace_schema_metadata({"pandas": "{}"})
    return {
        "reader": FLIGHTS.to_reader(500),
        "noted": noted.to_reader(500),
        "dataset": ds.dataset(FLIGHTS),
        "scanner": ds.dataset(FLIGHTS).scanner(),
        "duckdb": duckdb.from_arrow(FLIGHTS),
        "elsewhere": Elsewhere(),
        "lazy": pl.from_arrow(FLIGHTS).lazy(),  # type: ignore[union-attr]
        "categories": pl.from_arrow(FLIGHTS).lazy().cast({"carrier": pl.Categorical}),  # type: ignore[union-attr]
    }


@pytest.mark.parametrize("name", streams())
def test_a_stream_has_the_schema_and_the_id_of_the_table(room: Project, name: str) -> None:
    whole = from_frame(streams()[name])
    reader = as_stream(streams()[name])
    assert reader is not None
    assert reader.schema.equals(whole.table.schema, check_metadata=True)
    assert content_id(from_frame(reader.read_all())) == content_id(whole)
    saved = storage.snapshot(room, streams()[name], f"stream_{name}", stage="raw")
    assert saved.id == content_id(whole)
    assert storage.load(room, saved, kind="arrow").num_rows == 5000


def test_a_stream_is_read_as_it_is_asked_for() -> None:
    pulled = 0

    def batches() -> Iterator[pa.RecordBatch]:
        nonlocal pulled
        for batch in FLIGHTS.to_batches(max_chunksize=100):
            pulled += 1
            yield batch.replace_schema_metadata({"pandas": "{}"})

    source = pa.RecordBatchReader.from_batches(FLIGHTS.schema.with_metadata({"pandas": "{}"}), batches())
    reader = as_stream(source)
    assert reader is not None
    assert pulled == 0
    reader.read_next_batch()
    assert pulled == 1


def test_what_is_in_memory_is_no_stream() -> None:
    for frame in (FLIGHTS, FLIGHTS.to_batches()[0], pd.DataFrame({"a": [1]}), pl.DataFrame({"a": [1]}), [{"a": 1}]):
        assert as_stream(frame) is None
    enum = pl.LazyFrame({"a": pl.Series(["x"], dtype=pl.Enum(["y", "x"]))})
    assert as_stream(enum) is None  # its entries are kept apart, so it is collected
    assert as_stream(pa.table({}).to_reader()) is None


def test_a_stream_of_what_cannot_be_kept_is_refused_before_it_is_read() -> None:
    ordered = pa.DictionaryArray.from_arrays(pa.array([0], pa.int8()), ["lo"], ordered=True)
    with pytest.raises(UnsupportedData, match="Column 'c'") as refused:
        as_stream(pa.table({"c": ordered}).to_reader())
    assert "read_all()" in refused.value.hint
    with pytest.raises(UnsupportedData, match="Column 'c'"):
        as_stream(pa.table({"c": pa.array([{}], pa.struct([]))}).to_reader())


def test_a_stream_that_breaks_its_word_on_nulls_is_refused() -> None:
    schema = pa.schema([pa.field("c", pa.int64(), nullable=False)])
    reader = as_stream(pa.table([[1, None]], schema=schema).to_reader())
    assert reader is not None
    with pytest.raises(UnsupportedData, match="said to have no nulls"):
        reader.read_all()
