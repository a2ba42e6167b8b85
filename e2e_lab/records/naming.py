"""Names that datasets, models and services may have, and the one form in which they are referred to."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from e2e_lab.errors import InvalidName, UsageError
from e2e_lab.records.record import Record

_DATASET_NAME = re.compile(r"[^\W\d_][\w-]{0,62}")
_MODEL_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_DEVICE_NAMES = {"con", "prn", "aux", "nul", *(f"{p}{n}" for p in ("com", "lpt") for n in range(1, 10))}


def dataset_name(name: str) -> str:
    """*name* in the one form that is stored (NFC), or :class:`InvalidName`.

    >>> dataset_name("flights_clean")
    'flights_clean'
    >>> dataset_name("../escape")
    Traceback (most recent call last):
    ...
    e2e_lab.errors.InvalidName: '../escape' cannot name a dataset: a letter, then letters, digits, _ or - (63 at most).
    """
    normal = unicodedata.normalize("NFC", name)
    if not _DATASET_NAME.fullmatch(normal) or normal.lower() in _DEVICE_NAMES:
        raise InvalidName(
            f"{name!r} cannot name a dataset: a letter, then letters, digits, _ or - (63 at most).",
            hint=f"--as {_suggested(normal)}",
        )
    return normal


def model_name(name: str, kind: str = "model") -> str:
    """*name* if a model or service may have it, or :class:`InvalidName`.

    >>> model_name("delay")
    'delay'
    """
    if not _MODEL_NAME.fullmatch(name):
        raise InvalidName(
            f"{name!r} cannot name a {kind}: use small letters, digits, _ and - (63 at most, a letter or digit first).",
            hint=f"--as {_suggested(name).lower()}",
        )
    return name


def _suggested(name: str) -> str:
    kept = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_-")[:63]
    return (kept if kept and kept[0].isalpha() else f"d_{kept}"[:63]).rstrip("_")


@dataclass(frozen=True, kw_only=True)
class Ref(Record):
    """``name`` or ``name@SELECTOR``: the one form in which datasets, runs, models and services are named."""

    name: str
    selector: str | None = None

    @classmethod
    def parse(cls, text: str) -> Ref:
        """Split at the first ``@``.

        >>> Ref.parse("flights_clean@v2")
        Ref(name='flights_clean', selector='v2')
        >>> Ref.parse("flights_clean")
        Ref(name='flights_clean', selector=None)
        """
        name, at, selector = text.strip().partition("@")
        if not name or (at and not selector):
            raise UsageError(f"{text!r} is not a reference: NAME or NAME@SELECTOR.", hint="e2e data")
        return cls(name=name, selector=selector or None)

    def __str__(self) -> str:
        return f"{self.name}@{self.selector}" if self.selector else self.name
