"""``docs/store-format.md`` is true: a store is read with no more than it says, in a few lines that know no e2e-lab."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from blake3 import blake3
from xxhash import xxh3_64_intdigest, xxh3_128_digest

from e2e_lab import project as projects
from e2e_lab import storage
from e2e_lab.project import Project
from e2e_lab.records import Snapshot
from e2e_lab.storage.store import manifest, pieces, ranges

# ---- the document, in code -----------------------------------------------------------------------------------

Pages = list[tuple[bytes, bytes]]
"""Of each blob of a pack its short hash and its bytes."""


def short(content: bytes) -> bytes:
    return blake3(content).digest()[:16]


def said(text: str) -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode()


def read_pack(path: Path) -> tuple[bytes, Pages]:
    whole = path.read_bytes()
    assert short(whole).hex() == path.stem
    assert whole[:8] == whole[-8:] == b"E2EPACK2"
    count = int.from_bytes(whole[-16:-8], "little")
    table, at, pages = whole[-16 - 32 * count : -16], 8, []
    for entry in range(0, len(table), 32):
        checksum, length = struct.unpack("<QQ", table[entry + 16 : entry + 32])
        pages.append((table[entry : entry + 16], whole[at : at + length]))
        assert xxh3_64_intdigest(pages[-1][1]) == checksum
        at += length
    assert at == len(whole) - 16 - 32 * count
    return whole, pages


@dataclass
class Version:
    head: dict[str, Any]
    body: dict[str, Any]
    file: bytes


def read_version(store: Path, snapshot_id: str) -> Version:
    digest, rest = (store / "snapshots" / snapshot_id / "manifest").read_bytes().split(b"\n", 1)
    assert blake3(rest).hexdigest() == digest.decode()
    head, body = rest.split(b"\n", 1)
    header = json.loads(head)
    packs = [read_pack(store / "packs" / f"{name}.pack")[0] for name in header["packs"]]
    row = pa.ipc.open_stream(body).read_all()
    assert row.num_rows == 1
    found = row.to_pylist()[0]
    spans = zip(found["pack"], found["offset"], found["length"], strict=True)
    pages = b"".join(packs[pack][offset : offset + length] for pack, offset, length in spans)
    file = b"PAR1" + pages + found["footer"] + len(found["footer"]).to_bytes(4, "little") + b"PAR1"
    assert header["file"] == len(file)
    assert (header["format"], header["id"], header["rows"]) == (2, snapshot_id, found["ranges"][-1])
    return Version(header, found, file)


def fed_of(kind: str, values: list[Any], under: Any = None) -> bytes:
    """What is hashed of a nullable column of whole numbers of 64 bits, or of text; *under* nulls lies 0, or no text."""
    fed = said(kind) + said("") + said("1") + struct.pack("<Q", len(values))
    valid = [value is not None for value in values]
    if all(valid):
        fed += b"\0"
    else:
        bits = bytearray((len(values) + 7) // 8)
        for n, there in enumerate(valid):
            bits[n // 8] |= there << n % 8
        fed += b"\1" + bytes(bits)
    if kind == "int64":
        fed += struct.pack(f"<{len(values)}q", *(under or 0 if value is None else value for value in values))
    elif values:
        texts = [(under or "" if value is None else value).encode() for value in values]
        fed += struct.pack(f"<{len(texts)}Q", *map(len, texts)) + b"".join(texts)
    return fed


def fingerprint(fed: bytes) -> bytes:
    return blake3(fed, derive_key_context="e2e-lab 2026-11 piece, version 1").digest()[:16]


# ---- a store to read -----------------------------------------------------------------------------------------


def frame(rows: int = 400) -> pa.Table:
    some = np.random.default_rng(1)
    return pa.table(
        {
            "n": pa.array([int(n) if n % 9 else None for n in some.integers(0, 1 << 50, rows)], pa.int64()),
            "text": pa.array([f"text {n}" if n % 5 else None for n in some.integers(0, 30, rows)]),
            "when": pa.array(range(rows), pa.timestamp("s")),
            "nested": pa.array([{"a": [n, None], "b": "é"} if n % 3 else None for n in range(rows)]),
            "flag": pa.array([n % 2 == 0 for n in range(rows)]),
        }
    )


def lying(values: pa.Array) -> pa.Array:
    """*values*, of which the second of each three is null, and lies there all the same."""
    bits = np.packbits([True, False, True] * (len(values) // 3), bitorder="little")
    return pa.Array.from_buffers(values.type, len(values), [pa.py_buffer(bits), *values.buffers()[1:]])


VERSIONS: dict[str, Callable[[], Any]] = {
    "plain": frame,
    "edited": lambda: pa.concat_tables([frame().slice(0, 100), frame().slice(120)]),
    "renamed": lambda: frame().rename_columns(["n", "words", "when", "nested", "flag"]),
    "double": lambda: frame().rename_columns(["n", "n", "", "nested", "n_2"]),
    "no rows": lambda: frame().slice(0, 0),
    "no columns": lambda: frame().select([]),
    "one column": lambda: frame().select(["n"]),
    "pandas": lambda: pd.DataFrame({"mixed": [1, "a", None] * 700, "n": range(2100)}).set_index("n", drop=False),
    "lying": lambda: pa.table(
        {
            "n": lying(pa.array([1, 7, 3] * 100)),
            "text": lying(pa.array(["a", "under", "b"] * 100)),
            "all": pa.array([1, 2, 3] * 100),
        }
    ),
    "polars": lambda: pl.DataFrame({"n": [1, None], "list": [["a"], []]}),
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """One project for all tests of this file: none of them changes it."""
    return projects.create(tmp_path_factory.mktemp("format"))[0]


@pytest.fixture(scope="module")
def saved(project: Project) -> dict[str, Snapshot]:
    with pytest.MonkeyPatch.context() as patch:  # several ranges and pages of a little table
        patch.setattr(ranges, "LEAST", 32)
        patch.setattr(ranges, "COLUMN_BYTES", 512)
        patch.setattr(pieces, "PAGES", {"min_chunk_size": 128, "max_chunk_size": 512, "norm_level": 0})
        patch.setattr(pieces, "WRITE_BATCH", 8)
        found = {name: storage.snapshot(project, make(), "flights", stage="raw") for name, make in VERSIONS.items()}
        storage.snapshot(project, frame().to_reader(max_chunksize=50), "streamed", stage="raw")
    return found


def versions(project: Project, saved: dict[str, Snapshot]) -> Iterator[tuple[str, Snapshot, Version]]:
    for name, one in saved.items():
        yield name, one, read_version(project.home / "store", one.id)


# ---- what it says --------------------------------------------------------------------------------------------


def test_a_version_is_one_ordinary_parquet_file_for_every_reader(
    project: Project, saved: dict[str, Snapshot], tmp_path: Path
) -> None:
    for name, one, version in versions(project, saved):
        path = tmp_path / f"{name}.parquet"
        path.write_bytes(version.file)
        arrow = pq.read_table(path)
        assert arrow.num_rows == one.rows
        groups = pq.ParquetFile(path).metadata
        rows = [groups.row_group(n).num_rows for n in range(groups.num_row_groups)]
        assert rows == [last - first for first, last in pairwise(version.body["ranges"])]
        assert (groups.num_row_groups == 0) == (one.rows == 0)
        schema = pa.ipc.read_schema(pa.py_buffer(version.body["schema"]))
        if name == "no columns":
            assert arrow.column_names == ["rows"]
            assert not len(schema)
            continue
        assert len(schema) == arrow.num_columns
        assert len(set(arrow.column_names)) == arrow.num_columns
        wanted = storage.load(project, one, kind="arrow")
        if name not in ("pandas",):
            assert [column.to_pylist() for column in arrow.columns] == [column.to_pylist() for column in wanted.columns]
        assert pl.read_parquet(path).to_arrow().to_pylist() == arrow.to_pylist()
        rows_of_duck = duckdb.sql(f"select * from '{path}'").arrow()
        rows_of_duck = rows_of_duck.read_all() if hasattr(rows_of_duck, "read_all") else rows_of_duck
        assert rows_of_duck.to_pylist() == arrow.to_pylist()


def test_double_and_empty_names_have_a_number(project: Project, saved: dict[str, Snapshot]) -> None:
    version = read_version(project.home / "store", saved["double"].id)
    names = pq.read_table(pa.BufferReader(version.file)).column_names
    assert names == ["n", "n_3", "column_3", "nested", "n_2"]


def test_manifests_say_what_the_document_says(project: Project, saved: dict[str, Snapshot]) -> None:
    document = (Path(__file__).parents[2] / "docs" / "store-format.md").read_text("utf-8")
    for _, one, version in versions(project, saved):
        body = version.body
        for field in body:
            assert f"`{field}`" in document
        assert list(version.head) == ["format", "id", "rows", "file", "added", "packs"]
        groups, columns = len(body["ranges"]) - 1, len(body["leaves"])
        assert len(body["fingerprints"]) == len(body["quick"]) == 16 * groups * columns
        assert len(body["lying"]) in (0, len(body["quick"]))
        assert len(body["spans"]) == groups * columns
        assert sum(body["spans"]) == len(body["pack"]) == len(body["offset"]) == len(body["length"])
        assert len(body["chunks"]) == 5 * groups * sum(body["leaves"])
        schema = pa.ipc.read_schema(pa.py_buffer(body["schema"]))
        assert len(body["digests"]) == 32 * len(schema)
        assert len(body["nulls"]) == len(body["nans"]) == len(schema)
        root = blake3(derive_key_context="e2e-lab 2026-11 content id, version 1")
        root.update(said(str(version.head["rows"])) + body["digests"])
        if not body["form"].startswith('{"'):
            root.update(said("{}"))
            assert root.digest()[:16].hex() == one.id
        if body["extras_span"]:
            pack, offset, length = body["extras_span"]
            whole, _ = read_pack(project.home / "store" / "packs" / f"{version.head['packs'][pack]}.pack")
            assert pa.ipc.open_stream(whole[offset : offset + length]).read_all().num_rows == 1
            assert body["extras"] == b""


def test_packs_hold_each_page_once_under_its_hash(project: Project, saved: dict[str, Snapshot]) -> None:
    hashes: list[bytes] = []
    lengths = set()
    for path in (project.home / "store" / "packs").glob("*.pack"):
        _, pages = read_pack(path)
        for digest, content in pages:
            assert short(content) == digest
            hashes.append(digest)
            lengths.add(len(content))
    assert len(hashes) == len(set(hashes))
    named = {name for _, _, version in versions(project, saved) for name in version.head["packs"]}
    assert named <= {path.stem for path in (project.home / "store" / "packs").glob("*.pack")}


def test_spans_begin_and_end_where_pages_do(project: Project, saved: dict[str, Snapshot]) -> None:
    for _, _, version in versions(project, saved):
        edges = {}
        for name in version.head["packs"]:
            at = [8]
            for _, content in read_pack(project.home / "store" / "packs" / f"{name}.pack")[1]:
                at.append(at[-1] + len(content))
            edges[name] = set(at)
        body = version.body
        for pack, offset, length in zip(body["pack"], body["offset"], body["length"], strict=True):
            assert {offset, offset + length} <= edges[version.head["packs"][pack]]


def test_fingerprints_are_of_values_and_types_alone(project: Project, saved: dict[str, Snapshot]) -> None:
    checked = 0
    for name, _, version in versions(project, saved):
        if name in ("no columns", "no rows", "pandas"):
            continue
        body = version.body
        table = pq.read_table(pa.BufferReader(version.file))
        for place, kind in enumerate(str(field.type).replace("large_", "") for field in table.schema):
            if kind not in ("int64", "string"):
                continue
            for group, (first, last) in enumerate(pairwise(body["ranges"])):
                at = 16 * (group * len(body["leaves"]) + place)
                values = table.column(place).slice(first, last - first).to_pylist()
                assert body["fingerprints"][at : at + 16] == fingerprint(fed_of(kind, values))
                assert body["quick"][at : at + 16] == xxh3_128_digest(fed_of(kind, values), seed=body["seed"])
                checked += 1
    assert checked > 40


def test_the_second_quick_hash_is_of_values_as_they_lay(project: Project, saved: dict[str, Snapshot]) -> None:
    other = VERSIONS["lying"]().rename_columns(["number", "text", "whole"])
    one = storage.snapshot(project, other, "lying", stage="raw")
    body = read_version(project.home / "store", one.id).body
    n = fed_of("int64", [1, None, 3] * 100, under=7)
    bits = n[-300 * 8 - 38 : -300 * 8]
    offsets = np.cumsum([0, *[1, 5, 1] * 100], dtype="<i4").tobytes()
    text = said("string") + said("") + said("1") + struct.pack("<QBQQB", 300, 3, 4, 300, 1) + bits + offsets
    hashes = [xxh3_128_digest(fed, seed=body["seed"]) for fed in (n, text + b"aunderb" * 100)]
    assert body["lying"] == b"".join([*hashes, bytes(16)])
    assert read_version(project.home / "store", saved["one column"].id).body["lying"] == b""


def test_a_version_from_before_the_second_quick_hash_is_read_and_gone_on_from(project: Project) -> None:
    older = [field for field in manifest._BODY if field.name != "lying"]
    made = VERSIONS["lying"]().select(["n", "text"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest, "_BODY", pa.schema(older))
        one = storage.snapshot(project, made, "older", stage="raw")
    assert "lying" not in read_version(project.home / "store", one.id).body
    assert storage.load(project, one, kind="arrow").equals(made)
    assert not storage.snapshot(project, made, "older").changed
    other = storage.snapshot(project, made.slice(1), "older")
    assert storage.load(project, other, kind="arrow").equals(made.slice(1))
    assert len(read_version(project.home / "store", other.id).body["lying"]) == 16 * 2


def test_a_renamed_column_keeps_its_pieces(project: Project, saved: dict[str, Snapshot]) -> None:
    plain, renamed = (read_version(project.home / "store", saved[name].id) for name in ("plain", "renamed"))
    assert plain.body["fingerprints"] == renamed.body["fingerprints"]
    spans = ("spans", "offset", "length")
    assert [plain.body[name] for name in spans] == [renamed.body[name] for name in spans]
    assert [renamed.head["packs"][n] for n in renamed.body["pack"]] == [
        plain.head["packs"][n] for n in plain.body["pack"]
    ]


def test_chunks_are_spelled_with_offsets_of_a_fixed_width(project: Project, saved: dict[str, Snapshot]) -> None:
    version = read_version(project.home / "store", saved["plain"].id)
    footer, chunks = version.body["footer"], version.body["chunks"]
    meta = pq.read_metadata(pa.BufferReader(version.file))
    leaf = 0
    for group in range(meta.num_row_groups):
        for column in range(meta.num_columns):
            begin, offsets, end, size, raw = chunks[5 * leaf : 5 * leaf + 5]
            said_of = meta.row_group(group).column(column)
            assert footer[begin : begin + 3] == b"\x26\x00\x1c"  # file_offset = 0, then ColumnMetaData
            assert footer[offsets] == 0x26
            assert all(byte & 0x80 for byte in footer[offsets + 1 : offsets + 10])
            assert not footer[offsets + 10] & 0x80
            assert (size, raw) == (said_of.total_compressed_size, said_of.total_uncompressed_size)
            assert begin < offsets < end
            if said_of.has_dictionary_page:
                assert footer[offsets + 11] == 0x26
                assert said_of.dictionary_page_offset < said_of.data_page_offset
            assert not said_of.has_offset_index
            assert not said_of.has_column_index
            leaf += 1
    assert 5 * leaf == len(chunks)
    assert meta.num_row_groups > 3


def test_statistics_are_of_numbers_and_times_where_there_are_several_ranges(
    project: Project, saved: dict[str, Snapshot]
) -> None:
    meta = pq.read_metadata(pa.BufferReader(read_version(project.home / "store", saved["plain"].id).file))
    kept = {
        meta.row_group(0).column(n).path_in_schema
        for n in range(meta.num_columns)
        if meta.row_group(0).column(n).is_stats_set and meta.row_group(0).column(n).statistics.has_min_max
    }
    assert {"n", "when"} <= kept
    assert not any(path.startswith(("text", "nested")) for path in kept)


def test_what_is_shared_is_written_once(project: Project, saved: dict[str, Snapshot]) -> None:
    plain, edited = (read_version(project.home / "store", saved[name].id) for name in ("plain", "edited"))
    assert edited.head["packs"][0] == plain.head["packs"][0]
    fresh = set(range(len(edited.head["packs"]))) - {0}
    new = sum(length for pack, length in zip(edited.body["pack"], edited.body["length"], strict=True) if pack in fresh)
    assert new < sum(edited.body["length"]) * 0.6
