"""Files that somebody else made, or that something spoiled: read exactly or refused in words, and never a crash."""

from __future__ import annotations

import base64
import gzip
import os
import random
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as encryption
import pytest
from blake3 import blake3

from e2e_lab import storage
from e2e_lab.errors import Damaged, NewerFormat, NotFound, UnsupportedData, UsageError, VersionNotFound
from e2e_lab.project import Project
from e2e_lab.storage.store import thrift
from e2e_lab.storage.store.heads import DIGITS, pack_path
from e2e_lab.storage.store.manifest import read_manifest
from e2e_lab.storage.store.packs import MAGIC, Pack
from tests.project.store_files import table

SPOILED = int(os.environ.get("E2E_SPOILED", "3000"))

# ---- odd Parquet files: accepted exactly ---------------------------------------------------------------------


def odd() -> dict[str, pa.Table]:
    deep: Any = pa.int64()
    for _ in range(12):
        deep = pa.list_(deep)
    value: Any = [1, None]
    for _ in range(11):
        value = [value, None]
    return {
        "nested-nulls": pa.table(
            {
                "a": pa.array([None, [], [None], [{"b": None}], [{"b": []}], [{"b": [None, "x"]}]],
                              pa.list_(pa.struct([("b", pa.list_(pa.string()))]))),
                "all": pa.array([None] * 6, pa.list_(pa.int8())),
            }
        ),
        "decimal256": pa.table({"d": pa.array([Decimal("9" * 60), None, Decimal("-0.5")], pa.decimal256(76, 5))}),
        "zero-rows": pa.table({"a": pa.array([], pa.int64()), "s": pa.array([], pa.string())}),
        "zero-columns": pa.table({"a": [1, 2, 3]}).select([]),
        "names": pa.table({"": [1], " ": [2], "\n": [3], "é": [4], "a.b": [5], "x" * 3000: [6], "☃": [7]}),
        "deep": pa.table({"a": pa.array([value, None], deep)}),
        "dictionary": pa.table({"d": pa.array(["a", "b", None, "a"] * 500).dictionary_encode()}),
        "binary": pa.table({"b": [b"", b"\0\xff", None], "f": pa.array([b"ab", None, b"cd"], pa.binary(2))}),
        "float16": pa.table({"h": pa.array([np.float16(1.5), None, np.float16("nan")], pa.float16())}),
    }  # fmt: skip


@pytest.mark.parametrize("what", odd())
def test_an_odd_parquet_file_is_taken_as_it_is(project: Project, tmp_path: Path, what: str) -> None:
    path = tmp_path / "odd.parquet"
    pq.write_table(odd()[what], path)
    wanted = pq.read_table(path)
    made = storage.ingest(project, path, "odd")
    back = storage.load(project, made, kind="arrow")
    assert back.schema.remove_metadata() == wanted.schema.remove_metadata()
    assert back.to_pylist() == wanted.to_pylist() or what == "float16"
    assert storage.fingerprint(back) == made.id
    assert back.num_rows == wanted.num_rows


@pytest.mark.integration
def test_ten_thousand_columns_are_taken_as_they_are(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "wide.parquet"
    wide = pa.table({f"c{n}": [n] for n in range(10_000)})
    pq.write_table(wide, path)
    made = storage.ingest(project, path, "wide")
    assert storage.load(project, made, kind="arrow").equals(wide)


@pytest.mark.parametrize(
    "options",
    [
        {"use_deprecated_int96_timestamps": True},
        {"use_compliant_nested_type": False},
        {"version": "1.0", "coerce_timestamps": "us", "allow_truncated_timestamps": True},
        {"data_page_version": "2.0", "compression": "brotli"},
        {"row_group_size": 1, "use_dictionary": False},
        {"write_statistics": False, "store_schema": False},
        {"data_page_size": 8, "dictionary_pagesize_limit": 1, "compression": "none"},
        {"column_encoding": {"t": "DELTA_BINARY_PACKED"}, "use_dictionary": False, "write_page_index": True},
        {"use_content_defined_chunking": True, "write_page_checksum": True},
    ],
    ids="-".join,
)
def test_however_it_was_written_it_holds_the_same(project: Project, tmp_path: Path, options: dict[str, Any]) -> None:
    path = tmp_path / "file.parquet"
    wanted = pa.table(
        {
            "t": pa.array(range(300), pa.timestamp("ns")),
            "l": pa.array([[n, None] if n % 3 else None for n in range(300)]),
            "s": [f"text {n % 9}" if n % 4 else None for n in range(300)],
        }
    )
    pq.write_table(wanted, path, **options)
    made = storage.ingest(project, path, "file")
    back = storage.load(project, made, kind="arrow")
    assert [[str(v) for v in column.to_pylist()] for column in back.columns] == [
        [str(v) for v in column.to_pylist()] for column in pq.read_table(path).columns
    ]


def test_statistics_that_lie_change_no_row(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "lies.parquet"
    pq.write_table(pa.table({"n": [1, 2, 3]}), path, compression="none", use_dictionary=False)
    content = bytearray(path.read_bytes())
    stats = (3).to_bytes(8, "little")
    at = content.rfind(stats)
    content[at : at + 8] = (2**40).to_bytes(8, "little")
    path.write_bytes(content)
    made = storage.ingest(project, path, "lies")
    assert storage.load(project, made)["n"].tolist() == [1, 2, 3]
    assert storage.load(project, made, where=[("n", ">", 2)])["n"].tolist() == [3]


def test_double_names_in_parquet_are_all_there(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "double.parquet"
    pq.write_table(pa.table([[1], [2], [3]], names=["a", "b", "a"]), path)
    made = storage.ingest(project, path, "double")
    back = storage.load(project, made, kind="arrow")
    assert (back.column_names, back.columns[2].to_pylist()) == (["a", "b", "a"], [3])


class _Keys(encryption.KmsClient):  # type: ignore[misc]
    def wrap_key(self, key_bytes: bytes, master_key_identifier: str) -> bytes:
        return base64.b64encode(key_bytes)

    def unwrap_key(self, wrapped_key: bytes, master_key_identifier: str) -> bytes:
        return base64.b64decode(wrapped_key)


@pytest.mark.parametrize("plaintext_footer", [True, False])
def test_encrypted_parquet_is_refused(project: Project, tmp_path: Path, plaintext_footer: bool) -> None:
    path = tmp_path / "secret.parquet"
    how = encryption.EncryptionConfiguration(
        footer_key="footer", column_keys={"column": ["a"]}, plaintext_footer=plaintext_footer
    )
    factory = encryption.CryptoFactory(lambda _: _Keys())
    properties = factory.file_encryption_properties(encryption.KmsConnectionConfig(), how)
    with pq.ParquetWriter(path, pa.schema([("a", pa.int64())]), encryption_properties=properties) as writer:
        writer.write_table(pa.table({"a": [1]}))
    with pytest.raises(UsageError, match="not a Parquet file"):
        storage.ingest(project, path, "secret")


@pytest.mark.parametrize("in_schema_too", [True, False])
def test_names_that_are_no_text_are_refused(project: Project, tmp_path: Path, in_schema_too: bool) -> None:
    path = tmp_path / "names.parquet"
    pq.write_table(pa.table({"abcdefgh": [1]}), path, store_schema=in_schema_too)
    path.write_bytes(path.read_bytes().replace(b"abcdefgh", b"\xff\xfeabcd\xc3("))
    with pytest.raises(UsageError, match="names"):
        storage.ingest(project, path, "names")


# ---- what is no file to read ---------------------------------------------------------------------------------


def _loop(path: Path) -> None:
    path.symlink_to(path)


def _parts(path: Path) -> None:
    path.mkdir()
    pq.write_table(pa.table({"a": [1]}), path / "part.parquet")


STRANGE: dict[str, Callable[[Path], object]] = {
    "nothing": lambda path: path.write_bytes(b""),
    "magic": lambda path: path.write_bytes(b"PAR1PAR1"),
    "short": lambda path: path.write_bytes(b"PAR1"),
    "random": lambda path: path.write_bytes(b"PAR1" + random.Random(1).randbytes(5000) + b"\x88\x13\0\0PAR1"),
    "huge-footer": lambda path: path.write_bytes(b"PAR1" + b"\0" * 100 + b"\xff\xff\xff\x7fPAR1"),
    "negative-footer": lambda path: path.write_bytes(b"PAR1" + b"\0" * 100 + b"\xff\xff\xff\xffPAR1"),
    "nested-footer": lambda path: path.write_bytes(b"PAR1" + b"\x1c" * 65536 + b"\0\0\1\0PAR1"),
    "long-list": lambda path: path.write_bytes(b"PAR1\x29\xfc\xff\xff\xff\xff\x0f" + b"\7\0\0\0PAR1"),
    "folder": _parts,
    "fifo": os.mkfifo,
    "loop": _loop,
    "broken-link": lambda path: path.symlink_to("nowhere"),
    "text": lambda path: path.write_text("a,b\n1,2\n"),
}


@pytest.mark.parametrize("ending", [".parquet", ".csv", ".csv.gz"])
@pytest.mark.parametrize("what", STRANGE)
@pytest.mark.timeout(20)
def test_what_is_no_table_is_refused_in_words(project: Project, tmp_path: Path, what: str, ending: str) -> None:
    path = tmp_path / f"strange{ending}"
    STRANGE[what](path)
    if (what, ending) == ("text", ".csv"):
        return
    try:
        made = storage.ingest(project, path, "strange")
    except (UsageError, NotFound, UnsupportedData) as problem:
        said = problem.message
    else:
        said = ""
        assert ending == ".csv"  # any line of text is a CSV file's header
        assert what in ("magic", "short", "random", "huge-footer", "negative-footer", "nested-footer", "long-list")
        assert storage.fingerprint(storage.load(project, made, kind="arrow")) == made.id
    assert not said or ("strange" in said and not storage.records(project))


@pytest.mark.parametrize(
    "content",
    [
        b"a,b\n1,2\n3\n",
        b"a,b\n\xff\xfe,2\n",
        b"a\0b,c\n1,2\n",
        b'a,b\n"1,2\n',
        b"a,b\r1,2\r",
        b"\xef\xbb\xbf",
        b",,,\n,,,\n",
        b"a" * 3_000_000,
        b"\n".join(b"x" * n for n in range(300)),
        b"n\n" + b"9" * 400 + b"\n1\n",
        b"t\n2013-13-45\n2013-01-01\n",
        b"a,b\n" + b"1," * 100_000 + b"\n",
    ],
    ids=range(12),
)
def test_odd_csv_is_read_or_refused_in_words(project: Project, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd.csv"
    path.write_bytes(content)
    try:
        made = storage.ingest(project, path, "odd")
    except (UsageError, UnsupportedData):
        assert not storage.records(project)
    else:
        assert storage.fingerprint(storage.load(project, made, kind="arrow")) == made.id


@pytest.mark.parametrize("spoil", [slice(20, 24), slice(100, None), slice(-8, None)], ids=["byte", "cut", "end"])
def test_a_spoiled_gzip_is_refused_in_words(project: Project, tmp_path: Path, spoil: slice) -> None:
    path = tmp_path / "packed.csv.gz"
    content = bytearray(gzip.compress(table(500).to_csv().encode()))
    content[spoil] = b"" if spoil.stop is None else b"\xff" * 4
    path.write_bytes(content)
    with pytest.raises(UsageError, match="packed"):
        storage.ingest(project, path, "packed")


# ---- thousands of spoiled files ------------------------------------------------------------------------------

# In a process of its own: a crash of Arrow is then seen, and not ours.
_SPOILED = """
import faulthandler, random, resource, sys
from pathlib import Path
import pyarrow as pa
from e2e_lab import project, storage
from e2e_lab.errors import E2EError
faulthandler.enable()
resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
folder, seeds, times = Path(sys.argv[1]), sorted(Path(sys.argv[2]).iterdir()), int(sys.argv[3])
here = project.find(folder)
taken = refused = 0
some = random.Random(int(sys.argv[4]))
for number in range(times):
    seed = seeds[number % len(seeds)]
    content = bytearray(seed.read_bytes())
    footer = int.from_bytes(content[-8:-4], "little")
    where = range(len(content) - 8 - footer, len(content) - 8) if number % 3 else range(4, len(content))
    for _ in range(some.choice([1, 1, 2, 8])):
        content[some.choice(where)] = some.choice([0, 1, 127, 128, 255, some.randrange(256)])
    if some.random() < 0.1:
        at = some.choice(where)
        content[at : at + some.randrange(1, 9)] = b""
    path = folder / "spoiled.parquet"
    path.write_bytes(content)
    print(number, file=sys.stderr, flush=True)
    try:
        table, _ = storage.read_file(path)
        made = storage.draft(here, table, "spoiled", stage="raw")
        assert storage.fingerprint(storage.load(here, made, kind="arrow")) == made.id
        taken += 1
    except E2EError as problem:
        assert problem.message
        refused += 1
print(taken, refused)
"""


def seeds(folder: Path) -> Path:
    folder.mkdir()
    some = pa.table(
        {
            "n": pa.array(range(60)),
            "s": [f"text {n % 7}" if n % 5 else None for n in range(60)],
            "l": [[{"a": n, "b": "x"}] * (n % 3) if n % 4 else None for n in range(60)],
            "t": pa.array(range(60), pa.timestamp("us", "UTC")),
            "d": pa.array([Decimal(n) for n in range(60)], pa.decimal128(20, 3)),
            "b": pa.array([bool(n % 2) for n in range(60)]),
        }
    )
    pq.write_table(some, folder / "usual.parquet")
    pq.write_table(some, folder / "plain.parquet", compression="none", use_dictionary=False, row_group_size=20)
    pq.write_table(some, folder / "second.parquet", data_page_version="2.0", write_page_index=True, store_schema=False)
    pq.write_table(some.select(["n", "d"]), folder / "delta.parquet", use_dictionary=False, column_encoding="PLAIN")
    return folder


def spoiled(project: Project, tmp_path: Path, times: int, seed: int) -> tuple[int, int]:
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-c",
        _SPOILED,
        str(project.root),
        str(seeds(tmp_path / "seeds")),
        f"{times}",
        f"{seed}",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.returncode, done.stderr[-3000:])
    taken, refused = map(int, done.stdout.split()[-2:])
    return taken, refused


def test_parquet_files_with_spoiled_bytes_are_read_or_refused(project: Project, tmp_path: Path) -> None:
    taken, refused = spoiled(project, tmp_path, 40, 1)
    assert taken > 5
    assert refused > 5


@pytest.mark.integration
@pytest.mark.timeout(0)
def test_thousands_of_parquet_files_with_spoiled_bytes_are_read_or_refused(project: Project, tmp_path: Path) -> None:
    taken, refused = spoiled(project, tmp_path, SPOILED, random.randrange(1 << 30))
    assert taken + refused == SPOILED


# ---- our own files, spoiled ----------------------------------------------------------------------------------


def test_a_footer_of_anything_is_read_or_is_not_thrift() -> None:
    some = random.Random(3)
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pandas(table(50)), sink)
    real = bytes(sink.getvalue())
    begin = len(real) - 8 - int.from_bytes(real[-8:-4], "little")
    for number in range(500):
        content = bytearray(real[begin:-8])
        for _ in range(some.choice([1, 3, 20])):
            content[some.randrange(len(content))] = some.randrange(256)
        if number % 3 == 0:
            content = bytearray(some.randbytes(some.randrange(200)))
        try:
            found, end = thrift.read_struct(bytes(content))
        except thrift.NotThrift:
            continue
        assert end <= len(content)
        assert thrift.read_struct(thrift.written_struct(found))[0].keys() == found.keys()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x1c" * 5000,
        b"\x19\xfc\xff\xff\xff\xff\x0f",
        b"\x18\xff\xff\xff\xff\x0f",
        b"\x15" + b"\xff" * 20,
        b"\x19\xf0\xff\xff\xff\xff\x07",
        b"\x19\xf1\xff\xff\xff\x07" + b"\1" * 50,
    ],
    ids=range(7),
)
def test_thrift_without_an_end_takes_no_memory_and_no_time(content: bytes) -> None:
    with pytest.raises(thrift.NotThrift):
        thrift.read_struct(content)


def test_a_pack_of_anything_is_read_or_damaged(project: Project) -> None:
    made = storage.snapshot(project, table(2000), "flights", stage="raw")
    name = read_manifest(project, made.id).packs()[0]
    path = pack_path(project, name)
    real = path.read_bytes()
    some = random.Random(4)
    count = int.from_bytes(real[-16:-8], "little")
    tail = len(real) - 16 - 32 * count
    for number in range(200):
        content = bytearray(real)
        for _ in range(some.choice([1, 2, 9])):
            at = some.randrange(tail, len(content)) if number % 2 else some.randrange(len(content))
            content[at] = some.choice([0, 255, some.randrange(256)])
        if number % 5 == 0:
            del content[some.randrange(len(content)) :]
        path.write_bytes(content)
        try:
            pack = Pack(project, name)
            for _, offset, length in pack.blobs:
                assert pack.read(offset, length).to_pybytes() == real[offset : offset + length]
            pack.check(some.randrange(1 << 40), some.randrange(1 << 40))
        except Damaged:
            continue
    wrap = (MAGIC + b"x" * 16 + b"\0" * 24 + (2**64 - 8).to_bytes(8, "little") + b"\0" * 24 + (24).to_bytes(8, "little")
            + (2).to_bytes(8, "little") + MAGIC)  # fmt: skip
    for content in (
        wrap,
        b"",
        MAGIC,
        MAGIC * 3,
        MAGIC + b"\xff" * 8 + MAGIC,
        MAGIC + (1 << 60).to_bytes(8, "little") + MAGIC,
    ):
        path.write_bytes(content)
        with pytest.raises(Damaged):
            Pack(project, name)
    path.write_bytes(real)
    assert storage.fingerprint(storage.load(project, made)) == made.id


def hashed(rest: bytes) -> bytes:
    return blake3(rest).hexdigest().encode() + b"\n" + rest


def test_a_manifest_of_anything_is_read_or_refused(project: Project) -> None:
    made = storage.snapshot(project, table(2000), "flights", stage="raw")
    path = project.home / "store" / "snapshots" / made.id / "manifest"
    real = path.read_bytes()
    some = random.Random(5)
    for number in range(200):
        content = bytearray(real)
        for _ in range(some.choice([1, 2, 9])):
            content[some.randrange(DIGITS + 1, len(content))] = some.choice([0, 255, 10, some.randrange(256)])
        if number % 7 == 0:
            del content[some.randrange(len(content)) :]
        knowing = number % 2  # somebody who knows the format: the hash is right
        if knowing:
            content[:DIGITS] = blake3(content[DIGITS + 1 :]).hexdigest().encode()[: len(content)]
        path.write_bytes(content)
        try:
            if not knowing:
                assert storage.fingerprint(storage.load(project, made)) == made.id
            assert read_manifest(project, made.id).layout
        except (Damaged, NewerFormat, VersionNotFound):
            pass
        assert storage.is_stored(project, made.id) in (True, False)
        if number % 20 == 0:
            storage.verify(project)
    for head in (b"", b"\n", b"{}", b"[" * 100_000, b'{"format": 1e999, "id": 1}', b'{"format": 3}',
                 b'{"format": 2, "id": "x", "rows": 1e999, "file": 1, "added": 1, "packs": []}'):  # fmt: skip
        rest = head + b"\n" + real.split(b"\n", 2)[2]
        for content in (
            rest,
            blake3(rest).hexdigest().encode() + b"\n" + rest,
            blake3(head).hexdigest().encode() + b"\n" + head,
        ):
            path.write_bytes(content)
            with pytest.raises((Damaged, NewerFormat)):
                read_manifest(project, made.id)
    path.write_bytes(real)
    assert storage.fingerprint(storage.load(project, made)) == made.id
