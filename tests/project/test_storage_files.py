"""Files in and out: ingest of CSV and Parquet, export that anything reads."""

from __future__ import annotations

import datetime as dt
import gzip
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from e2e_lab import storage
from e2e_lab.errors import NotFound, UsageError
from e2e_lab.project import Project

CSV = """\
carrier,flight,delay,when,time_hour,late
UA,1545,2.0,2013-01-01,2013-01-01T10:00:00Z,true
AA,,NA,2013-01-02,2013-01-01T11:00:00Z,false
"B,6",725,,2013-01-03,,
"""


@pytest.fixture
def sales(project: Project) -> Path:
    path = project.root / "in" / "sales.csv"
    path.parent.mkdir()
    path.write_text(CSV)
    return path


def test_a_csv_file_becomes_a_raw_snapshot_that_knows_its_source(project: Project, sales: Path) -> None:
    made = storage.ingest(project, "in/sales.csv", "sales", message="as it came")
    assert (made.stage, made.source, made.rows, made.version) == ("raw", "in/sales.csv", 3, 1)
    assert {c.name: c.type for c in made.schema}["time_hour"].startswith("timestamp")
    loaded = storage.load(project, made)
    assert [str(t) for t in loaded.dtypes][:4] == ["str", "Int64", "float64", "datetime64[s]"]
    assert loaded["carrier"].tolist() == ["UA", "AA", "B,6"]
    assert loaded["flight"].isna().tolist() == [False, True, False]
    assert loaded["late"].dtype == "boolean"
    again = storage.ingest(project, sales, "sales")
    assert (again.changed, again.message) == (False, "as it came")
    assert not storage.snapshot(project, loaded, "sales").changed


@pytest.mark.parametrize("form", ["sales.csv.gz", "sales.tsv", "semicolons.csv", "bom.csv", "windows.csv"])
def test_the_usual_forms_of_csv_hold_the_same(project: Project, sales: Path, form: str) -> None:
    plain = CSV.replace('"B,6"', "B6")
    sales.write_text(plain)
    path = sales.with_name(form)
    content = {
        "sales.csv.gz": gzip.compress(plain.encode()),
        "sales.tsv": plain.replace(",", "\t").encode(),
        "semicolons.csv": plain.replace(",", ";").encode(),
        "bom.csv": b"\xef\xbb\xbf" + plain.encode(),
        "windows.csv": plain.replace("\n", "\r\n").encode(),
    }[form]
    path.write_bytes(content)
    assert storage.ingest(project, path, "other").id == storage.ingest(project, sales, "sales").id


def test_double_and_empty_names_are_numbered_as_pandas_does(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "names.csv"
    path.write_text(",a,a,b\n0,1,2,3\n")
    made = storage.ingest(project, path, "names")
    assert made.columns == tuple(pd.read_csv(path).columns)
    assert "numbered" in made.notes[0]
    assert made.source == path.as_posix()


def test_long_numbers_keep_their_digits(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "ids.csv"
    path.write_text("id,x\n92233720368547758099,1\n92233720368547758098,2\n")
    made = storage.ingest(project, path, "ids")
    assert storage.load(project, made)["id"].tolist() == ["92233720368547758099", "92233720368547758098"]
    assert "id" in made.notes[0]


def test_quoted_line_breaks_and_empty_columns(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "text.csv"
    path.write_text('a,nothing\n"two\nlines",\n"say ""hi""",\n')
    loaded = storage.load(project, storage.ingest(project, path, "text"))
    pd.testing.assert_frame_equal(loaded, pd.read_csv(path))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a,b\n1,2\n3\n", "Line 3"),
        (b"a,b\n1,2\n3,4,5\n", "Line 3"),
        ("a,b\n1,x\n2,Müller\n".encode("latin-1"), "not UTF-8 (line 3)"),
        ("aü,b\n1,x\n".encode("latin-1"), "not UTF-8 (line 1)"),
        ("a,b\n1,2\n".encode("utf-16"), "UTF-16"),
        (b"", "empty"),
        (b"\n\n", "empty"),
    ],
)
def test_what_cannot_be_read_names_the_line(project: Project, tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    with pytest.raises(UsageError) as refused:
        storage.ingest(project, path, "bad")
    assert said in str(refused.value)
    assert storage.records(project) == {}


def test_what_is_no_table_file_says_what_is(project: Project, sales: Path) -> None:
    with pytest.raises(NotFound) as missing:
        storage.ingest(project, "in/slaes.csv", "sales")
    assert "sales.csv" in missing.value.hint
    (sales.parent / "sales.xlsx").write_bytes(b"PK")
    (sales.parent / "torn.csv.gz").write_bytes(b"\x1f\x8b\x08 torn")
    (sales.parent / "torn.parquet").write_bytes(b"PAR1 torn")
    for path in ("in", "in/sales.xlsx", "https://example.org/a.csv", "in/torn.csv.gz", "in/torn.parquet"):
        with pytest.raises(UsageError):
            storage.ingest(project, path, "sales")


def test_a_parquet_file_is_kept_exactly(project: Project, tmp_path: Path) -> None:
    table = pa.table({"d": pa.array([dt.date(2020, 1, 1), None]), "l": [[1], None], "n": pa.array([1.5, None])})
    pq.write_table(table, tmp_path / "t.parquet")
    made = storage.ingest(project, tmp_path / "t.parquet", "t", key=["d"][:0])
    assert storage.load(project, made, kind="arrow").equals(table)
    assert made.id == storage.fingerprint(table)


def test_a_header_without_rows(project: Project, tmp_path: Path) -> None:
    (tmp_path / "head.csv").write_text("a,b\n")
    made = storage.ingest(project, tmp_path / "head.csv", "head")
    assert storage.load(project, made).shape == (0, 2)


# ---- export ------------------------------------------------------------------------------------------------


def test_duckdb_polars_and_pandas_read_an_export(project: Project, tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {"carrier": pd.Categorical(["UA", "AA", None], ["UA", "AA", "B6"]), "dep time": [517, 533, 542],
         "delay": [2.0, None, -1.0], "when": pd.date_range("2013", periods=3, tz="America/New_York")},
        index=pd.Index(["a", "b", "c"], name="flight_id"),
    )  # fmt: skip
    made = storage.snapshot(project, frame, "flights", stage="raw")
    done = storage.export(project, made, tmp_path / "out" / "flights.parquet")
    assert (done.rows, done.bytes) == (3, Path(done.path).stat().st_size)
    pd.testing.assert_frame_equal(pd.read_parquet(done.path), frame, check_freq=False)
    assert pl.read_parquet(done.path)["dep time"].to_list() == [517, 533, 542]
    rows = duckdb.sql(f"select flight_id, carrier, delay from '{done.path}' order by 1").fetchall()
    assert rows == [("a", "UA", 2.0), ("b", "AA", None), ("c", None, -1.0)]


def test_odd_frames_export_to_something_that_all_can_read(project: Project, tmp_path: Path) -> None:
    frames = {
        "double": pd.DataFrame([[1, "a", 3.0]], columns=["x", "x", ""]),
        "numbered": pd.DataFrame([[1, 2]]),
        "interval": pd.DataFrame({"i": pd.interval_range(0, 2), "p": pd.period_range("2020", periods=2, freq="M")}),
        "multi": pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", "x"), ("b", "y")])),
    }
    for name, frame in frames.items():
        made = storage.snapshot(project, frame, name, stage="raw")
        done = storage.export(project, made, tmp_path)
        assert pl.read_parquet(tmp_path / f"{name}.parquet").height == len(frame)
        assert duckdb.sql(f"select * from '{tmp_path / name}.parquet'").shape[0] == done.rows
    pl_made = storage.snapshot(
        project, pl.DataFrame({"e": pl.Series(["a"], dtype=pl.Enum(["b", "a"]))}), "enum", stage="raw"
    )
    storage.export(project, pl_made, tmp_path)
    assert pd.read_parquet(tmp_path / "enum.parquet")["e"].tolist() == ["a"]


def test_an_export_replaces_only_an_export(project: Project, tmp_path: Path) -> None:
    made = storage.snapshot(project, pd.DataFrame({"a": [1]}), "flights", stage="raw")
    target = tmp_path / "flights.parquet"
    storage.export(project, made, target)
    storage.export(project, storage.snapshot(project, pd.DataFrame({"a": [2]}), "flights"), target)
    assert pd.read_parquet(target)["a"].tolist() == [2]
    for content in (b"my own notes", b""):
        target.write_bytes(content)
        with pytest.raises(UsageError, match="exists"):
            storage.export(project, made, target)
        assert target.read_bytes() == content
