"""What may be logged: names, numbers and parameters, checked where they are given, not when they are sent. Pure."""

from __future__ import annotations

import json
import math
import posixpath
import re
from collections.abc import Iterable, Mapping
from typing import Any

from e2e_lab.errors import UsageError
from e2e_lab.experiments import owners
from e2e_lab.records import DataUse, Origin, Pin, Trail

_NAME = re.compile(r"[/\w.\- :]{1,250}")
PARAM_LENGTH = 6000
TAG_LENGTH = 8000


def entry_name(name: object, kind: str) -> str:
    """*name* if MLflow takes it for a metric or parameter, or :class:`UsageError`.

    >>> entry_name("val/rmse", "metric")
    'val/rmse'
    """
    good = isinstance(name, str) and _NAME.fullmatch(name) and posixpath.normpath(name) == name
    if not good or name in (".", "..") or str(name).startswith(("/", "../")):
        suggested = re.sub(r"[^\w.\- :]+", "_", str(name)).strip("_. ")[:250] or kind
        raise UsageError(
            f"{name!r} cannot name a {kind}: letters, digits, _ - . : / and spaces (250 at most).",
            hint=f"e2e.log_{kind}({suggested!r}, …)",
        )
    return str(name)


def metric_value(name: str, value: Any) -> float:
    """*value* as a finite float, or :class:`UsageError` naming the metric.

    >>> metric_value("rmse", 3)
    3.0
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise UsageError(
            f"Metric {name!r} is {value!r} ({type(value).__name__}), not a number.",
            hint=f"e2e.log_metric({name!r}, float(…)), or e2e.log_param for words",
        ) from None
    if not math.isfinite(number):
        raise UsageError(
            f"Metric {name!r} is {number}: it was not logged; all before it is kept.",
            hint="look for a division by zero, a missing value or a diverging fit",
        )
    return number


def metric_step(step: Any) -> int:
    """*step* as a whole number, 0 where none is given."""
    if step is None:
        return 0
    try:
        if int(step) == step:
            return int(step)
    except (TypeError, ValueError):
        pass
    raise UsageError(f"step={step!r} is not a whole number.", hint="e2e.log_metric(name, value, step=1)")


def param_value(name: str, value: Any) -> str:
    """*value* as the text that is kept; too long a text is refused.

    >>> param_value("depth", 6)
    '6'
    """
    text = str(value)
    if len(text) > PARAM_LENGTH:
        raise UsageError(
            f"Parameter {name!r} has {len(text):,} characters; {PARAM_LENGTH:,} can be kept.",
            hint="write it to a file and e2e.log_artifact(path)",
        )
    return text


def checked_params(params: Mapping[str, Any] | None) -> dict[str, str]:
    """All of *params*, checked."""
    return {entry_name(name, "param"): param_value(name, value) for name, value in (params or {}).items()}


def checked_metrics(metrics: Mapping[str, Any] | None) -> dict[str, float]:
    """All of *metrics*, checked."""
    return {entry_name(name, "metric"): metric_value(name, value) for name, value in (metrics or {}).items()}


def run_name(name: object) -> str:
    """*name* if a run may have it: one line of text, 250 characters at most."""
    if not isinstance(name, str) or not name.strip() or len(name) > 250 or not name.isprintable():
        raise UsageError(
            f"{name!r} cannot name a run: one line of text (250 characters at most).", hint="%%e2e run NAME"
        )
    return name.strip()


# ---- tags --------------------------------------------------------------------------------------------------------


def data_tags(uses: Iterable[DataUse]) -> dict[str, str]:
    """The uses as JSON lists in ``e2e.data``, ``e2e.data.2``, …: a tag holds 8,000 characters.

    >>> data_tags([])
    {}
    """
    chunks: list[list[str]] = []
    room = 0
    for use in uses:
        text = json.dumps(use.to_json(), ensure_ascii=False)
        if not chunks or len(text) + 2 > room:
            chunks.append([])
            room = TAG_LENGTH - 2
        chunks[-1].append(text)
        room -= len(text) + 2
    return {f"e2e.data.{i}" if i > 1 else "e2e.data": f"[{', '.join(chunk)}]" for i, chunk in enumerate(chunks, 1)}


def read_data(tags: Mapping[str, str]) -> tuple[DataUse, ...]:
    """The uses that :func:`data_tags` wrote; a tag that somebody else wrote counts as none.

    >>> use = DataUse(name="flights", version=2, id="ab" * 16)
    >>> read_data(data_tags([use] * 200)) == (use,) * 200
    True
    """
    found: list[DataUse] = []
    names = [tag for tag in tags if tag == "e2e.data" or re.fullmatch(r"e2e\.data\.\d+", tag)]
    for name in sorted(names, key=lambda tag: int(tag[9:] or 1)):
        try:
            found += [DataUse.from_json(item) for item in json.loads(tags[name])]
        except (ValueError, TypeError, AttributeError):
            continue
    return tuple(found)


def run_tags(owner: str, pin: Pin | None, trail: Trail) -> dict[str, str]:
    """What a run says of where it came from; the ``mlflow.*`` ones are those its UI shows."""
    tags = {"e2e.owner": owner}
    if pin is not None:
        tags |= {"e2e.pin": pin.commit, "e2e.pin.ref": pin.ref, "e2e.environment": pin.environment}
        tags["mlflow.source.git.commit"] = pin.commit
    if trail.notebook:
        tags |= {"e2e.notebook": trail.notebook, "mlflow.source.name": trail.notebook}
        tags["mlflow.source.type"] = "NOTEBOOK" if trail.notebook.endswith(".ipynb") else "LOCAL"
    if trail.cell:
        tags["e2e.cell"] = trail.cell
    return tags


def read_pin(tags: Mapping[str, str]) -> Pin | None:
    """The pin in *tags*, if there is one."""
    if "e2e.pin" not in tags:
        return None
    return Pin(commit=tags["e2e.pin"], ref=tags.get("e2e.pin.ref", ""), environment=tags.get("e2e.environment", ""))


def read_origin(tags: Mapping[str, str]) -> Origin:
    """Notebook and cell in *tags*."""
    return Origin(notebook=tags.get("e2e.notebook"), cell=tags.get("e2e.cell"))


def error_tag(text: str) -> str:
    """The end of a traceback, which says most, as long as a tag may be, and without a terminal's colours."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    return text if len(text) <= TAG_LENGTH else "…" + text[1 - TAG_LENGTH :]


PENDING = "pending"
INCOMPLETE = "was kept incompletely: run again"
_PROOF = re.compile(r"e2e\.model\.([A-Za-z0-9_-]+)\.proof")


def proofs(tags: Mapping[str, str]) -> dict[str, str]:
    """By model of a run: :data:`PENDING`, ``equal``, or what is wrong with it.

    >>> proofs({"e2e.model.ridge.proof": "pending", "e2e.owner": "elsewhere:1:0.0"})
    {'ridge': 'pending'}
    """
    found = {match[1]: tags[tag] for tag in sorted(tags) if (match := _PROOF.fullmatch(tag))}
    if PENDING in found.values() and owners.dead(tags.get("e2e.owner", "")):
        return {name: INCOMPLETE if said == PENDING else said for name, said in found.items()}
    return found


def notes(tags: Mapping[str, str]) -> tuple[str, ...]:
    """What a run says of itself, and the last line of the error that ended it."""
    error = tags.get("e2e.error", "").strip().splitlines()[-1:]
    return (*([tags["e2e.note"]] if "e2e.note" in tags else []), *error)
