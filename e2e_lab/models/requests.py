"""Rows on their way to a service: from dicts and tables to JSON, over HTTP on loopback, and the answer back."""

from __future__ import annotations

import base64
import http.client
import json
import math
import warnings
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from e2e_lab.errors import RequestRejected, ServiceError, UsageError

if TYPE_CHECKING:
    import pyarrow as pa

TIMEOUT = 120.0


def rows_of(given: Any) -> list[dict[str, Any]]:
    """Rows as JSON has them, from dicts, a pandas or polars frame, or anything that Arrow reads.

    Missing values of any kind become null, times ISO 8601, decimals text, bytes base64.

    >>> rows_of([{"dep_delay": float("nan"), "day": date(2013, 1, 31)}])
    [{'dep_delay': None, 'day': '2013-01-31'}]
    """
    if isinstance(given, Mapping):
        raise UsageError("Rows are a list of dicts: a single row goes into [ ].", hint="endpoint.predict([row])")
    if isinstance(given, list | tuple):
        return [_row(row) for row in given]
    table = table_of(given)
    columns = {name: [_plain(v) for v in table.column(i).to_pylist()] for i, name in enumerate(table.column_names)}
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def table_of(given: Any) -> pa.Table:
    """*given* as an Arrow table; a pandas index is left out and its NaN become nulls."""
    import pyarrow as pa

    if type(given).__module__.split(".")[0] == "pandas" and hasattr(given, "columns"):
        with warnings.catch_warnings():  # pyarrow asks pandas for times in a way that pandas will change
            warnings.simplefilter("ignore")
            return pa.Table.from_pandas(given, preserve_index=False)
    if isinstance(given, pa.Table):
        return given
    if hasattr(given, "__arrow_c_stream__"):
        return pa.table(given)
    raise UsageError(
        f"{type(given).__name__} is neither rows nor a table.",
        hint="endpoint.predict([{…}]) or endpoint.predict(frame)",
    )


def post_rows(url: str, token: str, rows: Iterable[Mapping[str, Any]], *, timeout: float = TIMEOUT) -> dict[str, Any]:
    """What the service at *url* answers to *rows*: ``{"id", "model", "predictions"}``.

    Raises :class:`RequestRejected` with the service's own words for a 4xx, :class:`ServiceError` where it does not
    answer. Proxy settings are not asked: services are on this machine.
    """
    address = urlsplit(url)
    body = json.dumps({"rows": list(rows)}, ensure_ascii=False).encode()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    asking = http.client.HTTPConnection(address.hostname or "", address.port, timeout=timeout)
    try:
        asking.request("POST", f"{address.path.rstrip('/')}/predict", body, headers)
        answer = asking.getresponse()
        status, content = answer.status, answer.read()
    except (OSError, http.client.HTTPException) as problem:
        raise ServiceError(
            f"{url} does not answer: {problem or type(problem).__name__}.", hint="e2e services"
        ) from None
    finally:
        asking.close()
    return _answered(url, status, content)


def _answered(url: str, status: int, content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ServiceError(f"{url} answered {status} and no JSON object.", hint="e2e services")
    if status == 200:
        return found
    message = str(found.get("message") or f"{url} answered {status}")
    hint = str(found.get("hint") or "e2e services")
    if 400 <= status < 500:
        raise RequestRejected(message, hint=hint, errors=found.get("errors") or ())
    raise ServiceError(message, hint=hint)


def _row(row: Any) -> dict[str, Any]:
    if not isinstance(row, Mapping):
        raise UsageError(f"A row is a dict of columns and values, not {type(row).__name__}.", hint="[{'column': 1}]")
    return {str(name): _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return None if math.isnan(value) else float(value)
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return _duration(value)
    if isinstance(value, Decimal):
        return None if value.is_nan() else str(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    item = getattr(value, "item", None)  # a NumPy scalar
    if callable(item):
        return _plain(item())
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    raise UsageError(f"A {type(value).__name__} cannot go into a row.", hint="numbers, text, times, None")


def _duration(value: timedelta) -> str:
    exact = getattr(value, "isoformat", None)  # pandas' Timedelta keeps nanoseconds
    return str(exact()) if callable(exact) else f"P{value.days}DT{value.seconds}.{value.microseconds:06}S"
