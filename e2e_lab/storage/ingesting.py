"""Raw data from files: one local CSV or Parquet file becomes a raw snapshot that knows its source."""

from __future__ import annotations

import gzip
import os
import shlex
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
import pyarrow.types as pat

from e2e_lab.errors import NotFound, UsageError, closest
from e2e_lab.project import Project
from e2e_lab.records import Origin, Snapshot
from e2e_lab.storage.saving import snapshot

CSV = {".csv": ",", ".tsv": "\t"}
SUPPORTED = ".csv, .csv.gz, .tsv, .tsv.gz and .parquet"
HEAD = 1 << 20
# What pandas.read_csv takes for a missing value by default.
NULLS = [
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
    "NULL", "NaN", "None", "n/a", "nan", "null",
]  # fmt: skip


def ingest(
    project: Project,
    path: Path | str,
    name: str,
    *,
    key: Sequence[str] | None = None,
    message: str | None = None,
    author: str | None = None,
    origin: Origin = Origin(),  # noqa: B008 - immutable
) -> Snapshot:
    """Save one local CSV or Parquet file as a version of the raw dataset *name*.

    Of a CSV file numbers and ISO dates are recognised; empty cells, ``NA`` and the like are nulls, as pandas has it.
    The file's path is the source: relative to the project where it lies inside.

    Raises :class:`NotFound` with what was probably meant, and :class:`UsageError` for what cannot be read, naming the
    line.
    """
    _refuse_remote(path)
    given = Path(path).expanduser()
    file = next((one for one in (given, project.root / given) if one.exists()), given)
    table, notes = read_file(file)
    return snapshot(
        project,
        table,
        name,
        stage="raw",
        source=project.relative(file),
        key=key,
        message=message,
        author=author,
        origin=origin,
        notes=notes,
    )


def read_file(path: Path | str) -> tuple[pa.Table, tuple[str, ...]]:
    """The table in one local CSV or Parquet file, and what there is to say about how it was read."""
    _refuse_remote(path)
    file = Path(path).expanduser()
    if not file.exists():
        siblings = [one.name for one in file.parent.iterdir()] if file.parent.is_dir() else []
        meant = closest(file.name, siblings)
        said = shlex.quote(os.path.relpath(file.with_name(meant) if meant else file.parent))
        raise NotFound(f"There is no file {path}.", hint=f"e2e ingest {said}" if meant else f"ls {said}")
    if not file.is_file() or not _supported(file):
        strange = "is of a kind that cannot be read yet" if file.is_file() else "is no file"
        what = "is a folder" if file.is_dir() else strange
        raise UsageError(f"{path} {what}; now these are read: {SUPPORTED}.", hint="e2e snapshot VARIABLE --source PATH")
    return _parquet(file) if file.suffix.lower() == ".parquet" else _csv(file)


def _refuse_remote(path: Path | str) -> None:
    if "://" in str(path):
        hint = f"curl -O {shlex.quote(str(path))}"
        raise UsageError(f"{path} is not a local file; now these are read: {SUPPORTED}.", hint=hint)


def _supported(file: Path) -> bool:
    plain = file.name.lower().removesuffix(".gz")
    return file.suffix.lower() == ".parquet" or plain.endswith(tuple(CSV))


def _parquet(file: Path) -> tuple[pa.Table, tuple[str, ...]]:
    try:
        with pq.ParquetFile(file) as opened:  # which, unlike a dataset, takes names that are there twice
            return opened.read(), ()
    except (pa.ArrowException, OSError, ValueError) as problem:  # ValueError: a name that is not UTF-8
        raise UsageError(f"{file} is not a Parquet file that can be read: {_first_line(problem)}.") from None


def _first_line(problem: Exception) -> str:
    return str(problem).splitlines()[0].rstrip(".") if str(problem) else type(problem).__name__


# ---- CSV -----------------------------------------------------------------------------------------------------


def _csv(file: Path) -> tuple[pa.Table, tuple[str, ...]]:
    delimiter, notes = _delimiter(file)
    table = _read(file, delimiter, {})
    unreadable = [field.name for field in table.schema if pat.is_binary(field.type)]
    if unreadable:
        raise _not_utf8(file)
    numbers = [field.name for field, column in zip(table.schema, table.columns) if _lost_digits(column)]
    if numbers:
        table = _read(file, delimiter, dict.fromkeys(numbers, pa.string()))
        notes = (*notes, f"kept as text, as they have more digits than a number holds: {', '.join(numbers)}")
    names = _as_pandas_names(table.column_names)
    if names != table.column_names:
        notes = (*notes, "column names that were empty or double are numbered, as pandas does")
        table = table.rename_columns(names)
    return _sensible(table), notes


def _delimiter(file: Path) -> tuple[str, tuple[str, ...]]:
    opened: Callable[..., Any] = gzip.open if file.suffix.lower() == ".gz" else open
    try:
        with opened(file, "rb") as stream:
            head = stream.read(HEAD)
    except (OSError, EOFError, zlib.error) as problem:
        raise UsageError(f"{file} cannot be read: {_first_line(problem)}.") from None
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        line = f'df = pd.read_csv("{file}", encoding="utf-16"); e2e.snapshot(df, "NAME", source="{file}")'
        raise UsageError(f"{file} is UTF-16, not UTF-8.", hint=line)
    if not head.strip():
        raise UsageError(f"{file} is empty.", hint="a CSV file has a line of column names first")
    usual = CSV[Path(file.name.lower().removesuffix(".gz")).suffix]
    header = head.split(b"\n", 1)[0].decode("utf-8", "replace")
    if usual in header:
        return usual, ()
    other = next((mark for mark in (";", "\t", "|", ",") if mark in header), None)
    return (other, (f"its columns are separated by {other!r}",)) if other else (usual, ())


def _read(file: Path, delimiter: str, types: Mapping[str, pa.DataType]) -> pa.Table:
    convert = pa.csv.ConvertOptions(null_values=NULLS, strings_can_be_null=True, column_types=dict(types))
    bad: list[int | None] = []

    def note(row: Any) -> str:
        bad.append(row.number)
        return "error"

    def once(*, tell: bool) -> pa.Table:
        handler = note if tell else None  # it is given text, which a line that is not UTF-8 is not
        parse = pa.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=handler)
        options = pa.csv.ReadOptions(use_threads=not tell)  # only then are rows counted
        table = pa.csv.read_csv(file, read_options=options, parse_options=parse, convert_options=convert)
        return table.rename_columns(table.column_names)  # which decodes the names, here where an error is expected

    try:
        return once(tell=False)
    except UnicodeDecodeError:
        raise _not_utf8(file) from None
    except (pa.ArrowException, OSError) as problem:
        if "columns, got" not in str(problem):
            raise UsageError(f"{file} cannot be read: {_first_line(problem)}.") from None
    if (number := _line_not_utf8(file)) is not None:
        raise _not_utf8(file, number)
    try:
        once(tell=True)
    except pa.ArrowException as problem:
        said = _first_line(problem)
        cells = said[said.find("Expected") :].partition(": ")[0] if "Expected" in said else "it has other columns"
        raise UsageError(
            f"Line {bad[0] if bad else '?'} of {file} does not fit the others: {cells[:1].lower()}{cells[1:]}.",
            hint=f'df = pd.read_csv("{file}", on_bad_lines="warn")',
        ) from None
    raise UsageError(f"{file} changed while it was read.", hint="try again")


def _line_not_utf8(file: Path) -> int | None:
    opened: Callable[..., Any] = gzip.open if file.suffix.lower() == ".gz" else open
    with opened(file, "rb") as stream:
        return next((n for n, line in enumerate(stream, start=1) if not _is_utf8(line)), None)


def _not_utf8(file: Path, number: int | None = None) -> UsageError:
    return UsageError(
        f"{file} is not UTF-8 (line {number or _line_not_utf8(file) or 1}).",
        hint=f'df = pd.read_csv("{file}", encoding="latin-1"); e2e.snapshot(df, "NAME", source="{file}")',
    )


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _lost_digits(column: pa.ChunkedArray) -> bool:
    """Whether whole numbers too big for 64 bits were read as floats, which keep 15 digits of them."""
    if not pat.is_float64(column.type) or not len(column):
        return False
    largest = pc.max(pc.abs(column)).as_py()
    if largest is None or not 2.0**63 <= largest < 1e30:
        return False
    return bool(pc.all(pc.equal(pc.floor(column), column)).as_py())


def _as_pandas_names(names: Sequence[str]) -> list[str]:
    """
    >>> _as_pandas_names(["", "a", "a", "a.1"])
    ['Unnamed: 0', 'a', 'a.2', 'a.1']
    """
    taken = set(names)
    seen: set[str] = set()
    given = []
    for place, name in enumerate(names):
        new = name or f"Unnamed: {place}"
        number = 1
        while new in seen or (new != name and new in taken and name):
            new = f"{name}.{number}"
            number += 1
        seen.add(new)
        given.append(new)
    return given


def _sensible(table: pa.Table) -> pa.Table:
    """Dates as timestamps, and columns without any value as numbers: what pandas would make of them."""
    types = {"date32[day]": pa.timestamp("s"), "null": pa.float64() if table.num_rows else pa.string()}
    fields = [field.with_type(types.get(str(field.type), field.type)) for field in table.schema]
    return table.cast(pa.schema(fields))
