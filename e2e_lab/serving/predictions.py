"""What services answered: ``.e2e/predictions/SERVICE/YYYY-MM-DD.PID.jsonl``, a line a request, written by them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from e2e_lab.errors import PredictionNotFound, UsageError
from e2e_lab.project import Project
from e2e_lab.records import Record

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ULID = re.compile(rf"[0-7][{_ALPHABET}]{{25}}")


@dataclass(frozen=True, kw_only=True)
class Prediction(Record):
    """One answered request. *data* are the ids of the snapshots behind the model, *inputs* the rows where logged."""

    id: str
    time: datetime
    service: str
    version: int
    model: str
    model_version: int
    run: str
    data: tuple[str, ...] = ()
    rows: int
    seconds: float
    predictions: tuple[Any, ...] = ()
    inputs: tuple[dict[str, Any], ...] | None = None


def is_id(text: str) -> bool:
    """Whether *text* has the form of a prediction id: 26 letters and digits (ULID).

    >>> is_id("01JD9Z3K8QW4R5T6Y7V8X9A0BC"), is_id("delay@v2")
    (True, False)
    """
    return _ULID.fullmatch(text.upper()) is not None


def time_of(prediction_id: str) -> datetime:
    """When the request came: the first ten characters of a ULID are milliseconds since 1970 (ulid/spec).

    >>> time_of("01ARZ3NDEKTSV4RRFFQ69G5FAV").isoformat(timespec="milliseconds")
    '2016-07-30T23:54:10.259+00:00'
    """
    number = 0
    for letter in prediction_id.upper()[:10]:
        number = number * 32 + _ALPHABET.index(letter)
    try:
        return datetime.fromtimestamp(number / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        raise PredictionNotFound(
            f"{prediction_id} is from no time that a service ran in.", hint="e2e services"
        ) from None


def find_prediction(project: Project, prediction_id: str) -> Prediction:
    """What was answered under this id, from the logs of its day; :class:`PredictionNotFound` where none has it."""
    if not is_id(prediction_id):
        raise UsageError(f"{prediction_id!r} is not a prediction id (26 letters and digits).", hint="e2e trace ID")
    wanted = prediction_id.upper()
    day = time_of(wanted).date().isoformat()
    for path in sorted((project.home / "predictions").glob(f"*/{day}.*.jsonl")):
        found = _in_file(path, wanted)
        if found:
            return found
    raise PredictionNotFound(f"No service of this project answered {prediction_id} on {day}.", hint="e2e services")


def _in_file(path: Path, wanted: str) -> Prediction | None:
    mark = f'"{wanted}"'.encode()
    with open(path, "rb") as file:
        for line in file:
            if mark in line:
                try:
                    found = Prediction.from_json(json.loads(line))
                except (ValueError, TypeError):  # a line that a full disk cut short
                    continue
                if found.id == wanted:
                    return found
    return None
