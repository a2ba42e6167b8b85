"""What a model takes: the request schema, read from the full table it was fitted on. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from e2e_lab.errors import ModelError
from e2e_lab.records import RequestColumn, RequestSchema

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def request_schema(frame: pd.DataFrame, *, outputs: tuple[str, ...] = ("predictions",)) -> RequestSchema:
    """The columns a row must have to be answered, with Arrow types, categories and which values may be missing.

    A column may be null where *frame* has nulls; :func:`tolerant` adds those that the model was seen to answer without.
    Raises :class:`ModelError` naming a column that no JSON row could carry.

    >>> import pandas as pd
    >>> frame = pd.DataFrame({"rooms": [3, 4], "near": pd.Categorical(["BAY", None], ["BAY", "SEA"])})
    >>> for column in request_schema(frame).columns:
    ...     print(column.name, column.type, column.nullable, column.categories)
    rooms int64 False None
    near string True ('BAY', 'SEA')
    """
    check_names(frame)
    return RequestSchema(columns=tuple(_column(str(name), frame[name]) for name in frame.columns), outputs=outputs)


def tolerant(schema: RequestSchema, tolerated: Collection[str]) -> RequestSchema:
    """*schema* in which the columns that the model answers without (*tolerated*) may be null too."""
    columns = tuple(replace(column, nullable=column.nullable or column.name in tolerated) for column in schema.columns)
    return replace(schema, columns=columns)


def check_names(frame: pd.DataFrame) -> None:
    """Refuse columns that rows could not name."""
    unnamed = [name for name in frame.columns if not isinstance(name, str)]
    if unnamed:
        raise ModelError(
            f"The columns of X have no names ({', '.join(repr(c) for c in unnamed[:5])}): rows could not name them.",
            hint="X.columns = X.columns.astype(str)  # then fit and log the model again",
        )
    twice = frame.columns[frame.columns.duplicated()].tolist()
    if twice:
        raise ModelError(f"X has two columns named {twice[0]!r}.", hint="X = X.loc[:, ~X.columns.duplicated()]")


def _column(name: str, series: pd.Series[Any]) -> RequestColumn:
    import pandas as pd

    nullable = bool(series.isna().any())
    if isinstance(series.dtype, pd.CategoricalDtype):
        categories = tuple(_category(name, value) for value in series.dtype.categories.tolist())
        kind = _arrow_type(name, series.dtype.categories.to_series())
        return RequestColumn(
            name=name, type=kind, nullable=nullable, categories=categories, ordered=bool(series.dtype.ordered),
            dtype="category",
        )  # fmt: skip
    return RequestColumn(name=name, type=_arrow_type(name, series), nullable=nullable, dtype=str(series.dtype))


def _category(name: str, value: Any) -> str | int | float | bool:
    if isinstance(value, str | int | float | bool):
        return value
    raise ModelError(
        f"The categories of column {name!r} are {type(value).__name__} values, which no JSON row can carry.",
        hint=f"X[{name!r}] = X[{name!r}].astype(str).astype('category')  # then fit again",
    )


def _arrow_type(name: str, series: pd.Series[Any]) -> str:
    import pandas as pd
    import pyarrow as pa

    if isinstance(series.dtype, pd.DatetimeTZDtype):
        return str(pa.timestamp(series.dtype.unit, tz=str(series.dtype.tz)))
    try:
        found = pa.Array.from_pandas(series)
    except (pa.ArrowException, TypeError, ValueError) as problem:
        raise ModelError(
            f"Column {name!r} of X holds values of several kinds: {str(problem).splitlines()[0]}.",
            hint=f"X[{name!r}] = X[{name!r}].astype(str)  # or another one type, then fit again",
        ) from None
    return type_name(found.type)


def type_name(kind: pa.DataType) -> str:
    """Arrow's name for the type, with the several layouts of strings and bytes as one."""
    import pyarrow as pa

    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind) or pa.types.is_null(kind):
        return "string"
    if pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind):
        return "binary"
    if pa.types.is_dictionary(kind):
        return type_name(kind.value_type)
    return str(kind)
