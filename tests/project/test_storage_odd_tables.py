"""Tables that are rare, and once came back wrong or could not be saved."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from e2e_lab import storage
from e2e_lab.errors import Damaged, UnsupportedData
from e2e_lab.project import Project
from e2e_lab.storage.store import find, footer
from e2e_lab.storage.store.heads import packs_folder


@pytest.mark.parametrize("rows", [10, 300_000])
def test_a_filter_finds_rows_with_nan(project: Project, rows: int) -> None:
    values = np.where(np.arange(rows) % 2, np.nan, 1.0)
    made = storage.snapshot(project, pa.table({"x": values}), "measures", stage="raw")
    assert len(storage.load(project, made, where=[("x", "!=", 1.0)])) == rows // 2
    assert len(storage.load(project, made, where=~(pc.field("x") > 0))) == rows // 2
    batches = [pa.record_batch([pa.array(values)], ["y"])]
    streamed = storage.snapshot(
        project, pa.RecordBatchReader.from_batches(batches[0].schema, batches), "s", stage="raw"
    )
    assert len(storage.load(project, streamed, where=[("y", "!=", 1.0)])) == rows // 2


def test_types_that_differ_only_in_their_parameters_are_different_content(project: Project) -> None:
    months = pa.table({"p": pa.array(pd.period_range("2013-01", periods=3, freq="M"))})
    days = pa.table({"p": pa.array(pd.PeriodIndex.from_ordinals(months["p"].chunk(0).storage.to_numpy(), freq="D"))})
    first = storage.snapshot(project, months, "periods", stage="raw")
    second = storage.snapshot(project, days, "periods")
    assert second.changed
    assert first.id != second.id
    for version, table in ((first, months), (second, days)):
        assert storage.load(project, version, kind="arrow").schema.field("p").type == table.schema.field("p").type


def test_unregistered_types_that_differ_only_in_their_metadata_are_different_content(project: Project) -> None:
    def table(parameters: bytes) -> pa.Table:
        said = {b"ARROW:extension:name": b"example.point", b"ARROW:extension:metadata": parameters}
        return pa.table([pa.array([1, 2])], schema=pa.schema([pa.field("p", pa.int64(), metadata=said)]))

    first = storage.snapshot(project, table(b"epsg:1"), "points", stage="raw")
    assert storage.snapshot(project, table(b"epsg:2"), "points").id != first.id


class _Celsius(pa.ExtensionType):  # which cannot be hashed, as types that people write often cannot
    def __init__(self) -> None:
        super().__init__(pa.float64(), "example.celsius")

    def __arrow_ext_serialize__(self) -> bytes:
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage_type: pa.DataType, serialized: bytes) -> _Celsius:
        return cls()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Celsius)

    __hash__ = None  # type: ignore[assignment]


def test_types_of_the_users_own_are_kept(project: Project) -> None:
    pa.register_extension_type(_Celsius())
    try:
        for degrees in ([1.5, None], [1.5, 2.5], [3.5]):
            array = pa.ExtensionArray.from_storage(_Celsius(), pa.array(degrees, pa.float64()))
            made = storage.snapshot(project, pa.table({"t": array}), "temperatures", stage="raw")
            assert storage.load(project, made, kind="arrow")["t"].combine_chunks().equals(array)
    finally:
        pa.unregister_extension_type("example.celsius")


def test_chunks_whose_dictionaries_are_too_many_for_the_codes_together_are_refused(project: Project) -> None:
    kind = pa.dictionary(pa.int8(), pa.string())
    chunks = [pa.array([f"{part}{n}" for n in range(100)]).dictionary_encode().cast(kind) for part in "ab"]
    with pytest.raises(UnsupportedData, match="more entries than int8"):
        storage.snapshot(project, pa.table({"c": pa.chunked_array(chunks)}), "codes", stage="raw")
    assert not storage.records(project)


def test_a_null_where_the_type_allows_none_is_refused(project: Project) -> None:
    kind = pa.list_(pa.field("item", pa.int64(), nullable=False))
    array = pa.ListArray.from_arrays([0, 2], pa.array([1, None]), type=kind)
    with pytest.raises(UnsupportedData, match="'l'"):
        storage.snapshot(project, pa.table({"l": array}), "lists", stage="raw")
    assert not storage.records(project)


def test_a_version_whose_footer_another_arrow_wrote_is_exported_with_its_mark(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = pd.DataFrame({"a": range(10)})
    with monkeypatch.context() as patch:
        made_of = footer.frame_of

        def older(schema: pa.Schema) -> footer.Frame:
            now = made_of(schema)
            return footer.Frame({**now.fields, 6: (8, b"parquet-cpp-arrow version 21.0.0")}, now.paths)

        patch.setattr("e2e_lab.storage.store.writer.frame_of", older)
        made = storage.snapshot(project, frame, "flights", stage="raw")
    path = tmp_path / "flights.parquet"
    for _ in range(2):  # the second one replaces the first, which it knows by its mark
        storage.export(project, made, path)
    assert pq.read_metadata(path).created_by == "parquet-cpp-arrow version 21.0.0"
    pd.testing.assert_frame_equal(pd.read_parquet(path), frame)


def test_a_small_table_hands_no_bad_encoding_on(project: Project) -> None:
    random = np.random.default_rng(0)
    for rows in (1, 3_000, 200_000):
        made = storage.snapshot(project, pa.table({"x": random.normal(size=rows)}), "grown", stage="raw")
    assert made.bytes_stored < 1.05 * 8 * 200_000  # no dictionary of values of which each is there once


def test_windows_at_the_edges(project: Project) -> None:
    made = storage.snapshot(project, pa.table({"a": range(10)}), "flights", stage="raw")
    for offset, limit, rows in ((0, 0, []), (8, 5, [8, 9]), (10, 5, []), (99, 1, []), (-3, 2, [0, 1])):
        assert storage.window(project, made, offset=offset, limit=limit)["a"].to_pylist() == rows


def test_a_version_that_is_saved_anew_while_it_is_read_is_read_again(project: Project) -> None:
    frame = pd.DataFrame({"a": [f"text {n % 50}" for n in range(20_000)], "b": range(20_000)})
    made = storage.snapshot(project, frame, "flights", stage="raw")
    opened = find(project, made.id)
    (pack,) = packs_folder(project).glob("*.pack")
    pack.write_bytes(pack.read_bytes()[:-3])
    with pytest.raises(Damaged):
        storage.load(project, made)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("e2e_lab.storage.store.writer.codings", lambda table: ["plain"] * table.num_columns)
        assert storage.snapshot(project, frame, "flights").bytes_stored
    assert opened.read(range(2)).to_pandas()["a"].tolist() == frame["a"].tolist()
